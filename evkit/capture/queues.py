"""Where events wait until they are sent: what a sender asks of a queue, and the one in memory. The one on disk is `spool`."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

MAX_QUEUE_SIZE = 10_000
"""Events that wait in memory."""


def counted(events: int) -> str:
    """Write how many events.

    Examples
    --------
    >>> counted(1), counted(2_000)
    ('1 event', '2,000 events')
    """
    return f"{events:,} event{'' if events == 1 else 's'}"


class Entry(NamedTuple):
    """One queued event: its JSON, and where its queue has it."""

    line: bytes
    place: Any = None


class Taken(NamedTuple):
    """What a queue did with an event: whether it has it, how many older ones had to go, how many of other processes it came upon."""

    taken: bool
    dropped: int = 0
    found: int = 0


class Queue(Protocol):
    """Events in the order they came. Its sender holds the lock around every call but `sync`."""

    durable: bool
    """Whether what was not sent is kept for later, even past the end of the process."""

    aside: str
    """Where the events last refused by the host are kept for a person; "" where they are not."""

    def __len__(self) -> int:
        """How many events wait."""

    def put(self, line: bytes) -> Taken:
        """Queue one event."""

    def peek(self, max_events: int, max_bytes: int) -> list[Entry]:
        """Show the oldest, at least one if there is any; they stay."""

    def sync(self, entries: Sequence[Entry]) -> None:
        """See to it that these are on disk, where that is their place."""

    def done(self, entries: Sequence[Entry], *, refused: bool = False) -> int:
        """Forget the oldest, as `peek` gave them, and say how many; `refused` says that the host will never take them."""

    def after_fork(self) -> None:
        """Start empty in a child: the parent sends its own."""

    def close(self) -> int:
        """Let files go; say how many events of a durable queue could be kept nowhere."""


class MemoryQueue:
    """Events in memory; when it is full, the newest is not taken.

    Examples
    --------
    >>> queue = MemoryQueue(1)
    >>> queue.put(b"{}").taken, queue.put(b"{}").taken, len(queue)
    (True, False, 1)
    """

    durable = False
    aside = ""

    def __init__(self, max_size: int = MAX_QUEUE_SIZE) -> None:
        self._max_size = max_size
        self._lines: deque[bytes] = deque()

    def __len__(self) -> int:
        return len(self._lines)

    def put(self, line: bytes) -> Taken:
        """Queue one event, unless full."""
        if len(self._lines) >= self._max_size:
            return Taken(False)
        self._lines.append(line)
        return Taken(True)

    def peek(self, max_events: int, max_bytes: int) -> list[Entry]:
        """Show the oldest."""
        found: list[Entry] = []
        for line in self._lines:
            max_bytes -= len(line) + 1
            if found and (len(found) >= max_events or max_bytes < 0):
                break
            found.append(Entry(line))
        return found

    def sync(self, entries: Sequence[Entry]) -> None:
        """Do nothing: memory it is."""

    def done(self, entries: Sequence[Entry], *, refused: bool = False) -> int:
        """Forget the oldest."""
        for _ in entries:
            self._lines.popleft()
        return len(entries)

    def after_fork(self) -> None:
        """Start empty in a child."""
        self._lines = deque()

    def close(self) -> int:
        """Do nothing: memory keeps nothing."""
        return 0
