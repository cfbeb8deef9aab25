"""Retention on random logs: evkit says what the slow reference says."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evkit as ek
from tests.reference import retention as slow
from tests.reference.logs import EPOCH, random_log
from tests.sizes import examples

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::evkit.errors.UnknownEventWarning")]
NAMES = ["view", "view", "search", "buy", None]


def question(source: random.Random) -> tuple[slow.Asked, list[Any], dict[str, Any]]:
    """Make a question at random: as the reference takes it, and as evkit does."""
    period = source.choice(["hour", "day", "day", "week", "month"])
    last = EPOCH.date() + dt.timedelta(days=source.randint(0, 30))
    first = last - dt.timedelta(days=source.randint(0, 3 if period == "hour" else 25)) if source.random() < 0.7 else None
    browsers = [source.choice([None, None, "Chrome", "5"]) for _ in range(2)]
    asked = slow.Asked(source.choice(NAMES), source.choice(NAMES), *browsers, period, source.choice([1, 2, 3, 7, 12]), first, last)
    if source.random() < 0.3:
        asked.returning, asked.returning_browser = asked.target, asked.target_browser
    asked.kind = source.choice(["retention_recurring", slow.FIRST_TIME, slow.FIRST_EVER])
    asked.brackets = source.choice([(), (), (1, 2), (3,), (2, 1, 5)])
    mode = source.choice(["plain", "cumulative", "minimum", "both", "rolling", "sum", "avg"])
    asked.cumulative, asked.minimum = mode in ("cumulative", "both"), source.choice([2, 3]) if mode in ("minimum", "both") else 1
    asked.rolling, asked.aggregation = mode == "rolling", mode if mode in ("sum", "avg") else "count"
    asked.breakdown, asked.limit = source.choice([None, None, "browser", "plan"]), source.choice([1, 2, 25])
    asked.only = source.choice([None, None, None, "Chrome"])
    entities = [
        ek.series(name, filters=None if browser is None else ek.event_prop("browser") == browser)
        for name, browser in ((asked.target, asked.target_browser), (asked.returning, asked.returning_browser))
    ]
    options: dict[str, Any] = {
        "period": period, "total_intervals": asked.intervals, "retention_type": asked.kind, "cumulative": asked.cumulative,
        "minimum_occurrences": asked.minimum, "custom_brackets": asked.brackets, "aggregation_type": asked.aggregation,
        "date_range": (None if first is None else str(first), str(last)), "breakdown_limit": asked.limit,
    }  # fmt: skip
    if asked.rolling:
        options["time_window_mode"] = "24_hour_windows"
    if asked.aggregation != "count":
        options["aggregation_property"] = "price"
    if asked.breakdown:
        options["breakdown"] = ek.person_prop("plan") if asked.breakdown == "plan" else asked.breakdown
    if asked.only:
        options["filters"] = ek.event_prop("browser") == asked.only
    return asked, entities, options


@settings(max_examples=examples(50, 2_000), deadline=None)
@given(st.integers(0, 2**40))
def test_retention(seed: int) -> None:
    log, source = random_log(seed, most=120)
    asked, entities, options = question(source)
    insight = log.to_evkit().retention(*entities, **options)
    frame = insight.to_pandas()
    expected = slow.retention(log, asked)
    starts = slow.starts(log, asked)
    width = len(insight.spec.labels)
    if not expected:
        assert frame.empty
        return
    values = list(dict.fromkeys(frame.breakdown_value)) if asked.breakdown else [""]
    assert values == [value for value, _, _ in expected]
    for i, (_, counts, sums) in enumerate(expected):
        part = frame.iloc[i * len(starts) * width : (i + 1) * len(starts) * width]
        assert part.cohort.drop_duplicates().tolist() == starts
        assert part["count"].to_numpy().reshape(-1, width).tolist() == counts
        if asked.aggregation != "count":
            wanted = np.array(sums) if asked.aggregation == "sum" else np.array(sums) / np.maximum(np.array(counts), 1)
            np.testing.assert_allclose(part.aggregation_value.to_numpy().reshape(-1, width), wanted, atol=1e-9)
    check_states(frame)
    check_actors(insight, frame, asked)


def check_states(frame: Any) -> None:
    """What is to come has nobody, and no cell more than its cohort."""
    assert not frame[frame.state == "to_come"]["count"].any()
    assert (frame["count"] <= frame.cohort_size).all()


def check_actors(insight: ek.Insight, frame: Any, asked: slow.Asked) -> None:
    """Behind the largest figure are as many actors as it says."""
    if asked.breakdown == "browser" and (frame.breakdown_value == slow.OTHER).any():
        return  # the rest counts somebody once in each of its values
    top = frame.loc[frame["count"].idxmax()]
    if top["count"]:
        value = top.breakdown_value if asked.breakdown else None
        assert len(insight.actors(cohort=top.cohort, interval=int(top.interval), breakdown_value=value)) == top["count"]
