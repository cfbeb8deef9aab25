"""Batches, retries, limits, forks and the end of the process, against a server that answers what it is told."""

from __future__ import annotations

import datetime as dt
import email.utils
import os
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evkit.capture.client import Client
from evkit.errors import DeliveryError
from tests.capture.recording import Recorder, Reply, Request

KEY = "phc_testkey00001234"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def server() -> Iterator[Recorder]:
    with Recorder() as recorder:
        yield recorder


def until(true: Any) -> None:
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline, "not within 5 s"
        time.sleep(0.01)


class Waits(list[float]):
    """A sleep that takes no time and remembers."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


# ---------------------------------------------------------------------- batches
def test_a_batch_goes_when_it_is_full_and_holds_no_more(server: Recorder) -> None:
    client = Client(KEY, host=server.host, flush_at=10, flush_interval=60)
    for i in range(25):
        client.capture("u", f"e{i}")
    until(lambda: client.stats().sent == 20)
    time.sleep(0.05)
    assert [len(r.batch) for r in server.requests] == [10, 10]
    assert client.stats().pending == 5
    assert client.flush()
    assert [len(r.batch) for r in server.requests] == [10, 10, 5]
    assert server.names == [f"e{i}" for i in range(25)]
    client.shutdown()


def test_fewer_go_after_the_interval(server: Recorder) -> None:
    client = Client(KEY, host=server.host, flush_interval=0.2)
    started = time.monotonic()
    for i in range(3):
        client.capture("u", f"e{i}")
    until(lambda: server.requests)
    assert 0.15 < time.monotonic() - started < 2
    assert server.names == ["e0", "e1", "e2"]
    client.shutdown()


def test_a_flush_sends_what_waits_as_one_batch_at_once(server: Recorder) -> None:
    client = Client(KEY, host=server.host)
    for i in range(5):
        client.capture("u", f"e{i}")
    assert client.flush()
    assert [len(r.batch) for r in server.requests] == [5]
    client.shutdown()


def test_batches_stay_under_the_byte_limit(server: Recorder) -> None:
    with Client(KEY, host=server.host, max_batch_bytes=10_000, flush_interval=60) as client:
        for i in range(10):
            client.capture("u", f"e{i}", {"text": "ä" * 1500})
    assert len(server.requests) > 3
    assert max(len(r.raw) for r in server.requests) <= 10_000
    assert server.names == [f"e{i}" for i in range(10)]


def test_an_event_larger_than_a_batch_goes_alone(server: Recorder) -> None:
    with Client(KEY, host=server.host, max_batch_bytes=2_000, flush_interval=60) as client:
        for i in range(3):
            client.capture("u", f"e{i}", {"text": "a" * 3000})
    assert [len(r.batch) for r in server.requests] == [1, 1, 1]


def test_capture_does_not_wait_for_a_slow_host(server: Recorder) -> None:
    server.delay_seconds = 0.5
    with Client(KEY, host=server.host, flush_at=1) as client:
        client.capture("u", "first")
        started = time.monotonic()
        for _ in range(200):
            client.capture("u", "e", {"n": 1})
        assert time.monotonic() - started < 0.3
        server.delay_seconds = 0.0


# ---------------------------------------------------------------------- retries
def retried(server: Recorder, replies: list[Reply], **options: Any) -> tuple[Waits, Client]:
    waits = Waits()
    server.replies = replies
    client = Client(KEY, host=server.host, sleep=waits, **options)
    for i in range(3):
        client.capture("u", f"e{i}")
    client.flush()
    client.shutdown()
    return waits, client


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_work_later_is_tried_again(server: Recorder, status: int) -> None:
    waits, client = retried(server, [status])
    assert (server.statuses, waits) == ([status, 200], [1.0])
    stats = client.stats()
    assert (stats.sent, stats.requests, stats.retries, stats.dropped, stats.last_error) == (3, 2, 1, 0, f"status {status} said no")


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 415, 422])
def test_what_never_will_is_not(server: Recorder, status: int, caplog: pytest.LogCaptureFixture) -> None:
    waits, client = retried(server, [status])
    assert (server.statuses, waits) == ([status], [])
    assert (client.stats().refused, client.stats().pending) == (3, 0)
    assert f"3 events dropped: the host refuses them (status {status} said no)" in caplog.text


def test_retries_keep_uuids_and_timestamps_and_end(server: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    waits, client = retried(server, [503] * 9)
    assert (server.statuses, waits) == ([503] * 4, [1.0, 2.0, 4.0])
    assert len({tuple((e["uuid"], e["timestamp"]) for e in r.batch) for r in server.requests}) == 1
    assert (client.stats().undelivered, client.stats().retries) == (3, 3)
    assert "3 events dropped: given up (status 503 said no)" in caplog.text


@pytest.mark.parametrize("most", [0, 1, 7])
def test_max_retries_is_exact_and_backoff_grows_to_thirty_seconds(server: Recorder, most: int) -> None:
    waits, _ = retried(server, [500] * 20, max_retries=most)
    assert len(server.requests) == most + 1
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0][:most]


def test_retry_after_is_a_minimum_in_seconds_or_as_a_date(server: Recorder) -> None:
    at = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    date = email.utils.format_datetime(at + dt.timedelta(seconds=9), usegmt=True)
    replies: list[Reply] = [(429, {"Retry-After": "3"}), (503, {"Retry-After": "1"}), (503, {"Retry-After": date}), 200]
    waits, client = retried(server, replies, now=lambda: at)
    assert waits == [3.0, 2.0, 9.0]
    assert client.stats().sent == 3


@pytest.mark.parametrize(
    ("header", "wait"), [("soon", 1.0), ("-5", 1.0), ("nan", 1.0), ("inf", 1.0), ("86400", 300.0), ("Thu, 01 Jan 1970 00:00:00 GMT", 1.0)]
)
def test_a_retry_after_that_says_nothing_or_too_much_does_not_park_the_client(server: Recorder, header: str, wait: float) -> None:
    waits, _ = retried(server, [(503, {"Retry-After": header})])
    assert waits == [wait]


def test_a_name_that_no_host_has_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*given: object, **more: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    client = Client(KEY, host="http://events.example", sleep=Waits(), sync_mode=True)
    client.capture("u", "e")
    assert client.stats().last_error == "there is no host 'events.example', or no network"


def test_a_host_that_is_not_there_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    waits = Waits()
    client = Client(KEY, host=f"http://127.0.0.1:{port}", sleep=waits)
    client.capture("u", "e")
    assert not client.flush()
    assert waits == [1.0, 2.0, 4.0]
    assert (client.stats().undelivered, client.stats().requests) == (1, 4)
    said = f"nobody listens at 127.0.0.1:{port}: is the collector running? `evkit collect events/` or `ek.collect(...)` starts it"
    assert client.stats().last_error == said
    client.shutdown()
    assert [r.getMessage() for r in caplog.records] == [f"1 event not sent yet: {said}", f"1 event dropped: given up ({said})"]
    client.shutdown()


def test_the_default_wait_is_real_and_growing(server: Recorder) -> None:
    server.replies = [503, 200]
    client = Client(KEY, host=server.host)
    client.capture("u", "e")
    assert client.flush()
    assert 0.9 < server.requests[1].at - server.requests[0].at < 2
    client.shutdown()


def test_a_redirect_is_an_error_that_names_the_address(server: Recorder) -> None:
    _, client = retried(server, [(301, {"Location": "https://events.example.com/batch/"})])
    assert server.statuses == [301]
    assert "redirects to 'https://events.example.com/batch/': give that as host" in (client.stats().last_error or "")


def test_too_big_a_batch_is_sent_in_halves_and_a_too_big_event_alone_is_dropped(server: Recorder) -> None:
    def answer(request: Request) -> int:
        return 413 if len(request.batch) > 2 or any(e["event"] == "e5" for e in request.batch) else 200

    server.answer = answer
    waits = Waits()
    client = Client(KEY, host=server.host, sleep=waits, flush_interval=60)
    for i in range(8):
        client.capture("u", f"e{i}")
    assert not client.flush()
    assert [(len(r.batch), r.status) for r in server.requests] == [
        (8, 413), (4, 413), (2, 200), (2, 200), (4, 413), (2, 413), (1, 200), (1, 413), (2, 200),
    ]  # fmt: skip
    assert server.names == ["e0", "e1", "e2", "e3", "e4", "e6", "e7"]
    assert (waits, client.stats().sent, client.stats().refused) == ([], 7, 1)
    client.shutdown()


def test_one_event_that_is_too_big_is_one_request(server: Recorder) -> None:
    server.always = 413
    client = Client(KEY, host=server.host)
    client.capture("u", "e")
    client.flush()
    client.shutdown()
    assert server.statuses == [413]


def test_a_store_that_fails_is_tried_again_and_one_that_refuses_is_not() -> None:
    class Full:
        def __init__(self) -> None:
            self.left, self.events = 2, 0

        def append(self, events: Any) -> None:
            self.left -= 1
            if self.left >= 0:
                raise OSError("disk full")
            self.events += len(events)

    waits, store = Waits(), Full()
    with Client(host=store, sleep=waits) as client:
        client.capture("u", "e")
        assert client.flush()
    assert (waits, store.events) == ([1.0, 2.0], 1)


# ---------------------------------------------------------------------- limits of waiting
def test_a_full_queue_drops_the_newest_counts_and_warns_once(server: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    server.always = 503
    client = Client(KEY, host=server.host, max_queue_size=5, flush_at=100, flush_interval=60)
    made = [client.capture("u", f"e{i}") for i in range(20)]
    assert [m is not None for m in made] == [True] * 5 + [False] * 15
    assert (client.stats().overflowed, client.stats().pending) == (15, 5)
    assert caplog.text.count("the queue is full") == 1
    server.always = 200
    assert client.flush()
    assert server.names == [f"e{i}" for i in range(5)]
    client.shutdown()


def test_shutdown_ends_a_wait_that_would_take_too_long(server: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    server.always = (503, {"Retry-After": "30"})
    client = Client(KEY, host=server.host, flush_at=1)
    client.capture("u", "e")
    until(lambda: client.stats().requests)
    time.sleep(0.05)
    started = time.monotonic()
    client.shutdown(timeout_seconds=1)
    assert time.monotonic() - started < 1
    assert (client.stats().undelivered, len(server.requests)) == (1, 1)
    assert "1 event not sent at shutdown (status 503 said no): lost" in caplog.text


def test_shutdown_waits_for_a_try_that_fits(server: Recorder) -> None:
    server.replies = [503]
    client = Client(KEY, host=server.host)
    client.capture("u", "e")
    client.shutdown(timeout_seconds=5)
    assert server.statuses == [503, 200]


def test_shutdown_does_not_wait_longer_than_told(server: Recorder) -> None:
    server.delay_seconds = 1.0
    client = Client(KEY, host=server.host)
    client.capture("u", "e")
    started = time.monotonic()
    client.shutdown(timeout_seconds=0.2)
    assert time.monotonic() - started < 0.8


def test_flush_says_when_it_took_too_long(server: Recorder) -> None:
    server.delay_seconds = 0.5
    client = Client(KEY, host=server.host)
    client.capture("u", "e")
    assert not client.flush(timeout_seconds=0.05)
    assert client.flush(timeout_seconds=5)
    client.shutdown()


def test_after_shutdown_events_are_dropped_and_that_is_said(server: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    client = Client(KEY, host=server.host)
    client.shutdown()
    client.shutdown()
    assert client.capture("u", "e") is None
    assert "1 event dropped so far: captured after the client was shut down" in caplog.text
    assert (client.stats().after_shutdown, client.stats().overflowed, client.stats().dropped) == (1, 0, 1)
    assert client.identify("u") is None
    assert not client.flush() and not client.flush()
    told = "dropped so far: captured after the client was shut down. Make a new one: configure(...) of evkit.capture, or ek.Client(...)"
    assert [r.getMessage() for r in caplog.records] == [f"1 event {told}", f"2 events {told}"]  # a flush tells what is new
    assert server.requests == []
    asked = Client(KEY, host=server.host, raise_errors=True)
    asked.shutdown()
    with pytest.raises(DeliveryError, match="the client was shut down"):
        asked.capture("u", "e")


def test_many_threads_lose_and_repeat_nothing(server: Recorder) -> None:
    client = Client(KEY, host=server.host, flush_at=50, flush_interval=0.01)

    def work(who: int) -> None:
        for i in range(200):
            client.capture(f"u{who}", f"e{i}")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.flush()
    assert len(server.taken) == len({e["uuid"] for e in server.taken}) == 1600
    for who in range(8):
        assert [e["event"] for e in server.taken if e["distinct_id"] == f"u{who}"] == [f"e{i}" for i in range(200)]
    client.shutdown()


def test_the_worker_ends_when_there_is_nothing_to_do_and_starts_again(server: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evkit.capture.sender.IDLE_SECONDS", 0.05)
    client = Client(KEY, host=server.host, flush_interval=0.01)
    others = set(threading.enumerate())
    workers = lambda: [t for t in threading.enumerate() if t.name == "evkit.capture" and t not in others]  # noqa: E731
    for turn in (1, 2):
        client.capture("u", "e")
        until(lambda turn=turn: client.stats().sent == turn and not workers())
    client.shutdown()


# ---------------------------------------------------------------------- forks and the end of the process
def forked(work: Any) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads: that is what is tested
        pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(pid, 0)[1]


def test_a_signal_handler_may_capture_and_shut_down_amid_a_send(server: Recorder) -> None:
    code = f"""
import os, signal
from evkit.capture.client import Client
client = Client({KEY!r}, host={server.host!r}, sync_mode=True)

def handler(*_):
    client.capture("u", "from the handler")
    client.shutdown(2)
    raise SystemExit(5)

signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.2)
client.capture("u", "e")
"""
    server.delay_seconds = 0.5
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=10, capture_output=True, text=True)
    assert done.returncode == 5, done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_sends_its_own_events_and_none_of_its_parents(server: Recorder) -> None:
    client = Client(KEY, host=server.host, flush_interval=60)
    client.capture("parent", "before")

    def child() -> None:
        client.capture("child", "inside")
        assert client.flush(5)
        assert client.stats().sent == 1

    assert forked(child) == 0
    assert server.names == ["inside"]
    client.capture("parent", "after")
    assert client.flush()
    assert server.names == ["inside", "before", "after"]
    assert len({e["uuid"] for e in server.taken}) == 3
    client.shutdown()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_while_other_threads_capture_blocks_no_child(server: Recorder) -> None:
    client = Client(KEY, host=server.host, flush_at=50, flush_interval=0.01)
    done = threading.Event()

    def busy() -> None:
        while not done.wait(0.0005):
            client.capture("parent", "e")

    thread = threading.Thread(target=busy)
    thread.start()
    try:
        for _ in range(10):

            def child() -> None:
                client.capture("child", "e")
                assert client.flush(5)

            assert forked(child) == 0
    finally:
        done.set()
        thread.join()
    assert client.flush()
    assert len(server.taken) == len({e["uuid"] for e in server.taken})
    assert sum(e["distinct_id"] == "child" for e in server.taken) == 10
    client.shutdown()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_of_multiprocessing_is_drained_too(server: Recorder, method: str, tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(f"""
import multiprocessing
from evkit.capture.client import Client

def work():
    Client({KEY!r}, host={server.host!r}, flush_interval=60).capture("child", "e")

if __name__ == "__main__":
    child = multiprocessing.get_context({method!r}).Process(target=work)
    child.start()
    child.join()
""")
    subprocess.run([sys.executable, str(script)], check=True, timeout=30, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert server.names == ["e"]


def test_what_waits_at_the_end_of_the_process_is_sent(server: Recorder) -> None:
    code = f"""
from evkit.capture.client import Client
client = Client({KEY!r}, host={server.host!r}, flush_interval=60)
for i in range(250):
    client.capture("u", f"e{{i}}")
raise SystemExit(3)
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=30).returncode == 3
    assert server.names == [f"e{i}" for i in range(250)]


def test_a_host_that_is_away_does_not_hold_up_the_end_of_the_process(server: Recorder) -> None:
    server.always = (503, {"Retry-After": "60"})
    code = f"from evkit.capture.client import Client; Client({KEY!r}, host={server.host!r}).capture('u', 'e')"
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=30, capture_output=True, text=True)
    assert (done.returncode, time.monotonic() - started < 5) == (0, True)
    assert "1 event not sent at shutdown" in done.stderr
