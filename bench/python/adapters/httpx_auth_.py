"""httpx-auth over httpx. It does not look at a 401: its users drop the cached token and send again."""

from __future__ import annotations

from adapters import Adapter
from adapters.bare_sync import httpx_client


class HttpxAuth(Adapter):
    def __init__(self, server, callers):
        import httpx
        from httpx_auth import OAuth2, OAuth2ClientCredentials

        self.cache = OAuth2.token_cache
        self.auth = OAuth2ClientCredentials(server.token_url, "bench", "secret", timeout=30)
        self.client = httpx_client(callers, auth=self.auth)
        self.request = httpx.Request("GET", server.resource)
        self.url = server.resource

    def header(self):
        next(self.auth.auth_flow(self.request))
        return self.request.headers["Authorization"]

    def get(self):
        response = self.client.get(self.url)
        if response.status_code == 401:
            self.cache.clear()
            response = self.client.get(self.url)
        response.content
        return response.status_code
