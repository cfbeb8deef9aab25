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

EMPTY_OBJECT = "{}"


# The bodies are empty: these are functions of the engines, which ibis calls by name.
@ibis.udf.scalar.builtin(name="json_extract_string")
def _duckdb_text(column: str, path: str) -> str:  # type: ignore[empty-body]
    ...


@ibis.udf.scalar.builtin(name="json_type")
def _duckdb_type(column: str, path: str) -> str:  # type: ignore[empty-body]
    ...


@ibis.udf.scalar.builtin(name="json_keys")
def _duckdb_keys(column: str) -> dt.Array[dt.string]: ...


@ibis.udf.scalar.builtin(name="json_extract")
def _duckdb_values(column: str, paths: dt.Array[dt.string]) -> dt.Array[dt.string]: ...


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


@ibis.udf.scalar.builtin(name="jsonb_typeof")
def _postgres_type(value: dt.JSON(binary=True)) -> str:  # type: ignore[empty-body,valid-type]
    ...


@ibis.udf.scalar.builtin(name="jsonb_path_query_array")
def _postgres_query(column: dt.JSON(binary=True), path: str, names: str, silent: bool) -> dt.JSON(binary=True): ...  # type: ignore[valid-type]


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
        return _postgres(column, keys)
    plain = _spark_text(column, "$" + "".join(f"['{key}']" for key in keys))
    return whole(plain, _spark_value(column, keys[0], dt.float64).notnull()) if len(keys) == 1 else plain


def _duckdb(column: ir.StringValue, path: str | ir.StringValue) -> ir.StringValue:
    """Read by JSON pointer. DuckDB writes whole floats with ".0", whatever they looked like: that goes."""
    plain = _duckdb_text(column, path)
    bare = ibis.ifelse(_duckdb_type(column, path) == "DOUBLE", plain.substr(0, plain.length() - 2), plain)
    return ibis.ifelse(plain.endswith(".0"), bare, plain)


def _postgres(column: ir.StringValue, keys: Sequence[str]) -> ir.StringValue:
    """Read by path; objects and arrays without blanks (their keys are in jsonb's order)."""
    document = column.cast(dt.JSON(binary=True))
    if len(keys) > 1:
        return _postgres_text_two(document, keys[0], keys[1])
    plain, kind = _postgres_text(document, keys[0]), _postgres_type(_postgres_value(document, keys[0]))
    compact = plain.re_replace(r'("(?:[^"\\]|\\.)*")|\s+', r"\1")
    return ibis.ifelse(kind.isin(["object", "array"]), compact, whole(plain, kind == "number"))


def _spark_value(column: ir.StringValue, key: str, kind: dt.DataType) -> ir.Value:
    """Read a property as a number or a boolean, NULL when it is something else; the text "5" is no number."""
    name = {dt.float64: "DOUBLE", dt.boolean: "BOOLEAN"}[kind]
    made = dt.Struct({key: kind})

    @ibis.udf.scalar.builtin(name="from_json", signature=((dt.string, dt.string), made))
    def from_json(value, schema):  # type: ignore[no-untyped-def]
        ...

    return from_json(column, f"`{key.replace('`', '``')}` {name}")[key]


def text_of_key(column: ir.StringValue, key: ir.StringValue, *, dialect: str) -> ir.StringValue:
    """Give a property as text, as `text` does, where each row says which."""
    if dialect == "duckdb":
        at = key.replace("~", "~0").replace("/", "~1").re_replace("^", "/")  # no operator: sqlglot writes ->> without parentheses
        return _duckdb(column, at)
    if dialect == "clickhouse":
        raw = _clickhouse_raw(column, key)
        return ibis.ifelse(raw.startswith('"'), _clickhouse_string(column, key), raw.nullif("").nullif("null"))
    if dialect == "postgres":
        return _postgres(column, (key,))
    return _spark_text(column, "$['" + key + "']")


def whole(plain: ir.StringValue, is_number: ir.BooleanValue) -> ir.StringValue:
    """Write whole floats as PostHog does: 1.0 reads as 1, 1e3 as 1000."""
    looks = plain.re_search(r"^-?[0-9]+(\.0+|(\.[0-9]+)?[eE]\+?[0-9]{1,2})$") & is_number
    number = ibis.ifelse(looks, plain, ibis.null("string")).cast("float64")
    return ibis.ifelse((number.abs() < 1e15) & (number == number.floor()), number.cast("int64").cast("string"), plain)


def is_false(column: ir.StringValue, key: str, *, dialect: str) -> ir.BooleanValue:
    """Say whether a property is the JSON boolean false; the text "false" is not."""
    if dialect == "duckdb":
        path = pointer((key,))
        is_so = (_duckdb_text(column, path) == "false") & (_duckdb_type(column, path) == "BOOLEAN")
        return ibis.ifelse(may_say(column, key), is_so.fill_null(False), False)
    if dialect == "clickhouse":
        return (_clickhouse_raw(column, key) == "false").fill_null(False)
    if dialect == "postgres":
        return (_postgres_value(column.cast(dt.JSON(binary=True)), key).cast("string") == "false").fill_null(False)
    return (_spark_value(column, key, dt.boolean) == ibis.literal(False)).fill_null(False)


def says(column: ir.StringValue, key: str, wanted: str, *, dialect: str) -> ir.BooleanValue:
    """Say whether a property reads as some text: the JSON boolean false and the text "false" both read as "false"."""
    is_so = (text(column, key, dialect=dialect) == wanted).fill_null(False)
    return ibis.ifelse(may_say(column, key), is_so, False) if dialect == "duckdb" else is_so


def is_number(column: ir.StringValue, key: str, *, dialect: str) -> ir.BooleanValue:
    """Say whether a property is a JSON number; the text "5" is not."""
    if dialect == "duckdb":
        return _duckdb_type(column, pointer((key,))).isin(["DOUBLE", "BIGINT", "UBIGINT", "HUGEINT"]).fill_null(False)
    if dialect == "clickhouse":
        raw = _clickhouse_raw(column, key)
    elif dialect == "postgres":
        raw = _postgres_value(column.cast(dt.JSON(binary=True)), key).cast("string")
    else:
        return _spark_value(column, key, dt.float64).notnull()
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
        return _clickhouse_keys(column.fill_null(EMPTY_OBJECT))  # no array there may be null
    if dialect == "pyspark":
        return _spark_keys(column)
    if dialect == "postgres":
        listed = _postgres_query(column.cast(dt.JSON(binary=True)), "$.keyvalue().key", EMPTY_OBJECT, True).cast("string")
        return ("{" + listed.substr(1, listed.length() - 2) + "}").cast("array<string>")  # the quoting of both is the same
    return _duckdb_keys(column)


def values_as_one(column: ir.StringValue, names: Sequence[str]) -> ir.StringValue:
    """Give several properties as one text, from one reading of the object; in DuckDB only.

    Equal texts mean equal values, and the same ones missing: JSON texts (NULL for a missing one) in a row, between commas, can be
    cut in one way only.
    """
    paths = ibis.literal([pointer((name,)) for name in names], type="array<string>")
    return _duckdb_values(column, paths).cast("string")


def may_say(column: ir.StringValue, name: str) -> ir.BooleanValue:
    """Say whether a name may occur in the JSON text; False is sure, and comes at a fraction of the price of reading it."""
    if not name.replace("$", "").replace("_", "").replace("-", "").isalnum() or not name.isascii():
        return ibis.literal(True)  # JSON may write it with escapes
    return column.contains(name) | column.contains("\\u")
