"""What is left out of the replay of persons changes nobody: by hand, and beside the replay of every event."""

import json
import random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evkit as ek
from evkit.kernel import persons as kernel
from evkit.model import changing, persons, replayed
from tests.sizes import examples

Said = dict[str, Any] | str
Row = tuple[str, str, Said]


def events(*rows: Row, arrivals: list[int] | None = None) -> ek.Events:
    return ek.from_frame(
        pd.DataFrame(
            {
                "uuid": f"e{i:03}",
                "event": event,
                "distinct_id": who,
                "timestamp": pd.Timestamp("2026-01-01 12:00:00.25") + pd.Timedelta(minutes=i),
                "arrival": i if arrivals is None else arrivals[i],
                "properties": said if isinstance(said, str) else json.dumps(said),
            }
            for i, (who, event, said) in enumerate(rows)
        )
    )


def replayed_whole(found: ek.Events) -> pd.DataFrame:
    """Replay every event: the plain way."""
    tables = found.tables
    return replayed.replayed(((0, row) for row in persons.rows(tables)), tables._identity())


def replayed_in_part(found: ek.Events) -> tuple[pd.DataFrame, list[int]]:
    """Replay what may change a person; and the places of those events."""
    tables = found.tables
    marks = changing.changing(tables)
    assert marks is not None
    rows = list(replayed.by_person(tables, marks))
    return replayed.replayed(rows, tables._identity()), sorted(int(row[0][1:]) for _, row in rows)


def kept(*rows: Row, arrivals: list[int] | None = None) -> list[int]:
    """Replay both ways, which must agree; give the places of the events that were replayed."""
    found = events(*rows, arrivals=arrivals)
    part, places = replayed_in_part(found)
    pd.testing.assert_frame_equal(part, replayed_whole(found))
    return places


WEB = {"$browser": "Firefox", "$current_url": "/a", "$os": "Linux", "$lib": "web"}


def test_a_page_after_a_page_changes_nobody() -> None:
    assert kept(("a", "$pageview", WEB), ("a", "$pageview", {**WEB, "$current_url": "/b", "$browser": None, "price": 3})) == [0]


def test_the_first_event_of_an_id_stays_whatever_it_is() -> None:
    assert kept(("a", "x", {}), ("b", "$exception", WEB), ("c", "$snapshot", {}), ("d", "$groupidentify", {})) == [0, 1, 2, 3]


def test_a_new_name_stays_and_so_does_what_passes_with_it() -> None:
    assert kept(("a", "x", {"$browser": "A"}), ("a", "x", {"$browser": "B"}), ("a", "x", {"$browser": "C", "$pathname": "/"})) == [0, 2]


def test_names_that_were_lifted_one_after_the_other_are_all_there() -> None:
    assert kept(("a", "x", {"$browser": "A"}), ("a", "x", {"$pathname": "/"}), ("a", "x", {"$pathname": "/b", "$browser": "B"})) == [0, 1]


def test_values_stay_where_they_change() -> None:
    ad = lambda value: ("a", "x", {**WEB, "utm_source": value})  # noqa: E731
    assert kept(ad("x"), ad("x"), ("a", "x", WEB), ad("x"), ad("y"), ad("x"), ad(1), ad(True), ad(1.0), ad(None), ad(None)) == [
        0, 4, 5, 6, 7, 8, 9,
    ]  # fmt: skip


def test_values_that_differ_in_a_comma_differ() -> None:
    said = ({"utm_source": "x", "utm_medium": 'y", "z'}, {"utm_source": 'x", "y', "utm_medium": "z"}, {"utm_source": "x, NULL"})
    assert kept(*(("a", "x", one) for one in said)) == [0, 1, 2]


def test_the_same_set_again_stays_out_and_another_stays() -> None:
    plan = lambda value: ("a", "x", {"$set": {"plan": value}})  # noqa: E731
    assert kept(plan("pro"), plan("pro"), plan("free"), plan("free"), ("a", "x", {"$set_once": {"n": 1}})) == [0, 2, 4]


def test_values_of_another_id_of_the_person_are_seen() -> None:
    rows = (("a", "x", {"utm_source": 1}), ("b", "x", {"utm_source": 2}), ("a", "$identify", {"$anon_distinct_id": "b"}))
    again = (("b", "x", {"utm_source": 2}), ("a", "x", {"utm_source": 1}), ("b", "x", {"utm_source": 1}), ("a", "x", {"utm_source": 1}))
    assert kept(*rows, *again) == [0, 1, 2, 3, 4, 5]


def test_a_merge_brings_other_values() -> None:
    rows = (("a", "x", {"utm_source": 1}), ("b", "x", {"utm_source": 2}), ("a", "$identify", {"$anon_distinct_id": "b"}))
    assert kept(*rows, ("b", "x", {"utm_source": 2})) == [0, 1, 2, 3]


def test_a_refused_merge_and_events_about_persons_stay() -> None:
    rows = (
        ("a", "$identify", {"$anon_distinct_id": "x"}),
        ("b", "$identify", {"$anon_distinct_id": "y"}),
        ("a", "$identify", {"$anon_distinct_id": "b", "$browser": "A"}),
        ("a", "$identify", {"$anon_distinct_id": "anonymous", "$browser": "B"}),
        ("a", "$set", {"$browser": "C"}),
        ("a", "x", {"$browser": "D"}),
    )
    assert kept(*rows) == [0, 1, 2, 3, 4]


def test_what_was_taken_away_comes_back() -> None:
    assert kept(("a", "x", WEB), ("a", "x", {"$unset": ["$browser"]}), ("a", "x", WEB), ("a", "x", WEB)) == [0, 1, 2]
    gone = (("a", "x", WEB), ("b", "x", WEB), ("a", "$identify", {"$anon_distinct_id": "b"}), ("b", "x", {"$unset": {"$browser": 1}}))
    assert kept(*gone, ("a", "x", WEB), ("b", "x", WEB)) == [0, 1, 2, 3, 4, 5]


def test_the_host_of_a_server_is_nobodys() -> None:
    server = {"$lib": "posthog-python", "$os": "Linux", "$os_version": "6"}
    assert kept(("a", "x", WEB), ("a", "x", server), ("a", "x", WEB)) == [0]
    assert kept(("a", "x", server), ("a", "x", {**server, "$lib": "web"}), ("a", "x", {"$os_name": "X"}), ("a", "x", {"$os": "Y"})) == [
        0,
        1,
    ]
    assert kept(("a", "x", '{"$os":"A","$lib":"posthog\\u002dnode"}'), ("a", "x", '{"$os":"A","$lib":["posthog-node"]}')) == [0, 1]


def test_a_key_that_occurs_twice_is_read_as_python_reads_it() -> None:
    twice = '{"utm_source": 1, "utm_source": %d}'
    assert kept(("a", "x", twice % 1), ("a", "x", twice % 2), ("a", "x", twice % 3)) == [0, 1, 2]
    assert kept(("a", "x", '{"\\u0024set": {"k": 1}}'), ("a", "x", '{"$set": {"k": 2}, "$set": {"k": 1}}')) == [0, 1]


def test_a_value_that_is_not_itself_stays() -> None:
    assert kept(*(("a", "x", f'{{"utm_source": NaN, "$browser": {n}}}') for n in range(3))) == [0, 1, 2]


def test_a_survey_sets_its_time() -> None:
    assert kept(("a", "survey shown", {}), ("a", "survey shown", {})) == [0, 1]


def test_events_of_others_between_do_not_matter() -> None:
    assert kept(("a", "x", WEB), ("b", "x", WEB), ("a", "x", WEB), ("b", "x", WEB)) == [0, 1]


def test_events_that_arrive_at_once_are_taken_by_uuid() -> None:
    assert kept(("a", "x", {"utm_source": 1}), ("a", "x", {"utm_source": 2}), ("a", "x", {"utm_source": 1}), arrivals=[5, 5, 5]) == [
        0,
        1,
        2,
    ]
    assert kept(("a", "x", {"utm_source": 1}), ("a", "x", {"utm_source": 2}), ("a", "x", {"utm_source": 2}), arrivals=[9, 5, 4]) == [0, 2]


def test_an_event_without_profile_makes_no_person() -> None:
    none = {"$process_person_profile": False}
    escaped = '{"$process_person\\u005fprofile": false}'
    assert kept(("a", "x", escaped), ("b", "x", {"$process_person_profile": "false"})) == [1]
    assert kept(("a", "x", none), ("b", "x", {}), ("a", "x", {}), ("b", "x", {**none, "$set": {"k": 1}})) == [1, 2]


def test_all_events_are_replayed_where_hashes_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    found = events(("a", "x", WEB), ("a", "x", WEB))
    monkeypatch.setattr(changing, "_count_of_ids", lambda tables: None)
    assert changing.changing(found.tables) is None
    assert len(found.persons()) == 1
    monkeypatch.undo()
    monkeypatch.setattr(changing, "MOST_SHAPES", 0)
    assert changing.changing(found.tables) is None


def test_many_events_are_replayed_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    found = events(("a", "x", WEB), ("b", "x", WEB), ("a", "x", WEB))
    monkeypatch.setattr(replayed, "FEWEST", 0)
    monkeypatch.setattr(replayed, "rows", None)
    assert found.persons().distinct_ids.tolist() == [["a"], ["b"]]


def test_every_lifted_name_has_a_bit() -> None:
    assert len(changing.NAMES) == len(persons.LIFTED) - 1 < 63


def test_no_event_no_person() -> None:
    assert events(("a", "x", {"$process_person_profile": False})).persons().empty


def test_codes_are_given_as_values_first_occur() -> None:
    found, known = kernel.codes(np.array([7, -3, 7, 2**62, -3]), 3)
    assert (found.tolist(), known) == ([0, 1, 0, 2, 1], 3)


# ---------------------------------------------------------------------- beside the plain replay
IDS = ("a", "b", "c", "d", "null")
VALUES = ("1", "1.0", "true", "null", '"x"', '"y"', "[1]", "[true]", '{"k": 1, "k": 2}', "NaN", '"NaN"', '"a, NULL"', '"\\u0041"', '"A"')
KEYS = ("$browser", "$current_url", "$os", "$os_name", "$os_version", "utm_source", "gclid", "$app_version", "price", "\\u0024browser")
LIBS = ('"web"', '"posthog-python"', '"posthog\\u002dgo"', "1")
SETS = (
    "{}",
    "null",
    '{"plan": 1}',
    '{"plan": 2}',
    '{"$browser": 1, "utm_source": "x"}',
    '{"$initial_browser": 3}',
    '{"$geoip_city_name": 1}',
)
UNSETS = ('["$browser"]', '["plan", "$initial_browser", "utm_source"]', '{"$os": 1}', '"$os"', "[]")
EVENTS = (
    *("$pageview",) * 12, *("$identify",) * 3, "$create_alias", "$merge_dangerously", "$set", "$exception", "$$heatmap", "$snapshot",
    "$groupidentify", "survey shown",
)  # fmt: skip


def an_event(draw: random.Random) -> Row:
    """Make an event of a few that often say the same again."""
    event, parts = draw.choice(EVENTS), []
    if draw.random() < 0.8:
        parts += [
            f'"{key}": {draw.choice(VALUES[: draw.choice((2, 6, len(VALUES)))])}' for key in draw.sample(KEYS, draw.choice((0, 1, 1, 2, 3)))
        ]
    for key, values, odds in (("$lib", LIBS, 0.3), ("$set", SETS, 0.2), ("$set_once", SETS, 0.15), ("$unset", UNSETS, 0.06)):
        parts += [f'"{key}": {draw.choice(values)}'] * (draw.random() < odds)
    if draw.random() < 0.1:  # perhaps a key once more
        parts.append(f'"{draw.choice(("utm_source", "$browser", "$set", "$lib"))}": {draw.choice((*VALUES, *SETS))}')
    parts += ['"$process_person_profile": false'] * (draw.random() < 0.05)
    if event in ("$identify", "$create_alias", "$merge_dangerously"):
        parts.append(f'"{"$anon_distinct_id" if event == "$identify" else "alias"}": "{draw.choice(IDS)}"')
    draw.shuffle(parts)
    return draw.choice(IDS), event, "{" + ", ".join(parts) + "}"


@settings(max_examples=examples(60), deadline=None)
@given(st.integers(0, 2**40), st.booleans())
def test_persons_are_those_of_the_replay_of_every_event(seed: int, at_once: bool) -> None:
    draw = random.Random(seed)
    few = [an_event(draw) for _ in range(draw.randint(1, 12))]
    rows = [draw.choice(few) if draw.random() < 0.7 else an_event(draw) for _ in range(draw.randint(1, 120))] + [("a", "x", "{}")]
    kept(*rows, arrivals=[draw.randint(0, len(rows) // 2 if at_once else 10**6) for _ in rows])
