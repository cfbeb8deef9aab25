"""Segment's HTTP API -> PostHog's events: what a client of Segment means, in PostHog's words.

Source: Segment's specification of its HTTP API. Which property becomes which of PostHog's is a choice of ours, named in `CONTEXT`.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Mapping
from typing import Any

from evkit.capture import message
from evkit.capture.inflate import Refused

CALLS = ("track", "identify", "group", "alias", "page", "screen")
GROUP_TYPE = "segment_group"
"""The group type of a `group` call, which names none; a trait `group_type` names another."""
CONTEXT = {
    ("ip",): "$ip",
    ("userAgent",): "$raw_user_agent",
    ("locale",): "$locale",
    ("timezone",): "$timezone",
    ("library", "name"): "$lib",
    ("library", "version"): "$lib_version",
    ("page", "url"): "$current_url",
    ("page", "path"): "$pathname",
    ("page", "referrer"): "$referrer",
    ("page", "title"): "title",
    ("os", "name"): "$os",
    ("os", "version"): "$os_version",
    ("app", "name"): "$app_name",
    ("app", "version"): "$app_version",
    ("screen", "width"): "$screen_width",
    ("screen", "height"): "$screen_height",
    ("campaign", "source"): "utm_source",
    ("campaign", "medium"): "utm_medium",
    ("campaign", "name"): "utm_campaign",
    ("campaign", "content"): "utm_content",
    ("campaign", "term"): "utm_term",
}
"""Where in a call's context -> the property."""
NAMESPACE = uuid.UUID("6f1d0bd5-3c2b-5a55-8c3e-2a9d1f2f6b3e")


def token_of(authorization: str, body: Mapping[str, Any]) -> str:
    """Give the write key: the user of basic authentication, else `writeKey` in the body; "" where there is none.

    Examples
    --------
    >>> token_of("Basic cGhjX2s6", {})
    'phc_k'
    """
    kind, _, given = authorization.partition(" ")
    if kind.lower() == "basic":
        try:
            return base64.b64decode(given.strip(), validate=True).decode("utf-8").partition(":")[0]
        except (binascii.Error, ValueError):
            raise Refused("basic authentication that can't be read", 401) from None
    said = body.get("writeKey")
    return said if isinstance(said, str) else ""


def items_of(body: Any, call: str, token: str) -> tuple[list[dict[str, Any]], Any]:
    """Give a request's calls as PostHog's JSON events, and when it says that it was sent.

    Parameters
    ----------
    call
        The end of the path: "batch", or the kind of the one call in the body.

    Raises
    ------
    Refused
        Names the call that can't be read.
    """
    if not isinstance(body, Mapping):
        raise Refused(f"a body is an object, not {type(body).__name__}")
    calls = body.get("batch") if call == "batch" else [{"type": call, **body}]
    if not isinstance(calls, list) or not calls:
        raise Refused("a batch without calls")
    made = []
    for i, one in enumerate(calls):
        if not isinstance(one, Mapping) or one.get("type") not in CALLS:
            raise Refused(f"call {i + 1} is of no type that Segment has: {', '.join(CALLS)}")
        made.append(item_of(one, token, i + 1))
    return made, body.get("sentAt")


def item_of(call: Mapping[str, Any], token: str, at: int) -> dict[str, Any]:
    """Give one call as PostHog's JSON event.

    Raises
    ------
    Refused
        When it lacks who, or what.
    """
    kind, user, anonymous = call["type"], call.get("userId"), call.get("anonymousId")
    traits, given = object_of(call, "traits"), object_of(call, "properties")
    properties: dict[str, Any] = {**said_by(object_of(call, "context")), **given}
    who = user if user not in (None, "") else anonymous
    if kind == "track":
        name = call.get("event")
        if not isinstance(name, str) or not name:
            raise Refused(f"call {at}: a track without an event")
    elif kind == "identify":
        name = "$identify"
        properties["$set"] = dict(traits)
        if user not in (None, "") and anonymous not in (None, ""):
            properties["$anon_distinct_id"] = anonymous
    elif kind == "group":
        name = "$groupidentify"
        group_type = traits.get("group_type") or GROUP_TYPE
        if not isinstance(group_type, str):
            raise Refused(f"call {at}: the trait group_type is {type(group_type).__name__}, not text")
        kept = {k: v for k, v in traits.items() if k != "group_type"}
        properties |= {"$group_type": group_type, "$group_key": needed(call, "groupId", at), "$group_set": kept}
        properties.setdefault("$groups", {group_type: call["groupId"]})
    elif kind == "alias":
        name = "$create_alias"
        properties["alias"] = needed(call, "previousId", at)
    else:
        name = "$pageview" if kind == "page" else "$screen"
        label = " ".join(str(call[k]) for k in ("category", "name") if call.get(k))
        properties |= {"$screen_name" if kind == "screen" else "name": label} if label else {}
        if kind == "page":
            properties |= {theirs: given[ours] for ours, theirs in (("url", "$current_url"), ("path", "$pathname")) if ours in given}
    return {
        "event": name,
        "distinct_id": who,
        "properties": properties,
        "timestamp": call.get("timestamp") or call.get("originalTimestamp"),
        "uuid": uuid_of(call.get("messageId"), token),
    }


def object_of(call: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Give a part of a call that is an object; an empty one where it is missing or null."""
    value = call.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Refused(f"{name} of a call are {type(value).__name__}, not an object")
    return value


def said_by(context: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a call's context says, as properties."""
    found = {}
    for path, name in CONTEXT.items():
        value: Any = context
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is not None and not isinstance(value, (Mapping, list)):
            found[name] = value
    return found


def needed(call: Mapping[str, Any], name: str, at: int) -> Any:
    """Give a part that a call must have.

    Raises
    ------
    Refused
        When it hasn't.
    """
    if call.get(name) in (None, ""):
        raise Refused(f"call {at}: {call['type']} without {name}")
    return call[name]


def uuid_of(message_id: Any, token: str) -> str | None:
    """Give the key under which a call counts once: its messageId, or one that follows from it."""
    if message_id in (None, ""):
        return None
    try:
        return str(uuid.UUID(str(message_id)))
    except ValueError:
        return str(uuid.uuid5(NAMESPACE, f"{token}:{message.cleaned(str(message_id))}"))
