"""Why our figures differ from the host's: each likely cause is looked for, and told with what was found."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evkit.errors import KeyRefused, NotThere, TooHeavy
from evkit.insights.trends.maths import FIRST_TIME
from evkit.model.tables import EventTables, Origin
from evkit.posthog.api import Api
from evkit.posthog.pull import around, queries
from evkit.posthog.pull.folder import Folder
from evkit.posthog.reconciling.pinned import Pinned

MOST_NAMED = 5
ALL_OF_HISTORY = (*FIRST_TIME, "retention_first_time", "retention_first_ever_occurrence")
"""What of a query looks at events before its dates."""
SETTINGS = {
    "timezone": "time zone",
    "week_start_day": "first day of the week",
    "test_account_filters": "filters of test accounts",
    "path_cleaning_filters": "path cleaning rules",
}
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


def found(case: Case) -> list[str]:
    """Give the likely causes, as sentences; what the key may not look at is told instead."""
    sentences: list[str] = []
    for look in (events, history, persons, settings, test_accounts, person_mode, definitions, cohorts, sampling):
        try:
            sentences += look(case)
        except (KeyRefused, NotThere, TooHeavy) as error:
            sentences.append(f"The {look.__name__.replace('_', ' ')} could not be looked at: {error}")
    return sentences


# ---------------------------------------------------------------------- what is in a query
def nodes(value: Any) -> Iterator[Mapping[str, Any]]:
    """Give every object inside a query."""
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from nodes(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from nodes(inner)


def texts(value: Any) -> set[str]:
    """Give every text that is a value inside a query."""
    return {inner for node in nodes(value) for inner in node.values() if isinstance(inner, str)}


def cohorts_in(query: Any) -> set[str]:
    """Give the ids of the cohorts that a query names."""
    asked = {str(node.get("value")) for node in nodes(query) if node.get("type") == "cohort" and node.get("key") == "id"}
    for node in nodes(query):
        if node.get("breakdown_type") == "cohort":
            given = node.get("breakdown")
            asked |= {str(one) for one in (given if isinstance(given, list) else [given])} - {"all", "None"}
    return asked


def actions_in(query: Any) -> set[str]:
    """Give the ids of the actions that a query names."""
    return {str(node["id"]) for node in nodes(query) if node.get("kind") == "ActionsNode" and node.get("id") is not None}


# ---------------------------------------------------------------------- looking
def events(case: Case) -> list[str]:
    """Compare how many events of each name there are in the dates of the query, each uuid once."""
    start, end = (time.astimezone(dt.UTC).replace(tzinfo=None) for time in (case.pinned.start, case.pinned.end))
    start = max(start, dt.datetime.fromisoformat(case.origin.since))
    theirs = queries.counts_by_event(case.api, case.project, start, end)
    clean = case.tables.clean()
    counted = clean.filter((clean.timestamp >= start) & (clean.timestamp <= end)).group_by("event").agg(events=lambda e: e.count())
    ours = {str(row.event): int(row.events) for row in case.tables.execute(counted).itertuples()}
    more = {name: theirs.get(name, 0) - ours.get(name, 0) for name in theirs.keys() | ours.keys()}
    sentences = []
    late = {name: n for name, n in more.items() if n > 0}
    if late:
        upto = f" at {case.origin.until:%Y-%m-%d %H:%M} UTC" if case.origin.until else ""
        sentences.append(
            f"Late events: PostHog has {sum(late.values()):,} events of these dates that are not here ({named(late)}): they arrived after the fetch{upto}. {FETCH_AGAIN}"
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
    asked = texts(case.pinned.query) & set(ALL_OF_HISTORY) or cohorts_in(case.pinned.query)
    if not asked:
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
    """Compare how many distinct ids and persons there are."""
    if case.tables.persons is None:
        return ["Persons: the fetch had none (the key lacks person:read or query:read), so they were rebuilt from the events here."]
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
    now, then = around.settings(case.api, case.project), Folder(case.origin.folder).read_json("project") or {}
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
    then = Folder(case.origin.folder).read_json("project") or {}
    asked = any(node.get("filterTestAccounts") for node in nodes(case.pinned.query)) and bool(then.get("test_account_filters"))
    if asked and case.tables.settings.test_account_filters is None:
        return ["Test accounts: the project's filters of test accounts can't be read here, so nobody is left out."]
    return []


def person_mode(case: Case) -> list[str]:
    """Say when the project takes the person as of the time of the event."""
    then = Folder(case.origin.folder).read_json("project") or {}
    modifiers = {**(then.get("default_modifiers") or {}), **(then.get("modifiers") or {}), **(case.pinned.query.get("modifiers") or {})}
    mode = modifiers.get("personsOnEventsMode")
    if mode in EVENT_TIME:
        return [
            f"Merges: the project asks in the mode {mode}: persons have the properties they had at the time of each event there, and those of today here."
        ]
    return []


def definitions(case: Case) -> list[str]:
    """Compare the actions and cohorts of the query with those that were fetched."""
    sentences = []
    for kind, asked, parts in (("action", actions_in, ("steps",)), ("cohort", cohorts_in, ("filters", "groups", "query"))):
        kept = {str(row.get("id")): row for row in Folder(case.origin.folder).read_json(f"{kind}s") or ()}
        for name in sorted(asked(case.pinned.query)):
            new = case.api.get(f"/api/projects/{case.project}/{kind}s/{name}/")
            was = kept.get(name)
            if was is None or any((was.get(part) or None) != (new.get(part) or None) for part in parts):
                sentences.append(f"Definitions: the {kind} {new.get('name')!r} is not as it was fetched. {FETCH_AGAIN}")
    return sentences


def cohorts(case: Case) -> list[str]:
    """Say that PostHog keeps the members of cohorts from the last time it counted them."""
    kept = {str(row.get("id")): row for row in Folder(case.origin.folder).read_json("cohorts") or ()}
    rows = [kept[name] for name in sorted(cohorts_in(case.pinned.query)) if name in kept]
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
