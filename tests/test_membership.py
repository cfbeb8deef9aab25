"""Who is in a cohort, by which rules, and why somebody is or isn't: what `events.cohort` gives."""

from collections.abc import Callable
from dataclasses import replace

import ibis
import pandas as pd
import pytest

import evkit as ek
from evkit.errors import DataError
from evkit.events import Events
from evkit.membership import Membership

LOG = (
    "a play 01-01 10:00 genre=drama; a play 01-08 10:00; a play 01-09 10:00 genre=drama; b play 01-02 10:00; b search 01-09 10:00;"
    "c search 01-09 10:00; c $identify 01-09 11:00 $anon_distinct_id=c0; c0 play 01-09 09:00; d search 01-10 12:00"
)
"""Now is the newest event: noon of the tenth of January."""
PLAYED = ek.performed("play", within="7 days")


@pytest.fixture(params=["off", "always"])
def journeys(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have the engine asked, or the journeys."""
    monkeypatch.setenv("EVKIT_JOURNEYS", request.param)
    return str(request.param)


@pytest.fixture
def events(log: Callable[..., Events], journeys: str) -> Events:
    return log(LOG)


def who(events: Events, *conditions: object) -> list[str]:
    return events.cohort(ek.Cohort("x", *conditions)).distinct_ids()  # type: ignore[arg-type]


def test_each_condition_finds_its_people(events: Events) -> None:
    assert who(events, PLAYED) == ["a", "c", "c0"]
    assert who(events, ek.performed("play", ek.event_prop("genre") == "drama", within="7 days")) == ["a"]
    assert who(events, ek.performed("play", times=(">=", 2), within="7 days")) == ["a"]
    assert who(events, ek.performed(None, within="1 day")) == ["a", "b", "c", "c0", "d"]
    assert who(events, ek.performed("play", date_range=("2026-01-01", "2026-01-02"))) == ["a", "b"]
    assert who(events, ek.performed_first_time("play", within="7 days")) == ["c", "c0"]
    assert who(events, ek.performed_regularly("play", period="1 day", min_periods=2, total_periods=3)) == ["a"]
    assert who(events, ek.performed_sequence("play", "search", gap="1 week", within="30 days")) == ["b", "c", "c0"]
    assert who(events, ek.stopped_performing("play", within="30 days", recent="3 days")) == ["b"]
    assert who(events, ek.restarted_performing("play", within="5 days", recent="3 days")) == ["a"]


def test_conditions_are_joined_as_one_writes_them(events: Events) -> None:
    searched = ek.performed("search", within="7 days")
    assert who(events, PLAYED & searched) == ["c", "c0"]
    assert who(events, PLAYED | searched) == ["a", "b", "c", "c0", "d"]
    assert who(events, searched & ~PLAYED) == ["b", "d"]
    assert who(events, searched, ~(PLAYED & searched)) == ["b", "d"]


def test_an_empty_group_is_everybody_with_a_profile(journeys: str) -> None:
    rows = {"event": ["play", "search", "search", "play"], "distinct_id": ["a", "b", "c", "d"], "timestamp": ["2026-01-01"] * 4}
    events = ek.from_frame(pd.DataFrame(rows).assign(properties=["{}", "{}", *['{"$process_person_profile": false}'] * 2]))
    everybody = ek.Conditions("AND")
    assert who(events, ek.Conditions("OR", (PLAYED, everybody))) == ["a", "b", "d"]
    known = events.with_cohorts(ek.Cohort("all", everybody))
    assert who(known, ek.Conditions("AND", (ek.in_cohort("all"), ~PLAYED))) == ["b"]


def test_a_person_of_several_ids_and_no_event_is_one_member(journeys: str) -> None:
    frame = pd.DataFrame({"event": ["play"], "distinct_id": ["bob"], "timestamp": ["2026-01-01"]})
    given = pd.DataFrame({"distinct_id": ["ann1", "ann2", "bob"], "person_id": ["A", "A", "B"], "properties": "{}"})
    events = ek.from_frame(frame)
    tables = replace(events.tables, persons=ibis.memtable(given, schema=ibis.schema(dict.fromkeys(given.columns, "string"))))
    asked = ek.Conditions("OR", (ek.performed("play", within="7 days"), ek.person_prop("distinct_id").icontains("ann")))
    assert Membership(tables, ek.Cohort("x", asked)).count() == 2


def test_a_name_of_an_action_is_the_action(events: Events) -> None:
    known = events.with_actions(ek.Action("acted", ek.event("play", ek.event_prop("genre") == "drama")))
    assert known.cohort(ek.performed("acted", within="7 days")).distinct_ids() == ["a"]
    named = known.with_cohorts(ek.Cohort("actors", ek.performed("acted", within="7 days")))
    assert named.cohort("actors").distinct_ids() == ["a"]
    assert named.trends("play", filters=ek.in_cohort("actors"), display="BoldNumber").to_pandas().value[0] == 3


def test_members_are_persons_with_what_is_known_of_them(events: Events) -> None:
    membership = events.cohort(PLAYED)
    frame = membership.to_pandas()
    assert frame.columns.tolist() == events.persons().columns.tolist()
    assert membership.count() == len(frame) == 2
    assert sorted(i for ids in frame.distinct_ids for i in ids) == ["a", "c", "c0"]
    assert "event" in membership.to_sql()
    assert events.tables.execute(membership.to_ibis()).person_id.nunique() == 2


def test_a_cohort_may_come_in_posthogs_json_or_by_its_name(events: Events) -> None:
    asked = {
        "type": "behavioral",
        "value": "performed_event",
        "key": "play",
        "event_type": "events",
        "time_value": 7,
        "time_interval": "day",
    }
    assert events.cohort({"type": "AND", "values": [asked]}).distinct_ids() == ["a", "c", "c0"]
    assert events.with_cohorts(ek.Cohort("players", PLAYED)).cohort("players").count() == 2


def test_a_cohort_parts_and_filters_the_figures(events: Events) -> None:
    known = events.with_cohorts(
        ek.Cohort("players", PLAYED), ek.Cohort("quiet", ek.performed("search", within="7 days"), ~ek.in_cohort("players"))
    )
    frame = known.trends("search", breakdown=ek.cohorts("players", "quiet", "all"), display="ActionsTable").to_pandas()
    assert dict(zip(frame.breakdown_value, frame.value, strict=True)) == {"players": 1, "quiet": 2, "all": 3}
    funnel = known.funnel("play", "search", breakdown=ek.cohorts("players", "quiet"), window="30 days").to_pandas()
    assert funnel.groupby("breakdown_value")["count"].apply(list).to_dict() == {"players": [2, 1], "quiet": [1, 1]}
    assert known.trends("search", filters=~ek.in_cohort("players"), display="BoldNumber").to_pandas().value[0] == 2


def test_the_members_follow_the_clock(log: Callable[..., Events]) -> None:
    assert log(LOG, now="2026-01-20T00:00:00Z").cohort(PLAYED).count() == 0
    filtered = [
        log(LOG, now=now)
        .with_cohorts(ek.Cohort("p", PLAYED))
        .trends("play", date_range="all", filters=ek.in_cohort("p"), display="BoldNumber")
        for now in ("2026-01-20T00:00:00Z", "2026-01-10T12:00:00Z")
    ]
    assert [one.to_pandas().value[0] for one in filtered] == [0, 4]


# ---------------------------------------------------------------------- reasons
@pytest.mark.parametrize(
    ("person", "condition", "met", "found"),
    [
        ("a", PLAYED, True, "2 times, the last at 2026-01-09 10:00"),
        ("b", PLAYED, False, "not in the window; the last before it at 2026-01-02 10:00"),
        ("d", PLAYED, False, "never"),
        ("a", ek.performed("play", times=3, within="7 days"), False, "2 times, the last at 2026-01-09 10:00"),
        ("a", ek.performed("play", date_range=("2025-12-01", "2025-12-02")), False, "not in the window; the first after it at 2026-01-01 10:00"),
        ("c0", ek.performed_first_time("play", within="7 days"), True, "for the first time at 2026-01-09 09:00"),
        ("a", ek.performed_first_time("play", within="7 days"), False, "for the first time at 2026-01-01 10:00, before the window"),
        ("a", ek.performed_regularly("play", period="1 day", min_periods=2, total_periods=3), True,
         "in 2 of 3 periods often enough; times in each, from 2026-01-07 00:00 on: 0, 1, 1"),
        ("c", ek.performed_sequence("play", "search", gap="1 week", within="30 days"), True,
         "play at 2026-01-09 09:00, then search at 2026-01-09 10:00: 1:00:00 later"),
        ("b", ek.performed_sequence("play", "search", gap="1 day", within="30 days"), False,
         "play at 2026-01-02 10:00, then search at 2026-01-09 10:00: at the least 7 days, 0:00:00 later"),
        ("a", ek.performed_sequence("play", "search", gap="1 day", within="30 days"), False, "play 3 times and search never in the window"),
        ("b", ek.stopped_performing("play", within="30 days", recent="3 days"), True,
         "not in the last 3 days; before that once in the window, the last of those before at 2026-01-02 10:00"),
        ("a", ek.restarted_performing("play", within="5 days", recent="3 days"), True,
         "2 times in the last 3 days; before that not in the window, the last of those before at 2026-01-01 10:00"),
        ("c", ek.restarted_performing("play", within="5 days", recent="3 days"), False,
         "once in the last 3 days; before that not in the window, and never before"),
        ("d", ek.restarted_performing("play", within="5 days", recent="3 days"), False, "never"),
    ],
)  # fmt: skip
def test_each_condition_says_what_was_found(events: Events, person: str, condition: ek.Conditions, met: bool, found: str) -> None:
    why = events.cohort(condition).explain(person)
    assert (why.passed, why.parts[0].found) == (met, found)
    assert why.passed == (person in events.cohort(condition).distinct_ids())


def test_reasons_of_groups_properties_and_cohorts(log: Callable[..., Events]) -> None:
    events = log(LOG + "; a $set 01-01 plan=pro", now="2026-01-10T12:00:00Z").with_cohorts(
        ek.Cohort("players", PLAYED), ek.Cohort("few", members=["b"])
    )
    why = events.cohort(
        ek.Cohort(
            "x", ek.in_cohort("players"), ~ek.in_cohort("few"), (ek.person_prop("plan") == "pro") | ek.performed("search", within="7 days")
        )
    ).explain("b")
    assert repr(why) == (
        "'b' is not in the cohort 'x'\n"
        "  FAIL all of\n"
        "    FAIL in the cohort 'players': is not in it\n"
        "      FAIL performed play at least once in the last 7 days: not in the window; the last before it at 2026-01-02 10:00\n"
        "    FAIL not in the cohort 'few': is in it\n"
        "      ok   on the list of 1: listed\n"
        "    ok   any of\n"
        "      FAIL person plan exact 'pro': plan is not set\n"
        "      ok   performed search at least once in the last 7 days: once, the last at 2026-01-09 10:00"
    )
    frame = why.to_pandas()
    assert frame.columns.tolist() == ["depth", "condition", "passed", "found"]
    assert (len(frame), frame.depth.max()) == (8, 2)


def test_somebody_whom_nobody_knows_is_named(events: Events) -> None:
    with pytest.raises(DataError, match="no person has the distinct_id 'aa'"):
        events.cohort(PLAYED).explain("aa")
    assert events.cohort(PLAYED).explain(events.person("c0")).passed


def test_ids_are_masked_where_reasons_are_shown_as_a_card(log: Callable[..., Events]) -> None:
    why = log("somebody_long play 01-01").cohort(PLAYED).explain("somebody_long")
    assert "somebody_long" in repr(why) and "somebody_long" not in why._repr_html_()


def test_the_rules_say_the_dates_of_the_windows(log: Callable[..., Events]) -> None:
    events = log(LOG, timezone="Europe/Berlin").with_cohorts(ek.Cohort("few", members=["b"]))
    rules = events.cohort(
        ek.Cohort("x", PLAYED, ek.performed_regularly("play", period="1 day", min_periods=1, total_periods=2), ~ek.in_cohort("few"))
    ).rules
    assert rules[:5] == (
        "A member of 'x': performed play at least once in the last 7 days and performed play at least 1 time in at least 1 of the last 2 periods "
        "of 1 day up to yesterday and not in the cohort 'few'.",
        "The cohort 'few': a fixed list of 1.",
        "performed play at least once in the last 7 days: from 2026-01-03 00:00:00 to 2026-01-10 23:59:59, both ends counted, in Europe/Berlin.",
        "performed play at least 1 time in at least 1 of the last 2 periods of 1 day up to yesterday: from 2026-01-08 00:00:00 to "
        "2026-01-09 23:59:59, both ends counted, in Europe/Berlin; its periods begin on 2026-01-08, 2026-01-09.",
        "A condition that is turned round takes away people whom the others let in.",
    )
    assert events.cohort("few").rules[0].startswith("The members of 'few' are a fixed list of 1 distinct ids")


def test_showing_a_cohort_asks_nothing_of_the_data_until_it_was_counted(events: Events) -> None:
    membership = events.cohort(ek.Cohort("players", PLAYED))
    assert repr(membership) == "<Membership of 'players': persons not counted yet>"
    assert "not counted yet" in membership._repr_html_()
    membership.count()
    assert repr(membership) == "<Membership of 'players': 2 persons>"
    assert "performed play at least once in the last 7 days" in membership._repr_html_()


def test_persons_that_are_given_and_those_that_are_not() -> None:
    frame = pd.DataFrame(
        {"event": ["play", "play"], "distinct_id": ["a", "z"], "timestamp": ["2026-01-01", "2026-01-02"], "person_id": ["p", None]}
    )
    made = ek.from_frame(frame, identity="given").cohort(ek.performed("play", within="7 days")).to_pandas()
    assert made.person_id.tolist() == ["p", "z"]
    assert [list(ids) for ids in made.distinct_ids] == [["a"], ["z"]]


def test_a_cohort_that_was_kept_is_asked_anew_where_a_setting_decides() -> None:
    rows = pd.DataFrame(
        {"event": ["v", "v"], "distinct_id": ["a", "b"], "timestamp": ["2026-01-04 12:00", "2026-01-05 12:00"], "uuid": ["1", "2"]}
    )  # a Sunday and the Monday after it
    lately = ek.Cohort("lately", ek.performed("v", date_range="wStart"))
    sunday = ek.from_frame(rows, now="2026-01-06", week_start="sunday").with_cohorts(lately)
    monday = Events(sunday.tables.with_settings(replace(sunday.tables.settings, week_start="monday")))
    people = lambda events: events.trends("v", filters=ek.in_cohort("lately"), display="BoldNumber").to_pandas().value.tolist()  # noqa: E731
    assert (people(sunday), people(monday)) == ([2], [1])


def test_a_distinct_id_of_many_is_explained_as_it_counts() -> None:
    people = [{"id": "p", "distinct_ids": ["a", "a2"], "properties": {}}]
    project = ek.Project([{"event": "v", "distinct_id": "a", "timestamp": "2026-01-05"}], persons=people)
    asked = project.events.cohort(ek.Cohort("second", ek.person_prop("distinct_id") == "a2"))
    assert asked.distinct_ids() == ["a", "a2"]
    why = asked.explain("a")
    assert why.passed and "distinct_id is 'a', 'a2'" in str(why)


def test_the_order_in_which_actions_and_cohorts_are_named_decides_nothing(log: Callable[..., Events]) -> None:
    events, did = log("a v 01-01; b w 01-02"), ek.Cohort("did", ek.performed("act", within="9 days"))
    act = ek.Action("act", ek.event("v"))
    asked = [e.trends(None, filters=ek.in_cohort("did")).to_pandas().value.sum() for e in (
        events.with_actions(act).with_cohorts(did), events.with_cohorts(did).with_actions(act),
    )]  # fmt: skip
    assert asked == [1, 1]


def test_a_cohort_without_a_name_may_name_one_of_any_name(log: Callable[..., Events]) -> None:
    events = log("a v 01-01").with_cohorts(ek.Cohort("these", ek.performed("v", within="9 days")))
    assert events.cohort(ek.in_cohort("these")).distinct_ids() == ["a"]


def test_rules_tell_every_cohort_that_leads_to_a_member(log: Callable[..., Events]) -> None:
    events = log("a v 01-01").with_cohorts(
        ek.Cohort("A", ek.performed("v", within="9 days")), ek.Cohort("B", ek.in_cohort("A")), ek.Cohort("C", ek.in_cohort("B"))
    )
    told = events.cohort("C").rules
    assert [r.split(":")[0] for r in told[:3]] == ["A member of 'C'", "The cohort 'B'", "The cohort 'A'"]
