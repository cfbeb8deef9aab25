"""Groups: their types in order of first appearance, and their properties by $groupidentify in arrival order.

Source: PostHog's group processing (`identity.md` of the design, section 7).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from evkit import properties
from evkit.model.identity import with_profile
from evkit.model.persons import CHANGES, as_json, differ

MAX_GROUP_TYPES = 5
COLUMNS = ["type_index", "type", "key", "properties", "created_at"]
Run = Callable[[ir.Expr], pa.Table]


def group_types(events: ir.Table, arrow: Run, *, dialect: str) -> list[str]:
    """Give the group types by index: in order of first appearance, five at most."""
    named = properties.text(events.properties, "$groups", dialect=dialect)
    e = events.mutate(named=named).filter(named.notnull() & named.startswith("{"))
    e = e.filter(with_profile(e, dialect))
    sets = (
        e.mutate(names=properties.keys(e.named, dialect=dialect))
        .group_by("names")
        .agg(first=e.arrival.min(), uuid=e.uuid.argmin(e.arrival))
    )
    found = [(row["first"], row["uuid"], i, name) for row in arrow(sets).to_pylist() for i, name in enumerate(row["names"] or ())]
    found += [(row["arrival"], row["uuid"], 0, kind) for row, kind, _, _ in _identified(events, arrow, dialect)]
    return list(dict.fromkeys(name for *_, name in sorted(found)))[:MAX_GROUP_TYPES]


def _identified(events: ir.Table, arrow: Run, dialect: str) -> list[tuple[dict[str, Any], str, str, dict[str, Any]]]:
    """Give what $groupidentify events say, in arrival order: the row, type, key, properties to set."""
    e = events.filter(events.event == "$groupidentify")
    e = e.filter(with_profile(e, dialect)).select("uuid", "arrival", "timestamp", "properties")
    made = []
    for row in sorted(arrow(e).to_pylist(), key=lambda r: (r["arrival"], r["uuid"])):
        said = json.loads(row["properties"])
        kind, key, values = said.get("$group_type"), said.get("$group_key"), said.get("$group_set")
        if kind and key not in (None, ""):
            made.append((row, str(kind), text_of(key), values if isinstance(values, dict) else {}))
    return made


def changes(events: ir.Table, arrow: Run, kind: str, key: str, *, dialect: str) -> pd.DataFrame:
    """Give what changed of a group's properties: `CHANGES`, time in UTC, before and after as JSON text (None for none); in arrival order."""
    known: dict[str, Any] = {}
    made = []
    for row, of_kind, of_key, values in _identified(events, arrow, dialect):
        if (of_kind, of_key) != (kind, key):
            continue
        for name, value in values.items():
            if name not in known or differ(known[name], value):
                made.append((row["uuid"], row["timestamp"], "$groupidentify", name, as_json(known, name), as_json(values, name)))
        known.update(values)
    return pd.DataFrame(made, columns=CHANGES)


def text_of(value: Any) -> str:
    """Write a group's key as text: 5.0 and true as JSON would."""
    if isinstance(value, str):
        return value
    return str(int(value)) if isinstance(value, float) and value.is_integer() else json.dumps(value, separators=(",", ":"))


def groups_frame(events: ir.Table, arrow: Run, types: tuple[str, ...], *, dialect: str) -> pd.DataFrame:
    """Give the groups: `COLUMNS`, properties now as JSON text, created_at (UTC) the time of its first $groupidentify to arrive; a row a group that one named."""
    known: dict[tuple[str, str], dict[str, Any]] = {}
    created: dict[tuple[str, str], Any] = {}
    for row, kind, key, values in _identified(events, arrow, dialect):
        if kind in types:
            known.setdefault((kind, key), {}).update(values)
            created.setdefault((kind, key), row["timestamp"])
    rows = [
        (types.index(kind), kind, key, json.dumps(values, ensure_ascii=False, separators=(",", ":")), created[kind, key])
        for (kind, key), values in known.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"type_index": "int64", "created_at": "datetime64[us]"})
