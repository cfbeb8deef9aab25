"""Requests that are wrong on purpose: never a 500, never a lost neighbour, never memory or time without bound."""

from __future__ import annotations

import base64
import gzip
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

import evkit as ek
from evkit.capture import Store, create_app, protocol
from tests.sizes import examples

PATHS = [
    "/e/",
    "/batch/",
    "/engage/",
    "/i/v0/e/",
    "/i/v1/analytics/events",
    "/i/v0/ai",
    "/s/",
    "/flags/",
    "/decide/",
    "/v1/batch",
    "/v1/track",
    "/v1/identify",
    "/i/v1/logs",
]
WORDS = ["event", "distinct_id", "properties", "batch", "api_key", "token", "uuid", "timestamp", "offset", "sent_at", "$set", "$set_once", "$elements", "$elements_chain",
         "$session_id", "$snapshot_data", "type", "userId", "anonymousId", "traits", "context", "messageId", "options", "$cookieless_mode", "$anon_distinct_id", "alias",
         "$process_person_profile", "created_at", "$identify", "track", "group"]  # fmt: skip
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(10**300, 10**301), st.floats(allow_nan=False), st.text(max_size=20), st.sampled_from(WORDS),
    st.sampled_from(["phc_k", "u", "2026-03-01T00:00:00Z", "01a20852-6c5e-7078-8450-4ae3b287c11d", "9999-12-31T23:59:59Z", "0001-01-01", "\x00", "\ud83d", "null", "</script>"]),
)  # fmt: skip
KEYS = st.one_of(st.sampled_from(WORDS), st.text(max_size=6))
VALUES = st.recursive(LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=6)), max_leaves=20)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "event": st.one_of(st.just("a"), LEAVES), "distinct_id": st.one_of(st.just("u"), VALUES), "api_key": st.one_of(st.just("phc_k"), LEAVES), "uuid": LEAVES,
        "timestamp": LEAVES, "offset": LEAVES, "properties": st.one_of(st.dictionaries(KEYS, VALUES, max_size=5), VALUES), "$set": VALUES, "type": st.sampled_from(WORDS),
        "options": VALUES, "userId": LEAVES, "traits": VALUES, "context": VALUES,
    },
)  # fmt: skip
BODIES = st.one_of(
    EVENTS, st.lists(EVENTS, max_size=3), VALUES, st.builds(lambda e, k: {"api_key": k, "batch": e, "created_at": "x"}, st.lists(EVENTS, max_size=3), st.one_of(st.just("phc_k"), LEAVES))
)  # fmt: skip
WRAPS: list[Any] = [
    lambda raw: raw, gzip.compress, zlib.compress, base64.b64encode, lambda raw: b"data=" + urllib.parse.quote_from_bytes(base64.b64encode(raw)).encode(),
    lambda raw: raw[: len(raw) // 2], lambda raw: gzip.compress(raw)[:-5], lambda raw: raw + b"\xff\x00", lambda raw: b"",
]  # fmt: skip
HEADERS = {
    "content-type": st.sampled_from(
        [
            "application/json",
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "multipart/form-data",
            "",
        ]
    ),
    "content-encoding": st.sampled_from(["", "gzip", "br", "zstd", "deflate", "lz64", "x"]),
    "authorization": st.sampled_from(["", "Bearer phc_k", "Basic cGhjX2s6", "Basic !!", "Bearer"]),
    "posthog-sdk-info": st.sampled_from(["", "a/1", "a"]),
    "posthog-attempt": st.sampled_from(["", "1", "x", "99999999999999999999"]),
    "posthog-request-id": st.sampled_from(["", "01a20852-6c5e-7078-8450-4ae3b287c11d", "x"]),
    "posthog-request-timestamp": st.sampled_from(["", "2026-03-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "x"]),
}
QUERIES = st.fixed_dictionaries(
    {}, optional={"compression": st.sampled_from(["gzip", "gzip-js", "lz64", "base64", "x"]), "_": st.sampled_from(["1767225600000", "99999999999999999999", "x", "-1"]),
                  "beacon": st.just("1"), "v": st.sampled_from(["1", "3", "4", "x"]), "data": st.sampled_from(["{}", "e30=", "%", "x"])},
)  # fmt: skip


@pytest.fixture(scope="module")
def client() -> Iterator[tuple[TestClient, Store]]:
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "events") as store:
        with TestClient(create_app(store), raise_server_exceptions=False) as made:
            yield made, store
        store.seal()
        assert store.verify().is_whole


@settings(
    max_examples=examples(500, 20_000), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    path=st.sampled_from(PATHS),
    body=BODIES,
    wrap=st.sampled_from(WRAPS),
    headers=st.fixed_dictionaries({}, optional=HEADERS),
    query=QUERIES,
)
def test_no_request_breaks_the_collector(
    client: tuple[TestClient, Store], path: str, body: Any, wrap: Any, headers: dict[str, str], query: dict[str, str]
) -> None:
    app, _ = client
    raw = wrap(json.dumps(body).encode("utf-8", "surrogatepass"))
    reply = app.post(path, content=raw, headers=headers, params=query)
    assert reply.status_code in (200, 204, 400, 401, 408, 413, 415), (reply.status_code, reply.text)


def test_neighbours_of_broken_requests_are_kept(client: tuple[TestClient, Store]) -> None:
    app, store = client
    wanted = []
    for i in range(60):
        key = f"00000000-0000-7000-8000-{i:012x}"
        app.post("/batch/", content=os.urandom(200))
        assert app.post("/e/", json={"event": "good", "distinct_id": "u", "api_key": "phc_k", "uuid": key}).status_code == 200
        wanted.append(key)
    frame = ek.open_store(store.folder).to_pandas()
    assert set(wanted) <= set(frame[frame.event == "good"].uuid)


BOMB = """
import sys, tempfile, resource
import evkit as ek
with ek.collect(tempfile.mkdtemp()) as collector:
    print(collector.port, flush=True)
    sys.stdin.readline()
    status = open("/proc/self/status").read()
    print(int(status.split("VmHWM:")[1].split()[0]) // 1024, flush=True)
"""


def inflated(body: bytes) -> Iterator[bytes]:
    engine = zlib.decompressobj(zlib.MAX_WBITS | 16)
    while body:
        yield engine.decompress(body, 1 << 20)
        body = engine.unconsumed_tail


@pytest.mark.slow
def test_a_bomb_of_ten_gigabytes_is_refused_within_little_memory() -> None:
    """Ten gigabytes of blanks, gzipped: 10 MB on the wire; and JSON that would become millions of lists."""
    engine = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    first, again = (engine.compress(b" " * (1 << 20)) + engine.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    bomb = first + again * 10_239  # after a full flush a megabyte is the same bytes each time
    assert 9_000_000 < len(bomb) < 20 << 20
    assert sum(len(part) for part in inflated(first + again * 9)) == 10 << 20
    lists = gzip.compress(b"[" + b"[]," * 20_000_000 + b"[]]", 1)
    process = subprocess.Popen([sys.executable, "-c", BOMB], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None and process.stdout is not None
    with process.stdin, process.stdout:
        port = int(process.stdout.readline())
        import requests

        for body in (bomb, lists):
            began = time.monotonic()
            assert requests.post(f"http://127.0.0.1:{port}/batch/", data=body, timeout=60).status_code == 413
            assert time.monotonic() - began < 20
        process.stdin.write("\n")
        process.stdin.flush()
        most = int(process.stdout.readline())
    process.wait(30)
    assert most < 200, f"{most} MB"


@pytest.fixture(scope="module")
def running() -> Iterator[Any]:
    with tempfile.TemporaryDirectory() as folder, ek.collect(Path(folder) / "events") as made:
        yield made


def raw(running: Any, data: bytes, *, wait: float = 10) -> bytes:
    """Send bytes and give what comes back until the other side ends or is silent."""
    with socket.create_connection((running.host, running.port), wait) as sock:
        try:
            sock.sendall(data)
            return sock.recv(4096)
        except (ConnectionError, TimeoutError):
            return b""


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST /e/ HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /e/ HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
        b"POST /e/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"POST /e/ HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"POST /e/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /e/ HTTP/1.1\r\nHost: x\r\n" + b"X-Flood: y\r\n" * 20_000 + b"\r\n",
        b"POST /e/?" + b"a=1&" * 50_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /" + b"../" * 50 + b"etc/passwd HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_broken_http_is_answered_or_hung_up_on_and_the_collector_goes_on(running: Any, data: bytes) -> None:
    reply = raw(running, data)
    assert reply == b"" or reply.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), reply[:100]
    good = b'{"event":"a","distinct_id":"u","api_key":"phc_k"}'
    request = b"POST /e/ HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(good), good)
    assert raw(running, request).startswith(b"HTTP/1.1 200")


def test_a_head_that_does_not_end_or_does_not_come_is_hung_up_on(running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert raw(running, b"POST /e/ HTTP/1.1\r\nHost: x\r\nX-Long: " + b"y" * 1_000_000).startswith(b"HTTP/1.1 400")
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)
    for beginning in (b"", b"POST /e/ HTTP/1.1\r\nHost: x\r\n"):
        with socket.create_connection((running.host, running.port), 10) as sock:
            began = time.monotonic()
            sock.sendall(beginning)
            assert sock.recv(4096).startswith(b"HTTP/1.1 400") and time.monotonic() - began < 5


def test_a_body_in_chunks_is_taken_and_one_that_breaks_off_is_not(running: Any) -> None:
    good = b'{"event":"chunked","distinct_id":"u","api_key":"phc_k"}'
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (good[:10], good[10:])) + b"0\r\n\r\n"
    assert raw(running, b"POST /e/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks).startswith(b"HTTP/1.1 200")
    raw(running, b"POST /e/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n" + good, wait=0.2)
    assert ek.open_store(running.store.folder).to_pandas().event.tolist().count("chunked") == 1
