"""Charts draw without a network: in JupyterLab, in an exported HTML, and after somebody changed them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import altair as alt
import pytest

import evkit as ek
from evkit.insights import theme
from evkit.insights.display import LAB_MIME, adopt
from evkit.report import cells, run
from tests.browser import needs_browser, opened
from tests.lab import ran_in_lab

CELLS = [
    "import altair as alt, evkit as ek\n"
    "events = ek.load_sample()\n"
    "trend = events.trends('movie_played', 'user_signed_up', interval='week')\n"
    "funnel = events.funnel('$pageview', 'user_signed_up', 'movie_played')\n"
    "by_plan = events.funnel('$pageview', 'user_signed_up', breakdown=ek.person_prop('plan'))",
    "trend",
    "funnel",
    "by_plan",
    "funnel.chart().properties(width=480)",
    "funnel.chart() | trend.chart()",
    "(trend.chart() & funnel.chart()).properties(title='both')",
    "trend.chart() + alt.Chart(alt.InlineData(values=[{'y': 100}])).mark_rule().encode(y='y:Q')",
    "trend.chart().configure_axis(labelFontSize=20, labelColor='#ff0000')",
    "events.person(events.persons().distinct_ids[0][0]).timeline()",
    "ek.Dashboard('Ours', [(trend, 'Films'), funnel, by_plan, (events.trends('movie_played', display='BoldNumber'), 'Number'), 'words'])",
]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import nbformat
    import nbformat.v4 as nb

    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    file = tmp_path_factory.mktemp("book") / "charts.ipynb"
    nbformat.write(nb.new_notebook(cells=[nb.new_code_cell(c) for c in CELLS], metadata=kernel), file)
    return file


@pytest.fixture(scope="module")
def made(book: Path) -> dict[str, Any]:
    return run.run(book)


def outputs(made: dict[str, Any]) -> list[dict[str, Any]]:
    return [o["data"] for c in made["cells"][1:] for o in c["outputs"] if LAB_MIME in o.get("data", {})]


@pytest.mark.slow
def test_every_chart_comes_live_for_the_lab_as_a_picture_and_in_words(made: dict[str, Any]) -> None:
    found = outputs(made)
    assert len(found) == len(CELLS) - 1
    for data in found:
        assert set(data) == {LAB_MIME, "image/svg+xml", "text/plain"}
        assert data[LAB_MIME]["$schema"].endswith("vega-lite/v5.json")
        assert "background" in data[LAB_MIME]["config"]
        assert '"url"' not in json.dumps(data[LAB_MIME])
        assert len(data["text/plain"]) > 20
    changed = found[CELLS.index("funnel.chart().properties(width=480)") - 1]
    assert changed[LAB_MIME]["width"] == 480


@pytest.mark.slow
def test_no_chart_holds_raw_events(made: dict[str, Any]) -> None:
    ids = set(ek.load_sample().to_ibis().select("uuid").limit(50_000).to_pandas().uuid)
    text = str([o[LAB_MIME] for o in outputs(made)[:-1]])
    assert not [u for u in ids if u in text]
    assert len(text) < 300_000


@needs_browser
@pytest.mark.slow
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_an_exported_html_draws_every_chart_with_the_network_blocked(made: dict[str, Any], mode: str, tmp_path: Path) -> None:
    import nbformat

    nbformat.write(made, tmp_path / "done.ipynb")
    subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", "html", "done.ipynb"], cwd=tmp_path, check=True, capture_output=True, timeout=90
    )
    cells.write(made, tmp_path / "ours.html", title="charts")
    with opened(tmp_path / "done.html", mode) as seen:
        widths = seen.page.evaluate("() => [...document.querySelectorAll('.jp-RenderedSVG img')].map(i => i.complete ? i.naturalWidth : 0)")
        assert len(widths) == len(CELLS) - 1
        assert min(widths) > 200
    with opened(tmp_path / "ours.html", mode) as seen:
        drawn = seen.marks("figure svg")
        assert len(drawn) == len(CELLS) - 1
        assert min(drawn) > 5
        assert (seen.foreign, seen.errors) == ([], [])
        kept = seen.page.locator("figure").nth(CELLS.index("trend.chart().configure_axis(labelFontSize=20, labelColor='#ff0000')") - 1)
        assert kept.locator("text[fill='#ff0000']").count() > 3


@needs_browser
@pytest.mark.slow
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_jupyterlab_draws_every_chart_with_the_network_blocked(book: Path, mode: str, tmp_path: Path) -> None:
    shutil.copy(book, tmp_path / "charts.ipynb")
    with ran_in_lab(tmp_path / "charts.ipynb", mode) as (seen, failed):
        assert failed == []
        canvases = seen.page.evaluate(
            """() => [...document.querySelectorAll('.jp-OutputArea-output canvas')].map(c => {
                 const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let ink = 0;
                 for (let i = 3; i < d.length; i += 4) if (d[i] > 8) ink++; return ink; })"""
        )
        svgs = seen.marks(".jp-OutputArea-output svg.marks")
        assert len(canvases) + len(svgs) == len(CELLS) - 1
        assert min([*canvases, *svgs]) > 5
        assert seen.foreign == []
        assert seen.page.evaluate("() => document.body.dataset.jpThemeLight") == str(mode == "light").lower()


def test_charts_made_from_ours_are_ours() -> None:
    chart = adopt(alt.Chart(alt.InlineData(values=[{"a": 1, "b": "x"}])).mark_bar().encode(x="a:Q"))
    ours = [
        chart + chart,
        chart | chart,
        chart & chart,
        chart.facet("b:N"),
        chart.repeat(column=["a"]),
        chart.interactive(),
        chart.properties(width=9),
    ]
    assert {type(c).__module__ for c in ours} == {"evkit.insights.display"}
    plain = alt.Chart(alt.InlineData(values=[{"a": 1}])).mark_bar()
    assert type(plain | chart).__name__ == "HConcatChart"
    for made_from in ours:
        assert made_from.to_svg().startswith("<svg")
        assert made_from.to_svg("dark") != made_from.to_svg()


def test_what_a_user_set_wins_over_the_theme_and_can_be_told_from_it() -> None:
    given = theme.config("auto")
    whole = theme.merged(given, {"axis": {"labelFontSize": 20}, "padding": 3})
    assert theme.own(whole, given) == {"axis": {"labelFontSize": 20}, "padding": 3}
    assert theme.own(given, given) == {}
