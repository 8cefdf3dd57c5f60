"""Fixtures of all tests."""

from __future__ import annotations

import os

import pytest

from evertoken.testing import Sandbox

pytest_plugins = ["pytester"]

# The tests talk to loopback; a proxy of the machine they run on has no part in that.
for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
    os.environ.pop(name, None)


@pytest.fixture
def sandbox(evertoken_sandbox: Sandbox) -> Sandbox:
    """A sandbox of its own, through the plugin that the wheel ships."""
    return evertoken_sandbox
