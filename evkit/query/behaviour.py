"""Conditions on what people did, and how conditions on people are joined: the definitions of cohorts, as data. No engine here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Union, cast
from zoneinfo import ZoneInfo

from evkit.dates import DateRange, Dates
from evkit.dates.grammar import LENGTH, absolute, is_relative
from evkit.errors import SpecError, unknown, whole
from evkit.query.property_filters import FilterGroup, OfPeople, PropertyFilter, in_words

if TYPE_CHECKING:
    from evkit.query.spec import Action, Series

UNITS = {"minute": "M", "hour": "h", "day": "d", "week": "w", "month": "m", "year": "y"}
"""Units of a length of time -> the letter by which relative dates call them."""
SECONDS = {"minute": 60, "hour": 3600, "day": 86400, "week": 7 * 86400, "month": 30 * 86400, "year": 365 * 86400}
"""How long a unit is where two lengths are compared."""
WAITED = {**SECONDS, "month": 31 * 86400}
"""How long a unit is between the two events of a sequence: a month as in a funnel's window."""
COMPARISONS = {">=": "gte", "<=": "lte", ">": "gt", "<": "lt", "==": "eq"}
IN_WORDS = {"gte": "at least ", "lte": "at most ", "gt": "more than ", "lt": "fewer than ", "eq": "exactly "}
MAX_PERIODS = 1_000
OF_PERSONS = ("person", "cohort")
"""Types of filters that say something of a person."""


@dataclass(frozen=True)
class Length:
    """A length of time as one writes it: "30 days"; whole units, also months and years.

    Examples
    --------
    >>> Length("2 week").words
    '2 weeks'
    >>> Length("30d")
    Traceback (most recent call last):
    evkit.errors.SpecError: '30d' is no length of time: write a number and one of minute, hour, day, week, month, year, such as '30 days'
    """

    words: str
    n: int = field(init=False)
    unit: str = field(init=False)

    def __post_init__(self) -> None:
        match = LENGTH.fullmatch(self.words) if isinstance(self.words, str) else None
        if match is None or match[2] not in UNITS:
            raise SpecError(f"{self.words!r} is no length of time: write a number and one of {', '.join(UNITS)}, such as '30 days'")
        n, unit = int(match[1]), match[2]
        if n == 0:
            raise SpecError(f"{self.words!r} is empty: write at least '1 {unit}'")
        for name, part in (("words", f"{n} {unit}{'' if n == 1 else 's'}"), ("n", n), ("unit", unit)):
            object.__setattr__(self, name, part)

    @property
    def seconds(self) -> int:
        """About how long it is: a month is 30 days, a year 365."""
        return self.n * SECONDS[self.unit]

    @property
    def waited(self) -> int:
        """How many seconds may lie between two events: a month is 31 days, as in a funnel."""
        return self.n * WAITED[self.unit]

    @property
    def ago(self) -> str:
        """The relative date that lies so far back."""
        return f"-{self.n}{UNITS[self.unit]}"


class Conditional(OfPeople):
    """What conditions have in common: ``a & b``, ``a | b`` and ``~a`` give conditions; ``and``, ``or`` can't, and say so."""

    def __and__(self, other: Any) -> Conditions:
        return Conditions("AND", (self, other))  # type: ignore[arg-type]

    def __rand__(self, other: Any) -> Conditions:
        return Conditions("AND", (other, self))  # type: ignore[arg-type]

    def __or__(self, other: Any) -> Conditions:
        return Conditions("OR", (self, other))  # type: ignore[arg-type]

    def __ror__(self, other: Any) -> Conditions:
        return Conditions("OR", (other, self))  # type: ignore[arg-type]

    def __bool__(self) -> bool:
        raise SpecError(
            "a condition is neither true nor false: join conditions with & and |, each in parentheses, and turn one round with ~"
        )


# ---------------------------------------------------------------------- behaviour
@dataclass(frozen=True, repr=False)
class Behaviour(Conditional):
    """A condition on what somebody did: made by `ek.performed` and its sisters.

    Parameters
    ----------
    subject
        The event's name, an action, or None for any event.
    filters
        What the events must pass.
    within
        How far back the window reaches: "30 days".
    date_range
        The window by its dates, instead of `within`.
    negation
        Turns the condition round.
    """

    BUILDER: ClassVar[str] = ""
    LENGTHS: ClassVar[tuple[str, ...]] = ("within",)

    subject: str | Action | None
    filters: FilterGroup = FilterGroup("AND")
    within: str | None = None
    date_range: DateRange | None = None
    negation: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "filters", FilterGroup.of(self.filters))
        self.series()
        for name in self.LENGTHS:
            if getattr(self, name) is not None:
                object.__setattr__(self, name, length(name, getattr(self, name)).words)
        self._check_window()
        self._check()

    def _check(self) -> None:
        """Raise for what is wrong with this kind of condition alone."""

    def _check_window(self) -> None:
        if self.date_range is not None:
            object.__setattr__(self, "date_range", DateRange.of(cast(Dates, self.date_range)))
            if self.within is not None:
                raise SpecError(f"{self.name} has within={self.within!r} and a date_range: give one of the two")
            check_range(self.name, self.date_range)
        elif self.within is None:
            raise SpecError(f"{self.name} has no window: since when? Give within='30 days', or date_range=('2026-01-01', '2026-01-31')")

    def __invert__(self) -> Behaviour:
        return replace(self, negation=not self.negation)

    def series(self) -> Series:
        """Give the events that count."""
        return series_of(self.BUILDER, self.subject, self.filters)

    @property
    def name(self) -> str:
        """What the condition is called in messages."""
        return f"{self.BUILDER}({self.label!r})"

    @property
    def label(self) -> str:
        """What the events are called."""
        return label_of(self.subject)

    @property
    def window(self) -> DateRange:
        """The window, as a range of dates."""
        return self.date_range if self.date_range is not None else DateRange(Length(str(self.within)).ago)

    @property
    def when(self) -> str:
        """The window in words."""
        return f"in the last {self.within}" if self.date_range is None else self.date_range.in_words

    @property
    def what(self) -> str:
        """The events in words."""
        said = in_words(self.filters)
        return f"{self.label} ({said})" if said else self.label

    @property
    def in_words(self) -> str:
        """The condition in words, whether it is turned round or not."""
        said = self._in_words()
        return f"not ({said})" if self.negation else said

    def _in_words(self) -> str:
        raise NotImplementedError


@dataclass(frozen=True, repr=False)
class Performed(Behaviour):
    """Did it in the window: at least once, or as many times as `times` says. Not at all is never enough."""

    BUILDER: ClassVar[str] = "performed"

    times: tuple[str, int] | None = None

    def _check(self) -> None:
        if self.times is not None:
            object.__setattr__(self, "times", comparison(self.times))

    def _in_words(self) -> str:
        return f"performed {self.what} {often(self.times) or 'at least once'} {self.when}"


@dataclass(frozen=True, repr=False)
class FirstTime(Behaviour):
    """Did it for the first time ever in the window."""

    BUILDER: ClassVar[str] = "performed_first_time"

    def _in_words(self) -> str:
        return f"performed {self.what} for the first time {self.when}"


@dataclass(frozen=True, repr=False)
class Regularly(Behaviour):
    """Did it in at least `min_periods` of the last `total_periods` periods, each `period` long; today is in none of them."""

    BUILDER: ClassVar[str] = "performed_regularly"
    LENGTHS: ClassVar[tuple[str, ...]] = ("period",)

    period: str = ""
    min_periods: int = 0
    total_periods: int = 0
    times: tuple[str, int] = (">=", 1)

    def _check_window(self) -> None:
        if self.within is not None or self.date_range is not None:
            raise SpecError(f"{self.name} has no within and no date_range: its window is total_periods times period")

    def _check(self) -> None:
        object.__setattr__(self, "times", comparison(self.times))
        if Length(self.period).unit in ("minute", "hour"):
            raise SpecError(
                f"{self.name}: period {self.period!r} is shorter than a day, and the periods end with yesterday: give at least '1 day'"
            )
        for name in ("min_periods", "total_periods"):
            whole(name, getattr(self, name))
            if not 1 <= getattr(self, name) <= MAX_PERIODS:
                raise SpecError(f"{self.name}: {name} {getattr(self, name)}: give 1 to {MAX_PERIODS}")
        if self.min_periods > self.total_periods:
            raise SpecError(
                f"{self.name}: min_periods {self.min_periods} of total_periods {self.total_periods}: nobody can be in more than there are"
            )

    @property
    def window(self) -> DateRange:
        """The window, as a range of dates."""
        one = Length(self.period)
        return DateRange(f"-{one.n * self.total_periods}{UNITS[one.unit]}", "-1d")

    @property
    def when(self) -> str:
        """The window in words."""
        return f"in at least {self.min_periods} of the last {self.total_periods} periods of {self.period} up to yesterday"

    def _in_words(self) -> str:
        return f"performed {self.what} {often(self.times)} {self.when}"


@dataclass(frozen=True, repr=False)
class Lapsing(Behaviour):
    """What conditions with a recent part of their window have in common."""

    LENGTHS: ClassVar[tuple[str, ...]] = ("within", "recent")

    recent: str = ""

    def _check(self) -> None:
        if self.within is not None and Length(self.recent).seconds > Length(self.within).seconds:
            raise SpecError(
                f"{self.name}: recent {self.recent!r} is longer than within {self.within!r}: it is the last part of that window"
            )


@dataclass(frozen=True, repr=False)
class Stopped(Lapsing):
    """Did it in the window, but not in the recent part of it."""

    BUILDER: ClassVar[str] = "stopped_performing"

    def _in_words(self) -> str:
        return f"performed {self.what} {self.when}, but not in the last {self.recent}"


@dataclass(frozen=True, repr=False)
class Restarted(Lapsing):
    """Did it in the recent part of the window, not in the rest of it, and some time before."""

    BUILDER: ClassVar[str] = "restarted_performing"

    def _check(self) -> None:
        super()._check()
        if self.date_range is not None and self.date_range.date_to is not None:
            raise SpecError(f"{self.name}: the window ends now, with its recent part: give a date_range without date_to, such as '-60d'")

    def _in_words(self) -> str:
        return f"performed {self.what} in the last {self.recent} again, after not doing so {self.when} up to then"


@dataclass(frozen=True, repr=False)
class Sequence(Behaviour):
    """Did it, and then another thing at most `gap` later, both in the window. Of the same thing two are needed."""

    BUILDER: ClassVar[str] = "performed_sequence"
    LENGTHS: ClassVar[tuple[str, ...]] = ("within", "gap")

    then: str | Action | None = None
    gap: str = ""

    def _check(self) -> None:
        self.then_series()

    def then_series(self) -> Series:
        """Give the events that must follow."""
        return series_of(self.BUILDER, self.then, FilterGroup("AND"))

    def _in_words(self) -> str:
        return f"performed {self.what} and then {label_of(self.then)} within {self.gap}, {self.when}"


KINDS: tuple[type[Behaviour], ...] = (Performed, FirstTime, Regularly, Stopped, Restarted, Sequence)


# ---------------------------------------------------------------------- conditions
Condition = Union[Behaviour, PropertyFilter, "Conditions"]


@dataclass(frozen=True, repr=False)
class Conditions(Conditional):
    """Conditions on people joined by AND or OR, to any depth; an empty one lets everybody in.

    Parameters
    ----------
    op
        "AND" or "OR".
    values
        Conditions on behaviour (`ek.performed` ...), filters on properties of persons and on cohorts, and groups of these.

    Examples
    --------
    >>> from evkit.query.builders import performed, person_prop
    >>> performed("movie_played", within="30 days") & (person_prop("plan") == "pro")
    (ek.performed("movie_played", within="30 days")) & (ek.person_prop("plan") == "pro")
    """

    op: str
    values: tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        if self.op not in ("AND", "OR"):
            raise unknown("group of conditions", self.op, ("AND", "OR"))
        object.__setattr__(self, "values", tuple(checked(value) for value in self.values))

    @classmethod
    def of(cls, *given: Any) -> Conditions:
        """Give one group from conditions, which are AND-ed; from one group itself."""
        first = checked(given[0]) if len(given) == 1 else None
        return first if isinstance(first, Conditions) else cls("AND", given)

    def __invert__(self) -> Conditions:
        if not self.values:
            raise SpecError("an empty group of conditions lets everybody in: there is nothing to turn round")
        return Conditions("OR" if self.op == "AND" else "AND", tuple(~value for value in self.values))

    def leaves(self) -> Iterator[Behaviour | PropertyFilter]:
        """Give the conditions in the group, however deep."""
        for value in self.values:
            if isinstance(value, Conditions):
                yield from value.leaves()
            else:
                yield value

    @property
    def in_words(self) -> str:
        """The conditions in words."""
        parts = [(v, said(v)) for v in self.values]
        nested = [f"({words})" if isinstance(v, Conditions) and len(v.values) > 1 and len(parts) > 1 else words for v, words in parts]
        return f" {self.op.lower()} ".join(words for words in nested if words)


def checked(value: Any) -> Condition:
    """Give a condition, filters as conditions.

    Raises
    ------
    SpecError
        For what says nothing of a person.
    """
    if isinstance(value, FilterGroup):
        return Conditions(value.op, tuple(checked(one) for one in value.values))
    if isinstance(value, PropertyFilter):
        if value.type in OF_PERSONS:
            return value
        raise SpecError(
            f"{value!r} tests the {value.type}, not the person: a cohort asks for ek.person_prop({value.key!r}), "
            f"or for what was done: ek.performed('event', ek.event_prop({value.key!r}) == ..., within='30 days')"
        )
    if isinstance(value, (Behaviour, Conditions)):
        return value
    raise SpecError(
        f"{value!r} is no condition on people: write ek.performed('event', within='30 days') or ek.person_prop('plan') == 'pro'"
    )


def said(value: Condition) -> str:
    """Write a condition for people."""
    if isinstance(value, PropertyFilter) and value.type == "cohort":
        return f"{'not ' if is_turned(value) else ''}in the cohort {value.value!r}"
    return value.in_words if isinstance(value, (Behaviour, Conditions)) else in_words(value)


def is_turned(value: Condition) -> bool:
    """Say whether a condition is met by people who do NOT do or have something: PostHog's negation."""
    if isinstance(value, PropertyFilter):
        return value.negation != (value.type == "cohort" and value.operator in ("not_in", "is_not"))
    return isinstance(value, Behaviour) and value.negation


def with_actions(given: Condition, known: Mapping[int | str, Action]) -> Condition:
    """Put the action in place of a text that is the name of one, in all conditions on behaviour."""
    if isinstance(given, Conditions):
        return Conditions(given.op, tuple(with_actions(value, known) for value in given.values))
    if not isinstance(given, Behaviour):
        return given
    named = lambda subject: known.get(subject, subject) if isinstance(subject, str) else subject  # noqa: E731
    if isinstance(given, Sequence):
        return replace(given, subject=named(given.subject), then=named(given.then))
    return replace(given, subject=named(given.subject))


# ---------------------------------------------------------------------- parts
def length(name: str, given: Any) -> Length:
    """Give a length of time; the message of a wrong one says which it is."""
    try:
        return Length(given)
    except SpecError as error:
        raise SpecError(f"{name} {error}") from None


def series_of(builder: str, subject: Any, filters: FilterGroup) -> Series:
    """Give the events of a name or an action that pass filters.

    Raises
    ------
    SpecError
        For what names no event.
    """
    from evkit.query.spec import Action, Series

    if subject == "":
        raise SpecError(f"{builder} of the event '': name an event, or give None for any event")
    if subject is not None and not isinstance(subject, (str, Action)):
        raise SpecError(f"{builder} of {subject!r}: give an event's name, an ek.Action, or None for any event")
    return Series(subject, filters=filters)


def label_of(subject: str | Action | None) -> str:
    """Give what events are called."""
    return "any event" if subject is None else subject if isinstance(subject, str) else subject.name


def comparison(given: Any) -> tuple[str, int]:
    """Give how many times: a comparison and a number of 1 or more. A number alone is exactly that.

    Examples
    --------
    >>> comparison((">=", 3)), comparison(2), comparison(("gte", 1))
    (('>=', 3), ('==', 2), ('>=', 1))
    """
    pair = given if isinstance(given, (tuple, list)) else ("==", given)
    if len(pair) != 2:
        raise SpecError(f'times {given!r} is no comparison and number: write (">=", 3)')
    sign, n = pair
    words = {**{v: k for k, v in COMPARISONS.items()}, "exact": "==", "=": "==", **{k: k for k in COMPARISONS}}
    if sign not in words:
        turned = f" Did you mean {sign[::-1]!r}?" if isinstance(sign, str) and sign[::-1] in COMPARISONS else ""
        raise SpecError(f"unknown comparison of times {sign!r}.{turned} One of: {', '.join(COMPARISONS)}")
    whole("times", n)
    if n < 1:
        raise SpecError(
            f"times {given!r}: who never did it is in no such cohort. Give 1 or more, or turn it round beside another condition: ~ek.performed(...)"
        )
    return words[sign], n


def often(times: tuple[str, int] | None) -> str:
    """Write how many times, for people; nothing where that isn't asked.

    Examples
    --------
    >>> often((">=", 1)), often(("==", 2))
    ('at least 1 time', 'exactly 2 times')
    """
    return "" if times is None else f"{IN_WORDS[COMPARISONS[times[0]]]}{times[1]} time{'' if times[1] == 1 else 's'}"


def check_range(name: str, given: DateRange) -> None:
    """Raise for a range without a beginning, or one that ends before it begins."""
    if given.date_from is None:
        raise SpecError(f"{name} has only an end ({given.date_to}): since when? Give a date_range with a beginning")
    utc, ends = ZoneInfo("UTC"), (given.date_from, given.date_to)
    if any(end is None or end == "all" or is_relative(end) for end in ends):
        return
    start, end = (absolute(str(end), utc) for end in ends)
    if start > end:
        raise SpecError(f"{name}: the range ends ({given.date_to}) before it starts ({given.date_from}): swap the two")


def given_parts(given: Behaviour) -> dict[str, Any]:
    """Give what a condition says beside its subject: those fields that aren't as by default."""
    plain = {f.name: f.default for f in fields(given)}
    skipped = ("subject", "filters", "negation", "then")
    return {f.name: getattr(given, f.name) for f in fields(given) if f.name not in skipped and getattr(given, f.name) != plain[f.name]}
