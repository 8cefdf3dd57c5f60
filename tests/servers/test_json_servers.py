"""Logins by JSON that nobody here wrote, described to `json_login` option by option."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

import evertoken
from conftest import JSON_SERVERS, Server, each

SHORT_LIFE_SECS = 2


@each([name for name in JSON_SERVERS if name != "authtoken"], SHORT_LIFE_SECS)
def test_two_expiries_pass_unnoticed(server: Server) -> None:
    sent = 0
    with server.client() as client:
        life = client.token().expires_in
        assert life is not None
        assert life.total_seconds() <= SHORT_LIFE_SECS
        refreshes = "refresh_url" in server.options()
        while (client.stats().refreshes if refreshes else client.stats().logins - 1) < 2:
            assert client.get("/api/x").status_code == 200
            sent += 1
    counts = server.counts()
    assert (counts["login"], counts["refresh"]) == ((1, 2) if refreshes else (3, 0))
    # JWTs count whole seconds, so that one of 2 seconds lives 1 to 2; a late use is healed.
    assert counts["api"] - counts["api_401"] == sent


@each(["jwt-extended", "knox", "authtoken"])
def test_a_revocation_under_twenty_callers_is_healed_by_one_login(server: Server) -> None:
    with server.client() as client, ThreadPoolExecutor(20) as pool:
        client.token()
        server.revoke_all()
        answers = list(pool.map(lambda n: client.get(f"/api/{n}"), range(20)))
    assert [answer.json() for answer in answers] == [{"name": str(n)} for n in range(20)]
    counts = server.counts()
    # The refresh token died with the session: it is tried once.
    assert (counts["login"], counts["refresh"]) == (2, int("refresh_url" in server.options()))
    assert counts["api"] - counts["api_401"] == 20


@each(["simplejwt"])
def test_a_refresh_token_that_makes_dead_tokens_gives_way_to_a_login(server: Server) -> None:
    # Its refresh route does not look at what ended the session; what it hands out is refused by the API.
    with server.client() as client, ThreadPoolExecutor(20) as pool:
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


@each(["authtoken"])
def test_a_permanent_token_outlasts_a_passing_fault_of_the_api(server: Server) -> None:
    with server.client() as client, ThreadPoolExecutor(20) as pool:
        token = client.token().value
        # The request and its resend: the 401 is given back, later calls are sent without another login.
        server.refuse(2)
        answer = client.get("/api/x")
        assert (answer.status_code, answer.auth.reason) == (401, "same_token")
        assert client.get("/api/x").status_code == 200
        # A fault that is over before the resend goes unnoticed.
        server.refuse(1)
        answers = list(pool.map(lambda n: client.get(f"/api/{n}"), range(20)))
        assert [answer.status_code for answer in answers] == [200] * 20
        assert client.token().value == token
    counts = server.counts()
    assert (counts["login"], counts["api"], counts["api_401"]) == (3, 24, 3)


WORDS = {
    "simplejwt": "No active account found with the given credentials",
    "jwt-extended": "Bad username or password",
    "knox": "Invalid username/password.",
    "authtoken": "Unable to log in with provided credentials.",
}


@each(JSON_SERVERS)
def test_wrong_password_is_one_request_and_the_server_s_words(server: Server) -> None:
    with server.client_of("wrong: +%41&=") as client:
        for _ in range(5):
            with pytest.raises(evertoken.CredentialsRejectedError) as caught:
                client.get("/api/x")
    assert caught.value.provider_message == WORDS[server.name]
    assert "wrong: +%41&=" not in str(caught.value)
    assert server.counts()["login"] == 1


@each(["simplejwt"])
def test_a_path_without_its_last_slash_is_told(server: Server) -> None:
    unslashed = f"{server.line['url']}/token"
    with server.client(token_url=unslashed) as client, pytest.raises(evertoken.BadResponseError) as caught:
        client.token()
    assert f"it points to {unslashed}/ " in f"{caught.value} "
    assert not caught.value.retryable
    assert server.counts()["login"] == 0
