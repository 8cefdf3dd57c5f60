"""Token servers that nobody here wrote, through login, refresh with rotation, expiry, revocation and refusal."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

import evertoken
from conftest import JSON_SERVERS, PASSWORD_SERVERS, SERVERS, Server, each

SHORT_LIFE_SECS = 2


@each([*SERVERS, *JSON_SERVERS])
def test_twenty_cold_callers_log_in_once(server: Server) -> None:
    with server.client() as client, ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda n: client.get(f"/api/{n}").status_code, range(100)))
    assert statuses == [200] * 100
    assert server.counts() == {"login": 1, "refresh": 0, "revoke": 0, "api": 100, "api_401": 0}


@each(SERVERS, SHORT_LIFE_SECS)
def test_two_expiries_pass_unnoticed(server: Server) -> None:
    renewal = "refreshes" if server.grant == "password" else "logins"
    wanted = 2 if renewal == "refreshes" else 3
    sent = 0
    with server.client() as client:
        while getattr(client.stats(), renewal) < wanted:
            assert client.get("/api/x").status_code == 200
            sent += 1
    counts = server.counts()
    assert (counts["login"], counts["refresh"]) == ((1, 2) if renewal == "refreshes" else (3, 0))
    assert counts["api"] - counts["api_401"] == sent
    # Authlib and node-oauth kill the old access token with its refresh token, so that a request on its way gets a late 401.
    # oidc-provider reckons in whole seconds, so that its 2-second tokens live 1 to 2. Both are healed without a renewal too many.
    if server.name == "oauthlib":
        assert counts["api_401"] == 0


@each([*PASSWORD_SERVERS, "simplejwt", "jwt-extended"])
def test_every_renewal_is_a_refresh(server: Server) -> None:
    with server.client() as client:
        values = [client.token().value]
        for _ in range(3):
            client.invalidate()
            assert client.get("/api/x").status_code == 200
            values.append(client.token().value)
    assert len(set(values)) == 4
    assert server.counts() == {"login": 1, "refresh": 3, "revoke": 0, "api": 3, "api_401": 0}


@each(PASSWORD_SERVERS)
def test_revoked_access_and_refresh_tokens_are_healed_by_one_login(server: Server) -> None:
    with server.client() as client, ThreadPoolExecutor(20) as pool:
        client.token()
        server.revoke_all()
        answers = list(pool.map(lambda n: client.post(f"/api/{n}", content=b"x" * 1000), range(20)))
    assert [answer.status_code for answer in answers] == [200] * 20
    # The whole body went out again with the resend.
    assert {answer.json()["length"] for answer in answers} == {1000}
    counts = server.counts()
    assert (counts["login"], counts["refresh"]) == (2, 1)


@each(SERVERS)
def test_close_revokes_on_request(server: Server) -> None:
    client = server.client()
    authorization = client.authorization()
    client.close(revoke=True)
    with server.client() as stranger:
        assert stranger.authorization() != authorization
    assert server.counts()["revoke"] >= 1


@each(PASSWORD_SERVERS)
def test_wrong_password_is_one_request_and_then_a_pause(server: Server) -> None:
    with server.client(password="wrong: +%41&=") as client:
        for _ in range(5):
            with pytest.raises(evertoken.CredentialsRejectedError) as caught:
                client.get("/api/x")
    # RFC 6749 §5.2 wants invalid_grant; Authlib says invalid_request.
    assert caught.value.provider_code == ("invalid_request" if server.name == "authlib" else "invalid_grant")
    assert "wrong: +%41&=" not in str(caught.value)
    assert server.counts() == {"login": 1, "refresh": 0, "revoke": 0, "api": 0, "api_401": 0}


@pytest.mark.parametrize("basic", ["form", "percent", "raw", "body"])
@each(SERVERS)
def test_wrong_client_secret_is_refused_in_every_form(server: Server, basic: str) -> None:
    with (
        server.client(client_secret="wrong +%41/&=", basic=basic) as client,
        pytest.raises(evertoken.CredentialsRejectedError) as caught,
    ):
        client.token()
    assert caught.value.provider_code == "invalid_client"
    assert "wrong +%41" not in str(caught.value)
    assert not caught.value.retryable
    assert server.counts()["login"] == 1


@pytest.mark.parametrize("basic", ["form", "percent", "raw"])
@each(SERVERS)
def test_only_the_server_s_own_form_of_basic_credentials_works(server: Server, basic: str) -> None:
    # The secret has a blank, a plus and a percent sign. oauthlib's application half and oidc-provider decode forms,
    # which takes %20 for a blank as well; Authlib decodes percent signs and no plus; node-oauth decodes nothing.
    accepted = {"authlib": {"percent"}, "oauthlib": {"form", "percent"}, "node-oauth": {"raw"}, "oidc-provider": {"form", "percent"}}
    with server.client(basic=basic) as client:
        if basic in accepted[server.name]:
            assert client.get("/api/x").status_code == 200
        else:
            with pytest.raises(evertoken.CredentialsRejectedError):
                client.token()
    assert server.counts()["login"] == 1
