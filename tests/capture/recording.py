"""A small capture API for tests: records what clients send, answers what it is told to."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = int | tuple[int, dict[str, str]]


@dataclass
class Request:
    """One request: its path, headers in lower case, the body decoded, and when it came on the monotonic clock."""

    path: str
    headers: dict[str, str]
    raw: bytes
    at: float
    status: int

    @property
    def body(self) -> dict[str, Any]:
        text = gzip.decompress(self.raw) if self.headers.get("content-encoding") == "gzip" else self.raw
        found: dict[str, Any] = json.loads(text)
        return found

    @property
    def batch(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.body["batch"]
        return found


@dataclass
class Recorder:
    """Answers with the replies in turn (a status, or a status and headers), then with `always`."""

    replies: list[Reply] = field(default_factory=list)
    always: Reply = 200
    answer: Callable[[Request], int] | None = None
    delay_seconds: float = 0.0
    requests: list[Request] = field(default_factory=list)

    def __enter__(self) -> Recorder:
        recorder, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet: apart, each answer takes 40 ms

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                raw = self.rfile.read(length)
                if len(raw) < length:  # the client was killed in the middle: nothing was sent
                    self.close_connection = True
                    return
                time.sleep(recorder.delay_seconds)
                with lock:
                    reply = recorder.replies.pop(0) if recorder.replies else recorder.always
                    status, headers = reply if isinstance(reply, tuple) else (reply, {})
                    request = Request(self.path, {k.lower(): v for k, v in self.headers.items()}, raw, time.monotonic(), status)
                    if recorder.answer is not None:
                        request.status = status = recorder.answer(request)
                    recorder.requests.append(request)
                body = b'{"status":"Ok"}' if status == 200 else b"said no"
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def statuses(self) -> list[int]:
        return [r.status for r in self.requests]

    @property
    def taken(self) -> list[dict[str, Any]]:
        """The events of the requests that were answered with 200, in their order."""
        return [event for r in self.requests if r.status == 200 for event in r.batch]

    @property
    def names(self) -> list[str]:
        return [event["event"] for event in self.taken]
