"""`worker.py ADAPTER CASE PORT CALLERS SECONDS` measures one adapter in one case and prints one line of JSON."""

from __future__ import annotations

import importlib
import json
import os
import sys

from meter import memory_kb
from plan import Plan
from server import Server

ADAPTERS = {
    "evertoken": "ours:Sync",
    "evertoken_async": "ours:Async",
    "evertoken_requests": "ours:OverRequests",
    "evertoken_httpx": "ours:OverHttpx",
    "evertoken_httpx_async": "ours:OverHttpxAsync",
    "evertoken_aiohttp": "ours:OverAiohttp",
    "evertoken_urllib3": "ours:OverUrllib3",
    "google-auth": "google:Google",
    "msal": "microsoft:Msal",
    "azure-identity": "microsoft:Azure",
    "authlib": "authlib_:Authlib",
    "authlib_async": "authlib_:AuthlibAsync",
    "requests-oauthlib": "requests_oauthlib_:RequestsOauthlib",
    "httpx-auth": "httpx_auth_:HttpxAuth",
    "aiohttp-oauth2-client": "aiohttp_oauth2:AiohttpOauth2",
    "requests": "bare_sync:Requests",
    "httpx": "bare_sync:Httpx",
    "urllib3": "bare_sync:Urllib3",
    "pyreqwest": "bare_sync:Pyreqwest",
    "aiohttp": "bare_async:Aiohttp",
    "httpx_async": "bare_async:HttpxAsync",
    "pyreqwest_async": "bare_async:PyreqwestAsync",
    "floor_attribute": "floors:Attribute",
    "floor_python": "floors:PythonCall",
    "floor_empty": "floors:NativeEmpty",
    "floor_cached": "floors:NativeCached",
    "floor_optional": "floors:NativeOptional",
    "floor_sleep": "floors:Sleep",
}


#: Those that are awaited.
AWAITED = {name for name, place in ADAPTERS.items() if "Async" in place or "aiohttp" in name}


def main() -> None:
    name, case, port, callers, seconds = sys.argv[1:]
    if name in AWAITED:
        import asyncio

        import cases_async
    else:
        import cases_sync
    # No library is imported yet: this is the bare runtime.
    plan = Plan(case, Server(int(port)), int(callers), float(seconds), memory_kb("VmRSS"))
    module, kind = ADAPTERS[name].split(":")
    make = getattr(importlib.import_module(f"adapters.{module}"), kind)
    result = asyncio.run(cases_async.run(make, plan)) if name in AWAITED else cases_sync.run(make, plan)
    print(json.dumps(result), flush=True)
    os._exit(0)  # some libraries' threads do not survive the end of an interpreter


if __name__ == "__main__":
    main()
