"""Section 1: which events are considered, whose they are, which items they are, and how long the window is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.semantics.funnels.asking import counts, did, having, holding, times

LONG = {"date_from": "2020-01-01", "date_to": "2020-06-01"}
P_IS_Y = {"key": "p", "type": "event", "operator": "exact", "value": "y"}


# ---------------------------------------------------------------------- the range
def test_both_ends_of_the_range_are_included() -> None:
    assert counts("a A@0; b A@-0.000001; c A@9d23h59m59.999999; d A@10d") == [2, 0]


def test_a_later_step_outside_the_range_does_not_count_also_inside_the_window() -> None:
    assert counts("a A@9d23h B@10d1h", window="14 day") == [1, 0]


def test_an_exclusion_outside_the_range_does_not_count() -> None:
    assert counts("a A@9d23h X@10d1h", exclude="X:0-1", window="14 day") == [1, 0]


def test_a_first_step_before_the_range_does_not_count() -> None:
    assert counts("a A@-1h B@1h; b B@1h", window="14 day") == []


@pytest.mark.parametrize("interval", ["day", "week", "month"])
def test_the_end_runs_to_the_end_of_its_day(interval: str) -> None:
    dates = {"date_from": "2020-01-01", "date_to": "2020-01-05T10:30:00"}
    assert counts("a A@4d23h59m59.999999; b A@5d", dateRange=dates, interval=interval) == [1, 0]


def test_of_an_hourly_question_the_end_does_not_run_to_the_end_of_its_day() -> None:
    dates = {"date_from": "2020-01-01", "date_to": "2020-01-05T10:30:00"}
    assert counts("a A@4d10h; b A@4d23h", dateRange=dates, interval="hour") == [1, 0]


def test_an_explicit_end_is_taken_to_the_microsecond_and_is_included() -> None:
    dates = {"date_from": "2020-01-01", "date_to": "2020-01-05T10:30:00Z", "explicitDate": True}
    assert counts("a A@4d10h30m; b A@4d10h30m0.000001", dateRange=dates) == [1, 0]


def test_the_days_of_the_range_are_those_of_the_projects_zone() -> None:
    # midnight in New York is 5:00 UTC
    project = {"timezone": "America/New_York"}
    assert counts("a A@4h59m59; b A@5h; c A@10d4h59m59; d A@10d5h", project=project) == [2, 0]


def test_the_range_is_the_last_seven_days_when_none_is_given_up_to_the_end_of_today() -> None:
    # now is the 12th, 12:00; 3d23h is the 4th, 5d the 6th, 11d13h the 12th, 13:00
    assert counts("a A@3d23h; b A@5d; c A@11d13h; d A@12d", dateRange=None) == [2, 0]


def test_the_interval_changes_no_figure_of_the_steps() -> None:
    log = "a A@0 B@3; b A@2d B@2d5; c A@8d"
    assert [counts(log, interval=interval) for interval in ("day", "week", "month")] == [[3, 2]] * 3


# ---------------------------------------------------------------------- filters on everything
def test_an_event_that_the_querys_filters_drop_is_no_step() -> None:
    assert counts("a A@0[p=y] B@1; b A@0[p=y] B@1[p=y]; c A@0 B@1[p=y]", properties=[P_IS_Y]) == [2, 1]


def test_an_event_that_the_querys_filters_drop_is_no_exclusion() -> None:
    log = "a A@0[p=y] X@1 B@2[p=y]"
    assert counts(log, exclude="X:0-1") == []
    assert counts(log, exclude="X:0-1", properties=[P_IS_Y]) == [1, 1]


def test_an_event_that_the_querys_filters_drop_breaks_no_strict_chain() -> None:
    log = "a A@0[p=y] N@1 B@2[p=y]"
    assert counts(log, order="strict") == [1, 0]
    assert counts(log, order="strict", properties=[P_IS_Y]) == [1, 1]


def test_filters_of_test_accounts_are_applied_when_asked_for() -> None:
    project = {"test_account_filters": [P_IS_Y]}
    log = "a A@0[p=y] N@1 B@2[p=y]; b A@0"
    assert counts(log, order="strict", project=project) == [2, 0]
    assert counts(log, order="strict", project=project, filterTestAccounts=True) == [1, 1]


# ---------------------------------------------------------------------- who is counted
def test_the_distinct_ids_of_a_person_are_one() -> None:
    persons = [{"id": "P", "distinct_ids": ["a", "b"]}]
    assert counts("a A@0; b B@5", project={"persons": persons}) == [1, 1]
    assert did("a A@0; b B@5", step=2, project={"persons": persons}) == ["P"]


def test_events_without_a_person_record_count_under_their_own_id() -> None:
    persons = [{"id": "P", "distinct_ids": ["a"]}]
    assert counts("a A@0; b B@5; c A@0 B@1", project={"persons": persons}) == [2, 1]


def test_events_of_different_persons_join_in_a_group_and_those_without_a_key_are_dropped() -> None:
    log = 'a A@0[$group_0=acme]; b B@5[$group_0=acme]; c A@0 B@1; d A@0[$group_0=""] B@1[$group_0=""]; e A@0[$group_0=beta]'
    assert counts(log, aggregation_group_type_index=0) == [2, 1]
    assert did(log, aggregation_group_type_index=0, step=2) == ["acme"]


def test_the_value_of_an_expression_can_be_counted_and_empty_or_no_values_are_dropped() -> None:
    # s1 is done by a and b together; s2 never does B
    log = 'a A@0[s=s1] B@1[s=s3]; b B@2[s=s1]; c A@0[s=s2] B@1; d A@0[s=""] B@1[s=""]; e A@0[s=null] B@1[s=null]'
    assert counts(log, options={"funnelAggregateByHogQL": "properties.s"}) == [2, 1]
    assert did(log, options={"funnelAggregateByHogQL": "properties.s"}, step=2) == ["s1"]


def test_the_expression_person_id_is_the_default() -> None:
    persons = [{"id": "P", "distinct_ids": ["a", "b"]}]
    log = "a A@0; b B@5; c A@0"
    assert counts(log, options={"funnelAggregateByHogQL": "person_id"}, project={"persons": persons}) == [2, 1]


# ---------------------------------------------------------------------- items
def test_an_item_without_a_name_is_any_event() -> None:
    any_event = {"kind": "EventsNode", "event": None}
    assert counts("a A@0 N@1; b B@0", [any_event, any_event]) == [2, 1]


def test_an_event_is_every_item_that_it_matches() -> None:
    # AB@0 can only begin a chain; the next one is both the second step of it and a new beginning
    assert counts("a AB@0 AB@1; b AB@0; c B@0 AB@1 B@2", [holding("A"), holding("B")]) == [3, 2]


def test_the_name_and_the_items_own_filters_must_both_match() -> None:
    series = ["A", having("B", "p", "y")]
    assert counts("a A@0 B@1; b A@0 B@1[p=y]; c A@0 N@1[p=y]", series) == [3, 1]


def test_an_action_and_the_items_own_filters_must_both_match() -> None:
    actions = [{"id": 7, "name": "either", "steps": [{"event": "B"}, {"event": "C"}]}]
    either = {"kind": "ActionsNode", "id": 7, "properties": [P_IS_Y]}
    log = "a A@0 B@1[p=y]; b A@0 C@1[p=y]; c A@0 B@1; d A@0 N@1[p=y]"
    assert counts(log, ["A", either], project={"actions": actions}) == [4, 2]


MATHS: list[dict[str, Any]] = [
    {"math": "dau"},
    {"math": "sum", "math_property": "price"},
    {"math": "unique_group", "math_group_type_index": 0},
    {"math": "hogql", "math_hogql": "count()"},
]


@pytest.mark.parametrize("math", MATHS)
def test_the_math_of_an_item_is_ignored(math: dict[str, Any]) -> None:
    assert counts("a A@0 B@1; b A@0", [{"event": "A", **math}, {"event": "B", **math}]) == [2, 1]


@pytest.mark.parametrize("math", MATHS)
def test_the_math_of_an_exclusion_is_ignored(math: dict[str, Any]) -> None:
    no = [{"kind": "EventsNode", "event": "X", "funnelFromStep": 0, "funnelToStep": 1, **math}]
    assert counts("a A@0 X@1 B@2; b A@0", exclude=no) == [1, 0]


def test_an_exclusion_stands_in_place_of_each_step_of_its_range() -> None:
    # 0-2 stands before B and before C; a and b are void, c is through before it comes
    log = "a A@0 X@1 B@2 C@3; b A@0 B@1 X@2 C@3; c A@0 B@1 C@2 X@3"
    assert counts(log, "A B C", exclude="X:0-2") == [1, 1, 1]


def test_an_exclusion_does_nothing_outside_its_range() -> None:
    # 1-2 stands before C only: a does it before B
    log = "a A@0 X@1 B@2 C@3; b A@0 B@1 X@2 C@3"
    assert counts(log, "A B C", exclude="X:1-2") == [1, 1, 1]


# ---------------------------------------------------------------------- which events are kept
def test_ordered_and_unordered_funnels_do_not_see_other_events_and_strict_ones_do() -> None:
    found = [counts("a A@0 N@1 B@2", order=order) for order in ("ordered", "unordered", "strict")]
    assert found == [[1, 1], [1, 1], [1, 0]]


def test_events_are_taken_in_order_of_time_whatever_their_order_of_arrival() -> None:
    assert counts("a B@5 A@0") == [1, 1]
    assert counts("a A@5 B@0") == [1, 0]


def test_the_middle_one_of_three_alike_events_changes_nothing() -> None:
    with_it, without = "a A@0 A@4 A@8 B@12 B@13 B@14 C@15", "a A@0 A@8 B@12 B@14 C@15"
    # the latest start before B is 8, the first B after it 12
    assert times(with_it, "A B C") == times(without, "A B C") == [4, 3]


# ---------------------------------------------------------------------- the window
@pytest.mark.parametrize(
    ("unit", "end"),
    [("second", "2"), ("minute", "2m"), ("hour", "2h"), ("day", "2d"), ("week", "14d"), ("month", "62d")],
)
def test_a_window_is_plain_seconds_and_a_month_is_31_days(unit: str, end: str) -> None:
    after = "2.000001" if unit == "second" else f"{end}0.000001"
    assert counts(f"a A@0 B@{end}; b A@0 B@{after}", window=f"2 {unit}", dateRange=LONG) == [2, 1]


@pytest.mark.parametrize("given", [None, 0, -3])
def test_a_window_of_no_positive_number_is_fourteen(given: int | None) -> None:
    assert counts("a A@0 B@14; b A@0 B@14.000001", options={"funnelWindowInterval": given}) == [2, 1]


def test_the_unit_of_a_window_is_a_day_when_none_is_given() -> None:
    options = {"funnelWindowInterval": 1, "funnelWindowIntervalUnit": None}
    assert counts("a A@0 B@1d; b A@0 B@1d0.000001", options=options) == [2, 1]


def test_changing_clocks_do_not_change_a_window() -> None:
    # 88d is the 29th of March, when clocks in London go forward
    log = "a A@87d12h B@88d12h; b A@87d12h B@88d12h0.000001"
    assert counts(log, window="1 day", dateRange=LONG, project={"timezone": "Europe/London"}) == [2, 1]
