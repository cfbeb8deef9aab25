"""A progress bar for long work: in a terminal on standard error, in a notebook as an output that is cleared."""

from __future__ import annotations

import contextlib
import contextvars
import html
import sys
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any

SECONDS_BEFORE_SHOWN = 1.0
WIDTH = 30
SECONDS_BETWEEN_SHOWN = 0.1
SECONDS_BETWEEN_LOOKS = 0.25
SECONDS_BEFORE_GUESSED = 3.0
"""How long work goes on before the time left is told."""


class Bar:
    """A bar that appears only when the work takes longer than a second, and goes when it is done."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._started = time.monotonic()
        self._last = 0.0
        self._first: tuple[float, int] | None = None
        self._place: Terminal | Notebook = Notebook() if in_notebook() else Terminal()

    def __enter__(self) -> Bar:
        return self

    def __call__(self, done: int, total: int) -> None:
        """Say that `done` of `total` is done."""
        now = time.monotonic()
        self._first = self._first or (now, done)
        if now - self._started < SECONDS_BEFORE_SHOWN or now - self._last < SECONDS_BETWEEN_SHOWN:
            return
        self._last = now
        began, first = self._first
        left = time_left(now - began, done - first, total - done)
        self._place.show(f"{self.title}{left}", min(done / total, 1.0) if total else 0.0)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._place.clear()


class Terminal:
    """A line on standard error that is written over, where somebody can see it."""

    def __init__(self) -> None:
        self._width = 0

    def show(self, title: str, share: float) -> None:
        """Write the bar over the one before."""
        if sys.stderr is None or not sys.stderr.isatty():
            return
        line = drawn(title, share)
        self._width = max(self._width, len(line))
        sys.stderr.write("\r" + line.ljust(self._width))
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the bar away."""
        if self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()


class Notebook:
    """An output of the cell that is replaced, and empty in the end."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, title: str, share: float) -> None:
        """Show the bar, as text and for the lab as HTML."""
        bar = f'<label>{html.escape(title)} <progress max="1" value="{share:.3f}"></progress> {share:.0%}</label>'
        self._put({"text/html": bar, "text/plain": drawn(title, share)})

    def clear(self) -> None:
        """Take the bar away."""
        if self._handle is not None:
            self._put({"text/html": "", "text/plain": ""})

    def _put(self, bundle: dict[str, str]) -> None:
        from IPython.display import DisplayHandle

        if self._handle is None:
            self._handle = DisplayHandle()
            self._handle.display(bundle, raw=True)
        else:
            self._handle.update(bundle, raw=True)


def time_left(seconds: float, done: int, left: int) -> str:
    """Say how long the rest will take, at the pace so far; nothing while it is too early to say.

    Examples
    --------
    >>> time_left(10, 50, 25), time_left(60, 100, 400), time_left(1, 5, 5)
    (', 5 s left', ', 4 min left', '')
    """
    if seconds < SECONDS_BEFORE_GUESSED or done <= 0 or left <= 0:
        return ""
    rest = seconds / done * left
    return f", {rest / 60:.0f} min left" if rest >= 90 else f", {rest:.0f} s left"


def drawn(title: str, share: float) -> str:
    """Draw the bar as text."""
    filled = round(share * WIDTH)
    return f"{title} {'█' * filled}{'░' * (WIDTH - filled)} {share:4.0%}"


def in_notebook() -> bool:
    """Say whether a kernel of Jupyter runs us."""
    return type(sys.stderr).__module__.startswith("ipykernel")


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

    thread = threading.Thread(target=contextvars.copy_context().run, args=(look,), name="evkit-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
