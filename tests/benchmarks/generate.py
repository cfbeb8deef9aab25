"""Events as a product would send them: skewed names, heavy and light people, a second id for every third, 300 bytes of JSON each.

They arrive in order of time, no two at one time: then windowFunnel's rules and PostHog's agree on funnels of distinct steps.
"""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

VERSION = 2
"""In the names of the files, so that those of another generator are never taken for these."""
PEOPLE = 1_000_000
PEOPLE_PER_EVENT = 10
"""Fewer people where there are fewer than ten events for each."""
BEGIN_MICROSECONDS = 1_767_225_600_000_000
DAYS = 84
RANGE = ("2026-01-01", "2026-03-26")
"""All of the data: from the first day on, up to and without the second."""
NAMED = {"$pageview": 400, "search": 50, "product_viewed": 80, "add_to_cart": 20, "checkout_started": 10, "purchase": 10}
"""Events of the funnels, and how often of a thousand each is drawn."""
OTHERS = {f"event_{i}": max(115 // (i + 1), 5) for i in range(23)}
NAMES = (*NAMED, *OTHERS, "$identify")
"""Thirty; the last comes once for each person with two ids."""
BYTES_PER_EVENT = {"full": 46, "slim": 38}
"""Of compressed Parquet, about; of slim events, whose properties are only those that questions read."""

SQL = """
COPY (
  WITH raw AS (SELECT i, hash(i) AS h, hash(i + 7919) AS g, hash(i * 3 + 1) AS k FROM range({rows}) AS r(i)),
  drawn AS (
    SELECT i, h, g, k, i % {every} = 0 AND (i // {every}) * 3 < {people} AS identifies, CAST((h >> 8) % {total} AS INTEGER) AS ticket,
      CAST(CASE WHEN k % 10 < 3 THEN pow((g % 1000003) / 1000003.0, 3) * {people} * 0.05 ELSE g % {people} END AS BIGINT) AS person
    FROM raw
  ),
  said AS (
    SELECT i, h, g, k, CASE WHEN identifies THEN '$identify' ELSE {names} END AS event,
      CASE WHEN identifies THEN (i // {every}) * 3 ELSE person END AS who
    FROM drawn
  )
  SELECT
    format('{{:08x}}-0000-7000-8000-{{:012x}}', CAST(i AS BIGINT), CAST((h >> 20) % 281474976710656 AS BIGINT)) AS uuid,
    event,
    CASE WHEN event <> '$identify' AND who % 3 = 0 AND (k >> 5) % 3 = 0 THEN 'anon-' || who ELSE 'user-' || who END AS distinct_id,
    make_timestamp(CAST({begin} + i * {step} + CAST(k >> 16 AS BIGINT) % {step} AS BIGINT)) AS timestamp,
    CAST(i AS BIGINT) AS arrival,
    '{{"$browser":"' || ['Chrome', 'Safari', 'Firefox', 'Edge'][1 + CAST(g % 4 AS INTEGER)]
      || '","$os":"' || ['Windows', 'Mac OS X', 'Linux', 'iOS', 'Android'][1 + CAST(h % 5 AS INTEGER)]
      || '","$session_id":"' || (k % {sessions}) || '","price":' || (g % 20000) / 100.0
      || ',"plan":"' || ['free', 'pro', 'team'][1 + CAST(who % 3 AS INTEGER)]
      || '","$device_type":"' || ['Desktop', 'Mobile', 'Tablet'][1 + CAST((h >> 5) % 3 AS INTEGER)]
      || '","utm_source":"' || ['newsletter', 'search', 'partner', 'social'][1 + CAST((g >> 7) % 4 AS INTEGER)]
      || '","$geoip_country_code":"' || ['DE', 'FR', 'US', 'IN', 'BR', 'JP'][1 + CAST((k >> 9) % 6 AS INTEGER)] || '"'
      || {more}
      || CASE WHEN event = '$identify' THEN ',"$anon_distinct_id":"anon-' || who || '"' ELSE '' END || '}}' AS properties
  FROM said
) TO '{path}' (FORMAT PARQUET, COMPRESSION ZSTD)
"""
MORE = {
    "full": """',"$lib":"web","$current_url":"https://shop.example/p/' || (g % 5000) || '","$raw_user_agent":"Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/146.0"'""",
    "slim": """',"$lib":"web"'""",
}


@dataclass(frozen=True)
class Made:
    """A file of events: where it is, how many, how it was made.

    Parameters
    ----------
    megabytes
        On disk.
    seconds
        How long it took to make.
    json_bytes
        Of an event's properties, on average.
    kind
        "full", or "slim" where the disk was too small for that.
    """

    path: str
    rows: int
    people: int
    megabytes: float
    seconds: float
    json_bytes: float
    kind: str

    def __str__(self) -> str:
        """Say it in a line."""
        return (
            f"{self.rows:,} events of {self.people:,} people, {len(NAMES)} names, {self.json_bytes:.0f} bytes of JSON each"
            f"{' (slim: the disk is too small for more)' if self.kind == 'slim' else ''}; "
            f"{self.megabytes:,.0f} MB of Parquet, made in {self.seconds:.0f} s"
        )


def people_of(rows: int) -> int:
    """Give how many people do so many events."""
    return min(PEOPLE, rows // PEOPLE_PER_EVENT)


def generate(folder: Path, rows: int) -> Made:
    """Write a Parquet file of `rows` events in a folder, in bounded memory, unless it is there; the same rows every time."""
    path = folder / f"events_v{VERSION}_{rows}.parquet"
    about = path.with_suffix(".json")
    if path.exists() and about.exists():
        return Made(**{**json.loads(about.read_text()), "path": str(path)})
    folder.mkdir(parents=True, exist_ok=True)
    kind = "full" if shutil.disk_usage(folder).free > 4 * rows * BYTES_PER_EVENT["full"] else "slim"
    started = time.perf_counter()
    part = path.with_suffix(".part.parquet")
    with duckdb.connect(config={"memory_limit": "2GB", "temp_directory": str(folder / "spilled")}) as con:
        con.execute(query(part, rows, kind))
        seconds = time.perf_counter() - started
        said = checked(con, part, rows)
    part.rename(path)
    made = Made(str(path), rows, people_of(rows), path.stat().st_size / 1e6, seconds, said, kind)
    about.write_text(json.dumps({**asdict(made), "path": path.name}))
    return made


def query(path: Path, rows: int, kind: str) -> str:
    """Give the SQL that writes the events."""
    total, parts = 0, []
    for name, weight in {**NAMED, **OTHERS}.items():
        total += weight
        parts.append(f"WHEN ticket < {total} THEN '{name}'")
    people = people_of(rows)
    step = DAYS * 86_400_000_000 // rows
    return SQL.format(
        names=f"CASE {' '.join(parts)} END", rows=rows, total=total, people=people, every=rows // -(-people // 3), begin=BEGIN_MICROSECONDS, step=step,
        sessions=max(rows * 2 // 5, 1), path=path, more=MORE[kind],
    )  # fmt: skip


def checked(con: duckdb.DuckDBPyConnection, path: Path, rows: int) -> float:
    """Check what the benchmarks rely on: no two events at one time, all names and days there; give the bytes of an event's properties."""
    late = f"SELECT count(*) FROM (SELECT timestamp <= lag(timestamp) OVER () AS late FROM '{path}') WHERE late"
    (wrong,) = con.execute(late).fetchall()[0]
    assert wrong == 0, f"{wrong} events are not later than the one before: times must be unique for each person"
    about = (
        "SELECT count(*), count(DISTINCT event), min(timestamp) >= $low::TIMESTAMP AND max(timestamp) < $high::TIMESTAMP, "
        f"avg(strlen(properties)) FROM '{path}'"
    )
    count, names, inside, size = con.execute(about, {"low": RANGE[0], "high": RANGE[1]}).fetchall()[0]
    assert (count, names, inside) == (rows, len(NAMES), True), (count, names, inside)
    return float(size)
