"""JSON lines -> canonical rows. Staged once into a private Parquet file, so that no line can crash an engine."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from evkit import elements
from evkit.capture import message
from evkit.errors import CaptureError, DataError
from evkit.load.report import Rejects
from evkit.model import schema

ROWS_A_BATCH = 50_000
EXPORT_MARKS = frozenset({"_inserted_at", "inserted_at", "created_at", "person_id", "person_properties", "team_id", "arrival"})
"""A line with one of these at its top is a row of an export, not something that a client sent."""
EARLIEST = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
STAGED = schema.EVENTS.to_pyarrow().append(pa.field("line", pa.int64()))
Progress = Callable[[int, int], None]
"""Called with the bytes read so far and the bytes there are."""


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


def rows_of(line: bytes, columns: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Give the canonical rows of one line: an event, a batch, or a row of an export.

    Parameters
    ----------
    columns
        Our name -> the name in the file; a file with names of its own holds a row of a table on each line.

    Raises
    ------
    CaptureError
        When the line can't be read; the message says why.
    """
    try:
        body = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CaptureError(f"not JSON: {error}") from None
    if columns and isinstance(body, dict):
        return [export_row({**body, **{ours: body.get(theirs) for ours, theirs in columns.items()}})]
    if isinstance(body, dict) and "event" in body and EXPORT_MARKS & body.keys():
        return [export_row(body)]
    received = body.get("received_at") if isinstance(body, dict) else None
    return [wire_row(event) for event in message.events_of(body, received_at=message.parse_time(received), must_have_time=True)]


def wire_row(event: message.Event) -> dict[str, Any]:
    """Give the canonical row of an event as a client sent it."""
    properties = dict(event.properties)
    chain = event.elements_chain
    raw = properties.pop("$elements", None)
    if not chain and isinstance(raw, list):
        chain = elements.to_chain(elements.extract(raw))
    return {
        "uuid": event.uuid,
        "event": event.event,
        "distinct_id": event.distinct_id,
        "timestamp": naive(event.timestamp),
        "received_at": naive(event.received_at) if event.received_at else None,
        "arrival": None,
        "properties": dump(properties),
        "elements_chain": message.cleaned(chain or ""),
        "person_id": None,
        "person_properties": None,
    }


def export_row(body: dict[str, Any]) -> dict[str, Any]:
    """Give the canonical row of a line of PostHog's export, or of evkit's own."""
    missing = [name for name in schema.REQUIRED if body.get(name) in (None, "")]
    if missing:
        raise CaptureError(f"no {missing[0]}")
    time = message.parse_time(body["timestamp"])
    if time is None:
        raise CaptureError(f"timestamp {body['timestamp']!r} can't be read")
    received = next((message.parse_time(body[k]) for k in ("received_at", *schema.SYNONYMS["received_at"]) if body.get(k)), None)
    person = body.get("person_properties")
    return {
        "uuid": str(body["uuid"]) if body.get("uuid") else None,
        "event": message.cleaned(str(body["event"])),
        "distinct_id": message.cleaned(str(body["distinct_id"])),
        "timestamp": naive(time),
        "received_at": naive(received) if received else None,
        "arrival": body.get("arrival"),
        "properties": dump(as_object(body.get("properties"), "properties")),
        "elements_chain": message.cleaned(str(body.get("elements_chain") or "")),
        "person_id": None if body.get("person_id") is None else str(body["person_id"]),
        "person_properties": None if person is None else dump(as_object(person, "person_properties")),
    }


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


def dump(value: dict[str, Any]) -> str:
    """Write JSON text that every engine reads: NUL and lone surrogates replaced, no NaN; times as ISO text."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=plain)
    except ValueError:
        text = json.dumps(finite(value), ensure_ascii=False, separators=(",", ":"), default=plain)
    return message.cleaned(text.replace("\\u0000", "\ufffd"))


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
) -> bool:
    """Write the canonical events of files of JSON lines to one Parquet file.

    Returns
    -------
    bool
        True when some line says when it was received; else the order of the lines is the order of arrival.
    """
    files = list(paths)
    total = sum(f.stat().st_size for f in files)
    done, number, received = 0, 0, False
    batch: list[dict[str, Any]] = []
    with pq.ParquetWriter(target, STAGED, compression="zstd") as writer:
        for file in files:
            for line_number, line, read in numbered(file, rejects):
                try:
                    rows = rows_of(line, columns)
                except (CaptureError, DataError) as error:
                    rejects.add(file.name, line_number, str(error), line[:400].decode("utf-8", "replace"), kind_of(str(error)))
                    continue
                for row in rows:
                    number += 1
                    row["line"] = number
                    received = received or row["received_at"] is not None or row["arrival"] is not None
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
    return received


def kind_of(reason: str) -> str:
    """Give the part of a reason that rows share."""
    return reason.partition(":")[0].partition("'")[0].strip()
