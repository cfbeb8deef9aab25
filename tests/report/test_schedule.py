"""Lines for what runs things on time: they run the command that was asked for, however it has to be quoted."""

import re
import shlex
import sys
from pathlib import Path

import nbformat
import nbformat.v4 as nb
import pytest
import yaml

from evkit import cli
from evkit.errors import SpecError
from evkit.report.schedule import When, lines

NASTY = ['steps=["5%", "it\'s"]', "path=C:\\x $HOME", "plain=3"]


@pytest.mark.parametrize(
    ("text", "cron", "calendar", "words"),
    [
        ("monday 07:00", "0 7 * * 1", "Mon *-*-* 07:00:00", "every Monday at 07:00"),
        ("Sunday 23:59", "59 23 * * 0", "Sun *-*-* 23:59:00", "every Sunday at 23:59"),
        ("daily 6:30", "30 6 * * *", "*-*-* 06:30:00", "every day at 06:30"),
        ("weekdays 07:05", "5 7 * * 1-5", "Mon..Fri *-*-* 07:05:00", "Monday to Friday at 07:05"),
        ("monthly 00:00", "0 0 1 * *", "*-*-01 00:00:00", "on the first day of each month at 00:00"),
    ],
)
def test_a_time_is_written_for_cron_and_for_systemd(text: str, cron: str, calendar: str, words: str) -> None:
    when = When.of(text)
    assert (when.cron, when.calendar, when.words) == (cron, calendar, words)


@pytest.mark.parametrize("text", ["", "07:00", "monday", "monday 25:00", "monday 07:60", "someday 07:00", "0 7 * * 1"])
def test_another_time_is_answered_with_how_to_write_it(text: str) -> None:
    with pytest.raises(SpecError, match=r"give a day and a time, such as 'monday 07:00'. Days: daily, weekdays, monthly, monday"):
        When.of(text)


@pytest.fixture
def printed(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    book = tmp_path / "our week.ipynb"
    source = "steps = []\npath = ''\nplain = 1\napi_key = ''"
    nbformat.write(nb.new_notebook(cells=[nb.new_code_cell(source, metadata={"tags": ["parameters"]})]), book)
    monkeypatch.chdir(tmp_path)
    options = [part for pair in NASTY[:1] + NASTY[2:] for part in ("-p", pair)]
    assert cli.main(["report", "our week.ipynb", *options, "-r", NASTY[1], "--out", "out", "--timeout", "60", "--schedule"]) == 0
    assert not (tmp_path / "out").exists()
    return capsys.readouterr().out


def expected(folder: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "evkit.cli", "report", str(folder / "our week.ipynb")),
        *("-p", NASTY[0], "-p", NASTY[2], "-r", NASTY[1], "--dated", "--timeout", "60", "--out", str(folder / "out")),
    ]


def test_the_crontab_line_runs_the_command_as_cron_and_the_shell_read_it(printed: str, tmp_path: Path) -> None:
    line = next(line for line in printed.splitlines() if line.startswith("0 7 * * 1 "))
    of_cron = line.removeprefix("0 7 * * 1 ")
    assert not re.search(r"(?<!\\)%", of_cron)
    assert shlex.split(of_cron.replace("\\%", "%")) == ["cd", str(tmp_path), "&&", *expected(tmp_path)]


def test_the_service_runs_the_command_as_systemd_reads_it(printed: str, tmp_path: Path) -> None:
    line = next(line for line in printed.splitlines() if line.startswith("ExecStart="))
    parts = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', line.removeprefix("ExecStart="))
    read = [re.sub(r"\\(.)", r"\1", quoted) or plain for quoted, plain in parts]
    assert [part.replace("%%", "%").replace("$$", "$") for part in read] == expected(tmp_path)
    assert f"WorkingDirectory={tmp_path}\n" in printed
    assert "OnCalendar=Mon *-*-* 07:00:00\n" in printed


def test_the_ci_lines_are_yaml_and_run_the_command_in_a_checkout(printed: str) -> None:
    workflow = yaml.safe_load(printed[printed.index("name: evkit report our-week") :])
    steps = workflow["jobs"]["report"]["steps"]
    command = next(s["run"] for s in steps if "evkit.cli" in s.get("run", ""))
    assert shlex.split(command) == [
        *("python", "-m", "evkit.cli", "report", "our week.ipynb", "-p", NASTY[0], "-p", NASTY[2], "-r", NASTY[1]),
        *("--dated", "--timeout", "60", "--out", "out"),
    ]
    assert workflow[True]["schedule"] == [{"cron": "0 7 * * 1"}]
    assert next(s for s in steps if "upload" in s.get("uses", ""))["with"] == {"name": "our-week", "path": "out"}


def test_a_secret_in_the_lines_is_warned_of(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    book = tmp_path / "r.ipynb"
    nbformat.write(nb.new_notebook(cells=[nb.new_code_cell("api_key = ''", metadata={"tags": ["parameters"]})]), book)
    assert cli.main(["report", str(book), "-p", "api_key=phx_1", "--schedule", "daily 07:00"]) == 0
    assert capsys.readouterr().out.startswith("# api_key is in the lines below for all to read")


@pytest.mark.parametrize(
    ("parameter", "said"),
    [
        ('limits={"token": "SECRETEEE"}', "# limits is in the lines below for all to read"),
        ("now=2026-04-27", "# now=2026-04-27 stands still: every run will be of the same days. Leave it out, or say now=today."),
    ],
)
def test_what_does_not_do_for_a_report_made_again_and_again_is_said(
    parameter: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = tmp_path / "r.ipynb"
    nbformat.write(nb.new_notebook(cells=[nb.new_code_cell("limits = {}\nnow = None", metadata={"tags": ["parameters"]})]), book)
    assert cli.main(["report", str(book), "-p", parameter, "--schedule"]) == 0
    assert capsys.readouterr().out.startswith(said)


def test_each_report_stays_and_statuses_logins_and_places_of_this_machine_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert cli.main(["report", "weekly_report", "-p", f"store={tmp_path}/events", "--strict", "--schedule"]) == 0
    said = capsys.readouterr().out
    assert said.count(" --dated --strict ") == 3
    assert "Status 0: whole. 1: a cell failed. 3: whole, but the data is old" in said
    assert "loginctl enable-linger" in said and "OnFailure=" in said
    assert f"store={tmp_path}/events is a place of this machine, which CI doesn't have" in said
    yaml.safe_load(said[said.index("name: evkit report") :])


def test_a_parameter_that_is_not_there_is_told_before_anything_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", "weekly_report", "-p", "week=3", "--schedule"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "no parameter 'week'. Did you mean 'weeks'?" in told.err


def test_a_line_needs_no_folder_to_be_there() -> None:
    text = lines(When.of("daily 07:00"), ["python"], folder="/a%b", name="x", ci_command=["python", "--out", "y"], out="y")
    assert "cd /a\\%b && python" in text
    assert "WorkingDirectory=/a%%b" in text


def test_what_the_lines_for_ci_say_is_read_back_as_it_was() -> None:
    command = ["python", "-p", "say=a: 'x' # \"y\"", "--out", "true"]
    text = lines(When.of("daily 07:00"), ["python"], folder="/a", name="x", ci_command=command, out="true")
    job = yaml.safe_load(text[text.index("name: evkit report x") :])["jobs"]["report"]["steps"]
    assert shlex.split(job[-2]["run"]) == command
    assert job[-1]["with"]["path"] == "true"
    with pytest.raises(SpecError, match="has a line break"):
        lines(When.of("daily 07:00"), ["python", "-p", "a=b\nc"], folder="/a", name="x", ci_command=["python"], out="y")
