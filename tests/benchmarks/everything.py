"""Every kind of question beside SQL by hand on the Parquet file, cohorts, identity, the collector: what each costs, to look for outliers.

``python -m tests.benchmarks --all`` goes on with it; ``python -m tests.benchmarks.everything`` is only this. Whether there is an index is
as the surroundings say: `EVKIT_JOURNEYS=off` for none.
"""

from __future__ import annotations

import argparse
import resource
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

import evkit as ek
from tests.benchmarks import ingest, questions, trends
from tests.benchmarks.bench import Bench
from tests.benchmarks.generate import RANGE, generate
from tests.benchmarks.measure import alternated, seconds
from tests.benchmarks.surroundings import FOLDER

TURNS = 3


def compare(name: str, ours: Callable[[], Any], theirs: Callable[[], Any], against: str, goal: float | None) -> None:
    """Run both in alternation, once to warm up; print the medians."""
    ours(), theirs()
    pair = alternated(lambda _: ours(), lambda _: theirs(), TURNS)
    aim = "" if goal is None else f"  (goal {goal:g})"
    print(f"{name:<38} evkit {pair.ours:6.2f} s   {against:<12} {pair.theirs:6.2f} s   ratio {pair.ratio:5.2f}{aim}", flush=True)


def daily(bench: Bench, con: duckdb.DuckDBPyConnection) -> None:
    """Daily count and daily people, beside the same SQL."""
    events, viewed = bench.events, "e.event = '$pageview'"
    count = f"SELECT date_trunc('day', t) AS d, count(*) FROM ({questions.asked(bench.path, '1', viewed)}) GROUP BY 1 ORDER BY 1"
    people = (
        f"SELECT date_trunc('day', t) AS d, count(DISTINCT p) FROM ({questions.with_people(bench.path, '1', viewed)}) GROUP BY 1 ORDER BY 1"
    )
    for name, query, ask in (
        ("daily count", count, trends.trend(events, "$pageview")),
        ("daily people", people, trends.trend(events, ek.series("$pageview", math="dau"))),
    ):
        assert [float(n) for _, n in con.execute(query).fetchall()] == ask().value.tolist(), name
        compare(name, ask, partial(rows_of, con, query), "DuckDB SQL", 1.5)


def rows_of(con: duckdb.DuckDBPyConnection, query: str) -> list[Any]:
    """Run SQL."""
    return con.execute(query).fetchall()


def every_question(bench: Bench) -> None:
    """Every kind of funnel beside the ordered one, every kind of trend beside SQL by hand."""
    events, con = bench.events, bench.parquet
    daily(bench, con)
    kinds = questions.funnels(events)
    base = kinds.pop("ordered")
    for name, ask in kinds.items():
        compare(f"funnel {name}", ask, base, "ordered", None if name == "correlation" else 4)
    for name, (ask, query) in {**trends.beside_sql(events, bench.path), **questions.paths(events, bench.path)}.items():
        goal = 1.5 if name.startswith(("retention", "lifecycle", "stickiness", "paths")) else 2
        compare(name, ask, partial(rows_of, con, query), "DuckDB SQL", goal)
    for name, (ask, query) in questions.cohorts(events, bench.path).items():
        found, wanted = ask(), len(rows_of(con, query))
        assert found == wanted, f"cohort {name}: {found} for {wanted}"
        compare(f"cohort: {name}", ask, partial(rows_of, con, query), "DuckDB SQL", 2)
    print(f"peak memory of all that {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB, mapped files with it")


def opening(path: str) -> None:
    """Open, check and replay for the first time."""
    events = ek.read(path, timezone="UTC").between(*RANGE)
    checking = seconds(lambda: events.load_report)
    replay = seconds(lambda: events.tables.person_map())
    print(f"the first time: checking {checking:.2f} s, who is whose person {replay:.2f} s")


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
    print(f"{'identity, 5M ids 2M merges':<38} evkit {seconds(ask):6.2f} s   (goal 3 s)")


def main(folder: Path, rows: int) -> None:
    """Run all of it."""
    made = generate(folder, rows)
    print(made)
    opening(made.path)
    identity_kernel()
    every_question(Bench(made, folder))
    ingest.main()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    given = parser.parse_args()
    main(given.folder, given.rows)
