"""A PostHog project held locally: its JSON in, its response out."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import evkit as ek
from evkit.errors import SpecError, UnsupportedQuery

EVENTS: list[dict[str, Any]] = [
    {"event": "signup", "distinct_id": "a1", "timestamp": "2026-01-01T10:00:00Z", "properties": {"plan": "free", "$group_0": "acme"}},
    {"event": "$identify", "distinct_id": "ann", "timestamp": "2026-01-01T10:01:00Z", "properties": {"$anon_distinct_id": "a1", "$set": {"age": 30}}},
    {"event": "buy", "distinct_id": "ann", "timestamp": "2026-01-03T10:00:00Z", "properties": {"price": 5, "$group_0": "acme"}},
    {"event": "signup", "distinct_id": "bob", "timestamp": "2026-01-02T10:00:00Z", "properties": {"plan": "pro"}},
    {"event": "$groupidentify", "distinct_id": "bob", "timestamp": "2026-01-02T11:00:00Z",
     "properties": {"$group_type": "company", "$group_key": "acme", "$group_set": {"size": 7}}},
]  # fmt: skip
NOW = "2026-01-03T12:00:00Z"
TREND = {
    "kind": "TrendsQuery",
    "series": [{"kind": "EventsNode", "event": "signup"}],
    "dateRange": {"date_from": "2026-01-01", "date_to": "2026-01-03"},
}


def project(**options: Any) -> ek.Project:
    return ek.Project(events=EVENTS, **options)


def test_a_trend_is_answered_in_the_shape_of_posthogs_response() -> None:
    found = project().query(TREND, now=NOW)["results"]
    assert len(found) == 1
    assert found[0]["data"] == [1, 1, 0]
    assert found[0]["days"] == ["2026-01-01", "2026-01-02", "2026-01-03"]
    assert (found[0]["label"], found[0]["count"]) == ("signup", 2)


def test_a_funnel_is_answered_with_its_times() -> None:
    query = {
        "kind": "FunnelsQuery",
        "series": [{"kind": "EventsNode", "event": "signup"}, {"kind": "EventsNode", "event": "buy"}],
        "dateRange": TREND["dateRange"],
    }
    steps = project().query(query, now=NOW)["results"]
    assert [(s["name"], s["count"]) for s in steps] == [("signup", 2), ("buy", 1)]
    assert steps[1]["average_conversion_time"] == 2 * 86400


def test_a_query_inside_a_visualisation_is_answered_too_and_can_be_drawn() -> None:
    wrapped = {"kind": "InsightVizNode", "source": TREND}
    assert project().query(wrapped, now=NOW) == project().query(TREND, now=NOW)
    insight = project().insight(TREND, now=NOW)
    assert insight.to_pandas().value.tolist() == [1, 1, 0]
    assert "Chart" in type(insight.chart()).__name__


def test_relative_dates_count_from_the_clock_that_is_given() -> None:
    query = {**TREND, "dateRange": {"date_from": "-1d"}}
    assert project().query(query, now=NOW)["results"][0]["days"] == ["2026-01-02", "2026-01-03"]
    assert project().query(query, now=dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC))["results"][0]["data"] == [1, 1]


def test_matches_says_one_word_an_event_in_the_order_given() -> None:
    assert project().matches({"key": "plan", "type": "event", "operator": "exact", "value": ["pro"]}) == [False, False, False, True, False]
    action = {
        "id": 1,
        "name": "paid",
        "steps": [{"event": "buy", "properties": [{"key": "price", "operator": "gt", "value": 3, "type": "event"}]}],
    }
    assert project().matches(action) == [False, False, True, False, False]
    person = {"key": "age", "type": "person", "operator": "exact", "value": 30}
    assert project().matches(person) == [True, True, True, False, False]


def test_persons_and_groups_are_rebuilt_from_the_events_or_taken_as_given() -> None:
    found = {tuple(p["distinct_ids"]): p["properties"] for p in project().persons()}
    assert found == {("a1", "ann"): {"age": 30}, ("bob",): {}}
    assert project().groups() == [{"type": "company", "index": 0, "key": "acme", "properties": {"size": 7}}]
    given = project(persons=[{"id": "P", "distinct_ids": ["ann", "bob"], "properties": {"x": 1}}])
    assert given.persons() == [{"id": "P", "distinct_ids": ["ann", "bob"], "properties": {"x": 1}}]
    dau = {**TREND, "series": [{"kind": "EventsNode", "event": None, "math": "dau"}]}
    assert given.query(dau, now=NOW)["results"][0]["data"] == [2, 1, 1]


def test_a_frame_and_a_file_are_taken_too(tmp_path: Path) -> None:
    frame = pd.DataFrame([{**e, "properties": json.dumps(e["properties"])} for e in EVENTS])
    frame.to_parquet(tmp_path / "e.parquet")
    expected = project().query(TREND, now=NOW)
    assert ek.Project(events=frame).query(TREND, now=NOW) == expected
    assert ek.Project(events=tmp_path / "e.parquet").query(TREND, now=NOW) == expected


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"kind": "RetentionQuery"}, "kind 'RetentionQuery' is not answered. Kinds that are: TrendsQuery, FunnelsQuery"),
        ({**TREND, "interval": "fortnight"}, "unknown interval 'fortnight'"),
        ({**TREND, "samplingFactor": 0.1}, "samplingFactor"),
        ({**TREND, "series": [{"kind": "DataWarehouseNode"}]}, "DataWarehouseNode"),
        ({**TREND, "series": [{"kind": "EventsNode", "event": "a", "math": "hogql"}]}, "hogql"),
        ({**TREND, "properties": [{"key": "a", "type": "hogql", "value": "1"}]}, "hogql"),
        ({**TREND, "properties": [{"key": "a", "type": "event", "operator": "like", "value": "1"}]}, "unknown operator 'like'"),
        ({"kind": "FunnelsQuery", "series": [{"kind": "EventsNode", "event": "a"}]}, "a funnel of 1 step"),
        ({"kind": "InsightActorsQuery", "source": {"kind": "PathsQuery"}}, "InsightActorsQuery over 'PathsQuery'"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_what_is_not_answered_is_refused_by_name(query: dict[str, Any], message: str) -> None:
    with pytest.raises((UnsupportedQuery, SpecError)) as raised:
        project().query(query, now=NOW)
    assert message in str(raised.value)


def test_names_that_look_like_sql_are_only_names() -> None:
    odd = "'; DROP TABLE evkit_events; --"
    events = [{"event": odd, "distinct_id": odd, "timestamp": "2026-01-01T00:00:00Z", "properties": {odd: odd}}]
    query = {**TREND, "series": [{"kind": "EventsNode", "event": odd}], "breakdownFilter": {"breakdown": odd, "breakdown_type": "event"}}
    asked = ek.Project(events=events)
    assert asked.query(query, now=NOW)["results"][0]["breakdown_value"] == odd
    assert asked.matches({"key": odd, "type": "event", "operator": "icontains", "value": "drop table"}) == [True]
