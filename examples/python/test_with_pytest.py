"""Your own tests: the fixture comes with the package, `pytest test_with_pytest.py` runs them."""

import asyncio

import pytest

import evertoken
from evertoken.testing import Sandbox


def test_my_program_survives_an_expiry(evertoken_sandbox: Sandbox) -> None:
    client = evertoken_sandbox.pismo().client()
    assert client.get("/pismo/api/accounts/1").ok
    evertoken_sandbox.advance(seconds=600)
    assert client.get("/pismo/api/accounts/1").ok
    assert evertoken_sandbox.counts()["pismo"]["login"] == 2


def test_my_program_is_told_when_the_login_is_down(evertoken_sandbox: Sandbox) -> None:
    evertoken_sandbox.arm({"type": "status", "status": 503}, route="login", count=0)
    client = evertoken_sandbox.wso2().client(max_attempts=1)
    with pytest.raises(evertoken.ServerUnavailableError):
        client.get("/wso2/api/orders")


def test_my_asynchronous_program_logs_in_once(evertoken_sandbox: Sandbox) -> None:
    async def main() -> None:
        async with evertoken_sandbox.pismo().async_client() as client:
            await asyncio.gather(*(client.get(f"/pismo/api/orders/{number}") for number in range(10)))

    asyncio.run(main())
    journal = evertoken_sandbox.journal()
    assert [entry["kind"] for entry in journal] == ["login"] + ["api"] * 10
    assert {entry["status"] for entry in journal} == {200}
