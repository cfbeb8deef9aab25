"""Who is behind a figure of a funnel."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from evkit.errors import SpecError, nearest, unknown
from evkit.insights.funnel import over_time, steps
from evkit.insights.funnel.compute import named
from evkit.insights.funnel.spec import OTHER, Funnel
from evkit.insights.funnel.steps import shown
from evkit.insights.funnel.walk import Value, Walked, walk, walk_periods
from evkit.insights.trends.actors import bucket_of
from evkit.kernel.runs import NEVER
from evkit.model.tables import EventTables


def actors(
    spec: Funnel,
    tables: EventTables,
    *,
    step: int | str = 1,
    dropped: bool = False,
    breakdown_value: str | Sequence[str] | None = None,
    bucket: str | dt.datetime | None = None,
) -> pd.DataFrame:
    """Give who did a step, or who was lost before it; of viz_type "trends", who entered in a period and converted, or didn't.

    Parameters
    ----------
    step
        From 1, or its name. With `dropped`, from 2: those who did the required step before and not this one.
    dropped
        Those who were lost instead of those who got through.
    breakdown_value
        Only those of this value.
    bucket
        Of viz_type "trends": the start of the period, wall clock of the project's zone.

    Returns
    -------
    pandas.DataFrame
        actor_id, steps_done, breakdown_value, first_step_at, last_step_at (UTC), last_event (uuid); a row an actor (and
        value), by actor_id. Of viz_type "trends": actor_id, bucket, converted, breakdown_value.

    Raises
    ------
    SpecError
        When the funnel has no such step, value or period.
    """
    if spec.viz_type == "trends":
        return of_period(spec, tables, dropped=dropped, breakdown_value=breakdown_value, bucket=bucket)
    if bucket is not None:
        raise SpecError("bucket is for funnels of viz_type 'trends'; this one has steps")
    number = asked_step(spec, step, dropped=dropped)
    walked = walk(spec, tables, with_uuids=True)
    keep = did(walked, number)
    if dropped:
        before = max(s for s in range(1, number) if not spec.optional[s - 1])
        keep = did(walked, before) & ~keep
    if breakdown_value is not None:
        keep &= of_value(spec, tables, walked.sorted.names, walked.sorted.marked.wanted, breakdown_value, walked)
    return named(rows_of(spec, walked, np.flatnonzero(keep)), spec, tables)


def did(walked: Walked, number: int) -> np.ndarray:
    """Say which runs did a step, from 1."""
    return np.asarray((walked.reached.bits >> (number - 1)) & 1 == 1)


def asked_step(spec: Funnel, step: int | str, *, dropped: bool) -> int:
    """Give the number of the step that is asked about; of time to convert, the last where none is named.

    Raises
    ------
    SpecError
        When the funnel has no such step, or nobody can be lost before it.
    """
    if spec.viz_type == "time_to_convert" and step == 1 and not dropped:
        step = spec.last
    number = step_of(spec, step)
    if dropped and number == 1:
        raise SpecError("nobody is lost before step 1: ask for dropped=True from step 2 on")
    return number


def step_of(spec: Funnel, step: int | str) -> int:
    """Give a step's number by its number or name.

    Raises
    ------
    SpecError
        When the funnel has none.
    """
    names = [s.label for s in spec.steps]
    if isinstance(step, str):
        if step not in names:
            raise unknown("step", step, names)
        return names.index(step) + 1
    if not 1 <= step <= len(names):
        raise SpecError(f"step {step!r}: the steps of this funnel count from 1 to {len(names)}")
    return step


def of_value(
    spec: Funnel, tables: EventTables, names: list[Value], wanted: np.ndarray, value: str | Sequence[str], walked: Walked | None
) -> np.ndarray:
    """Say which runs are of a breakdown value; of the rest where it is "Other".

    Raises
    ------
    SpecError
        When there is no such value.
    """
    if not spec.breakdown:
        raise SpecError("breakdown_value names a value of a breakdown, and this funnel has none")
    asked = value if isinstance(value, str) else value[0] if len(value) == 1 else tuple(value)
    labels = named(pd.DataFrame({"breakdown_value": [shown(n, spec) for n in names]}, dtype=object), spec, tables).breakdown_value.tolist()
    kept = [line.value for line in steps.lines(spec, walked)] if walked is not None else names
    rest = (OTHER,)
    if asked == shown(rest, spec) and rest in kept:
        return np.asarray(np.array([n not in kept for n in names], bool)[wanted])
    if asked not in [*labels, *(shown(n, spec) for n in names)]:
        raise SpecError(
            f"no breakdown value {asked!r}.{nearest(asked, map(str, labels))} Those there are: {', '.join(map(repr, labels[:25]))}"
        )
    return np.asarray(np.array([asked in (label, shown(n, spec)) for label, n in zip(labels, names, strict=True)], bool)[wanted])


def rows_of(spec: Funnel, walked: Walked, which: np.ndarray) -> pd.DataFrame:
    """Give the rows of some runs."""
    times, events, runs = walked.reached.times[which], walked.reached.events[which], walked.sorted
    count = (times != NEVER).sum(axis=1)
    at = np.arange(len(which)), np.maximum(count - 1, 0)
    labels = pd.Series([shown(n, spec) for n in runs.names], dtype=object)
    made = pd.DataFrame(
        {
            "actor_id": runs.actor_ids.take(pa.array(which)).to_pylist(),
            "steps_done": np.array([int(b).bit_count() for b in walked.reached.bits[which]], np.int64),
            "breakdown_value": labels.iloc[runs.marked.wanted[which]].tolist(),
            "first_step_at": pd.to_datetime(times[:, 0] if len(which) else [], unit="us"),
            "last_step_at": pd.to_datetime(times[at] if len(which) else [], unit="us"),
            "last_event": runs.uuids.take(pa.array(events[at])).to_pylist() if len(which) else [],
        }
    )
    return made.sort_values("actor_id", kind="stable", ignore_index=True)


def of_period(
    spec: Funnel, tables: EventTables, *, dropped: bool, breakdown_value: str | Sequence[str] | None, bucket: str | dt.datetime | None
) -> pd.DataFrame:
    """Give who entered in a period and converted, or didn't: actor_id, bucket, converted, breakdown_value."""
    found = walk_periods(spec, tables)
    keep = found.converted != dropped
    if bucket is not None:
        keep &= np.asarray(found.starts == bucket_of(bucket, over_time.starts(spec, tables)))[found.code]
    runs = found.sorted
    if breakdown_value is not None:
        keep &= of_value(spec, tables, runs.names, runs.marked.wanted, breakdown_value, None)[found.run]
    which = np.flatnonzero(keep)
    labels = pd.Series([shown(n, spec) for n in runs.names], dtype=object)
    made = pd.DataFrame(
        {
            "actor_id": runs.actor_ids.take(pa.array(found.run[which])).to_pylist(),
            "bucket": found.starts[found.code[which]],
            "converted": found.converted[which],
            "breakdown_value": labels.iloc[runs.marked.wanted[found.run[which]]].tolist(),
        }
    )
    return named(made.sort_values(["actor_id", "bucket"], kind="stable", ignore_index=True), spec, tables)
