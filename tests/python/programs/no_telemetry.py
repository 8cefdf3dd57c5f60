"""A program that does not use OpenTelemetry logs in. Argument: "absent", where it is not installed, or "unused", where it is."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

from evertoken.testing import Sandbox


class Absent:
    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name.partition(".")[0] == "opentelemetry":
            raise AssertionError(f"{name} was looked for")
        return None


if sys.argv[1] == "absent":
    sys.meta_path.insert(0, Absent)
with Sandbox() as sandbox, sandbox.pismo().client() as client:
    assert client.get("/pismo/api/x").ok
print(f"loaded: {[name for name in sys.modules if 'telemetry' in name]}")
