"""Logs that a test writes in a line: "a A@0 X@1 B@31[b=x,n=1]; b A@1d2h".

People, each with what they did and when, counted in seconds (or days, hours, minutes, seconds) from the first of January 2020, a
Wednesday, in UTC. What is in brackets are properties: JSON where it reads as JSON, else text.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from typing import Any

START = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
NOW = "2020-01-12T12:00:00Z"
DATES = {"date_from": "2020-01-01", "date_to": "2020-01-10"}
EVENT = re.compile(
    r"(?P<name>[^@\s]*)@(?P<sign>-?)(?:(?P<d>\d+)d)?(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m)?(?P<s>\d+(?:\.\d+)?)?(?:\[(?P<props>.*)\])?"
)
Named = Callable[[str], tuple[str, dict[str, Any]]]


def value(text: str) -> Any:
    """Give the value of a property as it is written in a log."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def parsed(log: str, named: Named) -> list[dict[str, Any]]:
    """Give the events of a log, in the order written.

    Parameters
    ----------
    named
        What is written of an event -> its name, and the properties that it has by it.
    """
    found = []
    for line in filter(str.strip, log.split(";")):
        who, *done = line.split()
        for text in done:
            m = EVENT.fullmatch(text)
            assert m, f"{text!r} is no event"
            ago = dt.timedelta(days=int(m["d"] or 0), hours=int(m["h"] or 0), minutes=int(m["m"] or 0))
            ago += dt.timedelta(microseconds=round(float(m["s"] or 0) * 1_000_000))
            said = dict(pair.split("=", 1) for pair in (m["props"] or "").split(",") if pair)
            name, properties = named(m["name"])
            time = START - ago if m["sign"] else START + ago
            properties = {**properties, **{k: value(v) for k, v in said.items()}}
            found.append({"event": name, "distinct_id": who, "timestamp": time.isoformat(), "properties": properties})
    return found
