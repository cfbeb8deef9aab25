"""Section 9: conversion per period of entrance. The window is a day where nothing else is said, the range the first ten days of January.

Figures are {day: (entered, converted)}, of the days that somebody entered in. "1d2h" is the second of January, 2:00.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.semantics.funnels.asking import answer, holding, people, periods, query

TWO_DAYS = {"window": "2 day"}


def series(log: str, items: str = "A B", **asked: Any) -> list[dict[str, Any]]:
    project = asked.pop("project", {})
    found: list[dict[str, Any]] = answer(log, query(items, window="1 day", viz="trends", **asked), **project)["results"]
    return found


# ---------------------------------------------------------------------- entering and converting
def test_who_enters_counts_in_the_period_of_their_start() -> None:
    assert periods("a A@23h B@1d1h; b A@1d B@1d1h; c A@1d") == {"01": (1, 1), "02": (2, 1)}


def test_an_entity_counts_once_in_a_period() -> None:
    assert periods("a A@0 B@1h A@2h B@3h; b A@0 A@1h") == {"01": (2, 1)}


def test_an_entity_may_count_in_many_periods() -> None:
    assert periods("a A@0 B@1h A@2d A@4d B@4d1h") == {"01": (1, 1), "03": (1, 0), "05": (1, 1)}


def test_an_event_moves_the_chains_of_all_open_periods() -> None:
    assert periods("a A@0 A@1d B@1d12h", **TWO_DAYS) == {"01": (1, 1), "02": (1, 1)}
    assert periods("a A@0 B@1h A@1d B@1d1h C@1d2h", "A B C", **TWO_DAYS) == {"01": (1, 1), "02": (1, 1)}
    # C@1d2h ends the chain of the first day alone: that of the second is at A
    assert periods("a A@0 B@1h A@1d C@1d2h", "A B C", **TWO_DAYS) == {"01": (1, 1), "02": (1, 0)}


def test_a_window_that_has_run_out_in_one_period_may_be_open_in_another() -> None:
    assert periods("a A@0 A@1d B@1d12h") == {"01": (1, 0), "02": (1, 1)}


def test_the_boundary_of_the_window_is_inside() -> None:
    assert periods("a A@0 B@1d; b A@0 B@1d0.000001") == {"01": (2, 1)}


def test_the_latest_start_of_a_period_is_used() -> None:
    assert periods("a A@0 A@10h B@1d6h; b A@0 B@1d6h") == {"01": (2, 1)}


def test_steps_are_done_in_order() -> None:
    assert periods("a A@0 C@1h B@2h; b A@0 B@1h C@2h; c B@0 C@1h", "A B C") == {"01": (2, 1)}


def test_a_period_that_converted_stays_so() -> None:
    assert periods("a A@0 B@1h A@2h X@3h B@4h", exclude="X:0-1") == {"01": (1, 1)}


def test_who_never_did_the_first_step_enters_nowhere() -> None:
    assert periods("a B@0") == {}


def test_events_outside_the_range_open_no_period_and_end_no_chain() -> None:
    assert periods("a A@-1h B@1h; b A@9d23h B@10d1h") == {"10": (1, 0)}


# ---------------------------------------------------------------------- between two steps
BETWEEN = "a A@23h B@1d1h C@1d2h; b A@0; c A@0 B@1h"


def test_conversion_may_be_measured_from_a_later_step_and_the_period_is_still_that_of_the_start() -> None:
    assert periods(BETWEEN, "A B C", options={"funnelFromStep": 1}) == {"01": (2, 1)}
    assert periods(BETWEEN, "A B C") == {"01": (3, 1)}


def test_conversion_may_be_measured_to_an_earlier_step() -> None:
    assert periods(BETWEEN, "A B C", options={"funnelToStep": 1}) == {"01": (3, 2)}


def test_conversion_at_the_step_asked_for_ignores_what_comes_later() -> None:
    log = "a A@0 B@1h X@2h C@3h"
    assert periods(log, "A B C", exclude="X:1-2", options={"funnelToStep": 1}) == {"01": (1, 1)}
    assert periods(log, "A B C", exclude="X:1-2") == {}


# ---------------------------------------------------------------------- exclusions
def test_an_exclusion_spoils_the_period_in_which_the_chain_stands_right_before_it() -> None:
    assert periods("a A@0 X@1h") == {"01": (1, 0)}
    assert periods("a A@0 X@1h", exclude="X:0-1") == {}
    assert periods("a A@0 X@1h A@4d", exclude="X:0-1") == {"05": (1, 0)}  # and no other period


def test_an_exclusion_outside_the_window_spoils_nothing() -> None:
    assert periods("a A@0 X@1d", exclude="X:0-1") == {}
    assert periods("a A@0 X@1d0.000001", exclude="X:0-1") == {"01": (1, 0)}


def test_a_new_start_makes_a_spoilt_period_anew() -> None:
    assert periods("a A@0 X@1h A@2h", exclude="X:0-1") == {"01": (1, 0)}
    assert periods("a A@0 X@1h A@2h B@3h", exclude="X:0-1") == {"01": (1, 1)}


def test_an_exclusion_spoils_all_open_periods() -> None:
    assert periods("a A@0 A@1d X@1d1h", exclude="X:0-1", **TWO_DAYS) == {}
    assert periods("a A@0 A@1d X@1d1h", exclude="X:0-1") == {"01": (1, 0)}  # a day is over for the first


def test_an_exclusion_after_the_goal_is_harmless() -> None:
    assert periods("a A@0 B@1h X@2h", exclude="X:0-1") == {"01": (1, 1)}


def test_a_flagged_chain_that_gets_further_hides_all_unfinished_periods_of_the_entity() -> None:
    # B@2h arrives flagged: the mark of the first day is full, and the clean start of the fifth is not reported either
    assert periods("a A@0 X@1h B@2h A@4d", exclude="X:0-1") == {}
    assert periods("a A@0 X@1h B@2h A@4d; b A@4d", exclude="X:0-1") == {"05": (1, 0)}


def test_a_flagged_chain_that_gets_further_hides_no_converted_period() -> None:
    assert periods("a A@0 X@1h B@2h A@4d B@4d1h A@6d", exclude="X:0-1") == {"05": (1, 1)}
    assert periods("a A@0 B@1h A@2d X@2d1h B@2d2h A@6d", exclude="X:0-1") == {"01": (1, 1)}


def test_a_period_with_a_full_mark_may_still_convert_and_then_hides_nothing() -> None:
    assert periods("a A@0 X@1h B@2h A@3h", exclude="X:0-1") == {}
    assert periods("a A@0 X@1h B@2h A@3h B@4h A@4d", exclude="X:0-1") == {"01": (1, 1), "05": (1, 0)}


def test_a_partial_mark_is_lifted_by_a_clean_chain_that_gets_as_far() -> None:
    log = "a A@0 B@1h X@2h A@3h"
    assert periods(log, "A B C", exclude="X:1-2") == {}
    assert periods(f"{log} B@4h", "A B C", exclude="X:1-2") == {"01": (1, 0)}


def test_a_partial_mark_becomes_full_by_a_flagged_chain_that_gets_as_far() -> None:
    # Y@3h30m flags the new start: B@4h arrives with it, and the start of the fifth day is hidden
    log, no = "a A@0 B@1h X@2h A@3h {}B@4h A@4d", "X:1-2 Y:0-1"
    assert periods(log.format(""), "A B C", exclude=no) == {"01": (1, 0), "05": (1, 0)}
    assert periods(log.format("Y@3h30m "), "A B C", exclude=no) == {}


def test_a_start_does_not_make_a_period_anew_whose_chain_was_further_when_it_was_spoilt() -> None:
    # without the second B the mark stays, though A@3h is a clean start
    assert periods("a A@0 B@1h X@2h A@3h A@4d", "A B C", exclude="X:1-2") == {"05": (1, 0)}


def test_whether_a_period_is_spoilt_is_measured_from_its_last_best_event_and_not_from_the_chains_start() -> None:
    # the chain starts at 23h; the best is A@0, which A@23h does not replace. At 1d6h that is 30 hours ago: no mark
    log = "a A@0 A@23h X@1d6h"
    assert periods(log, exclude="X:0-1") == {"01": (1, 0)}
    assert periods("a A@0 A@10h X@23h", exclude="X:0-1") == {}
    # the chain is flagged all the same: B arrives with it
    assert periods(f"{log} B@1d7h", exclude="X:0-1") == {}


# ---------------------------------------------------------------------- one event, several numbers
def test_an_event_moves_a_chain_by_one_step_and_may_begin_another_period() -> None:
    two = [holding("A"), holding("B")]
    assert periods("a AB@0; b AB@0 AB@1h", two) == {"01": (2, 1)}
    # AB@1d ends the chain of the first day and begins one of the second
    assert periods("a AB@0 AB@1d", two) == {"01": (1, 1), "02": (1, 0)}


def test_an_event_that_is_step_and_exclusion_spoils_first_and_steps_then() -> None:
    two, no = [holding("A"), holding("B")], [holding("X", funnelFromStep=0, funnelToStep=1)]
    assert periods("a A@0 AX@1h", two, exclude=no) == {"01": (1, 0)}  # spoilt, and made anew
    assert periods("a A@0 AX@1h B@2h", two, exclude=no) == {"01": (1, 1)}
    assert periods("a A@0 BX@1h A@4d", two, exclude=no) == {}  # B arrives flagged: a full mark


# ---------------------------------------------------------------------- strict
def test_another_event_breaks_the_chains_of_all_open_periods() -> None:
    assert periods("a A@0 N@1h B@2h; b A@0 B@1h", order="strict") == {"01": (2, 1)}
    log = "a A@0 A@1d {}B@1d2h"
    assert periods(log.format(""), order="strict", **TWO_DAYS) == {"01": (1, 1), "02": (1, 1)}
    assert periods(log.format("N@1d1h "), order="strict", **TWO_DAYS) == {"01": (1, 0), "02": (1, 0)}


def test_a_second_first_step_restarts_a_strict_chain() -> None:
    assert periods("a A@0 A@1h B@2h", order="strict") == {"01": (1, 1)}


def test_a_start_in_one_period_breaks_the_further_chain_of_another() -> None:
    log = "a A@0 B@1h A@1d C@1d1h"
    assert periods(log, "A B C", **TWO_DAYS) == {"01": (1, 1), "02": (1, 0)}
    assert periods(log, "A B C", order="strict", **TWO_DAYS) == {"01": (1, 0), "02": (1, 0)}
    # what had been done stays: to B on the first day, to A on the second
    assert periods(log, "A B C", order="strict", options={"funnelFromStep": 1}, **TWO_DAYS) == {"01": (1, 0)}


# ---------------------------------------------------------------------- unordered
def test_every_event_opens_its_period_and_counts_what_was_done_when_it_is_the_oldest() -> None:
    assert periods("a A@0 B@1d C@2d", "A B C", order="unordered", window="3 day") == {"01": (1, 1), "02": (1, 0), "03": (1, 0)}
    # done is 3, 2 and 1 for the three days
    ask = lambda **steps: periods("a A@0 B@1d C@2d", "A B C", order="unordered", window="3 day", options=steps)  # noqa: E731
    assert ask(funnelFromStep=1) == {"01": (1, 1), "02": (1, 0)}
    assert ask(funnelToStep=1) == {"01": (1, 1), "02": (1, 1), "03": (1, 0)}


def test_a_period_has_the_most_that_was_done_for_any_of_its_events() -> None:
    # 2 for A@0 and A@1h, 1 for B@2h
    assert periods("a A@0 A@1h B@2h", order="unordered") == {"01": (1, 1)}


def test_an_event_that_runs_out_counts_what_was_done_until_then() -> None:
    assert periods("a A@0 B@2d", order="unordered") == {"01": (1, 0), "03": (1, 0)}
    # A@0 runs out at 1d6h with two done; B@12h and C@1d6h are two as well, so the first day is not full
    assert periods("a A@0 B@12h C@1d6h", "A B C", order="unordered") == {"01": (1, 0), "02": (1, 0)}


def test_after_completion_only_the_oldest_event_is_taken_away() -> None:
    # at A@2d all is done: A@0 goes with 2. B@1d stays and completes with A@2d.
    assert periods("a A@0 B@1d A@2d", order="unordered", **TWO_DAYS) == {"01": (1, 1), "02": (1, 1), "03": (1, 0)}


def test_early_taking_away_needs_all_steps_done_also_when_fewer_are_asked_for() -> None:
    # to B: A@0 and B@1d are not all of three steps, so A@0 stays until the end and goes with all three
    log = "a A@0 B@1d B@2d"
    found = periods(log, "A B C", order="unordered", window="3 day", options={"funnelToStep": 1})
    # A@0 goes with 2, then B@1d and B@2d, in one queue, with 1
    assert found == {"01": (1, 1), "02": (1, 0), "03": (1, 0)}


def test_an_exclusion_forgets_what_was_not_taken_away() -> None:
    assert periods("a A@0 X@1h", order="unordered", exclude="X:0-1") == {}
    assert periods("a A@0 X@1h B@1d", order="unordered", exclude="X:0-1") == {"02": (1, 0)}
    # at X all is done: A@0 goes with 2 before the rest is forgotten
    assert periods("a A@0 B@1h X@2h", order="unordered", exclude="X:0-1") == {"01": (1, 1)}


# ---------------------------------------------------------------------- the answer
def test_a_series_has_the_rates_of_all_periods_gaps_being_zero() -> None:
    (found,) = series("a A@0 B@1h; b A@0; c A@0; d A@4d B@4d1h; e A@4d B@4d1h; f A@4d")
    assert found["count"] == 10
    assert found["data"] == [33.33, 0, 0, 0, 66.67, 0, 0, 0, 0, 0]
    assert (found["days"][0], found["days"][9]) == ("2020-01-01", "2020-01-10")
    assert (found["labels"][0], found["labels"][9]) == ("1-Jan-2020", "10-Jan-2020")
    assert "breakdown_value" not in found


def test_hours_are_named_with_their_time() -> None:
    dates = {"date_from": "2020-01-01", "date_to": "2020-01-01T03:30:00"}
    (found,) = series("a A@1h30m B@2h; b A@3h", interval="hour", dateRange=dates)
    assert found["days"] == [f"2020-01-01 0{h}:00:00" for h in range(4)]
    assert found["data"] == [0, 100, 0, 0]


@pytest.mark.parametrize(
    ("start", "days", "found"),
    [
        (0, ["2019-12-29", "2020-01-05"], {"29": (1, 0), "05": (1, 0)}),  # Sundays: 4d is the fifth
        (1, ["2019-12-30", "2020-01-06"], {"30": (2, 0)}),  # Mondays: the fifth is a Sunday
    ],
)
def test_weeks_begin_as_in_the_project_and_the_first_is_that_of_the_ranges_first_day(start: int, days: list[str], found: Any) -> None:
    project = {"week_start_day": start}
    log = "a A@0; b A@4d; c A@-1d"  # the last is in the first week, and before the range
    assert series(log, interval="week", project=project)[0]["days"] == days
    assert periods(log, interval="week", project=project) == found


def test_months_begin_with_their_first_day() -> None:
    dates = {"date_from": "2020-01-15", "date_to": "2020-02-10"}
    (found,) = series("a A@20d B@20d1h; b A@35d", interval="month", dateRange=dates)
    assert (found["days"], found["data"]) == (["2020-01-01", "2020-02-01"], [100, 0])


def test_periods_are_those_of_the_projects_zone() -> None:
    # 3:00 UTC of the second is 22:00 of the first in New York
    assert periods("a A@1d3h B@1d6h", project={"timezone": "America/New_York"}) == {"01": (1, 1)}


def test_the_current_period_is_reported_like_any_other() -> None:
    # now is the 12th, 12:00
    dates = {"date_from": "-2d"}
    assert series("a A@11d1h", dateRange=dates)[0]["days"] == ["2020-01-10", "2020-01-11", "2020-01-12"]
    assert periods("a A@11d1h", dateRange=dates) == {"12": (1, 0)}


# ---------------------------------------------------------------------- breakdowns
def test_values_are_sorted_and_those_without_a_result_are_left_out() -> None:
    log = "a A@0[b=z] B@1h; b A@0[b=z]; c A@0[b=a]; d A@0[b=m]; e B@0[b=never]; f A@0"
    found = series(log, breakdown="b")
    assert [(row["breakdown_value"], row["data"][0]) for row in found] == [([""], 0), (["a"], 0), (["m"], 0), (["z"], 50)]


def test_only_the_most_entered_values_are_kept_and_there_is_no_other() -> None:
    # z: 2 in a day, m: 2 over two days, a: 1
    log = "a A@0[b=z]; b A@0[b=z]; c A@0[b=a]; d A@0[b=m]; e A@1d[b=m]"
    found = periods(log, breakdown={"breakdown": "b", "breakdown_type": "event", "breakdown_limit": 2})
    assert found == {("m",): {"01": (1, 0), "02": (1, 0)}, ("z",): {"01": (2, 0)}}


def test_values_and_periods_together_are_a_thousand_at_most() -> None:
    # 50 days: 25 values would be 1250 rows, so 20 are kept
    log = "; ".join(f"p{i} A@0[b=v{i}]" for i in range(26))
    assert len(series(log, breakdown="b", dateRange={"date_from": "2020-01-01", "date_to": "2020-02-19"})) == 20
    assert len(series(log, breakdown="b")) == 25


def test_cohorts_show_their_names() -> None:
    cohorts = [{"id": 5, "name": "odd", "members": ["a"]}]
    found = periods("a A@0 B@1h; b A@0", breakdown={"breakdown": [5, "all"], "breakdown_type": "cohort"}, project={"cohorts": cohorts})
    assert found == {"odd": {"01": (1, 1)}, "all users": {"01": (2, 1)}}


def test_the_first_touch_counts_in_all_periods() -> None:
    assert periods("a A@0[b=x] A@1d[b=y] B@1d1h", breakdown="b", **TWO_DAYS) == {("x",): {"01": (1, 1), "02": (1, 1)}}


def test_of_the_first_step_only_starts_of_the_value_count() -> None:
    found = periods("a A@0[b=x] A@1d[b=y] B@1d1h", breakdown="b", attribution="step:0", **TWO_DAYS)
    assert found == {("x",): {"01": (1, 1)}, ("y",): {"02": (1, 1)}}


def test_of_a_later_step_only_its_events_of_the_value_count() -> None:
    # x: B@1h ends the first day, and B@1d1h is not for it. y: B@1d1h comes 25 hours after A@0.
    found = periods("a A@0 B@1h[b=x] A@1d B@1d1h[b=y]", breakdown="b", attribution="step:1")
    assert found == {("x",): {"01": (1, 1), "02": (1, 0)}, ("y",): {"01": (1, 0), "02": (1, 1)}}


def test_of_all_events_each_value_is_a_run_of_its_own() -> None:
    found = periods("a A@0[b=x] B@1h[b=y] A@2h[b=y] B@3h[b=y]", breakdown="b", attribution="all_events")
    assert found == {("x",): {"01": (1, 0)}, ("y",): {"01": (1, 1)}}


# ---------------------------------------------------------------------- who
def test_people_of_a_point_are_those_who_converted_or_those_who_did_not() -> None:
    log = "a A@0 B@1h; b A@0; c A@1d B@1d1h; d A@0 A@1d B@1d2h; e B@0"

    def who(day: str, dropped: bool) -> list[str]:
        which = {"funnelTrendsEntrancePeriodStart": f"2020-01-{day} 00:00:00", "funnelTrendsDropOff": dropped}
        return people(log, window="1 day", viz="trends", which=which)

    # d: B@1d2h is 26 hours after A@0
    assert (who("01", False), who("01", True)) == (["a"], ["b", "d"])
    assert (who("02", False), who("02", True)) == (["c", "d"], [])


def test_people_of_a_point_did_the_step_that_it_is_measured_from() -> None:
    log = "a A@0; b A@0 B@1h; c A@0 B@1h C@2h"
    which = {"funnelTrendsEntrancePeriodStart": "2020-01-01 00:00:00", "funnelTrendsDropOff": True}
    assert people(log, "A B C", window="1 day", viz="trends", options={"funnelFromStep": 1}, which=which) == ["b"]


def test_groups_are_counted_over_time_too() -> None:
    log = "a A@0[$group_0=g]; b B@1h[$group_0=g]; c A@0[$group_0=h]; d A@0"
    assert periods(log, aggregation_group_type_index=0) == {"01": (2, 1)}
