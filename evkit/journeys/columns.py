"""Columns beside an index, made when they are first needed: whether an event passes a test, and what it says, as codes."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evkit.errors import CacheWarning, warn
from evkit.journeys.build import Run
from evkit.journeys.index import Index
from evkit.kernel.sharing import taken

NOTHING = -1
"""The code of an event that says nothing."""
MOST_WORDS = 1_000_000
"""So many different values a column may have; one that has more is no use as codes."""
COLUMNS = "columns"
COVERED, CHECKED, ASKED = "covered", "crc", "asked"
"""What is told of a column in its file."""
TEST, SAID = ".test", ".said"
"""How the names of files end: whether events pass a test, and what they say."""
EVERY = ""
"""Stands among the names that a column covers for every event: no event is called so."""


class TooMany(Exception):
    """A property has too many values for codes."""


class Key(NamedTuple):
    """What tells a question about events from every other one of the same data: its SQL, and whether that asks each row by itself."""

    sql: str
    by_row: bool = False


@dataclass(frozen=True, eq=False)
class Coded:
    """What events say, a code each.

    Parameters
    ----------
    codes
        int8, int16 or int32, a position of the index each: a position in `words`, or `NOTHING`; also of events that were not read.
    words
        The values, in the order in which they were met.
    covered
        The names of the events that were read; `EVERY` among them for all.
    """

    codes: np.ndarray
    words: pa.Array
    covered: frozenset[str]

    @property
    def nbytes(self) -> int:
        """How many bytes it has."""
        return int(self.codes.nbytes + self.words.nbytes)

    def covers(self, names: Collection[str] | None) -> bool:
        """Say whether events of these names were read; None for all."""
        return EVERY in self.covered or (names is not None and self.covered.issuperset(names))


# ---------------------------------------------------------------------- tests
def mask(index: Index, rows: ir.Table, run: Run, *, key: Key | None) -> np.ndarray:
    """Say which events pass a test.

    Parameters
    ----------
    rows
        The events that pass: row, their number in the scan.
    key
        What tells the test from every other one of the same data; None where it may mean another thing another day, and isn't kept.

    Returns
    -------
    ndarray
        bool, a position of the index each.
    """
    path = place(index, key, TEST)
    before = None if path is None else read_test(path, len(index))
    if before is not None:
        return before
    found = taken(hit_rows(run(rows.select("row")), np.zeros(index.scanned, bool)), index.rows)
    if path is not None:
        keep_test(path, found, key)
    return found


def hit_rows(batches: Iterator[pa.RecordBatch], hit: np.ndarray) -> np.ndarray:
    """Note by the numbers of the scan which rows pass."""
    for batch in batches:
        hit[batch["row"].to_numpy(zero_copy_only=False)] = True
    return hit


def read_test(path: Path, size: int) -> np.ndarray | None:
    """Read a column of answers that was kept; None where there is none that can be trusted."""
    before = kept(path, -(-size // 8))
    return None if before is None else np.unpackbits(before[0].to_numpy(zero_copy_only=False), count=size).view(bool)


def keep_test(path: Path, found: np.ndarray, key: Key | None) -> None:
    """Write a column of answers."""
    keep(path, pa.array(np.packbits(found)), [], key)


# ---------------------------------------------------------------------- values
def values(
    index: Index, read: Callable[[Collection[str] | None], ir.Table], run: Run, *, key: Key | None, names: Collection[str] | None, known: Coded | None
) -> Coded:  # fmt: skip
    """Give what events say, as codes.

    Parameters
    ----------
    read
        Gives what the events of some names (None for all) say as an expression: value (text; null for nothing), rows (an array of the
        numbers of the events that say so); each value once.
    names
        The names of the events that are asked about; others may stand there as saying nothing.
    known
        What was read before.

    Raises
    ------
    TooMany
        When there are more than `MOST_WORDS` different values.
    """
    path = place(index, key, SAID)
    if known is None and path is not None:
        known = read_coded(path, len(index))
    if known is not None and known.covers(names):
        return known
    if names is not None:
        names = sorted(frozenset(names) - (known.covered if known is not None else frozenset()))
    words = known.words if known is not None else pa.array([], pa.string())
    codes, words = coded_rows(run(read(names).select("value", "rows")), np.full(index.scanned, NOTHING, smallest(len(words))), words)
    made = taken(codes, index.rows)
    if known is not None and names is not None:
        fresh = np.zeros(max(len(index.names), 1), bool)
        fresh[[index.code[name] for name in names if name in index.code]] = True
        made = np.where(fresh[index.events], made, known.codes)
    before = known.covered if known is not None else frozenset()
    found = Coded(made, words, before | ({EVERY} if names is None else frozenset(names)))
    if path is not None:
        keep_coded(path, found, key)
    return found


def smallest(words: int) -> type[np.signedinteger[Any]]:
    """Give the smallest kind of number that codes of so many words fit into, and one more for nothing: less memory has to be gone through.

    Examples
    --------
    >>> smallest(127), smallest(128)
    (<class 'numpy.int8'>, <class 'numpy.int16'>)
    """
    return np.int8 if words < 1 << 7 else np.int16 if words < 1 << 15 else np.int32


def coded_rows(batches: Iterator[pa.RecordBatch], codes: np.ndarray, words: pa.Array) -> tuple[np.ndarray, pa.Array]:
    """Note by the numbers of the scan the codes of what rows say; give them, as larger numbers where they need it, and the words with those that are new.

    Raises
    ------
    TooMany
        When there are more than `MOST_WORDS`.
    """
    places = {word: code for code, word in enumerate(words.to_pylist())}
    for batch in batches:
        said, rows = batch["value"].to_pylist(), batch["rows"]
        own = [NOTHING if word is None else places.setdefault(word, len(places)) for word in said]
        if len(places) > MOST_WORDS:
            raise TooMany
        codes = codes.astype(np.promote_types(codes.dtype, smallest(len(places))), copy=False)
        codes[rows.flatten().to_numpy(zero_copy_only=False)] = np.repeat(
            np.array(own, codes.dtype), pc.list_value_length(rows).to_numpy(zero_copy_only=False)
        )
    return codes, pa.array(list(places), pa.string())


def keep_coded(path: Path, found: Coded, key: Key | None) -> None:
    """Write a column of codes."""
    nothing, kind = len(found.words), np.dtype(smallest(len(found.words)))  # nothing stands behind the words
    unsigned = np.dtype(f"u{kind.itemsize}")
    places = np.minimum(found.codes.astype(unsigned), unsigned.type(nothing)).view(kind)  # `NOTHING` is the largest of these
    words = pa.concat_arrays([found.words, pa.nulls(1, pa.string())])
    keep(path, pa.DictionaryArray.from_arrays(pa.array(places), words), sorted(found.covered), key)


def read_coded(path: Path, size: int) -> Coded | None:
    """Read a column of codes that was kept; None where there is none that can be trusted."""
    found = kept(path, size)
    if found is None:
        return None
    said, covered = found
    words = said.dictionary.to_pylist()[:-1]
    table = np.append(np.arange(len(words)), NOTHING).astype(smallest(len(words)))
    return Coded(taken(table, said.indices.to_numpy()), pa.array(words, pa.string()), frozenset(covered))


# ---------------------------------------------------------------------- files
def place(index: Index, key: Key | None, ending: str) -> Path | None:
    """Give the file that a column is kept in; None where it isn't kept."""
    if index.folder is None or key is None:
        return None
    return index.folder / COLUMNS / f"{hashlib.sha256(key.sql.encode()).hexdigest()[:32]}{ending}"


def keep(path: Path, column: pa.Array, covered: list[str], key: Key | None = None) -> None:
    """Write a column as one Arrow file, first under another name; where somebody removed its index meanwhile, not at all.

    Warns
    -----
    CacheWarning
        When it can't be written: it is read anew another day.
    """
    part = path.with_name(f"{uuid.uuid4().hex}.part")
    told = {CHECKED: str(checksum(column)), COVERED: json.dumps(covered), ASKED: key.sql if key is not None and key.by_row else ""}
    schema = pa.schema([pa.field("column", column.type)], metadata=told)
    try:
        path.parent.mkdir(exist_ok=True)
        with part.open("wb") as file:
            with pa.ipc.new_file(file, schema) as writer:
                writer.write_batch(pa.record_batch([column], schema=schema))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        if path.parent.parent.exists():
            warn(f"a column of the journey index can't be kept: {error.strerror or error}. It is held in memory", CacheWarning)


def kept(path: Path, size: int) -> tuple[pa.Array, list[str]] | None:
    """Read a column that was kept, and what it covers; None where there is none that is what was written."""
    try:
        with path.open("rb") as file, pa.ipc.open_file(pa.py_buffer(file.read())) as reader:
            column, told = reader.get_batch(0)["column"], reader.schema.metadata
            if len(column) == size and int(told[CHECKED.encode()]) == checksum(column):
                return column, json.loads(told[COVERED.encode()])
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError, IndexError):
        return None
    return None


def asked(path: Path) -> str:
    """Give the SQL that a column answers, where it asks each row by itself; "" for any other, and for a file that can't be read."""
    try:
        with path.open("rb") as file, pa.ipc.open_file(file) as reader:
            return str(reader.schema.metadata[ASKED.encode()], "utf-8")
    except (OSError, pa.ArrowException, KeyError, TypeError):
        return ""


def checksum(column: pa.Array) -> int:
    """Give the CRC of a column's numbers, and of the words they stand for."""
    if isinstance(column, pa.DictionaryArray):
        words = "\0".join(word or "" for word in column.dictionary.to_pylist()).encode("utf-8", "surrogatepass")
        return zlib.crc32(column.indices.to_numpy().data, zlib.crc32(words))
    return zlib.crc32(column.to_numpy(zero_copy_only=False).data)
