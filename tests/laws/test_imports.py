"""Which room may import what, and what an import may do."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "evkit"
MODULES = sorted(PACKAGE.rglob("*.py"))
ALLOWED = {
    "altair": (
        "insights/trends/chart.py",
        "insights/funnel/chart.py",
        "insights/timeline/chart.py",
        "insights/correlation/chart.py",
        "insights/retention/chart.py",
        "insights/lifecycle/chart.py",
        "insights/stickiness/chart.py",
        "insights/paths/chart.py",
        "insights/theme.py",
        "insights/time_lines.py",
        "insights/display.py",
        "notebook/",
        "report/",
    ),
    "ipywidgets": ("notebook/",),
    "anywidget": ("notebook/",),
    "starlette": ("capture/collector.py",),
    "numba": ("kernel/",),
    "requests": ("capture/", "posthog/api.py"),
    "yaml": ("posthog/nodes/actions.py",),
}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("library", sorted(ALLOWED))
def test_a_library_is_imported_only_in_its_room(library: str) -> None:
    users = [p.relative_to(PACKAGE).as_posix() for p in MODULES if library in imported(p)]
    assert [u for u in users if not u.startswith(ALLOWED[library])] == []


def test_imports_point_down() -> None:
    lint = (
        "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"  # it switches the log off where it runs
    )
    done = subprocess.run([sys.executable, "-c", lint], capture_output=True, text=True, cwd=PACKAGE.parent)
    assert done.returncode == 0, done.stdout


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent).stdout.strip()


@pytest.mark.parametrize(
    "module",
    [
        "evkit",
        "evkit.errors",
        "evkit.elements",
        "evkit.dates",
        "evkit.query.spec",
        "evkit.query.builders",
        "evkit.insights.trends.spec",
        "evkit.insights.funnel.spec",
        "evkit.insights.paths.spec",
        "evkit.insights.correlation.spec",
        "evkit.insights.retention.spec",
        "evkit.insights.timeline.spec",
        "evkit.insights.lifecycle.spec",
        "evkit.insights.stickiness.spec",
        "evkit.capture.message",
    ],
)
def test_specs_load_neither_ibis_nor_pandas_nor_altair(module: str) -> None:
    heavy = python(f"import sys, {module}; print(*sorted({{'ibis', 'pandas', 'altair', 'numba', 'duckdb', 'pyarrow'}} & set(sys.modules)))")
    assert heavy == ""


def test_capture_in_a_web_app_loads_no_pandas() -> None:
    assert python("import sys\nfrom evkit import capture\nprint(*sorted({'ibis', 'pandas', 'altair'} & set(sys.modules)))") == ""


def test_importing_evkit_takes_less_than_0_3_seconds() -> None:
    code = "import time; t = time.perf_counter(); import evkit; print(time.perf_counter() - t)"
    assert min(float(python(code)) for _ in range(3)) < 0.3


def test_the_command_line_loads_nothing_heavy_before_it_knows_what_is_asked() -> None:
    heavy = "print(*sorted({'ibis', 'pandas', 'altair', 'papermill', 'starlette', 'pyarrow'} & set(sys.modules)))"
    assert python(f"import sys\nfrom evkit import cli\ncli.parser()\n{heavy}") == ""


def test_importing_everything_changes_no_option_of_altair_or_pandas() -> None:
    code = """
import altair, pandas
before = altair.theme.active, altair.renderers.active, altair.data_transformers.active, pandas.options.display.max_rows
import evkit, evkit.insights.display, evkit.insights.trends.chart, evkit.insights.funnel.chart, evkit.events, evkit.opening, evkit.posthog.project
after = altair.theme.active, altair.renderers.active, altair.data_transformers.active, pandas.options.display.max_rows
print(before == after)
"""
    assert python(code) == "True"


@pytest.mark.parametrize("asked", ["capture.Store", "posthog.to_query", "errors.StoreError", "elements.to_chain", "dates.parse"])
def test_rooms_that_people_name_are_there_after_one_import_and_loaded_when_asked_for(asked: str) -> None:
    room = asked.partition(".")[0]
    code = f"import sys, evkit as ek; print('evkit.{room}' in sys.modules, '{room}' in dir(ek)); ek.{asked}; print('evkit.{room}' in sys.modules)"
    assert python(code).split() == ["False", "True", "True"]
