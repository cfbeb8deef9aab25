"""Names from the data: completed, checked, and looked up once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import evkit as ek
from evkit.errors import SpecError

Log = Callable[..., ek.Events]


def test_event_names_stand_for_themselves_and_complete(log: Log) -> None:
    events = log("a view 01-01; a movie_played 01-02; b view 01-02")
    assert repr(events.names) == '<event names, not looked up yet: write ["..."], Tab completes>'
    assert events.names["movie_played"] == "movie_played"
    assert events.names._ipython_key_completions_() == list(events.names) == ["movie_played", "view"]
    assert (len(events.names), "view" in events.names, "buy" in events.names) == (2, True, False)
    assert "2 of them" in repr(events.names)
    with pytest.raises(
        SpecError, match=r"no event is called 'movie_play'\. Did you mean 'movie_played'\? The data has: movie_played, view"
    ):
        events.names["movie_play"]


def test_properties_are_what_filters_and_breakdowns_take(log: Log) -> None:
    events = log("a view 01-01 plan=pro; b view 01-01 plan=free; b view 01-02")
    assert events.properties._ipython_key_completions_() == ["plan"]
    assert events.filter(events.properties["plan"] == "pro").trends("view").to_pandas().value.tolist() == [1, 0]
    assert events.trends("view", breakdown=events.properties["plan"], display="ActionsTable").to_pandas().value.tolist() == [1, 1, 1]
    with pytest.raises(SpecError, match=r"no property is called 'plam'\. Did you mean 'plan'\?"):
        events.properties["plam"]


def test_a_property_that_only_persons_have_is_theirs() -> None:
    events = ek.load_sample()
    assert events.properties["$initial_browser"].type == "person"
    assert events.properties["$current_url"].type == "event"
    assert events.names["movie_played"] == "movie_played"
