"""A timeline as a list to read: sessions, events, merges and property changes in order, noise folded, ids masked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from evkit import markup
from evkit.insights.masking import masker, without_ids
from evkit.insights.timeline.spec import Timeline

NOISE = frozenset(
    "$autocapture $pageleave $feature_flag_called $web_vitals $$heatmap $heatmap $rageclick $dead_click $snapshot $performance_event "
    "$opt_in $groupidentify $set".split()
)
"""Events that say little one by one: several in a row become one line."""
SAME_IN_A_ROW = 3
"""So many of the same event in a row become one line."""
MOST = 2_000
"""Things that are listed, the newest."""
WORDS = {"event": "event", "session": "session", "merge": "merge", "property": "property"}


@dataclass(frozen=True)
class Entry:
    """One line.

    Parameters
    ----------
    kind
        "session", "event", "merge" or "property"; "several" for folded ones.
    when
        Wall clock of the project's zone.
    what, detail
        The event's name, the property, ...; more about it.
    step
        The step of the funnel laid over, from 1; None for none.
    inner
        The lines that are folded into this one.
    uuid
        The event behind it.
    """

    kind: str
    when: str
    what: str
    detail: str = ""
    step: int | None = None
    inner: tuple[Entry, ...] = ()
    uuid: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Give the entry as JSON-able data."""
        return asdict(self)


def entries(spec: Timeline, frame: pd.DataFrame, ids: Sequence[str] = ()) -> list[Entry]:
    """Give the lines of a timeline, the oldest first: the newest `MOST` things.

    Parameters
    ----------
    frame
        The figures (`Timeline`).
    ids
        The ids that name the person: masked wherever they stand, unless `show_ids`.
    """
    pattern = None if spec.show_ids else masker([*ids, *frame.distinct_id.dropna().unique()])
    order = frame.assign(first=frame.kind != "session").sort_values(["time", "first"], kind="stable").tail(MOST)
    plain = [entry(row, pattern) for row in order.itertuples()]
    return list(folded(plain))


def entry(row: Any, pattern: Any) -> Entry:
    """Give the line of a row."""
    text = lambda value: without_ids("" if pd.isna(value) else str(value), pattern)  # noqa: E731
    when = f"{row.time:%a %d %b %Y %H:%M:%S}"
    if row.kind == "session":
        length = (row.end - row.time).total_seconds()
        return Entry("session", when, "Session", f"{text(row.detail)}, {duration(length)}")
    return Entry(row.kind, when, text(row.what), text(row.detail), None if pd.isna(row.step) else int(row.step), uuid=text(row.uuid))


def duration(seconds: float) -> str:
    """Write a length of time.

    Examples
    --------
    >>> duration(42), duration(3700)
    ('42 s', '62 min')
    """
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def folded(plain: list[Entry]) -> Iterator[Entry]:
    """Fold what says little into one line: runs of noise, of the same event, and of property changes."""
    at = 0
    while at < len(plain):
        group = group_of(plain[at])
        end = at + 1
        while group and end < len(plain) and group_of(plain[end]) == group:
            end += 1
        run = plain[at:end]
        fewest = 2 if group in ("noise", "property") else SAME_IN_A_ROW
        if group and len(run) >= fewest:
            yield several(group, run)
        else:
            yield from run
        at = end


def group_of(one: Entry) -> str:
    """Name what a line can be folded with; "" for nothing. Steps of a funnel are never folded."""
    if one.step is not None or one.kind in ("session", "merge"):
        return ""
    if one.kind == "property":
        return "property"
    return "noise" if one.what in NOISE else f"event {one.what}"


def several(group: str, run: list[Entry]) -> Entry:
    """Give the line of a folded run."""
    names = list(dict.fromkeys(e.what for e in run))
    shown = ", ".join(names[:4]) + (", \N{HORIZONTAL ELLIPSIS}" if len(names) > 4 else "")
    what = f"{len(run)} properties changed" if group == "property" else f"{len(run)} \N{MULTIPLICATION SIGN} {shown}"
    return Entry("several", run[0].when, what, shown if group == "property" else f"until {run[-1].when}", inner=tuple(run))


def html(spec: Timeline, frame: pd.DataFrame, ids: Sequence[str] = ()) -> str:
    """Give the list as HTML that scrolls; needs no script."""
    lines = "".join(map(line, entries(spec, frame, ids)))
    left = len(frame) - MOST
    note = f"<div>The newest {MOST:,}; {left:,} older things are in .to_pandas().</div>" if left > 0 else ""
    return (
        f'<div {markup.PLAIN} style="max-height:420px;overflow:auto" tabindex="0" role="region" aria-label="Timeline">'
        f'<ol style="list-style:none;margin:0;padding:0">{lines}</ol>{note}</div>'
    )


def line(one: Entry) -> str:
    """Give one line as HTML."""
    mark = f" <strong>matches step {one.step}</strong>" if one.step is not None else ""
    said = f'<span style="{markup.SOFT}">{markup.text(one.when)}</span> {markup.text(one.what)}{mark}'
    said += f' <span style="{markup.SOFT}">{markup.text(one.detail)}</span>' if one.detail else ""
    if one.kind == "session":
        said = f"<strong>{said}</strong>"
    if one.inner:
        said = f'<details><summary>{said}</summary><ol style="list-style:none;margin:0;padding-left:2em">{"".join(map(line, one.inner))}</ol></details>'
    return f'<li style="padding:2px 0;{markup.LINE}">{said}</li>'
