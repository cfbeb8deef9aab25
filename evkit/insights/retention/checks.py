"""What parts of a question of retention don't go together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from evkit.errors import SpecError, whole
from evkit.query.property_filters import check_group_type_index
from evkit.query.spec import Series

if TYPE_CHECKING:
    from evkit.insights.retention.spec import Retention

MOST_INTERVALS = 10_000
BREAKDOWN_TYPES = ("event", "person", "group", "event_metadata", "cohort")
AGGREGATED_TYPES = ("event", "person")


def check_entities(*entities: Any) -> None:
    """Raise for what nobody can do, or come back to do."""
    for name, one in zip(("target", "returning"), entities, strict=True):
        if isinstance(one, (list, tuple)):
            raise SpecError(
                f"the {name} came as a {type(one).__name__}: give the two one by one, as in events.retention(target, returning)"
            )
        if not isinstance(one, Series):
            continue
        if one.math != "total":
            raise SpecError(f"math {one.math!r} of the {name} {one.label!r}: retention counts who does it; leave math out")
        if one.group_type is not None or one.group_type_index is not None:
            raise SpecError(
                f"a group type of the {name} {one.label!r}: give it to the question, as in events.retention('a', group_type='company')"
            )
        if one.optional:
            raise SpecError(f"the {name} {one.label!r} is optional, which only the steps of a funnel can be")


def brackets(given: Any) -> tuple[int, ...]:
    """Give brackets as a tuple.

    Raises
    ------
    SpecError
        When they are no list of numbers of periods.
    """
    if isinstance(given, (str, int, float)) or not isinstance(given, Sequence):
        raise SpecError(f"custom_brackets {given!r} is no list: give how many periods each bracket has, such as (1, 3, 7)")
    for size in given:
        whole("a size in custom_brackets,", size)
        if size < 1:
            raise SpecError(f"custom_brackets {tuple(given)!r}: each bracket has at least 1 period")
    return tuple(given)


def check(asked: Retention) -> None:
    """Raise for a question that nobody can answer.

    Raises
    ------
    SpecError
        Says which parts don't go together, and what to do.
    """
    for name, most in (("total_intervals", MOST_INTERVALS), ("minimum_occurrences", None), ("breakdown_limit", None)):
        value = getattr(asked, name)
        whole(name, value)
        if value < 1:
            raise SpecError(f"{name} {value}: give at least 1")
        if most is not None and value > most:
            raise SpecError(f"{name} {value}: give at most {most:,}")
    if asked.custom_brackets and asked.ends[-1] > MOST_INTERVALS:
        raise SpecError(f"custom_brackets of {asked.ends[-1]:,} periods: give at most {MOST_INTERVALS:,}")
    check_group_type_index(asked.group_type_index)
    check_windows(asked)
    check_aggregation(asked)
    check_breakdown(asked)


def check_windows(asked: Retention) -> None:
    """Check what 24-hour windows can be asked with."""
    if not asked.is_rolling:
        return
    if asked.cumulative:
        raise SpecError("Cumulative retention is not supported for 24 hour windows.")
    if asked.aggregates:
        raise SpecError(f"aggregation_type {asked.aggregation_type!r} is not supported for 24 hour windows: take strict_calendar_dates")
    if asked.minimum_occurrences > 1:
        raise SpecError(
            f"minimum_occurrences {asked.minimum_occurrences} with 24 hour windows: PostHog doesn't look at it there; take strict_calendar_dates"
        )


def check_aggregation(asked: Retention) -> None:
    """Check the property that is added up."""
    ref = asked.aggregation_property
    if not asked.aggregates:
        if ref is not None:
            raise SpecError(f"aggregation_property {ref.key!r} is for aggregation_type 'sum' or 'avg', not 'count'")
        return
    if ref is None:
        raise SpecError(f"aggregation_type {asked.aggregation_type!r} needs an aggregation_property: of which property?")
    if ref.type not in AGGREGATED_TYPES:
        raise SpecError(f"aggregation_property {ref.key!r} is of type {ref.type!r}: take a property of the event or of the person")
    if asked.cumulative:
        raise SpecError(f"cumulative with aggregation_type {asked.aggregation_type!r}: only counts are cumulative")
    if asked.minimum_occurrences > 1:
        raise SpecError(
            f"minimum_occurrences {asked.minimum_occurrences} with aggregation_type {asked.aggregation_type!r}: "
            "PostHog doesn't look at it there; leave one out"
        )


def check_breakdown(asked: Retention) -> None:
    """Check what parts the figures."""
    if len(asked.breakdown) > 1 and not asked.cohorts:
        raise SpecError(f"{len(asked.breakdown)} breakdowns: retention takes one")
    for ref in asked.breakdown:
        if ref.type not in BREAKDOWN_TYPES:
            raise SpecError(f"a breakdown by type {ref.type!r} ({ref.key!r}): retention takes {', '.join(BREAKDOWN_TYPES)}")
        if ref.histogram_bin_count:
            raise SpecError("histogram_bin_count in retention: only trends put numbers into bins")
        if ref.normalize_url:
            raise SpecError("normalize_url in retention: only trends and funnels clean addresses")
    if len(set(asked.cohorts)) < len(asked.cohorts):
        raise SpecError(f"a cohort twice in a breakdown: {', '.join(asked.cohorts)}")
