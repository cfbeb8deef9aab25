"""Section 8: steps that are somebody's first event of their kind. The range is the first ten days of January; the window ten seconds."""

from __future__ import annotations

from typing import Any

from tests.semantics.funnels.asking import counts, having, holding, times

FIRST = {"math": "first_time_for_user"}
FILTERED = {"math": "first_time_for_user_with_filters"}
FIRST_A: dict[str, Any] = {"kind": "EventsNode", "event": "A", **FIRST}
FIRST_B: dict[str, Any] = {"kind": "EventsNode", "event": "B", **FIRST}


def test_an_earlier_event_before_the_range_removes_the_person_from_the_step() -> None:
    assert counts("a A@-30d A@0 B@1; b A@0 B@1", [FIRST_A, "B"]) == [1, 1]


def test_an_event_after_the_range_removes_nobody() -> None:
    assert counts("a A@0 B@1 A@11d; b A@11d", [FIRST_A, "B"]) == [1, 1]


def test_only_the_first_event_is_the_step() -> None:
    # the second A would be in time for B
    assert counts("a A@0 A@50 B@55", [FIRST_A, "B"]) == [1, 0]
    assert times("a A@0 A@3 B@5", [FIRST_A, "B"]) == [5]


def test_a_first_event_that_fails_the_filter_removes_the_person() -> None:
    series = [having("A", "p", "y", **FIRST), "B"]
    assert counts("a A@0[p=n] A@1[p=y] B@2; b A@1[p=y] B@2; c A@1[p=y] A@2[p=n] B@3", series) == [2, 2]


def test_a_first_event_before_the_range_removes_the_person_also_where_it_fails_the_filter() -> None:
    series = [having("A", "p", "y", **FIRST), "B"]
    assert counts("a A@-1d[p=n] A@1[p=y] B@2; b A@-1d[p=y] A@1[p=y] B@2; c A@1[p=y] B@2", series) == [1, 1]


def test_of_two_events_at_the_first_instant_the_one_that_passes_the_filter_is_the_step() -> None:
    series = [having("A", "p", "y", **FIRST), "B"]
    assert counts("a A@0[p=n] A@0[p=y] B@2", series) == [1, 1]


def test_with_filters_the_first_event_that_passes_them_is_the_first() -> None:
    series = [having("A", "p", "y", **FILTERED), "B"]
    assert counts("a A@0[p=n] A@20[p=y] B@22; b A@0[p=n]", series) == [1, 1]
    assert times("a A@0[p=n] A@20[p=y] A@21[p=y] B@22", series) == [2]


def test_with_filters_an_earlier_event_that_passes_them_still_removes_the_person() -> None:
    series = [having("A", "p", "y", **FILTERED), "B"]
    assert counts("a A@-1d[p=y] A@0[p=y] B@1; b A@-1d[p=n] A@0[p=y] B@1", series) == [1, 1]


def test_a_later_step_may_be_a_first_time_too() -> None:
    # the first B of a comes before A, that of c after the second A
    assert counts("a B@0 A@1 B@2; b A@1 B@2; c A@0 B@11 A@12 B@13", ["A", FIRST_B]) == [3, 1]


def test_firsts_are_of_persons_with_all_their_ids() -> None:
    persons = [{"id": "P", "distinct_ids": ["a", "b"]}]
    log = "a A@-30d; b A@0 B@1; c A@0 B@1"
    assert counts(log, [FIRST_A, "B"], project={"persons": persons}) == [1, 1]


def test_firsts_are_of_persons_also_where_groups_are_counted() -> None:
    # g: the first A of q is in the range, though p did A for g before it. h: only p, whose first A is before the range.
    log = (
        "p A@-30d[$group_0=g] A@0[$group_0=h] B@1[$group_0=h]; q A@0[$group_0=g] B@1[$group_0=g]; "
        "r A@-30d[$group_0=g] A@0[$group_0=k]; s A@5[$group_0=k]"
    )
    assert counts(log, [FIRST_A, "B"], aggregation_group_type_index=0) == [2, 1]


def test_every_person_of_a_group_may_have_a_first_time_in_it() -> None:
    # q's first A is at 20: in time for B@22, where p's at 0 is not
    log = "p A@0[$group_0=g]; q A@20[$group_0=g] B@22[$group_0=g]"
    assert times(log, [FIRST_A, "B"], aggregation_group_type_index=0) == [2]


def test_the_first_of_an_action_is_the_first_of_any_of_its_events() -> None:
    actions = [{"id": 1, "name": "a", "steps": [{"event": "A"}, {"event": "C"}]}]
    step = {"kind": "ActionsNode", "id": 1, **FIRST}
    log = "a C@-30d A@0 B@1; b A@0 B@1; c C@0 A@1 B@11; d A@-30d C@0 B@1"
    # c: the first is C@0, too early for B@11
    assert counts(log, [step, "B"], project={"actions": actions}) == [2, 1]


def test_two_first_times_are_not_both_met_by_one_event() -> None:
    assert counts("a A@0; b A@0 A@1", [FIRST_A, FIRST_A]) == [2, 0]


def test_two_first_times_of_different_kinds_are_met_by_different_events() -> None:
    assert counts("a A@0 B@1; b A@0 A@1", [FIRST_A, FIRST_B]) == [2, 1]


def test_one_event_alone_is_the_first_of_several_at_an_instant() -> None:
    # were both A@0 the step, two alike steps would be filled by them
    assert counts("a A@0 A@0", [FIRST_A, FIRST_A]) == [1, 0]
    assert counts("a A@0 A@0", ["A", "A"]) == [1, 1]


def test_in_strict_funnels_a_second_event_of_the_kind_breaks_the_chain() -> None:
    assert counts("a A@0 A@1 B@2; b A@0 B@1", [FIRST_A, "B"], order="strict") == [2, 1]
    assert counts("a A@0 A@1 B@2", "A B", order="strict") == [1, 1]


def test_in_unordered_funnels_a_first_time_may_come_second() -> None:
    assert counts("a B@0 A@1; b A@-30d B@0 A@1", [FIRST_A, "B"], order="unordered") == [2, 1]


def test_the_first_of_any_event_is_the_first_event() -> None:
    first = {"kind": "EventsNode", "event": None, **FIRST}
    assert counts("a N@-1d A@0 B@1; b N@0 B@1; c B@0", [first, "B"]) == [2, 1]
    assert counts("a N@-1d A@0 B@1; b A@0 B@1", [{**holding("A"), **FIRST}, "B"]) == [1, 1]
