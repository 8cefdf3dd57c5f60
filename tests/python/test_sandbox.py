"""The sandbox from Python: the class, the fixture, the command line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from urllib.request import urlopen

import pytest

import evertoken
from evertoken.testing import Provider, Sandbox
from support import PLUGIN


@pytest.mark.parametrize("name", ["pismo", "passkit", "wso2", "plain"])
async def test_each_provider_logs_in(sandbox: Sandbox, name: str) -> None:
    provider: Provider = getattr(sandbox, name)()
    blocking = provider.client()
    assert blocking.get(f"{provider.api_path}/x").json()["provider"] == name
    async with provider.async_client() as client:
        assert (await client.get(f"{provider.api_path}/x")).ok
    # Both are the same identity, and so have the same token.
    assert sandbox.counts()[name]["login"] == 1
    assert repr(provider) == f"<Provider {name} via {provider.flow}>"


def test_the_clock_of_the_server(sandbox: Sandbox) -> None:
    client = sandbox.pismo().client()
    assert client.get("/pismo/api/x").ok
    sandbox.advance(seconds=600)
    assert client.get("/pismo/api/x").ok
    assert sandbox.counts()["pismo"]["login"] == 2
    assert [event["path"] for event in sandbox.journal()].count("/pismo/api/x") == 3


def test_settings_faults_and_scripts(sandbox: Sandbox) -> None:
    sandbox.configure(pismo={"life_secs": 5})
    token = sandbox.pismo().client().token()
    assert token.expires_in is not None
    assert token.expires_in.total_seconds() <= 5
    sandbox.arm("unauthorized", route="api", provider="plain", skip=1)
    assert len(sandbox.control("GET", "/faults")["armed"]) == 1
    sandbox.disarm()
    assert sandbox.control("GET", "/faults")["armed"] == []
    sandbox.script({"GET /x": [{"text": "once"}]})
    assert sandbox.plain().client().get("/x").text == "once"
    sandbox.reset()
    assert sandbox.counts()["total"]["requests"] == 0


def test_rotation_and_revocation(sandbox: Sandbox) -> None:
    sandbox.wso2().client().token()
    assert sandbox.rotate("wso2") == 1
    assert sandbox.revoke("wso2") == 1
    assert sandbox.revoke() == 0


def test_waiting_for_requests(sandbox: Sandbox) -> None:
    threading.Thread(target=sandbox.pismo().client().get, args=("/pismo/api/x",)).start()
    sandbox.wait_requests(1, route="api")
    with pytest.raises(TimeoutError):
        sandbox.control("POST", "/wait", {"held": 1, "timeout_ms": 1})


def test_what_is_unknown_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="nonsense"):
        Sandbox({"nonsense": 1})
    with pytest.raises(ValueError, match="nonsense"):
        sandbox.configure(nonsense=1)
    with pytest.raises(ValueError, match="nonsense"):
        sandbox.control("GET", "/nonsense")
    with pytest.raises(ValueError, match="nonsense"):
        sandbox.arm("nonsense")


def test_closing_is_final_and_idempotent() -> None:
    with Sandbox({"pismo": {"life_secs": 60}}) as sandbox:
        client = sandbox.pismo().client(max_attempts=1)
        assert sandbox.url in repr(sandbox)
        assert sandbox.foreign_url != sandbox.url
    sandbox.close()
    with pytest.raises(evertoken.UnreachableError):
        client.token()
    with pytest.raises(RuntimeError, match="closed"):
        sandbox.counts()


def test_the_fixture_as_the_documentation_shows_it(pytester: pytest.Pytester) -> None:
    plugin = Path(evertoken.__file__).with_name("pytest_plugin.py")
    example = plugin.read_text().split('"""')[1].partition("\n\n")[2]
    (pytester.path / "test_example.py").write_text(textwrap.dedent(example))
    result = pytester.runpytest_subprocess(*PLUGIN)
    result.assert_outcomes(passed=1)


def run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "evertoken", *args], capture_output=True, text=True, timeout=60, check=False)


def test_the_command_line() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"evertoken {evertoken.__version__}\n", "")
    done = run("nonsense")
    assert done.returncode == 2
    assert "nonsense" in done.stderr


def test_the_sandbox_of_the_command_line_ends_on_ctrl_c() -> None:
    serving = subprocess.Popen([sys.executable, "-m", "evertoken", "sandbox"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with serving:
        assert serving.stdout is not None
        assert serving.stderr is not None
        start = json.loads(serving.stdout.readline())
        with urlopen(f"{start['control_url']}/counts") as answer:
            assert json.load(answer)["total"]["requests"] == 0
        serving.send_signal(signal.SIGINT)
        assert (serving.wait(30), serving.stderr.read()) == (0, "")
