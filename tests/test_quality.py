"""Data quality: figures worked by hand from a few events."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import evkit as ek
from evkit.errors import FutureEventsWarning, SpecError, StaleDataWarning

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
    assert table.columns == ("Event", "Tue 3 Mar", "Wed 4 Mar", "All")
    assert table.rows == (("x", "3", "0", "3"), ("y", "0", "1", "1"))


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
        "events": False, "without a person": False, "late": True, "ahead": True, "in the future": False, "sent twice": True,
        "unreadable": False,
    }  # fmt: skip
    assert said.about["late"] == "nothing says when events arrived"
    assert said.about["sent twice"] == "events have no uuid"


def test_what_was_sent_twice_and_what_was_unreadable_are_told_of_the_whole_data() -> None:
    frame = rows(*[("x", "a", "2026-01-01", None, {})] * 3).assign(uuid=["u1", "u1", "u2"])
    said = ek.from_frame(frame).quality(date_range="-1d").summary().set_index("measure")
    assert (said["count"]["events"], said["count"]["sent twice"], said["share"]["sent twice"]) == (2, 1, pytest.approx(1 / 3))


def test_no_events_give_empty_tables_and_zeros() -> None:
    none = ek.from_frame(pd.DataFrame({"event": [], "distinct_id": [], "timestamp": []}), now="2026-01-08").quality(date_range="-7d")
    assert [len(f()) for f in (none.volume, none.changes, none.without_person, none.late)] == [0] * 4
    tables = (none.volume_table(), none.changes_table(), none.without_person_table(), none.late_table())
    assert [(t.rows, t.note) for t in tables] == [
        ((), "No events."),
        ((), "Nothing new, nothing vanished."),
        ((), "No events."),
        ((), "No events."),
    ]
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


CLOCK = dt.datetime(2026, 3, 9, 7, tzinfo=dt.UTC)


def test_data_is_stale_when_there_was_no_event_for_longer_than_said_up_to_the_clock(log: Log) -> None:
    events = log("a x 03-07 06:00; a x 03-08 06:00", now="2026-03-09T07:00").quality()
    with pytest.warns(
        StaleDataWarning, match=r"the newest event is 1 day old \(Sun 8 March 2026, 06:00 UTC\)\. Is the collector running\?"
    ):
        events.freshness(clock=CLOCK)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fresh = events.freshness(stale_after="25 hours", clock=CLOCK)
    assert str(fresh) == "Newest event: Sun 8 March 2026, 06:00 UTC, 1 day before the clock of this report."
    assert fresh.silent == dt.timedelta(hours=25)


def test_where_dates_count_from_the_newest_event_nothing_is_stale_and_without_events_all_is(log: Log) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fresh = log("a x 03-01").quality().freshness(clock=CLOCK)
    assert (str(fresh), fresh.silent) == ("Newest event: Sun 1 March 2026, 00:00 UTC.", None)
    none = ek.from_frame(pd.DataFrame({"event": [], "distinct_id": [], "timestamp": []}), now="today").quality()
    with pytest.warns(StaleDataWarning, match="there are no events: every figure is zero"):
        assert str(none.freshness()) == "There are no events."


def test_where_all_events_come_after_the_clock_that_was_given_the_clock_is_doubted(log: Log) -> None:
    quality = log("a x 03-01; a x 03-02 06:00", now="2026-02-01T07:00").quality()
    with pytest.warns(StaleDataWarning, match=r"no events up to .* all are later, up to Mon 2 March 2026, 06:00 UTC\. Is now= right\?"):
        fresh = quality.freshness(clock=CLOCK)
    assert (str(fresh), fresh.newest, fresh.in_future) == ("There are no events up to the clock.", None, 0)


def test_events_lie_in_the_future_when_they_are_later_than_late_after_the_machines_clock(log: Log) -> None:
    written = "a x 03-09 06:00; a x 03-09 08:00; a x 03-09 08:01; a x 12-09 12:00"
    with pytest.warns(
        FutureEventsWarning, match=r"^2 events lie in the future, up to Wed 9 December 2026, 12:00 UTC\. A wrong clock, perhaps; [^.]*\.$"
    ):
        fresh = log(written, now="2026-03-09T07:00").quality().freshness(clock=CLOCK)
    assert (fresh.in_future, fresh.newest) == (2, dt.datetime(2026, 3, 9, 6, tzinfo=dt.UTC))
    quality = log(written).quality(late_after="2 hours")
    with pytest.warns(
        FutureEventsWarning, match=r"^1 event lies .* Dates are counted from the newest event, which lies there: give now='today'\.$"
    ):
        quality.freshness(clock=CLOCK)
    assert quality.summary(clock=CLOCK).set_index("measure")["count"]["in the future"] == 1


def test_a_clock_that_was_given_is_believed_where_it_is_ahead_of_the_machines(log: Log) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert log("a x 04-01 06:00", now="2026-04-01T07:00").quality().freshness(clock=CLOCK).in_future == 0


def test_the_period_before_stands_beside_shares_and_counts() -> None:
    days = [
        ("view", "a", f"2026-01-0{day} 10:00", f"2026-01-0{day} {hour}:00", {})
        for day, hour in ((1, 10), (1, 12), (2, 12), (2, 12), (2, 10))
    ]
    quality = ek.from_frame(rows(*days)).quality(date_range=("2026-01-02", "2026-01-02"))
    said = quality.summary().set_index("measure")
    assert said.loc["late", ["count", "share", "before", "share_before"]].tolist() == [2, pytest.approx(2 / 3), 1, 0.5]
    assert quality.summary_table().rows[2] == ("Late", "2 (66.7%)", "1 (50.0%)", "arrived over 1 hour after it happened")
    assert quality.late_table().columns == ("Event", "Events", "Late", "Share", "The period before", "Ahead", "Longest wait")
    assert quality.late_table().rows == (("view", "3", "2", "66.7%", "50.0%", "0", "2 hours"),)
    assert quality.without_person_table().rows == (("view", "3", "0", "0.0%", "0.0%"),)
    alone = ek.from_frame(rows(*days)).quality()
    assert alone.summary().before.isna().all()
    assert alone.summary_table().columns == ("What", "Events", "What is counted")


def test_tables_to_be_read_have_thousands_words_and_no_row_numbers() -> None:
    frame = rows(*[("<b>", "a", "2026-01-01 10:00", None, {})] * 1234).assign(uuid=None)
    quality = ek.from_frame(frame).quality()
    html = quality.summary_table()._repr_html_()
    assert "1,234" in html and "not known" in html
    assert not any(word in html for word in ("nan", "NaN", "&lt;NA&gt;", "None"))
    assert "&lt;b&gt;" in quality.volume_table()._repr_html_() and "<b>" not in quality.volume_table()._repr_html_()
    assert repr(quality.without_person_table()).splitlines()[1:] == [
        "Event  Events  Without a person  Share",
        "<b>     1,234                 0   0.0%",
    ]
