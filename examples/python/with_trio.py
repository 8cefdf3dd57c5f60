"""Under trio (or anyio): the blocking client on trio's worker threads. They wait without the GIL."""

import os

import trio

import evertoken

client = evertoken.Client.pismo(
    server_key=os.environ["PISMO_SERVER_KEY"],
    server_secret=os.environ["PISMO_SERVER_SECRET"],
    base_url=os.environ.get("PISMO_BASE_URL", "https://sandbox.pismolabs.io"),
)


async def fetch(number: int) -> None:
    # When the scope is cancelled, the thread is left to finish by itself.
    response = await trio.to_thread.run_sync(client.get, f"/api/accounts/{number}", abandon_on_cancel=True)
    print(number, response.status_code)


async def main() -> None:
    async with trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(fetch, number)
    print("logins:", client.stats().logins)


trio.run(main)
