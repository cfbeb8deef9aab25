"""Arrays in files: written as they come, whole or not at all, and checked before they are trusted."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import uuid
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from evkit.errors import CacheError

FORMAT = 3
"""Of the files of an index: another one is not read."""
HEADER = 128
"""Bytes before the numbers of a file: enough for the header of one array."""
MANIFEST = "manifest.json"
CHUNK = 1 << 24
UNFINISHED = "making-"
"""How the names of folders begin that are being written."""


class Appended:
    """One array that is written piece by piece, as a .npy file."""

    def __init__(self, path: Path, kind: str) -> None:
        self.path = path
        self.kind = np.dtype(kind)
        self.size = 0
        self.crc = 0
        self._file = path.open("wb")
        self._file.write(bytes(HEADER))

    def append(self, values: np.ndarray) -> None:
        """Add numbers; they are cast to the array's type."""
        data = np.ascontiguousarray(values, self.kind).data
        self._file.write(data)
        self.crc = zlib.crc32(data, self.crc)
        self.size += len(values)

    def close(self) -> None:
        """Write the header, and wait until the file is on the disk."""
        with self._file:
            self._file.seek(0)
            self._file.write(header(self.kind, self.size))
            self._file.flush()
            os.fsync(self._file.fileno())

    def abandon(self) -> None:
        """Close the file as it is."""
        with contextlib.suppress(OSError):  # what can't be written any more isn't wanted
            self._file.close()


def header(kind: np.dtype[Any], size: int) -> bytes:
    """Give the first bytes of a .npy file of version 1, as long as `HEADER`.

    Source: numpy.lib.format.
    """
    said = repr({"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": (size,)}).encode()
    magic = np.lib.format.magic(1, 0)
    room = HEADER - len(magic) - 2
    return magic + room.to_bytes(2, "little") + said.ljust(room - 1) + b"\n"


class Folder:
    """A folder of arrays that comes to be whole or not at all: it is written under another name, and renamed when all is on the disk.

    Parameters
    ----------
    target
        Where it will be; there may be none of that name yet. If there is one by the end, that one stays.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(f"{UNFINISHED}{os.getpid()}-{uuid.uuid4().hex[:8]}")
        self._arrays: dict[str, Appended] = {}

    def __enter__(self) -> Folder:
        self.path.mkdir(parents=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for array in self._arrays.values():
            array.abandon()
        shutil.rmtree(self.path, ignore_errors=True)

    def array(self, name: str, kind: str) -> Appended:
        """Begin an array."""
        self._arrays[name] = made = Appended(self.path / f"{name}.npy", kind)
        return made

    def finish(self, **told: Any) -> None:
        """Close the arrays, write what is told about them, and give the folder its name."""
        for array in self._arrays.values():
            array.close()
        listed = {name: {"size": a.size, "kind": a.kind.str, "crc": a.crc} for name, a in self._arrays.items()}
        written(self.path / MANIFEST, json.dumps({"arrays": listed, **told}).encode())
        try:
            self.path.rename(self.target)
        except OSError:
            if not self.target.exists():  # else another process was first: what it made is as good
                raise
        synced(self.target.parent)


def written(path: Path, data: bytes) -> None:
    """Write a file and wait until it is on the disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def synced(folder: Path) -> None:
    """Wait until the names in a folder are on the disk; where folders can't be opened, they needn't be."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def opened(folder: Path) -> tuple[dict[str, np.ndarray], Mapping[str, Any]]:
    """Give the arrays of a folder, mapped into memory, and what was told about them; every byte is checked.

    Raises
    ------
    CacheError
        When anything of it is missing or isn't what was written.
    """
    try:
        told = json.loads((folder / MANIFEST).read_bytes())
        found = {}
        for name, said in told["arrays"].items():
            path = folder / f"{name}.npy"
            if checksum(path) != said["crc"]:
                raise CacheError(f"{path.name} isn't what was written")
            made = np.load(path, mmap_mode="r") if said["size"] else np.zeros(0, said["kind"])
            if made.dtype.str != said["kind"] or made.shape != (said["size"],):
                raise CacheError(f"{path.name} isn't what was written")
            found[name] = np.asarray(made)  # plain arrays are indexed sooner
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CacheError(f"{folder.name} can't be read: {error}") from error
    return found, told


def told(folder: Path) -> Mapping[str, Any]:
    """Give what was told about the arrays of a folder; nothing where that can't be read."""
    try:
        said = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def sizes(folder: Path) -> dict[str, int]:
    """Give how many numbers each array of a folder has, as its manifest says; nothing where that can't be read."""
    try:
        return {name: int(said["size"]) for name, said in told(folder)["arrays"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def checksum(path: Path) -> int:
    """Give the CRC of the numbers of a file."""
    crc = 0
    for piece in pieces(path):
        crc = zlib.crc32(piece, crc)
    return crc


def pieces(path: Path) -> Iterator[bytes]:
    """Give the bytes of a file after its header, piece by piece."""
    with path.open("rb") as file:
        file.seek(HEADER)
        while piece := file.read(CHUNK):
            yield piece
