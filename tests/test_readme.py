"""What the README shows is true."""

import re
from pathlib import Path
from typing import Any

import pytest

import evkit as ek

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_lines_about_sending_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = TEXT.split("<!-- sending -->")[1].split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"ek": ek}
    exec(compile(code, "README.md", "exec"), names)
    try:
        assert names["events"].person("user_42").distinct_ids == ("user_42", "visitor_1")
        assert names["collector"].live().event.tolist() == ["$identify", "movie_played"]
    finally:
        names["client"].shutdown()
        names["collector"].stop()


def test_the_ten_lines_run() -> None:
    code = TEXT.split("<!-- ten lines -->")[1].split("```python\n")[1].split("```")[0]
    assert len([line for line in code.splitlines() if line.strip()]) == 10
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)
    funnel, weekly = names["funnel"], names["weekly"]
    assert isinstance(funnel, ek.Insight) and isinstance(weekly, ek.Insight)
    assert set(funnel.to_pandas().breakdown_value) == {"Desktop", "Mobile", "Tablet"}
    frame, people = weekly.to_pandas(), funnel.to_pandas().query("step == 2")["count"].sum()
    assert frame[frame.series == "signed up"].value.sum() == people == 865, "each sign-up once, though the form and the server tell of it"


def test_the_person_then_and_now_has_changed() -> None:
    (name, time) = re.search(r'events\.person\("(\w+)"\)\.timeline.*\(at="([\d-]+)"\)', TEXT).groups()  # type: ignore[union-attr]
    person = ek.load_sample().person(name)
    assert (person.properties(at=time)["plan"], person.properties()["plan"]) == ("standard", "premium")


def test_the_lines_for_the_mouse_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = TEXT.split("<!-- by hand -->")[1].split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    with ek.collect("events/", port=0):
        names: dict[str, Any] = {"ek": ek, "events": ek.load_sample()}
        for line in code.splitlines():
            assert repr(eval(line, names)).startswith(("<Explorer", "<Inspector", "<Watch", "<Picker"))


def test_the_lines_about_large_data_run() -> None:
    code = TEXT.split("<!-- large -->")[1].split("```python\n")[1].split("```")[0]
    events = ek.load_sample()
    names: dict[str, Any] = {"ek": ek, "events": events}
    lines = [line for line in code.splitlines() if line.strip()]
    exec(compile(lines[0], "README.md", "exec"), names)
    assert eval(lines[1], names).query("mine").actor.tolist()[0] == "person"
    exec(compile(lines[2], "README.md", "exec"), names)
    assert not eval(lines[1], names).mine.any()


def test_the_lines_about_dashboards_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = TEXT.split("<!-- dashboard -->")[1].split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    events = ek.load_sample()
    names: dict[str, Any] = {"ek": ek, "events": events, "funnel": events.funnel("$pageview", "user_signed_up")}
    exec(compile(code, "README.md", "exec"), names)
    assert (tmp_path / "week.html").read_text().count("<figure ") == 2
    assert names["quality"].summary()["count"].iloc[0] > 0


def test_the_pictures_are_there() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", TEXT)
    assert len(pictures) == 2
    assert all((ROOT / p).read_text(encoding="utf-8").startswith("<svg") for p in pictures)


def test_the_lines_for_a_file_of_ones_own_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = [line.strip() for line in TEXT.splitlines() if line.startswith(("    events = ek.read(", "    events.funnel("))]
    assert len(shown) == 2
    (tmp_path / "log.csv").write_text(
        "name,user_id,time,country\nvisit,u,2026-01-02,NO\nsignup,u,2026-01-03,NO\npurchase,u,2026-01-20,NO\nvisit,v,1767323045000,\n"
    )
    monkeypatch.chdir(tmp_path)
    scope: dict[str, object] = {"ek": ek}
    exec(shown[0], scope)
    frame = eval(shown[1], scope).to_pandas()
    assert frame[frame.breakdown_value == "NO"]["count"].tolist() == [1, 1, 0]
