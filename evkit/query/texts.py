"""The texts of an elements chain, on every engine by regular expression: "some text satisfies"."""

from __future__ import annotations

import re

import ibis
import ibis.expr.types as ir

from evkit.errors import SpecError
from evkit.query.patterns import checked_regex
from evkit.query.property_filters import PropertyFilter

TEXT_BEGINS = r'(?:"|:)text="'
A_TEXT = r'(?:"|:)text="([^"]+)'


def any_text(chain: ir.StringValue, f: PropertyFilter, *, dialect: str) -> ir.BooleanValue:
    """Say whether some text of the chain satisfies a filter; a text ends at its first double quote.

    Raises
    ------
    SpecError
        For an operator that texts of elements don't have.
    """
    wanted = [str(v) for v in (f.value if isinstance(f.value, tuple) else (f.value,))]
    if f.operator == "is_set":
        return chain.re_search(A_TEXT).fill_null(False)
    if f.operator in ("exact", "in"):
        options = "|".join(re.escape(w) for w in wanted)
        return chain.re_search(f'{TEXT_BEGINS}(?:{options})"').fill_null(False)
    if f.operator == "icontains":
        options = "|".join(re.escape(w).replace("%", '[^"]*').replace("_", '[^"]') for w in wanted)
        return chain.re_search(f'(?i){TEXT_BEGINS}[^"]*(?:{options})').fill_null(False)
    texts = split_texts(chain, dialect=dialect)
    if f.operator == "regex":
        patterns = [checked_regex(w) for w in wanted]
        return texts.filter(lambda t: _any([t.re_search(p) for p in patterns])).length().fill_null(0) > 0
    if f.operator == "not_regex":
        patterns = [checked_regex(w) for w in wanted]
        return texts.filter(lambda t: ~_any([t.re_search(p) for p in patterns])).length().fill_null(0) > 0
    if f.operator in ("is_not", "not_in"):
        return texts.filter(lambda t: ~t.isin(wanted)).length().fill_null(0) > 0
    if f.operator == "not_icontains":
        return texts.filter(lambda t: ~_any([t.lower().contains(w.lower()) for w in wanted])).length().fill_null(0) > 0
    raise SpecError(f"texts of elements have no operator {f.operator!r}")


@ibis.udf.scalar.builtin(name="regexp_extract_all")
def _duckdb_all(text: str, pattern: str, group: int) -> list[str]:  # type: ignore[empty-body]
    ...


@ibis.udf.scalar.builtin(name="extractAll")
def _clickhouse_all(text: str, pattern: str) -> list[str]:  # type: ignore[empty-body]
    ...


@ibis.udf.scalar.builtin(name="regexp_extract_all")
def _spark_all(text: str, pattern: str, group: int) -> list[str]:  # type: ignore[empty-body]
    ...


def split_texts(chain: ir.StringValue, *, dialect: str) -> ir.ArrayValue:
    """Give the texts of a chain."""
    if dialect == "clickhouse":
        return _clickhouse_all(chain, A_TEXT)
    if dialect == "pyspark":
        return _spark_all(chain, A_TEXT, 1)
    return _duckdb_all(chain, A_TEXT, 1)


def _any(tests: list[ir.BooleanValue]) -> ir.BooleanValue:
    found = tests[0]
    for test in tests[1:]:
        found = found | test
    return found
