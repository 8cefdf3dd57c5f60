"""Runs all cases and keeps every run."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from . import herds, machine, plan, runner, start, targets, turns
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
                _keep(runs, key, adapter, result)


def _keep(runs: dict, key: str, adapter: Adapter, result: dict) -> None:
    if "error" in result:
        _say(f"  {adapter.key} {key}: {result['error'].splitlines()[-1]}")
    runs.setdefault(key, {}).setdefault(adapter.key, []).append(result)


def _header(version: Version, languages: set[str], runs: dict) -> None:
    for callers in plan.HEADER_CALLERS:

        def once(adapter: Adapter, callers: int = callers) -> dict:
            if callers == 1 or adapter.key not in targets.SHARED:
                return runner.run(adapter, "header", callers, version.header_seconds, _core(callers))
            # Longer: 5 % are to be seen.
            apart = runner.run_on_all(adapter, "header", 3 * version.header_seconds)
            _keep(runs, plan.APART, adapter, apart)
            return runner.run(adapter, "header", callers, 3 * version.header_seconds)

        _interleaved(runs, f"header-{callers}", chosen("header", languages, version.full), version.header_rounds, once)


def _core(callers: int) -> int | None:
    """One caller is pinned to a core."""
    return runner.CORES[0] if callers == 1 else None


def _request(version: Version, languages: set[str], runs: dict) -> None:
    groups = _compared(chosen("request", languages, version.full))
    in_turns = [group for group in groups if _takes_turns(group)]
    alone = [group for group in groups if not _takes_turns(group)]
    for callers in plan.REQUEST_CALLERS:

        def once(group: list[Adapter], callers: int = callers) -> list[dict]:
            core = _core(callers)
            if _takes_turns(group):
                return turns.run(group, callers, version.request_cpu_seconds * _times_longer(group), core)
            return [runner.run(adapter, "request", callers, version.request_seconds, core) for adapter in group]

        _interleaved_groups(runs, f"request-{callers}", in_turns, version.request_rounds, once)
        # More, for what disturbs one of these does not disturb the other that it is compared with.
        _interleaved_groups(runs, f"request-{callers}", alone, version.request_rounds + 1, once)


def _takes_turns(group: list[Adapter]) -> bool:
    return group[0].language in turns.LANGUAGES


def _times_longer(group: list[Adapter]) -> int:
    """A ratio that may be hardly more than 1 needs more than one that may be far from it, most of all where a collector runs."""
    is_close = any(adapter.key in targets.CLOSE for adapter in group)
    return {"python": 2, "node": 3}[group[0].language] if is_close else 1


def _compared(adapters: list[Adapter]) -> list[list[Adapter]]:
    """Those that a ratio is asked of, together; the others alone."""
    against = {ours: other for ours, other, *_ in targets.REQUESTS}
    groups: dict[str, list[Adapter]] = {}
    for adapter in adapters:
        groups.setdefault(against.get(adapter.key, adapter.key), []).append(adapter)
    return list(groups.values())


def _herd(version: Version, languages: set[str], runs: dict) -> None:
    everybody = chosen("herd", languages, version.full)
    for callers in plan.HERD_CALLERS:
        for herd in (plan.CALM, plan.CALM_TWICE, *plan.HERDS):

            def once(group: list[Adapter], herd: str = herd, callers: int = callers) -> list[dict]:
                return herds.run(group, herd, callers)

            key, adapters = f"{herd}-{callers}", _of_herd(version, herd, callers, everybody)
            again = adapters if version.full else _again(herd, callers, adapters)
            _interleaved_groups(runs, key, herds.together(herd, adapters), 1, once)
            _interleaved_groups(runs, key, herds.together(herd, again), version.herd_rounds - 1, once)


def _of_herd(version: Version, herd: str, callers: int, everybody: list[Adapter]) -> list[Adapter]:
    """Whose herd is measured."""
    if herd == plan.CALM_TWICE:
        return [adapter for adapter in everybody if adapter.beneath is not None]
    if version.full or callers == plan.HERD_CALLERS[0]:
        return everybody
    return [adapter for adapter in everybody if adapter.kind in {"ours", "floor"}]


def _again(herd: str, callers: int, adapters: list[Adapter]) -> list[Adapter]:
    """Whose herd the short version repeats: our own clients with many callers, whose times are on the edge."""
    if callers == plan.HERD_CALLERS[0] or herd not in plan.HERDS:
        return []
    return [adapter for adapter in adapters if adapter.kind == "ours" and adapter.beneath is None]


def _start(version: Version, languages: set[str], runs: dict) -> None:
    adapters = [adapter for adapter in ADAPTERS if adapter.imports and adapter.language in start.LANGUAGES & languages]
    _interleaved(runs, "start", adapters, version.start_rounds, start.run)
    for language in sorted({adapter.language for adapter in adapters}):
        runs["start"][f"{language}/bare"] = [start.bare(language) for _ in range(version.start_rounds)]


def _memory(version: Version, languages: set[str], runs: dict) -> None:
    adapters = chosen("memory", languages, version.full)
    for _ in range(version.memory_rounds):
        # At the same time, for it is not time that is measured.
        with ThreadPoolExecutor(len(runner.CORES)) as pool:
            found = pool.map(lambda adapter: runner.run(adapter, "memory", 1, 1), adapters)
            for adapter, result in zip(adapters, found, strict=True):
                _keep(runs, "memory", adapter, result)


_CASES = {"header": _header, "request": _request, "herd": _herd, "start": _start, "memory": _memory}
CASES = tuple(_CASES)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
