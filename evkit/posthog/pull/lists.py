"""Events, persons and groups from the API's lists: for a host that answers no queries.

The list of events is PostHog's oldest way, newest first: it loses the quotes around a text that is quoted itself, and what arrives
late can't be told from what is here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evkit import elements
from evkit.errors import PostHogError
from evkit.posthog.api import Api
from evkit.posthog.pull.plan import Span
from evkit.posthog.pull.queries import Row, time_of

PAGE = 1_000
"""Events of a page at most; more are cut off in silence."""
A_SECOND, MICROSECOND = dt.timedelta(seconds=1), dt.timedelta(microseconds=1)


def events(api: Api, project: int | str, span: Span) -> Iterator[Sequence[Row]]:
    """Give the events of a span page by page, as `queries.EVENT` has them; those on the border of a page come once.

    Raises
    ------
    PostHogError
        When more events than a page holds happened at one moment: the list gives no way past them.
    """
    before, at_border = span.end, frozenset[str]()
    while True:
        page = api.get(
            f"/api/projects/{project}/events/",
            after=written(span.start - A_SECOND),
            before=written(before),
            limit=PAGE,
            orderBy='["-timestamp"]',
        )
        rows = page.get("results") if isinstance(page, dict) else None
        if not isinstance(rows, list):
            raise PostHogError(f"the list of events came as {str(page)[:300]}")
        timed = [(time_of(row.get("timestamp")), row) for row in rows]
        new = [event(time, row) for time, row in timed if span.start <= time < span.end and str(row["id"]) not in at_border]
        if new:
            yield new
        if not page.get("next") or not rows:
            return
        oldest = min(time for time, _ in timed)
        border = frozenset(str(row["id"]) for time, row in timed if time == oldest)
        if before == oldest + MICROSECOND and border <= at_border:
            raise PostHogError(f"more events than a page of {PAGE:,} happened at {oldest}: the list of events gives no way past them")
        before, at_border = oldest + MICROSECOND, border | (at_border if before == oldest + MICROSECOND else frozenset())


def event(time: dt.datetime, row: Mapping[str, Any]) -> Row:
    """Give an event of the list as queries give it; it says neither when it arrived nor whose it is."""
    chain = row.get("elements_chain") or elements.to_chain(row.get("elements") or ())
    return (
        row["id"],
        row.get("event"),
        row.get("distinct_id"),
        row.get("properties") or {},
        row["timestamp"],
        row["timestamp"],
        chain,
        None,
    )


def people(api: Api, project: int | str) -> Iterator[Sequence[Row]]:
    """Give distinct_id, person_id, properties, created_at, is_identified, a row a distinct id."""
    for person in api.listed(f"/api/projects/{project}/persons/", limit=100):
        who = person.get("uuid") or person["id"]
        made = [
            (one, who, person.get("properties") or {}, person.get("created_at"), person.get("is_identified"))
            for one in person["distinct_ids"]
        ]
        if made:
            yield made


def groups(api: Api, project: int | str, types: Sequence[int]) -> Iterator[Sequence[Row]]:
    """Give index, key, properties, created_at, a row a group."""
    for index in types:
        for group in api.listed(f"/api/projects/{project}/groups/", group_type_index=index, limit=100):
            yield [(index, group["group_key"], group.get("group_properties") or {}, group.get("created_at"))]


def written(time: dt.datetime) -> str:
    """Write a moment of UTC for the list."""
    return f"{time.isoformat(timespec='microseconds')}Z"
