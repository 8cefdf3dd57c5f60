"""What lies between a client and its servers: proxies, TLS, connections that break, answers that do not come."""

from __future__ import annotations

from collections.abc import Iterator
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


def test_no_answer_in_time(client: Client, sandbox: Sandbox) -> None:
    sandbox.arm("hang", route="api", count=2)
    with pytest.raises(evertoken.TimedOutError):
        client.get(API, timeout=0.05)


def test_a_broken_connection(client: Client, sandbox: Sandbox) -> None:
    sandbox.arm("reset", route="api")
    with pytest.raises(evertoken.UnreachableError) as broken:
        client.get(API)
    assert isinstance(broken.value, ConnectionError)
