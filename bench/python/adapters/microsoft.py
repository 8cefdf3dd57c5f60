"""MSAL and azure-identity over requests. Both insist on https, so what sends their token requests knows better.

Neither is told of a 401: their users ask for a token past the cache, if there is a way (MSAL: `claims_challenge`).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from adapters import Adapter
from adapters.bare_sync import requests_session

SCOPE = "read/.default"


class PlainHttp:
    """What MSAL calls an http_client."""

    def __init__(self, callers):
        self.session = requests_session(callers)

    def get(self, url, **options):
        return self.session.get(_plain(url), **options)

    def post(self, url, **options):
        return self.session.post(_plain(url), **options)

    def close(self):
        self.session.close()


class Msal(Adapter):
    def __init__(self, server, callers):
        import msal

        self.application = msal.ConfidentialClientApplication(
            "bench",
            client_credential="secret",
            authority=f"https://127.0.0.1:{server.port}/tenant",
            validate_authority=False,
            instance_discovery=False,
            http_client=PlainHttp(callers),
        )
        self.session = requests_session(callers)
        self.url = server.resource

    def header(self):
        return "Bearer " + self.application.acquire_token_for_client([SCOPE])["access_token"]

    def get(self):
        response = self.session.get(self.url, headers={"Authorization": self.header()})
        if response.status_code == 401:
            self.application.remove_tokens_for_client()
            response = self.session.get(self.url, headers={"Authorization": self.header()})
        response.content
        return response.status_code


class Azure(Adapter):
    def __init__(self, server, callers):
        from azure.core.pipeline.transport import RequestsTransport
        from azure.identity import ClientSecretCredential

        class Plain(RequestsTransport):
            def send(self, request, **options):
                request.url = _plain(request.url)
                return super().send(request, **options)

        self.credential = ClientSecretCredential(
            "tenant",
            "bench",
            "secret",
            authority=f"127.0.0.1:{server.port}",
            disable_instance_discovery=True,
            transport=Plain(session=requests_session(callers), session_owner=False),
        )
        self.session = requests_session(callers)
        self.url = server.resource

    def header(self):
        return "Bearer " + self.credential.get_token(SCOPE).token

    def get(self):
        response = self.session.get(self.url, headers={"Authorization": self.header()})
        if response.status_code == 401:
            token = self.credential.get_token(SCOPE, claims='{"access_token":{"nbf":{"essential":true}}}').token
            response = self.session.get(self.url, headers={"Authorization": f"Bearer {token}"})
        response.content
        return response.status_code


def _plain(url: str) -> str:
    return urlsplit(url)._replace(scheme="http").geturl()
