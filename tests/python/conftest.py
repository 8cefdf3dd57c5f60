"""Fixtures of all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from evertoken.testing import Sandbox

# The tests talk to loopback; a proxy of the machine they run on has no part in that.
for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
    os.environ.pop(name, None)


@pytest.fixture
def sandbox(evertoken_sandbox: Sandbox) -> Iterator[Sandbox]:
    """A sandbox of its own, through the plugin that the wheel ships."""
    yield evertoken_sandbox
