"""Around a caller's code: the decorator that captures each return, and the guard that keeps what goes wrong out of the program."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from evkit.capture.calls import Id, Properties, Said
from evkit.capture.jsonable import TooLarge
from evkit.capture.sender import Sender
from evkit.errors import CaptureError, DeliveryError, EvkitError

log = logging.getLogger("evkit.capture")

P = ParamSpec("P")
R = TypeVar("R")
Recorded = tuple[Any, Any, Any]
"""distinct_id, properties and groups, or functions that give them."""


class Recorder(Protocol):
    """What records a call: a client."""

    def record_call(
        self, name: str, said: Recorded, signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
    ) -> None:
        """Record that a function returned."""


class Guard:
    """Around what is made of a caller's data: what it raises is logged and counted, and goes no further unless that is asked for.

    Parameters
    ----------
    sender, name
        Counts; the event's name, for the log.
    raise_errors
        Let errors through, as evkit's.
    """

    def __init__(self, sender: Sender | None, name: Any, raise_errors: bool) -> None:
        self._sender = sender
        self._name = name
        self._raise_errors = raise_errors
        self.failed = False

    def __enter__(self) -> Guard:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        if error is None or not isinstance(error, Exception):
            return False
        self.failed = True
        if self._sender is not None and not isinstance(error, DeliveryError):
            self._sender.count("too_large" if isinstance(error, TooLarge) else "invalid")
        if self._raise_errors:
            if isinstance(error, EvkitError):
                return False
            raise CaptureError(f"{type(error).__name__}: {error}") from error
        log.warning("event %s dropped: %s", self._name if isinstance(self._name, str) else type(self._name).__name__, error)
        return True


def tracked(
    client: Callable[[], Recorder],
    event: str,
    *,
    distinct_id: Id | Said = None,
    properties: Properties | Said = None,
    groups: Mapping[str, Any] | Said | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make the decorator of `track`, for the client that there is when the function is called.

    Raises
    ------
    TypeError
        When the event's name is missing, as in `@client.track` without parentheses.
    """
    if not isinstance(event, str):
        raise TypeError(f"track takes the event's name: @client.track('movie_played'), not {event!r}")

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        def returned(result: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            client().record_call(event, (distinct_id, properties, groups), signature, args, kwargs, result)

        @functools.wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            result = function(*args, **kwargs)
            returned(result, args, kwargs)
            return result

        @functools.wraps(function)
        async def awaited(*args: P.args, **kwargs: P.kwargs) -> Any:
            result = await cast(Awaitable[Any], function(*args, **kwargs))
            returned(result, args, kwargs)
            return result

        return cast(Callable[P, R], awaited) if inspect.iscoroutinefunction(function) else called

    return decorated
