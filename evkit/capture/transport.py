"""How a batch leaves the process: over HTTP to a capture API, or straight into a Store.

Source: what a server SDK sends to PostHog's `/batch/`, as recorded from its own.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import gzip
import ipaddress
import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable
from urllib.parse import urlsplit

from evkit import __version__
from evkit.capture import message
from evkit.errors import CaptureError

if TYPE_CHECKING:
    import requests

Clock = Callable[[], dt.datetime]
LIB = "evkit"
USER_AGENT = f"{LIB}/{__version__}"
PATH = "/batch/"
RETRIED = frozenset({0, 408, 429})
"""Statuses that are tried again beside 5xx; 0 stands for no answer at all."""
TOO_BIG = 413
OF_EVENTS = frozenset({400, TOO_BIG})
"""Statuses that are about an event, not about who sends it or where to."""
COLLECTOR = ": is the collector running? `evkit collect events/` or `ek.collect(...)` starts it"
MAX_ERROR_TEXT = 300
"""Characters of a host's answer that are kept for the log."""
INGESTION_HOSTS = {
    "https://app.posthog.com": "https://us.i.posthog.com",
    "https://us.posthog.com": "https://us.i.posthog.com",
    "https://eu.posthog.com": "https://eu.i.posthog.com",
}
"""Addresses of PostHog's app -> those that take events."""


@runtime_checkable
class EventSink(Protocol):
    """What takes events without a network: a Store."""

    def append(self, events: Sequence[message.Event]) -> None:
        """Keep the events, durably when it returns."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What became of one request.

    Parameters
    ----------
    status
        Of HTTP; 0 when no answer came.
    retry_after_seconds
        How long the host asks to be left alone.
    error
        Empty when the batch was taken.
    nobody
        There is no such host, or nobody listens there: it is worth a word at once.
    """

    status: int
    retry_after_seconds: float | None = None
    error: str = ""
    nobody: bool = False

    @property
    def taken(self) -> bool:
        """Whether the host has the batch."""
        return 200 <= self.status < 300

    @property
    def may_work_later(self) -> bool:
        """Whether the same batch is worth another try."""
        return self.status in RETRIED or self.status >= 500


class Transport(Protocol):
    """Sends a batch once and says what became of it; raises nothing."""

    def send(self, lines: Sequence[bytes]) -> Answer:
        """Send events, each the JSON of one."""

    def close(self) -> None:
        """Let connections go."""


class HttpTransport:
    """Posts batches to a capture API.

    Parameters
    ----------
    api_key, host
        The project's key; an address with http:// or https://.
    timeout_seconds
        How long a request may wait to connect, and then for each part of the answer.
    compress
        Send bodies gzipped.
    historical_migration
        Tell PostHog that these are old events.
    now
        The clock behind `sent_at` and dates in Retry-After.
    headers
        Further headers of each request.
    """

    def __init__(
        self,
        api_key: str,
        host: str,
        *,
        timeout_seconds: float,
        compress: bool,
        historical_migration: bool,
        now: Clock,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        import requests  # here, not in the worker: a fork amid a thread's import leaves the child's import locked for good

        self._requests = requests
        self._api_key = api_key
        self._url = host + PATH
        self._timeout_seconds = timeout_seconds
        self._compress = compress
        self._historical_migration = historical_migration
        self._now = now
        self._headers = {"Content-Type": "application/json", "User-Agent": USER_AGENT, **(headers or {})}
        self._session: requests.Session | None = None
        self._process = 0

    def send(self, lines: Sequence[bytes]) -> Answer:
        """Post one batch, once."""
        body = batch_body(self._api_key, lines, sent_at=self._now(), historical_migration=self._historical_migration)
        headers = dict(self._headers)
        if self._compress:
            body, headers["Content-Encoding"] = gzip.compress(body, compresslevel=6, mtime=0), "gzip"
        try:
            # A redirected POST becomes a GET without a body: the events would be gone and the answer 200.
            reply = self._connection().post(self._url, data=body, headers=headers, timeout=self._timeout_seconds, allow_redirects=False)
        except self._requests.RequestException as error:
            if unheard := self._unheard(error):
                return Answer(status=0, error=self._said(unheard), nobody=True)
            status = 400 if isinstance(error, ValueError) else 0  # an address or header that no try makes better
            return Answer(status=status, error=self._said(f"{type(error).__name__}: {error}"))
        if 200 <= reply.status_code < 300:
            return Answer(status=reply.status_code)
        goes_to = f" redirects to {reply.headers.get('Location')!r}: give that as host;" if 300 <= reply.status_code < 400 else ""
        return Answer(
            status=reply.status_code,
            retry_after_seconds=retry_after_seconds(reply.headers.get("Retry-After"), now=self._now()),
            error=self._said(f"status {reply.status_code} {goes_to}{reply.text}"),
        )

    def close(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None and self._process == os.getpid():
            session.close()

    def _connection(self) -> requests.Session:
        if self._session is not None and self._process != os.getpid():
            # After a fork the sockets are the parent's, and so may be the locks: collecting the session could wait for one for good.
            _INHERITED.append(self._session)
            self._session = None
        if self._session is None:
            self._session, self._process = self._requests.Session(), os.getpid()
        return self._session

    def _unheard(self, error: Exception) -> str:
        """Say that the host isn't there, and what to do; "" where something else went wrong."""
        if isinstance(error, self._requests.exceptions.ProxyError):
            return ""
        causes = list(behind(error))
        to = urlsplit(self._url)
        at = f"{to.hostname}:{to.port or (443 if to.scheme == 'https' else 80)}"
        if any(isinstance(one, socket.gaierror) for one in causes):
            return f"there is no host {to.hostname!r}, or no network"
        if not any(isinstance(one, ConnectionRefusedError) for one in causes):
            return ""
        return f"nobody listens at {at}{COLLECTOR if is_loopback(to.hostname or '') else ''}"

    def _said(self, text: str) -> str:
        return text.replace(self._api_key, masked(self._api_key)).strip()[:MAX_ERROR_TEXT]


_INHERITED: list[requests.Session] = []
"""Sessions of a forked process's parent, kept from being collected."""


class StoreTransport:
    """Hands batches to a Store: no network at all.

    Parameters
    ----------
    api_key
        Goes with the events, as over HTTP.
    store
        Anything with `append(events)`.
    now
        The clock of receipt.
    """

    def __init__(self, api_key: str, store: EventSink, *, now: Clock) -> None:
        self._api_key = api_key
        self._store = store
        self._now = now

    def send(self, lines: Sequence[bytes]) -> Answer:
        """Append one batch, once. What the events' checks refuse is no matter of trying again; a full disk may be."""
        now = self._now()
        body = {"api_key": self._api_key, "batch": [json.loads(line) for line in lines], "sent_at": utc_text(now)}
        try:
            self._store.append(message.events_of(body, received_at=now))
        except CaptureError as error:
            return Answer(status=400, error=str(error))
        except Exception as error:
            return Answer(status=0, error=f"{type(error).__name__}: {error}")
        return Answer(status=200)

    def close(self) -> None:
        """Leave the store open: who opened it closes it."""


# ---------------------------------------------------------------------- the wire
def batch_body(api_key: str, lines: Sequence[bytes], *, sent_at: dt.datetime, historical_migration: bool = False) -> bytes:
    """Write the body of a batch from events that are JSON already.

    Examples
    --------
    >>> batch_body("phc_x", [b'{"event":"a"}'], sent_at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC)).decode()
    '{"api_key":"phc_x","batch":[{"event":"a"}],"sent_at":"2026-01-02T00:00:00Z"}'
    """
    after = ',"historical_migration":true' if historical_migration else ""
    head, tail = f'{{"api_key":{json.dumps(api_key)},"batch":[', f'],"sent_at":"{utc_text(sent_at)}"{after}}}'
    return head.encode() + b",".join(lines) + tail.encode()


def utc_text(time: dt.datetime) -> str:
    """Write a time as the wire has it.

    Examples
    --------
    >>> utc_text(dt.datetime(2025, 1, 2, 8, 34, 5, tzinfo=dt.timezone(dt.timedelta(hours=5.5))))
    '2025-01-02T03:04:05Z'
    """
    return time.astimezone(dt.UTC).replace(tzinfo=None).isoformat() + "Z"


def retry_after_seconds(text: str | None, *, now: dt.datetime) -> float | None:
    """Read a Retry-After header: seconds, or the date of HTTP. None when it says nothing.

    Examples
    --------
    >>> retry_after_seconds("3", now=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    3.0
    >>> retry_after_seconds("Thu, 01 Jan 2026 00:00:09 GMT", now=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    9.0
    """
    if not text or not text.strip():
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            date = email.utils.parsedate_to_datetime(text)
        except (ValueError, TypeError):
            return None
        seconds = ((date if date.tzinfo else date.replace(tzinfo=dt.UTC)) - now).total_seconds()
    return seconds if 0 < seconds < float("inf") else None


def behind(error: BaseException) -> Iterator[BaseException]:
    """Give an error and what it was raised from or carries, each once: clients of HTTP wrap what the network said."""
    found, waiting = set(), [error]
    while waiting:
        one = waiting.pop()
        if id(one) not in found:
            found.add(id(one))
            yield one
            inner = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
            waiting += [each for each in inner if isinstance(each, BaseException)]


# ---------------------------------------------------------------------- where to, as whom
def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach an address.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def checked_host(host: object) -> str:
    """Give the address that takes events, without its last slash.

    Raises
    ------
    CaptureError
        When there is none, or it is no address.

    Examples
    --------
    >>> checked_host("https://eu.posthog.com/")
    'https://eu.i.posthog.com'
    """
    if host is not None and not isinstance(host, str):
        raise CaptureError(f"host {host!r} is {type(host).__name__}: give an address, or a Store, which has append(events)")
    text = (host or os.environ.get("EVKIT_HOST") or "").strip().rstrip("/")
    if not text:
        raise CaptureError("no host: give host='https://...' (or a Store), or set EVKIT_HOST")
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # a port, or brackets, that are none
        known = False
    if not known:
        raise CaptureError(f"host {text!r} is no address: give one such as 'https://us.i.posthog.com' or 'http://localhost:8000'")
    return INGESTION_HOSTS.get(text, text)


def checked_key(api_key: str | None) -> str:
    """Give the project's key.

    Raises
    ------
    CaptureError
        When there is none, or PostHog would refuse it.

    Examples
    --------
    >>> checked_key(" phc_local ")
    'phc_local'
    """
    text = (api_key or os.environ.get("EVKIT_API_KEY") or "").strip()
    if not text:
        raise CaptureError("no api_key: give the project's key, or set EVKIT_API_KEY")
    if text.startswith("phx_"):
        raise CaptureError(f"api_key {masked(text)!r} is a personal key: give the project's, it starts with phc_")
    if len(text) > message.MAX_TOKEN or not text.isascii() or not text.isprintable():
        raise CaptureError(f"api_key {masked(text)!r} is none: at most {message.MAX_TOKEN} characters of ASCII")
    return text


def masked(api_key: str) -> str:
    """Show a key so that it can be told from others, and not be used.

    Examples
    --------
    >>> masked("phc_abcdefghijkl1234"), masked("secret")
    ('phc_…1234', '…')
    """
    start = api_key[:4] if api_key[:4] in ("phc_", "phx_") else ""
    return start + "…" + (api_key[-4:] if len(api_key) >= 12 else "")


def without_login(host: str) -> str:
    """Show an address without the name and password that may be in it.

    Examples
    --------
    >>> without_login("https://me:secret@events.example.com")
    'https://events.example.com'
    """
    parts = urlsplit(host)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
