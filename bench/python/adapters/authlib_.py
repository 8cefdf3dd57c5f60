"""Authlib's OAuth 2 sessions over requests and over httpx. Neither looks at a 401: their users fetch a token again."""

from __future__ import annotations

from adapters import Adapter, AsyncAdapter


class Authlib(Adapter):
    def __init__(self, server, callers):
        from authlib.integrations.requests_client import OAuth2Session
        from requests.adapters import HTTPAdapter

        self.session = OAuth2Session("bench", "secret", token_endpoint=server.token_url, grant_type="client_credentials")
        self.session.mount("http://", HTTPAdapter(pool_connections=callers, pool_maxsize=callers))
        self.session.fetch_token()
        self.url = server.resource

    def header(self):
        self.session.ensure_active_token(self.session.token)
        return self.session.token_auth.prepare(self.url, {}, None)[1]["Authorization"]

    def get(self):
        response = self.session.get(self.url)
        if response.status_code == 401:
            self.session.fetch_token()
            response = self.session.get(self.url)
        response.content
        return response.status_code


class AuthlibAsync(AsyncAdapter):
    async def open(self):
        import httpx
        from authlib.integrations.httpx_client import AsyncOAuth2Client

        self.client = AsyncOAuth2Client(
            "bench",
            "secret",
            token_endpoint=self.server.token_url,
            grant_type="client_credentials",
            timeout=30,
            limits=httpx.Limits(max_connections=self.callers, max_keepalive_connections=self.callers),
        )
        await self.client.fetch_token()
        self.url = self.server.resource

    async def header(self):
        await self.client.ensure_active_token(self.client.token)
        return self.client.token_auth.prepare(self.url, {}, None)[1]["Authorization"]

    async def get(self):
        response = await self.client.get(self.url)
        if response.status_code == 401:
            await self.client.fetch_token()
            response = await self.client.get(self.url)
        return response.status_code

    async def close(self):
        await self.client.aclose()
