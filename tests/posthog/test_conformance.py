"""PostHog's own test figures, where their folder is beside the project: what passed once goes on passing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("EVKIT_CONFORMANCE", Path(__file__).resolve().parents[3] / "shared" / "conformance"))
AT_LEAST = {
    "identity": 1.0,
    "elements": 1.0,
    "dates": 1.0,
    "property_filters": 1.0,
    "actions": 1.0,
    "trends": 1.0,
    "funnels": 1.0,
}
"""The share of the cases without extra needs that pass."""


WITH_JOURNEYS = ("trends", "funnels", "retention", "lifecycle", "stickiness", "paths", "cohorts")
"""The suites whose figures are counted over people's events."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (FOLDER / "run.py").is_file(), reason="the figures are kept apart: set EVKIT_CONFORMANCE to their folder"),
]


def found(suite: str, out: Path, *options: str, **env: str) -> dict[str, str]:
    """Run a suite; give how each case ended by its name."""
    command = [sys.executable, str(FOLDER / "run.py"), "--suite", suite, "--json", str(out), *options]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env={**os.environ, **env})
    assert out.exists(), ran.stderr
    return {c["name"]: c["status"] for c in json.loads(out.read_text())["cases"] if c["status"] in ("pass", "fail")}


@pytest.mark.parametrize("suite", AT_LEAST)
def test_what_passed_once_goes_on_passing(suite: str, tmp_path: Path) -> None:
    cases = found(suite, tmp_path / "found.json", "--needs", "none")
    failed = [name for name, status in cases.items() if status == "fail"]
    assert 1 - len(failed) / len(cases) >= AT_LEAST[suite], failed


@pytest.mark.parametrize("suite", WITH_JOURNEYS)
def test_journeys_give_the_figures_that_the_engine_gives(suite: str, tmp_path: Path) -> None:
    engine = found(suite, tmp_path / "engine.json", EVKIT_JOURNEYS="off")
    assert found(suite, tmp_path / "journeys.json", EVKIT_JOURNEYS="always") == engine
    assert sum(status == "pass" for status in engine.values()) > 0.9 * len(engine)
