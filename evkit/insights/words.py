"""What rules of all insights have in common, in words."""

from __future__ import annotations

from evkit import markup
from evkit.dates import Range
from evkit.query.property_filters import FilterGroup, in_words


def range_in_words(span: Range) -> str:
    """Say which events count by their time."""
    start, end = (t.astimezone(span.zone) for t in (span.start, span.end))
    return f"Events from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M:%S}, both ends counted, in {span.timezone}."


def filters_in_words(group: FilterGroup, *, before: str, after: str) -> str:
    """Say what filters ask; nothing where there are none."""
    return f"{before}{in_words(group)}{after}" if group.values else ""


class Rules(tuple[str, ...]):
    """Rules: a tuple of sentences that shows itself a line each."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return markup.bullets(self)

    def __repr__(self) -> str:
        return "\n".join(f"- {rule}" for rule in self)
