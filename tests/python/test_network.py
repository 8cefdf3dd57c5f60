"""What lies between a client and its servers: proxies, TLS, connections that break, answers that do not come."""

from __future__ import annotations

import io
import itertools
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

import evertoken
from evertoken import Client
from evertoken.testing import Sandbox

API = "/pismo/api/things"


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    with sandbox.pismo().client() as client:
        yield client


class Proxy(BaseHTTPRequestHandler):
    """Answers every request itself, and notes what it was asked for."""

    asked: ClassVar[list[str]] = []

    def answer(self) -> None:
        self.asked.append(f"{self.command} {self.path}")
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        body = b'{"access_token": "by-proxy", "token_type": "Bearer", "expires_in": 600}'
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer  # noqa: N815

    def log_request(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def proxy() -> Iterator[str]:
    Proxy.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def elsewhere(**options: Any) -> Client:
    """A client of a host that does not exist."""
    url = "http://api.example"
    return Client.password(
        token_url=f"{url}/token", base_url=url, username="u", password="p", allow_insecure_http=True, max_attempts=1, **options
    )


@pytest.mark.parametrize("how", ["option", "environment"])
def test_a_proxy(proxy: str, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    if how == "environment":
        monkeypatch.setenv("http_proxy", proxy)
    with elsewhere(proxy=proxy if how == "option" else None) as client:
        assert client.token().value == "by-proxy"
        assert client.get("/accounts").ok
    assert Proxy.asked == ["POST http://api.example/token", "GET http://api.example/accounts"]


def test_a_proxy_of_the_environment_is_not_for_this_machine_nor_for_what_no_proxy_names(
    proxy: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setenv("no_proxy", "api.example")
    assert sandbox.pismo().client(timeout=29).get(API).ok
    with elsewhere() as client, pytest.raises(evertoken.UnreachableError):
        client.token(timeout=29)
    assert Proxy.asked == []


def test_tls_with_a_ca_and_a_client_certificate(tmp_path: Path) -> None:
    with Sandbox(https=True, client_cert=True) as sandbox:
        files = {}
        for name in ("ca_pem", "client_cert_pem", "client_key_pem"):
            files[name] = tmp_path / name
            files[name].write_text(sandbox.info[name])
        https = {**sandbox.pismo().options, "base_url": sandbox.info["https_url"], "ca_file": files["ca_pem"]}
        pair = (files["client_cert_pem"], files["client_key_pem"])
        assert Client.from_options("pismo", **https, client_cert=pair).get("/pismo/api/x").ok
        both = tmp_path / "both.pem"
        both.write_text(sandbox.info["client_cert_pem"] + sandbox.info["client_key_pem"])
        assert Client.from_options("pismo", **https, client_cert=both).get("/pismo/api/x").ok
        del https["ca_file"]
        with pytest.raises(evertoken.TlsError, match="ca_file"):
            Client.from_options("pismo", **https, account_id=1, max_attempts=1).token()


def test_no_connection_in_time(client: Client) -> None:
    client.token()
    with deaf() as url:
        # The client's own limit lies beyond its deadline, so it is not what ends this.
        other = Client.passkit(token="pasted", base_url=url, connect_timeout=60, timeout=20)
        with pytest.raises(evertoken.TimedOutError, match="no connection to"):
            other.get("/x", connect_timeout=0.05)
    with pytest.raises(evertoken.ConfigInvalidError, match="connect_timeout"):
        client.get(API, connect_timeout=0)
    assert client.get(API, connect_timeout=timedelta(seconds=20)).ok


@contextmanager
def deaf() -> Iterator[str]:
    """A port on which nobody takes connections any more: its queue is full."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        waiting = []
        for _ in range(4):
            waiting.append(socket.socket())
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        for one in waiting:
            one.close()


def test_a_silent_server_ends_the_wait_and_a_slow_login_does_not(client: Client, sandbox: Sandbox) -> None:
    sandbox.arm({"type": "delay", "ms": 1200}, route="login")
    assert client.get(API, read_timeout=1).ok
    sandbox.arm("hang", route="api", count=0)
    with pytest.raises(evertoken.TimedOutError, match=r"was silent for 0\.05 s"):
        client.get(API, read_timeout=0.05)
    with pytest.raises(evertoken.ConfigInvalidError, match="read_timeout"):
        client.get(API, read_timeout=0)


async def test_timeouts_of_an_asynchronous_call(sandbox: Sandbox) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"body"

    sandbox.arm("hang", route="api", count=0)
    async with sandbox.pismo().async_client() as client:
        for content in (b"body", body()):
            with pytest.raises(evertoken.TimedOutError, match="was silent"):
                await client.post(API, content=content, read_timeout=0.05)


def test_a_body_that_breaks_off_silently(sandbox: Sandbox) -> None:
    with stalling() as url, Client.passkit(token="pasted", base_url=url) as client:
        with client.stream("GET", "/x", read_timeout=0.05) as response:
            pieces = response.iter_bytes()
            assert next(pieces) == b"begun"
            with pytest.raises(evertoken.TimedOutError, match="was silent"):
                next(pieces)


@contextmanager
def stalling() -> Iterator[str]:
    """A server that begins an answer and never ends it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegun")
                connection.recv(1)

        thread = Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def test_a_large_body_is_sent_whole_where_silence_is_watched(client: Client) -> None:
    for content in (b"x" * 1_000_000, iter([b"x" * 500_000] * 2), io.BytesIO(b"x" * 1_000_000)):
        assert client.post(API, content=content, read_timeout=20).json()["body_length"] == 1_000_000


def sent_whole(client: Client, body: Iterator[bytes]) -> None:
    client.post("/x", content=body, timeout=0.1)


def sent_streamed(client: Client, body: Iterator[bytes]) -> None:
    with client.stream("POST", "/x", content=body, timeout=0.1):
        pass


# The limit is no measure: without it a call that is stuck with its body would end with its connection, half a minute later.
@pytest.mark.timeout(20)
@pytest.mark.parametrize("send", [sent_whole, sent_streamed])
def test_a_body_that_nobody_takes_ends_with_its_call(send: Callable[[Client, Iterator[bytes]], None]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with Client.passkit(token="pasted", base_url=url) as client, pytest.raises(evertoken.TimedOutError):
            send(client, itertools.repeat(b"x" * 65536))


def test_no_response_in_time(client: Client, sandbox: Sandbox) -> None:
    sandbox.arm("hang", route="api", count=2)
    with pytest.raises(evertoken.TimedOutError):
        client.get(API, timeout=0.05)


def test_a_broken_connection(client: Client, sandbox: Sandbox) -> None:
    sandbox.arm("reset", route="api")
    with pytest.raises(evertoken.UnreachableError) as broken:
        client.get(API)
    assert isinstance(broken.value, ConnectionError)
