"""How funnels are computed: the engine matches and sorts, the kernel walks, numpy counts."""

from __future__ import annotations

import ibis.expr.types as ir
import pandas as pd

from evkit.errors import NotExpressible, TruncatedWarning, warn
from evkit.insights import unknown
from evkit.insights.funnel import durations, over_time, steps
from evkit.insights.funnel.relation import matched, span
from evkit.insights.funnel.spec import Funnel
from evkit.insights.funnel.walk import walk, walk_periods
from evkit.model.tables import EventTables
from evkit.query.property_filters import ALL_USERS, refs_in
from evkit.query.relation import cohort_of

__all__ = ["expression", "frame", "matched"]


def expression(spec: Funnel, tables: EventTables) -> ir.Table:
    """Raise: no SQL says a funnel exactly.

    Raises
    ------
    NotExpressible
        Always; `matched()` is the relation that the figures are computed from.
    """
    raise NotExpressible(
        "which chain of steps counts, when steps repeat or share an instant, is decided event by event: use matched() for the events, to_pandas() for the figures"
    )


def frame(spec: Funnel, tables: EventTables) -> pd.DataFrame:
    """Give the figures as a tidy frame: see `Funnel` for the columns.

    Warns
    -----
    UnknownEventWarning
        When a step names an event, or a breakdown or filter a property, that the data doesn't have.
    """
    if spec.viz_type == "time_to_convert":
        found = durations.histogram(spec, walk(spec.replaced(breakdown=None), tables, named=False))
        made, count, values = durations.frame(found), sum(found.counts), []
    elif spec.viz_type == "trends":
        begins = over_time.starts(spec, tables)
        courses = kept(over_time.courses(spec, walk_periods(spec, tables, named=False), begins), spec)
        made, count = over_time.frame(spec, courses, begins), sum(int(c.entered.sum()) for c in courses)
        values = [c.value for c in courses]
    else:
        lines = steps.lines(spec, walk(spec, tables, named=False))
        made, count, values = steps.frame(spec, lines), sum(line.counts[0] for line in lines), [line.value for line in lines]
    unknown.warn_of_events((*spec.steps, *(e.series for e in spec.exclusions)), tables)
    if not spec.cohorts:
        unknown.warn_of_properties(spec.breakdown, values, "", tables)
    if not count:
        asked = (spec.filters, *(s.group for s in spec.steps))
        unknown.warn_of_zeros(refs_in(*asked), asked, span(spec, tables), tables)
    return named(made, spec, tables)


def kept(courses: list[over_time.Course], spec: Funnel) -> list[over_time.Course]:
    """Give the breakdown values that were entered most, up to the limit.

    Warns
    -----
    TruncatedWarning
        When there are more: over time there is no row for the rest.
    """
    most = over_time.most_entered(courses, spec, spec.breakdown_limit)
    if len(most) < len(courses):
        warn(
            f"the {len(most)} most entered of {len(courses)} breakdown values are shown, and no row for the rest: raise breakdown_limit",
            TruncatedWarning,
        )
    return most


def named(made: pd.DataFrame, spec: Funnel, tables: EventTables) -> pd.DataFrame:
    """Give the frame with cohorts by their names."""
    if not spec.cohorts or "breakdown_value" not in made:
        return made
    names = {c: c if c == ALL_USERS else cohort_of(tables, c).name for c in spec.cohorts}
    return made.assign(breakdown_value=made.breakdown_value.map(lambda v: names.get(v, v)))
