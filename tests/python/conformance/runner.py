"""One vector against one sandbox."""

from __future__ import annotations

import gc
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import evertoken
from evertoken.testing import Sandbox

from . import expect
from .styles import Call, ClientStyle

PLACEHOLDER = re.compile(r"\{\{([^}]+)\}\}")
VECTOR_KEYS = {
    "name", "about", "source", "flow", "options", "clients", "settings", "script", "faults", "secrets", "build_error", "steps", "expect"
}  # fmt: skip
STEP_KEYS = {
    "token": {"min_ttl", "timeout"},
    "authorization": {"url"},
    "request": {"method", "url", "headers", "body", "one_shot", "timeout"},
    "judge": {"url", "status", "headers", "body", "replayable", "expect"},
    "control": {"post", "get", "delete", "body", "expect"},
    "until": {"stats"},
    "state": {"expect"},
    "stats": {"expect"},
    "invalidate": set(),
    "reset": set(),
    "close": {"revoke", "expect"},
    "join": {"id", "expect"},
    "cancel": {"id"},
}
CALL_KEYS = {"callers", "id", "save", "expect"}
CALL_STEPS = {"token", "authorization", "request"}
PATIENCE_SECS = 10


class Place:
    """A sandbox and what the placeholders of its vectors stand for."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        info = sandbox.info
        self.values: dict[str, Any] = {name: info[f"{name}_url"] for name in ("foreign", "https")}
        self.values["base"] = info["url"]
        for name in ("ca", "client_cert", "client_key"):
            path = folder / f"{name}.pem"
            path.write_text(info[f"{name}_pem"])
            self.values[f"{name}_file"] = str(path)
        for provider, fields in info["credentials"].items():
            for field, value in fields.items():
                self.values[f"cred:{provider}.{field}"] = value

    def fill(self, value: Any, case: str) -> Any:
        if isinstance(value, dict):
            return {name: self.fill(one, case) for name, one in value.items()}
        if isinstance(value, list):
            return [self.fill(one, case) for one in value]
        if not isinstance(value, str):
            return value
        values = {**self.values, "case": case}
        whole = PLACEHOLDER.fullmatch(value)
        if whole:
            return values[whole[1]]
        return PLACEHOLDER.sub(lambda found: str(values[found[1]]), value)


class Run:
    """One vector under way."""

    def __init__(self, place: Place, style: ClientStyle, vector: dict[str, Any]) -> None:
        expect.unknown("vector", vector, VECTOR_KEYS)
        self.place, self.style, self.vector = place, style, vector
        self.sandbox = place.sandbox
        # The style as well: a rejection is remembered beyond the clients that met it.
        self.case = f"{vector['name']}-{type(style).__name__}"
        self.clients: dict[str, Any] = {}
        self.calls: dict[str, tuple[dict[str, Any], list[Call]]] = {}
        self.saved: dict[str, str] = {}
        self.secrets: set[str] = set(self.fill(vector.get("secrets", [])))
        self.shown: list[str] = []
        self.events: list[evertoken.Event] = []

    def fill(self, value: Any) -> Any:
        return self.place.fill(value, self.case)

    def __call__(self) -> None:
        self.prepare()
        try:
            if "build_error" in self.vector:
                self.refuse()
            else:
                self.client("a")
                for step in self.vector["steps"]:
                    self.step(step)
                assert not self.calls, f"never joined: {list(self.calls)}"
                self.finish(self.vector["expect"])
        finally:
            for client in self.clients.values():
                self.style.start(client, "close").result(PATIENCE_SECS)
        self.check_always(self.vector.get("expect", {}))

    def prepare(self) -> None:
        # An exception and the frames it came through hold each other, and so the last vector's clients and their identity.
        gc.collect()
        self.sandbox.reset()
        for name in ("settings", "script", "faults"):
            if name in self.vector:
                self.sandbox.control("POST", f"/{name}", self.vector[name])

    def refuse(self) -> None:
        try:
            self.client("a")
        except evertoken.EvertokenError as error:
            self.show(error)
            expect.error(error, self.vector["build_error"])
        else:
            raise AssertionError("the client was made although it must not be")

    def client(self, name: str) -> Any:
        if name not in self.clients:
            own = {} if name == "a" else self.vector["clients"][name]
            client = self.style.client(self.vector["flow"], self.fill({**self.vector["options"], **own}))
            self.clients[name] = client
            if name == "a":
                client.on_event(self.events.append)
        return self.clients[name]

    def show(self, *things: object) -> None:
        """Notes all that can be printed of these: no secret may be in it."""
        for thing in things:
            self.shown += [repr(thing), str(thing)]
            if isinstance(thing, evertoken.EvertokenError):
                self.shown += [repr(vars(thing)), repr(thing.__reduce__())]

    def step(self, step: dict[str, Any]) -> None:
        kind = step["do"]
        allowed = STEP_KEYS[kind] | {"do", "client"} | (CALL_KEYS if kind in CALL_STEPS else set())
        expect.unknown(kind, step, allowed)
        if kind in CALL_STEPS:
            self.call(kind, step)
            return
        if kind in {"control", "join", "cancel"}:
            getattr(self, kind)(step)
            return
        getattr(self, kind)(self.client(step.get("client", "a")), step)

    def call(self, kind: str, step: dict[str, Any]) -> None:
        client = self.client(step.get("client", "a"))
        args, options = self.arguments(kind, step)
        calls = []
        for _ in range(step.get("callers", 1)):
            if step.get("one_shot"):
                options["content"] = self.style.body(step["body"])
            calls.append(self.style.start(client, kind, *args, **options))
        if "id" in step:
            self.calls[step["id"]] = (step, calls)
        else:
            self.outcomes(step, calls, step.get("expect", {}))

    def arguments(self, kind: str, step: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        step = self.fill(step)
        if kind == "token":
            return [], {name: step[name] for name in ("min_ttl", "timeout") if name in step}
        if kind == "authorization":
            return [step[name] for name in ("url",) if name in step], {}
        options: dict[str, Any] = {name: step[name] for name in ("headers", "timeout") if name in step}
        if "body" in step:
            options["content"] = step["body"]
        return [step.get("method", "GET"), step["url"]], options

    def outcomes(self, step: dict[str, Any], calls: list[Call], wanted: dict[str, Any]) -> None:
        wanted = self.fill(wanted)
        for call in calls:
            try:
                result = call.result(60)
            except evertoken.EvertokenError as error:
                self.show(error)
                if "error" not in wanted:
                    raise
                expect.error(error, wanted["error"])
            else:
                assert "error" not in wanted, f"{step} went well: {result!r}"
                self.result(step, result, wanted)

    def result(self, step: dict[str, Any], result: Any, wanted: dict[str, Any]) -> None:
        if isinstance(result, evertoken.Response):
            return self.response(result, wanted)
        known = {"value", "same_as", "differs_from"}
        value = result
        if isinstance(result, evertoken.Token):
            self.show(result)
            value = result.value
            self.secrets.add(value)
            known |= {"expires_in", "scope"}
            if "expires_in" in wanted:
                expect.within("expires_in", result.expires_in, wanted["expires_in"])
            if "scope" in wanted:
                expect.equal("scope", result.scope, wanted["scope"])
        expect.unknown("expect", wanted, known)
        if "value" in wanted:
            expect.equal("value", value, wanted["value"])
        if "same_as" in wanted:
            assert value == self.saved[wanted["same_as"]], "it is another one"
        if "differs_from" in wanted:
            assert value != self.saved[wanted["differs_from"]], "it is the same one"
        if "save" in step:
            self.saved[step["save"]] = value
        return None

    def response(self, response: evertoken.Response, wanted: dict[str, Any]) -> None:
        expect.unknown("expect", wanted, {"status", "reason", "body", "headers"})
        self.show(response, response.auth, response.auth.error)
        if "status" in wanted:
            expect.equal("status", response.status_code, wanted["status"])
        if "reason" in wanted:
            expect.equal("reason", response.auth.reason, wanted["reason"])
        if "body" in wanted:
            expect.equal("body", response.text, wanted["body"])
        for name, value in wanted.get("headers", {}).items():
            expect.equal(name, response.headers[name], value)

    def join(self, step: dict[str, Any]) -> None:
        started, calls = self.calls.pop(step["id"])
        self.outcomes(started, calls, {**started.get("expect", {}), **step.get("expect", {})})

    def cancel(self, step: dict[str, Any]) -> None:
        for call in self.calls.pop(step["id"])[1]:
            call.cancel()

    def control(self, step: dict[str, Any]) -> None:
        method = next(name for name in ("post", "get", "delete") if name in step)
        answer = self.sandbox.control(method.upper(), step[method], step.get("body", {}))
        for name, value in step.get("expect", {}).get("answer", {}).items():
            expect.equal(name, answer[name], value)

    def judge(self, client: Any, step: dict[str, Any]) -> None:
        step = self.fill(step)
        authorization = self.style.start(client, "authorize", step["url"]).result(60)
        verdict = self.style.start(
            client,
            "judge",
            authorization,
            step["status"],
            headers=step.get("headers"),
            body=step.get("body", "").encode(),
            replayable=step.get("replayable", True),
        ).result(60)
        self.show(authorization, verdict, verdict.error)
        wanted = step.get("expect", {})
        expect.unknown("expect", wanted, {"verdict", "reason"})
        if "verdict" in wanted:
            expect.equal("verdict", verdict.action, wanted["verdict"])
        if "reason" in wanted:
            expect.equal("reason", verdict.reason, wanted["reason"])

    def until(self, client: Any, step: dict[str, Any]) -> None:
        end = time.monotonic() + PATIENCE_SECS
        while any(getattr(client.stats(), name) != value for name, value in step["stats"].items()):
            assert time.monotonic() < end, f"wanted {step['stats']}, got {client.stats()}"
            time.sleep(0.001)

    def state(self, client: Any, step: dict[str, Any]) -> None:
        self.show(client.state())
        expect.state(client.state(), step["expect"])

    def stats(self, client: Any, step: dict[str, Any]) -> None:
        expect.stats(client.stats(), step["expect"])

    def invalidate(self, client: Any, _: dict[str, Any]) -> None:
        client.invalidate()

    def reset(self, client: Any, _: dict[str, Any]) -> None:
        client.reset()

    def close(self, client: Any, step: dict[str, Any]) -> None:
        self.outcomes(step, [self.style.start(client, "close", revoke=step.get("revoke", False))], step.get("expect", {}))

    def finish(self, wanted: dict[str, Any]) -> None:
        expect.unknown("expect", wanted, {"calls", "counts", "events", "events_any_order", "state", "stats"})
        client = self.client("a")
        self.show(client, client.state(), client.stats())
        counts = self.sandbox.counts()
        expect.equal("calls", counts["paths"], wanted["calls"])
        for path, value in wanted.get("counts", {}).items():
            got: Any = counts
            for name in path.split("."):
                got = got[name]
            expect.equal(path, got, value)
        events = [expect.event(event) for event in self.events]
        if "events" in wanted:
            expect.equal("events", events, wanted["events"])
        if "events_any_order" in wanted:
            expect.equal("events", Counter(events), Counter(wanted["events_any_order"]))
        if "state" in wanted:
            expect.state(client.state(), wanted["state"])
        if "stats" in wanted:
            expect.stats(client.stats(), wanted["stats"])

    def check_always(self, wanted: dict[str, Any]) -> None:
        counts = self.sandbox.counts()
        named = wanted.get("counts", {})
        for name in ("script_exhausted", "expect_failed", "foreign"):
            if name not in named:
                mismatches = [entry["mismatches"] for entry in self.sandbox.journal() if entry["mismatches"]]
                assert counts[name] == 0, f"{name}: {counts[name]} {mismatches}"
        self.show(*self.events, *(event.error for event in self.events))
        for secret in self.secrets:
            leaks = [text.replace(secret, "***") for text in self.shown if secret and secret in text]
            assert not leaks, f"a secret is shown by {leaks}"
