"""What is asked of events, as columns beside the journeys: which of them match, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from evkit import properties
from evkit.journeys import columns
from evkit.journeys.build import hashed
from evkit.journeys.columns import NOTHING, Coded, Key
from evkit.journeys.index import Index, Narrowed
from evkit.kernel.sharing import taken
from evkit.model.journeys import PERSONS, SCAN, SESSIONS, By, Same, held, journeys
from evkit.model.numbered import numbered, of_the_same
from evkit.model.tables import EventTables
from evkit.query.behaviour import is_turned
from evkit.query.cohorts import kept
from evkit.query.filters import Matcher, is_incomplete
from evkit.query.property_filters import FilterGroup, PropertyFilter, PropertyRef
from evkit.query.relation import Spec, cohort_of, needs_of, relation
from evkit.query.spec import Action, Series

Filter = FilterGroup | PropertyFilter | None


@dataclass(frozen=True)
class Marks:
    """Answers about the events of an index, a position each.

    Parameters
    ----------
    by
        Whose journeys they are.
    whole, narrowed
        The answers about all events, where these are of some of them; and which those are.
    """

    tables: EventTables
    index: Index
    by: By
    whole: Marks | None = None
    narrowed: Narrowed | None = None

    def only(self, names: Collection[str] | None) -> Marks:
        """Give the same of the events of some names alone, where those are few; None for all."""
        found = None if names is None or self.whole is not None else self.index.only(names)
        return self if found is None else Marks(self.tables, found.index, self.by, self, found)

    def actors(self, who: np.ndarray) -> np.ndarray:
        """Give actors by their number in the whole index."""
        return who if self.narrowed is None else self.narrowed.who[who]

    def of_actors(self, find: Callable[[Index], np.ndarray]) -> np.ndarray:
        """Give what is found of each actor of the whole index, of these actors."""
        if self.whole is None or self.narrowed is None:
            return find(self.index)
        found: np.ndarray = find(self.whole.index)[self.narrowed.who]
        return found

    def _here(self, key: Any, of_whole: Callable[[Marks], np.ndarray], find: Callable[[], np.ndarray]) -> np.ndarray:
        """Give what is found of each event: of some events from what is known of the whole."""
        whole, narrowed = self.whole, self.narrowed
        if whole is None or narrowed is None:
            return self.index.worked.get(key, find)
        return self.index.worked.get(key, lambda: taken(of_whole(whole), narrowed.at))

    def _key(self, expr: ir.Table, body: ir.Table | None = None) -> Key | None:
        """Give what tells an expression from others of the same data: its SQL; None where that names what only this process has.

        Parameters
        ----------
        body
            What asks the rows, where the expression groups them.
        """
        rows = numbered(self.tables).op()
        scan = ops.UnboundTable(name=SCAN, schema=rows.schema)
        made = expr.op().replace({rows: scan})
        others = [table for table in made.find(ops.PhysicalTable) if table.name != SCAN]
        if others:
            return None
        asked = made if body is None else body.op().replace({rows: scan})
        return Key(str(ibis.to_sql(made.to_expr(), dialect="duckdb")), by_row=asks_each_row(asked))

    def run(self, expr: ir.Table) -> Any:
        """Run an expression, batch by batch, over the data that the index is of."""
        return of_the_same(self.tables, expr)

    # ------------------------------------------------------------------ tests
    def passing(self, names: Collection[str] | None, *filters: Filter) -> np.ndarray | None:
        """Say which events pass filters: bool, of events of other names than those asked about False; None where all do."""
        inside, asked = self._parted(filters)
        if inside:
            theirs, others = self._of_cohorts(inside), self.passing(names, *asked)
            both: np.ndarray = theirs if others is None else theirs & others
            return both
        if not asked:
            return None
        return self.hits(None, *asked) if names is None else self._kept((None, asked), sorted(names))

    def hits(self, subject: str | Action | None, *filters: Filter) -> np.ndarray:
        """Say which events are of a name (or an action; None for any) and pass filters: bool."""
        inside, asked = self._parted(filters)
        if inside:
            found: np.ndarray = self._of_cohorts(inside) & self.hits(subject, *asked)
            return found
        if not asked and isinstance(subject, str):
            code = self.index.code.get(subject)
            return self.index.events == code if code is not None else np.zeros(len(self.index), bool)
        if not asked and subject is None:
            return np.ones(len(self.index), bool)
        return self._kept((subject, asked))

    def _parted(self, filters: Sequence[Filter]) -> tuple[tuple[PropertyFilter, ...], tuple[Filter, ...]]:
        """Give the cohorts that persons must be in, or out of, where the journeys are theirs, and the other filters; none that is empty."""
        flat = [one for given in filters for one in anded(given)]
        inside = tuple(
            one
            for one in flat
            if self.by == PERSONS and isinstance(one, PropertyFilter) and one.type == "cohort" and not is_incomplete(one)
        )
        return inside, tuple(one for one in (flat if inside else filters) if one is not None and one not in inside and anded(one))

    def _of_cohorts(self, asked: Sequence[PropertyFilter]) -> np.ndarray:
        """Say which events are of persons that are in cohorts, or out of them as is asked: bool."""

        def find() -> np.ndarray:
            tables, passed = self.tables, np.ones(len(self.index.actors), bool)
            for one in asked:
                people = kept(tables, cohort_of(tables, one.value))
                hashes = tables.arrow(people.select(hash=hashed(people.person_id)))["hash"].to_numpy()
                at, inside = self.index.actors_of(hashes), np.zeros(len(passed), bool)
                inside[at[at >= 0]] = True
                passed &= inside != is_turned(one)
            return np.repeat(passed, np.diff(self.index.offsets))

        key = ("cohorts", Same(self.tables.settings), tuple(asked), repr(asked))
        return self._here(key, lambda whole: whole._of_cohorts(asked), find)

    def _kept(self, asked: tuple[str | Action | None, tuple[Filter, ...]], names: Sequence[str] = ()) -> np.ndarray:
        key = ("hits", Same(self.tables.settings), asked, repr(asked), tuple(names))  # 1 and True are equal, and don't read alike
        return self._here(key, lambda whole: whole._kept(asked, names), lambda: self._hits(*asked, names))

    def _hits(self, subject: str | Action | None, asked: Sequence[Filter], names: Sequence[str]) -> np.ndarray:
        specs: list[Spec] = [Series(subject), *asked]
        rows = relation(self.tables, *specs, people=False, numbered=True)
        matcher = Matcher(self.tables, rows)
        test = matcher.subject(subject)
        for one in asked:
            test = test & matcher.filter(one)
        passing = (rows.filter(rows.event.isin(names)) if names else rows).filter(test).select("row")
        return columns.mask(self.index, passing, self.run, key=self._key(passing))

    def test(self, name: str, specs: Sequence[Spec], make: Callable[[Matcher], ir.BooleanValue]) -> np.ndarray:
        """Say which events pass a test of the tables: bool."""

        def find() -> np.ndarray:
            rows = relation(self.tables, *specs, people=False, numbered=True)
            passing = rows.filter(make(Matcher(self.tables, rows))).select("row")
            return columns.mask(self.index, passing, self.run, key=self._key(passing))

        return self._here(("test", name), lambda whole: whole.test(name, specs, make), find)

    def series(self, series: Series, *filters: Filter) -> np.ndarray:
        """Say which events count for a series and pass filters: bool."""
        return self.hits(series.subject, series.group, *filters)

    # ------------------------------------------------------------------ values
    def kept(self, name: Any, make: Callable[[], Coded]) -> Coded:
        """Give codes that were made of others, making them first if need be."""
        return self.index.worked.get(("kept", Same(self.tables.settings), name), make)

    def part(
        self, name: Any, ref: PropertyRef, make: Callable[[Matcher], ir.Value], names: Collection[str] | None, *, event: str = ""
    ) -> Coded | None:  # fmt: skip
        """Give what is made of a property of events, as codes; None where it has too many values for that.

        The property is read once, whatever is made of it: that is made of its values, which are few.

        Parameters
        ----------
        name
            What tells it from others that are made of the same property.
        make
            Makes it of the property: of a `Matcher` whose value of `ref` it is.
        names
            The names of the events that are asked about; None for all.
        event
            The name that the matcher's rows have.
        """
        said = self.said(ref, names)
        if said is None:
            return None
        settings, words = Same(self.tables.settings), Same(said.words)
        table = self.index.worked.get(("words", settings, name, ref, event, words), lambda: self._translated(said.words, make, event))
        key = ("part", settings, name, ref, event, words, names if names is None else frozenset(names))
        return self.index.worked.get(key, lambda: Coded(table.codes[said.codes], table.words, said.covered))

    def said(self, ref: PropertyRef, names: Collection[str] | None) -> Coded | None:
        """Give what events of some names (None for all) say of a property, as codes; None where it has too many values for that."""
        return self.coded(("value", ref), (ref,), lambda matcher: matcher.value(ref), names)

    def numbers(self, ref: PropertyRef, names: Collection[str] | None) -> tuple[np.ndarray, np.ndarray] | None:
        """Give what events of some names (None for all) say of a property, as codes, and the number that each code is.

        Returns
        -------
        tuple
            A code an event, less than 0 for nothing; float64, NaN for a text that is no number. None where it has too many values.
        """
        said = self.said(ref, names)
        if said is None:
            return None
        key = ("numbers", Same(self.tables.settings), ref, Same(said.words))
        return said.codes, self.index.worked.get(key, lambda: self._numbers(said.words, ref))

    def _numbers(self, words: pa.Array, ref: PropertyRef) -> np.ndarray:
        """Give the number that each of some values is."""
        given = pa.table({"word": words, "code": pa.array(range(len(words)))})
        rows = ibis.memtable(given, schema=ibis.schema({"word": "string", "code": "int64"}))
        told = self.tables.arrow(rows.select("code", number=OfWords(self.tables, rows).number(ref))).sort_by("code")["number"]
        numbers: np.ndarray = told.combine_chunks().to_numpy(zero_copy_only=False).astype(np.float64)
        return numbers

    def _translated(self, words: pa.Array, make: Callable[[Matcher], ir.Value], event: str) -> Coded:
        """Give what is made of values: a code for each of them, that of no value last."""
        given = pa.table({"word": pa.concat_arrays([words, pa.nulls(1, pa.string())]), "code": pa.array(range(len(words) + 1))})
        rows = ibis.memtable(given, schema=ibis.schema({"word": "string", "code": "int64"})).mutate(event=ibis.literal(event))
        told = self.tables.arrow(rows.select("code", made=make(OfWords(self.tables, rows)))).sort_by("code")["made"].combine_chunks()
        coded = told.cast(pa.string()).dictionary_encode()
        codes = coded.indices.fill_null(NOTHING).to_numpy(zero_copy_only=False).astype(np.int32)
        return Coded(codes, coded.dictionary, frozenset())

    def coded(
        self, name: Any, specs: Sequence[Spec], value: Callable[[Matcher], ir.StringValue], names: Collection[str] | None
    ) -> Coded | None:
        """Give what events say, as codes; None where there are too many values for that.

        Parameters
        ----------
        name
            What tells the value from others of the same tables and settings.
        specs
            What it needs joined.
        value
            Makes its expression.
        names
            The names of the events that are asked about; None for all.
        """
        whole, narrowed = self.whole, self.narrowed
        at = ("said", Same(self.tables.settings), name)
        if whole is not None and narrowed is not None:
            said = whole.coded(name, specs, value, names)
            if said is None:
                return None
            here = lambda: Coded(taken(said.codes, narrowed.at), said.words, said.covered)  # noqa: E731
            return self.index.worked.get((*at, names if names is None else frozenset(names)), here)
        if any(need.startswith(("person", "cohort", "who", "session")) for need in needs_of(*specs)):
            names = None  # what takes a join is read once, of all

        rows = relation(self.tables, *specs, people=False, numbered=True)
        rows = rows.mutate(value=value(Matcher(self.tables, rows)))

        def read(some: Collection[str] | None) -> ir.Table:
            chosen = rows if some is None else rows.filter(rows.event.isin(list(some)))
            return chosen.group_by("value").agg(rows=chosen["row"].collect())

        refused, worked = held(self.tables).too_many, self.index.worked
        if (self.by, *at) in refused:
            return None
        before: Coded | None = worked.known(at)
        if before is not None and before.covers(names):
            return worked.put(at, before)
        try:
            return worked.put(at, columns.values(self.index, read, self.run, key=self._key(read(None), rows), names=names, known=before))
        except columns.TooMany:
            refused.add((self.by, *at))
            return None


class OfWords(Matcher):
    """A matcher whose rows are the values of one property: a row each, as `word`."""

    def value(self, ref: PropertyRef) -> ir.StringValue:
        """Give the values."""
        return self.rows.word


def anded(given: Filter) -> tuple[FilterGroup | PropertyFilter, ...]:
    """Give the filters that must all be passed for one to be."""
    if isinstance(given, FilterGroup) and (given.op == "AND" or len(given.values) < 2):
        return tuple(one for value in given.values for one in anded(value))
    return () if given is None else (given,)


def asks_each_row(made: Any) -> bool:
    """Say whether what is asked of a row of the scan depends on that row alone."""
    relations = (ops.Project, ops.Filter, ops.DropColumns, ops.UnboundTable)
    return all(isinstance(one, relations) for one in made.find(ops.Relation)) and not made.find(
        (ops.WindowFunction, ops.Reduction, ops.Analytic, ops.Subquery)
    )


def marks(tables: EventTables, by: By) -> Marks | None:
    """Give the marks of the journeys that there are; None where a question goes without."""
    index = journeys(tables, by)
    return None if index is None else Marks(tables, index, by)


def marks_by_value(tables: EventTables, ref: PropertyRef) -> Marks | None:
    """Give the marks of the journeys of a property's values: there are those of sessions; None where a question goes without."""
    found = marks(tables, SESSIONS) if (ref.key, ref.type) == ("$session_id", "event") else None
    return found if found is not None and tables.cache.get("plain_sessions", lambda: _plain_sessions(tables)) else None


def _plain_sessions(tables: EventTables) -> bool:
    """Say whether every `$session_id` is as journeys have it: none empty, none a UUID in capitals."""
    e = tables.clean()
    said = properties.text(e.properties, "$session_id", dialect=tables.dialect)
    odd = e.filter(said.notnull() & ((said == "") | (said != tables.session_id(e.properties))))
    return len(tables.arrow(odd.select("event").limit(1))) == 0


def by_of(tables: EventTables, group_type_index: int | None) -> By:
    """Give whose journeys a question is about that counts groups of a type, or else persons."""
    if group_type_index is not None:
        return By("group", group_type_index)
    return By("distinct_id") if tables.settings.aggregate_by_distinct_id else By()


def names_of(*subjects: str | Action | None) -> frozenset[str] | None:
    """Give the names of the events that subjects can be; None where they can be any."""
    found: set[str] = set()
    for subject in subjects:
        if isinstance(subject, str):
            found.add(subject)
        elif isinstance(subject, Action) and all(step.event is not None for step in subject.steps):
            found |= {step.event for step in subject.steps if step.event is not None}
        else:
            return None
    return frozenset(found)


def together(parts: Sequence[Coded], which: np.ndarray | None = None) -> tuple[np.ndarray, list[tuple[str, ...]]]:
    """Give several values as one: a code each, int32, and what the codes stand for; only those that occur (among `which`).

    Events that were not read, or say nothing, get the code 0.
    """
    if len(parts) == 1:
        return parts[0].codes, [(word,) for word in parts[0].words.to_pylist()]
    codes = np.zeros(len(parts[0].codes), np.int64)
    for part in parts:
        codes = codes * max(len(part.words), 1) + np.maximum(part.codes, 0)
    used = np.unique(codes if which is None else codes[which])
    place = np.searchsorted(used, codes)
    found = np.minimum(place, max(len(used) - 1, 0)).astype(np.int32)
    return found, told(used, [part.words.to_pylist() for part in parts])


def told(codes: np.ndarray, words: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Give what codes stand for that were made of several: of the last words the code is the smallest part.

    Examples
    --------
    >>> told(np.array([0, 5]), [["a", "b"], ["x", "y", "z"]])
    [('a', 'x'), ('b', 'z')]
    """
    said: list[tuple[str, ...]] = []
    for code in codes.tolist():
        one: list[str] = []
        for part in reversed(words):
            code, at = divmod(code, max(len(part), 1))
            one.append(part[at])
        said.append(tuple(reversed(one)))
    return said
