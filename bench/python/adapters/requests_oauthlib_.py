"""requests-oauthlib as a backend application. It says that a token has expired; its users fetch another, as after a 401."""

from __future__ import annotations

import os

from adapters import Adapter

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # loopback


class RequestsOauthlib(Adapter):
    def __init__(self, server, callers):
        from oauthlib.oauth2 import BackendApplicationClient, TokenExpiredError
        from requests.adapters import HTTPAdapter
        from requests_oauthlib import OAuth2Session

        self.expired = TokenExpiredError
        self.session = OAuth2Session(client=BackendApplicationClient("bench"))
        self.session.mount("http://", HTTPAdapter(pool_connections=callers, pool_maxsize=callers))
        self.token_url, self.url = server.token_url, server.resource
        self.renew()

    def renew(self):
        self.session.fetch_token(self.token_url, client_secret="secret")

    def header(self):
        return self.session._client.add_token(self.url, headers={})[1]["Authorization"]

    def get(self):
        try:
            response = self.session.get(self.url)
        except self.expired:
            self.renew()
            response = self.session.get(self.url)
        if response.status_code == 401:
            self.renew()
            response = self.session.get(self.url)
        response.content
        return response.status_code
