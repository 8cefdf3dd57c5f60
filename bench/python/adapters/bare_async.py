"""Asynchronous HTTP clients that carry a token they were given: what a token client is compared with."""

from __future__ import annotations

from adapters import AsyncAdapter


class Aiohttp(AsyncAdapter):
    async def open(self):
        self.session = aiohttp_session(headers={"Authorization": f"Bearer {self.server.token()}"})
        self.url = self.server.resource

    async def get(self):
        async with self.session.get(self.url) as response:
            await response.read()
            return response.status

    async def close(self):
        await self.session.close()


class HttpxAsync(AsyncAdapter):
    async def open(self):
        self.client = httpx_client(self.callers)
        self.client.headers["Authorization"] = f"Bearer {self.server.token()}"
        self.url = self.server.resource

    async def get(self):
        return (await self.client.get(self.url)).status_code

    async def close(self):
        await self.client.aclose()


class PyreqwestAsync(AsyncAdapter):
    async def open(self):
        from pyreqwest.client import ClientBuilder

        self.client = ClientBuilder().default_headers({"Authorization": f"Bearer {self.server.token()}"}).build()
        self.url = self.server.resource

    async def get(self):
        response = await self.client.get(self.url).build().send()
        await response.bytes()
        return response.status

    async def close(self):
        await self.client.close()


def aiohttp_session(**options):
    """A session without a limit to its connections."""
    import aiohttp

    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), **options)


def httpx_client(callers: int, auth=None):
    """A client whose pool is as large as its callers are many."""
    import httpx

    limits = httpx.Limits(max_connections=callers, max_keepalive_connections=callers)
    return httpx.AsyncClient(auth=auth, timeout=30, limits=limits)
