"""Time cut outside an engine: the same buckets as the engine cuts, also where clocks are changed."""

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evkit.dates.buckets import bucket
from evkit.dates.cuts import cut, microseconds, offsets
from evkit.load.files import connect

HOUR = 3_600_000_000
ZONES = ("UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo", "Pacific/Apia")
CON = connect()


def at(text: str) -> int:
    return microseconds(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC))


def labels(interval: str, instants: list[int], timezone: str, week_start: str = "sunday") -> list[np.datetime64]:
    """Give the bucket of each instant."""
    made = cut(interval, min(instants), max(instants), timezone=timezone, week_start=week_start)
    assert made is not None
    return list(made.labels()[made.codes[made.segments(np.array(instants))]])


def test_a_zones_clock_is_followed_where_it_is_changed() -> None:
    found = list(offsets("Europe/London", at("2026-03-01"), at("2026-12-01")))
    assert found == [(at("2026-03-01"), 0), (at("2026-03-29T01:00"), HOUR), (at("2026-10-25T01:00"), 0)]


def test_an_hour_that_a_clock_shows_twice_is_one_bucket() -> None:
    made = cut("hour", at("2026-10-25T00:00"), at("2026-10-25T02:00"), timezone="Europe/London", week_start="sunday")
    assert made is not None
    assert made.edges.tolist() == [at("2026-10-25T00:00"), at("2026-10-25T01:00"), at("2026-10-25T02:00")]
    assert made.codes.tolist() == [0, 0, 1]
    assert made.labels().tolist() == [dt.datetime(2026, 10, 25, 1), dt.datetime(2026, 10, 25, 2)]


def test_a_day_has_as_many_hours_as_its_clock() -> None:
    made = cut("day", at("2026-03-28"), at("2026-03-31"), timezone="Europe/London", week_start="sunday")
    assert made is not None
    lengths = np.bincount(made.codes[:-1], weights=np.diff(made.edges))
    assert lengths.tolist() == [24 * HOUR, 23 * HOUR, 24 * HOUR]


@pytest.mark.parametrize(("week_start", "first"), [("sunday", dt.datetime(2026, 3, 1)), ("monday", dt.datetime(2026, 3, 2))])
def test_weeks_begin_when_the_project_says(week_start: str, first: dt.datetime) -> None:
    made = cut("week", at("2026-03-04"), at("2026-03-05"), timezone="UTC", week_start=week_start)
    assert made is not None
    assert made.labels().tolist() == [first]


def test_more_buckets_than_can_be_held_are_not_cut() -> None:
    assert cut("second", at("2026-01-01"), at("2026-12-01"), timezone="UTC", week_start="sunday") is None
    assert cut("second", at("2026-01-01"), at("2026-01-02"), timezone="UTC", week_start="sunday") is not None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(at("1990-01-01"), at("2030-01-01")), min_size=1, max_size=20), st.sampled_from(ZONES),
    st.sampled_from(["hour", "day", "week", "month"]), st.sampled_from(["sunday", "monday"]), st.integers(1, 400),
)  # fmt: skip
def test_the_engine_cuts_the_same_buckets(given_: list[int], zone: str, interval: str, week_start: str, spread: int) -> None:
    low = given_[0]
    instants = [low + (one - low) % (spread * 24 * HOUR) for one in given_]
    frame = pd.DataFrame({"t": np.array(instants, "datetime64[us]"), "n": range(len(instants))})
    rows = ibis.memtable(frame)
    cut_there = rows.select("n", b=bucket(rows.t.cast("timestamp(6)"), interval, timezone=zone, week_start=week_start, dialect="duckdb"))  # type: ignore[arg-type]
    expected = CON.to_pandas(cut_there.order_by("n")).b.to_numpy().astype("datetime64[us]")
    assert labels(interval, instants, zone, week_start) == list(expected)
