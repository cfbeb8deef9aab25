"""A folder of files that somebody exported from PostHog -> which hold events, which persons; told by what is in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from evkit.errors import DataError
from evkit.load import csv, files
from evkit.load.lines import numbered
from evkit.load.report import Rejects

OF_A_STORE = ("landing", "segments")
OF_A_PROJECT = ("events", "persons", "definitions")
"""What lies in a store's folder, and in one that `evkit pull` fetched into."""
MANIFEST = "_manifest.json"
"""How the name of a file ends that lists the others of its export."""


@dataclass
class Sorted:
    """The files of a folder by what is in them."""

    events: list[Path] = field(default_factory=list)
    persons: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)


def parted(folder: Path, columns: Mapping[str, str] | None = None) -> Sorted:
    """Part the files of a folder, at any depth.

    Parameters
    ----------
    columns
        Our column name -> that of the files of events, where they differ.

    Raises
    ------
    DataError
        When the folder is something else, holds no events, or lacks a file that a manifest in it lists.
    """
    if all((folder / name).is_dir() for name in OF_A_STORE):
        raise DataError(f"{str(folder)!r} is a store: open it by ek.open_store({str(folder)!r})")
    if all((folder / name).is_dir() for name in OF_A_PROJECT):
        raise DataError(
            f"{str(folder)!r} is a project that was fetched: open it by ek.from_posthog(project_id=..., folder={str(folder)!r}, fetch=False)"
        )
    of_events = {(columns or {}).get(name, name) for name in ("event", "distinct_id")}
    found = Sorted()
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".")):
        if path.name.endswith(MANIFEST):
            check_manifest(path)
        elif path.name.lower().endswith(files.ENDINGS) and path.stat().st_size:
            names = names_in(path)
            kind = found.events if of_events <= names else found.persons if {"person_id", "distinct_id"} <= names else found.others
            kind.append(path)
    if not found.events:
        there = ", ".join(p.name for p in [*found.persons, *found.others][:5]) or "no file that evkit reads"
        raise DataError(
            f"{str(folder)!r} is a folder without a file of events; there is {there}. Name the files: ek.read('folder/*.parquet')"
        )
    return found


def names_in(path: Path) -> set[str]:
    """Give the names of the columns of a file, or of its first line.

    Raises
    ------
    DataError
        When it can't be read.
    """
    kind = files.kind_of(path)
    try:
        if kind == "parquet":
            return set(pq.read_schema(path).names)
        if kind == "csv":
            return set(csv.columns_of([path]))
        for _, line, _ in numbered(path, Rejects()):
            body = json.loads(line)
            return set(body) if isinstance(body, dict) else set()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"can't read {str(path)!r}: {error}") from None
    return set()


def check_manifest(path: Path) -> None:
    """Raise when a file that a manifest lists isn't there."""
    try:
        listed = json.loads(path.read_text("utf-8"))["files"]
    except (ValueError, KeyError, TypeError):
        return  # another program's
    missing = [str(name) for name in listed if not (path.parent / Path(str(name)).name).exists()]
    if missing:
        raise DataError(
            f"{path.name} lists {len(missing):,} files that are not there, such as {Path(missing[0]).name!r}: the download is not whole"
        )
