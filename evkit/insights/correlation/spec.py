"""What a correlation asks, as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from evkit.dates import DateRange, Dates
from evkit.errors import SpecError, unknown
from evkit.insights.funnel.spec import Funnel
from evkit.insights.question import Question
from evkit.query.property_filters import FilterGroup, PropertyFilter

CorrelationType = Literal["events", "event_with_properties", "properties"]
CORRELATION_TYPES: tuple[str, ...] = get_args(CorrelationType)
ALL_PROPERTIES = "$all"


@dataclass(frozen=True, init=False, repr=False)
class FunnelCorrelation(Question):
    """What those who get through a funnel do, or are, more often than those who don't.

    Parameters
    ----------
    funnel
        The funnel: a `Funnel`, or what `events.funnel(...)` gave.
    correlation_type
        "events" looks at the names of events between the first step and the last; "event_with_properties" at their
        properties; "properties" at those of the persons (or groups).
    event_names
        For "event_with_properties": of which events. With "$autocapture" what was clicked is looked at instead of properties.
    names
        For "properties": which; "$all" is every one.
    exclude_event_names, exclude_event_property_names, exclude_names
        Events, properties of events, properties of persons that are left out.
    filters, date_range
        Those of the funnel: filters are AND-ed with its own, a range is taken where it has none.

    Notes
    -----
    Figures are a row a signal: signal, event, property, value (None where the type has none), success_count and
    failure_count (how many with the signal got through, or didn't), odds_ratio, correlation_type ("success" above 1,
    else "failure"). At most ten successes, the highest odds first, then at most ten failures, the lowest first.

    Examples
    --------
    >>> FunnelCorrelation(Funnel("$pageview", "user_signed_up")).correlation_type
    'events'
    """

    SUBJECT = "funnel"

    funnel: Funnel
    correlation_type: CorrelationType = "events"
    event_names: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    exclude_event_names: tuple[str, ...] = ()
    exclude_event_property_names: tuple[str, ...] = ()
    exclude_names: tuple[str, ...] = ()
    filters: FilterGroup = FilterGroup("AND")
    date_range: DateRange | None = None

    def __init__(
        self,
        funnel: Any,
        *,
        correlation_type: CorrelationType = "events",
        event_names: Sequence[str] = (),
        names: Sequence[str] = (),
        exclude_event_names: Sequence[str] = (),
        exclude_event_property_names: Sequence[str] = (),
        exclude_names: Sequence[str] = (),
        filters: FilterGroup | PropertyFilter | None = None,
        date_range: Dates = None,
    ) -> None:
        wanted = getattr(funnel, "spec", funnel)
        if not isinstance(wanted, Funnel):
            raise SpecError(f"a correlation of {funnel!r}: give a funnel, such as events.funnel('$pageview', 'signed_up')")
        if correlation_type not in CORRELATION_TYPES:
            raise unknown("correlation_type", correlation_type, CORRELATION_TYPES)
        if any(wanted.optional):
            raise SpecError(
                "a correlation of a funnel with optional steps: nobody could be said to have got through; leave those steps out"
            )
        span = wanted.date_range or (None if date_range is None else DateRange.of(date_range))
        plain = wanted.replaced(
            filters=wanted.filters.and_(FilterGroup.of(filters)), date_range=span, viz_type="steps", breakdown=None, from_step=None, to_step=None,
            breakdown_attribution="first_touch", breakdown_attribution_step=None,
        )  # fmt: skip
        put = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731
        put("funnel", plain)
        put("correlation_type", correlation_type)
        for name, given in (
            ("event_names", event_names), ("names", names), ("exclude_event_names", exclude_event_names),
            ("exclude_event_property_names", exclude_event_property_names), ("exclude_names", exclude_names),
        ):  # fmt: skip
            put(name, (given,) if isinstance(given, str) else tuple(given))
        put("filters", FilterGroup("AND"))
        put("date_range", None)
        if correlation_type == "event_with_properties" and not self.event_names:
            raise SpecError("Event Property Correlation expects atleast one event name to run correlation on: event_names=('searched',)")
        if correlation_type == "properties" and not self.names:
            raise SpecError("Property Correlation expects atleast one Property to run correlation on: names=('plan',), or ('$all',)")
        if correlation_type == "properties" and plain.aggregate_by is not None:
            raise SpecError("the values of aggregate_by have no properties to correlate: count persons or groups")

    @property
    def title(self) -> str:
        """What the question is about, in a few words."""
        what = {
            "events": "events",
            "event_with_properties": f"properties of {', '.join(self.event_names)}",
            "properties": f"properties {', '.join(self.names)}",
        }
        return f"{what[self.correlation_type]} and {self.funnel.title}"
