"""Under trio, or anyio with either backend: the asynchronous client as it is."""

import os

import trio

import evertoken

client = evertoken.AsyncClient.pismo(
    server_key=os.environ["PISMO_SERVER_KEY"],
    server_secret=os.environ["PISMO_SERVER_SECRET"],
    base_url=os.environ.get("PISMO_BASE_URL", "https://sandbox.pismolabs.io"),
)


async def fetch(number: int) -> None:
    response = await client.get(f"/api/accounts/{number}")
    print(number, response.status_code)


async def main() -> None:
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            for number in range(5):
                nursery.start_soon(fetch, number)
    print("logins:", client.stats().logins)


trio.run(main)
