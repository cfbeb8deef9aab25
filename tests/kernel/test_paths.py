"""Paths' machine: what is left out is as if it had never been there."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from evkit.kernel import paths

GAP, LIMIT, DOTS = 4, 3, 9
JOURNEYS = st.lists(st.lists(st.tuples(st.integers(0, 20), st.integers(-1, 3), st.booleans()), max_size=12), min_size=1, max_size=4)


def walk(journeys: list[list[tuple[int, int, bool]]], table: list[int], low: int, high: int, start: int) -> list[tuple[int, int, int, int]]:
    """Give the shown items of journeys of (time, code, whether it passes): actor, time, item, place."""
    offsets = np.cumsum([0, *map(len, journeys)])
    flat = [event for journey in journeys for event in journey]
    t, codes, passes = (np.array([event[i] for event in flat], kind) for i, kind in enumerate((np.int64, np.int32, np.bool_)))
    found = paths.walk(
        offsets, t, codes, np.array(table, np.int32), passes, low=low, high=high, gap=GAP, limit=LIMIT, dots=DOTS, start=start
    )
    actors = np.searchsorted(offsets, found.rows, side="right") - 1
    return list(zip(actors.tolist(), t[found.rows].tolist(), found.items.tolist(), found.places.tolist(), strict=True))


@settings(max_examples=300, deadline=None)
@given(JOURNEYS, st.lists(st.integers(-1, 3), min_size=4, max_size=4), st.integers(0, 8), st.integers(8, 20), st.integers(-1, 3))
def test_what_is_left_out_is_as_if_it_had_not_been_there(
    journeys: list[list[tuple[int, int, bool]]], table: list[int], low: int, high: int, start: int
) -> None:
    journeys = [sorted(journey, key=lambda event: event[0]) for journey in journeys]
    counts = lambda t, code, passes: passes and code >= 0 and table[code] >= 0 and low <= t <= high  # noqa: E731
    left = [[(t, table[code], True) for t, code, passes in journey if counts(t, code, passes)] for journey in journeys]
    assert walk(journeys, table, low, high, start) == walk(left, [0, 1, 2, 3], 0, 20, start)


def test_an_item_that_is_left_out_parts_no_run_and_joins_no_sessions() -> None:
    one = [[(0, 0, True), (1, 2, True), (2, 0, True), (5, 2, True), (8, 1, True)]]
    left_out = [0, 1, -1, 3]
    # A X A | X | B: the first A goes, since another follows; 6 after the last A is a new session, X in between or not
    assert walk(one, left_out, 0, 20, paths.NONE) == [(0, 2, 0, 1), (0, 8, 1, 1)]
