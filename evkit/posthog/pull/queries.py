"""What is asked in HogQL: counts, and rows page by page, each page going on from the last key of the one before.

An OFFSET is refused there, and a LIMIT above 50,000 is lowered in silence: a page that comes back full is not the last.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from evkit.capture.message import parse_time
from evkit.errors import PostHogError, TooHeavy
from evkit.posthog.api import Api
from evkit.posthog.pull.plan import SHORTEST_SLICE, Span

PAGE, SMALLEST_PAGE = 20_000, 100
"""Rows of a page: what is held in memory at once."""
ROUND = 100
"""A page shorter than was asked for is the last, unless its length is a multiple of this: a limit that was lowered would look so."""
MOST_GROUPS = 50_000
"""Rows of an answer that is no page; an answer that is full may be cut."""
SHORTEST_COUNT = dt.timedelta(hours=2)
EVENT = "uuid, event, distinct_id, properties, timestamp, created_at, elements_chain, person_id"
IN_UTC = "toDateTime64({{{0}}}, 6, 'UTC')"

Row = Sequence[Any]


def counts_by_hour(api: Api, project: int | str, span: Span) -> dict[dt.datetime, int]:
    """Give how many events happened in each hour; hours without any are left out."""
    hogql = (
        "SELECT toStartOfHour(timestamp) AS hour, count(DISTINCT uuid) AS events FROM events "
        f"WHERE timestamp >= {IN_UTC.format('start')} AND timestamp < {IN_UTC.format('end')} "
        f"GROUP BY hour ORDER BY hour LIMIT {MOST_GROUPS}"
    )
    shortest = span.end - span.start <= SHORTEST_COUNT
    try:
        rows = api.rows(project, hogql, {"start": said(span.start), "end": said(span.end)}, name="evkit: events by hour")
    except TooHeavy:
        if shortest:
            raise
    else:
        if shortest or len(rows) % ROUND or not rows:  # else they may have been cut
            return {time_of(hour): int(events) for hour, events in rows}
    first, second = whole_hours(span)
    return counts_by_hour(api, project, first) | counts_by_hour(api, project, second)


def counts_by_event(api: Api, project: int | str, start: dt.datetime, end: dt.datetime) -> dict[str, int]:
    """Give how many events of each name happened between two moments, both inside, each uuid once."""
    hogql = (
        "SELECT event, count(DISTINCT uuid) AS events FROM events "
        f"WHERE timestamp >= {IN_UTC.format('start')} AND timestamp <= {IN_UTC.format('end')} GROUP BY event ORDER BY event LIMIT {MOST_GROUPS}"
    )
    rows = api.rows(project, hogql, {"start": said(start), "end": said(end)}, name="evkit: events by name")
    return {str(event): int(count) for event, count in rows}


def count_before(api: Api, project: int | str, end: dt.datetime, *, start: dt.datetime | None = None) -> int:
    """Give how many events happened before a moment, and not before another."""
    since = "" if start is None else f"timestamp >= {IN_UTC.format('start')} AND "
    values = {"end": said(end), **({} if start is None else {"start": said(start)})}
    hogql = f"SELECT count() AS events FROM events WHERE {since}timestamp < {IN_UTC.format('end')} LIMIT 1"
    return int(api.rows(project, hogql, values, name="evkit: earlier events")[0][0])


def count_persons(api: Api, project: int | str) -> tuple[int, int]:
    """Give how many distinct ids and how many persons there are."""
    hogql = "SELECT count(DISTINCT distinct_id) AS ids, count(DISTINCT person_id) AS persons FROM person_distinct_ids LIMIT 1"
    ids, persons = api.rows(project, hogql, name="evkit: count of persons")[0]
    return int(ids), int(persons)


def whole_hours(span: Span) -> tuple[Span, Span]:
    """Part a span in two at the beginning of an hour."""
    middle = (span.start + (span.end - span.start) / 2).replace(minute=0, second=0, microsecond=0)
    return Span(span.start, middle), Span(middle, span.end)


def events(api: Api, project: int | str, span: Span) -> Iterator[Sequence[Row]]:
    """Give the events of a span page by page, as `EVENT` has them; a span that is too much at once is halved."""
    try:
        yield from pages(
            api, project,
            f"SELECT {EVENT} FROM events WHERE timestamp >= {IN_UTC.format('start')} AND timestamp < {IN_UTC.format('end')}",
            {"start": said(span.start), "end": said(span.end)},
            after=(
                f"(timestamp > {IN_UTC.format('at')} OR (timestamp = {IN_UTC.format('at')} AND toString(uuid) > {{last}}))",
                lambda row: {"at": said(time_of(row[4])), "last": str(row[0])},
            ),
            order="timestamp, toString(uuid)", name="evkit: events",
        )  # fmt: skip
    except TooHeavy:
        if span.end - span.start <= SHORTEST_SLICE:
            raise
        for half in span.halves():
            yield from events(api, project, half)


def distinct_ids(api: Api, project: int | str) -> Iterator[Sequence[Row]]:
    """Give distinct_id and person_id, a row a distinct id."""
    yield from pages(
        api, project, "SELECT distinct_id, person_id FROM person_distinct_ids", {},
        after=("distinct_id > {last}", lambda row: {"last": str(row[0])}), order="distinct_id", name="evkit: distinct ids",
    )  # fmt: skip


def people(api: Api, project: int | str) -> Iterator[Sequence[Row]]:
    """Give id, properties, created_at, is_identified, a row a person."""
    yield from pages(
        api, project, "SELECT id, properties, created_at, is_identified FROM persons", {},
        after=("toString(id) > {last}", lambda row: {"last": str(row[0])}), order="toString(id)", name="evkit: persons",
    )  # fmt: skip


def groups(api: Api, project: int | str) -> Iterator[Sequence[Row]]:
    """Give index, key, properties, created_at, a row a group."""
    yield from pages(
        api, project, "SELECT index, key, properties, created_at FROM groups", {},
        after=("(index > {index} OR (index = {index} AND key > {last}))", lambda row: {"index": int(row[0]), "last": str(row[1])}),
        order="index, key", name="evkit: groups",
    )  # fmt: skip


def pages(
    api: Api, project: int | str, select: str, values: dict[str, Any], *, after: tuple[str, Callable[[Row], dict[str, Any]]], order: str, name: str,
) -> Iterator[Sequence[Row]]:  # fmt: skip
    """Give the rows of a query page by page.

    Parameters
    ----------
    after
        The condition of what comes after a row, and the values that it takes from one.
    """
    condition, key_of = after
    last: Row | None = None
    size = PAGE
    while True:
        more = "" if last is None else f" {'AND' if ' WHERE ' in select else 'WHERE'} {condition}"
        given = values if last is None else {**values, **key_of(last)}
        try:
            rows = api.rows(project, f"{select}{more} ORDER BY {order} LIMIT {size}", given, name=name)
        except TooHeavy:
            if size == SMALLEST_PAGE:
                raise
            size = max(size // 4, SMALLEST_PAGE)
            continue
        if last is not None and rows and key_of(rows[0]) == key_of(last):
            raise PostHogError(f"{name}: a page begins where the one before ended; the host does not sort as it was asked to")
        if rows:
            yield rows
        if not rows or (len(rows) < size and len(rows) % ROUND):
            return
        last = rows[-1]


def time_of(text: Any) -> dt.datetime:
    """Read a time of an answer, as UTC without a zone."""
    time = parse_time(text) if isinstance(text, str) else None
    if time is None:
        raise PostHogError(f"a time came as {text!r}, which can't be read")
    return time.astimezone(dt.UTC).replace(tzinfo=None)


def said(time: dt.datetime) -> str:
    """Write a time as ClickHouse reads it."""
    return f"{time:%Y-%m-%d %H:%M:%S.%f}"
