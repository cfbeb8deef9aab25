"""Where the benchmarks' processes run, and what they are told."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "bench"


def cache(folder: Path, rows: int) -> Path:
    """Give where the index of so many events lies; 0 for other data."""
    return folder / f"cache_{rows}"


def environment(folder: Path, rows: int = 0, *, index: bool = True) -> dict[str, str]:
    """Give a process's environment: the index's cache in the folder, or no index at all."""
    said = {**os.environ, "EVKIT_CACHE": str(cache(folder, rows))}
    return said if index else {**said, "EVKIT_JOURNEYS": "off"}
