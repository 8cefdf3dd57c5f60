"""The measured server's address and its control routes."""

from __future__ import annotations

import http.client
import json


class Server:
    """The server on this port of the loopback interface."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.base_url = f"http://127.0.0.1:{port}"
        self.resource = f"{self.base_url}/accounts/123"
        self.token_url = f"{self.base_url}/token"

    def control(self, command: str) -> dict[str, int]:
        """Asks a control route; the counts."""
        return self._exchange("GET", f"/control/{command}")

    def token(self) -> str:
        """A token, for clients that only carry one."""
        return self._exchange("POST", "/token")["access_token"]

    def _exchange(self, method: str, path: str) -> dict:
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request(method, path)
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer
