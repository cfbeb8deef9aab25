"""Section 3: the state machine, ordered. The window is ten seconds where nothing else is said."""

from __future__ import annotations

import pytest

from tests.semantics.funnels.asking import ask, counts, holding, times

A_B_C = [holding("A"), holding("B"), holding("C")]


# ---------------------------------------------------------------------- the window
def test_the_boundary_of_the_window_is_inside_to_the_microsecond() -> None:
    assert counts("a A@0 B@10; b A@0 B@10.000001; c A@0.5 B@10.5") == [3, 2]


def test_the_window_runs_from_the_first_step_and_not_from_the_one_before() -> None:
    assert counts("a A@0 B@8 C@11; b A@0 B@8 C@10", "A B C") == [2, 2, 1]


def test_fractions_of_seconds_are_kept_in_the_times() -> None:
    assert times("a A@0.25 B@1.75 C@4", "A B C") == [1.5, 2.25]


# ---------------------------------------------------------------------- which chain
def test_the_latest_start_before_the_second_step_is_used() -> None:
    assert times("a A@0 A@5 B@12") == [7]  # 12 - 5; from 0 it is too late


def test_the_latest_start_is_used_also_where_an_earlier_one_would_do() -> None:
    assert times("a A@0 A@5 B@9") == [4]


def test_an_older_chain_that_is_further_stays_alive() -> None:
    # A@3 begins anew, and C@9 still goes on from B@2 of the chain of 0
    assert times("a A@0 B@2 A@3 C@9", "A B C") == [2, 7]


def test_a_newer_chain_replaces_an_older_one_where_it_arrives_at_its_slot() -> None:
    # B@4 brings the chain of 3 to B: C@11 is in its window (8) and was not in that of the chain of 0 (11)
    assert times("a A@0 B@2 A@3 B@4 C@11", "A B C") == [1, 7]


def test_a_newer_chain_replaces_an_older_one_also_where_the_older_would_do() -> None:
    assert times("a A@0 B@2 A@3 B@4 C@9", "A B C") == [1, 5]


def test_a_replaced_chain_that_was_first_to_get_furthest_keeps_its_times() -> None:
    # both chains get to B: that of 0, in 2 seconds, was first
    assert times("a A@0 B@2 A@3 B@8", "A B C") == [2, None]


def test_the_first_of_several_complete_runs_is_timed() -> None:
    assert times("a A@0 B@1 A@20 B@29") == [1]


def test_a_later_run_that_gets_further_is_timed_instead() -> None:
    assert times("a A@0 B@1 A@20 B@25 C@29", "A B C") == [5, 4]


def test_the_times_are_those_of_one_chain_and_not_the_shortest() -> None:
    # C@5 ends the chain of 0 (B@2); the run of 20 would be faster
    assert times("a A@0 B@2 C@5 A@20 B@21 C@22", "A B C") == [2, 3]


def test_a_step_that_the_chain_has_already_done_is_not_done_again() -> None:
    assert times("a A@0 B@1 B@5 C@6", "A B C") == [1, 5]


def test_steps_in_the_wrong_order_do_not_count() -> None:
    assert counts("a B@0 A@1; b C@0 B@1 A@2; c A@0 C@1 B@2", "A B C") == [3, 1, 0]


def test_nobody_enters_without_the_first_step() -> None:
    assert counts("a B@0 C@1", "A B C") == []


def test_nothing_counts_after_the_goal_is_reached() -> None:
    assert counts("a A@0 B@1 C@2 A@3 B@4", "A B C") == [1, 1, 1]
    assert times("a A@0 B@3 C@5 A@5.5 B@6 C@7", "A B C") == [3, 2]


# ---------------------------------------------------------------------- one event, several steps
def test_one_event_fills_one_of_several_alike_steps() -> None:
    assert counts("a A@0; b A@0 A@1; c A@0 A@1 A@2", "A A A") == [3, 2, 1]


def test_two_events_of_an_instant_fill_two_of_several_alike_steps() -> None:
    assert counts("a A@0 A@0; b A@0 A@0 A@0", "A A A") == [2, 2, 1]


def test_an_event_that_is_two_steps_moves_a_chain_by_one_only() -> None:
    assert counts("a AB@0; b AB@0 AB@1; c AB@0 AB@1 C@2", A_B_C) == [3, 2, 1]


def test_the_higher_step_of_an_event_is_taken_before_the_lower() -> None:
    # AB@5 first ends what began at 0 and then begins anew: five seconds, not none
    assert times("a AB@0 AB@5 C@7", A_B_C) == [5, 2]


def test_an_event_may_move_one_chain_and_begin_another() -> None:
    # AB@5 takes the chain of 0 to B and begins one at 5, which B@6 takes there: C@15 is in the window of the latter only
    assert times("a A@0 AB@5 B@6 C@15", A_B_C) == [1, 9]


# ---------------------------------------------------------------------- one instant
@pytest.mark.parametrize("log", ["a C@3 A@3 B@3", "a A@3 B@3 C@3", "a B@3 C@3 A@3"])
def test_different_events_of_an_instant_are_chained_in_the_order_of_the_funnel(log: str) -> None:
    assert counts(log, "A B C") == [1, 1, 1]


def test_events_of_an_instant_go_on_from_a_chain_before_it() -> None:
    # B@5 and C@5 in either order; A@0 began
    assert counts("a A@0 C@5 B@5", "A B C") == [1, 1, 1]


def test_a_start_at_the_instant_of_the_second_step_is_the_latest_start() -> None:
    # step 1 goes first: B@5 goes on from A@5
    assert times("a A@0 B@5 A@5 C@8", "A B C") == [None, 3]


def test_among_different_events_of_an_instant_one_that_is_two_steps_fills_one() -> None:
    # AB and C share the instant: as step 1 AB begins anew, and as step 2 it is already in that chain
    assert counts("a AB@0 C@0", A_B_C) == [1, 0, 0]
    assert counts("a AB@0 AB@5 C@5", A_B_C) == [1, 0, 0]
    assert counts("a AB@0 AB@5 C@6", A_B_C) == [1, 1, 1]


def test_among_different_events_of_an_instant_two_that_are_two_steps_fill_two() -> None:
    assert counts("a AB@0 AB@0 C@0", A_B_C) == [1, 1, 1]


def test_alike_events_of_an_instant_are_each_taken_as_they_are() -> None:
    # AB, AB: the second ends what the first began
    assert counts("a AB@0 AB@0", [holding("A"), holding("B")]) == [1, 1]


# ---------------------------------------------------------------------- optional steps
def test_an_optional_step_may_be_left_out() -> None:
    assert counts("a A@0 C@5; b A@0 B@1 C@5; c A@0 B@1; d A@0", "A B? C") == [4, 2, 2]


def test_several_optional_steps_in_a_row_may_be_left_out() -> None:
    log = "a A@0 D@5; b A@0 B@1 D@5; c A@0 C@1 D@5; d A@0 B@1 C@2 D@5"
    assert counts(log, "A B? C? D") == [4, 2, 2, 4]


def test_a_required_step_is_never_left_out() -> None:
    assert counts("a A@0 B@1 D@2; b A@0 C@1 D@2", "A B? C D") == [2, 1, 1, 1]


def test_the_last_step_may_be_optional() -> None:
    assert counts("a A@0 B@1; b A@0", "A B?") == [2, 1]
    assert times("a A@0 B@1; b A@0", "A B?") == [None]


def test_where_the_window_of_the_optional_step_has_run_out_it_is_skipped() -> None:
    # the chain of 0 with B is too old for C@12; that of 8 is without B
    log = "a A@0 B@1 A@8 C@12"
    assert counts(log, "A B? C") == [1, 0, 1]
    assert times(log, "A B? C")[0] == 4


def test_while_the_window_of_the_optional_step_is_open_it_is_not_skipped() -> None:
    # C@10 goes on from B of the chain of 0, though A@8 is later
    log = "a A@0 B@1 A@8 C@10"
    assert counts(log, "A B? C") == [1, 1, 1]
    assert times(log, "A B? C")[0] == 10


def test_an_optional_step_after_it_was_skipped_does_not_count() -> None:
    # C@1 skips B and is first to get there: with B it would be the same step from the same start
    assert counts("a A@0 C@1 B@2 C@3 D@4", "A B? C D") == [1, 0, 1, 1]


def test_a_chain_of_a_new_start_that_has_the_optional_step_replaces_one_that_skipped_it() -> None:
    # C@1 skipped B; the chain of 2 has it and arrives at C later: D goes on from there
    log = "a A@0 C@1 A@2 B@3 C@4 D@5"
    assert counts(log, "A B? C D") == [1, 1, 1, 1]
    assert times(log, "A B? C D") == [2, 1, None]


def test_without_the_last_step_the_first_to_get_furthest_counts_with_or_without_the_optional_step() -> None:
    assert counts("a A@0 C@1 A@2 B@3 C@4", "A B? C D") == [1, 0, 1, 0]
    assert counts("a A@0 B@1 C@2 A@3 C@4", "A B? C D") == [1, 1, 1, 0]


def test_a_chain_may_be_the_best_by_an_optional_step_alone() -> None:
    assert counts("a A@0 B@1 A@20", "A B? C") == [1, 1, 0]


def test_an_optional_step_takes_no_time() -> None:
    assert [row["average_conversion_time"] for row in ask("a A@0 B@2 C@5", "A B? C")] == [None, 5, None]
