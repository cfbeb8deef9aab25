"""Evkit alone in a process, for its memory: prints a line of JSON after each thing that it did.

``python -m tests.benchmarks.alone ROWS FOLDER [--limit 2GB] [--six]``
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import TURNS, seconds, watched
from tests.benchmarks.surroundings import ROOT, environment


def tell(what: str, took: float) -> None:
    """Tell what was done, and wait until its memory was noted."""
    print(json.dumps({"what": what, "seconds": took}), flush=True)
    sys.stdin.readline()


def run(rows: int, folder: Path, limit: str | None, only_six: bool) -> None:
    """Open, build the index, ask."""
    import evkit as ek
    from tests.benchmarks import table
    from tests.benchmarks.bench import SIX, Bench
    from tests.benchmarks.generate import RANGE, generate

    bench = Bench(generate(folder, rows), folder)
    engine: Any = ek.read(bench.path, timezone="UTC").between(*RANGE).tables.con
    engine.raw_sql(f"SET temp_directory = '{folder / 'spilled'}'")
    if limit is not None:
        engine.raw_sql(f"SET memory_limit = '{limit}'")
    tell("opening", seconds(lambda: bench.events))
    tell("building", seconds(bench.prepare))
    six = table.funnel(*SIX)
    wanted = [six] if only_six else [row.ours for row in table.indexed() if row.phase == "warm"]
    taken = [statistics.median([seconds(lambda ask=ask: ask(bench, 0)) for _ in range(TURNS + 1)][1:]) for ask in wanted]  # type: ignore[misc]
    tell("asking", sum(taken))


def measured(rows: int, folder: Path, *, limit: str | None = None, only_six: bool = False) -> dict[str, float]:
    """Run evkit alone; give GB at most while it was opening, building and asking, and the seconds of each."""
    asked = [sys.executable, "-m", "tests.benchmarks.alone", str(rows), str(folder)]
    asked += (["--limit", limit] if limit else []) + (["--six"] if only_six else [])
    found: dict[str, float] = {}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(asked, cwd=ROOT, env=environment(folder, rows), **pipes) as process, watched(process.pid) as memory:
        assert process.stdin is not None and process.stdout is not None
        for said in process.stdout:
            one = json.loads(said)
            found[one["what"]] = memory.restart()
            found[f"{one['what']} seconds"] = one["seconds"]
            process.stdin.write("\n")
            process.stdin.flush()
    if process.returncode:
        raise SystemExit(f"evkit alone ended with {process.returncode}")
    return found


def main() -> None:
    """Run evkit alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit")
    parser.add_argument("--six", action="store_true")
    given = parser.parse_args()
    run(given.rows, given.folder, given.limit, given.six)


if __name__ == "__main__":
    main()
