"""Versions as PostHog compares them: dotted numbers, component by component."""

from __future__ import annotations

import functools
import operator as op
import re

import ibis
import ibis.expr.types as ir

from evkit.errors import SpecError

FIRST_GROUP = r"([0-9]+(?:\.[0-9]+)*)"
PARTS = 3


def compare(operator: str, value: ir.StringValue, wanted: str, *, dialect: str) -> ir.BooleanValue:
    """Compare a property with a version; a property that is none never matches.

    Raises
    ------
    SpecError
        When `wanted` is no version.
    """
    kind = operator.removeprefix("semver_")
    if kind in ("tilde", "caret", "wildcard"):
        low, high = bounds(kind, wanted)
        return (at_least(value, low) & ~at_least(value, high)).fill_null(False)
    parts = parsed(wanted)
    above, same = at_least(value, parts), equal(value, parts)
    return {
        "eq": same,
        "neq": ~same,
        "gte": above,
        "lt": ~above & value.re_search(FIRST_GROUP),
        "gt": above & ~same,
        "lte": (~above | same) & value.re_search(FIRST_GROUP),
    }[kind].fill_null(kind == "neq")


def parsed(text: str) -> tuple[int, ...]:
    """Read a version: dotted numbers; what follows a hyphen is dropped, missing parts are 0.

    Raises
    ------
    SpecError
        When it is none.
    """
    match = re.match(r"v?" + FIRST_GROUP, text.strip())
    if match is None:
        raise SpecError(f"{text!r} is no version: write dotted numbers such as '1.2.3'")
    numbers = tuple(int(n) for n in match[1].split("."))
    return numbers + (0,) * (PARTS - len(numbers))


def bounds(kind: str, text: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Give the lowest version inside a range, and the lowest above it.

    Examples
    --------
    >>> bounds("caret", "0.2.3")
    ((0, 2, 3), (0, 3, 0))
    """
    given = re.sub(r"^[~^]", "", text.strip()).partition("-")[0]
    if kind == "wildcard":
        numbers = [int(n) for n in given.split(".") if n.isdigit()]
        if not numbers:
            raise SpecError(f"{text!r} is no version with a wildcard: write '1.2.*'")
        high = [*numbers[:-1], numbers[-1] + 1]
        return padded(numbers), padded(high)
    low = parsed(given)
    named = given.count(".") + 1
    if kind == "tilde":
        return low, padded([low[0] + 1]) if named == 1 else padded([low[0], low[1] + 1])
    at = next((i for i, n in enumerate(low) if n), len(low) - 1)
    return low, padded([*low[:at], low[at] + 1])


def padded(numbers: list[int]) -> tuple[int, ...]:
    """Fill a version with zeros."""
    return tuple(numbers) + (0,) * max(0, PARTS - len(numbers))


def component(value: ir.StringValue, i: int) -> ir.FloatingValue:
    """Give one number of the first dotted group of a text; 0 where it has fewer, null where it has none."""
    group = value.fill_null("").re_extract(FIRST_GROUP, 1)
    number = group.fill_null("").re_extract(r"^(?:[0-9]+\.){" + str(i) + r"}([0-9]+)", 1).nullif("")
    return ibis.ifelse(group.fill_null("") == "", ibis.null("float64"), number.cast("float64").fill_null(0.0))


def at_least(value: ir.StringValue, wanted: tuple[int, ...]) -> ir.BooleanValue:
    """Say whether a version is `wanted` or above."""
    test: ir.BooleanValue = ibis.literal(True)
    for i in reversed(range(len(wanted))):
        part = component(value, i)
        test = (part > wanted[i]) | ((part == wanted[i]) & test)
    return test.fill_null(False)


def equal(value: ir.StringValue, wanted: tuple[int, ...]) -> ir.BooleanValue:
    """Say whether a version is `wanted`."""
    return functools.reduce(op.and_, [component(value, i) == n for i, n in enumerate(wanted)]).fill_null(False)
