"""Who is who: merges and refusals, worked by hand; and a slow replay that finds the same."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evkit as ek
from evkit.capture.message import NEVER_LEGAL, NEVER_LEGAL_EXACTLY, is_illegal
from evkit.errors import DataError
from evkit.kernel import identity as kernel
from evkit.model.identity import legal_ids
from tests.sizes import examples

Row = tuple[str, str, dict[str, Any]]


def events(*rows: Row) -> ek.Events:
    made = [
        {
            "uuid": f"e{i}",
            "event": event,
            "distinct_id": who,
            "timestamp": pd.Timestamp("2026-01-01") + pd.Timedelta(minutes=i),
            "arrival": i,
            "properties": said,
        }
        for i, (who, event, said) in enumerate(rows)
    ]
    return ek.from_frame(pd.DataFrame(made))


def identify(who: str, anonymous: Any) -> Row:
    return who, "$identify", {"$anon_distinct_id": anonymous}


def persons(*rows: Row) -> list[list[str]]:
    return sorted(sorted(ids) for ids in events(*rows).persons().distinct_ids)


def outcomes(*rows: Row) -> list[str]:
    return events(*rows).identity_log().outcome.tolist()


SEEN: dict[str, Any] = {}


def test_an_anonymous_id_joins_the_person_it_identifies() -> None:
    assert persons(("anon", "a", SEEN), identify("ann", "anon"), ("ann", "a", SEEN)) == [["ann", "anon"]]


def test_two_unknown_ids_become_one_new_person() -> None:
    assert persons(identify("ann", "anon")) == [["ann", "anon"]]
    assert outcomes(identify("ann", "anon")) == ["created"]


def test_a_known_person_takes_in_an_anonymous_person() -> None:
    rows = (("ann", "a", SEEN), ("anon", "a", SEEN), identify("ann", "anon"))
    assert persons(*rows) == [["ann", "anon"]]
    assert outcomes(*rows) == ["merged"]


def test_an_identified_person_is_not_taken_in_but_by_force() -> None:
    before = (identify("ann", "x"), identify("bob", "y"))
    assert persons(*before, identify("bob", "ann")) == [["ann", "x"], ["bob", "y"]]
    assert outcomes(*before, identify("bob", "ann")) == ["created", "created", "refused"]
    assert persons(*before, ("bob", "$merge_dangerously", {"alias": "ann"})) == [["ann", "bob", "x", "y"]]


def test_a_new_id_is_added_even_to_an_identified_person() -> None:
    assert persons(identify("ann", "x"), identify("bob", "ann")) == [["ann", "bob", "x"]]


@pytest.mark.parametrize("illegal", ["", "  ", "anonymous", "GUEST", "null", "None", "0", "[object Object]", '"null"', {"a": 1}, None])
def test_an_illegal_id_merges_nothing(illegal: Any) -> None:
    assert persons(("ann", "a", SEEN), identify("ann", illegal)) == [["ann"]]


@pytest.mark.parametrize("legal", ["Nan", "NULL", "00", "none ", "anonymous1"])
def test_ids_that_only_look_illegal_merge(legal: str) -> None:
    assert persons(("ann", "a", SEEN), identify("ann", legal)) == [sorted(["ann", legal])]


def test_arrival_decides_not_the_time_of_the_event() -> None:
    late = pd.DataFrame(
        [
            {
                "uuid": "1",
                "event": "$identify",
                "distinct_id": "bob",
                "timestamp": pd.Timestamp("2026-01-05"),
                "received_at": pd.Timestamp("2026-01-01"),
                "properties": {"$anon_distinct_id": "dev"},
            },
            {
                "uuid": "2",
                "event": "$identify",
                "distinct_id": "ann",
                "timestamp": pd.Timestamp("2026-01-01"),
                "received_at": pd.Timestamp("2026-01-06"),
                "properties": {"$anon_distinct_id": "x"},
            },
            {
                "uuid": "3",
                "event": "$identify",
                "distinct_id": "ann",
                "timestamp": pd.Timestamp("2026-01-02"),
                "received_at": pd.Timestamp("2026-01-07"),
                "properties": {"$anon_distinct_id": "dev"},
            },
        ]
    )
    assert sorted(sorted(i) for i in ek.from_frame(late).persons().distinct_ids) == [["ann", "x"], ["bob", "dev"]]


def test_personless_events_make_no_person_and_may_not_merge() -> None:
    quiet = {"$process_person_profile": False}
    assert persons(("anon", "a", quiet)) == []
    assert outcomes(("ann", "$identify", {"$anon_distinct_id": "anon", **quiet})) == ["dropped"]
    later = events(("anon", "a", quiet), identify("ann", "anon"), ("ann", "a", SEEN))
    assert later.trends(ek.series("a", math="dau")).to_pandas().value.tolist() == [1]


def test_with_persons_given_nothing_is_replayed() -> None:
    frame = pd.DataFrame([{"event": "a", "distinct_id": "x", "timestamp": pd.Timestamp("2026-01-01"), "person_id": "p"}])
    given = ek.from_frame(frame, identity="given")
    assert given.trends("a").actors().actor_id.tolist() == ["p"]
    with pytest.raises(DataError, match="no identity was replayed"):
        given.identity_log()


def slow(items: list[tuple[int, int, int]]) -> list[frozenset[int]]:
    """Replay with sets: who is one person."""
    person: dict[int, set[int]] = {}
    identified: set[int] = set()
    for kind, a, b in items:
        if kind == kernel.SEEN:
            person.setdefault(a, {a})
            continue
        if a == b:
            continue
        if a not in person and b not in person:
            person[a] = person[b] = {a, b}
        elif b not in person:
            person[a].add(b)
            person[b] = person[a]
        elif a not in person:
            person[b].add(a)
            person[a] = person[b]
        elif person[a] is not person[b] and (kind == kernel.FORCE or not person[b] & identified):
            both = person[a]
            both |= person[b]
            for i in both:
                person[i] = both
        identified.add(a)
    return sorted({frozenset(p) for p in person.values()}, key=sorted)


@settings(max_examples=examples(300, 20_000), deadline=None)
@given(st.lists(st.tuples(st.sampled_from([kernel.SEEN, kernel.MERGE, kernel.FORCE]), st.integers(0, 7), st.integers(0, 7)), max_size=25))
def test_the_kernel_finds_the_persons_that_a_slow_replay_finds(items: list[tuple[int, int, int]]) -> None:
    columns = [np.array(c, dtype=np.int64) for c in zip(*items, strict=True)] if items else [np.zeros(0, np.int64)] * 3
    found, *_ = kernel.replay(columns[0].astype(np.int8), columns[1], columns[2], np.ones(len(items), bool), 8)
    groups: dict[int, set[int]] = {}
    for i, who in enumerate(found.tolist()):
        if who != kernel.NOBODY:
            groups.setdefault(who, set()).add(i)
    assert sorted((frozenset(g) for g in groups.values()), key=sorted) == slow(items)


PLACEHOLDER = st.sampled_from(sorted({*NEVER_LEGAL, *NEVER_LEGAL_EXACTLY, "", "ann", "Kelvin", "ıd"}))


@settings(max_examples=examples(200, 10_000), deadline=None)
@given(
    st.lists(
        st.tuples(
            PLACEHOLDER,
            st.sampled_from([str, str.upper, str.title]),
            st.text("'\" \t\xa0x", max_size=2),
            st.text("'\" \t\xa0x", max_size=2),
        ),
        min_size=1,
    )
)
def test_many_ids_at_once_are_as_legal_as_each_by_itself(parts: list[tuple[str, Callable[[str], str], str, str]]) -> None:
    ids = [before + written(word) + after for word, written, before, after in parts]
    assert legal_ids(pa.array(ids, pa.string())).tolist() == [not is_illegal(one) for one in ids]


def test_events_that_arrive_at_once_are_replayed_in_the_order_of_their_uuids_the_merge_before_its_own_first_event() -> None:
    rows = [
        ("3", "$identify", "b", {"$anon_distinct_id": "a"}),
        ("1", "x", "a", {}),
        ("2", "$identify", "a", {"$anon_distinct_id": "c"}),
        ("4", "x", "b", {}),
    ]
    frame = pd.DataFrame(
        [(u, e, d, "2026-01-01", 7, json.dumps(p)) for u, e, d, p in rows],
        columns=["uuid", "event", "distinct_id", "timestamp", "arrival", "properties"],
    )
    for given_rows in (frame, frame[::-1]):
        log = ek.from_frame(given_rows).identity_log()
        assert log[["uuid", "outcome", "person_id"]].values.tolist() == [["2", "added", "a"], ["3", "added", "a"]]


# ---------------------------------------------------------------------- who is one person, without a name
def grouped(pairs: pd.DataFrame, ids: set[str]) -> list[list[str]]:
    named = {one: one for one in ids} | dict(zip(pairs.distinct_id, pairs.person_id, strict=True))
    found: dict[str, list[str]] = {}
    for one in sorted(ids):
        found.setdefault(named[one], []).append(one)
    return sorted(found.values())


def frame_of(table: Any, tables: Any) -> pd.DataFrame:
    return pd.DataFrame({"distinct_id": [], "person_id": []}) if table is None else tables.execute(table)


IDS = st.sampled_from("abcde")
ANY_ROW = st.one_of(
    st.tuples(IDS, st.just("a"), st.sampled_from([{}, {"$process_person_profile": False}])),
    st.tuples(IDS, st.sampled_from(["$identify", "$create_alias", "$merge_dangerously"]), IDS.map(lambda i: {"$anon_distinct_id": i, "alias": i})),
    st.tuples(IDS, st.just("$identify"), IDS.map(lambda i: {"$anon_distinct_id": i, "$process_person_profile": False})),
    st.tuples(IDS, st.just("$identify"), st.just({"$anon_distinct_id": "null"})),
)  # fmt: skip


@given(st.lists(ANY_ROW, min_size=1, max_size=12))
@settings(max_examples=examples(150, 1_000), deadline=None)
def test_who_is_one_person_is_found_without_the_names(rows: list[Row]) -> None:
    tables = events(*rows).tables
    quickly = frame_of(tables.person_groups(), tables)
    assert not tables.cache.knows("person_map")
    assert grouped(quickly, set("abcde")) == grouped(frame_of(tables.person_map(), tables), set("abcde"))


def test_of_ids_that_meet_an_identified_person_the_first_events_decide() -> None:
    # anon is ann's. Where bob was somebody before, he is another; where he was nobody, he is her second id.
    rows = [identify("ann", "anon"), identify("bob", "anon")]
    for before, people in ((("bob", "a", SEEN), 2), (("cid", "a", SEEN), 1), (("bob", "a", {"$process_person_profile": False}), 1)):
        log = events(before, *rows, ("ann", "b", SEEN), ("bob", "b", SEEN))
        assert log.trends(ek.Series("b", math="dau"), display="BoldNumber").to_pandas().value.tolist() == [people]
        assert not log.tables.cache.knows("person_map")


def test_who_is_behind_a_figure_goes_by_their_own_id() -> None:
    # anon was known before ann, who is added to the person: it goes by anon
    log = events(("anon", "a", SEEN), identify("ann", "anon"), ("ann", "b", SEEN))
    asked = log.trends(ek.Series("b", math="dau"), display="BoldNumber")
    assert asked.to_pandas().value.tolist() == [1]
    assert asked.actors().actor_id.tolist() == log.persons().person_id.tolist() == ["anon"]
