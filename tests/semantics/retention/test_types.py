"""retention_paths.md, 1.2 to 1.5: recurring, first time, minimum occurrences, cumulative."""

from __future__ import annotations

from typing import Any

import pytest

import evkit as ek
from evkit.errors import SpecError
from tests.semantics.retention.asking import FIRST_EVER, FIRST_TIME, ask, counts, entity

NONE = [0, 0, 0, 0]


# ---------------------------------------------------------------------- recurring
def test_somebody_is_in_the_cohort_of_every_period_in_which_they_begin() -> None:
    assert counts("a v 01-01; a v 01-02; a v 01-04") == [[1, 1, 0, 1], [1, 0, 1, 0], NONE, [1, 0, 0, 0]]


def test_somebody_counts_once_in_a_cell_however_often_they_do_it() -> None:
    assert counts("3*a v 01-01; 2*a v 01-02; b v 01-01") == [[2, 1, 0, 0], [1, 0, 0, 0], NONE, NONE]


def test_interval_0_counts_the_cohort_and_returns_in_it_play_no_part() -> None:
    # a buys before and after in the same day, b never, c returns without beginning
    events = "a buy 01-01 08:00; a v 01-01 09:00; a buy 01-01 10:00; b v 01-01; c buy 01-01; c buy 01-02"
    assert counts(events, "v", "buy") == [[2, 0, 0, 0], NONE, NONE, NONE]


def test_a_return_in_a_later_period_counts_whatever_the_clock_time() -> None:
    assert counts("a v 01-01 23:00; a buy 01-02 00:30", "v", "buy") == [[1, 1, 0, 0], NONE, NONE, NONE]


def test_a_return_before_the_cohort_is_nothing() -> None:
    assert counts("a buy 01-01; a v 01-02", "v", "buy") == [NONE, [1, 0, 0, 0], NONE, NONE]


def test_a_null_id_is_any_event_and_an_action_is_named_by_its_id() -> None:
    events = "a v 01-01; a w 01-02; b w 01-01"
    assert counts(events, None, None) == [[2, 1, 0, 0], [1, 0, 0, 0], NONE, NONE]
    action = {"actions": [{"id": 7, "name": "x", "steps": [{"event": "v"}, {"event": "w"}]}]}
    assert counts(events, 7, "w", project=action) == [[2, 1, 0, 0], [1, 0, 0, 0], NONE, NONE]
    any_event = {"actions": [{"id": 7, "name": "x", "steps": [{"event": None}, {"event": "never"}]}]}
    assert counts(events, 7, "w", project=any_event) == [[2, 1, 0, 0], [1, 0, 0, 0], NONE, NONE]


def test_an_entitys_properties_apply_to_its_role_only_and_are_added_to_an_actions_own() -> None:
    events = "a v 01-01 p=x; a v 01-02 p=y; b v 01-01 p=y; b v 01-02 p=x"
    assert counts(events, entity("v", p="x"), "v") == [[1, 1, 0, 0], [1, 0, 0, 0], NONE, NONE]
    assert counts(events, "v", entity("v", p="x")) == [[2, 1, 0, 0], [2, 0, 0, 0], NONE, NONE]
    action = {"actions": [{"id": 7, "name": "x", "steps": [{"event": "v", "properties": [{"key": "q", "value": 1, "type": "event"}]}]}]}
    assert counts("a v 01-01 p=x q=1; b v 01-01 p=x; c v 01-01 q=1", entity(7, p="x"), "v", project=action)[0] == [1, 0, 0, 0]


def test_query_properties_and_test_account_filters_apply_to_everything() -> None:
    events = "a v 01-01 p=x; a v 01-02 p=y; b v 01-01 p=x; b v 01-02 p=x"
    only = {"properties": [{"key": "p", "value": "x", "type": "event"}]}
    assert counts(events, **only) == [[2, 1, 0, 0], [1, 0, 0, 0], NONE, NONE]
    accounts = {"project": {"test_account_filters": only["properties"]}}
    assert counts(events, **accounts) == [[2, 2, 0, 0], [2, 0, 0, 0], NONE, NONE]
    assert counts(events, filterTestAccounts=True, **accounts) == counts(events, **only)


def test_the_aliases_of_a_person_are_one_actor_and_an_event_without_person_is_its_own() -> None:
    people = [{"id": "P", "distinct_ids": ["a", "b"]}]
    assert counts("a v 01-01; b v 01-02; c v 01-01", project={"persons": people}) == [[2, 1, 0, 0], [1, 0, 0, 0], NONE, NONE]


def test_groups_are_counted_and_events_without_one_are_left_out() -> None:
    events = 'a v 01-01 $group_0="g"; b v 01-02 $group_0="g"; a v 01-01; c v 01-01 $group_0=""'
    asked = {"aggregation_group_type_index": 0, "project": {"group_types": [{"type": "company", "index": 0}]}}
    assert counts(events, **asked) == [[1, 1, 0, 0], [1, 0, 0, 0], NONE, NONE]


# ---------------------------------------------------------------------- first time
def test_a_first_time_is_the_earliest_event_ever_and_out_of_range_is_out_of_the_table() -> None:
    events = "a v 2019-12-01; a v 01-02; b v 01-02; b v 01-03; b v 01-04"
    assert counts(events, retentionType=FIRST_TIME) == [NONE, [1, 1, 1, 0], NONE, NONE]


def test_a_first_time_matches_the_filters_of_the_entity_and_of_the_query() -> None:
    events = "a v 01-01 p=y; a v 01-02 p=x; b v 01-02 p=x"
    assert counts(events, entity("v", p="x"), "v", retentionType=FIRST_TIME) == [NONE, [2, 0, 0, 0], NONE, NONE]
    only = {"properties": [{"key": "p", "value": "x", "type": "event"}]}
    assert counts(events, retentionType=FIRST_TIME, **only) == [NONE, [2, 0, 0, 0], NONE, NONE]


def test_the_first_ever_must_itself_pass_the_entitys_filters() -> None:
    # a's first v has p=y: a is nowhere; c's has p=x
    events = "a v 01-01 p=y; a v 01-02 p=x; c v 01-02 p=x; c v 01-03 p=y; c v 01-04 p=y"
    assert counts(events, entity("v", p="x"), "v", retentionType=FIRST_EVER) == [NONE, [1, 1, 1, 0], NONE, NONE]


def test_the_first_ever_at_the_same_instant_counts_whichever_of_the_two_passes() -> None:
    assert counts("a v 01-01 p=y; a v 01-01 p=x", entity("v", p="x"), "v", retentionType=FIRST_EVER)[0] == [1, 0, 0, 0]


def test_the_first_ever_is_of_that_event_not_of_any() -> None:
    assert counts("a $pageview 2019-06-01; a v 01-02", retentionType=FIRST_EVER) == [NONE, [1, 0, 0, 0], NONE, NONE]


def test_query_properties_narrow_the_history_of_the_first_ever_first() -> None:
    events = "a v 2019-06-01 p=y; a v 01-02 p=x"
    only = {"properties": [{"key": "p", "value": "x", "type": "event"}]}
    assert counts(events, retentionType=FIRST_EVER) == [NONE] * 4
    assert counts(events, retentionType=FIRST_EVER, **only) == [NONE, [1, 0, 0, 0], NONE, NONE]


def test_a_first_time_after_the_range_is_in_no_cohort() -> None:
    assert counts("a v 01-09", retentionType=FIRST_TIME) == [NONE] * 4


def test_the_order_in_which_events_arrive_decides_no_first_time() -> None:
    assert counts("a v 01-03; a v 01-02", retentionType=FIRST_TIME) == [NONE, [1, 1, 0, 0], NONE, NONE]


# ---------------------------------------------------------------------- minimum occurrences
def test_coming_back_takes_so_many_returns_in_one_period_and_beginning_one_event() -> None:
    events = "a v 01-01; 2*a v 01-02; a v 01-03; b v 01-01; b v 01-02"
    assert counts(events, minimumOccurrences=2) == [[2, 1, 0, 0], [2, 0, 0, 0], [1, 0, 0, 0], NONE]


# ---------------------------------------------------------------------- cumulative
def test_cumulative_counts_somebody_in_all_intervals_up_to_the_last_reached() -> None:
    assert counts("a v 01-01; a v 01-03; b v 01-01", cumulative=True) == [[2, 1, 1, 0], NONE, [1, 0, 0, 0], NONE]


def test_cumulative_with_minimum_occurrences_goes_up_to_the_last_period_that_qualifies() -> None:
    events = "a v 01-01; 2*a v 01-02; a v 01-04"
    assert counts(events, cumulative=True, minimumOccurrences=2)[0] == [1, 1, 0, 0]


def test_cumulative_looks_no_further_than_the_last_interval() -> None:
    assert counts("a v 01-01; a v 01-04", cumulative=True, intervals=3)[0] == [1, 0, 0]


# ---------------------------------------------------------------------- what is refused
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"period": "Year"}, "unknown period 'Year'. One of: Hour, Day, Week, Month"),
        ({"totalIntervals": 2.5}, "totalIntervals 2.5 is no whole number"),
        ({"retentionType": "first"}, "unknown retention_type 'first'. Did you mean 'retention_first_time'? One of: retention_recurring, retention_first_time, retention_first_ever_occurrence"),
        ({"timeWindowMode": "rolling"}, "unknown time_window_mode 'rolling'. One of: strict_calendar_dates, 24_hour_windows"),
        ({"aggregationType": "sum"}, "aggregation_type 'sum' needs an aggregation_property: of which property?"),
        ({"targetEntity": {"id": 9, "type": "actions"}}, "retention names an action that the project doesn't have: 9"),
        ({"targetEntity": {"id": 9, "kind": "ActionsNode"}}, "retention names an action that the project doesn't have: 9"),
        ({"targetEntity": {"id": "t", "type": "data_warehouse"}}, "an entity of type 'data_warehouse' is not answered. Types that are: events, actions"),
        ({"breakdownFilter": {"breakdowns": [{"property": "a"}, {"property": "b"}]}}, "2 breakdowns: retention takes one"),
        ({"breakdownFilter": {"breakdown": "$session_duration", "breakdown_type": "session"}}, "a breakdown by type 'session' ('$session_duration'): retention takes event, person, group, event_metadata, cohort"),
    ],
)  # fmt: skip
def test_a_query_that_is_not_answered_says_what_is_wrong(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        ask("a v 01-01", **options)
    assert str(caught.value) == message


def test_a_field_that_would_change_a_figure_is_refused() -> None:
    project = ek.Project([])
    for more in ({"retentionFilter": {"newOption": 1}}, {"newOption": 1}, {"breakdownFilter": {"breakdown_path_cleaning": True}}):
        with pytest.raises(SpecError, match="is not answered"):
            project.query({"kind": "RetentionQuery", **more}, now="2020-01-01")
    drawn = {"retentionReference": "previous", "meanRetentionCalculation": "weighted", "dashboardDisplay": "all", "showTrendLines": True}
    assert project.query({"kind": "RetentionQuery", "retentionFilter": drawn}, now="2020-01-01")["results"]
