"""The conformance vectors, through the synchronous and the asynchronous client."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.runner import Place, Run
from conformance.styles import STYLES, ClientStyle
from evertoken.testing import Sandbox

FOLDER = Path(__file__).parent.parent / "vectors"
SKIPPED: dict[str, str] = json.loads((FOLDER / "skip.json").read_text()).get("python", {})
VECTORS = sorted(path.stem for path in FOLDER.glob("*.json") if path.stem != "skip")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    gc.freeze()  # each vector collects garbage: what was there before is none, and need not be looked at
    with Sandbox(https=True, client_cert=True) as sandbox:
        yield Place(sandbox, tmp_path_factory.mktemp("pem"))
    gc.unfreeze()


@pytest.fixture(scope="module", params=STYLES)
def style(request: pytest.FixtureRequest) -> Iterator[ClientStyle]:
    style = STYLES[request.param]()
    yield style
    style.shut()


@pytest.mark.parametrize("name", VECTORS)
def test_vector(name: str, place: Place, style: ClientStyle) -> None:
    if name in SKIPPED:
        pytest.skip(SKIPPED[name])
    vector = json.loads((FOLDER / f"{name}.json").read_text())
    assert vector["name"] == name
    Run(place, style, vector)()
