"""Tokens, headers, origins, closing, state."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone

import pytest

import evertoken
from evertoken.testing import Sandbox


def test_a_token_tells_what_is_known_about_it(sandbox: Sandbox) -> None:
    token = sandbox.pismo().client().token(min_ttl=30, timeout=timedelta(seconds=20))
    assert token.expires_in is not None
    assert token.expires_at is not None
    assert timedelta(seconds=590) < token.expires_in <= timedelta(seconds=600)
    assert token.expires_at.tzinfo is timezone.utc
    assert abs(token.expires_at - datetime.now(timezone.utc) - token.expires_in) < timedelta(seconds=5)
    assert token.claims is not None
    assert token.claims["iss"] == "Passport"
    assert token.claims is token.claims
    assert token.via == "login"
    assert token.fingerprint in repr(token)
    assert token.value not in repr(token)


def test_a_token_without_end(sandbox: Sandbox) -> None:
    token = sandbox.passkit().client().token()
    assert (token.expires_at, token.expires_in, token.claims) == (None, None, None)


def test_an_expiry_beyond_the_last_date_is_the_last_date(sandbox: Sandbox) -> None:
    sandbox.configure(plain={"expires_in": 9_000_000_000_000_000})
    token = sandbox.plain().client().token()
    assert token.expires_in == timedelta.max
    assert token.expires_at == datetime.max.replace(tzinfo=timezone.utc)


def test_granted_scope(sandbox: Sandbox) -> None:
    assert sandbox.wso2().client(scope=["read", "write"]).token().scope == "read write"


def test_the_header_is_the_same_object_until_the_token_changes(sandbox: Sandbox) -> None:
    client = sandbox.pismo().client()
    first = client.authorization()
    assert first == f"Bearer {client.token().value}"
    assert all(client.authorization() is first for _ in range(100))
    assert client.authorization(f"{sandbox.url}/pismo/api/x") is first
    client.invalidate()
    second = client.authorization()
    assert second != first
    assert client.authorization() is second
    assert sandbox.counts()["pismo"]["login"] == 2


async def test_the_header_in_asyncio_too(sandbox: Sandbox) -> None:
    client = sandbox.pismo().async_client()
    first = await client.authorization()
    assert await client.authorization() is first
    assert await client.authorization("/pismo/api/x") is first
    assert (await client.token()).value in first


def test_both_clients_share_one_token(sandbox: Sandbox) -> None:
    one, other = sandbox.pismo().client(), sandbox.pismo().async_client()
    assert one.token().value == asyncio.run(other.token()).value
    assert one.identity == other.identity
    assert sandbox.counts()["pismo"]["login"] == 1


def test_another_scheme_or_none(sandbox: Sandbox) -> None:
    bare = sandbox.pismo().client(auth_scheme="")
    assert bare.authorization() == bare.token().value
    assert bare.get("/pismo/api/x").ok


@pytest.mark.parametrize("url", ["https://elsewhere.example/x", "http://127.0.0.1:1/x"])
def test_a_foreign_url_is_refused(sandbox: Sandbox, url: str) -> None:
    client = sandbox.pismo().client()
    for attempt in (client.authorization, client.authorize, client.get):
        with pytest.raises(evertoken.OriginRefusedError):
            attempt(url)
    assert not client.allows(url)
    assert sandbox.counts()["total"]["requests"] == 0


def test_another_origin_may_be_allowed(sandbox: Sandbox) -> None:
    client = sandbox.pismo().client(allowed_origins=[sandbox.foreign_url])
    assert client.allows(sandbox.foreign_url)
    assert client.get(f"{sandbox.foreign_url}/pismo/api/x").ok


@pytest.mark.parametrize("url", ["/a\r\nb", "/a\0b", "http://[", "/\ud800"])
def test_an_invalid_url_is_refused(sandbox: Sandbox, url: str) -> None:
    client = sandbox.pismo().client()
    for attempt in (client.authorization, client.get):
        with pytest.raises(evertoken.ConfigInvalidError):
            attempt(url)


def test_closing_is_final_prompt_and_idempotent(sandbox: Sandbox) -> None:
    with sandbox.pismo().client() as client:
        client.token()
        other = sandbox.pismo().client()
    client.close()
    for attempt in (client.token, client.authorization, lambda: client.get("/x")):
        with pytest.raises(evertoken.ClosedError):
            attempt()
    assert other.token().via == "login"
    assert sandbox.counts()["pismo"]["login"] == 1


def test_closing_can_revoke(sandbox: Sandbox) -> None:
    client = sandbox.wso2().client()
    client.token()
    client.close(revoke=True)
    assert sandbox.counts()["wso2"]["revoke"] == 2


async def test_closing_in_asyncio(sandbox: Sandbox) -> None:
    async with sandbox.wso2().async_client() as client:
        await client.token()
        await client.close(revoke=True)
        await client.close()
    with pytest.raises(evertoken.ClosedError):
        await client.token()
    assert sandbox.counts()["wso2"]["revoke"] == 2


def test_state_and_stats(sandbox: Sandbox) -> None:
    client = sandbox.pismo().client()
    assert client.state().standing == "none"
    assert (client.state().expires_in, client.state().last_error, client.state().via) == (None, None, None)
    token = client.token()
    state = client.state()
    assert (state.standing, state.fingerprint, state.via) == ("fresh", token.fingerprint, "login")
    assert client.stats().as_dict() == {
        "tokens_served": 1,
        "flights": 1,
        "failures": 0,
        "logins": 1,
        "refreshes": 0,
        "refused": 0,
        "resends": 0,
        "given_back": 0,
        "waiting": 0,
    }
    client.invalidate()
    assert client.state().standing == "expired"
    assert "<State expired token=" in repr(client.state())
    assert "logins=1" in repr(client.stats())


def test_a_rejected_login_pauses_until_reset(sandbox: Sandbox) -> None:
    client = sandbox.plain().client(password="wrong")
    for _ in range(3):
        with pytest.raises(evertoken.CredentialsRejectedError) as rejected:
            client.token()
    assert rejected.value.provider_code == "invalid_grant"
    assert rejected.value.http_status == 400
    assert sandbox.counts()["plain"]["login"] == 1
    state = client.state()
    assert state.standing == "locked_out"
    assert isinstance(state.last_error, evertoken.CredentialsRejectedError)
    assert state.next_try_in is not None
    client.reset()
    with pytest.raises(evertoken.CredentialsRejectedError):
        client.token()
    assert sandbox.counts()["plain"]["login"] == 2


def test_a_caller_times_out_alone(sandbox: Sandbox) -> None:
    sandbox.arm("gate", route="login")
    client = sandbox.pismo().client()
    with pytest.raises(evertoken.TimedOutError) as late:
        client.token(timeout=0.01)
    assert isinstance(late.value, TimeoutError)
    assert late.value.retryable
    sandbox.wait_held(1)
    sandbox.release()
    assert client.token(timeout=float("inf")).via == "login"
    assert sandbox.counts()["pismo"]["login"] == 1


def test_bring_your_own_http(sandbox: Sandbox) -> None:
    client = sandbox.pismo().client()
    sent = client.authorize("/pismo/api/x")
    assert (sent.is_resend, sent.value) == (False, client.authorization())
    assert sent.value not in repr(sent)
    assert client.judge(sent, 200).action == "done"
    assert client.judge(sent, 403).action == "done"
    for realm in ("x", "B\xfcro", "B\udcfcro"):
        verdict = client.judge(sent, 401, headers={"WWW-Authenticate": f'Bearer realm="{realm}", error="insufficient_scope"'})
        assert (verdict.action, verdict.reason, verdict.authorization) == ("give_back", "insufficient_rights", None)
    verdict = client.judge(sent, 401, headers=[("content-type", "text/plain"), ("bad name", "\r\n")], body=b"nope")
    assert verdict.action == "resend"
    again = verdict.authorization
    assert again is not None
    assert again.is_resend
    assert again.generation > sent.generation
    verdict = client.judge(again, 401)
    assert (verdict.action, verdict.reason, verdict.error) == ("give_back", "refused_again", None)
    assert sandbox.counts()["pismo"]["login"] == 2
