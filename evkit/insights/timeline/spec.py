"""What a timeline asks, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evkit.dates import DateRange
from evkit.errors import SpecError
from evkit.insights.funnel.spec import Funnel
from evkit.insights.masking import masked
from evkit.insights.question import Question
from evkit.query.property_filters import FilterGroup


@dataclass(frozen=True, kw_only=True, repr=False)
class Timeline(Question):
    """What happened to one person, or in one group, in order.

    Parameters
    ----------
    person_id
        The person.
    group_type_index, group_key
        The group, where no person is given.
    overlay
        A `Funnel`, or an Insight of one: events that are steps of it say which, from 1.
    show_ids
        Write ids as they are in charts and lists; otherwise they are masked there. The figures always have them.
    filters
        What the events must pass.
    date_range
        None is the whole data.

    Notes
    -----
    Figures are a row a thing that happened: time (wall clock of the project's zone), kind ("event", "merge", "property",
    "session"), what (the event's name, the outcome of a merge, the property's name, the session's id), detail, end (of a
    session; NaT otherwise), distinct_id, uuid (of the event behind it; None for a session), step (of `overlay`, from 1;
    NA for none). Ordered by time, then kind, what, uuid.
    """

    person_id: str | None = None
    group_type_index: int | None = None
    group_key: str | None = None
    overlay: Any = None
    show_ids: bool = False
    filters: FilterGroup = FilterGroup("AND")
    date_range: DateRange | None = None

    @property
    def title(self) -> str:
        """Whose timeline it is."""
        if self.person_id is None:
            return f"Group {self.group_key}"
        return f"Person {self.person_id if self.show_ids else masked(self.person_id)}"

    def __post_init__(self) -> None:
        if (self.person_id is None) == (self.group_key is None):
            raise SpecError("a timeline is of one person (person_id) or of one group (group_type_index and group_key)")
        if self.group_key is not None and self.group_type_index is None:
            raise SpecError(f"the group {self.group_key!r} needs its group_type_index")
        overlay = getattr(self.overlay, "spec", self.overlay)
        if overlay is not None and not isinstance(overlay, Funnel):
            raise SpecError(f"overlay {self.overlay!r} is no funnel: give events.funnel('$pageview', 'signed_up')")
        object.__setattr__(self, "overlay", overlay)
