"""An API over HTTP/2: asks the sandbox at $API what it says to the token, and says the same, with the body's length in a header."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen


def ask(headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    try:
        with urlopen(Request(os.environ["API"], data=body or None, headers=headers)) as response:
            return response.status, response.read()
    except HTTPError as refusal:
        return refusal.code, refusal.read()


async def application(
    scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]], send: Callable[[dict[str, Any]], Awaitable[None]]
) -> None:
    if scope["type"] != "http":
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    headers = {name.decode(): value.decode() for name, value in scope["headers"] if name == b"authorization"}
    status, answer = await asyncio.to_thread(ask, headers, body)
    version = scope["http_version"].encode()
    await send({"type": "http.response.start", "status": status, "headers": [(b"x-version", version), (b"x-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": answer})
