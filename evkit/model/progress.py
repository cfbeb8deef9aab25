"""A progress bar for long work: in a terminal on standard error, in a notebook as an output that is cleared."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any

SECONDS_BEFORE_SHOWN = 1.0
WIDTH = 30
SECONDS_BETWEEN_LOOKS = 0.25


class Bar:
    """A bar that appears only when the work takes longer than a second, and goes when it is done."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._started = time.monotonic()
        self._shown = False
        self._last = 0.0

    def __enter__(self) -> Bar:
        return self

    def __call__(self, done: int, total: int) -> None:
        """Say that `done` of `total` is done."""
        now = time.monotonic()
        if now - self._started < SECONDS_BEFORE_SHOWN or now - self._last < 0.1:
            return
        self._last = now
        share = min(done / total, 1.0) if total else 0.0
        filled = round(share * WIDTH)
        line = f"{self.title} {'█' * filled}{'░' * (WIDTH - filled)} {share:4.0%}"
        if self._is_open():
            self._shown = True
            sys.stderr.write("\r" + line)
            sys.stderr.flush()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._shown:
            sys.stderr.write("\r" + " " * (len(self.title) + WIDTH + 6) + "\r")
            sys.stderr.flush()

    @staticmethod
    def _is_open() -> bool:
        return sys.stderr is not None and (sys.stderr.isatty() or type(sys.stderr).__module__.startswith("ipykernel"))


@contextlib.contextmanager
def watched(con: Any, title: str) -> Iterator[None]:
    """Show how far the queries inside are, where the engine is DuckDB, which tells; elsewhere show nothing."""
    raw: Any = getattr(con, "con", None)
    if not hasattr(raw, "query_progress"):
        yield
        return
    raw.execute("SET enable_progress_bar = true; SET enable_progress_bar_print = false; SET progress_bar_time = 0")
    done = threading.Event()

    def look() -> None:
        with Bar(title) as bar:
            while not done.wait(SECONDS_BETWEEN_LOOKS):
                bar(max(int(raw.query_progress()), 0), 100)

    thread = threading.Thread(target=look, name="evkit-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
