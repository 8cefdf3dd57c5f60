"""Many at once: one login, one renewal, nobody disturbed by another's giving up."""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

import evertoken
from evertoken import Client
from evertoken.testing import Sandbox
from support import until, until_async

API = "/pismo/api/things"


async def test_ten_thousand_cold_callers_make_one_login(sandbox: Sandbox) -> None:
    sandbox.arm("gate", route="login")
    client = sandbox.pismo().async_client()
    callers = [asyncio.ensure_future(client.token()) for _ in range(10_000)]
    await until_async(lambda: client.stats().waiting == 10_000)
    await asyncio.to_thread(sandbox.wait_held, 1)
    sandbox.release()
    tokens = await asyncio.gather(*callers)
    assert len({token.value for token in tokens}) == 1
    assert sandbox.counts()["total"]["requests"] == 1


async def test_a_thousand_requests_refused_at_once_make_one_renewal(sandbox: Sandbox) -> None:
    client = sandbox.pismo().async_client()
    await client.token()
    sandbox.arm("gate", route="api", count=1000)
    calls = [asyncio.ensure_future(client.get(API)) for _ in range(1000)]
    await asyncio.to_thread(sandbox.wait_held, 1000)
    sandbox.revoke()
    sandbox.release()
    responses = await asyncio.gather(*calls)
    assert [response.status_code for response in responses] == [200] * 1000
    counts = sandbox.counts()["pismo"]
    assert (counts["login"], counts["api_401"], counts["api"]) == (2, 1000, 2000)


def test_twenty_cold_threads_make_one_login(sandbox: Sandbox) -> None:
    sandbox.arm("gate", route="login")
    client = sandbox.pismo().client()
    with ThreadPoolExecutor(20) as pool:
        calls = [pool.submit(client.get, API) for _ in range(20)]
        until(lambda: client.stats().waiting == 20)
        sandbox.wait_held(1)
        sandbox.release()
        assert [call.result().status_code for call in calls] == [200] * 20
    assert sandbox.counts()["pismo"]["login"] == 1


def test_threads_and_loops_share_one_login(sandbox: Sandbox) -> None:
    sandbox.arm("gate", route="login")
    clients = [sandbox.pismo().async_client() for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(asyncio.run, client.token()) for client in clients]
        calls += [pool.submit(sandbox.pismo().client().token) for _ in range(4)]
        until(lambda: clients[0].stats().waiting == 8)
        sandbox.wait_held(1)
        sandbox.release()
        assert len({call.result().value for call in calls}) == 1
    assert sandbox.counts()["pismo"]["login"] == 1


def test_the_gil_is_free_while_one_waits(sandbox: Sandbox) -> None:
    sandbox.arm("gate", route="any", count=2)
    client = sandbox.pismo().client()
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(client.get, API)
        # None of these lines would be reached while the other thread held the GIL.
        sandbox.wait_held(1)
        sandbox.release()
        sandbox.wait_held(1)
        assert not call.done()
        sandbox.release()
        assert call.result().ok


async def test_the_loop_runs_while_one_waits(sandbox: Sandbox) -> None:
    sandbox.arm("gate", route="login")
    client = sandbox.pismo().async_client()
    call = asyncio.ensure_future(client.get(API))
    await asyncio.to_thread(sandbox.wait_held, 1)
    for _ in range(1000):
        await asyncio.sleep(0)  # one round of the loop
    assert not call.done()
    sandbox.release()
    assert (await call).ok


async def test_a_cancelled_task_leaves_the_login_to_the_others(sandbox: Sandbox) -> None:
    sandbox.arm("gate", route="login")
    client = sandbox.pismo().async_client()
    first, second = asyncio.ensure_future(client.token()), asyncio.ensure_future(client.token())
    await until_async(lambda: client.stats().waiting == 2)
    await asyncio.to_thread(sandbox.wait_held, 1)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await until_async(lambda: client.stats().waiting == 1)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(client.token(), 0.01)
    await until_async(lambda: client.stats().waiting == 1)
    sandbox.release()
    assert (await second).via == "login"
    assert sandbox.counts()["pismo"]["login"] == 1


async def test_a_timeout_and_a_group_end_a_request(sandbox: Sandbox) -> None:
    """`asyncio.timeout` and `asyncio.TaskGroup`, which cancel the tasks in their blocks."""
    if sys.version_info < (3, 11):
        pytest.skip("they came with Python 3.11")
    sandbox.arm("gate", route="login")
    client = sandbox.pismo().async_client()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await client.get(API)

    async def fail() -> None:
        await asyncio.to_thread(sandbox.wait_held, 1)
        raise KeyError("mine")

    others: list[asyncio.Task[evertoken.Response]] = []

    async def work() -> None:
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            others.extend(group.create_task(client.get(API)) for _ in range(5))
            group.create_task(fail())

    with pytest.raises(Exception, match="unhandled errors in a TaskGroup") as failed:
        await work()
    assert len(others) == 5
    assert [str(error) for error in getattr(failed.value, "exceptions", ())] == ["'mine'"]
    assert all(task.cancelled() for task in others)
    await until_async(lambda: client.stats().waiting == 0)
    sandbox.release()
    assert (await client.get(API)).ok
    assert sandbox.counts()["pismo"]["login"] == 1


async def test_cancelling_a_request_ends_it(sandbox: Sandbox) -> None:
    sandbox.arm("gate", route="api")
    client = sandbox.pismo().async_client()
    call = asyncio.ensure_future(client.get(API))
    await asyncio.to_thread(sandbox.wait_held, 1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    sandbox.release()
    assert (await client.get(API)).ok


def test_one_client_serves_one_loop_after_another(sandbox: Sandbox) -> None:
    client = sandbox.pismo().async_client()
    for _ in range(3):
        assert asyncio.run(client.get(API)).ok
    assert sandbox.counts()["pismo"]["login"] == 1


def test_a_loop_that_is_closed_early_affects_nothing_else(sandbox: Sandbox) -> None:
    sandbox.arm("gate", route="login")
    client = sandbox.pismo().async_client()
    loop = asyncio.new_event_loop()
    tasks = []

    async def leave() -> None:
        tasks.append(asyncio.ensure_future(client.token()))
        await asyncio.to_thread(sandbox.wait_held, 1)

    loop.set_exception_handler(lambda _loop, _context: None)  # it would complain about the task that is left
    loop.run_until_complete(leave())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    sandbox.release()
    # The outcome comes to a closed loop: nobody is told, and the task stays what it was.
    until(lambda: client.state().standing == "fresh")
    assert not tasks.pop().done()
    assert asyncio.run(client.token()).via == "login"
    assert sandbox.counts()["pismo"]["login"] == 1


def test_awaitables_need_a_running_loop(sandbox: Sandbox) -> None:
    coroutine = sandbox.pismo().async_client().get(API)
    with pytest.raises(RuntimeError, match="no running event loop"):
        coroutine.send(None)


def test_a_blocking_call_inside_a_callback_is_refused(sandbox: Sandbox) -> None:
    client = sandbox.pismo().client()
    other = sandbox.plain().client()
    refused: list[BaseException] = []

    def callback(event: evertoken.Event) -> None:
        try:
            other.token()
        except evertoken.InternalError as error:
            refused.append(error)

    sandbox.arm("gate", route="login", provider="plain")
    client.on_event(callback)
    client.token()
    sandbox.wait_held(1)
    sandbox.release()
    assert ["a blocking call was made from inside" in str(error) for error in refused] == [True, True]
    assert other.token().via == "login"


def test_many_clients_of_many_threads(sandbox: Sandbox) -> None:
    """Meant for free-threaded builds; with a GIL it is only a small load."""

    def work(number: int) -> int:
        client: Client = sandbox.pismo().client(account_id=number % 4)
        client.on_event(lambda _: None)
        results = {client.get(API).status_code for _ in range(5)}
        client.authorization()
        client.close()
        return results.pop()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(64))) == {200}
