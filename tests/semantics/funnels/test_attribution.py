"""Section 6: breakdown values, and whose value counts. The window is ten seconds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.semantics.funnels.asking import ask, by_value

TWO = {"breakdowns": [{"property": "os", "type": "event"}, {"property": "br", "type": "event"}]}
INDUSTRY = {"breakdown": "industry", "breakdown_type": "group", "breakdown_group_type_index": 0}
GROUPS = {
    "groups": [
        {"type": "company", "index": 0, "key": "g", "properties": {"industry": "tech"}},
        {"type": "company", "index": 0, "key": "h", "properties": {"industry": "food"}},
        {"type": "company", "index": 0, "key": "bare", "properties": {}},
    ]
}


def split(log: str, attribution: str = "first_touch", series: Any = "A B", **asked: Any) -> dict[Any, list[int]]:
    return by_value(log, series, breakdown="b", attribution=attribution, **asked)


def times_of(log: str, attribution: str, series: Any = "A B") -> dict[str, list[Any]]:
    rows = ask(log, series, breakdown="b", attribution=attribution)
    return {row[0]["breakdown_value"][0]: [step["average_conversion_time"] for step in row[1:]] for row in rows}


def split_by_group(log: str, attribution: str = "first_touch", series: Any = "A B", **asked: Any) -> dict[Any, list[int]]:
    return by_value(log, series, breakdown=INDUSTRY, attribution=attribution, project=GROUPS, **asked)


# ---------------------------------------------------------------------- values
def test_a_value_is_a_list_of_one_text() -> None:
    rows = ask("a A@0[b=Chrome] B@1", breakdown="b")
    assert [(step["breakdown"], step["breakdown_value"]) for step in rows[0]] == [(["Chrome"], ["Chrome"])] * 2


@pytest.mark.parametrize(
    ("given", "said"),
    [("[b=x]", "x"), ("", ""), ("[b=null]", ""), ('[b=""]', ""), ("[b=0]", "0"), ("[b=7]", "7"), ("[b=1.5]", "1.5"), ("[b=false]", "false"), ("[b=true]", "true")],
)  # fmt: skip
def test_numbers_and_booleans_are_texts_and_a_missing_value_is_empty(given: str, said: str) -> None:
    assert split(f"a A@0{given}") == {(said,): [1, 0]}


def test_several_properties_are_a_list_of_as_many() -> None:
    log = "a A@0[os=Mac,br=Chrome]; b A@0[os=Mac,br=Safari] B@1; c A@0[os=Mac,br=Safari]"
    assert by_value(log, breakdown=TWO) == {("Mac", "Safari"): [2, 1], ("Mac", "Chrome"): [1, 0]}


def test_a_property_of_persons_is_a_value_too() -> None:
    persons = [{"id": w, "distinct_ids": [w], "properties": {"plan": p} if p else {}} for w, p in (("a", "pro"), ("b", "pro"), ("c", None))]
    breakdown = {"breakdown": "plan", "breakdown_type": "person"}
    found = by_value("a A@0 B@1; b A@0; c A@0", breakdown=breakdown, project={"persons": persons})
    assert found == {("pro",): [2, 1], ("",): [1, 0]}


def test_a_column_of_the_event_is_a_value() -> None:
    project = {"persons": [{"id": "P", "distinct_ids": ["a", "b"]}]}
    breakdown = {"breakdown": "distinct_id", "breakdown_type": "event_metadata"}
    assert by_value("b A@0; a B@1", breakdown=breakdown, project=project) == {("b",): [1, 1]}


def test_an_expression_is_a_value() -> None:
    breakdown = {"breakdown": "properties.b", "breakdown_type": "hogql"}
    assert by_value("a A@0[b=x] B@1; b A@0", breakdown=breakdown) == {("x",): [1, 1], ("",): [1, 0]}


@pytest.mark.parametrize(
    ("url", "said"),
    [("/", "/"), ("///?#", "/"), ("/a/", "/a"), ("/a/?#", "/a"), ("/a\\", "/a"), ("/a?q/", "/a?q"), ("/a/b", "/a/b"), ("http://x.y/", "http://x.y")],
)  # fmt: skip
def test_urls_lose_their_trailing_signs_and_an_empty_rest_is_a_slash(url: str, said: str) -> None:
    breakdown = {"breakdown": "u", "breakdown_type": "event", "breakdown_normalize_url": True}
    assert by_value(f"a A@0[u={url}]", breakdown=breakdown) == {(said,): [1, 0]}


# ---------------------------------------------------------------------- first and last touch
def test_the_first_value_that_is_not_empty_counts_and_filters_no_events() -> None:
    assert split("a A@0[b=x] B@1[b=y]; b A@0 B@1[b=y]; c A@0[b=y] B@1[b=x]") == {("y",): [2, 2], ("x",): [1, 1]}


def test_the_first_touch_is_the_default() -> None:
    assert by_value("a A@0[b=x] B@1[b=y]", breakdown="b") == {("x",): [1, 1]}


def test_the_last_value_that_is_not_empty_counts_also_after_the_goal() -> None:
    assert split("a A@0[b=x] B@1[b=y]; b A@0[b=x] B@1; c A@0[b=x] B@1[b=x] A@50[b=y] B@60", "last_touch") == {
        ("y",): [2, 2],
        ("x",): [1, 1],
    }


def test_the_value_of_an_event_that_is_in_no_chain_counts_too() -> None:
    assert split("a B@0[b=early] A@1[b=x]") == {("early",): [1, 0]}


def test_without_any_value_the_empty_one_counts() -> None:
    assert split("a A@0 B@1") == {("",): [1, 1]}
    assert split("a A@0 B@1", "last_touch") == {("",): [1, 1]}
    assert by_value("a A@0 B@1", breakdown=TWO) == {("", ""): [1, 1]}


def test_a_list_that_is_partly_empty_counts() -> None:
    assert by_value("a A@0[os=Mac] B@1[os=Win,br=Chrome]", breakdown=TWO) == {("Mac", ""): [1, 1]}
    assert by_value("a A@0 B@1[br=Chrome]", breakdown=TWO) == {("", "Chrome"): [1, 1]}


def test_the_value_of_an_exclusion_counts() -> None:
    assert split("a X@0[b=x] A@1[b=y] B@2", exclude="X:0-1") == {("x",): [1, 1]}


def test_the_value_of_another_event_counts_in_strict_funnels_only() -> None:
    log = "a N@0[b=n] A@1[b=x] B@2"
    assert split(log) == {("x",): [1, 1]}
    assert split(log, order="unordered") == {("x",): [1, 1]}
    assert split(log, order="strict") == {("n",): [1, 1]}


def test_the_value_of_an_event_before_the_range_does_not_count() -> None:
    assert split("a A@-1[b=early] A@0[b=x]") == {("x",): [1, 0]}


# ---------------------------------------------------------------------- groups
def test_the_value_of_a_group_is_a_plain_text() -> None:
    assert split_by_group("a A@0[$group_0=g] B@1; b A@0[$group_0=h]; c A@0[$group_0=bare]") == {"tech": [1, 1], "food": [1, 0], "": [1, 0]}


def test_of_groups_the_empty_value_is_not_passed_over() -> None:
    assert split_by_group("a A@0 B@1[$group_0=g]") == {"": [1, 1]}
    assert split_by_group("a A@0[$group_0=g] B@1", "last_touch") == {"": [1, 1]}
    assert split_by_group("a A@0[$group_0=g] B@1") == {"tech": [1, 1]}
    # strict: of any event
    log = "a N@0 A@1[$group_0=g] B@2[$group_0=g]"
    assert [split_by_group(log, order=order) for order in ("ordered", "strict")] == [{"tech": [1, 1]}, {"": [1, 1]}]


def test_attributed_to_a_step_the_empty_value_of_a_group_joins_for_every_other_event() -> None:
    # A is no second step: "" joins. Its run does A, and B is of another value.
    assert split_by_group("a A@0[$group_0=g] B@1[$group_0=g]", "step:1") == {"tech": [1, 1], "": [1, 0]}
    assert split_by_group("a A@0[$group_0=g]", "step:1") == {"": [1, 0]}
    # an event property doesn't do that
    assert split("a A@0[b=x] B@1[b=x]", "step:1") == {("x",): [1, 1]}


def test_attributed_to_the_first_step_the_joined_value_begins_no_chain() -> None:
    assert split_by_group("a A@0[$group_0=g] B@1[$group_0=g]", "step:0") == {"tech": [1, 1]}


# ---------------------------------------------------------------------- all events
def test_of_all_events_each_value_sees_only_its_own() -> None:
    # x: A and B@2; y: only B
    assert split("a A@0[b=x] B@1[b=y] B@2[b=x]", "all_events") == {("x",): [1, 1]}
    assert times_of("a A@0[b=x] B@1[b=y] B@2[b=x]", "all_events") == {"x": [2]}
    assert split("a A@0[b=x] A@1[b=y] B@2[b=y]; b A@0 B@1", "all_events") == {("y",): [1, 1], ("",): [1, 1], ("x",): [1, 0]}


def test_of_all_events_a_strict_chain_is_broken_only_by_its_own_value() -> None:
    log = "a A@0[b=x] N@1[b=y] B@2[b=x]; b A@0[b=x] N@1[b=x] B@2[b=x]"
    assert split(log, "all_events", order="strict") == {("x",): [2, 1]}
    assert split(log, order="strict") == {("x",): [2, 0]}


def test_of_all_events_an_exclusion_voids_only_its_own_value() -> None:
    log = "a A@0[b=x] X@1[b=y] B@2[b=x]; b A@0[b=x] X@1[b=x] B@2[b=x]"
    assert split(log, "all_events", exclude="X:0-1") == {("x",): [1, 1]}


# ---------------------------------------------------------------------- a step
def test_of_a_step_each_of_its_values_is_a_run_and_counts() -> None:
    log = "a A@0[b=x] A@5[b=y] B@6[b=z]"
    assert split(log, "step:0") == {("x",): [1, 1], ("y",): [1, 1]}
    # the run of x begins at 0 only, that of y at 5
    assert times_of(log, "step:0") == {"x": [6], "y": [1]}


def test_of_a_step_only_events_of_the_value_are_that_step_and_others_are_any() -> None:
    log = "a A@0[b=q] B@1[b=x] B@2[b=y] C@3[b=r]"
    assert split(log, "step:1", "A B C") == {("x",): [1, 1, 1], ("y",): [1, 1, 1]}
    assert times_of(log, "step:1", "A B C") == {"x": [1, 2], "y": [2, 1]}


def test_of_a_step_values_count_whether_or_not_the_event_is_in_a_chain() -> None:
    # B@0[q] comes before A: the run of q does A and no B
    assert split("a B@0[b=q] A@1 B@2[b=y]", "step:1") == {("y",): [1, 1], ("q",): [1, 0]}


def test_of_a_step_who_never_did_it_counts_nowhere() -> None:
    assert split("a A@0[b=x]; b A@0[b=x] B@1[b=y]", "step:1") == {("y",): [1, 1]}
    assert split("a A@0[b=x]", "step:1") == {}


def test_of_a_step_an_empty_value_counts() -> None:
    assert split("a A@0 B@1[b=x]", "step:0") == {("",): [1, 1]}
    assert split("a A@0 A@1[b=x] B@2", "step:0") == {("",): [1, 1], ("x",): [1, 1]}


def test_of_a_step_a_strict_run_sees_the_events_of_all_values() -> None:
    # the run of x may not take B@1[y], which empties the slot of A all the same
    assert split("a A@0 B@1[b=y] B@2[b=x]", "step:1", order="strict") == {("y",): [1, 1], ("x",): [1, 0]}


def test_of_a_step_a_step_that_goes_on_from_it_over_an_optional_one_is_held_to_the_value() -> None:
    # values of B (k = 1). B of the chain of 0 is too old for C@12, which goes on from A@8: p is 1, and so k
    assert split("a A@0 B@1[b=x] A@8 C@12[b=y]", "step:1", "A B? C") == {("x",): [1, 1, 0]}
    assert split("a A@0 B@1[b=x] A@8 C@12[b=x]", "step:1", "A B? C") == {("x",): [1, 0, 1]}


def test_of_a_step_that_is_reached_over_an_optional_one_any_value_is_taken() -> None:
    # values of C (k = 2): C@5 goes on from A, p is 1 and not k, so both runs take it
    assert split("a A@0 C@5[b=y] C@6[b=z]", "step:2", "A B? C") == {("y",): [1, 0, 1], ("z",): [1, 0, 1]}


def test_unordered_the_first_step_is_the_first_event_of_an_attempt_and_all_values_count() -> None:
    # x: A, B. y: A may not begin, B does. The value of B alone does not matter once an attempt has begun.
    assert split("a A@0[b=x] B@1[b=y]", "step:0", order="unordered") == {("x",): [1, 1], ("y",): [1, 0]}
    assert split("a A@0[b=x] B@1", "step:0", order="unordered") == {("x",): [1, 1], ("",): [1, 0]}


def test_unordered_a_new_attempt_is_held_to_the_value_again() -> None:
    # at 20 A@0 has run out: x may not begin with A@20[y], and B@21[x] begins alone
    log = "a A@0[b=x] A@20[b=y] B@21[b=x]"
    assert split(log, "step:0", order="unordered") == {("y",): [1, 1], ("x",): [1, 0]}


# ---------------------------------------------------------------------- cohorts
COHORTS = {"cohorts": [{"id": 5, "name": "odd", "members": ["a", "c"]}, {"id": 8, "name": "low", "members": ["a", "b"]}]}


def test_cohorts_have_their_id_as_value_and_their_name_is_shown_and_all_is_0() -> None:
    breakdown = {"breakdown": [5, 8, "all"], "breakdown_type": "cohort"}
    rows = ask("a A@0 B@1; b A@0; c A@0 B@1; d A@0 B@1", breakdown=breakdown, project=COHORTS)
    found = {(r[0]["breakdown"], r[0]["breakdown_value"]): [s["count"] for s in r] for r in rows}
    assert found == {("odd", 5): [2, 2], ("low", 8): [2, 1], ("all users", 0): [4, 3]}


def test_one_cohort_leaves_out_who_is_not_in_it() -> None:
    breakdown = {"breakdown": 5, "breakdown_type": "cohort"}
    assert by_value("a A@0 B@1; b A@0", breakdown=breakdown, project=COHORTS) == {5: [1, 1]}


# ---------------------------------------------------------------------- rows
def test_rows_are_ordered_by_the_last_step_then_the_one_before() -> None:
    # few: [1, 1, 1], r: [3, 3, 0], p: [2, 2, 1], q: [3, 1, 1]
    log = (
        "a A@0[b=few] B@1 C@2; d A@0[b=r] B@1; e A@0[b=r] B@1; f A@0[b=r] B@1; g A@0[b=p] B@1 C@2; h A@0[b=p] B@1; "
        "i A@0[b=q] B@1 C@2; j A@0[b=q]; k A@0[b=q]"
    )
    assert list(split(log, series="A B C")) == [("p",), ("q",), ("few",), ("r",)]


MANY = "a A@0[b=x] B@1; b A@0[b=x] B@1; c A@0[b=x] B@1; d A@0[b=y] B@1; e A@0[b=y] B@2; f A@0[b=z] B@6; g A@0[b=z]"


def test_past_the_limit_values_are_one_row_with_counts_summed_and_times_pooled() -> None:
    rows = ask(MANY, breakdown={"breakdown": "b", "breakdown_type": "event", "breakdown_limit": 1})
    assert {row[0]["breakdown_value"][0]: [s["count"] for s in row] for row in rows} == {"x": [3, 3], "Other": [4, 3]}
    other = next(row for row in rows if row[0]["breakdown_value"] == ["Other"])
    # 1, 2 and 6 together: 3, where the mean of the means 1.5 and 6 would be 3.75
    assert (other[1]["average_conversion_time"], other[1]["median_conversion_time"]) == (3, 2)


def test_past_the_limit_of_several_properties_the_rest_is_one_row_of_that_name() -> None:
    log = "a A@0[os=Mac,br=x] B@1; b A@0[os=Win,br=y]; c A@0[os=Win,br=z]"
    assert by_value(log, breakdown={**TWO, "breakdown_limit": 1}) == {("Mac", "x"): [1, 1], ("Other",): [2, 0]}


def test_past_the_limit_of_groups_the_rest_is_a_plain_text() -> None:
    log = "a A@0[$group_0=g] B@1; b A@0[$group_0=h]; c A@0[$group_0=bare]"
    assert by_value(log, breakdown={**INDUSTRY, "breakdown_limit": 1}, project=GROUPS) == {"tech": [1, 1], "Other": [2, 0]}


def test_the_limit_is_25_when_none_is_given() -> None:
    log = "; ".join(f"p{i} A@0[b=v{i}]" for i in range(28))
    found = split(log)
    assert (len(found), found[("Other",)]) == (26, [3, 0])


def test_cohorts_have_no_limit() -> None:
    breakdown = {"breakdown": [5, 8, "all"], "breakdown_type": "cohort", "breakdown_limit": 1}
    assert set(by_value("a A@0; b A@0; c A@0", breakdown=breakdown, project=COHORTS)) == {5, 8, 0}


def test_somebody_with_two_values_past_the_limit_counts_twice_in_the_rest() -> None:
    log = "a A@0[b=x] B@1; b A@0[b=x] B@1; c A@0[b=y] A@1[b=z]"
    breakdown = {"breakdown": "b", "breakdown_type": "event", "breakdown_limit": 1}
    assert by_value(log, breakdown=breakdown, attribution="step:0") == {("x",): [2, 2], ("Other",): [2, 0]}


def test_the_rule_says_that_no_empty_value_of_a_group_is_passed_over() -> None:
    from evkit.insights.funnel.rules import broken_down
    from evkit.insights.funnel.spec import Funnel
    from evkit.query.builders import group_prop

    assert broken_down(Funnel("a", "b", breakdown=group_prop("industry")))[0] == (
        "The breakdown value of an actor is that of the earliest event in the funnel, or no value where that event is of no group."
    )
    assert broken_down(Funnel("a", "b", breakdown="plan"))[0] == (
        "The breakdown value of an actor is that of the earliest event in the funnel that has one."
    )
