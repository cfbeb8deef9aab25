"""What all questions have in common: they are data that can be changed into another, and written as JSON."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, ClassVar, Self

from evkit.dates import DateRange
from evkit.query.code import is_same
from evkit.query.property_filters import FilterGroup, Written


class Question(Written):
    """Base of the specs: frozen dataclasses whose subject (steps, series) is positional."""

    SUBJECT: ClassVar[str | None] = None
    filters: Any
    date_range: Any

    def _code(self) -> str:
        from evkit.insights import code

        return code.asked(f"ek.{type(self).__name__}", self)

    def options(self) -> dict[str, Any]:
        """Give everything but the subject, by name."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != self.SUBJECT}  # type: ignore[arg-type]

    def replaced(self, **changes: Any) -> Self:
        """Give the same question with some parts changed.

        Examples
        --------
        >>> from evkit.insights.funnel.spec import Funnel
        >>> Funnel("a", "b").replaced(window="1 hour").window
        '1 hour'
        """
        subject = changes.pop(self.SUBJECT, getattr(self, self.SUBJECT)) if self.SUBJECT else ()
        several = subject if isinstance(subject, tuple) else (subject,)
        return type(self)(*several, **{**self.options(), **changes})

    def asked_of(self, filters: FilterGroup | None, date_range: DateRange | None) -> Self:
        """Give the question with the filters and the range of the events it is asked of: AND-ed, and where it has none.

        Examples
        --------
        >>> from evkit.dates import DateRange
        >>> from evkit.insights.funnel.spec import Funnel
        >>> Funnel("a", "b").asked_of(None, DateRange("-7d")).date_range
        DateRange(date_from='-7d', date_to=None, bounds='posthog')
        """
        both = self.filters if filters is None else filters.and_(self.filters)
        return self.replaced(filters=both, date_range=self.date_range or date_range)

    def to_dict(self) -> dict[str, Any]:
        """Give the question as JSON-able data; parts that are as by default are left out.

        Examples
        --------
        >>> from evkit.insights.funnel.spec import Funnel
        >>> Funnel("a", "b", window="1 hour").to_dict()
        {'kind': 'Funnel', 'steps': [{'subject': 'a'}, {'subject': 'b'}], 'window': '1 hour'}
        """
        return {"kind": type(self).__name__, **as_data(self)}


def as_data(value: Any) -> Any:
    """Give specs as dicts and lists."""
    if is_dataclass(value) and not isinstance(value, type):
        made = {}
        for f in fields(value):
            part = getattr(value, f.name)
            if not is_same(part, f.default) and not (isinstance(part, tuple) and not part and f.default is not None):
                made[f.name] = as_data(part)
        return {k: v for k, v in made.items() if v not in ({}, {"op": "AND"})}
    if isinstance(value, (list, tuple)):
        return [as_data(v) for v in value]
    return value
