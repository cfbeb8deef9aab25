"""Events: the object people chain questions on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import ibis
import ibis.expr.types as ir
import pandas as pd

from evkit.dates import DateRange, Dates, Interval
from evkit.errors import DataError, SpecError
from evkit.insights.funnel.spec import Attribution, Exclusion, Funnel, OrderType
from evkit.insights.insight import Insight
from evkit.insights.trends.formula import Formula
from evkit.insights.trends.spec import Display, Trends
from evkit.load import files, frames
from evkit.load.report import LoadReport
from evkit.model.tables import EventTables, Settings
from evkit.query.spec import Action, FilterGroup, PropertyFilter, PropertyRef, Series
from evkit.subjects import Group, Person

if TYPE_CHECKING:
    pass

Week = Literal["sunday", "monday"]
Identity = Literal["auto", "replay", "given"]
Subject = str | Action | Series
Filter = PropertyFilter | FilterGroup
Breakdown = str | PropertyRef | tuple[str | PropertyRef, ...] | None


class Events:
    """Events, the persons and groups in them, and the settings that questions are asked under.

    Made by `ek.read`, `ek.from_frame`, `ek.from_ibis` or `ek.load_sample`. Verbs (`filter`, `between`, `with_actions`)
    give a new Events; nouns (`trends`, `funnel`) give an `Insight`. Its repr runs no query.

    Parameters
    ----------
    tables
        The tables and the project's settings.
    filters
        What every question asked of this object is restricted to.
    date_range
        The range of questions that give none.
    """

    def __init__(self, tables: EventTables, *, filters: FilterGroup | None = None, date_range: DateRange | None = None) -> None:
        self.tables = tables
        self._filters = filters
        self._date_range = date_range

    # ------------------------------------------------------------------ looking
    def __repr__(self) -> str:
        settings = self.tables.settings
        known = self.tables.cache
        counted = f"{known.get('count', lambda: 0):,} events" if known.knows("count") else "events not counted yet"
        return f"<Events: {counted}, {settings.timezone}, week starts on {settings.week_start}, identity {self.tables.identity}>"

    def head(self, n: int = 5) -> pd.DataFrame:
        """Give `n` events, the earliest first: uuid, event, distinct_id, timestamp (UTC), person_id, properties."""
        log = self.tables.log().order_by(["timestamp", "uuid"]).limit(n)
        return self.tables.execute(log[["uuid", "event", "distinct_id", "timestamp", "person_id", "properties"]])

    def count(self) -> int:
        """Count the events, each uuid once."""
        clean = self.tables.clean()
        return self.tables.cache.get("count", lambda: int(self.tables.execute(clean.count().name("n").as_table()).n[0]))

    def event_names(self) -> pd.DataFrame:
        """Give the event names: event, events (how many), first_seen, last_seen (UTC); most frequent first."""
        e = self.tables.clean()
        names = e.group_by("event").agg(events=e.count(), first_seen=e.timestamp.min(), last_seen=e.timestamp.max())
        return self.tables.execute(names.order_by([names.events.desc(), names.event]))

    def property_names(self, event: str | None = None) -> pd.DataFrame:
        """Give the property names of an event, or of all: property, events (how many have it); most frequent first."""
        from evkit.properties import keys

        e = self.tables.clean()
        if event is not None:
            e = e.filter(e.event == event)
        names = e.select(property=keys(e.properties, dialect=self.tables.dialect).unnest())
        counted = names.group_by("property").agg(events=names.count())
        return self.tables.execute(counted.order_by([counted.events.desc(), counted.property]))

    def distinct_ids(self) -> int:
        """Count the distinct ids, before any merging."""
        clean = self.tables.clean()
        return int(self.tables.execute(clean.select("distinct_id").distinct().count().name("n").as_table()).n[0])

    def people(self) -> int:
        """Count the people behind the events, after merging; who has no person profile is one by the distinct id."""
        return int(self.tables.execute(self.tables.log().select("person_id").distinct().count().name("n").as_table()).n[0])

    def first_times(self, names: Sequence[str]) -> pd.DataFrame:
        """Give when people do events first: event, persons (how many do it), median_place (among `names`, from 1)."""
        log = self.tables.log()
        first = log.filter(log.event.isin(list(names))).group_by(["person_id", "event"]).agg(t=log.t.min())
        place = ibis.row_number().over(group_by=first.person_id, order_by=[first.t, first.event]) + 1
        placed = first.mutate(place=place)
        found = placed.group_by("event").agg(persons=placed.count(), median_place=placed.place.median())
        return self.tables.execute(found.order_by(["median_place", "event"]))

    def to_ibis(self) -> ir.Table:
        """Give the events with their persons as an ibis table, a row an event."""
        return self.tables.log()

    def save(self, path: str | Path) -> None:
        """Write the events to one Parquet file that `ek.read` reads back."""
        self.tables.clean().to_parquet(str(path))

    @property
    def load_report(self) -> LoadReport:
        """What reading found: events, duplicates, rows set aside. Runs the checking pass, once."""
        rejects = getattr(self.tables.source, "rejects", None)
        count, duplicates = self.count(), self.tables.duplicates
        rows = rejects.frame() if rejects is not None else pd.DataFrame(columns=["file", "line", "reason", "text"])
        return LoadReport(events=count, duplicates=duplicates, rejected=rows, rejected_count=rejects.count if rejects else 0)

    # ------------------------------------------------------------------ verbs
    def filter(self, *filters: Filter) -> Events:
        """Restrict the questions asked afterwards to events that pass all `filters`.

        Identity, first-time figures and look-backs still see every event.
        """
        both = FilterGroup("AND", filters) if self._filters is None else self._filters.and_(FilterGroup("AND", filters))
        return Events(self.tables, filters=both, date_range=self._date_range)

    def between(self, start: str, end: str) -> Events:
        """Set the range of the questions asked afterwards: from `start` up to, not including, `end`, in the project's zone."""
        return Events(self.tables, filters=self._filters, date_range=DateRange.half_open(start, end))

    def with_actions(self, *actions: Action) -> Events:
        """Name actions, so that questions can use their names."""
        known: dict[int | str, Action] = {**self.tables.settings.actions, **{a.name: a for a in actions}}
        tables = self.tables.with_settings(replace(self.tables.settings, actions=known))
        return Events(tables, filters=self._filters, date_range=self._date_range)

    # ------------------------------------------------------------------ questions
    def ask(self, spec: Any) -> Insight:
        """Ask a question given as plain data: ``events.ask(ek.Funnel("$pageview", "movie_played"))``."""
        filters = spec.filters if self._filters is None else self._filters.and_(spec.filters)
        return Insight(spec.replaced(filters=filters, date_range=spec.date_range or self._date_range), self.tables)

    def trends(
        self,
        *series: Subject,
        interval: Interval = "day",
        date_range: Dates = None,
        filters: Filter | None = None,
        breakdown: Breakdown = None,
        breakdown_limit: int = 25,
        breakdown_hide_other: bool = False,
        compare: bool = False,
        compare_to: str | None = None,
        display: Display = "ActionsLineGraph",
        formulas: tuple[str | Formula, ...] = (),
        smoothing_intervals: int = 1,
    ) -> Insight:
        """Ask how often things happen over time: see `Trends` for the parameters and the columns of the figures."""
        return self.ask(
            Trends(
                *self._subjects(series),
                interval=interval,
                date_range=date_range,
                filters=filters,
                breakdown=breakdown,
                breakdown_limit=breakdown_limit,
                breakdown_hide_other=breakdown_hide_other,
                compare=compare,
                compare_to=compare_to,
                display=display,
                formulas=formulas,
                smoothing_intervals=smoothing_intervals,
            )
        )

    def funnel(
        self,
        *steps: Subject,
        window: str = "14 days",
        order_type: OrderType = "ordered",
        exclusions: tuple[Exclusion, ...] = (),
        breakdown: Breakdown = None,
        breakdown_limit: int = 25,
        breakdown_attribution: Attribution = "first_touch",
        group_type: str | None = None,
        group_type_index: int | None = None,
        filters: Filter | None = None,
        date_range: Dates = None,
    ) -> Insight:
        """Ask how many get through a sequence of steps: see `Funnel` for the parameters and the columns of the figures."""
        return self.ask(
            Funnel(
                *self._subjects(steps),
                window=window,
                order_type=order_type,
                exclusions=exclusions,
                breakdown=breakdown,
                breakdown_limit=breakdown_limit,
                breakdown_attribution=breakdown_attribution,
                group_type=group_type,
                group_type_index=group_type_index,
                filters=filters,
                date_range=date_range,
            )
        )

    def _subjects(self, subjects: Iterable[Subject]) -> tuple[Subject, ...]:
        """Put the action in place of a text that is the name of one (`with_actions`)."""
        actions = self.tables.settings.actions
        return tuple(actions.get(s, s) if isinstance(s, str) else s for s in subjects)

    # ------------------------------------------------------------------ people
    def persons(self) -> pd.DataFrame:
        """Give the persons: person_id, distinct_ids, properties (JSON text), created_at, is_identified; a row a person."""
        return self.tables.persons_frame()

    def groups(self, group_type: str | None = None) -> pd.DataFrame:
        """Give the groups, of one type or of all: type_index, type, key, properties (JSON text); a row a group."""
        rows = self.tables.execute(self.tables.group_table().order_by(["type_index", "key"]))
        if group_type is None:
            return rows
        if group_type not in self.tables.group_types:
            raise SpecError(f"no group type {group_type!r}. The data has: {', '.join(self.tables.group_types) or 'none'}")
        return rows[rows.type == group_type].reset_index(drop=True)

    def sessions(self) -> pd.DataFrame:
        """Give the sessions: session_id, person_id, start, end (UTC), events, duration_seconds; a row a session."""
        from evkit.model.sessions import sessions

        return self.tables.execute(sessions(self.tables.log(), dialect=self.tables.dialect).order_by(["start", "session_id"]))

    def identity_log(self) -> pd.DataFrame:
        """Give every merge and every refusal of one, in order of arrival.

        Returns
        -------
        pandas.DataFrame
            A row a merging event: uuid, timestamp (UTC), event, distinct_id and other_distinct_id (the two sides), outcome
            ("added", "created", "merged", "nothing" or "refused"), reason (in words), person_id (who has both afterwards).
        """
        return self.tables.identity_log()

    def person(self, distinct_id: str) -> Person:
        """Give the person that a distinct id belongs to, with `.properties(at=...)` and `.timeline()`.

        Raises
        ------
        DataError
            When no event has this distinct id; the message names the nearest.
        """
        return Person(self.tables, distinct_id)

    def group(self, group_type: str, key: str) -> Group:
        """Give a group, with `.properties()` and `.timeline()`.

        Parameters
        ----------
        group_type
            Such as "company".
        key
            Such as "id:5".

        Raises
        ------
        SpecError, DataError
            When the data has no such type, or no such group.
        """
        return Group(self.tables, group_type, key)


# ---------------------------------------------------------------------- making
MOST_OPENED = 8
_opened: dict[Any, EventTables] = {}
"""Files read lately, by fingerprint: what was found out about them is kept, so that they are checked once."""


def read(
    path: files.Paths | None = None,
    *,
    events: files.Paths | None = None,
    persons: files.Paths | None = None,
    groups: files.Paths | None = None,
    columns: Mapping[str, str] | None = None,
    timezone: str = "UTC",
    week_start: Week = "sunday",
    now: str | dt.datetime | None = None,
    identity: Identity = "auto",
) -> Events:
    """Read events from files: Parquet, CSV or JSON lines, compressed or not.

    Reading checks the columns only. The rows are checked when a figure is first asked for, or by `load_report`; what
    can't be read is set aside there and counted in a warning.

    Parameters
    ----------
    path, events
        A path, a glob or a list of them; the two are the same thing. The capture API's wire events and batches,
        PostHog's export files and evkit's own are told apart by their columns.
    persons, groups
        Files of PostHog's persons model (a row a distinct id, newest version wins), and of groups.
    columns
        Our column name -> the file's, where they differ. A table without `properties` has its other columns as properties.
    timezone
        IANA name of the zone in which days begin.
    week_start
        First day of the week.
    now
        The clock that relative dates count from; the newest event when None. Without zone it is in `timezone`.
    identity
        "replay" rebuilds persons from $identify, $create_alias and $merge_dangerously; "given" takes person_id from the
        events; "auto" takes `persons` when given, else replays.

    Returns
    -------
    Events

    Raises
    ------
    MissingFile
        No file there.
    DataError
        An unknown ending, or a needed column missing: the message names those there are and the nearest.

    Examples
    --------
    >>> import evkit as ek
    >>> ek.read("no_such_file.parquet")
    Traceback (most recent call last):
    evkit.errors.MissingFile: no file 'no_such_file.parquet'.
    """
    if (path is None) == (events is None):
        raise SpecError("say which files hold the events: ek.read('events.parquet') or ek.read(events=..., persons=...)")
    settings = settings_of(timezone, week_start, now)
    wanted = path if path is not None else events
    key = (files.fingerprint(wanted, persons, groups), tuple(sorted((columns or {}).items())), identity)
    if key not in _opened:
        con = files.connect()
        _opened[key] = EventTables(
            con=con,
            source=files.source(con, wanted, columns),  # type: ignore[arg-type]
            persons=files.persons(con, persons) if persons is not None else None,
            groups=files.groups(con, groups) if groups is not None else None,
            identity="given" if identity == "given" else "replay",
        )
        while len(_opened) > MOST_OPENED:
            _opened.pop(next(iter(_opened)))
    return Events(_opened[key].with_settings(settings))


def from_frame(
    frame: Any,
    *,
    columns: Mapping[str, str] | None = None,
    timezone: str = "UTC",
    week_start: Week = "sunday",
    now: str | dt.datetime | None = None,
    identity: Identity = "auto",
) -> Events:
    """Take events from a pandas, polars or Arrow frame with columns event, distinct_id, timestamp and what else there is.

    Parameters
    ----------
    frame
        A row an event. `properties` is JSON text, dicts, or a struct. Times without zone are UTC.
    columns, timezone, week_start, now, identity
        As in `read`.

    Raises
    ------
    DataError
        When a needed column is missing.

    Examples
    --------
    >>> import evkit as ek, pandas as pd
    >>> frame = pd.DataFrame({"event": ["buy"], "distinct_id": ["ann"], "timestamp": ["2026-01-01"], "price": [3]})
    >>> ek.from_frame(frame).head().properties[0]
    '{"price":3}'
    """
    con, source = frames.from_frame(frame, columns)
    settings = settings_of(timezone, week_start, now)
    return Events(EventTables(con=con, source=source, settings=settings, identity="given" if identity == "given" else "replay"))


def from_ibis(
    table: ir.Table,
    *,
    columns: Mapping[str, str] | None = None,
    timezone: str = "UTC",
    week_start: Week = "sunday",
    now: str | dt.datetime | None = None,
    identity: Identity = "auto",
) -> Events:
    """Take events from an ibis table anywhere: DuckDB, ClickHouse, PostgreSQL or Spark.

    Parameters
    ----------
    table
        A row an event.
    columns, timezone, week_start, now, identity
        As in `read`.

    Raises
    ------
    DataError
        An engine that evkit can't ask exactly; a needed column missing.

    Examples
    --------
    >>> import evkit as ek, ibis
    >>> table = ibis.duckdb.connect().sql("SELECT 'buy' AS event, 'ann' AS distinct_id, TIMESTAMP '2026-01-01' AS timestamp")
    >>> ek.from_ibis(table).count()
    1
    """
    con, source, dialect = frames.from_ibis(table, columns)
    settings = settings_of(timezone, week_start, now)
    kind: Literal["given", "replay"] = "given" if identity == "given" else "replay"
    return Events(EventTables(con=con, source=source, settings=settings, dialect=dialect, identity=kind))


def settings_of(timezone: str, week_start: Week, now: str | dt.datetime | None) -> Settings:
    """Check the settings that every way of loading takes.

    Raises
    ------
    SpecError
        An unknown zone or week start, or a `now` that can't be read.
    """
    from zoneinfo import ZoneInfo, available_timezones

    from evkit.errors import unknown

    if timezone not in available_timezones():
        raise unknown("timezone", timezone, sorted(available_timezones()) if len(timezone) > 40 else _near_zones(timezone))
    if week_start not in ("sunday", "monday"):
        raise unknown("week_start", week_start, ("sunday", "monday"))
    clock = now
    if isinstance(clock, str):
        try:
            clock = dt.datetime.fromisoformat(clock)
        except ValueError:
            raise SpecError(f"now {now!r} can't be read: give ISO text such as '2026-03-01T12:00' or a datetime") from None
    if clock is not None:
        clock = (clock if clock.tzinfo else clock.replace(tzinfo=ZoneInfo(timezone))).astimezone(dt.UTC)
    return Settings(timezone=timezone, week_start=week_start, now=clock)


def _near_zones(name: str) -> Iterable[str]:
    import difflib
    from zoneinfo import available_timezones

    return difflib.get_close_matches(name, sorted(available_timezones()), n=5, cutoff=0.3) or ["UTC", "Europe/London", "America/New_York"]


def data_path(folder: str, name: str = "") -> Path:
    """Give the path of a file that comes with evkit ("notebooks" or "sample_data"), in the source tree or the package.

    Raises
    ------
    DataError
        When there is no such file; the message names those there are.
    """
    here = Path(__file__).resolve().parent
    folders = [here / "_data" / folder, here.parent / folder]
    home = next((f for f in folders if f.is_dir()), folders[-1])
    if not (home / name).exists():
        there = sorted(p.name for p in home.iterdir()) if home.is_dir() else []
        raise DataError(f"no file {name!r} in {folder}. There are: {', '.join(there) or 'none'}")
    return home / name


def sample_path(name: str = "matinee.parquet") -> Path:
    """Give the path of a file of the sample data.

    Raises
    ------
    DataError
        When there is no such file; the message names those there are.
    """
    return data_path("sample_data", name)


def load_sample(*, timezone: str = "Europe/London", week_start: Week = "monday", now: str | dt.datetime | None = None) -> Events:
    """Load Matinee, the sample data: twelve weeks of a small film-streaming service, about 50,000 events.

    Parameters
    ----------
    timezone, week_start, now
        As in `read`.

    Examples
    --------
    >>> import evkit as ek
    >>> ek.load_sample()
    <Events: events not counted yet, Europe/London, week starts on monday, identity replay>
    """
    return read(sample_path(), timezone=timezone, week_start=week_start, now=now)
