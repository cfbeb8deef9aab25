"""Data quality: what became of the events themselves. Exact counts, by queries; nothing here judges."""

from __future__ import annotations

import datetime as dt
from functools import cached_property

import ibis
import ibis.expr.types as ir
import pandas as pd

from evkit import quality_tables as tables_of
from evkit.dates import DateRange, Dates, Range, Window, previous_range
from evkit.dates.buckets import bucket
from evkit.dates.grammar import bucket_starts, is_relative
from evkit.dates.instants import epoch_microseconds, instant
from evkit.errors import FutureEventsWarning, SpecError, StaleDataWarning, warn, whole
from evkit.insights.insight import Insight
from evkit.insights.trends.spec import Trends
from evkit.markup import Table
from evkit.model import identity
from evkit.model.tables import EventTables
from evkit.properties import keys
from evkit.quality_tables import Freshness

MOST_LINES = 8
"""So many events are drawn by name: there are as many colours that can be told apart."""


class Quality:
    """What the events are like in a period: how many by day, what is new and what vanished, whose they are, how late they came.

    Made by `events.quality(...)`. Every event counts, each uuid once, whatever `filter` restricts questions to. Nothing runs
    until a figure is asked for, and each runs once.

    Parameters
    ----------
    tables
        The events.
    date_range
        The period; None is the whole data.
    compare_to
        The period it is compared with begins so much earlier, such as "-1w"; None is the one directly before, as long.
    late_after
        An event is late when it arrived more than this after it happened.
    """

    def __init__(self, tables: EventTables, *, date_range: Dates = None, compare_to: str | None = None, late_after: str = "1 hour") -> None:
        if compare_to is not None and not (isinstance(compare_to, str) and is_relative(compare_to)):
            raise SpecError(f"compare_to {compare_to!r} is no relative date such as '-1w'")
        self.tables = tables
        self.date_range = None if date_range is None else DateRange.of(date_range)
        self.compare_to = compare_to
        self.late_after = Window(late_after)

    def __repr__(self) -> str:
        said = "all the data" if self.date_range is None else self.date_range.in_words
        return f"<Quality of the events, {said}; late is more than {self.late_after.words}>"

    # ------------------------------------------------------------------ figures
    def volume(self) -> pd.DataFrame:
        """Give how many events of each name came on each day.

        Returns
        -------
        pandas.DataFrame
            A row an event and day of the period, zeros too: event, day (its start, wall clock of the project's zone), events.
            The most frequent event first, then by day.
        """
        return self._volume.copy()

    @cached_property
    def _volume(self) -> pd.DataFrame:
        found = self.tables.execute(self._by_day())
        days = pd.DatetimeIndex(bucket_starts(self._now), name="day")
        wide = found.pivot_table(index="event", columns="day", values="events", aggfunc="sum") if len(found) else pd.DataFrame()
        wide = wide.reindex(columns=days).fillna(0).astype("int64")
        wide = wide.loc[sorted(wide.index, key=lambda name: (-wide.loc[name].sum(), name))]
        made = [(name, start, int(n)) for name, row in wide.iterrows() for start, n in zip(days, row, strict=True)]
        frame = pd.DataFrame(made, columns=["event", "day", "events"])
        return frame.astype({"event": "str", "day": "datetime64[us]", "events": "int64"})

    def volume_table(self) -> Table:
        """Give the same to be read: a row an event, a column a day ("Mon 20 Apr"), and the sum."""
        return tables_of.of_volume(self._volume, self.words)

    def volume_chart(self, most: int = MOST_LINES) -> Insight:
        """Ask for the days of the most frequent events, as trends: `Trends` says the columns of its figures.

        Parameters
        ----------
        most
            How many events are drawn by name, 1 or more.
        """
        whole("most", most)
        if most < 1:
            raise SpecError(f"most {most}: draw at least one event")
        names = list(dict.fromkeys(self.volume().event))[:most]
        return Insight(Trends(*(names or (None,)), interval="day", date_range=self.date_range), self.tables)

    def changes(self) -> pd.DataFrame:
        """Give the events and properties that are new, and those that vanished: there in one of the two periods and not in the other.

        A property is looked at for each event by itself, where both periods have the event. "New" is new against the period
        before; it may have been there earlier still.

        Returns
        -------
        pandas.DataFrame
            A row a change: change ("new", "vanished"), event, property (None where the event itself is meant), before and
            now (how many events had it in each period). New first; events before properties; the most frequent first.

        Raises
        ------
        SpecError
            When no period was given: the whole data has none before it.
        """
        return self._changes.copy()

    @cached_property
    def _changes(self) -> pd.DataFrame:
        before, now = self._counts(self._before), self._counts(self._now)
        lasting = {event for event, name in before if name is None and (event, None) in now}
        rows = [
            ("vanished" if (event, name) in before else "new", event, name, before.get((event, name), 0), now.get((event, name), 0))
            for event, name in before.keys() ^ now.keys()
            if name is None or event in lasting
        ]
        rows.sort(key=lambda row: (row[0], row[2] is not None, -(row[3] + row[4]), row[1], row[2] or ""))
        frame = pd.DataFrame(rows, columns=["change", "event", "property", "before", "now"])
        frame["property"] = pd.Series([row[2] for row in rows], dtype="object")
        return frame.astype({"change": "str", "event": "str", "before": "int64", "now": "int64"})

    def changes_table(self) -> Table:
        """Give the same to be read."""
        return tables_of.of_changes(self._changes, self.words)

    def without_person(self) -> pd.DataFrame:
        """Give how many events have no person behind them.

        Such an event's distinct id has no person profile: where persons are rebuilt from the events, all of its events said
        ``$process_person_profile: false`` and nobody was merged with it; where persons were given, it is none of theirs; where
        the events' own person_id decides, that is empty. In figures it counts as an actor of its own.

        Returns
        -------
        pandas.DataFrame
            A row an event: event, events, without_person, share (of the events). The most frequent first.
        """
        return self._without_person.copy()

    @cached_property
    def _without_person(self) -> pd.DataFrame:
        return self._shares(self._people(self._now), "without_person")

    @cached_property
    def _without_person_before(self) -> pd.DataFrame | None:
        return None if self.date_range is None else self._shares(self._people(self._before), "without_person")

    def without_person_table(self) -> Table:
        """Give the same to be read, with the share of the period before where a period was given."""
        return tables_of.of_persons(self._without_person, self._without_person_before, self.words)

    def late(self) -> pd.DataFrame:
        """Give how many events came late, and how many were ahead of the clock of who received them.

        Returns
        -------
        pandas.DataFrame
            A row an event: event, events, with_arrival (how many say when they arrived), late, share (of those that say so;
            missing where none does), ahead (they happened more than `late_after` after they arrived: a wrong clock),
            longest_seconds (from happening to arriving). The most frequent first.
        """
        return self._late.copy()

    @cached_property
    def _late(self) -> pd.DataFrame:
        return self._lateness(self._now)

    @cached_property
    def _late_before(self) -> pd.DataFrame | None:
        return None if self.date_range is None else self._lateness(self._before)

    def _lateness(self, period: Range) -> pd.DataFrame:
        frame = self._shares(self._waits(period), "late", "with_arrival")
        return frame[["event", "events", "with_arrival", "late", "share", "ahead", "longest_seconds"]]

    def late_table(self) -> Table:
        """Give the same to be read, with the share of the period before where a period was given."""
        return tables_of.of_late(self._late, self._late_before, self.words, self.late_after.words)

    def freshness(self, *, stale_after: str = "1 day", clock: dt.datetime | None = None) -> Freshness:
        """Say how new the data is, and warn where figures would be wrong for it.

        Parameters
        ----------
        stale_after
            Warn when there has been no event for longer than this, up to the clock that was given when the data was opened
            (`now=`); where dates count from the newest event, nothing is stale.
        clock
            This machine's clock; None: as it is. Events more than `late_after` after it, and after `now=`, lie in the future.

        Returns
        -------
        Freshness
            Its words are a sentence.
        """
        found, longest = self._freshness(clock), Window(stale_after)
        settings = self.tables.settings
        if found.newest is None and found.furthest is not None and found.clock is not None:
            later = f"all are later, up to {found.moment(found.furthest)}"
            warn(f"there are no events up to {found.moment(found.clock)}: {later}. Is now= right?", StaleDataWarning)
        elif found.newest is None:
            warn("there are no events: every figure is zero. Is the collector running, and is this its data?", StaleDataWarning)
        elif found.silent is not None and found.silent > dt.timedelta(microseconds=longest.microseconds):
            since, at = tables_of.length(found.silent.total_seconds()), found.moment(found.newest)
            warn(f"the newest event is {since} old ({at}). Is the collector running? Days without events are zeros here.", StaleDataWarning)
        if found.in_future:
            counted = " Dates are counted from the newest event, which lies there: give now='today'." if settings.now is None else ""
            warn(f"{found.future} A wrong clock, perhaps; figures up to today leave out what lies after it.{counted}", FutureEventsWarning)
        return found

    def _freshness(self, clock: dt.datetime | None) -> Freshness:
        told, machine = self.tables.settings.now, clock if clock is not None else dt.datetime.now(dt.UTC)
        limit = max(machine, told or machine) + dt.timedelta(microseconds=self.late_after.microseconds)
        row = self.tables.execute(self._span(told or limit, limit)).iloc[0]
        newest, furthest = (None if pd.isna(t) else pd.Timestamp(t).tz_localize("UTC").to_pydatetime() for t in (row.newest, row.furthest))
        ahead = 0 if pd.isna(row.in_future) else int(row.in_future)
        return Freshness(newest, told, ahead, furthest, self.tables.settings.timezone)

    def _span(self, clock: dt.datetime, limit: dt.datetime) -> ir.Table:
        """Give, as an expression of one row, the newest event up to a clock, how many come after a limit, and the newest of all."""
        e = self.tables.clean()
        return e.aggregate(
            newest=lambda t: t.timestamp.max(where=t.timestamp <= instant(clock)),
            in_future=lambda t: (t.timestamp > instant(limit)).cast("int64").sum(),
            furthest=lambda t: t.timestamp.max(),
        )

    def summary(self, *, clock: dt.datetime | None = None) -> pd.DataFrame:
        """Give the figures of a report in one table.

        Parameters
        ----------
        clock
            As in `freshness`.

        Returns
        -------
        pandas.DataFrame
            measure, count (missing where the data can't say), share (of the events; missing where it makes no sense), before and
            share_before (the same of the period before; missing where no period was given), about (what was counted). Events,
            without a person, late, ahead, and where a period was given new and vanished events and properties, are of the
            period; in the future, sent twice and unreadable are of the whole data.
        """
        people, late = self.without_person(), self.late()
        events, timed = int(people.events.sum()), int(late.with_arrival.sum())
        part = lambda n, of: float(n) / of if of else float("nan")  # noqa: E731
        rows: list[tuple[str, int | None, float | None, str]] = [("events", events, None, "in the period")]
        lost = int(people.without_person.sum())
        rows.append(("without a person", lost, part(lost, events), "nobody with a profile did it"))
        for name, side in (("late", "after"), ("ahead", "before")):
            n = int(late[name].sum()) if timed or not events else None
            said = f"arrived over {self.late_after.words} {side} it happened" if n is not None else "nothing says when events arrived"
            rows.append((name, n, None if n is None else part(n, timed), said))
        if 0 < timed < events:
            rows.append(("without a time of arrival", events - timed, part(events - timed, events), "whether they were late is not known"))
        if self.date_range is not None:
            changes = self.changes()
            for change in ("new", "vanished"):
                for kind, is_kind in (("events", changes.property.isna()), ("properties", changes.property.notna())):
                    rows.append((f"{change} {kind}", int(((changes.change == change) & is_kind).sum()), None, "against the period before"))
        rows.append(("in the future", self._freshness(clock).in_future, None, "of all rows: later than this machine's clock"))
        rows += self._of_all_data()
        frame = pd.DataFrame(rows, columns=["measure", "count", "share", "about"])
        past = self._summary_before()
        for i, name in enumerate(("before", "share_before")):
            frame.insert(3 + i, name, [past.get(measure, (None, None))[i] for measure in frame.measure])
        kinds = {"measure": "str", "count": "Int64", "share": "float64", "before": "Int64", "share_before": "float64", "about": "str"}
        return frame.astype(kinds)

    def summary_table(self, *, clock: dt.datetime | None = None) -> Table:
        """Give the same to be read."""
        return tables_of.of_summary(self.summary(clock=clock).rename(columns={"count": "count_"}), self.words)

    def _summary_before(self) -> dict[str, tuple[int | None, float | None]]:
        """Give count and share of the period before, of the measures that are of a period."""
        people, late = self._without_person_before, self._late_before
        if people is None or late is None:
            return {}
        events, timed = int(people.events.sum()), int(late.with_arrival.sum())
        made: dict[str, tuple[int | None, float | None]] = {"events": (events, None)}
        counted = [("without a person", int(people.without_person.sum()), events)]
        counted += [(name, int(late[name].sum()), timed) for name in ("late", "ahead") if timed]
        return made | {name: (n, n / of if of else None) for name, n, of in counted}

    @property
    def words(self) -> str:
        """The period in words; where there are no events in it, or none early enough to compare it, also since when there are."""
        said, tables = self._now.in_words, self.tables
        if tables.is_empty:
            return f"{said}: there are no events at all"
        day = lambda t: t.astimezone(self._now.zone).date()  # noqa: E731
        first, last = day(tables.first_event), day(tables.last_event)
        if first > day(self._now.end) or last < day(self._now.lower):
            all_of = f"{first.day} {first:%B %Y}" + ("" if first == last else f" to {last.day} {last:%B %Y}")
            return f"{said}: no event is of that time, all are of {all_of}"
        if self.date_range is not None and first > day(self._before.lower):
            return f"{said}; the events begin on {first.day} {first:%B %Y}, so the period before it is not whole"
        return said

    # ------------------------------------------------------------------ parts
    def _of_all_data(self) -> list[tuple[str, int | None, float | None, str]]:
        """Count what only reading can tell."""
        tables = self.tables
        total, gone = tables.count, tables.rejected
        known = tables.source.has_uuids
        twice = tables.duplicates if known else None
        rows = total + (twice or 0) + gone
        return [
            (
                "sent twice",
                twice,
                None if twice is None else twice / rows if rows else None,
                "of all rows of the data" if known else "events have no uuid",
            ),
            ("unreadable", gone, gone / rows if rows else None, "of all rows of the data"),
        ]

    @cached_property
    def _now(self) -> Range:
        return self.tables.resolve(self.date_range, interval="day")

    @cached_property
    def _before(self) -> Range:
        if self.date_range is None:
            raise SpecError("new and vanished against what? The whole data has no period before it: events.quality(date_range='-7d')")
        return previous_range(self._now, compare_to=self.compare_to)

    def _within(self, period: Range) -> ir.Table:
        """Give the events of a period, a row an event."""
        e = self.tables.clean()
        return e.filter((e.timestamp >= instant(period.lower)) & (e.timestamp <= instant(period.end)))

    def _by_day(self) -> ir.Table:
        e, settings = self._within(self._now), self.tables.settings
        day = bucket(e.timestamp, "day", timezone=settings.timezone, week_start=settings.week_start, dialect=self.tables.dialect)
        return e.select("event", day=day).group_by(["event", "day"]).agg(events=lambda t: t.count())

    def _people(self, period: Range) -> ir.Table:
        e = self._within(period)
        marked = e.select("event", lost=~self._has_person(e))
        return marked.group_by("event").agg(events=lambda t: t.count(), without_person=lambda t: t.lost.cast("int64").sum())

    def _waits(self, period: Range) -> ir.Table:
        e, most = self._within(period), self.late_after.microseconds
        micros = lambda column: epoch_microseconds(column, dialect=self.tables.dialect)  # noqa: E731
        count = lambda what: what.fill_null(False).cast("int64").sum()  # noqa: E731
        marked = e.select("event", said=e.received_at.notnull(), wait=micros(e.received_at) - micros(e.timestamp))
        return marked.group_by("event").agg(
            events=lambda t: t.count(),
            with_arrival=lambda t: t.said.cast("int64").sum(),
            late=lambda t: count(t.wait > most),
            ahead=lambda t: count(t.wait < -most),
            longest_seconds=lambda t: t.wait.max() / 1_000_000,
        )

    def _counts(self, period: Range) -> dict[tuple[str, str | None], int]:
        """Count the events by name and property; under None stands the event itself."""
        rows = self.tables.arrow(self._counted(period))
        return {(event, name): n for event, name, n in zip(*(rows[c].to_pylist() for c in ("event", "property", "events")), strict=True)}

    def _counted(self, period: Range) -> ir.Table:
        """Give, as an expression, how many events each name and each of its properties have: event, property (null: the event itself), events."""
        e = self._within(period)
        names = e.select("event", property=keys(e.properties, dialect=self.tables.dialect).unnest()).group_by(["event", "property"])
        alone = e.group_by("event").agg(events=lambda t: t.count()).select("event", "events", property=ibis.null("string"))
        return alone.select("event", "property", "events").union(
            names.agg(events=lambda t: t.count()).select("event", "property", "events")
        )

    def _has_person(self, e: ir.Table) -> ir.BooleanValue:
        tables = self.tables
        if tables.persons is not None:
            return e.distinct_id.isin(tables.persons.filter(tables.persons.distinct_id.notnull()).distinct_id)
        if tables.identity == "given" or tables.con is None:
            return e.person_id.notnull()
        clean, moved = tables.clean(), tables.person_map()
        has = e.distinct_id.isin(clean.filter(identity.with_profile(clean, tables.dialect)).distinct_id)
        return has if moved is None else has | e.distinct_id.isin(moved.distinct_id) | e.distinct_id.isin(moved.person_id)

    def _shares(self, counted: ir.Table, part: str, of: str = "events") -> pd.DataFrame:
        """Give counts by event, the most frequent first, with the share that a part is."""
        found = self.tables.execute(counted).sort_values(["events", "event"], ascending=[False, True], ignore_index=True)
        return found.assign(share=[p / n if n else float("nan") for p, n in zip(found[part], found[of], strict=True)])
