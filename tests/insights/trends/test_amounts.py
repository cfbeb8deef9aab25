"""Maths of a property and counts per actor, from the engine and from journeys: figures by hand."""

import json

import pandas as pd
import pytest

import evkit as ek
from evkit.insights.trends import amounts
from evkit.journeys import columns

pytestmark = pytest.mark.filterwarnings("ignore::evkit.errors.UnknownEventWarning")

# day 1: ann 10 and 4 (free), bob "2" (pro), bob a text; day 2: nobody; day 3: ann nothing at all (free)
SAID = [
    ("ann", "01-01", {"price": 10, "plan": "free"}),
    ("ann", "01-01", {"price": 4.0, "plan": "free"}),
    ("bob", "01-01", {"price": "2", "plan": "pro"}),
    ("bob", "01-01", {"price": "dear", "plan": "pro"}),
    ("ann", "01-03", {"plan": "free"}),
]


@pytest.fixture(params=["off", "always"])
def events(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ek.Events:
    monkeypatch.setenv("EVKIT_JOURNEYS", request.param)
    rows = [
        {"event": "buy", "distinct_id": who, "timestamp": f"2026-{day}T10:0{minute}:00Z", "properties": json.dumps(said)}
        for minute, (who, day, said) in enumerate(SAID)
    ]
    return ek.from_frame(pd.DataFrame(rows), timezone="UTC").between("2026-01-01", "2026-01-04")


def values(events: ek.Events, **asked: object) -> list[float]:
    found: list[float] = events.trends(ek.series("buy", **asked)).to_pandas()["value"].tolist()
    return found


@pytest.mark.parametrize(
    ("math", "expected"),
    [("sum", 16.0), ("avg", 16 / 3), ("min", 2.0), ("max", 10.0), ("median", 4.0), ("p75", 7.0), ("p90", 4 + 0.8 * 6)],
)
def test_a_property(events: ek.Events, math: str, expected: float) -> None:
    assert values(events, math=math, math_property="price") == pytest.approx([expected, 0, 0], abs=1e-12)
    assert values(events, math=math, math_property="price", math_multiplier=-1)[0] == pytest.approx(
        {"min": -10.0, "max": -2.0, "p75": -3.0, "p90": -(2 + 0.2 * 2)}.get(math, -expected), abs=1e-12
    )


def test_a_property_of_nobody_is_nothing(events: ek.Events) -> None:
    assert values(events, math="sum", math_property="weight") == [0, 0, 0]


@pytest.mark.parametrize(("math", "expected"), [("avg", 2.0), ("min", 2.0), ("max", 2.0), ("median", 2.0)])
def test_counts_per_person(events: ek.Events, math: str, expected: float) -> None:
    assert values(events, math=f"{math}_count_per_actor") == [expected, 0, {"avg": 1}.get(math, 1)]


def test_by_a_value(events: ek.Events) -> None:
    found = events.trends(ek.series("buy", math="sum", math_property="price"), breakdown="plan", display="ActionsTable").to_pandas()
    assert dict(zip(found.breakdown_value, found.value, strict=True)) == {"free": 14.0, "pro": 2.0}


def test_too_many_values_are_asked_of_the_engine(events: ek.Events, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "MOST_WORDS", 2)
    assert values(events, math="max", math_property="price") == [10.0, 0, 0]


def test_every_math_of_a_number_is_computed_here() -> None:
    from typing import get_args

    from evkit.query.spec import Math

    assert {m for m in get_args(Math) if m in amounts.PROPERTY_MATHS or m.endswith("_count_per_actor")} == set(amounts.MATHS)
