"""PostHog's breakdownFilter <-> the properties that figures are parted by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from evkit.errors import UnsupportedQuery
from evkit.insights.trends.spec import DEFAULT_BREAKDOWN_LIMIT
from evkit.model.tables import EventTables
from evkit.posthog.nodes import fields, hogql
from evkit.query.builders import cohorts
from evkit.query.property_filters import ALL_USERS, PropertyRef
from evkit.query.relation import cohort_of

BREAKDOWN = frozenset(
    {
        "breakdown", "breakdowns", "breakdown_type", "breakdown_limit", "breakdown_group_type_index", "breakdown_normalize_url",
        "breakdown_histogram_bin_count", "breakdown_hide_other_aggregation", "breakdown_path_cleaning",
    }
)  # fmt: skip
ONE_BREAKDOWN = frozenset({"property", "type", "group_type_index", "normalize_url", "histogram_bin_count"})
BREAKDOWN_TYPES = {
    None: "event",
    "event": "event",
    "person": "person",
    "group": "group",
    "session": "session",
    "event_metadata": "event_metadata",
}


def from_json(given: Mapping[str, Any]) -> tuple[tuple[PropertyRef, ...], int]:
    """Give the properties to break down by, and the limit.

    Raises
    ------
    UnsupportedQuery
        For a breakdown of a type, or by an expression, that evkit doesn't answer.
    """
    limit = given.get("breakdown_limit") or DEFAULT_BREAKDOWN_LIMIT
    several = given.get("breakdowns")
    if given.get("breakdown_type") == "cohort" and not several:
        ids = given.get("breakdown")
        return cohorts(*(ids if isinstance(ids, list) else [ids])) if ids not in (None, []) else (), limit
    if several:
        for one in several:
            fields.check(one, "breakdown", ONE_BREAKDOWN)
        wanted = [
            (b.get("property"), b.get("type"), b.get("group_type_index"), b.get("normalize_url"), b.get("histogram_bin_count"))
            for b in several
        ]
    elif given.get("breakdown") is None:
        return (), limit
    else:
        keys = given["breakdown"] if isinstance(given["breakdown"], list) else [given["breakdown"]]
        options = [given.get(f"breakdown_{name}") for name in ("type", "group_type_index", "normalize_url", "histogram_bin_count")]
        wanted = [(key, *options) for key in keys]
    refs = []
    for key, kind, index, normalize, bins in wanted:
        if kind == "hogql":
            refs.append(replace(hogql.ref_of(str(key)), histogram_bin_count=bins or None))
            continue
        if kind not in BREAKDOWN_TYPES:
            raise UnsupportedQuery(
                f"a breakdown of type {kind!r} is not answered. Types that are: {', '.join(k for k in BREAKDOWN_TYPES if k)}"
            )
        if not isinstance(key, str):
            raise UnsupportedQuery(f"a breakdown by {key!r} is not answered: give the name of one property")
        refs.append(
            PropertyRef(
                key, type=BREAKDOWN_TYPES[kind], group_type_index=index, normalize_url=bool(normalize), histogram_bin_count=bins or None
            )
        )
    return tuple(refs), limit


def to_json(refs: Sequence[PropertyRef], limit: int, tables: EventTables) -> dict[str, Any]:
    """Give PostHog's JSON of a breakdown."""
    more = {} if limit == DEFAULT_BREAKDOWN_LIMIT else {"breakdown_limit": limit}
    if refs[0].type == "cohort":
        ids = [ALL_USERS if ref.key == ALL_USERS else cohort_of(tables, ref.key).id for ref in refs]
        return {"breakdown_type": "cohort", "breakdown": ids, **more}
    listed = []
    for ref in refs:
        one: dict[str, Any] = {"property": ref.key, "type": ref.type}
        for name in ("group_type_index", "histogram_bin_count"):
            if getattr(ref, name) is not None:
                one[name] = getattr(ref, name)
        listed.append({**one, "normalize_url": True} if ref.normalize_url else one)
    if len(listed) > 1:
        return {"breakdowns": listed, **more}
    single = {f"breakdown_{name}": value for name, value in listed[0].items() if name != "property"}
    return {"breakdown": refs[0].key, **single, **more}
