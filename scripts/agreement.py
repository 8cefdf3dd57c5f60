"""Checks that what is written in two places agrees, if no compiler checks it. Prints `N passed, N failed`, one for each comparison.

Versions in the manifests; the README's tables and the words of Python's and TypeScript's types with the core's sources; the sections that
the vectors name with the pages in docs; what the README says of other clients with the results of the benchmark; the length of source
files. The dependencies in ARCHITECTURE.md are checked by tests/rust/tests/architecture.rs.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE_LINES_MAX = 500
OPTION_TYPES = "bindings-node/types/options.d.ts"
SOURCES = ("*.rs", "*.py", "*.pyi", "*.mjs", "*.js", "*.cjs", "*.ts", "*.mts", "*.c", "*.h", "*.cpp", "*.hpp", "*.go", "*.sh", "Makefile")
RESULTS = "bench/results/short/README.md"
# How far a result may be from the README's figure, because runs differ.
TOLERANCE = 0.1
# Generated.
LARGE = {"include/evertoken.h"}


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def chapter(title: str) -> str:
    """A chapter of the README, to the next heading of its level."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text("README.md"), re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def first_column(title: str) -> set[str]:
    """The code words in the first cells of a chapter's tables."""
    return {word for cell in re.findall(r"^\|([^|]*)\|", chapter(title), re.MULTILINE) for word in re.findall(r"`(\w+)`", cell)}


def same(what: str, written: set[str], true: set[str], page: str = "README.md") -> Iterator[str]:
    assert true, what
    for name in sorted(true - written):
        yield f"{page}: {what} {name} is missing"
    for name in sorted(written - true):
        yield f"{page}: {what} {name} does not exist"


def options() -> Iterator[str]:
    yield from same("option", first_column("Options"), core_options("core/src/builder.rs", "CLIENT_OPTIONS"))


def core_options(path: str, constant: str) -> set[str]:
    return words(path, f" {constant}: &\\[&str\\] = &\\[", r"\];")


def option_types() -> Iterator[str]:
    """The interfaces of TypeScript with the core's lists. Python's constructors have a test of their own."""
    grants = "core/src/flow/oauth2/plain.rs"
    for path, constant, *interfaces in (
        ("core/src/flow/pismo.rs", "OPTIONS", "PismoOptions"),
        ("core/src/flow/passkit.rs", "OPTIONS", "PassKitCommonOptions", "PassKitLoginOptions", "PassKitTokenOptions"),
        ("core/src/flow/wso2.rs", "OPTIONS", "Wso2Options"),
        (grants, "PASSWORD_OPTIONS", "OAuth2Options", "PasswordOptions"),
        (grants, "CLIENT_CREDENTIALS_OPTIONS", "OAuth2Options", "ClientCredentialsOptions"),
        ("core/src/flow/json_login/described.rs", "OPTIONS", "JsonLoginOptions"),
    ):
        true = core_options("core/src/builder.rs", "CLIENT_OPTIONS") | core_options(path, constant)
        written = {member for interface in ("CommonOptions", *interfaces) for member in members(interface)}
        yield from same("option", written, {camel_case(name) for name in true}, OPTION_TYPES)


def camel_case(name: str) -> str:
    return re.sub(r"_(\w)", lambda letter: letter[1].upper(), name)


def members(interface: str) -> list[str]:
    found = re.search(rf"interface {interface} (?:extends \w+ )?\{{\n(.*?)^\}}", text(OPTION_TYPES), re.MULTILINE | re.DOTALL)
    assert found, interface
    return re.findall(r"^  (\w+)\??:", found[1], re.MULTILINE)


def errors() -> Iterator[str]:
    rows = re.findall(r'^    (\w+) = \(\s*(\d+),\s*"(\w+)",\s*retryable: (true|false)', text("core/src/error.rs"), re.MULTILINE)
    assert rows
    wanted = {(code, number, f"{kind}Error", "yes" if again == "true" else "no") for kind, number, code, again in rows}
    written = set(re.findall(r"^\| `(\w+)` \| (\d+) \| `(\w+)` \| (yes|no) \|", chapter("Errors"), re.MULTILINE))
    for row in sorted(wanted ^ written):
        yield f"README: the error row {row} {'is missing' if row in wanted else 'does not exist'}"


def names(path: str, pattern: str) -> set[str]:
    return set(re.findall(pattern, text(path), re.MULTILINE))


def words(path: str, start: str, end: str) -> set[str]:
    """The quoted words of a file between two patterns: the members of a union type."""
    found = re.search(rf"{start}(.*?){end}", text(path), re.DOTALL)
    assert found, (path, start)
    return set(re.findall(r"""["'](\w+)["']""", re.sub(r"/\*.*?\*/", "", found[1], flags=re.DOTALL)))


def stable_words() -> Iterator[str]:
    """Reasons, events, standings and ways to a token: the core's, the README's and those of the types in Python and TypeScript."""
    reasons = names("core/src/verdict.rs", r'Self::\w+ => "(\w+)"')
    events = names("core/src/event.rs", r'EventKind::\w+(?: \{ \.\. \})? => "(\w+)"')
    standings = names("core/src/keeper.rs", r'Self::\w+ => "(\w+)"')
    ways = names("core/src/event.rs", r'Self::\w+ => "(\w+)"')
    yield from same("reason", first_column("When the API says 401"), reasons)
    yield from same("event", first_column("Events, state and counters"), events)
    stub, types, requests = (
        "bindings-python/python/evertoken/_native.pyi",
        "bindings-node/index.d.ts",
        "bindings-node/types/request.d.ts",
    )
    yield from same("reason", words(stub, r"_Reason = Literal\[", r"\]"), reasons, stub)
    yield from same("event", words(stub, r"def name\(\s*self,?\s*\) -> Literal\[", r"\]"), events, stub)
    yield from same("standing", words(stub, r"_Standing = Literal\[", r"\]"), standings, stub)
    yield from same("via", words(stub, r"_Via = Literal\[", r"\]"), ways, stub)
    yield from same("reason", words(requests, "export type GiveBackReason =", r"\n\n"), reasons, requests)
    yield from same("event", names(types, r"^  (\w+): EventOf<"), events, types)
    yield from same("standing", words(types, r"\n  standing: ", r"\n"), standings, types)
    yield from same("via", words(types, "export type Via = ", r"\n"), ways, types)


def versions() -> Iterator[str]:
    found = re.search(r'^version = "(.+)"$', text("Cargo.toml"), re.MULTILINE)
    assert found
    version = found[1]
    for manifest in [
        "bindings-node/package.json",
        *(str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("bindings-node/npm/*/package.json"))),
    ]:
        package = json.loads(text(manifest))
        for name, said in {"the package": package["version"], **package.get("optionalDependencies", {})}.items():
            if said != version:
                yield f"{manifest}: {name} is {said}, Cargo.toml says {version}"
    if f"\n## {version}\n" not in text("CHANGELOG.md"):
        yield f"CHANGELOG.md has no chapter {version}"


def sections(page: str) -> set[str]:
    """The numbered headings and list items of a page: `7` and `7.2`."""
    found: set[str] = set()
    for chapter_number, body in re.findall(r"^## (\d+)\..*?\n(.*?)(?=^## |\Z)", text(f"docs/{page}.md"), re.MULTILINE | re.DOTALL):
        found |= {chapter_number, *(f"{chapter_number}.{item}" for item in re.findall(r"^(\d+)\. ", body, re.MULTILINE))}
    return found


def vector_sources() -> Iterator[str]:
    """Each vector names the section of a page in docs, or of an RFC, that specifies its behaviour."""
    known = {f"{page} §{section}" for page in ("contract", "wire") for section in sections(page)} | {"wire"}
    for path in sorted((ROOT / "tests" / "vectors").glob("*.json")):
        if path.stem == "skip":
            continue
        source = json.loads(path.read_text(encoding="utf-8")).get("source", "")
        bad = [part for part in source.split(", ") if part not in known and not re.fullmatch(r"RFC \d{4}( §[\d.]+)?", part)]
        if bad:
            yield f"{path.name}: its source {bad} is written nowhere"


def measured() -> Iterator[str]:
    """What the README says of the clients of others, with the results that it refers to."""
    said = " ".join(chapter("Beside others").split())
    cells = [row[3].split(" / ") for _, row in result_rows("**64 callers", "**1,000 callers") if is_of_others(row)]
    requests, failed = ([int(cell[index].replace(",", "")) for cell in cells] for index in (0, 1))
    herd = (
        f"Of {len(cells)} clients of others, {sum(count >= 63 for count in requests)} make 63 or 64 token requests, "
        f"{failed.count(64)} fail all 64 calls, and {requests.count(1)} make 1 as well."
    )
    if herd not in said:
        yield f"README.md: by {RESULTS} it should say: {herd}"
    ratios = {
        r"Rust ([\d.]+) of reqwest": target("request, Rust, one at a time: CPU of evertoken over reqwest"),
        r"C ([\d.]+) of libcurl": target("request, C, one at a time: CPU of Evertoken request over libcurl easy"),
        r"Python ([\d.]+) of pyreqwest": target("request, Python, one at a time: CPU of Evertoken Client over pyreqwest"),
        r"`AsyncClient` with 64 at once ([\d.]+)": target("request, Python, 64 at once: CPU of Evertoken AsyncClient over pyreqwest async"),
        r"Node ([\d.]+) of undici": target("request, Node, one at a time: CPU of Evertoken request over undici.request"),
        r"and ([\d.]+) with 64 at once": target("request, Node, 64 at once: CPU of Evertoken request over undici.request"),
        r" ([\d.]+) times as long in Python": cheapest_header("Python", "**Evertoken Client**"),
        r" ([\d.]+) times in Rust": cheapest_header("Rust", "**evertoken**"),
        r" ([\d.]+) times in Node": cheapest_header("Node", "**Evertoken await authorization()**"),
    }
    for pattern, ratio in ratios.items():
        found = re.search(pattern, said)
        if found is None:
            yield f"README.md: {pattern} is not in it"
        elif abs(float(found[1]) / ratio - 1) > TOLERANCE:
            yield f"README.md: it says {found[0].strip()!r}, but {RESULTS} {ratio:.2f}"


def target(what: str) -> float:
    found = re.search(rf"^\| {re.escape(what)} \|[^|]*\| ([\d.]+) × ", text(RESULTS), re.MULTILINE)
    assert found, what
    return float(found[1])


def cheapest_header(language: str, ours: str) -> float:
    """The time of the cheapest client of others, as a multiple of ours."""
    nanoseconds = {
        row[0]: float(row[1].partition(" ")[0].replace(",", ""))
        for found, row in result_rows("## header", "## request")
        if found == language and (row[0] == ours or is_of_others(row))
    }
    our_own = nanoseconds.pop(ours)
    return min(nanoseconds.values()) / our_own


def result_rows(start: str, end: str) -> Iterator[tuple[str, list[str]]]:
    """The rows of the tables between two lines of the results, each with its language."""
    found = re.search(rf"^{re.escape(start)}(.*?)^{re.escape(end)}", text(RESULTS), re.MULTILINE | re.DOTALL)
    assert found, start
    language = ""
    for line in found[1].splitlines():
        if line.startswith("### "):
            language = line[4:]
        row = line.strip("| ").split(" | ")
        if len(row) > 1 and row[0] not in (language, "---"):
            yield language, row


def is_of_others(row: list[str]) -> bool:
    """Rows of ours are bold, and the lower bound for any client is in italics."""
    return not row[0].startswith("*")


def file_sizes() -> Iterator[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *SOURCES], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in listed.stdout.split("\n"):
        if name and (ROOT / name).exists() and name not in LARGE:
            lines = len(text(name).splitlines())
            if lines > FILE_LINES_MAX:
                yield f"{name} has {lines} lines; {FILE_LINES_MAX} is the ceiling"


def main() -> int:
    comparisons = (options, option_types, errors, stable_words, versions, vector_sources, measured, file_sizes)
    complaints = [list(compare()) for compare in comparisons]
    for complaint in chain.from_iterable(complaints):
        print(complaint)
    failed = sum(map(bool, complaints))
    print(f"{len(comparisons) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
