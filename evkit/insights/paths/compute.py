"""How paths are computed: the engine names and sorts, the kernel shortens and counts edges."""

from __future__ import annotations

from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa

from evkit.errors import NotExpressible, UnknownEventWarning, nearest, warn
from evkit.insights import unknown
from evkit.insights.paths.relation import matched, span
from evkit.insights.paths.spec import Paths
from evkit.insights.paths.walk import Sorted, asked, sort
from evkit.kernel import paths as kernel
from evkit.model.tables import EventTables
from evkit.query.property_filters import refs_in

__all__ = ["expression", "frame", "matched"]

COLUMNS = {"step": "int64", "source": "object", "target": "object", "value": "int64", "average_conversion_seconds": "float64"}
MOST_NAMES = 2_000
"""Among so many items the nearest to a misspelt one is looked for."""


@dataclass(frozen=True)
class Edges:
    """Edges: the place of the source (from 1), the codes of both items, how often each was taken, its seconds on average."""

    steps: np.ndarray
    sources: np.ndarray
    targets: np.ndarray
    values: np.ndarray
    seconds: np.ndarray

    def taken(self, which: np.ndarray) -> Edges:
        """Give some of them, in the order asked for."""
        return Edges(self.steps[which], self.sources[which], self.targets[which], self.values[which], self.seconds[which])

    def __len__(self) -> int:
        return len(self.steps)


def expression(spec: Paths, tables: EventTables) -> ir.Table:
    """Raise: paths are made session by session, not by SQL.

    Raises
    ------
    NotExpressible
        Always; `matched()` is the relation that the figures are computed from.
    """
    raise NotExpressible(
        "which items of a session are shown, and at which place, is decided session by session, after runs are joined and ends are cut: "
        "use matched() for the items, to_pandas() for the figures"
    )


def frame(spec: Paths, tables: EventTables) -> pd.DataFrame:
    """Give the figures as a tidy frame: see `Paths` for the columns.

    Warns
    -----
    UnknownEventWarning
        When no item is called as the start or the end point, or a filter names a property that the data doesn't have.
    """
    found = sort(spec, tables, named=False)
    made = figures(spec, found)
    warn_of_points(spec, found)
    if made.empty:
        unknown.warn_of_zeros(refs_in(spec.filters), (spec.filters,), span(spec, tables), tables)
    return made


def figures(spec: Paths, ordered: Sorted) -> pd.DataFrame:
    """Give the figures of everybody's paths, without warnings."""
    found, names = edges(spec, ordered), ordered.names
    kept = reachable(found.taken(heaviest(spec, found)))
    made = pd.DataFrame(
        {
            "step": kept.steps,
            "source": names.take(pa.array(kept.sources)).to_pylist(),
            "target": names.take(pa.array(kept.targets)).to_pylist(),
            "value": kept.values,
            "average_conversion_seconds": kept.seconds,
        }
    ).astype(COLUMNS)
    made.attrs = {"edges": len(found)}
    return made


def edges(spec: Paths, ordered: Sorted) -> Edges:
    """Count the edges of all paths, in the order of their texts."""
    found = kernel.edges(asked(spec, ordered), len(ordered.names))
    ranks = ranked(int(found.places.max(initial=1)))
    order = np.lexsort((found.targets, found.sources, ranks[found.places]))
    return Edges(found.places, found.sources, found.targets, found.values, found.took / found.values / 1_000_000).taken(order)


def ranked(most: int) -> np.ndarray:
    """Give, for each step up to one, its place in the order of the texts "1_", "2_", "10_".

    Examples
    --------
    >>> ranked(10).tolist()
    [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1]
    """
    order = sorted(range(most + 1), key=lambda step: f"{step}_")
    places = np.empty(most + 1, np.int64)
    places[order] = np.arange(most + 1)
    return places


def heaviest(spec: Paths, found: Edges) -> np.ndarray:
    """Give which edges are kept: those of the weights asked for, the most frequent first, up to the limit."""
    inside = found.values >= (spec.min_edge_weight or 0)
    if spec.max_edge_weight is not None:
        inside &= found.values <= spec.max_edge_weight
    which = np.flatnonzero(inside)
    return which[np.argsort(-found.values[which], kind="stable")[: spec.edge_limit]]


def reachable(found: Edges) -> Edges:
    """Leave out the edges whose source no kept edge leads to from the first place on."""
    there: set[tuple[int, int]] = set()
    keep = np.zeros(len(found), bool)
    for i in np.argsort(found.steps, kind="stable"):
        step, source, target = int(found.steps[i]), int(found.sources[i]), int(found.targets[i])
        if step == 1 or (step, source) in there:
            keep[i] = True
            there.add((step + 1, target))
    return found.taken(np.flatnonzero(keep))


def warn_of_points(spec: Paths, found: Sorted) -> None:
    """Warn of a start or an end point that no item is called."""
    for point in (spec.start, spec.end):
        if point is not None and found.code(point) == kernel.NOWHERE:
            common = found.names.take(pa.array(np.argsort(-found.counts, kind="stable")[:MOST_NAMES])).to_pylist()
            said = f"no item is called {point!r}.{nearest(point, common)} There are no such paths."
            warn(said, UnknownEventWarning)
