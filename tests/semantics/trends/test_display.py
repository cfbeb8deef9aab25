"""trends.md, section 5: running totals, smoothing, bold numbers."""

from __future__ import annotations

import pytest

from tests.semantics.trends.asking import OTHER, ask, data, node, parted, total

DAYS = ("2020-01-01", "2020-01-04")
RUNNING = {"days": DAYS, "display": "ActionsLineGraphCumulative"}
GROUPS = {"groups": [{"type": "org", "index": 0, "key": k, "properties": {}} for k in ("x", "y")]}


# ---------------------------------------------------------------------- running totals
def test_a_running_total_adds_up_the_buckets_of_the_range() -> None:
    events = "9*a v 2019-12-31; 2*a v 01-01; a v 01-03; a v 01-04"
    (row,) = ask(events, "v", **RUNNING)
    assert (row["data"], row["count"]) == ([2, 2, 3, 4], 4)


def test_persons_count_in_their_first_bucket_inside_the_range() -> None:
    # a was there before the range, which does not matter
    events = "a v 2019-12-31; a v 01-02; a v 01-03; b v 01-01; b v 01-03; c v 01-04"
    assert data(ask(events, node("v", "dau"), **RUNNING)) == [[1, 2, 2, 3]]


def test_groups_count_in_their_first_bucket_too() -> None:
    events = "a v 01-01 $group_0=x; b v 01-02 $group_0=x; b v 01-03 $group_0=y; c v 01-04"
    for math in ("unique_group", "dau"):
        assert data(ask(events, node("v", math, math_group_type_index=0), project=GROUPS, **RUNNING)) == [[1, 1, 2, 2]]


def test_persons_count_once_under_each_breakdown_value() -> None:
    events = "a v 01-01 p=x; a v 01-02 p=x; a v 01-02 p=y; b v 01-03 p=x; a v 01-04 p=y"
    assert parted(ask(events, node("v", "dau"), by="p", **RUNNING)) == [("x", [1, 1, 2, 2]), ("y", [0, 1, 1, 1])]


def test_the_rest_of_running_persons_is_the_sum_of_its_values() -> None:
    events = "2*a v 01-01 p=x; b v 01-01 p=x; a v 01-02 p=y; a v 01-03 p=z"
    found = ask(events, node("v", "dau"), by={"breakdown": "p", "breakdown_limit": 1}, **RUNNING)
    assert parted(found) == [("x", [2, 2, 2, 2]), (OTHER, [0, 1, 2, 2])]


def test_averages_and_active_persons_and_sessions_are_just_added_up() -> None:
    events = "a v 01-01 n=2 $session_id=s; a v 01-01 n=4 $session_id=s; a v 01-03 n=5 $session_id=s"
    assert data(ask(events, node("v", "avg", math_property="n"), **RUNNING)) == [[3, 3, 8, 8]]
    assert data(ask(events, node("v", "weekly_active"), **RUNNING)) == [[1, 2, 3, 4]]
    assert data(ask(events, node("v", "unique_session"), **RUNNING)) == [[1, 1, 2, 2]]
    assert data(ask(events, node("v", "avg_count_per_actor"), **RUNNING)) == [[2, 2, 3, 3]]


def test_running_totals_run_by_week_too() -> None:
    # by week weekly active persons are plain ones, each in their first week
    events = "a v 01-01; a v 01-06; b v 01-06; c v 01-13"
    asked = {**RUNNING, "days": ("2020-01-01", "2020-01-14"), "interval": "week", "now": "2020-02-01T12:00:00Z"}
    assert data(ask(events, "v", node("v", "dau"), node("v", "weekly_active"), **asked)) == [[1, 3, 4], [1, 2, 3], [1, 2, 3]]


def test_running_totals_are_compared_each_from_its_own_start() -> None:
    events = "2*a v 01-01; a v 01-02; 4*b v 01-03; a v 01-04"
    found = ask(events, "v", node("v", "dau"), compare=True, days=("2020-01-03", "2020-01-04"), display="ActionsLineGraphCumulative")
    assert data(found) == [[4, 5], [1, 2], [2, 3], [1, 1]]


# ---------------------------------------------------------------------- smoothing
def test_a_smoothed_figure_is_the_mean_of_the_last_ones_rounded_down() -> None:
    # 5, 0, 3, 8: over two 5, 5/2, 3/2, 11/2; over three 5, 5/2, 8/3, 11/3
    events = "5*a v 01-01; 3*a v 01-03; 8*a v 01-04"
    for n, figures in ((1, [5, 0, 3, 8]), (2, [5, 2, 1, 5]), (3, [5, 2, 2, 3]), (7, [5, 2, 2, 4])):
        (row,) = ask(events, "v", days=DAYS, smoothingIntervals=n)
        assert (row["data"], row["count"]) == (figures, sum(figures))


def test_smoothed_fractions_are_rounded_down_too() -> None:
    # averages 1.5, 2.5: 1.5 -> 1, their mean 2 -> 2
    events = "a v 01-01 n=1; a v 01-01 n=2; a v 01-02 n=2; a v 01-02 n=3"
    found = ask(events, node("v", "avg", math_property="n"), days=("2020-01-01", "2020-01-02"), smoothingIntervals=2)
    assert data(found) == [[1, 2]]


def test_smoothing_looks_at_no_day_before_the_range() -> None:
    assert data(ask("9*a v 2019-12-31; a v 01-02", "v", days=("2020-01-01", "2020-01-02"), smoothingIntervals=2)) == [[0, 0]]


def test_with_a_breakdown_nothing_is_smoothed() -> None:
    assert parted(ask("5*a v 01-01 p=x; a v 01-02 p=x", "v", days=DAYS, by="p", smoothingIntervals=3)) == [("x", [5, 1, 0, 0])]


def test_a_total_is_not_smoothed() -> None:
    assert total(ask("5*a v 01-01; a v 01-02", "v", days=DAYS, display="ActionsTable", smoothingIntervals=3)) == [6]


def test_formulas_are_of_smoothed_figures() -> None:
    # v 5, 0 -> 5, 2; w 1, 4 -> 1, 2
    events = "5*a v 01-01; a w 01-01; 4*a w 01-02"
    assert data(ask(events, "v", "w", days=("2020-01-01", "2020-01-02"), smoothingIntervals=2, formula="A / B")) == [[5, 1]]


# ---------------------------------------------------------------------- one figure
@pytest.mark.parametrize("interval", ["hour", "day", "week", "month"])
def test_a_bold_number_is_the_total_over_the_range_by_any_interval(interval: str) -> None:
    events = "9*a v 2019-12-31; a v 01-01; 2*a v 01-03; b v 01-04 23:59"
    found = ask(events, "v", node("v", "dau"), days=DAYS, interval=interval, display="BoldNumber")
    assert total(found) == [4, 2]
