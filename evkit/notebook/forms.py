"""What each kind of question asks for in the explorer's form: its series, its breakdown, its options. A table, no logic of any one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from evkit.dates.grammar import Window
from evkit.errors import SpecError
from evkit.insights.funnel.spec import Funnel
from evkit.insights.lifecycle.spec import Lifecycle
from evkit.insights.paths.spec import Paths
from evkit.insights.question import Question
from evkit.insights.retention.spec import Retention
from evkit.insights.stickiness.spec import Stickiness
from evkit.insights.trends.spec import MAX_BREAKDOWNS, Trends
from evkit.notebook import words

Shown = Literal["choice", "several", "check", "count", "compared", "text", "texts", "numbers", "window"]
SOME = "some"
"""Stands for a list that isn't empty, in what a control depends on."""


@dataclass(frozen=True, kw_only=True)
class Control:
    """One option of a question.

    Parameters
    ----------
    name
        The question's keyword.
    label
        What it is called.
    shown
        choice of `choices`, several of them; check: yes or no; count: a whole number, nothing where there is none; compared: how a
        number compares with another, nothing where there is no number; text; texts, numbers: with commas between; window: a number
        and a unit.
    default
        What an empty form has.
    when
        Other keys of the form with the values under which this one is asked for.
    key
        Its key in the form, where that isn't the name: two kinds of question may mean different things by a word.
    """

    name: str
    label: str
    shown: Shown = "choice"
    choices: Mapping[str, str] = field(default_factory=dict)
    default: Any = ""
    when: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""

    @property
    def place(self) -> str:
        """The key in the form."""
        return self.key or self.name

    def is_asked(self, form: Mapping[str, Any]) -> bool:
        """Say whether the form, as it is filled in, asks for this."""
        return all(bool(form[key]) if wanted == SOME else form[key] in wanted for key, wanted in self.when.items())

    def write(self, value: Any) -> dict[str, Any]:
        """Give the parts of the form that show a value."""
        place = self.place
        if self.shown == "window":
            count, unit = str(value).split()
            return {f"{place}_count": count, f"{place}_unit": unit.rstrip("s")}
        if self.shown == "compared":
            operator, count = value or (next(iter(self.choices)), "")
            return {f"{place}_operator": operator, f"{place}_count": str(count)}
        if self.shown == "check":
            return {place: bool(value)}
        if self.shown == "several":
            return {place: list(value)}
        if self.shown in ("texts", "numbers"):
            return {place: ", ".join(map(str, value))}
        return {place: "" if value is None else str(value)}

    def is_as_given(self, value: Any, form: Mapping[str, Any]) -> bool:
        """Say whether the form still shows a value."""
        return all(form[key] == part for key, part in self.write(value).items())

    def read(self, form: Mapping[str, Any]) -> Any:
        """Give the value that the form shows.

        Raises
        ------
        SpecError
            When a number can't be read.
        """
        place = self.place
        if self.shown == "window":
            return window_of(form[f"{place}_count"], form[f"{place}_unit"])
        if self.shown == "compared":
            count = self._number(form[f"{place}_count"])
            return None if count is None else (form[f"{place}_operator"], count)
        given = form[place]
        if self.shown == "check":
            return bool(given)
        if self.shown == "several":
            return tuple(given)
        if self.shown in ("texts", "numbers"):
            parts = [part.strip() for part in str(given).split(",") if part.strip()]
            return tuple(parts if self.shown == "texts" else map(self._number, parts))
        if self.shown == "count":
            count = self._number(given)
            if count is None and self.default != "":
                raise SpecError(f"{self.label}: give a whole number")
            return count
        return str(given).strip() or None

    def _number(self, given: Any) -> int | None:
        text = str(given).strip()
        if text and not (text.isascii() and text.isdigit()):
            raise SpecError(f"{self.label}: {text!r} is no whole number")
        return int(text) if text else None


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of question.

    Parameters
    ----------
    name
        The method of `Events` that asks it.
    label
        What it is called.
    legend, one
        What its series are called, and one of them.
    fewest, most
        How many series there are; most None is any number. The form keeps others for when one goes back to a kind that has more.
    roles
        What each series is for, where they have parts of their own.
    numbers
        How series are numbered: "1" or "A"; "" is not at all.
    maths
        What can be counted of a series; none where there is no choice.
    optional
        Whether a series can be left out by an actor.
    anything
        Whether a series without a name is any event.
    breakdowns
        How many properties can part the figures.
    """

    name: str
    label: str
    spec: type[Question]
    legend: str = ""
    one: str = ""
    fewest: int = 1
    most: int | None = None
    roles: tuple[str, ...] = ()
    numbers: str = ""
    maths: Mapping[str, str] = field(default_factory=dict)
    optional: bool = False
    anything: bool = True
    breakdowns: int = 0
    controls: tuple[Control, ...] = ()


def interval(**options: Any) -> Control:
    """Give the control of what time is cut into."""
    return Control(name="interval", label="Interval", choices=words.INTERVAL_WORDS, default="day", **options)


TRENDS = Kind(
    name="trends",
    label="Trends",
    spec=Trends,
    legend="Series",
    one="series",
    numbers="A",
    maths=words.MATH_WORDS,
    breakdowns=MAX_BREAKDOWNS,
    controls=(
        interval(),
        Control(name="display", label="Shown as", choices=words.DISPLAYS, default="ActionsLineGraph"),
        Control(name="compare", label="Compare with the period before", shown="check", default=False),
    ),
)
FUNNEL = Kind(
    name="funnel",
    label="Funnel",
    spec=Funnel,
    legend="Steps",
    one="step",
    fewest=2,
    numbers="1",
    maths=words.STEP_MATHS,
    optional=True,
    anything=False,
    breakdowns=MAX_BREAKDOWNS,
    controls=(
        Control(name="viz_type", label="Measure", choices=words.VIZZES, default="steps"),
        interval(when={"viz_type": ("trends",)}),
        Control(name="order_type", label="Order", choices=words.ORDERS, default="ordered"),
        Control(name="window", label="Within", shown="window", choices=words.UNITS, default="14 days"),
        Control(
            name="breakdown_attribution",
            label="Whose value counts",
            choices=words.ATTRIBUTION_WORDS,
            default="first_touch",
            when={"breakdown": SOME},
        ),
    ),
)
RETENTION = Kind(
    name="retention",
    label="Retention",
    spec=Retention,
    legend="Who comes back",
    one="event",
    fewest=2,
    most=2,
    roles=("Begin with", "Come back with"),
    breakdowns=1,
    controls=(
        Control(name="period", label="Period", choices=words.PERIODS, default="week"),
        Control(name="total_intervals", label="Intervals", shown="count", default=8),
        Control(name="retention_type", label="Begin", choices=words.RETENTION_TYPES, default="retention_recurring"),
        Control(name="time_window_mode", label="Intervals are", choices=words.WINDOW_MODES, default="strict_calendar_dates"),
        Control(name="minimum_occurrences", label="Times in an interval, at least", shown="count", default=1),
        Control(name="custom_brackets", label="Brackets of periods, such as 1, 3, 7", shown="numbers", default=()),
        Control(name="display", label="Shown as", choices=words.RETENTION_DISPLAYS, default="ActionsTable", key="retention_display"),
        Control(name="cumulative", label="Then or later", shown="check", default=False, key="retention_cumulative"),
    ),
)
LIFECYCLE = Kind(name="lifecycle", label="Lifecycle", spec=Lifecycle, legend="Event", one="event", most=1, controls=(interval(),))
STICKINESS = Kind(
    name="stickiness",
    label="Stickiness",
    spec=Stickiness,
    legend="Series",
    one="series",
    numbers="A",
    maths=words.STICKY_MATHS,
    controls=(
        interval(),
        Control(name="interval_count", label="Intervals that make one", shown="count", default=1),
        Control(name="criteria", label="Times in an interval", shown="compared", choices=words.COMPARISONS, default=None),
        Control(name="cumulative", label="In so many or more", shown="check", default=False),
        Control(name="compare", label="Compare with the period before", shown="check", default=False),
    ),
)
PATHS = Kind(
    name="paths",
    label="Paths",
    spec=Paths,
    fewest=0,
    most=0,
    controls=(
        Control(name="include_event_types", label="Of", shown="several", choices=words.PATH_TYPES, default=()),
        Control(name="start_point", label="Begins with", shown="text", default=None),
        Control(name="end_point", label="Ends with", shown="text", default=None),
        Control(name="step_limit", label="Steps, at most", shown="count", default=5),
        Control(name="edge_limit", label="Edges, at most", shown="count", default=50),
        Control(name="min_edge_weight", label="Taken at least so often", shown="count"),
        Control(name="max_edge_weight", label="Taken at most so often", shown="count"),
        Control(name="exclude_events", label="Without these items", shown="texts", default=()),
        Control(name="path_groupings", label="Together, with * for anything", shown="texts", default=()),
        Control(name="path_replacements", label="Clean paths by the project's rules", shown="check", default=False),
    ),
)
KINDS: dict[str, Kind] = {kind.name: kind for kind in (TRENDS, FUNNEL, RETENTION, LIFECYCLE, STICKINESS, PATHS)}


def kind_of(spec: Question) -> Kind:
    """Give the kind of a question.

    Raises
    ------
    SpecError
        When no form asks such a question.
    """
    found = next((kind for kind in KINDS.values() if isinstance(spec, kind.spec)), None)
    if found is None:
        raise SpecError(f"{type(spec).__name__} can't be built by hand. What can: {', '.join(KINDS)}")
    return found


def window_of(count: str, unit: str) -> str:
    """Give a window such as "14 days".

    Raises
    ------
    SpecError
        When the number can't be read.
    """
    text = str(count).strip()
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise SpecError(f"the window {text!r} is no whole number of {unit}s: give 1 or more")
    return Window(f"{int(text)} {unit}{'' if int(text) == 1 else 's'}").words


def described() -> list[dict[str, Any]]:
    """Give the kinds as the page takes them."""
    return [
        {
            "value": kind.name, "label": kind.label, "legend": kind.legend, "one": kind.one, "fewest": kind.fewest, "most": kind.most,
            "roles": list(kind.roles), "numbers": kind.numbers, "maths": words.maths(kind.maths), "optional": kind.optional,
            "anything": kind.anything, "breakdowns": kind.breakdowns, "controls": [control_of(c) for c in kind.controls],
        }
        for kind in KINDS.values()
    ]  # fmt: skip


def control_of(control: Control) -> dict[str, Any]:
    """Give a control as the page takes it."""
    return {
        "key": control.place, "label": control.label, "shown": control.shown, "choices": words.listed(control.choices),
        "when": {key: wanted if wanted == SOME else list(wanted) for key, wanted in control.when.items()},
    }  # fmt: skip
