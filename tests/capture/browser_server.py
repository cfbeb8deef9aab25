"""A small server on 127.0.0.1 for pages in a browser: it gives the pages and the script, and records what the script sends."""

import contextlib
import gzip
import json
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Condition, Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

PAGES = Path(__file__).parent / "pages"
SCRIPT = Path(__file__).parents[2] / "evkit" / "capture" / "autocapture.js"
CAPTURE_PATHS = frozenset({"/e", "/i/v0/e", "/batch"})
CONFIG = {
    "supportedCompression": ["gzip-js"],
    "autocapture_opt_out": False,
    "hasFeatureFlags": False,
    "elementsChainAsString": True,
    "analytics": {"endpoint": "/e/"},
}


@dataclass
class Request:
    """One request that carried events."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    query: dict[str, list[str]]


@dataclass
class Recorder:
    """What came in, and what to answer."""

    script: Path = SCRIPT
    config: dict[str, Any] = field(default_factory=lambda: dict(CONFIG))
    requests: list[Request] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    csp: str = ""
    origin: str = ""
    changed: Condition = field(default_factory=Condition)

    def events(self) -> list[dict[str, Any]]:
        """Give all events in the order in which the page made them, each once as in a store: UUIDs of version 7 sort so."""
        with self.changed:
            found = {str(event["uuid"]): event for request in self.requests for event in request.body["batch"]}
        return [found[uuid] for uuid in sorted(found)]

    def wait(self, ready: Callable[[list[dict[str, Any]]], bool], seconds: float = 10) -> list[dict[str, Any]]:
        """Wait until the events that came in are what `ready` asks for."""
        end = time.monotonic() + seconds
        while not ready(self.events()):
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError(f"not in {seconds} s; came: {[event['event'] for event in self.events()]}")
            with self.changed:
                self.changed.wait(min(left, 0.2))
        return self.events()

    def wait_for(self, name: str, seconds: float = 10) -> list[dict[str, Any]]:
        """Wait until an event of this name came in; give all events."""
        return self.wait(lambda events: any(event["event"] == name for event in events), seconds)

    def clear(self) -> None:
        """Forget what came in."""
        with self.changed:
            self.requests.clear()
            self.paths.clear()


def decoded(raw: bytes) -> dict[str, Any]:
    """Read a body as a collector does: gzip by its magic bytes, base64 forms, JSON; a single event becomes a batch."""
    if raw.startswith(b"\x1f\x8b"):
        raw = gzip.decompress(raw)
    if raw.startswith(b"data="):
        raw = b64decode(unquote(parse_qs(raw.decode())["data"][0]))
    body = json.loads(raw)
    if isinstance(body, list):
        return {"batch": body}
    return body if "batch" in body else {"batch": [body]}


def _handler(recorder: Recorder) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def reply(self, status: int, body: bytes = b"", kind: str = "application/json") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Access-Control-Allow-Origin", self.headers.get("Origin") or "*")
            self.send_header("Access-Control-Allow-Credentials", "true")
            self.send_header("Access-Control-Allow-Headers", self.headers.get("Access-Control-Request-Headers") or "*")
            if recorder.csp and kind == "text/html":
                self.send_header("Content-Security-Policy", recorder.csp)
            self.end_headers()
            self.wfile.write(body)

        def do_OPTIONS(self) -> None:
            recorder.paths.append("OPTIONS " + self.path)
            self.reply(200)

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            recorder.paths.append(path)
            page = PAGES / path.strip("/")
            if path == "/static/array.js":
                self.reply(200, recorder.script.read_bytes(), "text/javascript")
            elif path.startswith("/array/") and path.endswith("/config.js"):
                config = json.dumps({"config": recorder.config, "siteApps": []})
                token = json.dumps(path.split("/")[2])
                text = f"(window._POSTHOG_REMOTE_CONFIG = window._POSTHOG_REMOTE_CONFIG || {{}})[{token}] = {config};"
                self.reply(200, text.encode(), "text/javascript")
            elif path.startswith("/array/"):
                self.reply(200, json.dumps(recorder.config).encode())
            elif page.is_file() and page.parent == PAGES:
                self.reply(200, page.read_bytes(), "text/javascript" if page.suffix == ".js" else "text/html")
            else:
                self.reply(404)

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            path = parts.path.rstrip("/")
            if path not in CAPTURE_PATHS:
                self.reply(200, b'{"flags": {}, "errorsWhileComputingFlags": false}')
                return
            status = recorder.answers.pop(0) if recorder.answers else 200
            with recorder.changed:
                recorder.paths.append(f"POST {self.path} {status}")
                if status == 200:
                    headers = {name.lower(): value for name, value in self.headers.items()}
                    recorder.requests.append(Request(path, headers, decoded(raw), parse_qs(parts.query)))
                recorder.changed.notify_all()
            self.reply(status, b'{"status": "Ok"}')

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a page that goes drops its connections."""


@contextlib.contextmanager
def recording(**settings: Any) -> Iterator[Recorder]:
    """Start a server; it stops at the end."""
    recorder = Recorder(**settings)
    server = _Server(("127.0.0.1", 0), _handler(recorder))
    recorder.origin = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield recorder
    finally:
        server.shutdown()
        server.server_close()
