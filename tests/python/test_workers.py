"""Servers and pools of several processes: what each start method costs in logins, exactly."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from evertoken.testing import Sandbox
from support import PATIENCE_SECS, PROGRAMS, program, well


@pytest.mark.parametrize(("method", "logins"), [("fork", 1), ("spawn", 3), ("forkserver", 3)])
def test_multiprocessing(method: str, logins: int) -> None:
    """A forked child goes on with its parent's token; one that begins anew logs in once."""
    assert well(program("multiprocess.py", method)) == f"logins: {logins}, calls: 8"


@pytest.mark.parametrize(("method", "logins"), [("fork", 1), ("spawn", 3), ("forkserver", 3)])
def test_a_process_pool(method: str, logins: int) -> None:
    """Errors travel between processes with all they know."""
    assert well(program("process_pool.py", method)) == f"logins: {logins}, calls: 13, error: invalid_grant 400 False"


def environment(sandbox: Sandbox, **more: str) -> dict[str, str]:
    return {**os.environ, "OPTIONS": json.dumps(sandbox.pismo().options), **more}


@contextmanager
def running(*command: str, env: dict[str, str], files: tuple[int, ...] = ()) -> Iterator[subprocess.Popen[bytes]]:
    """A server until the block ends; it must end well when it is asked to."""
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=PROGRAMS,
        env=env,
        pass_fds=files,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        output = process.communicate(timeout=PATIENCE_SECS)[0].decode()
        assert process.returncode in {0, -signal.SIGTERM}, output
        assert "Traceback" not in output
    finally:
        process.kill()
        process.communicate()


@contextmanager
def listening() -> Iterator[tuple[socket.socket, str]]:
    """A socket that listens before its server runs, so that nobody has to wait for it; and its URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server, f"http://127.0.0.1:{server.getsockname()[1]}/"


def ask(url: str) -> tuple[int, int]:
    """Which process answered, and the API's status."""
    pid, status = requests.get(url, timeout=PATIENCE_SECS).json()
    return pid, status


@pytest.mark.parametrize("preload", [True, False])
def test_gunicorn(sandbox: Sandbox, preload: bool) -> None:
    """With --preload the workers go on with the token of their parent; without, each of them logs in once."""
    sandbox.arm("gate", route="api", count=2)
    with listening() as (server, url):
        command = ["gunicorn", "--bind", f"fd://{server.fileno()}", "--workers", "2", *(["--preload"] if preload else []), "wsgi_app"]
        env = environment(sandbox, WARM="1" if preload else "")
        with running(*command, env=env, files=(server.fileno(),)), ThreadPoolExecutor(2) as pool:
            calls = [pool.submit(ask, url) for _ in range(2)]
            sandbox.wait_held(2)  # a worker does one thing at a time: now both are busy
            sandbox.release()
            answers = [call.result() for call in calls] + [ask(url) for _ in range(10)]
    assert len({pid for pid, _ in answers}) == 2
    assert {status for _, status in answers} == {200}
    assert sandbox.counts()["pismo"]["login"] == (1 if preload else 2)


def test_gunicorn_with_greenlets(sandbox: Sandbox) -> None:
    """One worker, one thread: while one request waits for the API, the others are served."""
    sandbox.arm("gate", route="api", count=5)
    with listening() as (server, url):
        command = ["gunicorn", "--bind", f"fd://{server.fileno()}", "--workers", "1", "--worker-class", "gevent", "wsgi_app"]
        with running(*command, env=environment(sandbox, WARM=""), files=(server.fileno(),)), ThreadPoolExecutor(5) as pool:
            calls = [pool.submit(ask, url) for _ in range(5)]
            sandbox.wait_held(5)
            sandbox.release()
            answers = [call.result() for call in calls]
    assert len({pid for pid, _ in answers}) == 1
    assert {status for _, status in answers} == {200}
    assert sandbox.counts()["pismo"]["login"] == 1


def test_uvicorn(sandbox: Sandbox) -> None:
    sandbox.arm("gate", route="login", count=2)
    with listening() as (server, url):
        command = ("uvicorn", "--fd", str(server.fileno()), "--workers", "2", "asgi_app:application")
        with running(*command, env=environment(sandbox), files=(server.fileno(),)):
            sandbox.wait_held(2)
            sandbox.release()
            answers = [ask(url) for _ in range(10)]
    assert {status for _, status in answers} == {200}
    assert sandbox.counts()["pismo"]["login"] == 2


def test_celery(sandbox: Sandbox, tmp_path: Path) -> None:
    """Prefork: the children go on with the token of their parent."""
    sandbox.arm("gate", route="api", count=2)
    worker = (
        "celery",
        "--app",
        "celery_app",
        "worker",
        "--pool",
        "prefork",
        "--concurrency",
        "2",
        "--without-mingle",
        "--without-gossip",
        "--without-heartbeat",
    )
    env = environment(sandbox, FOLDER=str(tmp_path))
    subprocess.run([sys.executable, "celery_app.py"], cwd=PROGRAMS, env=env, check=True)
    with running(*worker, env=env):
        sandbox.wait_held(2)  # each child has one
        sandbox.release()
    # It was told to end, and has ended its tasks before.
    assert [entry["status"] for entry in sandbox.journal() if entry["kind"] == "api"] == [200, 200]
    assert sandbox.counts()["pismo"]["login"] == 1
