"""A host of PostHog's on this machine, written from the shapes of its documented API: a project of any size, and every kind of trouble.

Queries are read as ClickHouse's SQL and run by DuckDB, so that any sensible HogQL is answered.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hashlib
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import duckdb
import sqlglot
from sqlglot import exp

import evkit as ek

KEY = "phx_" + "k" * 40
SCOPES = (
    "query:read", "batch_export:write", "project:read", "person:read", "group:read", "action:read", "cohort:read", "event_definition:read",
    "property_definition:read", "insight:read", "dashboard:read",
)  # fmt: skip
MOST_ROWS = 50_000
SECONDS_OF_A_RUN = 0.05
"""How long an export says that it is running, once it has begun."""
START = dt.datetime(2026, 9, 1)
EVENTS = """
CREATE TABLE events AS SELECT
  ('0199aa10-0000-7000-8000-' || printf('%012x', i))::VARCHAR AS uuid,
  ['$pageview', 'movie_played', 'search', 'user_signed_up'][1 + i % 4] AS event,
  'user-' || (i * 7919 % {people}) AS distinct_id,
  '{{"$current_url":"https://shop.test/' || (i % 50) || '","n":' || i || '}}' AS properties,
  TIMESTAMP '{start}' + to_microseconds(CAST(i AS BIGINT) * {step}) AS timestamp,
  TIMESTAMP '{start}' + to_microseconds(CAST(i AS BIGINT) * {step} + 2000000) AS created_at,
  '' AS elements_chain,
  'person-' || (i * 7919 % {people}) // 2 AS person_id
FROM range({rows}) r(i)
"""


@dataclass
class Host:
    """The host: its data, what its key may do, and how it misbehaves.

    Parameters
    ----------
    con
        The project: tables events (with an arrival), person_distinct_ids, persons, groups.
    scopes
        What the key may do.
    trouble
        Asked before each request with its number, method and path: a status, a callable that spoils the answer, or None.
    exports
        Whether there are file downloads.
    failing_exports
        The status with which exports end.
    too_heavy
        Queries with these words in them take too long.
    behind
        How far the host's clock is behind ours.
    queries_answered
        Whether there is an API of queries; there always is the old list of events.
    list_page
        How many events a page of that list has at most.
    spoiled_files
        How many of the next files come with a wrong byte.
    now
        The host's clock, of insights.
    late
        How many days before a window's start events may have happened that still are in its export.
    """

    con: duckdb.DuckDBPyConnection
    folder: Path
    project: int = 7
    key: str = KEY
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    trouble: Callable[[int, str, str], Any] = lambda number, method, path: None
    exports: bool = True
    failing_exports: str = ""
    too_heavy: str = ""
    behind: dt.timedelta = dt.timedelta()
    queries_answered: bool = True
    list_page: int = 1_000
    late: dt.timedelta = dt.timedelta(days=2)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=lambda: {"timezone": "Europe/London", "week_start_day": 1, "test_account_filters": []})
    storage_saw: list[dict[str, str]] = field(default_factory=list)
    spoiled_files: int = 0
    now: dt.datetime = START + dt.timedelta(days=30)
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""

    # ------------------------------------------------------------------ queries
    def rows(self, node: dict[str, Any]) -> list[list[Any]]:
        """Answer a HogQL query."""
        sql = node["query"]
        for name, value in node.get("values", {}).items():
            sql = sql.replace("{" + name + "}", exp.Literal.string(value).sql("clickhouse") if isinstance(value, str) else str(value))
        self.queries.append(sql)
        if self.too_heavy and self.too_heavy in sql:
            raise Refusal(400, "timeout_exceeded", "Query took too long")
        tree = sqlglot.parse_one(sql, read="clickhouse")
        if tree.find(exp.Offset):
            raise Refusal(400, "validation_error", "OFFSET is not supported for queries made with a personal API key")
        if node.get("modifiers", {}).get("convertToProjectTimezone") is not False:
            raise Refusal(400, "validation_error", "this test wants times in UTC")
        limit = tree.args.get("limit")
        asked = int(limit.expression.this) if limit else 100
        tree = tree.limit(min(asked, MOST_ROWS))
        for found in list(tree.find_all(exp.Anonymous)):
            if found.name.lower() == "todatetime64":
                found.replace(exp.cast(found.expressions[0], "timestamp"))
        with self.lock:
            found_rows = self.con.execute(tree.sql("duckdb")).fetchall()
        return [[answered(value) for value in row] for row in found_rows]

    def listed_events(self, given: dict[str, str]) -> dict[str, Any]:
        """Answer the old list of events: newest first, cut to a page in silence."""
        size = min(int(given.get("limit", 100)), self.list_page)
        after, before = (dt.datetime.fromisoformat(given[side].replace("Z", "+00:00")).replace(tzinfo=None) for side in ("after", "before"))
        if before - after > dt.timedelta(days=366):
            raise Refusal(400, "validation_error", "The range may be at most 366 days")
        with self.lock:
            found = self.con.execute(
                "SELECT uuid, event, distinct_id, properties, timestamp FROM events WHERE timestamp > ? AND timestamp < ? ORDER BY timestamp DESC LIMIT ?",
                [after, before, size + 1],
            ).fetchall()
        names = ("id", "event", "distinct_id", "properties", "timestamp")
        rows = [dict(zip(names, row, strict=True)) for row in found[:size]]
        made = [
            {**row, "properties": json.loads(row["properties"]), "timestamp": answered(row["timestamp"]), "elements": []} for row in rows
        ]
        return {"next": f"{self.url}/next" if len(found) > size else None, "results": made}

    def listed_persons(self, first: int, size: int) -> dict[str, Any]:
        """Answer the list of persons."""
        with self.lock:
            found = self.con.execute(
                "SELECT i.person_id, list(i.distinct_id ORDER BY i.distinct_id), any_value(p.properties), any_value(p.created_at) "
                "FROM person_distinct_ids i JOIN persons p ON p.id = i.person_id GROUP BY 1 ORDER BY 1"
            ).fetchall()
        rows = [
            {"id": n, "uuid": who, "distinct_ids": ids, "properties": json.loads(said), "created_at": answered(t)}
            for n, (who, ids, said, t) in enumerate(found)
        ]
        after = f"{self.url}/api/projects/{self.project}/persons/?limit={size}&offset={first + size}" if first + size < len(rows) else None
        return {"next": after, "results": rows[first : first + size]}

    def insight(self, query: dict[str, Any]) -> dict[str, Any]:
        """Answer an insight's query: with evkit's own figures of what the host holds, which the conformance tests hold to PostHog's."""
        with self.lock:
            events = self.con.execute(
                "SELECT uuid, event, distinct_id, properties, timestamp, elements_chain FROM events ORDER BY created_at, uuid"
            ).fetchall()
            persons = self.con.execute(
                "SELECT i.person_id, list(i.distinct_id), any_value(p.properties), any_value(p.created_at) FROM person_distinct_ids i LEFT JOIN persons p ON p.id = i.person_id GROUP BY ALL"
            ).fetchall()
        names = ("uuid", "event", "distinct_id", "properties", "timestamp", "elements_chain")
        rows = [dict(zip(names, row, strict=True)) for row in events]
        project = ek.Project(
            events=[
                {**row, "properties": json.loads(row["properties"]), "timestamp": row["timestamp"].replace(tzinfo=dt.UTC)} for row in rows
            ],
            persons=[
                {"id": who, "distinct_ids": ids, "properties": json.loads(said or "{}"), "created_at": created.replace(tzinfo=dt.UTC)}
                for who, ids, said, created in persons
            ],
            actions=[row for row in self.lists.get("actions", []) if row["id"] != 6 and not row.get("deleted")],
            cohorts=self.lists.get("cohorts"),
            timezone=self.settings["timezone"],
            week_start_day=self.settings["week_start_day"],
            test_account_filters=self.settings["test_account_filters"],
        )
        return project.query(query, now=self.now)

    # ------------------------------------------------------------------ exports
    def begin(self, body: dict[str, Any]) -> str:
        """Begin an export."""
        start, end = (dt.datetime.fromisoformat(body[f"data_interval_{side}"]).replace(tzinfo=None) for side in ("start", "end"))
        if end - start > dt.timedelta(days=7):
            raise Refusal(400, "invalid_input", "The interval may be at most 7 days")
        if end < start:
            raise Refusal(400, "invalid_input", "The end is before the start")
        if end > dt.datetime.now(dt.UTC).replace(tzinfo=None) - self.behind:
            raise Refusal(400, "invalid_input", "The end is in the future")
        run = str(uuid.uuid4())
        path = self.folder / f"{run}.parquet"
        with self.lock:
            self.con.execute(
                "COPY (SELECT uuid, event, distinct_id, person_id, properties, NULL::VARCHAR AS person_properties, elements_chain, "
                "timestamp::TIMESTAMPTZ AS timestamp, created_at::TIMESTAMPTZ AS created_at, created_at::TIMESTAMPTZ AS _inserted_at "
                f"FROM events WHERE created_at >= '{start}' AND created_at < '{end}' AND timestamp >= '{start - self.late}') "
                f"TO '{path}' (FORMAT PARQUET, COMPRESSION ZSTD)"
            )
            (count,) = self.con.execute(f"SELECT count(*) FROM '{path}'").fetchone()  # type: ignore[misc]
        self.runs[run] = {"path": path, "rows": count, "done": time.monotonic() + SECONDS_OF_A_RUN}
        return run

    def look(self, run: str) -> dict[str, Any]:
        """Say how an export goes."""
        known = self.runs[run]
        if self.failing_exports:
            return {"status": self.failing_exports, "error": "no more of it this month"}
        if time.monotonic() < known["done"]:
            return {"status": "Running"}
        return {"status": "Completed", "files": [f"f-{run}"] if known["rows"] else [], "records_completed": known["rows"]}


class Refusal(Exception):
    """An error as the API writes it."""

    def __init__(self, status: int, code: str, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.headers = status, code, detail, headers or {}


def answered(value: Any) -> Any:
    """Write a value as an answer has it."""
    if isinstance(value, dt.datetime):
        return value.isoformat(timespec="microseconds" if value.microsecond else "seconds") + "Z"
    return value


NEEDS = (
    ("/query/", "query:read"), ("/events/", "query:read"), ("/file_download_batch_exports", "batch_export:write"), ("/groups_types/", "group:read"), ("/actions/", "action:read"),
    ("/cohorts/", "cohort:read"), ("/event_definitions/", "event_definition:read"), ("/property_definitions/", "property_definition:read"),
    ("/insights/", "insight:read"), ("/dashboards/", "dashboard:read"), ("/persons/", "person:read"), ("/groups/", "group:read"),
)  # fmt: skip


def handler(host: Host) -> type[BaseHTTPRequestHandler]:
    """Make the class that answers for a host."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def date_time_string(self, timestamp: float | None = None) -> str:
            """Give the host's time."""
            return super().date_time_string(time.time() - host.behind.total_seconds())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            self.answer("GET")

        def do_POST(self) -> None:
            self.answer("POST")

        def answer(self, method: str) -> None:
            to = urlsplit(self.path)
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else {}
            if to.path.startswith("/storage/"):
                host.storage_saw.append(dict(self.headers))
                self.file(host.folder / to.path.removeprefix("/storage/"))
                return
            host.asked.append((method, to.path))
            host.calls.append((method, self.path, body or None))
            spoiled = host.trouble(len(host.asked), method, to.path)
            if callable(spoiled):
                spoiled(self)
                return
            if spoiled is not None:
                status, headers = spoiled if isinstance(spoiled, tuple) else (spoiled, {})
                self.refuse(
                    Refusal(
                        status, "throttled" if status == 429 else "error", "Request was throttled." if status == 429 else "trouble", headers
                    )
                )
                return
            try:
                self.check(to.path)
                self.found(method, to.path, body, {name: values[-1] for name, values in parse_qs(to.query).items()})
            except Refusal as refusal:
                self.refuse(refusal)
            except duckdb.Error as error:
                self.refuse(Refusal(400, "query_error", str(error)[:300]))

        def check(self, path: str) -> None:
            if self.headers.get("Authorization") != f"Bearer {host.key}":
                raise Refusal(401, "authentication_failed", "Personal API key found in request Authorization header is invalid.")
            needed = next((scope for part, scope in NEEDS if part in path), "project:read")
            if needed not in host.scopes:
                raise Refusal(403, "permission_denied", f"API key missing required scope '{needed}'")

        def found(self, method: str, path: str, body: dict[str, Any], given: dict[str, str]) -> None:
            base = f"/api/projects/{host.project}"
            exports = f"{base}/file_download_batch_exports"
            if not path.startswith(base) or (path.startswith(exports) and not host.exports):
                raise Refusal(404, "not_found", "Not found.")
            if path == f"{base}/":
                self.json(
                    200,
                    {
                        "id": host.project,
                        "name": "Matinee",
                        "api_token": "phc_secret",
                        "slack_incoming_webhook": "https://hooks.test/phc_secret",
                        **host.settings,
                    },
                )
            elif path == f"{base}/query/" and not host.queries_answered:
                raise Refusal(404, "not_found", "Not found.")
            elif path == f"{base}/events/":
                self.json(200, host.listed_events(given))
            elif path == f"{base}/persons/":
                self.json(200, host.listed_persons(int(given.get("offset", 0)), int(given.get("limit", 100))))
            elif path == f"{base}/groups/":
                with host.lock:
                    found = host.con.execute(
                        "SELECT key, properties, created_at FROM groups WHERE index = ? ORDER BY key", [given["group_type_index"]]
                    ).fetchall()
                rows = [{"group_key": key, "group_properties": json.loads(said), "created_at": answered(time)} for key, said, time in found]
                self.json(200, {"next": None, "previous": None, "results": rows})
            elif path == f"{base}/query/":
                if body.get("refresh") != "force_blocking":
                    raise Refusal(400, "validation_error", "this test wants figures of now")
                if body["query"]["kind"] == "HogQLQuery":
                    self.json(200, {"results": host.rows(body["query"]), "columns": [], "types": []})
                else:
                    self.json(200, host.insight(body["query"]))
            elif path == exports and method == "POST":
                self.json(202, {"id": host.begin(body)})
            elif path.startswith(exports):
                run, _, rest = path.removeprefix(exports + "/").partition("/")
                if run not in host.runs:
                    raise Refusal(404, "not_found", "Not found.")
                if not rest:
                    self.json(200, host.look(run))
                else:
                    self.json(302, {}, {"Location": f"{host.url}/storage/{run}.parquet?X-Amz-Signature=x"})
            else:
                name, _, one = path.removeprefix(base + "/").strip("/").partition("/")
                if one and name in ("actions", "cohorts", "dashboards"):
                    found_row = next((row for row in host.lists.get(name, []) if str(row["id"]) == one and not row.get("gone")), None)
                    if found_row is None:
                        raise Refusal(404, "not_found", "Not found.")
                    self.json(200, found_row)
                    return
                rows = host.lists.get(name, [])
                if name == "property_definitions":
                    rows = [row for row in rows if row.get("of", "event") == given.get("type")]
                first, size = int(given.get("offset", 0)), int(given.get("limit", 100))
                if name == "groups_types":
                    self.json(200, rows)
                    return
                after = f"{host.url}{path}?limit={size}&offset={first + size}" if first + size < len(rows) else None
                self.json(200, {"count": len(rows), "next": after, "previous": None, "results": rows[first : first + size]})

        def json(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
            self.send(status, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})

        def file(self, path: Path) -> None:
            data = path.read_bytes()
            sent = data[:-1] + bytes([data[-1] ^ 1]) if host.spoiled_files else data
            host.spoiled_files = max(host.spoiled_files - 1, 0)
            self.send(
                200,
                sent,
                {
                    "ETag": f'"{hashlib.md5(data).hexdigest()}"',
                    "x-amz-checksum-sha256": base64.b64encode(hashlib.sha256(data).digest()).decode(),
                },
            )

        def refuse(self, refusal: Refusal) -> None:
            kinds = {
                401: "authentication_error",
                403: "authentication_error",
                400: "validation_error",
                404: "invalid_request",
                429: "throttled_error",
            }
            said = {"type": kinds.get(refusal.status, "server_error"), "code": refusal.code, "detail": refusal.detail, "attr": None}
            self.json(refusal.status, said, refusal.headers)

        def send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # who asked may be gone
                self.wfile.write(data)

    return Handler


@contextlib.contextmanager
def running(folder: Path, *, rows: int, people: int = 500, step_seconds: float = 20.0) -> Iterator[Host]:
    """Run a host with a project of so many events, one each `step_seconds` from `START` on, until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute("CREATE MACRO toStartOfHour(t) AS date_trunc('hour', t)")
    con.execute("CREATE MACRO toString(t) AS t::VARCHAR")
    con.execute(EVENTS.format(rows=rows, people=people, start=START, step=int(step_seconds * 1e6)))
    con.execute("CREATE TABLE person_distinct_ids AS SELECT DISTINCT distinct_id, person_id FROM events")
    con.execute(
        "CREATE TABLE persons AS SELECT DISTINCT person_id AS id, '{\"plan\":\"pro\"}' AS properties, TIMESTAMP '2026-09-01' AS created_at, true AS is_identified FROM events"
    )
    con.execute("CREATE TABLE groups (index BIGINT, key VARCHAR, properties VARCHAR, created_at TIMESTAMP)")
    con.execute("INSERT INTO groups SELECT 0, 'id:' || i, '{\"name\":\"x\"}', TIMESTAMP '2026-09-01' FROM range(5) r(i)")
    host = Host(con, folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(host))
    server.daemon_threads = True
    host.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
        con.close()
