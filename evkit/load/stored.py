"""Events from a store's folder: one snapshot of it, read without a server while others write."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from evkit.capture.storage import inspection, segments, snapshot
from evkit.errors import StoreError
from evkit.journeys.parts import Part, starts
from evkit.load import lines
from evkit.load.report import Rejects
from evkit.load.sources import tell
from evkit.model import schema
from evkit.model.fingerprint import Fingerprint

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

NAMES = ", ".join(name for name in schema.EVENTS.names if not name.startswith("person"))


class StoreSource:
    """What a store held at one moment.

    Parameters
    ----------
    con
        The engine that reads.
    folder
        The store's folder.
    """

    has_uuids = True
    is_scan = True
    """Rows of files one after the other, columns of them cast: their order stays."""

    def __init__(self, con: BaseBackend, folder: Path) -> None:
        self.con = con
        self.folder = folder
        self.rejects = Rejects()
        self.taken = snapshot.take(folder)
        self._moment = self.taken.number, {name: len(data) for name, data in self.taken.lines.items()}
        self._folder = lines.private_folder(self)
        self._seen = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in self.taken.segments]

    @property
    def fingerprint(self) -> Fingerprint:
        """What tells this moment of the store from any other: its files, and how much had landed."""
        name = str(self.folder.resolve())
        return Fingerprint(repr((name, self._seen, self._moment)), name, passes=True)

    def is_newer_than(self, other: StoreSource) -> bool:
        """Say whether anything came since another moment of the same store."""
        return self._moment != other._moment

    def explained(self, error: Exception) -> StoreError | None:
        """Say which file of the store is damaged, where that is why the engine failed; None where it isn't."""
        return segments.damage(self.folder, self.taken.segments) if isinstance(error, (duckdb.Error, pa.ArrowException, OSError)) else None

    def table(self) -> ir.Table:
        """Give the canonical events."""
        return self._events

    @cached_property
    def _files(self) -> list[Path]:
        """The files of this moment: its segments, and what has landed."""
        return [*self.taken.segments, *([self._landed()] if self.taken.lines else [])]

    @cached_property
    def _events(self) -> ir.Table:
        files = self._files
        return self._read(f"SELECT {NAMES} FROM " + (f"read_parquet({segments.quoted_list(files)})" if files else f"({segments.EMPTY})"))

    def _read(self, sql: str) -> ir.Table:
        try:
            events = self.con.sql(sql)
        except Exception as error:
            segments.raise_damage(self.folder, self.taken.segments, error)
            raise
        nothing = {"person_id": ibis.null("string"), "person_properties": ibis.null("string")}
        own = events.mutate(**nothing).cast(dict(schema.EVENTS.items()))
        return own[[*schema.EVENTS.names, *(["row"] if "row" in own.columns else [])]]

    def shape(self) -> str:
        """Give what decides how a row is read: the same at every moment."""
        return NAMES

    def parts(self) -> list[Part]:
        """Give the files that the events are read from, in their order."""
        return self._parts

    @cached_property
    def _parts(self) -> list[Part]:
        stamps = [(name, f"{size} {changed}") for name, size, changed in self._seen] + [("landed", repr(self._moment))]
        return [Part(name, stamp, pq.read_metadata(file).num_rows) for file, (name, stamp) in zip(self._files, stamps, strict=False)]

    def numbered(self, parts: Collection[int] | None = None) -> ir.Table | None:
        """Give the canonical events with `row`, their number among all rows of the files; None where there is no file.

        Parameters
        ----------
        parts
            The files to read, by their position; None for all.
        """
        firsts = starts(self._parts)
        chosen = range(len(self._files)) if parts is None else sorted(parts)
        if not chosen:
            return None if parts is None else self.table().mutate(row=ibis.literal(0, type="int64")).limit(0)
        row = f'{[firsts[i] for i in chosen]}[file_index::BIGINT + 1] + file_row_number AS "row"'
        return self._read(f"SELECT {NAMES}, {row} FROM read_parquet({segments.quoted_list(self._files[i] for i in chosen)})")

    def _landed(self) -> Path:
        """Put what has landed into one private file of columns; a line that is none of the store's is set aside and told."""
        target = self._folder / "landed.parquet"
        with contextlib.closing(segments.connection(self._folder)) as con:
            for foreign in inspection.load_landed(con, self.taken, self._folder):
                self.rejects.add(f"landing/{foreign.file}", foreign.line, "no line of a store", foreign.text.decode("utf-8", "replace"))
            how = "* REPLACE (properties::VARCHAR AS properties)"
            con.execute(f"COPY (SELECT {how} FROM landed) TO {segments.quoted(str(target))} (FORMAT parquet)")
        self.taken.lines.clear()  # they are in the file now
        tell(self.rejects)
        return target
