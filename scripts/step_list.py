"""What `make test` and `make check` run, in order."""

from __future__ import annotations

from dataclasses import dataclass, field

PY = ".venv/bin/python"


@dataclass(frozen=True)
class Step:
    name: str
    title: str
    # For `bash -euo pipefail -c`, in the repository's root.
    command: str
    groups: tuple[str, ...] = ("test",)
    # How the log's own counts are read; "" for a step that has none.
    counts: str = ""
    # A step without counts that proves something by itself counts as one.
    is_check: bool = False
    needs: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)


def check(name: str, title: str, command: str, needs: tuple[str, ...] = (), **environment: str) -> Step:
    return Step(f"check:{name}", f"check: {title}", command, ("test", "check"), is_check=True, needs=needs, environment=environment)


def suite(name: str, title: str, command: str, counts: str, needs: tuple[str, ...] = ("build", "faces"), **environment: str) -> Step:
    return Step(f"tests:{name}", f"tests: {title}", command, ("test",), counts, needs=needs, environment=environment)


def package(name: str, title: str, command: str, needs: tuple[str, ...] = ("release",)) -> Step:
    return Step(f"package:{name}", f"package: {title}", command, ("test", "packages"), is_check=True, needs=needs)


STEPS: tuple[Step, ...] = (
    Step("environment", "pinned Python packages and node_modules", "scripts/environment.sh", ("test", "check")),
    Step("build", "build: whole workspace, debug, once for all languages", "cargo build --workspace --all-targets --locked", ("test", "check")),
)
