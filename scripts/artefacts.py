"""Places cargo's artefacts where each language looks for them, instead of compiling again.

    python3 scripts/artefacts.py target/debug

Python: the native module beside the package's sources. Node: the addon beside the package's. C: build/c, with the names and links
that `make install` gives. Standard library only.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
C_FOLDER = ROOT / "build" / "c"
SUFFIX = "dylib" if sys.platform == "darwin" else "so"


def place(source: Path, target: Path) -> None:
    """A new file each time: a running program may have the old one mapped."""
    if not source.exists():
        sys.exit(f"{source} is missing; run cargo build --workspace first")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)


def python(built: Path) -> None:
    place(built / f"lib_native.{SUFFIX}", ROOT / "bindings-python" / "python" / "evertoken" / "_native.abi3.so")


def node(built: Path) -> None:
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine().lower(), platform.machine())
    libc = "" if sys.platform == "darwin" else "-gnu" if platform.libc_ver()[0] == "glibc" else "-musl"
    place(built / f"libevertoken_node.{SUFFIX}", ROOT / "bindings-node" / f"evertoken.{sys.platform}-{machine}{libc}.node")


def c(built: Path) -> None:
    version = re.search(r'^version = "(\d+)', (ROOT / "Cargo.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert version
    soname = f"libevertoken.{SUFFIX}.{version[1]}"
    place(built / f"libevertoken_c.{SUFFIX}", C_FOLDER / soname)
    place(built / "libevertoken_c.a", C_FOLDER / "libevertoken.a")
    link = C_FOLDER / f"libevertoken.{SUFFIX}"
    link.unlink(missing_ok=True)
    os.symlink(soname, link)


if __name__ == "__main__":
    folder = ROOT / sys.argv[1]
    for language in (python, node, c):
        language(folder)
