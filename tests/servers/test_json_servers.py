"""Logins by JSON that nobody here wrote, described to `json_login` option by option."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

import evertoken
from conftest import JSON_SERVERS, Server, each

SHORT_LIFE_SECS = 2


def client_of(server: Server, password: str | None = None, token_path: str = "/token/") -> evertoken.Client:
    url = server.line["url"]
    return evertoken.Client.json_login(
        token_url=url + token_path,
        base_url=url,
        body={"username": server.line["username"], "password": password or server.line["password"]},
        token_field="access",
        refresh_token_field="refresh",
        refresh_url=f"{url}/token/refresh/",
        refresh_field="refresh",
    )


@each(JSON_SERVERS)
def test_twenty_cold_callers_log_in_once(server: Server) -> None:
    with client_of(server) as client, ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda n: client.get(f"/api/{n}").status_code, range(100)))
    assert statuses == [200] * 100
    assert server.counts() == {"login": 1, "refresh": 0, "revoke": 0, "api": 100, "api_401": 0}


@each(JSON_SERVERS, SHORT_LIFE_SECS)
def test_two_expiries_pass_unnoticed(server: Server) -> None:
    sent = 0
    with client_of(server) as client:
        life = client.token().expires_in
        assert life is not None
        assert life.total_seconds() <= SHORT_LIFE_SECS
        while client.stats().refreshes < 2:
            assert client.get("/api/x").status_code == 200
            sent += 1
    counts = server.counts()
    assert (counts["login"], counts["refresh"]) == (1, 2)
    # JWTs count whole seconds, so that one of 2 seconds lives 1 to 2; a late use is healed.
    assert counts["api"] - counts["api_401"] == sent


@each(JSON_SERVERS)
def test_refresh_token_rotates_with_every_renewal(server: Server) -> None:
    with client_of(server) as client:
        values = [client.token().value]
        for _ in range(3):
            client.invalidate()
            assert client.get("/api/x").status_code == 200
            values.append(client.token().value)
    assert len(set(values)) == 4
    assert server.counts() == {"login": 1, "refresh": 3, "revoke": 0, "api": 3, "api_401": 0}


@each(JSON_SERVERS)
def test_a_refresh_token_that_makes_dead_tokens_gives_way_to_a_login(server: Server) -> None:
    # Its refresh route does not look at what ended the session; what it hands out is refused by the API.
    with client_of(server) as client, ThreadPoolExecutor(20) as pool:
        client.token()
        server.revoke_all()
        answers = list(pool.map(lambda n: client.get(f"/api/{n}"), range(20)))
        assert {answer.status_code for answer in answers} == {401}
        assert {answer.auth.reason for answer in answers} <= {"refused_again", "storm_guard"}
        counts = server.counts()
        assert (counts["login"], counts["refresh"]) == (1, 1)
        client.reset()
        answers = list(pool.map(lambda n: client.get(f"/api/{n}"), range(20)))
    assert [answer.status_code for answer in answers] == [200] * 20
    counts = server.counts()
    assert (counts["login"], counts["refresh"]) == (2, 1)


@each(JSON_SERVERS)
def test_wrong_password_is_one_request_and_the_server_s_words(server: Server) -> None:
    with client_of(server, password="wrong: +%41&=") as client:
        for _ in range(5):
            with pytest.raises(evertoken.CredentialsRejectedError) as caught:
                client.get("/api/x")
    assert caught.value.provider_message == "No active account found with the given credentials"
    assert "wrong: +%41&=" not in str(caught.value)
    assert server.counts()["login"] == 1


@each(JSON_SERVERS)
def test_a_path_without_its_last_slash_is_told(server: Server) -> None:
    with client_of(server, token_path="/token") as client, pytest.raises(evertoken.BadResponseError) as caught:
        client.token()
    assert f"it points to {server.line['url']}/token/ " in f"{caught.value} "
    assert not caught.value.retryable
    assert server.counts()["login"] == 0
