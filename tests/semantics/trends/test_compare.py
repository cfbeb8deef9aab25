"""trends.md, section 8: which period a question is compared with."""

from __future__ import annotations

from typing import Any

import pytest

from tests.semantics.trends.asking import NOW, ask, counted, data, node, parted, total

BERLIN = {"timezone": "Europe/Berlin"}


def periods(days: Any, compare: bool | str = True, events: str = "a v 01-01", now: str = NOW, **more: Any) -> list[tuple[str, str, int]]:
    """Give each period's first day, last day and number of buckets."""
    rows = ask(events, "v", days=days, compare=compare, now=now, **more)
    return [(r["days"][0], r["days"][-1], len(r["days"])) for r in rows]


def previous(events: str, **query: Any) -> dict[str, float]:
    """Give the previous period's figures that aren't zero, by their day."""
    return counted(ask(events, "v", compare=query.pop("compare", True), **query)[1:])


# ---------------------------------------------------------------------- days
def test_days_are_compared_with_as_many_directly_before() -> None:
    events = "a v 01-05 23:59; 2*a v 01-06; 3*a v 01-07 23:59; a v 01-08; b v 01-09"
    rows = ask(events, "v", days=("2020-01-08", "2020-01-09"), compare=True)
    assert data(rows) == [[1, 1], [2, 3]]
    assert [r["days"] for r in rows] == [["2020-01-08", "2020-01-09"], ["2020-01-06", "2020-01-07"]]
    assert rows[1]["labels"] == ["6-Jan-2020", "7-Jan-2020"]
    assert [r["count"] for r in rows] == [2, 5]


def test_one_day_is_compared_with_the_day_before() -> None:
    assert periods(("2020-01-08", "2020-01-08"))[1] == ("2020-01-07", "2020-01-07", 1)


@pytest.mark.parametrize(
    ("days", "current", "before"),
    [
        # eight days to today, and the eight days a week earlier: one day is in both
        ("-7d", ("2020-01-05", "2020-01-12", 8), ("2019-12-29", "2020-01-05", 8)),
        ("-14d", ("2019-12-29", "2020-01-12", 15), ("2019-12-15", "2019-12-29", 15)),
        # the seven days to yesterday: seven before them would be 29 December to 4 January, and one day more
        (("-7d", "2020-01-11"), ("2020-01-05", "2020-01-11", 7), ("2019-12-30", "2020-01-05", 7)),
        # not where the end is relative, the days no multiple of 7, the unit weeks
        (("-7d", "-1d"), ("2020-01-05", "2020-01-11", 7), ("2019-12-29", "2020-01-04", 7)),
        ("-8d", ("2020-01-04", "2020-01-12", 9), ("2019-12-26", "2020-01-03", 9)),
        ("-1w", ("2020-01-05", "2020-01-12", 8), ("2019-12-28", "2020-01-04", 8)),
        (("2020-01-05", None), ("2020-01-05", "2020-01-12", 8), ("2019-12-28", "2020-01-04", 8)),
    ],
)  # fmt: skip
def test_whole_weeks_counted_in_days_keep_their_weekdays(days: Any, current: tuple, before: tuple) -> None:
    assert periods(days) == [current, before]


def test_weekdays_are_kept_by_day_only() -> None:
    # by week -7d is 5 to 12 January; the eight days before begin on Saturday 28 December
    assert periods("-7d", interval="week") == [("2020-01-05", "2020-01-12", 2), ("2019-12-22", "2019-12-29", 2)]
    assert previous("a v 2019-12-27 23:59; a v 2019-12-28; a v 01-04 23:59; a v 01-05", days="-7d", interval="week") == {
        "2019-12-22": 1, "2019-12-29": 1,
    }  # fmt: skip


def test_totals_are_by_day_so_they_keep_their_weekdays_too() -> None:
    events = "a v 2019-12-28 23:59; 2*a v 2019-12-29; 4*a v 01-05; 8*a v 01-06"
    for interval in ("day", "month"):
        assert total(ask(events, "v", days="-7d", compare=True, display="ActionsPie", interval=interval)) == [12, 6]


def test_a_day_that_lies_in_both_periods_counts_in_both() -> None:
    rows = ask("3*a v 01-05", "v", days="-7d", compare=True)
    assert data(rows) == [[3, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 3]]


def test_hours_back_by_day_begin_at_the_same_hour_of_the_day_before() -> None:
    # -6h at 12:30 is from 06:00 to the end of the day
    events = "a v 01-11 05:59; a v 01-11 06:00; a v 01-11 23:59"
    assert previous(events, days="-6h", now="2020-01-12T12:30:00Z") == {"2020-01-11": 2}


def test_a_month_is_compared_with_as_many_days_before_it_and_its_first_month_counts_whole() -> None:
    # 31 days before March are 30 January to 29 February
    rows = ask(
        "a v 01-02; a v 02-29 23:00", "v", days=("2020-03-01", "2020-03-31"), interval="month", compare=True, now="2020-06-01T00:00:00Z"
    )
    assert [(r["days"], r["data"]) for r in rows] == [(["2020-03-01"], [0]), (["2020-01-01", "2020-02-01"], [1, 1])]


def test_days_across_a_change_of_the_clock_are_whole_days() -> None:
    # 28 and 29 March are 47 hours in Berlin, the two days before 48; midnight is 23:00 UTC of the day before
    events = "a v 03-25 22:59; a v 03-25 23:00; a v 03-27 22:59; a v 03-27 23:00"
    rows = ask(events, "v", days=("2020-03-28", "2020-03-29"), compare=True, now="2020-04-02T12:00:00Z", project=BERLIN)
    assert [(r["days"], r["data"]) for r in rows] == [(["2020-03-28", "2020-03-29"], [1, 0]), (["2020-03-26", "2020-03-27"], [1, 1])]


# ---------------------------------------------------------------------- hours
def test_the_hours_of_today_are_compared_with_those_of_yesterday_to_the_end_of_the_hour() -> None:
    events = "a v 01-10 23:59; a v 01-11 00:10; a v 01-11 12:59; a v 01-11 13:00"
    asked = {"days": "dStart", "interval": "hour", "now": "2020-01-12T12:20:00Z"}
    assert periods(**asked) == [("2020-01-12 00:00:00", "2020-01-12 12:00:00", 13), ("2020-01-11 00:00:00", "2020-01-11 12:00:00", 13)]
    assert previous(events, **asked) == {"2020-01-11 00:00:00": 1, "2020-01-11 12:00:00": 1}


def test_the_last_hour_of_the_previous_period_is_whole_also_where_the_range_ends_with_its_start() -> None:
    events = "a v 01-09 20:00; a v 01-09 20:30; a v 01-10 20:00; a v 01-10 20:30"
    rows = ask(events, "v", days=("2020-01-10T00:00", "2020-01-10T20:00"), interval="hour", compare=True)
    assert [(len(r["data"]), r["data"][-1], r["count"]) for r in rows] == [(21, 1, 1), (21, 2, 2)]


def test_a_day_and_an_hour_back_are_compared_with_the_same_hours_a_day_before() -> None:
    # -24h at 13:05: 11 January 13:00 to 12 January 13:59:59.999999, 25 hours less a microsecond. The 11th, 13:00, less these is
    # the 10th, 12:00:00.000001; with the clock time of the start: the 10th, 13:00. The end as long after it: the 11th, 13:59:59.999999
    assert periods("-24h", interval="hour", now="2020-01-12T13:05:00Z") == [
        ("2020-01-11 13:00:00", "2020-01-12 13:00:00", 25), ("2020-01-10 13:00:00", "2020-01-11 13:00:00", 25),
    ]  # fmt: skip


def test_two_days_of_hours_are_compared_with_the_same_hours_two_days_before() -> None:
    # -48h at 13:05: 10 January 13:00 to 12 January 13:59:59.999999; less 49 hours 8 January 12:00:00.000001, so 8 January 13:00
    assert periods("-48h", interval="hour", now="2020-01-12T13:05:00Z")[1] == ("2020-01-08 13:00:00", "2020-01-10 13:00:00", 49)


def test_days_by_hour_are_compared_with_as_many_days_before() -> None:
    # -1d at 13:05: from the 11th 00:00 to the 12th 13:59:59.999999, 38 hours; so from the 9th 10:00 at the clock time 00:00
    assert periods("-1d", interval="hour", now="2020-01-12T13:05:00Z")[1] == ("2020-01-09 00:00:00", "2020-01-10 13:00:00", 38)


def test_weekdays_are_not_kept_by_hour() -> None:
    # from the 5th to the 12th 12:59:59.999999 are 7 days and 13 hours; the 5th less these is 28 December 11:00, at the clock time 00:00
    assert periods("-7d", interval="hour")[1] == ("2019-12-28 00:00:00", "2020-01-04 12:00:00", 181)


# ---------------------------------------------------------------------- what it is compared to
@pytest.mark.parametrize(
    ("compare_to", "before"),
    [
        ("-1d", ("2020-03-30", "2020-03-30", 1)), ("-1w", ("2020-03-24", "2020-03-24", 1)), ("-1m", ("2020-02-29", "2020-02-29", 1)),
        ("-1q", ("2019-12-31", "2019-12-31", 1)), ("-1y", ("2019-03-31", "2019-03-31", 1)), ("-2w", ("2020-03-17", "2020-03-17", 1)),
    ],
)  # fmt: skip
def test_compare_to_moves_the_start_by_calendar_units(compare_to: str, before: tuple) -> None:
    assert periods(("2020-03-31", "2020-03-31"), compare_to, now="2020-04-02T12:00:00Z")[1] == before


def test_the_end_of_what_is_compared_to_lies_as_far_after_its_start() -> None:
    # March has 31 days: moved by a month they are 1 February to 2 March
    assert periods(("2020-03-01", "2020-03-31"), "-1m", now="2020-04-02T12:00:00Z")[1] == ("2020-02-01", "2020-03-02", 31)


def test_compare_to_does_not_align_weekdays_and_may_overlap() -> None:
    assert periods("-7d", "-1w")[1] == ("2019-12-29", "2020-01-05", 8)
    assert periods("-7d", "-3d")[1] == ("2020-01-02", "2020-01-09", 8)
    rows = ask("a v 01-07; 2*a v 01-08; 4*a v 01-09", "v", days=("2020-01-08", "2020-01-09"), compare="-1d")
    assert data(rows) == [[2, 4], [1, 2]]


def test_hours_compared_to_end_as_the_range_does() -> None:
    # the range ends at 02:00 sharp, so what it is compared to does: its end is its start and the length of the range
    events = "a v 01-09 02:00; a v 01-09 02:30"
    assert previous(events, days=("2020-01-10T00:00", "2020-01-10T02:00"), interval="hour", compare="-1d") == {"2020-01-09 02:00:00": 1}


# ---------------------------------------------------------------------- totals
def test_totals_compared_are_two_rows() -> None:
    events = "a v 01-06; a v 01-07; b v 01-07; a v 01-08; a v 01-09"
    for display in ("ActionsTable", "BoldNumber"):
        rows = ask(events, "v", node("v", "dau"), days=("2020-01-08", "2020-01-09"), compare=True, display=display)
        assert [(r["compare_label"], r["order"], r["aggregated_value"]) for r in rows] == [
            ("current", 0, 2), ("current", 1, 1), ("previous", 0, 3), ("previous", 1, 2),
        ]  # fmt: skip


def test_a_bold_number_is_compared_to_the_second() -> None:
    # now is 12:00:30: current from the 5th at that time, previous from 29 December at that time; the 5th, 12:00:30, is in both
    events = "a v 2019-12-29 12:00:29; 2*a v 2019-12-29 12:00:30; 4*a v 01-05 12:00:30; 8*a v 01-05 12:00:31; 16*a v 01-12 12:00:31"
    assert total(ask(events, "v", days="-7d", display="BoldNumber", compare=True, now="2020-01-12T12:00:30Z")) == [12, 6]
    assert total(ask(events, "v", days="-7d", display="BoldNumber", compare="-1w", now="2020-01-12T12:00:30Z")) == [12, 6]


def test_values_are_told_by_period() -> None:
    events = "a v 01-07 p=x; 2*a v 01-07 p=y; 3*a v 01-08 p=x"
    rows = ask(events, "v", days=("2020-01-08", "2020-01-08"), compare=True, by="p")
    assert [r["compare_label"] for r in rows] == ["current", "previous", "previous"]
    assert parted(rows) == [("x", [3]), ("y", [2]), ("x", [1])]


def test_persons_of_each_period_are_counted_on_their_own() -> None:
    assert data(ask("a v 01-07; a v 01-08", node("v", "dau"), days=("2020-01-08", "2020-01-08"), compare=True)) == [[1], [1]]
