"""How people call a client: the forms of `capture`, ids, numbers, and what stands for an argument left out."""

from __future__ import annotations

import datetime as dt
import enum
import math
import uuid as uuids
from collections.abc import Callable, Mapping
from typing import Any, Literal

from evkit.capture import contexts, message
from evkit.errors import CaptureError


class NotGiven(enum.Enum):
    """Stands for an argument that was left out, which None doesn't."""

    NOT_GIVEN = enum.auto()


NOT_GIVEN = NotGiven.NOT_GIVEN
Left = Literal[NotGiven.NOT_GIVEN]
Id = str | int | float | uuids.UUID | None
"""A distinct_id; None where the program has none, and the context's is taken."""
Properties = Mapping[str, Any] | None
Time = dt.datetime | dt.date | str | None
"""When something happened: aware, or UTC when naive; or ISO text. None is now."""
Said = Callable[[dict[str, Any], Any], Any]
"""Gives something from a call: its arguments by name, and its result."""

FORMS = """capture takes one of these forms:
  capture("user_42", "movie_played", {"movie_id": 7})            the distinct_id, then the event
  capture("user_42", event="movie_played", properties={...})
  capture("movie_played", distinct_id="user_42", properties={...})
  capture("movie_played", properties={...})                       where a context gives the distinct_id
  capture(event="movie_played", distinct_id="user_42")"""


def at_least(least: int, **numbers: object) -> None:
    """Raise for an option that is no whole number, or too small.

    Examples
    --------
    >>> at_least(1, flush_at=0)
    Traceback (most recent call last):
    evkit.errors.CaptureError: flush_at 0 is no whole number from 1 on
    """
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, int) or number < least:
            raise CaptureError(f"{name} {number!r} is no whole number from {least} on")


def read_form(first: Any, second: Any, third: Any, event: Any, distinct_id: Any, properties: Any) -> tuple[Any, str, Any]:
    """Tell distinct_id, event and properties apart in a call of `capture`.

    Raises
    ------
    TypeError
        When it has none of the forms; the text shows them.

    Examples
    --------
    >>> read_form("user_42", NOT_GIVEN, NOT_GIVEN, "movie_played", NOT_GIVEN, {"movie_id": 7})
    ('user_42', 'movie_played', {'movie_id': 7})
    """
    given = lambda value: value is not NOT_GIVEN  # noqa: E731
    wrong = ""
    if given(third) and given(properties):
        wrong = "properties are given twice"
    elif given(second) and (given(event) or given(distinct_id)):
        wrong = "two are positional, distinct_id and event, and one comes again by keyword"
    elif given(second):
        distinct_id, event = first, second
    elif given(first) and given(event) and given(distinct_id):
        wrong = f"event and distinct_id are given by keyword, and {first!r} besides"
    elif given(first) and given(event):
        distinct_id = first
    elif given(first):
        event = first
    if not wrong and not given(event):
        wrong = "no event is given"
    elif not wrong and not isinstance(event, str):
        wrong = f"the event is {event!r}, and its name is a text"
    elif not wrong and not given(distinct_id) and contexts.current() is contexts.NOTHING:
        wrong = "no distinct_id is given, and no context gives one"
    if wrong:
        raise TypeError(f"{wrong}. {FORMS}")
    return distinct_id, event, properties if given(properties) else third if given(third) else None


def check_properties(call: str, distinct_id: object, properties: object) -> None:
    """Raise where a second id stands in the place of properties.

    Raises
    ------
    TypeError
        With the form that joins two ids.

    Examples
    --------
    >>> check_properties("identify", "user_42", "visitor_1")
    Traceback (most recent call last):
    TypeError: identify takes properties second, such as {"plan": "pro"}, not the id 'visitor_1'. Who they were before is given by keyword: \
identify('user_42', anon_distinct_id='visitor_1')
    """
    if isinstance(properties, (str, int, uuids.UUID)) and not isinstance(properties, bool):
        raise TypeError(
            f'{call} takes properties second, such as {{"plan": "pro"}}, not the id {properties!r:.100}. '
            f"Who they were before is given by keyword: {call}({distinct_id!r:.100}, anon_distinct_id={properties!r:.100})"
        )


def id_text(value: Any, called: str = "distinct_id") -> str:
    """Give an id as text: a number as PostHog's SDKs and servers write it, 7.0 as "7.0".

    Raises
    ------
    CaptureError
        When it is none: no text, number or UUID, or a blank text; the message says what it was.

    Examples
    --------
    >>> id_text(42), id_text("user_42"), id_text(7.0)
    ('42', 'user_42', '7.0')
    >>> id_text(float("nan"))
    Traceback (most recent call last):
    evkit.errors.CaptureError: distinct_id nan is no id: give a text, a number or a UUID
    """
    bare = value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value  # numpy's numbers
    if isinstance(bare, str):
        text = str.__str__(bare)
    elif isinstance(bare, bool) or not isinstance(bare, (int, float, uuids.UUID)) or (isinstance(bare, float) and not math.isfinite(bare)):
        text = ""
    else:
        text = str(bare)
    if not text.strip():
        raise CaptureError(f"{called} {value!r:.100} is no id: give a text, a number or a UUID")
    return message.cleaned(text)
