"""A queue on disk: what was captured outlives the process and an outage of the host.

A folder holds segments of JSON lines. Who writes or sends one holds its lock, so that processes share a folder and the
segments of a dead one are taken over. Beside a segment, `.sent` says up to which byte its events were taken by the host. A line is in the
system's hands when `put` returns, so it outlives the process; on disk, where it outlives the machine, before it is sent.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import sys
import time
import weakref
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from evkit.capture.queues import Entry, MemoryQueue, Taken
from evkit.capture.storage import locks
from evkit.capture.storage.landing import write_all
from evkit.errors import CaptureError

LOG = logging.getLogger("evkit.capture")

MAX_SPOOL_BYTES = 100 * 1024 * 1024
"""Bytes that wait on disk; beyond, the oldest events are dropped."""
SEGMENTS = 16
"""Into how many files the largest spool is cut: so much is dropped at a time."""
READ_BYTES = 256 * 1024
REFUSED, RETRIED = ".refused", ".retry"
"""Endings of files of events that a host refused, and of such as are about to be sent again."""
WAIT_SECONDS = 0.01


class Leftover(NamedTuple):
    """What is in a folder and doesn't go out by itself: events that wait under other keys, and such as a host refused."""

    waiting: int
    refused: int


class Segment:
    """One file of events, locked by who has it.

    Parameters
    ----------
    path, fd
        The file, open to read and append, with its lock held.
    """

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self.fd = fd
        self.size = os.fstat(fd).st_size
        self.sent = 0
        self.events = 0
        """How many were not sent yet."""
        self.skipped: dict[int, int] = {}
        """Bytes that are no event: start -> end."""
        self.unsynced = self.unlisted = False
        self.close = weakref.finalize(self, os.close, fd)
        self.close.atexit = False  # what drains at exit still needs it

    @property
    def ledger(self) -> Path:
        """The file that says what was sent."""
        return self.path.with_suffix(".sent")

    def append(self, line: bytes) -> None:
        """Write one event whole, or raise OSError and leave the file as it was."""
        data = line + b"\n"
        if (written := os.write(self.fd, data)) != len(data):
            os.ftruncate(self.fd, self.size)
            raise OSError(f"only {written} of {len(data)} bytes written")
        self.size += len(data)
        self.events += 1
        self.unsynced = True

    def read(self, max_events: int, max_bytes: int) -> list[Entry]:
        """Give the oldest events that were not sent, at least one if there is any."""
        found: list[Entry] = []
        start, rest = self.sent, b""
        at = start
        while at < self.size and len(found) < max_events:
            chunk = os.pread(self.fd, min(READ_BYTES, self.size - at), at)
            if not chunk:
                break
            at += len(chunk)
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                end = start + len(line) + 1
                if self.skipped.get(start) != end:
                    max_bytes -= len(line) + 1
                    if found and (max_bytes < 0 or len(found) >= max_events):
                        return found
                    found.append(Entry(line, (self, end)))
                start = end
        return found

    def book(self, sent: int, events: int) -> None:
        """Note that the events up to a byte are settled. Not synced: after a power cut some are sent twice, with the same uuids."""
        self.sent, self.events = sent, self.events - events
        self.ledger.write_text(str(sent))

    def rewind(self) -> None:
        """Empty the file. The ledger goes first: a stop in between sends again and skips nothing."""
        self.ledger.unlink(missing_ok=True)
        os.ftruncate(self.fd, 0)
        self.size = self.sent = self.events = 0
        self.skipped = {}

    def remove(self) -> None:
        """Remove the file, then let its lock go."""
        self.path.unlink(missing_ok=True)
        self.ledger.unlink(missing_ok=True)
        self.close()


class Spool:
    """Events that wait in a folder; `Sender` asks it as it asks `MemoryQueue`.

    Parameters
    ----------
    folder
        Made where it is missing; several clients and processes may share it, also those of other projects.
    api_key
        Whose events these are: those of another project are left alone.
    max_bytes
        What may wait; beyond, the oldest are dropped.
    log
        Where losses and steps are told.

    Raises
    ------
    CaptureError
        When the folder can't be used.
    """

    durable = True

    def __init__(
        self, folder: str | os.PathLike[str], api_key: str, *, max_bytes: int = MAX_SPOOL_BYTES, log: logging.Logger = LOG
    ) -> None:
        if sys.platform == "win32":
            raise CaptureError("a spool needs the file locks of POSIX, which this system lacks: leave spool out")
        self.aside = ""
        self._log = log
        self._folder = Path(folder)
        self._project = hashlib.sha256(api_key.encode()).hexdigest()[:12]
        self._max_bytes = max_bytes
        self._segment_bytes = max(1, max_bytes // SEGMENTS)
        self._segments: list[Segment] = []
        self._active: Segment | None = None
        self._without_disk = MemoryQueue()
        self._opened = self._said = False
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._open()
        except OSError as error:
            raise CaptureError(f"spool {str(folder)!r} can't be used: {error}") from error

    def __len__(self) -> int:
        return sum(s.events for s in self._segments) + len(self._without_disk)

    def put(self, line: bytes) -> Taken:
        """Write one event to the file; where the disk refuses, keep it in memory."""
        dropped = found = 0
        try:
            if not self._opened:
                self._open()
                found = len(self)
            active = self._writable()
            while sum(s.size - s.sent for s in self._segments) + len(line) + 1 > self._max_bytes and len(self._segments) > 1:
                dropped += self._drop_oldest()
            active.append(line)
            self._said = False
        except OSError as error:
            if not self._said:
                self._log.warning("the spool can't be written, events wait in memory: %s", error)
            self._said = True
            return Taken(self._without_disk.put(line).taken, dropped, found)
        return Taken(True, dropped, found)

    def peek(self, max_events: int, max_bytes: int) -> list[Entry]:
        """Show the oldest events of the oldest segment, then those in memory."""
        for segment in self._segments:
            if segment.events:
                try:
                    if found := segment.read(max_events, max_bytes):
                        return found
                except OSError as error:
                    self._log.warning("%s can't be read: %s", segment.path.name, error)
        return self._without_disk.peek(max_events, max_bytes)

    def sync(self, entries: Sequence[Entry]) -> None:
        """Put what shall be sent on disk."""
        segment = entries[-1].place[0] if entries[-1].place else None
        if segment is not None and segment.unsynced:
            segment.unsynced = False
            try:
                locks.sync_data(segment.fd)
                if segment.unlisted:
                    segment.unlisted = False
                    locks.sync_folder(self._folder)
            except OSError as error:
                self._log.debug("%s was not synced: %s", segment.path.name, error)

    def done(self, entries: Sequence[Entry], *, refused: bool = False) -> int:
        """Forget events; those the host refuses for good are set aside in `.refused`."""
        if refused:
            kept = self._set_aside(self.refused.name, b"".join(e.line + b"\n" for e in entries))
            self.aside = str(self.refused) if kept else ""
        if entries[-1].place is None:
            return self._without_disk.done(entries)
        segment, end = entries[-1].place
        if segment not in self._segments:  # dropped meanwhile as the oldest, or the spool was closed
            return 0
        try:
            segment.book(end, len(entries))
            if not segment.events and segment == self._active:
                segment.rewind()
            elif not segment.events:
                self._segments.remove(segment)
                segment.remove()
        except OSError as error:
            self._log.warning("the spool can't note what was sent, it may be sent again: %s", error)
        return len(entries)

    @property
    def refused(self) -> Path:
        """The file of the events that the host refused for good."""
        return self._folder / f"{self._project}{REFUSED}"

    def leftover(self) -> Leftover:
        """Count what is in the folder and doesn't go out by itself. Nothing is locked or changed."""
        waiting = sum(len(unsent(path)) for path in self._of_others())
        refused = [p for ending in (REFUSED, RETRIED) for p in self._folder.glob(f"*{ending}")]
        return Leftover(waiting, sum(map(lines_in, refused)))

    def adopt(self) -> int:
        """Take over the events that wait under other keys, and those that a host refused, to send them with what is here.

        A file goes once its events are here on the disk; a stop in between sends some twice, with the same uuids. Files that another
        process sends from are left to it; gives how many events are in them.

        Raises
        ------
        CaptureError
            When they can't be written here: they stay where they were.
        """
        mine = {segment.path for segment in self._segments}
        busy = sum(len(unsent(path)) for path in self._folder.glob(f"{self._project}-*.jsonl") if path not in mine)
        try:
            for path in self._of_others():
                other = self._locked(path, os.O_RDWR | os.O_APPEND)
                if other is None:
                    busy += len(unsent(path))
                    continue
                try:
                    self._check(other)
                    self._take_in([e.line for e in other.read(other.events, other.size)])
                    other.path.unlink()
                    other.ledger.unlink(missing_ok=True)
                finally:
                    other.close()
            for path in sorted(self._folder.glob(f"*{REFUSED}")):
                self._begin_retry(path)
            for path in sorted(self._folder.glob(f"*{RETRIED}")):
                self._retry(path)
        except OSError as error:
            raise CaptureError(f"{str(self._folder)!r} can't be written: {error}. What waits there stays") from error
        return busy

    def _of_others(self) -> list[Path]:
        return sorted(path for path in self._folder.glob("*.jsonl") if not path.name.startswith(self._project + "-"))

    def _begin_retry(self, path: Path) -> None:
        """Give a file of refused events another name, under its lock: who adds to it then begins a new one."""
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            while not locks.hold(file.fileno()):
                time.sleep(WAIT_SECONDS)
            if same_file(path, file.fileno()):
                path.rename(path.with_suffix(f".{time.time_ns()}{RETRIED}"))

    def _retry(self, path: Path) -> None:
        """Take in a file of refused events; what is no event is set aside in `.torn`."""
        torn: list[bytes] = []

        def events(file: BinaryIO) -> Iterator[bytes]:
            for line in file:
                if line.endswith(b"\n") and _is_event(line):
                    yield line[:-1]
                else:
                    torn.append(line)

        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:  # another may be at it, and done with it
            if locks.hold(file.fileno()) and same_file(path, file.fileno()):
                self._take_in(events(file))
                if torn:
                    self._set_aside(path.with_suffix(".torn").name, b"".join(torn))
                path.unlink()

    def _take_in(self, lines: Iterable[bytes]) -> None:
        """Write events of elsewhere, and put them on the disk whatever else waits."""
        touched: list[Segment] = []
        for line in lines:
            active = self._writable()
            active.append(line)
            touched = touched if active in touched else [*touched, active]
        for segment in touched:
            locks.sync_data(segment.fd)
            segment.unsynced = False
        if touched:
            locks.sync_folder(self._folder)

    def after_fork(self) -> None:
        """Leave the parent's files to the parent, whose locks hold; own ones are made with the first event."""
        for segment in self._segments:
            segment.close()
        self._segments, self._active, self._opened = [], None, False
        self._without_disk.after_fork()

    def close(self) -> int:
        """Remove what is sent, and let the locks of the rest go, for the next client; what waits in memory is put on the disk.

        Returns
        -------
        int
            How many events are lost with the process, because they can't be written even now.
        """
        lost = len(self._without_disk)
        try:
            self._take_in(e.line for e in self._without_disk.peek(lost, sys.maxsize))
            lost = 0
        except OSError as error:
            self._log.warning("%d events that wait in memory can't be written: %s", lost, error)
        for segment in self._segments:
            try:
                segment.close() if segment.events else segment.remove()
            except OSError as error:
                self._log.debug("%s was not removed: %s", segment.path.name, error)
        self._segments, self._active, self._opened = [], None, False
        return lost

    # ------------------------------------------------------------------ files
    def _open(self) -> None:
        """Take over the segments of processes that are no more. What waits there counts from now on."""
        self._opened = True
        for path in sorted(self._folder.glob(f"{self._project}-*.jsonl")):
            segment = self._locked(path, os.O_RDWR | os.O_APPEND)
            if segment is None:
                continue
            self._check(segment)
            if segment.events:
                self._log.debug("took over %d events from %s", segment.events, path.name)
                self._segments.append(segment)
            else:
                segment.remove()

    def _locked(self, path: Path, flags: int) -> Segment | None:
        """Open a segment; None when another has it, or had and removed it."""
        try:
            fd = os.open(path, flags, 0o600)
        except FileNotFoundError:
            return None
        if locks.hold(fd) and os.fstat(fd).st_nlink:
            return Segment(path, fd)
        os.close(fd)
        return None

    def _writable(self) -> Segment:
        """Give the segment that takes new events, a new one where the last is full."""
        while self._active is None or self._active.size >= self._segment_bytes:
            name = f"{self._project}-{time.time_ns():020d}-{os.getpid()}-{os.urandom(4).hex()}.jsonl"
            self._active = self._locked(self._folder / name, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL)
            if self._active is not None:  # else another took the empty file in the moment before its lock
                self._active.unlisted = True
                self._segments.append(self._active)
        return self._active

    def _drop_oldest(self) -> int:
        segment = self._segments.pop(0)
        segment.remove()
        return segment.events

    def _check(self, segment: Segment) -> None:
        """Count what a dead process left; what is no event (a torn last line) is set aside in `.torn`."""
        data = segment.path.read_bytes()
        segment.sent = start = sent_of(segment.ledger, data)
        torn = []
        for line in _lines(data, start):
            end = start + len(line)
            if line.endswith(b"\n") and _is_event(line):
                segment.events += 1
            else:
                segment.skipped[start] = end
                torn.append(line)
            start = end
        segment.size = len(data)
        if torn:
            self._log.warning("%d torn lines of %s are set aside", len(torn), segment.path.name)
            self._set_aside(segment.path.with_suffix(".torn").name, b"".join(torn))

    def _set_aside(self, name: str, data: bytes) -> bool:
        """Keep for a person what no host takes, up to the spool's size; say whether it is kept."""
        path = self._folder / name
        try:
            if path.exists() and path.stat().st_size + len(data) > self._max_bytes:
                self._log.warning("%s is full: %d bytes were not set aside", name, len(data))
                return False
            while True:
                fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
                try:
                    if locks.share(fd) and same_file(path, fd):
                        write_all(fd, data)
                        locks.sync_data(fd)
                        return True
                finally:
                    os.close(fd)
                time.sleep(WAIT_SECONDS)  # somebody takes it to send its events again
        except OSError as error:
            self._log.warning("%s can't be written: %s", name, error)
            return False


def same_file(path: Path, handle: int) -> bool:
    """Say whether an open file is still the one of that name."""
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def read_if_there(path: Path) -> bytes:
    """Read a file; nothing where it has gone."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def lines_in(path: Path) -> int:
    """Count the lines of a file; none where it has gone."""
    try:
        with path.open("rb") as file:
            return sum(1 for _ in file)
    except OSError:
        return 0


def sent_of(ledger: Path, data: bytes) -> int:
    """Read up to which byte of a segment its events were taken; 0 where the ledger says nothing that can be."""
    try:
        sent = int(ledger.read_text())
    except (OSError, ValueError):
        return 0
    return sent if 0 < sent <= len(data) and data[sent - 1 : sent] == b"\n" else 0


def unsent(path: Path) -> list[bytes]:
    """Give the events of a segment that were not sent yet."""
    data = read_if_there(path)
    return [line for line in _lines(data, sent_of(path.with_suffix(".sent"), data)) if line.endswith(b"\n") and _is_event(line)]


def _lines(data: bytes, start: int) -> list[bytes]:
    """Cut into lines at newlines alone, each with its own."""
    parts = data[start:].split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _is_event(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
