"""A project that was fetched -> Events, with its settings, persons, groups, actions, cohorts and saved insights."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import available_timezones

import ibis.expr.types as ir

from evkit.dates import DateRange
from evkit.dates.grammar import resolve_range
from evkit.errors import DataError, EvkitError, SpecError
from evkit.events import Events
from evkit.model.progress import Bar
from evkit.model.settings import Origin, Settings
from evkit.model.tables import Cache, Source
from evkit.opening import read
from evkit.posthog.api import Api, long_waits
from evkit.posthog.nodes import actions as action_nodes
from evkit.posthog.nodes import cohorts as cohort_nodes
from evkit.posthog.nodes import filters as filter_nodes
from evkit.posthog.project import group_type_names
from evkit.posthog.pull import keys
from evkit.posthog.pull.commands import DEFAULT_FOLDER, DEFAULT_HOST, DEFAULT_SINCE
from evkit.posthog.pull.fetch import Told
from evkit.posthog.pull.fetch import fetch as fetch_into
from evkit.posthog.pull.folder import MANIFEST, PEOPLE, Folder, Manifest
from evkit.query.spec import Action

T = TypeVar("T")


def from_posthog(
    *,
    project_id: int | str,
    host: str = DEFAULT_HOST,
    api_key: str | None = None,
    since: str | dt.date = DEFAULT_SINCE,
    until: str | dt.date | None = None,
    folder: str | Path = DEFAULT_FOLDER,
    fetch: bool = True,
    say: Callable[[str], Any] = print,
) -> Events:
    """Fetch a PostHog project whole, or what has come since the last time, and open it.

    What was fetched stays in the folder; a run that is broken off goes on where it stopped. Nothing is sent to the project.

    Parameters
    ----------
    project_id
        The number in the address of the project: us.posthog.com/project/12345.
    host
        "https://us.posthog.com", "https://eu.posthog.com" or your own.
    api_key
        A personal API key. Better left out: it is taken from POSTHOG_PERSONAL_API_KEY, a keyring, or asked for. It is kept nowhere.
    since, until
        Which events, by their time: "-90d", a date, or a datetime, in UTC; until None is now. Persons, groups and definitions are as they are now.
    folder
        Where it is kept: Parquet, JSON and a manifest.
    fetch
        False opens what is there, without a network and without a key: all of it where `since` isn't given.
    say
        Takes each sentence that is told meanwhile.

    Returns
    -------
    Events
        In the project's time zone and week, with its persons, groups, test accounts, actions and cohorts.

    Raises
    ------
    PostHogError, KeyRefused
        When the project can't be fetched; what came stays.

    Examples
    --------
    >>> import evkit as ek
    >>> ek.from_posthog(project_id=12345, folder="nowhere/", fetch=False)
    Traceback (most recent call last):
    evkit.errors.MissingFile: there is no project in 'nowhere': `evkit pull` or ek.from_posthog(...) fetches one
    """
    if fetch:
        pull(project_id=project_id, host=host, api_key=api_key, since=since, until=until, folder=folder, say=say)
    kept = Folder(folder)
    known = kept.known()
    if str(project_id) != known.project_id:
        raise DataError(f"{str(folder)!r} holds project {known.project_id} of {known.host}, not {project_id}")
    clock = dt.datetime.now(dt.UTC) if fetch else moment_of(known) or dt.datetime.now(dt.UTC)
    whole = not fetch and since == DEFAULT_SINCE
    start, end = bounds(known.since if whole else since, until, clock)
    return opened(kept, start=start, end=end if until is not None else None, say=say)


def pull(
    *,
    project_id: int | str,
    host: str = DEFAULT_HOST,
    api_key: str | None = None,
    since: str | dt.date = DEFAULT_SINCE,
    until: str | dt.date | None = None,
    folder: str | Path = DEFAULT_FOLDER,
    say: Callable[[str], Any] = print,
    now: dt.datetime | None = None,
) -> Manifest:
    """Fetch a project without opening it; `from_posthog` has the parameters."""
    checked_project(project_id)
    clock = now or dt.datetime.now(dt.UTC)
    start, end = bounds(since, until, clock)
    key = keys.find(api_key, host)
    with (
        Api(host, key, on_wait=long_waits(say)) as api,
        Bar("fetching events") as bar,
    ):

        def progress(done: int, total: int, size: int) -> None:
            bar.title = f"fetching events: {done:,} of {total:,}" + (f", {size / 1e6:,.0f} MB" if size else "")
            bar(done, total)

        return fetch_into(api, project_id, folder, start, end, Told(say, progress))


def checked_project(given: Any) -> None:
    """Raise for what is no project's number.

    Raises
    ------
    SpecError
        Says where the number is found.
    """
    if isinstance(given, bool) or not str(given).isdigit():
        raise SpecError(f"project_id {given!r} is no number: it is in the project's address, us.posthog.com/project/12345")


def bounds(since: str | dt.date, until: str | dt.date | None, clock: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Give from when to when events are fetched, as UTC without a zone.

    Raises
    ------
    SpecError
        When one can't be read, or they are reversed.
    """
    start, end = moment("since", since, clock), clock if until is None else moment("until", until, clock)
    if start >= end:
        raise SpecError(f"since {since!r} is not before until {until!r}")
    return tuple(one.astimezone(dt.UTC).replace(tzinfo=None) for one in (start, min(end, clock)))  # type: ignore[return-value]


def moment(name: str, given: str | dt.date, clock: dt.datetime) -> dt.datetime:
    """Read a moment: a relative date, ISO text, a date or a datetime; without a zone it is UTC."""
    with contextlib.suppress(TypeError, ValueError):  # no ISO text: a relative date, or wrong
        time = dt.datetime.fromisoformat(given.isoformat() if isinstance(given, dt.date) else given)
        return time if time.tzinfo else time.replace(tzinfo=dt.UTC)
    try:
        return resolve_range(DateRange(str(given)), interval="day", now=clock, timezone="UTC").start
    except EvkitError as error:
        raise SpecError(f"{name} {given!r} can't be read: {error}") from None


# ---------------------------------------------------------------------- opening
@dataclass(frozen=True)
class Between:
    """Events from one moment up to another: windows of arrival hold earlier and later ones too, but not all of them."""

    source: Source
    start: dt.datetime
    end: dt.datetime | None

    @property
    def has_uuids(self) -> bool:
        """Whether the events have uuids."""
        return self.source.has_uuids

    @property
    def rejects(self) -> Any:
        """What was set aside."""
        return getattr(self.source, "rejects", None)

    def table(self) -> ir.Table:
        """Give the canonical events."""
        events = self.source.table()
        kept = events.timestamp >= self.start
        return events.filter(kept if self.end is None else kept & (events.timestamp < self.end))


def opened(folder: Folder, *, start: dt.datetime, end: dt.datetime | None, say: Callable[[str], Any]) -> Events:
    """Open what was fetched; what is not whole, and what of the project can't be read, is told.

    Parameters
    ----------
    start, end
        Which events, by their time; UTC without a zone. No end is up to where they were fetched.
    """
    manifest = folder.known()
    done = moment_of(manifest)
    if done is None:
        say("the fetch into this folder has not ended: events are missing. Run it again to go on")
    short = sum(max(theirs - ours, 0) for _, theirs, ours in manifest.differences)
    if short:
        say(f"{short:,} events that the host counted could not be fetched: see 'differences' of {MANIFEST}")
    until = min((time for time in (end, done and done.replace(tzinfo=None)) if time is not None), default=None)
    project = folder.read_json("project") or {}
    persons, groups = (folder.path / PEOPLE / f"{name}.parquet" for name in ("persons", "groups"))
    files = folder.events()
    if not files:
        raise DataError(f"project {manifest.project_id} of {manifest.host} has no events since {manifest.since}")
    tables = read(
        events=[str(path) for path in files],
        persons=str(persons) if persons.exists() and manifest.around.get("distinct_ids") else None,
        groups=str(groups) if groups.exists() and manifest.around.get("groups") else None,
        groups_columns={"type_index": "index"} if groups.exists() and manifest.around.get("groups") else None,
        timezone=zone_of(project, say),
        week_start="monday" if project.get("week_start_day") == 1 else "sunday",
        now=until and until.replace(tzinfo=dt.UTC),
    ).tables
    start = max(start, dt.datetime.fromisoformat(manifest.since))
    origin = Origin(manifest.host, manifest.project_id, start.isoformat(), tables.settings.now, str(folder.path))
    settings = replace(settings_of(folder, project, tables.settings, say), origin=origin)
    return Events(replace(tables, source=Between(tables.source, start, until), cache=Cache(), settings=settings))


def settings_of(folder: Folder, project: Mapping[str, Any], settings: Settings, say: Callable[[str], Any]) -> Settings:
    """Give the settings of a project: its test accounts, path cleaning, types, actions, cohorts and saved insights."""
    kept = lambda name: folder.read_json(name) or []  # noqa: E731
    actions = read_each("action", kept("actions"), action_nodes.from_json, say)
    known: dict[int | str, Action] = {a.id if a.id is not None else a.name: a for a in actions}
    cohorts = read_each("cohort", kept("cohorts"), lambda given: cohort_nodes.from_json(given, known), say)
    test_accounts = (
        read_each("filter of test accounts", [project.get("test_account_filters")], filter_nodes.from_json, say)
        if project.get("test_account_filters")
        else []
    )
    return replace(
        settings,
        test_account_filters=test_accounts[0] if test_accounts else None,
        path_cleaning_filters=tuple(dict(one) for one in project.get("path_cleaning_filters") or ()),
        property_types={
            (str(d["type"]), str(d["name"])): str(d["property_type"]) for d in kept("property_definitions") if d.get("property_type")
        },
        infer_property_types=not kept("property_definitions"),
        group_types=group_type_names(kept("group_types"), ()),
        actions=known,
        cohorts={c.id: c for c in cohorts},
        saved=insights_of(kept("insights"), say),
        dashboards=dashboards_of(kept("dashboards")),
    )


def dashboards_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Give the tiles of dashboards by their names, of several with one name the others with their ids."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        name = str(row.get("name") or row["id"])
        found[name if name not in found else f"{name} ({row['id']})"] = row.get("tiles") or []
    return found


def insights_of(rows: Iterable[Mapping[str, Any]], say: Callable[[str], Any]) -> dict[str, Mapping[str, Any]]:
    """Give saved insights by their names, of several with one name the others with their short ids; what was saved in a form before queries is told."""
    found: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        name = str(row.get("name") or row.get("derived_name") or row.get("short_id"))
        if row.get("deleted"):
            continue
        name = name if name not in found else f"{name} ({row.get('short_id') or row.get('id')})"
        if row.get("query"):
            found[name] = row["query"]
        elif row.get("filters"):
            say(f"the insight {name!r} is left out: it was saved in PostHog's old form. Open it there, and save it again")
    return found


def read_each(kind: str, rows: Iterable[Any], make: Callable[[Any], T], say: Callable[[str], Any]) -> list[T]:
    """Make something of each row; those that can't be read are told by their names and left out."""
    found = []
    for row in rows:
        if isinstance(row, Mapping) and row.get("deleted"):
            continue
        try:
            found.append(make(row))
        except EvkitError as error:
            name = row.get("name") if isinstance(row, Mapping) else None
            say(f"the {kind}{f' {name!r}' if name else ''} is left out: {error}")
    return found


def zone_of(project: Mapping[str, Any], say: Callable[[str], Any]) -> str:
    """Give the zone in which a project's days begin."""
    zone = str(project.get("timezone") or "UTC")
    if zone not in available_timezones():
        say(f"the project's time zone {zone!r} is unknown here: days begin in UTC")
        return "UTC"
    return zone


def moment_of(manifest: Manifest) -> dt.datetime | None:
    """Give the clock of what was fetched: relative dates count from it."""
    return None if manifest.done_until is None else dt.datetime.fromisoformat(manifest.done_until).replace(tzinfo=dt.UTC)
