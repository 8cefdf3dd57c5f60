"""Runs all cases and keeps every run."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable

from . import machine, plan, runner, start, targets, turns
from .catalogue import ADAPTERS, Adapter, chosen
from .plan import Version


def measure(version: Version, cases: Iterable[str], languages: set[str]) -> dict:
    """Everything that was measured: who, with what, and each run."""
    began = time.time()
    results: dict = {"version": version.name, "machine": machine.describe(), "versions": machine.versions(), "runs": {}}
    results["load_before"] = [round(load, 2) for load in os.getloadavg()]
    for case in cases:
        _say(f"{case} …")
        case_began = time.time()
        _CASES[case](version, languages, results["runs"])
        results.setdefault("seconds_by_case", {})[case] = round(time.time() - case_began)
    results["load_after"] = [round(load, 2) for load in os.getloadavg()]
    results["seconds"] = round(time.time() - began)
    results["date"] = time.strftime("%Y-%m-%d", time.gmtime(began))
    return results


def _interleaved(runs: dict, key: str, adapters: list[Adapter], rounds: int, once: Callable[[Adapter], dict]) -> None:
    """One run of each, then the next round, each round beginning with another."""
    _interleaved_groups(runs, key, [[adapter] for adapter in adapters], rounds, lambda group: [once(*group)])


def _interleaved_groups(
    runs: dict, key: str, groups: list[list[Adapter]], rounds: int, once: Callable[[list[Adapter]], list[dict]]
) -> None:
    """The same for groups that are measured together."""
    for each in range(rounds):
        at = each * len(groups) // max(rounds, 1)
        for group in groups[at:] + groups[:at]:
            for adapter, result in zip(group, once(group), strict=True):
                if "error" in result:
                    _say(f"  {adapter.key} {key}: {result['error'].splitlines()[-1]}")
                runs.setdefault(key, {}).setdefault(adapter.key, []).append(result)


def _header(version: Version, languages: set[str], runs: dict) -> None:
    for callers in plan.HEADER_CALLERS:

        def once(adapter: Adapter, callers: int = callers) -> dict:
            result = runner.run(adapter, "header", callers, version.header_seconds, _core(callers))
            if callers > 1 and adapter.key in targets.SHARED:
                apart = runner.run_on_all(adapter, "header", 3 * version.header_seconds)
                runs.setdefault(plan.APART, {}).setdefault(adapter.key, []).append(apart)
            return result

        _interleaved(runs, f"header-{callers}", chosen("header", languages, version.full), version.header_rounds, once)


def _core(callers: int) -> int | None:
    """One caller is pinned to a core."""
    return runner.CORES[0] if callers == 1 else None


def _request(version: Version, languages: set[str], runs: dict) -> None:
    groups = _compared(chosen("request", languages, version.full))
    for callers in plan.REQUEST_CALLERS:

        def once(group: list[Adapter], callers: int = callers) -> list[dict]:
            core = _core(callers)
            if group[0].language in turns.LANGUAGES:
                return turns.run(group, callers, version.request_cpu_seconds, core)
            return [runner.run(adapter, "request", callers, version.request_seconds, core) for adapter in group]

        _interleaved_groups(runs, f"request-{callers}", groups, version.request_rounds, once)


def _compared(adapters: list[Adapter]) -> list[list[Adapter]]:
    """Those that a ratio is asked of, together; the others alone."""
    against = {ours: other for ours, other, *_ in targets.REQUESTS}
    groups: dict[str, list[Adapter]] = {}
    for adapter in adapters:
        groups.setdefault(against.get(adapter.key, adapter.key), []).append(adapter)
    return list(groups.values())


def _herd(version: Version, languages: set[str], runs: dict) -> None:
    everybody = chosen("herd", languages, version.full)
    on_libraries = [adapter for adapter in everybody if adapter.beneath is not None]
    for callers in plan.HERD_CALLERS:
        is_few = callers == plan.HERD_CALLERS[0]
        all_of_them = everybody if version.full or is_few else [adapter for adapter in everybody if adapter.kind in {"ours", "floor"}]
        our_own = [adapter for adapter in everybody if adapter.kind == "ours" and adapter.beneath is None]
        for herd in (plan.CALM, plan.CALM_TWICE, *plan.HERDS):

            def once(adapter: Adapter, herd: str = herd, callers: int = callers) -> dict:
                return runner.run(adapter, herd, callers, 1)

            first = on_libraries if herd == plan.CALM_TWICE else all_of_them
            again = our_own if herd in plan.HERDS and not is_few else []
            if version.full:
                again = first
            _interleaved(runs, f"{herd}-{callers}", first, 1, once)
            _interleaved(runs, f"{herd}-{callers}", again, version.herd_rounds - 1, once)


def _start(version: Version, languages: set[str], runs: dict) -> None:
    adapters = [adapter for adapter in ADAPTERS if adapter.imports and adapter.language in start.LANGUAGES & languages]
    _interleaved(runs, "start", adapters, version.start_rounds, start.run)
    for language in sorted({adapter.language for adapter in adapters}):
        runs["start"][f"{language}/bare"] = [start.bare(language) for _ in range(version.start_rounds)]


def _memory(version: Version, languages: set[str], runs: dict) -> None:
    _interleaved(
        runs,
        "memory",
        chosen("memory", languages, version.full),
        version.memory_rounds,
        lambda adapter: runner.run(adapter, "memory", 1, 1),
    )


_CASES = {"header": _header, "request": _request, "herd": _herd, "start": _start, "memory": _memory}
CASES = tuple(_CASES)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
