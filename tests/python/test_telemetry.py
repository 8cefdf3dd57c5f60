"""OpenTelemetry: a span for each token request and counters of what happens, for programs that use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, MetricsData, NumberDataPoint
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import evertoken
from evertoken import Client
from evertoken.testing import Sandbox
from support import program, well

API = "/pismo/api/things"


class Telemetry:
    """What was exported since the test began."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        self._before: dict[Any, float] = {}
        tracers = TracerProvider()
        tracers.add_span_processor(SimpleSpanProcessor(self._exporter))
        trace.set_tracer_provider(tracers)
        metrics.set_meter_provider(MeterProvider([self._reader]))

    def begin(self) -> None:
        self._exporter.clear()
        self._before = self._totals()

    def spans(self) -> list[ReadableSpan]:
        return list(self._exporter.get_finished_spans())

    def _points(self) -> Iterator[tuple[str, str, Mapping[str, Any], float]]:
        data = self._reader.get_metrics_data()
        assert isinstance(data, MetricsData | None)
        for resource in data.resource_metrics if data else ():
            for scope in resource.scope_metrics:
                assert (scope.scope.name, scope.scope.version) == ("evertoken", evertoken.__version__)
                for metric in scope.metrics:
                    for point in metric.data.data_points:
                        assert isinstance(point, (NumberDataPoint, HistogramDataPoint))
                        count = point.count if isinstance(point, HistogramDataPoint) else point.value
                        yield metric.name, metric.unit or "", dict(point.attributes or {}), count

    def _totals(self) -> dict[Any, float]:
        return {(name, unit, tuple(sorted(attributes.items()))): count for name, unit, attributes, count in self._points()}

    def counts(self, client: Client) -> dict[Any, float]:
        """Name, unit and further attributes of each counter of this client's identity, and by how much it rose."""
        rose = {}
        for (name, unit, attributes), count in self._totals().items():
            if by := count - self._before.get((name, unit, attributes), 0):
                further = dict(attributes)
                assert further.pop("evertoken.identity") == client.identity
                key = name.removeprefix("evertoken."), unit, *sorted(further.items())
                rose[key] = by
        return rose


@pytest.fixture(scope="module")
def everything() -> Telemetry:
    return Telemetry()


@pytest.fixture
def telemetry(everything: Telemetry) -> Telemetry:
    everything.begin()
    return everything


def test_a_login_is_a_span_of_its_own(sandbox: Sandbox, telemetry: Telemetry) -> None:
    client = sandbox.pismo().client()
    with trace.get_tracer("mine").start_as_current_span("caller"):
        token = client.token()
    span, caller = telemetry.spans()
    assert caller.name == "caller"
    assert (span.name, span.kind, span.parent) == ("evertoken.token_request", trace.SpanKind.CLIENT, None)
    assert span.instrumentation_scope is not None
    assert (span.instrumentation_scope.name, span.instrumentation_scope.version) == ("evertoken", evertoken.__version__)
    attributes = dict(span.attributes or {})
    life = attributes.pop("evertoken.expires_in")
    assert isinstance(life, float)
    assert 590 < life <= 600
    assert attributes == {"evertoken.identity": client.identity, "evertoken.via": "login", "evertoken.fingerprint": token.fingerprint}
    assert span.status.is_unset
    how = ("evertoken.via", "login")
    assert telemetry.counts(client) == {("token_requests", "{request}", how): 1, ("token_request.duration", "s", how): 1}


def test_a_token_that_does_not_expire_has_no_lifetime(sandbox: Sandbox, telemetry: Telemetry) -> None:
    sandbox.passkit().client().token()
    (span,) = telemetry.spans()
    assert "evertoken.expires_in" not in (span.attributes or {})


def test_clients_that_share_a_token_count_its_request_once(sandbox: Sandbox, telemetry: Telemetry) -> None:
    clients = [sandbox.wso2().client() for _ in range(3)]
    for client in clients:
        client.get("/wso2/api/x")
    sandbox.revoke()
    for client in clients:
        client.get("/wso2/api/x")
    assert [span.attributes["evertoken.via"] for span in telemetry.spans() if span.attributes] == ["login", "login"]
    how = ("evertoken.via", "login")
    assert telemetry.counts(clients[0]) == {
        ("token_requests", "{request}", how): 2,
        ("token_request.duration", "s", how): 2,
        ("refusals", "{response}"): 1,
        ("resends", "{request}"): 1,
    }


def test_a_refresh_is_told_from_a_login(sandbox: Sandbox, telemetry: Telemetry) -> None:
    client = sandbox.plain().client()
    client.token()
    client.invalidate()
    client.token()
    assert telemetry.counts(client)[("token_requests", "{request}", ("evertoken.via", "refresh"))] == 1


def test_a_rejected_login_is_an_error(sandbox: Sandbox, telemetry: Telemetry) -> None:
    client = sandbox.plain().client(password="wrong-password")
    with pytest.raises(evertoken.CredentialsRejectedError) as rejected:
        client.token()
    (span,) = telemetry.spans()
    assert span.status.status_code is trace.StatusCode.ERROR
    assert span.status.description == rejected.value.message
    assert dict(span.attributes or {}) == {
        "evertoken.identity": client.identity,
        "error.type": "credentials_rejected",
        "http.response.status_code": 400,
        "evertoken.provider_code": "invalid_grant",
    }
    how = ("error.type", "credentials_rejected")
    assert telemetry.counts(client) == {
        ("token_requests", "{request}", how): 1,
        ("token_request.duration", "s", how): 1,
        ("lockouts", "{lockout}", how): 1,
    }


def test_a_401_that_is_given_back_tells_why(sandbox: Sandbox, telemetry: Telemetry) -> None:
    client = sandbox.pismo().client()
    sandbox.arm("unauthorized", route="api", count=0)
    assert client.get(API).auth.reason == "refused_again"
    counts = telemetry.counts(client)
    assert counts[("refusals", "{response}")] == 2
    assert counts[("given_back", "{response}", ("evertoken.reason", "refused_again"))] == 1


def test_no_secret_is_exported(sandbox: Sandbox, telemetry: Telemetry) -> None:
    provider = sandbox.plain()
    client = provider.client()
    secrets = {provider.options["password"], provider.options["client_secret"], client.token().value}
    echo = {"error": "invalid_grant", "error_description": f"no {' '.join(secrets)}"}
    sandbox.arm({"type": "status", "status": 400, "json": echo}, route="token", count=0)
    client.invalidate()
    with pytest.raises(evertoken.CredentialsRejectedError):
        client.token()
    exported = [span.to_json() for span in telemetry.spans()] + [repr(telemetry.counts(client))]
    assert len(exported) == 3
    assert not [secret for secret in secrets for text in exported if secret in text]


def test_a_forked_child_leaves_its_parents_requests_alone(sandbox: Sandbox, telemetry: Telemetry) -> None:
    assert well(program("fork_telemetry.py")) == "child: 0, parent: 1"


@pytest.mark.parametrize("how", ["absent", "unused"])
def test_nothing_is_loaded_where_it_is_not_used(how: str) -> None:
    assert well(program("no_telemetry.py", how)) == "loaded: []"
