"""Events from a store's folder: one snapshot of it, read without a server while others write."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from evkit.capture.storage import inspection, segments, snapshot
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

    def __init__(self, con: BaseBackend, folder: Path) -> None:
        self.con = con
        self.folder = folder
        self.rejects = Rejects()
        self.taken = snapshot.take(folder)
        self._folder = lines.private_folder(self)

    def is_newer_than(self, other: StoreSource) -> bool:
        """Say whether anything came since another moment of the same store."""
        held = lambda s: (s.taken.number, {name: len(data) for name, data in s.taken.lines.items()})  # noqa: E731
        return bool(held(self) != held(other))

    def table(self) -> ir.Table:
        """Give the canonical events."""
        return self._events

    @cached_property
    def _events(self) -> ir.Table:
        parts = [f"SELECT {NAMES} FROM read_parquet({[str(p) for p in self.taken.segments]})"] if self.taken.segments else []
        if self.taken.lines:
            parts.append(f"SELECT {NAMES} FROM read_parquet({segments.quoted(str(self._landed()))})")
        events = self.con.sql(" UNION ALL ".join(parts) or f"SELECT {NAMES} FROM ({inspection.empty()})")
        nothing = {"person_id": ibis.null("string"), "person_properties": ibis.null("string")}
        return events.mutate(**nothing).cast(dict(schema.EVENTS.items()))[list(schema.EVENTS.names)]

    def _landed(self) -> Path:
        """Put what has landed into one private file of columns; a line that is none of the store's is set aside and told."""
        for name, data in self.taken.lines.items():
            for i, reason in segments.bad_lines(data):
                self.rejects.add(
                    f"landing/{name}", i + 1, reason, segments.lines_of(data)[i].decode("utf-8", "replace"), "no line of a store"
                )
        tell(self.rejects)
        text, target = self._folder / "landed.jsonl", self._folder / "landed.parquet"
        inspection.landed_file(self.taken, text)
        read = f"SELECT {NAMES.replace('properties', 'properties::VARCHAR AS properties')} FROM {segments.json_lines([text])}"
        self.con.raw_sql(f"COPY ({read}) TO {segments.quoted(str(target))} (FORMAT parquet)")
        text.unlink()
        return target
