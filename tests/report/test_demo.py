"""`evkit demo`, as a person would type it: what it tells, and the page that it leaves."""

import gzip
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import evkit as ek
from evkit import cli
from tests.browser import needs_browser, opened

pytestmark = pytest.mark.slow
CSV = """what,user,when,plan
visit,u1,2026-01-01 10:00,free
signup,u1,2026-01-01 10:05,free
buy,u1,2026-01-02 11:00,pro
visit,u2,2026-01-03 10:00,free
signup,u2,2026-01-08 10:05,<b>free</b>
visit,u3,2026-01-09 10:05,
"""


def demo(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "evkit.cli", "demo", *arguments], capture_output=True, text=True, timeout=120, check=False)


@needs_browser
def test_the_tour_tells_the_sample_and_its_page_draws_without_a_network(tmp_path: Path) -> None:
    truth = json.loads(ek.sample_path("truth.json").read_text())
    ran = demo("--out", str(tmp_path / "tour.html"))
    assert ran.returncode == 0, ran.stderr
    assert f"events                     {truth['events']:,} (" in ran.stdout
    for count in truth["funnels"]["all"]:
        assert f" {count:,}  " in ran.stdout
    assert re.search(r"Week of|week of \d\d \w+ \d{4}", ran.stdout)
    assert re.search(r"\(\d+\.\d s\)", ran.stdout)
    assert "tour.html" in ran.stdout
    for theme in ("light", "dark"):
        with opened(tmp_path / "tour.html", theme) as seen:
            drawn = seen.marks("figure svg")
            assert len(drawn) == 7  # two of them stand for widgets
            assert sorted(drawn)[0] >= 10 and sorted(drawn)[1] > 20  # the least is a table of two figures
            assert (seen.foreign, seen.errors) == ([], [])
            ink, paper = seen.page.evaluate("() => { const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]; }")
            assert (sum(map(int, re.findall(r"\d+", ink)[:3])) < sum(map(int, re.findall(r"\d+", paper)[:3]))) == (theme == "light")


def test_a_persons_own_csv_with_columns_of_other_names(tmp_path: Path) -> None:
    (tmp_path / "my.csv").write_text(CSV)
    names = ["--column", "event=what", "--column", "distinct_id=user", "--column", "timestamp=when"]
    ran = demo("--events", str(tmp_path / "my.csv"), *names, "--timezone", "Europe/London", "--out", str(tmp_path / "my.html"))
    assert ran.returncode == 0, ran.stderr
    assert [line.split()[:3] for line in ran.stdout.splitlines() if re.match(r" +\d\. ", line)] == [
        ["1.", "visit", "3"],
        ["2.", "signup", "2"],
        ["3.", "buy", "1"],
    ]
    assert "<figure" in (tmp_path / "my.html").read_text()


def test_a_persons_own_json_lines_of_one_kind_of_event(tmp_path: Path) -> None:
    file = tmp_path / "one.jsonl.gz"
    row = {"event": "<img src=x onerror=alert(1)>", "distinct_id": "p", "timestamp": "2026-01-01T00:00:00Z", "properties": {}}
    file.write_bytes(gzip.compress((json.dumps(row) + "\n{broken\n").encode()))
    ran = demo("--events", str(file), "--out", str(tmp_path / "one.html"))
    assert ran.returncode == 0, ran.stderr
    assert "1 (0 sent twice, 1 unreadable)" in ran.stdout
    assert "<img src=x" not in (tmp_path / "one.html").read_text()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("nothing.csv", None, "no file"),
        ("my.csv", CSV, "no column 'event', 'distinct_id', 'timestamp'"),
        ("empty.jsonl", "", "there are no events"),
        ("my.xlsx", "x", "ending is none of"),
    ],
)
def test_what_can_not_be_shown_is_told_in_a_sentence(
    name: str, content: str | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    assert cli.main(["demo", "--events", str(tmp_path / name), "--out", str(tmp_path / "x.html")]) == 1
    told = capsys.readouterr().err
    assert told.startswith("evkit: ")
    assert said in told
    assert "Traceback" not in told


def test_evkit_lab_copies_the_notebooks_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(subprocess, "run", lambda command, **_: started.append(command))
    folder = tmp_path / "course"
    assert cli.main(["lab", "--folder", str(folder)]) == 0
    (folder / "01_tour.ipynb").write_text("mine")
    assert cli.main(["lab", "--folder", str(folder)]) == 0
    assert (folder / "01_tour.ipynb").read_text() == "mine"
    assert all("--ip=127.0.0.1" in command for command in started)
    shutil.rmtree(folder)
