"""The client in asyncio: a hundred requests at once, one login."""

import asyncio
import os

import evertoken


async def main() -> None:
    async with evertoken.AsyncClient.pismo(
        server_key=os.environ["PISMO_SERVER_KEY"],
        server_secret=os.environ["PISMO_SERVER_SECRET"],
        base_url=os.environ.get("PISMO_BASE_URL", "https://sandbox.pismolabs.io"),
    ) as client:
        responses = await asyncio.gather(*(client.get(f"/api/accounts/{number}") for number in range(100)))
        print({response.status_code for response in responses}, "logins:", client.stats().logins)


asyncio.run(main())
