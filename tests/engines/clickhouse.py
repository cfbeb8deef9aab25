"""ClickHouse's real engine, in this process (chdb), behind the HTTP interface that ibis' backend speaks to."""

from __future__ import annotations

import contextlib
import re
import threading
import urllib.parse
from collections.abc import Iterator
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def parts(content_type: str, body: bytes) -> dict[str, bytes]:
    """Read a multipart body: the parts by name."""
    message = BytesParser().parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    found = {}
    for part in message.get_payload():
        name = part.get_param("name", header="content-disposition")
        found[str(name)] = part.get_payload(decode=True)
    return found


class Bridge(BaseHTTPRequestHandler):
    """Answers queries as ClickHouse's HTTP interface does, as far as its Python client needs."""

    session: Any = None
    lock = threading.Lock()

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        options = {k: v[0] for k, v in urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        content_type = self.headers.get("Content-Type", "")
        if content_type.startswith("multipart/"):
            sent = parts(content_type, body)
            query = options.get("query") or sent.pop("query", b"").decode()
            self.external(query, sent, options)
            return
        if "query" in options:
            self.answer(options["query"], options, data=body)
        else:
            self.answer(body.decode(), options)

    def external(self, query: str, sent: dict[str, bytes], options: dict[str, str]) -> None:
        """Put the tables that came with a query into temporary ones."""
        for name, data in sent.items():
            if f"{name}_structure" not in options:
                continue
            with self.lock:
                self.session.query(f"DROP TABLE IF EXISTS {name}")
                self.session.query(f"CREATE TABLE {name} ({options[f'{name}_structure']}) ENGINE = Memory")
            self.insert(f"INSERT INTO {name} FORMAT {options.get(f'{name}_format', 'TabSeparated')}", data)
        self.answer(query, options)

    def insert(self, query: str, data: bytes) -> None:
        """Insert what came with an INSERT, by way of a file."""
        import tempfile

        match = re.match(r"(?is)\s*insert\s+into\s+(?:table\s+)?(.+?)\s+format\s+(\w+)\s*$", query)
        assert match is not None, query
        with tempfile.NamedTemporaryFile(suffix=".data") as file, self.lock:
            file.write(data)
            file.flush()
            self.session.query(f"INSERT INTO {match[1]} SELECT * FROM file('{file.name}', '{match[2]}')")

    def answer(self, query: str, options: dict[str, str], data: bytes = b"") -> None:
        """Run a query and send what it gives."""
        form = re.search(r"(?i)\bformat\s+(\w+)\s*;?\s*$", query)
        wanted = options.get("default_format") or "TabSeparated"
        try:
            if data and re.match(r"(?i)\s*insert", query):
                self.insert(query, data)
                found = b""
            else:
                if form:
                    query, wanted = query[: form.start()], form[1]
                with self.lock:
                    found = self.session.query(query, wanted).bytes()
            status = 200
        except Exception as error:
            status, found = 500, str(error).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("X-ClickHouse-Format", wanted)
        self.send_header("Content-Length", str(len(found)))
        self.end_headers()
        self.wfile.write(found)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def server() -> Iterator[int]:
    """Start the engine; give its port."""
    from chdb.session import Session

    with (
        contextlib.closing(Session()) as session,
        ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Bridge,), {"session": session})) as http,
    ):
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield http.server_address[1]
        http.shutdown()
