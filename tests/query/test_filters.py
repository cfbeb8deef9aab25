"""Filters: what matches, worked by hand."""

import json
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import evkit as ek
from evkit.errors import SpecError, UnknownEventWarning
from evkit.query.filters import Matcher
from evkit.query.relation import relation


def matching(values: list[Any], test: ek.PropertyFilter) -> list[Any]:
    """Give the values of property p that a filter lets pass; None stands for an event without it."""
    rows = [
        {
            "event": "e",
            "distinct_id": "a",
            "timestamp": pd.Timestamp("2026-01-01"),
            "uuid": str(i),
            "properties": {} if v is None else {"p": v},
        }
        for i, v in enumerate(values)
    ]
    tables = ek.from_frame(pd.DataFrame(rows)).tables
    table = relation(tables, test)
    found = tables.execute(table.select("uuid", hit=Matcher(tables, table).filter(test)))
    return [values[int(u)] for u, hit in sorted(zip(found.uuid.astype(int), found.hit, strict=True)) if hit]


p = ek.event_prop("p")


@pytest.mark.parametrize(
    ("values", "test", "passing"),
    [
        (["a", "A", None, ""], p == "a", ["a"]),
        (["a", "b", None], p != "a", ["b", None]),
        ([5, "5", 5.0, "5.0", 50], p == 5, [5, "5", 5.0]),
        ([True, "true", False, 1], p == True, [True, "true"]),  # noqa: E712
        ([5, 5.0, 6], p == "5.0", [5, 5.0]),
        (["Firefox", "fire%", "ice", None, 5], p.icontains("FIRE"), ["Firefox", "fire%"]),
        (["ab", "a", None], p.regex("^a.$"), ["ab"]),
        ([10, "9", "x", True, None], p > 9, [10]),
        ([10, "9", 9.5], p >= 9, [10, "9", 9.5]),
        ([1, 3, 5, 7], p.between(3, 5), [3, 5]),
        (["", 0, False, None, [], {}], p.is_set(), ["", 0, False, [], {}]),
        (["", None], p.is_not_set(), [None]),
        (["a", "b", "c"], p.isin("a", "c"), ["a", "c"]),
        ([{"b": 1}], p == '{"b":1}', [{"b": 1}]),
    ],
)
def test_operators(values: list[Any], test: ek.PropertyFilter, passing: list[Any]) -> None:
    assert matching(values, test) == passing


@pytest.mark.parametrize("key", ["$browser", "a.b", 'say "hi"', "a b", "ключ", "a/b~c", "$", "[0]", "'"])
def test_any_name_of_a_property_is_read(key: str) -> None:
    rows = [
        {"event": "e", "distinct_id": "a", "timestamp": pd.Timestamp("2026-01-01"), "properties": json.dumps({key: v})} for v in ("x", "y")
    ]
    events = ek.from_frame(pd.DataFrame(rows))
    assert events.filter(ek.event_prop(key) == "x").trends("e").to_pandas().value.tolist() == [1]


def test_groups_of_filters_nest() -> None:
    either = ek.FilterGroup("OR", (p == "a", ek.FilterGroup("AND", (p.icontains("b"), p != "bb"))))
    rows = [
        {"event": "e", "distinct_id": "a", "timestamp": pd.Timestamp("2026-01-01"), "properties": {"p": v}} for v in ("a", "b", "bb", "abc")
    ]
    assert ek.from_frame(pd.DataFrame(rows)).filter(either).trends("e").to_pandas().value.tolist() == [3]


def test_a_person_is_as_it_is_now(log: Callable[..., ek.Events]) -> None:
    events = log("a play 01-01; b play 01-01")
    set_later = ek.from_frame(
        pd.DataFrame(
            [
                {"event": "play", "distinct_id": "a", "timestamp": pd.Timestamp("2026-01-01"), "properties": {}},
                {"event": "$set", "distinct_id": "a", "timestamp": pd.Timestamp("2026-01-09"), "properties": {"$set": {"plan": "pro"}}},
                {"event": "play", "distinct_id": "b", "timestamp": pd.Timestamp("2026-01-01"), "properties": {}},
            ]
        )
    )
    pro = ek.person_prop("plan") == "pro"
    assert set_later.filter(pro).trends("play").to_pandas().value.sum() == 1
    with pytest.warns(UnknownEventWarning, match="no person has a property 'plan'. Figures that ask for it are zeros"):
        assert events.filter(pro).trends("play").to_pandas().value.sum() == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ek.PropertyFilter("p", 1, "equals"), "unknown operator 'equals'"),
        (lambda: ek.PropertyFilter("p", 1, type="people"), "unknown property type 'people'"),
        (lambda: p.between(5, 3), "the lower number comes first"),
        (lambda: ek.PropertyFilter("p", ("a", "b"), "between"), "needs two numbers"),
        (lambda: ek.FilterGroup("XOR"), "unknown filter group 'XOR'"),
        (lambda: ek.FilterGroup("AND", ("p",)), "'p' is no filter"),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_filter_fails_where_it_is_typed(make: Callable[[], object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        make()
