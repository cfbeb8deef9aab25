"""Amounts of random journeys are what numpy says of the same numbers, cell by cell."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evkit.kernel import sharing
from evkit.kernel.aggregating import Said, of_actors, of_events, quantiles_of_actors, quantiles_of_events
from evkit.kernel.counting import Events
from evkit.kernel.placing import Placing

NUMBERS = np.array([-2.5, 0.0, 1.0, 4.0, 9.5])
RANKS = np.array([3, -1, 0, 4, 1, 2], np.int32)  # the second text is no number
EVENT = st.tuples(st.integers(0, 20), st.booleans(), st.integers(0, 1), st.integers(-1, len(RANKS) - 1))
JOURNEYS = st.lists(st.lists(EVENT, max_size=12), min_size=1, max_size=5)
EDGES, LOW, HIGH = (0, 4, 11), 2, 18


def bucket(t: int) -> int:
    return sum(edge <= t for edge in EDGES) - 1


@settings(max_examples=300, deadline=None)
@given(JOURNEYS, st.sampled_from([0.5, 0.75, 0.99]), st.booleans())
def test_amounts_of_events_and_of_actors(journeys: list[list[tuple[int, bool, int, int]]], q: float, shared: bool) -> None:
    journeys = [sorted(journey) for journey in journeys]
    flat = [event for journey in journeys for event in journey]
    t, hits, values, codes = (
        np.array([event[i] for event in flat], kind) for i, kind in enumerate((np.int64, np.bool_, np.int32, np.int8))
    )
    placing = Placing.of(np.array(EDGES), np.arange(len(EDGES)), 20)
    events = Events(np.cumsum([0, *map(len, journeys)]), t, hits, LOW, HIGH, placing, len(EDGES), values, 2)
    said = Said(codes, NUMBERS, RANKS)
    numbers: dict[tuple[int, int], list[float]] = {}
    counts: dict[tuple[int, int], dict[int, int]] = {}
    there = np.zeros((2, len(EDGES)), np.int64)
    for actor, journey in enumerate(journeys):
        for at, hit, value, code in journey:
            if hit and LOW <= at <= HIGH:
                cell = value, bucket(at)
                there[cell] += 1
                of_actor = counts.setdefault(cell, {})
                of_actor[actor] = of_actor.get(actor, 0) + 1
                if code >= 0 and RANKS[code] >= 0:
                    numbers.setdefault(cell, []).append(float(NUMBERS[RANKS[code]]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sharing, "LARGE", 1 if shared else 10**9)
        made, ranked = of_events(events, said), quantiles_of_events(events, said, q)
        of_people, ranked_people = of_actors(events), quantiles_of_actors(events, q)
    assert made.there.tolist() == there.tolist() == ranked[1].tolist()
    for cell in np.ndindex(there.shape):
        mine, people = numbers.get(cell, []), [float(n) for n in counts.get(cell, {}).values()]  # type: ignore[call-overload]
        for found, quantile, expected in ((made, ranked[0], mine), (of_people, ranked_people[0], people)):
            assert found.known[cell] == len(expected)
            assert math.isclose(quantile[cell], np.quantile(expected, q) if expected else 0.0, abs_tol=1e-12)
            if expected:
                assert (found.total[cell], found.least[cell], found.most[cell]) == (sum(expected), min(expected), max(expected))
        assert of_people.there[cell] == ranked_people[1][cell] == len(people)
