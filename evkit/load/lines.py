"""JSON lines -> canonical rows. Staged once into a private Parquet file, so that no line can crash an engine."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import re
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from evkit import elements
from evkit.capture import message
from evkit.errors import CaptureError, DataError, nearest, unknown
from evkit.load.report import Rejects
from evkit.model import schema

ROWS_A_BATCH = 50_000
EXPORT_MARKS = frozenset({"_inserted_at", "inserted_at", "created_at", "person_id", "person_properties", "team_id", "arrival"})
"""A line with one of these at its top is a row of an export, not something that a client sent."""
SENT = frozenset(
    {
        "event", "distinct_id", "$distinct_id", "timestamp", "uuid", "properties", "$set", "$set_once", "$unset", "$elements", "elements",
        "elements_chain", "api_key", "token", "offset", "sent_at", "received_at", "now", "type", "library", "library_version", "context", "ip",
        "site_url", "messageId", "data", "historical_migration",
    }
)  # fmt: skip
"""What a client's event has at its top. A line without `properties` that has more is a row of a table: the others are its properties."""
OF_CLIENTS = frozenset(
    {"$distinct_id", "$set", "$set_once", "$unset", "$elements", "elements", "api_key", "token", "offset", "sent_at", "now"}
)
OF_BOTH = frozenset({"type", "library", "library_version", "context", "ip", "site_url", "messageId", "data"})
"""Of these, what only a client's event has, and what tables have too: a property, where nothing else says that a client sent the line."""
OURS = frozenset({*schema.EVENTS.names, *(name for others in schema.SYNONYMS.values() for name in others)})
NO_EVENT = "no event name"
TIMES = ("timestamp", "received_at", "sent_at")
STAGED = schema.EVENTS.to_pyarrow().append(pa.field("line", pa.int64()))
NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
"""A NUL in JSON text; a backslash before the backslash would make it ordinary text."""
NAIVE_EPOCH, MICROSECOND = dt.datetime(1970, 1, 1), dt.timedelta(microseconds=1)
Progress = Callable[[int, int], None]
"""Called with the bytes read so far and the bytes there are."""


@dataclass(frozen=True)
class Staged:
    """Lines that were read: the file of their events, whether any says when it arrived, whether any has a uuid."""

    path: Path
    has_arrival: bool
    has_uuids: bool


def private_folder(owner: object) -> Path:
    """Give a folder that is gone when its owner is."""
    folder = tempfile.mkdtemp(prefix="evkit-")
    weakref.finalize(owner, shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def decompressed(file: Any, path: Path) -> Any:
    """Give the lines of an open file, decompressing .gz (several members too), .zst and .br."""
    if path.suffix == ".gz":
        return gzip.GzipFile(fileobj=file, mode="rb")
    if path.suffix in (".zst", ".br"):
        return io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(file), "zstd" if path.suffix == ".zst" else "brotli"))
    return io.BufferedReader(file)


def numbered(path: Path, rejects: Rejects) -> Iterator[tuple[int, bytes, int]]:
    """Give each line that isn't blank, with its number and the bytes of the file read so far; a broken compression is told."""
    number = 0
    try:
        with path.open("rb") as file, decompressed(file, path) as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    yield number, line, file.tell()
    except (OSError, EOFError, pa.ArrowException, ValueError) as error:
        rejects.add(path.name, number + 1, f"the file can't be read further: {error}", "", "unreadable file")


class Renaming:
    """Names of a file's own: our name -> the file's.

    Parameters
    ----------
    columns
        The names; none where the file has ours.

    Raises
    ------
    SpecError
        When one is none of ours.
    """

    def __init__(self, columns: Mapping[str, str] | None) -> None:
        self.columns = dict(columns or {})
        for ours in self.columns:
            if ours not in schema.EVENTS.names:
                raise unknown("name in columns=", ours, schema.EVENTS.names)
        self.unseen = set(self.columns.values())
        self.there: dict[str, None] = {}

    def row(self, body: dict[str, Any]) -> dict[str, Any]:
        """Give a line with our names."""
        if self.unseen:
            self.unseen -= body.keys()
            self.there |= dict.fromkeys(body)
        named = {ours: body.get(theirs) for ours, theirs in self.columns.items()}
        return {**{key: value for key, value in body.items() if key not in self.columns.values()}, **named}

    def check(self, source: str) -> None:
        """Raise when a name was on no line.

        Raises
        ------
        DataError
            Names it, those that are there, and the nearest.
        """
        for ours, theirs in self.columns.items():
            if theirs in self.unseen and self.there:
                there = ", ".join(list(self.there)[:20])
                raise DataError(
                    f"no line of {source} has {theirs!r}, which columns= maps to {ours!r}.{nearest(theirs, self.there)} They have: {there}"
                )


def rows_of(line: bytes, names: Renaming) -> tuple[list[dict[str, Any]], list[CaptureError]]:
    """Give the canonical rows of one line - an event, a batch, or a row of an export - and why others of it can't be read.

    Parameters
    ----------
    names
        A file with names of its own holds a row of a table on each line.

    Raises
    ------
    CaptureError
        When the whole line can't be read; the message says why.
    """
    try:
        body = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CaptureError(f"not JSON: {error}") from None
    if not isinstance(body, dict):
        return wire_rows(body)
    if names.columns:
        return [export_row(names.row(body))], []
    if "event" in body and (EXPORT_MARKS & body.keys() or is_flat(body)):
        return [export_row(body)], []
    if not {"event", "batch"} & body.keys():
        raise CaptureError(no_event(body))
    return wire_rows(body)


def is_flat(body: Mapping[str, Any]) -> bool:
    """Say whether an event is a row of a table, its properties beside it, instead of something that a client sent.

    Examples
    --------
    >>> is_flat({"event": "view", "distinct_id": "ann", "type": "film"})
    True
    >>> is_flat({"event": "view", "distinct_id": "ann", "type": "capture", "api_key": "phc_1"})
    False
    """
    names = body.keys()
    return not {"properties", "batch"} & names and (not names <= SENT or (bool(names & OF_BOTH) and not names & OF_CLIENTS))


def wire_rows(body: Any) -> tuple[list[dict[str, Any]], list[CaptureError]]:
    """Give the rows of what a client sent, and why others of its events can't be read; the events of a batch arrive in its order."""
    items, sent_at = message.unpacked(body)
    said = with_times(body).get("received_at") if isinstance(body, dict) else None
    received = message.parse_time(said)
    rows, problems = [], []
    for i, item in enumerate(items):
        try:
            event = message.event_of(with_times(item), received_at=received, sent_at=sent_at, must_have_time=True, at=i)
            if event.event in message.UNSEEN:
                raise CaptureError(f"{event.event} is no event that capture keeps")
            rows.append(wire_row(event, i))
        except CaptureError as error:
            problems.append(error)
    return rows, problems


def no_event(body: Mapping[str, Any]) -> str:
    """Say that a line has no event's name, what it has, and what to do."""
    there = ", ".join(str(name) for name in list(body)[:20])
    return f"{NO_EVENT}: the line has {there or 'nothing'}. Map the names with columns={{'event': '<your name>'}} (in `evkit demo`: --column event=<your name>)"


def with_times(item: Any) -> Any:
    """Write times that are numbers since 1970 as text: a client sends text, but files hold them."""
    if not isinstance(item, dict):
        return item
    numbers = {key: item[key] for key in TIMES if isinstance(item.get(key), (int, float)) and not isinstance(item[key], bool)}
    return {**item, **{key: (message.EPOCH + since_1970(value)).isoformat() for key, value in numbers.items()}} if numbers else item


def since_1970(value: float) -> dt.timedelta:
    """Give seconds, milliseconds, microseconds or nanoseconds since 1970 as a length of time; their size says which they are.

    Raises
    ------
    CaptureError
        When no time is that far away.

    Examples
    --------
    >>> since_1970(86_400) == since_1970(86_400_000_000_000)
    False
    >>> since_1970(1_767_225_600) == since_1970(1_767_225_600_000)
    True
    """
    size = abs(value)
    per_second = 1 if size < 1e11 else 1e3 if size < 1e14 else 1e6 if size < 1e17 else 1e9
    try:
        length = dt.timedelta(seconds=value / per_second)
        message.EPOCH + length
    except (OverflowError, ValueError):
        raise CaptureError(f"timestamp {value!r} is outside the years 1 to 9999") from None
    return length


def wire_row(event: message.Event, place: int = 0) -> dict[str, Any]:
    """Give the canonical row of an event as a client sent it, the `place`-th of its batch from 0."""
    properties = dict(event.properties)
    chain = event.elements_chain
    raw = properties.pop("$elements", None)
    if not chain and raw is not None:
        if not isinstance(raw, list) or not all(isinstance(element, dict) for element in raw):
            raise CaptureError("$elements is no list of objects")
        chain = elements.to_chain(elements.extract(raw))
    received = naive(event.received_at) if event.received_at else None
    return {
        "uuid": event.uuid,
        "event": event.event,
        "distinct_id": event.distinct_id,
        "timestamp": naive(event.timestamp),
        "received_at": received,
        "arrival": (received - NAIVE_EPOCH) // MICROSECOND + place if received and place else None,
        "properties": dump(properties),
        "elements_chain": message.cleaned(chain or ""),
        "person_id": None,
        "person_properties": None,
    }


def export_row(body: dict[str, Any]) -> dict[str, Any]:
    """Give the canonical row of a line of an export, or of any table: without `properties`, what is none of ours is its properties."""
    missing = [name for name in schema.REQUIRED if body.get(name) in (None, "")]
    if missing:
        raise CaptureError(no_event(body) if missing[0] == "event" else f"no {missing[0]}")
    body = with_times(body)
    time = message.parse_time(body["timestamp"])
    if time is None:
        raise CaptureError(f"timestamp {body['timestamp']!r} can't be read")
    received = next((message.parse_time(body[k]) for k in ("received_at", *schema.SYNONYMS["received_at"]) if body.get(k)), None)
    person = body.get("person_properties")
    given = body["properties"] if "properties" in body else {k: v for k, v in body.items() if k not in OURS and v not in (None, "")}
    return {
        "uuid": message.cleaned(str(body["uuid"])) if body.get("uuid") else None,
        "event": message.cleaned(str(body["event"])),
        "distinct_id": message.distinct_id_text(body["distinct_id"]),
        "timestamp": naive(time),
        "received_at": naive(received) if received else None,
        "arrival": whole_number(body.get("arrival"), "arrival"),
        "properties": dump(as_object(given, "properties")),
        "elements_chain": message.cleaned(str(body.get("elements_chain") or "")),
        "person_id": None if body.get("person_id") is None else message.cleaned(str(body["person_id"])),
        "person_properties": None if person is None else dump(as_object(person, "person_properties")),
    }


def whole_number(value: Any, name: str) -> int | None:
    """Give a whole number that 64 bits hold; None where there is none.

    Raises
    ------
    CaptureError
        When it is something else.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise CaptureError(f"{name} {value!r} is no whole number of 64 bits")
    return value


def as_object(value: Any, name: str) -> dict[str, Any]:
    """Give a JSON object that may come as text."""
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise CaptureError(f"{name} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise CaptureError(f"{name} is {type(value).__name__}, not an object")
    return value


def naive(time: dt.datetime) -> dt.datetime:
    """Give a time as UTC without a zone.

    Raises
    ------
    CaptureError
        When the year leaves 1 to 9999.
    """
    try:
        return time.astimezone(dt.UTC).replace(tzinfo=None)
    except OverflowError:
        raise CaptureError(f"timestamp {time.isoformat()} is outside the years 1 to 9999") from None


def dump(value: dict[str, Any] | list[Any]) -> str:
    """Write JSON text that every engine reads: NUL and lone surrogates replaced, no NaN; times as ISO text."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=plain)
    except ValueError:
        text = json.dumps(finite(value), ensure_ascii=False, separators=(",", ":"), default=plain)
    return message.cleaned(NUL.sub(r"\1" + "\ufffd", text) if "\\u0000" in text else text)


def plain(value: Any) -> Any:
    """Give what JSON doesn't know as what it does: numpy's numbers and arrays, times, anything else as text."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return finite(value.tolist()) if hasattr(value, "tolist") else str(value)


def finite(value: Any) -> Any:
    """Replace NaN and infinities by null."""
    if isinstance(value, dict):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, list):
        return [finite(v) for v in value]
    return None if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))) else value


def stage(
    paths: Iterable[Path], target: Path, rejects: Rejects, columns: Mapping[str, str] | None = None, progress: Progress | None = None
) -> Staged:
    """Write the canonical events of files of JSON lines to one Parquet file.

    Where no line says when it was received, the order of the lines is the order of arrival.

    Raises
    ------
    SpecError, DataError
        When a name of `columns` is none of ours, or is on no line.
    """
    files, names = list(paths), Renaming(columns)
    total = sum(f.stat().st_size for f in files)
    done, number, received, known = 0, 0, False, False
    batch: list[dict[str, Any]] = []
    with pq.ParquetWriter(target, STAGED, compression="zstd") as writer:
        for file in files:
            for line_number, line, read in numbered(file, rejects):
                try:
                    rows, problems = rows_of(line, names)
                except (CaptureError, DataError) as error:
                    rows, problems = [], [CaptureError(str(error))]
                for problem in problems:
                    rejects.add(file.name, line_number, str(problem), line[:400].decode("utf-8", "replace"), kind_of(str(problem)))
                for row in rows:
                    number += 1
                    row["line"] = number
                    received = received or row["received_at"] is not None or row["arrival"] is not None
                    known = known or row["uuid"] is not None
                    batch.append(row)
                if len(batch) >= ROWS_A_BATCH:
                    writer.write_batch(pa.RecordBatch.from_pylist(batch, STAGED))
                    batch.clear()
                    if progress:
                        progress(done + read, total)
            done += file.stat().st_size
            if progress:
                progress(done, total)
        if batch:
            writer.write_batch(pa.RecordBatch.from_pylist(batch, STAGED))
    names.check(files[0].name if len(files) == 1 else f"the {len(files)} files")
    return Staged(target, received, known)


def stage_table(paths: Iterable[Path], target: Path, rejects: Rejects) -> Path:
    """Write files of JSON objects, a row of a table on each line, to one Parquet file: all text, as it was written."""
    rows: list[dict[str, str | None]] = []
    for file in paths:
        for number, line, _ in numbered(file, rejects):
            try:
                body = json.loads(line)
                if not isinstance(body, dict):
                    raise CaptureError(f"a line is an object, not {type(body).__name__}")
            except (ValueError, RecursionError, CaptureError) as error:
                rejects.add(file.name, number, str(error), line[:400].decode("utf-8", "replace"), kind_of(str(error)))
                continue
            rows.append({message.cleaned(str(key)): cell_text(value) for key, value in body.items()})
    names = dict.fromkeys(name for row in rows for name in row)
    pq.write_table(pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}), target)
    return target


def cell_text(value: Any) -> str | None:
    """Give a value of JSON as text: text as it is, objects and lists as JSON."""
    if value is None or isinstance(value, str):
        return None if value is None else message.cleaned(value)
    return dump(value) if isinstance(value, (dict, list)) else json.dumps(value)


def kind_of(reason: str) -> str:
    """Give the part of a reason that rows share."""
    return reason.partition(":")[0].partition("'")[0].strip()
