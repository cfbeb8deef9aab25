"""The rules that make the figures of retention, in words."""

from __future__ import annotations

from evkit.insights.retention.grid import WINDOW_HOURS, grid
from evkit.insights.retention.relation import group_index
from evkit.insights.retention.spec import Retention
from evkit.insights.words import filters_in_words
from evkit.model.tables import EventTables


def rules(spec: Retention, tables: EventTables) -> tuple[str, ...]:
    """Give the rules that make the figures."""
    said = [
        *range_of(spec, tables),
        who(spec, tables),
        *begun(spec),
        *(windows(spec) if spec.is_rolling else calendar(spec, tables)),
        *often(spec),
        "A cell whose time isn't over has no final figure: state says which are still running, and which are to come (their count is 0).",
    ]
    for name, one in (("target", spec.target), ("return", spec.returning)):
        if one.group.values:
            said.append(f"The {name}, {one.label}, is only events with {filters_in_words(one.group, before='', after='.')}")
    if spec.filters.values:
        said.append(filters_in_words(spec.filters, before="Only events with ", after=" count at all, also before the range."))
    return (*said, *aggregated(spec), *broken_down(spec), *tables.rules())


def range_of(spec: Retention, tables: EventTables) -> list[str]:
    """Say which events count by their time."""
    made = grid(spec, tables)
    last = "The last period is the one with the end of the range, whole."
    return [
        f"Events from {made.start:%Y-%m-%d %H:%M} up to, not including, {made.end:%Y-%m-%d %H:%M}, in {made.timezone}. {last}",
        f"There is a cohort each {spec.period} of that: {len(made.starts):,}.",
    ]


def who(spec: Retention, tables: EventTables) -> str:
    """Say who is counted."""
    index = group_index(spec, tables)
    if index is None:
        return f"{'Distinct ids' if tables.settings.aggregate_by_distinct_id else 'Persons'} are counted, each once in a cell."
    known = dict(enumerate(tables.group_types))
    return f"Groups of type {spec.group_type or known.get(index, index)} are counted, each once in a cell; events without one don't count."


def begun(spec: Retention) -> list[str]:
    """Say who is in which cohort."""
    target = spec.target.label
    if spec.retention_type == "retention_first_time":
        filters = " that passes its filters" if spec.target.group.values else ""
        return [
            f"Somebody is in one cohort, that of their first {target} ever{filters}: also one before the range is looked at, and then they are in none."
        ]
    if spec.retention_type == "retention_first_ever_occurrence":
        return [
            f"Somebody is in one cohort, that of their first {target} ever, whatever its filters; where that one doesn't pass them, they are in none."
        ]
    if spec.is_rolling:
        return [f"Somebody is in one cohort, that of their first {target} in the range."]
    return [f"Somebody is in the cohort of every {spec.period} in which they do {target}: in several, often."]


def calendar(spec: Retention, tables: EventTables) -> list[str]:
    """Say how time is cut by the calendar."""
    settings = tables.settings
    weeks = f"; weeks begin on {settings.week_start}" if spec.period == "week" else ""
    said = [
        f"Time is cut into {spec.period}s by the wall clock of {settings.timezone}{weeks}.",
        f"Interval 0 is the cohort itself, whatever else they do in it; interval 1 is the next {spec.period}, whole, and so on.",
    ]
    if spec.custom_brackets:
        said.append(
            f"The intervals after it are {', '.join(spec.labels[1:])}; somebody counts once in each, however often they come back in it."
        )
        if spec.retention_type == "retention_recurring":
            said.append("They are measured from somebody's first cohort in the range, also in their later cohorts, as PostHog does.")
    return said


def windows(spec: Retention) -> list[str]:
    """Say how time is cut by windows of one's own."""
    hours = WINDOW_HOURS[spec.period]
    unit = "1 clock hour" if hours == 1 else f"{hours} clock hours" if spec.period == "day" else f"{hours // 24} calendar days"
    return [
        f"Time is counted from somebody's own first {spec.target.label}, in windows of {unit}: by the hours or midnights that lie between.",
        "Interval 0 is everybody of the cohort; a return before their first target is nothing.",
    ]


def often(spec: Retention) -> list[str]:
    """Say what it takes to come back."""
    said = []
    if spec.minimum_occurrences > 1:
        said.append(
            f"Coming back takes {spec.minimum_occurrences} times {spec.returning.label} in one {spec.period}; beginning takes one {spec.target.label}."
        )
    if spec.cumulative:
        said.append("Cumulative: who comes back in an interval counts in all intervals before it, too.")
    return said


def aggregated(spec: Retention) -> list[str]:
    """Say what is added up."""
    ref = spec.aggregation_property
    if ref is None:
        return []
    owner = "person's " if ref.type == "person" else ""
    first = (
        f"every {spec.target.label} of the cohort's {spec.period}"
        if spec.is_same
        else f"{spec.returning.label} in the cohort's {spec.period}, strictly after the first {spec.target.label} there"
    )
    each = "" if spec.aggregation_type == "sum" else ", divided by how many are in the cell: an average a person, not an event"
    return [f"aggregation_value adds up the {owner}{ref.key} of the returns{each}; a missing one is 0.", f"In interval 0 it is of {first}."]


def broken_down(spec: Retention) -> list[str]:
    """Say how the figures are parted."""
    if not spec.breakdown:
        return []
    kept = f"The {spec.breakdown_limit} values with most people in their cohorts are kept; the rest is added up as one."
    if spec.cohorts:
        return ["Each cohort of persons is asked by itself: a person in several counts in each.", kept]
    ref = spec.breakdown[0]
    said = f"Parted by {ref.type} {ref.key}; a missing value and an empty one are one value."
    if ref.type in ("person", "group"):
        return [said, "Persons and groups have the properties that they have now.", kept]
    if spec.retention_type == "retention_first_ever_occurrence":
        return [
            said,
            f"The value of somebody is that of their first {spec.target.label} ever; they come back whatever its value is then.",
            kept,
        ]
    if spec.is_rolling:
        return [said, "Somebody's first target is one for all values; each value they have an event of has them in interval 0.", kept]
    return [said, "Each value is asked by itself: a return counts only where it has the value of the target.", kept]
