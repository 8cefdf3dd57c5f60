"""Authlib's authorization server on Flask: password grant, rotating refresh tokens, revocation (RFC 7009)."""

from __future__ import annotations

import time
from dataclasses import dataclass

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant, RefreshTokenGrant, ResourceOwnerPasswordCredentialsGrant
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from flask import Flask, jsonify, request
from harness import CLIENT_ID, CLIENT_SECRET, PASSWORD, USERNAME, Counter, life_secs, serve_wsgi

METHODS = ["client_secret_basic", "client_secret_post"]


class Client(ClientMixin):
    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> str:
        return ""

    def get_allowed_scope(self, scope: str | None) -> str:
        return scope or ""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return False

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in METHODS

    def check_response_type(self, response_type: str) -> bool:
        return False

    def check_grant_type(self, grant_type: str) -> bool:
        return True


@dataclass
class Token(TokenMixin):
    access_token: str
    refresh_token: str | None
    scope: str
    issued: float
    life: int
    revoked: bool = False

    def check_client(self, client: Client) -> bool:
        return True

    def get_scope(self) -> str:
        return self.scope

    def get_expires_in(self) -> int:
        return self.life

    def is_expired(self) -> bool:
        return time.time() >= self.issued + self.life

    def is_revoked(self) -> bool:
        return self.revoked

    def get_user(self) -> str:
        return USERNAME

    def get_client(self) -> Client:
        return CLIENT


CLIENT = Client()
TOKENS: list[Token] = []


def save_token(token: dict, request: object) -> None:
    TOKENS.append(Token(token["access_token"], token.get("refresh_token"), token.get("scope") or "", time.time(), token["expires_in"]))


def find(value: str) -> Token | None:
    return next((token for token in TOKENS if value in (token.access_token, token.refresh_token)), None)


class Password(ResourceOwnerPasswordCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def authenticate_user(self, username: str, password: str) -> str | None:
        return USERNAME if (username, password) == (USERNAME, PASSWORD) else None


class Refresh(RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Token | None:
        return next((token for token in TOKENS if token.refresh_token == refresh_token and not token.revoked), None)

    def authenticate_user(self, credential: Token) -> str:
        return USERNAME

    def revoke_old_credential(self, credential: Token) -> None:
        credential.revoked = True


class Machine(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS


class Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS = METHODS

    def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:
        return find(token_string)

    def revoke_token(self, token: Token, request: object) -> None:
        token.revoked = True


class Validator(BearerTokenValidator):
    def authenticate_token(self, token_string: str) -> Token | None:
        return next((token for token in TOKENS if token.access_token == token_string), None)


app = Flask(__name__)
app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {"password": life_secs(), "client_credentials": life_secs(), "refresh_token": life_secs()}
app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
server = AuthorizationServer(app, query_client=lambda client_id: CLIENT if client_id == CLIENT_ID else None, save_token=save_token)
for extension in (Password, Refresh, Machine):
    server.register_grant(extension)
server.register_endpoint(Revocation)
protected = ResourceProtector()
protected.register_token_validator(Validator())
counter = Counter()


@app.post("/token")
def token() -> object:
    counter.token(request.form.get("grant_type"))
    return server.create_token_response()


@app.post("/revoke")
def revoke() -> object:
    counter.add("revoke")
    return server.create_endpoint_response("revocation")


@app.route("/api/<path:_rest>", methods=["GET", "POST"])
def api(_rest: str) -> object:
    counter.add("api")
    with protected.acquire():
        return jsonify(length=len(request.get_data()))


@app.post("/_control/revoke-all")
def revoke_all() -> object:
    for each in TOKENS:
        each.revoked = True
    return {}


@app.get("/_control/counts")
def counts() -> object:
    return counter.values()


@app.after_request
def count_refusals(response: object) -> object:
    if request.path.startswith("/api/"):
        counter.answer(response.status_code)
    return response


serve_wsgi(app)
