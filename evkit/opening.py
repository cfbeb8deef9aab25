"""Opening data: files, frames, tables and the sample -> `Events`."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo, available_timezones

import ibis.expr.types as ir

from evkit.errors import SpecError, unknown
from evkit.events import Events, Week
from evkit.load import files, folders, frames
from evkit.load.report import Rejects
from evkit.load.sources import tell
from evkit.model.fingerprint import Fingerprint
from evkit.model.settings import Settings
from evkit.model.tables import EventTables
from evkit.package_data import data_path

Identity = Literal["auto", "replay", "given"]

MOST_OPENED = 8
_opened: dict[Any, EventTables] = {}
"""Files read lately, by fingerprint: what was found out about them is kept, so that they are checked once."""


CONTINENTS = tuple(
    f"{name}/" for name in ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
)
WELL_KNOWN = ("Europe/Berlin", "Europe/London", "America/New_York")


def read(
    path: files.Paths | None = None,
    *,
    events: files.Paths | None = None,
    persons: files.Paths | None = None,
    groups: files.Paths | None = None,
    columns: Mapping[str, str] | None = None,
    persons_columns: Mapping[str, str] | None = None,
    groups_columns: Mapping[str, str] | None = None,
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
        PostHog's export files and evkit's own are told apart by their columns. A folder is one of PostHog's batch exports, at any
        depth: its files of events are read, and those of persons as `persons`.
    persons, groups
        Files of PostHog's persons model (a row a distinct id, newest version wins), and of groups.
    columns
        Our column name -> the file's, where they differ. A table without `properties` has its other columns as properties.
    persons_columns, groups_columns
        Likewise for the files of persons (distinct_id, person_id, properties, ...) and groups (type, key, properties).
    timezone
        IANA name of the zone in which days begin.
    week_start
        First day of the week.
    now
        The clock that relative dates count from: an instant (without zone it is in `timezone`), "today" for this machine's clock
        as the events are opened, or "newest" or None for the newest event.
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
    wanted: Any = path if path is not None else events
    if hasattr(wanted, "columns"):
        raise SpecError(f"ek.read takes the names of files, not a {type(wanted).__name__}: give it to ek.from_frame(...)")
    if isinstance(wanted, (str, Path)) and Path(wanted).is_dir():
        parts = folders.parted(Path(wanted), columns)
        wanted, persons = parts.events, persons if persons is not None else parts.persons or None
    settings, found_by = settings_of(timezone, week_start, now), identity_of(identity)
    maps = tuple(tuple(sorted((m or {}).items())) for m in (columns, persons_columns, groups_columns))
    key = (files.fingerprint(wanted, persons, groups), maps, found_by)
    if key in _opened:
        tell(_opened[key].source.rejects)  # type: ignore[attr-defined]
    else:
        con, rejects = files.connect(), Rejects()
        _opened[key] = EventTables(
            con=con,
            persons=files.persons(con, persons, rejects, persons_columns) if persons is not None else None,
            groups=files.groups(con, groups, rejects, groups_columns) if groups is not None else None,
            source=files.source(con, wanted, columns, rejects),
            identity=found_by,
            fingerprint=Fingerprint(repr(key), repr((files.fingerprint(persons, groups), maps, found_by))),
        )
        tell(rejects)
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
    settings, found_by = settings_of(timezone, week_start, now), identity_of(identity)
    con, source = frames.from_frame(frame, columns)
    return Events(EventTables(con=con, source=source, settings=settings, identity=found_by))


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
    settings, found_by = settings_of(timezone, week_start, now), identity_of(identity)
    con, source, dialect = frames.from_ibis(table, columns)
    return Events(EventTables(con=con, source=source, settings=settings, dialect=dialect, identity=found_by))


def open_store(
    folder: str | Path,
    *,
    timezone: str = "UTC",
    week_start: Week = "sunday",
    now: str | dt.datetime | None = None,
) -> Events:
    """Open the events of a store, as they are now: what comes later is seen by `.refresh()`.

    Needs no server; others may write meanwhile. Each event is there once, and what is seen stays as it is.

    Parameters
    ----------
    folder
        The folder that `evkit collect`, `ek.collect` or `evkit.capture.Store` writes.
    timezone, week_start, now
        As in `read`.

    Raises
    ------
    StoreError
        When the folder is no store, or a file of it is missing.

    Examples
    --------
    >>> import tempfile, evkit as ek
    >>> from evkit import capture
    >>> folder = tempfile.mkdtemp()
    >>> capture.Store(folder).close()
    >>> ek.open_store(folder).count()
    0
    """
    from evkit.load.stored import StoreSource

    settings, con = settings_of(timezone, week_start, now), files.connect()
    source = StoreSource(con, Path(folder))
    return Events(EventTables(con=con, source=source, settings=settings, fingerprint=source.fingerprint))


def settings_of(timezone: str, week_start: Week, now: str | dt.datetime | None) -> Settings:
    """Check the settings that every way of opening takes.

    Raises
    ------
    SpecError
        An unknown zone or week start, or a `now` that can't be read.
    """
    if timezone not in available_timezones():
        raise SpecError(
            f"unknown timezone {timezone!r}: give the IANA name of a city's zone, such as {', '.join(zones_near(str(timezone)))}; or UTC"
        )
    if week_start not in get_args(Week):
        raise unknown("week_start", week_start, get_args(Week))
    clock = {"today": dt.datetime.now(dt.UTC), "newest": None}.get(now, now) if isinstance(now, str) else now
    if isinstance(clock, str):
        try:
            clock = dt.datetime.fromisoformat(clock)
        except ValueError:
            raise SpecError(
                f"now {now!r} can't be read: give ISO text such as '2026-03-01T12:00', a datetime, or 'today' or 'newest'"
            ) from None
    if clock is not None:
        clock = (clock if clock.tzinfo else clock.replace(tzinfo=ZoneInfo(timezone))).astimezone(dt.UTC)
    return Settings(timezone=timezone, week_start=week_start, now=clock)


def zones_near(text: str) -> list[str]:
    """Give the zones of cities that are called nearly so; well-known ones where none is.

    Zones without a city ("Etc/GMT+2" is two hours *behind* UTC) and abbreviations are never given.

    Examples
    --------
    >>> zones_near("berlin"), zones_near("GMT+2")
    (['Europe/Berlin'], ['Europe/Berlin', 'Europe/London', 'America/New_York'])
    """
    cities = {zone.rpartition("/")[2].lower(): zone for zone in sorted(available_timezones()) if zone.startswith(CONTINENTS)}
    near = difflib.get_close_matches(text.rpartition("/")[2].strip().replace(" ", "_").lower(), cities, n=3, cutoff=0.8)
    return [cities[name] for name in near] or list(WELL_KNOWN)


def identity_of(given: Identity) -> Literal["replay", "given"]:
    """Check how persons are found.

    Raises
    ------
    SpecError
        When it is none of the ways.
    """
    if given not in get_args(Identity):
        raise unknown("identity", given, get_args(Identity))
    return "given" if given == "given" else "replay"


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
    <Events: ..., Europe/London, week starts on monday, persons rebuilt from the events>
    """
    return read(sample_path(), timezone=timezone, week_start=week_start, now=now)
