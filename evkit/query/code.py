"""Specs -> the Python that makes them: what one would have typed. This is what they show as."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import MISSING, fields, replace
from typing import Any

from evkit.dates import DateRange
from evkit.query import builders
from evkit.query.behaviour import Behaviour, Condition, Conditions, Sequence, given_parts
from evkit.query.builders import in_cohort
from evkit.query.property_filters import FilterGroup, PropertyFilter, PropertyRef
from evkit.query.spec import Action, ActionStep, Cohort, Series

WIDTH = 100
"""A call that is longer is written with a line for each argument."""
BUILDERS = {"event": "ek.event_prop", "person": "ek.person_prop", "group": "ek.group_prop"}
COMPARED = {"exact": "==", "is_not": "!=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
ASKED = ("icontains", "regex")
BUILT = {"clicked": ("selector", "text", "href", "url", "tag_name"), "submitted": ("selector", "url"), "changed": ("selector", "url")}
STATED = ("is_set", "is_not_set")


def call(name: str, positional: Iterable[str], named: dict[str, str]) -> str:
    """Write a call; over several lines where it is long."""
    parts = [*positional, *(f"{key}={value}" for key, value in named.items())]
    flat = f"{name}({', '.join(parts)})"
    return flat if len(flat) <= WIDTH and "\n" not in flat else f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + ")"


def is_same(a: Any, b: Any) -> bool:
    """Say whether two parts are equal; comparing properties would make a filter of them."""
    return type(a) is type(b) and bool(a == b)


def default(spec: Any, f: Any) -> bool:
    """Say whether a part is as it is when it isn't given."""
    part = getattr(spec, f.name)
    return f.default is not MISSING and is_same(part, f.default)


def literal(given: Any) -> str:
    """Write a plain value; texts in double quotes.

    Examples
    --------
    >>> print(literal('say "a"'), literal(3), literal(("a", None)))
    'say "a"' 3 ("a", None)
    """
    if isinstance(given, tuple):
        return several([literal(v) for v in given])
    if isinstance(given, str):
        plain = repr(given)
        return f'"{plain[1:-1]}"' if plain[0] == "'" and '"' not in plain else plain
    return repr(given)


def several(parts: list[str]) -> str:
    """Write a tuple."""
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def named(callee: str, first: list[str], given: Any, *, without: Collection[str]) -> str:
    """Write a call with those fields of a spec that are not as by default."""
    rest = {f.name: value(getattr(given, f.name)) for f in fields(given) if f.name not in without and not default(given, f)}
    return f"{callee}({', '.join([*first, *(f'{k}={v}' for k, v in rest.items())])})"


def value(given: Any) -> str:
    """Write the value of an option; a spec writes itself."""
    if isinstance(given, DateRange):
        return date_range(given)
    if isinstance(given, FilterGroup):
        return filters(given)
    if isinstance(given, Series):
        return series(given)
    return literal(given)


# ---------------------------------------------------------------------- what is counted
def series(given: Series, *, known: Collection[str] = ()) -> str:
    """Write a series: an event's or action's name alone where nothing else is said of it."""
    subject = action(given.subject, known=known) if isinstance(given.subject, Action) else literal(given.subject)
    if given.subject is not None and is_same(given, Series(given.subject)):
        return subject
    return named("ek.series", [subject], given, without={"subject"} | (set() if given.group.values else {"filters"}))


def series_call(given: Series) -> str:
    """Write a series as the call that makes it, also where nothing is said of it but what it counts."""
    said = series(given)
    return said if said.startswith("ek.series(") else f"ek.series({said})"


def action(given: Action, *, known: Collection[str] = ()) -> str:
    """Write an action: its name where the events know it."""
    if given.name in known:
        return literal(given.name)
    return named("ek.Action", [literal(given.name), *map(step, given.steps)], given, without={"name", "steps"})


def step(given: ActionStep) -> str:
    """Write one way in which an action happens."""
    plain = given.properties.op == "AND" and is_same(given, ActionStep(event=given.event, properties=given.properties))
    for builder, names in BUILT.items():
        parts = {name: getattr(given, name) for name in names if getattr(given, name) is not None}
        if given.event == "$autocapture" and is_same(getattr(builders, builder)(**parts), given):
            return f"ek.{builder}({', '.join(f'{k}={literal(v)}' for k, v in parts.items())})"
    if given.event is not None and plain:
        return f"ek.event({', '.join([literal(given.event), *map(part, given.properties.values)])})"
    return named("ek.ActionStep", [], given, without=set() if given.properties.values else {"properties"})


def cohort(given: Cohort) -> str:
    """Write a cohort."""
    group = given.definition
    first = [literal(given.name)]
    if given.members is None:
        # several that are AND-ed are written one by one; one group alone would be taken for the whole
        plain = group.op == "AND" and group.values and (len(group.values) > 1 or not isinstance(group.values[0], Conditions))
        first += [conditions(v) for v in group.values] if plain else [conditions(group)]
    rest = {} if given.members is None else {"members": literal(given.members)}
    rest |= {} if given.id == given.name else {"id": literal(given.id)}
    return call("ek.Cohort", first, rest)


def behaviour(given: Behaviour) -> str:
    """Write a condition on what people did."""
    if given.negation:
        return f"~{behaviour(replace(given, negation=False))}"
    subjects = [given.subject, given.then] if isinstance(given, Sequence) else [given.subject]
    first = [action(s) if isinstance(s, Action) else literal(s) for s in subjects]
    asked = given.filters
    first += [part(v) for v in asked.values] if asked.op == "AND" else [part(asked)]
    rest = {name: literal_times(v) if name == "times" else value(v) for name, v in given_parts(given).items()}
    return f"ek.{given.BUILDER}({', '.join([*first, *(f'{k}={v}' for k, v in rest.items())])})"


def literal_times(given: tuple[str, int]) -> str:
    """Write how many times: exactly so many as a number alone."""
    return literal(given[1]) if given[0] == "==" else literal(given)


def conditions(given: Condition) -> str:
    """Write a condition, or a group: two joined by ``&`` or ``|``, more or fewer as a group."""
    if isinstance(given, Behaviour):
        return behaviour(given)
    if isinstance(given, PropertyFilter):
        return one_filter(given)
    parts = [conditions(v) for v in given.values]
    if len(parts) == 2:
        return f" {'&' if given.op == 'AND' else '|'} ".join(f"({one})" for one in parts)
    return f"ek.Conditions({literal(given.op)}, {several(parts) if parts else '()'})"


# ---------------------------------------------------------------------- properties
def ref(given: PropertyRef) -> str:
    """Write a property."""
    if given.type == "session" and given.key == "$session_duration":
        return named("ek.session_duration", [], given, without={"key", "type"})
    if given.type not in BUILDERS:
        return named("ek.PropertyRef", [literal(given.key)], given, without={"key"})
    return named(
        BUILDERS[given.type],
        [literal(given.key)],
        given,
        without={"key", "type", *(() if given.group_type_index else ("group_type_index",))},
    )


def breakdown(given: tuple[PropertyRef, ...]) -> str:
    """Write what a question is parted by."""
    if all(r.type == "cohort" for r in given):
        return f"ek.cohorts({', '.join(literal(r.key) for r in given)})"
    written = [literal(r.key) if is_same(r, PropertyRef(r.key)) else ref(r) for r in given]
    return written[0] if len(written) == 1 else several(written)


def one_filter(given: PropertyFilter) -> str:
    """Write a test of a property, as one would type it."""
    if given.negation:
        return f"~({one_filter(replace(given, negation=False))})"
    if is_same(given, in_cohort(given.value)):
        return f"ek.in_cohort({literal(given.value)})"
    session = given.type == "session" and given.key == "$session_duration"
    if session or (given.type in BUILDERS and (given.type == "group") == (given.group_type_index is not None)):
        left = PropertyRef(given.key, given.type, given.group_type_index)
        for made, text in typed(left, given):
            if is_same(made, given):
                return text
    return named("ek.PropertyFilter", [literal(given.key)], given, without={"key"})


def typed(left: PropertyRef, given: PropertyFilter) -> Iterator[tuple[Any, str]]:
    """Give what one could type for a test, each with what it makes."""
    said, right, values = ref(left), given.value, given.value if isinstance(given.value, tuple) else ()
    if given.operator in COMPARED and right is not None and not values:
        yield replace(given, type=left.type), f"{said} {COMPARED[given.operator]} {literal(right)}"
    if given.operator == "exact" and len(values) > 1:
        yield left.isin(*values), f"{said}.isin({', '.join(literal(v) for v in values)})"
    if given.operator in STATED:
        yield getattr(left, given.operator)(), f"{said}.{given.operator}()"
    if given.operator in ASKED:
        yield getattr(left, given.operator)(right), f"{said}.{given.operator}({literal(right)})"
    if given.operator == "between" and len(values) == 2:
        yield left.between(*values), f"{said}.between({literal(values[0])}, {literal(values[1])})"


def filters(given: FilterGroup) -> str:
    """Write the filters of a question: one alone without its group."""
    alone = len(given.values) == 1 and given.op == "AND" and isinstance(given.values[0], PropertyFilter)
    return part(given.values[0] if alone else given)


def part(given: FilterGroup | PropertyFilter) -> str:
    """Write a filter, or a group: two joined by ``&`` or ``|``, more or fewer as a group."""
    if isinstance(given, PropertyFilter):
        return one_filter(given)
    parts = [part(v) for v in given.values]
    if len(parts) == 2:
        return f" {'&' if given.op == 'AND' else '|'} ".join(f"({one})" for one in parts)
    return f"ek.FilterGroup({literal(given.op)}, {several(parts) if parts else '()'})"


def date_range(given: DateRange) -> str:
    """Write a range of dates."""
    if given.bounds == "posthog" and given.date_to is None and given.date_from is not None:
        return literal(given.date_from)
    if given.bounds == "posthog" and given.date_from is not None:
        return literal((given.date_from, given.date_to))
    return named("ek.DateRange", [], given, without=set())


WRITERS: tuple[tuple[type, Any], ...] = (
    (PropertyFilter, part), (FilterGroup, part), (PropertyRef, ref), (ActionStep, step), (Action, action), (Series, series_call), (Cohort, cohort),
    (Behaviour, behaviour), (Conditions, conditions),
)  # fmt: skip


def written(spec: Any) -> str:
    """Write the Python that makes a spec."""
    return next(str(write(spec)) for kind, write in WRITERS if isinstance(spec, kind))
