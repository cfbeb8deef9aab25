"""The same questions in polars and pandas: on frames that are sorted by person and time once, or from the Parquet file each time.

On a sorted frame no grouping is needed: what was last is filled forward over all rows, and counts if it is the same person's. That is as
quick as we could write them; `group_by` and `over` take several times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any, Literal, get_args

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

from tests.benchmarks.bench import WINDOW_MICROSECONDS
from tests.benchmarks.generate import BEGIN_MICROSECONDS, NAMES
from tests.benchmarks.sql import PERSON_NUMBER

VIEW = "$pageview"
Engine = Literal["in-memory", "streaming"]
ENGINES: tuple[Engine, ...] = get_args(Engine)
SORTED = f"SELECT {PERSON_NUMBER} AS person, epoch_us(timestamp) AS t, event FROM '{{}}' ORDER BY person, t"
DAY = 86_400_000_000
DAY_OF = f"CAST((t - {BEGIN_MICROSECONDS}) // {DAY} AS INTEGER)"


class Frames:
    """Polars and pandas with the events.

    Parameters
    ----------
    path
        The Parquet file.
    people
        The ids that are another's person: distinct_id, person_id.
    """

    def __init__(self, path: str, people: pa.Table) -> None:
        self._path = path
        self._people = people

    @cached_property
    def _arrow(self) -> pa.Table:
        with duckdb.connect() as con:
            names = ", ".join(f"'{name}'" for name in NAMES)
            con.execute(f"CREATE TYPE name AS ENUM ({names})")
            rows = f"SELECT person, t, {DAY_OF} AS day, CAST(event AS name) AS event FROM ({SORTED.format(self._path)})"
            return con.execute(rows).to_arrow_table()

    @cached_property
    def polars(self) -> pl.DataFrame:
        """Person, t, day, event (an enum), sorted by person and time."""
        frame = pl.from_arrow(self._arrow)
        assert isinstance(frame, pl.DataFrame)
        return frame.with_columns(pl.col("event").cast(pl.Enum(NAMES))).rechunk()

    @cached_property
    def pandas(self) -> pd.DataFrame:
        """Person, t, day, event (categorical), sorted by person and time."""
        rows = self._arrow.combine_chunks()
        event = pd.Categorical(rows["event"].to_pandas(), categories=list(NAMES))
        return pd.DataFrame({**{name: rows[name].to_numpy() for name in ("person", "t", "day")}, "event": event})

    # ------------------------------------------------------------------ polars
    def polars_funnel(self, steps: Sequence[str]) -> list[int]:
        """Ask an ordered funnel of the sorted frame; how many get to each step."""
        return polars_walk(self.polars.lazy().filter(pl.col("event").is_in(list(steps))), steps)

    def polars_dau(self) -> dict[int, int]:
        """Count those who view pages, a day: rows whose person or day is another than that of the row before."""
        seen = self.polars.lazy().filter(pl.col("event") == VIEW).select("person", "day")
        new = (pl.col("person") != pl.col("person").shift()) | (pl.col("day") != pl.col("day").shift())
        counted = seen.filter(new.fill_null(True)).group_by("day").len().collect()
        return dict(zip(counted["day"].to_list(), counted["len"].to_list(), strict=True))

    def _scanned(self, names: Sequence[str]) -> pl.LazyFrame:
        people = pl.from_arrow(self._people)
        assert isinstance(people, pl.DataFrame)
        rows = pl.scan_parquet(self._path).select("distinct_id", "event", t=pl.col("timestamp").cast(pl.Int64))
        joined = rows.filter(pl.col("event").is_in(list(names))).join(people.lazy(), on="distinct_id", how="left")
        return joined.select("event", "t", person=pl.coalesce("person_id", "distinct_id"))

    def polars_funnel_of_parquet(self, steps: Sequence[str]) -> list[int]:
        """Ask an ordered funnel of the Parquet file."""
        return polars_walk(self._scanned(steps).sort("person", "t"), steps)

    def polars_dau_of_parquet(self, engine: Engine = "in-memory") -> dict[int, int]:
        """Count those who view pages, a day, in the Parquet file."""
        days = self._scanned([VIEW]).select("person", day=(pl.col("t") - BEGIN_MICROSECONDS) // DAY)
        counted = days.group_by("day").agg(n=pl.col("person").n_unique()).collect(engine=engine)
        return dict(zip(counted["day"].to_list(), counted["n"].to_list(), strict=True))

    def dau_of_parquet(self, who: str) -> list[Callable[[], dict[int, int]]]:
        """Give the ways to count those who view pages, a day, in the Parquet file: polars has two engines."""
        if who == "pandas":
            return [self.pandas_dau_of_parquet]
        return [partial(self.polars_dau_of_parquet, engine) for engine in ENGINES]

    # ------------------------------------------------------------------ pandas
    def pandas_funnel(self, steps: Sequence[str]) -> list[int]:
        """Ask an ordered funnel of the sorted frame; how many get to each step."""
        frame = self.pandas
        codes = frame.event.cat.codes.to_numpy()
        wanted = frame.event.cat.categories.get_indexer(list(steps))
        rows = np.flatnonzero(np.isin(codes, wanted))
        return numpy_walk(frame.person.to_numpy()[rows], frame.t.to_numpy()[rows], codes[rows], wanted)

    def pandas_dau(self) -> dict[int, int]:
        """Count those who view pages, a day: rows whose person or day is another than that of the row before."""
        seen = self.pandas.loc[self.pandas.event == VIEW, ["person", "day"]]
        new = (seen.person != seen.person.shift()) | (seen.day != seen.day.shift())
        return dict(seen.day[new].value_counts())

    def _read(self, names: Sequence[str]) -> pd.DataFrame:
        filters = [("event", "in", list(names))]
        rows = pd.read_parquet(self._path, columns=["distinct_id", "event", "timestamp"], filters=filters)
        people = self._people.to_pandas().set_index("distinct_id").person_id
        person = rows.distinct_id.map(people).fillna(rows.distinct_id)
        return pd.DataFrame({"person": pd.factorize(person)[0], "t": rows.timestamp.astype("int64"), "event": rows.event})

    def pandas_funnel_of_parquet(self, steps: Sequence[str]) -> list[int]:
        """Ask an ordered funnel of the Parquet file."""
        rows = self._read(steps)
        order = np.lexsort((rows.t.to_numpy(), rows.person.to_numpy()))
        codes = pd.Categorical(rows.event, categories=list(steps)).codes[order]
        return numpy_walk(rows.person.to_numpy()[order], rows.t.to_numpy()[order], codes, np.arange(len(steps)))

    def pandas_dau_of_parquet(self) -> dict[int, int]:
        """Count those who view pages, a day, in the Parquet file."""
        rows = self._read([VIEW])
        pairs = pd.DataFrame({"person": rows.person, "day": (rows.t - BEGIN_MICROSECONDS) // DAY}).drop_duplicates()
        return dict(pairs.day.value_counts())


def polars_walk(rows: pl.LazyFrame, steps: Sequence[str]) -> list[int]:
    """Take everybody through a funnel: at each event of a step, when the newest chain up to the step before began."""
    is_step = [pl.col("event") == name for name in steps]
    rows = rows.with_columns(began_0=pl.when(is_step[0]).then("t"))
    for number in range(1, len(steps)):
        last = pl.col(f"began_{number - 1}")
        began, whose = last.forward_fill(), pl.when(last.is_not_null()).then("person").forward_fill()
        moves = is_step[number] & (whose == pl.col("person")) & (pl.col("t") - began <= WINDOW_MICROSECONDS)
        rows = rows.with_columns(pl.when(moves).then(began).alias(f"began_{number}"))
    done = [pl.col("person").filter(pl.col(f"began_{n}").is_not_null()).rle().len().alias(str(n)) for n in range(len(steps))]
    return list(rows.select(done).collect().row(0))


def numpy_walk(person: np.ndarray, t: np.ndarray, event: np.ndarray, steps: np.ndarray) -> list[int]:
    """Take everybody through a funnel, rows sorted by person and time: the same with arrays."""
    place = np.arange(len(person))
    began = np.where(event == steps[0], t, -1)
    found = [changes(person[began >= 0])]
    for step in steps[1:]:
        last = np.maximum.accumulate(np.where(began >= 0, place, -1))
        at = np.flatnonzero((event == step) & (last >= 0))
        before = last[at]
        kept = (person[before] == person[at]) & (t[at] - began[before] <= WINDOW_MICROSECONDS)
        chains: np.ndarray[Any, Any] = np.full(len(person), -1, np.int64)
        chains[at[kept]] = began[before[kept]]
        began = chains
        found.append(changes(person[began >= 0]))
    return found


def changes(values: np.ndarray) -> int:
    """Count the different values of a sorted array."""
    return int(np.count_nonzero(values[1:] != values[:-1])) + 1 if len(values) else 0
