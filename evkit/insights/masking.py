"""Ids that name people are masked where they are shown, until they are asked for."""

from __future__ import annotations

import re
from collections.abc import Collection

KEPT = 3
SHORTEST = 3
"""Ids of fewer characters are too common to look for inside other texts."""


def masked(value: str) -> str:
    """Give an id so that it can be told from others, but names nobody.

    Examples
    --------
    >>> masked("user_0042"), masked("ann@example.com"), masked("ann")
    ('use\N{BULLET}\N{BULLET}\N{BULLET}42', 'a\N{BULLET}\N{BULLET}\N{BULLET}@\N{BULLET}\N{BULLET}\N{BULLET}', 'a\N{BULLET}\N{BULLET}\N{BULLET}')
    """
    dots = "\N{BULLET}" * 3
    if "@" in value:
        return f"{value[:1]}{dots}@{dots}"
    return f"{value[:KEPT]}{dots}{value[-2:]}" if len(value) > 2 * KEPT else f"{value[:1]}{dots}"


def masker(ids: Collection[str]) -> re.Pattern[str] | None:
    """Give a pattern that finds ids in texts; None where there are none to find."""
    wanted = sorted({i for i in ids if len(i) >= SHORTEST}, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, wanted))) if wanted else None


def without_ids(text: str, pattern: re.Pattern[str] | None) -> str:
    """Give a text with the ids in it masked."""
    return text if pattern is None else pattern.sub(lambda found: masked(found[0]), text)
