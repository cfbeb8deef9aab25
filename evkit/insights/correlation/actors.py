"""Who is behind a signal of a correlation."""

from __future__ import annotations

import pandas as pd

from evkit.errors import SpecError
from evkit.insights.correlation import compute
from evkit.insights.correlation.spec import FunnelCorrelation
from evkit.model.tables import EventTables
from evkit.query.property_filters import FilterGroup, PropertyFilter
from evkit.query.spec import Series


def actors(
    spec: FunnelCorrelation,
    tables: EventTables,
    *,
    event: str | Series | None = None,
    filters: FilterGroup | PropertyFilter | None = None,
    converted: bool | None = None,
) -> pd.DataFrame:
    """Give who has a signal: actor_id, converted; a row an actor, by actor_id.

    Parameters
    ----------
    event
        Who did this event between their first step and their last.
    filters
        What that event must pass; without `event`, what the funnel's own events must: ``ek.person_prop("plan") == "pro"``.
    converted
        Only those who got through, or only those who didn't; None is both.

    Raises
    ------
    SpecError
        When neither is given.
    """
    if event is None and filters is None:
        raise SpecError("name a signal: event='searched', or filters=ek.person_prop('plan') == 'pro'")
    if event is not None:
        series = event if isinstance(event, Series) else Series(event, filters=filters)
        rows = compute.between(spec, tables, compute.population(spec, tables), series)
        found = tables.execute(rows.select("actor", "converted").distinct())
    else:
        found = compute.population(compute.with_filters(spec, filters), tables).rows.select(["actor", "converted"]).to_pandas()
    found = found.rename(columns={"actor": "actor_id"})
    if converted is not None:
        found = found[found.converted == converted]
    return found.sort_values("actor_id", ignore_index=True)
