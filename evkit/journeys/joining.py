"""Indexes made of others: that of persons from that of their ids, that of grown data from what it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from evkit.journeys.index import Index
from evkit.journeys.making import Making
from evkit.journeys.parts import GONE, Moved
from evkit.kernel import codes, merging

PIECE = 1 << 22
"""So many events are put into their new order at once."""


def pieces(order: np.ndarray) -> Iterator[np.ndarray]:
    """Give positions piece by piece."""
    for low in range(0, len(order), PIECE):
        yield order[low : low + PIECE]


def merged(base: Index, moved: pa.Table, *, target: Path | None = None, told: Mapping[str, Any] | None = None) -> Index | None:
    """Build the index of persons from that of their distinct ids; None where the order of two events can't be told from it.

    Parameters
    ----------
    moved
        The ids that go by another one: id, person; the engine's hash of each.
    target, told
        As of `Making`.

    Raises
    ------
    CacheError
        When it can't be written.
    """
    at = codes.of_hashes(base.actors, moved["id"].to_numpy())
    persons = np.append(moved["person"].to_numpy(), np.uint64(0))
    who = np.where(at >= 0, persons[at], base.actors)
    order, offsets, actors, tied = merging.order(base.offsets, base.t, base.arrival, who)
    if tied:
        return None
    with Making(target, base.names, base.scanned, told) as making:
        for name, column in {"t": base.t, "arrival": base.arrival, "rows": base.rows, "events": base.events}.items():
            for piece in pieces(order):
                making.arrays[name].append(column[piece])
        making.arrays["offsets"].append(offsets)
        making.arrays["actors"].append(actors)
        making.arrays["ids"].append(moved["id"].to_numpy())
        making.arrays["persons"].append(moved["person"].to_numpy())
        return making.finish()


def extended(
    base: Index, moved: Moved, repeated: np.ndarray, fresh: Index, *, target: Path | None = None, told: Mapping[str, Any] | None = None
) -> Index | None:
    """Build the index of data that grew from that of an earlier moment; None where the order of two events can't be told from it, or
    two actors have the same hash.

    Parameters
    ----------
    base
        The earlier one.
    moved
        Where its rows stand now.
    repeated
        The rows that say again what others do, by their present numbers: these are left out.
    fresh
        The index of the rows that came since, by their present numbers; with the names of all events.
    target, told
        As of `Making`.

    Raises
    ------
    CacheError
        When it can't be written.
    """
    stays = np.empty(len(base), np.bool_)
    for low in range(0, len(base), PIECE):
        rows = moved.rows(base.rows[low : low + PIECE])
        stays[low : low + PIECE] = (rows != GONE) & ~np.isin(rows, repeated)
    order, offsets, at, tied = merging.grown(
        (base.offsets, base.t, base.arrival, base.actors), stays, (fresh.offsets, fresh.t, fresh.arrival, fresh.actors)
    )
    if tied:
        return None
    first, second = at[0], at[1]
    both = (first >= 0) & (second >= 0)
    if (base.second[first[both]] != fresh.second[second[both]]).any():
        return None  # two actors have the same hash
    names = renamed(base.names, fresh.names)
    with Making(target, fresh.names, fresh.scanned, told) as making:
        for piece in pieces(order):
            making.arrays["t"].append(picked(base.t, fresh.t, piece))
            making.arrays["arrival"].append(picked(base.arrival, fresh.arrival, piece))
            making.arrays["rows"].append(picked(base.rows, fresh.rows, piece, now=moved.rows))
            making.arrays["events"].append(picked(base.events, fresh.events, piece, now=lambda codes: names[codes]))
        making.arrays["offsets"].append(offsets)
        for name, was, is_now in (("actors", base.actors, fresh.actors), ("second", base.second, fresh.second)):
            making.arrays[name].append(picked(was, is_now, np.where(first >= 0, first, second + len(base.actors))))
        return making.finish()


def picked(old: np.ndarray, new: np.ndarray, at: np.ndarray, *, now: Callable[[np.ndarray], np.ndarray] | None = None) -> np.ndarray:
    """Give what stands at positions of two arrays, the one after the other.

    Parameters
    ----------
    now
        Gives what numbers of the first are in the second.
    """
    late = at >= len(old)
    if late.all():
        return np.asarray(new[at.astype(np.int64) - len(old)])
    found = old[np.where(late, 0, at)]
    found = found if now is None else now(found)
    found[late] = new[at[late].astype(np.int64) - len(old)]
    return np.asarray(found)


def renamed(before: Sequence[str], now: Sequence[str]) -> np.ndarray:
    """Give the present code of each earlier code of an event's name: as large as the largest of all; 0 for one that no event has any more."""
    places = {name: code for code, name in enumerate(now)}
    return np.array([places.get(name, 0) for name in before], np.uint32)
