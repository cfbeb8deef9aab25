"""Trends on random logs: evkit says what the slow reference says."""

from __future__ import annotations

import datetime as dt
import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evkit as ek
from tests.reference import trends as slow
from tests.reference.logs import EPOCH, Log, random_log
from tests.sizes import examples

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::evkit.errors.UnknownEventWarning")]
MATHS = [
    "total", "dau", "weekly_active", "monthly_active", "unique_session", "first_time_for_user", "first_matching_event_for_user",
    "sum", "avg", "min", "max", "median", "p75", "p90", "p95", "p99", "avg_count_per_actor", "max_count_per_actor", "p90_count_per_actor",
]  # fmt: skip


def question(log: Log, source: random.Random) -> tuple[slow.Asked, list[Any], dict[str, Any]]:
    """Make a question at random: as the reference takes it, and as evkit does."""
    first = EPOCH.date() + dt.timedelta(days=source.randint(-3, 15))
    last = first + dt.timedelta(days=source.randint(0, 25))
    asked = slow.Asked(
        source.choice(["view", "search", "buy", None]), source.choice(MATHS), source.choice(["hour", "day", "week", "month"]), first, last
    )
    if asked.interval == "hour":
        asked.last = min(last, first + dt.timedelta(days=4))
    series = ek.series(asked.name, math=asked.math, math_property="price" if asked.math in slow.AGGREGATES else None)
    options: dict[str, Any] = {"interval": asked.interval, "date_range": (str(asked.first), str(asked.last))}
    if source.random() < 0.4:
        asked.browser = source.choice(["Chrome", "5", "true"])
        options["filters"] = ek.event_prop("browser") == asked.browser
    chosen = source.choice([None, None, "browser", "plan", "price", "bins"])
    if chosen:
        asked.breakdown, asked.limit = "price" if chosen == "bins" else chosen, source.choice([1, 2, 25])
        asked.bins = source.choice([1, 2, 3, 7]) if chosen == "bins" else None
        ref = ek.person_prop("plan") if chosen == "plan" else ek.event_prop(asked.breakdown, histogram_bin_count=asked.bins)
        options |= {"breakdown": ref, "breakdown_limit": asked.limit}
    kind = source.random()
    if kind < 0.2:
        asked.total = True
        options["display"] = "ActionsTable"
    elif kind < 0.4 and asked.math in ("total", "dau", "sum"):
        asked.cumulative = True
        options["display"] = "ActionsLineGraphCumulative"
    elif kind < 0.5:
        asked.smoothing = options["smoothing_intervals"] = source.choice([2, 5])
    return asked, [series], options


@settings(max_examples=examples(50, 2_000), deadline=None)
@given(st.integers(0, 2**40))
def test_trends(seed: int) -> None:
    log, source = random_log(seed)
    asked, series, options = question(log, source)
    frame = log.to_evkit().trends(*series, **options).to_pandas()
    expected = slow.rows(log, asked)
    found: list[tuple[str, list[float]]] = []
    for row in frame.itertuples():
        value = row.breakdown_value if asked.breakdown else ""
        if not found or found[-1][0] != value:
            found.append((value, []))
        found[-1][1].append(row.value)
    assert [v for v, _ in found] == [v for v, _ in expected]
    for (_, ours), (_, theirs) in zip(found, expected, strict=True):
        assert len(ours) == len(theirs)
        assert all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9) for a, b in zip(ours, theirs, strict=True)), (ours, theirs)
    if not asked.total and not asked.breakdown:
        assert frame.bucket.tolist() == slow.starts(log, asked)
