"""Events from a store's folder: one snapshot of it, read without a server while others write."""

from __future__ import annotations

import contextlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

from evkit.capture.storage import inspection, segments, snapshot
from evkit.errors import StoreError
from evkit.load import lines
from evkit.load.report import Rejects
from evkit.load.sources import tell
from evkit.model import schema

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

    @property
    def fingerprint(self) -> str:
        """What tells this moment of the store from any other: its files, and how much had landed."""
        stats = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in self.taken.segments]
        return repr((str(self.folder.resolve()), stats, self._moment))

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
    def _events(self) -> ir.Table:
        files = [*self.taken.segments, *([self._landed()] if self.taken.lines else [])]
        given = f"read_parquet({segments.quoted_list(files)})" if files else f"({segments.EMPTY})"
        try:
            events = self.con.sql(f"SELECT {NAMES} FROM {given}")
        except Exception as error:
            segments.raise_damage(self.folder, self.taken.segments, error)
            raise
        nothing = {"person_id": ibis.null("string"), "person_properties": ibis.null("string")}
        return events.mutate(**nothing).cast(dict(schema.EVENTS.items()))[list(schema.EVENTS.names)]

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
