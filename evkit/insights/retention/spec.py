"""What retention asks, as data."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from types import EllipsisType
from typing import Literal, get_args

from evkit.dates import DateRange, Dates
from evkit.errors import unknown
from evkit.insights.question import Question
from evkit.insights.retention import checks
from evkit.insights.trends.spec import Breakdown, as_refs
from evkit.query.property_filters import FilterGroup, PropertyFilter, PropertyRef
from evkit.query.spec import Action, Series

Period = Literal["hour", "day", "week", "month"]
RetentionType = Literal["retention_recurring", "retention_first_time", "retention_first_ever_occurrence"]
TimeWindowMode = Literal["strict_calendar_dates", "24_hour_windows"]
AggregationType = Literal["count", "sum", "avg"]
Display = Literal["ActionsTable", "ActionsLineGraph"]
MeanCalculation = Literal["simple", "weighted", "none"]
WORDS: dict[str, tuple[str, ...]] = {
    "period": get_args(Period),
    "retention_type": get_args(RetentionType),
    "time_window_mode": get_args(TimeWindowMode),
    "aggregation_type": get_args(AggregationType),
    "display": get_args(Display),
    "mean_retention_calculation": get_args(MeanCalculation),
}
"""The options that are one of a few words."""
PAGEVIEW = "$pageview"
DEFAULT_BREAKDOWN_LIMIT = 25
Entity = str | Action | Series | None
"""What somebody does: an event's name, an action, a `Series`, or None for any event."""


@dataclass(frozen=True, init=False, repr=False)
class Retention(Question):
    """How many come back.

    Parameters
    ----------
    target
        What somebody does to be in a cohort; "$pageview" when it isn't given, None for any event. Filters go in a `Series`.
    returning
        What somebody does when they come back; the target again when it isn't given, None for any event.
    period
        "hour", "day", "week" or "month": a cohort is those who begin in one, and they are looked for in those after it.
    total_intervals
        How many intervals are asked about, the cohort's own period among them.
    retention_type
        "retention_recurring": somebody is in the cohort of every period in which they do the target.
        "retention_first_time": only in that of the first event ever that is the target with its filters.
        "retention_first_ever_occurrence": likewise, and only where that is the first target ever whatever its filters.
    cumulative
        Who comes back later counts in all intervals before, too ("on or after").
    minimum_occurrences
        So many returning events in one period make somebody come back there.
    custom_brackets
        Intervals of several periods: (1, 3) is the next period, then the three after it. Then `total_intervals` is only how
        many cohorts there are, where the range has no start.
    time_window_mode
        "strict_calendar_dates" cuts time by the calendar; "24_hour_windows" counts windows of 1 hour, 24 hours, 7 days or 30
        days from a person's own first target.
    aggregation_type, aggregation_property
        "sum" or "avg" of a property of the returning events (or of the person) beside the counts.
    breakdown
        One property whose values part the figures; a text is a property of the event. Or `ek.cohorts(...)`.
    breakdown_limit
        How many values are kept by name, those with most people in their cohorts; the rest becomes one.
    group_type, group_type_index
        Count groups of this type, by name or index, instead of persons.
    display
        How it is drawn: "ActionsTable" the grid of cohorts, "ActionsLineGraph" curves. With a breakdown always curves.
    mean_retention_calculation
        The mean curve of a chart: each cohort counts the same ("simple"), by its size ("weighted"), or there is none.
    filters
        What every event must pass.
    date_range
        The cohorts that are asked about: "-30d", ("2026-01-01", "2026-01-31") with both ends inside, or a `DateRange`; None
        is the whole data, a cohort each period. Nobody comes back after its end: give one that reaches as far as you look.
        (None, "2026-01-31") are the `total_intervals` periods up to then.

    Notes
    -----
    Figures are a row a breakdown value, cohort and interval: breakdown_value (None without a breakdown), cohort (the start of its
    period, wall clock of the project's zone), cohort_size, interval (from 0), label ("Week 0", "Week 1-3"), count, share (of the
    cohort, 0 to 1; NaN where it is empty), state ("over", "running": the time of the cell lasts still, "to_come": it isn't in the
    data or the range, and count is 0); of "sum" and "avg" aggregation_value, too. Rows are ordered by breakdown value (most people
    in its cohorts first), then cohort, then interval.

    Custom brackets of recurring retention are measured from somebody's first target in the range, also in later cohorts: PostHog
    does so, and the figures are its own. With a first-time `retention_type` there is only that one.

    Examples
    --------
    >>> Retention("user_signed_up", "movie_played", period="day", total_intervals=3).returning.label
    'movie_played'
    """

    SUBJECT = "entities"

    entities: tuple[Series, Series]
    period: Period = "week"
    total_intervals: int = 8
    retention_type: RetentionType = "retention_recurring"
    cumulative: bool = False
    minimum_occurrences: int = 1
    custom_brackets: tuple[int, ...] = ()
    time_window_mode: TimeWindowMode = "strict_calendar_dates"
    aggregation_type: AggregationType = "count"
    aggregation_property: PropertyRef | None = None
    breakdown: tuple[PropertyRef, ...] = ()
    breakdown_limit: int = DEFAULT_BREAKDOWN_LIMIT
    group_type: str | None = None
    group_type_index: int | None = None
    display: Display = "ActionsTable"
    mean_retention_calculation: MeanCalculation = "simple"
    filters: FilterGroup = FilterGroup("AND")
    date_range: DateRange | None = None

    def __init__(
        self,
        target: Entity = PAGEVIEW,
        returning: Entity | EllipsisType = ...,
        *,
        period: Period = "week",
        total_intervals: int = 8,
        retention_type: RetentionType = "retention_recurring",
        cumulative: bool = False,
        minimum_occurrences: int = 1,
        custom_brackets: Sequence[int] = (),
        time_window_mode: TimeWindowMode = "strict_calendar_dates",
        aggregation_type: AggregationType = "count",
        aggregation_property: str | PropertyRef | None = None,
        breakdown: Breakdown = None,
        breakdown_limit: int = DEFAULT_BREAKDOWN_LIMIT,
        group_type: str | None = None,
        group_type_index: int | None = None,
        display: Display = "ActionsTable",
        mean_retention_calculation: MeanCalculation = "simple",
        filters: FilterGroup | PropertyFilter | None = None,
        date_range: Dates = None,
    ) -> None:
        checks.check_entities(target, returning)
        begun = Series.of(target)
        put = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731
        put("entities", (begun, begun if isinstance(returning, EllipsisType) else Series.of(returning)))
        put("period", period)
        put("total_intervals", total_intervals)
        put("retention_type", retention_type)
        put("cumulative", cumulative)
        put("minimum_occurrences", minimum_occurrences)
        put("custom_brackets", checks.brackets(custom_brackets))
        put("time_window_mode", time_window_mode)
        put("aggregation_type", aggregation_type)
        put("aggregation_property", PropertyRef(aggregation_property) if isinstance(aggregation_property, str) else aggregation_property)
        put("breakdown", as_refs(breakdown))
        put("breakdown_limit", breakdown_limit)
        put("group_type", group_type)
        put("group_type_index", group_type_index)
        put("display", display)
        put("mean_retention_calculation", mean_retention_calculation)
        put("filters", FilterGroup.of(filters))
        put("date_range", None if date_range is None else DateRange.of(date_range))
        for name, words in WORDS.items():
            if getattr(self, name) not in words:
                raise unknown(name, getattr(self, name), words)
        checks.check(self)

    @property
    def target(self) -> Series:
        """What somebody does to be in a cohort."""
        return self.entities[0]

    @property
    def returning(self) -> Series:
        """What somebody does when they come back."""
        return self.entities[1]

    @property
    def title(self) -> str:
        """What the question is about, in a few words."""
        return f"{self.target.label} \N{RIGHTWARDS ARROW} {self.returning.label} by {self.period}"

    @property
    def cohorts(self) -> tuple[str, ...]:
        """The ids of the cohorts of persons that the figures are parted by."""
        return tuple(ref.key for ref in self.breakdown if ref.type == "cohort")

    @property
    def part(self) -> PropertyRef | None:
        """The property that the figures are parted by; None where that is by cohorts of persons, or not at all."""
        return self.breakdown[0] if self.breakdown and not self.cohorts else None

    @property
    def is_rolling(self) -> bool:
        """Whether time is counted from somebody's own first target."""
        return self.time_window_mode == "24_hour_windows"

    @property
    def aggregates(self) -> bool:
        """Whether a property is added up."""
        return self.aggregation_type != "count"

    @property
    def is_same(self) -> bool:
        """Whether coming back is doing the same again: the same event or action, with the same filters."""
        return bool(self.target.subject == self.returning.subject and self.target.group == self.returning.group)

    @property
    def labels(self) -> tuple[str, ...]:
        """What the intervals are called: "Week 0", "Week 1"; of brackets "Week 1-3"."""
        name, last = self.period.capitalize(), 0
        if not self.custom_brackets:
            return tuple(f"{name} {i}" for i in range(self.total_intervals))
        made = [f"{name} 0"]
        for size in self.custom_brackets:
            made.append(f"{name} {last + 1}" if size == 1 else f"{name} {last + 1}-{last + size}")
            last += size
        return tuple(made)

    @property
    def ends(self) -> tuple[int, ...]:
        """For each interval, its last period, counted from the cohort's own."""
        if not self.custom_brackets:
            return tuple(range(self.total_intervals))
        return (0, *itertools.accumulate(self.custom_brackets))
