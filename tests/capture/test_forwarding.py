"""What a collector takes is passed on, once it is safe, and once only as far as uuids tell."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
import requests

import evkit as ek
from evkit import cli
from evkit.capture import Store, read_warnings
from evkit.capture.forwarding import FLUSH_SECONDS, Forwarder, is_own, stranded
from tests.capture.recording import Recorder

E: dict[str, Any] = {"event": "a", "distinct_id": "u", "api_key": "phc_here", "properties": {"token": "phc_here", "n": 1}}


def until(condition: Any) -> None:
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def test_events_arrive_at_the_other_side_as_they_were_kept_here(tmp_path: Path) -> None:
    with ek.collect(tmp_path / "there", tokens=["phc_there"]) as there:
        forwarder = Forwarder(there.url, "phc_there", spool=tmp_path / "spool")
        with Store(tmp_path / "here", on_durable=forwarder.take) as store, ek.collect(store) as here:
            requests.post(here.url + "/e/", json={**E, "timestamp": "2026-01-02T03:04:05Z"}, timeout=10).raise_for_status()
            until(lambda: forwarder.stats().sent == 1)
        forwarder.close()
        sent, found = (ek.open_store(tmp_path / side).to_pandas() for side in ("here", "there"))
    assert sent.uuid.tolist() == found.uuid.tolist()
    assert abs((sent.timestamp[0] - found.timestamp[0]).total_seconds()) < 1  # corrected by a clock that is ours
    properties = json.loads(found.properties[0])
    assert (properties["n"], "token" in properties) == (1, False)


def test_what_the_other_side_does_not_take_waits_and_goes_out_later(tmp_path: Path) -> None:
    with ek.collect(tmp_path / "there") as away:
        port = away.port
    forwarder = Forwarder(f"http://127.0.0.1:{port}", "phc_there", spool=tmp_path / "spool")
    with Store(tmp_path / "here", on_durable=forwarder.take) as store, ek.collect(store) as here:
        requests.post(here.url + "/e/", json=E, timeout=10).raise_for_status()
    forwarder.close(timeout_seconds=0.5)
    assert ek.open_store(tmp_path / "here").count() == 1
    with ek.collect(tmp_path / "there", port=port) as there:
        again = Forwarder(there.url, "phc_there", spool=tmp_path / "spool")
        until(lambda: again.stats().sent == 1)
        again.close()
    assert ek.open_store(tmp_path / "there").to_pandas().uuid.tolist() == ek.open_store(tmp_path / "here").to_pandas().uuid.tolist()


# ---------------------------------------------------------------------- a wrong key, put right
def lines(*names: str) -> bytes:
    rows = [
        {"uuid": str(uuid.uuid4()), "event": n, "distinct_id": "u", "timestamp": "2026-03-01T00:00:00.000000", "properties": {}}
        for n in names
    ]
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def uuids(data: bytes) -> list[str]:
    return [json.loads(line)["uuid"] for line in data.splitlines()]


def nowhere() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def collecting(folder: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "evkit.cli", "collect", str(folder), "--port", "0", *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def told(process: subprocess.Popen[str], words: str) -> str:
    """Read what a command says until it says this."""
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return line
    raise AssertionError(f"it never said {words!r}")


def ended(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert "Traceback" not in err, err
    return out + err


def test_what_waits_under_another_key_or_was_refused_is_told_and_passed_on_with_its_uuids(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, waits = tmp_path / "here", lines("a", "b", "c")
    Store(folder).close()
    away = Forwarder(nowhere(), "phc_old", spool=folder / "forward")
    away.take(waits)
    away.close(timeout_seconds=0.1)
    refused = lines("d", "e")
    with ek.collect(tmp_path / "there", tokens="phc_right") as there:
        wrong = Forwarder(there.url, "phc_wrong", spool=folder / "forward")
        wrong.take(refused)
        until(lambda: wrong.stats().refused == 2)
        wrong.close()
        again = Forwarder(there.url, "phc_right", spool=folder / "forward")
        again.close()
        said = "3 events wait under another key, 2 were refused: `evkit store forward X --forward-to HOST --api-key TOKEN` passes them on"
        assert stranded(again.leftover(), "X") == said
        command = ["store", "forward", str(folder), "--forward-to", there.url, "--api-key"]
        assert cli.main([*command, "phc_bad"]) == 1  # all are refused once more, and set aside again
        shown = capsys.readouterr().out
        assert "0 events passed on to" in shown and "5 events refused (status 401" in shown and ".refused" in shown
        assert cli.main([*command, "phc_right"]) == 0
        assert capsys.readouterr().out == f"5 events passed on to {there.url}\n"
        assert cli.main([*command, "phc_right"]) == 0
        assert capsys.readouterr().out == "nothing waits to be passed on\n"
    assert sorted(ek.open_store(tmp_path / "there").to_pandas().uuid) == sorted(uuids(waits) + uuids(refused))
    assert list((folder / "forward").iterdir()) == []


def test_a_stop_amid_taking_over_loses_nothing_and_torn_lines_are_set_aside(tmp_path: Path) -> None:
    spool = tmp_path / "forward"
    spool.mkdir()
    kept = lines("a", "b")
    (spool / "0123456789ab.1700000000.retry").write_bytes(kept + b'{"torn')  # as a stop before its end leaves it
    with ek.collect(tmp_path / "there") as there:
        taken = Forwarder(there.url, "phc_k", spool=spool, adopt=True)
        assert [p.suffix for p in sorted(spool.iterdir())] == [".torn", ".jsonl"]
        taken.drain()
        taken.close()
    assert ek.open_store(tmp_path / "there").to_pandas().uuid.tolist() == uuids(kept)
    assert next(spool.glob("*.torn")).read_bytes() == b'{"torn'


def test_what_a_running_collector_sends_is_left_to_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Store(tmp_path / "here").close()
    running = Forwarder(nowhere(), "phc_k", spool=tmp_path / "here" / "forward")
    running.take(lines("a"))
    with ek.collect(tmp_path / "there") as there:
        assert cli.main(["store", "forward", str(tmp_path / "here"), "--forward-to", there.url, "--api-key", "phc_other"]) == 0
    assert capsys.readouterr().out == "nothing waits to be passed on\n1 event left to a collector that runs, and sends them itself\n"
    running.close(timeout_seconds=0.0)
    assert running.stats().pending == 1


def test_one_bad_event_does_not_keep_the_others_of_its_batch_from_arriving(tmp_path: Path) -> None:
    bad = lines("a").replace(b'"u"', b'" "')
    with ek.collect(tmp_path / "there") as there:
        said: list[str] = []
        forwarder = Forwarder(there.url, "phc_k", spool=tmp_path / "spool", tell=said.append)
        forwarder.take(lines("b", "c") + bad + lines("d"))
        until(lambda: forwarder.stats().sent == 3 and forwarder.stats().refused == 1)
        forwarder.close()
    assert ek.open_store(tmp_path / "there").to_pandas().event.tolist() == ["b", "c", "d"]
    assert len(said) == 1 and "refuses events (status 400" in said[0] and "set aside in" in said[0]


# ---------------------------------------------------------------------- what is told
def test_a_host_that_refuses_or_is_away_is_told_once_and_so_is_its_return(tmp_path: Path) -> None:
    with Recorder() as there:
        said, warned = [], []
        forwarder = Forwarder(there.host, "phc_k", spool=tmp_path / "spool", tell=said.append, warn=warned.append)
        for status in (200, 401, 401, 401, 200, 200):
            there.always = status
            forwarder.take(lines("a"))
            until(lambda: forwarder.stats().pending == 0)
        there.replies = [503, 503]
        forwarder.take(lines("a"))
        until(lambda: forwarder.stats().sent == 4)
        there.always = 401  # so soon after the first time that is no news
        forwarder.take(lines("a"))
        until(lambda: forwarder.stats().pending == 0)
        forwarder.close()
    refuses = (
        f"{there.host} refuses events (status 401 said no): they are set aside in {forwarder.aside}; `evkit store forward` sends them again"
    )
    away = f"{there.host} does not take events (status 503 said no): they wait in {tmp_path / 'spool'} and are sent again"
    again = f"{there.host} takes events again"
    assert said == [refuses, again, away, again]
    assert warned == [refuses, away]


def test_collect_tells_in_its_terminal_and_among_its_warnings_how_passing_on_goes(tmp_path: Path) -> None:
    with ek.collect(tmp_path / "there", tokens="phc_right") as there:
        for key, before, after in (
            ("phc_wrong", None, "refuses events (status 401"),
            ("phc_right", "1 event was refused: `evkit store", None),
        ):
            process = collecting(tmp_path / "here", "--forward-to", there.url, "--api-key", key)
            if before:
                told(process, before)
            url = re.search(r"http://127\.0\.0\.1:\d+", told(process, "collecting into"))
            assert url is not None
            requests.post(url[0] + "/e/", json=E, timeout=10).raise_for_status()
            if after:
                told(process, after)
            ended(process)
    warned = read_warnings(tmp_path / "here")
    assert (warned.kind.tolist(), warned.detail.str.contains("refuses events").tolist()) == (["not_passed_on"], [True])
    assert ek.open_store(tmp_path / "there").count() == 1
    assert not list((tmp_path / "here" / "forward").glob("*.jsonl"))


# ---------------------------------------------------------------------- round and round
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_a_collector_does_not_pass_events_on_to_itself(host: str, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["collect", str(tmp_path / "here"), "--port", str(port), "--forward-to", f"http://{host}:{port}", "--api-key", "phc_k"]
    done = subprocess.run([sys.executable, "-m", "evkit.cli", *command], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "is this collector itself: events would go round without end" in done.stderr) == (1, True)
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize(
    ("host", "listening", "own"),
    [
        ("http://localhost:8000", ("0.0.0.0", 8000), True),
        ("http://127.0.0.2:8000", ("0.0.0.0", 8000), True),
        ("http://0.0.0.0:8000", ("0.0.0.0", 8000), True),
        ("http://192.0.2.7:8000", ("0.0.0.0", 8000), False),
        ("http://0.0.0.0:8000", ("127.0.0.1", 8000), True),
        ("http://[::ffff:127.0.0.1]:8000", ("127.0.0.1", 8000), True),
        ("http://localhost:8001", ("127.0.0.1", 8000), False),
        ("http://localhost", ("::1", 80), True),
        ("https://localhost", ("::1", 443), True),
        ("http://nosuch.host.invalid:8000", ("127.0.0.1", 8000), False),
    ],
)
def test_which_addresses_are_a_collectors_own(host: str, listening: tuple[str, int], own: bool) -> None:
    assert is_own(host, listening) is own


def test_two_collectors_that_pass_on_to_each_other_stop_after_one_round(tmp_path: Path) -> None:
    said: list[str] = []
    with Store(tmp_path / "a") as a, Store(tmp_path / "b", notice=said.append) as b, ek.collect(a) as at_a, ek.collect(b) as at_b:
        to_b, to_a = Forwarder(at_b.url, "phc_b", spool=tmp_path / "ab"), Forwarder(at_a.url, "phc_a", spool=tmp_path / "ba")
        a.on_durable, b.on_durable = to_b.take, to_a.take
        for name in ("one", "two"):
            requests.post(at_a.url + "/e/", json={**E, "event": name}, timeout=10).raise_for_status()
        until(lambda: to_b.stats().sent == 2)
        requests.post(at_b.url + "/e/", json={**E, "event": "three"}, timeout=10).raise_for_status()
        until(lambda: to_a.stats().sent == 1)
        time.sleep(2 * FLUSH_SECONDS)
        assert (to_b.stats().captured, to_a.stats().captured) == (2, 1)
        to_a.close()
        to_b.close()
        assert said == ["events come that another collector passed on (X-Evkit-Forwarded): they are kept, and not passed on once more"]
        assert b.warnings().kind.tolist() == ["not_passed_on"]
        assert b.verify().events == a.verify().events == 3


def test_forwarding_needs_a_token(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVKIT_FORWARD_API_KEY", raising=False)
    assert cli.main(["collect", str(tmp_path / "x"), "--forward-to", "http://127.0.0.1:9"]) == 1
    assert "--forward-to needs the project's token there" in capsys.readouterr().err
