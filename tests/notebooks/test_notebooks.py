"""Every notebook of the course runs, and holds no output."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evkit.report import cells, run
from tests.posthog import host

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
COURSE = sorted(FOLDER.glob("*.ipynb"))
FUNNEL = {
    "kind": "FunnelsQuery", "dateRange": {"date_from": "-30d"},
    "series": [{"kind": "EventsNode", "event": "$pageview"}, {"kind": "EventsNode", "event": "search"}, {"kind": "ActionsNode", "id": 3}],
}  # fmt: skip
SEARCHES = {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "search", "math": "dau"}], "dateRange": {"date_from": "-30d"}}
LISTS: dict[str, list[dict[str, Any]]] = {
    "actions": [{"id": 3, "name": "Signed up", "steps": [{"event": "user_signed_up"}]}],
    "insights": [{"id": 1, "name": "Signup funnel", "query": {"kind": "InsightVizNode", "source": FUNNEL}}],
    "dashboards": [{"id": 2, "name": "KPIs", "tiles": [{"id": 1, "insight": {"name": "Who searches", "query": SEARCHES}}, {"id": 2, "text": {"body": "Our **week**"}}]}],
    "groups_types": [{"group_type": "company", "group_type_index": 0}],
    "property_definitions": [{"name": "n", "property_type": "Numeric"}],
}  # fmt: skip


def test_the_course_has_its_notebooks() -> None:
    assert [p.stem for p in COURSE] == [
        "01_tour",
        "02_persons_and_groups",
        "03_actions",
        "04_trends",
        "05_funnels",
        "06_capture_and_autocapture",
        "07_retention_lifecycle_stickiness",
        "08_paths",
        "09_cohorts",
        "10_your_posthog_project",
        "weekly_report",
    ]


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.ipynb")), ids=lambda p: p.stem)
def test_a_notebook_is_kept_without_outputs_and_ends_in_an_assertion(path: Path) -> None:
    code = [c for c in json.loads(path.read_text())["cells"] if c["cell_type"] == "code"]
    assert all(c["outputs"] == [] and c["execution_count"] is None for c in code)
    assert "assert " in "".join(code[-1]["source"])


@contextlib.contextmanager
def parameters_of(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Give what a notebook needs to run: the one about a project of PostHog's has a host on this machine."""
    if path.stem != "10_your_posthog_project":
        yield {}
        return
    with host.running(folder / "host", rows=4_000, people=101, step_seconds=1_200) as made:
        made.lists = LISTS
        monkeypatch.setenv("POSTHOG_PERSONAL_API_KEY", host.KEY)
        yield {
            "project_id": made.project,
            "host": made.url,
            "since": "2026-09-01",
            "until": "2026-10-20",
            "folder": str(folder / "posthog"),
        }


@pytest.mark.slow
@pytest.mark.parametrize("path", COURSE, ids=lambda p: p.stem)
def test_a_notebook_of_the_course_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with parameters_of(path, tmp_path, monkeypatch) as parameters:
        made = run.run(path, parameters)
    outputs = [o for c in made["cells"] if c["cell_type"] == "code" for o in c["outputs"]]
    assert [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"] == []
    assert any("image/svg+xml" in o.get("data", {}) for o in outputs)
    html = cells.page(made, title=path.stem)
    assert html.count("<figure") >= 1
