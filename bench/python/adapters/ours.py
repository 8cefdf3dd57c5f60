"""Evertoken: its two clients, and its adapters for other libraries."""

from __future__ import annotations

import evertoken
from adapters import Adapter, AsyncAdapter


def _options(server):
    return {
        "token_url": server.token_url,
        "base_url": server.base_url,
        "client_id": "bench",
        "client_secret": "secret",
    }


class Sync(Adapter):
    ours = True

    def __init__(self, server, callers):
        self.client = evertoken.Client.client_credentials(**_options(server))

    def header(self):
        return self.client.authorization()

    def get(self):
        response = self.client.get("/accounts/123")
        response.content
        return response.status_code


class Async(AsyncAdapter):
    ours = True

    async def open(self):
        self.client = evertoken.AsyncClient.client_credentials(**_options(self.server))

    async def header(self):
        return await self.client.authorization()

    async def get(self):
        response = await self.client.get("/accounts/123")
        response.content
        return response.status_code

    async def close(self):
        await self.client.close()


class OverRequests(Adapter):
    ours = True

    def __init__(self, server, callers):
        from adapters.bare_sync import requests_session

        self.client = evertoken.Client.client_credentials(**_options(server))
        self.session = requests_session(callers)
        self.session.auth = self.client.requests_auth()
        self.url = server.resource

    def get(self):
        response = self.session.get(self.url)
        response.content
        return response.status_code


class OverHttpx(Adapter):
    ours = True

    def __init__(self, server, callers):
        from adapters.bare_sync import httpx_client

        self.client = evertoken.Client.client_credentials(**_options(server))
        self.http = httpx_client(callers, auth=self.client.httpx_auth())
        self.url = server.resource

    def get(self):
        response = self.http.get(self.url)
        response.content
        return response.status_code


class OverUrllib3(Adapter):
    ours = True

    def __init__(self, server, callers):
        import urllib3

        self.client = evertoken.Client.client_credentials(**_options(server))
        self.pool = self.client.urllib3_pool(urllib3.PoolManager(maxsize=callers))
        self.url = server.resource

    def get(self):
        response = self.pool.request("GET", self.url)
        response.data
        return response.status


class OverHttpxAsync(AsyncAdapter):
    ours = True

    async def open(self):
        from adapters.bare_async import httpx_client

        self.client = evertoken.AsyncClient.client_credentials(**_options(self.server))
        self.http = httpx_client(self.callers, auth=self.client.httpx_auth())
        self.url = self.server.resource

    async def get(self):
        return (await self.http.get(self.url)).status_code

    async def close(self):
        await self.http.aclose()
        await self.client.close()


class OverAiohttp(AsyncAdapter):
    ours = True

    async def open(self):
        from adapters.bare_async import aiohttp_session

        self.client = evertoken.AsyncClient.client_credentials(**_options(self.server))
        self.session = aiohttp_session(middlewares=[self.client.aiohttp_middleware()])
        self.url = self.server.resource

    async def get(self):
        async with self.session.get(self.url) as response:
            await response.read()
            return response.status

    async def close(self):
        await self.session.close()
        await self.client.close()
