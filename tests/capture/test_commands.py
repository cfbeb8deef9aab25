"""The commands of capture, as people type them."""

from __future__ import annotations

import datetime as dt
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

import evkit as ek
from evkit import cli
from evkit.capture import Store, message, read_warnings
from evkit.capture.commands import newest
from evkit.errors import StoreError

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Store(tmp_path / "events") as store:
        store.append(message.events_of([{"event": "a\x1b[31m", "distinct_id": "u"}, {"event": "b", "distinct_id": "v"}], received_at=NOW))
    return tmp_path / "events"


def test_collect_runs_until_it_is_told_to_stop(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "evkit.cli", "collect", str(tmp_path / "events"), "--port", "0", "--token", "phc_k"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stderr is not None
    with process.stdout, process.stderr:
        said = process.stdout.readline()
        url = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert url is not None, said
        event = {"event": "a", "distinct_id": "u", "api_key": "phc_k"}
        assert requests.post(url[0] + "/e/", json=event, timeout=10).status_code == 200
        assert requests.post(url[0] + "/e/", json={**event, "api_key": "phc_l"}, timeout=10).status_code == 401
        process.send_signal(signal.SIGINT)
        process.wait(20)
        assert "Traceback" not in process.stderr.read()
    assert ek.open_store(tmp_path / "events").count() == 1


def test_a_token_that_nobody_could_meet_ends_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["collect", str(tmp_path / "x"), "--port", "0", "--token", ""]) == 1
    assert capsys.readouterr().err.startswith("evkit: the token '' would never be met: no token")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--host", "nosuch.host.invalid"], "can't listen on 'nosuch.host.invalid': it is no address of this machine"),
        (["--host", "203.0.113.7"], "can't listen on '203.0.113.7': it is no address of this machine"),
        (["--port", "99999"], "port 99999 is none: give one from 0 to 65535; 0 takes a free one"),
    ],
)
def test_an_address_that_can_not_be_listened_on_is_said(
    given: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["collect", str(tmp_path / "x"), *given]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith(f"evkit: {said}") and ".." not in shown and not (tmp_path / "x").exists()


def test_a_port_that_is_taken_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ek.collect(tmp_path / "a") as taken:
        assert cli.main(["collect", str(tmp_path / "x"), "--port", str(taken.port)]) == 1
    assert (
        capsys.readouterr().err == f"evkit: can't listen on 127.0.0.1:{taken.port}: the port is taken. Give another; 0 takes a free one\n"
    )


def test_tail_shows_the_newest_last_and_nothing_steers_the_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["tail", str(folder), "--once"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["received", "(UTC)", "event", "distinct_id", "properties"]
    assert [line.split()[2] for line in lines] == ["a\ufffd[31m", "b"]
    assert lines[0].startswith("2026-03-01 00:00:00")


def test_tail_goes_on_with_what_came_since(folder: Path) -> None:
    news = newest(folder, 1)
    assert next(news).event.tolist() == ["b"]
    assert next(news).event.tolist() == []
    with Store(folder) as store:
        store.append(message.events_of([{"event": "c", "distinct_id": "u"}], received_at=NOW))
    assert next(news).event.tolist() == ["c"]


def test_looking_after_a_store(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command, said in (
        (["verify"], "2 events in 0 segments and 1 landing files\nall is well"),
        (["seal"], "2 events sealed"),
        (["compact"], "0 segments fewer"),
        (["verify"], "2 events in 1 segments and 0 landing files\nall is well"),
        (["export", "--out", str(tmp_path / "all.parquet")], "2 events in"),
    ):
        assert cli.main(["store", command[0], str(folder), *command[1:]]) == 0
        assert capsys.readouterr().out.startswith(said)
    assert ek.read(tmp_path / "all.parquet").count() == 2
    next((folder / "segments").iterdir()).write_bytes(b"x")
    assert cli.main(["store", "verify", str(folder)]) == 1
    assert "it was changed or cut\n1 problems" in capsys.readouterr().out
    assert cli.main(["store", "verify", str(tmp_path / "nothing")]) == 1
    assert "there is no store" in capsys.readouterr().err


def test_warnings_are_shown_without_making_anything(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["store", "warnings", str(folder)]) == 0
    assert capsys.readouterr().out == "no warnings\n"
    assert not (folder / "warnings").exists()
    with Store(folder) as store:
        for i in range(3):
            store.warn("refused", f"400: \x1b]0;{i}\n", at=NOW)
    before = sorted(folder.rglob("*"))
    assert cli.main(["store", "warnings", str(folder), "--last", "2"]) == 0
    assert capsys.readouterr().out == "".join(f"2026-03-01 00:00:00  refused  400: \ufffd]0;{i}\ufffd\n" for i in (1, 2))
    assert sorted(folder.rglob("*")) == before
    assert cli.main(["store", "warnings", str(folder), "--last", "0"]) == 1
    assert "--last 0: give 1 or more" in capsys.readouterr().err
    assert cli.main(["store", "warnings", str(tmp_path / "nothing")]) == 1
    assert not (tmp_path / "nothing").exists()
    with pytest.raises(StoreError, match="there is no store"):
        read_warnings(tmp_path / "nothing")


def test_where_it_listens_is_in_a_file_at_once(tmp_path: Path) -> None:
    with (tmp_path / "out.txt").open("w") as out:
        command = [sys.executable, "-m", "evkit.cli", "collect", str(tmp_path / "events"), "--port", "0"]
        with subprocess.Popen(command, stdout=out, stderr=out, cwd=Path(__file__).parents[2]) as process:
            try:
                until = time.monotonic() + 60
                while "collecting into" not in (tmp_path / "out.txt").read_text():
                    assert process.poll() is None and time.monotonic() < until
                    time.sleep(0.1)
            finally:
                process.terminate()
