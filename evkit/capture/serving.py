"""Running the collector: in the terminal, or in a thread of a notebook. uvicorn is loaded when it is needed."""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import functools
import queue
import socket
import tempfile
import threading
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evkit.capture import wire
from evkit.capture.store import Store
from evkit.capture.transport import is_loopback
from evkit.errors import CaptureError

if TYPE_CHECKING:
    import pandas as pd

    from evkit.capture.forwarding import Forwarder

MOST_CONNECTIONS = 1_000
MOST_PORT = 65_535
IDLE_SECONDS = 30
"""How long a connection may be idle."""
START_SECONDS = 20.0
LAST_WORDS_SECONDS = 2.0
"""How long the end waits for lines that are still to be told."""
_RUNNING: dict[Collector, tuple[object, ...]] = {}
"""Those of this process that nobody stopped, and what was asked for: see `collect`."""
_PORTS: dict[tuple[Path, str], int] = {}
"""Folder and host -> the port that a free one was taken for last: who knows the address finds the collector there again."""
_LOCK = threading.RLock()


def listening(host: str, port: int) -> socket.socket:
    """Open the socket that a collector listens on.

    Raises
    ------
    CaptureError
        When the port is taken, or the address is none of this machine's.
    """
    if not 0 <= port <= MOST_PORT:
        raise CaptureError(f"port {port} is none: give one from 0 to {MOST_PORT}; 0 takes a free one")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(
        family, socket.SOCK_STREAM, socket.IPPROTO_TCP
    )  # asyncio sends small answers at once only where the protocol is named
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(MOST_CONNECTIONS)
    except (OSError, UnicodeError) as error:
        made.close()
        raise CaptureError(unheard(host, port, error)) from None
    return made


def unheard(host: str, port: int, error: Exception) -> str:
    """Say why an address can't be listened on, and what to do."""
    at = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return f"can't listen on {at}: the port is taken. Give another; 0 takes a free one"
    if number == errno.EACCES:
        return f"can't listen on {at}: this user may not. Give a port from 1024 on"
    if isinstance(error, (socket.gaierror, UnicodeError)) or number == errno.EADDRNOTAVAIL:
        return f"can't listen on {host!r}: it is no address of this machine. 127.0.0.1 is reached from here only, 0.0.0.0 from everywhere"
    return f"can't listen on {at}: {getattr(error, 'strerror', None) or error}"


def server_of(store: Store, *, tokens: str | Collection[str] | None, posthog_js: str | Path | None) -> Any:
    """Make the server.

    Raises
    ------
    CaptureError
        When Starlette or uvicorn isn't installed.
    """
    try:
        import uvicorn

        from evkit.capture.collector import create_app
        from evkit.capture.protocol import BoundedProtocol
    except ModuleNotFoundError as error:
        raise CaptureError(f"the collector needs {error.name}: pip install 'evkit[collect]'") from None
    app = create_app(store, tokens=tokens, posthog_js=posthog_js)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_keep_alive=IDLE_SECONDS,
        limit_concurrency=MOST_CONNECTIONS,
        http=BoundedProtocol,
        ws="none",
        timeout_graceful_shutdown=5,
    )
    return uvicorn.Server(config)


class Collector:
    """A collector that runs in a thread, made by `ek.collect`.

    Parameters
    ----------
    store
        Where events are kept.
    owns_store
        The store is closed when the collector stops.
    tokens
        Those it takes; None where it takes every one.
    """

    def __init__(self, store: Store, sock: socket.socket, server: Any, *, owns_store: bool, tokens: tuple[str, ...] | None = None) -> None:
        self.store = store
        self.tokens = tokens
        self.given = 1
        self._owns_store = owns_store
        self.host, self.port = sock.getsockname()[:2]
        self._server = server
        self._thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, name="evkit-collector", daemon=True)
        self._thread.start()
        until = time.monotonic() + START_SECONDS
        while not server.started:
            if not self._thread.is_alive() or time.monotonic() > until:
                raise CaptureError(f"the collector did not start on {self.host}:{self.port}")
            time.sleep(0.01)

    @property
    def url(self) -> str:
        """Where clients send to."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def is_running(self) -> bool:
        """Whether it still takes events."""
        return self._thread.is_alive()

    def live(self, n: int = 20) -> pd.DataFrame:
        """Give the newest `n` events, as `Store.tail`."""
        return self.store.tail(n)

    def stop(self) -> None:
        """Stop taking events, and close the store if it was opened for this collector. What has been acknowledged stays."""
        with _LOCK:
            _RUNNING.pop(self, None)
        self._server.should_exit = True
        self._thread.join()
        if self._owns_store:
            self.store.close()

    def __enter__(self) -> Collector:
        """Give the collector; leaving stops it, unless `ek.collect` gave it to others too."""
        return self

    def __exit__(self, *error: object) -> None:
        """Stop, if nobody else was given it."""
        with _LOCK:
            self.given -= 1
            last = self.given < 1
        if last:
            self.stop()

    def __repr__(self) -> str:
        return f"<Collector {self.url} -> {str(self.store.folder)!r}{'' if self.is_running else ', stopped'}>"

    def _repr_html_(self) -> str:
        from evkit import markup

        running = self.is_running  # a saved notebook shows it when it may be long over
        state = f"running at {dt.datetime.now():%H:%M:%S}, when this was shown" if running else "stopped"
        pairs = [("address", self.url), ("events go to", self.store.folder), ("state", state)]
        if not running:
            return markup.card(
                "Collector", pairs, "It takes nothing any more: run the cell that starts it. What it took stays in the folder."
            )
        return markup.card("Collector", pairs, "Give the address to any PostHog SDK as its host; ek.watch(collector) shows what comes.")


def running_on(folder: str | Path) -> bool:
    """Say whether a collector of this process takes events into a folder."""
    at = Path(folder).resolve()
    with _LOCK:
        return any(one.is_running and where == at for one, (where, *_) in _RUNNING.items())


@functools.cache
def own_folder() -> Path:
    """Give the folder of this process for who names none: in the machine's place for temporary files, made when first asked for."""
    return Path(tempfile.mkdtemp(prefix="evkit-events-"))


def collect(
    folder: str | Path | Store | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tokens: str | Collection[str] | None = None,
    posthog_js: str | Path | None = None,
) -> Collector:
    """Collect events into a folder, in a thread: any PostHog SDK can send to `.url`.

    A collector that this process runs on the folder already, with the same options, is given again: a cell may be run twice.

    Parameters
    ----------
    folder
        A store's folder, made where it isn't there; or a Store. None is a temporary folder, always the same in a process.
    host
        127.0.0.1 is reached from this machine only.
    port
        0 takes a free one: the one that the folder's collector had before, if that is free.
    tokens
        The project tokens that are taken (a text is one); None takes every one.
    posthog_js
        A folder of posthog-js that is served instead of evkit's own browser script.

    Returns
    -------
    Collector
        With `.url`, `.live()`, `.stop()`; a context manager.

    Raises
    ------
    CaptureError, StoreError
        When the port is taken, a token could never be met, or the folder can't be written.

    Examples
    --------
    >>> import tempfile, evkit as ek
    >>> with ek.collect(tempfile.mkdtemp()) as collector:
    ...     collector.url.startswith("http://127.0.0.1:")
    True
    """
    taken = wire.checked_tokens(tokens)
    with _LOCK:
        source = own_folder() if folder is None else folder
    given = source if isinstance(source, Store) else None
    where = Path(source.folder if isinstance(source, Store) else source).resolve()
    asked = (where, given, host, taken and frozenset(taken), posthog_js and Path(posthog_js).resolve())
    with _LOCK:
        for one, before in _RUNNING.items():
            if before == asked and port in (0, one.port) and one.is_running:
                one.given += 1
                return one
        with contextlib.ExitStack() as undo:
            sock = undo.enter_context(contextlib.closing(listening_again(where, host) if port == 0 else listening(host, port)))
            store = source if isinstance(source, Store) else undo.enter_context(Store(source))
            made = Collector(store, sock, server_of(store, tokens=taken, posthog_js=posthog_js), owns_store=given is None, tokens=taken)
            undo.pop_all()
        _RUNNING[made] = asked
        if port == 0:
            _PORTS[where, host] = made.port
    return made


def listening_again(folder: Path, host: str) -> socket.socket:
    """Open a socket on the port that the folder's collector had before, or on a free one."""
    if before := _PORTS.get((folder, host)):
        with contextlib.suppress(CaptureError):  # somebody else has it by now
            return listening(host, before)
    return listening(host, 0)


def run(
    folder: str | Path,
    *,
    host: str,
    port: int,
    tokens: Collection[str] | None,
    posthog_js: str | Path | None,
    tell: Any,
    forward_to: tuple[str, str] | None = None,
) -> None:
    """Collect events into a folder until the process is told to stop.

    Parameters
    ----------
    forward_to
        Host and token of a PostHog that events are passed on to.
    tell
        Takes lines for the user.

    Raises
    ------
    CaptureError, StoreError
        As `collect`; when events would be passed on to this collector itself.
    """
    tokens = wire.checked_tokens(tokens)
    with contextlib.ExitStack() as open_things:
        tell = open_things.enter_context(told_aside(tell))
        sock = open_things.enter_context(contextlib.closing(listening(host, port)))
        if forward_to is not None:
            check_no_circle(forward_to[0], sock.getsockname()[:2])
        store = open_things.enter_context(Store(folder, notice=tell))
        if forward_to is not None:
            forwarder = forward(store, forward_to, tell=tell)
            open_things.callback(forwarder.close)
            open_things.callback(store.close)  # comes first: what lands until then is spooled
        server = server_of(store, tokens=tokens, posthog_js=posthog_js)
        bound, at = sock.getsockname()[:2]
        tell(f"collecting into {folder}: send events to http://{bound}:{at} (Ctrl+C stops)")
        if not is_loopback(bound) and tokens is None:
            tell("others can reach this address, and every token is taken: give --token to take only your own")
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn has ended in good order by then, and says it once more
            server.run(sockets=[sock])


@contextlib.contextmanager
def told_aside(tell: Any) -> Iterator[Any]:
    """Give what takes lines at once and tells them from a thread of its own, in order: a terminal that stands still holds up no event."""
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def work() -> None:
        while (line := lines.get()) is not None:
            with contextlib.suppress(Exception):  # a terminal that has gone: there is nobody to tell
                tell(line)

    thread = threading.Thread(target=work, name="evkit-teller", daemon=True)
    thread.start()
    try:
        yield lines.put
    finally:
        lines.put(None)
        thread.join(LAST_WORDS_SECONDS)


def check_no_circle(host: str, own: tuple[str, int]) -> None:
    """Raise where events would be passed on to the collector itself.

    Raises
    ------
    CaptureError
        When the host is where it listens, or no address.
    """
    from evkit.capture.forwarding import is_own
    from evkit.capture.transport import checked_host, without_login

    if is_own(checked_host(host), own):
        raise CaptureError(
            f"--forward-to {without_login(checked_host(host))!r} is this collector itself: events would go round without end. Give the address of a PostHog"
        )


def forward(store: Store, to: tuple[str, str], *, tell: Any) -> Forwarder:
    """Pass on what a store takes, and tell what waits there from before.

    Parameters
    ----------
    to
        Host and token.
    """
    from evkit.capture.forwarding import FOLDER, Forwarder, stranded
    from evkit.capture.transport import without_login

    made = Forwarder(*to, spool=store.folder / FOLDER, tell=tell, warn=lambda words: store.warn("not_passed_on", words))
    store.on_durable = made.take
    tell(f"passing events on to {without_login(to[0])}")
    if words := stranded(made.leftover(), store.folder):
        tell(words)
    return made
