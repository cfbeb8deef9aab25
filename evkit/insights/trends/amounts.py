"""Maths of a property, and of counts per actor, from journeys: the numbers that SQL makes in `maths`."""

from __future__ import annotations

import numpy as np

from evkit.insights.trends.maths import COUNT_PER_ACTOR, QUANTILES
from evkit.kernel import aggregating
from evkit.kernel.aggregating import Amounts, Said
from evkit.kernel.counting import Events
from evkit.query.marks import Marks, names_of
from evkit.query.spec import PROPERTY_MATHS, Series

MATHS = (*PROPERTY_MATHS, *(f"{how}{COUNT_PER_ACTOR}" for how in ("avg", "min", "max", *QUANTILES)))
"""What is computed here."""


def amounts(math: str, series: Series, found: Marks, events: Events) -> tuple[np.ndarray, np.ndarray] | None:
    """Give a math by value and bucket, 0 where nothing has a number, and where there is anything; None where the engine has to be asked."""
    how = math.removesuffix(COUNT_PER_ACTOR)
    if how != math:
        if how in QUANTILES:
            return aggregating.quantiles_of_actors(events, QUANTILES[how])
        return taken(how, aggregating.of_actors(events))
    said = numbers(series, found)
    if said is None:
        return None
    if how in QUANTILES:
        return aggregating.quantiles_of_events(events, said, QUANTILES[how])
    return taken(how, aggregating.of_events(events, said))


def taken(how: str, made: Amounts) -> tuple[np.ndarray, np.ndarray]:
    """Take one of the amounts."""
    if how == "avg":
        return made.total / np.maximum(made.known, 1), made.there
    found = {"sum": made.total, "min": made.least, "max": made.most}[how]
    return np.where(made.known > 0, found, 0.0), made.there


def numbers(series: Series, found: Marks) -> Said | None:
    """Give the number that each event says; None where there are too many values, and for the length of sessions, of which each counts once."""
    ref = series.property
    if ref is None or ref.key == "$session_duration":
        return None
    said = found.numbers(ref, names_of(series.subject))
    if said is None:
        return None
    coded, known = said
    times = 1 if series.math_multiplier is None else series.math_multiplier
    distinct, ranks = np.unique(known[~np.isnan(known)] * times, return_inverse=True)
    table = np.full(len(known), -1, np.int32)
    table[~np.isnan(known)] = ranks
    return Said(coded, distinct, table)
