"""ClickHouse in this process (chdb): windowFunnel and daily figures, on its best table and on the Parquet file."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from chdb.session import Session

from tests.benchmarks.bench import WINDOW_MICROSECONDS
from tests.benchmarks.generate import RANGE

MICROSECONDS = "toUInt64(toUnixTimestamp64Micro(timestamp))"
IN_RANGE = f"timestamp >= '{RANGE[0]} 00:00:00' AND timestamp < '{RANGE[1]} 00:00:00'"
TABLE = """
CREATE TABLE b.events (person UInt32, day Date, event LowCardinality(String), t UInt64) ENGINE = MergeTree ORDER BY (day, event, person)
"""
"""The best of those tried: a person is a number, so nothing is joined; names in an enum, other orders and uncompressed caches gained
nothing at a million events."""
FILL = """
INSERT INTO b.events SELECT toUInt32(substring(assumeNotNull(distinct_id), 6)), toDate(timestamp), event, {t} FROM file('{path}', Parquet)
"""
"""Persons by their numbers in their ids: what the generator knows, so that evkit's persons are checked as well."""
LEVELS = "SELECT level, count() FROM ({}) GROUP BY level ORDER BY level"


class ClickHouse:
    """A session of ClickHouse; there can be one in a process.

    Parameters
    ----------
    folder
        Where its tables are; emptied first.
    path
        The Parquet file.
    people
        The ids that are another's person: distinct_id, person_id.
    """

    def __init__(self, folder: Path, path: str, people: pa.Table) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._path = path
        self._session = Session(str(folder))
        self._filled = False
        self.run("CREATE DATABASE b")
        given = folder / "people.parquet"
        pq.write_table(people, given)
        self.run("CREATE TABLE b.people (distinct_id String, person_id String) ENGINE = Memory")
        self.run(f"INSERT INTO b.people SELECT * FROM file('{given}', Parquet)")

    def run(self, sql: str) -> str:
        """Run SQL; give its rows as CSV."""
        return str(self._session.query(sql, "CSV"))

    def on_table(self, sql: str) -> str:
        """Run SQL that reads the table, which is filled first."""
        if not self._filled:
            self.run(TABLE)
            self.run(FILL.format(t=MICROSECONDS, path=self._path))
            self.run("OPTIMIZE TABLE b.events FINAL")
            self._filled = True
        return self.run(sql)

    def close(self) -> None:
        """End the session."""
        self._session.close()

    # ------------------------------------------------------------------ questions
    def funnel(self, steps: Sequence[str]) -> str:
        """Ask a funnel of the table: how many got to each level and no further."""
        inner = f"SELECT person, {window_funnel('t', steps)} FROM b.events WHERE event IN {tuple(steps)} GROUP BY person"
        return self.on_table(LEVELS.format(inner))

    def funnel_of_parquet(self, steps: Sequence[str]) -> str:
        """Ask a funnel of the Parquet file, persons by the map."""
        person = "if(m.person_id = '', assumeNotNull(e.distinct_id), m.person_id) AS p"
        inner = (
            f"SELECT {person}, {window_funnel(MICROSECONDS, steps)} FROM file('{self._path}', Parquet) e "
            f"LEFT ANY JOIN b.people m ON e.distinct_id = m.distinct_id WHERE event IN {tuple(steps)} AND {IN_RANGE} GROUP BY p"
        )
        return self.run(LEVELS.format(inner))

    def count(self) -> str:
        """Count pageviews a day."""
        return self.on_table("SELECT day, count() FROM b.events WHERE event = '$pageview' GROUP BY day ORDER BY day")

    def dau(self, how: str) -> str:
        """Count those who viewed pages, a day, by an exact aggregate: uniqExact or groupBitmap."""
        return self.on_table(f"SELECT day, {how}(person) FROM b.events WHERE event = '$pageview' GROUP BY day ORDER BY day")


def window_funnel(t: str, steps: Sequence[str]) -> str:
    """Give the SQL of windowFunnel."""
    tests = ", ".join(f"event = '{name}'" for name in steps)
    return f"windowFunnel({WINDOW_MICROSECONDS})({t}, {tests}) AS level"
