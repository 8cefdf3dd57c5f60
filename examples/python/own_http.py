"""For any HTTP library: `authorize` returns the header, `judge` the verdict on the response. Here with urllib."""

import os
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import evertoken

client = evertoken.Client.pismo(
    server_key=os.environ["PISMO_SERVER_KEY"],
    server_secret=os.environ["PISMO_SERVER_SECRET"],
    base_url=os.environ.get("PISMO_BASE_URL", "https://sandbox.pismolabs.io"),
)


def send(url: str, authorization: evertoken.Authorization) -> tuple[int, dict[str, str], bytes]:
    try:
        with urlopen(Request(url, headers={"Authorization": authorization.value}), timeout=10) as response:
            return response.status, dict(response.headers), response.read()
    except HTTPError as refused:
        with refused:
            return refused.code, dict(refused.headers), refused.read()


url = client.resolve("/api/accounts/1")
client.invalidate()  # marks the token as refused
authorization: evertoken.Authorization | None = client.authorize(url)
while authorization is not None:
    status, headers, body = send(url, authorization)
    verdict = client.judge(authorization, status, headers=headers, body=body)
    authorization = verdict.authorization  # to send once more with, or None
print(status, verdict.action, verdict.reason)
