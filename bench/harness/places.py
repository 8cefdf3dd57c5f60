"""Where things are. Everything that is built or installed lies in folders that git ignores."""

from __future__ import annotations

import os
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
ROOT = BENCH.parent
#: The benchmark's own programs: another workspace, so another folder.
BUILT = Path(os.environ.get("BENCH_TARGET_DIR", ROOT / "target" / "bench")).resolve() / "release"
PEERS = BENCH / "peers"
#: Ours as it is shipped, with release builds.
OURS = PEERS / "ours"
PYTHON = PEERS / "python" / "bin" / "python"
NODE = BENCH / "node"
RESULTS = BENCH / "results"
#: V8's collector has helper threads, and where live objects end up in memory depends on which of them comes first. That makes one
#: process 2.5 % faster than another for as long as both live; on one thread it is 1 %.
NODE_FLAGS = {"request": ["--single-threaded-gc"]}


def worker(language: str, case: str) -> list[str]:
    """The command that measures one adapter of the language in the case."""
    return {
        "python": [str(PYTHON), str(BENCH / "python" / "worker.py")],
        "node": ["node", *NODE_FLAGS.get(case, []), str(NODE / "worker.mjs")],
        "rust": [str(BUILT / "bench-rust")],
        "c": [str(BUILT / "bench-c")],
    }[language]


def environment() -> dict[str, str]:
    """What the workers find in their environment. No proxy, so that loopback is loopback, and no switch for Python."""
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower() and not name.startswith("PYTHON")}
    return kept | {
        "BENCH_KEY": str(PEERS / "key.pem"),
        "BENCH_FLOORS_NODE": str(PEERS / "floors" / "bench_floors_node.node"),
        "PYTHONPATH": f"{PEERS / 'floors'}{os.pathsep}{OURS / 'python'}",
        "LD_LIBRARY_PATH": str(OURS / "c"),
    }
