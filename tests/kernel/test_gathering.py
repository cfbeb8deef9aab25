"""Funnels straight over journeys: the same as when the events are picked out first."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evkit.kernel import funnel, gathering, unordered
from evkit.kernel.runs import NEVER, Marked
from tests.sizes import examples

Event = tuple[int, int, int, bool, int]
"""How much later than the one before it is, the steps it is, those it is excluded before, whether it passes, what it says."""
EVENTS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 7), st.sampled_from([0, 0, 0, 2, 4, 6]), st.sampled_from([True] * 5 + [False]), st.integers(-1, 2)), max_size=14)  # fmt: skip


def expected(order: str, actor: list[Event], window: int, optional: tuple[bool, ...], low: int, high: int) -> tuple[int, list[int]]:
    """Give the steps that an actor did and when, by the machine that takes picked events."""
    t = np.cumsum([e[0] for e in actor], dtype=np.int64)
    steps, voids = np.array([e[1] for e in actor], np.int64), np.array([e[2] for e in actor], np.int64)
    looked = np.array([e[3] for e in actor], bool) & (low <= t) & (t <= high)
    looked &= (steps | voids) > 0 if order != "strict" else True
    marked = Marked.of(np.array([0, looked.sum()]), t[looked], steps[looked], voids[looked])
    if order == "unordered":
        found = unordered.run(marked, count=3, window=window)
    else:
        found = funnel.run(marked, count=3, window=window, optional=optional, strict=order == "strict")
    return int(found.bits[0]), found.times[0].tolist()


@pytest.mark.parametrize("order", gathering.ORDERS)
@settings(max_examples=examples(150, 5_000), deadline=None)
@given(
    actors=st.lists(EVENTS, min_size=1, max_size=4),
    window=st.integers(1, 12),
    optional=st.booleans(),
    excluded=st.booleans(),
    last=st.booleans(),
)
def test_each_actor_gets_as_far_as_by_picked_events(
    order: str, actors: list[list[Event]], window: int, optional: bool, excluded: bool, last: bool
) -> None:
    if not excluded:
        actors = [[(d, s, 0, p, v) for d, s, _, p, v in actor] for actor in actors]
    may_skip = (False, optional and order == "ordered", False)
    kinds = sorted({(e[1], e[2]) for actor in actors for e in actor}) or [(0, 0)]
    flat = [e for actor in actors for e in actor]
    low, high = 1, 25
    asked = gathering.Asked(
        np.array([kinds.index((e[1], e[2])) for e in flat], np.uint8), np.array([s for s, _ in kinds], np.int64),
        np.array([v for _, v in kinds], np.int64), np.array([e[3] for e in flat], bool), np.array([e[4] for e in flat], np.int32), last,
        low, high, window, order, may_skip,
    )  # fmt: skip
    offsets = np.concatenate([[0], np.cumsum([len(actor) for actor in actors])]).astype(np.int64)
    t = np.concatenate([np.cumsum([e[0] for e in actor], dtype=np.int64) for actor in actors]) if flat else np.zeros(0, np.int64)
    who, bits, times, values = gathering.walk(offsets, t, asked)
    found = {int(a): (int(b), row.tolist(), int(v)) for a, b, row, v in zip(who, bits, times, values, strict=True) if b}
    right: dict[int, Any] = {}
    for i, actor in enumerate(actors):
        done, when = expected(order, actor, window, may_skip, low, high)
        said = [
            e[4] for e, now in zip(actor, np.cumsum([e[0] for e in actor]), strict=True)
            if e[3] and low <= now <= high and e[4] >= 0 and (e[1] or e[2] or order == "strict")
        ]  # fmt: skip
        if done:
            right[i] = done, when, (said[-1] if last else said[0]) if said else gathering.NOTHING
    assert found == right
    assert all(row[0] != NEVER for _, row, _ in found.values())
