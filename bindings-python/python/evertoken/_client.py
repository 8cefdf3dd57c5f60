"""The synchronous client."""

from __future__ import annotations

from time import perf_counter

from . import _native
from ._constructors import Constructors
from ._request import parts
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


class Client(_native.SyncClient, Constructors):
    """A client for one identity and one API. Threads may share it; a forked child may go on using it.

    Every call that has to wait releases the GIL and answers Ctrl-C. Use it with `with`, or call `close`.
    """

    __slots__ = ("__weakref__",)

    def request(self, method: str, url: str, **options: Unpack[RequestOptions]) -> Response:
        """Sends a request with the token and reads the whole answer.

        A 401 is healed where that is possible: one renewal, one resend. Any answer is returned, a 401
        that was not healed included; `response.auth.reason` then tells why.

        Args:
            method: The method.
            url: Below the base URL ("/accounts/1"), or absolute to a pinned origin.
            params: The query: a mapping, pairs, or a ready string.
            headers: Header fields. Authorization is the client's.
            json: A value to send as JSON.
            data: A mapping or pairs to send as a form; with `files` as multipart. Text or bytes are sent as they are.
            content: bytes, str, a file, or an iterable of bytes. What cannot be read twice cannot be sent again after a 401.
            files: Files of a multipart form: `{"name": file}`, or `("filename", file, "type/subtype")` instead of the file.
            timeout: Deadline of the whole call, the token included. None: the client's; `math.inf`: none.
            follow_redirects: Default True. The token goes to pinned origins only, hop by hop.

        Raises:
            OriginRefusedError: The URL belongs to an origin that is not pinned.
            UnreachableError, TimedOutError, TlsError: No answer came.
            CredentialsRejectedError: There is no token to be had.
            EvertokenError: Base of these and all others.
        """
        started = perf_counter()
        return Response(self._send(parts(method, url, **options)), method, perf_counter() - started)

    def stream(self, method: str, url: str, **options: Unpack[RequestOptions]) -> StreamedResponse:
        """As `request`, but leaves the body on the wire: `with client.stream("GET", "/big") as r: r.iter_bytes()`.

        The deadline counts to the end of the body.
        """
        started = perf_counter()
        return StreamedResponse(self._open(parts(method, url, **options)), method, perf_counter() - started)

    def get(self, url: str, **options: Unpack[RequestOptions]) -> Response:
        """`request("GET", …)`."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Unpack[RequestOptions]) -> Response:
        """`request("POST", …)`."""
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Unpack[RequestOptions]) -> Response:
        """`request("PUT", …)`."""
        return self.request("PUT", url, **options)

    def patch(self, url: str, **options: Unpack[RequestOptions]) -> Response:
        """`request("PATCH", …)`."""
        return self.request("PATCH", url, **options)

    def delete(self, url: str, **options: Unpack[RequestOptions]) -> Response:
        """`request("DELETE", …)`."""
        return self.request("DELETE", url, **options)

    def head(self, url: str, **options: Unpack[RequestOptions]) -> Response:
        """`request("HEAD", …)`."""
        return self.request("HEAD", url, **options)

    def options(self, url: str, **options: Unpack[RequestOptions]) -> Response:
        """`request("OPTIONS", …)`."""
        return self.request("OPTIONS", url, **options)

    def requests_auth(self) -> RequestsAuth:
        """For requests: `session.auth = client.requests_auth()`."""
        from .adapters._requests import RequestsAuth

        return RequestsAuth(self)

    def httpx_auth(self) -> HttpxAuth:
        """For httpx and httpx2: `httpx.Client(auth=client.httpx_auth())`."""
        from .adapters._httpx import HttpxAuth

        return HttpxAuth(self)

    def urllib3_pool(self, pool: PoolManager | None = None) -> PoolWrapper:
        """For urllib3: a pool manager that sends with the token.

        Args:
            pool: The `urllib3.PoolManager` to send with; default: a new one.
        """
        from .adapters._urllib3 import PoolWrapper

        return PoolWrapper(self, pool)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
