"""Columns beside the index of data that grew: those of the earlier one, with the answers of the rows that came since."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import ibis.expr.types as ir
import numpy as np

from evkit.journeys import columns
from evkit.journeys.build import Run
from evkit.journeys.columns import COLUMNS, EVERY, NOTHING, SAID, TEST, Coded, Key
from evkit.journeys.index import Index
from evkit.journeys.joining import PIECE
from evkit.journeys.parts import GONE, Moved
from evkit.kernel.sharing import taken

Ask = Callable[[str, Collection[str] | None], ir.Table]
"""Asks the SQL of a column of the rows that came since: of all, or of those of some names."""


MOST_COLUMNS = 32
"""So many columns are carried along, those that were read last; others are read again when they are asked for."""


def carried(old: Index, new: Index, moved: Moved, ask: Ask, run: Run) -> None:
    """Write beside an index the columns of an earlier one, as far as they ask each row by itself.

    Parameters
    ----------
    moved
        Where the rows of the earlier one stand now.
    ask, run
        Asks what came since, and runs it.
    """
    if old.folder is None or new.folder is None or old.folder == new.folder:
        return
    newest = sorted((old.folder / COLUMNS).glob("*"), key=lambda path: -path.stat().st_mtime)
    for path in newest[:MOST_COLUMNS]:
        target, sql = new.folder / COLUMNS / path.name, columns.asked(path)
        if sql and not target.exists():
            _carried(old, new, path, target, sql, moved, ask, run)


def _carried(old: Index, new: Index, path: Path, target: Path, sql: str, moved: Moved, ask: Ask, run: Run) -> None:
    if path.suffix == TEST and (passed := columns.read_test(path, len(old))) is not None:
        hit = placed(old, passed, moved, np.zeros(new.scanned, bool))
        passed = taken(columns.hit_rows(run(ask(sql, None).select("row")), hit), new.rows)
        columns.keep_test(target, passed, Key(sql, by_row=True))
    if path.suffix == SAID and (said := columns.read_coded(path, len(old))) is not None:
        codes = placed(old, said.codes, moved, np.full(new.scanned, NOTHING, np.int32))
        asked = ask(sql, None if EVERY in said.covered else said.covered)
        try:
            codes, words = columns.coded_rows(run(asked.select("value", "rows")), codes, said.words)
        except columns.TooMany:
            return
        columns.keep_coded(target, Coded(taken(codes, new.rows), words, said.covered), Key(sql, by_row=True))


def placed(old: Index, values: np.ndarray, moved: Moved, into: np.ndarray) -> np.ndarray:
    """Put what an earlier index says of events where their rows stand now."""
    for low in range(0, len(old), PIECE):
        rows = moved.rows(old.rows[low : low + PIECE])
        there = rows != GONE
        into[rows[there]] = values[low : low + PIECE][there]
    return into
