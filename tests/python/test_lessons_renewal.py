"""Where libraries in the field go wrong with tokens and their renewal, each as a case to do better at.

Many callers at once are in test_concurrency, answers with 401 in test_lessons_401, secrets in test_secrets, processes in test_process.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

import evertoken
from evertoken import Client
from evertoken.testing import Provider, Sandbox
from support import program, until, until_async, well

API = "/plain/api/things"
GRANTED = {"token_type": "Bearer", "access_token": "access-1"}


@pytest.fixture
def plain(sandbox: Sandbox) -> Iterator[Client]:
    with sandbox.plain().client() as client:
        yield client


def logins(sandbox: Sandbox, provider: str = "plain") -> tuple[int, int]:
    """How many logins and refreshes the server has seen."""
    counts = sandbox.counts()[provider]
    return counts["login"], counts["refresh"]


def soft_token(sandbox: Sandbox, *then: dict[str, Any]) -> dict[str, Any]:
    """A script whose token is soon in its soft window, then these answers; and the options of a client that meets it."""
    sandbox.script(
        {
            "POST /token": [
                {"json": {**GRANTED, "expires_in": 1000}, "delay_ms": 100},
                {"json": {**GRANTED, "expires_in": 150}},
                *then,
            ]
        }
    )
    return {"token_url": f"{sandbox.url}/token", "base_url": sandbox.url, "username": "u", "password": "p"}


def enter_the_soft_window(client: Client) -> None:
    assert client.token().value == "access-1"
    # More life than is left: it is asked for again, and comes back with 150 s, which is less than the window.
    assert client.token(min_ttl=999.95).value == "access-1"
    client.reset()


@pytest.mark.parametrize("life", [10, 60, 200, 280])
def test_a_short_token_is_used_as_long_as_it_lives(sandbox: Sandbox, life: int) -> None:
    sandbox.configure(plain={"life_secs": life})
    client = sandbox.plain().client()
    assert len({client.token().value for _ in range(50)}) == 1
    assert logins(sandbox) == (1, 0)


def test_a_renewal_that_fails_while_the_token_is_good_affects_nothing_else(sandbox: Sandbox) -> None:
    options = soft_token(sandbox, {"status": 503, "headers": {"retry-after": "600"}})
    client = Client.password(**options)
    enter_the_soft_window(client)
    assert client.token().value == "access-1"
    until(lambda: client.stats().failures == 1)
    assert {client.token().value for _ in range(50)} == {"access-1"}
    assert client.authorization() == "Bearer access-1"
    state = client.state()
    assert state.standing == "soft"
    assert isinstance(state.last_error, evertoken.ServerUnavailableError)
    assert state.next_try_in is not None
    assert timedelta(seconds=590) < state.next_try_in <= timedelta(seconds=600)
    assert sandbox.counts()["total"]["requests"] == 3


@pytest.mark.parametrize("answer", [{"text": "<html>"}, {"status": 400, "json": {"error": "invalid_grant"}}, {"fault": "reset"}])
def test_one_odd_response_to_an_early_renewal_does_not_disable_the_client(sandbox: Sandbox, answer: dict[str, Any]) -> None:
    options = soft_token(sandbox, answer, {"json": {**GRANTED, "access_token": "access-2", "expires_in": 1000}})
    client = Client.password(**options)
    enter_the_soft_window(client)
    client.token()
    until(lambda: client.stats().failures == 1)
    assert client.token().value == "access-1"
    client.reset()  # as if the pause were over
    client.token()
    until(lambda: client.token().value == "access-2")
    assert client.state().standing == "fresh"


async def test_a_failed_renewal_in_the_background_is_nobodys_unhandled_exception(sandbox: Sandbox) -> None:
    complaints: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    options = soft_token(sandbox, {"status": 503})
    client = Client.password(**options)
    await asyncio.to_thread(enter_the_soft_window, client)
    async with evertoken.AsyncClient.password(**options) as other:
        assert (await other.token()).value == "access-1"
        await until_async(lambda: client.stats().failures == 1)
    gc.collect()
    await asyncio.sleep(0)
    assert complaints == []


def test_a_token_past_its_expiry_is_never_handed_out(sandbox: Sandbox) -> None:
    sandbox.script({"POST /token": {"repeat_last": True, "answers": [{"json": {**GRANTED, "expires_in": 0}}]}})
    client = Client.password(token_url=f"{sandbox.url}/token", base_url=sandbox.url, username="u", password="p")
    for call in (client.token, client.authorization, lambda: client.get("/x")):
        with pytest.raises(evertoken.SameTokenError):
            call()
    assert sandbox.counts()["total"]["api"] == 0


@pytest.mark.parametrize("route", ["login", "refresh"])
def test_a_redirected_token_request_takes_no_password_elsewhere(sandbox: Sandbox, route: str) -> None:
    client = sandbox.plain().client(max_attempts=1)
    if route == "refresh":
        client.token()
        client.invalidate()
    sandbox.arm({"type": "redirect", "status": 307}, route="token", count=0)
    with pytest.raises(evertoken.BadResponseError):
        client.token()
    assert sandbox.counts()["plain"][route] == 1
    assert sandbox.counts()["foreign"] == 0


def test_a_response_without_a_refresh_token_keeps_the_old_one(sandbox: Sandbox, plain: Client) -> None:
    sandbox.configure(plain={"omit_refresh": True})
    for _ in range(4):
        plain.token()
        plain.invalidate()
    assert logins(sandbox) == (1, 3)


def test_a_rotated_refresh_token_replaces_the_old_one(sandbox: Sandbox, plain: Client) -> None:
    sandbox.configure(plain={"rotation": True, "reuse_kills_grant": True})
    for _ in range(4):
        plain.token()
        plain.invalidate()
    assert logins(sandbox) == (1, 3)


def test_the_password_serves_again_when_the_refresh_token_dies(sandbox: Sandbox, plain: Client) -> None:
    plain.token()
    sandbox.revoke("plain")
    assert plain.get(API).ok
    assert logins(sandbox) == (2, 1)


def test_another_process_that_rotates_the_refresh_token_costs_one_login(sandbox: Sandbox) -> None:
    client = sandbox.wso2().client()
    client.token()
    assert sandbox.rotate("wso2") == 1
    assert client.get("/wso2/api/x").ok
    assert logins(sandbox, "wso2") == (2, 1)


def test_a_dead_refresh_token_is_tried_once(sandbox: Sandbox, plain: Client) -> None:
    plain.token()
    sandbox.revoke("plain")
    sandbox.arm({"type": "status", "status": 400, "json": {"error": "invalid_grant"}}, route="login", count=0)
    plain.invalidate()
    for _ in range(50):
        with pytest.raises(evertoken.CredentialsRejectedError):
            plain.token()
    assert logins(sandbox) == (2, 1)


def somebody_else_logs_in(provider: Provider) -> None:
    options = provider.options
    form = {"grant_type": "password", "username": options["username"], "password": options["password"]}
    answer = requests.post(options["token_url"], form, auth=(options["consumer_key"].encode(), options["consumer_secret"].encode()))
    assert answer.status_code == 200


def test_the_same_dying_token_is_not_taken_for_new(sandbox: Sandbox) -> None:
    """WSO2 hands out the token that it has, with the seconds that are left of it."""
    provider = sandbox.wso2()
    somebody_else_logs_in(provider)
    sandbox.advance(seconds=3500)
    life = provider.client().token().expires_in
    assert life is not None
    assert life <= timedelta(seconds=100)


def test_a_login_of_another_process_that_kills_our_token_is_healed_once(sandbox: Sandbox) -> None:
    """WSO2 with JWTs revokes the old token at each login."""
    sandbox.configure(wso2={"token": "jwt"})
    provider = sandbox.wso2()
    client = provider.client()
    client.token()
    somebody_else_logs_in(provider)
    assert client.get("/wso2/api/x").ok
    assert sandbox.counts()["wso2"]["api_401"] == 1


@pytest.mark.parametrize("name", ["wso2", "plain", "passkit"])
def test_a_wrong_password_is_told_by_its_class_and_does_not_lock_the_account(sandbox: Sandbox, name: str) -> None:
    """WSO2 answers a wrong password with 400, others with 401."""
    provider: Provider = getattr(sandbox, name)()
    client = provider.client(password="wrong")
    for _ in range(40):
        with pytest.raises(evertoken.CredentialsRejectedError):
            client.token()
        with pytest.raises(evertoken.CredentialsRejectedError):
            client.get(f"{provider.api_path}/x")
    assert logins(sandbox, name) == (1, 0)
    # Not only this client: whoever has the same wrong password.
    with pytest.raises(evertoken.CredentialsRejectedError):
        provider.client(password="wrong").token()
    assert logins(sandbox, name) == (1, 0)


def test_a_client_for_each_call_does_not_lock_the_account_either(sandbox: Sandbox) -> None:
    for _ in range(20):
        with sandbox.plain().client(password="wrong") as client, pytest.raises(evertoken.CredentialsRejectedError):
            client.token()
        del client
        gc.collect()
    assert logins(sandbox) == (1, 0)
    with sandbox.plain().client(password="wrong") as client:
        client.reset()
        with pytest.raises(evertoken.CredentialsRejectedError):
            client.token()
    assert logins(sandbox) == (2, 0)
    with sandbox.plain().client() as client:
        client.token()


@pytest.mark.parametrize("skew", [-86_400, -700, 700, 86_400])
def test_a_wrong_clock_does_no_harm(sandbox: Sandbox, skew: int) -> None:
    """The server's clock and ours are apart by this much: by which of the two is wrong nothing is changed."""
    sandbox.advance(seconds=skew)
    client = sandbox.pismo().client()
    life = client.token().expires_in
    assert life is not None
    assert timedelta(seconds=590) < life <= timedelta(seconds=600)
    assert {client.get("/pismo/api/x").status_code for _ in range(5)} == {200}
    assert logins(sandbox, "pismo") == (1, 0)


def test_a_token_that_ran_out_unnoticed_is_healed(sandbox: Sandbox) -> None:
    """As after a sleep through which no clock of ours has counted."""
    client = sandbox.pismo().client()
    client.token()
    sandbox.advance(seconds=3600)
    assert client.get("/pismo/api/x").ok
    assert logins(sandbox, "pismo") == (2, 0)


def test_nothing_is_written_to_disk() -> None:
    assert well(program("read_only_disk.py")) == "200, logins: 1"


def test_every_caller_learns_of_a_new_token(sandbox: Sandbox, plain: Client) -> None:
    told: list[tuple[str | None, str | None]] = []

    def hear(event: evertoken.Event) -> None:
        if event.name == "token_installed":
            told.append((event.via, event.fingerprint))

    plain.on_event(hear)
    first = plain.token()
    plain.invalidate()
    second = plain.token()
    assert told == [("login", first.fingerprint), ("refresh", second.fingerprint)]
