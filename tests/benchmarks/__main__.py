"""The benchmarks: evkit beside ClickHouse, DuckDB, polars and pandas on the same events, in one run.

``make bench``, or ``python -m tests.benchmarks --rows 1000000``: prints the table and writes README.md. ``--check`` only compares the
answers. ``--soak`` takes 1, 10 and 50 million events, and 100 million within 2 GB. ``--all`` goes on with every kind of question
beside SQL by hand, cohorts, identity and the collector.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks import alone, process, report
from tests.benchmarks.generate import generate
from tests.benchmarks.report import Found, Result
from tests.benchmarks.surroundings import FOLDER, ROOT, environment

ROWS = 10_000_000
SOAK_ROWS = (1_000_000, 10_000_000, 50_000_000)
MANY = 100_000_000
LIMIT = "2GB"
MOST_TIMES, MOST_GB = 13, 2.5


def part(name: str, rows: int, folder: Path, *, check: bool) -> Iterator[dict[str, Any]]:
    """Run a part in a process of its own; give what it says, as it says it."""
    asked = [sys.executable, "-m", "tests.benchmarks.child", name, str(rows), str(folder), *(["--check"] if check else [])]
    with subprocess.Popen(
        asked, cwd=ROOT, env=environment(folder, rows, index=name != "cold"), stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        for said in running.stdout:
            yield json.loads(said)
    if running.returncode:
        raise SystemExit(f"the part {name!r} ended with {running.returncode}")


def show(result: Result) -> Result:
    """Print a result's line."""
    print(report.line(result.cells), flush=True)
    return result


def run(rows: int, folder: Path, *, check: bool) -> Found:
    """Ask every question at one size."""
    made = generate(folder, rows)
    found = Found(rows, str(made))
    print(f"{made}\n{found.machine}\n{report.line(report.HEAD)}", flush=True)
    for name in ("cold", "indexed"):
        for said in part(name, rows, folder, check=check):
            if "has_index" in said:
                found.has_index = said["has_index"] or found.has_index
                found.disk |= said["disk"]
            else:
                found.results.append(show(Result(**said)))
    if not check:
        found.results += [show(result) for result in process.first_figures(folder)]
        found.memory = alone.measured(rows, folder)
        print("peak memory: " + ", ".join(f"{what} {found.memory[what]:.2f} GB" for what in report.GB_WHILE))
    return found


def within_limit(folder: Path, few: int = ROWS, many: int = MANY) -> tuple[Result, float]:
    """Ask a funnel of six steps of 10 and of 100 million events, each within 2 GB; give the times' ratio and the most memory in GB."""
    made = generate(folder, many)
    small, large = (alone.measured(rows, folder, limit=LIMIT, only_six=True) for rows in (few, many))
    most = max(large["building"], large["asking"])
    note = f"building the index {large['building seconds']:.0f} s and {large['building']:.2f} GB, asking {large['asking']:.2f} GB; {made}"
    found = Result(
        name=f"funnel of 6 steps, {many / 1e6:g} million", phase="warm", against=f"the same of {few / 1e6:g} million, both within {LIMIT}", target=MOST_TIMES,
        ours=large["asking seconds"], theirs=small["asking seconds"], note=note,
    )  # fmt: skip
    print(report.line(found.cells) + f"\n  {note} (aim: at most {MOST_GB} GB)", flush=True)
    return found, most


def options() -> argparse.Namespace:
    """Read what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, action="append", help="how many events; may be given several times")
    parser.add_argument("--check", action="store_true", help="compare the answers, time nothing, write nothing")
    parser.add_argument("--all", action="store_true", help="every kind of question as well")
    parser.add_argument("--soak", action="store_true", help="1, 10, 50 and 100 million events")
    parser.add_argument("--within-limit", type=int, nargs=2, metavar=("FEW", "MANY"), help="only the funnel within 2 GB")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where events and everybody's tables are")
    return parser.parse_args()


def main() -> None:
    """Run the benchmarks."""
    asked = options()
    folder = asked.folder.resolve()
    if asked.within_limit:
        limited, most = within_limit(folder, *asked.within_limit)
        print(json.dumps({"ratio": limited.ratio, "gb": most}))
        return
    sizes = asked.rows or (SOAK_ROWS if asked.soak else (ROWS,))
    wrong = 0
    for rows in sizes:
        found = run(rows, folder, check=asked.check)
        different = sum(bool(result.differs) for result in found.results)
        compared = sum(result.phase not in ("build", "process") for result in found.results)
        print(f"{compared - different} of {compared} answers are equal", flush=True)
        wrong += different
        if not asked.check:
            if asked.soak and rows == max(sizes):
                found.results.append(within_limit(folder)[0])
            found.save(folder)
            report.write(folder)
    if asked.all:
        rest = [sys.executable, "-m", "tests.benchmarks.everything", "--rows", str(sizes[-1]), "--folder", str(folder)]
        subprocess.run(rest, check=True, cwd=ROOT, env=environment(folder, sizes[-1]))
    if wrong:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
