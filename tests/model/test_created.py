"""When persons and groups were created: in the engine, as their replay says, and whatever the persons come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import evkit as ek
from evkit.errors import DataError
from evkit.model.created import groups_created, persons_created

Log = Callable[..., ek.Events]


def created(events: ek.Events) -> dict[str, str]:
    """Give person -> when they were created."""
    rows = events.tables.execute(persons_created(events.tables))
    return {r.person_id: f"{r.created_at:%m-%d}" for r in rows.itertuples()}


def test_a_person_is_created_by_the_event_that_arrived_first(log: Log) -> None:
    assert created(log("a v 01-03; a v 01-01; b v 01-02")) == {"a": "01-03", "b": "01-02"}


def test_of_events_that_arrived_at_once_the_first_by_uuid_decides() -> None:
    rows = [("u2", "2026-01-01"), ("u1", "2026-01-02"), ("u3", "2026-01-03")]
    frame = pd.DataFrame(
        [{"uuid": u, "event": "v", "distinct_id": "a", "timestamp": t, "arrival": 7} for u, t in rows]
    )  # fmt: skip
    for turned in (frame, frame.iloc[::-1]):
        events = ek.from_frame(turned)
        assert created(events) == {"a": "01-02"}
        assert events.persons().created_at.tolist() == [pd.Timestamp("2026-01-02")]


def test_an_id_that_joins_a_person_before_it_did_anything_makes_none(log: Log) -> None:
    # anon's own event is older in time, but it arrives when anon has user's person already
    assert created(log("user v 01-05; user $identify 01-06 $anon_distinct_id=anon; anon v 01-01")) == {"user": "01-05"}
    # neither is known: the $identify makes the person
    assert created(log("user $identify 01-06 $anon_distinct_id=anon; anon v 01-01; user v 01-02")) == {"user": "01-06"}


def test_an_id_that_joins_the_other_person_makes_none(log: Log) -> None:
    # user is new, anon is known: user is added to anon's person
    assert created(log("anon v 01-05; user $identify 01-03 $anon_distinct_id=anon; user v 01-01")) == {"anon": "01-05"}


def test_a_merge_keeps_the_older_time(log: Log) -> None:
    assert created(log("user v 01-05; anon v 01-02; user $identify 01-06 $anon_distinct_id=anon")) == {"user": "01-02"}


def test_a_refused_merge_leaves_both_as_they_were(log: Log) -> None:
    text = "b $identify 01-02 $anon_distinct_id=x; a v 01-04; a $identify 01-05 $anon_distinct_id=b"
    assert created(log(text)) == {"b": "01-02", "a": "01-04"}


def test_personless_events_create_nobody() -> None:
    frame = pd.DataFrame(
        {
            "event": ["v", "v", "v"], "distinct_id": ["a", "a", "b"], "timestamp": ["2026-01-01", "2026-01-02", "2026-01-03"], "arrival": [0, 1, 2],
            "properties": ['{"$process_person_profile":false}', "{}", '{"$process_person_profile":false}'],
        }
    )  # fmt: skip
    assert created(ek.from_frame(frame)) == {"a": "01-02"}


def test_persons_that_came_with_the_data_say_it_themselves_or_are_as_old_as_their_first_event(log: Log) -> None:
    given = ek.Project(
        [{"event": "v", "distinct_id": "a", "timestamp": "2026-01-05"}],
        persons=[{"id": "p", "distinct_ids": ["a", "b"], "created_at": "2026-01-02T00:00:00+00:00"}, {"id": "q", "distinct_ids": ["c"]}],
    ).events
    rows = given.tables.execute(persons_created(given.tables)).sort_values("person_id")
    assert rows.created_at.tolist() == [pd.Timestamp("2026-01-02"), pd.NaT]
    frame = pd.DataFrame(
        {"event": ["v", "v"], "distinct_id": ["a", "b"], "timestamp": ["2026-01-05", "2026-01-03"], "person_id": ["p", "p"]}
    )
    assert created(ek.from_frame(frame, identity="given")) == {"p": "01-03"}


@pytest.mark.parametrize("what", ["persons", "groups"])
def test_a_time_of_creation_that_cannot_be_read_is_named(what: str) -> None:
    one: dict[str, Any] = {"id": "p", "distinct_ids": ["a"], "type": "org", "key": "x", "created_at": "yesterday"}
    with pytest.raises(DataError, match="created_at 'yesterday' can't be read: give ISO text or a datetime"):
        ek.Project([{"event": "v", "distinct_id": "a", "timestamp": "2026-01-05"}], **{what: [one]})


def test_groups_are_created_by_the_first_groupidentify_to_arrive() -> None:
    said = lambda key, day: {  # noqa: E731
        "event": "$groupidentify", "distinct_id": "a", "timestamp": f"2026-01-{day}", "properties": {"$group_type": "org", "$group_key": key},
    }  # fmt: skip
    events = ek.Project([said("x", "03"), said("x", "01"), said("y", "02")]).events
    rows = events.tables.execute(groups_created(events.tables, 0)).sort_values("key")
    assert rows.created_at.tolist() == [pd.Timestamp("2026-01-03"), pd.Timestamp("2026-01-02")]
