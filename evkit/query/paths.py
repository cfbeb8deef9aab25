"""Cleaning of paths and addresses by a project's rules, so that /movie/7 and /movie/9 are one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import ibis.expr.types as ir

from evkit.query.patterns import checked_regex


def cleaned_path(value: ir.StringValue, rules: Iterable[Mapping[str, str]]) -> ir.StringValue:
    """Replace what each rule's `regex` finds by its `alias`, one rule after the other."""
    for rule in rules:
        if rule.get("regex"):
            value = value.re_replace(checked_regex(rule["regex"]), rule.get("alias") or "")
    return value
