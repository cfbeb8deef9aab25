"""The rules that make the figures of a lifecycle, in words."""

from __future__ import annotations

from evkit.insights.lifecycle import compute
from evkit.insights.lifecycle.spec import Lifecycle
from evkit.insights.words import filters_in_words, range_in_words
from evkit.model.tables import EventTables


def rules(spec: Lifecycle, tables: EventTables) -> tuple[str, ...]:
    """Give the rules that make the figures."""
    settings, unit = tables.settings, spec.interval
    weeks = f"; weeks begin on {settings.week_start}" if unit == "week" else ""
    who = "A group" if spec.of_groups else "Somebody"
    own = filters_in_words(spec.subject.group, before=", of events with ", after="")
    said = [
        range_in_words(compute.span(spec, tables)),
        f"Time is cut into {unit}s by the wall clock of {settings.timezone}{weeks}. The first and the last {unit} count whole, also outside the range.",
        f"{who} is active in a {unit} with at least one event: {spec.subject.label}{own}.",
    ]
    if spec.filters.values:
        said.append(filters_in_words(spec.filters, before="Only events with ", after="."))
    return (
        *said,
        f"New: active for the first time since the {unit} before the range, in the very {unit} in which they were created.",
        f"Returning: active in the {unit} before too. Resurrecting: active, and neither new nor returning.",
        f"Dormant: active in the {unit} before and not in this one; counted once, below zero. In a {unit} that isn't over, so is who may still come.",
        created(spec, tables),
        "Events that say $process_person_profile false never count.",
        *tables.rules(by_distinct_id=False),
    )


def created(spec: Lifecycle, tables: EventTables) -> str:
    """Say when somebody was created."""
    if spec.of_groups:
        if tables.groups is not None:
            return "A group was created when the groups given with the data say so; one without a time is never new."
        return "A group was created at the time of its first $groupidentify to arrive; one without is never new."
    if tables.persons is not None:
        return "A person was created when the persons given with the data say so; one without a time is never new."
    if tables.replays_identity:
        return (
            "A person was created at the time of the event that made them, the first to arrive; persons that became one, at the older time."
        )
    return "A person was created at the time of their first event: the data says no other."
