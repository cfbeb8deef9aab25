"""What autocapture saw: each distinct chain with its counts, and what of it a selector catches."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from evkit import properties
from evkit.dates import DateRange
from evkit.dates.instants import instant
from evkit.elements import Element, attribute, matches_selector, parse_selector, read_element, split_chain
from evkit.elements import Part as Compound
from evkit.model.tables import EventTables
from evkit.query.filters import Matcher
from evkit.query.property_filters import FilterGroup
from evkit.query.relation import relation
from evkit.query.spec import Action
from evkit.suggestions import looks
from evkit.suggestions.candidates import PATH, Candidate, Elements, tag_of, target_of

KINDS = ("click", "change", "submit")
"""The kinds of events ($event_type) that actions are suggested for."""
AS_THE_ENGINE_SEES = re.compile(r'(?<=[":])text="([^"]*)"')
FIXED_VALUES = 12
FIXED_SHARE = 0.8
"""A value is fixed where so few values make up so much of the events of the same place in a page."""
COUNTING_VALUES = 3
"""More values than these which differ only in a number just count."""
WANTED = ibis.schema({"chain": "string", "kind": "string", "page": "string", "wanted": "int64"})


# ---------------------------------------------------------------------- rows
@dataclass(frozen=True, eq=False)
class Row:
    """The events of one chain and kind: what an element is and where, how often, on which pages (first and last by name).

    Parameters
    ----------
    known
        For each known action, whether these events are it.
    """

    chain: str
    kind: str
    elements: tuple[Element, ...]
    events: int
    first_page: str
    last_page: str
    last_seen: dt.datetime
    known: tuple[bool, ...] = ()

    @property
    def page(self) -> str | None:
        """The page, where it was only one."""
        return self.first_page if self.first_page == self.last_page and self.first_page else None

    @cached_property
    def target(self) -> int:
        """The index of the element that the events are about."""
        return target_of(self.elements, self.kind)

    @cached_property
    def texts(self) -> frozenset[str]:
        """The texts that an action can ask for: as the engine finds them in the chain."""
        return frozenset(AS_THE_ENGINE_SEES.findall(self.chain))


def within(tables: EventTables, rows: ir.Table, filters: FilterGroup | None, date_range: DateRange | None) -> ir.BooleanValue:
    """Say which events a question about actions is asked of: those that a trend by day counts."""
    period = tables.resolve(date_range, interval="day")
    return Matcher(tables, rows).filter(filters) & (rows.timestamp >= instant(period.lower)) & (rows.timestamp <= instant(period.end))


def seen(
    tables: EventTables,
    actions: Sequence[Action] = (),
    *,
    filters: FilterGroup | None = None,
    date_range: DateRange | None = None,
    people: bool = False,
) -> ir.Table:
    """Give the autocaptured events: chain, kind ($event_type), page (path), timestamp, known_0 ... (0 or 1), actor with `people`."""
    rows = relation(tables, *actions, filters, people=people)
    matcher = Matcher(tables, rows)
    url = properties.text(rows.properties, "$current_url", dialect=tables.dialect).fill_null("")
    known = {f"known_{i}": ibis.ifelse(matcher.action(a), 1, 0).cast("int64") for i, a in enumerate(actions)}
    actor = {"actor": rows.distinct_id if tables.settings.aggregate_by_distinct_id else rows.person_id} if people else {}
    wide = rows.mutate(
        chain=rows.elements_chain.fill_null(""),
        kind=properties.text(rows.properties, "$event_type", dialect=tables.dialect).fill_null(""),
        page=url.re_extract(PATH, 1).fill_null(""),
        **known,
        **actor,
    )
    asked = wide.filter((wide.event == "$autocapture") & within(tables, wide, filters, date_range))
    return asked.select("chain", "kind", "page", "timestamp", *known, *actor)


def expression(
    tables: EventTables, actions: Sequence[Action] = (), *, filters: FilterGroup | None = None, date_range: DateRange | None = None
) -> ir.Table:
    """Give the distinct chains: chain, kind, known_0 ..., events, first_page, last_page, last_seen; a row a combination of the first."""
    e = seen(tables, actions, filters=filters, date_range=date_range)
    return e.group_by(["chain", "kind", *(f"known_{i}" for i in range(len(actions)))]).agg(
        events=e.count(), first_page=e.page.min(), last_page=e.page.max(), last_seen=e.timestamp.max()
    )


def people_behind(
    tables: EventTables, wanted: ir.Table, *, filters: FilterGroup | None = None, date_range: DateRange | None = None
) -> ir.Table:
    """Count the people behind sets of chains: wanted, persons; a row a set.

    Parameters
    ----------
    wanted
        chain, kind, page ("" is any), wanted (the number of the set).
    """
    e = seen(tables, filters=filters, date_range=date_range, people=True).view()
    w = wanted.rename(wanted_chain="chain", wanted_kind="kind", wanted_page="page")
    both = e.join(w, [e.chain == w.wanted_chain, e.kind == w.wanted_kind])
    some = both.filter((both.wanted_page == "") | (both.wanted_page == both.page)).select("wanted", "actor").distinct()
    return some.group_by("wanted").agg(persons=some.count())


# ---------------------------------------------------------------------- what varies
class Variation:
    """Which values of the pages vary from event to event: ids of rows, names of users.

    A value varies where the same place (tags, classes and ids around it) has many values and no few of them are most of
    it, or where more than three values differ only in a number.

    Parameters
    ----------
    rows
        What was captured.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self._placed: dict[int, tuple[Elements, list[int]]] = {}  # the elements are kept with them, so that no other has their id
        places: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
        shapes: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        for row in rows:
            self._placed[id(row.elements)] = row.elements, places_of(row.elements)
            for i, place in enumerate(self._placed[id(row.elements)][1]):
                for key, value in values_of(row.elements[i]):
                    places[place, key][value] += row.events
                    if any(c.isdigit() for c in value):
                        shapes[tag_of(row.elements[i]), key, looks.shape(value)].add(value)
        self._places = {at for at, values in places.items() if not is_fixed(values)}
        self._shapes = {at for at, values in shapes.items() if len(values) > COUNTING_VALUES}

    def __call__(self, elements: Elements, index: int, key: str) -> bool:
        """Say whether what an element has under `key` (an attribute, or "text") varies."""
        value = value_of(elements[index], key)
        if value is None:
            return False
        if id(elements) not in self._placed:
            self._placed[id(elements)] = elements, places_of(elements)
        return (self._placed[id(elements)][1][index], key) in self._places or (
            tag_of(elements[index]),
            key,
            looks.shape(value),
        ) in self._shapes


def is_fixed(values: Counter[str]) -> bool:
    """Say whether values are few, or a few of them are most of it.

    Examples
    --------
    >>> is_fixed(Counter(buy=90, sell=10)), is_fixed(Counter(str(i) for i in range(100)))
    (True, False)
    """
    if len(values) <= FIXED_VALUES:
        return True
    return sum(n for _, n in values.most_common(FIXED_VALUES)) >= FIXED_SHARE * sum(values.values())


def places_of(elements: Elements) -> list[int]:
    """Give for each element a number for its place: the tags and classes from it up to the page, and the ids around it."""
    found, above = [], 0
    for element in reversed(elements):
        classes = sorted(c for c in map(str, element.get("attr_class") or ()) if looks.is_plain(c) and not looks.is_style(c))
        above = hash((element.get("tag_name"), tuple(looks.shape(c) for c in classes if not looks.generated(c)), above))
        found.append(above)
        above = hash((above, looks.shape(str(element.get("attr_id") or ""))))
    return found[::-1]


def values_of(element: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give the values of an element that may vary, by name."""
    keys = {"id", "href", *(k.removeprefix("attr__") for k in element.get("attributes") or {})} - {"class", "style"}
    found = [(key, value) for key in sorted(keys) if (value := attribute(element, key))]
    return [*found, ("text", str(element["text"]))] if element.get("text") else found


def value_of(element: Mapping[str, Any], key: str) -> str | None:
    """Give one of the values of an element."""
    return str(element["text"]) if key == "text" and element.get("text") else attribute(element, key)


# ---------------------------------------------------------------------- what a selector catches
@dataclass(frozen=True, eq=False)
class Captured:
    """What autocapture saw, ready to be asked what a selector catches.

    Parameters
    ----------
    tables
        Where it was seen; None where rows were made by hand: then persons can't be counted.
    rows
        A row a chain and kind, the most frequent first.
    known
        The known actions that the rows were asked about.
    left_out
        What nothing is suggested from, in words -> events.
    """

    tables: EventTables | None
    rows: tuple[Row, ...]
    known: tuple[Action, ...] = ()
    filters: FilterGroup | None = None
    date_range: DateRange | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def events(self) -> int:
        """How many events the rows stand for."""
        return sum(row.events for row in self.rows)

    def __repr__(self) -> str:
        return f"<Captured: {self.events:,} autocaptured events, {len(self.rows):,} chains of elements>"

    @cached_property
    def varies(self) -> Variation:
        """Which values vary from event to event."""
        return Variation(self.rows)

    @cached_property
    def _index(self) -> _Index:
        return _Index(self.rows)

    @cached_property
    def _caught(self) -> dict[tuple[str | None, str | None, str | None, str], frozenset[int] | None]:
        return {}

    def catches(self, candidate: Candidate, kind: str) -> frozenset[int] | None:
        """Give the numbers of the rows whose events a candidate is.

        Returns
        -------
        frozenset of int or None
            None where rows can't tell: some of a row's events happened on the candidate's page, and some elsewhere.
        """
        key = (candidate.selector, candidate.text, candidate.page, kind)
        if key not in self._caught:
            self._caught[key] = self._find(candidate, kind)
        return self._caught[key]

    def _find(self, candidate: Candidate, kind: str) -> frozenset[int] | None:
        if candidate.page is not None:
            anywhere = self.catches(Candidate(candidate.selector, candidate.text), kind) or frozenset()
            if any(self.rows[n].page is None for n in anywhere):
                return None
            return frozenset(n for n in anywhere if self.rows[n].page == candidate.page)
        found = self._index.kinds.get(kind, frozenset())
        if candidate.text is not None:
            found &= self._index.texts.get(candidate.text, frozenset())
        if candidate.selector is not None:
            compounds = parse_selector(candidate.selector)
            for compound in compounds:
                found &= self._index.with_element(compound)
            if len(compounds) > 1:
                found = frozenset(n for n in found if matches_selector(self.rows[n].elements, candidate.selector))
        return found

    def count(self, numbers: Iterable[int]) -> int:
        """Count the events of some rows."""
        return sum(self.rows[n].events for n in numbers)

    def persons(self, asked: Sequence[tuple[Candidate, str]]) -> list[int | None]:
        """Count the people behind each candidate (with its kind), in one query; None where there is no engine to ask."""
        if self.tables is None or not asked:
            return [None] * len(asked)
        caught = [(i, c, self.catches(c, kind) or ()) for i, (c, kind) in enumerate(asked)]
        found = {(self.rows[n].chain, self.rows[n].kind, c.page or "", i) for i, c, numbers in caught for n in numbers}
        columns = list(zip(*sorted(found), strict=True)) or [(), (), (), ()]
        rows = pa.table(dict(zip(WANTED.names, columns, strict=True)), schema=WANTED.to_pyarrow())
        counted = self.tables.execute(
            people_behind(self.tables, self.tables.keep("wanted", rows, WANTED), filters=self.filters, date_range=self.date_range)
        )
        persons = dict(zip(counted.wanted.tolist(), counted.persons.tolist(), strict=True))
        return [int(persons.get(i, 0)) for i in range(len(asked))]


class _Index:
    """Finds the rows that have an element such as a compound of a selector asks for; each distinct element is looked at once."""

    def __init__(self, rows: Sequence[Row]) -> None:
        numbers: dict[int, int] = {}
        atoms: dict[tuple[Any, ...], set[int]] = defaultdict(set)
        holders: list[list[int]] = []
        kinds: dict[str, set[int]] = defaultdict(set)
        texts: dict[str, set[int]] = defaultdict(set)
        for n, row in enumerate(rows):
            kinds[row.kind].add(n)
            for text in row.texts:
                texts[text].add(n)
            for element in row.elements:
                number = numbers.setdefault(id(element), len(holders))
                if number == len(holders):
                    holders.append([])
                    for atom in atoms_of(element):
                        atoms[atom].add(number)
                holders[number].append(n)
        self.kinds = {kind: frozenset(found) for kind, found in kinds.items()}
        self.texts = {text: frozenset(found) for text, found in texts.items()}
        self._atoms, self._holders = atoms, holders
        self._known: dict[Compound, frozenset[int]] = {}

    def with_element(self, compound: Compound) -> frozenset[int]:
        """Give the rows that have an element which fits."""
        if compound not in self._known:
            asked = sorted((self._atoms.get(atom, set()) for atom in atoms_asked(compound)), key=len)
            fitting = set.intersection(*asked) if asked else set(range(len(self._holders)))
            self._known[compound] = frozenset(n for number in fitting for n in self._holders[number])
        return self._known[compound]


def atoms_of(element: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Give what a selector can ask of an element, one by one: agrees with `elements.Part.fits`.

    Examples
    --------
    >>> atoms_of({"tag_name": "a", "attr_id": "buy", "nth_child": 2})
    [('tag', 'a'), ('id', 'buy'), ('nth_child', 2), ('attribute', 'id', 'buy')]
    """
    found: list[tuple[Any, ...]] = [("tag", element.get("tag_name"))]
    found += [("class", name) for name in element.get("attr_class") or ()]
    found += [("id", element["attr_id"])] if element.get("attr_id") is not None else []
    found += [(key, element[key]) for key in ("nth_child", "nth_of_type") if element.get(key) is not None]
    keys = {"id", "href", *(k.removeprefix("attr__") for k in element.get("attributes") or {})}
    return found + [("attribute", key, value) for key in sorted(keys) if (value := attribute(element, key)) is not None]


def atoms_asked(compound: Compound) -> list[tuple[Any, ...]]:
    """Give what one compound of a selector asks of an element."""
    found: list[tuple[Any, ...]] = [] if compound.tag is None else [("tag", compound.tag)]
    found += [("class", name) for name in compound.classes] + [("id", name) for name in compound.ids]
    found += [("nth_child", n) for n in compound.nth_child] + [("nth_of_type", n) for n in compound.nth_of_type]
    return found + [("attribute", key, value) for key, value in compound.attributes]


# ---------------------------------------------------------------------- reading
def captured(
    tables: EventTables, actions: Sequence[Action] = (), *, filters: FilterGroup | None = None, date_range: DateRange | None = None
) -> Captured:
    """Read what autocapture saw: one query that counts the distinct chains.

    Parameters
    ----------
    tables
        The events.
    actions
        Known actions, whose share of each row is wanted too.
    filters, date_range
        What the events are restricted to.
    """
    if tables.is_empty:
        return Captured(tables, (), tuple(actions), filters, date_range)
    counted = tables.arrow(expression(tables, actions, filters=filters, date_range=date_range)).to_pylist()
    rows, left_out = rows_of(counted, actions=len(actions))
    return Captured(tables, rows, tuple(actions), filters, date_range, left_out)


def rows_of(counted: Iterable[Mapping[str, Any]], *, actions: int = 0) -> tuple[tuple[Row, ...], dict[str, int]]:
    """Give rows from the figures of `expression`, the most frequent first; and what is left out, with the number of events."""
    read: Callable[[str], Element] = _Memory(read_element).__getitem__
    left: Counter[str] = Counter()
    rows = []
    for one in counted:
        elements = tuple(read(part) for part in split_chain(one["chain"]))
        if not elements:
            left["have no chain of elements"] += one["events"]
        elif one["kind"] not in KINDS:
            left[f"are of the kind {one['kind']!r}" if one["kind"] else "have no $event_type"] += one["events"]
        else:
            flags = tuple(bool(one[f"known_{i}"]) for i in range(actions))
            rows.append(
                Row(one["chain"], one["kind"], elements, one["events"], one["first_page"], one["last_page"], one["last_seen"], flags)
            )
    rows.sort(key=lambda r: (-r.events, r.kind, r.chain, r.known))
    return tuple(rows), dict(sorted(left.items(), key=lambda item: (-item[1], item[0])))


class _Memory(dict[str, Element]):
    """Reads each text once."""

    def __init__(self, read: Callable[[str], Element]) -> None:
        super().__init__()
        self.read = read

    def __missing__(self, key: str) -> Element:
        self[key] = self.read(key)
        return self[key]
