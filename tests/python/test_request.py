"""Requests through the client: bodies out, answers in, 401s healed."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import math
from collections.abc import AsyncIterator, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

import pytest

import evertoken
from evertoken import Client, HTTPStatusError
from evertoken._body import multipart
from evertoken.testing import Sandbox

API = "/pismo/api/things"


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    with sandbox.pismo().client() as client:
        yield client


def echoed(response: evertoken.Response) -> Any:
    assert response.ok, response
    return response.json()


def digest(body: bytes) -> tuple[int, str]:
    return len(body), hashlib.sha256(body).hexdigest()


def body_of(response: evertoken.Response) -> tuple[int, str]:
    echo = echoed(response)
    return echo["body_length"], echo["body_sha256"]


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
def test_methods(client: Client, method: str) -> None:
    assert echoed(getattr(client, method)(API))["method"] == method.upper()


def test_head_has_no_body(client: Client) -> None:
    response = client.head(API)
    assert (response.status_code, response.content) == (200, b"")


def test_a_method_of_your_own_and_none(client: Client) -> None:
    assert echoed(client.request("PURGE", API))["method"] == "PURGE"
    assert echoed(client.request("patch", API))["method"] == "PATCH"
    with pytest.raises(evertoken.ConfigInvalidError, match="method"):
        client.request("NO METHOD", API)


@pytest.mark.parametrize(
    ("url", "params", "query"),
    [
        (API, {"a": 1, "b": [True, None], "c": None, "d": "x y&z"}, "a=1&b=true&d=x+y%26z"),
        (API, [("a", "1"), ("a", "2")], "a=1&a=2"),
        (f"{API}?x=1", {"y": "ü"}, "x=1&y=%C3%BC"),
        (f"{API}?x=1#fragment", "?y=2", "x=1&y=2"),
        (API, {}, ""),
    ],
)
def test_params(client: Client, url: str, params: Any, query: str) -> None:
    assert echoed(client.get(url, params=params))["query"] == query


def test_json_body(client: Client) -> None:
    response = client.post(API, json={"a": [1, "ü"]})
    assert body_of(response) == digest('{"a":[1,"ü"]}'.encode())
    assert response.json()["headers"]["content-type"] == "application/json"
    assert body_of(client.post(API, json=False)) == digest(b"false")
    with pytest.raises(ValueError, match="not JSON compliant"):
        client.post(API, json=math.nan)


def test_form_body(client: Client) -> None:
    response = client.post(API, data={"a": "x y", "b": ["1", "2"], "c": None, "d": True})
    assert body_of(response) == digest(b"a=x+y&b=1&b=2&d=true")
    assert response.json()["headers"]["content-type"] == "application/x-www-form-urlencoded"
    assert body_of(client.post(API, data=[("a", 1)])) == digest(b"a=1")
    assert body_of(client.post(API, data="raw")) == digest(b"raw")


@pytest.mark.parametrize("content", [b"bytes", "text \u20ac", bytearray(b"array"), memoryview(b"view"), [b"a", b"list"]])
def test_content_in_memory(client: Client, content: Any) -> None:
    whole = b"".join(content) if isinstance(content, list) else content.encode() if isinstance(content, str) else bytes(content)
    assert body_of(client.post(API, content=content)) == digest(whole)


def test_a_generator_runs_on_the_thread_of_the_caller(client: Client) -> None:
    import threading

    threads = []

    def pieces() -> Iterator[bytes]:
        for number in range(100):
            threads.append(threading.get_ident())
            yield b"%d," % number

    assert body_of(client.post(API, content=pieces())) == digest(b"".join(b"%d," % number for number in range(100)))
    assert set(threads) == {threading.get_ident()}


def test_what_a_generator_raises_reaches_the_caller(client: Client) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"a"
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        client.post(API, content=pieces())
    with pytest.raises(TypeError, match="bytes or str"):
        client.post(API, content=iter([1]))  # type: ignore[arg-type]


def test_the_response_of_one_api_may_be_the_body_for_another(client: Client, sandbox: Sandbox) -> None:
    sandbox.arm({"type": "huge", "bytes": 500_000}, route="/plain/api/big")
    with sandbox.plain().client().stream("GET", "/plain/api/big") as source:
        assert body_of(client.post(API, content=source.iter_bytes()))[0] == 500_000


def test_an_early_response_ends_the_reading_of_the_body(client: Client, sandbox: Sandbox) -> None:
    read: list[int] = []

    def pieces() -> Iterator[bytes]:
        for number in range(1_000_000):
            read.append(number)
            yield b"x" * 10_000

    sandbox.arm("close", route=API)
    with pytest.raises(evertoken.UnreachableError):
        # One byte is what the server waits for before it closes.
        client.post(API, content=pieces(), headers={"content-length": "1"})
    assert len(read) < 1_000_000


def test_a_file_is_sent_from_where_it_stands_with_its_length(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "body"
    path.write_bytes(b"skipped" + b"x" * 200_000)
    with path.open("rb") as file:
        file.seek(7)
        response = client.post(API, content=file)
    assert body_of(response) == digest(b"x" * 200_000)
    assert response.json()["headers"]["content-length"] == "200000"


def test_multipart(client: Client, sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.script({"POST /form": [{"text": "ok"}]})
    path = tmp_path / "photo.png"
    path.write_bytes(b"png" * 1000)
    files: Any = {"photo": path.open("rb"), "note": ('a"b\r\n.txt', "text", "text/x"), "raw": b"1"}
    assert client.post("/form", data={"name": "n", "tags": ["1", "2"]}, files=files).text == "ok"
    files["photo"].close()
    entry = next(entry for entry in sandbox.journal() if entry["path"] == "/form")
    assert entry["body_length"] == 3000 + len("n12text1") + 6 * 36 + 40 - 2 + _heads()


def test_parts_of_a_form_have_the_names_of_files_and_what_cannot_be_rewound_is_held() -> None:
    class Pipe:
        def read(self, _size: int) -> bytes:
            return self.rest.pop() if self.rest else b""

        rest: ClassVar = [b"2", b"1"]

    nameless = io.BytesIO(b"0")
    nameless.name = "<fdopen>"
    files: Any = {"a": nameless, "b": Pipe()}
    form, content_type = multipart(files, [])
    line = f"--{content_type.partition('boundary=')[2]}"
    disposition = 'Content-Disposition: form-data; name="{}"; filename="upload"'
    part = "\r\n".join((line, disposition, "Content-Type: application/octet-stream", "", "{}", ""))
    expected = f"{part.format('a', 0)}{part.format('b', 12)}{line}--\r\n".encode()
    assert [b"".join(form), b"".join(form)] == [expected, expected]
    assert form.length == len(expected)


def _heads() -> int:
    heads = [
        b'Content-Disposition: form-data; name="name"\r\n',
        b'Content-Disposition: form-data; name="tags"\r\n' * 2,
        b'Content-Disposition: form-data; name="photo"; filename="photo.png"\r\nContent-Type: image/png\r\n',
        b'Content-Disposition: form-data; name="note"; filename="a%22b%0D%0A.txt"\r\nContent-Type: text/x\r\n',
        b'Content-Disposition: form-data; name="raw"; filename="upload"\r\nContent-Type: application/octet-stream\r\n',
    ]
    return len(b"".join(heads)) + 6 * 4


def test_a_text_file_is_sent_in_utf_8(client: Client) -> None:
    assert body_of(client.post(API, content=io.StringIO("Zoë"))) == digest("Zoë".encode())


def test_one_body_and_of_a_known_type(client: Client) -> None:
    with pytest.raises(TypeError, match="json and data were given"):
        client.post(API, json={}, data={})
    with pytest.raises(TypeError, match="data and files were given"):
        client.post(API, data="a=b", files={"a": b""})
    with pytest.raises(TypeError, match="not dict"):
        client.post(API, content={"a": b""})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="files: a must be"):
        client.post(API, files={"a": 1})  # type: ignore[dict-item]


def test_an_argument_that_is_not_a_str_is_refused_by_name(client: Client) -> None:
    with pytest.raises(TypeError, match=r"^url must be a str, not PurePosixPath$"):
        client.get(PurePosixPath(API))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^method must be a str, not int$"):
        client.request(1, API)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^header X-Count must be a str, not int$"):
        client.get(API, headers={"X-A": "1", "X-Count": 1})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match=r"^headers must be a mapping or pairs of str$"):
        client.get(API, headers=["X-A"])  # type: ignore[list-item]


def test_what_other_libraries_call_otherwise_is_refused_in_our_words(client: Client) -> None:
    with pytest.raises(TypeError, match=r"^request\(\) got an unexpected keyword argument 'verify'$"):
        client.get(API, verify=False)  # type: ignore[call-arg]
    with pytest.raises(evertoken.ConfigInvalidError, match=r"^timeout: must be one number .*connect_timeout and read_timeout"):
        client.get(API, timeout=(3.05, 27))  # type: ignore[arg-type]


def test_headers(client: Client) -> None:
    seen = echoed(client.get(API, headers=[("X-A", "1"), ("x-a", "2"), ("X-B", "3")]))["headers"]
    assert (seen["x-a"], seen["x-b"]) == (["1", "2"], "3")
    assert seen["user-agent"] == f"evertoken/{evertoken.__version__}"
    response = client.post(API, json={}, headers={"Content-Type": "application/merge-patch+json"})
    assert response.json()["headers"]["content-type"] == "application/merge-patch+json"


@pytest.mark.parametrize("headers", [{"a": "b\r\nc: d"}, {"a\n": "b"}, {"a": "\0"}, {"Authorization": "mine"}])
def test_headers_that_are_refused(client: Client, headers: dict[str, str]) -> None:
    with pytest.raises(evertoken.ConfigInvalidError):
        client.get(API, headers=headers)


def test_the_response(client: Client, sandbox: Sandbox) -> None:
    sandbox.script({"GET /page": [{"text": "grüße", "headers": {"Set-Cookie": ["a=1", "b=2"], "X-Up": "é"}, "status": 203}]})
    response = client.get("/page?key=hidden")
    assert (response.status_code, response.reason_phrase, response.ok) == (203, "Non-Authoritative Information", True)
    assert (response.text, response.content) == ("grüße", "grüße".encode())
    assert response.content is response.content
    assert response.headers["SET-cookie"] == "a=1, b=2"
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]
    response.headers.multi_items().clear()
    assert ("set-cookie", "b=2") in response.headers.multi_items()
    assert "X-UP" in response.headers
    assert "nope" not in response.headers
    assert response.headers.get("nope") is None
    assert set(response.headers) >= {"set-cookie", "x-up"}
    assert len(response.headers) == len(list(response.headers))
    assert response.url == f"{sandbox.url}/page?key=hidden"
    assert response.http_version == "HTTP/1.1"
    assert response.elapsed.total_seconds() > 0
    assert response.raise_for_status() is response
    assert (response.auth.reason, response.auth.error) == (None, None)
    content = response.content
    assert [*response.iter_bytes(2)] == [content[start : start + 2] for start in range(0, len(content), 2)]
    assert [*response.iter_bytes()] == [response.content]
    assert repr(response) == "<Response [203 Non-Authoritative Information]>"


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("text/plain; charset=iso-8859-1", b"\xe9", "é"),
        ('text/plain; charset="UTF-16"', "é".encode("utf-16"), "é"),
        ("text/plain; charset=nonsense", "é".encode(), "é"),
        ("application/json", '"é"'.encode(), '"é"'),
        ("text/plain", b"\xff!", "\ufffd!"),
    ],
)
def test_text_has_a_charset(client: Client, sandbox: Sandbox, content_type: str, body: bytes, text: str) -> None:
    import base64

    sandbox.script({"GET /page": [{"body_base64": base64.b64encode(body).decode(), "headers": {"content-type": content_type}}]})
    assert client.get("/page").text == text


def test_json_of_a_response(client: Client, sandbox: Sandbox) -> None:
    sandbox.script({"GET /page": {"repeat_last": True, "answers": [{"text": "{"}]}})
    with pytest.raises(json.JSONDecodeError):
        client.get("/page").json()
    assert client.get(API).json(parse_int=str)["seq"].isdigit()


def test_raise_for_status(client: Client, sandbox: Sandbox) -> None:
    sandbox.script({"GET /page": [{"status": 404, "text": "no"}]})
    response = client.get("/page?key=hidden")
    assert not response.ok
    with pytest.raises(HTTPStatusError) as raised:
        response.raise_for_status()
    assert str(raised.value) == f"404 Not Found for GET {sandbox.url}/page"
    assert raised.value.response is response
    assert raised.value.status_code == 404
    assert not isinstance(raised.value, evertoken.EvertokenError)


@pytest.mark.parametrize(("status", "ok"), [(200, True), (304, True), (399, True), (400, False), (599, False)])
def test_a_status_below_400_is_ok(client: Client, sandbox: Sandbox, status: int, ok: bool) -> None:
    sandbox.script({"GET /page": [{"status": status}]})
    assert client.get("/page").ok is ok


def test_redirects_are_followed_and_the_token_stays_at_home(client: Client, sandbox: Sandbox) -> None:
    sandbox.arm({"type": "redirect"}, route="/pismo/api/away")
    response = client.get("/pismo/api/away")
    assert (response.status_code, response.auth.reason) == (401, "foreign_origin")
    assert response.url.startswith(sandbox.foreign_url)
    assert "authorization" not in next(entry for entry in sandbox.journal() if entry["listener"] == "foreign")["headers"]
    sandbox.arm({"type": "redirect"}, route="/pismo/api/away")
    assert client.get("/pismo/api/away", follow_redirects=False).status_code == 307
    assert sandbox.counts()["pismo"]["login"] == 1


def test_a_401_that_cannot_be_healed_is_the_response(client: Client, sandbox: Sandbox) -> None:
    sandbox.arm("unauthorized", route="api", count=0)
    response = client.get(API)
    assert (response.status_code, response.auth.reason) == (401, "refused_again")
    with pytest.raises(HTTPStatusError, match=r"401 Unauthorized \(refused_again\)"):
        response.raise_for_status()


def test_a_failed_renewal_is_told(sandbox: Sandbox) -> None:
    client = sandbox.pismo().client(max_attempts=1)
    client.token()
    sandbox.revoke()
    sandbox.arm({"type": "status", "status": 503}, route="login", count=0)
    response = client.get(API)
    assert (response.status_code, response.auth.reason) == (401, "renewal_failed")
    assert isinstance(response.auth.error, evertoken.ServerUnavailableError)
    assert "renewal_failed" in repr(response.auth)


def test_streaming(client: Client, sandbox: Sandbox) -> None:
    sandbox.arm({"type": "huge", "bytes": 3_000_000}, route="/pismo/api/big", count=0)
    with client.stream("GET", "/pismo/api/big") as response:
        assert response.status_code == 200
        pieces = list(response.iter_bytes())
    assert len(pieces) > 1
    assert sum(map(len, pieces)) == 3_000_000
    with client.stream("GET", "/pismo/api/big") as response:
        assert len(response.raise_for_status().read()) == 3_000_000
    with pytest.raises(evertoken.ClosedError):
        response.read()


async def test_streaming_in_asyncio(sandbox: Sandbox) -> None:
    sandbox.arm({"type": "huge", "bytes": 3_000_000}, route="/pismo/api/big", count=0)
    async with sandbox.pismo().async_client() as client:
        async with client.stream("GET", "/pismo/api/big") as response:
            assert sum([len(piece) async for piece in response.aiter_bytes()]) == 3_000_000
        with pytest.raises(evertoken.ClosedError):
            await response.aread()
        async with await client.stream("GET", "/pismo/api/big") as response:
            assert response.ok
        with pytest.raises(evertoken.ClosedError):
            await response.aread()
        response = await client.stream("GET", "/pismo/api/big")
        assert len(await response.raise_for_status().aread()) == 3_000_000
        await response.aclose()
        with pytest.raises(evertoken.ClosedError):
            await response.aread()


async def test_a_source_in_asyncio_that_never_ends_does_not_outlast_its_call(sandbox: Sandbox) -> None:
    ended = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with sandbox.pismo().async_client() as client:
        call = asyncio.ensure_future(client.post(API, content=endless(), timeout=0.05))
        await asyncio.wait_for(ended.wait(), 60)
        with pytest.raises(evertoken.TimedOutError):
            await call


async def test_bodies_in_asyncio(sandbox: Sandbox, tmp_path: Path) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for number in range(100):
            yield b"%d," % number

    async def failing() -> AsyncIterator[bytes]:
        yield b"a"
        raise KeyError("mine")

    path = tmp_path / "body"
    path.write_bytes(b"x" * 200_000)
    async with sandbox.pismo().async_client() as client:
        whole = digest(b"".join(b"%d," % number for number in range(100)))
        assert body_of(await client.post(API, content=pieces())) == whole
        assert body_of(await client.put(API, content=iter([b"a", b"b"]))) == digest(b"ab")
        assert body_of(await client.patch(API, json={"a": 1})) == digest(b'{"a":1}')
        with path.open("rb") as file:
            assert body_of(await client.post(API, content=file)) == digest(b"x" * 200_000)
        with pytest.raises(KeyError, match="mine"):
            await client.post(API, content=failing())
        with pytest.raises(ZeroDivisionError):
            await client.post(API, content=(b"%d" % (1 // number) for number in (1, 0)))
        sandbox.revoke()
        response = await client.post(API, content=pieces())
        assert (response.status_code, response.auth.reason) == (401, "body_not_replayable")
        assert body_of(await client.post(API, content=pieces())) == whole
        for method in ("get", "delete", "options", "head"):
            assert (await getattr(client, method)(API)).ok
    with pytest.raises(TypeError, match="AsyncClient"):
        sandbox.pismo().client().post(API, content=pieces())  # type: ignore[arg-type]
