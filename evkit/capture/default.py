"""The client of the whole program: `from evkit import capture as posthog; posthog.configure(...); posthog.capture(...)`.

Without `configure` it is made by the first call, from EVKIT_API_KEY and EVKIT_HOST. Where these say nothing either, calls do what a
client's do: they never raise into the program, but for a wrong form of call; events are dropped, which is logged and counted.
"""

from __future__ import annotations

import logging
import os
import threading
import uuid as uuids
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from evkit.capture import contexts
from evkit.capture.calls import NOT_GIVEN, Id, Left, Properties, Said, Time
from evkit.capture.client import BeforeSend, Client
from evkit.capture.queues import MAX_QUEUE_SIZE, counted
from evkit.capture.sender import MAX_BATCH_BYTES, WARN_EVERY, Stats
from evkit.capture.spool import MAX_SPOOL_BYTES
from evkit.capture.tracking import P, R, tracked
from evkit.capture.transport import EventSink
from evkit.errors import CaptureError

log = logging.getLogger("evkit.capture")

_LOCK = threading.Lock()
_CLIENT: Client | None = None
_dropped = 0
"""Calls made while there was no client, and what was wrong."""
_why = ""


def configure(
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
) -> Client:
    """Make the program's client, in place of one made before, which sends what it has and ends.

    Parameters
    ----------
    api_key, host, flush_at, flush_interval, max_batch_bytes, max_queue_size, max_retries, timeout_seconds, gzip, historical_migration, \
sync_mode, disabled, debug, before_send, raise_errors, sticky_groups, disable_geoip, spool, spool_max_bytes
        As in `Client`.

    Raises
    ------
    CaptureError
        When key, host or spool can't be used.

    Examples
    --------
    >>> configure(disabled=True)
    Client(disabled)
    >>> capture("user_42", "movie_played") is None
    True
    """
    global _CLIENT
    made = Client(
        api_key,
        host=host,
        flush_at=flush_at,
        flush_interval=flush_interval,
        max_batch_bytes=max_batch_bytes,
        max_queue_size=max_queue_size,
        max_retries=max_retries,
        timeout_seconds=timeout_seconds,
        gzip=gzip,
        historical_migration=historical_migration,
        sync_mode=sync_mode,
        disabled=disabled,
        debug=debug,
        before_send=before_send,
        raise_errors=raise_errors,
        sticky_groups=sticky_groups,
        disable_geoip=disable_geoip,
        spool=spool,
        spool_max_bytes=spool_max_bytes,
    )
    with _LOCK:
        before, _CLIENT = _CLIENT, made
    if before is not None:
        before.shutdown()
    return made


def default_client() -> Client:
    """Give the program's client.

    Raises
    ------
    CaptureError
        When nothing configured one, and the environment doesn't either.
    """
    global _CLIENT
    with _LOCK:
        if _CLIENT is None:
            _CLIENT = Client()
        return _CLIENT


def _sending() -> Client:
    """Give the program's client; where none can be made, tell, and give one that drops what it is given."""
    global _dropped, _why
    try:
        return default_client()
    except CaptureError as error:
        with _LOCK:
            _dropped += 1
            _why, so_far = str(error), _dropped
        if so_far % WARN_EVERY == 1:
            log.warning("%s dropped so far: the client is not configured (%s)", counted(so_far), error)
        return Client(disabled=True)


def capture(
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
    """Capture that something happened: `Client.capture`."""
    return _sending().capture(
        first,
        second,
        third,
        event=event,
        distinct_id=distinct_id,
        properties=properties,
        groups=groups,
        timestamp=timestamp,
        uuid=uuid,
    )


def identify(
    distinct_id: Id,
    properties: Properties = None,
    *,
    set_once: Properties = None,
    anon_distinct_id: Id = None,
    timestamp: Time = None,
    uuid: str | uuids.UUID | None = None,
) -> str | None:
    """Say who someone is: `Client.identify`."""
    return _sending().identify(
        distinct_id, properties, set_once=set_once, anon_distinct_id=anon_distinct_id, timestamp=timestamp, uuid=uuid
    )


def alias(previous_id: Id, distinct_id: Id, *, timestamp: Time = None, uuid: str | uuids.UUID | None = None) -> str | None:
    """Join two ids of one person: `Client.alias`."""
    return _sending().alias(previous_id, distinct_id, timestamp=timestamp, uuid=uuid)


def set(
    distinct_id: Id = None, properties: Properties = None, *, timestamp: Time = None, uuid: str | uuids.UUID | None = None
) -> str | None:
    """Set person properties: `Client.set`."""
    return _sending().set(distinct_id, properties, timestamp=timestamp, uuid=uuid)


def set_once(
    distinct_id: Id = None, properties: Properties = None, *, timestamp: Time = None, uuid: str | uuids.UUID | None = None
) -> str | None:
    """Set person properties that have no value yet: `Client.set_once`."""
    return _sending().set_once(distinct_id, properties, timestamp=timestamp, uuid=uuid)


def group_identify(
    group_type: str,
    group_key: Id,
    properties: Properties = None,
    *,
    distinct_id: Id = None,
    timestamp: Time = None,
    uuid: str | uuids.UUID | None = None,
) -> str | None:
    """Set the properties of a group: `Client.group_identify`."""
    return _sending().group_identify(group_type, group_key, properties, distinct_id=distinct_id, timestamp=timestamp, uuid=uuid)


def page(
    distinct_id: Id = None,
    url: str | None = None,
    properties: Properties = None,
    *,
    name: str | None = None,
    groups: Mapping[str, Any] | None = None,
    timestamp: Time = None,
    uuid: str | uuids.UUID | None = None,
) -> str | None:
    """Capture that a page was seen: `Client.page`."""
    return _sending().page(distinct_id, url, properties, name=name, groups=groups, timestamp=timestamp, uuid=uuid)


def context(
    *,
    distinct_id: Id = None,
    session_id: str | None = None,
    groups: Mapping[str, Any] | None = None,
    properties: Properties = None,
    fresh: bool = False,
) -> contexts.Scope:
    """Say for a `with` block who acts: `Client.context`."""
    return contexts.scope(distinct_id=distinct_id, session_id=session_id, groups=groups, properties=properties, fresh=fresh)


def track(
    event: str,
    *,
    distinct_id: Id | Said = None,
    properties: Properties | Said = None,
    groups: Mapping[str, Any] | Said | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Capture an event whenever a function returns: `Client.track`, with the client of the moment of the call."""
    return tracked(_sending, event, distinct_id=distinct_id, properties=properties, groups=groups)


def flush(timeout_seconds: float = 30.0) -> bool:
    """Wait until everything captured so far was sent: `Client.flush`."""
    return _CLIENT.flush(timeout_seconds) if _CLIENT is not None else not _dropped


def shutdown(timeout_seconds: float = 10.0) -> None:
    """Send what waits and end: `Client.shutdown`. What is captured afterwards is dropped, until `configure`."""
    if _CLIENT is not None:
        _CLIENT.shutdown(timeout_seconds)


def stats() -> Stats:
    """Give the counts of the program's client: `Client.stats`."""
    if _CLIENT is None:
        return Stats(captured=_dropped, undelivered=_dropped, last_error=_why or None)
    found = _CLIENT.stats()  # and what was dropped before there was a client
    return replace(found, captured=found.captured + _dropped, undelivered=found.undelivered + _dropped)
