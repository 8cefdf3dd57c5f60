"""Events, their hooks, and the log."""

from __future__ import annotations

import gc
import logging
import sys
import weakref
from datetime import timedelta
from typing import Any

import pytest

import evertoken
from evertoken import Event
from evertoken.testing import Sandbox

API = "/pismo/api/things"


def test_events_of_a_login_and_a_healed_401(sandbox: Sandbox) -> None:
    client = sandbox.pismo().client()
    events: list[Event] = []
    client.on_event(events.append)
    client.get(API)
    sandbox.revoke()
    client.get(API)
    assert [event.name for event in events] == [
        "flight_started",
        "token_installed",
        "refused",
        "flight_started",
        "token_installed",
        "resent",
    ]
    installed = events[1]
    assert (installed.via, installed.reason, installed.error, installed.pause) == ("login", None, None, None)
    assert installed.expires_in is not None
    assert timedelta(seconds=590) < installed.expires_in <= timedelta(seconds=600)
    assert installed.identity == client.identity
    assert installed.fingerprint == events[2].fingerprint
    assert repr(installed) == f"<Event token_installed:login [{client.identity}] token {installed.fingerprint}>"


def test_events_of_failures(sandbox: Sandbox) -> None:
    client = sandbox.plain().client(password="wrong")
    events: list[Event] = []
    client.on_event(events.append)
    with pytest.raises(evertoken.CredentialsRejectedError):
        client.token()
    assert sorted(event.name for event in events) == ["flight_failed", "flight_started", "locked_out"]
    locked_out = next(event for event in events if event.name == "locked_out")
    assert isinstance(locked_out.error, evertoken.CredentialsRejectedError)
    assert locked_out.pause == timedelta(minutes=1)


def test_a_subscription_ends(sandbox: Sandbox) -> None:
    client = sandbox.pismo().client()
    events: list[Event] = []
    with client.on_event(events.append) as subscription:
        assert repr(subscription) == "<Subscription>"
        client.token()
    assert repr(subscription) == "<Subscription closed>"
    subscription.close()
    client.invalidate()
    client.token()
    assert len(events) == 2
    other = client.on_event(events.append)
    client.close()
    assert other.closed
    with pytest.raises(TypeError, match="callable"):
        client.on_event("not callable")  # type: ignore[arg-type]


def test_what_a_hook_raises_is_reported_and_affects_nothing_else(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda report: reported.append((report.exc_type, report.object)))
    client = sandbox.pismo().client()

    def hook(event: Event) -> None:
        raise LookupError(event.name)

    events: list[Event] = []
    client.on_event(hook)
    client.on_event(events.append)
    assert client.get(API).ok
    assert reported == [(LookupError, hook)] * 2
    assert len(events) == 2


def test_a_hook_that_knows_its_client_does_not_keep_it_alive(sandbox: Sandbox) -> None:
    class Owner:
        def __init__(self) -> None:
            self.client = sandbox.pismo().client()
            self.client.on_event(self.hear)

        def hear(self, event: Event) -> None:
            pass

    owner = Owner()
    owner.client.token()
    gone = weakref.ref(owner)
    del owner
    gc.collect()
    assert gone() is None


def test_the_log(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="evertoken")
    client = sandbox.pismo().client(max_attempts=1)
    client.get(API)
    sandbox.revoke()
    client.get(API)
    sandbox.arm({"type": "status", "status": 503}, route="login")
    client.invalidate()
    with pytest.raises(evertoken.ServerUnavailableError):
        client.token()
    lines = [(record.levelname, record.getMessage().split()[0]) for record in caplog.records if record.name == "evertoken"]
    assert lines == [
        ("DEBUG", "flight_started"),
        ("INFO", "token_installed"),
        ("DEBUG", "refused"),
        ("DEBUG", "flight_started"),
        ("INFO", "token_installed"),
        ("DEBUG", "resent"),
        ("DEBUG", "flight_started"),
        ("WARNING", "flight_failed"),
    ]
    assert f"identity={client.identity}" in caplog.text
    installed = [record.getMessage() for record in caplog.records if "token_installed" in record.getMessage()]
    assert f"fingerprint={client.state().fingerprint}" in installed[-1]
    assert "kind=server_unavailable" in caplog.text


def test_the_log_is_quiet_where_it_is_not_wanted(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="evertoken")
    sandbox.pismo().client().get(API)
    assert [record for record in caplog.records if record.name.startswith("evertoken")] == []


def test_a_closed_client_takes_no_more_listeners(sandbox: Sandbox) -> None:
    client = sandbox.pismo().client()
    client.close()
    with pytest.raises(evertoken.ClosedError):
        client.on_event(print)
