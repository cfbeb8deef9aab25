"""Section 4: how exclusions void an entity, ordered and strict. X stands between A and B; the window is ten seconds.

Void is to count nowhere, not even at the first step: [].
"""

from __future__ import annotations

import pytest

from tests.semantics.funnels.asking import by_value, counts, did, having, holding, times

VOID: list[int] = []


@pytest.mark.parametrize(
    ("log", "found"),
    [
        ("a A@0 X@1 A@31", [1, 0]),  # flagged, and replaced by the clean chain of 31
        ("a A@0 A@31 X@32", [1, 0]),  # the best is the chain of 0, out of the reach of X
        ("a A@0 A@1 X@2", VOID),  # X flags the chain of 1, and the best, of 0, is in its reach
        ("a A@0 X@11 A@12 X@13 B@14", VOID),  # B arrives with the flagged chain of 12
        ("a A@0 X@11 B@12", [1, 0]),  # X and B both come too late for the chain of 0
        ("a A@0 X@1", VOID),
        ("a A@0 X@1 B@2", VOID),
        ("a X@0 A@1 B@2", [1, 1]),
        ("a A@0 B@1 X@2", [1, 1]),
    ],
)
def test_an_exclusion_voids_the_chain_before_it_inside_its_window(log: str, found: list[int]) -> None:
    assert counts(log, exclude="X:0-1") == found


def test_the_boundary_of_the_window_is_inside_for_exclusions_too() -> None:
    assert counts("a A@0 X@10", exclude="X:0-1") == VOID
    assert counts("a A@0 X@10.000001", exclude="X:0-1") == [1, 0]


def test_an_exclusion_flags_only_the_chain_before_its_step() -> None:
    # 1-2 stands before C: at A nothing is flagged, at B the chain is
    log = "a A@0 X@1 B@2; b A@0 B@1 X@2; c A@0 B@1 X@2 C@3; d A@0 X@1 B@2 C@3"
    assert did(log, "A B C", exclude="X:1-2", step=1) == ["a", "d"]
    assert counts(log, "A B C", exclude="X:1-2") == [2, 2, 1]


def test_an_exclusion_before_a_step_that_this_chain_has_done_does_nothing() -> None:
    assert counts("a A@0 B@1 X@2 C@3", "A B C", exclude="X:0-1") == [1, 1, 1]


# ---------------------------------------------------------------------- flagged chains
def test_a_flagged_chain_arrives_one_step_further_and_goes_no_further() -> None:
    # B arrives flagged and is the best; C finds no chain at B. A later clean chain that only gets to A is less far: void
    assert counts("a A@0 X@1 B@2 C@3", "A B C", exclude="X:0-1") == VOID
    assert counts("a A@0 X@1 B@2 A@3", "A B C", exclude="X:0-1") == VOID


def test_a_flagged_chain_is_replaced_by_a_clean_one_that_gets_as_far() -> None:
    # without the flag the chain of 0, first to get to B, would be timed: 2
    log = "a A@0 X@1 B@2 A@3 B@6"
    assert counts(log, "A B C", exclude="X:0-1") == [1, 1, 0]
    assert times(log, "A B C", exclude="X:0-1") == [3, None]


def test_a_flagged_chain_is_replaced_by_a_clean_one_that_gets_further() -> None:
    assert counts("a A@0 X@1 B@2 A@3 B@4 C@5", "A B C", exclude="X:0-1") == [1, 1, 1]


def test_a_clean_chain_that_gets_less_far_does_not_rescue() -> None:
    log = "a A@0 B@1 X@2 A@20; b A@0 B@1 X@2 A@20 B@21"
    assert counts(log, "A B C", exclude="X:1-2") == [1, 1, 0]
    assert did(log, "A B C", exclude="X:1-2", step=1) == ["b"]


def test_a_clean_chain_rescues_somebody_who_never_got_past_the_first_step() -> None:
    assert counts("a A@0 X@1 A@3", exclude="X:0-1") == [1, 0]


def test_a_clean_best_chain_is_not_spoilt_by_a_flagged_one_that_gets_as_far() -> None:
    # the chain of 0 stands at B, clean; that of 20 arrives at B flagged, which is no further
    assert counts("a A@0 B@1 A@20 X@21 B@22", "A B C", exclude="X:0-1") == [1, 1, 0]


def test_a_clean_best_chain_is_spoilt_by_a_flagged_one_that_gets_further() -> None:
    # the chain of 20 arrives at B flagged: further than the clean one of 0, which stands at A
    assert counts("a A@0 A@20 X@21", exclude="X:0-1") == [1, 0]
    assert counts("a A@0 A@20 X@21 B@22", exclude="X:0-1") == VOID


def test_the_goal_reached_flagged_does_not_end_the_search() -> None:
    # B@2 arrives flagged and is not stored: the chain of 3 may still convert
    assert counts("a A@0 X@1 B@2 A@3 B@4", exclude="X:0-1") == [1, 1]
    assert times("a A@0 X@1 B@2 A@3 B@5", exclude="X:0-1") == [2]


def test_a_new_start_takes_the_flag_from_the_slot() -> None:
    assert counts("a A@0 X@1 A@2 B@3", exclude="X:0-1") == [1, 1]


def test_the_best_is_flagged_only_if_it_stands_right_before_the_excluded_step() -> None:
    # the best of a stands at B when X flags the chain of 5 at A: it stays clean
    assert counts("a A@0 B@1 A@5 X@6", "A B C", exclude="X:0-1") == [1, 1, 0]


def test_the_best_is_flagged_by_its_own_window_and_not_by_that_of_the_flagged_chain() -> None:
    # X@9 is in the window of the chain of 5 and of the best, of 0; X@11 only in that of 5
    assert counts("a A@0 A@5 X@9", exclude="X:0-1") == VOID
    assert counts("a A@0 A@5 X@11", exclude="X:0-1") == [1, 0]


def test_a_chain_that_is_flagged_already_does_not_flag_the_best_again() -> None:
    assert counts("a A@0 A@5 X@11 X@12", exclude="X:0-1") == [1, 0]


def test_once_the_goal_is_reached_nothing_later_matters() -> None:
    assert counts("a A@0 B@1 X@2 A@3 X@4 B@5", exclude="X:0-1") == [1, 1]
    assert counts("a A@0 B@1 C@2 A@3 X@4", "A B C", exclude="X:0-2") == [1, 1, 1]


def test_somebody_void_is_in_no_list_and_in_no_breakdown() -> None:
    log = "a A@0[b=x] X@1; b A@0[b=y]"
    assert did(log, exclude="X:0-1", step=1) == ["b"]
    assert did(log, exclude="X:0-1", step=-2) == ["b"]
    assert by_value(log, exclude="X:0-1", breakdown="b") == {("y",): [1, 0]}


# ---------------------------------------------------------------------- one instant
@pytest.mark.parametrize("log", ["a A@0 X@1 B@1", "a A@0 B@1 X@1", "a A@0 X@0 B@1", "a X@0 A@0 B@1", "a A@0 X@1 A@1 B@2"])
def test_an_exclusion_that_shares_its_instant_with_another_event_of_the_funnel_is_ignored(log: str) -> None:
    assert counts(log, exclude="X:0-1") == [1, 1]


def test_an_exclusion_that_shares_its_instant_with_an_event_of_no_step_is_not_ignored() -> None:
    # ordered funnels do not see N
    assert counts("a A@0 X@1 N@1 B@2", exclude="X:0-1") == VOID


def test_exclusions_that_share_an_instant_void_when_they_are_alike() -> None:
    assert counts("a A@0 X@1 X@1 B@2", exclude="X:0-1") == VOID
    assert counts("a A@0 X@1 Y@1 B@2", exclude="X:0-1 Y:0-1") == VOID


def test_exclusions_of_different_ranges_that_share_an_instant_are_both_ignored() -> None:
    assert counts("a A@0 X@1 Y@1 B@2 C@3", "A B C", exclude="X:0-1 Y:1-2") == [1, 1, 1]
    assert counts("a A@0 X@1 Y@1.5 B@2 C@3", "A B C", exclude="X:0-1 Y:1-2") == VOID


def test_an_event_that_is_step_and_exclusion_only_steps_where_it_shares_its_instant_with_another() -> None:
    # alone, BX@1 flags the chain of 0 and arrives flagged; beside A@1 only its step is looked at: it goes on from A@1
    series, no = [holding("A"), holding("B")], [holding("X", funnelFromStep=0, funnelToStep=1)]
    assert counts("a A@0 BX@1 A@1", series, exclude=no) == [1, 1]
    assert counts("a A@0 BX@1", series, exclude=no) == VOID


# ---------------------------------------------------------------------- several numbers
def test_an_exclusion_of_a_longer_range_voids_before_each_of_its_steps() -> None:
    log = "a A@0 X@1; b A@0 B@1 X@2; c A@0 B@1 C@2 X@3 D@4; d A@0 B@1"
    # c stands at C when X comes, which is after the range
    assert counts(log, "A B C D", exclude="X:0-2") == [2, 2, 1, 1]


def test_an_event_that_is_step_and_exclusion_voids_first_and_steps_then() -> None:
    series, no = [holding("A"), holding("B")], [holding("X", funnelFromStep=0, funnelToStep=1)]
    # AX@1 flags the chain of 0 and begins a clean one
    assert counts("a A@0 AX@1", series, exclude=no) == [1, 0]
    assert counts("a A@0 AX@1 B@2", series, exclude=no) == [1, 1]
    # BX@1 flags the chain and arrives at B with it
    assert counts("a A@0 BX@1", series, exclude=no) == VOID


def test_several_exclusions_each_void() -> None:
    log = "a A@0 X@1; b A@0 Y@1; c A@0"
    assert counts(log, exclude="X:0-1 Y:0-1") == [1, 0]


def test_an_exclusion_is_only_the_events_that_pass_its_filters() -> None:
    no = [having("X", "p", "y", funnelFromStep=0, funnelToStep=1)]
    assert counts("a A@0 X@1[p=y] B@2; b A@0 X@1[p=n] B@2; c A@0 X@1 B@2", exclude=no) == [2, 2]


def test_an_action_can_be_an_exclusion() -> None:
    actions = [{"id": 3, "name": "no", "steps": [{"event": "X"}, {"event": "Y"}]}]
    no = [{"kind": "ActionsNode", "id": 3, "funnelFromStep": 0, "funnelToStep": 1}]
    log = "a A@0 X@1 B@2; b A@0 Y@1 B@2; c A@0 Z@1 B@2"
    assert counts(log, exclude=no, project={"actions": actions}) == [1, 1]


# ---------------------------------------------------------------------- optional steps
def test_an_exclusion_before_a_step_after_an_optional_one_flags_the_chain_that_skipped_it() -> None:
    # 1-2 stands before C; B was not done, so it is looked for from A on
    assert counts("a A@0 X@1 C@2", "A B? C", exclude="X:1-2") == VOID
    assert counts("a A@0 X@1 C@2", "A B C", exclude="X:1-2") == [1, 0, 0]


def test_an_exclusion_before_an_optional_step_voids_who_skips_it_too() -> None:
    # 0-1 stands before B and flags the chain at A, which C goes on from; after B it does nothing
    assert counts("a A@0 X@1 C@2", "A B? C", exclude="X:0-1") == VOID
    assert counts("a A@0 B@1 X@2 C@3", "A B? C", exclude="X:0-1") == [1, 1, 1]


def test_an_exclusion_after_the_optional_step_flags_the_chain_that_has_it() -> None:
    assert counts("a A@0 B@1 X@2 C@3", "A B? C", exclude="X:1-2") == VOID
    assert counts("a A@0 X@0.5 A@1 B@2 C@3", "A B? C", exclude="X:1-2") == [1, 1, 1]
