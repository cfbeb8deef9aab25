"""Why our figures differ from the host's: each likely cause is looked for where the query hangs on it, and told with what was found."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evkit.errors import NotThere, PostHogError
from evkit.model.settings import Origin
from evkit.model.tables import EventTables
from evkit.posthog.api import Api
from evkit.posthog.pull import around, queries
from evkit.posthog.pull.folder import Folder
from evkit.posthog.reconciling import used
from evkit.posthog.reconciling.pinned import Pinned

MOST_NAMED = 5
SETTINGS = {
    "timezone": "time zone",
    "week_start_day": "first day of the week",
    "test_account_filters": "filters of test accounts",
    "path_cleaning_filters": "path cleaning rules",
}
NOTHING_FOUND = (
    "No cause was found in what was looked at: the counts of the events, persons, settings, definitions. Properties of events and of "
    "persons were not compared one by one."
)
EVENT_TIME = "person_id_override_properties_on_events", "person_id_no_override_properties_on_events"
"""Modes in which a person's properties are those of the time of the event."""
FETCH_AGAIN = "Fetch again: ek.from_posthog(...) or `evkit pull`."


@dataclass(frozen=True)
class Case:
    """What differs: who was asked, what was asked, and what is here."""

    api: Api
    origin: Origin
    tables: EventTables
    pinned: Pinned

    @property
    def project(self) -> str:
        """The project's id."""
        return self.origin.project_id

    def kept(self, name: str) -> Any:
        """Give what was fetched of definitions or settings, empty where nothing was."""
        return Folder(self.origin.folder).read_json(name) or {}


def found(case: Case) -> list[str]:
    """Give the likely causes, as sentences; what could not be looked at is told instead."""
    sentences: list[str] = []
    for look in (not_fetched, events, history, persons, settings, test_accounts, properties, definitions, cohorts, sampling):
        try:
            sentences += look(case)
        except PostHogError as error:
            sentences.append(f"The {look.__name__.replace('_', ' ')} could not be looked at: {error}")
    return sentences or [NOTHING_FOUND]


# ---------------------------------------------------------------------- looking
def naive(time: dt.datetime) -> dt.datetime:
    """Give a time as UTC without a zone."""
    return time.astimezone(dt.UTC).replace(tzinfo=None)


def not_fetched(case: Case) -> list[str]:
    """Say when the question begins before what was fetched."""
    start, since = naive(case.pinned.earliest), dt.datetime.fromisoformat(case.origin.since)
    before = queries.count_before(case.api, case.project, since, start=start) if start < since else 0
    if not before:
        return []
    return [
        f"Not fetched: the question begins at {start:%Y-%m-%d %H:%M} UTC, the fetch at {since:%Y-%m-%d %H:%M} UTC; PostHog has {before:,} events between. "
        "Fetch with an earlier since=."
    ]


def events(case: Case) -> list[str]:
    """Compare how many events of each name that the query is about there are in its dates, each uuid once."""
    start, end = max(naive(case.pinned.earliest), dt.datetime.fromisoformat(case.origin.since)), naive(case.pinned.end)
    theirs = queries.counts_by_event(case.api, case.project, start, end)
    clean = case.tables.clean()
    counted = clean.filter((clean.timestamp >= start) & (clean.timestamp <= end)).group_by("event").agg(events=lambda e: e.count())
    ours = {str(row.event): int(row.events) for row in case.tables.execute(counted).itertuples()}
    about = used.events(case.pinned.query, case.tables)
    names = theirs.keys() | ours.keys()
    more = {name: theirs.get(name, 0) - ours.get(name, 0) for name in (names if about is None else names & about)}
    sentences = []
    late = {name: n for name, n in more.items() if n > 0}
    if late:
        upto = f" at {case.origin.until:%Y-%m-%d %H:%M} UTC" if case.origin.until else ""
        sentences.append(
            f"Late events: PostHog has {sum(late.values()):,} events of these dates that are not here ({named(late)}): they arrived after the fetch{upto}, "
            f"or it could not get them. {FETCH_AGAIN}"
        )
    gone = {name: -n for name, n in more.items() if n < 0}
    if gone:
        sentences.append(
            f"Deleted events: {sum(gone.values()):,} events of these dates are here that PostHog no longer has ({named(gone)}). Fetch into a new folder."
        )
    return sentences


def named(counts: Mapping[str, int]) -> str:
    """Name the largest counts."""
    most = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    said = ", ".join(f"{name!r} {count:,}" for name, count in most[:MOST_NAMED])
    return said + (f", and {len(most) - MOST_NAMED:,} more names" if len(most) > MOST_NAMED else "")


def history(case: Case) -> list[str]:
    """Say when the query looks at events from before what was fetched."""
    if not used.looks_back(case.pinned.query, case.tables):
        return []
    since = dt.datetime.fromisoformat(case.origin.since)
    before = queries.count_before(case.api, case.project, since)
    if not before:
        return []
    return [
        f"Earlier events: the question looks at what persons did before its dates, and PostHog has {before:,} events from before {since:%Y-%m-%d}, "
        "where the fetch began. Fetch with an earlier since=."
    ]


def persons(case: Case) -> list[str]:
    """Compare how many distinct ids and persons there are, where the figures hang on who is one person."""
    if not used.counts_persons(case.pinned.query):
        return []
    if case.tables.persons is None:
        return ["Merges: the fetch had no persons (the key may not read them), so they were rebuilt from the events here."]
    p = case.tables.persons
    counted = p.aggregate(ids=p.distinct_id.nunique(), persons=p.person_id.nunique())
    here = tuple(int(n) for n in case.tables.execute(counted).iloc[0][["ids", "persons"]])
    there = queries.count_persons(case.api, case.project)
    if here == there:
        return []
    return [
        f"Merges: PostHog has {there[1]:,} persons with {there[0]:,} distinct ids now, here are {here[1]:,} with {here[0]:,}: persons came, were merged "
        f"or deleted since the fetch. {FETCH_AGAIN}"
    ]


def settings(case: Case) -> list[str]:
    """Compare the project's settings now, then, and those that these events are asked under."""
    now, then = around.settings(case.api, case.project), case.kept("project")
    sentences = []
    for name, words in SETTINGS.items():
        was, new = then.get(name), now.get(name)
        if (was or None) != (new or None):
            kind = "Time zone" if name in ("timezone", "week_start_day") else "Test accounts" if name.startswith("test") else "Settings"
            sentences.append(f"{kind}: the project's {words} changed since the fetch, from {short(was)} to {short(new)}. {FETCH_AGAIN}")
    ours = case.tables.settings
    if ours.timezone != now.get("timezone"):
        sentences.append(f"Time zone: these events are asked in {ours.timezone}, the project's days begin in {now.get('timezone')}.")
    if (ours.week_start == "monday") != (now.get("week_start_day") == 1):
        sentences.append(f"Time zone: weeks begin on {ours.week_start.capitalize()} here, and not in the project.")
    return list(dict.fromkeys(sentences))


def test_accounts(case: Case) -> list[str]:
    """Say when test accounts are to be left out, and the filters could not be read here."""
    then = case.kept("project")
    asked = any(node.get("filterTestAccounts") for node in used.nodes(case.pinned.query)) and bool(then.get("test_account_filters"))
    if asked and case.tables.settings.test_account_filters is None:
        return ["Test accounts: the project's filters of test accounts can't be read here, so nobody is left out."]
    return []


def properties(case: Case) -> list[str]:
    """Say of when properties of persons are, where the query asks for them."""
    if not used.person_properties(case.pinned.query):
        return []
    then = case.kept("project")
    modifiers = {**(then.get("default_modifiers") or {}), **(then.get("modifiers") or {}), **(case.pinned.query.get("modifiers") or {})}
    mode = modifiers.get("personsOnEventsMode")
    if mode in EVENT_TIME:
        return [
            f"Person properties: the project asks in the mode {mode}: persons have the properties they had at the time of each event there, and those of the "
            "fetch here."
        ]
    return [f"Person properties: the question asks for properties of persons, which may have changed there since the fetch. {FETCH_AGAIN}"]


def definitions(case: Case) -> list[str]:
    """Compare the actions and cohorts of the query with those that were fetched."""
    sentences = []
    for kind, asked, parts in (
        ("action", used.actions, ("steps", "deleted")),
        ("cohort", used.cohorts, ("filters", "groups", "query", "deleted")),
    ):
        kept = {str(row.get("id")): row for row in case.kept(f"{kind}s")}
        for name in sorted(asked(case.pinned.query)):
            was = kept.get(name)
            title = repr((was or {}).get("name") or name)
            try:
                new = case.api.get(f"/api/projects/{case.project}/{kind}s/{name}/")
            except NotThere:
                sentences.append(f"Definitions: the {kind} {title} was deleted in the project.")
                continue
            if was is None or any((was.get(part) or None) != (new.get(part) or None) for part in parts):
                sentences.append(f"Definitions: the {kind} {new.get('name')!r} is not as it was fetched. {FETCH_AGAIN}")
    return sentences


def cohorts(case: Case) -> list[str]:
    """Say that PostHog keeps the members of cohorts from the last time it counted them."""
    kept = {str(row.get("id")): row for row in case.kept("cohorts")}
    rows = [kept[name] for name in sorted(used.cohorts(case.pinned.query)) if name in kept]
    said = [
        f"Cohorts: PostHog counted the members of {row.get('name')!r} at {row['last_calculation']}; here they are those of the clock of these events."
        for row in rows
        if row.get("last_calculation") and not row.get("is_static")
    ]
    return said + [
        f"Cohorts: {row.get('name')!r} is a list of persons that was uploaded; its members can't be fetched."
        for row in rows
        if row.get("is_static")
    ]


def sampling(case: Case) -> list[str]:
    """Say when PostHog estimates from a part of the persons."""
    factor = case.pinned.query.get("samplingFactor")
    if isinstance(factor, (int, float)) and 0 < factor < 1:
        return [f"Sampling: PostHog estimates these figures from {factor:.0%} of the persons; here every event is counted."]
    return []


def short(value: Any, most: int = 80) -> str:
    """Write a setting."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= most else text[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"
