"""Retention as it is asked in Python: the frame, what isn't over, names, people, figures, rules, code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import evkit as ek
from evkit.errors import UnknownEventWarning
from evkit.insights import code, figures

Log = Callable[..., ek.Events]
THREE = "a v 01-01; a v 01-02; b v 01-01; b v 01-03 12:00"
"""By day: a cohort of two, one of one, one of one that begins on the newest day."""
DAILY = {"period": "day", "total_intervals": 3}


def table(insight: ek.Insight, column: str = "count") -> list[list[Any]]:
    frame = insight.to_pandas()
    return [rows[column].tolist() for _, rows in frame.groupby("cohort")]


# ---------------------------------------------------------------------- the frame
def test_a_frame_has_a_row_a_cohort_and_interval(log: Log) -> None:
    frame = log(THREE).retention("v", **DAILY).to_pandas()
    assert frame.columns.tolist() == ["breakdown_value", "cohort", "cohort_size", "interval", "label", "count", "share", "state"]
    assert frame.iloc[1].tolist() == [None, frame.cohort[0], 2, 1, "Day 1", 1, 0.5, "over"]
    assert table(log(THREE).retention("v", **DAILY)) == [[2, 1, 1], [1, 0, 0], [1, 0, 0]]


def test_without_dates_there_is_a_cohort_each_period_of_the_whole_data(log: Log) -> None:
    assert len(table(log("a v 01-01; a v 03-01").retention("v", period="day", total_intervals=2))) == 60
    assert len(table(log("a v 01-01; a v 03-01").retention("v", date_range=(None, "2026-03-01"), **DAILY))) == 3


def test_a_range_of_events_is_that_of_questions_which_name_none(log: Log) -> None:
    events = log(THREE).between("2026-01-01", "2026-01-03")
    assert table(events.retention("v", **DAILY)) == [[2, 1, 0], [1, 0, 0]]
    some = log("a v 01-01 p=x q=1; a v 01-02 p=x q=1; b v 01-01 p=x; c v 01-01").filter(ek.event_prop("p") == "x")
    assert table(some.retention("v", filters=ek.event_prop("q").is_not_set(), **DAILY)) == [[1, 0, 0], [0, 0, 0]]


def test_what_is_not_over_says_so(log: Log) -> None:
    # the newest event is on the 3rd at 12:00: that day is running, what comes after it is to come
    insight = log(THREE).retention("v", **DAILY)
    assert table(insight, "state") == [["over", "over", "running"], ["over", "running", "to_come"], ["running", "to_come", "to_come"]]
    later = log(THREE, now="2026-02-01").retention("v", date_range=("2026-01-01", "2026-01-03"), **DAILY)
    assert table(later, "state") == [["over"] * 3, ["over", "over", "to_come"], ["over", "to_come", "to_come"]]


def test_a_bracket_is_over_with_its_last_period_and_running_from_its_first_on(log: Log) -> None:
    asked = {"period": "day", "custom_brackets": (1, 2), "retention_type": "retention_first_time"}
    insight = log("a v 01-01; a v 01-02; b v 01-03; b v 01-04 12:00").retention("v", **asked)
    assert table(insight, "state") == [
        ["over", "over", "running"], ["over", "over", "running"], ["over", "running", "to_come"], ["running", "to_come", "to_come"],
    ]  # fmt: skip


def test_a_window_of_ones_own_is_over_a_period_later(log: Log) -> None:
    insight = log(THREE, now="2026-01-03T12:00:00").retention("v", time_window_mode="24_hour_windows", **DAILY)
    assert table(insight, "state")[0] == ["over", "running", "running"]


def test_the_share_of_an_empty_cohort_is_no_number(log: Log) -> None:
    frame = log("a v 01-01; a v 01-03").retention("v", **DAILY).to_pandas()
    assert frame[frame.cohort == "2026-01-02"].share.isna().all()


def test_sums_have_their_column(log: Log) -> None:
    insight = log("a v 01-01 n=2; b v 01-01 n=4; a v 01-02 n=8").retention(
        "v", aggregation_type="avg", aggregation_property="n", period="day", total_intervals=2
    )
    assert table(insight, "aggregation_value") == [[3, 8], [8, 0]]


def test_cohorts_of_persons_are_named(log: Log) -> None:
    events = log("a v 01-01; b v 01-01; b v 01-02").with_cohorts(ek.Cohort("bees", members=["b"], id=7))
    frame = events.retention("v", breakdown=ek.cohorts(7, "all"), period="day", total_intervals=2).to_pandas()
    assert frame.breakdown_value.drop_duplicates().tolist() == ["all", "bees"]
    assert events.retention("v", breakdown=ek.cohorts(7, "all")).actors(breakdown_value="bees").actor_id.tolist() == ["b"]


def test_a_breakdown_of_nothing_has_no_rows(log: Log) -> None:
    frame = log(THREE).retention("v", breakdown="p", filters=ek.event_prop("p") == "x", **DAILY)
    with pytest.warns(UnknownEventWarning):
        assert frame.to_pandas().empty


def test_names_that_the_data_does_not_have_are_told(log: Log) -> None:
    with pytest.warns(UnknownEventWarning, match="no event is called 'w'"):
        log(THREE).retention("v", "w", **DAILY).to_pandas()


# ---------------------------------------------------------------------- subject
def test_the_return_is_the_target_again_where_none_is_given_and_none_is_any_event() -> None:
    assert ek.Retention("v") == ek.Retention("v", "v")
    assert ek.Retention().target.label == "$pageview"
    assert ek.Retention("v", None).returning.label == "All events"


def test_actions_are_found_by_name(log: Log) -> None:
    events = log("a v 01-01; a w 01-02").with_actions(ek.Action("came", ek.event("v"), ek.event("w")))
    assert table(events.retention("came", period="day", total_intervals=2)) == [[1, 1], [1, 0]]


# ---------------------------------------------------------------------- people
def test_people_come_with_the_intervals_in_which_they_are_there(log: Log) -> None:
    insight = log(THREE).retention("v", **DAILY)
    found = insight.actors(cohort="2026-01-01")
    assert found[["actor_id", "appearances"]].values.tolist() == [["a", (0, 1)], ["b", (0, 2)]]
    assert insight.actors(cohort="2026-01-01", interval=2).actor_id.tolist() == ["b"]
    assert insight.actors()[["actor_id", "appearances"]].values.tolist() == [["a", (0, 1)], ["b", (0, 2)], ["a", (0,)], ["b", (0,)]]
    assert insight.actors(cohort="2026-01-02", interval=1).empty


def test_people_of_a_cumulative_cell_are_those_who_reach_it_or_later(log: Log) -> None:
    insight = log(THREE).retention("v", cumulative=True, **DAILY)
    assert table(insight)[0] == [2, 2, 1]
    assert insight.actors(cohort="2026-01-01", interval=1).actor_id.tolist() == ["a", "b"]


def test_a_row_of_the_frame_names_its_people_and_says_which_figure_it_is(log: Log) -> None:
    insight = log(THREE).retention("v", **DAILY)
    frame = insight.to_pandas()
    for row in range(len(frame)):
        assert len(insight.actors(**figures.which(insight.spec, frame, row))) == frame["count"][row]
    assert figures.in_words(insight.spec, frame, 1) == "did v in day 1, cohort of Thu 01 Jan 2026"
    assert figures.in_words(insight.spec, frame, 0) == "did v, cohort of Thu 01 Jan 2026"
    parted = log("a v 01-01 p=x").retention("v", breakdown="p", cumulative=True)
    assert figures.in_words(parted.spec, parted.to_pandas(), 1) == "did v in week 1 or later, cohort of the week of Sun 28 Dec 2025, x"


def test_ek_inspect_gives_the_people_of_a_cell(log: Log) -> None:
    look = ek.inspect(log(THREE).retention("v", **DAILY))
    found = look.people(2, show_ids=True)
    assert (found["title"], found["rows"]) == ("1 person did v in day 2, cohort of Thu 01 Jan 2026", [["b", "2026-01-01", "0, 2"]])
    assert look.timeline(0)["entries"]


# ---------------------------------------------------------------------- words
def test_the_question_is_written_as_python(log: Log) -> None:
    spec = ek.Retention("a", ek.series("b", filters=ek.event_prop("n") > 1), period="day", custom_brackets=[1, 3])
    said = repr(spec)
    assert said.split() == [
        "ek.Retention(", '"a",', 'ek.series("b",', 'filters=ek.event_prop("n")', ">", "1),", 'period="day",', "custom_brackets=(1,", "3),", ")",
    ]  # fmt: skip
    assert eval(said, {"ek": ek}) == spec
    assert code.question(ek.Retention("a")) == 'events.retention("a", "a")'
    assert spec.to_dict() == {
        "kind": "Retention", "entities": [{"subject": "a"}, {"subject": "b", "filters": {"op": "AND", "values": [{"key": "n", "value": 1, "operator": "gt"}]}}],
        "period": "day", "custom_brackets": [1, 3],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "Somebody is in the cohort of every day in which they do v: in several, often."),
        (
            {"retention_type": "retention_first_time"},
            "Somebody is in one cohort, that of their first v ever: also one before the range is looked at",
        ),
        (
            {"retention_type": "retention_first_ever_occurrence"},
            "whatever its filters; where that one doesn't pass them, they are in none.",
        ),
        ({"minimum_occurrences": 2}, "Coming back takes 2 times v in one day; beginning takes one v."),
        ({"cumulative": True}, "Cumulative: who comes back in an interval counts in all intervals before it, too."),
        (
            {"custom_brackets": (1, 2)},
            "They are measured from somebody's first cohort in the range, also in their later cohorts, as PostHog does.",
        ),
        ({"time_window_mode": "24_hour_windows"}, "in windows of 24 clock hours: by the hours or midnights that lie between."),
        (
            {"aggregation_type": "avg", "aggregation_property": "n"},
            "divided by how many are in the cell: an average a person, not an event",
        ),
        ({"breakdown": "p"}, "Each value is asked by itself: a return counts only where it has the value of the target."),
        ({"filters": ek.event_prop("p") == "x"}, "Only events with p exact 'x' count at all, also before the range."),
    ],
)
def test_the_rules_say_what_makes_the_figures(log: Log, options: dict[str, Any], said: str) -> None:
    assert said in repr(log(THREE).retention("v", **DAILY, **options).rules)


def test_the_sql_of_a_figure_gives_the_figure(log: Log) -> None:
    insight = log(THREE).retention("v", **DAILY)
    rows = insight.tables.execute(insight.to_ibis()).sort_values(["row", "interval"])
    assert rows[["row", "interval", "count"]].values.tolist() == [[0, 0, 2], [0, 1, 1], [0, 2, 1], [1, 0, 1], [2, 0, 1]]
    assert "SELECT" in insight.to_sql()
    matched = insight.tables.execute(insight.matched())
    assert matched.columns.tolist() == ["uuid", "event", "timestamp", "actor", "is_target", "is_returning", "breakdown_value"]
    assert len(matched) == 4
