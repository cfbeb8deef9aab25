"""Passing on what a store takes to a real PostHog: batched, retried, spooled, so that a notebook can watch what production gets."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import logging
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from evkit.capture.queues import counted
from evkit.capture.sender import Sender, Stats
from evkit.capture.spool import Leftover, Spool
from evkit.capture.transport import OF_EVENTS, Answer, HttpTransport, Transport, checked_host, checked_key, without_login
from evkit.errors import CaptureError

FOLDER = "forward"
"""The folder in a store's where events wait to be passed on."""
FORWARDED = "X-Evkit-Forwarded"
"""The header of requests that pass events on: who gets them keeps them, and doesn't pass them on, so that no ring runs without end."""
FLUSH_SECONDS = 1.0
TIMEOUT_SECONDS = 15.0
SPOOL_BYTES = 1 << 30
"""Bytes that wait while the host is away; then the oldest go, and are counted."""
QUIET_SECONDS = 60.0
"""The same trouble is told again after so long at the earliest."""

Tell = Callable[[str], None]
log = logging.getLogger("evkit.capture")


def nobody(line: str) -> None:
    """Take a line, and do nothing with it."""


class Reporter:
    """A transport that tells when its host refuses events, stops taking them, and takes them again; not once for each event.

    Parameters
    ----------
    inner, host
        Sends; the host's address, to be told.
    waits, aside
        Where events wait, and where those are that were refused.
    later
        What becomes of those that wait.
    tell, warn
        Take lines for who runs this, and troubles for the store's warnings.
    clock
        Seconds.
    """

    def __init__(
        self,
        inner: Transport,
        host: str,
        *,
        waits: Path,
        aside: Path,
        later: str,
        tell: Tell,
        warn: Tell,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inner = inner
        self._host = host
        self._waits = waits
        self._aside = aside
        self._later = later
        self._tell = tell
        self._warn = warn
        self._clock = clock
        self._told: dict[str, float] = {}
        self._trouble = ""

    def send(self, lines: Sequence[bytes]) -> Answer:
        """Send a batch once; one that goes again in halves is no trouble yet."""
        answer = self._inner.send(lines)
        if answer.status in OF_EVENTS and len(lines) > 1:
            return answer
        why = answer.error or f"status {answer.status}"
        if answer.taken:
            if self._trouble:
                with contextlib.suppress(Exception):  # a terminal that has gone must not make a batch go again
                    self._tell(f"{self._host} takes events again")
            self._trouble = ""
        elif answer.may_work_later:
            self.say("away", f"{self._host} does not take events ({why}): they wait in {self._waits} {self._later}", stays=True)
        else:
            mend = "`evkit store forward` sends them again"
            self.say(
                f"refused {answer.status}",
                f"{self._host} refuses events ({why}): they are set aside in {self._aside}; {mend}",
                stays=answer.status not in OF_EVENTS,
            )
        return answer

    def say(self, kind: str, words: str, *, stays: bool = False) -> None:
        """Tell of a trouble, unless it is told already.

        Parameters
        ----------
        stays
            It is one until the host takes events again.
        """
        now = self._clock()
        if kind == self._trouble or now - self._told.get(kind, -QUIET_SECONDS) < QUIET_SECONDS:
            return
        self._told[kind] = now
        self._trouble = kind if stays else self._trouble
        for take in (self._tell, self._warn):
            with contextlib.suppress(Exception):
                take(words)

    def close(self) -> None:
        """Let connections go."""
        self._inner.close()


class Forwarder:
    """Takes the lines that a store has made durable, and sends their events on.

    An event is written to the spool before it is acknowledged, so that it outlives the process and arrives at least once; its uuid
    stays, so that it counts once. After a power cut the last ones may be in the store alone.

    Parameters
    ----------
    host, api_key
        The PostHog that events go to, and the token of the project there.
    spool
        The folder where events wait.
    tell, warn
        Take lines for who runs this, and troubles for the store's warnings.
    adopt
        Take over what waits under other keys, and what was refused. What is then to be sent is sent by `drain` alone.
    """

    def __init__(
        self, host: str, api_key: str, *, spool: str | Path, tell: Tell = log.warning, warn: Tell = nobody, adopt: bool = False
    ) -> None:
        key, address = checked_key(api_key), checked_host(host)
        transport = HttpTransport(
            key,
            address,
            timeout_seconds=TIMEOUT_SECONDS,
            compress=True,
            historical_migration=False,
            now=lambda: dt.datetime.now(dt.UTC),
            headers={FORWARDED: "1"},
        )
        queue = Spool(spool, key, max_bytes=SPOOL_BYTES)
        self.leftover = queue.leftover
        self._tell, self._waits = tell, Path(spool)
        self.busy = queue.adopt() if adopt else 0
        self.aside = queue.refused
        self._reporter = Reporter(
            transport,
            without_login(address),
            waits=Path(spool),
            aside=queue.refused,
            later="and are sent again" if not adopt else "until this is run again, or the collector is started again",
            tell=tell,
            warn=warn,
        )
        self._sender = Sender(
            self._reporter,
            queue,
            flush_interval=FLUSH_SECONDS,
            in_thread=not adopt,
            loss_level=logging.DEBUG,  # the reporter tells
            halved=OF_EVENTS,  # the neighbours of a wrong event get through
        )
        self._overflowed = 0

    def take(self, lines: bytes) -> None:
        """Queue the events of some lines of a store's landing."""
        failed = 0
        for line in lines.split(b"\n"):
            try:
                if line:
                    self._sender.put(event_of(line))
            except ValueError:  # numbers without measure: no JSON that PostHog would take
                failed += 1
        overflowed = self._sender.stats().overflowed
        if overflowed > self._overflowed:
            self._overflowed = overflowed
            self._reporter.say(
                "full", f"{counted(overflowed)} dropped that waited to be passed on: more wait than there is room for in {self._waits}"
            )
        if failed:
            raise CaptureError(f"{failed:,} events hold numbers that JSON doesn't: they are kept, and not passed on")

    def drain(self) -> None:
        """Send what waits, from here, as far as the host takes it."""
        self._sender.drain()

    def stats(self) -> Stats:
        """Give how many were sent, wait, and were dropped."""
        return self._sender.stats()

    def close(self, timeout_seconds: float = 10.0) -> None:
        """Send what waits, as far as the time goes; the rest stays in the spool for the next time, which is told."""
        if not self._sender.shutdown(timeout_seconds):
            left = self._sender.stats()
            self._tell(f"{counted(left.pending)} not passed on yet ({left.last_error or 'no answer in time'}): they wait in {self._waits}")


def stranded(left: Leftover, folder: str | Path) -> str:
    """Say what waits in a store and won't go out by itself; "" where nothing does.

    Examples
    --------
    >>> stranded(Leftover(3, 2), "events/")
    '3 events wait under another key, 2 were refused: `evkit store forward events/ --forward-to HOST --api-key TOKEN` passes them on'
    """
    waiting = f"{counted(left.waiting)} wait{'' if left.waiting > 1 else 's'} under another key" if left.waiting else ""
    were = "was" if left.refused == 1 else "were"
    refused = (f"{left.refused:,} {were} refused" if waiting else f"{counted(left.refused)} {were} refused") if left.refused else ""
    said = ", ".join(filter(None, (waiting, refused)))
    return f"{said}: `evkit store forward {folder} --forward-to HOST --api-key TOKEN` passes them on" if said else ""


def pass_on(folder: Path, host: str, api_key: str, *, tell: Tell) -> bool:
    """Send everything in a store's folder that waits to be passed on, whatever its key, and what was refused; say whether all arrived.

    The events stay as they are, with their uuids; what is refused again is set aside again.

    Parameters
    ----------
    folder
        A store's folder; a collector may use it.
    host, api_key
        Where to, under which key.
    tell
        Takes lines for who runs this.

    Raises
    ------
    CaptureError
        When host or key can't be used, or the folder can't be written.
    """
    forwarder = Forwarder(host, api_key, spool=folder / FOLDER, tell=tell, adopt=True)
    try:
        forwarder.drain()
    finally:
        forwarder.close(0.0)
    found = forwarder.stats()
    tell(f"{counted(found.sent)} passed on to {without_login(checked_host(host))}" if found.captured else "nothing waits to be passed on")
    if found.refused:
        tell(f"{counted(found.refused)} refused ({found.last_error}): set aside in {forwarder.aside}")
    if forwarder.busy:
        tell(f"{counted(forwarder.busy)} left to a collector that runs, and sends them itself")
    return not (found.refused or found.pending)


def is_own(host: str, listening: tuple[str, int]) -> bool:
    """Say whether an address is that of a socket that listens here.

    Parameters
    ----------
    host
        An address with http:// or https://.
    listening
        The socket's own address and port.

    Examples
    --------
    >>> is_own("http://localhost:8000/", ("127.0.0.1", 8000)), is_own("http://[::1]:8000", ("0.0.0.0", 8000))
    (True, True)
    >>> is_own("http://localhost:8001", ("127.0.0.1", 8000))
    False
    """
    import ipaddress

    parts = urlsplit(host)
    if (parts.port or {"http": 80, "https": 443}.get(parts.scheme)) != listening[1] or not parts.hostname:
        return False
    mine = ipaddress.ip_address(listening[0])
    found = set()
    with contextlib.suppress(OSError):  # a name that nobody knows is not ours
        named = {ipaddress.ip_address(str(where[0]).partition("%")[0]) for *_, where in socket.getaddrinfo(parts.hostname, None)}
        found = {getattr(one, "ipv4_mapped", None) or one for one in named}
    if any(one == mine or (mine.is_loopback and (one.is_loopback or one.is_unspecified)) for one in found):
        return True  # 0.0.0.0 is reached as this machine's own loopback
    return mine.is_unspecified and any(one.is_unspecified or one.is_loopback or is_of_this_machine(str(one)) for one in found)


def is_of_this_machine(address: str) -> bool:
    """Say whether an address is one of this machine's, as only those can be bound."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        return True
    return False


def event_of(line: bytes) -> bytes:
    """Give the event of a line as a client sends it: the corrected time, no token of ours.

    Raises
    ------
    ValueError
        When it holds a number that is none of JSON's.

    Examples
    --------
    >>> event_of(b'{"uuid":"u","event":"a","distinct_id":"d","timestamp":"2026-01-01T00:00:00.000000","properties":{"token":"t","n":1}}')
    b'{"event":"a","distinct_id":"d","uuid":"u","timestamp":"2026-01-01T00:00:00.000000Z","properties":{"n":1}}'
    """
    row = json.loads(line)
    properties = {key: value for key, value in row["properties"].items() if key != "token"}
    event = {**{key: row[key] for key in ("event", "distinct_id", "uuid")}, "timestamp": row["timestamp"] + "Z", "properties": properties}
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
