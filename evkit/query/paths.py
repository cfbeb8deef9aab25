"""Cleaning of paths and addresses by a project's rules, so that /movie/7 and /movie/9 are one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import ibis.expr.types as ir

from evkit.query.regexes import checked_regex, replacement_parts


def cleaned_path(value: ir.StringValue, rules: Iterable[Mapping[str, str]], *, dialect: str) -> ir.StringValue:
    r"""Replace what each rule's `regex` finds by its `alias`, one rule after the other.

    An alias may put in what a group found, by ``\1``, or all that was found, by ``\0``.
    """
    for rule in rules:
        if rule.get("regex"):
            pattern = rule["regex"]
            value = value.re_replace(checked_regex(pattern), replacement(rule.get("alias") or "", pattern, dialect=dialect))
    return value


def replacement(alias: str, pattern: str, *, dialect: str) -> str:
    r"""Write an alias as an engine reads it.

    Examples
    --------
    >>> print(replacement(r"\0 costs $1", "a", dialect="pyspark"))
    $0 costs \$1
    """
    made = ""
    for part in replacement_parts(alias, pattern):
        if isinstance(part, int):
            made += f"${part}" if dialect == "pyspark" else "\\&" if part == 0 and dialect == "postgres" else f"\\{part}"
        else:
            plain = part.replace("\\", "\\\\")
            made += plain.replace("$", "\\$") if dialect == "pyspark" else plain
    return made
