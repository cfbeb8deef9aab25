"""What paths ask, as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from evkit.dates import DateRange, Dates
from evkit.errors import SpecError, unknown
from evkit.insights.funnel.spec import Funnel
from evkit.insights.paths import checks
from evkit.insights.question import Question
from evkit.query.property_filters import FilterGroup, PropertyFilter, PropertyRef, check_text
from evkit.query.regexes import replacement_parts

EventType = Literal["$pageview", "$screen", "custom_event", "hogql"]
FunnelPathType = Literal["funnel_path_after_step", "funnel_path_before_step", "funnel_path_between_steps"]
EVENT_TYPES: tuple[str, ...] = get_args(EventType)
FUNNEL_PATH_TYPES: tuple[str, ...] = get_args(FunnelPathType)
NAMED = ("$pageview", "$screen")
"""Events whose item is not their name, but the address or the screen."""
DEFAULT_STEP_LIMIT, DEFAULT_EDGE_LIMIT = 5, 50
HIDDEN = "..."
"""Stands for the items between the first and the last of a path that is too long to show."""
Cleaning = Sequence[Mapping[str, str] | tuple[str, str]]
"""Rules that clean paths: pairs of a regular expression and what its matches become."""


@dataclass(frozen=True, init=False, repr=False)
class Paths(Question):
    r"""Which ways people take, item by item, in a session.

    Parameters
    ----------
    include_event_types
        Which events are items: "$pageview", "$screen", "custom_event" (names that don't begin with $), or several; without any,
        all events. "hogql" names the others by `expression` and leaves out none by itself.
    start_point, end_point
        The item that a path begins with, ends with: sessions without it are left out.
    step_limit
        How many items of a path are shown.
    edge_limit
        How many edges are kept, the most frequent.
    min_edge_weight, max_edge_weight
        Keep edges that were taken at least, at most so often.
    exclude_events
        Items that are left out, as if they had not happened. Needs `include_event_types`.
    path_groupings
        Items that are one: texts in which * stands for any text, "/movie/*/play", found anywhere in an item. The last that fits counts.
    path_replacements
        Clean the items by the project's path cleaning rules.
    local_path_cleaning_filters
        Rules of this question, after those: pairs of a regular expression (RE2) and what all its matches become, in which ``\1``
        is its first group. PostHog's dicts with `regex` and `alias` too.
    expression
        A property that names the items that are neither a page nor a screen; a text is a property of the event.
    event_names_for
        "$pageview", "$screen": items that have the event's name instead of the address or the screen. Only without `include_event_types`.
    funnel
        Only what the actors of a funnel's step did: a `Funnel`, or what `events.funnel(...)` gave.
    funnel_path_type
        "funnel_path_after_step" at the step and after it, "funnel_path_before_step" up to it, "funnel_path_between_steps" from the step
        before up to it.
    funnel_step
        Which step of the funnel, from 1.
    funnel_dropped
        Those who were lost before the step instead. What they did after it begins one window of the funnel after their last step.
    filters
        What every event must pass. Others vanish before sessions are cut.
    date_range
        What days are asked about: "-7d", ("2026-01-01", "2026-01-31") with both ends inside, or a `DateRange`; None is
        the whole data. The start is cut to midnight.

    Notes
    -----
    Figures are a row an edge: step (the place of the source in the path, from 1), source, target (items), value (how often it was
    taken: a person may take it several times), average_conversion_seconds (between the two). Most frequent first, then by the
    texts ``<step>_<source>`` and ``<step + 1>_<target>``. `attrs` says how many `edges` there were before the limit.

    Examples
    --------
    >>> Paths(include_event_types=("$pageview",), start_point="/pricing/").start
    '/pricing'
    """

    SUBJECT = None

    include_event_types: tuple[str, ...] = ()
    start_point: str | None = None
    end_point: str | None = None
    step_limit: int = DEFAULT_STEP_LIMIT
    edge_limit: int = DEFAULT_EDGE_LIMIT
    min_edge_weight: int | None = None
    max_edge_weight: int | None = None
    exclude_events: tuple[str, ...] = ()
    path_groupings: tuple[str, ...] = ()
    path_replacements: bool = False
    local_path_cleaning_filters: tuple[tuple[str, str], ...] = ()
    expression: PropertyRef | None = None
    event_names_for: tuple[str, ...] = ()
    funnel: Funnel | None = None
    funnel_path_type: FunnelPathType | None = None
    funnel_step: int | None = None
    funnel_dropped: bool = False
    filters: FilterGroup = FilterGroup("AND")
    date_range: DateRange | None = None

    def __init__(
        self,
        *,
        include_event_types: EventType | Sequence[EventType] = (),
        start_point: str | None = None,
        end_point: str | None = None,
        step_limit: int = DEFAULT_STEP_LIMIT,
        edge_limit: int = DEFAULT_EDGE_LIMIT,
        min_edge_weight: int | None = None,
        max_edge_weight: int | None = None,
        exclude_events: str | Sequence[str] = (),
        path_groupings: str | Sequence[str] = (),
        path_replacements: bool = False,
        local_path_cleaning_filters: Cleaning = (),
        expression: str | PropertyRef | None = None,
        event_names_for: str | Sequence[str] = (),
        funnel: Any = None,
        funnel_path_type: FunnelPathType | None = None,
        funnel_step: int | None = None,
        funnel_dropped: bool = False,
        filters: FilterGroup | PropertyFilter | None = None,
        date_range: Dates = None,
    ) -> None:
        put = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731
        put("include_event_types", texts("include_event_types", include_event_types, EVENT_TYPES))
        put("start_point", start_point)
        put("end_point", end_point)
        put("step_limit", step_limit)
        put("edge_limit", edge_limit)
        put("min_edge_weight", min_edge_weight)
        put("max_edge_weight", max_edge_weight)
        put("exclude_events", texts("exclude_events", exclude_events))
        put("path_groupings", texts("path_groupings", path_groupings))
        put("path_replacements", bool(path_replacements))
        put("local_path_cleaning_filters", tuple(pair(rule) for rule in local_path_cleaning_filters))
        put("expression", PropertyRef(expression) if isinstance(expression, str) else expression)
        put("event_names_for", texts("event_names_for", event_names_for, NAMED))
        put("funnel", None if funnel is None else plain(funnel))
        put("funnel_path_type", funnel_path_type)
        put("funnel_step", funnel_step)
        put("funnel_dropped", bool(funnel_dropped))
        put("filters", FilterGroup.of(filters))
        put("date_range", None if date_range is None else DateRange.of(date_range))
        if funnel_path_type is not None and funnel_path_type not in FUNNEL_PATH_TYPES:
            raise unknown("funnel_path_type", funnel_path_type, FUNNEL_PATH_TYPES)
        checks.check(self)

    def includes(self, kind: str) -> bool:
        """Say whether a type of event is asked for, and named as such; without `include_event_types` all are."""
        return kind in self.include_event_types if self.include_event_types else kind not in self.event_names_for

    @property
    def start(self) -> str | None:
        """The item that a path begins with; where no end is asked for, without one slash at its end."""
        return self.start_point if self.end_point is not None else without_slash(self.start_point)

    @property
    def end(self) -> str | None:
        """The item that a path ends with; where no start is asked for, without one slash at its end."""
        return self.end_point if self.start_point is not None else without_slash(self.end_point)

    @property
    def title(self) -> str:
        """What the question is about, in a few words."""
        ends = (f" from {self.start}" if self.start else "") + (f" to {self.end}" if self.end else "")
        if self.funnel is None:
            return f"Paths{ends}"
        step = self.funnel.steps[(self.funnel_step or 1) - 1].label
        where = {"funnel_path_after_step": "after", "funnel_path_before_step": "before"}.get(str(self.funnel_path_type), "up to")
        who = f"those lost before {step}" if self.funnel_dropped else f"those who did {step}"
        return f"Paths{ends} {where} {'the last step' if self.funnel_dropped else step} of {who} ({self.funnel.title})"

    def asked_of(self, filters: FilterGroup | None, date_range: DateRange | None) -> Paths:
        """Give the question with the filters and the range of the events it is asked of; they are its funnel's too."""
        made = super().asked_of(filters, date_range)
        if made.funnel is None:
            return made
        known = made.funnel.filters
        shared = known if filters is None or filters in (known, *known.values) else filters.and_(known)
        return made.replaced(funnel=made.funnel.replaced(filters=shared, date_range=made.funnel.date_range or date_range))


def without_slash(point: str | None) -> str | None:
    """Give a point without one slash at its end; "/" stays."""
    return point[:-1] if point and len(point) > 1 and point.endswith("/") else point


def plain(funnel: Any) -> Funnel:
    """Give the funnel whose actors are followed, as one of steps.

    Raises
    ------
    SpecError
        When it is none.
    """
    wanted = getattr(funnel, "spec", funnel)
    if not isinstance(wanted, Funnel):
        raise SpecError(f"paths of the funnel {funnel!r}: give a funnel, such as events.funnel('$pageview', 'signed_up')")
    return wanted.replaced(viz_type="steps", from_step=None, to_step=None, bin_count=None)


def texts(name: str, given: Any, known: Sequence[str] = ()) -> tuple[str, ...]:
    """Give texts as a tuple.

    Raises
    ------
    SpecError
        When one of them is no text, empty, or none of the known ones.
    """
    if not isinstance(given, (str, Iterable)):
        raise SpecError(f"{name} {given!r}: give texts, such as ('a', 'b')")
    found = (given,) if isinstance(given, str) else tuple(given)
    for one in found:
        if known and one not in known:
            raise unknown(name, one, known)
        if not isinstance(one, str) or (not one and name != "exclude_events"):
            raise SpecError(f"{name} with {one!r}: give texts that are not empty")
        check_text(one, name)
    return found


def pair(rule: Any) -> tuple[str, str]:
    """Give a rule that cleans paths as its regular expression and what the matches become.

    Raises
    ------
    SpecError
        When it is no such rule, or its regular expression can't be used.
    """
    if isinstance(rule, Mapping):
        rule = (rule.get("regex"), rule.get("alias") or "")
    if not isinstance(rule, (tuple, list)) or len(rule) != 2 or not all(isinstance(part, str) for part in rule) or not rule[0]:
        raise SpecError(f"local_path_cleaning_filters with {rule!r}: give pairs such as (r'/movie/\\d+', '/movie/:id')")
    regex, alias = rule
    check_text(regex, "a regular expression")
    check_text(alias, "an alias")
    replacement_parts(alias, regex)
    return regex, alias
