"""retention_paths.md, 1.6 and 1.7: custom brackets, windows of 24 hours."""

from __future__ import annotations

import pytest

from evkit.errors import SpecError
from tests.semantics.retention.asking import FIRST_EVER, FIRST_TIME, ROLLING, ask, counts, entity, parted

WEEK = ("2020-01-01", "2020-01-08")
NONE = [0, 0, 0]


# ---------------------------------------------------------------------- brackets
def test_brackets_are_labelled_by_their_first_and_last_period_and_one_period_alone() -> None:
    (row, *_) = ask("a v 01-01", days=WEEK, retentionCustomBrackets=[4, 1, 2])
    assert [v["label"] for v in row["values"]] == ["Day 0", "Day 1-4", "Day 5", "Day 6-7"]
    assert row["label"] == "Day 0"


def test_somebody_counts_once_in_a_bracket_however_many_of_its_periods_they_come_back_in() -> None:
    events = "a v 01-01; a v 01-02; a v 01-03; b v 01-01; b v 01-05"
    assert counts(events, days=WEEK, retentionCustomBrackets=[2, 3], retentionType=FIRST_TIME)[0] == [2, 1, 1]


def test_brackets_reach_past_total_intervals_and_are_cut_by_the_range_only() -> None:
    events = "a v 01-01; a v 01-07; a v 01-09"
    assert counts(events, days=WEEK, intervals=2, retentionCustomBrackets=[5, 5], retentionType=FIRST_TIME)[0] == [1, 0, 1]
    assert counts("a v 01-01; a v 01-09", days=WEEK, intervals=2, retentionCustomBrackets=[5, 5], retentionType=FIRST_TIME)[0] == [1, 0, 0]


def test_total_intervals_gives_the_number_of_cohorts_where_the_range_has_no_start() -> None:
    assert len(ask("a v 01-01", days=(None, "2020-01-08"), intervals=5, retentionCustomBrackets=[1])) == 5


def test_a_bracket_past_the_last_one_is_nothing() -> None:
    assert counts("a v 01-01; a v 01-05", days=WEEK, retentionCustomBrackets=[1, 1], retentionType=FIRST_TIME)[0] == [1, 0, 0]


def test_brackets_are_measured_from_somebodys_first_start_in_every_row() -> None:
    # a begins on the 1st and the 3rd and comes back on the 3rd, two days after the first start: both rows have that bracket
    assert counts("a v 01-01; a v 01-03", days=("2020-01-01", "2020-01-04"), retentionCustomBrackets=[1, 2]) == [
        [1, 0, 1],
        NONE,
        [1, 0, 1],
        NONE,
    ]


def test_minimum_occurrences_are_counted_in_a_period_not_in_a_bracket() -> None:
    events = "a v 01-01; a v 01-02; a v 01-03; b v 01-01; 2*b v 01-02"
    assert counts(events, days=WEEK, retentionCustomBrackets=[3], minimumOccurrences=2, retentionType=FIRST_TIME)[0] == [2, 1]


def test_cumulative_is_over_numbers_of_brackets() -> None:
    events = "a v 01-01; a v 01-05; b v 01-01"
    assert counts(events, days=WEEK, retentionCustomBrackets=[2, 3], cumulative=True, retentionType=FIRST_TIME)[0] == [2, 1, 1]


# ---------------------------------------------------------------------- windows of 24 hours
def test_a_window_begins_with_somebodys_own_first_start_and_there_is_one_row_for_them() -> None:
    # b begins on the 1st at 20:00; 10:00 of the 2nd is 14 hours later: not a day
    events = "a v 01-01 08:00; a v 01-02 09:00; b v 01-01 20:00; b v 01-02 10:00; b v 01-02 21:00"
    assert counts(events, days=WEEK, intervals=3, **ROLLING) == [[2, 2, 0], *[NONE] * 7]
    assert counts("b v 01-01 20:00; b v 01-02 10:00", days=WEEK, intervals=3, **ROLLING)[0] == [1, 0, 0]
    assert counts("b v 01-01 20:00; b v 01-02 10:00", days=WEEK, intervals=3)[0] == [1, 1, 0]


def test_distances_are_counted_in_clock_hours_that_begin_between() -> None:
    # from 10:59 to 10:00 of the next day 24 clock hours begin, though only 23 hours and a minute pass; to 09:59 it is 23
    assert counts("a v 01-01 10:59; a v 01-02 10:00", days=WEEK, intervals=2, **ROLLING)[0] == [1, 1]
    assert counts("a v 01-01 10:59; a v 01-02 09:59", days=WEEK, intervals=2, **ROLLING)[0] == [1, 0]
    hours = {"period": "Hour", "days": ("2020-01-01T08:00:00", "2020-01-01T12:00:00"), "intervals": 2}
    assert counts("a v 01-01 08:59; a v 01-01 09:00", **hours, **ROLLING)[0] == [1, 1]


def test_an_hour_that_the_clocks_skip_is_no_hour() -> None:
    # London, 28 March 12:00 to 29 March 13:00 (summer time): 24 hours, for the clocks went forward; 12:30 is 23 hours and a half
    london = {"project": {"timezone": "Europe/London"}, "days": ("2020-03-28", "2020-03-31"), "intervals": 2}
    assert counts("a v 03-28 12:00; a v 03-29 12:00", **london, **ROLLING)[0] == [1, 1]
    assert counts("a v 03-28 12:00; a v 03-29 11:30", **london, **ROLLING)[0] == [1, 0]


def test_clock_hours_are_of_the_zone_also_where_it_is_half_an_hour_off() -> None:
    # 18:29 UTC is 23:59 in Kolkata, 18:30 is 00:00
    kolkata = {"project": {"timezone": "Asia/Kolkata"}, "days": ("2020-01-01T23:00:00", "2020-01-02T02:00:00"), "intervals": 2}
    assert counts("a v 01-01 18:29; a v 01-01 18:30", period="Hour", **kolkata, **ROLLING)[0] == [1, 1]
    assert counts("a v 01-01 18:31; a v 01-01 19:01", period="Hour", **kolkata, **ROLLING)[1] == [1, 0]


def test_weeks_are_seven_calendar_days_and_months_thirty() -> None:
    weeks = {"period": "Week", "days": ("2020-01-05", "2020-02-01"), "intervals": 3}
    # Tuesday the 7th late, Tuesday the 14th early: seven midnights between
    assert counts("a v 01-07 23:00; a v 01-14 01:00", **weeks, **ROLLING)[0] == [1, 1, 0]
    assert counts("a v 01-07 23:00; a v 01-13 23:30", **weeks, **ROLLING)[0] == [1, 0, 0]
    months = {"period": "Month", "days": ("2020-01-01", "2020-06-30"), "intervals": 3}
    # from the 1st of January the 31st is 30 days: row 1; 30 days later is the 1st of March
    assert counts("a v 01-31; a v 03-01", **months, **ROLLING)[1] == [1, 1, 0]
    assert counts("a v 01-31; a v 02-29", **months, **ROLLING)[1] == [1, 0, 0]


def test_a_return_before_the_first_start_is_nothing_and_one_at_its_instant_is_interval_0() -> None:
    assert counts("a buy 01-01 08:00; a v 01-02 08:00; a buy 01-02 08:00; a buy 01-03 08:00", "v", "buy", days=WEEK, intervals=3, **ROLLING) == [
        NONE, [1, 1, 0], *[NONE] * 6,
    ]  # fmt: skip


def test_first_times_begin_the_windows_and_are_in_no_row_out_of_range() -> None:
    events = "a v 2019-12-01; a v 01-02; b v 01-02 12:00 p=y; b v 01-03 13:00 p=x; b v 01-04 14:00"
    assert counts(events, days=WEEK, intervals=3, retentionType=FIRST_TIME, **ROLLING)[1] == [1, 1, 1]
    asked = {"days": WEEK, "intervals": 3, **ROLLING}
    assert counts(events, entity("v", p="x"), "v", retentionType=FIRST_TIME, **asked) == [NONE, NONE, [1, 1, 0], *[NONE] * 5]
    assert counts(events, entity("v", p="x"), "v", retentionType=FIRST_EVER, **asked) == [NONE] * 8


def test_minimum_occurrences_are_not_looked_at() -> None:
    events = "a v 01-01 08:00; a v 01-02 09:00"
    assert counts(events, days=WEEK, intervals=2, minimumOccurrences=3, **ROLLING)[0] == [1, 1]


def test_with_a_breakdown_the_start_is_somebodys_own_and_each_of_their_values_has_them() -> None:
    events = "a v 01-01 08:00 p=x; a v 01-02 09:00 p=y; a v 01-03 09:00 p=y"
    found = parted(events, days=WEEK, intervals=3, by="p", **ROLLING)
    assert {value: rows[0] for value, rows in found.items()} == {"x": [1, 0, 0], "y": [1, 1, 1]}


def test_brackets_put_windows_together() -> None:
    events = "a v 01-01 08:00; a v 01-03 09:00; b v 01-01 20:00; b v 01-02 21:00"
    assert counts(events, days=WEEK, retentionCustomBrackets=[1, 2], **ROLLING)[0] == [2, 1, 1]


def test_cumulative_and_sums_are_refused() -> None:
    with pytest.raises(SpecError, match=r"^Cumulative retention is not supported for 24 hour windows\.$"):
        ask("a v 01-01", cumulative=True, **ROLLING)
    with pytest.raises(SpecError, match="aggregation_type 'sum' is not supported for 24 hour windows"):
        ask("a v 01-01", aggregationType="sum", aggregationProperty="n", **ROLLING)
