"""Filters, actions and series -> ibis booleans over a relation. A boolean made here is never null.

Source: PostHog's query engine (`matching.md` of the design): operators, nulls, lists, dates, property definitions.
"""

from __future__ import annotations

import functools
import operator as op
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from evkit import properties
from evkit.errors import SpecError, UnsupportedQuery
from evkit.model.tables import EventTables
from evkit.query import instants, semver
from evkit.query.patterns import checked_regex, icontains, like
from evkit.query.property_filters import FilterGroup, PropertyFilter, PropertyRef, in_words
from evkit.query.relation import selector_column
from evkit.query.spec import Action, ActionStep, Series

NULL_PASSES = frozenset({"is_not", "not_icontains", "not_regex", "is_not_set", "not_in"})
NUMERIC = {"gt": op.gt, "gte": op.ge, "lt": op.lt, "lte": op.le, "min": op.ge, "max": op.le}
POSITIVE = {"is_not": "exact", "not_in": "exact", "in": "exact", "not_icontains": "icontains", "not_regex": "regex"}
EQUALITY = frozenset({"exact", "is_not", "in", "not_in"})
NO_VALUE = frozenset({"is_set", "is_not_set"})
METADATA = ("event", "distinct_id", "uuid", "timestamp", "person_id")
FIRST_HREF = r'(?::|")href="((?:[^"\\]|\\.)*)"'
INTERACTIVE_TAG = r"(?:^|;){tag}(?:\.|$|;|:)"
IN_QUOTES = r'"(?:[^"\\]|\\.)*"'


@dataclass(frozen=True)
class Clause:
    """A part of an action's step: what it is about, what it asks, the test, and what it reads where that is one text.

    Parameters
    ----------
    filter
        The filter that it is, where it is one.
    """

    name: str
    wanted: str
    test: ir.BooleanValue
    value: ir.StringValue | None = None
    filter: PropertyFilter | FilterGroup | None = None


class Matcher:
    """Compiles what is asked into booleans over one relation.

    Parameters
    ----------
    tables
        Whose settings (zone, now, property definitions, group types) decide.
    relation
        The events with what the specs need joined (`query.relation.relation`); or persons, for filters in person scope.
    """

    def __init__(self, tables: EventTables, relation: ir.Table) -> None:
        self.tables = tables
        self.rows = relation
        self.dialect = tables.dialect

    # ------------------------------------------------------------------ filters
    def filter(self, spec: FilterGroup | PropertyFilter | None, *, scope: str = "event") -> ir.BooleanValue:
        """Give the boolean of a filter or group; true for an empty one."""
        if spec is None:
            return ibis.literal(True)
        if isinstance(spec, PropertyFilter):
            if scope == "person" and spec.type not in ("person", "cohort"):
                raise SpecError(f"a filter of type {spec.type!r} ({spec.key!r}) does not work in person scope: use person properties")
            test = self._single(spec)
            return ~test if spec.negation else test
        tests = [self.filter(value, scope=scope) for value in spec.values]
        if not tests:
            return ibis.literal(True)
        return functools.reduce(op.and_ if spec.op == "AND" else op.or_, tests)

    def _single(self, f: PropertyFilter) -> ir.BooleanValue:
        if is_incomplete(f):
            return ibis.literal(True)
        if f.type == "cohort":
            inside = self.rows[f"cohort_{f.value}"]
            return ~inside if f.operator in ("not_in", "is_not") else inside
        if f.type == "element":
            return self._element(f)
        if f.type == "session" or f.key == "$session_duration":
            return self._compare(f, self.rows.session_duration.cast("string"), numeric=True)
        kind = {"person": "person", "group": "group"}.get(f.type, "event")
        defined = self._type_of(kind, f)
        return self._compare(
            f, self.value(PropertyRef(f.key, f.type, f.group_type_index)), numeric=defined == "Numeric", boolean=defined == "Boolean"
        )

    def _type_of(self, kind: str, f: PropertyFilter) -> str:
        """Give the type of a property where it decides anything: numbers read as canonical text, so 5 needs no type, 5.0 does."""
        numbers = [v for v in listed(f.value) if as_float(v) is not None]
        canonical = all(as_text(v) == as_text(as_float(v)) for v in numbers)
        if f.operator in EQUALITY and numbers and not canonical:
            return self.tables.property_type(kind, f.key, f.group_type_index)
        return self.tables.settings.property_types.get((kind, f.key), "String")

    def _compare(self, f: PropertyFilter, value: ir.StringValue, *, numeric: bool = False, boolean: bool = False) -> ir.BooleanValue:
        if f.operator == "is_set":
            return value.notnull()
        if f.operator == "is_not_set":
            return value.isnull()
        if f.operator.startswith("is_date"):
            return any_of([self._date(f.operator, value, v) for v in listed(f.value)])
        if f.operator.startswith("semver"):
            return any_of([semver.compare(f.operator, value, str(v), dialect=self.dialect) for v in listed(f.value)])
        if f.operator in ("between", "not_between"):
            return self._between(f, value)
        if f.operator in NUMERIC:
            return any_of([self._order(f.operator, value, v) for v in listed(f.value)])
        hit = self._equal(POSITIVE.get(f.operator, f.operator), value, listed(f.value), numeric=numeric, boolean=boolean)
        if f.operator not in NULL_PASSES:
            return hit
        if f.operator == "not_icontains" and isinstance(f.value, tuple) and len(f.value) > 1:
            return (~hit) & value.notnull()
        return ~hit

    def _equal(self, kind: str, value: ir.StringValue, wanted: Sequence[Any], *, numeric: bool, boolean: bool) -> ir.BooleanValue:
        if kind == "icontains":
            return any_of([icontains(value, as_text(v), dialect=self.dialect) for v in wanted])
        if kind == "regex":
            return any_of([value.re_search(checked_regex(as_text(v))).fill_null(False) for v in wanted])
        if numeric:
            number = properties.as_number(value, dialect=self.dialect)
            numbers = [as_float(v) for v in wanted]
            if all(n is not None for n in numbers):
                return any_of([(number == n).fill_null(False) for n in numbers])
        if boolean:
            value = ibis.ifelse(value.isin(["true", "false"]), value, ibis.null("string"))
        return value.isin([as_text(v) for v in wanted]).fill_null(False)

    def _order(self, operator: str, value: ir.StringValue, wanted: Any) -> ir.BooleanValue:
        number = as_float(wanted)
        if number is None:
            return NUMERIC[operator](value, as_text(wanted)).fill_null(False)
        return NUMERIC[operator](properties.as_number(value, dialect=self.dialect), number).fill_null(False)

    def _between(self, f: PropertyFilter, value: ir.StringValue) -> ir.BooleanValue:
        low, high = (float(v) for v in f.value)
        number = properties.as_number(value, dialect=self.dialect)
        inside = (number >= low) & (number <= high)
        return (inside if f.operator == "between" else ~inside).fill_null(False)

    def _date(self, operator: str, value: ir.StringValue, wanted: Any) -> ir.BooleanValue:
        settings = self.tables.settings
        limit, wall_clock = instants.of_filter(str(wanted), now=self.tables.now, timezone=settings.timezone)
        moment = instants.of_property(value, timezone=settings.timezone, wall_clock=wall_clock, dialect=self.dialect)
        compare = {"is_date_exact": op.eq, "is_date_before": op.lt, "is_date_after": op.gt}[operator]
        return compare(moment, ibis.literal(limit).cast("timestamp(6)")).fill_null(False)

    # ------------------------------------------------------------------ values
    def value(self, ref: PropertyRef) -> ir.StringValue:
        """Give a property as text; null when it is missing."""
        if ref.type == "event_metadata":
            return self._metadata(ref.key)
        if ref.type == "event":
            if ref.key == "$elements_chain":
                return self.rows.elements_chain
            found = properties.text(self.rows.properties, ref.key, dialect=self.dialect)
        elif ref.type == "person":
            if ref.key == "distinct_id" and "distinct_id" in self.rows.columns:
                return self.rows.distinct_id
            found = properties.text(self.rows.person_properties, ref.key, dialect=self.dialect)
        elif ref.type == "group":
            if ref.group_type_index is None:
                raise SpecError(f"the group property {ref.key!r} needs a group_type_index")
            found = properties.text(self.rows[f"group_{ref.group_type_index}_properties"], ref.key, dialect=self.dialect)
        elif ref.type == "session" and ref.key == "$session_duration":
            return self.rows.session_duration.cast("int64").cast("string")
        else:
            raise UnsupportedQuery(f"a property of type {ref.type!r} ({ref.key!r}) has no value to read")
        return found

    def number(self, ref: PropertyRef) -> ir.FloatingValue:
        """Give a property as a float; null when it is missing or no number."""
        if ref.key == "$session_duration":
            return self.rows.session_duration
        return properties.as_number(self.value(ref), dialect=self.dialect)

    def _metadata(self, key: str) -> ir.StringValue:
        if key.startswith("$group_") and key.removeprefix("$group_").isdigit():
            return self.tables.group_key(self.rows.properties, int(key.removeprefix("$group_")))
        if key not in METADATA:
            raise SpecError(f"no column {key!r} of events. One of: {', '.join(METADATA)}, $group_0 .. $group_4")
        return self.rows[key].cast("string")

    # ------------------------------------------------------------------ elements
    def _element(self, f: PropertyFilter) -> ir.BooleanValue:
        wanted = [as_text(v) for v in listed(f.value)]
        if f.key in ("selector", "tag_name"):
            if f.operator not in ("exact", "is_not", "in", "not_in"):
                raise SpecError(f"elements have no operator {f.operator!r} for {f.key}. One of: exact, is_not")
            test = self.selector if f.key == "selector" else self.tag
            hit = any_of([test(w) for w in wanted])
            return ~hit if f.operator in ("is_not", "not_in") else hit
        if f.key == "href":
            return self._compare(f, self.first_href())
        if f.key == "text":
            return self._any_text(f)
        raise SpecError(f"elements have no key {f.key!r}. One of: selector, tag_name, href, text")

    def _any_text(self, f: PropertyFilter) -> ir.BooleanValue:
        if f.operator == "is_not_set":
            return ibis.literal(False)
        return chain_text(self.rows.elements_chain, f, self.dialect)

    def selector(self, selector: str) -> ir.BooleanValue:
        """Say whether a CSS selector matches the event's elements; decided once for each distinct chain."""
        return self.rows[selector_column(selector)]

    def tag(self, tag: str) -> ir.BooleanValue:
        """Say whether any element of the chain has a tag."""
        import re

        bare = self.rows.elements_chain.re_replace(IN_QUOTES, "")  # texts and attributes may look like elements
        return bare.re_search(INTERACTIVE_TAG.format(tag=re.escape(tag))).fill_null(False)

    def first_href(self) -> ir.StringValue:
        """Give the first href of the chain; "" where there is none."""
        return self.rows.elements_chain.re_extract(FIRST_HREF, 1)

    # ------------------------------------------------------------------ actions and series
    def action(self, action: Action) -> ir.BooleanValue:
        """Say whether any step of an action matches; an action without steps matches nothing."""
        return any_of([self.step(step) for step in action.steps])

    def step(self, step: ActionStep) -> ir.BooleanValue:
        """Say whether every part of a step holds."""
        return functools.reduce(op.and_, [clause.test for clause in self.clauses(step)], ibis.literal(True))

    def clauses(self, step: ActionStep) -> list[Clause]:
        """Give the parts of a step."""
        parts: list[Clause] = []
        if step.event is not None:
            parts.append(Clause("event", step.event, (self.rows.event == step.event).fill_null(False), self.rows.event))
        if step.url:
            current = properties.text(self.rows.properties, "$current_url", dialect=self.dialect)
            test = matched(current, step.url, step.url_matching, contains=lambda v, w: like(v, f"%{w}%", dialect=self.dialect))
            parts.append(Clause("url", f"{step.url_matching} {step.url}", test, current))
        if step.event == "$autocapture":
            parts += self._element_clauses(step)
        for one in step.properties.values if step.properties.op == "AND" else (step.properties,):
            parts.append(Clause("property", in_words(one), self.filter(one), self._read(one), one))
        return parts

    def _read(self, one: PropertyFilter | FilterGroup) -> ir.StringValue | None:
        readable = isinstance(one, PropertyFilter) and one.type in ("event", "person", "event_metadata")
        return self.value(PropertyRef(one.key, one.type)) if readable and isinstance(one, PropertyFilter) else None

    def _element_clauses(self, step: ActionStep) -> list[Clause]:
        fold = lambda v, w: icontains(v, w, dialect=self.dialect)  # noqa: E731
        parts: list[Clause] = []
        if step.tag_name:
            parts.append(Clause("tag_name", step.tag_name, self.tag(step.tag_name)))
        if step.selector:
            parts.append(Clause("selector", step.selector, self.selector(step.selector)))
        if step.href:
            test = matched(self.first_href(), step.href, step.href_matching, contains=fold)
            parts.append(Clause("href", f"{step.href_matching} {step.href}", test))
        if step.text:
            operator = {"exact": "exact", "contains": "icontains", "regex": "regex"}[step.text_matching]
            test = chain_text(self.rows.elements_chain, PropertyFilter("text", step.text, operator, "element"), self.dialect)
            parts.append(Clause("text", f"{step.text_matching} {step.text}", test))
        return parts

    def subject(self, subject: str | Action | None) -> ir.BooleanValue:
        """Say whether an event is of this name, or the action; None is any event."""
        if subject is None:
            return ibis.literal(True)
        return self.action(subject) if isinstance(subject, Action) else (self.rows.event == subject).fill_null(False)

    def series(self, series: Series) -> ir.BooleanValue:
        """Say whether an event counts for a series: its subject and its filters."""
        return self.subject(series.subject) & self.filter(series.group)


def chain_text(chain: ir.StringValue, f: PropertyFilter, dialect: str) -> ir.BooleanValue:
    """Say whether some text of the chain satisfies a filter."""
    from evkit.query.texts import any_text

    return any_text(chain, f, dialect=dialect)


def matched(value: ir.StringValue, wanted: str, matching: str, *, contains: Callable[[Any, str], ir.BooleanValue]) -> ir.BooleanValue:
    """Compare a url, text or href in one of the three ways of an action's step."""
    if matching == "exact":
        return (value == wanted).fill_null(False)
    if matching == "regex":
        return value.re_search(checked_regex(wanted)).fill_null(False)
    return contains(value, wanted)


def is_incomplete(f: PropertyFilter) -> bool:
    """Say whether a filter says too little to restrict anything: PostHog then drops it."""
    if f.operator in NO_VALUE and f.type != "cohort":
        return not f.key
    if f.value is None or f.key == "" or (f.type == "group" and f.group_type_index is None):
        return True
    return f.value == () and f.type != "element"


def listed(value: Any) -> tuple[Any, ...]:
    """Give a value as the values that any of may hold."""
    return value if isinstance(value, tuple) else (value,)


def any_of(tests: Sequence[ir.BooleanValue]) -> ir.BooleanValue:
    """Give the OR of tests; false for none."""
    return functools.reduce(op.or_, tests) if tests else ibis.literal(False)


def as_text(value: Any) -> str:
    """Write a filter's value as its property would read."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def as_float(value: Any) -> float | None:
    """Read a filter's value as a number; None when it is none."""
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
