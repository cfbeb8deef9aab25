"""Section 4.5: paths of those who are at a step of a funnel. The funnel is of A, B and C."""

from __future__ import annotations

import pytest

from evkit.errors import EvkitError
from tests.semantics.paths.asking import edges, following, funnel, query, rows, way, who

ONE = "a v@0 A@1m w@2m B@3m x@4m C@5m y@6m"
TWO = f"{ONE}; b v@0 A@1m w@2m x@3m"
AB = funnel("A", "B")
ABC = funnel("A", "B", "C")


def of(source: dict, kind: str, step: int, **asked: object) -> dict:
    return {"funnelPathsFilter": following(source, kind, step), "stepLimit": 10, **asked}


def test_after_a_step_is_from_it_on_the_step_inside() -> None:
    assert way(TWO, **of(ABC, "after_step", 2)) == "B x C y"
    assert way(TWO, **of(ABC, "after_step", 3)) == "C y"
    assert edges(TWO, **of(ABC, "after_step", 1))[:1] == ["1_A 2_w x2"]


def test_before_a_step_is_up_to_it_the_step_inside() -> None:
    assert way(TWO, **of(ABC, "before_step", 2)) == "v A w B"
    assert edges(TWO, **of(ABC, "before_step", 1)) == ["1_v 2_A x2"]


def test_between_steps_is_from_the_step_before_both_inside() -> None:
    assert way(TWO, **of(ABC, "between_steps", 2)) == "A w B"
    assert way(TWO, **of(ABC, "between_steps", 3)) == "B x C"


def test_a_step_is_that_of_the_chain_that_counts() -> None:
    # the chain of the first A gets to B; the later A plays no part
    assert way("a A@0 B@1m x@2m A@3m", **of(AB, "after_step", 1)) == "A B x A"
    assert way("a A@0 A@20d", **of(AB, "after_step", 1, days={"date_from": "2020-01-01", "date_to": "2020-01-31"})) == ""


def test_who_was_lost_is_followed_from_one_window_after_their_last_step() -> None:
    source = funnel("A", "B", window=(10, "minute"))
    log = "a A@0 x@1m y@9m z@10m w@11m; b A@0 B@1m x@10m q@11m"
    assert way(log, **of(source, "after_step", -2)) == "z w"
    assert way("a v@0 A@1m x@2m", **of(source, "before_step", -2)) == "v A"
    three = funnel("A", "B", "C", window=(10, "minute"))
    assert way("a v@0 A@1m w@2m B@3m x@4m", **of(three, "between_steps", -3)) == "A w B"


def test_the_pause_that_begins_a_session_is_the_window_of_the_funnel() -> None:
    assert way("a A@0 x@1d y@14d23h", **of(AB, "after_step", 1, days={"date_from": "2020-01-01", "date_to": "2020-01-31"})) == "A x y"
    assert edges("a A@0 x@1d y@15d", **of(AB, "after_step", 1, days={"date_from": "2020-01-01", "date_to": "2020-01-31"})) == ["1_A 2_x"]
    hour = funnel("A", "B", window=(1, "hour"))
    assert edges("a A@0 x@59m59 y@1h59m59", **of(hour, "after_step", 1)) == ["1_A 2_x"]


def test_paths_have_their_own_range_and_filters() -> None:
    log = "a A@0 x@1m[k=1] y@2m B@1d[k=1]"
    assert way(log, **of(AB, "after_step", 1, properties=[{"key": "k", "value": "1"}])) == "x B"
    assert way("a A@0 x@2d B@2d1m y@11d", **of(AB, "after_step", 1, days={"date_from": "2020-01-03", "date_to": "2020-01-03"})) == "x B"


def test_sessions_of_a_funnel_are_followed_by_session_and_their_paths_are_of_persons() -> None:
    by_session = funnel("A", "B", options={"funnelAggregateByHogQL": "properties.$session_id"})
    log = "a v@0[$session_id=s] A@1m[$session_id=s] B@2m[$session_id=s] x@3m[$session_id=s] y@4m[$session_id=t] z@5m"
    assert way(log, **of(by_session, "after_step", 2)) == "B x"
    two = "a A@0[$session_id=s] B@1m[$session_id=s] A@2m[$session_id=t] B@3m[$session_id=t]"
    assert way(two, **of(by_session, "after_step", 1)) == "A B A B"


def test_groups_of_a_funnel_are_followed_by_group() -> None:
    grouped = funnel("A", "B", aggregation_group_type_index=0)
    log = "a A@0[$group_0=g] x@1m[$group_0=h]; b w@1m[$group_0=g] B@2m[$group_0=g] y@3m[$group_0=g]"
    assert edges(log, **of(grouped, "after_step", 1)) == ["1_w 2_B", "2_B 3_y"]
    assert who(log, **of(grouped, "after_step", 1, pathEndKey="1_A")) == ["a"]


def test_a_person_with_several_values_is_followed_from_any_of_them_and_no_event_counts_twice() -> None:
    parted = funnel(
        "A", "B", breakdownFilter={"breakdown": "k", "breakdown_type": "event"}, options={"breakdownAttributionType": "all_events"}
    )
    log = "a A@0[k=1] B@1m[k=1] A@2m[k=2] B@3m[k=2] x@4m"
    assert edges(log, **of(parted, "after_step", 1)) == ["1_A 2_B", "2_B 3_A", "3_A 4_B", "4_B 5_x"]
    assert edges(log, **of(parted, "between_steps", 2)) == ["1_A 2_B", "2_B 3_A", "3_A 4_B"]


def test_unordered_funnels_count_their_steps_as_they_were_done() -> None:
    source = funnel("A", "B", options={"funnelOrderType": "unordered"})
    assert way("a v@0 B@1m w@2m A@3m x@4m", **of(source, "after_step", 2)) == "A x"
    assert way("a v@0 B@1m w@2m A@3m x@4m", **of(source, "between_steps", 2)) == "B w A"


def test_a_funnel_drawn_over_time_is_followed_as_one_of_steps() -> None:
    for viz in ("trends", "time_to_convert"):
        assert way(TWO, **of({**ABC, "funnelsFilter": {**ABC["funnelsFilter"], "funnelVizType": viz}}, "after_step", 3)) == "C y"


def test_nobody_in_the_funnel_is_no_path() -> None:
    assert rows("a x@0 y@1m", **of(AB, "after_step", 1)) == []


@pytest.mark.parametrize(
    ("source", "kind", "step", "said"),
    [
        (AB, "after_step", 0, "funnelStep 0"),
        (AB, "after_step", -1, "funnelStep -1"),
        (AB, "after_step", None, "funnelStep None"),
        (AB, "after_step", 3, "funnel_step 3: the funnel has 2 steps, from 1"),
        (AB, "between_steps", 1, "there is no step before it"),
        (AB, "between_steps", -2, "there is no step before it"),
        (AB, "around", 1, "unknown funnel_path_type 'funnel_path_around'"),
        ({**AB, "kind": "TrendsQuery"}, "after_step", 1, "paths over 'TrendsQuery' are not answered"),
    ],
)
def test_what_is_no_step_of_a_funnel_is_refused(source: dict, kind: str, step: int, said: str) -> None:
    from tests.semantics.paths.asking import NOW, project

    with pytest.raises(EvkitError) as caught:
        project("a x@0").query(query(funnelPathsFilter=following(source, kind, step)), now=NOW)
    assert said in str(caught.value)
