"""What it was measured with: versions, and the kind of machine without its name."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from pathlib import Path

from . import places
from .catalogue import ADAPTERS


def describe() -> dict:
    """The kind of machine."""
    return {
        "cores": os.cpu_count(),
        "cpu": _cpu_model(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": _system(),
        "kernel": platform.release().split("-")[0],
    }


def _cpu_model() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def _system() -> str:
    found = re.search(r'^PRETTY_NAME="(.+)"$', Path("/etc/os-release").read_text(), re.MULTILINE)
    return found[1] if found else platform.system()


def versions() -> dict[str, str]:
    """Of the languages, and of every package that is measured, by its name."""
    found = {
        "Python": _said([str(places.PYTHON), "--version"]).removeprefix("Python "),
        "Node": _said(["node", "--version"]).removeprefix("v"),
        "rustc": _said(["rustc", "--version"]).split(" ")[1],
        "cc": _said(["cc", "-dumpfullversion"]),
        "evertoken": _evertoken(),
    }
    crates = _locked_crates()
    for adapter in ADAPTERS:
        if adapter.package is None or adapter.package in found:
            continue
        version = {"python": _of_python, "node": _of_node, "rust": crates.get, "c": _of_c, "wrk": _of_wrk}[adapter.language](
            adapter.package
        )
        if version:
            found[f"{adapter.package} ({adapter.language})" if adapter.language in ("python", "node", "rust") else adapter.package] = (
                version
            )
    return found


def _evertoken() -> str:
    manifest = (places.ROOT / "Cargo.toml").read_text()
    commit = _said(["git", "-C", str(places.ROOT), "rev-parse", "--short", "HEAD"])
    return re.search(r'^version = "(.+)"$', manifest, re.MULTILINE)[1] + (f" at {commit}" if commit else "")


def _locked_crates() -> dict[str, str]:
    """The newest version of each crate in the benchmark's lock file."""
    lock = (places.BENCH / "Cargo.lock").read_text()
    pairs = re.findall(r'^name = "(.+)"\nversion = "(.+)"$', lock, re.MULTILINE)
    return dict(sorted(pairs, key=lambda pair: [int(part) for part in re.findall(r"\d+", pair[1])]))


def _of_python(package: str) -> str:
    return _said([str(places.PYTHON), "-c", f"import importlib.metadata as m; print(m.version({package!r}))"])


def _of_node(package: str) -> str:
    manifest = places.NODE / "node_modules" / package / "package.json"
    return json.loads(manifest.read_text())["version"] if manifest.exists() else ""


def _of_c(_package: str) -> str:
    return _said(["curl-config", "--version"]).removeprefix("libcurl ")


def _of_wrk(_package: str) -> str:
    found = re.search(r"wrk ([\w./-]+)", _said(["wrk", "-v"]))
    return found[1] if found else ""


def _said(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=places.environment())
    except FileNotFoundError:
        return ""
    return (done.stdout or done.stderr).strip().split("\n")[0]
