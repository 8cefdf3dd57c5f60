"""oauthlib's legacy server (the one behind django-oauth-toolkit and Flask-OAuthlib) on plain WSGI."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote_plus

from harness import CLIENT_ID, CLIENT_SECRET, PASSWORD, USERNAME, Counter, life_secs, serve_wsgi
from oauthlib.oauth2 import (
    BearerToken,
    ClientCredentialsGrant,
    RefreshTokenGrant,
    RequestValidator,
    ResourceEndpoint,
    ResourceOwnerPasswordCredentialsGrant,
    RevocationEndpoint,
    TokenEndpoint,
)

LIFE_SECS = life_secs()


@dataclass
class Grant:
    access: str
    refresh: str | None
    expires_at: float
    access_revoked: bool = False
    refresh_revoked: bool = False


class _Client:
    client_id = CLIENT_ID


GRANTS: list[Grant] = []


class Validator(RequestValidator):
    """The application's half: who may do what. Client credentials as RFC 6749 §2.3.1 wants them, form-encoded."""

    def client_authentication_required(self, request: object, *args: object, **kwargs: object) -> bool:
        return True

    def authenticate_client(self, request: object, *args: object, **kwargs: object) -> bool:
        kind, _, encoded = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "basic":
            name, _, secret = base64.b64decode(encoded).decode().partition(":")
            pair = (unquote_plus(name), unquote_plus(secret))
        else:
            pair = (request.client_id, request.client_secret)
        request.client = _Client()
        return pair == (CLIENT_ID, CLIENT_SECRET)

    def validate_user(self, username: str, password: str, client: object, request: object, *args: object, **kwargs: object) -> bool:
        request.user = username
        return (username, password) == (USERNAME, PASSWORD)

    def validate_grant_type(self, *args: object, **kwargs: object) -> bool:
        return True

    def validate_scopes(self, *args: object, **kwargs: object) -> bool:
        return True

    def get_default_scopes(self, *args: object, **kwargs: object) -> list[str]:
        return []

    def get_original_scopes(self, *args: object, **kwargs: object) -> list[str]:
        return []

    def save_bearer_token(self, token: dict, request: object, *args: object, **kwargs: object) -> None:
        used = getattr(request, "refresh_token", None)
        for grant in GRANTS:
            if used and grant.refresh == used:
                grant.refresh_revoked = True
        GRANTS.append(Grant(token["access_token"], token.get("refresh_token"), time.time() + LIFE_SECS))

    def rotate_refresh_token(self, request: object) -> bool:
        return True

    def validate_refresh_token(self, refresh_token: str, client: object, request: object, *args: object, **kwargs: object) -> bool:
        request.user = USERNAME
        return any(grant.refresh == refresh_token and not grant.refresh_revoked for grant in GRANTS)

    def validate_bearer_token(self, token: str, scopes: object, request: object) -> bool:
        return any(grant.access == token and not grant.access_revoked and time.time() < grant.expires_at for grant in GRANTS)

    def revoke_token(self, token: str, token_type_hint: str, request: object, *args: object, **kwargs: object) -> None:
        for grant in GRANTS:
            grant.access_revoked |= grant.access == token
            grant.refresh_revoked |= grant.refresh == token


class Server(TokenEndpoint, ResourceEndpoint, RevocationEndpoint):
    def __init__(self, validator: Validator) -> None:
        bearer = BearerToken(validator, expires_in=LIFE_SECS)
        grants = {
            "password": ResourceOwnerPasswordCredentialsGrant(validator),
            "client_credentials": ClientCredentialsGrant(validator),
            "refresh_token": RefreshTokenGrant(validator),
        }
        TokenEndpoint.__init__(self, default_grant_type="password", grant_types=grants, default_token_type=bearer)
        ResourceEndpoint.__init__(self, default_token="Bearer", token_types={"Bearer": bearer})
        RevocationEndpoint.__init__(self, validator)


server = Server(Validator())
counter = Counter()


def app(environ: dict, start_response: object) -> list[bytes]:
    path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
    headers = {"Authorization": environ.get("HTTP_AUTHORIZATION", ""), "Content-Type": environ.get("CONTENT_TYPE", "")}
    given: dict[str, str] = {}
    if path == "/token":
        counter.token(parse_qs(body).get("grant_type", [""])[0])
        given, text, status = server.create_token_response(path, method, body, headers)
    elif path == "/revoke":
        counter.add("revoke")
        given, text, status = server.create_revocation_response(path, method, body, headers)
    elif path.startswith("/api/"):
        counter.add("api")
        valid, _ = server.verify_request(path, method, "", headers, [])
        status, text = (200, json.dumps({"length": len(body)})) if valid else (401, "")
        counter.answer(status)
    elif path == "/_control/revoke-all":
        for grant in GRANTS:
            grant.access_revoked = grant.refresh_revoked = True
        status, text = 200, "{}"
    else:
        status, text = 200, json.dumps(counter.values())
    payload = (text or "").encode()
    headers_out = {"Content-Type": "application/json", **given, "Content-Length": str(len(payload))}
    start_response(f"{status} -", list(headers_out.items()))
    return [payload]


serve_wsgi(app)
