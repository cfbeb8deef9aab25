"""What a trend asks, as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from evkit.dates import DateRange, Dates, Interval
from evkit.dates.grammar import INTERVALS, is_relative
from evkit.errors import SpecError, unknown, whole
from evkit.insights.question import Question
from evkit.insights.trends.formula import Formula
from evkit.query.property_filters import ALL_USERS, FilterGroup, PropertyFilter, PropertyRef
from evkit.query.spec import Action, Series

Display = Literal[
    "ActionsLineGraph",
    "ActionsLineGraphCumulative",
    "ActionsAreaGraph",
    "ActionsBar",
    "ActionsUnstackedBar",
    "ActionsStackedBar",
    "BoldNumber",
    "ActionsPie",
    "ActionsBarValue",
    "ActionsTable",
    "WorldMap",
    "CalendarHeatmap",
]
Breakdown = str | PropertyRef | Sequence[str | PropertyRef] | None
"""What a question is parted by: a text is a property of the event."""
DISPLAYS: tuple[str, ...] = get_args(Display)
TOTAL_VALUE = frozenset({"BoldNumber", "ActionsPie", "ActionsBarValue", "ActionsTable", "WorldMap", "CalendarHeatmap"})
"""Displays of one figure over the whole range instead of one for each interval."""
MAX_BREAKDOWNS = 3
MOST_IN_TITLE = 4
"""A title names so many lines at most."""
DEFAULT_BREAKDOWN_LIMIT = 25
NO_VALUE = "$$_posthog_breakdown_null_$$"
"""Stands for a breakdown value that is missing, null or empty."""
OTHER = "$$_posthog_breakdown_other_$$"
"""Stands for all breakdown values past the limit."""
IN_WORDS = {NO_VALUE: "(no value)", OTHER: "(other)"}
"""What these two are called for people."""


@dataclass(frozen=True, init=False, repr=False)
class Trends(Question):
    """How often things happen over time.

    Parameters
    ----------
    *series
        Event names, actions or `Series`.
    interval
        What time is cut into.
    date_range
        What days are asked about: "-7d", ("2026-01-01", "2026-01-31") with both ends inside, or a `DateRange`; None is
        the whole data.
    filters
        What every event must pass.
    breakdown
        A property (or up to three) whose values part the figures; a text is a property of the event. Or `ek.cohorts(...)`.
    breakdown_limit
        How many values are kept by name, the most frequent; the rest becomes one, `OTHER`.
    breakdown_hide_other
        Leave the rest out.
    breakdown_path_cleaning
        Clean the values by the project's path cleaning rules first.
    compare
        Ask the period directly before as well.
    compare_to
        Ask the period that much earlier, such as "-1w", instead.
    display
        Total-value displays (BoldNumber, ActionsPie, ...) give one figure a series; ActionsLineGraphCumulative adds up.
        WorldMap and CalendarHeatmap have PostHog's figures and are drawn as bars: no maps, no hours by weekday.
    formulas
        Computed from the series, named a, b, c ...: "a / b * 100", or several as ("a / b", ek.Formula("a - b", "left")).
    smoothing_intervals
        Each figure becomes the rounded-down mean of the last so many.

    Notes
    -----
    Figures are a row a series, period, breakdown value and bucket: series, order, period ("current", "previous"),
    breakdown_value (None without a breakdown), bucket (its start, wall clock of the project's zone; NaT for one figure
    over the whole range), value. Buckets without events have the value 0.

    Examples
    --------
    >>> Trends("movie_played", interval="week").interval
    'week'
    """

    SUBJECT = "series"

    series: tuple[Series, ...]
    interval: Interval = "day"
    date_range: DateRange | None = None
    filters: FilterGroup = FilterGroup("AND")
    breakdown: tuple[PropertyRef, ...] = ()
    breakdown_limit: int = DEFAULT_BREAKDOWN_LIMIT
    breakdown_hide_other: bool = False
    breakdown_path_cleaning: bool = False
    compare: bool = False
    compare_to: str | None = None
    display: Display = "ActionsLineGraph"
    formulas: tuple[Formula, ...] = ()
    smoothing_intervals: int = 1

    def __init__(
        self,
        *series: str | Action | Series | None,
        interval: Interval = "day",
        date_range: Dates = None,
        filters: FilterGroup | PropertyFilter | None = None,
        breakdown: Breakdown = None,
        breakdown_limit: int = DEFAULT_BREAKDOWN_LIMIT,
        breakdown_hide_other: bool = False,
        breakdown_path_cleaning: bool = False,
        compare: bool = False,
        compare_to: str | None = None,
        display: Display = "ActionsLineGraph",
        formulas: str | Formula | tuple[str | Formula, ...] = (),
        smoothing_intervals: int = 1,
    ) -> None:
        if len(series) == 1 and isinstance(series[0], (list, tuple)):
            raise SpecError(f"the series came as a {type(series[0]).__name__}: give them one by one, as in events.trends(*names)")
        if not series:
            raise SpecError("trends of nothing: name at least one event or action")
        if interval not in INTERVALS:
            raise unknown("interval", interval, INTERVALS)
        if display not in DISPLAYS:
            raise unknown("display", display, DISPLAYS)
        whole("breakdown_limit", breakdown_limit)
        whole("smoothing_intervals", smoothing_intervals)
        if compare_to is not None and not (isinstance(compare_to, str) and is_relative(compare_to)):
            raise SpecError(f"compare_to {compare_to!r} is no relative date such as '-1w'")
        if breakdown_limit < 1:
            raise SpecError(f"breakdown_limit {breakdown_limit}: keep at least one value")
        if smoothing_intervals < 1:
            raise SpecError(f"smoothing_intervals {smoothing_intervals}: give 1 for none, or more")
        put = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731
        put("series", tuple(Series.of(s) for s in series))
        put("interval", interval)
        put("date_range", None if date_range is None else DateRange.of(date_range))
        put("filters", FilterGroup.of(filters))
        put("breakdown", as_refs(breakdown))
        put("breakdown_limit", breakdown_limit)
        put("breakdown_hide_other", breakdown_hide_other)
        put("breakdown_path_cleaning", breakdown_path_cleaning)
        put("compare", compare or compare_to is not None)
        put("compare_to", compare_to)
        put("display", display)
        put("formulas", tuple(Formula.of(f, len(series)) for f in ((formulas,) if isinstance(formulas, (str, Formula)) else formulas)))
        put("smoothing_intervals", smoothing_intervals)

    @property
    def cohorts(self) -> tuple[str, ...]:
        """The ids of the cohorts that the figures are parted by."""
        return tuple(ref.key for ref in self.breakdown if ref.type == "cohort")

    @property
    def parts(self) -> tuple[PropertyRef, ...]:
        """The properties that the figures are parted by; none where that is by cohorts."""
        return () if self.cohorts else self.breakdown

    @property
    def keeps_cohort_order(self) -> bool:
        """Whether cohorts are asked for one after the other, as PostHog does for one cohort, and for several with "all"."""
        return len(self.cohorts) == 1 or ALL_USERS in self.cohorts

    @property
    def labels(self) -> tuple[str, ...]:
        """What the lines are called, each differently: the formulas, else the series, told apart by their math."""
        if self.formulas:
            return distinct(tuple(f.label for f in self.formulas))
        return told_apart(self.series)

    @property
    def title(self) -> str:
        """What the question is about, in a few words."""
        if self.formulas:
            said = self.labels
        else:
            said = distinct(tuple(f"{s.label}, {s.counted}" if s.counted and not s.name else s.label for s in self.series))
        between = "; " if any(", " in one for one in said) else ", "
        return listed(said, between)

    @property
    def is_total(self) -> bool:
        """Whether there is one figure over the whole range instead of one for each interval."""
        return self.display in TOTAL_VALUE


def told_apart(series: Sequence[Series]) -> tuple[str, ...]:
    """Give what series are called, each differently: those of one name with their math."""
    names = [s.label for s in series]
    told = [s.label if names.count(s.label) == 1 or s.name else f"{s.label} ({s.in_words})" for s in series]
    return distinct(tuple(told))


def listed(labels: Sequence[str], between: str = ", ") -> str:
    """List what a title names: a few, and how many more.

    Examples
    --------
    >>> listed(("a", "b")), listed(tuple("abcdef"))
    ('a, b', 'a, b, c and 3 more')
    """
    if len(labels) <= MOST_IN_TITLE:
        return between.join(labels)
    return f"{between.join(labels[: MOST_IN_TITLE - 1])} and {len(labels) - MOST_IN_TITLE + 1} more"


def distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    """Give names that are all different: later ones of a name get a number.

    Examples
    --------
    >>> distinct(("a", "b", "a"))
    ('a', 'b', 'a (2)')
    """
    return tuple(name if names[:i].count(name) == 0 else f"{name} ({names[: i + 1].count(name)})" for i, name in enumerate(names))


def as_refs(value: Breakdown) -> tuple[PropertyRef, ...]:
    """Give the properties to break down by.

    Raises
    ------
    SpecError
        When there are more than three.
    """
    if value is None:
        return ()
    given = (value,) if isinstance(value, (str, PropertyRef)) else tuple(value)
    for one in given:
        if not isinstance(one, (str, PropertyRef)):
            raise SpecError(
                f"a breakdown by {one!r}: give the name of an event's property, ek.person_prop('plan'), ek.group_prop(...) or ek.cohorts(...)"
            )
    refs = tuple(PropertyRef(v) if isinstance(v, str) else v for v in given)
    in_cohorts = [ref for ref in refs if ref.type == "cohort"]
    if in_cohorts and len(in_cohorts) < len(refs):
        raise SpecError("a breakdown by cohorts and by properties at once: give one of the two")
    if len(refs) > MAX_BREAKDOWNS and not in_cohorts:
        raise SpecError(f"{len(refs)} breakdowns: there can be at most {MAX_BREAKDOWNS}")
    return refs
