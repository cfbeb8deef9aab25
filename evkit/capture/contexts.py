"""Who is acting, for the events captured in a block of code: context variables, as one per thread and asyncio task."""

from __future__ import annotations

import contextvars
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Context:
    """What events captured here are given, where they don't say it themselves.

    Parameters
    ----------
    distinct_id
        Who acts.
    session_id
        Their session, `$session_id`.
    groups
        Group type -> key.
    properties
        Go with every event; an event's own win.
    """

    distinct_id: Any = None
    session_id: str | None = None
    groups: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)

    def over(self, outer: Context) -> Context:
        """Give this context inside an outer one: what it says wins, groups and properties are merged.

        Examples
        --------
        >>> Context(groups={"team": 7}).over(Context(distinct_id="ann", groups={"company": "id:5"}))
        Context(distinct_id='ann', session_id=None, groups={'company': 'id:5', 'team': 7}, properties={})
        """
        return Context(
            distinct_id=outer.distinct_id if self.distinct_id is None else self.distinct_id,
            session_id=outer.session_id if self.session_id is None else self.session_id,
            groups={**outer.groups, **self.groups},
            properties={**outer.properties, **self.properties},
        )


_CURRENT: contextvars.ContextVar[Context] = contextvars.ContextVar("evkit.capture.context")
NOTHING = Context()


def current() -> Context:
    """Give the context of this place in the program.

    Examples
    --------
    >>> with Scope(Context(distinct_id="ann")):
    ...     current().distinct_id
    'ann'
    >>> current().distinct_id is None
    True
    """
    return _CURRENT.get(NOTHING)


class Scope:
    """A context for a `with` block, merged into the one around it. Not a decorator: around an async function it would end too early.

    Parameters
    ----------
    context
        What the block is given.
    fresh
        Don't merge: forget the contexts around.
    """

    def __init__(self, context: Context, *, fresh: bool = False) -> None:
        self._context = context
        self._fresh = fresh
        self._tokens: list[contextvars.Token[Context]] = []

    def __enter__(self) -> Context:
        made = self._context if self._fresh else self._context.over(current())
        self._tokens.append(_CURRENT.set(made))
        return made

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        _CURRENT.reset(self._tokens.pop())


def scope(
    *, distinct_id: Any = None, session_id: str | None = None, groups: Any = None, properties: Any = None, fresh: bool = False
) -> Scope:
    """Make a context for a `with` block.

    Raises
    ------
    TypeError
        When groups or properties are no mapping.

    Examples
    --------
    >>> with scope(distinct_id="ann"), scope(groups={"company": "id:5"}) as inner:
    ...     inner.distinct_id, inner.groups
    ('ann', {'company': 'id:5'})
    """
    for name, value in (("groups", groups), ("properties", properties)):
        if value is not None and not isinstance(value, Mapping):
            raise TypeError(f"{name} of a context are {value!r}, not a mapping such as {{'company': 'id:5'}}")
    return Scope(
        Context(distinct_id=distinct_id, session_id=session_id, groups=dict(groups or {}), properties=dict(properties or {})), fresh=fresh
    )
