"""Starts the servers of this folder and tells the tests where they listen."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evertoken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HERE = Path(__file__).parent
# How each server reads Basic credentials (RFC 6749 §2.3.1 form-encodes them; hardly anybody agrees), and its grants.
SERVERS = {
    "authlib": ([sys.executable, "authlib_server.py"], "percent", "password"),
    "oauthlib": ([sys.executable, "oauthlib_server.py"], "form", "password"),
    "node-oauth": (["node", "node/node_oauth.mjs"], "raw", "password"),
    "oidc-provider": (["node", "node/oidc_provider.mjs"], "form", "client_credentials"),
}
# Logins by JSON, which `json_login` describes.
JSON_SERVERS = {
    "simplejwt": ([sys.executable, "simplejwt_server.py"], "", "json_login"),
    "jwt-extended": ([sys.executable, "jwt_extended_server.py"], "", "json_login"),
    "knox": ([sys.executable, "knox_server.py"], "", "json_login"),
    "authtoken": ([sys.executable, "authtoken_server.py"], "", "json_login"),
}
PASSWORD_SERVERS = [name for name, (_, _, grant) in SERVERS.items() if grant == "password"]


def described(name: str, url: str, username: str, password: str) -> dict[str, object]:
    """The login of a JSON server, option by option."""
    body = {"username": username, "password": password}
    if name == "simplejwt":
        refresh = {"refresh_token_field": "refresh", "refresh_url": f"{url}/token/refresh/", "refresh_field": "refresh"}
        return {"token_url": f"{url}/token/", "body": body, "token_field": "access"} | refresh
    if name == "jwt-extended":
        refresh = {"refresh_url": f"{url}/refresh", "refresh_bearer": "refresh_token"}
        return {"token_url": f"{url}/login", "body": body, "token_field": "access_token"} | refresh
    if name == "authtoken":
        return {"token_url": f"{url}/login/", "body": body, "token_field": "token", "auth_scheme": "Token"}
    pair = base64.b64encode(f"{username}:{password}".encode()).decode()
    expiry = {"expires_field": "expiry", "expires_unit": "iso8601"}
    return {"token_url": f"{url}/login/", "extra_headers": {"authorization": f"Basic {pair}"}, "auth_scheme": "Token"} | expiry


def each(names: Iterable[str], life_secs: int = 3600) -> pytest.MarkDecorator:
    """Runs the test against each of these servers, whose tokens live so long."""
    return pytest.mark.parametrize("server", [(name, life_secs) for name in names], ids=list(names), indirect=True)


@dataclass(frozen=True)
class Server:
    """A running server."""

    name: str
    line: dict[str, str]
    basic: str
    grant: str

    def options(self, **changes: object) -> dict[str, object]:
        """Client options that this server accepts, with changes."""
        url = self.line["url"]
        if self.grant == "json_login":
            login = described(self.name, url, self.line["username"], self.line["password"])
            return login | {"base_url": url} | changes
        names = ["token_url", "revoke_url", "client_id", "client_secret"]
        if self.grant == "password":
            names += ["username", "password"]
        return {name: self.line[name] for name in names} | {"base_url": url, "basic": self.basic} | changes

    def client(self, **changes: object) -> evertoken.Client:
        return getattr(evertoken.Client, self.grant)(**self.options(**changes))

    def client_of(self, password: str) -> evertoken.Client:
        """A client of a JSON server with another password."""
        return self.client(**described(self.name, self.line["url"], self.line["username"], password))

    def counts(self) -> dict[str, int]:
        with urllib.request.urlopen(f"{self.line['url']}/_control/counts") as answer:
            return json.load(answer)

    def revoke_all(self) -> None:
        """Every token this server ever gave out is dead, refresh tokens too."""
        self._post("revoke-all")

    def refuse(self, count: int) -> None:
        """The API refuses the next requests, so many, whatever their token. Django servers only."""
        self._post(f"refuse?next={count}")

    def _post(self, control: str) -> None:
        urllib.request.urlopen(urllib.request.Request(f"{self.line['url']}/_control/{control}", method="POST")).close()


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server of its own for each test: `(name, life in seconds)`."""
    name, life_secs = request.param
    command, basic, grant = (SERVERS | JSON_SERVERS)[name]
    with subprocess.Popen(
        [*command, "--life", str(life_secs)], cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield Server(name, json.loads(process.stdout.readline()), basic, grant)
        finally:
            process.stdin.close()
