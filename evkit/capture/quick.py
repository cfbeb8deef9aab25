"""The usual batch, straight from a request's bytes to lines: what it takes is written as `wire` and `rows` would write it.

Anything out of the ordinary (another shape, a form, an odd time, an event that deserves a warning) is left to them.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from evkit.capture import message, wire
from evkit.capture.storage.rows import LARGEST, naive, said

ODD_KEYS = frozenset(
    {"$elements", "$elements_chain", "$cookieless_mode", "$ignore_sent_at", "$ip", "capture_internal", "$process_person_profile"}
)
"""Properties of events that need more than copying."""
ESCAPED = (b"\\u0000", b"\\ud", b"\\uD")
"""NUL, and halves of characters: they are replaced."""
ODD_NAMES = frozenset({*message.UNSEEN, *wire.NOT_EVENTS, *message.OTHER_ID, "$groupidentify"})
UUIDS = re.compile(r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12};)+\Z")
A_UUID = len("01a20852-6c5e-7078-8450-4ae3b287c11d;")
A_TIME = len("2026-03-01T10:00:00")


@dataclass(frozen=True)
class Batch:
    """A usual batch: its token, how many events, and what writes their lines once the number of the first is known."""

    token: str
    count: int
    lines: Callable[[int], bytes]


Word = Annotated[str, msgspec.Meta(min_length=1, max_length=min(message.MAX_EVENT_NAME, message.MAX_DISTINCT_ID))]


class Event(msgspec.Struct, forbid_unknown_fields=True):
    """A usual event."""

    event: Word
    distinct_id: Word
    uuid: str
    timestamp: str
    properties: msgspec.Raw


class Sent(msgspec.Struct, forbid_unknown_fields=True):
    """A usual batch, as it was sent."""

    batch: list[Event]
    api_key: str | None = None
    token: str | None = None
    sent_at: str = ""
    historical_migration: bool = False


PROPERTIES = msgspec.json.Decoder(dict[str, Any]).decode
"""Reads an event's properties, only to see that they can be read: numbers without measure are left to the long way."""
DECODE = msgspec.json.Decoder(Sent).decode
ENCODE = msgspec.json.Encoder().encode


def batch_of(text: bytes, *, query: Mapping[str, str], headers: Mapping[str, str], now: dt.datetime, ip: str) -> Batch | None:
    """Read a usual batch; None where it is none, or where something is wrong with it.

    Parameters
    ----------
    text
        A request's body, gzip undone.
    query, headers, now, ip
        As `wire.received`.
    """
    if "data" in query or "compression" in query or headers.get("content-type", "")[:33].lower() == wire.FORM:
        return None
    if text[:1] != b"{" or b"\n" in text or (b"\\u" in text and any(word in text for word in ESCAPED)):
        return None
    try:
        if not text.isascii():
            text.decode()
        found = DECODE(text)
        token = (found.api_key if found.token is None else found.token) or ""
        wire.check_token(token)
        skew = skew_of(found.sent_at, query, now)
        uuids = "".join([event.uuid + ";" for event in found.batch])
        if len(uuids) != A_UUID * len(found.batch) or UUIDS.match(uuids) is None:
            return None
        latest, address = naive(now) + message.FUTURE, ENCODE(ip) if ip else b""
        made = [parts for event in found.batch if (parts := parts_of(event, skew, latest, address)) is not None]
    except (ValueError, OverflowError, RecursionError):  # msgspec's errors and Refused are ValueErrors
        return None
    if not made or len(made) < len(found.batch) or (found.api_key is not None and found.token is not None):
        return None
    received, written = said(now), ENCODE(token.strip())
    middle = b'","received_at":"%b","arrival":%d,"token":%b,"elements_chain":"","properties":%b}\n'
    moment = received.encode()

    def lines(first: int) -> bytes:
        return b"".join([head + middle % (moment, first + i, written, properties) for i, (head, properties) in enumerate(made)])

    return Batch(token.strip(), len(made), lines)


def skew_of(sent_at: str, query: Mapping[str, str], now: dt.datetime) -> dt.timedelta | None:
    """Give by how much the client's clock is before ours; None where nothing says."""
    clock = message.parse_time(sent_at) if sent_at else None
    clock = clock or wire.clock_of(query)
    return None if clock is None else now - clock


def parts_of(event: Event, skew: dt.timedelta | None, latest: dt.datetime, ip: bytes) -> tuple[bytes, bytes] | None:
    """Give the beginning of an event's line, up to its time, and its properties; None for one that isn't usual."""
    properties = bytes(event.properties)
    if event.event in ODD_NAMES or event.distinct_id.isspace() or len(properties) > LARGEST - 2_000:
        return None
    if not ODD_KEYS.isdisjoint(PROPERTIES(properties)):
        return None
    if len(event.timestamp) < A_TIME or event.timestamp[4] != "-":
        return None
    if event.timestamp[-1] == "Z":
        time = dt.datetime.fromisoformat(event.timestamp[:-1])
    else:
        time = naive(dt.datetime.fromisoformat(event.timestamp))
    if time.tzinfo is not None:
        return None
    if skew is not None:
        time += skew
    if time > latest:
        return None
    if ip:
        rest = properties[1:].lstrip()
        properties = b'{"$ip":%b%b%b' % (ip, b"" if rest[:1] == b"}" else b",", rest)
    moment = time.isoformat(timespec="microseconds")
    head = b'{"uuid":"%b","event":%b,"distinct_id":%b,"timestamp":"%b' % (
        event.uuid.encode(), ENCODE(event.event), ENCODE(event.distinct_id), moment.encode(),
    )  # fmt: skip
    return head, properties
