"""The clock that data is opened with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

import evkit as ek
from evkit.errors import SpecError

Log = Callable[..., ek.Events]


def test_today_is_this_machines_clock_and_newest_the_newest_event(log: Log) -> None:
    before = dt.datetime.now(dt.UTC)
    assert before <= log("a x 03-01", now="today").tables.now <= dt.datetime.now(dt.UTC)
    assert log("a x 03-01", now="newest").tables.now == log("a x 03-01").tables.now == dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def test_another_word_is_answered_with_those_there_are(log: Log) -> None:
    with pytest.raises(
        SpecError, match=r"now 'yesterday' can't be read: give ISO text such as '2026-03-01T12:00', a datetime, or 'today' or 'newest'"
    ):
        log("a x 03-01", now="yesterday")
