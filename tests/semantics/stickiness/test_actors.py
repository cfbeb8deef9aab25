"""retention_paths.md, section 3: who is behind a figure."""

from __future__ import annotations

from typing import Any

import pytest

import evkit as ek
from evkit.errors import SpecError
from tests.semantics.stickiness.asking import NOW, asked, who
from tests.semantics.trends.asking import node, rows

DAYS = ("2020-01-06", "2020-01-08")
EVENTS = "a v 01-06; a v 01-07; a v 01-08; b v 01-06; b v 01-08; c v 01-07; d v 01-05"


@pytest.mark.parametrize(
    ("which", "found"),
    [
        ({"day": 1}, ["c"]),
        ({"day": 2}, ["b"]),
        ({"day": 3, "operator": "exact"}, ["a"]),
        ({"day": 2, "operator": "gte"}, ["a", "b"]),
        ({"day": 2, "operator": "lte"}, ["b", "c"]),
        ({"day": "2"}, ["b"]),
        ({}, ["a", "b", "c"]),
    ],
)
def test_actors_are_of_so_many_days_or_more_or_fewer(which: dict[str, Any], found: list[str]) -> None:
    assert who(EVENTS, days=DAYS, which=which) == found


@pytest.mark.parametrize("operator", [None, "exact", "lte", "gte"])
def test_of_cumulative_figures_they_are_always_those_of_so_many_or_more(operator: str | None) -> None:
    which = {"day": 2, **({"operator": operator} if operator else {})}
    assert who(EVENTS, days=DAYS, computedAs="cumulative", which=which) == ["a", "b"]


def test_criteria_and_pairs_of_days_decide_who_it_is() -> None:
    events = "2*a v 01-06; a v 01-08; b v 01-07; b v 01-08"
    assert who(events, days=DAYS, stickinessCriteria={"operator": "gte", "value": 2}, which={"day": 1}) == ["a"]
    assert who(events, days=DAYS, intervalCount=2, which={"day": 1}) == ["b"]


def test_actors_are_of_one_series_and_one_period() -> None:
    events = "a v 01-06; b w 01-06; c w 01-05"
    days = ("2020-01-06", "2020-01-06")
    assert who(events, "v", "w", days=days, which={"day": 1, "series": 1}) == ["b"]
    gone = {"kind": "ActionsNode", "id": 8}
    assert who(events, gone, "w", days=days, which={"day": 1, "series": 1}) == ["b"]
    assert who(events, "v", "w", days=days, compare=True, which={"day": 1, "series": 1, "compare": "previous"}) == ["c"]
    assert who(events, "v", "w", days=days, which={"day": 1, "series": 1, "compare": "previous"}) == ["c"]


def test_groups_are_answered_by_their_key() -> None:
    given = {"groups": [{"type": "org", "index": 0, "key": "x", "properties": {"name": "X"}}]}
    source = asked(node("v", "unique_group", math_group_type_index=0), days=DAYS)
    ours = ek.Project(rows("a v 01-06 $group_0=x"), **given)
    found = ours.query({"kind": "StickinessActorsQuery", "source": source, "day": 1}, now=NOW)["results"]
    assert found == [{"id": "x", "distinct_ids": [], "properties": {"name": "X"}}]


def test_the_older_kind_of_actors_query_and_pages_are_answered_too() -> None:
    ours = ek.Project(rows(EVENTS))
    older = {"kind": "InsightActorsQuery", "source": asked("v", days=DAYS), "day": 2}
    assert [r["id"] for r in ours.query(older, now=NOW)["results"]] == ["b"]
    page = {"kind": "ActorsQuery", "source": {"kind": "StickinessActorsQuery", "source": asked("v", days=DAYS)}, "limit": 1, "offset": 1}
    assert [r["id"] for r in ours.query(page, now=NOW)["results"]] == ["b"]


@pytest.mark.parametrize(
    ("which", "message"),
    [
        ({"day": "2020-01-06"}, "day '2020-01-06': of stickiness that is a number of intervals"),
        ({"day": 1.5}, "day 1.5: of stickiness that is a number of intervals"),
        ({"day": 1, "operator": "gt"}, "unknown operator 'gt'"),
        ({"day": 1, "series": 1}, "no series 1: they count from 0 to 0"),
        ({"day": 1, "compare": "last"}, "unknown compare 'last'"),
    ],
)
def test_an_actors_query_asks_for_a_figure_that_there_is(which: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        who(EVENTS, days=DAYS, which=which)


def test_a_day_that_no_figure_has_is_compared_all_the_same() -> None:
    days = ("2020-01-01", "2020-01-03")
    assert [
        who("a v 01-01; a v 01-02", days=days, which={"day": day, "operator": o}) for day, o in ((10, "exact"), (10, "lte"), (0, "gte"))
    ] == [
        [],
        ["a"],
        ["a"],
    ]
