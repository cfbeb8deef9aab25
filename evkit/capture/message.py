"""One event and one batch as a client sends them: fields, checks, limits, times. Standard library only.

Source: PostHog's capture protocol (endpoints of version 0), as its tests and its SDKs show it.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import json
import os
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evkit.errors import CaptureError

MAX_EVENT_NAME = 200
"""Characters of an event's name that are kept."""
MAX_DISTINCT_ID = 200
"""Characters of a distinct_id that are kept."""
MAX_TOKEN = 64
"""Bytes of a project token."""
FUTURE = dt.timedelta(hours=23)
"""How far after its receipt an event may say it happened; beyond, it happened at its receipt."""
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
OTHER_ID = {"$identify": "$anon_distinct_id", "$create_alias": "alias", "$merge_dangerously": "alias"}
"""Events that merge -> the property that names the other id."""
NEVER_LEGAL = frozenset("anonymous guest distinctid distinct_id id not_authenticated email undefined true false".split())
"""Ids that never merge, whatever their case."""
NEVER_LEGAL_EXACTLY = frozenset({"[object Object]", "NaN", "None", "none", "null", "0", "undefined"})
"""Ids that never merge, in just this case."""
UNSEEN = frozenset({"$performance_event"})
"""Events that capture takes and drops."""


class EventTooLarge(CaptureError):
    """An event that is larger than a store takes."""

    status = 413


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event as capture understands it.

    Parameters
    ----------
    uuid
        The key under which it counts once; None where the client gave none: who stores the event then makes one.
    event, distinct_id
        Cut to 200 characters.
    timestamp
        When it happened, UTC, corrected by the client's clock skew.
    received_at
        When it was received, UTC; None where nothing says so.
    properties
        With `$set` and `$set_once`, those of the top level over those inside.
    elements_chain
        What was clicked, where the client sent it as text.
    unread_time
        The timestamp that was sent, where it can't be used and the time of receipt stands for it.
    cut
        What was cut, in words: a name or distinct_id that was longer than is kept.
    """

    uuid: str | None
    event: str
    distinct_id: str
    timestamp: dt.datetime
    received_at: dt.datetime | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    elements_chain: str = ""
    unread_time: str = ""
    cut: str = ""


def events_of(
    body: Any,
    *,
    received_at: dt.datetime | None,
    sent_at: dt.datetime | None = None,
    must_have_time: bool = False,
    engage: bool = False,
) -> list[Event]:
    """Give the events of a request's body, or of a line that holds one.

    Parameters
    ----------
    body
        Decoded JSON: an event, a list of events, or a batch (`batch`, `sent_at`).
    received_at
        The receiver's clock; None in files, where `sent_at` stands in for it.
    sent_at
        The client's clock when it sent, where the body doesn't say.
    must_have_time
        An event that says no time raises; otherwise it happened at its receipt.
    engage
        An object without `event` is an $identify.

    Raises
    ------
    CaptureError
        Names what is wrong, with the value; nothing of the body is taken then.
    """
    items, own = unpacked(body)
    sent_at = own or sent_at
    made = [
        event_of(item, received_at=received_at, sent_at=sent_at, must_have_time=must_have_time, engage=engage, at=i)
        for i, item in enumerate(items)
    ]
    return [event for event in made if event.event not in UNSEEN]


def unpacked(body: Any) -> tuple[list[Any], dt.datetime | None]:
    """Give the events of a body, unread, and when it says that it was sent.

    Raises
    ------
    CaptureError
        When a body is none.
    """
    if isinstance(body, list):
        items, sent_at = body, None
    elif isinstance(body, Mapping):
        batch = body.get("batch")
        items, sent_at = batch if isinstance(batch, list) else [body], parse_time(body.get("sent_at"))
    else:
        raise CaptureError(f"a body is an event, a list of events or a batch, not {type(body).__name__}")
    if not items:
        raise CaptureError("a batch without events")
    return items, sent_at


def event_of(
    item: Any,
    *,
    received_at: dt.datetime | None,
    sent_at: dt.datetime | None = None,
    must_have_time: bool = False,
    engage: bool = False,
    at: int = 0,
    of_file: bool = True,
) -> Event:
    """Give one event from its JSON object.

    Parameters
    ----------
    at
        Its place in what was sent, from 0; messages count from 1.
    of_file
        The object is a line of a file: it may say itself when it was sent and received, and its chain of elements is taken out of
        its properties. A request says these once, and its properties are kept as they were sent.

    Raises
    ------
    CaptureError
        Names what is wrong, with the value.
    """
    if not isinstance(item, Mapping):
        raise CaptureError(f"event {at + 1} is {type(item).__name__}, not an object")
    name = item.get("event")
    if name is None and engage:
        name = "$identify"
    if not isinstance(name, str) or not name:
        raise CaptureError(f"event {at + 1} has no name: 'event' is {name!r}")
    properties = item.get("properties")
    if properties is None:
        properties = {}
    if not isinstance(properties, Mapping):
        raise CaptureError(f"properties of {name!r} are {type(properties).__name__}, not an object")
    properties = merged_sets(item, properties)
    raw_id = next((v for v in (item.get("distinct_id"), item.get("$distinct_id"), properties.get("distinct_id")) if v is not None), None)
    own_sent = parse_time(item.get("sent_at")) if of_file and "sent_at" in item else None
    said = parse_time(item["received_at"]) if of_file and "received_at" in item else None
    received = received_at or said or own_sent or sent_at
    chain = properties.pop("$elements_chain", None) if of_file else None
    who = whole_id(raw_id)
    time = final_time(item, properties, received=received, sent_at=own_sent or sent_at, must_have_time=must_have_time)
    return Event(
        uuid=checked_uuid(item.get("uuid")),
        event=cleaned(name)[:MAX_EVENT_NAME],
        distinct_id=who[:MAX_DISTINCT_ID],
        timestamp=time,
        received_at=received,
        properties=properties,
        elements_chain=chain if isinstance(chain, str) else "",
        unread_time=unread(item, received) if time == received else "",
        cut=cut_of(name, who) if len(name) > MAX_EVENT_NAME or len(who) > MAX_DISTINCT_ID else "",
    )


def cut_of(name: str, distinct_id: str) -> str:
    """Say which of the two is longer than is kept, and so is cut.

    Examples
    --------
    >>> cut_of("a" * 250, "user_42")
    'the name has 250 characters, and the first 200 are kept'
    """
    lengths = (("name", len(name), MAX_EVENT_NAME), ("distinct_id", len(distinct_id), MAX_DISTINCT_ID))
    return "; ".join(f"the {what} has {n:,} characters, and the first {most} are kept" for what, n, most in lengths if n > most)


def uuid7(now: dt.datetime) -> str:
    """Make a uuid of version 7: it sorts by time, to a quarter of a microsecond. Its chance is the system's: no fork repeats it.

    Examples
    --------
    >>> uuid7(dt.datetime(2026, 1, 2, tzinfo=dt.UTC))[:15]
    '019b7c01-0400-7'
    """
    microseconds = (now - EPOCH) // dt.timedelta(microseconds=1)
    milliseconds, rest = divmod(microseconds, 1000)
    high = (milliseconds & 0xFFFF_FFFF_FFFF) << 16 | 7 << 12 | rest * 4096 // 1000
    low = int.from_bytes(os.urandom(8), "big") & 0x3FFF_FFFF_FFFF_FFFF | 1 << 63
    return str(uuid.UUID(int=high << 64 | low))


def unread(item: Mapping[str, Any], received: dt.datetime) -> str:
    """Give the timestamp of an event that says nothing usable, where one was sent."""
    given = item.get("timestamp")
    if not isinstance(given, str) or not given or item.get("offset") is not None:
        return ""
    time = parse_time(given)
    return given if time is None or time - received > FUTURE else ""


def is_illegal(distinct_id: str) -> bool:
    """Say whether an id may never be merged: it stands for nobody in particular.

    Examples
    --------
    >>> is_illegal("Guest"), is_illegal("'null'"), is_illegal("Nan"), is_illegal("  ")
    (True, True, False, True)
    """
    bare = distinct_id[1:-1] if len(distinct_id) > 2 and distinct_id[0] == distinct_id[-1] and distinct_id[0] in "'\"" else distinct_id
    return not bare.strip() or bare.lower() in NEVER_LEGAL or bare in NEVER_LEGAL_EXACTLY


def merged_sets(item: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    """Give the properties with the `$set` and `$set_once` of the event's top level merged over their own."""
    made = dict(properties)
    for key in ("$set", "$set_once"):
        top, own = item.get(key), made.get(key)
        if isinstance(top, Mapping):
            made[key] = {**(own if isinstance(own, Mapping) else {}), **top}
    for key in ("$unset", "$groups"):
        if key in item and key not in made:
            made[key] = item[key]
    return made


def distinct_id_text(value: Any) -> str:
    """Give a distinct_id as text: numbers and JSON are written out, NUL replaced, cut to 200 characters.

    Raises
    ------
    CaptureError
        When it is missing or blank.

    Examples
    --------
    >>> distinct_id_text(23.4), distinct_id_text(["a", "b"])
    ('23.4', '["a","b"]')
    """
    return whole_id(value)[:MAX_DISTINCT_ID]


def whole_id(value: Any) -> str:
    """Give a distinct_id as text that may be longer than is kept.

    Raises
    ------
    CaptureError
        When it is missing or blank.
    """
    text = value if isinstance(value, str) else None if value is None else json.dumps(value, separators=(",", ":"))
    if text is None or not text.strip():
        raise CaptureError(f"no distinct_id: it is {value!r}")
    return cleaned(text)


_SURROGATE = re.compile("[\ud800-\udfff]")


def cleaned(text: str) -> str:
    """Replace what no store keeps: NUL and lone surrogates."""
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def checked_uuid(value: Any) -> str | None:
    """Give a uuid in its usual writing; None for one that is absent.

    Raises
    ------
    CaptureError
        When it is none.
    """
    if value is None or value == "":
        return None
    try:
        return str(uuid.UUID(value))
    except (ValueError, AttributeError, TypeError):
        raise CaptureError(f"uuid {value!r} is none: leave it out, or give 32 hexadecimal digits") from None


# ---------------------------------------------------------------------- time
def final_time(
    item: Mapping[str, Any],
    properties: Mapping[str, Any],
    *,
    received: dt.datetime | None,
    sent_at: dt.datetime | None,
    must_have_time: bool,
) -> dt.datetime:
    """Give when an event happened, corrected by the client's clock skew; 1970 where that leaves the calendar.

    Raises
    ------
    CaptureError
        When `timestamp` is no text or `offset` no integer, or no time is known at all, or with `must_have_time` none in the calendar.
    """
    try:
        return _final_time(item, properties, received=received, sent_at=sent_at, must_have_time=must_have_time)
    except OverflowError:
        if must_have_time:
            raise CaptureError(
                f"timestamp {item.get('timestamp')!r} is outside the years 1 to 9999, corrected by the client's clock"
            ) from None
        return EPOCH


def _final_time(
    item: Mapping[str, Any],
    properties: Mapping[str, Any],
    *,
    received: dt.datetime | None,
    sent_at: dt.datetime | None,
    must_have_time: bool,
) -> dt.datetime:
    given, offset = item.get("timestamp"), item.get("offset")
    if given is not None and not isinstance(given, str):
        raise CaptureError(f"timestamp {given!r} is {type(given).__name__}: give ISO text")
    if offset is not None and (not isinstance(offset, int) or isinstance(offset, bool)):
        raise CaptureError(f"offset {offset!r} is no whole number of milliseconds")
    time = parse_time(given)
    if received is None:
        if time is None:
            raise CaptureError(f"no time: timestamp is {given!r}, and nothing says when it was received")
        return time
    if given and time is None and must_have_time:
        raise CaptureError(f"timestamp {given!r} can't be read")
    if time is None:
        time = received
    elif sent_at is not None and properties.get("$ignore_sent_at") is not True:
        time = time - (sent_at - received)
    if offset is not None:
        time = received - dt.timedelta(milliseconds=offset)
    return received if time - received > FUTURE else time


_SLASHES = re.compile(r"^(\d{4})/(\d{1,2})/(\d{1,2})(.*)$")
_HOUR_OFFSET = re.compile(r"([+-]\d{2})$")
_NUMBER = re.compile(r"^\d{9,10}(\.\d+)?$|^\d{13}$")


def parse_time(value: Any) -> dt.datetime | None:
    """Read a time as capture does; None when it can't be read. Without zone it is UTC.

    Known: RFC 3339 with any offset, blanks for T, dates alone, slashes, RFC 2822, seconds or milliseconds as text.

    Examples
    --------
    >>> parse_time("2026-01-01 10:00:00+03").isoformat()
    '2026-01-01T07:00:00+00:00'
    """
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC) if value.tzinfo else value.replace(tzinfo=dt.UTC)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        return None
    text = value.strip()
    for read in (_iso, _number, _mail):
        try:
            time = read(text)
            if time is not None:
                return time.astimezone(dt.UTC) if time.tzinfo else time.replace(tzinfo=dt.UTC)
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
    return None


def _iso(text: str) -> dt.datetime | None:
    slashes = _SLASHES.match(text)
    if slashes:
        text = f"{slashes[1]}-{int(slashes[2]):02}-{int(slashes[3]):02}{slashes[4]}"
    if len(text) > 11 and text[10] in "T " and _HOUR_OFFSET.search(text[11:]):
        text += ":00"
    if re.fullmatch(r"\d{8,}", text):
        return None
    return dt.datetime.fromisoformat(text)


def _number(text: str) -> dt.datetime | None:
    if not _NUMBER.match(text):
        return None
    seconds = int(text) / 1000 if len(text) == 13 else float(text)
    return EPOCH + dt.timedelta(microseconds=round(seconds * 1e6))


def _mail(text: str) -> dt.datetime | None:
    return email.utils.parsedate_to_datetime(text)
