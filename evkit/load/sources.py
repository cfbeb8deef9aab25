"""Where events come from: files of lines, staged once; and tables, checked once."""

from __future__ import annotations

import shutil
import tempfile
import warnings
import weakref
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.types as ir

from evkit.dates.instants import epoch_microseconds
from evkit.errors import DataError, RejectedRowsWarning
from evkit.load import canonical, lines
from evkit.load.report import Rejects
from evkit.model.progress import Bar, watched

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

FEWEST_YEAR, MOST_YEAR = 1, 9999


@ibis.udf.scalar.builtin(name="json_valid")
def _json_valid(value: str) -> bool:  # type: ignore[empty-body]
    ...


@ibis.udf.scalar.builtin(name="json_type")
def _json_type(value: str) -> str:  # type: ignore[empty-body]
    ...


def tell(rejects: Rejects) -> None:
    """Warn that rows were set aside, with the reasons and where to look."""
    if rejects.count:
        reasons = "; ".join(f"{n:,} x {reason}" for reason, n in rejects.reasons.most_common(3))
        warnings.warn(
            f"{rejects.count:,} rows can't be read and were set aside ({reasons}). See events.load_report.rejected.",
            RejectedRowsWarning,
            stacklevel=2,
        )


class LinesSource:
    """Files of JSON lines, staged into a private Parquet file when the events are first needed."""

    has_uuids = True

    def __init__(self, con: BaseBackend, files: Sequence[Path], columns: Mapping[str, str] | None = None) -> None:
        self.con = con
        self.columns = columns
        self.files = tuple(files)
        self.rejects = Rejects()
        self._folder = tempfile.mkdtemp(prefix="evkit-")
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    @cached_property
    def _events(self) -> ir.Table:
        target = Path(self._folder) / "events.parquet"
        with Bar("reading events") as bar:
            received = lines.stage(self.files, target, self.rejects, self.columns, bar)
        tell(self.rejects)
        staged = self.con.read_parquet(target)
        clock = epoch_microseconds(staged.received_at.coalesce(staged.timestamp), dialect="duckdb")
        arrival = staged.arrival.coalesce(clock) if received else staged.line
        return canonical.with_uuids(staged.mutate(arrival=arrival).drop("line"))

    def table(self) -> ir.Table:
        """Give the canonical events."""
        return self._events


class TableSource:
    """A table, its rows checked once when the events are first needed; nothing is copied.

    Parameters
    ----------
    name
        What to call the table in errors and in the report.
    """

    def __init__(
        self, con: BaseBackend | None, table: ir.Table, *, name: str, dialect: str = "duckdb", columns: dict[str, str] | None = None
    ) -> None:
        self.con = con
        self.name = name
        self.dialect = dialect
        self.rejects = Rejects()
        self._canonical, self.has_uuids = canonical.events(table, dialect=dialect, columns=columns, source=name)

    @cached_property
    def _events(self) -> ir.Table:
        if self.con is None:
            return self._canonical
        checks = self._checks()
        e = self._canonical
        with watched(self.con, f"checking {self.name}"):
            counts = self._run(e.aggregate([test.sum().name(f"c{i}") for i, test in enumerate(checks.values())]))[0]
        for i, (reason, test) in enumerate(checks.items()):
            if counts[f"c{i}"]:
                self._set_aside(reason, test, counts[f"c{i}"])
                e = e.filter(~test)
        tell(self.rejects)
        return e

    def table(self) -> ir.Table:
        """Give the canonical events."""
        return self._events

    def _checks(self) -> dict[str, ir.BooleanValue]:
        """Give each reason to set a row aside, as a test of the canonical row."""
        e = self._canonical
        checks: dict[str, ir.BooleanValue] = {
            "no event name": e.event.fill_null("") == "",
            "no distinct_id": e.distinct_id.fill_null("") == "",
            "timestamp missing or unreadable": e.timestamp.isnull(),
        }
        if self.dialect == "duckdb":
            year = e.timestamp.year()
            checks["timestamp outside the years 1 to 9999"] = e.timestamp.notnull() & ~year.between(FEWEST_YEAR, MOST_YEAR).fill_null(False)
            checks["properties are not a JSON object"] = ibis.ifelse(_json_valid(e.properties), _json_type(e.properties) != "OBJECT", True)
        return checks

    def _set_aside(self, reason: str, test: ir.BooleanValue, count: int) -> None:
        e = self._canonical
        shown = e.filter(test).select(e.event, e.distinct_id, properties=e.properties.substr(0, 200)).limit(100)
        rows: list[dict[str, Any]] = self._run(shown)
        for row in rows:
            self.rejects.add(self.name, 0, reason, str(row))
        self.rejects.reasons[reason] += count - len(rows)

    def _run(self, expr: ir.Table) -> list[dict[str, Any]]:
        if self.con is None:
            raise DataError("no engine")
        found: list[dict[str, Any]] = self.con.to_pyarrow(expr).to_pylist()
        return found
