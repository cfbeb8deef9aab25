"""retention_paths.md, section 2: lifecycles of groups, by when the group was created."""

from __future__ import annotations

import datetime as dt

from tests.semantics.lifecycle.asking import asked, data, persons, project

DAYS = ("2020-01-06", "2020-01-09")
BY_ORG = {"aggregation_group_type_index": 0}


def orgs(**created: str | None) -> dict[str, object]:
    """Give groups with when they were created, for `project`."""
    listed = [
        {"type": "org", "index": 0, "key": k, "created_at": None if day is None else f"2020-{day}T10:00:00Z"} for k, day in created.items()
    ]
    return {"groups": listed}


def test_a_group_is_new_in_the_bucket_of_its_own_creation_whoever_acts() -> None:
    events = "a v 01-06 $group_0=x; b v 01-07 $group_0=x; a v 01-07 $group_0=y"
    # x was created on the 6th; a person created then does not make y new
    given = {**orgs(x="01-06", y="01-02"), **persons(a="01-07", b="01-07")}
    assert data(events, days=DAYS, given=given, **BY_ORG) == {
        "new": [1, 0, 0, 0], "returning": [0, 1, 0, 0], "resurrecting": [0, 1, 0, 0], "dormant": [0, 0, -2, 0],
    }  # fmt: skip


def test_a_group_that_nothing_says_when_it_was_created_is_never_new() -> None:
    events = "a v 01-06 $group_0=x; a v 01-06 $group_0=unknown"
    assert data(events, days=DAYS, given=orgs(x=None), **BY_ORG) == {"resurrecting": [2, 0, 0, 0], "dormant": [0, -2, 0, 0]}


def test_events_without_a_group_of_the_type_are_left_out() -> None:
    events = 'a v 01-06; a v 01-06 $group_0=""; a v 01-06 $group_1=z; a v 01-07 $group_0=x'
    assert data(events, days=DAYS, given=orgs(x="01-07"), **BY_ORG) == {"new": [0, 1, 0, 0], "dormant": [0, 0, -1, 0]}


def test_the_actor_is_the_group_of_the_type_that_is_asked_for() -> None:
    events = "a v 01-06 $group_0=x $group_1=p; b v 01-07 $group_0=x $group_1=q"
    given = {"groups": [{"type": t, "index": i, "key": k, "created_at": f"2020-{d}T00:00:00Z"} for i, t, k, d in
                        ((0, "org", "x", "01-06"), (1, "team", "p", "01-06"), (1, "team", "q", "01-07"))]}  # fmt: skip
    assert data(events, days=DAYS, given=given, aggregation_group_type_index=1) == {"new": [1, 1, 0, 0], "dormant": [0, -1, -1, 0]}
    assert data(events, days=DAYS, given=given, **BY_ORG) == {"new": [1, 0, 0, 0], "returning": [0, 1, 0, 0], "dormant": [0, 0, -1, 0]}


GROUP = '$group_type="org" $group_key="x"'
IN_X = '$groups={"org":"x"}'


def test_a_group_rebuilt_from_events_was_created_at_its_first_groupidentify_to_arrive() -> None:
    # the group's type is known from the 6th; the group itself is made on the 7th, and named again, earlier, later
    events = f"a v 01-06 {IN_X}; a $groupidentify 01-07 {GROUP}; a v 01-07 {IN_X}; a $groupidentify 01-06 {GROUP}"
    ours = project(events)
    made = ours.events.groups().created_at.tolist()
    assert made == [dt.datetime(2020, 1, 7)]
    assert data(events, days=DAYS, **BY_ORG) == {"resurrecting": [1, 0, 0, 0], "returning": [0, 1, 0, 0], "dormant": [0, 0, -1, 0]}
    assert data(f"a $groupidentify 01-06 {GROUP}; a v 01-06 {IN_X}", days=DAYS, **BY_ORG) == {"new": [1, 0, 0, 0], "dormant": [0, -1, 0, 0]}


def test_who_is_behind_a_figure_of_groups_is_the_groups() -> None:
    ours = project("a v 01-06 $group_0=x; a v 01-06 $group_0=y", **orgs(x="01-06", y="01-01"))
    source = asked("v", days=DAYS, **BY_ORG)
    people = {"kind": "InsightActorsQuery", "source": source, "day": "2020-01-06", "status": "new"}
    assert [(r["id"], r["distinct_ids"]) for r in ours.query(people, now="2020-06-01")["results"]] == [("x", [])]
