"""THE way to read a JSON property: one accessor a SQL dialect, and what missing and null mean.

A property reads as PostHog reads it: texts as they are, numbers and booleans as text, objects and arrays as compact
JSON; a missing key and a JSON null are both NULL. Keys may hold `$`, dots, quotes, blanks or nothing at all.

ibis' own JSON access is not used: it takes the `$` of `$browser` for the root of a path and gives NULL, silently.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir


# The bodies are empty: these are functions of the engines, which ibis calls by name.
@ibis.udf.scalar.builtin(name="json_extract_string")
def _duckdb_text(column: str, path: str) -> str:  # type: ignore[empty-body]
    ...


@ibis.udf.scalar.builtin(name="json_type")
def _duckdb_type(column: str, path: str) -> str:  # type: ignore[empty-body]
    ...


@ibis.udf.scalar.builtin(name="json_keys")
def _duckdb_keys(column: str) -> dt.Array[dt.string]: ...


@ibis.udf.scalar.builtin(name="JSONExtractRaw")
def _clickhouse_raw(column: str, key: str) -> str:  # type: ignore[empty-body]
    ...


@ibis.udf.scalar.builtin(name="JSONExtractRaw")
def _clickhouse_raw_two(column: str, key: str, second: str) -> str:  # type: ignore[empty-body]
    ...


@ibis.udf.scalar.builtin(name="JSONExtractString")
def _clickhouse_string(column: str, key: str) -> str:  # type: ignore[empty-body]
    ...


@ibis.udf.scalar.builtin(name="JSONExtractString")
def _clickhouse_string_two(column: str, key: str, second: str) -> str:  # type: ignore[empty-body]
    ...


@ibis.udf.scalar.builtin(name="JSONExtractKeys")
def _clickhouse_keys(column: str) -> dt.Array[dt.string]: ...


@ibis.udf.scalar.builtin(name="jsonb_extract_path_text")
def _postgres_text(column: dt.JSON(binary=True), key: str) -> str:  # type: ignore[empty-body,valid-type]
    ...


@ibis.udf.scalar.builtin(name="jsonb_extract_path_text")
def _postgres_text_two(column: dt.JSON(binary=True), key: str, second: str) -> str:  # type: ignore[empty-body,valid-type]
    ...


@ibis.udf.scalar.builtin(name="jsonb_extract_path")
def _postgres_value(column: dt.JSON(binary=True), key: str) -> dt.JSON(binary=True): ...  # type: ignore[valid-type]


@ibis.udf.scalar.builtin(name="get_json_object")
def _spark_text(column: str, path: str) -> str:  # type: ignore[empty-body]
    ...


@ibis.udf.scalar.builtin(name="json_object_keys")
def _spark_keys(column: str) -> dt.Array[dt.string]: ...


def text(column: ir.StringValue, key: str, *, dialect: str) -> ir.StringValue:
    """Give a property as text; NULL when it is missing or null.

    Parameters
    ----------
    column
        JSON text of an object.
    key
        The property's name, as it is.
    dialect
        "duckdb", "clickhouse", "postgres" or "pyspark".
    """
    return path_text(column, (key,), dialect=dialect)


def path_text(column: ir.StringValue, keys: Sequence[str], *, dialect: str) -> ir.StringValue:
    """Give a property of an object inside the object, one key (or two) deep, as text."""
    if dialect == "duckdb":
        return _duckdb(column, pointer(keys))
    if dialect == "clickhouse":
        raw = _clickhouse_raw(column, keys[0]) if len(keys) == 1 else _clickhouse_raw_two(column, keys[0], keys[1])
        plain = _clickhouse_string(column, keys[0]) if len(keys) == 1 else _clickhouse_string_two(column, keys[0], keys[1])
        return ibis.ifelse(raw.startswith('"'), plain, raw.nullif("").nullif("null"))
    if dialect == "postgres":
        document = column.cast(dt.JSON(binary=True))
        return _postgres_text(document, keys[0]) if len(keys) == 1 else _postgres_text_two(document, keys[0], keys[1])
    path = "$" + "".join(f"['{key}']" for key in keys)
    return _spark_text(column, path)


def _duckdb(column: ir.StringValue, path: str) -> ir.StringValue:
    """Read by JSON pointer, and write whole floats as PostHog does: 1.0 reads as 1, 1e3 as 1000."""
    plain = _duckdb_text(column, path)
    looks_float = plain.endswith(".0") | plain.contains("e+")
    is_float = looks_float & (_duckdb_type(column, path) == "DOUBLE")
    whole = plain.try_cast("float64")
    return ibis.ifelse(is_float & (whole.abs() < 1e15), whole.cast("int64").cast("string"), plain)


def is_false(column: ir.StringValue, key: str, *, dialect: str) -> ir.BooleanValue:
    """Say whether a property is the JSON boolean false; the text "false" is not. Spark can't tell the two apart."""
    if dialect == "duckdb":
        path = pointer((key,))
        return ((_duckdb_text(column, path) == "false") & (_duckdb_type(column, path) == "BOOLEAN")).fill_null(False)
    if dialect == "clickhouse":
        return (_clickhouse_raw(column, key) == "false").fill_null(False)
    if dialect == "postgres":
        return (_postgres_value(column.cast(dt.JSON(binary=True)), key).cast("string") == "false").fill_null(False)
    return (text(column, key, dialect=dialect) == "false").fill_null(False)


def is_number(column: ir.StringValue, key: str, *, dialect: str) -> ir.BooleanValue:
    """Say whether a property is a JSON number; the text "5" is not. Spark can't tell the two apart."""
    if dialect == "duckdb":
        return _duckdb_type(column, pointer((key,))).isin(["DOUBLE", "BIGINT", "UBIGINT", "HUGEINT"]).fill_null(False)
    if dialect == "clickhouse":
        raw = _clickhouse_raw(column, key)
    elif dialect == "postgres":
        raw = _postgres_value(column.cast(dt.JSON(binary=True)), key).cast("string")
    else:
        raw = text(column, key, dialect=dialect)
    return raw.re_search("^-?[0-9]").fill_null(False)


def pointer(keys: Sequence[str]) -> str:
    """Write keys as a JSON pointer.

    Examples
    --------
    >>> pointer(["$groups", "a/b"])
    '/$groups/a~1b'
    """
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)


def number(column: ir.StringValue, key: str, *, dialect: str) -> ir.FloatingValue:
    """Give a property as a float; NULL when it is missing or no number."""
    return as_number(text(column, key, dialect=dialect), dialect=dialect)


def as_number(value: ir.StringValue, *, dialect: str) -> ir.FloatingValue:
    """Read text as a float; NULL when it is no number (blanks around it make it none)."""
    if dialect in ("duckdb", "clickhouse"):
        plain = ibis.ifelse(value.re_search(r"^[-+]?[0-9.]"), value, ibis.null("string"))
        return plain.try_cast("float64")
    numeric = value.re_search(r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$")
    return ibis.ifelse(numeric, value, ibis.null("string")).cast("float64")


def keys(column: ir.StringValue, *, dialect: str) -> ir.ArrayValue:
    """Give the names of the properties of an object."""
    if dialect == "clickhouse":
        return _clickhouse_keys(column)
    if dialect == "pyspark":
        return _spark_keys(column)
    return _duckdb_keys(column)
