"""Data quality: figures worked by hand from a few events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import evkit as ek
from evkit.errors import SpecError

Log = Callable[..., ek.Events]
PERSONLESS = {"$process_person_profile": False}


def rows(*given: tuple[str, str, str, str | None, dict[str, Any]]) -> pd.DataFrame:
    columns = ["event", "distinct_id", "timestamp", "received_at", "properties"]
    frame = pd.DataFrame(given, columns=columns).assign(uuid=[f"e{i}" for i in range(len(given))])
    return frame.assign(received_at=pd.to_datetime(frame.received_at), timestamp=pd.to_datetime(frame.timestamp))


def test_volume_has_a_row_an_event_and_day_of_the_projects_zone_zeros_too(log: Log) -> None:
    events = log("a x 03-02 23:30; a x 03-03 10:00; b x 03-03 11:00; b y 03-04 10:00", timezone="Europe/Berlin")
    frame = events.quality(date_range=("2026-03-02", "2026-03-04")).volume()
    assert [(r.event, f"{r.day:%d}", r.events) for r in frame.itertuples()] == [
        ("x", "02", 0), ("x", "03", 3), ("x", "04", 0), ("y", "02", 0), ("y", "03", 0), ("y", "04", 1),
    ]  # fmt: skip
    table = events.quality(date_range=("2026-03-03", "2026-03-04")).volume_table()
    assert table.columns.tolist() == ["event", "Tue 3 Mar 2026", "Wed 4 Mar 2026"]
    assert table.to_numpy().tolist() == [["x", 3, 0], ["y", 0, 1]]


def test_the_chart_of_volume_shows_the_figures_of_volume(log: Log) -> None:
    quality = log("a x 03-02; a x 03-03; b y 03-03; b z 03-03; c z 03-03; d z 03-02").quality()
    drawn = quality.volume_chart(most=2)
    assert drawn.spec.labels == ("z", "x")
    volume = quality.volume()
    for name in drawn.spec.labels:
        figures = drawn.to_pandas()
        assert figures[figures.series == name].value.tolist() == volume[volume.event == name].events.tolist()


def test_what_is_new_and_what_vanished_is_told_against_the_period_before(log: Log) -> None:
    events = log(
        "a kept 03-01 plan=pro old=1; a gone 03-01; a gone 03-02 shown=1; "
        "a kept 03-03 plan=pro fresh=1; b kept 03-04 plan=pro fresh=2; b born 03-04 x=1; a later 03-09"
    )
    frame = events.quality(date_range=("2026-03-03", "2026-03-04")).changes()
    assert [tuple(r)[1:] for r in frame.itertuples()] == [
        ("new", "born", None, 0, 1),
        ("new", "kept", "fresh", 0, 2),
        ("vanished", "gone", None, 2, 0),
        ("vanished", "kept", "old", 1, 0),
    ]
    assert events.between("2026-03-03", "2026-03-05").quality().changes().equals(frame)
    other = events.quality(date_range=("2026-03-04", "2026-03-04"), compare_to="-2d").changes()
    assert other.event.tolist() == ["born", "kept", "gone"]


def test_a_period_without_one_before_it_has_nothing_new(log: Log) -> None:
    with pytest.raises(SpecError, match=r"The whole data has no period before it: events.quality\(date_range='-7d'\)"):
        log("a x 03-02").quality().changes()


def test_an_event_is_without_a_person_where_no_profile_stands_behind_its_distinct_id() -> None:
    frame = rows(
        ("view", "anonymous", "2026-01-01 10:00", None, PERSONLESS),
        ("view", "anonymous", "2026-01-01 11:00", None, PERSONLESS),
        ("view", "merged", "2026-01-01 12:00", None, PERSONLESS),
        ("$identify", "ann", "2026-01-01 13:00", None, {"$anon_distinct_id": "merged"}),
        ("view", "bob", "2026-01-01 14:00", None, {}),
    )
    found = ek.from_frame(frame).quality().without_person()
    assert [tuple(r)[1:] for r in found.itertuples()] == [("view", 4, 2, 0.5), ("$identify", 1, 0, 0.0)]


def test_where_the_events_name_their_person_those_that_name_none_are_without() -> None:
    frame = rows(("view", "a", "2026-01-01", None, {}), ("view", "b", "2026-01-01", None, {})).assign(person_id=["p1", None])
    assert ek.from_frame(frame, identity="given").quality().without_person().without_person.tolist() == [1]


def test_an_event_is_late_when_it_arrived_more_than_so_long_after_it_happened() -> None:
    frame = rows(
        ("x", "a", "2026-01-01 10:00:00", "2026-01-01 11:00:00", {}),
        ("x", "a", "2026-01-01 10:00:00", "2026-01-01 11:00:01", {}),
        ("x", "a", "2026-01-01 12:00:00", "2026-01-01 10:00:00", {}),
        ("x", "a", "2026-01-01 10:00:00", None, {}),
        ("y", "a", "2026-01-01 10:00:00", None, {}),
    )
    quality = ek.from_frame(frame).quality(late_after="1 hour")
    found = quality.late()
    assert found.iloc[0].tolist() == ["x", 4, 3, 1, pytest.approx(1 / 3), 1, 3601.0]
    assert found.iloc[1].tolist()[:4] == ["y", 1, 0, 0]
    assert pd.isna(found.share[1]) and pd.isna(found.longest_seconds[1])
    said = quality.summary().set_index("measure")
    assert said["count"][["late", "ahead", "without a time of arrival"]].tolist() == [1, 1, 2]


def test_the_summary_says_what_the_data_cannot_say() -> None:
    frame = pd.DataFrame({"event": ["x", "x"], "distinct_id": ["a", "a"], "timestamp": ["2026-01-01", "2026-01-01"]})
    said = ek.from_frame(frame).quality().summary().set_index("measure")
    assert said["count"].isna().to_dict() == {
        "events": False, "without a person": False, "late": True, "ahead": True, "sent twice": True, "unreadable": False,
    }  # fmt: skip
    assert said.about["late"] == "nothing says when events arrived"
    assert said.about["sent twice"] == "events have no uuid"


def test_what_was_sent_twice_and_what_was_unreadable_are_told_of_the_whole_data() -> None:
    frame = rows(*[("x", "a", "2026-01-01", None, {})] * 3).assign(uuid=["u1", "u1", "u2"])
    said = ek.from_frame(frame).quality(date_range="-1d").summary().set_index("measure")
    assert (said["count"]["events"], said["count"]["sent twice"], said["share"]["sent twice"]) == (2, 1, pytest.approx(1 / 3))


def test_no_events_give_empty_tables_and_zeros() -> None:
    none = ek.from_frame(pd.DataFrame({"event": [], "distinct_id": [], "timestamp": []}), now="2026-01-08").quality(date_range="-7d")
    assert [len(f()) for f in (none.volume, none.volume_table, none.changes, none.without_person, none.late)] == [0] * 5
    assert none.summary()["count"].iloc[0] == 0


def test_the_sample_has_the_late_and_repeated_events_that_were_put_into_it() -> None:
    summary = ek.load_sample().quality(late_after="1 hour").summary().set_index("measure")["count"]
    assert summary[["events", "late", "sent twice"]].tolist() == [48438, 376, 120]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"date_range": ("2026-02-01", "2026-01-01")}, "swap the two"),
        ({"compare_to": "last week"}, "is no relative date such as '-1w'"),
        ({"late_after": 60}, "window 60 has no unit"),
        ({"date_range": 7}, "is no range"),
    ],
)
def test_a_wrong_question_says_what_to_write(log: Log, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        log("a x 03-02").quality(**wrong).volume()


def test_a_chart_of_no_lines_is_refused(log: Log) -> None:
    with pytest.raises(SpecError, match="most 0: draw at least one event"):
        log("a x 03-02").quality().volume_chart(most=0)


def test_looking_runs_nothing(log: Log) -> None:
    events = log("a x 03-02")
    assert repr(events.quality(date_range="-7d")) == "<Quality of the events, from -7d to now; late is more than 1 hour>"
    assert not events.tables.cache.knows("span")


def test_the_suggested_funnel_is_the_frequent_events_in_the_order_of_first_times(log: Log) -> None:
    assert log("a visit 01-01; a buy 01-02; a buy 01-03; b visit 01-01; b visit 01-03; b $set 01-04").suggested_funnel() == ("visit", "buy")
    assert log("a visit 01-01").suggested_funnel() == ("visit",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a x 03-02", "9 March 2026 to 15 March 2026: no event is of that time, all are of 2 March 2026"),
        ("a x 03-17; a x 03-18", "9 March 2026 to 15 March 2026: no event is of that time, all are of 17 March 2026 to 18 March 2026"),
        (
            "a x 03-10; a x 03-18",
            "9 March 2026 to 15 March 2026; the events begin on 10 March 2026, so the period before it is not whole",
        ),
        ("a x 03-02; a x 03-10", "9 March 2026 to 15 March 2026"),
    ],
)
def test_the_words_of_a_period_say_where_it_has_no_events_or_is_not_compared(log: Log, text: str, said: str) -> None:
    quality = log(text, week_start="monday", now="2026-03-18").quality(date_range=ek.DateRange("-1wStart", "-1wEnd"))
    assert quality.words == said
