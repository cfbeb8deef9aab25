"""What a stickiness asks, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from evkit.dates import DateRange, Dates, Interval
from evkit.dates.grammar import INTERVALS, is_relative
from evkit.errors import SpecError, unknown, whole
from evkit.insights.question import Question
from evkit.insights.trends.spec import listed, told_apart
from evkit.query.property_filters import FilterGroup, PropertyFilter, PropertyRef
from evkit.query.spec import Action, Series

Operator = Literal["gte", "lte", "exact"]
OPERATORS: tuple[Operator, ...] = get_args(Operator)
Criteria = tuple[Operator, int]
"""How a number of events compares with another: ("gte", 2) is two or more."""
IN_WORDS = {"gte": "at least", "lte": "at most", "exact": "exactly"}
MATHS = ("total", "dau", "unique_group")


@dataclass(frozen=True, init=False, repr=False)
class Stickiness(Question):
    """In how many of the intervals people do something.

    Parameters
    ----------
    *series
        Event names, actions or `Series`. Persons are counted; of a series with math="unique_group", groups.
    interval
        What time is cut into.
    interval_count
        So many intervals make one, counted back from the end of the range: 2 of "day" asks by pairs of days.
    criteria
        How many events in an interval it takes to count there: ("gte", 2) two or more, ("lte", 1) at most one, ("exact", 3)
        exactly three. None: one or more. An interval without an event never counts.
    cumulative
        Count who did it in so many intervals or more.
    compare
        Ask the period directly before as well.
    compare_to
        Ask the period that much earlier, such as "-1d", instead.
    aggregate_by
        Count the values of this property instead of persons, such as "$session_id"; a text is a property of the event.
    date_range
        What days are asked about: "-7d", ("2026-01-01", "2026-01-31") with both ends inside, or a `DateRange`; None is
        the whole data.
    filters
        What every event must pass.

    Notes
    -----
    Figures are a row a series, period and number of intervals: series, order, period ("current", "previous"), intervals (from 1
    to how many the range has), value (how many did it in exactly so many; with `cumulative`, in so many or more).

    Examples
    --------
    >>> Stickiness("movie_played", interval="week", criteria=("gte", 2))
    ek.Stickiness("movie_played", interval="week", criteria=("gte", 2))
    """

    SUBJECT = "series"

    series: tuple[Series, ...]
    interval: Interval = "day"
    interval_count: int = 1
    criteria: Criteria | None = None
    cumulative: bool = False
    compare: bool = False
    compare_to: str | None = None
    aggregate_by: PropertyRef | None = None
    date_range: DateRange | None = None
    filters: FilterGroup = FilterGroup("AND")

    def __init__(
        self,
        *series: str | Action | Series | None,
        interval: Interval = "day",
        interval_count: int = 1,
        criteria: Criteria | None = None,
        cumulative: bool = False,
        compare: bool = False,
        compare_to: str | None = None,
        aggregate_by: str | PropertyRef | None = None,
        date_range: Dates = None,
        filters: FilterGroup | PropertyFilter | None = None,
    ) -> None:
        if len(series) == 1 and isinstance(series[0], (list, tuple)):
            raise SpecError(f"the series came as a {type(series[0]).__name__}: give them one by one, as in events.stickiness(*names)")
        if not series:
            raise SpecError("stickiness of nothing: name at least one event or action")
        if interval not in INTERVALS:
            raise unknown("interval", interval, INTERVALS)
        whole("interval_count", interval_count)
        if interval_count < 1:
            raise SpecError(f"interval_count {interval_count}: give 1 for each {interval} by itself, or more")
        if compare_to is not None and not (isinstance(compare_to, str) and is_relative(compare_to)):
            raise SpecError(f"compare_to {compare_to!r} is no relative date such as '-1w'")
        put = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731
        put("series", tuple(checked(Series.of(s), aggregate_by) for s in series))
        put("interval", interval)
        put("interval_count", interval_count)
        put("criteria", as_criteria(criteria))
        put("cumulative", cumulative)
        put("compare", compare or compare_to is not None)
        put("compare_to", compare_to)
        put("aggregate_by", PropertyRef(aggregate_by) if isinstance(aggregate_by, str) else aggregate_by)
        put("date_range", None if date_range is None else DateRange.of(date_range))
        put("filters", FilterGroup.of(filters))

    @property
    def labels(self) -> tuple[str, ...]:
        """What the series are called, each differently."""
        return told_apart(self.series)

    @property
    def title(self) -> str:
        """What the question is about, in a few words."""
        return f"Stickiness of {listed(self.labels)}"


def times(spec: Stickiness, intervals: int) -> str:
    """Write a number of intervals: "1 day", "3 weeks or more", "2 intervals of 3 days".

    Examples
    --------
    >>> times(Stickiness("a", interval="week", cumulative=True), 3), times(Stickiness("a", interval_count=3), 2)
    ('3 weeks or more', '2 intervals of 3 days')
    """
    ending = "" if intervals == 1 else "s"
    unit = f"{spec.interval}{ending}" if spec.interval_count == 1 else f"interval{ending} of {spec.interval_count} {spec.interval}s"
    return f"{intervals} {unit}{' or more' if spec.cumulative else ''}"


def checked(series: Series, aggregate_by: str | PropertyRef | None) -> Series:
    """Give a series that stickiness can count.

    Raises
    ------
    SpecError
        When its math counts no actors, or it says twice who is counted.
    """
    if series.math not in MATHS:
        raise SpecError(f"math {series.math!r} of {series.label!r}: stickiness counts persons, or groups by math='unique_group'")
    of_groups = series.group_type is not None or series.group_type_index is not None
    if of_groups and series.math != "unique_group":
        raise SpecError(f"a group type and math {series.math!r} of {series.label!r}: groups are counted by math='unique_group'")
    if of_groups and aggregate_by is not None:
        raise SpecError("aggregate_by and a group type at once: count either the values of a property or groups")
    return series


def as_criteria(given: Criteria | None) -> Criteria | None:
    """Give what a number of events must be.

    Raises
    ------
    SpecError
        When it is no operator and whole number, or nobody could meet it.
    """
    if given is None:
        return None
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise SpecError(f"criteria {given!r}: give an operator and a number of events, such as ('gte', 2)")
    operator, count = given
    if operator not in OPERATORS:
        raise unknown("operator of criteria", operator, OPERATORS)
    whole("the number of criteria", count)
    if count < 1:
        raise SpecError(f"criteria {tuple(given)!r}: an interval counts from its first event on, so give 1 or more")
    return (operator, count)
