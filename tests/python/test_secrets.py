"""No secret is shown by anything: objects, errors, logs at DEBUG, tracebacks' own words."""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import httpx
import pytest
import requests

import evertoken
from evertoken import Event
from evertoken.testing import Provider, Sandbox

SECRET_FIELDS = {"server_key", "server_secret", "password", "consumer_secret", "client_secret"}


def shown(thing: Any) -> Iterator[str]:
    """Everything that can be printed of a thing."""
    yield from (repr(thing), str(thing), f"{thing!a}")
    for name in dir(thing):
        if not name.startswith("__") and name not in {"value", "claims"} and not callable(getattr(thing, name, None)):
            yield f"{name}={getattr(thing, name)!r}"
    if isinstance(thing, BaseException):
        yield repr(vars(thing))
        yield pickle.dumps(thing).decode("latin-1")
        yield "".join(traceback.format_exception_only(type(thing), thing))
    else:
        with pytest.raises(TypeError) as refused:
            pickle.dumps(thing)
        yield repr(refused.value)


def failing(call: Callable[[], object]) -> evertoken.EvertokenError:
    with pytest.raises(evertoken.EvertokenError) as failed:
        call()
    return failed.value


@pytest.mark.parametrize("name", ["pismo", "passkit", "wso2", "plain"])
def test_no_secret_is_shown(sandbox: Sandbox, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], name: str) -> None:
    caplog.set_level(logging.DEBUG)
    provider: Provider = getattr(sandbox, name)()
    secrets = {value for field, value in provider.options.items() if field in SECRET_FIELDS}
    assert secrets
    client, other = provider.client(max_attempts=1), provider.async_client()
    events: list[Event] = []
    subscription = client.on_event(events.append)
    things: list[Any] = [client, other, subscription]
    for _ in range(2):
        token, authorization = client.token(), client.authorize(f"{provider.api_path}/x")
        secrets |= {token.value, authorization.value}
        things += [token, authorization, client.judge(authorization, 200)]
        sandbox.revoke(name)
        response = client.get(f"{provider.api_path}/x")
        assert response.ok
        things += [client.judge(client.authorize("/x"), 401), client.state(), client.stats()]
    sandbox.arm({"type": "status", "status": 400, "text": " ".join(secrets)}, route="token", count=3)
    client.invalidate()
    things.append(failing(client.token))
    client.reset()
    echo = {"error": "invalid_request", "error_description": f"no {' '.join(secrets)}", "message": f"bad {' '.join(secrets)}"}
    sandbox.arm({"type": "status", "status": 401, "json": echo}, route="token", count=3)
    things.append(failing(client.token))
    things.append(failing(lambda: client.get("https://elsewhere.example/?" + token.value)))
    things.append(failing(lambda: provider.client(timeout="x")))
    things.append(failing(lambda: client.get("/x", headers={"x": f"{token.value}\n"})))
    things += [client.state(), *events]
    texts = [text for thing in things for text in shown(thing)]
    texts += [record.getMessage() + repr(vars(record)) for record in caplog.records]
    texts += capfd.readouterr()
    assert any(record.name == "evertoken" for record in caplog.records)
    for secret in secrets:
        assert not [text.replace(secret, "***") for text in texts if secret in text]


async def test_what_other_libraries_raise_shows_no_token(sandbox: Sandbox) -> None:
    provider = sandbox.pismo()
    path = f"{provider.api_path}/x"
    url = sandbox.url + path
    errors: list[Exception] = []
    async with provider.async_client() as client:
        token = (await client.token()).value
        for fault in ({"type": "status", "status": 500}, {"type": "redirect", "status": 302, "location": path}):
            sandbox.arm(fault, route="api", count=0)
            async with aiohttp.ClientSession(middlewares=[client.aiohttp_middleware()]) as session:
                with pytest.raises(aiohttp.ClientResponseError) as refused:
                    (await session.get(url)).raise_for_status()
                errors.append(refused.value)
            async with httpx.AsyncClient(auth=client.httpx_auth(), follow_redirects=True) as http:
                with pytest.raises(httpx.HTTPError) as failed:
                    (await http.get(url)).raise_for_status()
                errors.append(failed.value)
            with pytest.raises(requests.RequestException) as broken:
                requests.get(url, auth=provider.client().requests_auth(), timeout=30).raise_for_status()
            errors.append(broken.value)
            sandbox.disarm()
    for error in errors:
        assert token not in "".join((repr(error), str(error), repr(vars(error)), *traceback.format_exception(error)))
