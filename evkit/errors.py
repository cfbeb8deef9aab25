"""Every exception and warning that evkit raises on purpose.

The tree::

    EvkitError
    ├── SpecError (ValueError)      the question is wrong: an unknown word, a missing step, a reversed range
    │   ├── UnsupportedQuery        a query of PostHog's that evkit doesn't answer (yet), named
    │   └── ReversedRange           a range that ends before it starts
    ├── NotExpressible              the figure exists, but no SQL says it exactly
    ├── DataError                   the data can't answer: a missing column, an unreadable file
    │   └── MissingFile (FileNotFoundError)
    ├── CaptureError (ValueError)   an event or batch that capture refuses
    ├── CacheError                  kept figures that can't be read or written; what they were made from still answers
    ├── DeliveryError               events that their host did not take
    ├── PostHogError                a project of PostHog's that can't be fetched
    │   ├── KeyRefused              the key isn't taken, or lacks a scope
    │   ├── NotThere                the host has nothing at this path
    │   ├── Unreachable             the host could not be reached
    │   └── TooHeavy                a query that its host takes too long over
    └── StoreError                  a store's folder that can't be read or written
        └── StoreFull               no room left: nothing of the request is kept, and it can be sent again

    EvkitWarning (UserWarning)
    ├── UnknownEventWarning         a question names what the data doesn't have: an event, a property, a value, a time
    ├── NothingBeforeWarning        the period that is compared with lies outside the data
    ├── TruncatedWarning            a result was cut to a limit
    ├── SamplingWarning             a query asks for figures of a sample; evkit's are exact
    ├── RejectedRowsWarning         rows were set aside while loading
    ├── FailedTileWarning           a question of a dashboard failed; its place says why
    ├── CacheWarning                nothing could be kept: questions are answered without, and take longer
    ├── StaleDataWarning            the newest event is old: nothing may be coming in any more
    └── FutureEventsWarning         events lie in the future: a wrong clock sent them
"""

from __future__ import annotations

import difflib
import sys
import warnings
from collections.abc import Iterable


class EvkitError(Exception):
    """Base of every error that evkit raises on purpose."""


class SpecError(EvkitError, ValueError):
    """The question is wrong; it fails where it is typed."""


class UnsupportedQuery(SpecError):
    """A query that evkit can't answer; the message names the part it can't."""


class ReversedRange(SpecError):
    """A range of dates ends before it starts."""


class NotExpressible(EvkitError):
    """No SQL says this figure exactly; the message names the rule that SQL can't say."""


class DataError(EvkitError):
    """The data can't answer the question: a missing column, an unreadable file."""


class MissingFile(DataError, FileNotFoundError):
    """No file there."""


class CaptureError(EvkitError, ValueError):
    """An event or batch that capture refuses; `event` and `distinct_id` say which one it is about, where that is known."""

    def __init__(self, *words: object, event: str | None = None, distinct_id: str | None = None) -> None:
        super().__init__(*words)
        self.event = event
        self.distinct_id = distinct_id


class StoreError(EvkitError):
    """A store's folder can't be read or written."""


class StoreFull(StoreError):
    """No room left in a store's folder: nothing of the request is kept, and it can be sent again."""


class CacheError(EvkitError):
    """What was kept can't be read or written, or isn't what was written; the data themselves still answer."""


class DeliveryError(EvkitError):
    """Events that their host did not take; the message says why. Only for who asked: `raise_errors=True`."""


class PostHogError(EvkitError):
    """A project of PostHog's that can't be fetched; the message says what was asked, what came back, and what to do."""


class KeyRefused(PostHogError):
    """The key isn't taken, or lacks a scope, which the message names."""


class NotThere(PostHogError):
    """The host has nothing at this path: no such project, or no such part of its API."""


class Unreachable(PostHogError):
    """The host could not be reached, or broke off each time."""


class TooHeavy(PostHogError):
    """A query that its host takes too long over: asking for less at once may work."""


class EvkitWarning(UserWarning):
    """Base of every warning that evkit gives."""


class UnknownEventWarning(EvkitWarning):
    """A question names what the data doesn't have: an event, a property, a value, a time."""


class NothingBeforeWarning(EvkitWarning):
    """The period that a question compares with lies outside the data."""


class TruncatedWarning(EvkitWarning):
    """A result was cut to a limit."""


class SamplingWarning(EvkitWarning):
    """A query asks for figures estimated from a sample; evkit's are exact."""


class RejectedRowsWarning(EvkitWarning):
    """Rows were set aside while loading."""


class FailedTileWarning(EvkitWarning):
    """A question of a dashboard failed; its place in the dashboard says why."""


class CacheWarning(EvkitWarning):
    """Nothing could be kept beside the data: questions are answered without, and take longer."""


class StaleDataWarning(EvkitWarning):
    """The newest event is old, or there is none: nothing may be coming in any more."""


class FutureEventsWarning(EvkitWarning):
    """Events lie in the future: a wrong clock sent them."""


BETWEEN = frozenset({"evkit", "functools", "contextlib", "IPython", "ipykernel", "traitlets", "decorator"})
"""What stands between the line that asks and the one that warns: ourselves, and what calls us on behalf of a notebook's line."""


def warn(message: str, category: type[EvkitWarning]) -> None:
    """Warn at the line outside of evkit that asked: its own lines say nothing to who reads the warning."""
    frame, level = sys._getframe(1), 2  # 1 is this function's own line
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in BETWEEN:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def nearest(value: object, allowed: Iterable[str]) -> str:
    """Say which allowed word is nearest to `value`: ``" Did you mean 'x'?"``, or nothing.

    Examples
    --------
    >>> nearest("uniq", ["total", "unique_session"])
    " Did you mean 'unique_session'?"
    """
    words = list(allowed)
    text = str(value)
    close = difflib.get_close_matches(text, words, n=1, cutoff=0.5) or [w for w in words if len(text) > 2 and text.lower() in w.lower()]
    return f" Did you mean {close[0]!r}?" if close else ""


def whole(name: str, value: object) -> None:
    """Raise for something that is no whole number.

    Examples
    --------
    >>> whole("breakdown_limit", "3")
    Traceback (most recent call last):
    evkit.errors.SpecError: breakdown_limit '3' is no whole number
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise SpecError(f"{name} {value!r} is no whole number")


def unknown(kind: str, value: object, allowed: Iterable[str]) -> SpecError:
    """Make the error for a word that isn't one of the allowed ones.

    Examples
    --------
    >>> print(unknown("math", "uniq", ["total", "dau", "unique_session"]))
    unknown math 'uniq'. Did you mean 'unique_session'? One of: total, dau, unique_session
    """
    words = list(allowed)
    return SpecError(f"unknown {kind} {value!r}.{nearest(value, words)} One of: {', '.join(words)}")
