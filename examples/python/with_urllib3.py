"""urllib3 with a token that is always valid."""

import os

import evertoken

client = evertoken.Client.pismo(
    server_key=os.environ["PISMO_SERVER_KEY"],
    server_secret=os.environ["PISMO_SERVER_SECRET"],
    base_url=os.environ.get("PISMO_BASE_URL", "https://sandbox.pismolabs.io"),
)
pool = client.urllib3_pool()
response = pool.request("GET", "/api/accounts/1")
print(response.status, response.json()["path"])
