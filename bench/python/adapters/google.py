"""google-auth: a user's credentials with a refresh token, and its AuthorizedSession over requests."""

from __future__ import annotations

from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2.credentials import Credentials
from requests.adapters import HTTPAdapter

from adapters import Adapter


class Google(Adapter):
    def __init__(self, server, callers):
        self.credentials = Credentials(None, refresh_token="refresh", token_uri=server.token_url, client_id="bench", client_secret="secret")
        self.session = AuthorizedSession(self.credentials)
        self.session.mount("http://", HTTPAdapter(pool_connections=callers, pool_maxsize=callers))
        self.transport = Request()
        self.url = server.resource

    def header(self):
        headers = {}
        self.credentials.before_request(self.transport, "GET", self.url, headers)
        return headers["authorization"]

    def get(self):
        response = self.session.get(self.url)
        response.content
        return response.status_code
