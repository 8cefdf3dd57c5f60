"""A WSGI application with a client of the module. $OPTIONS: the client's; $WARM: log in while the module is loaded."""

import json
import os
from collections.abc import Callable, Iterable
from typing import Any

import evertoken

client = evertoken.Client.pismo(**json.loads(os.environ["OPTIONS"]))
if os.environ["WARM"]:
    client.token()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    status = client.get("/pismo/api/x").status_code
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps([os.getpid(), status]).encode()]
