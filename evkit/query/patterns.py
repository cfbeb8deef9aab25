"""Patterns in text: LIKE with its wildcards, parts of text whatever the case, regular expressions."""

from __future__ import annotations

import re

import ibis
import ibis.expr.types as ir

from evkit.errors import SpecError

LOOKAROUND = re.compile(r"\(\?(?:[=!]|<[=!])|\\[1-9]|\(\?P=")


def checked_regex(pattern: str) -> str:
    """Give a pattern whose dot matches newlines, as PostHog's engine searches.

    Raises
    ------
    SpecError
        When it is invalid, or looks around or back, which that engine can't.
    """
    try:
        re.compile(pattern)
    except re.error as error:
        raise SpecError(f"the regular expression {pattern!r} is invalid: {error}") from None
    if LOOKAROUND.search(pattern):
        raise SpecError(f"the regular expression {pattern!r} looks around or back, which RE2 can't: write it without")
    return f"(?s){pattern}" if pattern else pattern


def like(value: ir.StringValue, pattern: str, *, dialect: str) -> ir.BooleanValue:
    """Match SQL's LIKE, case-sensitive; % and _ are wildcards."""
    return value.like(pattern).fill_null(False)


def icontains(value: ir.StringValue, part: str, *, dialect: str) -> ir.BooleanValue:
    """Find a part of a text whatever the case, beyond ASCII too; % and _ in the part are wildcards."""
    if "%" not in part and "_" not in part and "\\" not in part:
        return value.lower().contains(ibis.literal(part.lower())).fill_null(False)
    return value.lower().like(f"%{part.lower()}%").fill_null(False)
