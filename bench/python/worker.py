"""`worker.py ADAPTER CASE PORT CALLERS SECONDS` measures one adapter in one case and prints one line of JSON."""

from __future__ import annotations

import meter

BARE_KB = meter.memory_kb("VmRSS")  # before anything else is imported: the bare interpreter

import asyncio  # noqa: E402
import importlib  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402

from plan import Plan  # noqa: E402
from server import Server  # noqa: E402

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
}


def main() -> None:
    name, case, port, callers, seconds = sys.argv[1:]
    plan = Plan(case, Server(int(port)), int(callers), float(seconds), BARE_KB)
    module, kind = ADAPTERS[name].split(":")
    make = getattr(importlib.import_module(f"adapters.{module}"), kind)
    if make.is_async:
        import cases_async

        result = asyncio.run(cases_async.run(make, plan))
    else:
        import cases_sync

        result = cases_sync.run(make, plan)
    print(json.dumps(result), flush=True)
    os._exit(0)  # some libraries' threads do not survive the end of an interpreter


if __name__ == "__main__":
    main()
