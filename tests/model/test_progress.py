"""A bar for long work: it is seen where somebody looks, and leaves nothing behind."""

import io
import sys
import time
from pathlib import Path

import nbformat
import nbformat.v4 as nb
import pytest

from evkit.model.progress import Bar, drawn
from evkit.report import run


def test_a_bar_as_text() -> None:
    assert drawn("reading", 0.5) == "reading " + "█" * 15 + "░" * 15 + "  50%"


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_in_a_terminal_long_work_is_shown_and_the_line_is_left_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    with Bar("reading") as bar:
        bar(1, 10)
        assert screen.getvalue() == ""
        bar._started -= 5
        bar(5, 10)
    assert screen.getvalue().startswith("\r" + drawn("reading", 0.5))
    assert screen.getvalue().endswith("\r")
    assert screen.getvalue().rsplit("\r", 2)[1].strip() == ""


def test_nothing_is_written_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar("reading") as bar:
        bar._started -= 5
        bar(5, 10)
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_in_a_notebook_it_is_an_output_that_ends_up_empty_also_from_the_engines_thread(tmp_path: Path) -> None:
    cells = [
        "import ibis, time\nfrom evkit.load.files import connect\nfrom evkit.model import progress\ncon = connect()",
        "with progress.Bar('<slow>') as bar:\n    for i in range(13):\n        bar(i, 13); time.sleep(0.1)",
        "table = con.create_table('t', ibis.range(40_000).unnest().name('a').as_table())\n"
        "pairs = table.cross_join(table.view().rename(b='a'))\n"
        "with progress.watched(con, 'joining'):\n    n = con.to_pyarrow(pairs.filter(pairs.a.cast('int64') * pairs.b % 1000003 == 7).count())",
    ]
    book = tmp_path / "slow.ipynb"
    nbformat.write(nb.new_notebook(cells=[nb.new_code_cell(c) for c in cells]), book)
    started = time.monotonic()
    made = run.run(book)
    assert time.monotonic() - started < 300
    for cell in made["cells"][1:]:
        assert [o["output_type"] for o in cell["outputs"]] == ["display_data"]
        assert cell["outputs"][0]["data"]["text/plain"] == ""


def test_after_a_while_the_time_left_is_told_at_the_pace_since_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    with Bar("fetching") as bar:
        bar(100, 500)  # what was here already
        bar._started -= 20
        assert bar._first is not None
        bar._first = (bar._first[0] - 20, 100)
        bar(300, 500)
    assert screen.getvalue().startswith("\r" + drawn("fetching, 20 s left", 0.6))


def test_a_shorter_line_covers_a_longer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    with Bar("a long title") as bar:
        bar._started -= 5
        bar(1, 2)
        bar.title, bar._last = "short", 0.0
        bar(1, 2)
    long, short, blank = screen.getvalue().split("\r")[1:4]
    assert len(short) == len(long) == len(blank) and short.strip() == drawn("short", 0.5)
