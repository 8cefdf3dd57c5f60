"""Calls that event loops wait for by themselves."""

from __future__ import annotations

import sys

import pytest

from support import program, well


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted on Linux")
@pytest.mark.parametrize("loop", ["own_loop", "uvloop", "short_of_descriptors"])
def test_an_event_loop_waits_for_its_requests_itself(loop: str) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop", reason="uvloop has no release for this Python")
        if sys.version_info < (3, 11):
            pytest.skip("asyncio.Runner came with Python 3.11")
    assert well(program("event_loops.py", loop)) == "woken for each call: False"


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted on Linux")
def test_a_loop_for_each_task_needs_one_connection_and_leaves_nothing() -> None:
    assert well(program("event_loops.py", "loop_after_loop")) == "connections: [1, 1, 1, 1, 1, 1], descriptors left: 0"


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are limited as on Linux")
def test_first_calls_that_find_no_descriptor_fail_as_connections_do() -> None:
    assert well(program("event_loops.py", "first_calls")) == "failed: 5 of 5, then: 200"


def test_two_loops_of_one_thread_each_end_their_calls() -> None:
    assert well(program("event_loops.py", "loop_beside_loop")) == "[2, 1, 2]"


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted on Linux")
@pytest.mark.parametrize("program_name", ["turn_about", "closed_by_another_thread"])
def test_no_descriptors_stay_behind(program_name: str) -> None:
    assert well(program("event_loops.py", program_name)) == "descriptors left: 0"


def test_a_loop_goes_on_on_another_thread() -> None:
    assert well(program("event_loops.py", "on_another_thread")) == "[1, 2]"


def test_a_loop_that_is_closed_under_a_call_takes_the_call_with_it() -> None:
    assert well(program("event_loops.py", "closed_under_a_call")) == "ended"


def test_a_loop_does_not_keep_the_first_callers_context() -> None:
    assert well(program("event_loops.py", "context")) == "let go: True"


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="there is no fork")
def test_a_forked_child_leaves_its_parents_calls_alone() -> None:
    assert well(program("event_loops.py", "forked")) == "[1, 0, 1, 1]"


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="there is no fork")
def test_a_forked_child_that_goes_on_with_its_parents_loop_makes_calls_of_its_own() -> None:
    assert well(program("event_loops.py", "forked_and_goes_on")) == "[2, 0, 1]"
