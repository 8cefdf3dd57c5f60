"""An aiohttp session whose token is always valid."""

import asyncio
import os

import aiohttp

import evertoken


async def main() -> None:
    url = os.environ.get("PISMO_BASE_URL", "https://sandbox.pismolabs.io")
    async with (
        evertoken.AsyncClient.pismo(
            server_key=os.environ["PISMO_SERVER_KEY"], server_secret=os.environ["PISMO_SERVER_SECRET"], base_url=url
        ) as client,
        aiohttp.ClientSession(url, middlewares=[client.aiohttp_middleware()]) as session,
    ):
        async with session.get("/api/accounts/1") as response:
            print(response.status, (await response.json())["path"])


asyncio.run(main())
