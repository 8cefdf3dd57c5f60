"""What `make test` and `make check` run, in order."""

from __future__ import annotations

from dataclasses import dataclass, field

PY = ".venv/bin/python"
# pyright finds packages through the first python on the path; with `--verifytypes` there is no other way.
PYRIGHT = 'PATH="$PWD/.venv/bin:$PATH" pyright'


@dataclass(frozen=True)
class Step:
    name: str
    title: str
    # For `bash -euo pipefail -c`, in the repository's root.
    command: str
    groups: tuple[str, ...] = ("test",)
    # The format of the counts in its log; "" if it has none.
    counts: str = ""
    # Whether the step counts as one test, if its log has no counts.
    is_check: bool = False
    needs: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)


def check(name: str, title: str, command: str, needs: tuple[str, ...] = (), **environment: str) -> Step:
    return Step(f"check:{name}", f"check: {title}", command, ("test", "check"), is_check=True, needs=needs, environment=environment)


def suite(name: str, title: str, command: str, counts: str, needs: tuple[str, ...] = ("build", "bindings"), **environment: str) -> Step:
    return Step(f"tests:{name}", f"tests: {title}", command, ("test",), counts, needs=needs, environment=environment)


def package(name: str, title: str, command: str, needs: tuple[str, ...] = ("release",)) -> Step:
    return Step(f"package:{name}", f"package: {title}", command, ("test", "packages"), is_check=True, needs=needs)


STEPS: tuple[Step, ...] = (
    Step("environment", "pinned Python packages and node_modules", "scripts/environment.sh", ("test", "check")),
    Step(
        "build",
        "build: the whole workspace, debug, once for all languages",
        "cargo build --workspace --all-targets --locked",
        ("test", "check"),
    ),
    Step(
        "bindings",
        "build: each language finds what was built",
        f"{PY} scripts/artefacts.py target/debug; {PY} scripts/python_editable.py",
        ("test", "check"),
        needs=("environment", "build"),
    ),
    # Checks run only compilers and linters.
    check("rustfmt", "Rust formatting", "cargo fmt --all --check"),
    check("clippy", "Rust lints", "cargo clippy --workspace --all-targets --locked -- -D warnings"),
    check("rustdoc", "Rust documentation", "cargo doc --workspace --no-deps --locked", RUSTDOCFLAGS="-D warnings"),
    check("ruff", "Python formatting and lints", ".venv/bin/ruff format --check; .venv/bin/ruff check", ("environment",)),
    check("mypy", "Python types", ".venv/bin/mypy bindings-python/python/evertoken tests/python", ("environment", "bindings")),
    check(
        "pyright",
        "Python types as pyright sees them, and that none is missing",
        f"{PYRIGHT} tests/python/test_typing.py; {PYRIGHT} --verifytypes evertoken --ignoreexternal",
        ("environment", "bindings"),
    ),
    check("mypy-scripts", "Python types of scripts and demo", ".venv/bin/mypy scripts demo", ("environment",), MYPYPATH="scripts:demo"),
    check(
        "stubtest",
        "Python stubs agree with the extension",
        f"{PY} -m mypy.stubtest evertoken._native --allowlist tests/python/stubtest.txt",
        ("environment", "bindings"),
    ),
    check(
        "node", "JavaScript lints, TypeScript types, package exports", "cd tests/node; npm run check --silent", ("environment", "bindings")
    ),
    check("header", "include/evertoken.h agrees with the Rust code", "target/debug/examples/header --check", ("build",)),
    Step("check:agreement", "check: versions, tables and sizes agree", "$PYTHON scripts/agreement.py", ("test", "check"), "plain"),
    Step("check:links", "check: links in the documents", "$PYTHON scripts/links.py", ("test", "check"), "plain"),
    # Suites have counts of their own.
    suite("rust", "Rust: units, vectors, sandbox, command", "cargo test --workspace --locked --no-fail-fast --lib --bins --tests", "cargo"),
    suite("rust-doc", "Rust: documentation examples", "cargo test --workspace --locked --no-fail-fast --doc", "cargo"),
    suite("c", "C: units, vectors, install, CMake, sanitizers, valgrind", "tests/c/run.sh", "plain", EVERTOKEN_BUILT="1"),
    suite("python", "Python: units, vectors, adapters, fork, signals", f"{PY} -m pytest", "pytest"),
    suite("node", "Node.js: units, vectors, adapters, workers", "cd tests/node; npm test --silent", "node"),
    suite("servers", "OAuth2 servers of others, from Python and C", "cd tests/servers; ../../.venv/bin/python -m pytest", "pytest"),
    suite("servers-node", "OAuth2 servers of others, from Node.js", "cd tests/servers/node; node --preserve-symlinks --test", "node"),
    suite("readme", "README snippets", f"{PY} scripts/snippets.py target/debug", "plain"),
    # Packages, as users get them: one release build for all three.
    Step(
        "release",
        "build: what is shipped, release",
        "cargo build --workspace --exclude evertoken-examples --exclude evertoken-fuzz --exclude evertoken-c-rlib --release --locked",
        ("test", "packages"),
    ),
    package("wheel", "pip install . into a new environment", "scripts/package_checks.sh wheel"),
    package("npm", "npm pack, installed into a new project", "scripts/package_checks.sh npm"),
    package("install", "make install, and a program built with pkg-config", "scripts/package_checks.sh install"),
)
