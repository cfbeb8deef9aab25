"""Filters on properties, and properties to break down by or compute with, as data. No engine here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from evkit import markup
from evkit.errors import SpecError, unknown, whole

FilterType = Literal["event", "person", "group", "element", "event_metadata", "session", "cohort"]
OPERATORS = (
    "exact",
    "is_not",
    "icontains",
    "not_icontains",
    "regex",
    "not_regex",
    "gt",
    "gte",
    "lt",
    "lte",
    "min",
    "max",
    "between",
    "not_between",
    "in",
    "not_in",
    "is_set",
    "is_not_set",
    "is_date_exact",
    "is_date_before",
    "is_date_after",
    "semver_eq",
    "semver_neq",
    "semver_gt",
    "semver_gte",
    "semver_lt",
    "semver_lte",
    "semver_tilde",
    "semver_caret",
    "semver_wildcard",
)
FILTER_TYPES: tuple[str, ...] = get_args(FilterType)
MAX_GROUP_TYPES = 5
MAX_BINS = 1_000
ALL_USERS = "all"
"""Stands for everybody in a breakdown by cohorts."""


def frozen(value: Any) -> Any:
    """Give a value that can be kept in a frozen spec: lists become tuples."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return tuple(frozen(v) for v in value)
    check_text(value, "a value")
    return value


def check_text(value: Any, what: str) -> None:
    """Raise for text that no event can hold: a NUL is replaced when events are read."""
    if isinstance(value, str) and "\x00" in value:
        raise SpecError(f"{what} {value!r} holds a NUL character, which no event has: it is read as \N{REPLACEMENT CHARACTER}")


class Written:
    """What specs have in common: they show themselves as the Python that makes them."""

    def _code(self) -> str:
        from evkit.query import code

        return code.written(self)

    def __repr__(self) -> str:
        return self._code()

    def _repr_html_(self) -> str:
        return markup.code(self._code())


def unparted(sign: str) -> SpecError:
    """Make the error for ``a == 1 & b == 2``: Python takes ``&``, ``|`` and ``~`` before it compares."""
    example = (
        "~(ek.event_prop('plan') == 'pro')" if sign == "~" else f"(ek.event_prop('plan') == 'pro') {sign} (ek.event_prop('price') > 10)"
    )
    return SpecError(f"{sign} binds tighter than a comparison: put parentheses around each comparison, as in {example}")


class OfPeople(Written):
    """What conditions on people's behaviour have in common: they stand in the definition of a cohort, and filter no events."""


class Combined(Written):
    """What filters have in common: ``a & b``, ``a | b``, ``~a`` give filters; ``and``, ``or`` can't, and say so."""

    def _with(self, op: str, sign: str, other: Any) -> FilterGroup:
        if not isinstance(other, Combined):
            raise unparted(sign)
        return FilterGroup(op, (self, other))  # type: ignore[arg-type]

    def __and__(self, other: Any) -> FilterGroup:
        return NotImplemented if isinstance(other, OfPeople) else self._with("AND", "&", other)

    def __or__(self, other: Any) -> FilterGroup:
        return NotImplemented if isinstance(other, OfPeople) else self._with("OR", "|", other)

    def __rand__(self, other: Any) -> FilterGroup:
        raise unparted("&")

    def __ror__(self, other: Any) -> FilterGroup:
        raise unparted("|")

    def __bool__(self) -> bool:
        raise SpecError("a filter is neither true nor false: join filters with & and |, each in parentheses, and turn one round with ~")


def check_group_type_index(index: int | None) -> None:
    """Raise for an index that no group type has."""
    if index is not None and (isinstance(index, bool) or not isinstance(index, int)):
        raise SpecError(
            f"group_type_index {index!r} is no number: group types count from 0 in the order in which the data names them (events.groups() lists them)"
        )
    if index is not None and not 0 <= index < MAX_GROUP_TYPES:
        raise SpecError(f"group_type_index {index!r}: group types count from 0 to {MAX_GROUP_TYPES - 1}")


@dataclass(frozen=True, repr=False)
class PropertyFilter(Combined):
    """A test of one property.

    Parameters
    ----------
    key
        The property's name; for type "cohort" "id".
    value
        What to compare with; a tuple means any of (none of, for the negative operators).
    operator
        PostHog's operator.
    type
        Whose property: event, person, group, element, event_metadata, session, cohort.
    group_type_index
        Which group's, for type "group".
    negation
        Turns the answer round.

    Examples
    --------
    >>> PropertyFilter("plan", "pro", type="person")
    ek.person_prop("plan") == "pro"
    """

    key: str
    value: Any = None
    operator: str = "exact"
    type: str = "event"
    group_type_index: int | None = None
    negation: bool = False

    def __invert__(self) -> PropertyFilter:
        return replace(self, negation=not self.negation)

    def __post_init__(self) -> None:
        if self.operator not in OPERATORS:
            raise unknown("operator", self.operator, OPERATORS)
        if self.type not in FILTER_TYPES:
            raise unknown("property type", self.type, FILTER_TYPES)
        check_text(self.key, "the name of a property")
        check_group_type_index(self.group_type_index)
        object.__setattr__(self, "value", frozen(self.value))
        if self.operator in ("between", "not_between"):
            check_between(self.value)


def check_between(value: Any) -> None:
    """Raise when a value is no pair of numbers, the lower first."""
    try:
        low, high = (float(v) for v in value)
    except (TypeError, ValueError):
        raise SpecError(f"between needs two numbers, the lower first, such as [1, 5]; it was given {value!r}") from None
    if low > high:
        raise SpecError(f"between {value!r}: the lower number comes first")


def no_filter(value: object) -> SpecError:
    """Make the error for something that is no filter."""
    return SpecError(f"{value!r} is no filter: write ek.event_prop('plan') == 'pro'")


@dataclass(frozen=True, repr=False)
class FilterGroup(Combined):
    """Filters joined by AND or OR, to any depth; an empty one restricts nothing."""

    op: str
    values: tuple[PropertyFilter | FilterGroup, ...] = ()

    def __post_init__(self) -> None:
        if self.op not in ("AND", "OR"):
            raise unknown("filter group", self.op, ("AND", "OR"))
        object.__setattr__(self, "values", tuple(self.values))
        for value in self.values:
            check_filter(value)

    def __invert__(self) -> FilterGroup:
        if not self.values:
            raise SpecError("an empty group of filters lets everything through: there is nothing to turn round")
        return FilterGroup("OR" if self.op == "AND" else "AND", tuple(~value for value in self.values))

    @classmethod
    def of(cls, value: FilterGroup | PropertyFilter | Iterable[FilterGroup | PropertyFilter] | None) -> FilterGroup:
        """Give a group from nothing, one filter, several (AND), or a group."""
        if isinstance(value, FilterGroup):
            return value
        if value is None:
            return cls("AND")
        if isinstance(value, OfPeople):
            check_filter(value)
        if isinstance(value, (str, PropertyRef)) or not isinstance(value, (PropertyFilter, Iterable)):
            raise no_filter(value)
        return cls("AND", (value,) if isinstance(value, PropertyFilter) else tuple(value))

    def and_(self, other: FilterGroup | None) -> FilterGroup:
        """Give both groups, AND-ed."""
        if other is None or not other.values:
            return self
        return other if not self.values else FilterGroup("AND", (self, other))


def check_filter(value: Any) -> None:
    """Raise for what is no filter."""
    if isinstance(value, OfPeople):
        raise SpecError(
            f"{value!r} is a condition on people, not on events: name a cohort of them, events.with_cohorts(ek.Cohort('name', ...)), "
            "and filter with ek.in_cohort('name')"
        )
    if not isinstance(value, (PropertyFilter, FilterGroup)):
        raise no_filter(value)


def in_words(given: FilterGroup | PropertyFilter) -> str:
    """Write filters for people.

    Examples
    --------
    >>> in_words(FilterGroup("OR", (PropertyFilter("plan", "pro", type="person"), PropertyFilter("price", 3, "gt"))))
    "person plan exact 'pro' or price gt 3"
    """
    if isinstance(given, PropertyFilter):
        owner = "" if given.type == "event" else f"{given.type} "
        wanted = "" if given.operator in ("is_set", "is_not_set") else f" {given.value!r}"
        said = f"{owner}{given.key} {given.operator}{wanted}"
        return f"not ({said})" if given.negation else said
    parts = [(v, in_words(v)) for v in given.values]
    nested = [f"({said})" if isinstance(v, FilterGroup) and len(v.values) > 1 and len(parts) > 1 else said for v, said in parts]
    return f" {given.op.lower()} ".join(said for said in nested if said)


def refs_in(*given: FilterGroup | PropertyFilter) -> list[PropertyRef]:
    """Give the properties of events and persons that filters test."""
    found: list[PropertyRef] = []
    for one in given:
        if isinstance(one, FilterGroup):
            found += refs_in(*one.values)
        elif one.type in ("event", "person"):
            found.append(PropertyRef(one.key, one.type))
    return found


@dataclass(frozen=True, repr=False)
class PropertyRef(Written):
    """A property to break down by, to compute with, or to compare: comparing gives a `PropertyFilter`.

    Parameters
    ----------
    key
        The property's name; for type "cohort" the cohort's id, or "all".
    type
        Whose property: event, person, group, event_metadata, session, cohort.
    group_type_index
        Which group's, for type "group".
    normalize_url
        As a breakdown: addresses that differ only in a trailing / ? or # are one value.
    histogram_bin_count
        As a breakdown of trends: numbers are put into so many bins of the same width.

    Examples
    --------
    >>> (PropertyRef("plan", type="person") == "pro").operator
    'exact'
    """

    key: str
    type: str = "event"
    group_type_index: int | None = None
    normalize_url: bool = False
    histogram_bin_count: int | None = None

    def __post_init__(self) -> None:
        if self.type not in FILTER_TYPES:
            raise unknown("property type", self.type, FILTER_TYPES)
        check_text(self.key, "the name of a property")
        check_group_type_index(self.group_type_index)
        if self.histogram_bin_count is not None:
            whole("histogram_bin_count", self.histogram_bin_count)
        if self.histogram_bin_count is not None and not 1 <= self.histogram_bin_count <= MAX_BINS:
            raise SpecError(f"histogram_bin_count {self.histogram_bin_count!r}: give 1 to {MAX_BINS} bins")

    @property
    def _parts(self) -> tuple[Any, ...]:
        return (self.key, self.type, self.group_type_index, self.normalize_url, self.histogram_bin_count)

    def __bool__(self) -> bool:
        return True

    def __and__(self, other: Any) -> FilterGroup:
        raise unparted("&")

    def __or__(self, other: Any) -> FilterGroup:
        raise unparted("|")

    __rand__, __ror__ = __and__, __or__

    def __invert__(self) -> FilterGroup:
        raise unparted("~")

    def _filter(self, operator: str, value: Any = None) -> PropertyFilter:
        return PropertyFilter(self.key, value, operator, self.type, self.group_type_index)

    def __eq__(self, other: object) -> Any:
        return self._parts == other._parts if isinstance(other, PropertyRef) else self._filter("exact", other)

    def __ne__(self, other: object) -> Any:
        return not self == other if isinstance(other, PropertyRef) else self._filter("is_not", other)

    def __hash__(self) -> int:
        return hash(self._parts)

    def __gt__(self, other: Any) -> PropertyFilter:
        return self._filter("gt", other)

    def __ge__(self, other: Any) -> PropertyFilter:
        return self._filter("gte", other)

    def __lt__(self, other: Any) -> PropertyFilter:
        return self._filter("lt", other)

    def __le__(self, other: Any) -> PropertyFilter:
        return self._filter("lte", other)

    def isin(self, *values: Any) -> PropertyFilter:
        """Test for any of several values, given one by one or as one list."""
        return self._filter("exact", values[0] if len(values) == 1 and isinstance(values[0], (list, tuple, set, frozenset)) else values)

    def icontains(self, text: str) -> PropertyFilter:
        """Test for a part of the text, whatever the case."""
        return self._filter("icontains", text)

    def regex(self, pattern: str) -> PropertyFilter:
        """Test with a regular expression, found anywhere."""
        return self._filter("regex", pattern)

    def between(self, low: float, high: float) -> PropertyFilter:
        """Test for a number from `low` to `high`, both inside."""
        return self._filter("between", (low, high))

    def is_set(self) -> PropertyFilter:
        """Test that there is a value."""
        return self._filter("is_set")

    def is_not_set(self) -> PropertyFilter:
        """Test that there is no value."""
        return self._filter("is_not_set")
