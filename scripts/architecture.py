"""Compares ARCHITECTURE.md's arrows with the workspace's own metadata and sources. `N passed, N failed`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "core" / "src"

# Which of our crates each of our crates may use.
ARROWS = {
    "evertoken": set(),
    "evertoken-sandbox": set(),
    "evertoken-cli": {"evertoken", "evertoken-sandbox"},
    "evertoken-c": {"evertoken"},
    "evertoken-python": {"evertoken", "evertoken-cli", "evertoken-sandbox"},
    "evertoken-node": {"evertoken", "evertoken-cli", "evertoken-sandbox"},
    "evertoken-tests": {"evertoken", "evertoken-cli", "evertoken-sandbox"},
}
# Rooms of core that know neither the network, nor a clock, nor a runtime, nor the environment.
PURE = ["flow", "expiry", "verdict", "retry", "challenge", "document", "jwt", "scrub", "origin", "redirect", "encode", "options", "secret"]
IMPURE_WORDS = re.compile(r"\b(tokio|reqwest|hyper|SystemTime|Instant|std::env|std::fs|std::net|std::thread)\b")
# The library that only one port may name, and the files of that port.
PORTS = {r"\breqwest\b": ("http.rs", "http"), r"\b(SystemTime::now|Instant::now|clock_gettime)\b": ("clock.rs", "clock"), r"std::env::": ()}
FILE_LINES_MAX = 500
SOURCES = ("*.rs", "*.py", "*.pyi", "*.mjs", "*.js", "*.cjs", "*.c", "*.h", "*.sh")
# Generated, checked against its source by another step.
GENERATED = {"include/evertoken.h"}


def room(path: Path) -> str:
    """The first name below core/src, without the ending."""
    return path.relative_to(CORE).parts[0].removesuffix(".rs")


def code(path: Path) -> str:
    """The file without comments and, where they are in the file, tests."""
    text = path.read_text(encoding="utf-8").split("#[cfg(test)]\nmod tests {")[0]
    return re.sub(r"//.*", "", text)


def core_files() -> list[Path]:
    return [path for path in sorted(CORE.rglob("*.rs")) if path.stem not in ("tests", "fake") and "tests" not in path.parts]


def crate_arrows() -> Iterator[str | None]:
    metadata = json.loads(
        subprocess.run(
            ["cargo", "metadata", "--format-version", "1", "--no-deps", "--offline"], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout
    )
    ours = {package["name"]: package for package in metadata["packages"]}
    for name, package in ours.items():
        used = {dependency["name"] for dependency in package["dependencies"]} & set(ours)
        if name not in ARROWS:
            yield f"{name} is not in the picture; add it to ARCHITECTURE.md and here"
            continue
        extra = used - ARROWS[name]
        yield f"{name} uses {', '.join(sorted(extra))}" if extra else None


def pure_rooms() -> Iterator[str | None]:
    for path in core_files():
        if room(path) in PURE:
            word = IMPURE_WORDS.search(code(path))
            yield f"{path.relative_to(ROOT)} names {word[1]}" if word else None


def ports() -> Iterator[str | None]:
    for path in core_files():
        for pattern, homes in PORTS.items():
            if room(path) not in {home.removesuffix(".rs") for home in homes}:
                word = re.search(pattern, code(path))
                yield f"{path.relative_to(ROOT)} names {word[0]}, which belongs to {' or '.join(homes) or 'no file'}" if word else None


def unsafe_code() -> Iterator[str | None]:
    for path in core_files():
        count = len(re.findall(r"\bunsafe\b", code(path)))
        allowed = 1 if path.name == "fork.rs" else 0
        yield None if count <= allowed else f"{path.relative_to(ROOT)} has unsafe code"


def file_sizes() -> Iterator[str | None]:
    for name in tracked(*SOURCES):
        lines = len((ROOT / name).read_text(encoding="utf-8").splitlines())
        yield None if name in GENERATED or lines <= FILE_LINES_MAX else f"{name} has {lines} lines; {FILE_LINES_MAX} is the ceiling"


def versions() -> Iterator[str | None]:
    cargo = re.search(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert cargo
    version = cargo[1]
    package = ROOT / "bindings-node" / "package.json"
    for name in ("package.json", "package-lock.json"):
        path = ROOT / "bindings-node" / name
        if path.exists():
            found = json.loads(path.read_text(encoding="utf-8"))["version"]
            yield None if found == version else f"{path.relative_to(ROOT)} says {found}, Cargo.toml {version}"
    yield None if f"\n## {version}\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8") else f"CHANGELOG.md has no chapter {version}"
    yield None if package.exists() else "bindings-node has no package.json"


def tracked(*patterns: str) -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *patterns], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return [name for name in listed.stdout.split("\n") if name and (ROOT / name).exists()]


def main() -> int:
    findings = [finding for look in (crate_arrows, pure_rooms, ports, unsafe_code, file_sizes, versions) for finding in look()]
    bad = [finding for finding in findings if finding]
    for finding in bad:
        print(finding)
    print(f"{len(findings) - len(bad)} passed, {len(bad)} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
