"""Numbers in bins of the same width: which bin in the engine, its name once its edges are known."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import pandas as pd

from evkit.insights.trends.spec import NO_VALUE
from evkit.query.property_filters import PropertyRef

LAST_REACHES = 0.01
"""How far the last bin reaches past the largest number."""


def binned(parts: Sequence[PropertyRef]) -> dict[int, int]:
    """Give which breakdowns are put into bins, and into how many."""
    return {i: ref.histogram_bin_count for i, ref in enumerate(parts) if ref.histogram_bin_count}


def edge_columns(parts: Sequence[PropertyRef]) -> list[str]:
    """Give the names of the columns of `edges`."""
    return [f"{side}_{i}" for i in binned(parts) for side in ("low", "high")]


def edges(rows: ir.Table, parts: Sequence[PropertyRef]) -> ir.Table:
    """Give one row: the smallest and the largest number of each breakdown that is put into bins, null where there is none."""
    found: dict[str, ir.Scalar] = {}
    for i in binned(parts):
        found |= {f"low_{i}": rows[f"part_{i}"].min(), f"high_{i}": rows[f"part_{i}"].max()}
    return rows.aggregate(**found)


def numbered(rows: ir.Table, i: int, count: int) -> ir.StringValue:
    """Give the bin of a breakdown, by number from 0, of rows that have the columns of `edges`. No number is `NO_VALUE`."""
    number, low, high = rows[f"part_{i}"], rows[f"low_{i}"], rows[f"high_{i}"]
    width = (high - low) / float(count)
    below = [((width == 0.0) | (number < low + float(n + 1) * width), str(n)) for n in range(count - 1)]
    return ibis.cases((number.isnull(), NO_VALUE), *below, else_=str(count - 1))


def names(low: float | None, high: float | None, count: int) -> dict[str, str]:
    """Give the name of each bin by its number, such as "[10,17.5]".

    Examples
    --------
    >>> names(10.0, 25.0, 2)
    {'0': '[10,17.5]', '1': '[17.5,25.01]'}
    """
    if low is None or high is None or pd.isna(low):
        return {}
    if low == high:
        return {"0": f"[{decimal(low)},{decimal(high + LAST_REACHES)}]"}
    width = (high - low) / count
    found = [low + n * width for n in range(count)] + [high + LAST_REACHES]
    return {str(n): f"[{decimal(a)},{decimal(b)}]" for n, (a, b) in enumerate(itertools.pairwise(found))}


def decimal(number: float) -> str:
    """Write a number with as few digits as tell it from others."""
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def named(frame: pd.DataFrame, parts: Sequence[PropertyRef]) -> pd.DataFrame:
    """Give figures whose bins were numbers with the bins' names.

    Parameters
    ----------
    frame
        breakdown_value and the columns of `edges`.
    """
    counts = binned(parts)
    if not counts:
        return frame

    def one(value: str, row: int, i: int) -> str:
        made = names(float(frame[f"low_{i}"].iat[row]), float(frame[f"high_{i}"].iat[row]), counts[i]) if i in counts else {}
        return made.get(value, value)

    def whole(value: str | Sequence[str], row: int) -> str | tuple[str, ...]:
        return one(value, row, 0) if isinstance(value, str) else tuple(one(text, row, i) for i, text in enumerate(value))

    return frame.assign(breakdown_value=[whole(value, row) for row, value in enumerate(frame.breakdown_value)])


def in_words(value: ir.StringValue, low: float | None, high: float | None, count: int) -> ir.StringValue:
    """Give bins by their names in the engine, where their edges are known already."""
    found = names(low, high, count)
    return ibis.cases(*((value == number, name) for number, name in found.items()), else_=value) if found else value
