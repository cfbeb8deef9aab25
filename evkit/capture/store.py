"""Store: a folder that takes events durably, and is read while it is written."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evkit.capture.message import Event
from evkit.capture.storage import inspection, locks, rows, segments, snapshot, warned
from evkit.capture.storage.landing import Landing, problem
from evkit.errors import StoreError, StoreFull

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger("evkit.capture")

SEAL_BYTES = 32 << 20
"""A landing file of this size is ended and sealed."""
BEHIND = 10
"""How nice sealing is to the rest of the machine."""
MANY_FILES = 8
"""When files of so many times that size wait, they are sealed whoever writes meanwhile."""
QUIET_SECONDS = 1.0
"""Otherwise they are sealed once nobody has written for so long."""
LOOK_SECONDS = 0.25
RETRY_SECONDS = 30.0
"""How long after sealing failed it is tried again."""
SEAL_SECONDS = 900.0
"""So is one of this age, where it holds events."""


@dataclass(eq=False)
class Commit:
    """Lines on their way to the disk."""

    lines: bytes
    count: int
    done: Future[None]
    pass_on: bool


class Store:
    """A folder of events: taken durably, read by any number of processes while one or several write, without a server.

    Events land as JSON lines, synced before they are acknowledged, and are sealed in the background into Parquet segments, one for
    each week, by a manifest that changes in one rename. What is acknowledged survives a crash at any moment; a uuid counts once.

    Parameters
    ----------
    folder
        Made where it isn't there.
    seal_bytes, seal_seconds
        A landing file of this size, or age, is sealed.
    background
        Seal in a thread; otherwise only `seal()` does.
    on_durable
        Called with the lines of every commit, after they are on the disk and before they are acknowledged; not with those that
        are not to be passed on.
    notice
        Takes a line for whoever runs this: no room, room again. The log `evkit.capture` by default.

    Raises
    ------
    StoreError
        When the folder can't be made or written, or holds something else.

    Examples
    --------
    >>> import tempfile, evkit as ek
    >>> from evkit import capture
    >>> folder = tempfile.mkdtemp()
    >>> with capture.Store(folder) as store:
    ...     client = ek.Client("phc_local", host=store)
    ...     _ = client.capture("user_42", "movie_played", {"movie_id": 7})
    ...     client.shutdown()
    >>> ek.open_store(folder).count()
    1
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        seal_bytes: int = SEAL_BYTES,
        seal_seconds: float = SEAL_SECONDS,
        background: bool = True,
        on_durable: Callable[[bytes], None] | None = None,
        notice: Callable[[str], None] = log.warning,
    ) -> None:
        self.on_durable = on_durable
        self.notice = notice
        self._full_since: dt.datetime | None = None
        self._refused = 0
        self.folder = Path(folder)
        self.seal_bytes = seal_bytes
        self.seal_seconds = seal_seconds
        self._make()
        self._landing = Landing(self.folder / snapshot.LANDING)
        self._warnings = warned.Warned(self.folder / snapshot.WARNINGS)
        self._files = threading.Lock()
        self._pending: list[Commit] = []
        self._wake = threading.Condition()
        self._numbers = threading.Lock()
        self._last = 0
        self._closed = False
        self._owner = os.getpid()
        self._waiting = len(os.listdir(self.folder / snapshot.LANDING))  # what others left behind, bytes of it or not, is due
        self._written_at = self._landed_since = time.monotonic()
        self._stop = threading.Event()
        self._writer = threading.Thread(target=self._write, name="evkit-store-writer", daemon=True)
        self._writer.start()
        self._sealer = threading.Thread(target=self._seal_often, name="evkit-store-sealer", daemon=True) if background else None
        if self._sealer is not None:
            self._sealer.start()

    # ------------------------------------------------------------------ writing
    def append(self, events: Sequence[Event], *, received_at: dt.datetime | None = None, token: str = "") -> None:
        """Take events: when this returns they are on the disk; when it raises, none of them is.

        Raises
        ------
        CaptureError
            When an event can't be written as JSON.
        StoreFull, StoreError
            When there is no room, or the folder can't be written.
        """
        self.submit(events, received_at=received_at, token=token).result()

    def submit(
        self, events: Sequence[Event], *, received_at: dt.datetime | None = None, token: str = "", pass_on: bool = True
    ) -> Future[None]:
        """Take events without waiting: the future is done when they are on the disk. Several submissions share one sync."""
        clock = received_at or dt.datetime.now(dt.UTC)

        def lines(first: int) -> bytes:
            return b"".join(
                rows.to_line(event, received_at=event.received_at or clock, arrival=first + i, token=token)
                for i, event in enumerate(events)
            )

        return self.submit_lines(len(events), lines, clock, pass_on=pass_on)

    def submit_lines(self, count: int, lines: Callable[[int], bytes], received_at: dt.datetime, *, pass_on: bool = True) -> Future[None]:
        """Take lines that are written already, but for the number of the first in the order of arrival."""
        done: Future[None] = Future()
        done.set_running_or_notify_cancel()  # from here on it can't be cancelled: its lines may be on their way
        if not count:
            done.set_result(None)
            return done
        if self._owner != os.getpid():
            raise StoreError("a store can't be used in a process that was forked off: open it there")
        written = lines(self._take_numbers(count, rows.microseconds(received_at)))
        with self._wake:
            if self._closed:
                raise StoreError(f"the store {str(self.folder)!r} is closed")
            self._pending.append(Commit(written, count, done, pass_on))
            self._wake.notify()
        return done

    def warn(
        self, kind: str, detail: str, event: str | None = None, distinct_id: str | None = None, *, at: dt.datetime | None = None
    ) -> None:
        """Keep a warning about what was received; see `warnings`."""
        self._warnings.add(kind, detail, event=event, distinct_id=distinct_id, at=at or dt.datetime.now(dt.UTC))

    def _take_numbers(self, count: int, clock: int) -> int:
        with self._numbers:
            first = max(self._last + 1, clock)
            self._last = first + count - 1
            return first

    def _write(self) -> None:
        """Write what is pending, again and again: everything that waits goes in one write and one sync."""
        while True:
            with self._wake:
                while not self._pending and not self._closed:
                    self._wake.wait()
                taken, self._pending = self._pending, []
                if not taken:
                    return
            try:
                self._commit(taken)
            except Exception as error:  # whatever it is, who waits must hear of it, and the thread must go on
                for commit in taken:
                    commit.done.set_exception(error)
                if isinstance(error, StoreFull):
                    self._note_full(len(taken), str(error))
            else:
                for commit in taken:
                    commit.done.set_result(None)
                if self._full_since is not None:
                    self._note_room()

    def _note_full(self, refused: int, why: str) -> None:
        """Tell once that there is no room, and count what is refused meanwhile."""
        self._refused += refused
        if self._full_since is None:
            self._full_since = dt.datetime.now(dt.UTC)
            self.warn("storage_full", why, at=self._full_since)  # kept as soon as there is room for it
            self.say(f"{why}. Events are refused meanwhile")

    def _note_room(self) -> None:
        """Tell once that there is room again."""
        assert self._full_since is not None
        words = f"there is room again in {str(self.folder)!r}: {self._refused:,} requests were refused since {self._full_since:%Y-%m-%d %H:%M:%S} UTC"
        self._full_since, self._refused = None, 0
        self.warn("storage_full", words)
        self.say(words)

    def say(self, words: str) -> None:
        """Say something to whoever runs this."""
        with contextlib.suppress(Exception):  # a terminal that has gone: the thread must go on
            self.notice(words)

    def _commit(self, taken: Sequence[Commit]) -> None:
        lines = b"".join(c.lines for c in taken)
        with self._files:
            if not self._landing.rows:
                self._landed_since = time.monotonic()
            self._landing.write(lines, sum(c.count for c in taken))
            self._written_at = time.monotonic()
            if self._landing.size >= self.seal_bytes:
                self._waiting += self._landing.size
                self._landing.rotate()
        passed = lines if all(c.pass_on for c in taken) else b"".join(c.lines for c in taken if c.pass_on)
        if self.on_durable is not None and passed:
            try:
                self.on_durable(passed)
            except Exception as error:  # the events are on the disk, and acknowledged whatever becomes of passing them on
                self._tell("not_passed_on", f"{type(error).__name__}: {error}")

    # ------------------------------------------------------------------ sealing
    def seal(self) -> int:
        """Put what has landed into segments now; gives how many events.

        Raises
        ------
        StoreError
            When a segment can't be written; what landed stays where it is.
        """
        with self._files:
            self._landing.rotate()
            self._waiting = 0
        return self._guarded(segments.seal, self.folder, self._tell)

    def compact(self, *, fewest: int = 2) -> int:
        """Merge the segments of each week that has `fewest` or more; gives how many segments there are fewer.

        Raises
        ------
        StoreError
            When a segment is missing or can't be read or written; the old ones stay.
        """
        snapshot.take(self.folder).close()  # tells of segments that are missing or cut
        return self._compact(fewest)

    def _compact(self, fewest: int) -> int:
        return self._guarded(lambda: segments.compact(self.folder, fewest=fewest))

    def _guarded(self, work: Callable[..., int], *given: Any) -> int:
        try:
            return work(*given)
        except OSError as error:
            raise problem(error, self.folder) from error
        except duckdb_error() as error:
            raise StoreError(f"the segments of {str(self.folder)!r} can't be written: {error}") from error

    def _tell(self, kind: str, detail: str) -> None:
        self.warn(kind, detail)

    def _seal_often(self) -> None:
        """Seal when a landing file has ended or is old, and merge what has become many; a failure is told and tried again."""
        if sys.platform == "linux":
            with contextlib.suppress(OSError):  # of this thread: events that come go first, where that may be said
                mine = threading.get_native_id()
                os.setpriority(os.PRIO_PROCESS, mine, max(BEHIND, os.getpriority(os.PRIO_PROCESS, mine)))
        while not self._stop.wait(LOOK_SECONDS):
            if not self._is_due():
                continue
            try:
                self.seal()
                self._compact(segments.MANY)
            except Exception as error:  # the thread must go on: what landed is safe, and sealing is tried again
                self._tell("sealing_failed", f"{type(error).__name__}: {error}")
                if self._stop.wait(RETRY_SECONDS):
                    return
                self._waiting = 1

    def _is_due(self) -> bool:
        """Say whether it is time to seal: a file has ended and nobody writes, many have, or what landed is old."""
        with self._files:
            quiet = time.monotonic() - self._written_at
            if self._waiting:
                return quiet >= QUIET_SECONDS or self._waiting >= MANY_FILES * self.seal_bytes
            return self._landing.rows > 0 and time.monotonic() - self._landed_since >= self.seal_seconds

    # ------------------------------------------------------------------ looking
    def warnings(self) -> pd.DataFrame:
        """Give the warnings about what was received: at (UTC), kind, detail, event, distinct_id; oldest first."""
        return read_warnings(self.folder)

    def tail(self, n: int = 20) -> pd.DataFrame:
        """Give the newest `n` events by arrival, the newest first: received_at, timestamp (UTC), event, distinct_id, uuid, properties (JSON text), elements_chain."""
        return inspection.tail(self.folder, n)

    def verify(self) -> inspection.Report:
        """Check every file of the store: see `inspection.Report`."""
        return inspection.verify(self.folder)

    def close(self) -> None:
        """Write what is pending, and let go of the folder. What has landed stays readable."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        self._stop.set()
        self._writer.join()
        if self._sealer is not None:
            self._sealer.join()
        with self._files:
            self._landing.rotate()
        self._warnings.retry()

    def __enter__(self) -> Store:
        """Give the store; leaving closes it."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close."""
        self.close()

    def __repr__(self) -> str:
        return f"<Store {str(self.folder)!r}{', closed' if self._closed else ''}>"

    def _repr_html_(self) -> str:
        state = "closed" if self._closed else "open: events can be sent to it"
        from evkit import markup

        return markup.card(
            "Store", [("folder", self.folder), ("state", state)], "ek.open_store(folder) reads it, ek.watch(store) shows what comes."
        )

    def _make(self) -> None:
        """Make the folder where it isn't there.

        Raises
        ------
        StoreError
            When it can't be made or written, or is something else.
        """
        try:
            if self.folder.exists() and not self.folder.is_dir():
                raise StoreError(f"{str(self.folder)!r} is a file: a store is a folder")
            there = os.listdir(self.folder) if self.folder.exists() else []
            if there and snapshot.LANDING not in there and not all(name.startswith(".") for name in there):
                raise StoreError(f"{str(self.folder)!r} holds other things ({', '.join(sorted(there)[:3])}): give an empty or a new folder")
            for name in (snapshot.LANDING, snapshot.SEGMENTS, snapshot.MANIFEST):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
            with locks.held(self.folder / segments.LOCK):
                pass
            locks.sync_folder(self.folder)
            locks.sync_folder(self.folder.absolute().parent)
        except OSError as error:
            raise StoreError(f"the store {str(self.folder)!r} can't be made or written: {error.strerror or error}") from error


def read_warnings(folder: str | Path) -> pd.DataFrame:
    """Read the warnings of a store's folder, as `Store.warnings`, without opening the store: nothing is made or written.

    Parameters
    ----------
    folder
        A store's folder; others may write it.

    Returns
    -------
    pandas.DataFrame
        A row a warning, oldest first: at (UTC), kind, detail, event, distinct_id.

    Raises
    ------
    StoreError
        When the folder holds no store, or its warnings can't be read.

    Examples
    --------
    >>> import tempfile
    >>> from evkit import capture
    >>> folder = tempfile.mkdtemp()
    >>> with capture.Store(folder) as store:
    ...     store.warn("refused", "400: an empty request")
    >>> capture.read_warnings(folder).kind.tolist()
    ['refused']
    """
    import pandas as pd

    frame = pd.DataFrame(warnings_of(Path(folder)), columns=list(warned.COLUMNS))
    return frame.assign(at=pd.to_datetime(frame["at"]))


def warnings_of(folder: Path) -> list[dict[str, Any]]:
    """Give the warnings of a store's folder, oldest first.

    Raises
    ------
    StoreError
        As `read_warnings`.
    """
    snapshot.check(folder)
    try:
        return warned.read(folder / snapshot.WARNINGS)
    except OSError as error:
        raise StoreError(f"the warnings of {str(folder)!r} can't be read: {error.strerror or error}") from error


def duckdb_error() -> type[Exception]:
    """Give the base of DuckDB's errors; loads it."""
    import duckdb

    return duckdb.Error
