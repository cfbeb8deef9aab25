"""Ten million events as a product would send them: skewed names, heavy and light people, a second id for every third."""

from __future__ import annotations

import time
from pathlib import Path

import duckdb

PEOPLE_PER_EVENT = 10
"""Events a person, on average."""
NAMES = (
    ("$pageview", 40),
    ("product_viewed", 8),
    ("add_to_cart", 2),
    ("purchase", 1),
    ("search", 7),
    *((f"event_{i}", 2) for i in range(20)),
)

SQL = """
COPY (
  WITH names AS (SELECT * FROM (VALUES {names}) AS t(low, high, name)),
  raw AS (
    SELECT i, hash(i) AS h, hash(i + 7919) AS g, hash(i * 3 + 1) AS k FROM range({rows}) AS r(i)
  ),
  drawn AS (
    SELECT i, h, g, k,
      CAST(CASE WHEN k % 10 < 3 THEN pow((g % 1000003) / 1000003.0, 3) * {people} * 0.05 ELSE g % {people} END AS BIGINT) AS person,
      CAST((h >> 8) % {total} AS INTEGER) AS ticket
    FROM raw
  ),
  said AS (
    SELECT drawn.*, CASE WHEN i < {people} // 3 THEN '$identify' ELSE names.name END AS event,
      CASE WHEN i < {people} // 3 THEN i * 3 ELSE person END AS who
    FROM drawn JOIN names ON ticket >= low AND ticket < high
  )
  SELECT
    format('{{:08x}}-0000-7000-8000-{{:012x}}', CAST(i AS BIGINT), CAST((h >> 20) % 281474976710656 AS BIGINT)) AS uuid,
    event,
    CASE WHEN event <> '$identify' AND who % 3 = 0 AND (k >> 5) % 3 = 0 THEN 'anon-' || who ELSE 'user-' || who END AS distinct_id,
    make_timestamp(CAST(1767225600000000 + (h % 7257600000) * 1000 AS BIGINT)) AS timestamp,
    CAST(i AS BIGINT) AS arrival,
    '{{"$current_url":"https://shop.example/p/' || (g % 5000) || '","$browser":"' || ['Chrome','Safari','Firefox','Edge'][1 + CAST(g % 4 AS INTEGER)]
      || '","$os":"' || ['Windows','Mac OS X','Linux','iOS','Android'][1 + CAST(h % 5 AS INTEGER)] || '","$session_id":"' || (k % 4000000)
      || '","$lib":"web","$device_type":"Desktop","$referring_domain":"www.search.example","$raw_user_agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)","price":' || (g % 20000) / 100.0
      || ',"plan":"' || ['free','pro','team'][1 + CAST(who % 3 AS INTEGER)] || '"'
      || CASE WHEN event = '$identify' THEN ',"$anon_distinct_id":"anon-' || who || '"' ELSE '' END || '}}' AS properties
  FROM said
) TO '{path}' (FORMAT PARQUET, COMPRESSION ZSTD)
"""


def generate(path: Path, rows: int) -> None:
    """Write a Parquet file of `rows` events; the same rows every time."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    low, parts = 0, []
    for name, weight in NAMES:
        parts.append(f"({low}, {low + weight}, '{name}')")
        low += weight
    started = time.perf_counter()
    part = path.with_suffix(".part")
    con = duckdb.connect()
    con.execute(SQL.format(names=", ".join(parts), rows=rows, people=rows // PEOPLE_PER_EVENT, total=low, path=part))
    part.rename(path)
    print(f"made {rows:,} events in {time.perf_counter() - started:.0f} s")
