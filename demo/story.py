"""200 requests from 20 threads of a Python program, which has no code for tokens."""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import evertoken

CALLERS, ROUNDS, PACE_SECS = 20, 10, 0.7


def connect(provider: str) -> evertoken.Client:
    env = os.environ
    base_url = env["API_URL"]
    if provider == "pismo":
        return evertoken.Client.pismo(base_url=base_url, server_key=env["PISMO_SERVER_KEY"], server_secret=env["PISMO_SERVER_SECRET"])
    if provider == "passkit":
        return evertoken.Client.passkit(base_url=base_url, username=env["PASSKIT_USERNAME"], password=env["PASSKIT_PASSWORD"])
    return evertoken.Client.wso2(
        base_url=base_url,
        token_url=env["TOKEN_URL"],
        consumer_key=env["WSO2_CONSUMER_KEY"],
        consumer_secret=env["WSO2_CONSUMER_SECRET"],
        username=env["WSO2_USERNAME"],
        organization=env["WSO2_ORGANIZATION"],
        password=env["WSO2_PASSWORD"],
    )


def main(provider: str) -> None:
    client = connect(provider)
    started = time.monotonic()

    def caller(number: int) -> int:
        succeeded = 0
        for round_ in range(ROUNDS):
            time.sleep(max(0.0, started + round_ * PACE_SECS - time.monotonic()))
            response = client.get(f"/{provider}/api/orders/{number}", params={"page": round_})
            succeeded += response.status_code == 200
        return succeeded

    with client, ThreadPoolExecutor(CALLERS) as pool:
        succeeded = sum(pool.map(caller, range(CALLERS)))
    milliseconds = round((time.monotonic() - started) * 1000)
    print(json.dumps({"requests": CALLERS * ROUNDS, "succeeded": succeeded, "milliseconds": milliseconds}))


main(sys.argv[1])
