"""retention_paths.md, section 2: what somebody is in a bucket."""

from __future__ import annotations

import pytest

from tests.semantics.lifecycle.asking import data, persons

WEEK = ("2020-01-06", "2020-01-10")


def test_somebody_created_in_the_bucket_of_their_first_activity_is_new() -> None:
    assert data("a v 01-07 09:00; a v 01-07 17:00; b v 01-08", days=WEEK) == {"new": [0, 1, 1, 0, 0], "dormant": [0, 0, -1, -1, 0]}


def test_who_was_active_in_the_bucket_before_is_returning() -> None:
    assert data("a v 01-06; a v 01-07; a v 01-08 23:59", days=WEEK) == {
        "new": [1, 0, 0, 0, 0], "returning": [0, 1, 1, 0, 0], "dormant": [0, 0, 0, -1, 0],
    }  # fmt: skip


def test_who_comes_back_after_a_bucket_without_is_resurrecting() -> None:
    assert data("a v 01-06; a v 01-08; a v 01-10", days=WEEK) == {
        "new": [1, 0, 0, 0, 0], "resurrecting": [0, 0, 1, 0, 1], "dormant": [0, -1, 0, -1, 0],
    }  # fmt: skip


def test_dormancy_shows_once_in_the_first_idle_bucket() -> None:
    assert data("a v 01-06; b v 01-06; b v 01-07", days=WEEK) == {
        "new": [2, 0, 0, 0, 0],
        "returning": [0, 1, 0, 0, 0],
        "dormant": [0, -1, -1, 0, 0],
    }


def test_dormancy_past_the_end_of_the_range_is_cut() -> None:
    assert data("a v 01-10", days=WEEK) == {"new": [0, 0, 0, 0, 1]}


def test_the_bucket_before_the_range_tells_returning_and_dormant_in_the_first() -> None:
    assert data("a v 01-05; a v 01-06; b v 01-05", days=("2020-01-06", "2020-01-07")) == {"returning": [1, 0], "dormant": [-1, -1]}


def test_what_is_before_that_bucket_is_not_looked_at() -> None:
    # a was active on the 4th, two days before the range: on the 6th its first activity in sight is not that of its creation
    assert data("a v 01-04; a v 01-06; b v 01-04", days=("2020-01-06", "2020-01-07")) == {"resurrecting": [1, 0], "dormant": [0, -1]}


def test_who_is_created_in_the_bucket_before_the_range_is_never_new_in_it() -> None:
    assert data("a v 01-05; a v 01-06; a v 01-08", days=WEEK) == {
        "returning": [1, 0, 0, 0, 0], "resurrecting": [0, 0, 1, 0, 0], "dormant": [0, -1, 0, -1, 0],
    }  # fmt: skip


def test_who_was_created_on_another_day_than_their_first_activity_is_resurrecting_at_once() -> None:
    events = "a v 01-07; b v 01-07"
    assert data(events, days=WEEK, given=persons(a="01-03", b="01-09")) == {"resurrecting": [0, 2, 0, 0, 0], "dormant": [0, 0, -2, 0, 0]}


def test_later_activity_in_the_bucket_of_creation_is_not_new() -> None:
    # an import: active on the 6th and 8th, created on the 8th
    assert data("a v 01-06; a v 01-08", days=WEEK, given=persons(a="01-08")) == {
        "resurrecting": [1, 0, 1, 0, 0],
        "dormant": [0, -1, 0, -1, 0],
    }


def test_an_event_that_makes_a_person_and_does_not_count_still_is_their_creation() -> None:
    # a is made by another event on the 6th; b by one that the filter hides
    events = "a other 01-06; a v 01-07; b v 01-06 p=no; b v 01-07 p=yes; a v 01-07 p=yes"
    filters = [{"key": "p", "value": "yes", "type": "event"}]
    assert data(events, days=WEEK, properties=filters) == {"resurrecting": [0, 2, 0, 0, 0], "dormant": [0, 0, -2, 0, 0]}


def test_an_event_of_nobody_known_is_never_new() -> None:
    assert data("a v 01-07; stranger v 01-07", days=WEEK, given=persons(a="01-07")) == {
        "new": [0, 1, 0, 0, 0], "resurrecting": [0, 1, 0, 0, 0], "dormant": [0, 0, -2, 0, 0],
    }  # fmt: skip


def test_aliases_are_one_person_created_with_the_oldest() -> None:
    events = 'anon v 01-06; user $identify 01-07 $anon_distinct_id="anon"; user v 01-07; other v 01-07'
    assert data(events, days=WEEK) == {"new": [1, 1, 0, 0, 0], "returning": [0, 1, 0, 0, 0], "dormant": [0, 0, -2, 0, 0]}


def test_a_person_of_two_that_were_made_is_as_old_as_the_older() -> None:
    # user was made on the 8th, anon on the 6th; they become one afterwards, and were active as user first
    events = 'user v 01-08; anon other 01-06; user $identify 01-09 $anon_distinct_id="anon"; c v 01-08'
    assert data(events, days=WEEK) == {"new": [0, 0, 1, 0, 0], "resurrecting": [0, 0, 1, 0, 0], "dormant": [0, 0, 0, -2, 0]}


def test_a_person_is_created_at_the_time_of_the_event_that_arrived_first() -> None:
    # the event of the 7th arrived first: that is when PostHog made the person, although an earlier one came later
    assert data("a v 01-07; a v 01-06", days=WEEK) == {
        "resurrecting": [1, 0, 0, 0, 0],
        "returning": [0, 1, 0, 0, 0],
        "dormant": [0, 0, -1, 0, 0],
    }


def test_in_a_project_that_counts_distinct_ids_a_lifecycle_still_is_of_persons() -> None:
    events = 'anon v 01-06; user $identify 01-07 $anon_distinct_id="anon"; user v 01-07'
    assert data(events, days=WEEK, given={"aggregate_users_by_distinct_id": True}) == {
        "new": [1, 0, 0, 0, 0], "returning": [0, 1, 0, 0, 0], "dormant": [0, 0, -1, 0, 0],
    }  # fmt: skip


@pytest.mark.parametrize("value", ["false", '"false"'])
def test_personless_events_are_left_out(value: str) -> None:
    events = f"a v 01-06 $process_person_profile={value}; a v 01-07; b v 01-06; b v 01-07 $process_person_profile=true"
    assert data(events, days=WEEK, given=persons(a="01-07", b="01-06")) == {
        "new": [1, 1, 0, 0, 0], "returning": [0, 1, 0, 0, 0], "dormant": [0, 0, -2, 0, 0],
    }  # fmt: skip


def test_personless_events_of_groups_are_left_out_too() -> None:
    given = {"groups": [{"type": "org", "index": 0, "key": "x", "created_at": "2020-01-06T00:00:00Z"}]}
    events = "a v 01-06 $group_0=x $process_person_profile=false; a v 01-07 $group_0=x"
    assert data(events, days=WEEK, given=given, aggregation_group_type_index=0) == {
        "resurrecting": [0, 1, 0, 0, 0],
        "dormant": [0, 0, -1, 0, 0],
    }
