"""retention_paths.md, 1.9 and 1.10: sum and average of a property; who is behind a cohort."""

from __future__ import annotations

from typing import Any

from tests.semantics.retention.asking import FIRST_EVER, FIRST_TIME, ask, counts, entity, people, sums

SUM: dict[str, Any] = {"aggregationType": "sum", "aggregationProperty": "n"}
AVG: dict[str, Any] = {**SUM, "aggregationType": "avg"}
NONE = [0, 0, 0, 0]
OTHER = "$$_posthog_breakdown_other_$$"


# ---------------------------------------------------------------------- sums
def test_interval_0_of_one_event_adds_every_start_of_the_period_and_later_ones_every_return() -> None:
    events = "a v 01-01 n=1; a v 01-01 n=2; a v 01-02 n=10; b v 01-01 n=4; b v 01-03 n=20; c v 01-02 n=100"
    assert sums(events, **SUM) == [[7, 10, 20, 0], [110, 0, 0, 0], [20, 0, 0, 0], NONE]
    assert counts(events, **SUM) == [[2, 1, 1, 0], [2, 0, 0, 0], [1, 0, 0, 0], NONE]


def test_an_average_is_the_sum_over_the_actors_of_the_cell_not_over_events() -> None:
    events = "a v 01-01 n=1; a v 01-01 n=2; b v 01-01 n=4; a v 01-02 n=10"
    assert sums(events, **AVG)[0] == [3.5, 10, 0, 0]


def test_an_absent_property_and_one_that_is_no_number_are_0() -> None:
    assert sums("a v 01-01; a v 01-02 n=x; a v 01-02 n=3", **SUM)[0] == [0, 3, 0, 0]


def test_interval_0_of_two_events_adds_the_returns_strictly_after_the_first_start_there() -> None:
    events = "a buy 01-01 08:00 n=1; a v 01-01 09:00 n=100; a buy 01-01 09:00 n=2; a buy 01-01 10:00 n=4; a v 01-01 11:00; a buy 01-02 n=8"
    assert sums(events, "v", "buy", **SUM)[0] == [4, 8, 0, 0]


def test_sameness_compares_the_filters_too() -> None:
    events = "a v 01-01 08:00 n=1 p=x; a v 01-01 09:00 n=2"
    assert sums(events, "v", "v", **SUM)[0][0] == 3
    assert sums(events, entity("v", p="x"), "v", **SUM)[0][0] == 2


def test_a_persons_property_is_added_for_each_event() -> None:
    persons = [
        {"id": "A", "distinct_ids": ["a"], "properties": {"score": 80}},
        {"id": "B", "distinct_ids": ["b"], "properties": {"score": 60}},
    ]
    asked = {"aggregationType": "avg", "aggregationProperty": "score", "aggregationPropertyType": "person", "project": {"persons": persons}}
    assert sums("a v 01-01; b v 01-01; a v 01-02; a v 01-02", **asked) == [[70, 160, 0, 0], [160, 0, 0, 0], NONE, NONE]


def test_sums_ignore_minimum_occurrences() -> None:
    assert sums("a v 01-01 n=1; a v 01-02 n=2", minimumOccurrences=5, **SUM)[0] == [1, 2, 0, 0]


def test_sums_of_first_times_and_of_brackets() -> None:
    events = "a v 01-02 n=1; a v 01-02 n=2; a v 01-03 n=4; a v 01-04 n=8"
    assert sums(events, retentionType=FIRST_TIME, **SUM) == [NONE, [3, 4, 8, 0], NONE, NONE]
    assert sums(events, retentionType=FIRST_EVER, retentionCustomBrackets=[2], **SUM)[1] == [3, 12]


def test_sums_by_a_breakdown_and_of_the_rest() -> None:
    events = "a v 01-01 p=x n=1; a v 01-02 p=x n=2; b v 01-01 p=y n=4; c v 01-01 p=z n=8"
    by = {"breakdown": "p", "breakdown_type": "event", "breakdown_limit": 1}
    assert sums(events, by=by, **SUM) == [[1, 2, 0, 0], [2, 0, 0, 0], NONE, NONE, [12, 0, 0, 0], NONE, NONE, NONE]
    assert sums(events, by=by, **AVG)[4] == [6, 0, 0, 0]


def test_counts_have_no_aggregation_value() -> None:
    assert set(ask("a v 01-01")[0]["values"][0]) == {"count", "label"}


# ---------------------------------------------------------------------- actors
EVENTS = "a v 01-01; a v 01-02; a v 01-04; b v 01-01; c v 01-01; c v 01-03; c v 01-04; d v 01-02"


def test_actors_come_with_their_appearances_most_first_then_by_id_and_a_column_each_interval() -> None:
    found = people(EVENTS, 0)
    assert [(p["id"], p["appearances"]) for p in found] == [("a", [0, 1, 3]), ("c", [0, 2, 3]), ("b", [0])]
    assert {k: v for k, v in found[0].items() if k.startswith("day_")} == {"day_0": 1, "day_1": 1, "day_2": 0, "day_3": 1}
    assert [p["id"] for p in people(EVENTS, 1)] == ["a", "d"]


def test_appearances_are_numbers_of_brackets_where_there_are_brackets() -> None:
    assert [(p["id"], p["appearances"]) for p in people(EVENTS, 0, retentionCustomBrackets=[1, 2])] == [
        ("a", [0, 1, 2]),
        ("c", [0, 2]),
        ("b", [0]),
    ]


def test_actors_of_a_value_and_of_the_rest_and_nobody_of_a_value_that_is_not_there() -> None:
    events = "a v 01-01 p=x; b v 01-01 p=x; a v 01-01 p=y; a v 01-02 p=y; c v 01-01 p=z"
    by = {"breakdown": "p", "breakdown_type": "event", "breakdown_limit": 1}
    assert [p["id"] for p in people(events, 0, by=by, value="x")] == ["a", "b"]
    assert [(p["id"], p["appearances"]) for p in people(events, 0, by=by, value=["y"])] == [("a", [0, 1])]
    assert people(events, 0, by=by, value="w") == []
    assert [(p["id"], p["appearances"]) for p in people(events, 0, by=by, value=OTHER)] == [("a", [0, 1]), ("c", [0])]


def test_the_id_of_a_group_is_its_key() -> None:
    events = 'a v 01-01 $group_0="g"; b v 01-02 $group_0="g"'
    project = {"group_types": [{"type": "company", "index": 0}]}
    (found,) = people(events, 0, aggregation_group_type_index=0, project=project)
    assert (found["id"], found["appearances"]) == ("g", [0, 1])


def test_in_a_cohort_that_is_not_there_is_nobody() -> None:
    assert people(EVENTS, 9) == []
