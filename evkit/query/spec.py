"""What is asked, as data: actions, series, cohorts. No engine here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from evkit.errors import SpecError, unknown
from evkit.query.behaviour import Condition, Conditions, with_actions
from evkit.query.property_filters import FilterGroup, PropertyFilter, PropertyRef, Written, check_group_type_index, check_text

if TYPE_CHECKING:
    from evkit.query.explain import Explanation

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
SAID = {
    "dau": "unique persons",
    "weekly_active": "weekly active persons",
    "monthly_active": "monthly active persons",
    "unique_session": "unique sessions",
    "first_time_for_user": "first time for a person",
    "first_time_for_user_with_filters": "first time for a person, with the filters",
    "first_matching_event_for_user": "first matching event of a person",
}
"""Maths -> what they count, for people."""
MATCHINGS: tuple[str, ...] = get_args(Matching)
MATHS: tuple[str, ...] = get_args(Math)


# ---------------------------------------------------------------------- actions
@dataclass(frozen=True, kw_only=True, repr=False)
class ActionStep(Written):
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


@dataclass(frozen=True, init=False, repr=False)
class Action(Written):
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
@dataclass(frozen=True, repr=False)
class Series(Written):
    """What is counted, and how: a series of trends, or a step of a funnel. `ek.series` is the same.

    Parameters
    ----------
    subject
        An event's name, an action, or None for any event.
    math
        total counts events, dau persons, unique_group groups, unique_session sessions, each once a bucket; weekly_active and
        monthly_active persons who did it in the 7 or 30 days up to the bucket. first_time_for_user counts a person once, at
        their first event of that name ever, if it passes the filters; first_time_for_user_with_filters and
        first_matching_event_for_user at the first one ever that passes them. sum, avg, min, max, median, p75, p90, p95, p99
        are of the numbers of `math_property`; avg_count_per_actor and its like of how many events each person has. A step of
        a funnel takes total, first_time_for_user or first_time_for_user_with_filters.
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
    optional
        As a step of a funnel: may be left out.

    Examples
    --------
    >>> Series("movie_played", math="dau", name="people").label
    'people'
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
    def counted(self) -> str:
        """What is counted, for people: "unique persons", "sum of price"; nothing for plain counts of events."""
        if self.math == "total":
            return ""
        if self.math == "unique_group":
            return f"unique groups{f' of {self.group_type}' if self.group_type else ''}"
        return SAID.get(self.math) or self.in_words.replace("_count_per_actor", " of the count per person")

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


@dataclass(frozen=True, init=False, repr=False)
class Cohort(Written):
    """Persons under one name: a fixed list, or all who meet conditions on what they are and what they did.

    Parameters
    ----------
    name
        What it is called.
    *conditions
        What they did (`ek.performed` and its sisters), filters on person properties and other cohorts, and groups of these
        joined by ``&`` and ``|``: a member meets all of them. One that is turned round (``~``) takes people away, so there must
        be another to take them from.
    members
        Distinct ids, of a static cohort; then there are no conditions.
    id
        Under which filters and breakdowns name it; the name when None.

    Examples
    --------
    >>> Cohort("paying", PropertyFilter("plan", "pro", type="person")).id
    'paying'
    """

    name: str
    definition: Conditions
    members: tuple[str, ...] | None
    id: int | str

    def __init__(
        self, name: str, *conditions: Condition | FilterGroup, members: Iterable[str] | None = None, id: int | str | None = None
    ) -> None:
        if members is not None and conditions:
            raise SpecError(f"the cohort {name!r} has members and conditions: give either")
        if members is None and not conditions:
            raise SpecError(
                f"the cohort {name!r} has neither conditions nor members: who is in it? ek.performed('event', within='30 days')"
            )
        if isinstance(members, str):
            raise SpecError(f"the members {members!r} of the cohort {name!r} are one text: give a list of distinct ids")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "definition", Conditions.of(*conditions))
        object.__setattr__(self, "members", None if members is None else tuple(dict.fromkeys(str(m) for m in members)))
        object.__setattr__(self, "id", name if id is None else id)

    def with_actions(self, known: Mapping[int | str, Action]) -> Cohort:
        """Put the action in place of a text that is the name of one, in all conditions."""
        return self if self.members is not None else Cohort(self.name, with_actions(self.definition, known), id=self.id)

    @property
    def in_words(self) -> str:
        """Who is in it, in words."""
        if self.members is not None:
            return f"a fixed list of {len(self.members):,}"
        return self.definition.in_words or "everybody"
