"""trends.md, section 4: first_time_for_user and first_matching_event_for_user."""

from __future__ import annotations

import pytest

from tests.semantics.trends.asking import ask, data, node, parted, total

DAYS = ("2020-01-02", "2020-01-04")
ONLY_Y = [{"key": "p", "value": "y", "type": "event"}]
FIRST, MATCHING = node("v", "first_time_for_user"), node("v", "first_matching_event_for_user")


def filtered(series: dict) -> dict:
    return {**series, "properties": ONLY_Y}


@pytest.mark.parametrize("series", [FIRST, MATCHING], ids=["first", "matching"])
def test_a_person_counts_once_in_the_bucket_of_the_first_event_ever(series: dict) -> None:
    # a was first seen before the range; b twice on the 3rd; c on the 4th
    events = "a v 2019-06-01; a v 01-02; b v 01-03; b v 01-03 05:00; b v 01-04; c v 01-04"
    assert data(ask(events, series, days=DAYS)) == [[0, 1, 1]]
    assert total(ask(events, series, days=DAYS, display="BoldNumber")) == [2]


@pytest.mark.parametrize("series", [FIRST, MATCHING], ids=["first", "matching"])
def test_the_first_event_is_that_of_any_of_a_persons_distinct_ids(series: dict) -> None:
    project = {"persons": [{"distinct_ids": ["a", "a2"]}]}
    assert data(ask("a v 01-01; a2 v 01-02; b v 01-02", series, days=DAYS, project=project)) == [[1, 0, 0]]


def test_a_first_event_that_fails_is_not_made_up_for_by_a_later_one() -> None:
    events = "a v 01-02 p=x; a v 01-03 p=y; b v 01-03 p=y"
    assert data(ask(events, filtered(FIRST), filtered(MATCHING), days=DAYS)) == [[0, 1, 0], [0, 2, 0]]


def test_the_first_matching_event_may_lie_before_the_range_and_then_nothing_counts() -> None:
    events = "a v 01-01 p=y; a v 01-03 p=y; b v 01-01 p=x; b v 01-03 p=y"
    assert data(ask(events, filtered(FIRST), filtered(MATCHING), days=DAYS)) == [[0, 0, 0], [0, 1, 0]]


def test_global_filters_and_test_accounts_are_filters_too() -> None:
    events = "a v 01-02 p=x; a v 01-03 p=y; b v 01-03 p=y"
    assert data(ask(events, FIRST, MATCHING, days=DAYS, properties=ONLY_Y)) == [[0, 1, 0], [0, 2, 0]]
    project = {"test_account_filters": [{"key": "p", "value": "x", "operator": "is_not", "type": "event"}]}
    assert data(ask(events, FIRST, MATCHING, days=DAYS, filterTestAccounts=True, project=project)) == [[0, 1, 0], [0, 2, 0]]
    assert data(ask(events, FIRST, MATCHING, days=DAYS, project=project)) == [[1, 1, 0], [1, 1, 0]]


def test_of_two_events_at_the_earliest_time_it_is_enough_that_one_passes() -> None:
    events = "a v 01-02 10:00 p=x; a v 01-02 10:00 p=y; b v 01-02 10:00 p=x; b v 01-02 10:01 p=y"
    assert data(ask(events, filtered(FIRST), days=DAYS)) == [[1, 0, 0]]


def test_the_breakdown_value_is_that_of_the_earliest_event() -> None:
    events = "a v 01-02 q=old; a v 01-03 q=new; b v 01-03 q=new; b v 01-04 q=old; c v 01-04 q=new"
    for series in (FIRST, MATCHING):
        assert parted(ask(events, series, days=DAYS, by="q")) == [("new", [0, 1, 1]), ("old", [1, 0, 0])]


def test_without_an_event_it_is_the_first_of_any_name() -> None:
    events = "a w 01-02; a v 01-03; b v 01-03; c w 2019-12-31; c v 01-03"
    assert data(ask(events, node(None, "first_time_for_user"), FIRST, days=DAYS)) == [[1, 1, 0], [0, 3, 0]]


def test_of_an_action_it_is_the_first_event_of_any_of_its_steps() -> None:
    events = "a w 01-02; a v 01-03; b v 01-03; b other 01-02"
    project = {"actions": [{"id": 1, "name": "either", "steps": [{"event": "v"}, {"event": "w"}]}]}
    series = {"kind": "ActionsNode", "id": 1, "math": "first_time_for_user"}
    assert data(ask(events, series, days=DAYS, project=project)) == [[1, 1, 0]]


def test_events_after_the_range_are_not_looked_at_and_the_first_month_counts_whole() -> None:
    # by month the range begins with its first day: the 1st counts though it is before the 2nd
    events = "a v 01-01; b v 01-03; c v 01-05"
    assert data(ask(events, FIRST, days=DAYS)) == [[0, 1, 0]]
    assert data(ask(events, FIRST, days=DAYS, interval="month")) == [[2]]


def test_by_week_the_first_week_begins_with_the_range() -> None:
    # the week of Sunday 5 January, the range from the 8th on: a's first is before it
    events = "a v 01-06; a v 01-09; b v 01-08"
    assert data(ask(events, FIRST, days=("2020-01-08", "2020-01-10"), interval="week")) == [[1]]


def test_they_add_up_when_cumulative() -> None:
    events = "a v 01-02; b v 01-02; a v 01-03; c v 01-04"
    assert data(ask(events, FIRST, days=DAYS, display="ActionsLineGraphCumulative")) == [[2, 2, 3]]
