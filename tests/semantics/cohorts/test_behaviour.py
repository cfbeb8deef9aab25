"""matching.md, section 12: conditions on what people did, and the windows in which they did it."""

from __future__ import annotations

from typing import Any

import pytest

import evkit as ek
from evkit.errors import SpecError, UnsupportedQuery
from tests.semantics.cohorts.asking import Json, did, last, members, recent, times
from tests.semantics.trends.asking import rows

MULTIPLE, FIRST, REGULARLY = "performed_event_multiple", "performed_event_first_time", "performed_event_regularly"
SEQUENCE, STOPPED, RESTARTED = "performed_event_sequence", "stopped_performing_event", "restarted_performing_event"
WEEK = last(7, "day")


# ---------------------------------------------------------------------- windows
def test_a_window_begins_at_midnight_of_its_first_day_and_ends_with_today() -> None:
    events = "a v 01-05 00:00; b v 2020-01-04 23:59:59; c v 01-12 23:59; d v 01-13 00:00"
    assert members(events, did("v", **WEEK)) == ["a", "c"]
    assert members(events, did("v", **last(1, "week"))) == ["a", "c"]


def test_days_begin_in_the_projects_zone() -> None:
    events = "a v 01-04 23:00; b v 01-04 22:59; c v 01-12 22:59; d v 01-12 23:00"
    assert members(events, did("v", **WEEK), timezone="Europe/Berlin") == ["a", "c"]


def test_the_day_on_which_clocks_change_is_a_whole_day() -> None:
    # in London the clocks go forward on 29 March 2020, so its midnight is 00:00 UTC, and that of the 30th 23:00 UTC
    events = "a v 03-28 23:59; b v 03-29 00:00; c v 03-30 22:59; d v 03-30 23:00"
    assert members(events, did("v", **last(1, "day")), now="2020-03-30T10:00:00Z", timezone="Europe/London") == ["b", "c"]


def test_hours_keep_their_hour_and_minutes_are_to_the_moment() -> None:
    assert members("a v 01-11 12:00; b v 01-11 11:59", did("v", **last(24, "hour")), now="2020-01-12T12:30:00Z") == ["a"]
    assert members("a v 01-12 12:00; b v 01-12 11:59", did("v", **last(30, "minute")), now="2020-01-12T12:30:00Z") == ["a"]


def test_months_and_years_go_by_the_calendar() -> None:
    events = "a v 2019-12-12 00:00; b v 2019-12-11 23:59; c v 2019-01-12 00:00; d v 2019-01-11 23:59"
    assert members(events, did("v", **last(1, "month"))) == ["a"]
    assert members(events, did("v", **last(1, "year"))) == ["a", "b", "c"]
    # a month before 31 March is 29 February
    assert members("a v 02-29; b v 02-28 23:59", did("v", **last(1, "month")), now="2020-03-31T12:00:00Z") == ["a"]


def test_the_length_may_come_as_text() -> None:
    assert members("a v 01-05; b v 01-04", did("v", **last("7", "day"))) == ["a"]


def test_explicit_dates_win_over_a_length() -> None:
    events = "a v 01-10 06:00; b v 01-10 05:59; c v 01-06"
    assert members(events, did("v", explicit_datetime="2020-01-10 06:00:00", **WEEK)) == ["a"]
    assert members(events, did("v", explicit_datetime="-1w")) == ["a", "b", "c"]


def test_an_explicit_end_is_the_end_of_its_day() -> None:
    events = "a v 01-10 23:59; b v 01-11 00:00; c v 01-05; d v 01-04"
    assert members(events, did("v", explicit_datetime="-7d", explicit_datetime_to="-2d")) == ["a", "c"]
    assert members(events, did("v", explicit_datetime="2020-01-05", explicit_datetime_to="2020-01-10")) == ["a", "c"]


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (did("v"), "performed_event has no window: give time_value and time_interval, or explicit_datetime"),
        (did("v", explicit_datetime_to="-7d"), "has only an end"),
        (did("v", FIRST), "has no window"),
        (did("v", FIRST, explicit_datetime_to="-7d"), "has only an end"),
        (did("v", **last(0, "day")), "time_value 0 is no whole number of 1 or more"),
        (did("v", **last("soon", "day")), "time_value 'soon' is no whole number of 1 or more"),
        (did("v", **last(-3, "day")), "time_value -3 is no whole number"),
        (did("v", **last(3, "days")), "unknown time_interval 'days'. Did you mean 'day'?"),
        (did("v", **{"time_value": 3}), "unknown time_interval None"),
        (did("v", explicit_datetime="2020-01-10", explicit_datetime_to="2020-01-05"), "ends .* before it starts"),
        (did("v", "performed_events", **WEEK), "unknown condition on behaviour 'performed_events'. Did you mean 'performed_event'?"),
        (did("", **WEEK), "has no 'key': which event or action?"),
        ({"type": "behavioral", "key": "v", "value": "performed_event", **WEEK}, "unknown event_type of a condition on behaviour None"),
        (did(3, event_type="actions", **WEEK), "no action 3, which a cohort's condition names. Known: none"),
    ],
)
def test_conditions_that_posthog_refuses_are_refused(condition: Json, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        members("a v 01-10", condition)


def test_a_field_that_is_not_answered_is_refused_and_what_another_kind_left_behind_means_nothing() -> None:
    with pytest.raises(UnsupportedQuery, match="performed_event: sessions 3 is not answered"):
        members("a v 01-10", did("v", sessions=3, **WEEK))
    assert members("a v 01-10", did("v", total_periods=3, seq_time_value=1, explicit_datetime_to="-1d", **WEEK)) == ["a"]
    assert members("a v 01-10", did("v", time_value="7.0", time_interval="day")) == ["a"]
    assert ek.Project([], persons=[{"distinct_ids": ["a"]}]).cohort_members([{"type": "person", "key": "x", "operator": "is_not_set"}]) == [
        "a"
    ]
    assert members("a v 01-10", did("v", negation=False, conditionHash="x", operator="gte", **WEEK)) == ["a"]


# ---------------------------------------------------------------------- so many times
def test_where_occurrences_are_counted_the_window_is_to_the_moment() -> None:
    events = "a v 01-05 12:00; b v 01-05 11:59; c v 01-12 12:00; d v 01-12 12:01"
    assert members(events, did("v", MULTIPLE, **times("gte", 1), **WEEK)) == ["a", "c"]
    # an end that is a day is the whole day
    explicit = {"explicit_datetime": "2020-01-05", "explicit_datetime_to": "2020-01-05"}
    assert members(events, did("v", MULTIPLE, **times("gte", 1), **explicit)) == ["a", "b"]


@pytest.mark.parametrize(
    ("operator", "found"), [("gte", "bc"), ("lte", "ab"), ("gt", "c"), ("lt", "a"), ("eq", "b"), ("exact", "b"), (None, "b")]
)
def test_occurrences_are_compared_and_none_is_never_enough(operator: str | None, found: str) -> None:
    events = "a v 01-10; 2*b v 01-10; 3*c v 01-10; d w 01-10"
    assert members(events, did("v", MULTIPLE, **times(operator, 2), **WEEK)) == list(found)
    assert members(events, did("v", "performed_event_multiple_times", **times(operator, "2"), **WEEK)) == list(found)


@pytest.mark.parametrize("n", [0, "0", None, -1, "x", 1.5])
def test_no_times_at_all_is_refused(n: Any) -> None:
    with pytest.raises(SpecError, match="is no whole number of 1 or more"):
        members("a v 01-10", did("v", MULTIPLE, operator="eq", operator_value=n, **WEEK))


def test_an_unknown_comparison_is_refused() -> None:
    with pytest.raises(SpecError, match=r"unknown operator of performed_event_multiple 'gtee'\. Did you mean 'gte'\?"):
        members("a v 01-10", did("v", MULTIPLE, **times("gtee", 2), **WEEK))


def test_only_events_that_pass_the_filters_are_counted() -> None:
    filters = [{"key": "p", "value": "x", "type": "event"}, {"key": "plan", "value": "pro", "type": "person"}]
    persons = [{"distinct_ids": [i], "properties": {"plan": "pro" if i != "c" else "free"}} for i in "abc"]
    events = "a v 01-10 p=x; 2*a v 01-10; b v 01-10 p=x; b v 01-11 p=x; c v 01-10 p=x"
    assert members(events, did("v", event_filters=filters, **WEEK), persons=persons) == ["a", "b"]
    assert members(events, did("v", MULTIPLE, event_filters=filters, **times("gte", 2), **WEEK), persons=persons) == ["b"]


def test_an_action_is_done_by_any_of_its_steps() -> None:
    actions = [{"id": 7, "name": "acted", "steps": [{"event": "v", "properties": [{"key": "p", "value": "x"}]}, {"event": "w"}]}]
    events = "a v 01-10 p=x; b v 01-10; c w 01-10; d w 01-01"
    assert members(events, did(7, event_type="actions", **WEEK), actions=actions) == ["a", "c"]
    assert members(events, did("7", event_type="actions", **WEEK), actions=actions) == ["a", "c"]


def test_it_is_the_person_who_did_it_and_not_the_distinct_id() -> None:
    persons = [{"distinct_ids": ["a", "a2"], "properties": {}}, {"distinct_ids": ["b"], "properties": {}}]
    events = "a v 01-10; a2 v 01-11; b v 01-10; stranger v 01-10; stranger v 01-11"
    # who has no person is one by the distinct id
    assert members(events, did("v", MULTIPLE, **times("eq", 2), **WEEK), persons=persons) == ["a", "a2", "stranger"]


def test_an_event_sent_twice_counts_once() -> None:
    twice = [{**e, "uuid": "00000000-0000-7000-8000-000000000001"} for e in rows("a v 01-10; a v 01-10")]
    definition = {"type": "AND", "values": [did("v", MULTIPLE, **times("eq", 1), **WEEK)]}
    assert ek.Project(twice).cohort_members(definition, now="2020-01-12T12:00:00Z") == ["a"]


# ---------------------------------------------------------------------- for the first time
def test_the_first_time_ever_must_lie_in_the_window() -> None:
    events = "a v 01-05; b v 01-04; b v 01-06; c v 2019-06-01; c v 01-11; d v 01-13"
    assert members(events, did("v", FIRST, **WEEK)) == ["a"]
    ended = {"explicit_datetime": "-30d", "explicit_datetime_to": "-7d"}
    assert members(events, did("v", FIRST, **ended)) == ["a", "b"]


def test_the_first_is_one_that_passes_the_filters() -> None:
    events = "a v 01-01; a v 01-08 p=x; b v 01-01 p=x; b v 01-08 p=x"
    assert members(events, did("v", FIRST, event_filters=[{"key": "p", "value": "x"}], **WEEK)) == ["a"]


# ---------------------------------------------------------------------- sequence
def then(name: str | int, gap: tuple[int, str] = (3, "day"), kind: str = "events", **window: Any) -> Json:
    return did("v", SEQUENCE, seq_event=name, seq_event_type=kind, **recent(*gap), **(window or WEEK))


def test_the_second_event_follows_soon_enough() -> None:
    events = "a v 01-08 10:00; a w 01-11 10:00; b v 01-08 10:00; b w 01-11 10:00:01; c w 01-08; c v 01-09; d v 01-08; e w 01-08"
    assert members(events, then("w")) == ["a"]
    # a later first one counts
    assert members("a v 01-05; a v 01-09; a w 01-11", then("w")) == ["a"]


def test_both_events_lie_in_the_window() -> None:
    assert members("a v 01-04 23:59; a w 01-05 00:00; b v 01-05; b w 01-05 00:01; c v 01-12; c w 01-13", then("w")) == ["b"]


def test_of_the_same_event_two_are_needed() -> None:
    assert members("a v 01-08; a v 01-10; b v 01-08; c v 01-06; c v 01-10; 2*d v 01-08", then("v")) == ["a", "d"]


def test_events_of_one_instant_are_in_either_order() -> None:
    assert members("a w 01-08; a v 01-08; b v 01-08; b w 01-08", then("w")) == ["a", "b"]


def test_one_event_that_is_both_is_not_followed_by_itself() -> None:
    actions = [{"id": 7, "name": "any", "steps": [{"event": "v"}, {"event": "w"}]}]
    events = "a v 01-08; b v 01-08; b w 01-08; 2*c v 01-08; d v 01-07; d v 01-09"
    assert members(events, then(7, kind="actions"), actions=actions) == ["b", "c", "d"]


def test_a_month_between_two_events_is_31_days() -> None:
    events = "a v 2019-11-01; a w 2019-12-02; b v 2019-11-01; b w 2019-12-02 00:00:01"
    assert members(events, then("w", (1, "month"), **last(1, "year"))) == ["a"]


def test_the_filters_are_those_of_the_first_event() -> None:
    condition = {**then("w"), "event_filters": [{"key": "p", "value": "x"}]}
    assert members("a v 01-08 p=x; a w 01-09; b v 01-08; b w 01-09 p=x", condition) == ["a"]


# ---------------------------------------------------------------------- stopped, restarted
def test_who_stopped_did_it_in_the_window_and_not_lately() -> None:
    events = "a v 01-04; b v 01-04; b v 01-06; c v 2019-12-20; d v 01-10; e v 2019-12-29 00:00; f v 2019-12-28 23:59"
    assert members(events, did("v", STOPPED, **last(2, "week"), **recent(1, "week"))) == ["a", "e"]


def test_who_restarted_did_it_lately_and_before_a_pause() -> None:
    # the week before today begins on the 5th, its last two days on the 10th
    lately = "v 01-11"
    events = f"a v 2019-06-01; a {lately}; b v 2019-06-01; b v 01-06; b {lately}; c {lately}; d v 2019-06-01; e v 01-06; e {lately}"
    assert members(events, did("v", RESTARTED, **last(1, "week"), **recent(2, "day"))) == ["a"]


def test_the_recent_part_is_at_most_the_whole_window() -> None:
    for kind in (STOPPED, RESTARTED):
        with pytest.raises(SpecError, match="recent '2 weeks' is longer than within '1 week': it is the last part of that window"):
            members("a v 01-10", did("v", kind, **last(1, "week"), **recent(2, "week")))
        assert members("a v 01-04", did("v", kind, **last(7, "day"), **recent(1, "week"))) == []
        with pytest.raises(SpecError, match="begins before the window does"):
            members("a v 01-10", did("v", kind, explicit_datetime="-3d", **recent(1, "week")))
    assert members("a v 2019-06-01; a v 01-11", did("v", RESTARTED, **last(7, "day"), **recent(1, "week"))) == ["a"]


# ---------------------------------------------------------------------- regularly
def regularly(n: int, unit: str, least: int, total: int, operator: str = "gte", count: int = 1) -> Json:
    return did("v", REGULARLY, min_periods=least, total_periods=total, **last(n, unit), **times(operator, count))


def test_periods_end_with_yesterday_and_begin_at_midnight() -> None:
    # three days each: 9-11, 6-8 and 3-5 January
    events = "a v 01-11 23:59; a v 01-06 00:00; b v 01-12 00:00; b v 01-08; c v 01-09; c v 01-10; d v 01-03; d v 01-09; e v 01-02 23:59; e v 01-09"
    assert members(events, regularly(3, "day", 2, 3)) == ["a", "d"]


def test_each_period_needs_so_many() -> None:
    events = "2*a v 01-10; 2*a v 01-07; 2*b v 01-10; b v 01-07; 4*c v 01-10"
    assert members(events, regularly(3, "day", 2, 3, "gte", 2)) == ["a"]
    assert members(events, regularly(3, "day", 1, 3, "eq", 1)) == ["b"]


def test_a_period_without_an_event_never_counts() -> None:
    assert members("a v 01-10; b v 01-10; b v 01-07", regularly(3, "day", 2, 3, "lte", 1)) == ["b"]


def test_periods_of_months_and_years_go_by_the_calendar() -> None:
    # months from the 12th to the 11th
    assert members("a v 01-11; a v 2019-12-11; b v 01-11; b v 2019-12-12; c v 2019-11-11; c v 2019-12-12", regularly(1, "month", 2, 2)) == [
        "a"
    ]
    assert members("a v 2019-01-12; a v 2019-01-11; b v 2019-01-12; b v 01-11", regularly(1, "year", 2, 2)) == ["a"]
    assert members("a v 2019-01-12; a v 2019-01-11", regularly(12, "month", 2, 2)) == ["a"]


def test_periods_are_days_of_the_projects_zone() -> None:
    # in Berlin the 11th ends at 23:00 UTC
    assert members("a v 01-11 22:59; b v 01-11 23:00", regularly(1, "day", 1, 1), timezone="Europe/Berlin") == ["a"]


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (regularly(1, "day", 3, 2), "min_periods 3 of total_periods 2: nobody can be in more than there are"),
        (regularly(1, "day", 0, 2), "min_periods 0 is no whole number of 1 or more"),
        (regularly(1, "hour", 1, 2), "period '1 hour' is shorter than a day"),
        (regularly(1, "day", 1, 2000), "total_periods 2000: give 1 to 1000"),
        ({**regularly(1, "day", 1, 2), "operator_value": 0}, "operator_value 0 is no whole number of 1 or more"),
    ],
)
def test_periods_that_make_no_sense_are_refused(condition: Json, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        members("a v 01-10", condition)


def test_a_distinct_id_is_looked_up_among_all_of_a_person() -> None:
    people = [{"id": "p", "distinct_ids": ["a", "b"], "properties": {}}, {"id": "q", "distinct_ids": ["c"], "properties": {}}]
    project = ek.Project([{"event": "v", "distinct_id": "a", "timestamp": "2020-01-10"}], persons=people)
    leaf = {"key": "distinct_id", "value": "b", "type": "person"}
    assert project.cohort_members({"type": "AND", "values": [leaf]}) == ["a", "b"]
