"""trends.md, section 10: filters of a series, of the question and of the project; actions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.semantics.trends.asking import ask, data, node, parted

DAY = ("2020-01-01", "2020-01-01")


def prop(key: str, value: Any = None, operator: str | None = None, type: str = "event", **more: Any) -> dict[str, Any]:
    return {"key": key, "type": type, **({} if value is None else {"value": value}), **({"operator": operator} if operator else {}), **more}


def passing(events: str, *properties: Any, project: dict[str, Any] | None = None, **query: Any) -> list[str]:
    """Give who has an event that passes, of series and question alike."""
    of_question = ask(events, "v", days=DAY, by=WHO, properties=list(properties), project=project, **query)
    of_series = ask(events, node("v", properties=list(properties)), days=DAY, by=WHO, project=project, **query)
    assert parted(of_question) == parted(of_series)
    return sorted(r["breakdown_value"] for r in of_question)


WHO = {"breakdown": "distinct_id", "breakdown_type": "event_metadata"}


# ---------------------------------------------------------------------- together
def test_filters_of_series_question_and_test_accounts_all_hold() -> None:
    events = "a v 01-01 p=x q=x r=x; b v 01-01 q=x r=x; c v 01-01 p=x r=x; d v 01-01 p=x q=x; e w 01-01 q=x r=x"
    project = {"test_account_filters": [prop("r", "x")]}
    series = (node("v", properties=[prop("p", "x")]), "w")
    assert data(ask(events, *series, days=DAY, properties=[prop("q", "x")], filterTestAccounts=True, project=project)) == [[1], [1]]
    assert data(ask(events, *series, days=DAY, properties=[prop("q", "x")], project=project)) == [[2], [1]]
    assert data(ask(events, *series, days=DAY, filterTestAccounts=True, project=project)) == [[2], [1]]


def test_a_list_is_and_and_groups_may_be_nested() -> None:
    events = "a v 01-01 p=x q=x; b v 01-01 p=x q=y; c v 01-01 p=y q=y; d v 01-01 p=z q=z"
    assert passing(events, prop("p", "x"), prop("q", "y")) == ["b"]
    inner = {"type": "AND", "values": [prop("p", "x"), prop("q", "y")]}
    nested = {"type": "OR", "values": [inner, {"type": "AND", "values": [prop("p", "z")]}]}
    assert sorted(r["breakdown_value"] for r in ask(events, "v", days=DAY, by=WHO, properties=nested)) == ["b", "d"]
    both = {
        "type": "AND",
        "values": [{"type": "OR", "values": [prop("p", "x"), prop("p", "y")]}, {"type": "OR", "values": [prop("q", "y")]}],
    }
    assert sorted(r["breakdown_value"] for r in ask(events, "v", days=DAY, by=WHO, properties=both)) == ["b", "c"]


def test_test_accounts_are_left_out_beside_an_or_not_inside_it() -> None:
    events = "a v 01-01 p=x; b v 01-01 p=y; c v 01-01 p=x host=test"
    project = {"test_account_filters": [prop("host", "test", "is_not")]}
    either = {"type": "OR", "values": [prop("p", "x"), prop("p", "y")]}
    assert data(ask(events, "v", days=DAY, properties=either, filterTestAccounts=True, project=project)) == [[2]]


# ---------------------------------------------------------------------- operators
def test_exact_compares_as_text_and_a_list_is_any_of() -> None:
    events = 'a v 01-01 p=10; b v 01-01 p="10"; c v 01-01 p=true; d v 01-01 p=Ten; e v 01-01; f v 01-01 p=100'
    assert passing(events, prop("p", "10", "exact")) == passing(events, prop("p", 10)) == ["a", "b"]
    assert passing(events, prop("p", ["10", "Ten"], "exact")) == ["a", "b", "d"]
    assert passing(events, prop("p", ["true"], "exact")) == ["c"]
    assert passing(events, prop("p", "ten", "exact")) == []


def test_is_not_passes_null_and_missing_too() -> None:
    events = 'a v 01-01 p=x; b v 01-01 p=y; c v 01-01; d v 01-01 p=null; e v 01-01 p=""'
    assert passing(events, prop("p", "x", "is_not")) == ["b", "c", "d", "e"]
    assert passing(events, prop("p", ["x", "y"], "is_not")) == ["c", "d", "e"]


def test_containing_is_in_any_case_and_not_containing_passes_null() -> None:
    events = "a v 01-01 p=Chrome; b v 01-01 p=CHROMIUM; c v 01-01 p=Safari; d v 01-01"
    assert passing(events, prop("p", "chrom", "icontains")) == ["a", "b"]
    assert passing(events, prop("p", "CHROM", "not_icontains")) == ["c", "d"]


@pytest.mark.parametrize("value", [None, "is_set", "other", False])
def test_is_set_asks_whether_it_is_there_whatever_value_it_is_given(value: Any) -> None:
    events = "a v 01-01 p=x; b v 01-01; c v 01-01 p=null; d v 01-01 p=false; e v 01-01 p=0"
    assert passing(events, prop("p", value, "is_set")) == ["a", "d", "e"]
    assert passing(events, prop("p", value, "is_not_set")) == ["b", "c"]


def test_greater_and_less_are_of_numbers() -> None:
    events = 'a v 01-01 p=9; b v 01-01 p=10; c v 01-01 p="100"; d v 01-01 p=word; e v 01-01; f v 01-01 p=-1'
    assert passing(events, prop("p", 9, "gt")) == passing(events, prop("p", "9", "gt")) == ["b", "c"]
    assert passing(events, prop("p", 10, "lt")) == ["a", "f"]


# ---------------------------------------------------------------------- of whom
def test_properties_of_event_and_person_of_one_name_are_two() -> None:
    events = "a v 01-01 p=event; b v 01-01 p=person; c v 01-01"
    project = {"persons": [{"distinct_ids": ["a"], "properties": {"p": "person"}}, {"distinct_ids": ["b"], "properties": {"p": "other"}}]}
    assert passing(events, prop("p", "person", type="person"), project=project) == ["a"]
    assert passing(events, prop("p", "person"), project=project) == ["b"]
    assert passing(events, prop("p", "event"), prop("p", "person", type="person"), project=project) == ["a"]
    assert passing(events, prop("p", "person", "is_not", type="person"), project=project) == ["b", "c"]


def test_groups_are_read_by_the_index_of_their_type_as_they_are_now() -> None:
    events = "a v 01-01 $group_0=x; b v 01-01 $group_0=y; c v 01-01 $group_1=x; d v 01-01 $group_0=unknown; e v 01-01"
    project = {
        "groups": [
            {"type": "org", "index": 0, "key": "x", "properties": {"field": "law"}},
            {"type": "org", "index": 0, "key": "y", "properties": {"field": "art"}},
            {"type": "team", "index": 1, "key": "x", "properties": {"field": "law"}},
        ]
    }
    assert passing(events, prop("field", "law", type="group", group_type_index=0), project=project) == ["a"]
    assert passing(events, prop("field", "law", type="group", group_type_index=1), project=project) == ["c"]
    assert passing(events, prop("field", "law", "is_not", type="group", group_type_index=0), project=project) == ["b", "c", "d", "e"]


def test_cohorts_are_of_the_events_person() -> None:
    project = {
        "persons": [{"distinct_ids": ["a", "a2"], "properties": {"plan": "pro"}}, {"distinct_ids": ["b"], "properties": {}}],
        "cohorts": [
            {"id": 3, "name": "pro", "definition": {"groups": [{"properties": [{"key": "plan", "value": "pro", "type": "person"}]}]}}
        ],
    }
    assert passing("a v 01-01; a2 v 01-01; b v 01-01; c v 01-01", prop("id", 3, type="cohort"), project=project) == ["a", "a2"]


def test_the_length_is_that_of_the_whole_session() -> None:
    # s lasts 25 minutes, most of it the evening before; t one minute
    events = (
        "a other 2019-12-31 23:45 $session_id=s; a v 01-01 00:10 $session_id=s;"
        "b v 01-01 10:00 $session_id=t; b v 01-01 10:01 $session_id=t; c v 01-01"
    )
    assert passing(events, prop("$session_duration", 60, "gt", type="session")) == ["a"]
    assert passing(events, prop("$session_duration", 1500, "exact", type="session")) == ["a"]
    assert passing(events, prop("$session_duration", 61, "lt", type="session")) == ["b", "c"]


# ---------------------------------------------------------------------- actions
def acting(events: str, *steps: dict[str, Any], project: dict[str, Any] | None = None, **query: Any) -> list[str]:
    """Give who has an event of the action."""
    actions = {"actions": [{"id": 5, "name": "acted", "steps": list(steps)}], **(project or {})}
    rows = ask(events, {"kind": "ActionsNode", "id": 5}, days=DAY, by=WHO, project=actions, **query)
    return sorted(r["breakdown_value"] for r in rows)


def test_an_action_is_any_of_its_steps_and_a_step_all_of_its_parts() -> None:
    events = "a v 01-01 p=x q=y; b v 01-01 p=x; c w 01-01; d w 01-01 p=x q=y; e other 01-01 p=x q=y"
    assert acting(events, {"event": "v", "properties": [prop("p", "x"), prop("q", "y")]}, {"event": "w"}) == ["a", "c", "d"]
    # the properties of a step are its own
    assert acting(events, {"event": "v"}, {"event": "w", "properties": [prop("p", "x")]}) == ["a", "b", "d"]


def test_an_event_of_two_steps_counts_once() -> None:
    project = {"actions": [{"id": 5, "name": "acted", "steps": [{"event": "v"}, {"event": "v", "properties": [prop("p", "x")]}]}]}
    assert data(ask("a v 01-01 p=x", {"kind": "ActionsNode", "id": 5}, days=DAY, project=project)) == [[1]]


def test_a_steps_address_is_contained_unless_told_otherwise() -> None:
    events = "; ".join(f"{who} $pageview 01-01 $current_url={url}" for who, url in (("a", "https://x.io/buy"), ("b", "/buy"), ("c", "/bu")))
    step = {"event": "$pageview", "url": "/buy"}
    assert acting(events, step) == acting(events, {**step, "url_matching": "contains"}) == ["a", "b"]
    assert acting(events, {**step, "url_matching": "exact"}) == ["b"]
    assert acting(events, {**step, "url": "/bu$", "url_matching": "regex"}) == ["c"]
    assert acting(events + "; d v 01-01 $current_url=/buy", {"url": "/buy"}) == ["a", "b", "d"]


def test_steps_may_ask_for_persons_and_cohorts() -> None:
    project = {
        "persons": [{"distinct_ids": ["a"], "properties": {"plan": "pro"}}, {"distinct_ids": ["b"], "properties": {"plan": "free"}}],
        "cohorts": [
            {"id": 3, "name": "pro", "definition": {"groups": [{"properties": [{"key": "plan", "value": "pro", "type": "person"}]}]}}
        ],
    }
    events = "a v 01-01; b v 01-01; a w 01-01; b w 01-01"
    assert acting(events, {"event": "v", "properties": [prop("plan", "free", type="person")]}, project=project) == ["b"]
    assert acting(events, {"event": "v", "properties": [prop("id", 3, type="cohort")]}, project=project) == ["a"]


def test_other_filters_hold_on_top_of_an_action() -> None:
    events = "a v 01-01 p=x; b v 01-01; c w 01-01 p=x; d w 01-01"
    steps = ({"event": "v"}, {"event": "w"})
    assert acting(events, *steps, properties=[prop("p", "x")]) == ["a", "c"]
    accounts = {"test_account_filters": [prop("p", "x", "is_not")]}
    assert acting(events, *steps, project=accounts, filterTestAccounts=True) == ["b", "d"]
    project = {"actions": [{"id": 5, "name": "acted", "steps": list(steps)}]}
    series = {"kind": "ActionsNode", "id": 5, "properties": [prop("p", "x")]}
    assert data(ask(events, series, days=DAY, project=project)) == [[2]]
