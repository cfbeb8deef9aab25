"""Anything a program may put into an event's properties -> what JSON can say. Knows numpy's and pandas' values without importing them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import math
import uuid
from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from evkit.capture.message import cleaned
from evkit.errors import CaptureError

DEEPEST = 32
"""Levels of nesting; what is deeper is replaced by a text."""
MOST_VALUES = 200_000
"""Values in one event; with more it would be larger than any host takes."""
LONGEST_STAND_IN = 1_000
"""Characters of the text of an object that JSON doesn't know."""


class TooLarge(CaptureError):
    """An event that is larger than hosts take."""


def to_json(value: Any) -> Any:
    """Give a value as JSON can say it.

    Times become ISO texts, Decimal a float, sets lists, NaN and the infinities null, enums their value, dataclasses and pydantic's models
    objects, bytes and everything else text; a structure that holds itself, or is too deep, is cut there.

    Raises
    ------
    TooLarge
        When there is no end to it.

    Examples
    --------
    >>> to_json({"price": Decimal("1.25"), "at": dt.date(2026, 1, 2), "tags": {"a"}, 7: float("nan")})
    {'price': 1.25, 'at': '2026-01-02', 'tags': ['a'], '7': None}
    """
    return _Writer().plain(value, 0)


class _Writer:
    def __init__(self) -> None:
        self._open: set[int] = set()
        self._left = MOST_VALUES

    def plain(self, value: Any, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise TooLarge(f"it has more than {MOST_VALUES:,} values: send less with it")
        kind = type(value)
        if kind is str:
            return cleaned(value)
        if value is None or kind is bool or kind is int:
            return value
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else None
        if isinstance(value, (Mapping, list, tuple, set, frozenset, deque)):
            return self._nested(value, depth)
        return self._other(value, depth)

    def _nested(self, value: Any, depth: int) -> Any:
        if depth >= DEEPEST:
            return "<too deep>"
        if id(value) in self._open:
            return "<circular>"
        self._open.add(id(value))
        try:
            if isinstance(value, Mapping):
                return {
                    cleaned(key if type(key) is str else as_text(key)): self.plain(item, depth + 1) for key, item in list(value.items())
                }
            items = sorted(value, key=as_text) if isinstance(value, (set, frozenset)) else list(value)
            return [self.plain(item, depth + 1) for item in items]
        finally:
            self._open.discard(id(value))

    def _other(self, value: Any, depth: int) -> Any:
        if isinstance(value, enum.Enum):
            return self.plain(value.value, depth + 1)
        if isinstance(value, str):
            return cleaned(str(value))
        if isinstance(value, int):
            return int(value)
        if isinstance(value, (dt.datetime, dt.date, dt.time)):
            return None if type(value).__name__ == "NaTType" else value.isoformat()
        if isinstance(value, Decimal):
            return float(value) if value.is_finite() else None
        if isinstance(value, uuid.UUID):
            return str(value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return cleaned(bytes(value).decode("utf-8", "replace"))
        if type(value).__name__ in ("NAType", "NaTType"):
            return None
        if depth >= DEEPEST:
            return "<too deep>"
        try:
            made = _opened(value)
        except TooLarge:
            raise
        except Exception:
            return as_text(value)
        return as_text(value) if made is value else self.plain(made, depth + 1)


def _opened(value: Any) -> Any:
    """Give the plain thing inside of an object that has one, else the object."""
    if hasattr(value, "dtype") and getattr(value, "shape", None) == () and hasattr(value, "item"):
        return str(value) if value.dtype.kind in "mM" else value.item()
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        if value.size > MOST_VALUES:
            raise TooLarge(f"it holds an array of {value.size:,} values: send less with it")
        return value.tolist()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if not isinstance(value, type) and callable(getattr(value, "model_dump", None)):
        return value.model_dump()
    return value


def as_text(value: Any) -> str:
    """Give the text of anything, whatever its `__str__` does."""
    try:
        return cleaned(str(value))[:LONGEST_STAND_IN]
    except Exception:
        return f"<{type(value).__name__}>"
