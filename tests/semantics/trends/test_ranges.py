"""trends.md, section 2: from when till when, which events count, and into what buckets they fall."""

from __future__ import annotations

import pytest

from tests.semantics.trends.asking import NOW, ask, counted, data, total

BERLIN = {"timezone": "Europe/Berlin"}
NEW_YORK = {"timezone": "America/New_York"}
MONDAY = {"week_start_day": 1}


# ---------------------------------------------------------------------- reading dates
def test_without_a_range_it_is_from_the_start_of_the_day_a_week_ago_to_the_end_of_today() -> None:
    events = "a v 01-04 23:59; a v 01-05 00:00; 2*a v 01-12 23:59; a v 01-13 00:00"
    (row,) = ask(events, "v", now=NOW)
    assert row["data"] == [1, 0, 0, 0, 0, 0, 0, 2]
    assert (row["days"][0], row["days"][-1]) == ("2020-01-05", "2020-01-12")


def test_dates_need_no_padding() -> None:
    (row,) = ask("a v 01-03 10:00", "v", days=("2020-1-3", "2020-1-4"))
    assert (row["days"], row["data"]) == (["2020-01-03", "2020-01-04"], [1, 0])


def test_a_time_without_offset_is_of_the_projects_zone_and_one_with_an_offset_is_converted() -> None:
    # New York is five hours behind
    def hours(start: str, end: str) -> list[str]:
        return ask("a v 01-01", "v", days=(start, end), interval="hour", project=NEW_YORK)[0]["days"]

    assert hours("2020-01-03T10:00:00", "2020-01-03T11:00:00") == ["2020-01-03 10:00:00", "2020-01-03 11:00:00"]
    assert hours("2020-01-03T10:00:00Z", "2020-01-03T13:00:00+02:00") == ["2020-01-03 05:00:00", "2020-01-03 06:00:00"]


@pytest.mark.parametrize(
    ("date_from", "first"),
    [
        ("-3d", "2020-03-28"), ("d", "2020-03-31"), ("-1w", "2020-03-24"), ("-1m", "2020-02-29"), ("-1q", "2019-12-31"),
        ("-1y", "2019-03-31"), ("-36h", "2020-03-30"), ("dStart", "2020-03-31"), ("-2dStart", "2020-03-29"), ("mStart", "2020-03-01"),
        ("-1mStart", "2020-02-01"), ("-1mEnd", "2020-02-29"), ("yStart", "2020-01-01"), ("-1yStart", "2019-01-01"),
        ("wStart", "2020-03-29"), ("-1wStart", "2020-03-22"), ("-1wEnd", "2020-03-28"), ("qStart", "2020-01-01"),
        ("-1qStart", "2019-10-01"), ("-1qEnd", "2019-12-31"), ("-90M", "2020-03-31"),
    ],
)  # fmt: skip
def test_relative_dates_count_back_in_calendar_units_and_go_to_the_edge_they_name(date_from: str, first: str) -> None:
    # 31 March 2020 is a Tuesday; -1m of the 31st is the last day of February, q is three months
    assert ask("a v 01-01", "v", days=date_from, now="2020-03-31T12:30:00Z")[0]["days"][0] == first


def test_the_start_of_the_week_is_that_of_the_project() -> None:
    assert ask("a v 01-01", "v", days="wStart", now="2020-03-31T12:30:00Z", project=MONDAY)[0]["days"][0] == "2020-03-30"


def test_the_end_of_the_year_of_a_day_in_december_is_its_last_day() -> None:
    assert ask("a v 01-01", "v", days=("mStart", "yEnd"), now="2020-12-30T12:30:00Z")[0]["days"][-1] == "2020-12-31"


# ---------------------------------------------------------------------- where it begins
def test_by_hour_days_back_begin_at_midnight_and_hours_back_at_the_hour() -> None:
    events = "a v 01-11 00:00; a v 01-11 12:59; a v 01-11 13:00"
    days, hours = (ask(events, "v", days=start, interval="hour", now="2020-01-12T13:05:00Z") for start in ("-1d", "-24h"))
    assert (len(days[0]["days"]), len(hours[0]["days"])) == (38, 25)  # 24 + 14; 13:00 to 13:00
    assert counted(days) == {"2020-01-11 00:00:00": 1, "2020-01-11 12:00:00": 1, "2020-01-11 13:00:00": 1}
    assert counted(hours) == {"2020-01-11 13:00:00": 1}


def test_by_minute_a_relative_start_is_not_truncated() -> None:
    events = "a v 01-11 13:05:10; a v 01-11 13:05:40; a v 01-12 12:05:10; a v 01-12 12:05:40"
    for start, buckets, first in (("-1h", 61, "2020-01-12 12:05:00"), ("-1d", 1441, "2020-01-11 13:05:00")):
        found = ask(events, "v", days=start, interval="minute", now="2020-01-12T13:05:30Z")
        assert (len(found[0]["days"]), found[0]["days"][0]) == (buckets, first)
        assert found[0]["data"][0] == 1  # :10 is before the range, which begins at :30


def test_seconds_back_by_minute_count_from_that_second_on() -> None:
    events = "a v 01-12 11:58:45; a v 01-12 11:58:55; a v 01-12 12:00:59"
    assert data(ask(events, "v", days="-90s", interval="minute", now="2020-01-12T12:00:20Z")) == [[1, 0, 1]]


def test_by_hour_without_a_range_it_is_from_midnight_a_week_ago_to_the_end_of_this_hour() -> None:
    (row,) = ask("a v 01-04 23:59; a v 01-05 00:00; a v 01-12 12:59; a v 01-12 13:00", "v", interval="hour")
    assert (len(row["data"]), row["data"][0], row["data"][-1], row["count"]) == (181, 1, 1, 2)  # 7 * 24 + 13


def test_hours_back_by_day_count_from_that_hour_on() -> None:
    assert counted(ask("a v 01-12 05:59; a v 01-12 06:00", "v", days="-6h", now="2020-01-12T12:30:00Z")) == {"2020-01-12": 1}


def test_minutes_back_by_day_count_the_whole_day() -> None:
    # only units of hours are truncated to the hour; "else to the start of the day", where the first bucket begins
    assert counted(ask("a v 01-12 05:59; a v 01-12 12:10", "v", days="-30M", now="2020-01-12T12:30:00Z")) == {"2020-01-12": 2}


def test_hours_back_by_week_count_from_the_start_of_that_day_and_by_month_from_the_first() -> None:
    # "lower = date_from itself" is for hours by day; a week's lower is the start of its day, a month's the first of the month
    events = "a v 01-01 00:00; a v 01-10 23:00; a v 01-11 01:00; a v 01-11 13:00"
    ask_by = lambda interval: sum(ask(events, "v", days="-24h", interval=interval, now="2020-01-12T12:30:00Z")[0]["data"])  # noqa: E731
    assert (ask_by("week"), ask_by("month")) == (2, 4)


def test_an_absolute_start_counts_from_the_start_of_its_hour_or_minute_or_day() -> None:
    events = "a v 01-03 09:59:59; a v 01-03 10:00; a v 01-03 10:15; a v 01-03 11:15; a v 01-03 11:15:01"
    ask_by = lambda interval: sum(ask(events, "v", days=("2020-01-03T10:15:30", "2020-01-03T11:15"), interval=interval)[0]["data"])  # noqa: E731
    assert ask_by("hour") == 3  # from 10:00 to 11:15 sharp
    assert ask_by("minute") == 2  # from 10:15 to 11:15 sharp
    assert ask_by("day") == 5


def test_the_end_of_a_day_as_start_is_cut_to_the_start_of_that_day() -> None:
    assert counted(ask("a v 01-11 10:00", "v", days="-1dEnd", interval="hour")) == {"2020-01-11 10:00:00": 1}


def test_the_first_month_counts_whole_and_the_first_week_from_its_day_in_the_range() -> None:
    events = "a v 01-05; a v 01-07 23:59; a v 01-08; a v 01-12"  # the 5th and the 12th are Sundays
    (week,) = ask(events, "v", days=("2020-01-08", "2020-01-12"), interval="week")
    assert (week["days"], week["data"]) == (["2020-01-05", "2020-01-12"], [1, 1])
    (month,) = ask(events, "v", days=("2020-01-08", "2020-01-12"), interval="month")
    assert (month["days"], month["data"]) == (["2020-01-01"], [4])


def test_a_total_is_over_the_days_of_the_range_whatever_the_interval() -> None:
    for display in ("ActionsPie", "ActionsBarValue", "ActionsTable", "WorldMap", "BoldNumber"):
        found = ask("a v 01-01; a v 01-05; a v 01-06 23:00", "v", days=("2020-01-05", "2020-01-06"), interval="month", display=display)
        assert total(found) == [2]


def test_all_begins_with_the_earliest_event_of_any_name() -> None:
    events = "a other 01-08 10:20; a v 01-12 10:00"
    (by_day,) = ask(events, "v", days="all")
    assert (by_day["days"][0], by_day["data"]) == ("2020-01-08", [0, 0, 0, 0, 1])
    assert ask(events, "v", days="all", interval="month")[0]["days"] == ["2020-01-01"]
    assert ask(events, "v", days="all", interval="hour")[0]["days"][0] == "2020-01-08 10:00:00"


def test_all_by_week_begins_with_the_whole_week_of_the_earliest_event() -> None:
    (row,) = ask("a other 01-08 10:20; a v 01-12 10:00", "v", days="all", interval="week", now="2020-01-18T12:00:00Z")
    assert row["days"] == ["2020-01-05", "2020-01-12"]
    assert row["labels"] == ["5–11 Jan", "12–18 Jan"]  # truncated by the interval, the range begins on the 5th


# ---------------------------------------------------------------------- where it ends
@pytest.mark.parametrize("interval", ["day", "week", "month"])
def test_an_end_by_day_week_or_month_is_the_end_of_its_day_also_with_a_time(interval: str) -> None:
    events = "a v 01-04 23:59:59; a v 01-05 00:00"
    assert ask(events, "v", days=("2020-01-03", "2020-01-04T00:00:00Z"), interval=interval)[0]["count"] == 1


def test_by_hour_an_absent_or_relative_end_is_the_end_of_its_hour_and_an_absolute_one_is_literal() -> None:
    events = "a v 01-11 12:59:59; a v 01-12 11:59:59; a v 01-12 12:00:01; a v 01-12 12:59:59; a v 01-12 13:00"
    ask_to = lambda end: sum(ask(events, "v", days=("2020-01-11", end), interval="hour", now="2020-01-12T12:20:00Z")[0]["data"])  # noqa: E731
    assert (ask_to(None), ask_to("-1h"), ask_to("-1d"), ask_to("2020-01-12T12:00:00")) == (4, 2, 1, 2)


def test_one_day_from_and_to_is_one_bucket_by_hour() -> None:
    (row,) = ask("a v 01-09 00:00; a v 01-09 00:00:01", "v", days=("2020-01-09", "2020-01-09"), interval="hour")
    assert (row["days"], row["data"]) == (["2020-01-09 00:00:00"], [1])


def test_by_minute_an_absent_or_relative_end_is_the_end_of_its_minute_and_an_absolute_one_is_literal() -> None:
    events = "a v 01-12 11:58:50; a v 01-12 12:00:01; a v 01-12 12:00:59; a v 01-12 12:01:00"
    ask_to = lambda end: ask(events, "v", days=("2020-01-12T11:58", end), interval="minute", now="2020-01-12T12:00:20Z")[0]["data"]  # noqa: E731
    assert (ask_to(None), ask_to("-2M"), ask_to("2020-01-12T12:00:30")) == ([1, 0, 2], [1], [1, 0, 1])


def test_a_relative_end_in_the_past_is_the_end_of_that_day() -> None:
    events = "a v 01-10 10:00; a v 01-11 23:59:59; a v 01-12 00:00"
    for end in ("-1d", "-1dEnd", "-13h"):  # thirteen hours before noon
        assert data(ask(events, "v", days=("-2d", end))) == [[1, 1]]


def test_the_start_of_a_month_or_day_as_end_by_day_is_pushed_to_the_end_of_that_day() -> None:
    events = "a v 2019-12-31 10:00; a v 01-01 10:00; a v 01-02 00:00"
    assert data(ask(events, "v", days=("2019-12-31", "mStart"))) == [[1, 1]]


def test_the_start_of_a_day_as_end_by_hour_is_pushed_to_the_end_of_its_first_hour() -> None:
    events = "a v 01-11 23:10; a v 01-12 00:10; a v 01-12 01:10"
    assert data(ask(events, "v", days=("2020-01-11T23:00:00", "dStart"), interval="hour")) == [[1, 1]]


# ---------------------------------------------------------------------- exact ranges
def test_an_explicit_range_is_neither_pushed_nor_rounded() -> None:
    events = "a v 01-03 10:29:59; a v 01-03 10:30; a v 01-03 12:30; a v 01-03 12:30:01"
    days = {"date_from": "2020-01-03T10:30:00", "date_to": "2020-01-03T12:30:00", "explicitDate": True}
    for interval in ("hour", "day", "week", "month"):
        assert ask(events, "v", days=days, interval=interval)[0]["count"] == 2


def test_a_relative_explicit_range_is_exact_too() -> None:
    events = "a v 01-11 11:59:59; a v 01-11 12:00; a v 01-12 12:00; a v 01-12 12:00:01"
    assert data(ask(events, "v", days={"date_from": "-1d", "explicitDate": True})) == [[1, 1]]


def test_a_bold_number_counts_back_from_this_second_to_the_second() -> None:
    events = "a v 01-05 12:00:29; a v 01-05 12:00:30; a v 01-12 12:00:30; a v 01-12 12:00:30.500; a v 01-12 12:00:31"
    assert total(ask(events, "v", days="-7d", display="BoldNumber", now="2020-01-12T12:00:30Z")) == [2]
    late = ask(events, "v", days=("2020-01-06", None), display="BoldNumber", now="2020-01-12T12:00:30.900Z")
    assert total(late) == [1]  # now is cut to the second: half a second later is outside
    assert total(ask(events, "v", days="-7d", display="ActionsPie", now="2020-01-12T12:00:30Z")) == [5]


def test_a_bold_number_without_a_start_begins_with_the_day_a_week_ago() -> None:
    events = "a v 01-04 23:59; a v 01-05 00:00; a v 01-12 12:00; a v 01-12 12:01"
    assert total(ask(events, "v", days={"date_to": None}, display="BoldNumber")) == [2]


def test_a_bold_number_without_any_range_begins_with_the_day_a_week_ago() -> None:
    assert total(ask("a v 01-04 23:59; a v 01-05 00:00; a v 01-12 11:00", "v", display="BoldNumber")) == [2]


def test_a_bold_number_of_explicit_days_is_as_any_other() -> None:
    events = "a v 01-02 23:59; a v 01-03; a v 01-04 23:59:59; a v 01-05"
    assert total(ask(events, "v", days=("2020-01-03T08:00:00", "2020-01-04"), display="BoldNumber")) == [2]


def test_seven_days_of_a_bold_number_are_wall_clock() -> None:
    # Berlin changed its clock on 29 March: 12:00 on 25 March was 11:00 UTC, 12:00 on 1 April is 10:00 UTC
    found = ask("a v 03-25 10:30; a v 03-25 11:00", "v", days="-7d", display="BoldNumber", now="2020-04-01T10:00:00Z", project=BERLIN)
    assert total(found) == [1]


# ---------------------------------------------------------------------- buckets
def test_both_ends_are_inside() -> None:
    events = "a v 01-01 23:59:59.999999; a v 01-02 00:00; a v 01-03 23:59:59.999999; a v 01-04 00:00"
    assert data(ask(events, "v", days=("2020-01-02", "2020-01-03"))) == [[1, 1]]


def test_every_bucket_is_there_stepped_by_calendar_units() -> None:
    (row,) = ask("a v 02-29 23:59; a v 03-01", "v", days=("2020-01-31", "2020-03-01"), interval="month", now="2020-06-01T00:00:00Z")
    assert (row["days"], row["data"]) == (["2020-01-01", "2020-02-01", "2020-03-01"], [0, 1, 1])


def test_weeks_begin_on_sunday_or_on_monday_as_the_project_says() -> None:
    events = "a v 01-05 10:00; a v 01-06 10:00"  # a Sunday, a Monday
    for start_day, days, figures in ((0, ["2019-12-29", "2020-01-05"], [0, 2]), (1, ["2019-12-30", "2020-01-06"], [1, 1])):
        (row,) = ask(events, "v", days=("2020-01-03", "2020-01-08"), interval="week", project={"week_start_day": start_day})
        assert (row["days"], row["data"]) == (days, figures)


def test_buckets_are_of_the_projects_zone() -> None:
    events = "a v 01-03 04:59; a v 01-03 05:00; a v 01-04 04:59; a v 01-04 05:00"  # midnight in New York is 05:00 UTC
    assert data(ask(events, "v", days=("2020-01-03", "2020-01-03"), project=NEW_YORK)) == [[2]]


def test_an_hour_that_the_clock_shows_twice_is_one_bucket() -> None:
    # on 25 October Berlin shows 02:30 twice: at 00:30 and at 01:30 UTC
    events = "a v 10-25 00:30; a v 10-25 01:30; a v 10-25 02:30"
    days = ("2020-10-25T00:00:00", "2020-10-25T04:00:00")
    (row,) = ask(events, "v", days=days, interval="hour", now="2020-11-01T00:00:00Z", project=BERLIN)
    assert row["data"] == [0, 0, 2, 1, 0]


def test_no_hour_is_lost_where_the_clock_jumps() -> None:
    # on 29 March Berlin goes from 01:59 straight to 03:00, at 01:00 UTC
    events = "a v 03-29 00:30; 2*a v 03-29 01:30; 3*a v 03-29 21:30"
    days = ("2020-03-29T00:00:00", "2020-03-29T23:59:59")
    found = ask(events, "v", days=days, interval="hour", now="2020-04-02T00:00:00Z", project=BERLIN)
    assert counted(found) == {"2020-03-29 01:00:00": 1, "2020-03-29 03:00:00": 2, "2020-03-29 23:00:00": 3}


def test_days_of_25_and_23_hours_are_days() -> None:
    # New York: 1 November has 25 hours (04:00 to 05:00 UTC of the next), 8 March 23 (05:00 to 04:00 UTC of the next)
    autumn = "a v 11-01 04:00; a v 11-02 04:59; a v 11-02 05:00"
    spring = "a v 03-08 05:00; a v 03-09 03:59; a v 03-09 04:00"
    for events, month, days in ((autumn, 11, ("10-31", "11-02")), (spring, 3, ("03-07", "03-09"))):
        (row,) = ask(events, "v", days=tuple(f"2020-{d}" for d in days), now=f"2020-{month:02d}-20T00:00:00Z", project=NEW_YORK)
        assert row["data"] == [0, 2, 1]


@pytest.mark.parametrize(("interval", "buckets"), [("month", 2), ("week", 10), ("day", 61), ("hour", 1464)])
def test_a_range_across_a_change_of_the_clock_loses_no_bucket(interval: str, buckets: int) -> None:
    # 1 October to 30 November: 61 days, 61 * 24 hours on the clock, weeks from 27 September to 29 November
    events = "a v 09-30 22:00; a v 11-30 22:00"  # midnight and 23:00 on Berlin's clock
    (row,) = ask(events, "v", days=("2020-10-01", "2020-11-30T23:00:00"), interval=interval, now="2020-12-05T00:00:00Z", project=BERLIN)
    assert (len(row["data"]), row["data"][0], row["data"][-1], row["count"]) == (buckets, 1, 1, 2)
