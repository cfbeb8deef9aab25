"""Events by file downloads: a window of arrival is asked for, made there, and fetched as Parquet."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from evkit.errors import PostHogError
from evkit.posthog.api import Api
from evkit.posthog.pull.plan import Span

BETWEEN_LOOKS = 0.1
"""Seconds after which a run that isn't done is asked after again, at first; each time half as much longer, up to thirty."""
LONGEST_BETWEEN_LOOKS = 30.0
LONGEST_RUN_SECONDS = 3 * 3600.0
WORKING = frozenset({"Starting", "Running"})
MOST_MEGABYTES = 256
"""Of a file, so that one that breaks off costs little."""
COLUMNS = ("uuid", "event", "distinct_id", "timestamp", "properties")
"""What a file of events must have."""


@dataclass(frozen=True)
class Came:
    """A file of a window: where it lies, and its rows."""

    path: Path
    rows: int


def begin(api: Api, project: int | str, span: Span) -> str:
    """Have the files of a window made; give the id of the run."""
    asked = {
        "model": "events", "file": {"format": "Parquet", "compression": "zstd", "max_size_mb": MOST_MEGABYTES},
        "data_interval_start": stamp(span.start), "data_interval_end": stamp(span.end),
    }  # fmt: skip
    return str(api.post(path_of(project), asked)["id"])


def finish(
    api: Api, project: int | str, run: str, span: Span, part_of: Callable[[int], Path], *,
    progress: Callable[[int], Any] = lambda more: None, sleep: Callable[[float], Any] = time.sleep,
) -> list[Came]:  # fmt: skip
    """Wait until the files of a window are made, and fetch them.

    Parameters
    ----------
    part_of
        Gives where the n-th file is written.

    Raises
    ------
    PostHogError
        When the run fails there, or gives other rows than it says.
    """
    base = f"{path_of(project)}/{run}"
    done = waited_for(api, base, span, sleep=sleep)
    found = []
    for number, file in enumerate(done.get("files") or []):
        target = part_of(number)
        api.save(f"{base}/download/{file}", target, progress=progress)
        found.append(Came(target, rows_of(target)))
    told, there = done.get("records_completed"), sum(one.rows for one in found)
    if isinstance(told, int) and told != there:
        raise PostHogError(f"the export of {span} says {told:,} rows, and its files hold {there:,}")
    return found


def path_of(project: int | str) -> str:
    """Give the address of a project's file downloads."""
    return f"/api/projects/{project}/file_download_batch_exports"


def waited_for(api: Api, path: str, span: Span, *, sleep: Callable[[float], Any]) -> Mapping[str, Any]:
    """Wait until a run has ended; give what it says then.

    Raises
    ------
    PostHogError
        When it fails there.
    """
    waited, pause = 0.0, BETWEEN_LOOKS
    while waited < LONGEST_RUN_SECONDS:
        said: Mapping[str, Any] = api.get(path)
        status = said.get("status")
        if status == "Completed":
            return said
        if status not in WORKING:
            raise PostHogError(f"the export of {span} ended as {status}: {said.get('error') or 'no reason was given'}")
        sleep(pause)
        waited, pause = waited + pause, min(pause * 1.5, LONGEST_BETWEEN_LOOKS)
    raise PostHogError(f"the export of {span} was not done after {waited / 60:.0f} minutes; run it again to go on")


def rows_of(path: Path) -> int:
    """Give how many events a file has.

    Raises
    ------
    PostHogError
        When it is no Parquet, or lacks a column.
    """
    try:
        with pq.ParquetFile(path) as file:
            missing = [name for name in COLUMNS if name not in file.schema_arrow.names]
            if missing:
                raise PostHogError(f"a file of the export has no column {missing[0]!r}")
            return int(file.metadata.num_rows)
    except (pa.ArrowException, OSError) as error:
        raise PostHogError(f"a file of the export is no Parquet: {error}") from None


def stamp(time: dt.datetime) -> str:
    """Write a moment as the API takes it."""
    return f"{time:%Y-%m-%dT%H:%M:%S.%f}+00:00"
