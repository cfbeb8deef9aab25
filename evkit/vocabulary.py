"""What the data calls things, completed with Tab: event names, properties. A wrong name is answered with the nearest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from evkit import markup
from evkit.errors import SpecError, nearest
from evkit.model.tables import EventTables
from evkit.properties import keys
from evkit.query.builders import event_prop, person_prop
from evkit.query.property_filters import PropertyRef
from evkit.query.spec import Action

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
MOST_SHOWN = 8
MOST_LISTED = 40
MOST_STEPS = 4
POSTHOGS = "$"
"""Names that begin so are PostHog's own events."""


class Vocabulary(Generic[T]):
    """Names by which the data can be asked; looked up once, when they are first needed.

    Parameters
    ----------
    kind
        What they name, in one word.
    look_up
        Gives the names.
    make
        Gives what a name stands for.
    """

    def __init__(self, kind: str, look_up: Callable[[], Sequence[str]], make: Callable[[str], T]) -> None:
        self._kind = kind
        self._look_up = look_up
        self._make = make
        self._known: tuple[str, ...] | None = None

    @property
    def _names(self) -> tuple[str, ...]:
        if self._known is None:
            self._known = tuple(self._look_up())
        return self._known

    def __getitem__(self, name: str) -> T:
        """Give what a name stands for.

        Raises
        ------
        SpecError
            When the data has no such name; the message says the nearest.
        """
        if name not in self._names:
            shown = ", ".join(self._names[:MOST_SHOWN]) + (", ..." if len(self._names) > MOST_SHOWN else "")
            raise SpecError(f"no {self._kind} is called {name!r}.{nearest(name, self._names)} The data has: {shown or 'none'}")
        return self._make(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._names)

    def _repr_html_(self) -> str:
        if self._known is None:
            return markup.card(f"Names of {self._kind}s", [], 'Not looked up yet: write ["..."], and Tab completes.')
        named = ", ".join(self._known[:MOST_LISTED]) + (
            f", and {len(self._known) - MOST_LISTED:,} more" if len(self._known) > MOST_LISTED else ""
        )
        return markup.card(f"Names of {self._kind}s", [(f"{len(self._known):,}", named)], 'Write ["..."], and Tab completes.')

    def __repr__(self) -> str:
        known = "not looked up yet" if self._known is None else f"{len(self._known):,} of them"
        return f'<{self._kind} names, {known}: write ["..."], Tab completes>'


def event_names(tables: EventTables) -> Vocabulary[str]:
    """Give the names of the events; each stands for itself."""
    return tables.cache.get("vocabulary of events", lambda: Vocabulary("event", lambda: tables.event_names, str))


def actions(tables: EventTables) -> Vocabulary[Action]:
    """Give the named actions."""
    known = {action.name: action for action in tables.settings.actions.values()}
    return Vocabulary("action", lambda: sorted(known), known.__getitem__)


def properties(tables: EventTables) -> Vocabulary[PropertyRef]:
    """Give the properties of events, and those that only persons have; each as what filters and breakdowns take."""
    return tables.cache.get("vocabulary of properties", lambda: _properties(tables))


def _properties(tables: EventTables) -> Vocabulary[PropertyRef]:
    of_events: set[str] = set()

    def look_up() -> list[str]:
        e = tables.clean()
        found = tables.execute(e.select(name=keys(e.properties, dialect=tables.dialect).unnest()).distinct())
        of_events.update(found.name)
        p = tables.person_properties()
        persons = tables.execute(p.select(name=keys(p.person_properties, dialect=tables.dialect).unnest()).distinct())
        return sorted({*of_events, *persons.name})

    return Vocabulary("property", look_up, lambda name: event_prop(name) if name in of_events else person_prop(name))


def suggested_funnel(names: Sequence[str], first_times: Callable[[Sequence[str]], pd.DataFrame]) -> tuple[str, ...]:
    """Suggest the steps of a funnel.

    Events are the most frequent ones, the page view before them where there is one; the order is by the median rank of a
    person's first time. PostHog's own events are left out where there are others.

    Parameters
    ----------
    names
        The events' names, the most frequent first.
    first_times
        Gives when people do events first (`Events.first_times`).
    """
    own = [n for n in names if not n.startswith(POSTHOGS)]
    wanted = [*(own or names)][: MOST_STEPS - 1]
    if "$pageview" in names and "$pageview" not in wanted:
        wanted = ["$pageview", *wanted]
    if len(wanted) < 2:
        return tuple(wanted)
    firsts = first_times(wanted)
    return tuple(firsts.sort_values(["median_place", "event"]).event)
