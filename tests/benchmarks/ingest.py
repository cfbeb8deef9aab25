"""How fast the collector takes events, beside a server that only reads and a file that only appends: shares of one run."""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONNECTIONS = 8
SECONDS = 4.0
BATCHES = (1, 50, 500)
PROPERTIES = {
    "$browser": "Chrome", "$os": "Mac OS X", "$current_url": "https://example.com/products/42?utm_source=newsletter", "price": 12.5,
    "$session_id": "01a20852-6c5e-7078-8450-4ae3b287c11d", "plan": "pro",
}  # fmt: skip
BARE = """
import asyncio, sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
async def take(request):
    await request.body()
    return JSONResponse({"status": "Ok"})
uvicorn.run(Starlette(routes=[Route("/batch/", take, methods=["POST"])]), port=int(sys.argv[1]), log_level="error", access_log=False)
"""
OURS = """
import sys, os
from evkit.capture import serving
serving.run(sys.argv[2], host="127.0.0.1", port=int(sys.argv[1]), tokens=None, posthog_js=None, tell=lambda line: None)
"""


def body_of(batch: int) -> bytes:
    """Give a batch of events of about 350 bytes each."""
    events = [
        {"event": "product_viewed", "distinct_id": f"user-{i % 97}", "uuid": str(uuid.uuid4()), "timestamp": "2026-03-01T10:00:00.123Z", "properties": PROPERTIES}
        for i in range(batch)
    ]  # fmt: skip
    return json.dumps({"api_key": "phc_bench", "batch": events, "sent_at": "2026-03-01T10:00:01Z"}).encode()


def request_of(body: bytes, port: int) -> bytes:
    """Give a request as bytes."""
    head = f"POST /batch/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@contextmanager
def running(code: str, *arguments: str) -> Iterator[tuple[int, int]]:
    """Run a server in a process of its own; give its port and process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", code, str(port), *arguments])
    try:
        for _ in range(400):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(20)


def load(port: int, batch: int, seconds: float = SECONDS) -> tuple[float, float]:
    """Send batches over several connections; give events a second that were acknowledged, and the slowest 1 % of answers in milliseconds."""
    requests = [request_of(body_of(batch), port) for _ in range(20)]
    counts, waits = [0] * CONNECTIONS, [[] for _ in range(CONNECTIONS)]  # type: ignore[var-annotated]
    until = time.perf_counter() + seconds

    def drive(k: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            i = k
            while (began := time.perf_counter()) < until:
                sock.sendall(requests[i % len(requests)])
                answer = sock.recv(4096)
                if not answer.startswith(b"HTTP/1.1 200"):
                    raise RuntimeError(answer)
                while b"\r\n\r\n" not in answer or not answer.endswith(b"}"):
                    answer += sock.recv(4096)
                waits[k].append(time.perf_counter() - began)
                counts[k] += 1
                i += 1

    threads = [threading.Thread(target=drive, args=(k,)) for k in range(CONNECTIONS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    every = sorted(w for some in waits for w in some)
    return sum(counts) * batch / (time.perf_counter() - began), every[int(len(every) * 0.99)] * 1000


def appended(batch: int, seconds: float = SECONDS) -> float:
    """Append batches to a file, each synced before the next; give events a second."""
    line = (
        json.dumps({"event": "product_viewed", "distinct_id": "user-1", "uuid": str(uuid.uuid4()), "properties": PROPERTIES}).encode()
        + b"\n"
    )
    data, done = line * batch, 0
    with tempfile.TemporaryDirectory() as folder:
        handle = os.open(Path(folder) / "a.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            os.write(handle, data)
            os.fdatasync(handle)
            done += batch
        took = time.perf_counter() - began
        os.close(handle)
    return done / took


def memory_of(pid: int) -> float:
    """Give the memory that a process has used at most, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def measure() -> list[tuple[int, float, float, float, float, float]]:
    """Give for each batch size: ours, bare server, bare file (events a second), the slowest 1 % in ms, memory in MB."""
    made = []
    for batch in BATCHES:
        with running(BARE) as (port, _):
            bare, _ = load(port, batch)
        file = appended(batch)
        with tempfile.TemporaryDirectory() as folder, running(OURS, folder) as (port, pid):
            ours, slowest = load(port, batch)
            made.append((batch, ours, bare, file, slowest, memory_of(pid)))
    return made


def main() -> None:
    """Print the shares."""
    for batch, ours, bare, file, slowest, memory in measure():
        share = ours / min(bare, file)
        print(
            f"batches of {batch:3}: {ours:9,.0f} events/s, {share:.2f} (aim 0.6) of the slower of server ({bare:,.0f}) and file ({file:,.0f}); p99 {slowest:.1f} ms; {memory:.0f} MB"
        )
    print(f"this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
