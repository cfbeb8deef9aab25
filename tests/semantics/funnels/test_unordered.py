"""Section 5: unordered funnels, a queue of events for each step. The window is ten seconds."""

from __future__ import annotations

from typing import Any

from tests.semantics.funnels import asking
from tests.semantics.funnels.asking import holding

A_B_C = [holding("A"), holding("B"), holding("C")]


def counts(log: str, series: asking.Series = "A B", **asked: Any) -> list[int]:
    return asking.counts(log, series, order="unordered", **asked)


def times(log: str, series: asking.Series = "A B", **asked: Any) -> list[float | None]:
    return asking.times(log, series, order="unordered", **asked)


# ---------------------------------------------------------------------- the window
def test_steps_count_in_any_order() -> None:
    assert counts("a C@0 A@1 B@2; b B@0 A@1; c C@0", "A B C") == [3, 2, 1]


def test_the_window_runs_from_the_oldest_event_and_its_boundary_is_inside() -> None:
    assert counts("a B@0 A@10; b B@0 A@10.000001") == [2, 1]
    assert counts("a C@0 A@5 B@10; b C@0 A@5 B@11", "A B C") == [2, 2, 1]


def test_what_had_been_done_when_the_oldest_event_runs_out_is_kept() -> None:
    # at 11 A@0 runs out: two were done. B@5 and C@11 are two as well, which is no more
    assert counts("a A@0 B@5 C@11", "A B C") == [1, 1, 0]
    assert times("a A@0 B@5 C@11", "A B C") == [5, None]


def test_only_the_oldest_runs_out_and_the_rest_goes_on() -> None:
    assert counts("a A@0 B@5 C@11 A@12", "A B C") == [1, 1, 1]
    assert times("a A@0 B@5 C@11 A@12", "A B C") == [6, 1]  # 5, 11, 12


def test_the_next_event_of_a_queue_takes_the_place_of_one_that_ran_out() -> None:
    # at 11 A@0 runs out and A@5 stands in its place
    assert counts("a A@0 A@5 B@11") == [1, 1]
    assert times("a A@0 A@5 B@11") == [6]


def test_while_the_window_is_open_the_oldest_event_of_a_step_counts() -> None:
    assert times("a A@0 A@5 B@9") == [9]


def test_several_events_may_run_out_at_once() -> None:
    assert counts("a A@0 B@1 C@50", "A B C") == [1, 1, 0]
    assert counts("a A@0 A@1 A@2 B@50", "A B C") == [1, 0, 0]


# ---------------------------------------------------------------------- the best
def test_the_first_completed_run_is_the_one_that_is_timed() -> None:
    assert times("a A@0 B@1 A@2 B@9") == [1]
    assert times("a A@0 B@3 A@50 B@51") == [3]


def test_a_later_run_counts_if_more_is_done_in_it() -> None:
    assert counts("a A@0 B@1 B@50 C@52 A@55", "A B C") == [1, 1, 1]
    assert times("a A@0 B@1 B@50 C@52 A@55", "A B C") == [2, 3]


def test_a_later_run_with_as_much_done_does_not_replace_the_first() -> None:
    assert times("a A@0 B@1 B@50 C@55", "A B C") == [1, None]


def test_the_times_are_between_the_sorted_events() -> None:
    assert times("a C@1 A@3 B@7", "A B C") == [2, 4]


def test_the_last_event_may_complete() -> None:
    assert counts("a N@0 B@1 A@2") == [1, 1]


# ---------------------------------------------------------------------- one event, one step
def test_each_event_serves_one_step() -> None:
    assert counts("a AB@0; b AB@0 AB@1", [holding("A"), holding("B")]) == [2, 1]


def test_alike_steps_are_filled_one_by_one() -> None:
    assert counts("a A@0; b A@0 A@1; c A@0 A@1 A@2; d A@0 A@0 A@0", "A A A") == [4, 3, 2]


def test_an_event_of_two_steps_goes_to_the_empty_queue() -> None:
    assert counts("a A@0 AB@1; b B@0 AB@1", [holding("A"), holding("B")]) == [2, 2]


def test_of_two_empty_queues_the_first_is_taken_also_where_the_other_would_do_better() -> None:
    # AB@0 is taken as A; A@1 comes second there, and B stays empty
    assert counts("a AB@0 A@1", [holding("A"), holding("B")]) == [1, 0]
    assert counts("a AB@0 B@1", [holding("A"), holding("B")]) == [1, 1]


def test_of_two_filled_queues_the_one_whose_newest_event_is_oldest_is_taken() -> None:
    # AB@2 goes to A (newest 0) and not to B (newest 1). At 11 A@0 runs out and AB@2 stands in its place: 1, 2, 11 are all three.
    log = "a A@0 B@1 AB@2 C@11"
    assert counts(log, A_B_C) == [1, 1, 1]
    assert times(log, A_B_C) == [1, 9]
    # and the other way round to B: at 11 B@0 runs out
    assert times("a B@0 A@1 AB@2 C@11", A_B_C) == [1, 9]


def test_the_newest_event_of_a_queue_decides_and_not_its_first() -> None:
    # A has 0 and 3, B has 1: AB@4 goes to B. At 11 A@0 runs out, then A@3 and B@1 stand: 1, 3, 11
    assert times("a A@0 B@1 A@3 AB@4 C@11", A_B_C) == [2, 8]
    # at 11.5 B@1 has run out too: A@3, AB@4 (as B), C
    assert times("a A@0 B@1 A@3 AB@4 C@11.5", A_B_C) == [1, 7.5]


# ---------------------------------------------------------------------- exclusions
def test_after_an_exclusion_counting_begins_anew() -> None:
    # A is forgotten, B counts: at the first step and not at the second. Ordered, the same person counts nowhere.
    assert counts("a A@0 X@1 B@2", exclude="X:0-1") == [1, 0]
    assert asking.counts("a A@0 X@1 B@2", exclude="X:0-1") == []


def test_what_was_reached_and_not_yet_recorded_is_lost() -> None:
    assert counts("a A@0 X@1", exclude="X:0-1") == []
    assert counts("a A@0 B@1 X@2 C@3", "A B C", exclude="X:0-2") == [1, 0, 0]


def test_what_ran_out_before_the_exclusion_was_recorded() -> None:
    # X@20 comes when A and B have run out: two were done
    assert counts("a A@0 B@1 X@20", "A B C", exclude="X:0-2") == [1, 1, 0]
    assert counts("a A@0 X@11", exclude="X:0-1") == [1, 0]
    # at the boundary A has not run out, and is lost
    assert counts("a A@0 X@10", exclude="X:0-1") == []


def test_an_exclusion_right_after_the_last_missing_step_does_no_harm() -> None:
    assert counts("a A@0 B@1 X@2", exclude="X:0-1") == [1, 1]
    assert times("a A@0 B@3 X@3.5 A@4 B@5", exclude="X:0-1") == [3]


def test_after_an_exclusion_a_whole_run_may_follow() -> None:
    assert counts("a A@0 X@1 B@2 A@3", exclude="X:0-1") == [1, 1]
    assert times("a A@0 X@1 B@2 A@5", exclude="X:0-1") == [3]


def test_an_exclusion_before_everything_does_nothing() -> None:
    assert counts("a X@0 A@1 B@2", exclude="X:0-1") == [1, 1]


def test_several_exclusions_each_begin_anew() -> None:
    assert counts("a A@0 X@1 A@2 Y@3 B@4", exclude="X:0-1 Y:0-1") == [1, 0]


# ---------------------------------------------------------------------- the answer
def test_steps_are_named_by_how_many_are_completed_and_have_no_action() -> None:
    rows = asking.ask("a C@0 A@1 B@2", "A B C", order="unordered")
    assert [row["name"] for row in rows] == ["Completed 1 step", "Completed 2 steps", "Completed 3 steps"]
    assert [row["action_id"] for row in rows] == [None, None, None]


def test_lists_of_people_are_of_how_many_steps_are_done_whichever_they_are() -> None:
    log = "a C@0 B@1; b A@0; c B@0 C@1 A@2"
    ask = lambda step: asking.did(log, "A B C", order="unordered", step=step)  # noqa: E731
    assert [ask(step) for step in (1, 2, 3)] == [["a", "b", "c"], ["a", "c"], ["c"]]
    assert [ask(step) for step in (-2, -3)] == [["b"], ["a"]]
