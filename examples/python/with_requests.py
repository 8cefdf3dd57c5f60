"""A requests session whose token is always valid."""

import os

import requests

import evertoken

url = os.environ.get("PISMO_BASE_URL", "https://sandbox.pismolabs.io")
client = evertoken.Client.pismo(server_key=os.environ["PISMO_SERVER_KEY"], server_secret=os.environ["PISMO_SERVER_SECRET"], base_url=url)
with requests.Session() as session:
    session.auth = client.requests_auth()
    for number in range(3):
        response = session.get(f"{url}/api/accounts/{number}", timeout=10)
        # What could not be healed is an ordinary 401, with the reason beside it.
        print(response.status_code, getattr(response, "evertoken_reason", None))
