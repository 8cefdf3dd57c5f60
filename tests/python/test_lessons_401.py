"""Where libraries in the field go wrong with an answer 401, bodies and redirects, each as a case to do better at.

The same through other HTTP libraries is in test_adapters.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import evertoken
from evertoken import Client
from evertoken.testing import Sandbox

API = "/pismo/api/things"


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    with sandbox.pismo().client() as client:
        yield client


def counts(sandbox: Sandbox) -> tuple[int, int, int]:
    """Logins, API requests, and those of them that were answered 401."""
    mine = sandbox.counts()["pismo"]
    return mine["login"], mine["api"], mine["api_401"]


def refuse_for_lack_of_rights(sandbox: Sandbox) -> None:
    challenge = {"www-authenticate": 'Bearer error="insufficient_scope"'}
    sandbox.arm({"type": "status", "status": 401, "headers": challenge}, route="api", count=0)


def test_ten_401s_at_once_make_one_renewal(sandbox: Sandbox, client: Client) -> None:
    client.token()
    sandbox.arm("gate", route="api", count=10)
    with ThreadPoolExecutor(10) as pool:
        calls = [pool.submit(client.get, API) for _ in range(10)]
        sandbox.wait_held(10)
        sandbox.revoke()
        sandbox.release()
        assert [call.result().status_code for call in calls] == [200] * 10
    assert counts(sandbox) == (2, 20, 10)


def test_a_late_401_makes_no_second_renewal(sandbox: Sandbox, client: Client) -> None:
    client.token()
    sandbox.revoke()
    sandbox.arm("gate", route="/pismo/api/late")
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(client.get, "/pismo/api/late")
        sandbox.wait_held(1)
        assert client.get(API).ok
        sandbox.release()
        assert late.result().ok
    assert counts(sandbox) == (2, 4, 2)


def test_a_401_before_the_known_expiry_replaces_the_dead_token(sandbox: Sandbox, client: Client) -> None:
    dead = client.token()
    sandbox.revoke()
    assert client.get(API).ok
    assert client.token().value != dead.value
    assert client.get(API).ok
    assert counts(sandbox) == (2, 3, 1)


def test_an_api_that_always_says_401_costs_two_logins(sandbox: Sandbox, client: Client) -> None:
    sandbox.arm("unauthorized", route="api", count=0)
    answers = [client.get(API) for _ in range(50)]
    assert {answer.status_code for answer in answers} == {401}
    assert [answer.auth.reason for answer in answers] == ["refused_again"] + ["storm_guard"] * 49
    assert counts(sandbox) == (2, 51, 51)


def test_a_401_that_means_forbidden_does_not_loop(sandbox: Sandbox, client: Client) -> None:
    refuse_for_lack_of_rights(sandbox)
    answers = [client.get(API) for _ in range(20)]
    assert {(answer.status_code, answer.auth.reason) for answer in answers} == {(401, "insufficient_rights")}
    assert counts(sandbox) == (1, 20, 20)


def test_a_403_causes_no_renewal(sandbox: Sandbox, client: Client) -> None:
    sandbox.arm({"type": "status", "status": 403}, route="api", count=0)
    assert {client.get(API).status_code for _ in range(20)} == {403}
    assert sandbox.counts()["pismo"]["login"] == 1


@pytest.mark.parametrize("make", [lambda: b"body", lambda: "body", lambda: io.BytesIO(b"body"), lambda: [b"bo", b"dy"]])
def test_the_whole_body_is_sent_again(sandbox: Sandbox, client: Client, make: Any) -> None:
    """A file that is sent again from where it stands is sent empty, and the API says 200."""
    client.token()
    sandbox.revoke()
    assert client.post(API, content=make()).ok
    assert [(entry["status"], entry["body_length"]) for entry in sandbox.journal() if entry["path"] == API] == [(401, 4), (200, 4)]


def test_a_file_in_a_form_is_sent_again_whole(sandbox: Sandbox, client: Client) -> None:
    client.token()
    sandbox.revoke()
    assert client.post(API, files={"file": io.BytesIO(b"x" * 100_000)}).ok
    lengths = {entry["body_length"] for entry in sandbox.journal() if entry["path"] == API}
    assert len(lengths) == 1
    assert lengths.pop() > 100_000


def test_a_generator_is_not_sent_again_half_read(sandbox: Sandbox, client: Client) -> None:
    client.token()
    sandbox.revoke()
    answer = client.post(API, content=iter([b"once"]))
    assert (answer.status_code, answer.auth.reason) == (401, "body_not_replayable")
    assert client.post(API, content=iter([b"once"])).ok
    assert [entry["body_length"] for entry in sandbox.journal() if entry["path"] == API] == [4, 4]
    assert sandbox.counts()["pismo"]["login"] == 2


def test_no_other_host_gets_the_token(sandbox: Sandbox, client: Client) -> None:
    for url in (sandbox.foreign_url + API, client.base_url.replace("http:", "https:"), "https://elsewhere.example/"):
        with pytest.raises(evertoken.OriginRefusedError):
            client.get(url)
        with pytest.raises(evertoken.OriginRefusedError):
            client.authorize(url)
    assert sandbox.counts()["total"]["requests"] == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_hop_to_another_host_gets_the_token(sandbox: Sandbox, client: Client, status: int) -> None:
    # At home, at home, abroad, and abroad once more: the header is not put on again at a later hop.
    sandbox.arm({"type": "redirect", "status": status, "location": "/pismo/api/2"}, route="/pismo/api/1")
    sandbox.arm({"type": "redirect", "status": status, "location": f"{sandbox.foreign_url}/pismo/api/3"}, route="/pismo/api/2")
    sandbox.arm({"type": "redirect", "status": status, "location": f"{sandbox.foreign_url}/pismo/api/4"}, route="/pismo/api/3")
    answer = client.post("/pismo/api/1", content=b"body")
    assert (answer.status_code, answer.auth.reason, answer.url) == (401, "foreign_origin", f"{sandbox.foreign_url}/pismo/api/4")
    carried = {entry["path"]: "authorization" in entry["headers"] for entry in sandbox.journal() if entry["kind"] == "api"}
    assert carried == {"/pismo/api/1": True, "/pismo/api/2": True, "/pismo/api/3": False, "/pismo/api/4": False}
    assert sandbox.counts()["pismo"]["login"] == 1
