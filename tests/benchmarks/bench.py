"""What the questions are asked of: the same events as evkit, ClickHouse, DuckDB, polars and pandas hold them, each made once."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

import evkit as ek
from tests.benchmarks.generate import RANGE, Made
from tests.benchmarks.surroundings import cache

if TYPE_CHECKING:
    import duckdb

    from tests.benchmarks.clickhouse import ClickHouse
    from tests.benchmarks.frames import Frames

THREE = ("product_viewed", "add_to_cart", "purchase")
SIX = ("$pageview", "search", "product_viewed", "add_to_cart", "checkout_started", "purchase")
WINDOW_DAYS = 14
WINDOW = f"{WINDOW_DAYS} days"
WINDOW_MICROSECONDS = WINDOW_DAYS * 86_400_000_000
PARTED_BY = "$browser"
"""The JSON property of the warm breakdowns."""
FIRST_TIME = ("$os", "plan", "$device_type", "utm_source", "$geoip_country_code", "$lib")
"""Properties that nothing else asks for: one a turn; the last to have everything else warm."""


@dataclass(frozen=True)
class Bench:
    """A file of events, opened by everybody.

    Parameters
    ----------
    made
        The file.
    folder
        Where the others keep what they need.
    """

    made: Made
    folder: Path

    @property
    def _clickhouse_folder(self) -> Path:
        return self.folder / f"clickhouse_{self.made.rows}"

    @property
    def _native_file(self) -> Path:
        return self.folder / f"native_{self.made.rows}.duckdb"

    @property
    def path(self) -> str:
        """The Parquet file."""
        return self.made.path

    @cached_property
    def events(self) -> ek.Events:
        """The events as evkit has them, checked and with persons known, so that these aren't measured with the questions."""
        events = ek.read(self.path, timezone="UTC").between(*RANGE)
        assert events.load_report.events == self.made.rows
        _ = self._people_of(events)
        return events

    @cached_property
    def people(self) -> pa.Table:
        """The ids that are another's person: distinct_id, person_id."""
        return self._people_of(self.events)

    def _people_of(self, events: ek.Events) -> pa.Table:
        people = events.tables.person_map()
        assert people is not None
        return events.tables.arrow(people)

    @property
    def has_index(self) -> bool:
        """Whether this evkit has a journey index, and this process may use it."""
        return hasattr(self.events, "prepare") and os.environ.get("EVKIT_JOURNEYS") != "off"

    def prepare(self) -> None:
        """Build the index anew."""
        if self.has_index:
            self.events.clear_cache()  # type: ignore[attr-defined,unused-ignore]
            self.events.prepare()  # type: ignore[attr-defined,unused-ignore]

    @cached_property
    def clickhouse(self) -> ClickHouse:
        """ClickHouse, with its table and the map of persons."""
        from tests.benchmarks.clickhouse import ClickHouse

        return ClickHouse(self._clickhouse_folder, self.path, self.people)

    @cached_property
    def native(self) -> duckdb.DuckDBPyConnection:
        """DuckDB, with a table of its own."""
        from tests.benchmarks.sql import native

        return native(self._native_file, self.path)

    @cached_property
    def parquet(self) -> duckdb.DuckDBPyConnection:
        """DuckDB, which reads the Parquet file, with the map of persons."""
        from tests.benchmarks.sql import beside_parquet

        return beside_parquet(self.people, self.folder)

    @cached_property
    def frames(self) -> Frames:
        """Polars and pandas, with sorted frames."""
        from tests.benchmarks.frames import Frames

        return Frames(self.path, self.people)

    def megabytes(self) -> dict[str, float]:
        """Give what lies on disk."""
        places = {"index": cache(self.folder, self.made.rows), "MergeTree": self._clickhouse_folder, "DuckDB's tables": self._native_file}
        there = {name: [place, *place.rglob("*")] for name, place in places.items() if place.exists()}
        return {name: sum(file.stat().st_size for file in files if file.is_file()) / 1e6 for name, files in there.items()}

    def close(self) -> None:
        """Remove what the others keep on disk."""
        if "clickhouse" in self.__dict__:
            self.clickhouse.close()
        if "native" in self.__dict__:
            self.native.close()
        shutil.rmtree(self._clickhouse_folder, ignore_errors=True)
        self._native_file.unlink(missing_ok=True)
