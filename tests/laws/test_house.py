"""Sizes, names, and the one place for each thing."""

import ast
import dataclasses
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import evkit
from evkit.events import Events
from evkit.insights.correlation.spec import FunnelCorrelation
from evkit.insights.funnel.spec import Funnel
from evkit.insights.lifecycle.spec import Lifecycle
from evkit.insights.paths.spec import Paths
from evkit.insights.retention.spec import Retention
from evkit.insights.stickiness.spec import Stickiness
from evkit.insights.trends.spec import Trends

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "evkit"
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST_MODULE, LONGEST_FUNCTION = 500, 60
PUBLIC = {
    "Action", "ActionStep", "Client", "Cohort", "Conditions", "Dashboard", "DateRange", "Events", "EvkitError", "Exclusion", "FilterGroup", "Formula", "Funnel", "FunnelCorrelation", "Insight",
    "Lifecycle", "Paths", "Retention", "Stickiness",
    "Project", "PropertyFilter", "PropertyRef", "Series", "Timeline", "Trends", "__version__", "changed", "clicked", "cohorts", "collect", "event", "event_prop", "explore",
    "from_frame", "from_ibis", "from_posthog", "group_prop", "in_cohort", "inspect", "load_sample", "open_store", "performed", "performed_first_time", "performed_regularly", "performed_sequence", "person_prop", "pick_actions", "playground", "read", "read_actions", "reconcile", "restarted_performing", "sample_path", "save_actions",
    "series", "session_duration", "snippet", "stopped_performing", "submitted", "viewed", "watch",
}  # fmt: skip


def code_lines(node: ast.AST, source: list[str]) -> int:
    """Lines that are neither blank, nor comment, nor docstring, nor signature."""
    skip: set[int] = set()
    for part in ast.walk(node):
        if isinstance(part, (ast.FunctionDef, ast.ClassDef, ast.Module)):
            body = part.body
            if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) and isinstance(body[0].value.value, str):
                skip |= set(range(body[0].lineno, (body[0].end_lineno or body[0].lineno) + 1))
            if isinstance(part, ast.FunctionDef) and body:
                skip |= set(range(part.lineno, body[0].lineno))
    first = getattr(node, "lineno", 1)
    last = getattr(node, "end_lineno", len(source)) or len(source)
    return sum(1 for i in range(first, last + 1) if i not in skip and source[i - 1].strip() and not source[i - 1].strip().startswith("#"))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_modules_and_functions_stay_short(path: Path) -> None:
    source = path.read_text(encoding="utf-8").splitlines()
    tree = ast.parse("\n".join(source))
    assert code_lines(tree, source) <= LONGEST_MODULE
    long = [n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and code_lines(n, source) > LONGEST_FUNCTION]
    assert long == []


def test_time_is_cut_into_buckets_in_one_place() -> None:
    users = [p.relative_to(PACKAGE).as_posix() for p in MODULES if re.search(r"\.truncate\(|date_trunc", p.read_text(encoding="utf-8"))]
    assert users == ["dates/buckets.py"]


def test_json_properties_are_read_in_one_place() -> None:
    pattern = r"json_extract|JSONExtract|get_json_object|jsonb_extract"
    users = [p.relative_to(PACKAGE).as_posix() for p in MODULES if re.search(pattern, p.read_text(encoding="utf-8"))]
    assert users == ["properties.py"]


@pytest.mark.parametrize(
    ("method", "spec"),
    [
        (Events.trends, Trends),
        (Events.funnel, Funnel),
        (Events.correlation, FunnelCorrelation),
        (Events.retention, Retention),
        (Events.lifecycle, Lifecycle),
        (Events.stickiness, Stickiness),
        (Events.paths, Paths),
    ],
)
def test_the_keywords_of_a_question_are_the_fields_of_its_spec(method: object, spec: type) -> None:
    keywords = {name: p.default for name, p in inspect.signature(method).parameters.items() if p.kind is p.KEYWORD_ONLY}  # type: ignore[arg-type]
    fields = {f.name for f in dataclasses.fields(spec) if f.name != spec.SUBJECT}  # type: ignore[arg-type, attr-defined]
    assert set(keywords) == fields
    init = {name: p.default for name, p in inspect.signature(spec).parameters.items() if p.kind is p.KEYWORD_ONLY}
    assert keywords == init
    assert {"filters", "date_range"} <= fields


def test_public_names_are_those_of_the_list() -> None:
    assert set(evkit.__all__) == PUBLIC
    assert all(getattr(evkit, name) is not None for name in PUBLIC)


def test_no_public_name_is_the_name_of_a_module_beside_it() -> None:
    assert PUBLIC & {m.name for m in pkgutil.iter_modules(evkit.__path__)} == set()


def test_the_readme_shows_the_real_tree() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = text.split("<!-- tree -->")[1].split("```")[1]
    shown = {line.split()[0] for line in block.splitlines()[1:] if line.strip()}
    real = {p.name + ("/" if p.is_dir() else "") for p in PACKAGE.iterdir() if not p.name.startswith(("_", "."))} - {"py.typed"}
    assert {s for s in shown if s != "evkit/"} == real


def test_no_machine_path_is_in_the_tree() -> None:
    suspicious = re.compile(r"/(?:home|root|work|Users)/")
    found = [
        p.relative_to(ROOT).as_posix()
        for p in [*MODULES, *ROOT.glob("*.*"), *ROOT.glob("notebooks/*")]
        if p.is_file() and p.suffix in (".py", ".md", ".toml", ".txt", ".ipynb") and suspicious.search(p.read_text(encoding="utf-8"))
    ]
    assert found == []
