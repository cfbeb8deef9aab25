"""Dashboard: a grid in a notebook, a page for everybody else."""

import datetime as dt
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import evkit as ek
from evkit.errors import FailedTileWarning, SpecError, UnknownEventWarning
from evkit.insights.display import LAB_MIME, bundle
from evkit.insights.insight import Insight
from tests.browser import browser_page, needs_browser, opened

Log = Callable[..., ek.Events]
MARKUP = "<img src=x onerror=alert(1)>"
NOW = dt.datetime(2026, 3, 9, 7, tzinfo=dt.UTC)


@pytest.fixture
def events(log: Log) -> ek.Events:
    return log("a visit 03-01 plan=pro; a buy 03-02 plan=pro; b visit 03-02 plan=free; c visit 03-03 plan=free", timezone="Europe/London")


def test_its_repr_runs_nothing_and_each_question_is_asked_once(events: ek.Events, monkeypatch: pytest.MonkeyPatch) -> None:
    board = ek.Dashboard("Ours", [events.trends("visit"), "# words", events.funnel("visit", "buy")])
    assert repr(board) == "<Dashboard 'Ours': 2 insights, not asked yet>"
    asked: list[str] = []
    room = Insight._room
    monkeypatch.setattr(Insight, "_room", lambda self, part: (asked.append(part), room(self, part))[1])
    board.to_html(now=NOW)
    board.to_html(now=NOW)
    board.chart()
    assert asked.count("compute") == 2
    assert repr(board) == "<Dashboard 'Ours': 2 insights, asked>"


def test_the_page_has_a_heading_a_chart_the_figures_and_the_rules_of_each_question(events: ek.Events) -> None:
    tiles = [
        (events.trends("visit"), "Visits", "How **many**"),
        events.funnel("visit", "buy"),
    ]
    html = ek.Dashboard("Ours", tiles).to_html(now=NOW)
    assert "<h1>Ours</h1>" in html
    assert "Made 9 March 2026, 07:00 UTC by evkit" in html
    assert "Newest event: 3 March 2026, 00:00 Europe/London." in html
    assert "<h2>Visits</h2><p>How <strong>many</strong></p>" in html
    assert "All the data, 1 March 2026 to 3 March 2026, Europe/London." in html
    assert html.count("<figure ") == html.count("The figures as a table") == html.count("How these figures were made") == 2
    assert html.count("<script>") == 1


def test_the_days_and_the_filters_of_a_question_are_said(events: ek.Events) -> None:
    pro = events.filter(ek.event_prop("plan") == "pro").between("2026-03-01", "2026-03-03")
    html = ek.Dashboard("Ours", [pro.trends("visit")]).to_html(now=NOW, live=False)
    assert '<p class="note">1 March 2026 to 2 March 2026, Europe/London; only events with plan exact &#x27;pro&#x27;.</p>' in html


def test_a_question_that_fails_says_why_in_its_place_and_the_others_are_drawn(events: ek.Events, tmp_path: Path) -> None:
    wrong = events.trends("visit", date_range=("2026-05-01", "2026-04-01"))
    board = ek.Dashboard("Ours", [(wrong, "Wrong"), events.trends("visit")])
    with pytest.warns(FailedTileWarning, match=r"Wrong: ReversedRange: the range ends .* swap the two"):
        path = board.save(tmp_path / "ours.html", now=NOW)
    html = path.read_text()
    assert html.count("<figure ") == 1
    assert "1 of 2 parts failed" in html
    assert '<pre class="error">ReversedRange: the range ends (2026-04-01 23:59)' in html
    assert repr(board) == "<Dashboard 'Ours': 2 insights, 1 of them asked>"
    with pytest.warns(FailedTileWarning):
        grid = board.chart().to_dict()
    assert [part["title"] for part in grid["vconcat"][0]["hconcat"]] == ["Wrong", "visit"]
    assert "swap the two" in grid["description"]


def test_what_a_question_warns_of_is_warned_and_stands_in_the_page(events: ek.Events) -> None:
    board = ek.Dashboard("Ours", [events.trends("vist")])
    with pytest.warns(UnknownEventWarning, match="no event is called 'vist'"):
        html = board.to_html(now=NOW, live=False)
    assert "<strong>Note:</strong> no event is called &#x27;vist&#x27;. Did you mean &#x27;visit&#x27;? Its figures are zeros." in html
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "<strong>Note:</strong>" in board.to_html(now=NOW, live=False)


def test_in_a_notebook_it_is_a_title_a_grid_and_what_is_folded(events: ek.Events, monkeypatch: pytest.MonkeyPatch) -> None:
    from IPython import display

    from evkit.insights.display import VConcatChart

    put: list[Any] = []
    monkeypatch.setattr(display, "display", put.append)
    ek.Dashboard("A <b>", [(events.trends("visit"), "One", "*x*"), events.funnel("visit", "buy"), "*y*"])._ipython_display_()
    assert [type(p).__name__ for p in put] == ["HTML", "VConcatChart", "Markdown", "HTML"]
    assert put[1].to_dict()["vconcat"][0]["hconcat"][0]["title"] == {"text": "One", "subtitle": ["x"]}
    assert put[0].data == "<h2>A &lt;b&gt;</h2>"
    assert isinstance(put[1], VConcatChart)
    shown = bundle(put[1])
    assert set(shown) == {LAB_MIME, "image/svg+xml", "text/plain"}
    assert [len(row["hconcat"]) for row in shown[LAB_MIME]["vconcat"]] == [2]
    assert shown["text/plain"].startswith("One: Lines by day from 01 March 2026")
    assert put[3].data.count("How these figures were made") == 2


def test_a_text_that_is_more_than_paragraphs_stands_below_the_grid_under_its_title(
    events: ek.Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    from IPython import display

    put: list[Any] = []
    monkeypatch.setattr(display, "display", put.append)
    ek.Dashboard("A", [(events.trends("visit"), "One", "- x")])._ipython_display_()
    assert [type(p).__name__ for p in put] == ["HTML", "VConcatChart", "HTML", "HTML"]
    assert put[2].data == "<strong>One</strong><ul>\n<li>x</li>\n</ul>\n"
    assert put[1].to_dict()["vconcat"][0]["hconcat"][0]["title"] == "One"


def test_what_it_warns_of_is_warned_at_the_line_that_asked(events: ek.Events) -> None:
    board = ek.Dashboard("Ours", [events.trends("vist"), (events.trends("visit", date_range=("2026-05-01", "2026-04-01")), "Wrong")])
    with pytest.warns() as caught:
        board.to_html(now=NOW, live=False)
    assert {(w.category, Path(w.filename).name) for w in caught} == {
        (UnknownEventWarning, "test_dashboard.py"), (FailedTileWarning, "test_dashboard.py"),
    }  # fmt: skip


def test_the_same_question_twice_draws_twice(events: ek.Events) -> None:
    assert "<svg" in ek.Dashboard("Twice", [events.trends("visit", breakdown="plan")] * 2).chart().to_svg()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda e: ek.Dashboard("", [e.trends("visit")]), "a dashboard's title is a text"),
        (lambda e: ek.Dashboard([e.trends("visit")], "Ours"), "a dashboard's title is a text"),
        (lambda e: ek.Dashboard("Ours", e.trends("visit")), r"the tiles of a dashboard are a list: write ek.Dashboard\('Ours', \[...\]\)"),
        (lambda e: ek.Dashboard("Ours", []), "a dashboard of nothing"),
        (lambda e: ek.Dashboard("Ours", [3]), "this is int: 3"),
        (lambda e: ek.Dashboard("Ours", [("One", "two")]), "this is tuple"),
        (lambda e: ek.Dashboard("Ours", [e.trends("visit").to_pandas()]), "this is DataFrame"),
        (lambda e: ek.Dashboard("Ours", [e.trends("visit")], columns=9), "columns 9: give 1 to 4"),
        (lambda e: ek.Dashboard("Ours", ["text"]).chart(), "there is nothing to chart"),
        (lambda e: ek.Dashboard("Ours", [e.trends("visit")]).save("ours.pdf"), "name it 'ours.html'"),
    ],
)
def test_a_wrong_dashboard_says_what_to_write(make: Callable[[ek.Events], Any], said: str, events: ek.Events) -> None:
    with pytest.raises(SpecError, match=said):
        make(events)


def test_a_dashboard_of_no_events_says_so() -> None:
    none = ek.from_frame(pd.DataFrame({"event": [], "distinct_id": [], "timestamp": []}), now="2026-01-08")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        html = ek.Dashboard("Ours", [none.trends(None, date_range="-7d"), none.trends(None)]).to_html(now=NOW, live=False)
    assert "There are no events." in html


@needs_browser
@pytest.mark.slow
def test_hostile_names_are_text_and_the_page_draws_without_a_network_and_reads_without_javascript(tmp_path: Path) -> None:
    rows = [(MARKUP, "a", "2026-01-01"), (MARKUP, MARKUP, "2026-01-02"), ("</script><script>alert(1)</script>", "a", "2026-01-03")]
    frame = pd.DataFrame(rows, columns=["event", "distinct_id", "timestamp"]).assign(
        properties=[{MARKUP: MARKUP}, {MARKUP: "</script>"}, {}]
    )
    events = ek.from_frame(frame)
    tiles = [
        (events.trends(*events.event_names().event, breakdown=MARKUP), MARKUP, MARKUP),
        events.funnel(MARKUP, rows[2][0], breakdown=MARKUP),
        events.person(MARKUP).timeline(),
        MARKUP,
    ]
    page = ek.Dashboard(MARKUP, tiles).save(tmp_path / "hostile.html", now=NOW)
    assert page.stat().st_size < 2_000_000
    for theme in ("light", "dark"):
        with opened(page, theme) as seen:
            assert (seen.foreign, seen.errors) == ([], [])
            assert min(seen.marks("figure .vega-embed svg")) > 3
            assert len(seen.marks("figure .vega-embed svg")) == 3
            assert seen.page.locator("img").count() == 0
            assert seen.page.title() == MARKUP
            ink, paper = seen.page.evaluate("() => { const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]; }")
            assert (ink, paper) == {
                "light": ("rgb(31, 41, 51)", "rgb(255, 255, 255)"), "dark": ("rgb(228, 231, 235)", "rgb(20, 24, 29)")
            }[theme]  # fmt: skip
    with browser_page() as seen:
        context = seen.page.context.browser.new_context(java_script_enabled=False)
        plain = context.new_page()
        plain.goto(page.as_uri())
        assert plain.locator("figure svg").count() == 3
        plain.locator("summary").first.click()
        assert plain.inner_text("main").count(MARKUP) > 5
        context.close()
