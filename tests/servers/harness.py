"""What the Python servers share: credentials, the life of a token, counts, and how they are started and ended."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import threading
from collections import Counter as Tally
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

CLIENT_ID = "shop app"
# What the encodings of Basic credentials disagree about: a blank, a plus, a percent sign before hex digits.
CLIENT_SECRET = "s3cret +%41/&="
USERNAME = "ada@example.org"
PASSWORD = "pa ss+%3A&=;ü"


def life_secs() -> int:
    """`--life SECONDS`: how long an access token lives."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--life", type=int, default=3600)
    return parser.parse_args().life


class Counter:
    """Requests by kind; the answer of `GET /_control/counts`."""

    def __init__(self) -> None:
        self._tally: Tally[str] = Tally()
        self._lock = threading.Lock()

    def add(self, kind: str, count: int = 1) -> None:
        with self._lock:
            self._tally[kind] += count

    def take(self, kind: str) -> bool:
        """Takes one of this kind, if there is one."""
        with self._lock:
            left = self._tally[kind]
            self._tally[kind] = max(left - 1, 0)
            return left > 0

    def token(self, grant_type: str | None) -> None:
        self.add("refresh" if grant_type == "refresh_token" else "login")

    def answer(self, status: int) -> None:
        if status == 401:
            self.add("api_401")

    def values(self) -> dict[str, int]:
        with self._lock:
            return {kind: self._tally[kind] for kind in ("login", "refresh", "revoke", "api", "api_401")}


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def serve_wsgi(app: object) -> None:
    """Serves on a free loopback port, says where in one JSON line, ends when standard input does."""
    logging.disable(logging.WARNING)
    server = make_server("127.0.0.1", 0, app, server_class=_Server, handler_class=_Quiet)
    url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps(start_line(url)), flush=True)
    sys.stdin.read()
    os._exit(0)


def start_line(url: str) -> dict[str, str]:
    return {
        "url": url,
        "token_url": f"{url}/token",
        "revoke_url": f"{url}/revoke",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "username": USERNAME,
        "password": PASSWORD,
    }
