"""The benchmarks' answers are those of their yardsticks; nothing is timed here. A soak asks for full sizes, and for memory."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable

import pytest

from tests.benchmarks.surroundings import ROOT
from tests.sizes import SOAK

pytestmark = pytest.mark.slow
at_full_size = pytest.mark.skipif(not SOAK, reason="takes minutes and tens of GB of disk: make soak PART=tests/benchmarks")
MOST_TIMES, MOST_GB = 13, 2.5


def benchmarks(*options: str) -> list[str]:
    """Run the benchmarks; give the lines that they print."""
    done = subprocess.run([sys.executable, "-m", "tests.benchmarks", *options], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_answers_are_equal_at_a_million_events(tell: Callable[[str], None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        last = benchmarks("--check", "--rows", "1000000", "--folder", folder)[-1]
    tell(last)
    assert last == "26 of 26 answers are equal"


@at_full_size
@pytest.mark.parametrize("millions", [10, 50])
def test_answers_are_equal_at_full_size(millions: int, tell: Callable[[str], None]) -> None:
    last = benchmarks("--check", "--rows", str(millions * 1_000_000))[-1]
    tell(f"{millions} million events: {last}")
    assert last == "26 of 26 answers are equal"


@at_full_size
def test_a_hundred_million_events_within_two_gigabytes(tell: Callable[[str], None]) -> None:
    *said, last = benchmarks("--within-limit", "10000000", "100000000")
    found = json.loads(last)
    tell(f"{' '.join(said)} {last}")
    assert found["gb"] < MOST_GB
    assert found["ratio"] <= MOST_TIMES
