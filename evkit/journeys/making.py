"""Indexes on their way into memory or into a folder, and out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import numpy as np

from evkit.errors import CacheError
from evkit.journeys.arrays import Folder, opened
from evkit.journeys.index import Index

ARRAYS = ("offsets", "t", "arrival", "rows", "events", "actors", "ids", "persons", "second")


class Growing(Protocol):
    """An array that is added to."""

    def append(self, values: np.ndarray) -> None:
        """Add numbers."""
        ...


class InMemory:
    """An array that is added to, in memory."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._parts: list[np.ndarray] = []

    def append(self, values: np.ndarray) -> None:
        """Add numbers."""
        self._parts.append(values.astype(self._kind))

    def whole(self) -> np.ndarray:
        """Give it."""
        return np.concatenate([*self._parts, np.zeros(0, self._kind)])


def kinds(scanned: int, names: Sequence[str]) -> dict[str, str]:
    """Give the type of each array, as small as what it holds allows."""
    return {
        "offsets": "<i8", "t": "<i8", "rows": "<u4" if scanned < 1 << 32 else "<i8",
        "events": "|u1" if len(names) <= 1 << 8 else "<u2" if len(names) <= 1 << 16 else "<u4", "actors": "<u8",
        "arrival": "<i8", "ids": "<u8", "persons": "<u8", "second": "<u8",
    }  # fmt: skip


class Making:
    """An index that is being made: its arrays are added to, then it is finished; unfinished it leaves nothing.

    Parameters
    ----------
    target
        The folder it will be kept in; None to keep it in memory.
    names, scanned
        As of the index.
    told
        What else to note about it in its folder.

    Raises
    ------
    CacheError
        When it can't be written.
    """

    def __init__(self, target: Path | None, names: Sequence[str], scanned: int, told: Mapping[str, Any] | None = None) -> None:
        self._target = target
        self._names = tuple(names)
        self._scanned = scanned
        self._told = dict(told or {})
        self._folder = None if target is None else Folder(target)
        self._held: dict[str, InMemory] = {}
        self.arrays: Mapping[str, Growing] = self._held

    def __enter__(self) -> Making:
        types = kinds(self._scanned, self._names)
        if self._folder is None:
            self._held.update((name, InMemory(types[name])) for name in ARRAYS)
            return self
        try:
            self._folder.__enter__()
            self.arrays = {name: self._folder.array(name, types[name]) for name in ARRAYS}
        except OSError as error:
            self._folder.__exit__(None, None, None)
            raise unwritable(self._target, error) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._folder is not None:
            self._folder.__exit__(kind, error, trace)
        if isinstance(error, OSError):
            raise unwritable(self._target, error) from error

    def finish(self) -> Index:
        """Give the index, whole and kept."""
        if self._folder is None or self._target is None:
            return Index.of({name: one.whole() for name, one in self._held.items()}, self._names, self._scanned)
        self._folder.finish(names=self._names, scanned=self._scanned, **self._told)
        return load(self._target)


def same_as(target: Path, other: str, told: Mapping[str, Any]) -> None:
    """Note in place of an index that it is another one beside it.

    Raises
    ------
    CacheError
        When it can't be written.
    """
    try:
        with Folder(target) as folder:
            folder.finish(same_as=other, **told)
    except OSError as error:
        raise unwritable(target, error) from error


def unwritable(target: Path | None, error: OSError) -> CacheError:
    """Give the error for an index that can't be written."""
    return CacheError(f"the journey index can't be written to {str(target)!r}: {error.strerror or error}")


def load(folder: Path) -> Index:
    """Open an index that is kept, or the one beside it that it is the same as; every byte of it is checked.

    Raises
    ------
    CacheError
        When it can't be read, or isn't what was written.
    """
    arrays, told = opened(folder)
    if told.get("same_as"):
        return load(folder.with_name(str(told["same_as"])))
    try:
        found = Index.of(arrays, told["names"], int(told["scanned"]), folder)
    except (KeyError, TypeError) as error:
        raise CacheError(f"{folder.name} lacks {error}") from error
    if len(found.offsets) - 1 != len(found.actors) or found.offsets[-1] != len(found) or len(found.rows) != len(found):
        raise CacheError(f"{folder.name}: its arrays don't fit each other")
    return found
