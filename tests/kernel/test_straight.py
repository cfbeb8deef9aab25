"""The straight machine does what the machine does that knows every rule; and shares of work add up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evkit.kernel import funnel, paths, returning, selecting, sharing, straight
from evkit.kernel.counting import Events, active, distinct, earliest, totals
from evkit.kernel.placing import Placing
from evkit.kernel.runs import NEVER, Marked

JOURNEYS = st.lists(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 4)), max_size=12), min_size=1, max_size=6)


def columns(journeys: list[list[tuple[int, int]]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give offsets, times and events of journeys."""
    journeys = [sorted(journey, key=lambda e: e[0]) for journey in journeys]
    offsets = np.cumsum([0, *map(len, journeys)]).astype(np.int64)
    flat = [event for journey in journeys for event in journey]
    return offsets, np.array([t for t, _ in flat], np.int64), np.array([e for _, e in flat], np.uint8)


@settings(max_examples=300, deadline=None)
@given(
    JOURNEYS,
    st.lists(st.integers(0, 7), min_size=5, max_size=5),
    st.integers(2, 3),
    st.integers(0, 12),
    st.integers(0, 4),
    st.booleans(),
    st.booleans(),
)
def test_it_gives_what_the_machine_gives_that_knows_all_rules(
    journeys: list[list[tuple[int, int]]], masks: list[int], count: int, window: int, low: int, some: bool, strict: bool
) -> None:
    offsets, t, events = columns(journeys)
    steps = np.array(masks, np.int64) & ((1 << count) - 1)
    passes = (t % 3 != 0) if some else None
    who, bits, times = straight.walk(offsets, t, events, steps, passes=passes, low=low, high=11, count=count, window=window, strict=strict)
    wanted = np.array(
        [(strict or bool(steps[e])) and low <= x <= 11 and (passes is None or x % 3 != 0) for x, e in zip(t, events, strict=True)], bool
    )
    at, begins, actors = selecting.select(offsets, t, wanted, None, low=0, high=99)
    expected = funnel.run(Marked.of(begins, t[at], steps[events[at]]), count=count, window=window, strict=strict)
    done = expected.bits > 0
    assert who[bits > 0].tolist() == actors[done].tolist()
    assert bits[bits > 0].tolist() == expected.bits[done].tolist()
    assert times[bits > 0].tolist() == expected.times[done].tolist()


def test_two_steps_of_one_instant_go_by_the_rules_of_ties() -> None:
    offsets, t, events = columns([[(1, 1), (1, 0)], [(0, 0), (5, 2), (5, 1)]])
    _, bits, times = straight.walk(offsets, t, events, np.array([1, 2, 4]), low=0, high=9, count=3, window=9)
    assert bits.tolist() == [3, 7] and times.tolist() == [[1, 1, NEVER], [0, 5, 5]]


@settings(max_examples=60, deadline=None)
@given(JOURNEYS, st.integers(1, 3))
def test_shares_add_up(journeys: list[list[tuple[int, int]]], threads: int) -> None:
    offsets, t, events = columns(journeys)
    hits, values = events < 3, (events % 2).astype(np.int32)
    placing = Placing.of(np.array([0, 3, 7]), np.array([0, 1, 2]), 12)
    asked = Events(offsets, t, hits, 1, 11, placing, 3, values, 2)
    steps = np.array([1, 2, 1, 4, 0], np.int64)
    created = np.array([2, 3, NEVER, 9])[np.arange(len(offsets) - 1) % 4]

    def all_of_it() -> list[list[object]]:
        retained = returning.retention(offsets, t, hits, events == 1, placing, 3, np.array([0, 1, 2]), low=0, high=12)
        asked_of_paths = paths.Asked(
            offsets, t, events.astype(np.int32), np.array([0, 1, -1, 3, 4], np.int32), hits, 2, 11, gap=4, limit=3, dots=9
        )
        shown, edges = paths.walk(asked_of_paths), paths.edges(asked_of_paths, 10)
        found = [
            totals(asked), distinct(asked), earliest(asked), active(asked, 2, 5), retained,
            returning.stickiness(offsets, t, hits, placing, 3, low=0, high=12), *returning.lifecycle(offsets, t, hits, created, placing, 3, low=0, high=12),
            *selecting.select(offsets, t, hits, None, low=2, high=9), shown.rows, shown.items, shown.places, shown.ends,
            edges.places, edges.sources, edges.targets, edges.values, edges.took,
            straight.walk(offsets, t, events, steps, low=0, high=12, count=3, window=5)[1],
        ]  # fmt: skip
        return [np.asarray(one).tolist() for one in found]

    alone = all_of_it()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sharing, "LARGE", 1)
        patch.setattr(sharing, "THREADS", threads)
        shared = all_of_it()
    shared[-1], alone[-1] = sorted(shared[-1], key=str), sorted(alone[-1], key=str)  # rows of nobody stand elsewhere
    assert shared == alone


def test_placing_finds_the_segment_that_a_search_finds() -> None:
    source = np.random.default_rng(3)
    edges = np.unique(source.integers(0, 10_000, 40))
    placing = Placing.of(edges, np.arange(len(edges)), 12_000)
    t = source.integers(edges[0], 12_000, 500)
    counted = totals(Events(np.array([0, len(t)]), t, np.ones(len(t), bool), 0, 12_000, placing, len(edges), np.zeros(0, np.int32)))
    expected = np.bincount(np.searchsorted(edges, t, side="right") - 1, minlength=len(edges))
    assert counted[0].tolist() == expected.tolist()


@pytest.mark.parametrize("buckets", [[0, 1, 2], [0, 1, 0]], ids=["each once", "one comes back"])
@pytest.mark.parametrize("sizes", [1, 3])
def test_to_be_there_is_to_have_been_there_within_one_bucket(sizes: int, buckets: list[int]) -> None:
    source = np.random.default_rng(7)
    offsets = np.array([0, 120, 120, 300, 302])
    t = np.concatenate([np.sort(source.integers(0, 1_000, size)) for size in np.diff(offsets)])
    values = source.integers(0, sizes, len(t)).astype(np.int32) if sizes > 1 else np.zeros(0, np.int32)
    placing = Placing.of(np.array([0, 200, 700]), np.array(buckets), 1_000)
    asked = Events(offsets, t, source.random(len(t)) < 0.5, 10, 990, placing, 3, values, sizes)
    assert distinct(asked).tolist() == active(asked, 1, 3).tolist()
