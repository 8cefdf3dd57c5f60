"""The sandbox: Pismo, PassKit, WSO2 and a plain OAuth2 server on loopback, for tests.

    >>> from evertoken.testing import Sandbox
    >>> with Sandbox() as sandbox:
    ...     client = sandbox.pismo().client()
    ...     assert client.get("/pismo/api/accounts/1").ok
    ...     sandbox.advance(seconds=600)  # the server's clock: every token has expired
    ...     assert client.get("/pismo/api/accounts/1").ok
    ...     sandbox.counts()["pismo"]["login"]
    2

In pytest, the fixture `evertoken_sandbox` is a new one for each test.
"""

from __future__ import annotations

from json import dumps, loads

from . import _native
from ._async_client import AsyncClient
from ._client import Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from typing_extensions import Self

__all__ = ["Provider", "Sandbox"]


class Provider:
    """One of the sandbox's providers: its addresses, and credentials that it accepts.

    Attributes:
        name: "pismo", "passkit", "wso2" or "plain".
        flow: The flow that `client` uses.
        options: The options for that flow: addresses and accepted credentials.
        api_path: Path of its API; every path below it responds with an echo of the request.
    """

    __slots__ = ("api_path", "flow", "name", "options")

    name: str
    flow: str
    options: dict[str, Any]
    api_path: str

    def __init__(self, name: str, flow: str, options: dict[str, Any], api_path: str) -> None:
        self.name = name
        self.flow = flow
        self.options = options
        self.api_path = api_path

    def client(self, **options: Any) -> Client:
        """A client that logs in here. `options` override those of the provider."""
        return Client.from_options(self.flow, **{**self.options, **options})

    def async_client(self, **options: Any) -> AsyncClient:
        """As `client`, for asyncio."""
        return AsyncClient.from_options(self.flow, **{**self.options, **options})

    def __repr__(self) -> str:
        return f"<Provider {self.name} via {self.flow}>"


class Sandbox:
    """A sandbox that runs in this process until `close`, the end of its `with` block, or the end of the process.

    Threads may share it. Methods release the GIL while they wait. In asyncio, run those that wait in a thread:
    `await asyncio.to_thread(sandbox.wait_held, 1)`.

    Args:
        settings: Settings to start with, as in the sandbox's documentation: `{"pismo": {"life_secs": 60}}`.
        https: Also serve https, with a certificate authority made for this sandbox.
        client_cert: Serve https, and require a client certificate there.

    Raises:
        ValueError: A setting is unknown or has an invalid value.
    """

    __slots__ = ("_native", "info")

    info: dict[str, Any]
    """Addresses, certificates and credentials."""

    def __init__(self, settings: dict[str, Any] | None = None, *, https: bool = False, client_cert: bool = False) -> None:
        start = {**({"https": True} if https or client_cert else {}), **({"client_cert": True} if client_cert else {}), **(settings or {})}
        self._native = _native.Sandbox(dumps(start))
        self.info = loads(self._native.info())

    @property
    def url(self) -> str:
        """The base URL, plain http."""
        return str(self.info["url"])

    @property
    def foreign_url(self) -> str:
        """The same service at another origin, where no token must ever arrive."""
        return str(self.info["foreign_url"])

    @property
    def credentials(self) -> dict[str, dict[str, Any]]:
        """The accepted credentials, per provider."""
        return dict(self.control("GET", "/credentials"))

    def pismo(self) -> Provider:
        """Pismo Passport, server to server."""
        mine = self.credentials["pismo"]
        return self._provider("pismo", "pismo", server_key=mine["server_key"], server_secret=mine["server_secret"])

    def passkit(self) -> Provider:
        """PassKit with user name and password."""
        mine = self.credentials["passkit"]
        return self._provider("passkit", "passkit", username=mine["username"], password=mine["password"])

    def wso2(self) -> Provider:
        """A WSO2 API Manager with the password grant."""
        mine = self.credentials["wso2"]
        return self._provider(
            "wso2",
            "wso2",
            token_url=self.info["providers"]["wso2"]["token_url"],
            consumer_key=mine["consumer_key"],
            consumer_secret=mine["consumer_secret"],
            username=mine["username"],
            password=mine["password"],
        )

    def plain(self) -> Provider:
        """A plain OAuth2 server with the password grant."""
        mine = self.credentials["plain"]
        return self._provider(
            "plain",
            "password",
            token_url=self.info["providers"]["plain"]["token_url"],
            client_id=mine["client_id"],
            client_secret=mine["client_secret"],
            username=mine["username"],
            password=mine["password"],
        )

    def control(self, method: str, path: str, json: Any = None) -> Any:
        """Makes a control call, see the sandbox's documentation: `control("POST", "/clock", {"advance_secs": 600})`.

        Raises:
            ValueError: The call or a part of it is unknown.
            TimeoutError: A wait took too long.
        """
        return loads(self._native.control(method, path, dumps(json)))

    def advance(self, *, seconds: float) -> None:
        """Moves the server's clock forwards, or back if negative. It does not change this machine's clock, which clients use."""
        self.control("POST", "/clock", {"advance_ms": round(seconds * 1000)})

    def configure(self, **settings: Any) -> None:
        """Changes settings: `configure(pismo={"life_secs": 5})`. None restores a default."""
        self.control("POST", "/settings", settings)

    def arm(self, fault: str | dict[str, Any], *, route: str = "any", count: int = 1, skip: int = 0, provider: str | None = None) -> None:
        """Arms a fault for the next `count` requests to a route, after the first `skip`. A count of 0: until disarmed.

        `arm("unauthorized", route="api")`, `arm({"type": "status", "status": 503}, route="login", count=2)`.
        """
        armed = {"route": route, "count": count, "skip": skip, "fault": fault}
        self.control("POST", "/faults", armed if provider is None else {**armed, "provider": provider})

    def disarm(self) -> None:
        """Disarms every fault."""
        self.control("DELETE", "/faults")

    def script(self, script: dict[str, Any]) -> None:
        """Sets the responses of routes: `script({"POST /token": [{"status": 503}]})`."""
        self.control("POST", "/script", script)

    def revoke(self, provider: str | None = None) -> int:
        """Revokes all tokens, or those of one provider. Returns the number of access tokens."""
        return int(self.control("POST", "/revoke", {} if provider is None else {"provider": provider})["access"])

    def rotate(self, provider: str | None = None) -> int:
        """Renews all grants as another client would, which may end the tokens in use. Returns their number."""
        return int(self.control("POST", "/rotate", {} if provider is None else {"provider": provider})["grants"])

    def wait_held(self, count: int) -> None:
        """Waits until `count` requests are held by the faults "gate" and "hang".

        Raises:
            TimeoutError: It took longer than half a minute.
        """
        self.control("POST", "/wait", {"held": count})

    def wait_requests(self, count: int, *, route: str = "any") -> None:
        """Waits until `count` requests to a route have arrived.

        Raises:
            TimeoutError: It took longer than half a minute.
        """
        self.control("POST", "/wait", {"requests": count, "route": route})

    def release(self) -> int:
        """Releases all held requests. Returns their number."""
        return int(self.control("POST", "/release", {})["released"])

    def journal(self) -> list[dict[str, Any]]:
        """All requests in order, with fingerprints instead of secrets."""
        return list(self.control("GET", "/journal")["entries"])

    def counts(self) -> dict[str, Any]:
        """The numbers of requests: `counts()["pismo"]["login"]`, `counts()["total"]["requests"]`."""
        return dict(self.control("GET", "/counts"))

    def reset(self) -> None:
        """Restores the state after the start: settings, clock, faults, script, tokens and journal."""
        self.control("POST", "/reset", {})

    def close(self) -> None:
        """Stops it. When this returns, its connections are closed and its ports are free."""
        self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Sandbox {self.url}>"

    def _provider(self, name: str, flow: str, **options: Any) -> Provider:
        return Provider(name, flow, {"base_url": self.url, **options}, f"/{name}/api")
