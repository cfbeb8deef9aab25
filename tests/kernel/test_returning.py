"""Retention's two machines: periods as bits, and as lists where they are many, say the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evkit.kernel import returning
from evkit.kernel.placing import Placing
from tests.sizes import examples

PERIODS = 6
LENGTH = 10
EVENT = st.tuples(st.integers(0, PERIODS * LENGTH + 5), st.booleans(), st.booleans())


def retained(
    journeys: list[list[tuple[int, bool, bool]]], intervals: list[int], *, from_first: bool = False, cumulative: bool = False
) -> list[list[int]]:
    """Count over journeys of (time, whether it begins, whether it comes back)."""
    offsets = np.cumsum([0, *map(len, journeys)])
    flat = [event for journey in journeys for event in sorted(journey)]
    t, begins, returns = (np.array([event[i] for event in flat], kind) for i, kind in enumerate((np.int64, np.bool_, np.bool_)))
    high = PERIODS * LENGTH - 1
    placing = Placing.of(np.arange(PERIODS) * LENGTH, np.arange(PERIODS), high)
    found = returning.retention(
        offsets, t, begins, returns, placing, PERIODS, np.array(intervals), low=0, high=high, from_first=from_first, cumulative=cumulative
    )
    made: list[list[int]] = found.tolist()
    return made


def test_who_comes_back_is_counted_once_an_interval() -> None:
    ann = [(0, True, True), (5, False, True), (12, True, True), (35, False, True)]
    assert retained([ann], [0, 1, 2, 3])[:2] == [[1, 1, 0, 1], [1, 0, 1, 0]]
    assert retained([ann], [0, 1, 1, 2])[:2] == [[1, 1, 1], [1, 1, 0]]
    assert retained([ann], [0, 1, 2, 3], cumulative=True)[:2] == [[1, 1, 1, 1], [1, 1, 1, 0]]
    assert retained([ann], [0, 1, 2, 3], from_first=True)[:2] == [[1, 1, 0, 1], [1, 1, 0, 1]]


@settings(max_examples=examples(200, 20_000), deadline=None)
@given(
    st.lists(st.lists(EVENT, max_size=12), min_size=1, max_size=4),
    st.lists(st.integers(0, 1), min_size=1, max_size=2 * PERIODS),
    st.booleans(),
    st.booleans(),
)
def test_bits_count_what_lists_count(
    journeys: list[list[tuple[int, bool, bool]]], steps: list[int], from_first: bool, cumulative: bool
) -> None:
    intervals = [0, *np.cumsum([1, *steps]).tolist()]
    ask = lambda: retained(journeys, intervals, from_first=from_first, cumulative=cumulative)  # noqa: E731
    in_bits = ask()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(returning, "BITS", 0)
        assert ask() == in_bits
