"""Where events come from: files of lines, staged once; and tables, checked once."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.types as ir
import pyarrow.parquet as pq

from evkit.dates.instants import epoch_microseconds
from evkit.errors import DataError, RejectedRowsWarning, warn
from evkit.journeys.parts import Part, starts
from evkit.load import canonical, csv, lines
from evkit.load.report import MAX_TEXT, Rejects
from evkit.model.progress import Bar, watched

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

FEWEST_YEAR, MOST_YEAR = 1, 9999
MOST_SHOWN = 100
"""How many rows of a table are kept in full for each reason to set them aside."""
NO_TIME = "timestamp missing or unreadable (known: ISO text such as '2026-01-31 12:00', timestamps, numbers since 1970)"


@ibis.udf.scalar.builtin(name="json_valid")
def _json_valid(value: str) -> bool:  # type: ignore[empty-body]
    ...


@ibis.udf.scalar.builtin(name="json_type")
def _json_type(value: str) -> str:  # type: ignore[empty-body]
    ...


def tell(rejects: Rejects, *, known: int = 0) -> None:
    """Warn that rows were set aside, with the reasons and where to look; not where no more than `known` were.

    What the rows say is not said: a warning goes into logs and reports, which others read. The names of what they have are.
    """
    if rejects.count > known:
        reasons = "; ".join(f"{n:,} x {reason}" for reason, n in rejects.reasons.most_common(3))
        file, line, reason, _ = rejects.rows[0]
        first = f"{file}{f' line {line}' if line else ''}{f': {reason}' if reason.startswith(lines.NO_EVENT) else ''}"
        rows = "1 row is" if rejects.count == 1 else f"{rejects.count:,} rows are"
        warn(f"{rows} set aside, unreadable ({reasons}). The first, {first}. See events.load_report.rejected.", RejectedRowsWarning)


class LinesSource:
    """Files of JSON lines, staged into a private Parquet file when the events are first needed."""

    def __init__(
        self, con: BaseBackend, files: Sequence[Path], columns: Mapping[str, str] | None = None, rejects: Rejects | None = None
    ) -> None:
        self.con = con
        self.columns = lines.Renaming(columns).columns  # a wrong name fails where it is typed
        self.files = tuple(files)
        self.rejects = rejects if rejects is not None else Rejects()
        self._folder = lines.private_folder(self)

    @cached_property
    def _staged(self) -> lines.Staged:
        known = self.rejects.count
        with Bar("reading events") as bar:
            staged = lines.stage(self.files, self._folder / "events.parquet", self.rejects, self.columns, bar)
        tell(self.rejects, known=known)
        return staged

    @cached_property
    def _events(self) -> ir.Table:
        staged = self.con.read_parquet(self._staged.path)
        clock = epoch_microseconds(staged.received_at.coalesce(staged.timestamp), dialect="duckdb")
        arrival = staged.arrival.coalesce(clock) if self._staged.has_arrival else staged.line
        return canonical.with_uuids(staged.mutate(arrival=arrival).drop("line"))

    @property
    def has_uuids(self) -> bool:
        """Whether any line says a uuid; reads the files if need be."""
        return self._staged.has_uuids

    def table(self) -> ir.Table:
        """Give the canonical events."""
        return self._events


class TableSource:
    """A table, its rows checked once when the events are first needed; nothing is copied.

    Parameters
    ----------
    table
        The table; where `staging` is given, one with its columns.
    name
        What to call the table in errors and in the report.
    staging
        Files that become the table when the events are first needed.
    rejects
        Where what is set aside is added to.
    files
        The Parquet files that the table is read from, where it is.
    """

    def __init__(
        self,
        con: BaseBackend | None,
        table: ir.Table,
        *,
        name: str,
        dialect: str = "duckdb",
        columns: Mapping[str, str] | None = None,
        staging: csv.Staging | None = None,
        rejects: Rejects | None = None,
        files: Sequence[Path] = (),
    ) -> None:
        self.con = con
        self._files = files
        self._seen = self._stats()
        self.name = name
        self.dialect = dialect
        self.rejects = rejects if rejects is not None else Rejects()
        self._table = table
        self._columns = columns
        self._staging = staging
        self._left_out: list[str] = []
        self._canonical, self.has_uuids = self._read()

    def _read(self, table: ir.Table | None = None, *, with_place: bool = False) -> tuple[ir.Table, bool]:
        table = self._table if table is None else table
        return canonical.events(table, dialect=self.dialect, columns=self._columns, source=self.name, with_place=with_place)

    @cached_property
    def _events(self) -> ir.Table:
        if self.con is None:
            return self._canonical
        known = self.rejects.count
        if self._staging is not None:
            self._table = self._staging.table(self.rejects)
            self._canonical, _ = self._read()
        e = self._canonical
        checks = self._checks(e)
        with watched(self.con, f"checking {self.name}"):
            counts = self._run(
                e.aggregate([test.sum().name(f"c{i}") for i, test in enumerate(checks.values())], unnamed=e.uuid.isnull().sum())
            )[0]
        for i, reason in enumerate(checks):
            if counts[f"c{i}"]:
                self._set_aside(reason, counts[f"c{i}"])
                self._left_out.append(reason)
        tell(self.rejects, known=known)
        e = self._without_left_out(e)
        self._named = not counts["unnamed"]
        return e if self._named else canonical.with_uuids(e)

    def _without_left_out(self, e: ir.Table) -> ir.Table:
        """Leave out the rows that can't be read."""
        checks = self._checks(e)
        return functools.reduce(lambda rows, reason: rows.filter(~checks[reason]), self._left_out, e)

    def _stats(self) -> list[tuple[int, int]] | None:
        try:
            return [(s.st_size, s.st_mtime_ns) for s in (file.stat() for file in self._files)]
        except FileNotFoundError:
            return None

    def check_unchanged(self) -> None:
        """Raise when a file is another than it was, or gone: what was worked out from it doesn't fit it any more.

        Raises
        ------
        DataError
            When it was written again or removed meanwhile.
        """
        if self._stats() != self._seen:
            raise DataError(f"{self.name} was changed or removed after it was opened: open it again by ek.read(...)")

    def parts(self) -> list[Part]:
        """Give the files that the table is read from, in their order."""
        return self._parts

    @cached_property
    def _parts(self) -> list[Part]:
        seen = self._seen or []
        return [
            Part(str(file.resolve()), f"{size} {changed}", pq.read_metadata(file).num_rows)
            for file, (size, changed) in zip(self._files, seen, strict=False)
        ]

    def numbered(self, parts: Collection[int] | None = None) -> ir.Table | None:
        """Give the canonical events with `row`, their number among all rows of the files; None where nothing numbers them at once.

        Parameters
        ----------
        parts
            The files to read, by their position; None for all.
        """
        events = self._events
        if not self._files:
            return None
        table = self._table
        if parts is not None:
            table = table.filter(table[canonical.FILE].isin([str(self._files[i].resolve()) for i in parts]))
        firsts = starts(self._parts)
        made = self._without_left_out(self._read(table, with_place=True)[0])
        made = made if self._named else canonical.with_uuids(made)
        if len(self._files) == 1:
            first: Any = 0
        elif canonical.INDEX in table.columns:
            first = ibis.array(firsts)[made.file_index]
        else:
            first = ibis.cases(*((made.file == str(file.resolve()), start) for file, start in zip(self._files, firsts, strict=False)))
        return made.mutate(row=(made.line - 1 + first).cast("int64")).select(*events.columns, "row")

    def shape(self) -> str:
        """Give the columns and their types, which decide how a row is read: a file more can change those of the others."""
        own = (canonical.FILE, canonical.ROW, canonical.INDEX)
        return repr({name: kind for name, kind in self._table.schema().items() if name not in own})

    def table(self) -> ir.Table:
        """Give the canonical events."""
        return self._events

    def _checks(self, e: ir.Table) -> dict[str, ir.BooleanValue]:
        """Give each reason to set a row aside, as a test of the canonical row."""
        checks: dict[str, ir.BooleanValue] = {
            "no event name": e.event.fill_null("") == "",
            "no distinct_id": e.distinct_id.fill_null("") == "",
            NO_TIME: e.timestamp.isnull(),
        }
        if self.dialect == "duckdb":
            year = e.timestamp.year()
            checks["timestamp outside the years 1 to 9999"] = e.timestamp.notnull() & ~year.between(FEWEST_YEAR, MOST_YEAR).fill_null(False)
            checks["properties are not a JSON object"] = ibis.ifelse(_json_valid(e.properties), _json_type(e.properties) != "OBJECT", True)
        return checks

    def _set_aside(self, reason: str, count: int) -> None:
        e, _ = self._read(with_place=True)
        shown = e.filter(self._checks(e)[reason]).order_by(["file", "line"]).limit(MOST_SHOWN)
        rows = self._run(
            shown.select("file", "line", "event", "distinct_id", timestamp=shown.told, properties=shown.properties.substr(0, MAX_TEXT))
        )
        for row in rows:
            file, line = row.pop("file"), row.pop("line")
            if self._staging is not None:
                line = self._staging.line(file, line)
            self.rejects.add(Path(file).name if file else self.name, line, reason, str(row))
        self.rejects.reasons[reason] += count - len(rows)

    def _run(self, expr: ir.Table) -> list[dict[str, Any]]:
        if self.con is None:
            raise DataError("no engine")
        found: list[dict[str, Any]] = self.con.to_pyarrow(expr).to_pylist()
        return found
