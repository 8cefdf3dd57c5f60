"""An ASGI application whose client logs in as the worker starts. $OPTIONS: the client's."""

import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

import evertoken

client = evertoken.AsyncClient.pismo(**json.loads(os.environ["OPTIONS"]))


async def application(
    scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]], send: Callable[[dict[str, Any]], Awaitable[None]]
) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await client.token()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await client.close()
        await send({"type": "lifespan.shutdown.complete"})
        return
    status = (await client.get("/pismo/api/x")).status_code
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps([os.getpid(), status]).encode()})
