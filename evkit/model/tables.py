"""EventTables: the frozen holder of the tables and the project's settings that every question is asked of."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from evkit import properties
from evkit.dates import DateRange, Range, resolve_range
from evkit.dates.instants import epoch_microseconds
from evkit.errors import DataError
from evkit.model.fingerprint import Fingerprint
from evkit.model.numbered import numbered as number
from evkit.model.progress import watched
from evkit.model.settings import Settings

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

    from evkit.model.identity import Identity, Merges

T = TypeVar("T")
A_UUID = "^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Source(Protocol):
    """Where the events come from. `table()` may stage a file first; the rest is known without running anything."""

    @property
    def has_uuids(self) -> bool:
        """False where no event has a uuid: then none can be a duplicate."""
        ...

    def table(self) -> ir.Table:
        """Give the canonical events, a row an event, rows that can't be read left out."""
        ...


@dataclass(frozen=True)
class Ready:
    """Events that are a canonical table already."""

    events: ir.Table
    has_uuids: bool = True

    def table(self) -> ir.Table:
        """Give the table."""
        return self.events


class Cache:
    """What was found out once about a set of tables: filled by name, shared by every view of the same tables."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}

    def get(self, name: str, make: Callable[[], T]) -> T:
        """Give what is known under `name`, finding it out first if need be."""
        if name not in self._found:
            self._found[name] = make()
        found: T = self._found[name]
        return found

    def forget(self, name: str) -> None:
        """Find out anew what is known under `name`, when it is asked for again."""
        self._found.pop(name, None)

    def knows(self, name: str) -> bool:
        """Say whether `name` was found out already; runs nothing."""
        return name in self._found


@dataclass(frozen=True, kw_only=True, eq=False)
class EventTables:
    """The events, persons and groups that questions are asked of, and the settings they are asked under.

    Parameters
    ----------
    con
        The ibis backend that runs the queries; None where expressions are only compiled.
    dialect
        "duckdb", "clickhouse", "postgres" or "pyspark".
    source
        Where canonical events (`model.schema.EVENTS`) come from.
    persons, groups
        Canonical persons and groups where they were given; None where they follow from the events.
    identity
        "replay" rebuilds persons from the events; "given" takes the person_id of the events, or of `persons`.
    fingerprint
        What tells the data from any others, tomorrow too; None where nothing does.
    """

    con: BaseBackend | None
    source: Source
    persons: ir.Table | None = None
    groups: ir.Table | None = None
    settings: Settings = field(default_factory=Settings)
    dialect: str = "duckdb"
    identity: Literal["replay", "given"] = "replay"
    fingerprint: Fingerprint | None = None
    cache: Cache = field(default_factory=Cache)

    def with_settings(self, settings: Settings) -> EventTables:
        """Give the same tables under other settings."""
        return replace(self, settings=settings)

    # ------------------------------------------------------------------ running
    def arrow(self, expr: ir.Table) -> pa.Table:
        """Run an expression and give its rows as Arrow."""
        if self.dialect != "clickhouse":
            with self._explained():
                return self._backend().to_pyarrow(expr)
        booleans = [name for name, kind in expr.schema().items() if kind.is_boolean()]  # they come as numbers, which ibis doesn't take
        rows = self._backend().to_pyarrow(expr.mutate(**{name: expr[name].cast("int8") for name in booleans}) if booleans else expr)
        return rows.cast(pa.schema([f.with_type(pa.bool_()) if f.name in booleans else f for f in rows.schema]))

    def execute(self, expr: ir.Table) -> pd.DataFrame:
        """Run an expression and give its rows as pandas."""
        return self.arrow(expr).to_pandas()

    def batches(self, expr: ir.Expr, rows: int = 1_000_000) -> Iterator[pa.RecordBatch]:
        """Run an expression and give its rows as Arrow batches of about `rows` rows."""
        with self._explained():
            yield from self._backend().to_pyarrow_batches(expr, chunk_size=rows)

    def keep(self, name: str, frame: pd.DataFrame | pa.Table, schema: ibis.Schema, *, by_content: bool = False) -> ir.Table:
        """Put a small frame beside the events, in the engine that holds them.

        Parameters
        ----------
        name
            What it is called; another of that name takes its place, also in expressions that were made before.
        by_content
            Name it by what is in it as well: for one of each question.
        """
        rows = frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame, preserve_index=False)
        rows = rows.select(list(schema.names)).cast(schema.to_pyarrow())
        if by_content:
            hashed = pd.util.hash_pandas_object(rows.to_pandas(), index=False).to_numpy()
            name = f"{name}_{hashlib.sha1(hashed.tobytes()).hexdigest()[:16]}"
        if self.dialect == "duckdb" and self.con is not None:
            return self.con.create_table(f"evkit_{name}_{id(self.cache):x}", rows, temp=True, overwrite=True)
        return ibis.memtable(rows, schema=schema)

    def written(self, expr: ir.Table, path: Path) -> ir.Table:
        """Write rows into a Parquet file, in their order, and give them as a table (DuckDB only)."""
        sql = str(ibis.to_sql(expr, dialect=self.dialect))
        with self._explained():
            self._backend().raw_sql(f"COPY ({sql}) TO '{str(path).replace(chr(39), chr(39) * 2)}' (FORMAT parquet, COMPRESSION zstd)")
            return self._backend().read_parquet(path)

    def raw_sql(self, sql: str) -> tuple[Any, ...]:
        """Run SQL of the engine's own, and give its first row."""
        with self._explained():
            row: tuple[Any, ...] = self._backend().raw_sql(sql).fetchone()
        return row

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Raise what the source knows about an engine's error, where it knows better."""
        try:
            yield
        except Exception as error:
            explain: Callable[[Exception], Exception | None] = getattr(self.source, "explained", lambda _: None)
            better = explain(error)
            if better is None:
                raise
            raise better from error

    def _backend(self) -> BaseBackend:
        if self.con is None:
            raise DataError("these tables have no engine behind them: they can be compiled, not run")
        return self.con

    # ------------------------------------------------------------------ time
    @property
    def first_event(self) -> dt.datetime:
        """The time of the earliest event, with zone UTC; runs once."""
        return self._span()[0]

    @property
    def last_event(self) -> dt.datetime:
        """The time of the newest event, with zone UTC; runs once."""
        return self._span()[1]

    @property
    def now(self) -> dt.datetime:
        """The clock of relative dates: the settings', else the time of the newest event."""
        return self.settings.now or self._span()[1]

    @property
    def newest(self) -> dt.datetime | None:
        """The same clock; None where there is none and no event."""
        return self.settings.now or (None if self.is_empty else self._span()[1])

    @property
    def is_empty(self) -> bool:
        """Whether there are no events; runs once."""
        return self.cache.get("is_empty", lambda: len(self.arrow(self.clean().select("event").limit(1))) == 0)

    @property
    def count(self) -> int:
        """How many events there are, each uuid once; counted once."""
        return self.cache.get("count", lambda: int(self.execute(self.clean().count().name("n").as_table()).n[0]))

    @property
    def rejected(self) -> int:
        """How many rows of the source can't be read, as far as it was read."""
        return int(getattr(getattr(self.source, "rejects", None), "count", 0))

    def resolve(
        self,
        wanted: DateRange | None,
        *,
        interval: str,
        exact_start: bool = False,
        earliest: Callable[[], dt.datetime | None] | None = None,
    ) -> Range:
        """Give a range of dates in the project's zone; None is the whole data. A range of absolute dates reads no data.

        Parameters
        ----------
        earliest
            Finds where "all" begins; where it finds nothing, and without it, that is the first event.
        """
        wanted = wanted or DateRange("all")
        now = self.now if wanted.needs_now else EPOCH
        if exact_start and self.settings.now is None and now.microsecond:  # exact ranges end at a whole second: after the newest event
            now = now.replace(microsecond=0) + dt.timedelta(seconds=1)
        return resolve_range(
            wanted,
            interval=interval,
            now=now,
            timezone=self.settings.timezone,
            week_start_day=1 if self.settings.week_start == "monday" else 0,
            earliest=((earliest and earliest()) or self._earliest()) if wanted.date_from == "all" else None,
            exact_start=exact_start,
        )

    def _earliest(self) -> dt.datetime:
        """Where "all" begins: with the first event; where there is none, now."""
        return self.settings.now if self.settings.now is not None and self.is_empty else self.first_event

    def _span(self) -> tuple[dt.datetime, dt.datetime]:
        return self.cache.get("span", self._find_span)

    def _find_span(self) -> tuple[dt.datetime, dt.datetime]:
        row = self.execute(self.clean().aggregate(low=lambda e: e.timestamp.min(), high=lambda e: e.timestamp.max())).iloc[0]
        if pd.isna(row.low):
            gone = self.rejected
            why = f"there are no events: {gone:,} rows were set aside, see events.load_report.rejected" if gone else "there are no events"
            raise DataError(f"{why}. So there is no newest event to count dates from: give date_range= with dates, or now=")
        return tuple(pd.Timestamp(t).tz_localize("UTC").to_pydatetime() for t in (row.low, row.high))

    # ------------------------------------------------------------------ events
    def clean(self) -> ir.Table:
        """The events, each uuid once: the first to arrive."""
        events = self.source.table()
        if self.con is None or not self.source.has_uuids:
            return events
        doubles = self.cache.get("doubles", self._find_doubles)
        return events if doubles is None else events.anti_join(doubles, "uuid").union(doubles)

    @property
    def event_names(self) -> tuple[str, ...]:
        """The names of the events, in order; runs once."""
        return self.cache.get("event_names", self._find_event_names)

    def _find_event_names(self) -> tuple[str, ...]:
        names = self.execute(self.clean().select("event").distinct().order_by("event"))
        return tuple(names.event)

    def property_type(self, kind: str, key: str, group_type_index: int | None = None) -> str:
        """The type of a property: as given; else "Numeric" where every value in the data is a number, found out once."""
        given = self.settings.property_types.get((kind, key))
        if given is not None or not self.settings.infer_property_types or self.con is None:
            return given or "String"
        return self.cache.get(f"type {kind} {group_type_index} {key}", lambda: self._find_property_type(kind, key, group_type_index))

    def _find_property_type(self, kind: str, key: str, group_type_index: int | None) -> str:
        if kind == "person":
            column = self.person_properties().person_properties
        elif kind == "group":
            groups = self.group_table()
            column = groups.filter(groups.type_index == group_type_index).properties
        else:
            column = self.clean().properties
        said = column.as_table().select(
            value=properties.text(column, key, dialect=self.dialect), number=properties.is_number(column, key, dialect=self.dialect)
        )
        found = self.execute(said.aggregate(values=said.value.count(), numbers=said.number.sum())).iloc[0]
        return "Numeric" if found["values"] and found["values"] == found.numbers else "String"

    @property
    def duplicates(self) -> int:
        """How many rows repeat a uuid that arrived before; runs the checking pass once."""
        self.clean()
        return self.cache.get("duplicates", lambda: 0)

    def _find_doubles(self) -> ir.Table | None:
        """Keep, for each uuid that occurs more than once, the row that arrived first."""
        e = self.source.table()
        marks = e.filter(e.uuid.notnull()).group_by(mark=e.uuid.hash()).having(lambda t: t.count() > 1).agg()
        with watched(self.con, "looking for events sent twice"):
            repeated = self.execute(marks.count().as_table()).iloc[0, 0]
        if repeated == 0:
            return None
        same = e.mutate(mark=e.uuid.hash()).semi_join(marks, "mark").drop("mark")
        order = [same.arrival, *(same[c] for c in e.columns if c not in ("arrival", "uuid"))]
        ranked = same.mutate(rank=ibis.row_number().over(group_by=same.uuid, order_by=order))
        rows = self.arrow(ranked)
        extra = int((rows["rank"].to_numpy() > 0).sum())
        self.cache.get("duplicates", lambda: extra)
        first = rows.filter(pc.equal(rows["rank"], 0))
        return self.keep("doubles", first, e.schema()) if extra else None

    # ------------------------------------------------------------------ persons and groups
    def person_map(self) -> ir.Table | None:
        """Distinct id -> person id, a row a distinct id; None where the events' own person_id decides."""
        if self.con is None:
            return self.persons[["distinct_id", "person_id"]] if self.persons is not None else None
        if self.persons is not None:
            return self.persons[["distinct_id", "person_id"]]
        if self.identity == "given":
            return None
        return self.cache.get("person_map", self._replay_identity)

    def _replay_identity(self) -> ir.Table | None:
        return self._kept_map("person_map", self._identity().person_map)

    def _kept_map(self, name: str, moved: pd.DataFrame) -> ir.Table | None:
        return None if moved.empty else self.keep(name, moved, ibis.schema({"distinct_id": "string", "person_id": "string"}))

    def person_groups(self) -> ir.Table | None:
        """Distinct id -> any id of the same person, a row a distinct id: as good as `person_map` to count persons, and found sooner."""
        if not self.replays_identity or self.cache.knows("person_map"):
            return self.person_map()
        from evkit.model.identity import together

        made = lambda: self._kept_map("person_groups", together(self.clean(), self.arrow, dialect=self.dialect, found=self.merges()))  # noqa: E731
        return self.cache.get("person_groups", made)

    def merges(self) -> Merges:
        """The events that merge persons, and those of them that may not; asked for once."""
        from evkit.model.identity import merges_of

        return self.cache.get("merges", lambda: merges_of(self.clean(), self.arrow, self.dialect))

    def _identity(self) -> Identity:
        from evkit.model.identity import replay

        return self.cache.get("identity", lambda: replay(self.clean(), self.arrow, dialect=self.dialect, found=self.merges()))

    def person_properties(self) -> ir.Table:
        """Person id -> the person's properties now (JSON text), a row a person."""
        if self.persons is not None:
            p = self.persons.view()
            return p.group_by("person_id").agg(person_properties=p.properties.max())
        if self.con is None or self.identity == "given":
            e = self.clean()
            return e.group_by(person_id=e.person_id.coalesce(e.distinct_id)).agg(person_properties=e.person_properties.argmax(e.arrival))
        return self.cache.get("person_properties", self._replay_properties)

    def _replay_properties(self) -> ir.Table:
        frame = self.cache.get("persons", self._replay_persons)
        rows = frame[["person_id", "properties"]].rename(columns={"properties": "person_properties"})
        return self.keep("person_properties", rows, ibis.schema({"person_id": "string", "person_properties": "string"}))

    def _replay_persons(self) -> pd.DataFrame:
        from evkit.model.replayed import persons_frame

        return persons_frame(self, self._identity())

    def persons_frame(self) -> pd.DataFrame:
        """The persons: person_id, distinct_ids (list), properties (JSON text), created_at, is_identified; a row a person."""
        if self.replays_identity:
            return self.cache.get("persons", self._replay_persons)
        p = self.persons if self.persons is not None else self._persons_of_events()
        rows = p.group_by("person_id").agg(
            distinct_ids=p.distinct_id.collect(distinct=True),
            properties=p.properties.max(),
            created_at=p.created_at.min(),
        )
        return self.execute(rows.order_by("person_id")).assign(is_identified=pd.NA)

    def _persons_of_events(self) -> ir.Table:
        """Persons as the events' own person_id says: a row a distinct id, properties of its newest event."""
        e = self.clean()
        return e.group_by("distinct_id", person_id=e.person_id.coalesce(e.distinct_id)).agg(
            properties=e.person_properties.argmax(e.arrival).fill_null("{}"), created_at=e.timestamp.min()
        )

    @property
    def replays_identity(self) -> bool:
        """Whether persons are rebuilt from the events."""
        return self.persons is None and self.identity == "replay" and self.con is not None

    def identity_log(self) -> pd.DataFrame:
        """Every merge and every refusal, in arrival order; empty where no replay was needed."""
        if not self.replays_identity:
            raise DataError("persons were given with the data, so no identity was replayed: there is no log of merges")
        return self._identity().log

    def group_table(self) -> ir.Table:
        """The groups: type_index, type, key, properties now; a row a group."""
        if self.groups is not None:
            return self.groups
        return self.cache.get("groups", self._replay_groups)

    def _replay_groups(self) -> ir.Table:
        from evkit.model.groups import groups_frame
        from evkit.model.schema import GROUPS

        return self.keep("groups", groups_frame(self.clean(), self.arrow, self.group_types, dialect=self.dialect), GROUPS)

    @property
    def group_types(self) -> tuple[str, ...]:
        """The group types; the position is the index."""
        if self.settings.group_types or self.con is None:
            return self.settings.group_types
        return self.cache.get("group_types", self._find_group_types)

    def _find_group_types(self) -> tuple[str, ...]:
        from evkit.model.groups import group_types

        if self.groups is not None:
            rows = self.execute(self.groups[["type_index", "type"]].distinct().order_by("type_index"))
            found = dict(zip(rows.type_index, rows.type, strict=True))
            return tuple(str(found.get(i, "")) for i in range(max(found, default=-1) + 1))
        return tuple(group_types(self.clean(), self.arrow, dialect=self.dialect))

    # ------------------------------------------------------------------ explanations
    def rules(self, *, by_distinct_id: bool = True) -> tuple[str, ...]:
        """What holds for every figure of these tables, in words.

        Parameters
        ----------
        by_distinct_id
            Whether the question counts distinct ids in a project that is set to.
        """
        if self.settings.aggregate_by_distinct_id and by_distinct_id:
            who = "Each distinct id is a person of its own."
        elif self.persons is not None:
            who = (
                "Persons are those given with the data; an event of a distinct id that none of them has is of the person_id it came with, "
                "without one an actor of its own."
            )
        elif self.identity == "given":
            who = "The person is the person_id that came with each event."
        else:
            who = "Persons are rebuilt from $identify, $create_alias and $merge_dangerously in the order in which the events arrived."
        once = (
            "An event sent twice (same uuid) counts once: the first to arrive."
            if self.source.has_uuids
            else "Events have no uuid: every row counts."
        )
        return who, once

    # ------------------------------------------------------------------ the log
    def log(self, needs: frozenset[str] = frozenset(), *, people: bool = True, named: bool = True, numbered: bool = False) -> ir.Table:
        """The events with their persons, and whatever else a question needs joined to them.

        Parameters
        ----------
        needs
            "person" joins person_properties (as they are now); "group:0" joins group_0 (the key, null when empty)
            and group_0_properties; "session" joins session_duration (seconds, of the whole session).
        people
            Whether the question asks who did it. Without, there is no person_id, and no join for it.
        named
            Whether person_id is the person's. Without, it may be any id of the same person: enough to count persons.
        numbered
            Whether there is `row`, the event's number in the scan of the data.

        Returns
        -------
        ir.Table
            uuid, event, distinct_id, timestamp, t (microseconds since 1970), arrival, properties, elements_chain,
            person_id (never null), and what the needs add. A row an event.
        """
        e = number(self) if numbered else self.clean()
        names = ["uuid", "event", "distinct_id", "timestamp", "arrival", "properties", "elements_chain", *(["row"] if numbered else [])]
        if not people:
            log = e.select(*names, t=epoch_microseconds(e.timestamp, dialect=self.dialect))
            return self._with_needs(log, needs)
        mapping = self.person_map() if named else self.person_groups()
        if self.identity == "replay" and self.persons is None and mapping is None:
            person: ir.StringValue = e.distinct_id
        elif mapping is not None:
            mapped = mapping.rename(mapped_id="distinct_id", mapped="person_id")
            e = e.left_join(mapped, e.distinct_id == mapped.mapped_id)
            person = e.mapped.coalesce(e.distinct_id) if self.persons is None else e.mapped.coalesce(e.person_id, e.distinct_id)
        else:
            person = e.person_id.coalesce(e.distinct_id)
        log = e.select(*names, t=epoch_microseconds(e.timestamp, dialect=self.dialect), person_id=person)
        log = log.view()  # a join over computed columns of a join is refused by ibis
        return self._with_needs(log, needs)

    def _with_needs(self, log: ir.Table, needs: frozenset[str]) -> ir.Table:
        if "person" in needs:
            log = self._with_person(log)
        for need in sorted(needs):
            if need.startswith("group:"):
                log = self._with_group(log, int(need.partition(":")[2]))
        return self._with_session(log) if "session" in needs else log

    def _with_person(self, log: ir.Table) -> ir.Table:
        people = self.person_properties().rename(joined_id="person_id")
        return log.left_join(people, log.person_id == people.joined_id).drop("joined_id")

    def _with_group(self, log: ir.Table, index: int) -> ir.Table:
        key = self.group_key(log.properties, index)
        log = log.mutate(**{f"group_{index}": key})
        g = self.group_table()
        g = g.filter(g.type_index == index).select(joined_key=g.key, **{f"group_{index}_properties": g.properties})
        return log.left_join(g, log[f"group_{index}"] == g.joined_key).drop("joined_key")

    def group_key(self, column: ir.StringValue, index: int) -> ir.StringValue:
        """The key of the event's group of type `index`; null when the event has none or an empty one."""
        key = properties.text(column, f"$group_{index}", dialect=self.dialect)
        types = self.group_types
        if index < len(types) and types[index]:
            named = properties.path_text(column, ("$groups", types[index]), dialect=self.dialect)
            personless = properties.is_false(column, "$process_person_profile", dialect=self.dialect)
            key = key.coalesce(ibis.ifelse(personless, ibis.null("string"), named))
        return key.nullif("")

    def group_changes(self, index: int, key: str) -> pd.DataFrame:
        """What changed of a group's properties, in arrival order: uuid, time (UTC), event, key, before, after (JSON text).

        Raises
        ------
        DataError
            Where groups were given: nothing then says what they were before.
        """
        from evkit.model.groups import changes

        if self.groups is not None:
            raise DataError("groups were given with the data, as they are now: nothing says what they were before")
        return changes(self.clean(), self.arrow, self.group_types[index], key, dialect=self.dialect)

    def session_id(self, column: ir.StringValue) -> ir.StringValue:
        """The event's $session_id, a UUID in small letters; "" where it has none."""
        given = properties.text(column, "$session_id", dialect=self.dialect).fill_null("")
        return ibis.ifelse(given.re_search(A_UUID), given.lower(), given)

    def _with_session(self, log: ir.Table) -> ir.Table:
        e = self.clean()
        session = self.session_id(e.properties)
        t = epoch_microseconds(e.timestamp, dialect=self.dialect)
        spans = e.select(joined_session=session, t=t).filter(lambda r: r.joined_session != "")
        spans = spans.group_by("joined_session").agg(session_duration=((spans.t.max() - spans.t.min()) / 1_000_000))
        log = log.mutate(session_id=self.session_id(log.properties))
        joined = log.left_join(spans, log.session_id == spans.joined_session).drop("joined_session")
        return joined.mutate(session_duration=joined.session_duration.fill_null(0.0))
