"""Fixtures of all tests."""

from __future__ import annotations

import os

import pytest

from evertoken.testing import Sandbox

pytest_plugins = ["pytester"]

# The tests use loopback only. urllib, requests and others would use a proxy of the environment even there.
for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
    os.environ.pop(name, None)


@pytest.fixture
def sandbox(evertoken_sandbox: Sandbox) -> Sandbox:
    """A new sandbox, made by the plugin of the package."""
    return evertoken_sandbox
