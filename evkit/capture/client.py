"""Client: send events from Python, to a capture API over HTTP or into a Store.

Source: what PostHog's own server SDKs send for the same calls.
"""

from __future__ import annotations

import datetime as dt
import inspect
import json
import logging
import os
import uuid as uuids
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, cast

from evkit import __version__
from evkit.capture import contexts, message
from evkit.capture.calls import NOT_GIVEN, Id, Left, Properties, Said, Time, at_least, check_properties, id_text, read_form
from evkit.capture.hints import Hints
from evkit.capture.jsonable import TooLarge, as_text, to_json
from evkit.capture.queues import MAX_QUEUE_SIZE, MemoryQueue, Queue
from evkit.capture.sender import MAX_BATCH_BYTES, MAX_EVENT_BYTES, Sender, Stats
from evkit.capture.spool import MAX_SPOOL_BYTES, Spool
from evkit.capture.tracking import Guard, P, R, Recorded, tracked
from evkit.capture.transport import (
    LIB,
    OF_EVENTS,
    TOO_BIG,
    EventSink,
    HttpTransport,
    StoreTransport,
    Transport,
    checked_host,
    checked_key,
    masked,
    utc_text,
    without_login,
)
from evkit.errors import CaptureError, DeliveryError

LOG = "evkit.capture"
LOG_OF_EACH_STEP = "evkit.capture.debug"
"""The log of clients with `debug`, below the other: what it shows, the others don't."""

KEY_OF_STORE = "phc_local"
"""The key where a Store is the host and none is given."""
Event = dict[str, Any]
BeforeSend = Callable[[Event], Event | None]


class Client:
    """Sends events to PostHog or to anything that speaks its capture API, `ek.collect(...)` included.

    No call waits for the network, but in `sync_mode`, `flush` and `shutdown`; none raises into the program, but for a wrong form of call
    (TypeError) or with `raise_errors`. What goes wrong is logged under "evkit.capture" and counted in `stats()`.

    Parameters
    ----------
    api_key
        The project's key; else EVKIT_API_KEY. A Store needs none.
    host
        "https://us.i.posthog.com", `collector.url`, ...; else EVKIT_HOST. Or a Store: then no network is used at all.
    flush_at
        A batch is sent when so many events wait, and holds at most so many.
    flush_interval
        Seconds after which fewer are sent too.
    max_batch_bytes
        Bytes of a batch before compression.
    max_queue_size
        Events that wait in memory; beyond, the newest are dropped. With a spool they wait there.
    max_retries
        How often a batch is sent again on network errors, 408, 429 and 5xx, after 1, 2, 4, ... 30 seconds or as long as the host asks.
    timeout_seconds
        How long a request may wait for an answer.
    gzip
        Compress bodies.
    historical_migration
        Tell PostHog that these are old events.
    sync_mode
        Send each event, tried again where that may help, before its call returns.
    disabled
        Do nothing, for tests; neither key nor host is needed.
    debug
        Log each step of this client.
    before_send
        Sees each event as it would be sent and gives it back, changed or not, or None to drop it. When it raises, the event is dropped:
        what was to be removed from it must not leave.
    raise_errors
        Raise what is otherwise logged: CaptureError for an event that can't be sent, in `sync_mode` DeliveryError for one that wasn't.
    sticky_groups
        Groups once given (`groups=`, `group_identify`) go with all later events of this client, as in a browser. Only for a program with
        one user.
    disable_geoip
        Tell PostHog not to place the user where this machine is.
    spool
        A folder where events wait on disk, so that neither a crash nor an outage of the host loses any. It may be shared.
    spool_max_bytes
        What may wait there; beyond, the oldest are dropped.
    now, sleep
        The clock, and the wait between two tries, for tests.

    Raises
    ------
    CaptureError
        When key, host or spool can't be used.

    Examples
    --------
    >>> import evkit.capture.client as evkit_client
    >>> class Printer:
    ...     def append(self, events):
    ...         for event in events:
    ...             print(event.distinct_id, event.event, event.properties["movie_id"])
    >>> with evkit_client.Client(host=Printer()) as client:
    ...     uuid = client.capture("user_42", "movie_played", {"movie_id": 7})
    user_42 movie_played 7
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        host: str | EventSink | None = None,
        flush_at: int = 100,
        flush_interval: float = 5.0,
        max_batch_bytes: int = MAX_BATCH_BYTES,
        max_queue_size: int = MAX_QUEUE_SIZE,
        max_retries: int = 3,
        timeout_seconds: float = 15.0,
        gzip: bool = False,
        historical_migration: bool = False,
        sync_mode: bool = False,
        disabled: bool = False,
        debug: bool = False,
        before_send: BeforeSend | None = None,
        raise_errors: bool = False,
        sticky_groups: bool = False,
        disable_geoip: bool = True,
        spool: str | os.PathLike[str] | None = None,
        spool_max_bytes: int = MAX_SPOOL_BYTES,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        at_least(1, flush_at=flush_at, max_batch_bytes=max_batch_bytes, max_queue_size=max_queue_size, spool_max_bytes=spool_max_bytes)
        at_least(0, max_retries=max_retries)
        if flush_interval < 0 or timeout_seconds <= 0:
            raise CaptureError(f"flush_interval {flush_interval!r} and timeout_seconds {timeout_seconds!r} are seconds, and not negative")
        self._log = log_of_each_step() if debug else logging.getLogger(LOG)
        self._now = now
        self._sync_mode = sync_mode
        self._before_send = before_send
        self._raise_errors = raise_errors
        self._groups: dict[str, Any] | None = {} if sticky_groups else None
        self._hints = Hints()
        self._lib = {"$lib": LIB, "$lib_version": __version__, **({"$geoip_disable": True} if disable_geoip else {})}
        self._sender: Sender | None = None
        self._shown = "disabled"
        if disabled:
            return
        transport: Transport
        if isinstance(host, EventSink):
            key = checked_key(api_key or os.environ.get("EVKIT_API_KEY") or KEY_OF_STORE)
            transport = StoreTransport(key, host, now=now)
            to = type(host).__name__
        else:
            to, key = checked_host(host), checked_key(api_key)
            transport = HttpTransport(
                key, to, timeout_seconds=timeout_seconds, compress=gzip, historical_migration=historical_migration, now=now
            )
            to = without_login(to)
        halved = OF_EVENTS if isinstance(transport, StoreTransport) else (TOO_BIG,)  # of a batch for a store the good events get through
        queue: Queue = MemoryQueue(max_queue_size) if spool is None else Spool(spool, key, max_bytes=spool_max_bytes, log=self._log)
        self._shown = f"{masked(key)!r}, host={to!r}"
        self._sender = Sender(
            transport,
            queue,
            halved=halved,
            flush_at=flush_at,
            flush_interval=flush_interval,
            max_batch_bytes=max_batch_bytes,
            max_retries=max_retries,
            in_thread=not sync_mode,
            sleep=sleep,
            log=self._log,
        )

    def __repr__(self) -> str:
        return f"Client({self._shown})"

    def _repr_html_(self) -> str:
        from evkit import markup

        return markup.card("Client", [("sends to", self._shown)])

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.shutdown()

    # ------------------------------------------------------------------ events
    def capture(
        self,
        first: Id | Left = NOT_GIVEN,
        second: str | Left = NOT_GIVEN,
        third: Properties | Left = NOT_GIVEN,
        /,
        *,
        event: str | Left = NOT_GIVEN,
        distinct_id: Id | Left = NOT_GIVEN,
        properties: Properties | Left = NOT_GIVEN,
        groups: Mapping[str, Any] | None = None,
        timestamp: Time = None,
        uuid: str | uuids.UUID | None = None,
    ) -> str | None:
        """Capture that something happened.

        Two positional texts are distinct_id and event; one with `event=` is the distinct_id; one with `distinct_id=`, or in a context
        that gives it, is the event; by keyword each is what it is called.

        Parameters
        ----------
        first, second, third
            The positional forms: distinct_id, event, properties; or the event alone.
        event, distinct_id
            What happened, and to whom.
        properties
            Anything that can be made JSON; `$set` and `$set_once` in it set person properties.
        groups
            Group type -> key, {"company": "id:5"}: for this event only.
        timestamp
            When it happened; UTC when naive. Now by default.
        uuid
            The key under which the event counts once; made by default.

        Returns
        -------
        str | None
            The event's uuid; None when it was dropped, or the client is disabled.

        Raises
        ------
        TypeError
            When the call has none of the forms; always, since no data can cure it.

        Examples
        --------
        >>> Client(disabled=True).capture("user_42", "movie_played", {"movie_id": 7}) is None
        True
        """
        who, what, more = read_form(first, second, third, event, distinct_id, properties)
        return self._record(what, who, more, groups=groups, timestamp=timestamp, uuid=uuid, in_context=True)

    def identify(
        self,
        distinct_id: Id,
        properties: Properties = None,
        *,
        set_once: Properties = None,
        anon_distinct_id: Id = None,
        timestamp: Time = None,
        uuid: str | uuids.UUID | None = None,
    ) -> str | None:
        """Say who someone is: set person properties, and with `anon_distinct_id` join who they were before.

        Parameters
        ----------
        distinct_id
            Your id for them.
        properties, set_once
            Person properties; those of `set_once` only where there are none yet.
        anon_distinct_id
            The anonymous id from before they signed in, as the browser has it.
        timestamp, uuid
            As in `capture`.

        Raises
        ------
        TypeError
            When the second is an id; always, since no data can cure it.
        """
        check_properties("identify", distinct_id, properties)
        ids = {} if anon_distinct_id is None else {"$anon_distinct_id": anon_distinct_id}
        parts = {"$set": properties} if set_once is None else {"$set": properties, "$set_once": set_once}
        return self._record("$identify", distinct_id, None, ids=ids, parts=parts, timestamp=timestamp, uuid=uuid)

    def alias(self, previous_id: Id, distinct_id: Id, *, timestamp: Time = None, uuid: str | uuids.UUID | None = None) -> str | None:
        """Join two ids of one person, as PostHog's Python SDK does.

        Parameters
        ----------
        previous_id
            The id whose person stays: the event is theirs.
        distinct_id
            The id that joins it. One that was identified already is refused by PostHog.
        timestamp, uuid
            As in `capture`.
        """
        return self._record("$create_alias", previous_id, None, ids={"alias": distinct_id}, timestamp=timestamp, uuid=uuid)

    def set(
        self, distinct_id: Id = None, properties: Properties = None, *, timestamp: Time = None, uuid: str | uuids.UUID | None = None
    ) -> str | None:
        """Set person properties.

        Parameters
        ----------
        distinct_id
            Whose; None takes the context's.
        properties
            What to set.
        timestamp, uuid
            As in `capture`.
        """
        return self._record("$set", distinct_id, None, top={"$set": properties}, timestamp=timestamp, uuid=uuid)

    def set_once(
        self, distinct_id: Id = None, properties: Properties = None, *, timestamp: Time = None, uuid: str | uuids.UUID | None = None
    ) -> str | None:
        """Set person properties that have no value yet.

        Parameters
        ----------
        distinct_id
            Whose; None takes the context's.
        properties
            What to set.
        timestamp, uuid
            As in `capture`.
        """
        return self._record("$set_once", distinct_id, None, top={"$set_once": properties}, timestamp=timestamp, uuid=uuid)

    def group_identify(
        self,
        group_type: str,
        group_key: Id,
        properties: Properties = None,
        *,
        distinct_id: Id = None,
        timestamp: Time = None,
        uuid: str | uuids.UUID | None = None,
    ) -> str | None:
        """Set the properties of a group.

        Parameters
        ----------
        group_type, group_key
            "company", "id:5".
        properties
            What to set.
        distinct_id
            Who did it; by default "$company_id:5", which is no person.
        timestamp, uuid
            As in `capture`.
        """
        who = f"${as_text(group_type)}_{as_text(group_key)}" if distinct_id is None else distinct_id
        ids = {"$group_type": group_type, "$group_key": group_key}
        made = self._record("$groupidentify", who, None, ids=ids, parts={"$group_set": properties}, timestamp=timestamp, uuid=uuid)
        if made is not None:
            self._hint(*self._hints.of_groups({as_text(group_type): as_text(group_key)}))
            self._stick({as_text(group_type): group_key})
        return made

    def page(
        self,
        distinct_id: Id = None,
        url: str | None = None,
        properties: Properties = None,
        *,
        name: str | None = None,
        groups: Mapping[str, Any] | None = None,
        timestamp: Time = None,
        uuid: str | uuids.UUID | None = None,
    ) -> str | None:
        """Capture that a page was seen: `$pageview`.

        Parameters
        ----------
        distinct_id
            Who saw it; None takes the context's.
        url, name
            Its address, `$current_url`; its title.
        properties, groups, timestamp, uuid
            As in `capture`.
        """
        seen = {key: value for key, value in {"$current_url": url, "title": name}.items() if value is not None}
        return self._record("$pageview", distinct_id, properties, own=seen, groups=groups, timestamp=timestamp, uuid=uuid, in_context=True)

    # ------------------------------------------------------------------ around your code
    def context(
        self,
        *,
        distinct_id: Id = None,
        session_id: str | None = None,
        groups: Mapping[str, Any] | None = None,
        properties: Properties = None,
        fresh: bool = False,
    ) -> contexts.Scope:
        """Say for a `with` block who acts; it holds in this thread or asyncio task, for every client, and ends with the block.

        Parameters
        ----------
        distinct_id, session_id
            Given to events that don't say their own.
        groups, properties
            Merged under those of each event, over those of a context around.
        fresh
            Forget the contexts around.

        Examples
        --------
        >>> client = Client(disabled=True)
        >>> with client.context(distinct_id="user_42", groups={"company": "id:5"}):
        ...     _ = client.capture("movie_played")
        """
        return contexts.scope(distinct_id=distinct_id, session_id=session_id, groups=groups, properties=properties, fresh=fresh)

    def track(
        self,
        event: str,
        *,
        distinct_id: Id | Said = None,
        properties: Properties | Said = None,
        groups: Mapping[str, Any] | Said | None = None,
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """Capture an event whenever a function returns; not when it raises. Its result and its exceptions stay as they are.

        Parameters
        ----------
        event
            What happened.
        distinct_id, properties, groups
            As in `capture`, or a function of the call: it is given the arguments by name, and the result.

        Examples
        --------
        >>> client = Client(disabled=True)
        >>> @client.track("movie_played", distinct_id=lambda call, result: call["user"], properties=lambda call, result: {"seconds": result})
        ... def play(user, movie_id):
        ...     return 90
        >>> play("user_42", 7)
        90
        """
        return tracked(lambda: self, event, distinct_id=distinct_id, properties=properties, groups=groups)

    # ------------------------------------------------------------------ sending
    def flush(self, timeout_seconds: float = 30.0) -> bool:
        """Wait until everything captured so far was sent.

        Returns
        -------
        bool
            False when some was not: given up, refused, still waiting, or captured after `shutdown`.
        """
        return self._sender is None or self._sender.flush(timeout_seconds)

    def shutdown(self, timeout_seconds: float = 10.0) -> None:
        """Send what waits and end. What is captured afterwards is dropped; what could not be sent stays in the spool, or is lost."""
        if self._sender is not None:
            self._sender.shutdown(timeout_seconds)

    def stats(self) -> Stats:
        """Give the counts of events captured, pending, sent and dropped, of requests and retries, and the last error."""
        return Stats() if self._sender is None else self._sender.stats()

    # ------------------------------------------------------------------ one event
    def _record(
        self,
        name: Any,
        distinct_id: Any,
        properties: Any,
        *,
        own: Mapping[str, Any] | None = None,
        ids: Mapping[str, Any] | None = None,
        parts: Mapping[str, Any] | None = None,
        top: Mapping[str, Any] | None = None,
        groups: Any = None,
        timestamp: Any = None,
        uuid: Any = None,
        in_context: bool = False,
    ) -> str | None:
        """Make an event and queue it. Nothing of the caller's is looked at before the guard.

        `own` are properties that win over the caller's, `ids` such that must be ids; `parts` (inside the properties) and `top` (beside
        them) are mappings of the caller's.
        """
        if self._sender is None:
            return None
        with self._guard(name):
            if not isinstance(name, str) or not name:
                raise CaptureError(f"the event has no name: it is {name!r}")
            context, now = contexts.current(), self._now()
            who = id_text(context.distinct_id if distinct_id is None or distinct_id is NOT_GIVEN else distinct_id)
            self._hint(self._hints.of_event(who, name) if in_context else "")
            if top and None in top.values():
                self._complain(f"{name} of {who!r:.100} sets nothing: give it properties, such as {{'plan': 'pro'}}")
            made = {
                "event": name,
                "distinct_id": who,
                "uuid": self._uuid(uuid, now),
                "timestamp": utc_text(self._time(timestamp, now)),
                "properties": {
                    **(
                        self._surrounded(name, properties, groups, context) if in_context else self._mapping(name, "properties", properties)
                    ),
                    **({} if context.session_id is None else {"$session_id": context.session_id}),
                    **(own or {}),
                    **{key: id_text(value, key) for key, value in (ids or {}).items()},
                    **{key: self._mapping(name, key, value) for key, value in (parts or {}).items()},
                    **self._lib,
                },
                **{key: self._mapping(name, key, value) for key, value in (top or {}).items()},
            }
            return self._put(made)
        return None

    def record_call(
        self,
        name: str,
        said: Recorded,
        signature: inspect.Signature,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        result: Any,
    ) -> None:
        """Record that a function returned; what is said by functions is asked of them, inside the guard."""
        if self._sender is None:
            return
        distinct_id = properties = groups = None
        with self._guard(name) as guard:
            if any(map(callable, said)):
                call = signature.bind(*args, **kwargs)
                call.apply_defaults()
                said = tuple(one(dict(call.arguments), result) if callable(one) else one for one in said)
            distinct_id, properties, groups = said
        if not guard.failed:
            self._record(name, distinct_id, properties, groups=groups, in_context=True)

    def _surrounded(self, name: str, properties: Any, groups: Any, context: contexts.Context) -> dict[str, Any]:
        """Give an event's properties over those of its context, with the groups it belongs to."""
        given = self._mapping(name, "groups", groups)
        self._hint(*self._hints.of_groups({as_text(kind): as_text(key) for kind, key in given.items()}))
        self._stick(given)
        made = {**context.properties, **self._mapping(name, "properties", properties)}
        belongs = {**(self._groups or {}), **context.groups, **self._mapping(name, "$groups", made.get("$groups")), **given}
        return {**made, "$groups": belongs} if belongs else made

    def _mapping(self, name: str, what: str, value: Any) -> Mapping[str, Any]:
        if value is None or isinstance(value, Mapping):
            return value or {}
        self._complain(f"{what} of {name} are {type(value).__name__}, not a mapping: they are left out")
        return {}

    def _put(self, event: Event) -> str | None:
        assert self._sender is not None
        made = to_json(event)
        if self._before_send is not None:
            kept = self._asked_before_send(made)
            if kept is None:
                return None
            made = kept
        line = json.dumps(made, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        if len(line) > MAX_EVENT_BYTES:
            raise TooLarge(f"it has {len(line):,} bytes, and {MAX_EVENT_BYTES:,} is the most: send less with it")
        self._log.debug("captured %s %s", made["event"], made["uuid"])
        if not self._sender.put(line):
            if self._raise_errors:
                shut = self._sender.is_closed
                raise DeliveryError("the client was shut down" if shut else "no room in the queue: the host is away or too slow")
            return None
        if self._sync_mode and not self._sender.drain() and self._raise_errors:
            raise DeliveryError(f"not sent: {self._sender.stats().last_error}")
        return str(made["uuid"])

    def _asked_before_send(self, event: Event) -> Event | None:
        assert self._before_send is not None and self._sender is not None
        key = event["uuid"]
        try:
            kept = self._before_send(event)
        except Exception as error:
            self._sender.count("withheld")
            self._complain(f"before_send failed ({type(error).__name__}: {error}): the event is dropped")
            return None
        if kept is None:
            self._sender.count("withheld")
            self._log.debug("before_send dropped an event")
            return None
        if not isinstance(kept, Mapping):
            raise CaptureError(f"before_send gave {type(kept).__name__}: give the event back, or None")
        made = cast(Event, to_json(kept))
        made["uuid"] = made.get("uuid") or key
        message.event_of(made, received_at=self._now())  # raises for what no host takes
        return made

    def _time(self, value: Any, now: dt.datetime) -> dt.datetime:
        if value is None:
            return now
        time = message.parse_time(value.isoformat() if type(value) is dt.date else value)
        if time is None:
            self._complain(f"timestamp {value!r} can't be read: now is taken. Give a datetime or ISO text")
        return time or now

    def _uuid(self, value: Any, now: dt.datetime) -> str:
        try:
            known = message.checked_uuid(str(value) if isinstance(value, uuids.UUID) else value)
        except CaptureError as error:
            self._complain(str(error))
            known = None
        return known or message.uuid7(now)

    def _stick(self, groups: Mapping[str, Any]) -> None:
        if self._groups is not None and groups:
            self._groups = {**self._groups, **groups}

    def _hint(self, *texts: str) -> None:
        for text in filter(None, texts):
            self._log.warning(text)

    def _complain(self, text: str) -> None:
        if self._raise_errors:
            raise CaptureError(text)
        self._log.warning(text)

    def _guard(self, name: Any) -> Guard:
        return Guard(self._sender, name, self._raise_errors)


def log_of_each_step() -> logging.Logger:
    """Give a log that shows every line, on stderr where the program has set up nothing."""
    log = logging.getLogger(LOG_OF_EACH_STEP)
    log.setLevel(logging.DEBUG)
    if not log.hasHandlers():
        shown = logging.StreamHandler()
        shown.setFormatter(logging.Formatter("%(asctime)s evkit.capture %(message)s"))
        log.addHandler(shown)
    return log
