"""trends.md, section 4: weekly and monthly active."""

from __future__ import annotations

from tests.semantics.trends.asking import ask, counted, data, node, parted, total

WEEKLY, MONTHLY = node("v", "weekly_active"), node("v", "monthly_active")
GROUPS = {"groups": [{"type": "org", "index": 0, "key": k, "properties": {}} for k in ("x", "y")]}


def test_by_day_they_are_those_of_that_day_and_the_six_before_also_before_the_range() -> None:
    # a counts from the 1st to the 7th, b from the 4th to the 10th, a again from the 9th on
    events = "a v 01-01 23:59; b v 01-04; a v 01-09 12:00"
    assert data(ask(events, WEEKLY, days=("2020-01-06", "2020-01-12"))) == [[2, 2, 1, 2, 2, 1, 1]]


def test_by_day_monthly_ones_are_those_of_that_day_and_the_29_before() -> None:
    # 1 January counts till the 30th, 5 January till 3 February
    events = "a v 01-01 23:59; b v 01-05"
    assert data(ask(events, MONTHLY, days=("2020-01-29", "2020-02-04"), now="2020-02-20T12:00:00Z")) == [[2, 2, 1, 1, 1, 1, 0]]


def test_their_count_is_the_sum_of_the_figures() -> None:
    (row,) = ask("a v 01-01; b v 01-04", WEEKLY, days=("2020-01-06", "2020-01-08"))
    assert (row["data"], row["count"]) == ([2, 2, 1], 5)


def test_by_hour_an_event_counts_for_168_hours_from_its_own_on() -> None:
    # 10:20 on the 1st counts from the hour 10 to the hour 9 of the 8th
    events = "a v 01-01 10:20"
    first = ask(events, WEEKLY, days=("2020-01-01T09:00", "2020-01-01T11:00"), interval="hour")
    last = ask(events, WEEKLY, days=("2020-01-08T08:00", "2020-01-08T11:00"), interval="hour")
    whole = ask(events, WEEKLY, days=("2020-01-01T00:00", "2020-01-10T00:00"), interval="hour")
    assert (data(first), data(last), whole[0]["count"]) == ([[0, 1, 1]], [[1, 1, 0, 0]], 168)


def test_by_minute_they_are_floored_to_the_minute() -> None:
    # an event at 10:20:30 counts from the minute 10:20 to the minute 10:19 a week later
    found = ask("a v 01-01 10:20:30", WEEKLY, days=("2020-01-08T10:18", "2020-01-08T10:21"), interval="minute")
    assert data(found) == [[1, 1, 0, 0]]


def test_days_are_those_of_the_projects_zone() -> None:
    # 04:30 UTC on the 2nd is still the 1st in New York: it counts till the 7th
    found = ask("a v 01-02 04:30", WEEKLY, days=("2020-01-07", "2020-01-08"), project={"timezone": "America/New_York"})
    assert data(found) == [[1, 0]]


def test_by_week_weekly_ones_and_by_month_both_are_persons_of_the_bucket() -> None:
    # weeks from 5 and 12 January; by month they begin with the 1st
    events = "a v 01-01; b v 01-05; b v 01-11; a v 01-12; c v 02-01"
    week = {"days": ("2020-01-05", "2020-01-18"), "interval": "week", "now": "2020-02-20T12:00:00Z"}
    month = {"days": ("2020-01-20", "2020-02-20"), "interval": "month", "now": "2020-02-20T12:00:00Z"}
    dau = node("v", "dau")
    assert data(ask(events, WEEKLY, dau, **week)) == [[1, 1], [1, 1]]
    assert data(ask(events, WEEKLY, MONTHLY, dau, **month)) == [[2, 1], [2, 1], [2, 1]]


def test_by_week_monthly_ones_are_measured_on_the_first_day_of_each_week() -> None:
    # on 5, 12, 19 January: b of the 5th in all; a of 10 December till 8 January; c of the 13th only on the 19th
    events = "a v 2019-12-10; b v 01-05 10:00; c v 01-13"
    assert data(ask(events, MONTHLY, days=("2020-01-05", "2020-01-22"), interval="week", now="2020-02-20T12:00:00Z")) == [[2, 1, 2]]


def test_the_first_week_of_monthly_ones_may_begin_before_the_range() -> None:
    # the range begins on Wednesday the 8th, its first week on the 5th: b of the 6th comes too late for it
    events = "a v 01-02; b v 01-06"
    assert data(ask(events, MONTHLY, days=("2020-01-08", "2020-01-14"), interval="week", now="2020-02-20T12:00:00Z")) == [[1, 2]]


def test_the_look_back_is_30_days_before_the_start_of_the_range_as_it_was_given() -> None:
    # from Wednesday 8 January the look-back begins on 9 December, though the week of the 5th would reach to 7 December
    events = "a v 2019-12-08; b v 2019-12-09"
    assert data(ask(events, MONTHLY, days=("2020-01-08", "2020-01-11"), interval="week", now="2020-02-20T12:00:00Z")) == [[1]]


def test_a_start_in_the_middle_of_a_day_leaves_the_window_of_that_day_whole() -> None:
    # -6h at 12:30 begins at 06:00 on the 12th, whose window is the 6th to the 12th
    events = "a v 01-05 23:59; b v 01-06 00:00; c v 01-12 05:00"
    assert counted(ask(events, WEEKLY, days="-6h", now="2020-01-12T12:30:00Z")) == {"2020-01-12": 2}


def test_a_total_is_of_the_seven_days_before_the_end_whatever_the_start() -> None:
    # the end is 23:59:59.999999 on the 11th, both ends are inside
    events = "a v 01-04 23:59:59; b v 01-04 23:59:59.999999; c v 01-11 23:59:59.999999; d v 01-12"
    for start in ("2019-12-01", "2020-01-05", "2020-01-11"):
        assert total(ask(events, WEEKLY, days=(start, "2020-01-11"), display="ActionsTable")) == [2]


def test_a_monthly_total_is_of_the_thirty_days_before_the_end() -> None:
    events = "a v 2019-12-12 23:59; b v 2019-12-13; c v 01-11"
    for start in ("2019-10-01", "2020-01-11"):
        assert total(ask(events, MONTHLY, days=(start, "2020-01-11"), display="BoldNumber")) == [2]


def test_a_total_compared_is_of_the_days_before_the_end_of_each_period() -> None:
    # current: 10 to 11 January, so from the end of the 4th on; previous ends with the 9th, so from the end of the 2nd on
    events = "a v 01-03; a v 01-09; b v 01-08; c v 01-10; d v 01-02 23:00"
    found = ask(events, WEEKLY, days=("2020-01-10", "2020-01-11"), compare=True, display="ActionsPie")
    assert total(found) == [3, 2]


def test_a_total_by_week_or_month_is_of_persons_of_the_range() -> None:
    # the interval decides, though a total has none: by day those of the last seven days, by week those of the whole range
    events = "a v 01-02; b v 01-10; c v 01-11"
    days = {"days": ("2020-01-01", "2020-01-11"), "display": "BoldNumber"}
    ask_by = lambda series, interval: total(ask(events, series, interval=interval, **days))  # noqa: E731
    assert [ask_by(WEEKLY, i) for i in ("day", "week", "month")] == [[2], [3], [3]]
    short = {"days": ("2020-01-11", "2020-01-11"), "display": "BoldNumber"}
    assert [total(ask(events, MONTHLY, interval=i, **short)) for i in ("day", "week", "month")] == [[3], [3], [1]]


def test_somebody_counts_under_each_value_seen_in_the_window() -> None:
    # a: x of the 1st till the 7th, y from the 5th on
    events = "a v 01-01 p=x; a v 01-05 p=y; b v 01-06 p=y"
    found = ask(events, WEEKLY, days=("2020-01-06", "2020-01-08"), by="p")
    assert parted(found) == [("y", [2, 2, 2]), ("x", [1, 1, 0])]
    assert parted(ask(events, WEEKLY, days=("2020-01-06", "2020-01-07"), by="p", display="ActionsPie")) == [("y", 2), ("x", 1)]


def test_filters_hold_in_the_look_back_too() -> None:
    events = "a v 01-01 p=x; b v 01-02 p=y"
    properties = [{"key": "p", "value": "x", "type": "event"}]
    assert data(ask(events, node("v", "weekly_active", properties=properties), days=("2020-01-06", "2020-01-08"))) == [[1, 1, 0]]


def test_they_are_groups_or_distinct_ids_where_those_are_counted() -> None:
    events = "a v 01-01 $group_0=x; b v 01-02 $group_0=x; b2 v 01-02 $group_0=y; c v 01-02"
    days = ("2020-01-07", "2020-01-08")
    assert data(ask(events, node("v", "weekly_active", math_group_type_index=0), days=days, project=GROUPS)) == [[2, 2]]
    people = {"persons": [{"distinct_ids": ["b", "b2"]}]}
    assert data(ask(events, WEEKLY, days=days, project=people)) == [[3, 2]]
    assert data(ask(events, WEEKLY, days=days, project={**people, "aggregate_users_by_distinct_id": True})) == [[4, 3]]
