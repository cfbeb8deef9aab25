"""The funnel's machine: consequences of its rules, worked by hand; and a slow search that finds the same."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evkit.kernel import funnel
from evkit.kernel.runs import Marked
from tests.sizes import examples


def walk(
    text: str,
    *,
    count: int = 2,
    window: int = 10,
    exclude: dict[str, int] | None = None,
    values: np.ndarray | None = None,
    **options: object,
) -> tuple[int, list[int]]:
    """Take one actor through: "A@0 B@5" is event A at 0; a letter is a step, "AB" both; X, Y are exclusions before a step."""
    excluded = exclude or {}
    names, times = zip(*(part.split("@") for part in text.split()), strict=True)
    steps = np.array([sum(1 << (ord(c) - ord("A")) for c in name if c not in excluded and c < "N") for name in names])
    voids = np.array([sum(1 << (excluded[c] - 1) for c in name if c in excluded) for name in names])
    t = np.array([int(x) for x in times])
    found = funnel.run(Marked.of(np.array([0, len(t)]), t, steps, voids, values), count=count, window=window, **options)  # type: ignore[arg-type]
    return int(found.bits[0]), [int(x) for x in found.times[0] if x != funnel.NEVER]


def steps_done(text: str, **options: object) -> int:
    return bin(walk(text, **options)[0]).count("1")  # type: ignore[arg-type]


def test_the_boundary_of_the_window_is_inside() -> None:
    assert walk("A@0 B@10") == (3, [0, 10])
    assert walk("A@0 B@11") == (1, [0])


def test_the_window_runs_from_the_first_step() -> None:
    assert steps_done("A@0 B@8 C@11", count=3) == 2


def test_the_latest_start_before_the_second_step_is_used() -> None:
    assert walk("A@0 A@5 B@12") == (3, [5, 12])


def test_an_older_chain_stays_alive_beside_a_newer_start() -> None:
    assert walk("A@0 B@2 A@3 C@9", count=3) == (7, [0, 2, 9])


def test_the_best_chain_is_the_first_that_got_furthest() -> None:
    assert walk("A@0 B@1 A@20 B@29", count=3) == (3, [0, 1])


def test_one_event_fills_one_step_and_two_at_an_instant_fill_two() -> None:
    assert steps_done("AB@0") == 1
    assert steps_done("AB@0 AB@5") == 2
    assert steps_done("AB@0 AB@0") == 2


def test_events_at_one_instant_chain_in_the_order_of_the_funnel() -> None:
    assert steps_done("B@3 A@3") == 2
    assert steps_done("C@3 A@3 B@3", count=3) == 3


def test_strict_is_broken_by_anything_between() -> None:
    assert steps_done("A@0 N@1 B@2", strict=True) == 1
    assert steps_done("A@0 A@1 B@2", strict=True) == 2
    assert steps_done("A@0 B@1", strict=True) == 2


@pytest.mark.parametrize(
    ("text", "done"),
    [
        ("A@0 X@1 A@31", 1),
        ("A@0 A@31 X@32", 1),
        ("A@0 A@1 X@2", 0),
        ("A@0 X@11 A@12 X@13 B@14", 0),
        ("A@0 X@11 B@12", 1),
        ("A@0 X@1 B@2", 0),
        ("A@0 B@1 X@2", 2),
        ("A@0 X@1 A@2 B@3", 2),
    ],
)
def test_an_exclusion_voids_inside_the_window_and_a_clean_chain_rescues(text: str, done: int) -> None:
    assert steps_done(text, exclude={"X": 2}) == done


def test_an_optional_step_may_be_left_out_and_takes_no_time() -> None:
    optional = (False, True, False)
    assert walk("A@0 C@5", count=3, optional=optional) == (0b101, [0, 5])
    assert walk("A@0 B@2 C@5", count=3, optional=optional) == (0b111, [0, 5])


def test_only_accepted_events_may_be_the_attributed_step() -> None:
    assert walk("A@0 B@1 B@2", values=np.array([0, 1, 0]), blocked=1) == (3, [0, 2])


def search(times: list[int], names: list[int], count: int, window: int) -> int:
    """Say how far anybody gets, trying every way: different events, in order of time (ties in any order)."""
    best = 0
    for length in range(1, count + 1):
        for chosen in itertools.permutations(range(len(times)), length):
            fits = all(names[e] >> s & 1 for s, e in enumerate(chosen))
            rising = all(times[a] <= times[b] for a, b in itertools.pairwise(chosen))
            if fits and rising and times[chosen[-1]] - times[chosen[0]] <= window:
                best = max(best, length)
    return best


@settings(max_examples=examples(300, 20_000), deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from([1, 2, 4])), min_size=1, max_size=6),
    st.integers(1, 12),
)
def test_the_machine_gets_as_far_as_a_search_of_every_way(events: list[tuple[int, int]], window: int) -> None:
    events.sort(key=lambda e: e[0])
    times, names = [t for t, _ in events], [n for _, n in events]
    found = funnel.run(Marked.of(np.array([0, len(times)]), np.array(times), np.array(names)), count=3, window=window)
    assert bin(int(found.bits[0])).count("1") == search(times, names, 3, window)


@settings(max_examples=examples(100, 5_000), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 7)), min_size=1, max_size=12), st.randoms())
def test_the_order_inside_an_instant_does_not_matter(events: list[tuple[int, int]], random: object) -> None:
    ordered = sorted(events, key=lambda e: e[0])
    shuffled = list(events)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    shuffled.sort(key=lambda e: e[0])
    found = []
    for rows in (ordered, shuffled):
        t, steps = np.array([a for a, _ in rows]), np.array([b for _, b in rows])
        reached = funnel.run(Marked.of(np.array([0, len(t)]), t, steps), count=3, window=8)
        found.append((reached.bits.tolist(), reached.times.tolist()))
    assert found[0] == found[1]
