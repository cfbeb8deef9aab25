"""A project is fetched whole from a host on this machine, whatever goes wrong on the way: every event once, and nothing twice."""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import requests

from evkit.errors import DataError, KeyRefused, PostHogError
from evkit.posthog.api import Api
from evkit.posthog.pull.fetch import Told, fetch
from evkit.posthog.pull.folder import EVENTS, Folder, Manifest
from tests.posthog.host import KEY, START, Host, running
from tests.sizes import SOAK, examples

ROWS = 5_000
END = START + dt.timedelta(seconds=20 * ROWS)
"""A little more than a day of events."""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with running(tmp_path / "host", rows=ROWS) as made:
        yield made


class Run:
    """Fetches, and keeps what was told and how long was waited."""

    def __init__(self, host: Host, folder: Path) -> None:
        self.host, self.folder = host, folder
        self.said: list[str] = []
        self.waits: list[tuple[str, float]] = []

    def __call__(self, *, key: str = KEY, until: dt.datetime = END, since: dt.datetime = START) -> Manifest:
        with Api(self.host.url, key, sleep=lambda seconds: None, on_wait=lambda why, seconds: self.waits.append((why, seconds))) as api:
            return fetch(api, self.host.project, self.folder, since, until, Told(self.said.append), sleep=lambda seconds: time.sleep(0.001))


@pytest.fixture
def run(host: Host, tmp_path: Path) -> Run:
    return Run(host, tmp_path / "posthog")


def rows(folder: Path, what: str = "uuid, event, distinct_id, properties, timestamp, person_id") -> list[tuple[Any, ...]]:
    """Read each event once, as it was fetched."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        files = [str(path) for path in Folder(folder).events()]
        return con.execute(
            f"SELECT DISTINCT {what.replace('timestamp', 'timestamp::TIMESTAMP')} FROM read_parquet($f, union_by_name = true) ORDER BY ALL",
            {"f": files},
        ).fetchall()


def there(
    host: Host, what: str = "uuid, event, distinct_id, properties, timestamp, person_id", where: str = "true"
) -> list[tuple[Any, ...]]:
    return host.con.execute(f"SELECT {what} FROM events WHERE {where} ORDER BY ALL").fetchall()


@pytest.mark.parametrize("exports", [True, False])
def test_every_event_comes_once_by_file_downloads_and_by_queries(run: Run, exports: bool) -> None:
    run.host.exports = exports
    made = run()
    assert made.way == ("files" if exports else "queries")
    assert rows(run.folder) == there(run.host)
    assert made.differences == () and made.around["distinct_ids"] == 500 and made.around["groups"] == 5
    assert run.said == ([] if exports else ["no file downloads (the project has none): the events are asked for in queries instead."])


def test_a_second_run_fetches_only_what_is_new(run: Run) -> None:
    run(until=END - dt.timedelta(hours=20))
    before = {path.name: path.stat().st_mtime_ns for path in (run.folder / EVENTS).iterdir()}
    asked = len(run.host.runs)
    run()
    assert rows(run.folder) == there(run.host)
    after = {path.name: path.stat().st_mtime_ns for path in (run.folder / EVENTS).iterdir()}
    assert before.items() <= after.items()
    assert len(run.host.runs) == asked + 1


def test_a_second_run_by_queries_fetches_only_the_hours_that_changed(run: Run) -> None:
    run.host.exports = False
    run()
    run.host.con.execute(
        "INSERT INTO events SELECT uuid || '-late', event, distinct_id, properties, timestamp, created_at, '', person_id FROM events LIMIT 1"
    )
    run.host.queries.clear()
    run()
    assert rows(run.folder) == there(run.host)
    of_events = [sql for sql in run.host.queries if sql.startswith("SELECT uuid")]
    assert len(of_events) == 1 and "2026-09-01 00:00:00" in of_events[0] and "2026-09-01 01:00:00" in of_events[0]


def test_events_that_no_export_has_are_found_by_their_counts(run: Run) -> None:
    run.host.con.execute(f"UPDATE events SET created_at = timestamp + INTERVAL 30 DAY WHERE timestamp < '{START + dt.timedelta(hours=2)}'")
    made = run()
    assert (made.way, rows(run.folder)) == ("files", there(run.host))
    assert run.said == ["360 events are in no export: 2 hours are asked for in queries."]


@pytest.mark.parametrize("most", [7, 100])
def test_events_of_one_moment_on_the_border_of_a_page_come_once(run: Run, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from evkit.posthog.pull import queries

    monkeypatch.setattr(queries, "PAGE", most)
    run.host.exports = False
    run.host.con.execute(f"UPDATE events SET timestamp = '{START}' WHERE uuid IN (SELECT uuid FROM events LIMIT 50)")
    run.host.con.execute(f"DELETE FROM events WHERE timestamp > '{START + dt.timedelta(hours=3)}'")
    run()
    assert rows(run.folder) == there(run.host)


@pytest.mark.parametrize(
    ("trouble", "waits"),
    [
        ((429, {"Retry-After": "17"}), ("the limit of requests is reached", 17.0)),
        (429, ("the limit of requests is reached", 1.0)),
        (500, ("status 500: trouble", 1.0)),
        (503, ("status 503: trouble", 1.0)),
        ((503, {"Retry-After": "40"}), ("status 503: trouble", 40.0)),
    ],
)
def test_a_host_in_trouble_is_asked_again_after_as_long_as_it_says(run: Run, trouble: Any, waits: tuple[str, float]) -> None:
    run.host.trouble = lambda number, method, path: trouble if number % 3 == 1 else None
    run()
    assert rows(run.folder) == there(run.host)
    assert set(run.waits) == {waits}


def broken_off(status: int, words: bytes) -> Callable[[Any], None]:
    """Begin an answer and break off."""

    def spoil(handler: Any) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        handler.wfile.write(words)
        handler.wfile.flush()
        handler.close_connection = True

    return spoil


def hung_up(handler: Any) -> None:
    """Say nothing at all."""
    handler.close_connection = True


@pytest.mark.parametrize(
    "spoil", [broken_off(200, b'{"results": [[1, 2'), broken_off(502, b"<html>"), hung_up], ids=["answer", "error", "nothing"]
)
def test_connections_that_break_are_tried_again(run: Run, spoil: Callable[[Any], None]) -> None:
    run.host.trouble = lambda number, method, path: spoil if number % 4 == 0 else None
    run()
    assert rows(run.folder) == there(run.host)


def elsewhere(handler: Any) -> None:
    handler.send(301, b"", {"Location": "https://eu.posthog.com/"})


def a_page(handler: Any) -> None:
    handler.send(200, b"<html>Log in</html>", {})


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (elsewhere, r"redirects to 'https://eu\.posthog\.com/': give that as host="),
        (a_page, r"answered no JSON: is it the address of PostHog's app\? It began: <html>Log in</html>"),
    ],
)
def test_what_is_no_api_of_posthogs_is_said_at_once(run: Run, spoil: Callable[[Any], None], said: str) -> None:
    run.host.trouble = lambda number, method, path: spoil
    with pytest.raises(PostHogError, match=said):
        run()
    assert len(run.host.asked) == 1


def test_a_file_whose_checksum_is_wrong_is_fetched_again(run: Run) -> None:
    run.host.spoiled_files = 2
    run()
    assert rows(run.folder) == there(run.host)
    assert run.waits == [("a file did not come whole (the checksum x-amz-checksum-sha256 is wrong)", seconds) for seconds in (1.0, 2.0)]


def test_a_host_that_never_recovers_is_said_and_what_came_stays(run: Run) -> None:
    run(until=END - dt.timedelta(hours=20))
    kept = rows(run.folder)
    run.host.trouble = lambda number, method, path: 500
    with pytest.raises(
        PostHogError, match=r"did not answer in 8 tries: status 500: trouble\. Run it again later: it goes on where it stopped\."
    ):
        run()
    assert rows(run.folder) == kept
    run.host.trouble = lambda number, method, path: None
    run()
    assert rows(run.folder) == there(run.host)


def test_an_expired_key_and_a_key_without_a_scope_are_said(run: Run) -> None:
    with pytest.raises(
        KeyRefused, match=r"does not take the key phx_.*: make one in PostHog's settings, or give the other host"
    ) as refused:
        run(key="phx_" + "z" * 40)
    assert "z" * 40 not in str(refused.value)
    run.host.scopes -= {"query:read"}
    with pytest.raises(KeyRefused, match="the key lacks the scope query:read: add it to the key"):
        run()
    run.host.scopes |= {"query:read"}
    run.host.scopes -= {"batch_export:write", "action:read"}
    assert run().way == "queries"
    assert rows(run.folder) == there(run.host)
    assert [said.partition(".")[0] for said in run.said] == [
        "no file downloads (/api/projects/7/file_download_batch_exports: the key lacks the scope batch_export:write: add it to the key in PostHog's settings",
        "left out: /api/projects/7/actions/: the key lacks the scope action:read: add it to the key in PostHog's settings",
    ]


def test_the_key_goes_to_the_host_alone_and_into_no_file(run: Run) -> None:
    run()
    assert run.host.storage_saw and not any("Authorization" in headers for headers in run.host.storage_saw)
    for path in run.folder.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes()
            assert b"phc_secret" not in path.read_bytes()
    assert KEY not in repr(Api(run.host.url, KEY))


def test_events_that_arrive_meanwhile_come_too(run: Run) -> None:
    run.host.exports = False
    new = "INSERT INTO events SELECT 'new-' || i, 'x', 'u', '{}', TIMESTAMP '2026-09-01 05:00:00', now()::TIMESTAMP, '', 'p' FROM range(3) r(i)"

    def trouble(number: int, method: str, path: str) -> None:
        if number == 4:
            run.host.con.cursor().execute(new)

    run.host.trouble = trouble
    assert run().differences == ()
    assert rows(run.folder) == there(run.host)


def test_two_runs_at_once_and_another_project_are_refused(run: Run) -> None:
    with Folder(run.folder).taken(), pytest.raises(PostHogError, match="another run is fetching into"):
        run()
    run()
    run.host.project = 8
    with pytest.raises(DataError, match=r"holds project 7 of .*, not 8 of"):
        run()


def test_a_folder_of_something_else_is_left_alone(run: Run) -> None:
    (run.folder / "events").mkdir(parents=True)
    (run.folder / "events" / "mine.parquet").write_bytes(b"x")
    with pytest.raises(DataError, match="holds something else: give an empty folder"):
        run()
    assert [path.name for path in run.folder.rglob("*")] == ["events", "mine.parquet"]
    (run.folder / "events" / "mine.parquet").unlink()
    (run.folder / "events").rmdir()
    run()
    (run.folder / "events" / "mine.parquet").write_bytes(b"x")
    run()
    assert (run.folder / "events" / "mine.parquet").exists()


@pytest.mark.parametrize("most", [100, 700])
def test_a_limit_that_is_lowered_in_silence_loses_nothing(run: Run, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.posthog.host.MOST_ROWS", most)
    run.host.exports = False
    made = run()
    assert (rows(run.folder), made.differences, made.around["distinct_ids"]) == (there(run.host), (), 500)


def test_slow_answers_are_waited_for(run: Run) -> None:
    run.host.trouble = lambda number, method, path: time.sleep(0.2) if number % 5 == 0 else None
    run()
    assert rows(run.folder) == there(run.host) and run.waits == []


# ---------------------------------------------------------------------- what a host gives only in part
def test_a_clock_that_is_ahead_of_the_hosts_asks_for_no_future(run: Run) -> None:
    run.host.behind = dt.timedelta(hours=2)
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    run.host.con.execute(
        f"UPDATE events SET timestamp = timestamp + (TIMESTAMP '{now}' - TIMESTAMP '{END}'), created_at = timestamp + (TIMESTAMP '{now}' - TIMESTAMP '{END}')"
    )
    made = run(since=now - dt.timedelta(days=2), until=now)
    assert (made.way, rows(run.folder), run.waits) == ("files", there(run.host), [])


@pytest.mark.parametrize("status", ["Failed", "FailedBilling", "TimedOut"])
def test_an_export_that_fails_is_told_and_its_events_are_asked_for_in_queries(run: Run, status: str) -> None:
    run.host.failing_exports = status
    assert run().differences == ()
    assert rows(run.folder) == there(run.host)
    assert f"ended as {status}: no more of it this month. Its events are asked for in queries." in run.said[0]


def test_another_key_without_exports_goes_on_in_queries_and_one_with_them_by_files(run: Run) -> None:
    first, second = START + dt.timedelta(hours=8), START + dt.timedelta(hours=16)
    assert run(until=first).way == "files"
    run.host.scopes -= {"batch_export:write"}
    run(until=second)
    assert "the key lacks the scope batch_export:write" in run.said[0] and "asked for in queries instead" in run.said[0]
    run.host.scopes |= {"batch_export:write"}
    asked = len(run.host.runs)
    run()
    assert rows(run.folder) == there(run.host) and len(run.host.runs) > asked


def test_exports_that_come_later_are_used_for_what_is_new(run: Run) -> None:
    run.host.exports = False
    assert run(until=START + dt.timedelta(hours=20)).way == "queries"
    run.host.exports = True
    assert run(until=START + dt.timedelta(hours=24)).way == "files"
    assert [p.start for p in Folder(run.folder).known().pieces if p.kind == "window" and p.name] == [
        "2026-09-01T19:00:00"
    ]  # with the look-back
    asked = len(run.host.runs)
    run()
    assert rows(run.folder) == there(run.host) and len(run.host.runs) == asked + 1


def test_what_is_around_the_events_may_fail_and_is_told(run: Run) -> None:
    run.host.lists = {
        "dashboards": [{"id": 1, "name": "A", "tiles": []}, {"id": 2, "name": "B", "gone": True}],
        "insights": [{"id": 3, "name": "I"}],
    }
    run.host.trouble = lambda number, method, path: 500 if path.endswith("/insights/") else 400 if "property_definitions" in path else None
    made = run()
    assert rows(run.folder) == there(run.host)
    assert [row["name"] for row in Folder(run.folder).read_json("dashboards")] == ["A"] and "insights" not in made.around
    assert [said.partition(":")[0] for said in run.said] == ["left out", "left out"]
    run.host.trouble = lambda number, method, path: None
    assert run().around["insights"] == 1


def test_persons_that_are_too_many_for_queries_come_from_the_list(run: Run) -> None:
    run.host.too_heavy = "FROM person_distinct_ids"
    assert run().around["distinct_ids"] == 500


def test_what_was_deleted_on_the_host_is_told_and_not_asked_for_again(run: Run) -> None:
    run()
    run.host.con.execute("DELETE FROM events WHERE distinct_id IN ('user-1', 'user-2')")
    run.said.clear()
    made = run()
    assert made.differences and run.said == [
        "20 events are here that the host no longer counts: deleted there. Fetch into a new folder to be without them."
    ]
    run.host.queries.clear()
    run()
    assert [sql for sql in run.host.queries if sql.startswith("SELECT uuid")] == []


def test_a_proxy_that_is_excluded_sees_nothing_and_a_netrc_changes_no_key(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []
    with socket.socket() as proxy:
        proxy.bind(("127.0.0.1", 0))
        proxy.listen()
        threading.Thread(target=lambda: seen.append(proxy.accept()[0].recv(100)), daemon=True).start()
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.setenv(name, "127.0.0.1")
        (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        run()
    assert seen == [] and rows(run.folder) == there(run.host)


KILLED = """
import datetime as dt, sys
from evkit.posthog.api import Api
from evkit.posthog.pull.fetch import Told, fetch
url, key, folder, since, until = sys.argv[1:]
with Api(url, key) as api:
    print("ready", flush=True)
    fetch(api, 7, folder, dt.datetime.fromisoformat(since), dt.datetime.fromisoformat(until), Told())
"""


@pytest.mark.slow
@pytest.mark.parametrize("exports", [True, False])
def test_killed_at_any_moment_the_next_run_goes_on(tmp_path: Path, exports: bool, tell: Callable[[str], None]) -> None:
    many = 500_000 if SOAK else 60_000
    end = START + dt.timedelta(seconds=10 * many)
    with running(tmp_path / "host", rows=many, step_seconds=10) as host:
        host.exports = exports
        random.seed(int.from_bytes(os.urandom(4), "big"))
        arguments = [sys.executable, "-c", KILLED, host.url, KEY, str(tmp_path / "posthog"), str(START), str(end)]
        kills, wanted = 0, examples(4, 20)
        while kills < wanted:
            process = subprocess.Popen(arguments, stdout=subprocess.PIPE)
            assert process.stdout is not None and process.stdout.readline() == b"ready\n"
            time.sleep(random.uniform(0.05, 2.0))
            done = process.poll() is not None
            kills += not done
            process.send_signal(signal.SIGKILL)
            process.wait()
            process.stdout.close()
            if done:  # all is here: look at it, and begin anew
                assert rows(tmp_path / "posthog") == there(host)
                shutil.rmtree(tmp_path / "posthog")
        run = Run(host, tmp_path / "posthog")
        assert run(until=end).differences == ()
        assert rows(run.folder) == there(host)
        tell(f"{kills} kills while it fetched {many:,} events by {'files' if exports else 'queries'}: every event once")


# ---------------------------------------------------------------------- hosts without queries
@pytest.fixture
def old(run: Run) -> Run:
    run.host.queries_answered = run.host.exports = False
    run.host.list_page = 300
    run.host.lists["groups_types"] = [{"group_type": "company", "group_type_index": 0}]
    return run


def test_a_host_without_queries_is_read_from_its_lists(old: Run) -> None:
    made = old()
    what = "uuid, event, distinct_id, timestamp"
    assert (made.way, rows(old.folder, what)) == ("list", there(old.host, what))
    assert made.around["distinct_ids"] == 500 and made.around["groups"] == 5
    assert old.said == ["the host answers no queries: the events are read from its list, which can't tell what arrives late."]


def test_a_second_run_reads_only_what_is_new_of_a_list(old: Run) -> None:
    old(until=END - dt.timedelta(hours=3))
    asked = len(old.host.asked)
    old()
    pages = [path for _, path in old.host.asked[asked:] if path.endswith("/events/")]
    what = "uuid, event, distinct_id, timestamp"
    assert rows(old.folder, what) == there(old.host, what)
    assert len(pages) == 3  # four hours of 180 events each, with the look-back: 720 by 300 a page


@pytest.mark.parametrize(("moment", "whole"), [(299, True), (301, False)])
def test_events_of_one_moment_in_a_list_come_once_or_are_told(old: Run, moment: int, whole: bool) -> None:
    old.host.con.execute(
        f"UPDATE events SET timestamp = '{START + dt.timedelta(hours=1)}' WHERE uuid IN (SELECT uuid FROM events ORDER BY timestamp LIMIT {moment} OFFSET 180)"
    )
    if whole:
        old()
        what = "uuid, event, distinct_id, timestamp"
        assert rows(old.folder, what) == there(old.host, what)
        return
    with pytest.raises(PostHogError, match="more events than a page"):
        old()


def test_an_earlier_beginning_fetches_only_what_was_before(run: Run) -> None:
    run(since=START + dt.timedelta(hours=10))
    asked = len(run.host.runs)
    run()
    assert rows(run.folder) == there(run.host)
    windows = sorted((p.start[8:13], p.end[8:13]) for p in Folder(run.folder).known().pieces if p.kind == "window")
    assert ("01T00", "01T10") in windows and len(run.host.runs) == asked + 2  # what was before, and the look-back


# ---------------------------------------------------------------------- at size
MEASURED = """
import datetime as dt, re, sys, time
from evkit.posthog.api import Api
from evkit.posthog.pull.fetch import Told, fetch
url, key, folder, since, until = sys.argv[1:]
began = time.perf_counter()
with Api(url, key) as api:
    fetch(api, 7, folder, dt.datetime.fromisoformat(since), dt.datetime.fromisoformat(until), Told())
seconds = time.perf_counter() - began
print(seconds, int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024)
"""
MOST_MEGABYTES = 500


class Bare:
    """The same requests again, whose answers are read and thrown away: what the host can do."""

    def __init__(self, host: Host) -> None:
        self.host, self.session = host, requests.Session()
        self.session.headers["Authorization"] = f"Bearer {KEY}"

    def again(self, calls: list[tuple[str, str, Any]]) -> float:
        began = time.perf_counter()
        for method, path, body in calls:
            self.session.request(method, self.host.url + path, json=body).content  # noqa: B018
        for run in list(self.host.runs):
            self.session.get(f"{self.host.url}/storage/{run}.parquet").content  # noqa: B018
        return time.perf_counter() - began


@pytest.mark.slow
@pytest.mark.parametrize("exports", [True, False])
def test_memory_stays_flat_and_the_host_is_what_takes_the_time(tmp_path: Path, exports: bool, tell: Callable[[str], None]) -> None:
    many = 500_000 if SOAK else 60_000
    peaks = {}
    for size in (many // 4, many):
        end = START + dt.timedelta(seconds=10 * size)
        with running(tmp_path / f"host-{size}", rows=size, step_seconds=10) as host:
            host.exports = exports
            arguments = [sys.executable, "-c", MEASURED, host.url, KEY, str(tmp_path / f"posthog-{size}"), str(START), str(end)]
            seconds, peaks[size] = map(float, subprocess.run(arguments, capture_output=True, check=True, text=True).stdout.split())
            calls = [call for call in host.calls if "/download/" not in call[1]]
            bare = Bare(host).again(calls)
        tell(f"{size:,} events by {'files' if exports else 'queries'}: {seconds:.1f} s, {size / seconds:,.0f} a second, {bare / seconds:.0%} of the host's own; peak {peaks[size]:.0f} MB")  # fmt: skip
    assert peaks[many] < MOST_MEGABYTES
    assert peaks[many] < peaks[many // 4] * 2
