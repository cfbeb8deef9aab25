"""The yardsticks in DuckDB SQL, by hand: on a table of DuckDB's own, where warm questions are asked, or on the Parquet file.

The table is what somebody who knows the questions would make: a person is a number, a name a code, a day a column, sorted by name
and time, when persons were created is known. Texts of JSON are in a table beside it, in order of time.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from tests.benchmarks.bench import WINDOW_DAYS, WINDOW_MICROSECONDS
from tests.benchmarks.generate import NAMES, RANGE

PERSON_NUMBER = "CAST(substr(distinct_id, 6) AS UINTEGER)"
"""The generator's truth, so that evkit's persons are checked as well."""
IN_RANGE = f"timestamp >= '{RANGE[0]}' AND timestamp < '{RANGE[1]}'"
FIRST_WEEK = "2025-12-28"
"""A Sunday: the week that the range begins in."""
WEEKS = 13
WEEK = f"((day - DATE '{FIRST_WEEK}') // 7)"


def native(file: Path, path: str) -> duckdb.DuckDBPyConnection:
    """Make the tables, and open them."""
    file.unlink(missing_ok=True)
    con = duckdb.connect(str(file))
    names = ", ".join(f"'{name}'" for name in NAMES)
    con.execute(f"CREATE TYPE name AS ENUM ({names})")
    columns = f"{PERSON_NUMBER} AS person, CAST(timestamp AS DATE) AS day, CAST(event AS name) AS event, timestamp AS t"
    con.execute(f"CREATE TABLE e AS SELECT {columns} FROM '{path}' ORDER BY event, t")
    con.execute(f"CREATE TABLE texts AS SELECT {columns}, properties FROM '{path}'")
    con.execute("CREATE TABLE persons AS SELECT person, min(t) AS created_at FROM e GROUP BY person")
    con.execute("CHECKPOINT")
    return con


def beside_parquet(people: pa.Table, folder: Path) -> duckdb.DuckDBPyConnection:
    """Open an engine with the map of persons."""
    con = duckdb.connect(config={"temp_directory": str(folder / "spilled")})
    con.register("given", people)
    con.execute("CREATE TABLE map AS SELECT * FROM given")
    return con


def with_people(path: str, columns: str) -> str:
    """Give the events of the Parquet file with their persons, p."""
    return f"SELECT coalesce(m.person_id, e.distinct_id) AS p, {columns} FROM '{path}' e LEFT JOIN map m ON e.distinct_id = m.distinct_id"


# ---------------------------------------------------------------------- funnels
def chain(path: str, steps: Sequence[str]) -> str:
    """Ask a funnel of the Parquet file step by step: those who got so far and the next step together, one running maximum, a filter.

    Source: the pairwise chain, the quickest of the ways that all engines know.
    """
    rows = f"{with_people(path, 'epoch_us(e.timestamp) AS t, e.event AS event')} WHERE e.event IN {tuple(steps)} AND {IN_RANGE}"
    parts = [f"e AS MATERIALIZED ({rows})", f"s1 AS (SELECT p, t, t AS began FROM e WHERE event = '{steps[0]}')"]
    for number, name in enumerate(steps[1:], 2):
        both = f"SELECT p, t, began, 0 AS k FROM s{number - 1} UNION ALL SELECT p, t, NULL, 1 FROM e WHERE event = '{name}'"
        newest = "max(began) OVER (PARTITION BY p ORDER BY t, k ROWS UNBOUNDED PRECEDING)"
        kept = f"k = 1 AND last >= t - {WINDOW_MICROSECONDS}"
        parts.append(f"s{number} AS (SELECT p, t, last AS began FROM (SELECT p, t, k, {newest} AS last FROM ({both})) WHERE {kept})")
    counted = ", ".join(f"(SELECT count(DISTINCT p) FROM s{number})" for number in range(1, len(steps) + 1))
    return f"WITH {', '.join(parts)} SELECT {counted}"


def strict(steps: Sequence[str]) -> str:
    """Ask a strict funnel of three steps: nothing between them, but that a step may be done again before the next.

    Of a first step that is done several times in a row the last counts, of later ones the first.
    """
    a, b, c = steps
    within = f"INTERVAL {WINDOW_DAYS} DAY"
    return f"""
    WITH d AS (
      SELECT person, t, event, lag(event) OVER w AS before, lead(event) OVER w AS after FROM e WINDOW w AS (PARTITION BY person ORDER BY t)
    ), n AS (
      SELECT person, event = '{a}' AS first, lead(event) OVER w = '{b}' AND lead(t) OVER w - t <= {within} AS second,
        lead(event, 2) OVER w = '{c}' AND lead(t, 2) OVER w - t <= {within} AS third
      FROM d WHERE event IS DISTINCT FROM (CASE WHEN event = '{a}' THEN after ELSE before END)
      WINDOW w AS (PARTITION BY person ORDER BY t)
    )
    SELECT count(DISTINCT person), count(DISTINCT person) FILTER (second), count(DISTINCT person) FILTER (second AND third)
    FROM n WHERE first
    """


def unordered(steps: Sequence[str]) -> str:
    """Ask an unordered funnel: the most different steps that a person did within the window after one of them."""
    done = " + ".join(f"CAST(count(*) FILTER (event = '{name}') OVER w > 0 AS INTEGER)" for name in steps)
    counted = ", ".join(f"count(*) FILTER (level >= {number})" for number in range(1, len(steps) + 1))
    return f"""
    WITH n AS (
      SELECT person, {done} AS done FROM e WHERE event IN {tuple(steps)}
      WINDOW w AS (PARTITION BY person ORDER BY t RANGE BETWEEN CURRENT ROW AND INTERVAL {WINDOW_DAYS} DAY FOLLOWING)
    ), p AS (SELECT person, max(done) AS level FROM n GROUP BY person)
    SELECT {counted} FROM p
    """


def by_first_touch(steps: Sequence[str], key: str) -> str:
    """Ask a funnel of three steps, parted by the property of each person's first event that is a step."""
    a, b, c = steps
    window = f"INTERVAL {WINDOW_DAYS} DAY"
    return f"""
    WITH s AS (SELECT person, t, event, {text(key)} AS said FROM texts WHERE event IN {tuple(steps)}),
    m AS (SELECT *, max(t) FILTER (event = '{a}') OVER w AS t1 FROM s WINDOW w AS (PARTITION BY person ORDER BY t)),
    n AS (SELECT *, max(t1) FILTER (event = '{b}' AND t1 >= t - {window}) OVER w AS t2 FROM m WINDOW w AS (PARTITION BY person ORDER BY t)),
    o AS (
      SELECT person, arg_min(said, t) AS value, max(CASE WHEN event = '{c}' AND t2 >= t - {window} THEN 3
        WHEN event = '{b}' AND t1 >= t - {window} THEN 2 WHEN event = '{a}' THEN 1 ELSE 0 END) AS level
      FROM n GROUP BY person
    )
    SELECT value, count(*) FILTER (level >= 1), count(*) FILTER (level >= 2), count(*) FILTER (level >= 3)
    FROM o WHERE level > 0 GROUP BY value
    """


def walked(steps: Sequence[str], excluded: str) -> str:
    """Give the events of a funnel and of its exclusion, by person and time: person, microseconds, name."""
    return f"SELECT person, epoch_us(t), CAST(event AS VARCHAR) FROM e WHERE event IN {(*steps, excluded)} ORDER BY person, t"


# ---------------------------------------------------------------------- properties
def text(key: str) -> str:
    """Give the SQL that reads a property."""
    return f"json_extract_string(properties, '$.\"{key}\"')"


def by_property(source: str, key: str) -> str:
    """Count pageviews a day and value of a property, in `texts` or in a Parquet file."""
    day = "day" if source == "texts" else "CAST(timestamp AS DATE)"
    table = source if source == "texts" else f"'{source}'"
    return f"SELECT {day} AS d, {text(key)} AS said, count(*) FROM {table} WHERE event = '$pageview' GROUP BY ALL"


# ---------------------------------------------------------------------- over weeks and days
def retention(start: str, back: str) -> tuple[str, str]:
    """Ask who comes back in which of eight weeks, in two ways: a bit a week, or distinct weeks and a join. Week, interval, persons."""
    asked = f"bit_or(CASE WHEN event = '{start}' THEN 1 << {WEEK} ELSE 0 END) AS a"
    came = f"bit_or(CASE WHEN event = '{back}' THEN 1 << {WEEK} ELSE 0 END) AS r"
    bits = f"""
    WITH p AS (SELECT person, {asked}, {came} FROM e WHERE event IN ('{start}', '{back}') GROUP BY person),
    q AS (SELECT w, ((r >> w) & 254) | 1 AS m, count(*) AS n FROM p, range({WEEKS}) x(w) WHERE (a >> w) & 1 = 1 GROUP BY ALL)
    SELECT w, i, sum(n) FROM q, range(8) y(i) WHERE (m >> i) & 1 = 1 GROUP BY ALL
    """
    joined = f"""
    WITH a AS (SELECT DISTINCT person, {WEEK} AS w FROM e WHERE event = '{start}'),
    r AS (SELECT DISTINCT person, {WEEK} AS w FROM e WHERE event = '{back}')
    SELECT w, 0, count(*) FROM a GROUP BY ALL UNION ALL
    SELECT a.w, r.w - a.w AS i, count(*) FROM a JOIN r ON a.person = r.person AND r.w > a.w AND r.w < a.w + 8 GROUP BY ALL
    """
    return bits, joined


def lifecycle(name: str) -> tuple[str, str]:
    """Ask who is new, comes back and stays away by week, in two ways: a bit a week, or the weeks before and after. Week, status, persons."""
    born = f"((CAST(created_at AS DATE) - DATE '{FIRST_WEEK}') // 7)"
    bits = f"""
    WITH p AS (SELECT person, bit_or(1 << {WEEK}) AS a FROM e WHERE event = '{name}' GROUP BY person),
    g AS (SELECT a, {born} AS c, count(*) AS n FROM p JOIN persons USING (person) GROUP BY ALL),
    s AS (
      SELECT w, n, (a >> (w + 1)) & 1 = 0 AS ends, CASE WHEN a & ((1 << w) - 1) = 0 AND c = w THEN 'new'
        WHEN w > 0 AND (a >> (w - 1)) & 1 = 1 THEN 'returning' ELSE 'resurrecting' END AS status
      FROM g, range({WEEKS}) r(w) WHERE (a >> w) & 1 = 1
    )
    SELECT w, status, sum(n) FROM s GROUP BY ALL UNION ALL SELECT w + 1, 'dormant', -sum(n) FROM s WHERE ends AND w < {WEEKS - 1} GROUP BY ALL
    """
    lagged = f"""
    WITH a AS (SELECT DISTINCT person, {WEEK} AS w FROM e WHERE event = '{name}'),
    n AS (SELECT person, w, lag(w) OVER o AS before, lead(w) OVER o AS after FROM a WINDOW o AS (PARTITION BY person ORDER BY w)),
    s AS (
      SELECT w, after IS NULL OR after <> w + 1 AS ends, CASE WHEN before IS NULL AND {born} = w THEN 'new'
        WHEN before = w - 1 THEN 'returning' ELSE 'resurrecting' END AS status
      FROM n JOIN persons USING (person)
    )
    SELECT w, status, count(*) FROM s GROUP BY ALL UNION ALL SELECT w + 1, 'dormant', -count(*) FROM s WHERE ends AND w < {WEEKS - 1} GROUP BY ALL
    """
    return bits, lagged


def stickiness(name: str) -> tuple[str, str]:
    """Ask on how many days people do something, in two ways: a bit a day, or distinct days. Days, persons."""
    bits = f"bit_count(bit_or(CAST(1 AS HUGEINT) << (day - DATE '{RANGE[0]}')))"
    counted = "SELECT k, count(*) FROM (SELECT person, {} AS k FROM e WHERE event = '{}' GROUP BY person) GROUP BY k"
    return counted.format(bits, name), counted.format("count(DISTINCT day)", name)


def paths() -> str:
    """Ask the ways through custom events in sessions. Step, source, target, how often, microseconds in all; the fifty most frequent.

    An event alone in its session is no way to anywhere: such are left out before anything is sorted again.
    """
    pause = "INTERVAL 30 MINUTE"
    return f"""
    WITH a AS (
      SELECT person, t, event, coalesce(t - lag(t) OVER w >= {pause}, true) AS begins, coalesce(lead(t) OVER w - t >= {pause}, true) AS ends,
        lead(event) OVER w AS after
      FROM e WHERE event NOT IN ('$pageview', '$identify') WINDOW w AS (PARTITION BY person ORDER BY t)
    ),
    s AS (
      SELECT person, t, event, after, ends, sum(CAST(begins AS INTEGER)) OVER (PARTITION BY person ORDER BY t ROWS UNBOUNDED PRECEDING) AS s
      FROM a WHERE NOT (begins AND ends)
    ),
    n AS (
      SELECT row_number() OVER w AS i, event, lag(event) OVER w AS source, epoch_us(t) - epoch_us(lag(t) OVER w) AS took
      FROM s WHERE ends OR event <> after WINDOW w AS (PARTITION BY person, s ORDER BY t)
    ),
    c AS (
      SELECT i - 1 AS step, CAST(source AS VARCHAR) AS source, CAST(event AS VARCHAR) AS target, count(*) AS n, sum(took) AS took
      FROM n WHERE i BETWEEN 2 AND 5 GROUP BY ALL
    )
    SELECT step, source, target, n, took FROM c ORDER BY n DESC, step || '_' || source, (step + 1) || '_' || target LIMIT 50
    """


# ---------------------------------------------------------------------- the index
def sorted_into(target: Path, path: str) -> str:
    """Sort what the index holds by person and time into a Parquet file, not compressed: the quickest."""
    rows = with_people(path, "e.timestamp, e.event, e.arrival")
    return f"COPY ({rows} ORDER BY p, timestamp, arrival) TO '{target}' (FORMAT PARQUET, COMPRESSION UNCOMPRESSED)"
