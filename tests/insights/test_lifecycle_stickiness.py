"""Lifecycle and stickiness as people type them: frames, people, rules, and what must hold for any data."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evkit as ek
from tests.reference.logs import Log as RandomLog
from tests.reference.logs import random_log
from tests.sizes import examples

Log = Callable[..., ek.Events]
COMING = "a view 01-01 p=x; a view 01-02; b view 01-02; b view 01-03; c view 01-01; c view 01-03 06:00; c buy 01-02"


# ---------------------------------------------------------------------- lifecycle
def test_a_lifecycle_has_a_row_a_bucket_and_status_dormant_below_zero(log: Log) -> None:
    frame = log(COMING).lifecycle("view").to_pandas()
    assert list(frame.columns) == ["bucket", "status", "value"]
    assert frame.value.tolist() == [2, 0, 0, 0, 1, 1, 0, -1, 0, 1, 1, -1]
    assert frame.bucket.tolist()[::4] == [pd.Timestamp(f"2026-01-0{day}") for day in (1, 2, 3)]
    assert frame.status.tolist()[:4] == ["new", "returning", "resurrecting", "dormant"]


def test_the_people_of_a_lifecycle_come_with_their_events_those_of_dormant_ones_from_before(log: Log) -> None:
    insight = log(COMING).lifecycle("view")
    gone = insight.actors(bucket="2026-01-02", status="dormant")
    assert gone.values.tolist() == [["c", pd.Timestamp("2026-01-02"), "dormant", 1, pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-01")]]
    assert insight.actors(status="returning").actor_id.tolist() == ["a", "b"]
    assert insight.actors(bucket=dt.datetime(2026, 1, 3))[["actor_id", "status"]].values.tolist() == [
        ["b", "returning"], ["c", "resurrecting"], ["a", "dormant"],
    ]  # fmt: skip
    assert len(insight.actors()) == 8


def test_a_question_takes_what_events_are_restricted_to_and_the_names_of_actions(log: Log) -> None:
    events = (
        log(COMING)
        .with_actions(ek.Action("looked", ek.event("view")))
        .filter(ek.event_prop("p") == "x")
        .between("2026-01-01", "2026-01-02")
    )
    assert events.lifecycle("looked").to_pandas().value.tolist() == [1, 0, 0, 0]
    assert events.stickiness("looked").to_pandas().value.tolist() == [1]
    assert events.lifecycle("looked").spec.title == "Lifecycle of looked"
    assert events.lifecycle().spec.title == "Lifecycle of any event"
    assert events.ask(ek.Lifecycle("view")).to_pandas().value.tolist() == [1, 0, 0, 0]


def test_what_was_matched_are_the_events_from_the_bucket_before_on(log: Log) -> None:
    events = log(COMING)
    insight = events.lifecycle("view", date_range=("2026-01-02", "2026-01-03"))
    rows = events.tables.execute(insight.matched())
    assert sorted(zip(rows.actor, rows.bucket.dt.day, strict=True)) == [("a", 1), ("a", 2), ("b", 2), ("b", 3), ("c", 1), ("c", 3)]
    assert "LAG" in insight.to_sql().upper()


def test_the_rules_say_when_somebody_was_created_whoever_says_it(log: Log) -> None:
    said = lambda insight: "\n".join(insight.rules)  # noqa: E731
    events = log(COMING)
    assert "A person was created at the time of the event that made them" in said(events.lifecycle("view"))
    assert "weeks begin on sunday" in said(events.lifecycle("view", interval="week"))
    one = [{"event": "view", "distinct_id": "a", "timestamp": "2026-01-01", "properties": {"$group_0": "x"}}]
    given = ek.Project(one, persons=[{"distinct_ids": ["a"]}], groups=[{"type": "org", "index": 0, "key": "x"}]).events
    assert "when the persons given with the data say so" in said(given.lifecycle("view"))
    assert "when the groups given with the data say so" in said(given.lifecycle("view", group_type="org"))
    counted = ek.Project(one, aggregate_users_by_distinct_id=True, group_types=["org"]).events
    assert "Each distinct id is a person of its own" not in said(counted.lifecycle("view")) + said(counted.stickiness("view"))
    assert "first $groupidentify to arrive" in said(counted.lifecycle("view", group_type="org"))


# ---------------------------------------------------------------------- stickiness
def test_stickiness_has_a_row_a_series_period_and_number_of_intervals(log: Log) -> None:
    frame = log(COMING).stickiness("view", "buy", date_range=("2026-01-02", "2026-01-03"), compare=True).to_pandas()
    assert list(frame.columns) == ["series", "order", "period", "intervals", "value"]
    assert frame.values.tolist() == [
        ["view", 0, "current", 1, 2], ["view", 0, "current", 2, 1], ["view", 0, "previous", 1, 2], ["view", 0, "previous", 2, 0],
        ["buy", 1, "current", 1, 1], ["buy", 1, "current", 2, 0], ["buy", 1, "previous", 1, 0], ["buy", 1, "previous", 2, 0],
    ]  # fmt: skip


def test_the_people_of_stickiness_come_with_how_often_and_when(log: Log) -> None:
    insight = log(COMING + "; a view 01-02 08:00").stickiness("view", ek.series("view", name="again"))
    people = insight.actors(intervals=2, series="again")
    assert people.values.tolist() == [
        ["a", 2, 3, pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-02")],
        ["b", 2, 2, pd.Timestamp("2026-01-02"), pd.Timestamp("2026-01-03")],
        ["c", 2, 2, pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-03")],
    ]
    pairs = log(COMING).stickiness("view", interval_count=2).actors(intervals=2)
    assert pairs[["actor_id", "first_interval", "last_interval"]].values.tolist() == [["a", 1, 0], ["c", 1, 0]]


def test_the_rules_of_stickiness_say_what_counts(log: Log) -> None:
    said = "\n".join(
        log(COMING).stickiness("view", interval="month", criteria=("lte", 1), compare_to="-1m", filters=ek.event_prop("p") == "x").rules
    )
    assert "view: a person counts in an interval with at most 1 event (and at least 1)." in said
    assert "The previous period is -1m away." in said
    assert "Only events with p exact 'x'." in said
    assert "The first month counts whole" in said
    pairs = "\n".join(log(COMING).stickiness("view", interval_count=2, cumulative=True, aggregate_by="p").rules)
    assert "An interval is 2 days, counted back from the end of the range" in pairs
    assert "a value of p counts; events without one don't" in pairs
    assert "so many intervals or more" in pairs


# ---------------------------------------------------------------------- looking behind
@pytest.mark.parametrize(
    ("ask", "row", "title"),
    [
        (lambda e: e.lifecycle("view"), 7, "1 person view, dormant, Fri 02 Jan 2026"),
        (lambda e: e.lifecycle("view", interval="week"), 0, "3 people view, new, week of Sun 28 Dec 2025"),
        (lambda e: e.stickiness("view"), 1, "3 people view, 2 days"),
        (lambda e: e.stickiness("view", aggregate_by="p"), 0, "1 value view, 1 day"),
        (
            lambda e: e.stickiness("view", date_range=("2026-01-02", "2026-01-02"), compare=True),
            1,
            "2 people view, 1 day, the period before",
        ),
    ],
)
def test_a_figure_can_be_looked_into(log: Log, ask: Callable[[ek.Events], ek.Insight], row: int, title: str) -> None:
    look = ek.inspect(ask(log(COMING)))
    assert "error" not in look.result
    found = look.people(row)
    assert found["title"] == title
    assert len(found["rows"]) == found["count"]


def test_groups_behind_a_figure_open_the_timeline_of_the_group() -> None:
    group = {
        "event": "$groupidentify",
        "distinct_id": "a",
        "timestamp": "2026-01-01",
        "properties": {"$group_type": "org", "$group_key": "x"},
    }
    view = {"event": "view", "distinct_id": "a", "timestamp": "2026-01-01", "properties": {"$groups": {"org": "x"}}}
    events = ek.Project([group, view]).events
    for insight in (
        events.lifecycle("view", group_type="org"),
        events.stickiness(ek.series("view", math="unique_group", group_type="org")),
    ):
        look = ek.inspect(insight)
        assert look.people(0)["title"].startswith("1 group view, ")
        assert look.timeline(0)["title"] == "Group x"


# ---------------------------------------------------------------------- for any data
def shuffled(log: RandomLog, source: random.Random) -> ek.Events:
    """Give the log in another order of rows, its order of arrival as it was."""
    frame = log.to_evkit().tables.execute(log.to_evkit().tables.source.table())
    kept = frame[["uuid", "event", "distinct_id", "timestamp", "arrival", "properties"]]
    rows = list(range(len(kept)))
    source.shuffle(rows)
    return ek.from_frame(kept.iloc[rows], timezone=log.zone, week_start=log.week_start)  # type: ignore[arg-type]


@pytest.mark.slow
@settings(max_examples=examples(20, 1_000), deadline=None)
@given(st.integers(0, 2**40))
def test_who_is_active_is_one_of_three_and_the_order_of_rows_decides_nothing(seed: int) -> None:
    log, source = random_log(seed)
    interval = source.choice(["day", "week", "month"])
    events = log.to_evkit()
    life = events.lifecycle(interval=interval).to_pandas()
    active = life[life.status != "dormant"].groupby("bucket").value.sum()
    people = events.trends(ek.series(None, math="dau"), interval=interval).to_pandas()  # type: ignore[arg-type]
    assert active.tolist() == people.value.tolist()
    idle = -life[life.status == "dormant"].value.to_numpy()
    before = [0, *active.tolist()[:-1]]
    staying = life[life.status == "returning"].value.to_numpy()
    assert (idle + staying).tolist() == before  # who was there either comes back or stays away
    sticky = events.stickiness(None, interval=interval).to_pandas()
    assert sum(k * n for k, n in zip(sticky.intervals, sticky.value, strict=True)) == active.sum()
    other = shuffled(log, source)
    pd.testing.assert_frame_equal(other.lifecycle(interval=interval).to_pandas(), life)
    pd.testing.assert_frame_equal(other.stickiness(None, interval=interval).to_pandas(), sticky)


def test_stickiness_by_hour_from_journeys_counts_where_a_clock_leaves_an_hour_out(log: Log) -> None:
    events = log("a x 03-29 00:10; a x 03-29 00:50; a x 03-29 01:10; b x 03-29 02:00", timezone="Europe/London")
    ask = lambda of: of.stickiness("x", interval="hour", date_range=("2026-03-28", "2026-03-30")).to_pandas()  # noqa: E731
    plain = ask(events)
    assert plain.value.tolist() == [1, 1] + [0] * 47
    pd.testing.assert_frame_equal(ask(events.prepare()), plain)
