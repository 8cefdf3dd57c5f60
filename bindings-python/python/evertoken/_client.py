"""The synchronous client."""

from __future__ import annotations

from time import perf_counter

from . import _native
from ._constructors import Constructors
from ._native_class import native
from ._request import prepare
from ._response import Response
from ._stream import StreamedResponse

TYPE_CHECKING = False  # typing costs more to import than all of this package
if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self, Unpack
    from urllib3 import PoolManager

    from ._types import RequestOptions
    from .adapters._httpx import HttpxAuth
    from .adapters._requests import RequestsAuth
    from .adapters._urllib3 import PoolWrapper

__all__ = ["Client"]


@native
class Client(_native.Client, Constructors):
    """A client for one identity and one API. Threads may share it; a forked child may go on using it.

    There is a constructor for each way to log in: `pismo`, `passkit`, `wso2`, `password`, `client_credentials` and `json_login`; and
    `from_profile`. A call that has to wait releases the GIL, and Ctrl-C interrupts it. Use a client in a `with` block, or call
    `close`.

        >>> with Client.pismo(server_key=server_key, server_secret=server_secret, base_url=base_url) as client:
        ...     client.get("/pismo/api/accounts/123", params={"page": 2}).status_code
        200

    Every constructor also takes these options. Durations are seconds or timedeltas; None is the default.

        base_url: The API's URL: relative URLs are below it, and its origin may receive the token. Default: the provider's own
            host, else the token URL's origin.
        allowed_origins: Further origins (scheme, host and port of these URLs) that may receive the token.
        auth_scheme: The auth-scheme before the token, default "Bearer"; "" sends the token alone.
        timeout: Deadline of a login with all its attempts, and of every call that sets none of its own; default 30 s.
        connect_timeout: How long it may take to establish a connection; default 5 s.
        ca_file: A file of PEM certificates to trust in addition to the platform's and Mozilla's.
        client_cert: A PEM file with a certificate chain and its unencrypted key, or a tuple of one file for each.
        proxy: The proxy for all requests: an http, https, socks5 or socks5h URL, which may contain the proxy's credentials.
            Default: the environment's ($HTTPS_PROXY, $HTTP_PROXY, $ALL_PROXY, $NO_PROXY) except for this machine.
        default_life: The lifetime of a token if the server states none; default: the provider's, else until refused.
        soft_window: With no more than this lifetime left, a token is renewed in the background; default 20 % of its lifetime,
            within 5 s and 300 s.
        hard_window: With no more than this lifetime left, callers wait for the next token; default 2 % of its lifetime, within 1 s
            and 10 s.
        max_attempts: Attempts of one login while there is no token to serve: 1 to 10, default 3.
        keep_warm: Renew by timer even without traffic; default off, an idle program should not keep logging in.
        allow_insecure_http: Allow http to other hosts than this machine; default off, everyone on the network path can read the secrets.
        danger_accept_invalid_certs: Accept any certificate; default off. Prefer `ca_file`.
        user_agent: The User-Agent header; default "evertoken/" and the version.

    A wrong or unknown option raises ConfigInvalidError, which names it. Nothing is sent before the first call. Clients of the same
    identity (flow, URL, user, account, scope, secret) in one process share one token.
    """

    __slots__ = ()

    def request(self, method: str, url: str, **options: Unpack[RequestOptions]) -> Response:
        """Sends a request with the token and reads the whole response.

        A 401 is healed if possible: by one renewal of the token, and sending the request once more. Every response is returned,
        also a 401 that was not healed; then `response.auth.reason` says why.

        Args:
            method: The method, such as "GET".
            url: A URL relative to the base URL ("/accounts/1"), or an absolute one of a pinned origin.
            params: The query: a mapping, pairs, or a string.
            headers: Header fields. Authorization is set by the client.
            json: A value to send as JSON.
            data: A mapping or pairs to send as a form; with `files` as multipart. str and bytes are sent as they are.
            content: bytes, str, a file, or an iterable of bytes. A body that cannot be read twice is not sent again after a 401.
            files: Files of a multipart form: `{"name": file}`, or `("filename", file, "type/subtype")` instead of the file.
            timeout: Deadline of the whole call, including a login. None: the client's; `math.inf`: no deadline.
            connect_timeout: How long it may take to establish a connection. None: the client's. Calls with another value use connections
                of their own.
            read_timeout: How long the server may be silent, that is, no piece of its response arrives and no piece of the body is
                sent. None: no limit but the deadline.
            follow_redirects: Default True. The token is sent only to pinned origins, on every hop.

        Raises:
            OriginRefusedError: The URL belongs to an origin that is not pinned.
            UnreachableError, TimedOutError, TlsError: There was no response.
            CredentialsRejectedError: The login failed.
            EvertokenError: Base of these and all others.
        """
        started = perf_counter()
        return Response(self._send(prepare(method, url, **options)), method, perf_counter() - started)

    def stream(self, method: str, url: str, **options: Unpack[RequestOptions]) -> StreamedResponse:
        """As `request`, but returns when the headers have arrived. `timeout` includes reading the body.

        >>> with client.stream("GET", "/pismo/api/big") as response:
        ...     size = sum(len(piece) for piece in response.iter_bytes())
        """
        started = perf_counter()
        return StreamedResponse(self._open(prepare(method, url, **options)), method, perf_counter() - started)

    def get(self, url: str, **options: Unpack[RequestOptions]) -> Response:
        """Sends a GET, as `request` does, with the same options."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Unpack[RequestOptions]) -> Response:
        """Sends a POST, as `request` does, with the same options."""
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Unpack[RequestOptions]) -> Response:
        """Sends a PUT, as `request` does, with the same options."""
        return self.request("PUT", url, **options)

    def patch(self, url: str, **options: Unpack[RequestOptions]) -> Response:
        """Sends a PATCH, as `request` does, with the same options."""
        return self.request("PATCH", url, **options)

    def delete(self, url: str, **options: Unpack[RequestOptions]) -> Response:
        """Sends a DELETE, as `request` does, with the same options."""
        return self.request("DELETE", url, **options)

    def head(self, url: str, **options: Unpack[RequestOptions]) -> Response:
        """Sends a HEAD, as `request` does, with the same options."""
        return self.request("HEAD", url, **options)

    def options(self, url: str, **options: Unpack[RequestOptions]) -> Response:
        """Sends an OPTIONS, as `request` does, with the same options."""
        return self.request("OPTIONS", url, **options)

    def requests_auth(self) -> RequestsAuth:
        """For requests: an auth object that adds the token and heals a 401.

        >>> import requests
        >>> session = requests.Session()
        >>> session.auth = client.requests_auth()
        >>> session.get(base_url + "/pismo/api/accounts/123").status_code
        200
        """
        from .adapters._requests import RequestsAuth

        return RequestsAuth(self)

    def httpx_auth(self) -> HttpxAuth:
        """For httpx and httpx2: an auth object that adds the token and heals a 401.

        >>> import httpx
        >>> with httpx.Client(auth=client.httpx_auth(), base_url=base_url) as session:
        ...     session.get("/pismo/api/accounts/123").status_code
        200
        """
        from .adapters._httpx import HttpxAuth

        return HttpxAuth(self)

    def urllib3_pool(self, pool: PoolManager | None = None) -> PoolWrapper:
        """For urllib3: a pool manager that sends with the token.

        Args:
            pool: The `urllib3.PoolManager` to send with; default: a new one.

        >>> client.urllib3_pool().request("GET", "/pismo/api/accounts/123").status
        200
        """
        from .adapters._urllib3 import PoolWrapper

        return PoolWrapper(self, pool)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
