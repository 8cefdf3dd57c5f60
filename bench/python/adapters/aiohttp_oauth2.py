"""aiohttp-oauth2-client over aiohttp. It does not look at a 401: its users fetch a token again."""

from __future__ import annotations

from adapters import AsyncAdapter
from adapters.bare_async import aiohttp_session


class AiohttpOauth2(AsyncAdapter):
    async def open(self):
        from aiohttp_oauth2_client.grant.client_credentials import ClientCredentialsGrant
        from aiohttp_oauth2_client.middleware import OAuth2Middleware

        self.grant = ClientCredentialsGrant(self.server.token_url, "bench", "secret")
        self.session = aiohttp_session(middlewares=(OAuth2Middleware(self.grant),))
        self.url = self.server.resource

    async def header(self):
        return (await self.grant.prepare_headers())["Authorization"]

    async def get(self):
        status = await self._get()
        if status == 401:
            await self.grant.fetch_token()
            status = await self._get()
        return status

    async def _get(self):
        async with self.session.get(self.url) as response:
            await response.read()
            return response.status

    async def close(self):
        await self.session.close()
        await self.grant.close()
