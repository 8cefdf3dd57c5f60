"""Flask-JWT-Extended: a JSON login, and a refresh whose Bearer is the refresh token and that hands out no new one."""

from __future__ import annotations

import datetime
import secrets

from flask import Flask, jsonify, request
from flask_jwt_extended import JWTManager, create_access_token, create_refresh_token, get_jwt_identity, jwt_required
from harness import PASSWORD, USERNAME, Counter, life_secs, serve_wsgi

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = secrets.token_hex(32)
app.config["JWT_ACCESS_TOKEN_EXPIRES"] = datetime.timedelta(seconds=life_secs())
jwt = JWTManager(app)
counter = Counter()
# Which sessions count: those that began after the last revocation.
sessions = {"now": 1}


@jwt.additional_claims_loader
def session_of(_identity: str) -> dict[str, int]:
    return {"session": sessions["now"]}


@jwt.token_in_blocklist_loader
def is_revoked(_header: dict[str, object], payload: dict[str, object]) -> bool:
    return payload["session"] != sessions["now"]


@app.before_request
def count_api() -> None:
    if request.path.startswith("/api/"):
        counter.add("api")


@app.after_request
def count_answers(response: object) -> object:
    if request.path.startswith("/api/"):
        counter.answer(response.status_code)
    return response


@app.post("/login")
def login() -> object:
    counter.add("login")
    given = request.get_json()
    if (given.get("username"), given.get("password")) != (USERNAME, PASSWORD):
        return jsonify(msg="Bad username or password"), 401
    return jsonify(access_token=create_access_token(USERNAME), refresh_token=create_refresh_token(USERNAME))


@app.post("/refresh")
def refresh() -> object:
    counter.add("refresh")
    return refreshed()


@jwt_required(refresh=True)
def refreshed() -> object:
    return jsonify(access_token=create_access_token(get_jwt_identity()))


@app.get("/api/<name>")
@jwt_required()
def api(name: str) -> object:
    return jsonify(name=name)


@app.post("/_control/revoke-all")
def revoke_all() -> object:
    sessions["now"] += 1
    return jsonify()


@app.get("/_control/counts")
def counts() -> object:
    return jsonify(counter.values())


serve_wsgi(app)
