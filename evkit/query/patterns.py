"""Patterns in text: LIKE with its wildcards, parts of text whatever the case, regular expressions."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from evkit.query.regexes import checked_regex

__all__ = ["checked_regex", "icontains", "like"]


def like(value: ir.StringValue, pattern: str, *, dialect: str) -> ir.BooleanValue:
    """Match SQL's LIKE, case-sensitive; % and _ are wildcards."""
    return value.like(pattern).fill_null(False)


def icontains(value: ir.StringValue, part: str, *, dialect: str) -> ir.BooleanValue:
    """Find a part of a text whatever the case, beyond ASCII too; % and _ in the part are wildcards."""
    if "%" not in part and "_" not in part and "\\" not in part:
        return value.lower().contains(ibis.literal(part.lower())).fill_null(False)
    return value.lower().like(f"%{part.lower()}%").fill_null(False)
