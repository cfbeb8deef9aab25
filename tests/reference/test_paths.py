"""Paths on random logs: evkit says what the slow reference says."""

from __future__ import annotations

import datetime as dt
import math
import random
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evkit as ek
from tests.reference import funnels
from tests.reference import paths as slow
from tests.reference.logs import EPOCH, MISSING, Log, random_log
from tests.sizes import examples

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::evkit.errors.UnknownEventWarning")]
URLS = ["/", "/a", "/a/", "/b/1", "/b/22/", "/b/1/x", "//", "", None, MISSING]
POINTS = ["/", "/a", "/a/", "/b", "buy", "other", "", "/b/*", "$pageview", "Chrome", "s/"]
GLOBS = ["/b/*", "*/x", "b*", "/", "o*e", "1.*", "...", "s*"]
CLEANING = [("[0-9]+", "n"), ("/$", ""), ("(b)/", r"\1-"), ("(?i)CHROME|buy", "")]
KINDS = [[], [], ["$pageview"], ["$pageview", "$screen", "custom_event"], ["custom_event"], ["hogql"], ["hogql", "$pageview"]]


def walked(seed: int) -> tuple[Log, random.Random]:
    """Make a log with pages and screens."""
    log, source = random_log(seed)
    for event in log.events:
        name = {"view": "$pageview", "search": "$screen"}.get(event.name)
        if name is None:
            continue
        event.name = name
        said = source.choice(URLS if name == "$pageview" else ["s", "s/", "", None, MISSING])
        if said is not MISSING:
            event.properties["$current_url" if name == "$pageview" else "$screen_name"] = said
    return log, source


def question(log: Log, source: random.Random) -> tuple[slow.Asked, dict[str, Any]]:
    """Make a question at random: as the reference takes it, and as evkit does."""
    first = EPOCH.date() + dt.timedelta(days=source.randint(-2, 10))
    last = first + dt.timedelta(days=source.randint(0, 25))
    asked = slow.Asked(log.utc(dt.datetime.combine(first, dt.time())), log.utc(dt.datetime.combine(last, dt.time(23, 59, 59, 999999))))
    asked.kinds = source.choice(KINDS)
    options: dict[str, Any] = {"date_range": (str(first), str(last)), "include_event_types": tuple(asked.kinds)}
    if source.random() < 0.4:
        asked.start = options["start_point"] = source.choice([p for p in POINTS if p])
    if source.random() < 0.4:
        asked.end = options["end_point"] = source.choice([p for p in POINTS if p])
    asked.steps = options["step_limit"] = source.choice([1, 2, 3, 4, 5, 12])
    asked.edges = options["edge_limit"] = source.choice([1, 2, 5, 50])
    if source.random() < 0.2:
        asked.least = options["min_edge_weight"] = source.randint(1, 3)
    if source.random() < 0.2:
        asked.most = options["max_edge_weight"] = source.randint(asked.least or 1, 4)
    if asked.kinds and source.random() < 0.4:
        asked.excluded = source.sample(POINTS, 2)
        options["exclude_events"] = tuple(asked.excluded)
    if source.random() < 0.4:
        asked.globs = source.sample(GLOBS, source.randint(1, 3))
        options["path_groupings"] = tuple(asked.globs)
    if source.random() < 0.4:
        asked.cleaning = source.sample(CLEANING, source.randint(1, 3))
        options["local_path_cleaning_filters"] = tuple(asked.cleaning)
    if (not asked.kinds or "hogql" in asked.kinds) and source.random() < 0.4:
        asked.by_browser, options["expression"] = True, "browser"
    if source.random() < 0.2:
        asked.browser = source.choice(["Chrome", "5"])
        options["filters"] = ek.event_prop("browser") == asked.browser
    if source.random() < 0.3:
        options |= followed(log, source, asked)
    return asked, options


def followed(log: Log, source: random.Random, asked: slow.Asked) -> dict[str, Any]:
    """Follow who is at a step of a funnel; the slow funnel says who, and when."""
    low, high = log.utc(EPOCH), log.utc(EPOCH + dt.timedelta(days=40))
    steps: list[str | None] = source.choice([["$pageview", "buy"], ["other", "$screen", "buy"]])
    window, seconds = source.choice([("1 hour", 3600), ("2 days", 172800)])
    high -= dt.timedelta(microseconds=1)
    chains = funnels.results(log, funnels.Asked(steps, seconds, low=low, high=high))
    at = {who: [dt.datetime(1970, 1, 1) + dt.timedelta(seconds=t) for t in chain.times] for who, _, chain in chains}
    step, dropped = source.randint(1, len(steps)), source.random() < 0.4
    step += dropped and step == 1
    base = step - dropped
    kinds = ["funnel_path_after_step", "funnel_path_before_step"] + ["funnel_path_between_steps"] * (base > 1)
    kind = source.choice(kinds)
    asked.pause, asked.followed = dt.timedelta(seconds=seconds), {}
    for who, times in at.items():
        if len(times) < base or (dropped and len(times) > base):
            continue
        time, since, until = times[base - 1], dt.datetime.min, dt.datetime.max
        if kind == "funnel_path_after_step":
            since = time + (asked.pause if dropped else dt.timedelta())
        else:
            until = time
        if kind == "funnel_path_between_steps":
            since = times[base - 2]
        asked.followed[who] = (since, until)
    funnel = ek.Funnel(*steps, window=window, date_range=(str(EPOCH.date()), str((EPOCH + dt.timedelta(days=39)).date())))
    return {"funnel": funnel, "funnel_path_type": kind, "funnel_step": step, "funnel_dropped": dropped}


@settings(max_examples=examples(50, 2_000), deadline=None)
@given(st.integers(0, 2**40))
def test_paths(seed: int) -> None:
    log, source = walked(seed)
    asked, options = question(log, source)
    frame = log.to_evkit().paths(**options).to_pandas()
    expected = slow.edges(log, asked)
    found = [(f"{r.step}_{r.source}", f"{r.step + 1}_{r.target}", r.value) for r in frame.itertuples()]
    assert found == [edge[:3] for edge in expected]
    for ours, (*_, theirs) in zip(frame.average_conversion_seconds, expected, strict=True):
        assert math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9)


@settings(max_examples=examples(30, 600), deadline=None)
@given(st.integers(0, 2**40))
def test_the_people_of_paths(seed: int) -> None:
    log, source = walked(seed)
    asked, options = question(log, source)
    paths = log.to_evkit().paths(**options)
    for row in paths.to_pandas().head(3).itertuples():
        one = paths.actors(step=row.step, source=row.source, target=row.target)
        assert dict(zip(one.actor_id, one.paths, strict=True)) == slow.went(
            log, asked, f"{row.step}_{row.source}", f"{row.step + 1}_{row.target}"
        )
        assert one.paths.sum() == row.value
        end = paths.actors(step=row.step + 1, dropoff=row.target) if slow.ended(log, asked, f"{row.step + 1}_{row.target}") else None
        if end is not None:
            assert dict(zip(end.actor_id, end.paths, strict=True)) == slow.ended(log, asked, f"{row.step + 1}_{row.target}")


@settings(max_examples=examples(15, 300), deadline=None)
@given(st.integers(0, 2**40))
def test_the_order_of_rows_decides_nothing(seed: int) -> None:
    log, source = walked(seed)
    _, options = question(log, source)
    table = log.to_evkit().to_pandas()
    rows = [
        {"uuid": e.uuid, "event": e.name, "distinct_id": e.who, "timestamp": e.time, "arrival": i, "properties": e.properties}
        for i, e in enumerate(log.sent)
    ]
    source.shuffle(rows)
    again = ek.from_frame(pd.DataFrame(rows), timezone=log.zone, week_start=log.week_start)  # type: ignore[arg-type]
    assert len(again.to_pandas()) == len(table)
    pd.testing.assert_frame_equal(again.paths(**options).to_pandas(), log.to_evkit().paths(**options).to_pandas())
