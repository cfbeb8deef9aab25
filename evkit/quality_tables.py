"""The figures of data quality as tables to be read: numbers as people write them, the period before beside, no row numbers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from evkit import markup
from evkit.insights.faces import share
from evkit.markup import Table

ITSELF = "(the event itself)"
UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


@dataclass(frozen=True)
class Freshness:
    """How new the data is; its words are a sentence.

    Parameters
    ----------
    newest
        The newest event up to the clock; None where there is none.
    clock
        What it is measured by: the clock of relative dates; None where they count from the newest event.
    in_future
        How many events lie in the future of this machine's clock.
    furthest
        The newest of all events, also of those that lie in the future.
    timezone
        The zone in which times are said.
    """

    newest: dt.datetime | None
    clock: dt.datetime | None
    in_future: int
    furthest: dt.datetime | None
    timezone: str

    @property
    def silent(self) -> dt.timedelta | None:
        """How long there has been no event; None where no clock or no event says so."""
        return None if self.newest is None or self.clock is None else self.clock - self.newest

    @property
    def words(self) -> str:
        """The newest event, and what lies in the future."""
        if self.newest is None:
            said = "There are no events up to the clock." if self.furthest is not None else "There are no events."
        else:
            since = "" if self.silent is None else f", {length(self.silent.total_seconds())} before the clock of this report"
            said = f"Newest event: {self.moment(self.newest)}{since}."
        return f"{said} {self.future}".strip()

    @property
    def future(self) -> str:
        """What lies in the future; nothing where nothing does."""
        if not self.in_future or self.furthest is None:
            return ""
        lie = "1 event lies" if self.in_future == 1 else f"{self.in_future:,} events lie"
        return f"{lie} in the future, up to {self.moment(self.furthest)}."

    def moment(self, time: dt.datetime) -> str:
        """Write a time in the zone."""
        local = time.astimezone(ZoneInfo(self.timezone))
        return f"{local:%a} {local.day} {local:%B %Y, %H:%M} {self.timezone}"

    def __str__(self) -> str:
        return self.words

    def _repr_html_(self) -> str:
        return f"<p {markup.PLAIN}>{markup.text(self.words)}</p>"


def length(seconds: Any) -> str:
    """Write a length of time for people; nothing where it is missing.

    Examples
    --------
    >>> length(84462.959), length(59), length(86400 * 27), length(float("nan"))
    ('23 hours', '59 seconds', '27 days', '')
    """
    if seconds is None or pd.isna(seconds):
        return ""
    unit, size = next(((u, n) for u, n in UNITS if abs(seconds) >= n), ("second", 1))
    said = f"{seconds / size:,.0f}" if abs(seconds) >= 10 * size else f"{seconds / size:,.1f}".removesuffix(".0")
    return f"{said} {unit}{'' if said == '1' else 's'}"


def number(value: Any) -> str:
    """Write a whole number; "not known" where the data can't say.

    Examples
    --------
    >>> number(8123), number(pd.NA)
    ('8,123', 'not known')
    """
    return "not known" if pd.isna(value) else f"{int(value):,}"


def of_summary(frame: pd.DataFrame, words: str) -> Table:
    """Give the summary: a row a measure, the period before beside it where there is one."""
    compared = bool(frame.before.notna().any())
    rows = []
    for r in frame.itertuples():
        now = with_share(r.count_, r.share)
        before = [with_share(r.before, r.share_before) if pd.notna(r.before) else ""] if compared else []
        rows.append((str(r.measure).capitalize(), now, *before, str(r.about)))
    columns = ("What", "Events", *(["The period before"] if compared else []), "What is counted")
    note = "Whether a share is usual is told by your own weeks: look where it differs from the period before." if compared else ""
    numbers = (False, True, *([True] if compared else []), False)
    return Table(f"Data quality, {words}", columns, tuple(rows), numbers, note)


def with_share(count: Any, part: Any) -> str:
    """Write a count, with the share that it is where that is known."""
    return f"{number(count)} ({share(part)})" if pd.notna(part) else number(count)


def of_volume(frame: pd.DataFrame, words: str) -> Table:
    """Give the volume: a row an event, a column a day, and the sum."""
    wide = frame.pivot(index="event", columns="day", values="events").reindex(list(dict.fromkeys(frame.event)))
    days = [f"{day:%a} {day.day} {day:%b}" for day in wide.columns]
    rows = tuple((str(name), *(number(n) for n in row), number(row.sum())) for name, row in wide.iterrows())
    return Table(f"Events by day, {words}", ("Event", *days, "All"), rows, (False, *[True] * (len(days) + 1)), "" if rows else "No events.")


def of_changes(frame: pd.DataFrame, words: str) -> Table:
    """Give what is new and what vanished: a row a change."""
    rows = tuple(
        (str(r.change).capitalize(), str(r.event), ITSELF if r.property is None else str(r.property), number(r.before), number(r.now))
        for r in frame.itertuples()
    )
    columns = ("Change", "Event", "Property", "The period before", "Now")
    return Table(
        f"New and vanished, {words}", columns, rows, (False, False, False, True, True), "" if rows else "Nothing new, nothing vanished."
    )


def of_persons(frame: pd.DataFrame, before: pd.DataFrame | None, words: str) -> Table:
    """Give the events without a person: a row an event, the share of the period before beside it."""
    past = shares_of(before)
    rows = tuple(
        (str(r.event), number(r.events), number(r.without_person), share(r.share), *([past.get(r.event, "")] if before is not None else []))
        for r in frame.itertuples()
    )
    columns = ("Event", "Events", "Without a person", "Share", *(["The period before"] if before is not None else []))
    return Table(f"Events without a person, {words}", columns, rows, (False, *[True] * (len(columns) - 1)), "" if rows else "No events.")


def of_late(frame: pd.DataFrame, before: pd.DataFrame | None, words: str, late: str) -> Table:
    """Give the late events: a row an event, the share of the period before beside it."""
    past = shares_of(before)
    partly = bool((frame.with_arrival < frame.events).any())
    rows = tuple(
        (
            str(r.event), number(r.events), *([number(r.with_arrival)] if partly else []), number(r.late), share(r.share),
            *([past.get(r.event, "")] if before is not None else []), number(r.ahead), length(r.longest_seconds),
        )
        for r in frame.itertuples()
    )  # fmt: skip
    columns = (
        "Event", "Events", *(["Say when they arrived"] if partly else []), "Late", "Share",
        *(["The period before"] if before is not None else []), "Ahead", "Longest wait",
    )  # fmt: skip
    note = f"Late: arrived over {late} after it happened. Ahead: over {late} before; a clock was wrong." if rows else "No events."
    return Table(f"Late events, {words}", columns, rows, (False, *[True] * (len(columns) - 1)), note)


def shares_of(frame: pd.DataFrame | None) -> dict[str, str]:
    """Give the share of each event, written."""
    return {} if frame is None else {event: share(part) for event, part in zip(frame.event, frame.share, strict=True)}
