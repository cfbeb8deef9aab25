"""`evkit report`, as a person or a cron would run it: real kernels, small notebooks."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import nbformat.v4 as nb
import pytest

from evkit import cli
from evkit.errors import MissingFile, SpecError
from evkit.report import command, run
from evkit.report.arguments import DOUBTFUL, STOPPED
from tests.browser import browser_page, needs_browser, opened

pytestmark = pytest.mark.slow
Book = Callable[..., Path]
MARKUP = "<img src=x onerror=alert(1)>"


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """Write a notebook of these cells; the first is tagged "parameters" where it is given by name."""

    def made(*cells: str, parameters: str | None = None, name: str = "small") -> Path:
        first = [] if parameters is None else [nb.new_code_cell(parameters, metadata={"tags": ["parameters"]})]
        path = tmp_path / f"{name}.ipynb"
        nbformat.write(nb.new_notebook(cells=[*first, *(nb.new_code_cell(c) for c in cells)]), path)
        return path

    return made


def outputs(path: Path) -> list[dict[str, Any]]:
    return [o for c in json.loads(path.read_text())["cells"] if c["cell_type"] == "code" for o in c["outputs"]]


def test_parameters_are_given_and_the_notebook_and_the_page_are_written(
    book: Book, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = book("print(n + 1, steps, zone)", parameters="n = 1\nsteps = []  # names\nzone = 'UTC'")
    before = path.read_text()
    out = tmp_path / "out"
    assert cli.main(["report", str(path), "-p", "n=5", "-p", 'steps=["a"]', "-p", "zone=Europe/London", "--out", str(out)]) == 0
    assert capsys.readouterr().out.split() == [str(out / "small.html"), str(out / "small.ipynb")]
    assert "6 [&#x27;a&#x27;] Europe/London" in (out / "small.html").read_text()
    assert outputs(out / "small.ipynb")[0]["text"] == "6 ['a'] Europe/London\n"
    assert path.read_text() == before
    assert sorted(p.name for p in out.iterdir()) == ["small.html", "small.ipynb"]


def test_a_failing_cell_ends_the_report_which_says_so_first_and_is_kept(
    book: Book, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = book("print('so far')", "raise ValueError('<b>no</b>')", "print('never')")
    assert cli.main(["report", str(path), "--out", str(tmp_path / "out")]) == 1
    assert "evkit: small.ipynb, code cell 2 of 3: ValueError: <b>no</b>" in capsys.readouterr().err
    page = (tmp_path / "out" / "small.html").read_text()
    main = page[page.index("<main>") :]
    first = main.index("This report is not complete.")
    assert first < main.index("cell 2 of 3: ValueError: &lt;b&gt;no&lt;/b&gt;") < main.index("so far") < main.index('class="error"')
    section = main[main.index('<section id="failed-cell">') :]
    assert "raise ValueError" in section[: section.index("</section>")]
    assert "<title>Failed: small</title>" in page
    assert "<b>no" not in page
    assert [o["output_type"] for o in outputs(tmp_path / "out" / "small.ipynb")] == ["stream", "error"]


def test_a_cell_may_take_only_so_long(book: Book, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = book("print('so far')", "import time\ntime.sleep(60)")
    started = time.monotonic()
    assert cli.main(["report", str(path), "--timeout", "2", "--out", str(tmp_path / "out")]) == 1
    assert time.monotonic() - started < 40
    assert "cell 2 of 2: TimeoutError: the cell took longer than 2 seconds" in capsys.readouterr().err
    error = outputs(tmp_path / "out" / "small.ipynb")[-1]
    assert (error["ename"], error["evalue"]) == ("TimeoutError", "the cell took longer than 2 seconds")
    assert any("time.sleep" in re.sub(r"\x1b\[[\d;]*m", "", line) for line in error["traceback"])


def test_a_notebook_whose_python_ends_is_told(book: Book, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = book("print('so far')", "import os\nos._exit(1)")
    assert cli.main(["report", str(path), "--out", str(tmp_path / "out")]) == 1
    assert "cell 2 of 2: DeadKernelError: the notebook's Python ended" in capsys.readouterr().err
    assert "so far" in (tmp_path / "out" / "small.html").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_ran_is_kept_when_it_is_stopped(book: Book, tmp_path: Path, number: signal.Signals) -> None:
    sign = tmp_path / "it_runs"
    path = book("print('so far')", f"import time, pathlib\npathlib.Path({str(sign)!r}).touch()\ntime.sleep(90)", "print('never')")
    arguments = [sys.executable, "-m", "evkit.cli", "report", str(path), "--out", str(tmp_path / "out")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as ran:
        for _ in range(600):
            if sign.exists():
                break
            time.sleep(0.1)
        ran.send_signal(number)
        _, told = ran.communicate(timeout=60)
    assert ran.returncode == STOPPED
    assert "cell 2 of 3: Stopped" in told
    assert "Traceback" not in told
    assert "This report is not complete." in (tmp_path / "out" / "small.html").read_text()
    assert [o["output_type"] for o in outputs(tmp_path / "out" / "small.ipynb")] == ["stream", "error"]


def test_secrets_are_neither_in_the_page_nor_in_the_notebook(book: Book, tmp_path: Path) -> None:
    path = book("print('using', api_key, n)\nraise ValueError(api_key)", parameters="api_key = None\nn = 1")
    assert cli.main(["report", str(path), "-p", "api_key=phx_veryhidden", "-p", "n=2", "--out", str(tmp_path / "out")]) == 1
    for kept in (tmp_path / "out").iterdir():
        assert "phx_veryhidden" not in kept.read_text()
        assert "using ••• 2" in kept.read_text()
    cells = json.loads((tmp_path / "out" / "small.ipynb").read_text())["cells"]
    given = next("".join(c["source"]) for c in cells if "injected-parameters" in c["metadata"].get("tags", ()))
    assert 'api_key = "•••"' in given and "n = 2" in given


def test_the_kernel_is_the_python_that_runs_us_and_works_in_the_notebooks_folder(book: Book, tmp_path: Path) -> None:
    path = book("import os, sys\nprint(sys.executable, os.getcwd())")
    assert run.execute(path).notebook["cells"][0]["outputs"][0]["text"].split() == [sys.executable, str(tmp_path)]
    (tmp_path / "other").mkdir()
    ran = run.execute(path, folder=tmp_path / "other")
    assert ran.notebook["cells"][0]["outputs"][0]["text"].split()[1] == str(tmp_path / "other")


def test_a_cell_that_may_fail_and_a_notebook_that_ends_itself_are_no_failures(tmp_path: Path) -> None:
    path = tmp_path / "ends.ipynb"
    allowed = nb.new_code_cell("1 / 0", metadata={"tags": ["raises-exception"]})
    nbformat.write(nb.new_notebook(cells=[allowed, nb.new_code_cell("import sys\nsys.exit(0)"), nb.new_code_cell("print('never')")]), path)
    ran = run.execute(path)
    assert ran.failure is None
    assert ran.notebook["cells"][-1]["outputs"] == []


def test_a_path_with_braces_and_blanks_is_taken_as_it_is(book: Book, tmp_path: Path) -> None:
    path = book("print(n)", parameters="n = 1", name="a {n} b")
    assert cli.main(["report", str(path), "-p", "n=4", "--out", str(tmp_path / "o {n}")]) == 0
    assert (tmp_path / "o {n}" / "a {n} b.html").is_file()


def test_dated_reports_stay(book: Book, tmp_path: Path) -> None:
    import datetime as dt

    from evkit.cli import parser

    asked = parser().parse_args(["report", str(book("1")), "--dated", "--static", "--title", "Our <week>", "--out", str(tmp_path / "out")])
    said: list[str] = []
    assert command.report(asked, now=dt.datetime(2026, 4, 27, 12, tzinfo=dt.UTC), say=said.append) == 0
    assert [Path(line).name for line in said] == ["small-2026-04-27.html", "small-2026-04-27.ipynb"]
    page = Path(said[0]).read_text()
    assert "<title>Our &lt;week&gt;</title>" in page
    assert "Made 27 April 2026, " in page


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-p", "othr=5"], "small.ipynb has no parameter 'othr'. Did you mean 'other'? It has: n, other"),
        (["-p", "n"], "-p 'n': give NAME=VALUE, such as weeks=8"),
        (["-p", "a b=5"], "-p 'a b=5': give NAME=VALUE"),
        (["-p", "n=[1, 2"], "-p n: '[1, 2' begins like JSON and can't be read"),
        (["-p", "n=many"], "n 'many' is no number, which it is in small.ipynb: write -p n=8"),
        (["-p", "n="], "-p 'n=' has no value: was a variable of the shell not set? An empty text on purpose is -r n="),
        (["--timeout", "0"], "--timeout 0: give the seconds that a cell may take"),
        (["--cwd", "nowhere"], "--cwd: there is no folder 'nowhere'"),
        (["--schedule", "now and then"], "schedule 'now and then' can't be read"),
    ],
)
def test_what_is_wrong_is_told_before_anything_runs(
    arguments: list[str], said: str, book: Book, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = book("print(n)", parameters="n = 1\nother: int = 2")
    assert cli.main(["report", str(path), *arguments, "--out", str(tmp_path / "out")]) == 1
    told = capsys.readouterr()
    assert said in told.err
    assert told.out == ""
    assert not (tmp_path / "out").exists()


def test_a_notebook_without_a_cell_of_parameters_says_how_it_gets_one(book: Book, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"small.ipynb has no cell tagged 'parameters', so it takes none: tag the cell"):
        run.execute(book("print(1)"), {"n": 1})


def test_what_is_no_notebook_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.ipynb").write_text("{not json")
    assert cli.main(["report", str(tmp_path / "x.ipynb"), "--out", str(tmp_path / "out")]) == 1
    assert "is no notebook that can be read" in capsys.readouterr().err
    with pytest.raises(MissingFile, match="no notebook 'weekly_repotr'"):
        command.found("weekly_repotr")


def test_the_notebook_is_never_written_over(book: Book, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", str(book("1")), "--out", str(tmp_path)]) == 1
    assert "is the notebook's own folder" in capsys.readouterr().err
    assert cli.main(["report", str(book("1")), "--out", str(tmp_path / "page.html")]) == 1
    assert "names a file: give a folder; the page will be small.html in it" in capsys.readouterr().err


@needs_browser
def test_the_weekly_report_of_hostile_events_draws_without_a_network_and_reads_without_javascript(tmp_path: Path) -> None:
    log = [
        (MARKUP, "u1", "2026-01-05 10:00"),
        ("buy", "u1", "2026-01-06 10:00"),
        (MARKUP, MARKUP, "2026-01-07 10:00"),
        ("buy", "u2", "2026-01-13 10:00"),
    ]
    file = tmp_path / "log.csv"
    file.write_text("event,distinct_id,timestamp,plan\n" + "\n".join(f'"{e}","{who}",{when},"{MARKUP}"' for e, who, when in log) + "\n")
    out = tmp_path / "out"
    assert (
        cli.main(["report", "weekly_report", "-p", f"events_files={file}", "-p", "timezone=UTC", "-p", "now=newest", "--out", str(out)])
        == 0
    )
    page = out / "weekly_report.html"
    assert "<img src=x" not in page.read_text()
    assert page.stat().st_size < 2_000_000
    for theme in ("light", "dark"):
        with opened(page, theme) as seen:
            assert (seen.foreign, seen.errors) == ([], [])
            drawn = seen.marks("figure .vega-embed svg")
            assert len(drawn) == 6
            assert min(drawn) > 5
            assert seen.page.locator("img").count() == 0
            assert MARKUP in seen.page.inner_text("main")
    with browser_page() as seen:
        context = seen.page.context.browser.new_context(java_script_enabled=False)
        plain = context.new_page()
        plain.goto(page.as_uri())
        text = plain.inner_text("main")
        assert plain.locator("figure svg").count() == 6
        assert "Events without a person" in text and MARKUP in text
        context.close()


def test_a_secret_is_masked_however_deep_and_the_notebook_stays_whole(book: Book, tmp_path: Path) -> None:
    path = book("print('said', auth['list'][0]['token'], True)", parameters="auth = {}\nkey = ''")
    ran = run.execute(path, {"auth": {"list": [{"token": "phx_hidden"}], "on": True}, "key": "code"})
    assert ran.failure is None
    assert [c["cell_type"] for c in ran.notebook["cells"]] == ["code"] * len(ran.notebook["cells"])
    text = json.dumps(ran.notebook)
    assert "phx_hidden" not in text
    assert "True" in "".join(o.get("text", "") for c in ran.notebook["cells"] for o in c["outputs"])


def test_ctrl_c_does_afterwards_what_it_did_before(book: Book) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    run.execute(book("1 + 1"))
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_an_expected_error_is_no_failure_and_leaves_no_note(book: Book, tmp_path: Path) -> None:
    path = book("1 / 0", "print('on')")
    made = json.loads(path.read_text())
    made["cells"][0]["metadata"]["tags"] = ["raises-exception"]
    path.write_text(json.dumps(made))
    ran = run.execute(path)
    assert ran.failure is None
    assert [c["cell_type"] for c in ran.notebook["cells"]] == ["code", "code"]


WARNS = "import warnings\nfrom evkit import errors\nwarnings.warn({!r}, errors.{}, stacklevel=1)"


def test_what_fails_while_it_is_drawn_is_told_by_its_own_error_and_cells_are_counted_as_they_were_written(
    book: Book, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draws = "class Bad:\n    def _ipython_display_(self):\n        raise ValueError('no such week')\nBad()"
    path = book("print(n)", draws, parameters="n = 1")
    assert cli.main(["report", str(path), "-p", "n=2", "--out", str(tmp_path / "out")]) == 1
    assert "evkit: small.ipynb, code cell 3 of 3: ValueError: no such week" in capsys.readouterr().err
    assert "NoneType" not in (tmp_path / "out" / "small.html").read_text()


def test_what_fails_while_it_is_drawn_amid_a_cell_is_a_failure_too(book: Book) -> None:
    draws = "class Bad:\n    def _repr_html_(self):\n        raise ValueError('no such week')\nfrom IPython.display import display\ndisplay(Bad())\nprint('on')"
    failure = run.execute(book(draws, "print('never')")).failure
    assert failure is not None
    assert str(failure) == "code cell 1 of 2: ValueError: no such week"


def test_a_report_whose_figures_are_not_what_was_asked_for_says_so_first_and_does_not_end_with_0(
    book: Book, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = book(
        "print('so far')",
        WARNS.format("1 row is set aside", "RejectedRowsWarning"),
        WARNS.format("the newest event is old", "StaleDataWarning"),
    )
    assert cli.main(["report", str(path), "--out", str(tmp_path / "out")]) == DOUBTFUL == 3
    assert capsys.readouterr().err.splitlines() == [
        "evkit: small.ipynb: the newest event is old", "evkit: small.ipynb: 1 row is set aside",
    ]  # fmt: skip
    page = (tmp_path / "out" / "small.html").read_text()
    main = page[page.index("<main>") :]
    assert main.index("These figures may not be what you think.") < main.index("the newest event is old") < main.index("so far")
    assert "ipykernel" not in main


def test_other_warnings_of_evkits_are_said_first_and_fail_only_a_strict_run(book: Book, tmp_path: Path) -> None:
    arguments = ["report", str(book(WARNS.format("1 row is set aside", "RejectedRowsWarning"))), "--out", str(tmp_path / "out")]
    assert cli.main(arguments) == 0
    assert "Before you read the figures:" in (tmp_path / "out" / "small.html").read_text()
    assert cli.main([*arguments, "--strict"]) == 3


def test_a_report_that_was_whole_is_kept_when_the_next_one_fails_and_is_linked(book: Book, tmp_path: Path) -> None:
    out = tmp_path / "out"
    whole, broken = "print('whole')", "raise ValueError('broken')"
    for cell, status in ((whole, 0), (broken, 1), (broken, 1)):
        assert cli.main(["report", str(book(cell)), "--out", str(out)]) == status
    assert sorted(p.name for p in out.iterdir()) == ["small.before.html", "small.before.ipynb", "small.html", "small.ipynb"]
    assert "whole" in (out / "small.before.html").read_text()
    assert 'The last report that was whole: <a href="./small.before.html">' in (out / "small.html").read_text()


def test_a_folder_that_takes_no_file_is_told_before_anything_runs(book: Book, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "afile").touch()
    path = book(f"import pathlib\npathlib.Path({str(tmp_path / 'it_ran')!r}).touch()")
    assert cli.main(["report", str(path), "--out", str(tmp_path / "afile" / "x")]) == 1
    told = capsys.readouterr().err
    assert told == f"evkit: --out '{tmp_path}/afile/x' can't be written: Not a directory\n"
    assert not (tmp_path / "it_ran").exists()


def test_a_notebook_of_another_language_is_refused_and_another_kernel_is_told(
    book: Book, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = book("1")
    made = json.loads(path.read_text())
    path.write_text(json.dumps(made | {"metadata": {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}}))
    assert cli.main(["report", str(path), "--out", str(tmp_path / "out")]) == 1
    assert "small.ipynb is a notebook of R (kernel 'ir'): evkit runs those of Python" in capsys.readouterr().err
    path.write_text(json.dumps(made | {"metadata": {"kernelspec": {"name": "prod", "display_name": "prod", "language": "python"}}}))
    assert cli.main(["report", str(path), "--out", str(tmp_path / "out")]) == 0
    assert "its kernel 'prod' is not used: it ran on Python" in capsys.readouterr().err
    assert "its kernel &#x27;prod&#x27; is not used" in (tmp_path / "out" / "small.html").read_text()
