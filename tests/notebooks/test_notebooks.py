"""Every notebook of the course runs, and holds no output."""

import json
from pathlib import Path

import pytest

from evkit.report import cells, run

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
COURSE = sorted(FOLDER.glob("*.ipynb"))


def test_the_course_has_its_notebooks() -> None:
    assert [p.stem for p in COURSE] == [
        "01_tour",
        "02_persons_and_groups",
        "03_actions",
        "04_trends",
        "05_funnels",
        "06_capture_and_autocapture",
        "07_part_lifecycle_stickiness",
        "weekly_report",
    ]


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.ipynb")), ids=lambda p: p.stem)
def test_a_notebook_is_kept_without_outputs_and_ends_in_an_assertion(path: Path) -> None:
    code = [c for c in json.loads(path.read_text())["cells"] if c["cell_type"] == "code"]
    assert all(c["outputs"] == [] and c["execution_count"] is None for c in code)
    assert "assert " in "".join(code[-1]["source"])


@pytest.mark.slow
@pytest.mark.parametrize("path", COURSE, ids=lambda p: p.stem)
def test_a_notebook_of_the_course_runs(path: Path) -> None:
    made = run.run(path)
    outputs = [o for c in made["cells"] if c["cell_type"] == "code" for o in c["outputs"]]
    assert [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"] == []
    assert any("image/svg+xml" in o.get("data", {}) for o in outputs)
    html = cells.page(made, title=path.stem)
    assert html.count("<figure") >= 1
