"""httpx, blocking and asynchronous, with one token between them."""

import asyncio
import os

import httpx

import evertoken

url = os.environ.get("PISMO_BASE_URL", "https://sandbox.pismolabs.io")
key, secret = os.environ["PISMO_SERVER_KEY"], os.environ["PISMO_SERVER_SECRET"]
client = evertoken.Client.pismo(server_key=key, server_secret=secret, base_url=url)

with httpx.Client(base_url=url, auth=client.httpx_auth()) as session:
    print(session.get("/api/accounts/1").status_code)


async def main() -> None:
    same = evertoken.AsyncClient.pismo(server_key=key, server_secret=secret, base_url=url)
    async with httpx.AsyncClient(base_url=url, auth=same.httpx_auth()) as session:
        response = await session.post("/api/notes", json={"text": "hello"})
        print(response.status_code, response.extensions.get("evertoken_reason"))
    print("logins:", same.stats().logins)


asyncio.run(main())
