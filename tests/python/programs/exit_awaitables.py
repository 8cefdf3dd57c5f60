"""The interpreter ends with 2,000 awaitables in flight, answers arriving meanwhile."""

import asyncio
import threading
from collections.abc import Sequence

from evertoken.testing import Sandbox

CALLS = 2000
sandbox = Sandbox()
client = sandbox.pismo().async_client()
loop = asyncio.new_event_loop()


async def start() -> Sequence[object]:
    await client.token()
    sandbox.arm("gate", route="api", count=CALLS)
    calls = [client._send(("GET", "/pismo/api/x", [], None, True, None, None, None, True)) for _ in range(CALLS)]
    await asyncio.to_thread(sandbox.wait_held, CALLS)
    threading.Thread(target=sandbox.release, daemon=True).start()
    return calls


calls = loop.run_until_complete(start())
loop.run_until_complete(loop.shutdown_default_executor())
print("leaving")
