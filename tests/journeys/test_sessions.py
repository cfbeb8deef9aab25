"""Sessions from journeys: the same as the engine finds."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evkit as ek
from evkit.model import journeys, sessions
from evkit.model.journeys import SESSIONS
from tests.reference.logs import random_log
from tests.sizes import examples

pytestmark = pytest.mark.filterwarnings("ignore::evkit.errors.UnknownEventWarning")
Ask = Callable[[ek.Events], Any]
ASKED: dict[str, Ask] = {
    "sessions": lambda e: e.sessions().sort_values(["start", "session_id"], ignore_index=True),
    "a trend of sessions": lambda e: e.trends(ek.series("view", math="unique_session"), interval="week").to_pandas(),
    "a trend of sessions by a property": lambda e: e.trends(ek.series(None, math="unique_session"), breakdown="browser").to_pandas(),
    "a cumulative trend": lambda e: e.trends(ek.series("view", math="unique_session"), display="ActionsLineGraphCumulative").to_pandas(),
    "a funnel of sessions": lambda e: e.funnel("view", "buy", aggregate_by="$session_id").to_pandas(),
    "a funnel of sessions by a property": lambda e: e.funnel("view", "buy", aggregate_by="$session_id", breakdown="browser").to_pandas(),
    "sessions that come back": lambda e: e.stickiness("view", aggregate_by="$session_id").to_pandas(),
}


def both_ways(events: ek.Events, ask: Ask, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("EVKIT_JOURNEYS", "off")
    expected = ask(events)
    patch.setenv("EVKIT_JOURNEYS", "always")
    pd.testing.assert_frame_equal(ask(events), expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", ASKED)
@settings(max_examples=examples(8, 400), deadline=None)
@given(seed=st.integers(0, 2**40))
def test_random_logs(name: str, seed: int) -> None:
    events = random_log(seed)[0].to_evkit()
    with pytest.MonkeyPatch.context() as patch:
        both_ways(events, ASKED[name], patch)


def frame(ids: list[str | None]) -> ek.Events:
    """Give one person's events, an hour apart, with session ids."""
    said = ["{}" if one is None else f'{{"$session_id": "{one}", "k": "x"}}' for one in ids]
    when = pd.date_range("2026-01-01", periods=len(ids), freq="h")
    return ek.from_frame(pd.DataFrame({"event": "view", "distinct_id": "p", "timestamp": when, "properties": said}))


def test_what_has_no_session_counts_as_one_in_trends_and_not_in_funnels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVKIT_JOURNEYS", "always")
    events = frame(["a", None, "b", None, "a"])
    assert events.trends(ek.series("view", math="unique_session"), interval="day").to_pandas().value.tolist() == [3]
    assert events.funnel("view", "view", aggregate_by="$session_id").to_pandas()["count"].tolist() == [2, 1]
    assert events.sessions()[["session_id", "events"]].values.tolist() == [["a", 2], ["p#1", 1], ["b", 1], ["p#2", 1]]


@pytest.mark.parametrize("odd", ["", "0199AA10-0000-7000-8000-0000000000F1"])
def test_ids_that_are_written_oddly_are_asked_of_the_engine(odd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    events = frame(["a", odd, odd.lower(), None, "a"])
    both_ways(events, ASKED["a funnel of sessions"], monkeypatch)
    both_ways(events, ASKED["sessions that come back"], monkeypatch)
    both_ways(events, ASKED["a trend of sessions"], monkeypatch)


def test_an_id_that_looks_like_one_of_a_pause_is_that_session(monkeypatch: pytest.MonkeyPatch) -> None:
    events = frame(["p#1", None, "b"])
    both_ways(events, ASKED["sessions"], monkeypatch)
    assert events.sessions()[["session_id", "events"]].values.tolist() == [["p#1", 2], ["b", 1]]


def test_the_engine_is_not_asked_for_what_journeys_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVKIT_JOURNEYS", "always")
    events = frame(["a", None, "b", None, "a"])
    journeys.prepare(events.tables, SESSIONS)
    monkeypatch.setattr(sessions, "with_session", None)
    assert len(events.sessions()) == 4
