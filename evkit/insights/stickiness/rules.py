"""The rules that make the figures of stickiness, in words."""

from __future__ import annotations

from evkit.insights.stickiness import compute
from evkit.insights.stickiness.spec import IN_WORDS, Stickiness
from evkit.insights.words import filters_in_words, range_in_words
from evkit.model.tables import EventTables
from evkit.query.spec import Series


def rules(spec: Stickiness, tables: EventTables) -> tuple[str, ...]:
    """Give the rules that make the figures."""
    span = compute.periods(spec, tables)["current"]
    said = [range_in_words(span), *cuts(spec, tables, compute.most(spec, span))]
    said += [
        f"{label}: {counted(s, spec)}{filters_in_words(s.group, before=', of events with ', after='')}."
        for label, s in zip(spec.labels, spec.series, strict=True)
    ]
    said.append(
        "Each figure counts who does it in so many intervals or more."
        if spec.cumulative
        else "Each figure counts who does it in exactly so many intervals, whichever they are; nobody is in two figures."
    )
    if spec.filters.values:
        said.append(filters_in_words(spec.filters, before="Only events with ", after="."))
    if spec.compare:
        before = f"{spec.compare_to} away" if spec.compare_to else "as long, directly before (whole weeks back keep their weekdays)"
        said.append(f"The previous period is {before}.")
    return (*said, *tables.rules(by_distinct_id=False))


def cuts(spec: Stickiness, tables: EventTables, most: int) -> list[str]:
    """Say what the intervals are."""
    settings, unit, count = tables.settings, spec.interval, spec.interval_count
    if count > 1:
        return [
            f"An interval is {count} {unit}s, counted back from the end of the range by the wall clock of {settings.timezone}: {most} in all, the first may be shorter."
        ]
    weeks = f"; weeks begin on {settings.week_start}" if unit == "week" else ""
    said = [f"Time is cut into {unit}s by the wall clock of {settings.timezone}{weeks}: {most} in all, those at the ends counted too."]
    if unit == "week":
        said.append("The first week begins with the first day of the range: events earlier in that week don't count.")
    if unit == "month":
        said.append("The first month counts whole, also days before the range.")
    return said


def counted(series: Series, spec: Stickiness) -> str:
    """Say who counts in an interval."""
    who = "a person counts"
    if spec.aggregate_by is not None:
        who = f"a value of {spec.aggregate_by.key} counts; events without one don't,"
    elif series.counts_groups:
        who = "a group counts; events without its key don't,"
    if spec.criteria is None:
        return f"{who} in an interval with at least one event"
    operator, count = spec.criteria
    few = " (and at least 1)" if operator == "lte" else ""
    return f"{who} in an interval with {IN_WORDS[operator]} {count} event{'' if count == 1 else 's'}{few}"
