"""The pytest fixture `evertoken_sandbox`, active wherever evertoken is installed.

def test_mine(evertoken_sandbox):
    client = evertoken_sandbox.pismo().client()
    evertoken_sandbox.advance(seconds=600)
    assert client.get("/pismo/api/accounts/1").ok
"""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .testing import Sandbox


@pytest.fixture
def evertoken_sandbox() -> Iterator[Sandbox]:
    """A new sandbox for this test: the providers on loopback, with faults, a clock of their own and a journal."""
    from .testing import Sandbox

    with Sandbox() as sandbox:
        yield sandbox
