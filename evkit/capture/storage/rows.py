"""One event as a line of the landing: canonical columns as JSON, and back."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from evkit import elements
from evkit.capture import message
from evkit.errors import CaptureError

COLUMNS = ("uuid", "event", "distinct_id", "timestamp", "received_at", "arrival", "token", "properties", "elements_chain")
"""The columns of a line and of a segment. Times are UTC without a zone, with microseconds; `properties` is a JSON object."""
LARGEST = 1_000_000
"""Bytes of an event as a line."""
EPOCH = dt.datetime(1970, 1, 1)
MICROSECOND = dt.timedelta(microseconds=1)


class EventTooLarge(CaptureError):
    """An event that is larger than a store takes."""


def microseconds(at: dt.datetime) -> int:
    """Give a time as microseconds since 1970."""
    return (naive(at) - EPOCH) // MICROSECOND


def naive(at: dt.datetime) -> dt.datetime:
    """Give a time as UTC without a zone."""
    return at.astimezone(dt.UTC).replace(tzinfo=None) if at.tzinfo else at


def said(at: dt.datetime) -> str:
    """Write a time as the lines have it.

    Examples
    --------
    >>> said(dt.datetime(26, 1, 2))
    '0026-01-02T00:00:00.000000'
    """
    return naive(at).isoformat(timespec="microseconds")


def to_line(event: message.Event, *, received_at: dt.datetime, arrival: int, token: str) -> bytes:
    """Give an event as a line of JSON.

    Raises
    ------
    CaptureError
        When it holds what JSON doesn't.
    """
    row = {
        "uuid": event.uuid or message.uuid7(received_at),
        "event": event.event,
        "distinct_id": event.distinct_id,
        "timestamp": said(event.timestamp),
        "received_at": said(received_at),
        "arrival": arrival,
        "token": token,
        "elements_chain": event.elements_chain or chain_of(event.properties),
        "properties": event.properties,
    }
    try:
        text = json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError, TypeError) as error:
        raise CaptureError(f"properties of {event.event!r} can't be kept as JSON: {error}") from None
    if "\\u0000" in text:
        text = without_nul(text, row)
    line = message.cleaned(text).encode() + b"\n"
    if len(line) > LARGEST:
        raise EventTooLarge(f"{event.event!r} has {len(line):,} bytes as JSON: an event has at most {LARGEST:,}")
    return line


def without_nul(text: str, row: Mapping[str, Any]) -> str:
    """Replace NUL by U+FFFD everywhere in a row: no engine keeps it."""

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace("\x00", "\ufffd")
        if isinstance(value, Mapping):
            return {clean(key): clean(one) for key, one in value.items()}
        return [clean(one) for one in value] if isinstance(value, list) else value

    return json.dumps(clean(row), ensure_ascii=False, separators=(",", ":"))


def chain_of(properties: Mapping[str, Any]) -> str:
    """Give the elements chain of an autocaptured event, from its text or from its list of elements; "" where it has none."""
    chain = properties.get("$elements_chain")
    if isinstance(chain, str):
        return chain
    given = properties.get("$elements")
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        return ""
    return elements.to_chain(elements.extract(given))


def from_line(line: bytes) -> dict[str, Any]:
    """Give the row of a line: times as datetimes, properties as JSON text.

    Raises
    ------
    CaptureError
        When the line is none of ours.
    """
    try:
        row = json.loads(line)
        made = {name: row[name] for name in COLUMNS}
        made["timestamp"] = dt.datetime.fromisoformat(made["timestamp"])
        made["received_at"] = dt.datetime.fromisoformat(made["received_at"])
        if not isinstance(made["properties"], dict) or not all(isinstance(made[n], str) for n in ("uuid", "event", "distinct_id")):
            raise CaptureError("a line whose columns are of other types")
        made["arrival"] = int(made["arrival"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise CaptureError(f"no line of a store: {type(error).__name__}: {error}") from None
    made["properties"] = json.dumps(made["properties"], ensure_ascii=False, separators=(",", ":"))
    return made
