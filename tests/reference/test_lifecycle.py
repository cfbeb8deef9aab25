"""Lifecycles on random logs: evkit says what the slow reference says."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import evkit as ek
from evkit.model.created import persons_created
from tests.reference import lifecycle as slow
from tests.reference.logs import EPOCH, Log, random_log
from tests.sizes import examples

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::evkit.errors.UnknownEventWarning")]


def with_personless(log: Log, source: random.Random) -> Log:
    """Let some events be without a person profile: truly, or by the text alone."""
    for e in log.events:
        if e.name != "$identify" and source.random() < 0.1:
            e.properties["$process_person_profile"] = source.choice([False, "false", True, "true"])
    return log


def question(source: random.Random) -> tuple[slow.Asked, dict[str, Any]]:
    """Make a question at random: as the reference takes it, and as evkit does."""
    first = EPOCH.date() + dt.timedelta(days=source.randint(-3, 15))
    asked = slow.Asked(source.choice(["view", "search", None]), source.choice(["hour", "day", "day", "week", "month"]), first, first)
    asked.last = first + dt.timedelta(days=source.randint(0, 4 if asked.interval == "hour" else 25))
    options: dict[str, Any] = {"interval": asked.interval, "date_range": (str(asked.first), str(asked.last))}
    if source.random() < 0.2 and asked.interval != "hour":
        asked.first = asked.last = None
        options["date_range"] = source.choice([None, "all"])
    filters = []
    if source.random() < 0.3:
        asked.browser = source.choice(["Chrome", "5", "true"])
        filters.append(ek.event_prop("browser") == asked.browser)
    if source.random() < 0.2:
        asked.plan = source.choice(["free", "pro"])
        filters.append(ek.person_prop("plan") == asked.plan)
    options["filters"] = ek.FilterGroup("AND", tuple(filters))
    if source.random() < 0.2:
        asked.own = source.choice(["Chrome", "Safari"])
    return asked, options


@settings(max_examples=examples(50, 2_000), deadline=None)
@given(st.integers(0, 2**40))
@example(8307332)  # u3's first event has no profile: whose person it is comes later
@example(246506)  # and so is whose plan it is
def test_lifecycle(seed: int) -> None:
    log, source = random_log(seed)
    log = with_personless(log, source)
    asked, options = question(source)
    events = log.to_evkit()
    subject = asked.name if asked.own is None else ek.series(asked.name, filters=ek.event_prop("browser") == asked.own)
    insight = events.lifecycle(subject, **options)
    frame = insight.to_pandas()
    expected = slow.lifecycle(log, asked)
    assert {(r.bucket.to_pydatetime(), r.status): r.value for r in frame.itertuples() if r.value} == expected
    shown = frame.bucket.drop_duplicates().dt.to_pydatetime().tolist()
    assert [b for b in shown if b in slow.starts(log, asked)] == slow.starts(log, asked)
    if seed % 8:
        return  # each question more costs as much as the first
    as_rows = events.tables.execute(insight.to_ibis())
    assert {(r.bucket.to_pydatetime(), r.status): r.value for r in as_rows.itertuples()} == expected
    people = insight.actors().groupby(["bucket", "status"]).actor_id.nunique()
    assert {(b.to_pydatetime(), s): n for (b, s), n in people.items()} == {k: abs(v) for k, v in expected.items()}


@settings(max_examples=examples(30, 2_000), deadline=None)
@given(st.integers(0, 2**40))
def test_when_persons_were_created_is_what_their_replay_says(seed: int) -> None:
    log, source = random_log(seed)
    log = with_personless(log, source)
    events = log.to_evkit()
    found = events.tables.execute(persons_created(events.tables)).sort_values("person_id", ignore_index=True)
    replayed = events.persons()[["person_id", "created_at"]]
    pd.testing.assert_frame_equal(found, replayed, check_dtype=False)
    assert {r.person_id: r.created_at.to_pydatetime() for r in found.itertuples()} == log.created()
