"""A question <-> the form that it is built with by hand: texts and lists, as a widget keeps them.

What the form can't show is kept as it was: a series or filter that nobody touched is the very one that was given.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evkit.dates import DateRange
from evkit.errors import SpecError, unknown
from evkit.insights.question import Question
from evkit.notebook.forms import KINDS, Kind, kind_of
from evkit.notebook.words import OPERATORS
from evkit.query.property_filters import FilterGroup, PropertyFilter, PropertyRef, in_words
from evkit.query.spec import PROPERTY_MATHS, Action, Series
from evkit.subjects import as_text

Form = dict[str, Any]
NUMBERS = ("number", "two")


def empty(insight: str, names: Sequence[str]) -> Form:
    """Give the form that one begins with: the most frequent events, as many as the question needs, and every option as by default."""
    form: Form = {"insight": insight, "filters": [], "breakdown": [], "date_from": "", "date_to": ""}
    form["series"] = [series_form(Series(name)) for name in names[: KINDS[insight].fewest]]
    for kind in KINDS.values():
        for control in kind.controls:
            form |= control.write(control.default)
    return form


@dataclass(frozen=True)
class Originals:
    """What was given, by the form it has.

    Parameters
    ----------
    spec
        The question that was given, if any: its parts that the form doesn't have are kept.
    actions
        The actions that may be named.
    """

    spec: Question | None = None
    actions: Mapping[str, Action] = field(default_factory=dict)

    def part(self, name: str, form: Mapping[str, Any], make: Callable[[], Any]) -> Any:
        """Give a part of the question where the form still shows it as it was given; else make it."""
        known = self.spec is not None and hasattr(self.spec, name) and same(form_of(self.spec)[name], form[name])
        return getattr(self.spec, name) if known else make()

    def series(self, form: Mapping[str, Any]) -> Series | None:
        """Give the series of which this is the form."""
        given = subject_of(self.spec) if self.spec is not None else ()
        return next((s for s in given if same(series_form(s), form)), None)

    def filter(self, form: Mapping[str, Any]) -> PropertyFilter | FilterGroup | None:
        """Give the filter of which this is the form."""
        groups = [] if self.spec is None else [self.spec.filters, *(s.group for s in subject_of(self.spec))]
        return next((f for group in groups for f in filters_of(group) if same(filter_form(f), form)), None)


def actions_of(spec: Question, known: Mapping[Any, Action]) -> dict[str, Action]:
    """Give the actions that a form may name: those that the events know, and those of the question.

    Raises
    ------
    SpecError
        When two of them share a name.
    """
    made = {action.name: action for action in known.values()}
    for series in subject_of(spec):
        action = series.subject
        if isinstance(action, Action) and made.setdefault(action.name, action) != action:
            raise SpecError(f"two actions are called {action.name!r}: a form names them, so give one another name")
    return made


def same(a: Any, b: Any) -> bool:
    """Say whether two forms are alike."""
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


NOTHING = Originals()


# ---------------------------------------------------------------------- question -> form
def form_of(spec: Question) -> Form:
    """Give the form of a question.

    Raises
    ------
    SpecError
        When no form asks such a question.
    """
    kind = kind_of(spec)
    made = empty(kind.name, ())
    span = spec.date_range or DateRange()
    made |= {
        "series": [series_form(s) for s in subject_of(spec)],
        "filters": [filter_form(f) for f in filters_of(spec.filters)],
        "breakdown": [{"owner": owner_of(r), "key": r.key} for r in getattr(spec, "breakdown", ())],
        "date_from": span.date_from or "",
        "date_to": span.date_to or "",
    }
    for control in kind.controls:
        made |= control.write(getattr(spec, control.name))
    return made


def subject_of(spec: Question) -> tuple[Series, ...]:
    """Give the series of a question."""
    given = getattr(spec, spec.SUBJECT) if spec.SUBJECT else ()
    return tuple(Series.of(s) for s in (given if isinstance(given, tuple) else (given,)))


def filters_of(group: FilterGroup) -> tuple[PropertyFilter | FilterGroup, ...]:
    """Give what a list of filters shows: the parts of an AND, else the group as one."""
    return group.values if group.op == "AND" else (group,)


def owner_of(given: PropertyRef | PropertyFilter) -> str:
    """Name whose property it is: "event", "person", "group:0", ..."""
    return f"group:{given.group_type_index or 0}" if given.type == "group" else given.type


def series_form(given: Series) -> Form:
    """Give the form of a series."""
    subject = given.subject.name if isinstance(given.subject, Action) else given.subject
    return {
        "name": subject,
        "kind": "action" if isinstance(given.subject, Action) else "event",
        "math": given.math,
        "property": None if given.property is None else {"owner": owner_of(given.property), "key": given.property.key},
        "group_type": given.group_type or "",
        "optional": given.optional,
        "label": given.name or "",
        "filters": [filter_form(f) for f in filters_of(given.group)],
    }


def filter_form(given: PropertyFilter | FilterGroup) -> Form:
    """Give the form of a filter; of what can't be edited, only what it says."""
    known = isinstance(given, PropertyFilter) and given.operator in OPERATORS and not given.negation
    if not known or not isinstance(given, PropertyFilter):
        return {"kept": in_words(given)}
    values = given.value if isinstance(given.value, tuple) else () if given.value is None else (given.value,)
    return {"owner": owner_of(given), "key": given.key, "operator": given.operator, "values": [as_text(v) for v in values]}


# ---------------------------------------------------------------------- form -> question
def spec_of(form: Mapping[str, Any], originals: Originals = NOTHING) -> Question:
    """Give the question that a form asks.

    Raises
    ------
    SpecError
        When it isn't complete, or wrong: the message is for who fills it in.
    """
    insight = form.get("insight")
    if insight not in KINDS:
        raise unknown("insight", insight, KINDS)
    kind = KINDS[insight]
    subject = [series_of(s, originals, kind) for s in form["series"][: kind.most]]
    wanted: dict[str, Any] = {
        "filters": originals.part("filters", form, lambda: group_of(form["filters"], originals)),
        "date_range": dates_of(form["date_from"], form["date_to"], originals),
    }
    if kind.breakdowns:
        wanted["breakdown"] = originals.part("breakdown", form, lambda: breakdown_of(form["breakdown"][: kind.breakdowns]))
    base = originals.spec
    for control in kind.controls:
        kept = isinstance(base, kind.spec) and control.is_as_given(getattr(base, control.name), form)
        if not kept and control.is_asked(form):
            wanted[control.name] = control.read(form)
    wanted |= {"compare_to": None} if wanted.get("compare") is False else {}
    if isinstance(base, kind.spec):
        return base.replaced(**wanted, **({base.SUBJECT: tuple(subject)} if base.SUBJECT is not None else {}))
    return kind.spec(*subject, **wanted)


def series_of(form: Mapping[str, Any], originals: Originals, kind: Kind) -> Series:
    """Give the series of a form."""
    given = originals.series(form)
    if given is not None and isinstance(originals.spec, kind.spec):
        return given
    name = form["name"]
    if name is not None and not str(name).strip():
        raise SpecError("a series without a name: choose an event or an action")
    math = form["math"] if form["math"] in kind.maths else "total"
    subject: Action | str | None = name
    if name is not None and form["kind"] == "action":
        if name not in originals.actions:
            raise SpecError(f"no action is called {name!r}. The events know: {', '.join(originals.actions) or 'none'}")
        subject = originals.actions[name]
    shaped: dict[str, Any] = {"math": math, "name": form["label"].strip() or None, "filters": group_of(form["filters"], originals)}
    if math in PROPERTY_MATHS:
        key = (form["property"] or {}).get("key", "").strip()
        if not key:
            raise SpecError(f"the {math} of which property? Choose one beside {name or 'all events'!r}")
        shaped["math_property"] = ref_of(form["property"])
    if math == "unique_group":
        shaped["group_type"] = form["group_type"] or None
    if kind.optional:
        shaped["optional"] = bool(form["optional"])
    return Series(subject, **shaped)


def group_of(forms: Sequence[Mapping[str, Any]], originals: Originals) -> FilterGroup:
    """Give the filters of a list of forms, all of which must hold."""
    made = tuple(filter_of(f, originals) for f in forms)
    return made[0] if len(made) == 1 and isinstance(made[0], FilterGroup) and made[0].op == "OR" else FilterGroup("AND", made)


def filter_of(form: Mapping[str, Any], originals: Originals) -> PropertyFilter | FilterGroup:
    """Give the filter of a form."""
    given = originals.filter(form)
    if given is not None:
        return given
    if "kept" in form:
        raise SpecError(f"the filter {form['kept']!r} isn't known any more: take it out, and give it to ek.explore again")
    ref = ref_of(form)
    operator = form["operator"]
    if operator not in OPERATORS:
        raise unknown("operator", operator, OPERATORS)
    takes = OPERATORS[operator][1]
    values = [str(v) for v in form["values"] if str(v) != ""]
    if takes == "none":
        return PropertyFilter(ref.key, None, operator, ref.type, ref.group_type_index)
    if not values:
        raise SpecError(f"{ref.key} {OPERATORS[operator][0]} ...: give a value")
    if takes == "two" and len(values) != 2:
        raise SpecError(f"{ref.key} is between ...: give two numbers, the lower first")
    plain: list[Any] = [number_of(v, ref.key) for v in values] if takes in NUMBERS else list(values)
    return PropertyFilter(ref.key, plain[0] if len(plain) == 1 else tuple(plain), operator, ref.type, ref.group_type_index)


def number_of(text: str, key: str) -> int | float:
    """Read a number.

    Raises
    ------
    SpecError
        When it is none.
    """
    try:
        made = float(text)
    except ValueError:
        raise SpecError(f"{key} is compared with {text!r}, which is no number") from None
    return int(made) if made.is_integer() and abs(made) < 2**53 else made


def ref_of(form: Mapping[str, Any]) -> PropertyRef:
    """Give the property of a form.

    Raises
    ------
    SpecError
        When none is named.
    """
    key, owner = str(form["key"]).strip(), str(form["owner"])
    if not key:
        raise SpecError(f"a property without a name: choose one of the {owner.partition(':')[0]}'s properties")
    kind, _, index = owner.partition(":")
    return PropertyRef(key, kind, int(index) if index else None)


def breakdown_of(forms: Sequence[Mapping[str, Any]]) -> tuple[PropertyRef, ...] | None:
    """Give what to part by."""
    return tuple(ref_of(f) for f in forms) or None


def dates_of(first: str, last: str, originals: Originals) -> DateRange | None:
    """Give the range of dates."""
    given = None if originals.spec is None else originals.spec.date_range
    if given is not None and (given.date_from or "", given.date_to or "") == (first, last):
        return given  # type: ignore[no-any-return]
    return DateRange(first or "all", last or None) if first or last else None
