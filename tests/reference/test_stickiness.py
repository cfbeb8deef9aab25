"""Stickiness on random logs: evkit says what the slow reference says."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evkit as ek
from tests.reference import stickiness as slow
from tests.reference.logs import EPOCH, random_log
from tests.sizes import examples

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::evkit.errors.UnknownEventWarning")]


def question(source: random.Random) -> tuple[slow.Asked, dict[str, Any]]:
    """Make a question at random: as the reference takes it, and as evkit does."""
    first = EPOCH.date() + dt.timedelta(days=source.randint(-3, 15))
    asked = slow.Asked(source.choice(["view", "search", "buy", None]), source.choice(["hour", "day", "week", "month"]), first, first)
    asked.last = first + dt.timedelta(days=source.randint(0, 4 if asked.interval == "hour" else 40))
    asked.count = source.choice([1, 1, 2, 3, 7])
    asked.cumulative = source.random() < 0.3
    options: dict[str, Any] = {
        "interval": asked.interval, "date_range": (str(asked.first), str(asked.last)), "interval_count": asked.count, "cumulative": asked.cumulative,
    }  # fmt: skip
    if source.random() < 0.4:
        asked.criteria = options["criteria"] = (source.choice(["gte", "lte", "exact"]), source.randint(1, 4))
    if source.random() < 0.3:
        asked.browser = source.choice(["Chrome", "5", "true"])
        options["filters"] = ek.event_prop("browser") == asked.browser
    if source.random() < 0.2:
        asked.by = options["aggregate_by"] = source.choice(["$session_id", "price"])
    return asked, options


@settings(max_examples=examples(50, 2_000), deadline=None)
@given(st.integers(0, 2**40))
def test_stickiness(seed: int) -> None:
    log, source = random_log(seed)
    asked, options = question(source)
    events = log.to_evkit()
    insight = events.stickiness(asked.name, **options)
    expected = slow.stickiness(log, asked)
    assert insight.to_pandas().value.tolist() == expected
    if seed % 8:
        return  # each question more costs as much as the first
    rows = events.tables.execute(insight.to_ibis())
    assert {r.intervals: r.value for r in rows.itertuples() if r.value} == {k: n for k, n in enumerate(expected, start=1) if n}
    assert [len(insight.actors(intervals=k)) for k in range(1, min(len(expected), 3) + 1)] == expected[:3]
