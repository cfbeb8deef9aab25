"""Seconds, taken in alternation, and the memory of another process without the pages that are files."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

TURNS = 5
"""A figure is the median of so many."""
SAMPLES_PER_SECOND = 200


@dataclass(frozen=True)
class Pair:
    """The median seconds of ours and of the yardstick."""

    ours: float
    theirs: float

    @property
    def ratio(self) -> float:
        """Ours as a share of the yardstick's."""
        return self.ours / self.theirs


def seconds(run: Callable[[], Any]) -> float:
    """Give how long something takes."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def alternated(ours: Callable[[int], Any], theirs: Callable[[int], Any], turns: int = TURNS) -> Pair:
    """Run both in alternation, each turn with its number; give the medians. Who is first changes from turn to turn."""
    taken: list[tuple[float, float]] = []
    for turn in range(turns):
        both = (partial(ours, turn), partial(theirs, turn))
        if turn % 2:
            late = seconds(both[1])
            taken.append((seconds(both[0]), late))
        else:
            taken.append((seconds(both[0]), seconds(both[1])))
    return Pair(statistics.median(a for a, _ in taken), statistics.median(b for _, b in taken))


class Quickest:
    """Several ways to the same answer, of which the quickest is the yardstick: each is tried twice, when it is asked first.

    Parameters
    ----------
    ways
        Each gives the answer.
    plain
        Makes an answer comparable: all ways must say the same.
    """

    def __init__(self, ways: Sequence[Callable[[], Any]], plain: Callable[[Any], Any]) -> None:
        self._ways = ways
        self._plain = plain
        self._best: Callable[[], Any] | None = None

    def __call__(self) -> Any:
        """Give the answer, the quickest way."""
        if self._best is None:
            self._best = self._chosen()
        return self._best()

    def _chosen(self) -> Callable[[], Any]:
        if len(self._ways) == 1:
            return self._ways[0]
        answers = [self._plain(way()) for way in self._ways]
        assert all(answer == answers[0] for answer in answers), "the yardstick's own ways to the answer differ"
        taken = [min(seconds(way) for _ in range(2)) for way in self._ways]
        return self._ways[taken.index(min(taken))]


@dataclass
class Memory:
    """The most memory of a process so far, in GB."""

    pid: int
    most: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)

    def sample(self) -> None:
        """Look once."""
        status = Path(f"/proc/{self.pid}/status")
        try:
            said = status.read_text()
        except (FileNotFoundError, ProcessLookupError):  # it has ended
            return
        if "RssAnon:" in said:
            self.most = max(self.most, int(said.split("RssAnon:")[1].split()[0]) / 1e6)

    def restart(self) -> float:
        """Give the most since the last time, and begin anew."""
        found, self.most = self.most, 0.0
        self.sample()
        return found


@contextmanager
def watched(pid: int) -> Iterator[Memory]:
    """Sample a process's memory, from here: it can't be too busy to be looked at. Mapped files (`RssFile`) don't count."""
    memory = Memory(pid)

    def watch() -> None:
        while not memory._stop.wait(1 / SAMPLES_PER_SECOND):
            memory.sample()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield memory
    finally:
        memory._stop.set()
        thread.join()
