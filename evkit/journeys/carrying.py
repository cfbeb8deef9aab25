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
from evkit.journeys.parts import GONE, Moved

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
    rows = moved.rows(old.rows)
    there = rows != GONE
    newest = sorted((old.folder / COLUMNS).glob("*"), key=lambda path: -path.stat().st_mtime)
    for path in newest[:MOST_COLUMNS]:
        target, sql = new.folder / COLUMNS / path.name, columns.asked(path)
        if sql and not target.exists():
            _carried(old, new, path, target, sql, (there, rows[there]), ask, run)


def _carried(
    old: Index, new: Index, path: Path, target: Path, sql: str, stays: tuple[np.ndarray, np.ndarray], ask: Ask, run: Run
) -> None:  # fmt: skip
    there, rows = stays
    if path.suffix == TEST and (passed := columns.read_test(path, len(old))) is not None:
        hit = np.zeros(new.scanned, bool)
        hit[rows] = passed[there]
        columns.keep_test(target, columns.hit_rows(run(ask(sql, None).select("row")), hit)[new.rows], Key(sql, by_row=True))
    if path.suffix == SAID and (said := columns.read_coded(path, len(old))) is not None:
        codes = np.full(new.scanned, NOTHING, np.int32)
        codes[rows] = said.codes[there]
        asked = ask(sql, None if EVERY in said.covered else said.covered)
        try:
            words = columns.coded_rows(run(asked.select("value", "rows")), codes, said.words)
        except columns.TooMany:
            return
        columns.keep_coded(target, Coded(codes[new.rows], words, said.covered), Key(sql, by_row=True))
