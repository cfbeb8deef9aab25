"""What a project knows beside its events: its time zone, filters, types, actions, cohorts, and where it was fetched from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from evkit.query.property_filters import FilterGroup
    from evkit.query.spec import Action, Cohort

Week = Literal["sunday", "monday"]


@dataclass(frozen=True)
class Origin:
    """The PostHog project that events were fetched from.

    Parameters
    ----------
    host, project_id
        Which it is.
    since
        The earliest time of events that was asked for; ISO text, UTC.
    until
        Up to where they are here, with zone UTC; None where the fetch hasn't ended.
    folder
        Where they lie.
    """

    host: str
    project_id: str
    since: str
    until: dt.datetime | None
    folder: str


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a project knows beside its events.

    Parameters
    ----------
    timezone
        IANA name of the zone in which days begin.
    week_start
        First day of the week.
    now
        The clock of relative dates, with a zone; None means the newest event.
    test_account_filters
        What `filter_test_accounts=True` adds to a question.
    property_types
        (kind, name) -> "String", "Numeric", "Boolean" or "DateTime"; kind is "event", "person" or "group".
    infer_property_types
        Find the type of a property in the data where none is given and it matters.
    group_types
        Group type names; the position is PostHog's group type index.
    saved
        Name -> a saved insight of the project's, as PostHog's query.
    dashboards
        Name -> a dashboard of the project's: its tiles, as PostHog's JSON.
    origin
        The project that the events were fetched from; None for others.
    """

    timezone: str = "UTC"
    week_start: Week = "sunday"
    now: dt.datetime | None = None
    test_account_filters: FilterGroup | None = None
    path_cleaning_filters: tuple[Mapping[str, str], ...] = ()
    aggregate_by_distinct_id: bool = False
    property_types: Mapping[tuple[str, str], str] = field(default_factory=dict)
    infer_property_types: bool = True
    group_types: tuple[str, ...] = ()
    actions: Mapping[int | str, Action] = field(default_factory=dict)
    cohorts: Mapping[int | str, Cohort] = field(default_factory=dict)
    saved: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    dashboards: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    origin: Origin | None = None
