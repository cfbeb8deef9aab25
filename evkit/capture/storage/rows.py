"""One event as a line of the landing: canonical columns as JSON."""

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
    chain = event.elements_chain or chain_of(event.properties)
    row = {
        "uuid": event.uuid or message.uuid7(received_at),
        "event": event.event,
        "distinct_id": event.distinct_id,
        "timestamp": said(event.timestamp),
        "received_at": said(received_at),
        "arrival": arrival,
        "token": token,
        "elements_chain": chain,
        "properties": event.properties,
    }
    try:
        text = json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        if "\\u0000" in text:
            text = without_nul(row)
    except (ValueError, RecursionError, TypeError) as error:
        why = "they are nested too deeply" if isinstance(error, RecursionError) else error
        raise CaptureError(
            f"properties of {event.event!r} can't be kept as JSON: {why}", event=event.event, distinct_id=event.distinct_id
        ) from None
    line = message.cleaned(text).encode() + b"\n"
    if len(line) - len(chain.encode("utf-8", "replace")) > LARGEST:
        raise message.EventTooLarge(
            f"{event.event!r} has {len(line):,} bytes as JSON: an event has at most {LARGEST:,}",
            event=event.event,
            distinct_id=event.distinct_id,
        )
    return line


def without_nul(row: Mapping[str, Any]) -> str:
    """Write a row with NUL replaced by U+FFFD everywhere: no engine keeps it."""

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
