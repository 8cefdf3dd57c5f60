"""`make demo`: the same story in Python, Node.js and C against Pismo, PassKit and WSO2, and what their servers counted.

The story: 20 callers send 200 requests, in a little more than two lifetimes of a token (3 seconds each). Right after the first round
all tokens are revoked. Each request has to succeed, without a superfluous login.

Logins, refreshes and 401s are the server's own counts, not the client's. Standard library only. `--json` prints the table as JSON;
progress goes to standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import build
from sandbox import Sandbox

CALLERS, ROUNDS = 20, 10
LIFE_SECS = 3


@dataclass(frozen=True)
class Expected:
    """The token requests of the story if none is superfluous; for the reasons see `EXPECTED`."""

    logins: int
    refreshes: int


# Rounds are 0.7 s apart. A 3-second token is due for renewal when 1.25 s of its lifetime are left: in the third round after its own.
#   round 0: login
#   round 1: the token is revoked; login
#   round 4: renewal; the token of round 1 expires
#   round 7: renewal; the token of round 4 expires
# Pismo renews by logging in. WSO2 renews by refresh token, and in round 1 the revoked one is tried and refused before the login.
# PassKit's tokens do not expire.
EXPECTED = {
    "pismo": Expected(logins=4, refreshes=0),
    "passkit": Expected(logins=2, refreshes=0),
    "wso2": Expected(logins=2, refreshes=3),
}
STORY = {
    "pismo": "2 expiries, 1 revocation",
    "passkit": "1 revocation (tokens do not expire)",
    "wso2": "2 expiries, 1 revocation",
}
# The environment variables in which a story finds its credentials, and their names in the sandbox.
CREDENTIALS = {
    "pismo": {"PISMO_SERVER_KEY": "server_key", "PISMO_SERVER_SECRET": "server_secret"},
    "passkit": {"PASSKIT_USERNAME": "username", "PASSKIT_PASSWORD": "password"},
    "wso2": {
        "WSO2_CONSUMER_KEY": "consumer_key",
        "WSO2_CONSUMER_SECRET": "consumer_secret",
        "WSO2_USERNAME": "email",
        "WSO2_ORGANIZATION": "organization",
        "WSO2_PASSWORD": "password",
    },
}


@dataclass(frozen=True)
class Row:
    """One language against one provider."""

    language: str
    provider: str
    story: str
    requests: int
    succeeded: int
    logins: int
    refreshes: int
    healed_401s: int
    superfluous_logins: int
    milliseconds: int
    ok: bool


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def play(language: str, command: list[str], provider: str, sandbox: Sandbox) -> Row:
    sandbox.reset()
    with sandbox.story(command, provider, CREDENTIALS[provider]) as story:
        # Between the first round and the second one, which follows 0.7 s later.
        sandbox.wait_answered(provider, CALLERS)
        sandbox.revoke(provider)
        result = story.result()
    counts = sandbox.counts(provider)
    expected = EXPECTED[provider]
    wanted = CALLERS * ROUNDS
    ok = (
        result["succeeded"] == result["requests"] == wanted
        and (counts["login"], counts["refresh"]) == (expected.logins, expected.refreshes)
        and counts["superfluous_logins"] == 0
        and counts["api"] == wanted + counts["api_401"]
    )
    return Row(
        language,
        provider,
        STORY[provider],
        result["requests"],
        result["succeeded"],
        counts["login"],
        counts["refresh"],
        counts["api_401"],
        counts["superfluous_logins"],
        result["milliseconds"],
        ok,
    )


def print_table(rows: list[Row], out: IO[str]) -> None:
    head: list[object] = ["language", "provider", "story", "requests", "succeeded", "logins", "refreshes", "401s healed", "ms", ""]
    lines: list[list[object]] = [
        [
            row.language,
            row.provider,
            row.story,
            row.requests,
            row.succeeded,
            row.logins,
            row.refreshes,
            row.healed_401s,
            row.milliseconds,
            "ok" if row.ok else "NOT OK",
        ]
        for row in rows
    ]
    widths = [max(len(str(line[column])) for line in [head, *lines]) for column in range(len(head))]
    rule: list[object] = ["─" * width for width in widths]
    for line in [head, rule, *lines]:
        cells = [f"{cell:>{width}}" if isinstance(cell, int) else f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)]
        print("  ".join(cells).rstrip(), file=out)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print the table as JSON on standard output")
    arguments = parser.parse_args()

    say("building what is missing (a development build: slower than a release, the same behaviour)")
    programs = build.all_languages(say)
    say(f"\n{CALLERS} callers, {CALLERS * ROUNDS} requests, tokens of {LIFE_SECS} s, one revocation; about 7 s each")
    rows = []
    with Sandbox(build.command(), LIFE_SECS) as sandbox:
        for provider in EXPECTED:
            for language, command in programs.items():
                say(f"  {language} against {provider} …")
                rows.append(play(language, command, provider, sandbox))
    say("")
    if arguments.json:
        print(json.dumps({"rows": [asdict(row) for row in rows], "ok": all(row.ok for row in rows)}, indent=2))
    else:
        print_table(rows, sys.stdout)
        print("\nLogins, refreshes and 401s are what the server counted.")
        print("WSO2's third refresh was refused: the revocation took the refresh token too.")
    bad = [row for row in rows if not row.ok]
    for row in bad:
        wanted = EXPECTED[row.provider]
        say(f"not ok: {row.language} against {row.provider}; expected {wanted.logins} logins and {wanted.refreshes} refreshes")
    return 1 if bad else 0


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parent.parent)
    sys.exit(main())
