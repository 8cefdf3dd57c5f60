"""Spans and metrics through the OpenTelemetry API. Imported with the first event, and only by a program that uses that API.

A span is one token request. It has no parent, because any number of callers may wait for it.
"""

from __future__ import annotations

import os
from time import perf_counter

from opentelemetry.context import Context
from opentelemetry.metrics import get_meter
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, get_tracer

from ._native import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._native import Event
    from .errors import EvertokenError

__all__ = ["heard"]

# In seconds, as the semantic conventions advise for HTTP requests. The API's default suits milliseconds.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)

# Both are proxies, which use a provider that is set later.
_tracer = get_tracer("evertoken", VERSION)
_meter = get_meter("evertoken", VERSION)

_requests = _meter.create_counter("evertoken.token_requests", "{request}", "Token requests: logins and refreshes")
_duration = _meter.create_histogram(
    "evertoken.token_request.duration", "s", "How long a token request took", explicit_bucket_boundaries_advisory=BUCKETS
)
_refusals = _meter.create_counter("evertoken.refusals", "{response}", "Responses of the API with 401")
_resends = _meter.create_counter("evertoken.resends", "{request}", "Requests sent once more with a new token")
_given_back = _meter.create_counter("evertoken.given_back", "{response}", "Responses with 401 that were returned to the caller")
_lockouts = _meter.create_counter("evertoken.lockouts", "{lockout}", "Rejections of the credentials, each followed by a pause")

_under_way: dict[int, tuple[Span, float]] = {}
"""The token request in progress of each identity, and when it began. Those of one identity do not overlap."""

# A forked child has none of its parent's requests in progress.
os.register_at_fork(after_in_child=_under_way.clear)


def heard(identity: int, event: Event) -> None:
    """Notes an event.

    Args:
        identity: A number that no other identity has as long as this one exists.
        event: What happened to it.
    """
    common = {"evertoken.identity": event.identity}
    name = event.name
    if name == "flight_started":
        _started(identity, common)
    elif name in {"token_installed", "flight_failed"}:
        _ended(identity, event, common)
    elif name == "refused":
        _refusals.add(1, common)
    elif name == "resent":
        _resends.add(1, common)
    elif name == "given_back":
        _given_back.add(1, {**common, "evertoken.reason": event.reason or ""})
    elif name == "locked_out":
        _lockouts.add(1, {**common, "error.type": _code(event.error)})


def _started(identity: int, common: dict[str, str]) -> None:
    span = _tracer.start_span("evertoken.token_request", Context(), SpanKind.CLIENT, common)
    before = _under_way.pop(identity, None)
    if before is not None:
        # The runtime that carried it has ended, so there was no event for its end.
        before[0].set_status(Status(StatusCode.ERROR, "abandoned"))
        before[0].end()
    _under_way[identity] = span, perf_counter()


def _ended(identity: int, event: Event, common: dict[str, str]) -> None:
    span, began = _under_way.pop(identity, (None, 0.0))
    if span is None:
        return  # it began before this module listened, or the token was given, not requested
    how = {"evertoken.via": event.via} if event.via is not None else {"error.type": _code(event.error)}
    _requests.add(1, {**common, **how})
    _duration.record(perf_counter() - began, {**common, **how})
    span.set_attributes(how)
    if event.error is not None:
        _explain(span, event.error)
    elif event.fingerprint is not None:
        span.set_attribute("evertoken.fingerprint", event.fingerprint)
        if event.expires_in is not None:
            span.set_attribute("evertoken.expires_in", event.expires_in.total_seconds())
    span.end()


def _explain(span: Span, error: EvertokenError) -> None:
    span.set_status(Status(StatusCode.ERROR, error.message))
    if error.http_status is not None:
        span.set_attribute("http.response.status_code", error.http_status)
    if error.provider_code is not None:
        span.set_attribute("evertoken.provider_code", error.provider_code)


def _code(error: EvertokenError | None) -> str:
    return error.code if error is not None else "internal"
