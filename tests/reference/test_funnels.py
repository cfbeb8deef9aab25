"""Funnels on random logs: evkit says what the slow reference says."""

from __future__ import annotations

import datetime as dt
import math
import random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import evkit as ek
from tests.reference import funnels as slow
from tests.reference.logs import EPOCH, Log, random_log
from tests.sizes import examples

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::evkit.errors.UnknownEventWarning")]
WINDOWS = {"30 seconds": 30, "10 minutes": 600, "5 hours": 18000, "2 days": 172800, "1 week": 604800}


def question(log: Log, source: random.Random, viz: str) -> tuple[slow.Asked, dict[str, Any], list[Any]]:
    """Make a question at random: as the reference takes it, and as evkit does."""
    steps: list[str | None] = [source.choice(["view", "search", "buy", None]) for _ in range(source.randint(2, 4))]
    n = len(steps)
    window = source.choice(list(WINDOWS))
    order = source.choice(["ordered", "ordered", "strict", "unordered"])
    first_day = EPOCH.date() + dt.timedelta(days=source.randint(0, 12))
    last_day = first_day + dt.timedelta(days=source.randint(0, 20))
    low = log.utc(dt.datetime.combine(first_day, dt.time()))
    high = log.utc(dt.datetime.combine(last_day, dt.time(23, 59, 59, 999999)))
    asked = slow.Asked(steps, WINDOWS[window], order=order, low=low, high=high)
    options: dict[str, Any] = {"window": window, "order_type": order, "date_range": (str(first_day), str(last_day)), "viz_type": viz}
    named = [s for s in steps if s is not None]
    if source.random() < 0.4 and len(named) == n and "other" not in steps:
        a, b = (0, n - 1) if order == "unordered" else sorted(source.sample(range(n), 2))
        asked.exclusions = [("other", a, b)]
        options["exclusions"] = (ek.Exclusion("other", after=a + 1, before=b + 1),)
    if viz == "steps" and order != "unordered" and source.random() < 0.3 and n > 2:
        asked.optional = [False, *(source.random() < 0.4 for _ in range(n - 2)), False]
        if any(o and steps[i] == steps[i + 1] for i, o in enumerate(asked.optional[:-1])):
            asked.optional = []
    if source.random() < 0.3:
        asked.browser = source.choice(["Chrome", "5"])
        options["filters"] = ek.event_prop("browser") == asked.browser
    if viz != "time_to_convert" and source.random() < 0.5:
        asked.breakdown, asked.attribution = True, source.choice(["first_touch", "last_touch", "all_events", "step"])
        options |= {"breakdown": "browser", "breakdown_attribution": asked.attribution, "breakdown_limit": 500}
        if asked.attribution == "step":
            asked.attributed = 0 if order == "unordered" else source.randrange(n)
            options["breakdown_attribution_step"] = asked.attributed + 1
    asked.first, asked.last = 0, n - 1
    if viz != "steps" and source.random() < 0.4:
        asked.first, asked.last = sorted(source.sample(range(n), 2))
        options |= {"from_step": asked.first + 1, "to_step": asked.last + 1}
    if viz == "trends":
        asked.interval = options["interval"] = source.choice(["hour", "day", "week", "month"])
        if asked.interval == "hour":
            asked.low, asked.high = low, log.utc(dt.datetime.combine(last_day, dt.time()))
    optional = asked.optional or [False] * n
    return asked, options, [ek.series(s, optional=o) for s, o in zip(steps, optional, strict=True)]


def close(a: float | None, b: float) -> bool:
    return math.isnan(b) if a is None else math.isclose(a, b, rel_tol=1e-9)


@settings(max_examples=examples(60, 1_000), deadline=None)
@given(st.integers(0, 2**40))
@example(4177)  # an optional step left out, and attribution by it
def test_steps(seed: int) -> None:
    log, source = random_log(seed)
    asked, options, steps = question(log, source, "steps")
    frame = log.to_evkit().funnel(*steps, **options).to_pandas()
    expected = slow.steps(log, asked)
    if not asked.breakdown and not expected:
        assert frame["count"].tolist() == [0] * len(steps)
        return
    found = {(value or ""): rows for value, rows in frame.groupby("breakdown_value", dropna=False)} if asked.breakdown else {"": frame}
    assert {v: rows["count"].tolist() for v, rows in found.items()} == {v: [c for c, _, _ in rows] for v, rows in expected.items()}
    for value, rows in expected.items():
        for (_, mean, median), row in zip(rows, found[value].itertuples(), strict=True):
            assert close(mean, row.average_seconds)
            assert close(median, row.median_seconds)


@settings(max_examples=examples(40, 600), deadline=None)
@given(st.integers(0, 2**40))
def test_conversion_over_time(seed: int) -> None:
    log, source = random_log(seed)
    asked, options, steps = question(log, source, "trends")
    frame = log.to_evkit().funnel(*steps, **options).to_pandas()
    expected = slow.periods(log, asked)
    entered = frame[frame.entered > 0]
    found: dict[str, dict[pd.Timestamp, tuple[int, int]]] = {}
    for row in entered.itertuples():
        found.setdefault(row.breakdown_value if asked.breakdown else "", {})[row.bucket] = (row.entered, row.converted)
    assert found == {v: {pd.Timestamp(p): n for p, n in rows.items()} for v, rows in expected.items() if rows}


@settings(max_examples=examples(25, 400), deadline=None)
@given(st.integers(0, 2**40))
def test_time_to_convert(seed: int) -> None:
    log, source = random_log(seed)
    asked, options, steps = question(log, source, "time_to_convert")
    bins = source.choice([None, 1, 3, 10])
    frame = log.to_evkit().funnel(*steps, **options, bin_count=bins).to_pandas()
    took = slow.took(log, asked)
    assert frame["count"].sum() == len(took)
    if not took:
        assert frame.empty
        return
    assert math.isclose(frame.average_seconds[0], float(np.mean(took)), abs_tol=1e-6)
    count = bins if bins is not None else max(1, min(60, math.ceil(round(len(took) ** (1 / 3), 9))))
    low, high = math.floor(min(took)), math.ceil(max(took))
    width = math.ceil((high - low) / count) or 60
    assert frame.bin_start_seconds.tolist() == [low + i * width for i in range(count + 1)]
    assert frame["count"].tolist() == [sum(math.floor((t - low) / width) == i for t in took) for i in range(count + 1)]
