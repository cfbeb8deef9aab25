"""What stands below an Insight's chart: its figures as a table, or as a list to read, and its rules; folded, without scripts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from evkit import markup
from evkit.insights.timeline import listing
from evkit.insights.timeline.spec import Timeline
from evkit.insights.trends.spec import IN_WORDS

if TYPE_CHECKING:
    from evkit.insights.insight import Insight

MOST_ROWS = 200


def details(insight: Insight) -> str:
    """Give what stands below the chart, as HTML."""
    rules = markup.folded("How these figures were made", markup.bullets(insight.rules))
    if isinstance(insight.spec, Timeline):
        return listing.html(insight.spec, insight.to_pandas(), ids_of(insight)) + rules
    return markup.folded("The figures as a table", frame_table(insight.to_pandas(), f"Figures: {insight.spec.title}")) + rules


def ids_of(insight: Insight) -> tuple[str, ...]:
    """Give the ids of the person that a timeline is of; none of a group's."""
    person = insight.spec.person_id
    if person is None:
        return ()
    rows = insight.tables.persons_frame()
    return (person, *(i for ids in rows[rows.person_id == person].distinct_ids for i in ids))


def frame_table(frame: pd.DataFrame, caption: str, most: int = MOST_ROWS) -> str:
    """Give a frame as an HTML table: its first rows, and how many more there are."""
    shown = texts(frame, most)
    note = f"The first {most:,} of {len(frame):,} rows." if len(frame) > most else ""
    return markup.table(shown["columns"], shown["rows"], shown["numbers"], caption=caption, note=note)


def texts(frame: pd.DataFrame, most: int) -> dict[str, Any]:
    """Give a frame as texts: its columns (without an empty breakdown), which of them are numbers, the first rows, how many there are."""
    kept = frame.loc[:, [not (c == "breakdown_value" and frame[c].isna().all()) for c in frame.columns]]
    head = kept.head(most)
    columns = [[share(v) if str(c).endswith(("rate", "share")) else cell(v) for v in head[c]] for c in kept.columns]
    return {
        "columns": [str(c) for c in kept.columns],
        "numbers": [bool(pd.api.types.is_numeric_dtype(kept[c])) for c in kept.columns],
        "rows": [list(row) for row in zip(*columns, strict=True)],
        "count": len(frame),
    }


def share(value: Any) -> str:
    """Write a share, 0 to 1, in percent."""
    return "" if pd.isna(value) else f"{value:.1%}"


def cell(value: Any) -> str:
    """Write a figure for people.

    Examples
    --------
    >>> cell(1234.0), cell(0.12345), cell(None), cell(("a", "b"))
    ('1,234', '0.1235', '', 'a, b')
    """
    if isinstance(value, (list, tuple)):
        return ", ".join(cell(v) for v in value)
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, pd.Timestamp):
        return str(value.date()) if value == value.normalize() else str(value.floor("s"))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 and not value.is_integer() else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else IN_WORDS.get(str(value), str(value))
