"""What a funnel asks, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from evkit.dates import DateRange, Dates, Window
from evkit.errors import SpecError, unknown
from evkit.insights.question import Question
from evkit.insights.trends.spec import Breakdown, as_refs
from evkit.query.spec import Action, FilterGroup, PropertyFilter, PropertyRef, Series

OrderType = Literal["ordered", "strict"]
Attribution = Literal["first_touch", "last_touch"]
ORDER_TYPES: tuple[str, ...] = get_args(OrderType)
ATTRIBUTIONS: tuple[str, ...] = get_args(Attribution)
MAX_STEPS = 60
DEFAULT_WINDOW = "14 days"
DEFAULT_BREAKDOWN_LIMIT = 25
OTHER = "Other"


@dataclass(frozen=True)
class Exclusion:
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

    def __post_init__(self) -> None:
        object.__setattr__(self, "subject", Series.of(self.subject))
        if self.after >= self.before:
            raise SpecError(f"an exclusion after step {self.after} and before step {self.before}: the second must be later")
        if self.after < 1:
            raise SpecError(f"an exclusion after step {self.after}: steps count from 1")


@dataclass(frozen=True, init=False)
class Funnel(Question):
    """How many get through a sequence of steps.

    Parameters
    ----------
    *steps
        Event names, actions or `Series`, in order; at least two.
    window
        How long after the first step the last may happen, such as "14 days"; the boundary is inside.
    order_type
        "ordered" lets other events happen between two steps; "strict" doesn't.
    exclusions
        Events that must not happen between two steps: who does one counts nowhere.
    breakdown
        A property (or up to three) whose values part the figures; a text is a property of the event.
    breakdown_limit
        How many values are kept by name; the rest becomes one, "Other".
    breakdown_attribution
        Whose value counts for an actor: that of the earliest event that has one, or of the latest.
    group_type, group_type_index
        Count groups of this type, by name or index, instead of persons.
    filters
        What every event must pass.
    date_range
        What days are asked about: "-7d", ("2026-01-01", "2026-01-31") with both ends inside, or a `DateRange`; None is
        the whole data.

    Notes
    -----
    Figures are a row a breakdown value and step: breakdown_value (None without a breakdown), step (from 1), event, count,
    conversion_rate (of step 1, 0 to 1), step_conversion_rate (of the step before), average_seconds, median_seconds
    (from the step before; NaN for step 1 and where nobody took any time). Rows are ordered by breakdown value (most
    conversions first), then step.

    Examples
    --------
    >>> Funnel("$pageview", "user_signed_up", window="7 days").window
    '7 days'
    """

    SUBJECT = "steps"

    steps: tuple[Series, ...]
    window: str = DEFAULT_WINDOW
    order_type: OrderType = "ordered"
    exclusions: tuple[Exclusion, ...] = ()
    breakdown: tuple[PropertyRef, ...] = ()
    breakdown_limit: int = DEFAULT_BREAKDOWN_LIMIT
    breakdown_attribution: Attribution = "first_touch"
    group_type: str | None = None
    group_type_index: int | None = None
    filters: FilterGroup = FilterGroup("AND")
    date_range: DateRange | None = None

    def __init__(
        self,
        *steps: str | Action | Series | None,
        window: str = DEFAULT_WINDOW,
        order_type: OrderType = "ordered",
        exclusions: tuple[Exclusion, ...] = (),
        breakdown: Breakdown = None,
        breakdown_limit: int = DEFAULT_BREAKDOWN_LIMIT,
        breakdown_attribution: Attribution = "first_touch",
        group_type: str | None = None,
        group_type_index: int | None = None,
        filters: FilterGroup | PropertyFilter | None = None,
        date_range: Dates = None,
    ) -> None:
        if len(steps) == 1 and isinstance(steps[0], (list, tuple)):
            raise SpecError(f"the steps came as a {type(steps[0]).__name__}: give them one by one, as in events.funnel(*names)")
        if not 2 <= len(steps) <= MAX_STEPS:
            raise SpecError(f"a funnel of {len(steps)} steps: give 2 to {MAX_STEPS}")
        Window(window)
        if order_type not in ORDER_TYPES:
            raise unknown("order_type", order_type, ORDER_TYPES)
        if breakdown_attribution not in ATTRIBUTIONS:
            raise unknown("breakdown_attribution", breakdown_attribution, ATTRIBUTIONS)
        if breakdown_limit < 1:
            raise SpecError(f"breakdown_limit {breakdown_limit}: keep at least one value")
        put = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731
        put("steps", tuple(Series.of(s) for s in steps))
        put("window", window)
        put("order_type", order_type)
        put("exclusions", tuple(exclusions))
        put("breakdown", as_refs(breakdown))
        put("breakdown_limit", breakdown_limit)
        put("breakdown_attribution", breakdown_attribution)
        put("group_type", group_type)
        put("group_type_index", group_type_index)
        put("filters", FilterGroup.of(filters))
        put("date_range", None if date_range is None else DateRange.of(date_range))
        self._check()

    def _check(self) -> None:
        for series in self.steps:
            if series.optional:
                raise SpecError(f"the step {series.label!r} is optional, which funnels don't answer yet")
            if series.math.startswith("first_"):
                raise SpecError(f"math {series.math!r} in a step is not answered yet; steps count every matching event")
        for exclusion in self.exclusions:
            if exclusion.before > len(self.steps):
                raise SpecError(f"an exclusion before step {exclusion.before}: the funnel has {len(self.steps)} steps")
            between = self.steps[exclusion.after - 1 : exclusion.before]
            if any(exclusion.subject == step for step in between):
                raise SpecError(
                    f"the exclusion {Series.of(exclusion.subject).label!r} is a step of the funnel in its own range: nobody could convert"
                )
