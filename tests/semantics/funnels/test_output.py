"""Section 7: the figures of the steps, and who is behind them. The window is ten seconds."""

from __future__ import annotations

from typing import Any

import pytest

from evkit.errors import EvkitError
from tests.semantics.funnels.asking import ask, counts, did, holding, people


def column(name: str, log: str, series: Any = "A B", **asked: Any) -> list[Any]:
    return [row[name] for row in ask(log, series, **asked)]


def average(log: str, series: Any = "A B", **asked: Any) -> list[Any]:
    return column("average_conversion_time", log, series, **asked)


def median(log: str, series: Any = "A B", **asked: Any) -> list[Any]:
    return column("median_conversion_time", log, series, **asked)


def people_of(log: str, step: int, value: Any, **asked: Any) -> list[str]:
    return people(log, breakdown="b", which={"funnelStep": step, "funnelStepBreakdown": value}, **asked)


# ---------------------------------------------------------------------- counts and times
def test_a_count_is_who_did_the_step_in_their_best_chain() -> None:
    assert counts("a A@0 B@1 C@2; b A@0 B@1; c A@0 B@1; d A@0; e A@0; f A@0", "A B C") == [6, 3, 1]


def test_each_entity_counts_once_however_often_it_goes_through() -> None:
    assert counts("a A@0 B@1 A@20 B@21 A@40") == [1, 1]


def test_the_average_is_the_mean_and_the_median_lies_between_the_two_in_the_middle() -> None:
    log = "a A@0 B@1; b A@0 B@2; c A@0 B@4; d A@0 B@9; e A@0"
    assert average(log) == [None, 4]  # 16 / 4
    assert median(log) == [None, 3]  # between 2 and 4


def test_of_an_odd_number_the_median_is_the_one_in_the_middle() -> None:
    assert median("a A@0 B@1; b A@0 B@2; c A@0 B@9") == [None, 2]


def test_times_are_between_a_step_and_the_one_before() -> None:
    # a: 1 and 4, b: 3 and 2, c: 5
    log = "a A@0 B@1 C@5; b A@0 B@3 C@5; c A@0 B@5"
    assert average(log, "A B C") == [None, 3, 3]
    assert median(log, "A B C") == [None, 3, 3]


def test_instant_conversions_are_counted_and_not_timed() -> None:
    assert counts("a A@0 B@0; b A@0 B@4") == [2, 2]
    assert average("a A@0 B@0; b A@0 B@4") == [None, 4]
    assert median("a A@0 B@0; b A@0 B@4") == [None, 4]


def test_there_is_no_time_when_nobody_took_any() -> None:
    assert average("a A@0 B@0") == [None, None]
    assert median("a A@0 B@0") == [None, None]
    assert average("a A@0; b A@1 B@2", "A B C") == [None, 1, None]


def test_an_instant_step_in_the_middle_does_not_hide_the_others() -> None:
    log = "a A@0 B@0 C@6; b A@0 B@2 C@2"
    assert average(log, "A B C") == [None, 2, 6]


def test_when_nobody_entered_there_is_nothing() -> None:
    assert ask("a B@0; b N@1") == []
    assert ask("a B@0", breakdown="b") == []


def test_steps_nobody_did_are_still_there() -> None:
    assert counts("a A@0", "A B C") == [1, 0, 0]


# ---------------------------------------------------------------------- optional steps
def test_times_are_by_required_steps_and_stand_in_posthogs_places() -> None:
    # [1, 2 optional, 3]: the time from 1 to 3 stands at position 1, and position 2 has none
    assert average("a A@0 C@5; b A@0 B@1 C@9", "A B? C") == [None, 7, None]
    assert median("a A@0 C@5; b A@0 B@1 C@9", "A B? C") == [None, 7, None]


def test_an_optional_step_in_the_middle_moves_all_later_times() -> None:
    assert average("a A@0 B@1 C@2 D@7", "A B? C D") == [None, 2, 5, None]


def test_an_optional_step_at_the_end_moves_no_times() -> None:
    assert average("a A@0 B@3 C@4", "A B C?") == [None, 3, None]


def test_the_count_of_an_optional_step_may_be_lower_than_that_of_a_later_one() -> None:
    assert counts("a A@0 C@1; b A@0 C@1; c A@0 B@1 C@2", "A B? C") == [3, 1, 3]


# ---------------------------------------------------------------------- who
LOG = "a A@0 B@1 C@2; b A@0 B@1; c A@0; d B@0"


@pytest.mark.parametrize(("step", "who"), [(1, ["a", "b", "c"]), (2, ["a", "b"]), (3, ["a"]), (-2, ["c"]), (-3, ["b"])])
def test_who_did_a_step_and_who_was_lost_before_it(step: int, who: list[str]) -> None:
    assert did(LOG, "A B C", step=step) == who


@pytest.mark.parametrize("step", [0, -1])
def test_nobody_can_be_lost_before_the_first_step(step: int) -> None:
    with pytest.raises(EvkitError):
        did(LOG, "A B C", step=step)


def test_who_was_lost_is_counted_from_the_last_required_step_before() -> None:
    log = "a A@0 C@1; b A@0 B@1 C@2; c A@0 B@1; d A@0"
    assert did(log, "A B? C", step=-3) == ["c", "d"]
    assert did(log, "A B? C", step=3) == ["a", "b"]


def test_who_left_out_an_optional_step_was_lost_before_it_also_when_they_got_further() -> None:
    log = "a A@0 C@1; b A@0 B@1 C@2; c A@0 B@1; d A@0"
    assert did(log, "A B? C", step=-2) == ["a", "d"]
    assert did(log, "A B? C", step=2) == ["b", "c"]


def test_several_optional_steps_are_passed_over_to_the_required_one() -> None:
    log = "a A@0 D@1; b A@0 B@1; c A@0 B@1 C@2; d A@0; e A@0 C@1 D@2"
    assert did(log, "A B? C? D", step=-4) == ["b", "c", "d"]
    assert did(log, "A B? C? D", step=-3) == ["a", "b", "d"]


def test_the_list_of_a_breakdown_value_is_of_its_rows_only() -> None:
    log = "a A@0[b=x] B@1; b A@0[b=y] B@1; c A@0[b=x]; d A@0[b=y]"
    assert people_of(log, 1, ["x"]) == ["a", "c"]
    assert people_of(log, 2, ["y"]) == ["b"]
    assert people_of(log, -2, ["x"]) == ["c"]


def test_the_list_of_a_breakdown_value_may_name_it_as_a_text() -> None:
    assert people_of("a A@0[b=x] B@1; b A@0[b=y] B@1", 2, "x") == ["a"]


def test_the_list_of_the_rest_is_of_all_values_past_the_limit() -> None:
    which = {"funnelStep": 1, "funnelStepBreakdown": ["Other"]}
    breakdown = {"breakdown": "b", "breakdown_type": "event", "breakdown_limit": 1}
    assert people("a A@0[b=x] B@1; c A@0[b=y]; d A@0[b=z]", breakdown=breakdown, which=which) == ["c", "d"]


def test_the_list_of_a_cohort_is_named_by_its_id() -> None:
    project = {"cohorts": [{"id": 5, "name": "odd", "members": ["a"]}]}
    breakdown = {"breakdown": [5, "all"], "breakdown_type": "cohort"}
    ask_of = lambda value: people(  # noqa: E731
        "a A@0; b A@0", breakdown=breakdown, project=project, which={"funnelStep": 1, "funnelStepBreakdown": value}
    )
    assert (ask_of(5), ask_of(0)) == (["a"], ["a", "b"])


def test_somebody_with_several_values_is_in_the_list_of_each_and_without_a_value_once_for_each() -> None:
    log = "a A@0[b=x] A@1[b=y] B@2; b A@0[b=x]"
    asked: dict[str, Any] = {"attribution": "step:0"}
    assert people_of(log, 1, ["x"], **asked) == ["a", "b"]
    assert people_of(log, 1, ["y"], **asked) == ["a"]
    assert did(log, breakdown="b", step=1, **asked) == ["a", "a", "b"]


def test_lists_of_groups_are_of_their_keys() -> None:
    log = "a A@0[$group_0=g] B@1[$group_0=g]; b A@0[$group_0=h]"
    assert did(log, step=1, aggregation_group_type_index=0) == ["g", "h"]
    assert did(log, step=-2, aggregation_group_type_index=0) == ["h"]


def test_an_event_that_is_several_steps_is_counted_once_a_step() -> None:
    assert counts("a AB@0 AB@1 AB@2", [holding("A"), holding("B")]) == [1, 1]
