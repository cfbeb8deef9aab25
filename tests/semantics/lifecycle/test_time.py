"""retention_paths.md, sections 0 and 2: which buckets a lifecycle has, and what counts in them."""

from __future__ import annotations

import pytest

from tests.semantics.lifecycle.asking import ask, data, persons


def test_a_week_that_the_range_begins_in_the_middle_of_counts_whole() -> None:
    # Tuesday 14 to Sunday 19 January: the weeks of the 12th and of the 19th, the whole of both
    events = "a v 01-12; b v 01-05; b v 01-13; c v 01-25 23:59"
    rows = ask(events, days=("2020-01-14", "2020-01-19"), interval="week")
    assert rows[0]["days"] == ["2020-01-12", "2020-01-19"]
    assert {r["status"]: r["data"] for r in rows} == {"new": [1, 1], "returning": [1, 0], "resurrecting": [0, 0], "dormant": [0, -2]}


def test_weeks_may_begin_on_monday() -> None:
    rows = ask("a v 01-12; a v 01-13", days=("2020-01-14", "2020-01-19"), interval="week", given={"week_start_day": 1})
    assert rows[0]["days"] == ["2020-01-13"]
    assert rows[1]["data"] == [1]


def test_months_are_calendar_months_and_whole() -> None:
    events = "a v 01-31; a v 02-01; a v 03-31 23:59; b v 02-29"
    rows = ask(events, days=("2020-02-10", "2020-03-02"), interval="month")
    assert rows[0]["days"] == ["2020-02-01", "2020-03-01"]
    assert [r["data"] for r in rows] == [[1, 0], [1, 1], [0, 0], [0, -1]]
    assert rows[0]["labels"] == ["Feb 2020", "Mar 2020"]


def test_hours_have_their_time_and_the_last_is_whole() -> None:
    events = "a v 01-06 09:59; a v 01-06 10:00; a v 01-06 12:59; b v 01-06 11:30"
    rows = ask(events, days=("2020-01-06T10:15:00Z", "2020-01-06T12:00:00Z"), interval="hour")
    assert rows[0]["days"] == ["2020-01-06 10:00:00", "2020-01-06 11:00:00", "2020-01-06 12:00:00"]
    assert rows[0]["labels"] == ["6-Jan 10:00", "6-Jan 11:00", "6-Jan 12:00"]
    assert [r["data"] for r in rows] == [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, -1, -1]]


def test_an_absolute_end_by_hour_is_the_hour_given_alone() -> None:
    assert ask("a v 01-12 00:30", days=("2020-01-11T22:00:00Z", "2020-01-12"), interval="hour")[0]["data"] == [0, 0, 1]


def test_the_day_is_the_projects() -> None:
    # 02:00 UTC is the evening before in California
    events = "a v 01-07 02:00; a v 01-07 12:00"
    assert data(events, days=("2020-01-06", "2020-01-08"), given={"timezone": "US/Pacific"}) == {
        "new": [1, 0, 0], "returning": [0, 1, 0], "dormant": [0, 0, -1],
    }  # fmt: skip
    assert data(events, days=("2020-01-06", "2020-01-08")) == {"new": [0, 1, 0], "dormant": [0, 0, -1]}


def test_a_time_with_its_own_zone_is_read_in_it() -> None:
    rows = ask("a v 01-08", days=("2020-01-07T00:00:00Z", "2020-01-08T00:00:00Z"), given={"timezone": "US/Pacific"})
    assert rows[0]["days"] == ["2020-01-06", "2020-01-07"]


def test_creation_too_is_on_the_day_of_the_projects_zone() -> None:
    given = {"persons": [{"id": "a", "distinct_ids": ["a"], "created_at": "2020-01-07T02:00:00Z"}]}
    events = "a v 01-06 20:00"
    assert data(events, days=("2020-01-06", "2020-01-06"), given={**given, "timezone": "US/Pacific"}) == {"new": [1]}
    assert data(events, days=("2020-01-06", "2020-01-06"), given=given) == {"resurrecting": [1]}


@pytest.mark.parametrize(("day", "hours"), [("03-08", 23), ("11-01", 25)])
def test_the_day_after_one_of_23_or_25_hours_is_the_next_day(day: str, hours: int) -> None:
    month, first = day.split("-")
    noon, after = f"{day} 20:00", f"{month}-{int(first) + 1:02} 20:00"
    days = (f"2020-{month}-{int(first):02}", f"2020-{month}-{int(first) + 2:02}")
    assert data(f"a v {noon}; a v {after}", days=days, given={"timezone": "US/Pacific"}) == {
        "new": [1, 0, 0], "returning": [0, 1, 0], "dormant": [0, 0, -1],
    }  # fmt: skip


def test_the_hour_after_one_o_clock_is_three_where_the_clocks_go_forward() -> None:
    # Los Angeles on 8 March: 01:59 is followed by 03:00; b is gone by then
    events = "a v 03-08 09:30; a v 03-08 10:30; b v 03-08 09:30"
    rows = ask(events, days=("2020-03-08T01:00", "2020-03-08T04:00"), interval="hour", given={"timezone": "US/Pacific"})
    found = {r["status"]: dict(zip(rows[0]["days"], r["data"], strict=True)) for r in rows}
    assert found["returning"]["2020-03-08 03:00:00"] == 1
    assert found["dormant"]["2020-03-08 03:00:00"] == -1
    assert found["dormant"]["2020-03-08 04:00:00"] == -1
    assert sum(map(abs, found["dormant"].values())) == 2


def test_without_a_range_it_is_the_last_seven_days_and_today() -> None:
    rows = ask("a v 01-05; b v 01-12", days=None, now="2020-01-12T12:00:00Z")
    assert (rows[0]["days"][0], rows[0]["days"][-1]) == ("2020-01-05", "2020-01-12")
    assert rows[0]["data"] == [1, 0, 0, 0, 0, 0, 0, 1]


def test_so_many_days_back_begin_at_midnight() -> None:
    rows = ask("a v 01-10", days={"date_from": "-2d"}, now="2020-01-12T12:00:00Z")
    assert rows[0]["days"] == ["2020-01-10", "2020-01-11", "2020-01-12"]


def test_all_begins_with_the_earliest_event_of_the_series() -> None:
    events = "a other 01-02; a v 01-05 p=1; b v 01-07 p=2"
    whole = {"date_from": "all", "date_to": "2020-01-08"}
    assert ask(events, days=whole)[0]["days"][0] == "2020-01-05"
    assert ask(events, None, days=whole)[0]["days"][0] == "2020-01-02"
    # the filters of the question don't move it
    assert ask(events, days=whole, properties=[{"key": "p", "value": "2", "type": "event"}])[0]["days"][0] == "2020-01-05"
    # nothing of the series: with the first event of all
    assert ask(events, "nothing", days=whole)[0]["days"][0] == "2020-01-02"


def test_a_range_to_the_microsecond_still_has_whole_buckets() -> None:
    exact = {"date_from": "2020-01-06T12:00:00Z", "date_to": "2020-01-07T12:00:00Z", "explicitDate": True}
    assert data("a v 01-06 01:00; b v 01-07 23:00", days=exact, given=persons(a="01-06", b="01-07")) == {"new": [1, 1], "dormant": [0, -1]}


def test_an_hour_that_a_half_hour_change_shortens_is_still_one() -> None:
    # on Lord Howe Island clocks go from 02:00 to 02:30 on 4 October 2020: the hour of 2 has its second half
    events = [{"event": "v", "distinct_id": "a", "timestamp": "2020-10-04T02:45:00+11:00", "properties": {}}]
    rows = ask(
        events, days={"date_from": "2020-10-04T01:00:00", "date_to": "2020-10-04T03:59:59"}, interval="hour", now="2020-12-01T00:00:00Z",
        given={"timezone": "Australia/Lord_Howe"},
    )  # fmt: skip
    assert {r["status"]: r["data"] for r in rows if any(r["data"])} == {"new": [0, 1, 0], "dormant": [0, 0, -1]}
