"""Who is behind an edge of a path, or a path's end."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from evkit.errors import SpecError, nearest
from evkit.insights.paths.spec import Paths
from evkit.insights.paths.walk import Walked, walk
from evkit.model.tables import EventTables

Role = Literal["source", "target", "dropoff"]
Place = tuple[int | None, str]
"""An item and its place in a path, from 1; None is anywhere."""
MOST_NAMED = 10
"""An error names so many items at most."""


def actors(
    spec: Paths,
    tables: EventTables,
    *,
    step: int | None = None,
    source: str | None = None,
    target: str | None = None,
    dropoff: str | None = None,
) -> pd.DataFrame:
    """Give who took an edge, or whose path ends at an item; without anything named, everybody who has a path.

    Parameters
    ----------
    step
        The place in the path, from 1, of the source (the target is one further), or of the item that paths end at. None is
        anywhere.
    source
        Those who went on from this item; with `target`, to that one.
    target
        Those who came to this item from another.
    dropoff
        Those whose path ends at this item; one that is cut by the limit of steps ends there.

    Returns
    -------
    pandas.DataFrame
        actor_id, paths (in how many, counting each time), first_at, last_at (UTC: when they were at the target, the end or
        the source); a row an actor, most paths first, then by actor_id.

    Raises
    ------
    SpecError
        When no path has such an item at that place.
    """
    if dropoff is not None and (source is not None or target is not None):
        raise SpecError("dropoff and source or target at once: ask for those whose path ends at an item, or for those who took an edge")
    if step is not None and (source, target, dropoff) == (None, None, None):
        raise SpecError(f"step {step!r} of no item: give source=, target= or dropoff=")
    if step is not None and (isinstance(step, bool) or not isinstance(step, int) or step < 1):
        raise SpecError(f"step {step!r}: the steps of a path count from 1")
    after = None if step is None else step + 1
    asked: dict[Role, Place] = {}
    if source is not None:
        asked["source"] = (step, source)
    if target is not None:
        asked["target"] = (after, target)
    if dropoff is not None:
        asked["dropoff"] = (step, dropoff)
    walked = walk(spec, tables)
    for role, place in asked.items():
        check_place(walked, role, *place)
    return who(walked, asked)


def check_place(walked: Walked, role: Role, place: int | None, item: str) -> None:
    """Raise for an item that no path has at a place.

    Raises
    ------
    SpecError
        Names the nearest, and the most frequent that there are.
    """
    shown = walked.shown
    here = np.ones(len(shown.items), bool) if place is None else shown.places == place
    if (here & (shown.items == walked.sorted.code(item))).any():
        return
    codes, counts = np.unique(shown.items[here], return_counts=True)
    names = walked.sorted.names.take(pa.array(codes[np.argsort(-counts, kind="stable")])).to_pylist()
    where = "" if place is None else f" at place {place}"
    told = (
        f"Those that are: {', '.join(map(repr, names[:MOST_NAMED]))}{' ...' if len(names) > MOST_NAMED else ''}"
        if names
        else "There are none"
    )
    raise SpecError(f"no path has the {role} {item!r}{where}.{nearest(item, names)} {told}")


def who(walked: Walked, asked: dict[Role, Place]) -> pd.DataFrame:
    """Give the actors of the rows that are all of what is asked for; a place that no path has gives nobody."""
    shown, size = walked.shown, len(walked.shown.rows)
    keep = np.ones(size, bool)
    for role, (place, item) in asked.items():
        fits = shown.items == walked.sorted.code(item)
        if place is not None:
            fits &= shown.places == place
        if role == "source":
            after = np.zeros(size, bool)
            at = walked.follows
            after[at] = fits[at - 1]
            keep &= after
        else:
            keep &= fits if role == "target" else fits & shown.ends
    at = np.flatnonzero(keep)
    last = shown.rows[at - 1] if set(asked) == {"source"} else shown.rows[at]
    found = pd.DataFrame({"actor": walked.actor_of[at], "t": pd.to_datetime(walked.sorted.t[last], unit="us")})
    if not asked:
        found = found[shown.places[at] == 1]
    rows = found.groupby("actor").t.agg(["count", "min", "max"])
    made = pd.DataFrame(
        {
            "actor_id": walked.sorted.actors.take(pa.array(rows.index.to_numpy(np.int64))).to_pylist(),
            "paths": rows["count"].to_numpy(np.int64),
            "first_at": rows["min"].to_numpy("datetime64[us]"),
            "last_at": rows["max"].to_numpy("datetime64[us]"),
        }
    )
    return made.sort_values(["paths", "actor_id"], ascending=[False, True], ignore_index=True)
