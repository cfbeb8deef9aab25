"""Regular expressions as PostHog's engine, RE2, reads them. Standard library only."""

from __future__ import annotations

import re

from evkit.errors import SpecError

LOOKAROUND = re.compile(r"\(\?(?:[=!>(]|<[=!])|\\[1-9]|\(\?P=")
"""What Python's expressions can and RE2's can't."""
ONLY_RE2 = (
    (r"\\Q(?:.*?)(?:\\E|$)", "x"),
    (r"\[:\^?[a-z]+:\]", "a-z"),
    (r"\\[pP](?:\{\^?\w+\}|\w)", r"\\w"),
    (r"\\x\{[0-9a-fA-F]+\}", "x"),
    (r"\\C", "."),
    (r"\\z", r"\\Z"),
    (r"(?<=[^\\])\(\?[imsU]*(?:-[imsU]+)?\)|^\(\?[imsU]*(?:U|-)[imsU]*\)", ""),
)
"""What RE2's can and Python's can't, and something that Python reads in its place."""
ONLY_PYTHON = re.compile(r"\\[ZuUN]")
ONLY_PYTHONS_SIGNS = re.compile(r"\(\?#|\(\?[a-zA-Z]*[axLu][a-zA-Z]*[):]|[*+?}]\+")
"""Outside of escapes and of classes: comments, flags, and repetitions that give nothing back."""
MOST_REPEATED = 1000
CLASS = re.compile(r"\[\^?\]?[^\]]*\]")
LEADING_FLAGS = re.compile(r"\(\?([is]+)\)")
REFERENCE = re.compile(r"\\([0-9\\])")


def checked_regex(pattern: str) -> str:
    """Give a pattern whose dot matches newlines, as PostHog's engine searches.

    Raises
    ------
    SpecError
        When it is invalid, or looks around or back, which that engine can't.

    Examples
    --------
    >>> checked_regex("^/a.b"), checked_regex("(?i)a")
    ('(?s)^/a.b', '(?si)a')
    """
    compiled(pattern)
    flags = LEADING_FLAGS.match(pattern)  # PostgreSQL takes flags in one place only, at the beginning
    if flags:
        return f"(?s{flags[1].replace('s', '')}){pattern[flags.end() :]}"
    return f"(?s){pattern}" if pattern else pattern


def compiled(pattern: str) -> re.Pattern[str]:
    """Give a pattern as Python reads it, to know whether it is one, and its groups.

    Raises
    ------
    SpecError
        When it is invalid, or looks around or back.
    """
    plain = pattern
    for theirs, ours in ONLY_RE2:
        plain = re.sub(theirs, ours, plain)
    try:
        made = re.compile(plain)
    except re.error as error:
        raise SpecError(f"the regular expression {pattern!r} is invalid: {error}") from None
    bare = pattern  # without quoted texts and named classes, which hold signs that mean nothing
    for theirs, ours in ONLY_RE2[:2]:
        bare = re.sub(theirs, ours, bare)
    signs = CLASS.sub("x", re.sub(r"\\[^1-9]", "x", bare, flags=re.DOTALL))
    if LOOKAROUND.search(signs):
        raise SpecError(f"the regular expression {pattern!r} looks around or back, which RE2 can't: write it without")
    found = not_of_re2(bare, signs)
    if found:
        raise SpecError(f"the regular expression {pattern!r} has {found!r}, which RE2, PostHog's, doesn't read: write it without")
    return made


def not_of_re2(pattern: str, signs: str) -> str:
    """Give the first thing in a pattern that Python reads and RE2 doesn't; nothing where there is none.

    Parameters
    ----------
    signs
        The pattern without escapes and classes.
    """
    known = ONLY_PYTHON.search(pattern.replace("\\\\", "")) or ONLY_PYTHONS_SIGNS.search(signs)
    if known:
        return known[0]
    return next((m[0] for m in re.finditer(r"\{(\d*),?(\d*)\}", signs) if any(n and int(n) > MOST_REPEATED for n in m.groups())), "")


def replacement_parts(alias: str, pattern: str) -> list[str | int]:
    r"""Give what a match is replaced by: texts, and the numbers of groups that are put in; 0 is the whole match.

    Raises
    ------
    SpecError
        When the pattern has no such group.

    Examples
    --------
    >>> replacement_parts(r"/\1/:id", "/([a-z]+)/[0-9]+")
    ['/', 1, '/:id']
    """
    groups = compiled(pattern).groups
    parts: list[str | int] = []
    at = 0
    for match in REFERENCE.finditer(alias):
        parts.append(alias[at : match.start()])
        at = match.end()
        if match[1] == "\\":
            parts.append("\\")
            continue
        if int(match[1]) > groups:
            raise SpecError(f"the alias {alias!r} puts in group {match[1]}, and {pattern!r} has {groups}")
        parts.append(int(match[1]))
    parts.append(alias[at:])
    return [part for part in parts if part != ""]
