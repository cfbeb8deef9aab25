"""Version 1 of the capture API: headers, a batch, an answer for each event. Pure.

Source: PostHog's capture protocol, as its Python and Node SDKs speak it.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from evkit.capture import inflate, message, wire
from evkit.capture.inflate import Refused
from evkit.errors import CaptureError

NEEDED = ("posthog-sdk-info", "posthog-attempt", "posthog-request-id", "posthog-request-timestamp")
ILLEGAL_IDS = frozenset(
    "0 00000000-0000-0000-0000-000000000000 anonymous anonymous-user backend distinct_id distinctid email false guest id nan none "
    "not_authenticated null system true undefined user".split()
) | {"[object object]"}
OPTIONS = {
    "cookieless_mode": "$cookieless_mode",
    "disable_skew_correction": "$ignore_sent_at",
    "process_person_profile": "$process_person_profile",
}
"""Options that are true or false -> the property that says so."""
BOOLEANS: dict[object, bool] = {True: True, False: False, "true": True, "false": False, "1": True, "0": False}
TAGS = {408: "request_timeout", 413: "payload_too_large"}
"""Status -> the tag of a refusal that has none of its own."""
ZONED = re.compile(r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$")


class RefusedV1(Refused):
    """A request that is refused: the tag that says why, beside the words."""

    def __init__(self, tag: str, reason: str, status: int = 400) -> None:
        super().__init__(reason, status)
        self.tag = tag


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What a request holds, and what is answered for each event once the kept ones are on the disk."""

    token: str
    events: list[message.Event]
    results: dict[str, dict[str, str]]


def received(body: bytes, *, headers: Mapping[str, str], now: dt.datetime, ip: str = "", tokens: Collection[str] | None = None) -> Answered:
    """Read a request.

    Parameters
    ----------
    headers
        With names in small letters.
    tokens
        The project tokens that are taken; None takes every well-formed one.

    Raises
    ------
    RefusedV1
        With tag and status; nothing of the request is kept then.
    """
    token = bearer(headers)
    if tokens is not None and token not in tokens:
        raise RefusedV1("invalid_api_token", "this token is not one that this collector takes", 401)
    sent_at = checked_headers(headers)
    said = read(body, headers)
    batch = said.get("batch")
    if not isinstance(batch, list):
        raise RefusedV1("request_parsing_error", f"batch is {type(batch).__name__}, not a list of events")
    if not batch:
        raise RefusedV1("empty_batch", "a batch without events")
    name, _, version = headers["posthog-sdk-info"].partition("/")
    events, results = [], {}
    for i, item in enumerate(batch):
        try:
            key = checked(item, i + 1)
        except Refused as error:
            raise wire.about(item, error) from None
        if key in results:
            raise RefusedV1("duplicate_event_uuid", f"event {i + 1}: the uuid {key} is in the batch twice")
        event, problem = event_of(item, key, now=now, sent_at=sent_at, lib=(name, version))
        results[key] = {"result": "drop", "details": problem} if problem else {"result": "ok"}
        if not problem and event.event not in message.UNSEEN | wire.NOT_EVENTS:
            events.append(wire.with_ip(event, ip))
    return Answered(token=token, events=events, results=results)


def bearer(headers: Mapping[str, str]) -> str:
    """Give the project's token.

    Raises
    ------
    RefusedV1
        With status 401.
    """
    kind, _, token = headers.get("authorization", "").partition(" ")
    try:
        wire.check_token(token if kind.lower() == "bearer" else "")
    except Refused as error:
        raise RefusedV1("invalid_api_token", str(error), 401) from None
    return token.strip()


def checked_headers(headers: Mapping[str, str]) -> dt.datetime:
    """Check the headers; give the client's clock.

    Raises
    ------
    RefusedV1
        Names the header.
    """
    missing = [name for name in NEEDED if not headers.get(name)]
    if missing:
        raise RefusedV1("missing_required_headers", f"headers are missing: {', '.join(missing)}")
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RefusedV1("unsupported_content_type", "Content-Type is not application/json", 415)
    if not headers["posthog-attempt"].isdecimal() or int(headers["posthog-attempt"][:9]) < 1:
        raise RefusedV1("invalid_header_value", "PostHog-Attempt is no whole number from 1")
    try:
        uuid.UUID(headers["posthog-request-id"])
    except ValueError:
        raise RefusedV1("invalid_header_value", "PostHog-Request-Id is no UUID") from None
    sent_at = message.parse_time(headers["posthog-request-timestamp"])
    if sent_at is None:
        raise RefusedV1("invalid_header_value", "PostHog-Request-Timestamp is no time")
    return sent_at


def read(body: bytes, headers: Mapping[str, str]) -> Mapping[str, Any]:
    """Decompress and parse a body.

    Raises
    ------
    RefusedV1
        When it is empty, too big or none.
    """
    if not body:
        raise RefusedV1("empty_body", "an empty body")
    try:
        text = inflate.decoded(body, headers.get("content-encoding", ""))
    except Refused as error:
        tag = {**TAGS, 415: "unsupported_content_encoding"}.get(error.status, "request_decoding_error")
        raise RefusedV1(tag, str(error), error.status) from None
    try:
        said = wire.parsed(text)
    except Refused as error:
        raise RefusedV1(TAGS.get(error.status, "request_parsing_error"), str(error), error.status) from None
    if not isinstance(said, Mapping):
        raise RefusedV1("request_parsing_error", f"a body is an object, not {type(said).__name__}")
    return said


def checked(item: Any, at: int) -> str:
    """Check what makes a whole request wrong; give the event's uuid. `at` is the event's number, from 1.

    Raises
    ------
    RefusedV1
        Names the event and what is wrong.
    """
    if not isinstance(item, Mapping):
        raise RefusedV1("request_parsing_error", f"event {at} is {type(item).__name__}, not an object")
    name = item.get("event")
    if not isinstance(name, str) or not name.strip():
        raise RefusedV1("missing_event_name", f"event {at} has no name")
    if len(name) > message.MAX_EVENT_NAME:
        raise RefusedV1("event_name_too_long", f"event {at}: a name of {len(name)} characters; the most are {message.MAX_EVENT_NAME}")
    try:
        key = message.checked_uuid(item.get("uuid"))
    except CaptureError as error:
        raise RefusedV1("invalid_event_uuid", f"event {at}: {error}") from None
    if key is None:
        raise RefusedV1("missing_event_uuid", f"event {at} has no uuid")
    who = item.get("distinct_id")
    if not isinstance(who, str) or not who.strip():
        raise RefusedV1("missing_distinct_id", f"event {at}: distinct_id is {who!r:.100}")
    if len(who.strip()) > message.MAX_DISTINCT_ID:
        raise RefusedV1(
            "distinct_id_too_long", f"event {at}: a distinct_id of {len(who)} characters; the most are {message.MAX_DISTINCT_ID}"
        )
    time = item.get("timestamp")
    if not isinstance(time, str) or not ZONED.match(time) or message.parse_time(time) is None:
        raise RefusedV1(
            "invalid_event_timestamp", f"event {at}: timestamp {time!r:.100} is no time with a zone, such as 2026-01-31T12:00:00Z"
        )
    if not isinstance(item.get("properties", {}), Mapping):
        raise RefusedV1("malformed_event_properties", f"event {at}: properties are {type(item['properties']).__name__}, not an object")
    return key


def event_of(
    item: Mapping[str, Any], key: str, *, now: dt.datetime, sent_at: dt.datetime, lib: tuple[str, str]
) -> tuple[message.Event, str]:
    """Give one event, and why it is dropped; "" where it is kept."""
    properties = dict(item.get("properties") or {})
    properties |= {"$lib": lib[0], "$lib_version": lib[1]}
    properties |= {
        name: item[key] for key, name in (("session_id", "$session_id"), ("window_id", "$window_id")) if item.get(key) is not None
    }
    problem = "" if item["distinct_id"].strip().lower() not in ILLEGAL_IDS else "illegal_distinct_id"
    options = item.get("options") or {}
    if not isinstance(options, Mapping):
        options, problem = {}, "invalid_options"
    for name, told in OPTIONS.items():
        value = options.get(name)
        if value is None:
            continue
        if not isinstance(value, (bool, str, int)) or value not in BOOLEANS:
            problem = "invalid_options"
        else:
            properties[told] = BOOLEANS[value]
    if options.get("product_tour_id") is not None:
        properties["$product_tour_id"] = options["product_tour_id"]
    plain = {
        "event": item["event"],
        "distinct_id": item["distinct_id"].strip(),
        "timestamp": item["timestamp"],
        "uuid": key,
        "properties": properties,
    }
    made = message.event_of(plain, received_at=now, sent_at=sent_at, of_file=False)
    return replace(made, uuid=key), problem


def error_body(error: CaptureError, status: int) -> str:
    """Give the JSON of a refusal."""
    tag = getattr(error, "tag", TAGS.get(status, "request_parsing_error"))
    return json.dumps({"error": tag, "error_description": str(error), "error_uri": "https://posthog.com/docs/api/capture"})
