"""A table in anybody's columns -> canonical events, persons and groups, as ibis expressions; runs nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from evkit.dates.instants import epoch_microseconds, from_number
from evkit.errors import DataError, nearest, unknown
from evkit.model import schema
from evkit.properties import EMPTY_OBJECT

UTC = dt.Timestamp(scale=6)
"""Times as events have them: UTC without zone, microseconds."""
FILE, ROW, INDEX = "evkit_file", "evkit_row", "evkit_file_index"
"""Columns that say where a row stands: the file, and its number in it from 1; a table needn't have them."""
WITH_YEAR = r"^\s*[0-9]{4}"
"""Text that may be a time: it begins with a year of four digits. "01-02-26" could be three different days."""


def _to_json(column: ir.Value) -> ir.StringValue:
    """Serialise a struct or map by the engine's own function, whatever its type."""

    @ibis.udf.scalar.builtin(name="to_json", signature=((column.type(),), dt.string))
    def to_json(value):  # type: ignore[no-untyped-def]
        ...

    return to_json(column)


@ibis.udf.scalar.builtin(name="json_merge_patch")
def _without_nulls(empty: str, value: str) -> str:  # type: ignore[empty-body]
    ...


@ibis.udf.scalar.builtin(name="md5")
def _md5(value: str) -> str:  # type: ignore[empty-body]
    ...


def mapped(table: ir.Table, columns: Mapping[str, str] | None, known: Sequence[str], source: str) -> ir.Table:
    """Give the table with our names for the columns of a map; a column that a name is taken from goes.

    Parameters
    ----------
    columns
        Our name -> the table's name.
    known
        Our names.

    Raises
    ------
    SpecError, DataError
        A name that is none of ours; a column that the table doesn't have.
    """
    mapping = dict(columns or {})
    for ours, theirs in mapping.items():
        if ours not in known:
            raise unknown("name in columns=", ours, known)
        if theirs not in table.columns:
            there = ", ".join(c for c in table.columns if c not in (FILE, ROW, INDEX))
            raise DataError(
                f"{source} has no column {theirs!r}, which columns= maps to {ours!r}.{nearest(theirs, table.columns)} It has: {there}"
            )
    table = table.drop(*(ours for ours in mapping if ours in table.columns and mapping[ours] != ours))
    return (
        table.mutate(**{ours: table[theirs] for ours, theirs in mapping.items()}).drop(*(set(mapping.values()) - set(mapping)))
        if mapping
        else table
    )


def renamed(table: ir.Table, columns: Mapping[str, str] | None, source: str) -> ir.Table:
    """Give the table with our names for its columns: by the map, then by the names PostHog's exports use."""
    t = mapped(table, columns, schema.EVENTS.names, source)
    for ours, others in schema.SYNONYMS.items():
        other = next((name for name in others if name in t.columns), None)
        if ours not in t.columns and other is not None:
            t = t.rename({ours: other})
    return t


def json_text(table: ir.Table, name: str) -> ir.StringValue:
    """Give a JSON column as text, null where it is empty: text and JSON as they are, structs and maps serialised."""
    if name not in table.columns:
        return ibis.null("string")
    column = table[name]
    kind = column.type()
    if kind.is_string():
        return column.nullif("")
    if kind.is_json():
        return column.cast("string")
    return _to_json(column)


def from_columns(table: ir.Table, *, dialect: str) -> ir.StringValue:
    """Give the columns that are none of ours as properties, where the table has no `properties`; empty cells are absent."""
    taken = {FILE, ROW, INDEX, *schema.EVENTS.names, *(name for others in schema.SYNONYMS.values() for name in others)}
    others = {name: cell(table[name]) for name in table.columns if name not in taken}
    if dialect != "duckdb" or not others:
        return ibis.null("string")
    return _without_nulls(EMPTY_OBJECT, _to_json(ibis.struct(others))).cast("string")


def cell(column: ir.Value) -> ir.Value:
    """Give a value that JSON can hold: no NaN, no infinity, no empty text."""
    if column.type().is_floating():
        return (column.isnan() | column.isinf()).ifelse(ibis.null(column.type()), column)
    return column.nullif("") if column.type().is_string() else column


def moment(table: ir.Table, name: str, *, dialect: str) -> ir.TimestampValue:
    """Give a time column as UTC without a zone: timestamps, ISO text, or numbers since 1970 (s, ms, us or ns by their size)."""
    column = table[name]
    if column.type().is_string():
        dated = ibis.ifelse(column.re_search(WITH_YEAR), column, ibis.null("string"))
        told = dated.try_cast(dt.Timestamp(timezone="UTC", scale=6)).cast(UTC)
        return told.coalesce(from_number(cell(column.try_cast("float64")), dialect=dialect).cast(UTC)) if dialect == "duckdb" else told
    return from_number(column, dialect=dialect).cast(UTC) if column.type().is_numeric() else schema.utc(column)


def text(table: ir.Table, name: str) -> ir.StringValue:
    """Give a column as text, whole floats as whole numbers; null where the table has no such column."""
    if name not in table.columns:
        return ibis.null("string")
    column = table[name]
    if not column.type().is_floating():
        return column.cast("string")
    column = cell(column)
    whole = (column == column.floor()) & (column.abs() < 1e15)
    return ibis.ifelse(whole, ibis.ifelse(whole, column, ibis.null(column.type())).cast("int64").cast("string"), column.cast("string"))


def events(
    table: ir.Table, *, dialect: str, columns: Mapping[str, str] | None = None, source: str = "the table", with_place: bool = False
) -> tuple[ir.Table, bool]:
    """Give canonical events, and whether they have uuids.

    Parameters
    ----------
    with_place
        Add where each row stands: file (null where nothing says so), line (0 likewise), file_index (likewise), and told, its time as it
        was given.

    Raises
    ------
    DataError
        When a needed column is missing.
    """
    t = renamed(table, columns, source)
    schema.check_columns(t.columns, schema.REQUIRED, source)
    time = moment(t, "timestamp", dialect=dialect)
    received = moment(t, "received_at", dialect=dialect) if "received_at" in t.columns else ibis.null(UTC)
    has_uuids = "uuid" in t.columns
    if "arrival" in t.columns:
        arrival = t.arrival.cast("int64")
    else:
        arrival = epoch_microseconds(received.coalesce(time) if "received_at" in t.columns else time, dialect=dialect)
    made = t.select(
        uuid=text(t, "uuid").nullif(""),
        event=text(t, "event"),
        distinct_id=text(t, "distinct_id"),
        timestamp=time,
        received_at=received,
        arrival=arrival,
        properties=(json_text(t, "properties") if "properties" in t.columns else from_columns(t, dialect=dialect)).fill_null(EMPTY_OBJECT),
        elements_chain=text(t, "elements_chain").fill_null(""),
        person_id=text(t, "person_id"),
        person_properties=json_text(t, "person_properties"),
        **(place(t) if with_place else {}),
    )
    return made if has_uuids else with_uuids(made), has_uuids


def place(table: ir.Table) -> dict[str, ir.Value]:
    """Give where a row stands, and its time as it was given."""
    return {
        "file": text(table, FILE),
        "line": table[ROW].cast("int64") if ROW in table.columns else ibis.literal(0),
        "file_index": table[INDEX] if INDEX in table.columns else ibis.literal(0),
        "told": table.timestamp.cast("string"),
    }


def with_uuids(table: ir.Table) -> ir.Table:
    """Give events that have no uuid one made from their content; twins are told apart by their number, so none is lost."""
    bare = table.filter(table.uuid.isnull())
    parts = [bare.event, bare.distinct_id, bare.timestamp.cast("string"), bare.properties]
    content = _md5(ibis.literal("\x1f").join([part.fill_null("") for part in parts]))
    twin = ibis.row_number().over(group_by=content, order_by=bare.arrival)
    return table.filter(table.uuid.notnull()).union(bare.mutate(uuid=content + "-" + twin.cast("string")))


def persons(table: ir.Table, *, columns: Mapping[str, str] | None = None, source: str = "the persons table") -> ir.Table:
    """Give canonical persons: a row a distinct id, the newest version of those that occur several times; not those deleted."""
    t = mapped(table, columns, schema.PERSONS.names, source)
    if "person_id" not in t.columns and "id" in t.columns:
        t = t.rename(person_id="id")
    schema.check_columns(t.columns, ("distinct_id", "person_id"), source)
    whole = lambda name: t[name].cast("int64").fill_null(0) if name in t.columns else ibis.literal(0)  # noqa: E731
    versions = [whole("person_distinct_id_version"), whole("person_version")]
    said, who = json_text(t, "properties").fill_null(EMPTY_OBJECT), text(t, "person_id")
    ties = [said] if "properties" in t.columns else []
    newest = ibis.window(group_by=who, order_by=[versions[1].desc(), versions[0].desc(), *ties])
    made = t.select(
        deleted=t.is_deleted.cast("boolean").fill_null(False) if "is_deleted" in t.columns else ibis.literal(False),
        distinct_id=text(t, "distinct_id"),
        person_id=who,
        properties=said.first().over(newest) if ties else said,
        created_at=moment(t, "created_at", dialect="duckdb") if "created_at" in t.columns else ibis.null(UTC),
        rank=ibis.row_number().over(group_by=text(t, "distinct_id"), order_by=[*(v.desc() for v in versions), who, *ties]),
    )
    return made.filter(made["rank"] == 0, ~made.deleted).drop("rank", "deleted")


def groups(table: ir.Table, *, columns: Mapping[str, str] | None = None, source: str = "the groups table") -> ir.Table:
    """Give canonical groups: a row a group."""
    ours = {
        "type_index": ("group_type_index", "index"),
        "type": ("group_type",),
        "key": ("group_key",),
        "properties": ("group_properties",),
    }
    t = mapped(table, columns, schema.GROUPS.names, source)
    synonyms = {name: next((o for o in others if o in t.columns), None) for name, others in ours.items() if name not in t.columns}
    t = t.rename({name: other for name, other in synonyms.items() if other})
    schema.check_columns(t.columns, ("key",), source)
    if "type_index" not in t.columns and "type" not in t.columns:
        raise DataError(f"{source} has neither 'type_index' nor 'type': say which type of group a row is")
    index = t.type_index.cast("int64") if "type_index" in t.columns else ibis.dense_rank().over(order_by=t.type).cast("int64")
    return t.select(
        type_index=index,
        type=text(t, "type").coalesce(index.cast("string")),
        key=text(t, "key"),
        properties=json_text(t, "properties").fill_null(EMPTY_OBJECT),
        created_at=moment(t, "created_at", dialect="duckdb") if "created_at" in t.columns else ibis.null(UTC),
    )
