"""Section 10: the time to convert, in bins. The window is a day."""

from __future__ import annotations

from typing import Any

import pytest

from tests.semantics.funnels.asking import ask, bins


def log_of(*seconds: float) -> str:
    return "; ".join(f"p{i} A@0 B@{s}" for i, s in enumerate(seconds))


def average(log: str, series: Any = "A B", **asked: Any) -> float | None:
    found = ask(log, series, window="1 day", viz="time_to_convert", **asked)["average_conversion_time"]
    return found if found is None else round(found, 9)


# ---------------------------------------------------------------------- bins
def test_the_number_of_bins_is_the_cube_root_of_the_sample_rounded_up_and_there_is_one_more_at_the_end() -> None:
    # 3 people: 2 bins of (5 - 1) / 2 = 2 seconds; the last bucket takes the value that equals its edge
    assert bins(log_of(1, 3, 5)) == [[1, 1], [3, 1], [5, 1]]


def test_a_value_at_the_edge_of_two_bins_is_in_the_later() -> None:
    assert bins(log_of(1, 2.999999, 3, 5)) == [[1, 2], [3, 1], [5, 1]]


@pytest.mark.parametrize(("people", "wanted"), [(1, 1), (2, 2), (8, 2), (9, 3), (27, 3), (28, 4), (64, 4), (65, 5)])
def test_the_root_is_exact(people: int, wanted: int) -> None:
    assert len(bins(log_of(*range(1, people + 1)))) == wanted + 1


def test_fractions_are_inside_whole_edges() -> None:
    # 2 bins from floor(1.5) = 1 to ceil(3.2) = 4: ceil(3 / 2) = 2 seconds
    assert bins(log_of(1.5, 3.2)) == [[1, 1], [3, 1], [5, 0]]


def test_one_fractional_time_gives_a_bin_of_a_second() -> None:
    assert bins(log_of(5.5)) == [[5, 1], [6, 0]]


def test_all_equal_whole_times_give_bins_of_a_minute() -> None:
    assert bins(log_of(5)) == [[5, 1], [65, 0]]
    assert bins(log_of(5, 5, 5)) == [[5, 3], [65, 0], [125, 0]]


def test_an_instant_conversion_is_in_the_sample() -> None:
    assert bins(log_of(0)) == [[0, 1], [60, 0]]
    # 2 bins of 4 / 2 seconds; the mean is that of both
    assert bins(log_of(0, 4)) == [[0, 1], [2, 0], [4, 1]]
    assert average(log_of(0, 4)) == 2


def test_bins_can_be_asked_for() -> None:
    assert bins(log_of(1, 3, 5), options={"binCount": 1}) == [[1, 2], [5, 1]]
    assert bins(log_of(1, 3, 5), options={"binCount": 3}) == [[1, 1], [3, 1], [5, 1], [7, 0]]  # ceil(4 / 3) = 2 wide


@pytest.mark.parametrize(("asked", "given"), [(90, 90), (91, 90), (1000, 90), (-3, 1), (1, 1)])
def test_bins_asked_for_are_1_to_90(asked: int, given: int) -> None:
    assert len(bins(log_of(1, 3, 5), options={"binCount": asked})) == given + 1


def test_the_edges_of_many_bins_are_a_second_apart_at_least() -> None:
    found = bins(log_of(1, 5), options={"binCount": 90})
    assert found[:5] == [[1, 1], [2, 0], [3, 0], [4, 0], [5, 1]]
    assert found[-1] == [91, 0]


# ---------------------------------------------------------------------- the sample
def test_the_average_is_the_mean_of_the_sample() -> None:
    assert average(log_of(1, 2, 6)) == 3
    assert average(log_of(1.5, 3.2)) == 2.35


def test_who_does_not_get_there_is_not_in_the_sample() -> None:
    assert bins("a A@0 B@5; b A@0; c B@0; d A@0 B@1d1") == [[5, 1], [65, 0]]


def test_the_time_is_from_the_first_step_to_the_last() -> None:
    log = "a A@0 B@2 C@7; b A@0 B@2"
    assert bins(log, "A B C") == [[7, 1], [67, 0]]


def test_the_time_is_between_the_steps_asked_for_of_everybody_who_did_the_later() -> None:
    log = "a A@0 B@2 C@7 D@20; b A@0 B@2; c A@0 B@4 C@7"
    # to B: 2, 2 and 4, in 2 bins of a second
    assert bins(log, "A B C D", options={"funnelToStep": 1}) == [[2, 2], [3, 0], [4, 1]]
    # from B to C: 5 and 3
    assert bins(log, "A B C D", options={"funnelFromStep": 1, "funnelToStep": 2}) == [[3, 1], [4, 0], [5, 1]]
    assert average(log, "A B C D", options={"funnelFromStep": 1, "funnelToStep": 2}) == 4
    # from C to the end: 13
    assert bins(log, "A B C D", options={"funnelFromStep": 2}) == [[13, 1], [73, 0]]


def test_a_0_counts_as_missing() -> None:
    log = "a A@0 B@2 C@7"
    assert bins(log, "A B C", options={"funnelToStep": 0}) == [[7, 1], [67, 0]]
    assert bins(log, "A B C", options={"funnelFromStep": 0}) == [[7, 1], [67, 0]]
    assert bins(log, "A B C", options={"funnelFromStep": 1, "funnelToStep": 0}) == [[5, 1], [65, 0]]


def test_somebody_who_gets_there_twice_is_timed_once() -> None:
    assert bins("a A@0 B@5 A@100 B@101") == [[5, 1], [65, 0]]


def test_a_breakdown_is_ignored() -> None:
    log = "a A@0[b=x] B@5; b A@0[b=y] B@5 A@20[b=z]"
    assert bins(log, breakdown="b") == [[5, 2], [65, 0], [125, 0]]
    assert bins(log, breakdown="b", attribution="all_events") == bins(log)


def test_an_empty_sample_gives_nothing() -> None:
    assert bins("a A@0; b B@0") == []
    assert average("a A@0; b B@0") is None


# ---------------------------------------------------------------------- order
def test_a_strict_funnel_is_timed_by_its_own_machine() -> None:
    assert bins("a A@0 N@1 B@5; b A@0 A@2 B@5", order="strict") == [[3, 1], [63, 0]]


def test_an_unordered_funnel_is_timed_by_its_own_machine() -> None:
    assert bins("a B@0 A@5", order="unordered") == [[5, 1], [65, 0]]
    assert bins("a C@0 A@2 B@7", "A B C", order="unordered", options={"funnelFromStep": 1}) == [[5, 1], [65, 0]]


def test_somebody_void_is_not_in_the_sample() -> None:
    assert bins("a A@0 X@1 B@5; b A@0 B@7", exclude="X:0-1") == [[7, 1], [67, 0]]
