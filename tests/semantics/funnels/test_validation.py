"""Section 2: what is rejected."""

from __future__ import annotations

from typing import Any

import pytest

from evkit.errors import EvkitError
from tests.semantics.funnels.asking import bins, counts, having, periods

LOG = "a A@0 B@1 C@2"


def rejected(series: Any = "A B C", **asked: Any) -> bool:
    try:
        counts(LOG, series, **asked)
    except EvkitError:
        return True
    return False


@pytest.mark.parametrize("series", ["", "A"])
def test_a_funnel_has_two_steps_or_more(series: str) -> None:
    assert rejected(series)


def test_a_funnel_of_two_steps_is_answered() -> None:
    assert not rejected("A B")


@pytest.mark.parametrize("viz", ["steps", "trends", "time_to_convert"])
@pytest.mark.parametrize("options", [{"funnelFromStep": -1}, {"funnelFromStep": 2}, {"funnelToStep": 3}, {"funnelToStep": -1}])
def test_from_and_to_are_steps_of_the_funnel(options: dict[str, int], viz: str) -> None:
    with pytest.raises(EvkitError):
        periods(LOG, "A B C", options={**options, "funnelVizType": viz})


@pytest.mark.parametrize(("low", "high"), [(1, 1), (1, 0)])
def test_from_comes_before_to(low: int, high: int) -> None:
    with pytest.raises(EvkitError):
        periods(LOG, "A B C", options={"funnelFromStep": low, "funnelToStep": high})


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 2), (1, 2)])
def test_every_range_of_steps_is_answered(low: int, high: int) -> None:
    log = LOG.replace("@0", "@0d")
    assert periods(log, "A B C", options={"funnelFromStep": low, "funnelToStep": high}) == {"01": (1, 1)}


def test_the_first_step_is_no_end_of_conversion_over_time() -> None:
    with pytest.raises(EvkitError):
        periods(LOG, "A B C", options={"funnelToStep": 0})


# ---------------------------------------------------------------------- exclusions
@pytest.mark.parametrize("exclude", ["X:1-1", "X:1-0", "X:2-3", "X:0-3", "X:2-2"])
def test_the_range_of_an_exclusion_is_one_of_the_funnel(exclude: str) -> None:
    assert rejected(exclude=exclude)


@pytest.mark.parametrize("exclude", ["X:0-1", "X:1-2", "X:0-2"])
def test_an_exclusion_may_have_every_range_of_the_funnel(exclude: str) -> None:
    assert not rejected(exclude=exclude)


@pytest.mark.parametrize("exclude", ["A:0-1", "B:0-1", "B:0-2", "C:1-2"])
def test_an_exclusion_is_no_step_of_its_own_range(exclude: str) -> None:
    assert rejected(exclude=exclude)


@pytest.mark.parametrize("exclude", ["C:0-1", "A:1-2"])
def test_an_exclusion_may_be_a_step_outside_its_range(exclude: str) -> None:
    assert not rejected(exclude=exclude)


def test_an_exclusion_that_takes_in_a_step_of_its_range_is_rejected_and_a_part_of_it_is_not() -> None:
    span = {"funnelFromStep": 0, "funnelToStep": 1}
    some_b = having("B", "p", "y")
    assert rejected(["A", some_b], exclude="B:0-1")  # every B takes in some B
    assert rejected(["A", some_b], exclude=[having("B", "p", "y", **span)])  # the same
    assert not rejected(["A", "B"], exclude=[having("B", "p", "y", **span)])  # a part
    assert not rejected(["A", some_b], exclude=[having("B", "p", "n", **span)])  # another part


def test_an_exclusion_of_any_event_takes_in_every_step() -> None:
    assert rejected(exclude=[{"kind": "EventsNode", "event": None, "funnelFromStep": 0, "funnelToStep": 1}])


def test_an_exclusion_that_is_the_action_of_a_step_is_rejected() -> None:
    actions = [{"id": 1, "name": "b", "steps": [{"event": "B"}]}]
    node = {"kind": "ActionsNode", "id": 1}
    project = {"actions": actions}
    assert rejected(["A", node], exclude=[{**node, "funnelFromStep": 0, "funnelToStep": 1}], project=project)


# ---------------------------------------------------------------------- unordered
@pytest.mark.parametrize(("exclude", "wrong"), [("X:0-1", True), ("X:1-2", True), ("X:0-2", False)])
def test_an_exclusion_of_an_unordered_funnel_spans_all_steps(exclude: str, wrong: bool) -> None:
    assert rejected(order="unordered", exclude=exclude) is wrong


@pytest.mark.parametrize(("step", "wrong"), [(0, False), (1, True), (2, True)])
def test_an_unordered_funnel_is_attributed_to_the_first_step_only(step: int, wrong: bool) -> None:
    try:
        counts_of = periods(LOG, "A B C", order="unordered", breakdown="b", attribution=f"step:{step}")
    except EvkitError:
        assert wrong
    else:
        assert counts_of == {("",): {"01": (1, 1)}}
        assert not wrong


# ---------------------------------------------------------------------- optional steps
@pytest.mark.parametrize(("order", "wrong"), [("ordered", False), ("strict", False), ("unordered", True)])
def test_only_ordered_and_strict_funnels_have_optional_steps(order: str, wrong: bool) -> None:
    assert rejected("A B? C", order=order) is wrong


def test_only_funnels_of_steps_have_optional_ones() -> None:
    with pytest.raises(EvkitError):
        periods(LOG, "A B? C")
    with pytest.raises(EvkitError):
        bins(LOG, "A B? C")


def test_the_first_step_is_not_optional() -> None:
    assert rejected("A? B C")


@pytest.mark.parametrize(("series", "wrong"), [("A B? B", True), ("A B? C B", False), ("A B B?", False), ("A B? B? C", False)])
def test_an_optional_step_is_not_the_required_step_right_after_it(series: str, wrong: bool) -> None:
    assert rejected(series) is wrong


def test_an_optional_step_may_be_the_next_with_other_filters() -> None:
    assert not rejected(["A", {"event": "B", "optionalInFunnel": True}, having("B", "p", "y")])


# ---------------------------------------------------------------------- time to convert
@pytest.mark.parametrize("high", [3, 4, -1])
def test_the_time_to_convert_ends_at_a_step_of_the_funnel(high: int) -> None:
    with pytest.raises(EvkitError):
        bins(LOG, "A B C", options={"funnelToStep": high})
