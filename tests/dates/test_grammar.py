"""Dates: relative texts, rounding of ranges, windows, and days that are 23 or 25 hours long."""

from __future__ import annotations

import datetime as dt

import pytest

from evkit import dates
from evkit.errors import SpecError

NOW = "2026-03-31T13:05:00+00:00"


def resolved(
    date_from: str | None, date_to: str | None = None, interval: str = "day", timezone: str = "UTC", **more: object
) -> tuple[str, str]:
    r = dates.resolve_range({"date_from": date_from, "date_to": date_to}, interval=interval, now=NOW, timezone=timezone, **more)  # type: ignore[arg-type]
    return r.start.isoformat()[:19], r.end.isoformat()[:19]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("-1m", "2026-02-28"),
        ("-1q", "2025-12-31"),
        ("-2w", "2026-03-17"),
        ("mStart", "2026-03-01"),
        ("-1mEnd", "2026-02-28"),
        ("qStart", "2026-01-01"),
        ("-1yEnd", "2025-12-31"),
    ],
)
def test_relative_dates_move_by_calendar_units_cut_to_the_end_of_a_short_month(text: str, day: str) -> None:
    assert dates.parse(text, now=NOW, timezone="UTC").date().isoformat() == day


def test_the_week_begins_on_the_projects_day() -> None:  # 2026-03-31 is a Tuesday
    assert dates.parse("wStart", now=NOW, timezone="UTC", week_start_day=0).date().isoformat() == "2026-03-29"
    assert dates.parse("wStart", now=NOW, timezone="UTC", week_start_day=1).date().isoformat() == "2026-03-30"


def test_a_range_in_days_covers_whole_days() -> None:
    assert resolved("-7d") == ("2026-03-24T00:00:00", "2026-03-31T23:59:59")
    assert resolved(None) == ("2026-03-24T00:00:00", "2026-03-31T23:59:59")


def test_a_range_in_hours_keeps_the_hour() -> None:
    assert resolved("-24h", interval="hour") == ("2026-03-30T13:00:00", "2026-03-31T13:59:59")
    assert resolved("-1d", interval="hour") == ("2026-03-30T00:00:00", "2026-03-31T13:59:59")


def test_days_are_those_of_the_projects_zone_across_a_daylight_saving_change() -> None:  # Berlin: +01:00 until 29 March, then +02:00
    assert resolved("2026-03-28", "2026-03-29", timezone="Europe/Berlin") == ("2026-03-27T23:00:00", "2026-03-29T21:59:59")


def test_a_half_open_range_leaves_its_end_out() -> None:
    r = dates.resolve_range(dates.DateRange.half_open("2026-01-01", "2026-02-01"), interval="day", now=NOW, timezone="UTC")
    assert r.end.isoformat() == "2026-01-31T23:59:59.999999+00:00"


@pytest.mark.parametrize(("start", "end"), [("2026-02-01", "2026-01-01"), ("2026-02-01", "2026-02-01")])
def test_a_reversed_range_raises(start: str, end: str) -> None:
    with pytest.raises(SpecError, match="swap"):
        dates.DateRange.half_open(start, end)


def test_weeks_begin_before_the_range_and_every_bucket_is_there() -> None:
    r = dates.resolve_range({"date_from": "2026-03-18", "date_to": "2026-03-31"}, interval="week", now=NOW, timezone="UTC")
    assert [b.date().isoformat() for b in dates.bucket_starts(r)] == ["2026-03-15", "2026-03-22", "2026-03-29"]


def test_the_previous_period_is_as_long_and_directly_before() -> None:
    r = dates.resolve_range({"date_from": "2026-01-15", "date_to": "2026-01-19"}, interval="day", now=NOW, timezone="UTC")
    p = dates.previous_range(r)
    assert (p.start.isoformat(), p.end.isoformat()) == ("2026-01-10T00:00:00+00:00", "2026-01-14T23:59:59.999999+00:00")


def test_whole_weeks_back_from_now_keep_their_weekdays() -> None:
    r = dates.resolve_range({"date_from": "-7d"}, interval="day", now="2020-01-04T13:00:00+00:00", timezone="UTC")
    p = dates.previous_range(r)
    assert (p.start.date().isoformat(), p.end.date().isoformat()) == ("2019-12-21", "2019-12-28")


def test_whole_weeks_back_keep_their_weekdays_up_to_a_day_but_not_up_to_a_relative_date() -> None:
    before = lambda end: dates.previous_range(  # noqa: E731
        dates.resolve_range({"date_from": "-7d", "date_to": end}, interval="day", now="2020-01-04T13:00:00+00:00", timezone="UTC")
    )
    assert before("2020-01-04").start.date().isoformat() == "2019-12-21"
    assert before("-1d").start.date().isoformat() == "2019-12-21"  # 7 days, 28 December to 3 January: the 7 before
    assert before("-0d").start.date().isoformat() == "2019-12-20"  # 8 days: the 8 before


def test_hours_are_compared_with_the_same_hours_of_the_day_before_and_minutes_with_those_before() -> None:
    at = lambda start, interval: dates.previous_range(  # noqa: E731
        dates.resolve_range({"date_from": start}, interval=interval, now="2026-01-04T13:05:20+00:00", timezone="UTC")
    )
    assert at("-2h", "hour").start.isoformat() == "2026-01-03T11:00:00+00:00"
    assert at("-10M", "minute").start.isoformat() == "2026-01-04T12:44:20+00:00"  # 10 min 40 s, rounded up to 11 minutes


@pytest.mark.parametrize("wrong", [14, "14", "14 moons", "0 days", ""])
def test_a_window_needs_a_number_and_a_unit(wrong: object) -> None:
    with pytest.raises(SpecError, match="window"):
        dates.Window(wrong)  # type: ignore[arg-type]


def test_a_month_of_a_window_is_31_days() -> None:
    assert dates.Window("1 month").seconds == 31 * 86400


def test_unknown_dates_are_named() -> None:
    with pytest.raises(SpecError, match="'soon' can't be read"):
        dates.DateRange("soon")


def test_now_without_zone_is_project_time() -> None:
    assert (
        dates.parse("dStart", now="2026-01-01T00:30:00", timezone="Asia/Tokyo").astimezone(dt.UTC).isoformat()
        == "2025-12-31T15:00:00+00:00"
    )
