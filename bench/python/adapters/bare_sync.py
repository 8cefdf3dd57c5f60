"""Blocking HTTP clients that carry a token they were given: what a token client is compared with."""

from __future__ import annotations

from adapters import Adapter


class Requests(Adapter):
    def __init__(self, server, callers):
        self.session = requests_session(callers)
        self.session.headers["Authorization"] = f"Bearer {server.token()}"
        self.url = server.resource

    def get(self):
        response = self.session.get(self.url)
        response.content
        return response.status_code


class Httpx(Adapter):
    def __init__(self, server, callers):
        self.client = httpx_client(callers)
        self.client.headers["Authorization"] = f"Bearer {server.token()}"
        self.url = server.resource

    def get(self):
        response = self.client.get(self.url)
        response.content
        return response.status_code


class Urllib3(Adapter):
    def __init__(self, server, callers):
        import urllib3

        self.pool = urllib3.PoolManager(maxsize=callers, headers={"Authorization": f"Bearer {server.token()}"})
        self.url = server.resource

    def get(self):
        response = self.pool.request("GET", self.url)
        response.data
        return response.status


class Pyreqwest(Adapter):
    def __init__(self, server, callers):
        from pyreqwest.client import SyncClientBuilder

        self.client = SyncClientBuilder().default_headers({"Authorization": f"Bearer {server.token()}"}).build()
        self.url = server.resource

    def get(self):
        response = self.client.get(self.url).build().send()
        response.bytes()
        return response.status


def requests_session(callers: int):
    """A session whose pool is as large as its callers are many."""
    import requests
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    session.mount("http://", HTTPAdapter(pool_connections=callers, pool_maxsize=callers))
    return session


def httpx_client(callers: int, auth=None):
    """A client whose pool is as large as its callers are many."""
    import httpx

    return httpx.Client(auth=auth, timeout=30, limits=httpx.Limits(max_connections=callers, max_keepalive_connections=callers))
