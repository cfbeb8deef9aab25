"""What a lifecycle asks, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from evkit.dates import DateRange, Dates, Interval
from evkit.dates.grammar import INTERVALS
from evkit.errors import SpecError, unknown
from evkit.insights.question import Question
from evkit.query.property_filters import FilterGroup, PropertyFilter, check_group_type_index
from evkit.query.spec import Action, Series

Status = Literal["new", "returning", "resurrecting", "dormant"]
STATUSES: tuple[Status, ...] = get_args(Status)
"""In PostHog's order."""


@dataclass(frozen=True, init=False, repr=False)
class Lifecycle(Question):
    """Who is new, who comes back and who stays away, interval by interval.

    Parameters
    ----------
    subject
        An event's name, an action, or a `Series` with filters: doing it is being active. None is any event.
    interval
        What time is cut into.
    date_range
        What days are asked about: "-7d", ("2026-01-01", "2026-01-31") with both ends inside, or a `DateRange`; None is the
        whole data, from the first event of the subject on. The intervals at both ends are always whole.
    filters
        What every event must pass.
    group_type, group_type_index
        Look at groups of this type instead of persons, by name or by index.

    Notes
    -----
    Figures are a row a bucket and status: bucket (its start, wall clock of the project's zone), status ("new", "returning",
    "resurrecting", "dormant", in this order), value. Somebody active in a bucket is *new* when it is their first active one and
    they were created in it, *returning* when they were active in the bucket before, else *resurrecting*. Who was active in the
    bucket before and isn't is *dormant*, once: that value is negative, as PostHog's, so that the bars hang below zero.

    Examples
    --------
    >>> Lifecycle("movie_played", interval="week")
    ek.Lifecycle("movie_played", interval="week")
    """

    SUBJECT = "subject"

    subject: Series
    interval: Interval = "day"
    date_range: DateRange | None = None
    filters: FilterGroup = FilterGroup("AND")
    group_type: str | None = None
    group_type_index: int | None = None

    def __init__(
        self,
        subject: str | Action | Series | None = None,
        *,
        interval: Interval = "day",
        date_range: Dates = None,
        filters: FilterGroup | PropertyFilter | None = None,
        group_type: str | None = None,
        group_type_index: int | None = None,
    ) -> None:
        series = Series.of(subject)
        if interval not in INTERVALS:
            raise unknown("interval", interval, INTERVALS)
        if series.math != "total":
            raise SpecError(f"math {series.math!r} of {series.label!r}: a lifecycle counts who is active; leave the math out")
        if series.group_type is not None or series.group_type_index is not None:
            raise SpecError(
                f"a group type of {series.label!r}: give it to the lifecycle, as in events.lifecycle('a', group_type='company')"
            )
        check_group_type_index(group_type_index)
        put = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731
        put("subject", series)
        put("interval", interval)
        put("date_range", None if date_range is None else DateRange.of(date_range))
        put("filters", FilterGroup.of(filters))
        put("group_type", group_type)
        put("group_type_index", group_type_index)

    @property
    def title(self) -> str:
        """What the question is about, in a few words."""
        anything = self.subject.subject is None and not self.subject.name
        return f"Lifecycle of {'any event' if anything else self.subject.label}"

    @property
    def of_groups(self) -> bool:
        """Whether groups are looked at instead of persons."""
        return self.group_type is not None or self.group_type_index is not None
