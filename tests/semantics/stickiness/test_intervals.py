"""retention_paths.md, sections 0 and 3: which intervals there are."""

from __future__ import annotations

import pytest

import evkit as ek
from tests.semantics.stickiness.asking import ask, data


def test_weeks_at_both_ends_count_though_they_are_in_the_range_only_partly() -> None:
    # 11 to 20 January 2020: the weeks of Sunday 5, 12 and 19
    (row,) = ask("a v 01-11; a v 01-12; a v 01-18; a v 01-20", days=("2020-01-11", "2020-01-20"), interval="week")
    assert (row["data"], row["days"], row["labels"]) == ([0, 0, 1], [1, 2, 3], ["1 week", "2 weeks", "3 weeks"])


def test_events_of_the_first_week_before_the_given_day_do_not_count() -> None:
    assert data("a v 01-10 23:59; a v 01-20; b v 01-11", days=("2020-01-11", "2020-01-20"), interval="week") == [2, 0, 0]


def test_weeks_may_begin_on_monday() -> None:
    days = ("2020-01-11", "2020-01-13")
    assert data("a v 01-11; a v 01-12", days=days, interval="week") == [0, 1]
    assert data("a v 01-11; a v 01-12", days=days, interval="week", given={"week_start_day": 1}) == [1, 0]


def test_the_first_month_counts_whole() -> None:
    (row,) = ask("a v 01-01; a v 02-10; b v 2019-12-31", days=("2020-01-20", "2020-02-10"), interval="month")
    assert (row["data"], row["labels"]) == ([0, 1], ["1 month", "2 months"])


def test_the_first_day_counts_whole_and_so_does_the_last() -> None:
    days = ("2020-01-06T15:00:00Z", "2020-01-07T01:00:00Z")
    assert data("a v 01-06 00:00; a v 01-07 23:59", days=days) == [0, 1]


def test_hours_back_from_now_begin_at_the_hour_and_end_with_the_running_one() -> None:
    (row,) = ask(
        "a v 01-06 09:59; a v 01-06 10:00; a v 01-06 12:59", days={"date_from": "-2h"}, interval="hour", now="2020-01-06T12:30:00Z"
    )
    assert (row["data"], row["labels"]) == ([0, 1, 0], ["1 hour", "2 hours", "3 hours"])


def test_an_absolute_end_by_hour_is_the_start_of_its_hour() -> None:
    assert data(
        "a v 01-06 10:00; a v 01-06 12:00; a v 01-06 12:01", days=("2020-01-06T10:00:00Z", "2020-01-06T12:00:00Z"), interval="hour"
    ) == [0, 1, 0]


def test_the_day_is_the_projects() -> None:
    events = "a v 01-07 02:00; a v 01-07 12:00"
    assert data(events, days=("2020-01-06", "2020-01-07"), given={"timezone": "US/Pacific"}) == [0, 1]
    assert data(events, days=("2020-01-06", "2020-01-07")) == [1, 0]


def test_without_a_range_it_is_the_last_seven_days_and_today() -> None:
    assert data("a v 01-05; a v 01-12", days=None, now="2020-01-12T12:00:00Z") == [0, 1, 0, 0, 0, 0, 0, 0]


def test_all_is_from_the_first_event_on() -> None:
    assert data("a other 01-03; a v 01-05", days={"date_from": "all", "date_to": "2020-01-06"}) == [1, 0, 0, 0]


# ---------------------------------------------------------------------- interval counts
def test_pairs_of_days_are_counted_back_from_the_end() -> None:
    # 6 to 10 January in twos: 9-10, 7-8, and the 6th by itself
    days = ("2020-01-06", "2020-01-10")
    (row,) = ask("a v 01-06; a v 01-07; b v 01-07; b v 01-08; c v 01-08; c v 01-09", days=days, intervalCount=2)
    assert (row["data"], row["days"], row["labels"]) == ([1, 2, 0], [1, 2, 3], ["1 day", "2 days", "3 days"])


def test_criteria_are_of_the_longer_interval() -> None:
    days = ("2020-01-06", "2020-01-09")
    criteria = {"operator": "gte", "value": 2}
    assert data("a v 01-06; a v 01-07; b v 01-07; b v 01-08", days=days, intervalCount=2, stickinessCriteria=criteria) == [1, 0]


def test_one_interval_is_as_none() -> None:
    days = ("2020-01-11", "2020-01-20")
    events = "a v 01-11; a v 01-12; a v 01-18; a v 01-20"
    assert ask(events, days=days, interval="week", intervalCount=1) == ask(events, days=days, interval="week")


def test_weeks_in_pairs_are_whole_weeks_before_the_end_not_of_the_calendar() -> None:
    # to Monday 20 January: 7 to 20 and 24 December to 6 January; the range touches four calendar weeks, so two pairs
    days = ("2020-01-01", "2020-01-20")
    assert data("a v 01-07; a v 01-20; b v 01-06 23:59; b v 01-07", days=days, interval="week", intervalCount=2) == [1, 1]


@pytest.mark.parametrize(
    ("day", "pair"), [("03-20 23:59", 0), ("02-21 00:00", 0), ("01-21 00:00", 0), ("01-20 23:59", 1), ("2019-12-21", 1)]
)
def test_months_in_pairs_end_on_the_day_of_the_end(day: str, pair: int) -> None:
    # to 20 March: from 21 January on is the last pair, from 21 November the one before
    days = ("2019-12-01", "2020-03-20")
    with_last = data(f"a v {day}; a v 03-20", days=days, interval="month", intervalCount=2)
    assert with_last == ([1, 0] if pair == 0 else [0, 1])


def test_hours_in_pairs_are_counted_in_whole_hours_before_the_end() -> None:
    # to 14:00:00: 12:01 is less than two hours before it
    days = ("2020-01-06T12:00:00Z", "2020-01-06T14:00:00Z")
    assert data("a v 01-06 12:01; a v 01-06 13:30", days=days, interval="hour", intervalCount=2) == [1, 0]
    assert data("a v 01-06 12:00; a v 01-06 13:30", days=days, interval="hour", intervalCount=2) == [0, 1]


def test_pairs_of_days_are_by_the_clock_where_a_day_has_25_hours() -> None:
    # the 25th of October 2020 in London: 00:30 of it is a day before the end of the 26th, and no two
    days = ("2020-10-23", "2020-10-26")
    given = {"timezone": "Europe/London"}
    assert data("a v 10-24 23:30; a v 10-26 12:00; b v 10-24 22:30; b v 10-26 12:00", days=days, intervalCount=2, given=given) == [1, 1]


# ---------------------------------------------------------------------- compare
def test_the_previous_period_is_as_long_and_directly_before() -> None:
    rows = ask("a v 01-04; a v 01-05; a v 01-06; b v 01-03", days=("2020-01-06", "2020-01-07"), compare=True)
    assert [(r["compare_label"], r["data"], r["count"]) for r in rows] == [("current", [1, 0], 1), ("previous", [0, 1], 1)]
    assert all(r["compare"] is True for r in rows)


def test_compare_to_moves_both_ends() -> None:
    rows = ask("a v 01-05; a v 01-06; b v 01-07", days=("2020-01-06", "2020-01-07"), compare="-1d")
    assert [r["data"] for r in rows] == [[2, 0], [0, 1]]


def test_rows_are_current_previous_then_the_next_series() -> None:
    rows = ask("a v 01-06; a w 01-05", "v", "w", days=("2020-01-06", "2020-01-06"), compare=True)
    assert [(r["label"], r["compare_label"], r["data"]) for r in rows] == [
        ("v", "current", [1]), ("v", "previous", [0]), ("w", "current", [0]), ("w", "previous", [1]),
    ]  # fmt: skip


def test_without_comparing_nothing_says_so() -> None:
    (row,) = ask("a v 01-06", days=("2020-01-06", "2020-01-06"))
    assert "compare" not in row
    assert "compare_label" not in row


def test_a_previous_period_in_pairs_is_counted_back_from_its_own_end() -> None:
    # 8 to 10 January and 5 to 7: pairs 9-10 and 6-7
    rows = ask("a v 01-06; a v 01-07; b v 01-05; b v 01-06", days=("2020-01-08", "2020-01-10"), intervalCount=2, compare=True)
    assert [r["data"] for r in rows] == [[0, 0], [1, 1]]


def test_a_day_of_25_hours_has_13_pairs_of_hours() -> None:
    events = [
        {"event": "v", "distinct_id": "a", "timestamp": f"2025-11-0{2 + h // 24}T{h % 24:02d}:30:00Z", "properties": {}}
        for h in range(7, 32)
    ]
    query = {
        "kind": "StickinessQuery", "series": [{"kind": "EventsNode", "event": "v"}], "interval": "hour", "intervalCount": 2,
        "dateRange": {"date_from": "2025-11-02T00:00:00", "date_to": "2025-11-02T23:59:59"},
    }  # fmt: skip
    (row,) = ek.Project(events, timezone="US/Pacific").query(query, now="2025-12-01T00:00:00Z")["results"]
    assert row["data"] == [0] * 12 + [1]  # clocks go back at 2: from midnight to midnight 25 hours pass
