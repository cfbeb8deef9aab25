"""retention_paths.md, section 3: who counts in an interval, and in how many of them."""

from __future__ import annotations

from typing import Any

import pytest

from evkit.errors import SamplingWarning, SpecError, UnsupportedQuery
from tests.semantics.stickiness.asking import NOW, ask, asked, data
from tests.semantics.trends.asking import node

DAYS = ("2020-01-06", "2020-01-09")


def test_each_actor_is_counted_once_at_the_number_of_its_days() -> None:
    assert data("a v 01-06; a v 01-07; a v 01-09; b v 01-08; c v 01-06 09:00; c v 01-06 17:00", days=DAYS) == [2, 0, 1, 0]


def test_the_days_need_not_follow_each_other() -> None:
    assert data("a v 01-06; a v 01-09", days=DAYS) == [0, 1, 0, 0]


def test_who_does_nothing_is_in_no_figure() -> None:
    (row,) = ask("a v 01-05; a other 01-06; a v 01-10", days=DAYS)
    assert (row["data"], row["count"], row["days"]) == ([0, 0, 0, 0], 0, [1, 2, 3, 4])


def test_aliases_are_one_person() -> None:
    assert data('anon v 01-06; user $identify 01-07 $anon_distinct_id="anon"; user v 01-07', days=DAYS) == [0, 1, 0, 0]


def test_in_a_project_that_counts_distinct_ids_persons_are_counted_all_the_same() -> None:
    events = 'anon v 01-06; user $identify 01-07 $anon_distinct_id="anon"; user v 01-07'
    assert data(events, days=DAYS, given={"aggregate_users_by_distinct_id": True}) == [0, 1, 0, 0]


# ---------------------------------------------------------------------- criteria
BUSY = "3*a v 01-06; 2*a v 01-07; a v 01-08; b v 01-06; 2*c v 01-09"


@pytest.mark.parametrize(
    ("operator", "value", "figures"),
    [
        ("gte", 1, [2, 0, 1, 0]),
        ("gte", 2, [1, 1, 0, 0]),
        ("gte", 3, [1, 0, 0, 0]),
        ("lte", 1, [2, 0, 0, 0]),  # a on the 8th, b on the 6th: never the days without an event
        ("lte", 2, [2, 1, 0, 0]),
        ("exact", 2, [2, 0, 0, 0]),
        ("exact", 3, [1, 0, 0, 0]),
        ("exact", 4, [0, 0, 0, 0]),
    ],
)
def test_an_interval_counts_with_so_many_events(operator: str, value: int, figures: list[int]) -> None:
    (row,) = ask(BUSY, days=DAYS, stickinessCriteria={"operator": operator, "value": value})
    assert (row["data"], row["count"]) == (figures, sum(figures))


def test_the_events_of_all_ids_of_a_person_are_added_up() -> None:
    events = 'anon v 01-06; user $identify 01-07 $anon_distinct_id="anon"; user v 01-06'
    assert data(events, days=DAYS, stickinessCriteria={"operator": "gte", "value": 2}) == [1, 0, 0, 0]


# ---------------------------------------------------------------------- cumulative
def test_cumulative_figures_count_so_many_or_more_and_the_count_is_of_all() -> None:
    (row,) = ask("a v 01-06; a v 01-07; a v 01-09; b v 01-08; c v 01-06", days=DAYS, computedAs="cumulative")
    assert (row["data"], row["count"]) == ([3, 1, 1, 0], 3)
    assert row["labels"] == ["1 day or more", "2 days or more", "3 days or more", "4 days or more"]


def test_cumulative_and_criteria_go_together() -> None:
    (row,) = ask(BUSY, days=DAYS, computedAs="cumulative", stickinessCriteria={"operator": "gte", "value": 2})
    assert (row["data"], row["count"]) == ([2, 1, 0, 0], 2)


# ---------------------------------------------------------------------- maths
IN_GROUPS = 'a v 01-06 $group_0=x; b v 01-07 $group_0=x; a v 01-07 $group_0=y; a v 01-08; a v 01-09 $group_0=""'
ORG = {"groups": [{"type": "org", "index": 0, "key": k, "properties": {}} for k in ("x", "y")]}


def test_unique_group_counts_groups_and_leaves_out_events_without_their_key() -> None:
    assert data(IN_GROUPS, node("v", "unique_group", math_group_type_index=0), days=DAYS, given=ORG) == [1, 1, 0, 0]
    assert data(IN_GROUPS, days=DAYS, given=ORG) == [1, 0, 0, 1]


@pytest.mark.parametrize("math", ["total", "dau", "weekly_active", "unique_session", "first_time_for_user", "avg_count_per_actor"])
def test_any_other_math_counts_persons(math: str) -> None:
    assert data(IN_GROUPS, node("v", math, math_group_type_index=0), days=DAYS, given=ORG) == [1, 0, 0, 1]


def test_a_sum_counts_persons_too() -> None:
    assert data("2*a v 01-06 n=5", node("v", "sum", math_property="n"), days=DAYS) == [1, 0, 0, 0]


def test_a_group_type_of_the_whole_query_changes_nothing() -> None:
    assert data(IN_GROUPS, days=DAYS, given=ORG, aggregation_group_type_index=0) == [1, 0, 0, 1]


def test_hogql_counts_the_distinct_values_of_the_expression() -> None:
    events = "a v 01-06 p=1; b v 01-07 p=1; b v 01-07 p=2; b v 01-08"
    values = node("v", "hogql", math_hogql="e.properties.p")
    assert data(events, values, days=DAYS) == [1, 1, 0, 0]
    assert data(events, node("v", "hogql", math_hogql="distinct_id"), days=DAYS) == [1, 1, 0, 0]
    with pytest.raises(UnsupportedQuery, match="series that count different things"):
        ask(events, values, "v", days=DAYS)
    with pytest.raises(UnsupportedQuery, match=r"the HogQL expression 'count\(\)' is not answered"):
        ask(events, node("v", "hogql", math_hogql="count()"), days=DAYS)
    with pytest.raises(UnsupportedQuery, match="math 'uniq' is not answered"):
        ask(events, node("v", "uniq"), days=DAYS)


# ---------------------------------------------------------------------- series, filters, labels
BUY = {"id": 7, "name": "bought", "steps": [{"event": "buy"}]}


def test_each_series_is_counted_by_itself_and_named() -> None:
    events = "a v 01-06; a buy 01-07; b buy 01-06"
    rows = ask(events, "v", None, {"kind": "ActionsNode", "id": 7}, days=DAYS, given={"actions": [BUY]})
    assert [(r["label"], r["data"]) for r in rows] == [("v", [1, 0, 0, 0]), ("All events", [1, 1, 0, 0]), ("bought", [2, 0, 0, 0])]
    assert [r["action"]["id"] for r in rows] == ["v", None, 7]
    assert rows[0]["labels"] == ["1 day", "2 days", "3 days", "4 days"]


def test_filters_of_the_series_and_of_the_question_both_count() -> None:
    events = "a v 01-06 p=1 q=1; a v 01-07 p=1; b v 01-06 q=1; b v 01-08 q=1"
    mine = node("v", properties=[{"key": "p", "value": "1", "type": "event"}])
    assert data(events, mine, days=DAYS) == [0, 1, 0, 0]
    assert data(events, mine, days=DAYS, properties=[{"key": "q", "value": 1, "type": "event"}]) == [1, 0, 0, 0]


def test_test_accounts_are_left_out_where_that_is_asked_for() -> None:
    given = {"test_account_filters": [{"key": "p", "value": "1", "operator": "exact", "type": "event"}]}
    events = "a v 01-06 p=1; b v 01-06"
    assert data(events, days=DAYS, given=given) == [2, 0, 0, 0]
    assert data(events, days=DAYS, given=given, filterTestAccounts=True) == [1, 0, 0, 0]


def test_without_series_there_are_no_rows() -> None:
    import evkit as ek

    assert ek.Project([]).query(asked(days=DAYS), now=NOW) == {"results": []}
    gone = {"kind": "ActionsNode", "id": 8}
    assert ask("a v 01-06", gone, days=DAYS) == []
    assert [(r["label"], r["action"]["order"]) for r in ask("a v 01-06", gone, "v", days=DAYS)] == [("v", 1)]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"stickinessCriteria": {"operator": "gt", "value": 1}}, "unknown operator of criteria 'gt'"),
        ({"stickinessCriteria": {"operator": "gte"}}, "the number of criteria None is no whole number"),
        ({"stickinessCriteria": {"operator": "gte", "value": 1.5}}, "the number of criteria 1.5 is no whole number"),
        ({"stickinessCriteria": {"operator": "lte", "value": 0}}, "an interval counts from its first event on"),
        ({"computedAs": "rolling"}, "unknown computedAs 'rolling'"),
        ({"intervalCount": 0}, "interval_count 0"),
        ({"intervalCount": "2"}, "interval_count '2' is no whole number"),
        ({"interval": "quarter"}, "unknown interval 'quarter'"),
    ],
)
def test_a_wrong_word_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        ask("a v 01-06", days=DAYS, **wrong)


def test_how_it_is_drawn_and_a_sample_change_no_figure() -> None:
    plain = ask("a v 01-06", days=DAYS)
    assert ask("a v 01-06", days=DAYS, display="ActionsBar") == plain
    with pytest.warns(SamplingWarning):
        assert ask("a v 01-06", days=DAYS, samplingFactor=0.1) == plain


def test_at_least_none_is_at_least_one_and_groups_without_a_type_are_persons() -> None:
    days = ("2020-01-01", "2020-01-03")
    assert data("a v 01-01; a v 01-02", days=days, stickinessCriteria={"operator": "gte", "value": 0}) == [0, 1, 0]
    assert data("a v 01-01; a v 01-02", {"kind": "EventsNode", "event": "v", "math": "unique_group"}, days=days) == [0, 1, 0]
