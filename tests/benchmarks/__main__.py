"""The benchmarks: evkit beside hand-written SQL and beside ClickHouse's windowFunnel, on the same file, in one run.

``make bench``, or ``python -m tests.benchmarks --rows 1000000``. Each figure is the median of several turns, taken in
alternation; what is compared is the ratio. Peak memory is that of a process that only runs evkit.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks import ingest, questions
from tests.benchmarks.generate import generate

ROOT = Path(__file__).resolve().parents[2]
FUNNEL = ("product_viewed", "add_to_cart", "purchase")
TURNS = 5
RANGE = ("2026-01-01", "2026-03-26")


def seconds(run: Callable[[], Any]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def alternated(a: Callable[[], Any], b: Callable[[], Any], turns: int = TURNS) -> tuple[float, float]:
    """Run both in alternation, once to warm up; give the medians."""
    a(), b()
    taken = [(seconds(a), seconds(b)) for _ in range(turns)]
    return statistics.median(t for t, _ in taken), statistics.median(t for _, t in taken)


def evkit_alone(path: str) -> None:
    """Open, check, replay, ask; print the seconds of each and the peak memory: run in a process of its own."""
    import evkit as ek

    found: dict[str, Any] = {}
    started = time.perf_counter()
    events = ek.read(path, timezone="UTC").between(*RANGE)
    found["open"] = time.perf_counter() - started
    found["check"] = seconds(lambda: events.load_report)
    found["identity"] = seconds(lambda: events.tables.person_map())
    found["daily count"] = seconds(lambda: events.trends("$pageview").to_pandas())
    found["daily people"] = seconds(lambda: events.trends(ek.series("$pageview", math="dau")).to_pandas())
    found["funnel"] = seconds(lambda: events.funnel(*FUNNEL, window="14 days").to_pandas())
    found["peak GB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps(found))


def compare_trends(path: Path) -> None:
    """Daily count and daily people, beside the same SQL written by hand."""
    import duckdb

    import evkit as ek

    events = ek.read(path, timezone="UTC").between(*RANGE)
    _ = events.load_report
    people = events.tables.person_map()
    assert people is not None
    con = duckdb.connect()
    con.register("given", events.tables.arrow(people))
    con.execute("CREATE TABLE map AS SELECT * FROM given")
    count = f"SELECT date_trunc('day', timestamp) AS d, count(*) FROM '{path}' WHERE event = '$pageview' AND timestamp >= '{RANGE[0]}' AND timestamp < '{RANGE[1]}' GROUP BY 1 ORDER BY 1"
    dau = (
        f"SELECT date_trunc('day', timestamp) AS d, count(DISTINCT coalesce(m.person_id, e.distinct_id)) FROM '{path}' e "
        f"LEFT JOIN map m ON e.distinct_id = m.distinct_id WHERE event = '$pageview' AND timestamp >= '{RANGE[0]}' AND timestamp < '{RANGE[1]}' GROUP BY 1 ORDER BY 1"
    )
    for name, sql, ask in (
        ("daily count", count, lambda: events.trends("$pageview").to_pandas()),
        ("daily people", dau, lambda: events.trends(ek.series("$pageview", math="dau")).to_pandas()),
    ):
        assert [float(n) for _, n in con.execute(sql).fetchall()] == ask().value.tolist()
        ours, theirs = alternated(ask, lambda sql=sql: con.execute(sql).fetchall())
        print(f"{name:<28} evkit {ours:6.2f} s   DuckDB SQL {theirs:6.2f} s   ratio {ours / theirs:5.2f}  (goal 1.5)")


def compare_funnel(path: Path) -> None:
    """A funnel of three steps, beside ClickHouse's windowFunnel on the same Parquet and the same map of persons."""
    import chdb
    import pyarrow.parquet as pq

    import evkit as ek

    events = ek.read(path, timezone="UTC").between(*RANGE)
    _ = events.load_report
    people = events.tables.person_map()
    assert people is not None
    map_path = path.with_name("map.parquet")
    pq.write_table(events.tables.arrow(people), map_path)
    steps = ", ".join(f"event = '{name}'" for name in FUNNEL)
    window = int(dt.timedelta(days=14).total_seconds() * 1_000_000)
    sql = (
        f"SELECT level, count() FROM (SELECT coalesce(m.person_id, e.distinct_id) AS p, windowFunnel({window})(toUInt64(toUnixTimestamp64Micro(timestamp)), {steps}) AS level "
        f"FROM file('{path}', Parquet) e LEFT JOIN file('{map_path}', Parquet) m ON e.distinct_id = m.distinct_id "
        f"WHERE event IN {FUNNEL} AND timestamp >= '{RANGE[0]} 00:00:00' AND timestamp < '{RANGE[1]} 00:00:00' GROUP BY p) GROUP BY level ORDER BY level"
    )
    session = chdb.session.Session()
    asked = lambda: str(session.query(sql, "CSV"))  # noqa: E731
    levels = dict(tuple(map(int, line.split(","))) for line in asked().split())
    reached = [sum(n for level, n in levels.items() if level >= step) for step in range(1, len(FUNNEL) + 1)]
    ask = lambda: events.funnel(*FUNNEL, window="14 days").to_pandas()  # noqa: E731
    assert ask()["count"].tolist() == reached, (ask()["count"].tolist(), reached)
    ours, theirs = alternated(ask, asked)
    print(f"{'funnel of 3 steps':<28} evkit {ours:6.2f} s   windowFunnel {theirs:6.2f} s   ratio {ours / theirs:5.2f}  (goal 1.5)")


def compare_questions(path: Path) -> None:
    """Every kind of funnel beside the ordered one, every kind of trend beside SQL by hand; print the peak memory."""
    import evkit as ek

    events = ek.read(path, timezone="UTC").between(*RANGE)
    _ = events.load_report
    con = questions.connection(events)
    kinds = questions.funnels(events)
    base = kinds.pop("ordered")
    for name, ask in kinds.items():
        ours, theirs = alternated(ask, base, turns=3)
        goal = "" if name == "correlation" else "  (goal 4)"
        print(f"{'funnel ' + name:<28} evkit {ours:6.2f} s   ordered {theirs:6.2f} s      ratio {ours / theirs:5.2f}{goal}", flush=True)
    for name, (ask, sql) in questions.beside_sql(events, path).items():
        ours, theirs = alternated(ask, lambda sql=sql: con.execute(sql).fetchall(), turns=3)
        goal = 1.5 if name.startswith(("retention", "lifecycle", "stickiness")) else 2
        print(f"{name:<28} evkit {ours:6.2f} s   DuckDB SQL {theirs:6.2f} s   ratio {ours / theirs:5.2f}  (goal {goal})", flush=True)
    for name, (ask, sql) in questions.paths(events, path).items():
        ours, theirs = alternated(ask, lambda sql=sql: con.execute(sql).fetchall(), turns=3)
        print(f"{name:<28} evkit {ours:6.2f} s   DuckDB SQL {theirs:6.2f} s   ratio {ours / theirs:5.2f}  (goal 1.5)", flush=True)
    for name, (ask, sql) in questions.cohorts(events, path).items():
        assert ask() == len(con.execute(sql).fetchall()), name
        ours, theirs = alternated(ask, lambda sql=sql: con.execute(sql).fetchall(), turns=3)
        print(
            f"{'cohort: ' + name:<36} evkit {ours:6.2f} s   DuckDB SQL {theirs:6.2f} s   ratio {ours / theirs:5.2f}  (goal 2)", flush=True
        )
    print(f"peak memory of all that {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB  (goal 3 GB)")


def identity_kernel() -> None:
    """Five million ids with two million merges, from integer codes."""
    import numpy as np

    from evkit.kernel import identity

    source = np.random.default_rng(1)
    ids, merges = 5_000_000, 2_000_000
    kind = np.concatenate([np.full(ids, identity.SEEN), np.full(merges, identity.MERGE)]).astype(np.int8)
    target = np.concatenate([np.arange(ids), source.integers(0, ids, merges)])
    other = np.concatenate([np.zeros(ids, np.int64), source.integers(0, ids, merges)])
    order = np.argsort(source.random(ids + merges))
    legal = np.ones(ids + merges, bool)
    ask = lambda: identity.replay(kind[order], target[order], other[order], legal, ids)  # noqa: E731
    ask()
    print(f"{'identity, 5M ids 2M merges':<28} evkit {seconds(ask):6.2f} s   (goal 3 s)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--alone", metavar="FILE", help=argparse.SUPPRESS)
    parser.add_argument("--questions", metavar="FILE", help="only every kind of question, on a file made before")
    asked = parser.parse_args()
    if asked.alone:
        evkit_alone(asked.alone)
        return
    if asked.questions:
        compare_questions(Path(asked.questions))
        return
    path = ROOT / "build" / "bench" / f"events_{asked.rows}.parquet"
    generate(path, asked.rows)
    print(f"{asked.rows:,} events, {path.stat().st_size / 1e6:,.0f} MB of Parquet on disk")
    told = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "--alone", str(path)], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    alone = json.loads(told.splitlines()[-1])
    print(
        "evkit alone, first time: "
        + ", ".join(f"{k} {v:.2f}{'' if 'GB' in k else ' s'}" for k, v in alone.items())
        + "  (goals: open 1 s, peak 3 GB)"
    )
    identity_kernel()
    compare_trends(path)
    compare_funnel(path)
    subprocess.run([sys.executable, "-m", "tests.benchmarks", "--questions", str(path)], check=True, cwd=ROOT)
    ingest.main()


if __name__ == "__main__":
    main()
