"""What is asked, as data: filters, actions, series, cohorts. No engine here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from evkit.errors import SpecError, unknown, whole

if TYPE_CHECKING:
    from evkit.query.explain import Explanation

FilterType = Literal["event", "person", "group", "element", "event_metadata", "session", "cohort"]
Matching = Literal["exact", "contains", "regex"]
Math = Literal[
    "total",
    "dau",
    "weekly_active",
    "monthly_active",
    "unique_group",
    "unique_session",
    "first_time_for_user",
    "first_time_for_user_with_filters",
    "first_matching_event_for_user",
    "sum",
    "avg",
    "min",
    "max",
    "median",
    "p75",
    "p90",
    "p95",
    "p99",
    "avg_count_per_actor",
    "min_count_per_actor",
    "max_count_per_actor",
    "median_count_per_actor",
    "p75_count_per_actor",
    "p90_count_per_actor",
    "p95_count_per_actor",
    "p99_count_per_actor",
]
PROPERTY_MATHS = ("sum", "avg", "min", "max", "median", "p75", "p90", "p95", "p99")
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
MATCHINGS: tuple[str, ...] = get_args(Matching)
MATHS: tuple[str, ...] = get_args(Math)


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


class Combined:
    """What filters have in common: ``a & b``, ``a | b``, ``~a`` give filters; ``and``, ``or`` can't, and say so."""

    def __and__(self, other: Any) -> FilterGroup:
        return FilterGroup("AND", (self, other))  # type: ignore[arg-type]

    def __or__(self, other: Any) -> FilterGroup:
        return FilterGroup("OR", (self, other))  # type: ignore[arg-type]

    def __bool__(self) -> bool:
        raise SpecError("a filter is neither true nor false: join filters with & and |, each in parentheses, and turn one round with ~")


def check_group_type_index(index: int | None) -> None:
    """Raise for an index that no group type has."""
    if index is not None and not 0 <= index < MAX_GROUP_TYPES:
        raise SpecError(f"group_type_index {index!r}: group types count from 0 to {MAX_GROUP_TYPES - 1}")


# ---------------------------------------------------------------------- filters
@dataclass(frozen=True)
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
    PropertyFilter(key='plan', value='pro', operator='exact', type='person', group_type_index=None, negation=False)
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


@dataclass(frozen=True)
class FilterGroup(Combined):
    """Filters joined by AND or OR, to any depth; an empty one restricts nothing."""

    op: str
    values: tuple[PropertyFilter | FilterGroup, ...] = ()

    def __post_init__(self) -> None:
        if self.op not in ("AND", "OR"):
            raise unknown("filter group", self.op, ("AND", "OR"))
        object.__setattr__(self, "values", tuple(self.values))
        for value in self.values:
            if not isinstance(value, (PropertyFilter, FilterGroup)):
                raise SpecError(f"{value!r} is no filter: write ek.event_prop('plan') == 'pro'")

    @classmethod
    def of(cls, value: FilterGroup | PropertyFilter | Iterable[FilterGroup | PropertyFilter] | None) -> FilterGroup:
        """Give a group from nothing, one filter, several (AND), or a group."""
        if isinstance(value, FilterGroup):
            return value
        if value is None:
            return cls("AND")
        return cls("AND", (value,) if isinstance(value, PropertyFilter) else tuple(value))

    def and_(self, other: FilterGroup | None) -> FilterGroup:
        """Give both groups, AND-ed."""
        if other is None or not other.values:
            return self
        return other if not self.values else FilterGroup("AND", (self, other))


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


@dataclass(frozen=True)
class PropertyRef:
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


# ---------------------------------------------------------------------- actions
@dataclass(frozen=True, kw_only=True)
class ActionStep:
    """One way in which an action happens: every part that is given must hold.

    Parameters
    ----------
    event
        The event's name; None is any event.
    url, url_matching
        The page's address; contains (case-sensitive), exact or regex.
    text, text_matching, href, href_matching
        Of what was clicked; exact, contains (any case) or regex.
    selector, tag_name
        CSS on the clicked element and those around it. These four only count for `$autocapture`.
    properties
        Filters, all of which must hold.
    """

    event: str | None = None
    url: str | None = None
    url_matching: Matching = "contains"
    text: str | None = None
    text_matching: Matching = "exact"
    href: str | None = None
    href_matching: Matching = "exact"
    selector: str | None = None
    tag_name: str | None = None
    properties: FilterGroup = FilterGroup("AND")

    def __post_init__(self) -> None:
        for name in ("url_matching", "text_matching", "href_matching"):
            if getattr(self, name) not in MATCHINGS:
                raise unknown(name, getattr(self, name), MATCHINGS)
        object.__setattr__(self, "properties", FilterGroup.of(self.properties))
        if self.selector:
            from evkit.elements import parse_selector

            parse_selector(self.selector)


@dataclass(frozen=True, init=False)
class Action:
    """Several events under one name: an action happens when any of its steps does.

    Examples
    --------
    >>> Action("signed up", ActionStep(event="user_signed_up"), ActionStep(event="$pageview", url="/welcome")).name
    'signed up'
    """

    name: str
    steps: tuple[ActionStep, ...]
    id: int | str | None = None

    def __init__(self, name: str, *steps: ActionStep, id: int | str | None = None) -> None:
        for step in steps:
            if not isinstance(step, ActionStep):
                raise SpecError(f"{step!r} is no step of an action: write ek.event('name') or ek.clicked(selector='...')")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "steps", tuple(steps))
        object.__setattr__(self, "id", id)

    def explain(self, event: Mapping[str, Any]) -> Explanation:
        """Say of each step, and each clause of it, whether an event satisfies it and why not."""
        from evkit.query.explain import explain

        return explain(self, event)


# ---------------------------------------------------------------------- series
@dataclass(frozen=True)
class Series:
    """What is counted, and how.

    Parameters
    ----------
    subject
        An event's name, an action, or None for any event.
    math
        total counts events, dau persons, unique_group groups, unique_session sessions; sum, avg, min, max, median, p75,
        p90, p95, p99 are of `math_property`.
    math_property
        The property that `math` computes with.
    math_multiplier
        What each value of the property is multiplied by.
    group_type, group_type_index
        Which groups `unique_group` counts: by name, or by index.
    filters
        What the events must pass.
    name
        What the series is called; the event's or action's name when None.
    """

    subject: str | Action | None
    math: str = "total"
    math_property: str | PropertyRef | None = None
    group_type: str | None = None
    group_type_index: int | None = None
    filters: FilterGroup | PropertyFilter | None = None
    name: str | None = None
    optional: bool = False
    math_multiplier: float | None = None

    def __post_init__(self) -> None:
        if self.math not in MATHS:
            raise unknown("math", self.math, MATHS)
        if isinstance(self.subject, str) and not self.subject:
            raise SpecError("a series of the event ''. Name an event, or give None for any event")
        if self.subject is not None and not isinstance(self.subject, (str, Action)):
            raise SpecError(f"a series of {self.subject!r}: give an event's name, an action, or None for any event")
        check_text(self.subject, "the name of an event")
        check_group_type_index(self.group_type_index)
        if self.math in PROPERTY_MATHS and self.math_property is None:
            raise SpecError(f"math {self.math!r} needs a math_property: of which property is the {self.math} to be taken?")
        if isinstance(self.math_property, str):
            object.__setattr__(self, "math_property", PropertyRef(self.math_property))
        if self.math == "unique_group" and self.group_type is None and self.group_type_index is None:
            raise SpecError("math 'unique_group' needs a group_type, such as 'company'")
        object.__setattr__(self, "filters", FilterGroup.of(self.filters))

    @property
    def label(self) -> str:
        """What the series is called."""
        if self.name:
            return self.name
        if isinstance(self.subject, Action):
            return self.subject.name
        return "All events" if self.subject is None else self.subject

    @property
    def counts_groups(self) -> bool:
        """Whether groups are counted instead of persons: a group type matters only to maths that count who did it."""
        named = self.group_type is not None or self.group_type_index is not None
        return named and self.math in ("dau", "weekly_active", "monthly_active", "unique_group")

    @property
    def in_words(self) -> str:
        """What is counted: "total", "dau", "sum of price"."""
        if self.math in PROPERTY_MATHS and self.property is not None:
            return f"{self.math} of {self.property.key}"
        return f"{self.math} of {self.group_type}" if self.math == "unique_group" and self.group_type else self.math

    @property
    def group(self) -> FilterGroup:
        """The filters, as a group."""
        return cast(FilterGroup, self.filters)

    @property
    def property(self) -> PropertyRef | None:
        """The property that the math computes with."""
        return cast("PropertyRef | None", self.math_property)

    @classmethod
    def of(cls, value: str | Action | Series | None) -> Series:
        """Give a series from an event's name, an action, or itself."""
        return value if isinstance(value, Series) else cls(value)

    def indexed(self, group_types: Sequence[str]) -> Series:
        """Give the series with its group type's index.

        Raises
        ------
        SpecError
            When there is no such group type.
        """
        if self.group_type is None or self.group_type_index is not None:
            return self
        if self.group_type not in group_types:
            raise SpecError(f"no group type {self.group_type!r}. The data has: {', '.join(t for t in group_types if t) or 'none'}")
        return replace(self, group_type_index=list(group_types).index(self.group_type))


series = Series


@dataclass(frozen=True, init=False)
class Cohort:
    """Persons under one name: a fixed list, or all whose properties pass filters.

    Parameters
    ----------
    name
        What it is called.
    *filters
        On person properties and other cohorts: a member passes all of them.
    members
        Distinct ids, of a static cohort; then there are no filters.
    id
        Under which filters and breakdowns name it; the name when None.

    Examples
    --------
    >>> Cohort("paying", PropertyFilter("plan", "pro", type="person")).id
    'paying'
    """

    name: str
    definition: FilterGroup
    members: tuple[str, ...] | None
    id: int | str

    def __init__(
        self, name: str, *filters: PropertyFilter | FilterGroup, members: Iterable[str] | None = None, id: int | str | None = None
    ) -> None:
        if members is not None and filters:
            raise SpecError(f"the cohort {name!r} has members and filters: give either")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "definition", FilterGroup("AND", filters))
        object.__setattr__(self, "members", None if members is None else tuple(str(m) for m in members))
        object.__setattr__(self, "id", name if id is None else id)
