"""concurrent.futures with the start method that is the argument: a client for each of two workers, made by their initializer."""

import multiprocessing
import os
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import evertoken

clients: list[evertoken.Client] = []


def prepare(options: dict[str, Any]) -> None:
    clients.append(evertoken.Client.from_options("pismo", **options))


def work() -> tuple[int, int]:
    return os.getpid(), clients[-1].get("/pismo/api/x").status_code


def fail(options: dict[str, Any]) -> None:
    evertoken.Client.from_options("password", **options).token()


if __name__ == "__main__":
    from evertoken.testing import Sandbox

    warnings.filterwarnings("ignore", category=DeprecationWarning, message=".*fork.*")
    sandbox = Sandbox()
    options = sandbox.pismo().options
    prepare(options)
    work()
    sandbox.arm("gate", route="api", count=2)
    context = multiprocessing.get_context(sys.argv[1])
    with ProcessPoolExecutor(2, mp_context=context, initializer=prepare, initargs=(options,)) as pool:
        calls = [pool.submit(work) for _ in range(2)]
        sandbox.wait_held(2)  # each worker has one
        sandbox.release()
        assert len({call.result()[0] for call in calls}) == 2
        calls = [pool.submit(work) for _ in range(10)]
        assert {call.result()[1] for call in calls} == {200}
        error = pool.submit(fail, {**sandbox.plain().options, "password": "wrong"}).exception()
    assert isinstance(error, evertoken.CredentialsRejectedError)
    counts = sandbox.counts()["pismo"]
    print(f"logins: {counts['login']}, calls: {counts['api']}, error: {error.provider_code} {error.http_status} {error.retryable}")
