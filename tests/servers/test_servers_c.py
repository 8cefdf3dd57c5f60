"""The same servers from C: a program that is told what to do."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conftest import HERE, PASSWORD_SERVERS, Server, each

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = HERE.parent.parent
LIBRARY = Path(os.environ.get("EVERTOKEN_C_LIBRARY", ROOT / "build" / "c"))


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("c") / "client"
    compiler = os.environ.get("CC", "cc").split()
    flags = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{ROOT / 'include'}"]
    link = [f"-L{LIBRARY}", f"-Wl,-rpath,{LIBRARY}", "-levertoken", "-lpthread"]
    subprocess.run([*compiler, *flags, HERE / "client.c", "-o", path, *link], check=True)
    return path


class Client:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def tell(self, line: str) -> None:
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def ask(self, line: str) -> str:
        self.tell(line)
        return self._process.stdout.readline().rstrip("\n")


@contextmanager
def client_of(program: Path, server: Server, **changes: str) -> Iterator[Client]:
    options = {name.upper(): str(value) for name, value in server.options(**changes).items()}
    with subprocess.Popen([program], env=os.environ | options, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Client(process)
        process.stdin.close()
        assert process.wait() == 0


@each(PASSWORD_SERVERS)
def test_twenty_threads_log_in_once_and_a_refresh_token_rotates(program: Path, server: Server) -> None:
    with client_of(program, server) as client:
        assert client.ask("get 20") == "20"
        for _ in range(3):
            client.tell("invalidate")
            assert client.ask("get 1") == "1"
    assert server.counts() == {"login": 1, "refresh": 3, "revoke": 0, "api": 23, "api_401": 0}


@each(PASSWORD_SERVERS, life_secs=2)
def test_two_expiries_pass_unnoticed(program: Path, server: Server) -> None:
    with client_of(program, server) as client:
        while client.ask("stats") != "1 2":
            assert client.ask("get 1") == "1"
    counts = server.counts()
    assert (counts["login"], counts["refresh"]) == (1, 2)


@each(PASSWORD_SERVERS)
def test_revoked_tokens_are_healed_by_one_login(program: Path, server: Server) -> None:
    with client_of(program, server) as client:
        assert client.ask("get 1") == "1"
        server.revoke_all()
        assert client.ask("get 20") == "20"
    counts = server.counts()
    assert (counts["login"], counts["refresh"]) == (2, 1)


@each(["node-oauth"])
def test_wrong_password_is_told_by_code(program: Path, server: Server) -> None:
    with client_of(program, server, password="wrong") as client:
        assert client.ask("get 1") == "error credentials_rejected invalid_grant"


@pytest.mark.parametrize("basic", ["form", "percent", "raw", "body"])
@each(["node-oauth"])
def test_wrong_client_secret_is_told_by_code(program: Path, server: Server, basic: str) -> None:
    with client_of(program, server, client_secret="wrong +%41/&=", basic=basic) as client:
        assert client.ask("get 1") == "error credentials_rejected invalid_client"
