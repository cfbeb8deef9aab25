"""Section 3: strict funnels, in which anything between two steps breaks the chain."""

from __future__ import annotations

import pytest

from tests.semantics.funnels.asking import counts, holding, times


def test_another_event_breaks_the_chain() -> None:
    assert counts("a A@0 N@1 B@2; b A@0 B@1 N@2 C@3; c A@0 B@1 C@2", "A B C", order="strict") == [3, 2, 1]


def test_a_second_first_step_restarts() -> None:
    assert counts("a A@0 A@1 B@2", order="strict") == [1, 1]
    assert times("a A@0 A@1 B@3", order="strict") == [2]


def test_the_second_step_twice_does_not_break_the_chain() -> None:
    # B@2 can't be done again, but leaves the slot of step 2 as it is
    assert counts("a A@0 B@1 B@2 C@3", "A B C", order="strict") == [1, 1, 1]
    assert times("a A@0 B@1 B@2 C@4", "A B C", order="strict") == [1, 3]


def test_a_step_of_the_funnel_in_the_wrong_place_breaks_the_chain() -> None:
    assert counts("a A@0 B@1 A@2 C@3; b A@0 C@1 B@2", "A B C", order="strict") == [2, 1, 0]


def test_after_a_break_a_new_chain_may_be_completed() -> None:
    assert counts("a A@0 N@1 B@2 A@3 B@4", order="strict") == [1, 1]
    assert times("a A@0 N@1 B@2 A@3 B@4.5", order="strict") == [1.5]


def test_an_event_before_the_first_step_or_after_the_last_breaks_nothing() -> None:
    assert counts("a N@0 A@1 B@2 N@3", order="strict") == [1, 1]


def test_the_window_counts_in_strict_funnels_too() -> None:
    assert counts("a A@0 B@10; b A@0 B@11", order="strict") == [2, 1]


def test_an_event_outside_the_range_breaks_nothing() -> None:
    dates = {"date_from": "2020-01-01T00:00:00Z", "date_to": "2020-01-01T00:00:08Z", "explicitDate": True}
    assert counts("a N@-1 A@0 B@8 N@9", order="strict", dateRange=dates) == [1, 1]


def test_an_event_that_is_several_steps_leaves_all_their_slots() -> None:
    # AB@1 ends what AB@0 began and begins anew; C goes on from it
    assert counts("a AB@0 AB@1 C@2", [holding("A"), holding("B"), holding("C")], order="strict") == [1, 1, 1]


def test_several_alike_steps_are_filled_one_by_one() -> None:
    assert counts("a A@0 A@1; b A@0 N@1 A@2; c A@0 A@1 A@2", "A A A", order="strict") == [3, 2, 1]


# ---------------------------------------------------------------------- one instant
def test_another_event_at_the_instant_of_a_step_breaks_nothing() -> None:
    # different events of an instant: those that are no step are not looked at, and nothing is emptied
    assert counts("a A@0 N@0 B@1", order="strict") == [1, 1]
    assert counts("a A@0 N@1 B@1", order="strict") == [1, 1]


def test_mixed_events_of_an_instant_do_not_empty_slots_of_steps_that_they_are_not() -> None:
    # alone, A@2 or N@2 would break the chain at B
    assert counts("a A@0 B@1 A@2 N@2 C@3", "A B C", order="strict") == [1, 1, 1]


@pytest.mark.parametrize("log", ["a A@0 N@1 N@1 B@2", "a A@0 N@1 M@1 B@2"])
def test_other_events_alone_at_an_instant_do_break_the_chain(log: str) -> None:
    # they are no step both: alike, and so each is taken as it is
    assert counts(log, order="strict") == [1, 0]


def test_the_steps_of_an_instant_are_chained_in_the_order_of_the_funnel() -> None:
    assert counts("a C@1 B@1 A@1", "A B C", order="strict") == [1, 1, 1]


# ---------------------------------------------------------------------- with other options
def test_events_of_all_persons_of_a_group_break_its_chain() -> None:
    log = "a A@0[$group_0=g] B@2[$group_0=g]; b N@1[$group_0=g]; c A@0[$group_0=h] B@2[$group_0=h]; d N@1[$group_0=g]"
    assert counts(log, order="strict", aggregation_group_type_index=0) == [2, 1]


def test_an_event_of_no_group_breaks_no_groups_chain() -> None:
    log = "a A@0[$group_0=g] N@1 B@2[$group_0=g]"
    assert counts(log, order="strict", aggregation_group_type_index=0) == [1, 1]
    assert counts(log, order="strict") == [1, 0]


def test_an_optional_step_may_be_left_out_and_another_event_still_breaks() -> None:
    log = "a A@0 C@1; b A@0 B@1 C@2; c A@0 N@1 C@2; d A@0 B@1 N@2 C@3"
    assert counts(log, "A B? C", order="strict") == [4, 2, 2]


def test_an_optional_step_breaks_what_it_is_out_of_place_in() -> None:
    # B@2 is no step from C on, and empties the slot of C
    assert counts("a A@0 C@1 B@2 D@3", "A B? C D", order="strict") == [1, 0, 1, 0]


def test_an_optional_step_empties_the_slot_before_it() -> None:
    # window 10: C@12 finds B of the chain of 0 too old, and the slot of A was emptied by B
    assert counts("a A@0 B@1 C@12", "A B? C", order="strict") == [1, 1, 0]
    assert counts("a A@0 B@1 A@8 C@12", "A B? C", order="strict") == [1, 0, 1]


# ---------------------------------------------------------------------- exclusions
def test_an_exclusion_voids_a_strict_chain_that_would_only_be_broken_by_another_event() -> None:
    assert counts("a A@0 X@1 B@2", order="strict", exclude="X:0-1") == []
    assert counts("a A@0 N@1 B@2", order="strict", exclude="X:0-1") == [1, 0]


def test_an_exclusion_after_the_chain_was_broken_does_nothing() -> None:
    # N@1 empties the slot that X@2 would flag; X is the only event that could void
    assert counts("a A@0 N@1 X@2 B@3", order="strict", exclude="X:0-1") == [1, 0]


def test_a_clean_strict_chain_rescues() -> None:
    assert counts("a A@0 X@1 A@2 B@3", order="strict", exclude="X:0-1") == [1, 1]
    assert counts("a A@0 X@1 A@2", order="strict", exclude="X:0-1") == [1, 0]


def test_an_exclusion_that_shares_its_instant_is_ignored_in_strict_funnels_too() -> None:
    assert counts("a A@0 X@1 B@1", order="strict", exclude="X:0-1") == [1, 1]
    assert counts("a A@0 X@1 N@1 B@2", order="strict", exclude="X:0-1") == [1, 1]
