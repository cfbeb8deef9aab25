"""What loading set aside, and why: nothing is dropped without a row here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

import pandas as pd

from evkit.markup import Table

MAX_KEPT = 10_000
"""How many rejected rows are kept in full; further ones are counted by reason only."""
MAX_TEXT = 200
"""How many characters of a rejected row are kept."""


@dataclass
class Rejects:
    """The rows set aside so far: file, line (from 1), reason and the beginning of the text."""

    rows: list[tuple[str, int, str, str]] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, file: str, line: int, reason: str, text: str, kind: str | None = None) -> None:
        """Set a row aside."""
        self.reasons[kind or reason] += 1
        if len(self.rows) < MAX_KEPT:
            self.rows.append((file, line, reason, text[:MAX_TEXT]))

    @property
    def count(self) -> int:
        """How many rows were set aside."""
        return sum(self.reasons.values())

    def frame(self) -> pd.DataFrame:
        """Give the rows as a frame: file, line, reason, text."""
        return pd.DataFrame(self.rows, columns=["file", "line", "reason", "text"])


@dataclass(frozen=True)
class LoadReport:
    """What reading the data found.

    Parameters
    ----------
    events
        How many events can be asked about.
    duplicates
        How many rows repeated a uuid that had arrived before, and are left out.
    rejected
        The rows that can't be read: file, line (from 1), reason, text (its first 200 characters).
    rejected_count
        How many rows can't be read; more than `rejected` has rows when there are more than 10,000.
    """

    events: int
    duplicates: int
    rejected: pd.DataFrame
    rejected_count: int

    reasons: Mapping[str, int] = field(default_factory=dict)
    """How many rows can't be read for each reason."""

    def reasons_table(self) -> Table:
        """Give the counts to be read, without what the rows say: a row for events sent twice, one a reason."""
        rows = [("Sent twice", self.duplicates), *((f"Can't be read: {reason}", n) for reason, n in self.reasons.items())]
        rows += [] if self.reasons else [("Can't be read", self.rejected_count)]
        return Table(f"Of {self.events:,} events", ("What", "Rows"), tuple((name, f"{n:,}") for name, n in rows), (False, True))

    def __repr__(self) -> str:
        return f"<LoadReport: {self.events:,} events, {self.duplicates:,} duplicates, {self.rejected_count:,} rejected>"

    def _repr_html_(self) -> str:
        head = f"<p>{escape(repr(self)[1:-1])}</p>"
        return head + (self.rejected.head(20).to_html(index=False, escape=True) if self.rejected_count else "")
