"""multiprocessing with the start method that is the argument: two children make clients from the same options as their parent."""

import multiprocessing
import sys
import warnings
from typing import Any

import evertoken


def work(options: dict[str, Any]) -> None:
    client = evertoken.Client.from_options("pismo", **options)
    assert {client.get("/pismo/api/x").status_code for _ in range(3)} == {200}


if __name__ == "__main__":
    from evertoken.testing import Sandbox

    warnings.filterwarnings("ignore", category=DeprecationWarning, message=".*fork.*")
    sandbox = Sandbox()
    options = sandbox.pismo().options
    client = evertoken.Client.from_options("pismo", **options)
    assert client.get("/pismo/api/x").ok
    multiprocessing.set_start_method(sys.argv[1])
    children = [multiprocessing.Process(target=work, args=(options,)) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0]
    assert client.get("/pismo/api/x").ok
    counts = sandbox.counts()["pismo"]
    print(f"logins: {counts['login']}, calls: {counts['api']}")
