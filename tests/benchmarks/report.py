"""What was found, as a table: printed, and written into the README beside this file."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

README = Path(__file__).with_name("README.md")
LIBRARIES = ("duckdb", "ibis-framework", "chdb-core", "polars", "pandas", "numpy", "numba", "pyarrow")
HEAD = ("question", "state", "yardstick", "evkit", "yardstick's", "ratio", "aim", "")
STATES = """
Every figure is the median of five turns, evkit and its yardstick in alternation in one process, and what counts is the ratio. Answers
are checked to be equal before anything is timed. A new question is asked each time: no frame is given again. States: **cold**: no
index, from the Parquet file; who is whose person is known on both sides. **build**: the index is built anew; sorting is the yardstick.
**first**: the index is there, the property was never asked for. **warm**: the index is there, the question was asked once before.
**process**: processes from start to end.

Yardsticks are as quick as we could make them. Where several ways were worth trying the quickest of this run is taken. ClickHouse
(chdb, in process) has a MergeTree ordered by day, event and person, persons as numbers, so it joins nothing; on Parquet it joins the same map of
persons as evkit does. DuckDB's own table has persons as numbers, names as an enum, sorted by name and time, and knows when persons were created; the JSON
texts are in a second table. Polars and pandas have frames sorted by person and time in memory, or read the Parquet file. The plain path is what
evkit does without an index: an expression that the engine runs sorted, then one compiled pass (no SQL says a funnel's figures exactly).

Everything lies under build/bench. Events arrive in order of time, no two at once, and are spread evenly over 84 days: sessions of several events are mostly those of the
heaviest people.
""".strip()


@dataclass(frozen=True, kw_only=True)
class Result:
    """What was found for a row: seconds (None where it was not timed), and how the answers differ ("" where they are equal)."""

    name: str
    phase: str
    against: str
    target: float
    ours: float | None = None
    theirs: float | None = None
    differs: str = ""
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours as a share of the yardstick's."""
        return self.ours / self.theirs if self.ours is not None and self.theirs else None

    @property
    def verdict(self) -> str:
        """Say whether the aim is met."""
        if self.differs:
            return f"DIFFERENT: {self.differs}"
        if self.ratio is None:
            return self.note
        return "met" if self.ratio <= self.target else "missed"

    @property
    def cells(self) -> tuple[str, ...]:
        """Give the cells of its line."""
        shown = "" if self.ratio is None else f"{self.ratio:.2f}"
        return (self.name, self.phase, self.against, clock(self.ours), clock(self.theirs), shown, f"≤ {self.target:g}", self.verdict)


@dataclass
class Found:
    """Everything that a run found at one size."""

    rows: int
    about: str
    date: str = field(default_factory=lambda: dt.date.today().isoformat())
    machine: str = field(default_factory=lambda: machine())
    has_index: bool = False
    results: list[Result] = field(default_factory=list)
    memory: dict[str, float] = field(default_factory=dict)
    disk: dict[str, float] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Keep it, so that the README can tell of several sizes."""
        (folder / f"results_{self.rows}.json").write_text(json.dumps(asdict(self)))


def load(folder: Path) -> list[Found]:
    """Give what was found at each size on this machine with these versions, the smallest first."""
    kept = []
    for file in folder.glob("results_*.json"):
        said = json.loads(file.read_text())
        said["results"] = [Result(**row) for row in said["results"]]
        kept.append(Found(**said))
    return sorted((found for found in kept if found.machine == machine()), key=lambda found: found.rows)


def machine() -> str:
    """Say what it ran on: cores, memory, versions."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    return f"{len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB, Python {platform.python_version()}, {versions}"


def clock(seconds: float | None) -> str:
    """Say seconds."""
    if seconds is None:
        return ""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.1f} ms"


def line(cells: Sequence[str]) -> str:
    """Give a line for a terminal."""
    widths = (32, 8, 52, 9, 12, 7, 8)
    return "".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=False)) + cells[-1]


def grid(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Give a table in Markdown."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *lines))


def section(found: Found) -> str:
    """Give what was found at one size, in Markdown."""
    parts = [f"## {found.rows:,} events", f"{found.about}. Measured {found.date} on {found.machine}."]
    if not found.has_index:
        parts.append("This evkit has no index yet: what is called warm is the plain path.")
    parts.append(grid(HEAD, (result.cells for result in found.results)))
    if found.disk:
        parts.append("On disk, in MB: " + ", ".join(f"{name} {size:,.0f}" for name, size in found.disk.items()) + ".")
    if found.memory:
        said = ", ".join(f"{GB_WHILE[what]} {gb:.2f} GB" for what, gb in found.memory.items() if what in GB_WHILE)
        parts.append(f"Peak memory of a process that only runs evkit, mapped files apart (they are the system's to take back): {said}.")
    return "\n\n".join(parts)


GB_WHILE = {
    "opening": "reading, checking and finding out who is who",
    "building": "building the index",
    "asking": "asking every warm question",
}


def growth(every: Sequence[Found]) -> str:
    """Give how our seconds and the ratios grow with the events."""
    at = {found.rows: {(r.name, r.phase, r.against): r for r in found.results} for found in every}
    keys = [key for key in at[every[-1].rows] if all(key in known for known in at.values()) and key[1] != "process"]
    lines = [
        [name, phase, against, *(f"{clock(at[rows][name, phase, against].ours)}, {ratio_of(at[rows][name, phase, against])}" for rows in at)]
        for name, phase, against in keys
    ]  # fmt: skip
    return "## Growth\n\nOur time, and its ratio to the yardstick's.\n\n" + grid(
        [*HEAD[:3], *(f"{rows / 1e6:g} million" for rows in at)], lines
    )


def ratio_of(result: Result) -> str:
    """Say a ratio."""
    return "not timed" if result.ratio is None else f"{result.ratio:.2f}"


def write(folder: Path) -> None:
    """Write the README from everything that was found on this machine."""
    every = load(folder)
    intro = "# Benchmarks\n\nMade by `make bench` (10 million events) and `python -m tests.benchmarks --soak`; don't edit.\n\n" + STATES
    parts = [intro, *(section(found) for found in reversed(every)), *([growth(every)] if len(every) > 1 else [])]
    README.write_text("\n\n".join(parts) + "\n")
