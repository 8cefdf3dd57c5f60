"""Runs the steps of `make test` and `make check`. Prints a heading and the duration of each, and the log of one that fails.

    python3 scripts/steps.py test              everything
    python3 scripts/steps.py check             one group
    python3 scripts/steps.py tests:python      one step, by its name

Every step writes to build/logs/NAME.log. A failed step fails the run; only the steps that need it are not run. The last line is
`N passed, N failed`: the suites' own counts, one for each check, and one failure for a step that failed without counts.
Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from step_list import STEPS, Step

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "logs"
VERBOSE = bool(os.environ.get("V"))


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __iadd__(self, other: Counts) -> Counts:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        return self

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def sum_of(pattern: str, log: str) -> int:
    return sum(int(number) for number in re.findall(pattern, log, re.MULTILINE))


def cargo_counts(log: str) -> Counts:
    """`test result: ok. 12 passed; 0 failed; 1 ignored; …`, one line per test program."""
    return Counts(
        sum_of(r"^test result: .*?(\d+) passed", log),
        sum_of(r"^test result: .*?(\d+) failed", log),
        sum_of(r"^test result: .*?(\d+) ignored", log),
    )


def pytest_counts(log: str) -> Counts:
    """`=== 12 passed, 1 skipped in 3.20s ===`, with or without the rules; an error counts as failed."""
    lines = re.findall(r"^(?:=+ )?((?:\d+ \w+, )*\d+ \w+) in [\d.:]+s.*$", log, re.MULTILINE)
    text = "\n".join(lines)
    failed = sum_of(r"(\d+) failed", text) + sum_of(r"(\d+) errors?\b", text)
    return Counts(sum_of(r"(\d+) passed", text), failed, sum_of(r"(\d+) (?:skipped|xfailed)", text))


def node_counts(log: str) -> Counts:
    """`# pass 12` (TAP) or `ℹ pass 12` (spec), one per run of the test runner."""
    return Counts(
        sum_of(r"^[#ℹ] pass (\d+)", log), sum_of(r"^[#ℹ] (?:fail|cancelled) (\d+)", log), sum_of(r"^[#ℹ] (?:skipped|todo) (\d+)", log)
    )


def plain_counts(log: str) -> Counts:
    """`12 passed, 0 failed`, one line per program: the C suites and our own scripts."""
    return Counts(
        sum_of(r"^(\d+) passed, \d+ failed", log),
        sum_of(r"^\d+ passed, (\d+) failed", log),
        sum_of(r"^\d+ passed, \d+ failed, (\d+) skipped", log),
    )


# The parts of a log that show why a suite failed; the whole log if there are none.
FAILURES = {
    "cargo": r"^failures:$.*?^test result: .*?$",
    "node": r"^ *not ok .*?^ *\.\.\.$",
}


def failures(log: str, counts: str) -> list[str]:
    """The lines of a failed step's log to show."""
    parts = re.findall(FAILURES[counts], log, re.MULTILINE | re.DOTALL) if counts in FAILURES else []
    return "\n".join(parts or [log]).splitlines()


READERS: dict[str, Callable[[str], Counts]] = {
    "cargo": cargo_counts,
    "pytest": pytest_counts,
    "node": node_counts,
    "plain": plain_counts,
}


def run(step: Step) -> tuple[bool, Counts]:
    print(f"── {step.title} ".ljust(78, "─"), flush=True)
    log_path = LOGS / f"{step.name.replace(':', '-')}.log"
    environment = {"PYTHON": sys.executable} | os.environ | step.environment
    # The steps share ./target; the suites of each language look for it there.
    environment.pop("CARGO_TARGET_DIR", None)
    started = time.monotonic()
    with log_path.open("w", encoding="utf-8") as log_file:
        output = subprocess.PIPE if VERBOSE else log_file
        process = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", step.command],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for line in process.stdout or ():
            sys.stdout.write(line)
            log_file.write(line)
        succeeded = process.wait() == 0
    seconds = time.monotonic() - started
    log = re.sub(r"\x1b\[[0-9;]*m", "", log_path.read_text(encoding="utf-8", errors="replace"))
    counts = READERS[step.counts](log) if step.counts else Counts()
    if step.counts and counts.passed + counts.failed == 0:
        # A suite that ran no test proves nothing.
        succeeded = False
    if counts.failed:
        succeeded = False
    if not step.counts and step.is_check:
        counts = Counts(passed=int(succeeded))
    if not succeeded and counts.failed == 0:
        counts.failed = 1
    if not succeeded and not VERBOSE:
        lines = failures(log, step.counts)
        if len(lines) > 300:
            print(f"   … {len(lines) - 300} lines before, see {log_path.relative_to(ROOT)}")
        print("\n".join(f"   | {line}" for line in lines[-300:]))
    shown = f"  {counts}" if counts.passed or counts.failed else ""
    print(f"   {'ok' if succeeded else 'FAILED'}{shown}  {seconds:.1f} s", flush=True)
    return succeeded, counts


def main(wanted: list[str]) -> int:
    names = {step.name for step in STEPS}
    groups = {group for step in STEPS for group in step.groups}
    if not wanted or any(name not in names | groups for name in wanted):
        print(f"usage: steps.py NAME…\n  groups: {', '.join(sorted(groups))}\n  steps: {', '.join(sorted(names))}", file=sys.stderr)
        return 2
    LOGS.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    total, bad, broken = Counts(), [], set()
    for step in STEPS:
        if step.name not in wanted and not set(wanted) & set(step.groups):
            continue
        missing = [name for name in step.needs if name in broken]
        if missing:
            print(f"── {step.title} ".ljust(78, "─") + f"\n   not run: {', '.join(missing)} failed", flush=True)
            succeeded, counts = False, Counts(failed=1)
        else:
            succeeded, counts = run(step)
        total += counts
        if not succeeded:
            bad.append(step.name)
            broken.add(step.name)
    minutes, seconds = divmod(int(time.monotonic() - started), 60)
    print("─" * 78)
    if bad:
        print(f"failed steps: {', '.join(bad)}; logs in {LOGS.relative_to(ROOT)}/")
    if total.skipped:
        print(f"{total.skipped} skipped; the logs say why")
    print(f"{minutes} min {seconds} s")
    print(f"{total.passed} passed, {total.failed} failed")
    return 1 if bad or total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
