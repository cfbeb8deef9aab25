"""The first figure from a cold process, on the sample data, beside importing what it stands on."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

from tests.benchmarks.measure import alternated
from tests.benchmarks.report import Result
from tests.benchmarks.surroundings import ROOT, environment

IMPORTS = "import ibis, pandas, altair, duckdb; ibis.duckdb.connect()"
FIGURES = {
    "first funnel of a process": "import evkit as ek; ek.load_sample().funnel('user_signed_up', 'movie_played').to_pandas()",
    "first trend of a process": "import evkit as ek; ek.load_sample().trends('movie_played').to_pandas()",
}
TARGET = 1.3


def first_figures(folder: Path) -> list[Result]:
    """Time processes from start to end, in alternation; the first of each fills the caches of compiled code."""
    said = environment(folder)

    def run(code: str, _: int = 0) -> None:
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env=said)

    found = []
    for name, code in FIGURES.items():
        run(code)
        run(IMPORTS)
        pair = alternated(partial(run, code), partial(run, IMPORTS))
        against = "importing ibis, pandas, altair, duckdb, connecting"
        found.append(Result(name=name, phase="process", against=against, target=TARGET, ours=pair.ours, theirs=pair.theirs))
    return found
