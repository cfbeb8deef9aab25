"""An event whose large properties come beside it in a multipart body, as SDKs send those of language models. Pure, standard library only."""

from __future__ import annotations

import json
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from evkit.capture import wire
from evkit.capture.inflate import Refused

MOST_PARTS = 100
"""Parts of a body."""


def event_of(body: bytes, content_type: str) -> dict[str, Any]:
    """Give the event of a multipart body: the part `event`, with `event.properties` and each `event.properties.<name>` put into it.

    Raises
    ------
    Refused
        When the body is none.
    """
    if not content_type.lower().startswith("multipart/form-data"):
        said = wire.parsed(body)
        if not isinstance(said, dict):
            raise Refused("a body is an event, or multipart/form-data with a part named event")
        return said
    if body.count(b"\r\n--") > MOST_PARTS:
        raise Refused(f"a multipart body of more than {MOST_PARTS} parts")
    parsed: Any = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n" + body)
    parts = {part.get_param("name", header="content-disposition"): part for part in parsed.iter_parts()} if parsed.is_multipart() else {}
    if "event" not in parts:
        raise Refused("a multipart body without a part named event")
    content: dict[str, bytes] = {str(name): part.get_payload(decode=True) or b"" for name, part in parts.items() if name}
    event = wire.parsed(content["event"])
    if not isinstance(event, dict):
        raise Refused("the part event is no object")
    properties = dict(event.get("properties") or {}) if isinstance(event.get("properties") or {}, dict) else {}
    for name, data in content.items():
        if name == "event.properties":
            said = wire.parsed(data)
            properties |= said if isinstance(said, dict) else {}
        elif name.startswith("event.properties."):
            try:
                properties[name.removeprefix("event.properties.")] = json.loads(data)
            except (ValueError, RecursionError):
                properties[name.removeprefix("event.properties.")] = data.decode("utf-8", "replace")
    return {**event, "properties": properties}
