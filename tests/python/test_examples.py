"""Every program of examples/python, run against a sandbox."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from evertoken.testing import Sandbox
from support import PLUGIN, well

EXAMPLES = Path(__file__).parent.parent.parent / "examples" / "python"
SAYS = {
    "asynchronous": "{200} logins: 1",
    "blocking": "event: flight_started\nevent: token_installed\n200 application/json /api/accounts/123\n200 0:",
    "own_http": "200 done None",
    "with_aiohttp": "200 /api/accounts/1",
    "with_httpx": "200\n200 None\nlogins: 1",
    "with_requests": "200 None\n200 None\n200 None",
    "with_trio": "logins: 1",
    "with_urllib3": "200 /api/accounts/1",
}


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.py") if not path.stem.startswith("test_")))
def test_example(sandbox: Sandbox, name: str) -> None:
    credentials = sandbox.credentials["pismo"]
    environment = {
        **os.environ,
        "PISMO_BASE_URL": sandbox.url,
        "PISMO_SERVER_KEY": credentials["server_key"],
        "PISMO_SERVER_SECRET": credentials["server_secret"],
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / f"{name}.py")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert SAYS[name] in well(done)
    assert sandbox.counts()["pismo"]["login"] == 1


def test_the_example_of_tests(pytester: pytest.Pytester) -> None:
    (pytester.path / "test_with_pytest.py").write_text((EXAMPLES / "test_with_pytest.py").read_text())
    result = pytester.runpytest_subprocess(*PLUGIN)
    result.assert_outcomes(passed=3)
