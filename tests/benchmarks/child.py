"""A part of the benchmarks in a process of its own: prints a line of JSON for each row.

``python -m tests.benchmarks.child cold|indexed ROWS FOLDER [--check]``; `EVKIT_JOURNEYS=off` belongs to "cold".
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks import table
from tests.benchmarks.bench import FIRST_TIME, Bench
from tests.benchmarks.generate import generate
from tests.benchmarks.measure import alternated
from tests.benchmarks.report import Result
from tests.benchmarks.table import Row

LAST = len(FIRST_TIME) - 1


def timed(row: Row, bench: Bench) -> Result:
    """Check a row's answers, then time it."""
    said = {"name": row.name, "phase": row.phase, "against": row.against, "target": row.target}
    if row.phase == "build" and not bench.has_index:
        return Result(**said, note="no index yet")  # type: ignore[arg-type]
    new = row.phase == "first"
    differs = row.checked(bench, LAST if new else 0)
    pair = alternated(lambda turn: row.ours(bench, turn), lambda turn: row.yardstick(bench, turn))
    differs = differs or (row.checked(bench) if new else "")
    return Result(**said, ours=pair.ours, theirs=pair.theirs, differs=differs)  # type: ignore[arg-type]


def checked(row: Row, bench: Bench) -> Result:
    """Check a row's answers only."""
    said = {"name": row.name, "phase": row.phase, "against": row.against, "target": row.target}
    return Result(**said, differs=row.checked(bench), note="equal" if row.plain else "nothing to compare")  # type: ignore[arg-type]


def main() -> None:
    """Run a part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=["cold", "indexed"])
    parser.add_argument("rows", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    bench = Bench(generate(given.folder, given.rows), given.folder)
    for row in table.cold() if given.part == "cold" else table.indexed():
        print(json.dumps(asdict(checked(row, bench) if given.check else timed(row, bench))), flush=True)
    print(json.dumps({"has_index": bench.has_index, "disk": bench.megabytes()}), flush=True)
    bench.close()


if __name__ == "__main__":
    main()
