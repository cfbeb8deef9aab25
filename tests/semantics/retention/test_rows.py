"""retention_paths.md, 0 and 1.1: which cohorts and intervals there are, what they are called, which events count."""

from __future__ import annotations

import pytest

from evkit.errors import SpecError
from tests.semantics.retention.asking import ask, counts

ONE = "a v 01-02 10:00"


def labels(rows: list[dict[str, object]]) -> list[object]:
    return [row["label"] for row in rows]


def dates(rows: list[dict[str, object]]) -> list[object]:
    return [str(row["date"]) for row in rows]


# ---------------------------------------------------------------------- rows and columns
def test_with_a_start_there_is_a_row_a_period_of_the_range_and_always_total_intervals_columns() -> None:
    rows = ask(ONE, days=("2020-01-01", "2020-01-03"), intervals=2)
    assert labels(rows) == ["Day 0", "Day 1", "Day 2"]
    assert [[v["label"] for v in row["values"]] for row in rows] == [["Day 0", "Day 1"]] * 3
    assert [[v["count"] for v in row["values"]] for row in rows] == [[0, 0], [1, 0], [0, 0]]
    assert [row["breakdown_value"] for row in rows] == [None] * 3
    assert dates(rows) == ["2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z", "2020-01-03T00:00:00Z"]


def test_without_a_start_there_are_total_intervals_periods_up_to_the_end() -> None:
    rows = ask(ONE, days=(None, "2020-01-03T06:00:00"), intervals=4)
    assert dates(rows) == ["2019-12-31T00:00:00Z", "2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z", "2020-01-03T00:00:00Z"]


def test_without_dates_the_last_period_is_the_one_with_now_and_the_number_is_seven_days() -> None:
    rows = ask(ONE, days={}, intervals=7, now="2020-01-07T12:00:00Z")
    assert (dates(rows)[0], dates(rows)[-1]) == ("2020-01-01T00:00:00Z", "2020-01-07T00:00:00Z")
    assert len(rows) == 7


@pytest.mark.parametrize(
    ("period", "days", "intervals", "first", "last", "count"),
    [
        ("Week", ("2020-01-08", "2020-01-15"), 3, "2020-01-05T00:00:00Z", "2020-01-12T00:00:00Z", 2),  # Wednesdays; weeks from Sunday
        ("Week", (None, "2020-01-15"), 3, "2019-12-29T00:00:00Z", "2020-01-12T00:00:00Z", 3),
        ("Month", ("2020-01-20", "2020-03-31"), 2, "2020-01-01T00:00:00Z", "2020-03-01T00:00:00Z", 3),
        ("Month", (None, "2020-01-31"), 2, "2019-12-01T00:00:00Z", "2020-01-01T00:00:00Z", 2),  # a month after 31 January is in February
        ("Hour", (None, "2020-01-02T16:13:00"), 3, "2020-01-02T14:00:00Z", "2020-01-02T16:00:00Z", 3),
        (
            "Hour",
            ("2020-01-01T22:30:00", "2020-01-02"),
            3,
            "2020-01-01T22:00:00Z",
            "2020-01-02T00:00:00Z",
            3,
        ),  # an absolute end stays: midnight
    ],
)
def test_the_ends_of_the_range_are_cut_to_their_periods_and_the_last_is_whole(
    period: str, days: tuple[str | None, str], intervals: int, first: str, last: str, count: int
) -> None:
    rows = ask(ONE, days=days, intervals=intervals, period=period)
    assert (dates(rows)[0], dates(rows)[-1], len(rows)) == (first, last, count)
    assert labels(rows)[:2] == [f"{period} 0", f"{period} 1"]


def test_weeks_begin_on_monday_where_the_project_says_so() -> None:
    rows = ask(ONE, days=(None, "2020-01-15"), intervals=2, period="Week", project={"week_start_day": 1})
    assert dates(rows) == ["2020-01-06T00:00:00Z", "2020-01-13T00:00:00Z"]


def test_periods_are_of_the_projects_zone_and_a_range_without_zone_is_too() -> None:
    # 07:00 UTC on the 2nd is 23:00 on the 1st in Los Angeles, 09:00 is the 2nd
    rows = ask("a v 01-02 07:00; a v 01-02 09:00", days=("2020-01-01", "2020-01-02"), intervals=2, project={"timezone": "US/Pacific"})
    assert dates(rows) == ["2020-01-01T00:00:00-08:00", "2020-01-02T00:00:00-08:00"]
    assert [[v["count"] for v in row["values"]] for row in rows] == [[1, 1], [1, 0]]
    given = ask(ONE, days=("2020-01-02T03:00:00Z", "2020-01-02T23:00:00Z"), intervals=1, project={"timezone": "US/Pacific"})
    assert dates(given) == ["2020-01-01T00:00:00-08:00", "2020-01-02T00:00:00-08:00"]


def test_days_of_23_hours_are_days() -> None:
    # London's clocks change on 29 March 2020: 23:30 UTC of that day is 00:30 of the 30th there
    events = "a v 03-28 12:00; a v 03-29 23:30; b v 03-29 22:30; b v 03-31 12:00"
    found = counts(events, days=("2020-03-28", "2020-03-31"), intervals=4, project={"timezone": "Europe/London"})
    assert found == [[1, 0, 1, 0], [1, 0, 1, 0], [1, 0, 0, 0], [1, 0, 0, 0]]


def test_the_hour_that_a_relative_or_missing_end_is_in_is_the_last_one() -> None:
    rows = ask(ONE, days={"date_from": "-2h"}, intervals=2, period="Hour", now="2020-01-02T10:30:00Z")
    assert dates(rows) == ["2020-01-02T08:00:00Z", "2020-01-02T09:00:00Z", "2020-01-02T10:00:00Z"]


def test_an_explicit_date_leaves_the_end_of_the_hour_and_the_start_of_the_day_as_they_are() -> None:
    # now is 10:30: a relative start of a day back is 10:30 of the day before, in the hour from 10:00, not that day's midnight
    exact = {"date_from": "-1d", "explicitDate": True}
    rows = ask(ONE, days=exact, intervals=1, period="Hour", now="2020-01-02T10:30:00Z")
    assert (dates(rows)[0], dates(rows)[-1]) == ("2020-01-01T10:00:00Z", "2020-01-02T10:00:00Z")
    rounded = ask(ONE, days={"date_from": "-1d"}, intervals=1, period="Hour", now="2020-01-02T10:30:00Z")
    assert dates(rounded)[0] == "2020-01-01T00:00:00Z"


def test_all_begins_with_the_earliest_event() -> None:
    rows = ask("a other 01-03; a v 01-05", days=("all", "2020-01-06"), intervals=1)
    assert dates(rows)[0] == "2020-01-03T00:00:00Z"


def test_only_events_from_the_start_up_to_the_end_of_the_last_period_count() -> None:
    events = "a v 2019-12-31 23:59:59; b v 01-01; c v 01-04 23:59:59; d v 01-05"
    assert counts(events) == [[1, 0, 0, 0], [0] * 4, [0] * 4, [1, 0, 0, 0]]


def test_cells_beyond_the_range_are_0_whatever_happens_there() -> None:
    assert counts("a v 01-03; a v 01-05; a v 01-06", days=("2020-01-03", "2020-01-04"), intervals=4) == [[1, 0, 0, 0], [0] * 4]


def test_a_grid_that_nobody_can_read_is_refused() -> None:
    with pytest.raises(
        SpecError, match=r"more than 1,000,000 cells from 2000-01-01 to .* by hour: give a shorter date_range or a longer period"
    ):
        ask(ONE, days=("2000-01-01", "2020-01-04"), intervals=24, period="Hour")


# ---------------------------------------------------------------------- defaults
def test_target_and_return_are_pageviews_the_period_is_a_day_and_there_are_seven_where_nothing_is_said() -> None:
    import evkit as ek
    from tests.semantics.trends.asking import rows

    project = ek.Project(rows("a $pageview 01-01; a v 01-02; a $pageview 01-03"))
    found = project.query({"kind": "RetentionQuery", "dateRange": {"date_to": "2020-01-07"}}, now="2020-01-07T12:00:00Z")["results"]
    assert [v["count"] for v in found[0]["values"]] == [1, 0, 1, 0, 0, 0, 0]
    assert labels(found) == [f"Day {i}" for i in range(7)]
