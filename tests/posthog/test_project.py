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
        ({"kind": "WebOverviewQuery"}, "kind 'WebOverviewQuery' is not answered. Kinds that are: TrendsQuery, FunnelsQuery"),
        ({**TREND, "interval": "fortnight"}, "unknown interval 'fortnight'"),
        ({**TREND, "samplingFactor": 10}, "samplingFactor 10 is no share: give a number above 0, up to 1"),
        ({**TREND, "series": [{"kind": "DataWarehouseNode"}]}, "DataWarehouseNode"),
        ({**TREND, "series": [{"kind": "EventsNode", "event": "a", "math": "hogql"}]}, "hogql"),
        ({**TREND, "properties": [{"key": "a", "type": "hogql", "value": "1"}]}, "hogql"),
        ({**TREND, "properties": [{"key": "a", "type": "event", "operator": "like", "value": "1"}]}, "unknown operator 'like'"),
        ({"kind": "FunnelsQuery", "series": [{"kind": "EventsNode", "event": "a"}]}, "a funnel of 1 step"),
        ({"kind": "InsightActorsQuery", "source": {"kind": "FunnelsQuery"}}, "InsightActorsQuery over 'FunnelsQuery'"),
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


def rows(*given: tuple[str, str, str]) -> list[dict[str, Any]]:
    return [{"event": e, "distinct_id": d, "timestamp": f"2020-{t}Z", "properties": {}} for e, d, t in given]


def asked(events: list[dict[str, Any]], *series: Any, days: tuple[str, str] = ("01-01", "01-04"), **more: Any) -> Any:
    query = {
        "kind": "TrendsQuery",
        "series": [s if isinstance(s, dict) else {"kind": "EventsNode", "event": s} for s in series],
        "dateRange": {"date_from": f"2020-{days[0]}", "date_to": f"2020-{days[1]}"},
        **more,
    }
    return ek.Project(events).query(query, now="2020-06-01T00:00:00Z")["results"]


def test_the_previous_period_in_months_counts_its_first_month_whole() -> None:
    found = asked(rows(("a", "u", "01-10T00:00:00")), "a", days=("03-01", "03-31"), interval="month", compareFilter={"compare": True})
    assert [r["data"] for r in found] == [[0], [1, 0]]


def test_a_series_of_an_action_that_is_not_there_keeps_its_letter() -> None:
    events = rows(("a", "u", "01-01T00:00:00"))
    missing = {"kind": "ActionsNode", "id": 44}
    found = asked(events, missing, "a")
    assert [(r["label"], r["order"], r["count"]) for r in found] == [("a", 1, 1)]
    assert [r["count"] for r in asked(events, missing, "a", trendsFilter={"formula": "A * 2 + B"})] == [1]
    assert asked(events, missing) == []


def test_a_bold_number_of_explicit_days_is_compared_with_the_days_before() -> None:
    events = rows(("a", "u", "01-01T00:00:00"), ("a", "u", "01-03T23:59:00"), ("b", "u", "01-04T00:00:00"))
    found = asked(events, "a", days=("01-03", "01-04"), trendsFilter={"display": "BoldNumber"}, compareFilter={"compare": True})
    assert [r["aggregated_value"] for r in found] == [1, 1]


def test_running_totals_are_ranked_by_what_they_add_up_to() -> None:
    events = rows(("a", "old", "01-01T00:00:00"), ("a", "new", "01-04T00:00:00"), ("a", "new", "01-04T00:00:00"))
    by = {"breakdownFilter": {"breakdown": "distinct_id", "breakdown_type": "event_metadata"}}
    found = asked(events, "a", trendsFilter={"display": "ActionsLineGraphCumulative"}, **by)
    assert [(r["breakdown_value"], r["data"]) for r in found] == [("old", [1, 1, 1, 1]), ("new", [0, 0, 0, 2])]


def test_people_of_a_day_outside_the_question_are_refused_and_times_with_an_offset_are_moved() -> None:
    events = rows(("a", "u", "01-03T04:30:00"))
    source = {
        **TREND,
        "series": [{"kind": "EventsNode", "event": "a"}],
        "interval": "hour",
        "dateRange": {"date_from": "2020-01-01", "date_to": "2020-01-04"},
    }
    project = ek.Project(events, timezone="America/New_York")
    ask = lambda day: project.query({"kind": "InsightActorsQuery", "source": source, "day": day})["results"]  # noqa: E731
    assert [r["id"] for r in ask("2020-01-03T04:30:00Z")] == ["u"]
    assert [r["id"] for r in ask("2020-01-02 23:00:00")] == ["u"]
    with pytest.raises(SpecError, match="no bucket of the question holds '2020-01-20'"):
        ask("2020-01-20")


def test_people_behind_a_running_total_are_all_up_to_then() -> None:
    events = rows(("a", "u", "01-01T00:00:00"), ("a", "u", "01-03T00:00:00"))
    source = {**TREND, "series": [{"kind": "EventsNode", "event": "a"}], "trendsFilter": {"display": "ActionsLineGraphCumulative"}}
    source["dateRange"] = {"date_from": "2020-01-01", "date_to": "2020-01-04"}
    found = ek.Project(events).query({"kind": "InsightActorsQuery", "source": source, "day": "2020-01-03"})["results"]
    assert [(r["id"], r["event_count"]) for r in found] == [("u", 2)]


def test_a_group_type_matters_only_to_maths_of_who() -> None:
    events = [{**e, "properties": {"$group_0": "g"}} for e in rows(("a", "u", "01-01T00:00:00"), ("a", "v", "01-01T00:00:00"))]
    for math, ids in (("total", ["u", "v"]), ("dau", ["g"])):
        source = {**TREND, "series": [{"kind": "EventsNode", "event": "a", "math": math, "math_group_type_index": 0}]}
        source["dateRange"] = {"date_from": "2020-01-01", "date_to": "2020-01-04"}
        assert [
            r["id"] for r in ek.Project(events).query({"kind": "InsightActorsQuery", "source": source, "day": "2020-01-01"})["results"]
        ] == ids


def test_a_minute_that_the_clock_shows_twice_is_one_period() -> None:
    events = [
        {"event": "a", "distinct_id": "u", "timestamp": f"2021-10-31T{t}Z", "properties": {}}
        for t in ("00:30:10", "00:40:00", "01:30:10", "01:40:00")
    ]
    query = {
        "kind": "FunnelsQuery", "interval": "minute", "dateRange": {"date_from": "2021-10-31T00:00:00Z", "date_to": "2021-10-31T03:00:00Z"},
        "series": [{"kind": "EventsNode", "event": "a"}, {"kind": "EventsNode", "event": "b"}],
    }  # fmt: skip
    for order in ("ordered", "strict", "unordered"):
        query["funnelsFilter"] = {"funnelVizType": "trends", "funnelOrderType": order}
        summary = ek.Project(events, timezone="Europe/Berlin").query(query, now="2021-11-01T00:00:00Z")["summary"]
        assert {r["timestamp"][11:16]: r["reached_from_step_count"] for r in summary if r["reached_from_step_count"]} == {
            "02:30": 1,
            "02:40": 1,
        }


@pytest.mark.parametrize(
    "query",
    [
        {"kind": "TrendsQuery", "series": ["a"]},
        {"kind": "TrendsQuery", "series": [{"event": "a"}], "dateRange": "-7d"},
        {"kind": "TrendsQuery", "series": [{"event": "a"}], "compareFilter": True},
        {"kind": "TrendsQuery", "series": [{"event": "a"}], "breakdownFilter": {"breakdown": "p", "breakdown_limit": "3"}},
        {"kind": "TrendsQuery", "series": [{"event": "a"}], "trendsFilter": {"smoothingIntervals": "3"}},
        {"kind": "TrendsQuery", "series": [{"event": "a"}], "breakdownFilter": {"breakdown": "p", "breakdown_histogram_bin_count": "3"}},
        {"kind": "FunnelsQuery", "series": [{"event": "a"}, {"event": "b"}], "funnelsFilter": {"funnelFromStep": "0"}},
        {"kind": "FunnelsQuery", "series": [{"event": "a"}, {"event": "b"}], "breakdownFilter": {"breakdown": "p", "breakdown_hide_other_aggregation": True}},
        {"kind": "FunnelsActorsQuery", "funnelStep": "2", "source": {"kind": "FunnelsQuery", "series": [{"event": "a"}, {"event": "b"}]}},
        {"kind": "InsightActorsQuery", "series": "x", "source": {"kind": "TrendsQuery", "series": [{"event": "a"}]}},
    ],
)  # fmt: skip
def test_json_of_a_wrong_shape_is_refused_in_words(query: dict[str, Any]) -> None:
    with pytest.raises(ek.EvkitError):
        project().query(query, now="2026-01-05T00:00:00Z")
