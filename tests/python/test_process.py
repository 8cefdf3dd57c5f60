"""Signals, forks, ends: what happens to the process around the calls."""

from __future__ import annotations

import re

import pytest

from support import program, well


@pytest.mark.parametrize("call", ["token", "authorization", "get", "stream"])
def test_ctrl_c_ends_a_waiting_call_and_leaves_the_login_alone(call: str) -> None:
    assert re.fullmatch(r"interrupted after \d+ ms", well(program("interrupt.py", call)))


def test_ctrl_c_ends_a_waiting_call_in_a_child_that_a_thread_has_forked() -> None:
    assert well(program("interrupt_child.py")) == "interrupted"


def test_a_hundred_forks_under_load_leave_no_child_behind() -> None:
    assert well(program("forks.py")) == "0 of 100 children failed"


def test_child_and_grandchild_work_and_end() -> None:
    assert well(program("fork_chain.py")) == "ok"


@pytest.mark.parametrize("times", range(3))
def test_the_interpreter_ends_under_blocking_calls(times: int) -> None:
    assert well(program("exit_threads.py")) == "leaving"


@pytest.mark.parametrize("times", range(5))
def test_the_interpreter_ends_with_awaitables_in_flight(times: int) -> None:
    assert well(program("exit_awaitables.py")) == "leaving"


def test_greenlets_run_while_one_waits() -> None:
    assert well(program("greenlets.py")) == "logins: 1"


def test_the_interpreter_ends_under_greenlets_that_wait() -> None:
    assert well(program("exit_greenlets.py")) == "leaving"


def test_importing_pulls_in_nothing_and_starts_no_thread() -> None:
    assert well(program("bare_import.py")) == "heavy modules: [], threads: 1"


def test_a_subinterpreter_is_refused_and_affects_nothing_else() -> None:
    refused = "evertoken works in the main interpreter only, not in a subinterpreter (mod_wsgi: set `WSGIApplicationGroup %{GLOBAL}`)"
    assert well(program("subinterpreters.py")).splitlines() == [refused, refused]
