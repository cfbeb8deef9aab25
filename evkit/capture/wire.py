"""A request's bytes -> its events: compressions, forms, shapes, tokens, limits. Pure, standard library only; inflating is bounded.

Source: PostHog's capture protocol (endpoints of version 0), as its tests and its SDKs show it.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import re
import urllib.parse
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from evkit.capture import inflate, lz64, message
from evkit.capture.inflate import Refused
from evkit.capture.transport import masked
from evkit.errors import CaptureError

MOST_BYTES = 20 << 20
"""Bytes of a request's body."""
MOST_VALUES = 2_000_000
"""Objects and lists in a body: each costs some fifty bytes of memory however short it is written."""
FORM = "application/x-www-form-urlencoded"
GZIP = frozenset({"gzip", "gzip-js"})
LZ64 = frozenset({"lz64", "lz-string"})
MOST_FIELDS = 100
"""Fields of a form."""
MOST_COMMAS = 4 * MOST_VALUES
BASE64 = re.compile(rb"[A-Za-z0-9+/= ]*\Z")
FIELDS = (b"data=", b"_=", b"ip=", b"compression=")
SEEN = 128
"""How many bytes of a body tell what it is."""
NOT_EVENTS = frozenset({"$$heatmap", "$$client_ingestion_warning"})
"""What clients send beside events: taken, and not kept among them."""
SESSION = 100
"""Characters of a session id."""
NEWEST_SECONDS = dt.datetime(2021, 1, 1, tzinfo=dt.UTC)
"""A clock of a query that says an earlier year than this was given in seconds, and is not used."""


@dataclass(frozen=True, kw_only=True)
class Received:
    """What a request holds.

    Parameters
    ----------
    token
        The project's token.
    events
        The events to keep, in the order they were sent.
    others
        Those that are taken and are no events.
    """

    token: str
    events: list[message.Event] = field(default_factory=list)
    others: list[message.Event] = field(default_factory=list)


def received(
    body: bytes,
    *,
    path: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    now: dt.datetime,
    ip: str = "",
    gunzipped: bool = False,
) -> Received:
    """Read a request of version 0.

    Parameters
    ----------
    path
        Of the URL; `/engage` takes events without a name.
    query
        The URL's parameters.
    headers
        With names in small letters.
    now
        The clock of the receipt.
    ip
        Who sent it; given to events that say none. "" gives none.
    gunzipped
        The body was gzip, and is undone already.

    Raises
    ------
    Refused
        With the status; nothing of the request is kept then.
    """
    engage = path.strip("/").split("/")[0] == "engage"
    said = parsed(text_of(body, query=query, headers=headers, gunzipped=gunzipped))
    batch, token, sent_at = unpacked(said, engage=engage)
    sent_at = sent_at or clock_of(query)
    check_token(token)
    made: list[message.Event] = []
    for i, item in enumerate(batch):
        event = event_of(item, now=now, sent_at=sent_at, engage=engage, at=i)
        if event.event not in message.UNSEEN:
            made.append(with_ip(event, ip))
    return Received(
        token=token.strip(), events=[e for e in made if e.event not in NOT_EVENTS], others=[e for e in made if e.event in NOT_EVENTS]
    )


def event_of(item: Any, *, now: dt.datetime, sent_at: dt.datetime | None, engage: bool, at: int) -> message.Event:
    """Read one event of a request.

    Raises
    ------
    Refused
        Names what is wrong.
    """
    try:
        event = message.event_of(item, received_at=now, sent_at=sent_at, engage=engage, at=at, of_file=False)
        mode = event.properties.get("$cookieless_mode")
        if mode is not None and not isinstance(mode, bool):
            raise CaptureError(f"$cookieless_mode of {event.event!r} is {mode!r}: give true or false")
    except CaptureError as error:
        words, which = str(error), f"event {at + 1}"
        raise about(item, Refused(words if words.startswith(which) else f"{which}: {words}")) from None
    return event


def about(item: Any, error: Refused) -> Refused:
    """Give an error that knows which event it is about, as far as the event says."""
    if isinstance(item, Mapping):
        properties = item.get("properties")
        ids = (
            item.get("distinct_id"),
            item.get("$distinct_id"),
            properties.get("distinct_id") if isinstance(properties, Mapping) else None,
        )
        who = next((one for one in ids if isinstance(one, (str, int, float)) and not isinstance(one, bool)), None)
        name = item.get("event")
        error.event = message.cleaned(name)[: message.MAX_EVENT_NAME] if isinstance(name, str) else None
        error.distinct_id = None if who is None else message.cleaned(str(who))[: message.MAX_DISTINCT_ID]
    return error


def with_ip(event: message.Event, ip: str) -> message.Event:
    """Give an event the address it came from, where it says none."""
    if not ip or "$ip" in event.properties:
        return event
    return replace(event, properties={**event.properties, "$ip": "127.0.0.1" if event.properties.get("capture_internal") else ip})


# ---------------------------------------------------------------------- bytes
def text_of(body: bytes, *, query: Mapping[str, str], headers: Mapping[str, str], gunzipped: bool = False) -> bytes:
    """Give the JSON text of a request: its form and its compressions undone, in PostHog's order.

    Parameters
    ----------
    gunzipped
        The body was gzip, and is undone already.

    Raises
    ------
    Refused
        When it is empty, too big, or not what it says.
    """
    raw = query["data"].encode("utf-8", "surrogatepass") if query.get("data") else body
    if not raw:
        raise Refused("an empty request: send events as JSON")
    hint = (query.get("compression") or "").lower()
    form_like = any(name in raw[:SEEN] for name in FIELDS)
    if not form_like and hint not in LZ64 and is_base64(raw):
        raw = unbased(raw) or raw
    is_form = headers.get("content-type", "").partition(";")[0].strip().lower() == FORM and not query.get("data")
    if is_form and not form_like:
        raise Refused("a form without data=: send data=<events>, or say what JSON is: -H 'content-type: application/json'")
    of_form = is_form or (form_like and raw.startswith(b"data="))
    if of_form:
        raw, own = form_data(raw)
        hint = hint or own
    hint = hint or headers.get("content-encoding", "").strip().lower()
    return inflated(raw, hint, may_be_plain=of_form or gunzipped)


def form_data(raw: bytes) -> tuple[bytes, str]:
    """Give the data of a form, and the compression that the form names."""
    try:
        fields = dict(urllib.parse.parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:
        raise Refused(f"a form of more than {MOST_FIELDS} fields: is its data written without %26 for &?") from None
    data = fields.get("data", "").encode("utf-8", "surrogatepass")
    if not data:
        raise Refused("a form whose data is empty")
    return data.replace(b" ", b"+") if is_base64(data) else data, fields.get("compression", "").lower()


def inflated(raw: bytes, hint: str, *, may_be_plain: bool) -> bytes:
    """Undo the compression of a body, and base64 around or under it; what came in a form may be plain whatever its hint.

    Raises
    ------
    Refused
        When it isn't compressed as it says, or too big.
    """
    if hint in LZ64:
        try:
            return lz64.decompress(raw.decode("ascii", "replace"), most=inflate.MOST_INFLATED)
        except ValueError as error:
            raise Refused(f"not {hint}: {error}", 413 if isinstance(error, lz64.TooMuch) else 400) from None
    if hint in GZIP and not inflate.is_gzip(raw) and is_base64(raw):
        raw = unbased(raw) or raw
    if inflate.is_gzip(raw):
        raw = inflate.gunzipped(raw)
    elif hint in GZIP and not may_be_plain:
        raise Refused(f"not {hint}, as the request says: it begins with {raw[:8]!r}")
    if is_base64(raw):
        raw = unbased(raw) or raw
        if inflate.is_gzip(raw):
            raw = inflate.gunzipped(raw)
    return raw


def is_base64(raw: bytes) -> bool:
    """Say whether bytes look like base64: by their first letters and their length."""
    return len(raw) % 4 == 0 and BASE64.match(raw[:SEEN]) is not None


def unbased(raw: bytes) -> bytes | None:
    """Decode base64; None where it is none after all."""
    try:
        return base64.b64decode(raw.replace(b" ", b"+"), validate=True)
    except (binascii.Error, ValueError):
        return None


def parsed(raw: bytes) -> Any:
    """Read JSON; lone surrogates and bytes that are no UTF-8 are replaced later, not refused.

    Raises
    ------
    Refused
        When it is none, or made to fill the memory.
    """
    if raw.count(b"{") + raw.count(b"[") > MOST_VALUES or raw.count(b",") > MOST_COMMAS:
        raise Refused(f"a body of more than {MOST_VALUES:,} objects and lists, or {MOST_COMMAS:,} values: send smaller batches", 413)
    try:
        return json.loads(raw.decode("utf-8", "replace"), parse_constant=no_number)
    except RecursionError:
        raise Refused(
            "a body that is nested too deeply to be read: lists and objects in each other, about a thousand levels of them"
        ) from None
    except ValueError as error:
        raise Refused(f"not JSON: {error}") from None


def no_number(text: str) -> Any:
    """Refuse NaN and Infinity, which JSON doesn't know."""
    raise ValueError(f"{text} is no number of JSON")


# ---------------------------------------------------------------------- shapes
def unpacked(said: Any, *, engage: bool) -> tuple[list[Any], str, dt.datetime | None]:
    """Give the events of a body, unread, its token ("" where it has none), and when it says that it was sent.

    Raises
    ------
    Refused
        When it is of no shape that is known, or its events are of several tokens.
    """
    if isinstance(said, list):
        if not said:
            raise Refused("a list without events")
        check_shapes(said, engage=False)
        return said, only_one([t for t in map(token_of, said) if t]), None
    if not isinstance(said, Mapping):
        raise Refused(f"a body is an event, a list of events or a batch, not {type(said).__name__}")
    key = next((said[name] for name in ("api_key", "token") if name in said), None)
    if isinstance(key, str) and isinstance(said.get("batch"), list):
        if not said["batch"]:
            raise Refused("a batch without events")
        check_shapes(said["batch"], engage=False)
        return said["batch"], key, message.parse_time(said["sent_at"]) if isinstance(said.get("sent_at"), str) else None
    check_shapes([said], engage=engage)
    return [said], token_of(said), None


def check_shapes(items: list[Any], *, engage: bool) -> None:
    """Raise where one of a body's events is none, before tokens are looked at.

    Raises
    ------
    Refused
        Says which.
    """
    for i, item in enumerate(items):
        if not isinstance(item, Mapping):
            raise Refused(f"event {i + 1} is {type(item).__name__}, not an object")
        if not isinstance(item.get("event"), str) and not (engage and item.get("event") is None):
            raise about(item, Refused(f"event {i + 1} has no name: 'event' is {item.get('event')!r:.100}"))


def token_of(item: Mapping[str, Any]) -> str:
    """Give the token that an event says; "" where it says none.

    Raises
    ------
    Refused
        When it is no text.
    """
    properties = item.get("properties")
    said = next((item[name] for name in ("token", "$token", "api_key") if item.get(name) is not None), None)
    if said is None and isinstance(properties, Mapping):
        said = properties.get("token")
    if said is not None and not isinstance(said, str):
        raise Refused(f"the token {said!r:.100} is no text", 401)
    return said or ""


def only_one(tokens: list[str]) -> str:
    """Give the token of a list of events.

    Raises
    ------
    Refused
        When they have several.
    """
    if len(set(tokens)) > 1:
        raise Refused("events of several projects in one request: send a request for each token", 401)
    return tokens[0] if tokens else ""


def check_token(token: str) -> None:
    """Raise for what can't be a project's token.

    Raises
    ------
    Refused
        With status 401; the message doesn't repeat it.
    """
    bare = token.strip()
    if not bare:
        raise Refused("no token: say api_key (or token) in the batch, the event or its properties", 401)
    if bare.startswith("phx_"):
        raise Refused("a personal API key (phx_...) is no project token: use the project's, phc_...", 401)
    if len(bare.encode("utf-8", "replace")) > message.MAX_TOKEN or not bare.isascii() or "\x00" in bare:
        raise Refused(f"the token is no project token: at most {message.MAX_TOKEN} bytes of ASCII", 401)


def checked_tokens(tokens: str | Collection[str] | None) -> tuple[str, ...] | None:
    """Give the tokens that a collector takes, bare, in their order; None takes every one, a text is one.

    Raises
    ------
    CaptureError
        When nobody could send: there is none, or one that is refused whatever the list says.

    Examples
    --------
    >>> checked_tokens(" phc_shop "), checked_tokens(None)
    (('phc_shop',), None)
    >>> checked_tokens([])
    Traceback (most recent call last):
    evkit.errors.CaptureError: tokens [] are none, so that every event would be refused: name some, or leave it out to take every token
    """
    if tokens is None:
        return None
    given = [tokens] if isinstance(tokens, str) else list(tokens) if isinstance(tokens, Collection) else None
    if given is None:
        raise CaptureError(f"tokens {tokens!r:.100} are {type(tokens).__name__}: give a list of project tokens, such as ['phc_shop']")
    if not given:
        raise CaptureError(
            f"tokens {tokens!r} are none, so that every event would be refused: name some, or leave it out to take every token"
        )
    for one in given:
        if not isinstance(one, str):
            raise CaptureError(f"the token {one!r:.100} is {type(one).__name__}, not a text such as 'phc_shop'")
        try:
            check_token(one)
        except Refused as error:
            shown = repr(masked(one.strip()) if one.strip().startswith("phx_") else one)[:100]
            raise CaptureError(f"the token {shown} would never be met: {error}") from None
    return tuple(dict.fromkeys(one.strip() for one in given))


def clock_of(query: Mapping[str, str]) -> dt.datetime | None:
    """Give the client's clock in milliseconds, as old SDKs say it in the URL; None where it isn't there or given in seconds."""
    for name in ("sent_at", "_"):
        try:
            at = message.EPOCH + dt.timedelta(milliseconds=int(query.get(name) or ""))
        except (ValueError, OverflowError):
            continue
        if at >= NEWEST_SECONDS:
            return at
    return None


def check_recording(item: Mapping[str, Any], at: int) -> None:
    """Raise for what is no piece of a recording.

    Raises
    ------
    Refused
        Says what it lacks.
    """
    properties = item.get("properties")
    said = properties if isinstance(properties, Mapping) else {}
    session = said.get("$session_id")
    if not isinstance(session, str) or not session or len(session) > SESSION:
        raise Refused(f"event {at + 1}: $session_id is {session!r:.100}: a text of at most {SESSION} characters")
    if said.get("$snapshot_data") is None:
        raise Refused(f"event {at + 1} has no $snapshot_data")
