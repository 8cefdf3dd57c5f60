"""Builds what the demo runs, and returns the commands that run it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "demo"
BUILT = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"
# Without the crate of the tests, which the demo does not need.
CARGO = ["cargo", "build", "--locked", "--workspace", "--exclude", "evertoken-tests"]

sys.path.insert(0, str(ROOT / "scripts"))
import artefacts  # noqa: E402


def command() -> str:
    """The `evertoken` command."""
    return str(BUILT / "evertoken")


def all_languages(say: Callable[[str], None]) -> dict[str, list[str]]:
    """Builds everything. Returns the command that starts the story, by language."""
    say("  Rust core and the three bindings; the first time this takes two or three minutes …")
    run(CARGO)
    say("  C program …")
    artefacts.c(BUILT)
    story = ROOT / "build" / "demo-story"
    compiler = os.environ.get("CC", "cc").split()
    library = [f"-L{artefacts.C_FOLDER}", f"-Wl,-rpath,{artefacts.C_FOLDER}", "-levertoken", "-lpthread"]
    run(
        [
            *compiler,
            "-std=c99",
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Werror",
            f"-I{ROOT / 'include'}",
            str(DEMO / "story.c"),
            "-o",
            str(story),
            *library,
        ]
    )
    artefacts.python(BUILT)
    artefacts.node(BUILT)
    modules = DEMO / "node_modules" / "evertoken"
    if not modules.exists():
        modules.parent.mkdir(exist_ok=True)
        modules.symlink_to(ROOT / "bindings-node", target_is_directory=True)
    packages = str(ROOT / "bindings-python" / "python")
    return {
        "Python": ["env", f"PYTHONPATH={packages}", sys.executable, str(DEMO / "story.py")],
        "Node.js": ["node", "--preserve-symlinks", str(DEMO / "story.mjs")],
        "C": [str(story)],
    }


def run(command: list[str]) -> None:
    # Output of compilers goes to standard error with the progress, because standard output is for the table.
    done = subprocess.run(command, cwd=ROOT, stdout=sys.stderr, check=False)
    if done.returncode:
        sys.exit(f"failed: {' '.join(command)}")
