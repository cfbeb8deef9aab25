"""Paths as they are asked in Python: people, rows of the frame, warnings, rules, filters of the events they are asked of."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import evkit as ek
from evkit.errors import UnknownEventWarning
from evkit.insights import display, figures

Log = Callable[..., ek.Events]
LOG = "a x 01-01; a y 01-01 00:01; a z 01-01 00:03; b x 01-01; b y 01-01 00:02; c w 01-01; c y 01-01 00:01; d x 01-01"


def test_a_frame_has_a_row_an_edge_with_seconds(log: Log) -> None:
    found = log(LOG).paths().to_pandas()
    assert found.to_dict("list") == {
        "step": [1, 1, 2], "source": ["x", "w", "y"], "target": ["y", "y", "z"], "value": [2, 1, 1], "average_conversion_seconds": [90.0, 60.0, 120.0],
    }  # fmt: skip
    assert found.attrs == {"edges": 3}
    assert log(LOG).paths(edge_limit=1).to_pandas().attrs == {"edges": 3}


def test_people_are_named_by_edge_by_item_or_by_where_their_path_ends(log: Log) -> None:
    paths = log(LOG).paths()
    assert paths.actors(step=1, source="x", target="y").actor_id.tolist() == ["a", "b"]
    assert paths.actors(step=1, source="x").actor_id.tolist() == ["a", "b"]
    assert paths.actors(step=1, target="y").actor_id.tolist() == ["a", "b", "c"]
    assert paths.actors(source="y").actor_id.tolist() == ["a"]
    assert paths.actors(step=2, dropoff="y").actor_id.tolist() == ["b", "c"]
    assert paths.actors(dropoff="x").actor_id.tolist() == ["d"]
    everybody = paths.actors()
    assert everybody.actor_id.tolist() == ["a", "b", "c", "d"] and everybody.paths.tolist() == [1, 1, 1, 1]
    one = paths.actors(step=2, source="y")
    assert [str(t) for t in (one.first_at[0], one.last_at[0])] == ["2026-01-01 00:01:00", "2026-01-01 00:01:00"]


def test_a_row_says_which_figure_it_is(log: Log) -> None:
    paths = log(LOG).paths()
    frame = paths.to_pandas()
    assert figures.in_words(paths.spec, frame, 0) == "went from x to y, step 1 to 2"
    assert figures.in_words(paths.spec, frame, 0, dropped=True) == "whose path ends at y, step 2"
    assert figures.can_drop(paths.spec, frame, 0)
    for dropped, who in ((False, ["a", "b"]), (True, ["b", "c"])):
        assert paths.actors(**figures.which(paths.spec, frame, 0, dropped=dropped)).actor_id.tolist() == who


def test_a_point_that_no_item_is_called_is_warned_of(log: Log) -> None:
    with pytest.warns(UnknownEventWarning, match="no item is called 'xx'. Did you mean 'x'"):
        assert log(LOG).paths(start_point="xx").to_pandas().empty


def test_filters_and_ranges_of_the_events_are_those_of_the_funnel_too(log: Log) -> None:
    text = "a A 01-01 k=1; a x 01-02 k=1; a B 01-03 k=1; b A 01-01; b x 01-02; b B 01-03"
    events = log(text).filter(ek.event_prop("k") == 1).between("2026-01-01", "2026-02-01")
    asked = {"funnel_path_type": "funnel_path_after_step", "funnel_step": 1}
    plain = events.paths(funnel=ek.Funnel("A", "B"), **asked)  # type: ignore[arg-type]
    given = events.paths(funnel=events.funnel("A", "B"), **asked)  # type: ignore[arg-type]
    assert plain.spec == given.spec
    assert plain.spec.funnel.filters == events.funnel("A", "B").spec.filters
    assert plain.spec.funnel.date_range == events.funnel("A", "B").spec.date_range
    assert plain.to_pandas().value.tolist() == [1, 1]


def test_the_rules_say_what_was_done(log: Log) -> None:
    events = log(LOG)
    funnel = events.funnel("x", "y", window="2 hours")
    said = "\n".join(
        events.paths(
            include_event_types=("$pageview", "custom_event"), exclude_events=("q",), path_groupings=("a*",), local_path_cleaning_filters=(("1", "n"),),
            start_point="x", end_point="y", step_limit=4, min_edge_weight=2, funnel=funnel, funnel_path_type="funnel_path_after_step", funnel_step=2,
            funnel_dropped=True,
        ).rules
    )  # fmt: skip
    for part in (
        "Items are pages, events whose name doesn't begin with $.", "Left out, as if they had not happened: q.", "a* is found in them", "What 1 finds in an item becomes 'n'.",
        "A path is from the first x of a session to the first y after it", "the first 2 and the last 2 are shown, and ... for those between", "fewer than 2 times",
        "were lost before step 2 of the funnel: at step 1 and after it; it begins one window after their last step", "A pause of 2 hours or more",
        "Of the funnel: The window of 2 hours",
    ):  # fmt: skip
        assert part in said


def test_charts_of_paths_draw_beside_each_other_and_beside_others(log: Log) -> None:
    events = log(LOG)
    one, two = events.paths().chart(), events.paths(step_limit=2).chart()
    for both in (one | two, two & one, one | events.trends("x", "y", date_range="-2d").chart()):
        assert "<svg" in display.bundle(both)["image/svg+xml"]
