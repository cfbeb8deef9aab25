"""What a funnel asks, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from evkit.dates import DateRange, Dates, Interval, Window
from evkit.dates.grammar import INTERVALS
from evkit.errors import SpecError, unknown, whole
from evkit.insights.funnel import checks
from evkit.insights.question import Question
from evkit.insights.trends.spec import Breakdown, as_refs
from evkit.query import code
from evkit.query.property_filters import FilterGroup, PropertyFilter, PropertyRef, Written, check_group_type_index
from evkit.query.spec import Action, Series

OrderType = Literal["ordered", "strict", "unordered"]
Attribution = Literal["first_touch", "last_touch", "all_events", "step"]
VizType = Literal["steps", "trends", "time_to_convert"]
ORDER_TYPES: tuple[str, ...] = get_args(OrderType)
ATTRIBUTIONS: tuple[str, ...] = get_args(Attribution)
VIZ_TYPES: tuple[str, ...] = get_args(VizType)
FIRST_TIME = ("first_time_for_user", "first_time_for_user_with_filters")
"""Maths of a step: only a person's first event of that kind is the step."""
MAX_STEPS = 60
DEFAULT_WINDOW = "14 days"
DEFAULT_BREAKDOWN_LIMIT = 25
OTHER = "Other"


@dataclass(frozen=True, repr=False)
class Exclusion(Written):
    """An event that voids who does it between two steps.

    Parameters
    ----------
    subject
        An event's name, an action or a `Series`.
    after, before
        The steps, from 1, between which it must not happen.

    Examples
    --------
    >>> Exclusion("refunded", after=1, before=2).before
    2
    """

    subject: str | Action | Series
    after: int
    before: int

    def _code(self) -> str:
        return code.call("ek.Exclusion", [code.series(self.series)], {"after": str(self.after), "before": str(self.before)})

    @property
    def series(self) -> Series:
        """What must not happen, with its filters."""
        return Series.of(self.subject)

    def __post_init__(self) -> None:
        object.__setattr__(self, "subject", Series.of(self.subject))
        whole("after", self.after)
        whole("before", self.before)
        if self.after >= self.before:
            raise SpecError(f"an exclusion after step {self.after} and before step {self.before}: the second must be later")
        if self.after < 1:
            raise SpecError(f"an exclusion after step {self.after}: steps count from 1")


@dataclass(frozen=True, init=False, repr=False)
class Funnel(Question):
    """How many get through a sequence of steps.

    Parameters
    ----------
    *steps
        Event names, actions or `Series`, in order; at least two. ``ek.series("x", optional=True)`` may be left out;
        ``ek.series("x", math="first_time_for_user")`` is only a person's first x ever.
    window
        How long after the first step the last may happen, such as "14 days"; the boundary is inside.
    order_type
        "ordered" lets other events happen between two steps, "strict" doesn't; "unordered" takes the steps in any order.
    viz_type
        What is asked: "steps" how many do each step; "trends" the conversion of those who enter in each `interval`;
        "time_to_convert" how long they take.
    exclusions
        Events that must not happen between two steps: who does one counts nowhere.
    breakdown
        A property (or up to three) whose values part the figures; a text is a property of the event. Or `ek.cohorts(...)`.
    breakdown_limit
        How many values are kept by name; the rest becomes one, "Other".
    breakdown_attribution
        Whose value counts for an actor: that of the earliest event that has one ("first_touch"), of the latest
        ("last_touch"), every value by itself ("all_events"), or those of one step ("step"). By one property of a group it is the very
        first or last event, as in PostHog, also where that is of no group: "last_touch" is then the one to ask for where people
        have a group only later.
    breakdown_attribution_step
        Which step, from 1, for "step".
    breakdown_path_cleaning
        Clean the values by the project's path cleaning rules first.
    group_type, group_type_index
        Count groups of this type, by name or index, instead of persons.
    aggregate_by
        Count the values of this property instead of persons: ``ek.event_prop("$session_id")``.
    interval
        For "trends": what time is cut into.
    from_step, to_step
        For "trends" and "time_to_convert": the steps, from 1, between which conversion is measured; first and last when None.
    bin_count
        For "time_to_convert": how many bins, 1 to 90; by the number of people when None.
    filters
        What every event must pass.
    date_range
        What days are asked about: "-7d", ("2026-01-01", "2026-01-31") with both ends inside, or a `DateRange`; None is
        the whole data.

    Notes
    -----
    Figures of "steps" are a row a breakdown value and step: breakdown_value (None without a breakdown), step (from 1),
    event, count, conversion_rate (of step 1, 0 to 1), step_conversion_rate (of the last required step before),
    average_seconds, median_seconds (from that step; NaN for step 1, optional steps, and where nobody took any time). Rows
    are ordered by breakdown value (most conversions first), then step.

    Of "trends" a row a breakdown value and period: breakdown_value, bucket (its start, wall clock of the project's zone),
    entered (did `from_step` in a chain begun then), converted (and `to_step`), conversion_rate (0 to 1). Ordered by
    breakdown value, then bucket.

    Of "time_to_convert" a row a bin: bin_start_seconds, bin_end_seconds (not inside), count, average_seconds (of
    everybody, the same in each row). In order.

    Examples
    --------
    >>> Funnel("$pageview", "user_signed_up", window="7 days").window
    '7 days'
    """

    SUBJECT = "steps"

    steps: tuple[Series, ...]
    window: str = DEFAULT_WINDOW
    order_type: OrderType = "ordered"
    viz_type: VizType = "steps"
    exclusions: tuple[Exclusion, ...] = ()
    breakdown: tuple[PropertyRef, ...] = ()
    breakdown_limit: int = DEFAULT_BREAKDOWN_LIMIT
    breakdown_attribution: Attribution = "first_touch"
    breakdown_attribution_step: int | None = None
    breakdown_path_cleaning: bool = False
    group_type: str | None = None
    group_type_index: int | None = None
    aggregate_by: PropertyRef | None = None
    interval: Interval = "day"
    from_step: int | None = None
    to_step: int | None = None
    bin_count: int | None = None
    filters: FilterGroup = FilterGroup("AND")
    date_range: DateRange | None = None

    def __init__(
        self,
        *steps: str | Action | Series | None,
        window: str = DEFAULT_WINDOW,
        order_type: OrderType = "ordered",
        viz_type: VizType = "steps",
        exclusions: tuple[Exclusion, ...] = (),
        breakdown: Breakdown = None,
        breakdown_limit: int = DEFAULT_BREAKDOWN_LIMIT,
        breakdown_attribution: Attribution = "first_touch",
        breakdown_attribution_step: int | None = None,
        breakdown_path_cleaning: bool = False,
        group_type: str | None = None,
        group_type_index: int | None = None,
        aggregate_by: str | PropertyRef | None = None,
        interval: Interval = "day",
        from_step: int | None = None,
        to_step: int | None = None,
        bin_count: int | None = None,
        filters: FilterGroup | PropertyFilter | None = None,
        date_range: Dates = None,
    ) -> None:
        if len(steps) == 1 and isinstance(steps[0], (list, tuple)):
            raise SpecError(f"the steps came as a {type(steps[0]).__name__}: give them one by one, as in events.funnel(*names)")
        if not 2 <= len(steps) <= MAX_STEPS:
            raise SpecError(f"a funnel of {len(steps)} step{'' if len(steps) == 1 else 's'}: give 2 to {MAX_STEPS}")
        length = Window(window).words
        check_group_type_index(group_type_index)
        for name, value, known in (
            ("order_type", order_type, ORDER_TYPES), ("viz_type", viz_type, VIZ_TYPES), ("interval", interval, INTERVALS),
            ("breakdown_attribution", breakdown_attribution, ATTRIBUTIONS),
        ):  # fmt: skip
            if value not in known:
                raise unknown(name, value, known)
        put = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731
        put("steps", tuple(Series.of(s) for s in steps))
        put("window", length)
        put("order_type", order_type)
        put("viz_type", viz_type)
        put("exclusions", (exclusions,) if isinstance(exclusions, Exclusion) else tuple(exclusions))
        put("breakdown", as_refs(breakdown))
        put("breakdown_limit", breakdown_limit)
        put("breakdown_attribution", breakdown_attribution)
        put("breakdown_attribution_step", breakdown_attribution_step)
        put("breakdown_path_cleaning", breakdown_path_cleaning)
        put("group_type", group_type)
        put("group_type_index", group_type_index)
        put("aggregate_by", PropertyRef(aggregate_by) if isinstance(aggregate_by, str) else aggregate_by)
        put("interval", interval)
        put("from_step", from_step)
        put("to_step", to_step)
        put("bin_count", bin_count)
        put("filters", FilterGroup.of(filters))
        put("date_range", None if date_range is None else DateRange.of(date_range))
        checks.check(self)

    @property
    def title(self) -> str:
        """What the question is about, in a few words."""
        between = {"unordered": " + ", "strict": " \N{RIGHTWARDS DOUBLE ARROW} "}.get(self.order_type, " \N{RIGHTWARDS ARROW} ")
        return between.join(s.label for s in self.steps) + f" within {self.window}"

    @property
    def cohorts(self) -> tuple[str, ...]:
        """The ids of the cohorts that the figures are parted by."""
        return tuple(ref.key for ref in self.breakdown if ref.type == "cohort")

    @property
    def first(self) -> int:
        """The step, from 1, from which conversion is measured."""
        return self.from_step or 1

    @property
    def last(self) -> int:
        """The step, from 1, up to which conversion is measured."""
        return self.to_step or len(self.steps)

    @property
    def optional(self) -> tuple[bool, ...]:
        """For each step, whether it may be left out."""
        return tuple(s.optional for s in self.steps)
