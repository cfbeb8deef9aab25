"""matching.md, sections 8 and 12: how conditions are joined and turned round; cohorts of cohorts, fixed lists, the oldest form."""

from __future__ import annotations

from typing import Any

import pytest

import evkit as ek
from evkit.errors import DataError, SpecError
from tests.semantics.cohorts.asking import NOW, Json, both, did, either, last, members, person, within
from tests.semantics.trends.asking import rows

WEEK = last(7, "day")
V, W, U = (did(name, **WEEK) for name in "vwu")
EVENTS = "a v 01-10; a w 01-10; b v 01-10; c w 01-10; d u 01-10"


def turned(condition: Json) -> Json:
    return {**condition, "negation": True}


# ---------------------------------------------------------------------- and, or, not
def test_conditions_are_joined_to_any_depth() -> None:
    assert members(EVENTS, V) == ["a", "b"]
    assert members(EVENTS, both(V, W)) == ["a"]
    assert members(EVENTS, either(V, W)) == ["a", "b", "c"]
    assert members(EVENTS, either(both(V, W), both(either(U)))) == ["a", "d"]


def test_a_condition_that_is_turned_round_takes_people_away() -> None:
    assert members(EVENTS, both(V, turned(W))) == ["b"]
    assert members(EVENTS, both(either(V, W), turned(both(V, W)["values"][0]))) == ["c"]


@pytest.mark.parametrize(
    ("definition", "found"),
    [
        (both(V, either(W, turned(V))), ["a"]),  # v, and not (v without w)
        (both(either(V, W), either(turned(W), turned(V))), ["b", "c"]),
        (either(both(V, turned(W)), U), ["b", "d"]),
        (both(either(V, W), both(turned(W), turned(U))), ["b"]),
        (both(V, both(either(turned(W)), either(turned(U)))), ["b"]),
    ],
)
def test_what_is_turned_round_is_protected_from_anywhere_above(definition: Json, found: list[str]) -> None:
    assert members(EVENTS, definition) == found


@pytest.mark.parametrize(
    "definition",
    [
        turned(V), both(turned(V)), both(turned(V), turned(W)), either(V, turned(W)), either(turned(V), turned(W)),
        either(both(V), both(either(turned(W)), either(turned(U)))), both(either(V, turned(W))), both(within(4, negation=True)),
        both(within(4, operator="not_in")),
    ],
)  # fmt: skip
def test_what_nobody_protects_is_refused(definition: Json) -> None:
    with pytest.raises(SpecError, match="takes people away from nobody"):
        members(EVENTS, definition, cohorts=[{"id": 4, "definition": both(V)}])


def test_an_empty_group_restricts_nothing() -> None:
    persons = [{"distinct_ids": [i], "properties": {}} for i in "abz"]
    assert members("a v 01-10", both(), persons=persons) == ["a", "b", "z"]
    assert members("a v 01-10", both(V, both()), persons=persons) == ["a"]


def test_an_unknown_way_of_joining_is_refused() -> None:
    with pytest.raises(SpecError, match="unknown group of conditions 'XOR'"):
        members(EVENTS, {"type": "XOR", "values": [V]})


# ---------------------------------------------------------------------- properties
PERSONS = [
    {"distinct_ids": ["a"], "properties": {"plan": "pro", "seats": 5}},
    {"distinct_ids": ["b", "b2"], "properties": {"plan": "", "seats": 12}},
    {"distinct_ids": ["c"], "properties": {}},
]


def test_properties_are_those_of_persons_whatever_type_is_said() -> None:
    for kind in ({}, {"type": "event"}, {"type": "person"}):
        assert members("", {"key": "plan", "value": "pro", **kind}, persons=PERSONS) == ["a"]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (person("plan", ["pro", ""]), ["a", "b", "b2"]),
        (person("plan", "pro", operator="is_not"), ["b", "b2", "c"]),
        (person("plan", None, operator="is_not_set"), ["c"]),
        (person("seats", 9, operator="gt"), ["b", "b2"]),
        (person("plan", "PR", operator="icontains"), ["a"]),
    ],
)
def test_operators_are_those_of_all_filters(condition: Json, found: list[str]) -> None:
    assert members("", condition, persons=PERSONS) == found


def test_who_has_no_person_meets_no_condition_on_properties() -> None:
    no_plan = person("plan", "pro", operator="is_not")
    assert members("stranger v 01-10; c v 01-10", both(V, no_plan), persons=PERSONS) == ["c"]
    assert members("stranger v 01-10; a v 01-10", both(V, turned(person("plan", "pro"))), persons=PERSONS) == ["stranger"]


def test_one_and_true_are_different_values() -> None:
    persons = [{"distinct_ids": ["a"], "properties": {"p": 1}}, {"distinct_ids": ["b"], "properties": {"p": True}}]
    assert members("", both(either(person("p", 1)), either(person("p", True))), persons=persons) == []
    assert members("", either(person("p", 1), person("p", True)), persons=persons) == ["a", "b"]


def test_only_conditions_on_persons_stand_in_a_definition() -> None:
    with pytest.raises(SpecError, match="tests the group, not the person"):
        members("", {"key": "plan", "value": "pro", "type": "group", "group_type_index": 0})


# ---------------------------------------------------------------------- cohorts of cohorts
COHORTS: list[Json] = [
    {"id": 1, "name": "viewers", "definition": both(V)},
    {"id": 2, "name": "list", "is_static": True, "members": ["b", "c", "c"]},
    {"id": 3, "name": "viewers on the list", "definition": both(within(1), within("2"))},
]


def inside(*conditions: Json, cohorts: Any = COHORTS, events: str = EVENTS) -> list[str]:
    return members(events, *conditions, cohorts=cohorts)


def test_a_cohort_may_be_made_of_cohorts() -> None:
    assert (inside(within(1)), inside(within(2)), inside(within(3))) == (["a", "b"], ["b", "c"], ["b"])
    assert inside({**within(1), "type": "precalculated-cohort"}) == ["a", "b"]
    assert inside({**within(2), "type": "static-cohort"}) == ["b", "c"]
    assert inside(either(within(2), U)) == ["b", "c", "d"]


def test_a_cohort_that_is_turned_round_takes_its_members_away() -> None:
    assert inside(both(V, within(2, negation=True))) == ["a"]
    assert inside(both(V, within(2, operator="not_in"))) == ["a"]
    assert inside(both(V, within(2, operator="not_in", negation=True))) == ["b"]


def test_nobody_is_in_a_cohort_that_there_is_not() -> None:
    assert inside(within(666)) == []
    assert inside(both(V, within(666, negation=True))) == ["a", "b"]


def test_a_part_may_be_protected_by_the_cohort_around_it() -> None:
    cohorts = [{"id": 9, "definition": both(turned(W))}]
    assert members(EVENTS, both(V, within(9)), cohorts=cohorts) == ["b"]
    with pytest.raises(SpecError, match="takes people away from nobody"):
        members(EVENTS, both(within(9)), cohorts=cohorts)


def test_a_list_has_everybody_once_and_those_whom_nobody_knows() -> None:
    project = ek.Project(rows("a v 01-10"), persons=[{"distinct_ids": ["a", "a2"], "properties": {}}])
    assert project.cohort_members({"is_static": True, "members": ["a", "a2", "a", "zed", "'); drop table x; --"]}) == [
        "'); drop table x; --", "a", "a2", "zed",
    ]  # fmt: skip
    assert project.cohort_members({"is_static": True, "members": []}) == []
    with pytest.raises(DataError, match="the static cohort 'cohort' has 4 members, and they are not in its JSON"):
        project.cohort_members({"is_static": True, "count": 4})


@pytest.mark.parametrize(
    ("definitions", "path"),
    [
        ([(1, within(1))], "1 -> 1"),
        ([(1, within(2)), (2, within(3)), (3, both(V, within(1, negation=True)))], "1 -> 2 -> 3 -> 1"),
        ([(1, did("v", event_filters=[within(1)], **WEEK))], "1 -> 1"),
        ([(1, did(7, event_type="actions", **WEEK))], "1 -> 1"),
    ],
)
def test_a_cohort_that_is_defined_by_itself_is_refused(definitions: list[tuple[int, Json]], path: str) -> None:
    project = {
        "actions": [{"id": 7, "name": "acted", "steps": [{"event": "v", "properties": [within(1)]}]}],
        "cohorts": [{"id": i, "definition": both(V, condition)} for i, condition in definitions],
    }
    with pytest.raises(SpecError, match=f"the cohort 1 is defined by itself: {path}"):
        members(EVENTS, within(1), **project)
    trend = {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "v"}], "properties": [within(1)]}
    with pytest.raises(SpecError, match=f"the cohort 1 is defined by itself: {path}"):
        ek.Project(rows(EVENTS), **project).query(trend, now=NOW)


def test_events_may_be_those_of_a_cohort() -> None:
    condition = did("v", event_filters=[within(2)], **WEEK)
    assert inside(condition) == ["b"]


# ---------------------------------------------------------------------- oldest forms
def test_the_oldest_form_is_any_of_its_groups() -> None:
    groups = {"groups": [{"properties": [{"key": "plan", "value": ["pro"], "type": "event"}]}, {"properties": {"seats__gt": 9}}]}
    assert members("", groups, persons=PERSONS) == ["a", "b", "b2"]
    assert members("", {"groups": [{"properties": {"plan": "pro", "seats": 5}}]}, persons=PERSONS) == ["a"]


@pytest.mark.parametrize(
    ("group", "found"),
    [
        ({"event_id": "v", "days": 3}, ["a", "b"]),
        ({"event_id": "v", "days": "1"}, ["a"]),
        ({"event_id": "v"}, ["a", "b", "c"]),  # a year
        ({"action_id": 7, "days": 3}, ["a", "b"]),
        ({"event_id": "v", "days": 3, "count": 2, "count_operator": "gte"}, ["b"]),
        ({"event_id": "v", "days": 3, "count": 1, "count_operator": "lte"}, ["a"]),
        ({"event_id": "v", "days": 3, "count": "2"}, ["b"]),
        ({"event_id": "v", "days": 3, "count": 0, "count_operator": "eq"}, ["a", "b"]),
    ],
)
def test_the_oldest_conditions_are_events_in_so_many_days(group: Json, found: list[str]) -> None:
    project = ek.Project(
        rows("a v 01-11 13:00; 2*b v 01-10; c v 2019-06-01; d v 2018-06-01"), actions=[{"id": 7, "name": "x", "steps": [{"event": "v"}]}]
    )
    assert project.cohort_members({"groups": [group]}, now=NOW) == found


def test_an_oldest_group_that_asks_nothing_is_refused() -> None:
    with pytest.raises(SpecError, match="a group of a cohort has 'properties', 'action_id' or 'event_id'"):
        ek.Project([]).cohort_members({"groups": [{"days": 3}]}, now=NOW)


# ---------------------------------------------------------------------- in queries
def ask(**query: Any) -> list[tuple[Any, list[float]]]:
    project = ek.Project(rows(EVENTS), cohorts=COHORTS)
    days = {"date_from": "2020-01-10", "date_to": "2020-01-10"}
    answer = project.query({"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "v"}], "dateRange": days, **query}, now=NOW)
    return [(row.get("breakdown_value"), row["data"]) for row in answer["results"]]


def test_cohorts_of_behaviour_filter_events_and_part_figures() -> None:
    assert ask(properties=[within(3)]) == [(None, [1])]
    assert ask(properties=[within(1, operator="not_in")]) == [(None, [0])]
    assert ask(breakdownFilter={"breakdown_type": "cohort", "breakdown": [1, 3, "all"]}) == [(1, [2]), (3, [1]), ("all", [2])]


def test_cohorts_of_behaviour_part_funnels() -> None:
    funnel = {
        "kind": "FunnelsQuery", "series": [{"kind": "EventsNode", "event": "v"}, {"kind": "EventsNode", "event": "w"}],
        "dateRange": {"date_from": "2020-01-10", "date_to": "2020-01-10"}, "breakdownFilter": {"breakdown_type": "cohort", "breakdown": [1, 3]},
    }  # fmt: skip
    results = ek.Project(rows(EVENTS), cohorts=COHORTS).query(funnel, now=NOW)["results"]
    assert {steps[0]["breakdown_value"]: [s["count"] for s in steps] for steps in results} == {1: [2, 1], 3: [1, 0]}


def test_the_clock_of_a_query_decides_where_windows_lie() -> None:
    project = ek.Project(rows(EVENTS), cohorts=COHORTS)
    assert project.cohort_members(both(within(1)), now="2020-02-12T12:00:00Z") == []
    assert project.cohort_members(both(within(1)), now="2020-01-17T12:00:00Z") == ["a", "b"]
