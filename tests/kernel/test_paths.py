"""Paths' machines: what is left out is as if it had never been there; edges are those of the paths that are shown."""

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
    found = paths.walk(paths.Asked(offsets, t, codes, np.array(table, np.int32), passes, low, high, GAP, LIMIT, DOTS, start=start))
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


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.lists(st.tuples(st.integers(0, 30), st.integers(-1, 4)), max_size=20), min_size=1, max_size=4),
    st.integers(1, 6),
    st.integers(-1, 3),
    st.integers(-1, 3),
    st.sampled_from([paths.NOWHERE, 2]),
)
def test_edges_are_those_of_the_paths_that_are_shown(
    journeys: list[list[tuple[int, int]]], limit: int, start: int, end: int, empty: int
) -> None:
    offsets = np.cumsum([0, *map(len, journeys)])
    flat = [event for journey in journeys for event in sorted(journey, key=lambda event: event[0])]
    t, codes = np.array([t for t, _ in flat], np.int64), np.array([code for _, code in flat], np.int32)
    asked = paths.Asked(
        offsets, t, codes, np.array([0, 1, 2, 3, -1], np.int32), np.zeros(0, bool), 3, 27, GAP, limit, DOTS, empty, start, end
    )
    shown, found = paths.walk(asked), paths.edges(asked, DOTS + 1)
    expected: dict[tuple[int, int, int], list[int]] = {}
    for i in np.flatnonzero(shown.places > 1):
        edge = int(shown.places[i - 1]), int(shown.items[i - 1]), int(shown.items[i])
        counted = expected.setdefault(edge, [0, 0])
        counted[0] += 1
        counted[1] += int(t[shown.rows[i]] - t[shown.rows[i - 1]])
    keys = zip(found.places.tolist(), found.sources.tolist(), found.targets.tolist(), strict=True)
    assert dict(zip(keys, map(list, zip(found.values.tolist(), found.took.tolist(), strict=True)), strict=True)) == expected


def test_a_table_of_edges_grows() -> None:
    many = 3 * paths.SLOTS
    codes = np.arange(many, dtype=np.int32)
    asked = paths.Asked(np.array([0, many]), np.arange(many), codes, codes, np.zeros(0, bool), 0, many, gap=2, limit=many, dots=many)
    found = paths.edges(asked, many + 1)
    assert found.places.tolist() == list(range(1, many)) and found.targets.tolist() == list(range(1, many))
    assert (found.values == 1).all() and (found.took == 1).all()


def test_a_table_that_grows_between_people_keeps_what_was_counted() -> None:
    each = 200
    offsets = np.arange(0, 60 * each + 1, each)  # sixty people; the last thirty do what the first did: more edges than slots, twice
    codes = np.tile(np.arange(30 * each, dtype=np.int32), 2)
    asked = paths.Asked(
        offsets, np.tile(np.arange(each), 60), codes, codes[: 30 * each], np.zeros(0, bool), 0, each, gap=2, limit=each, dots=30 * each
    )
    found = paths.edges(asked, 30 * each + 1)
    assert len(found.values) == 30 * (each - 1) > paths.SLOTS
    assert (found.values == 2).all() and (found.took == 2).all()
