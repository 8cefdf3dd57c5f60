"""multiprocessing with the start method that is the argument: options travel, clients are made there."""

import multiprocessing
import sys
import warnings

import evertoken

OPTIONS: dict[str, object] = {}


def work(options: dict[str, object]) -> int:
    return evertoken.Client.from_options("pismo", **options).get("/pismo/api/x").status_code


if __name__ == "__main__":
    from evertoken.testing import Sandbox

    warnings.filterwarnings("ignore", category=DeprecationWarning, message=".*fork.*")
    sandbox = Sandbox()
    options = sandbox.pismo().options
    assert work(options) == 200
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        assert pool.map(work, [options] * 4) == [200] * 4
    assert work(options) == 200
    print("ok")
