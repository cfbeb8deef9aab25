"""`ek.reconcile`: an Insight asked of PostHog too, and the figures laid beside each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd

from evkit import markup
from evkit.dates import bucket_starts
from evkit.errors import PostHogError, SpecError
from evkit.insights.insight import Insight
from evkit.insights.lifecycle import compute as lifecycles
from evkit.insights.lifecycle.spec import Lifecycle
from evkit.insights.retention.grid import OVER, grid, states
from evkit.insights.retention.spec import Retention
from evkit.insights.stickiness.spec import Stickiness
from evkit.insights.trends.spec import Trends
from evkit.model.settings import Origin
from evkit.model.tables import EventTables
from evkit.posthog.api import Api, long_waits
from evkit.posthog.nodes import common, kinds
from evkit.posthog.project import to_query
from evkit.posthog.pull import keys
from evkit.posthog.reconciling import causes
from evkit.posthog.reconciling.answers import Figures, Key, figures
from evkit.posthog.reconciling.pinned import Pinned, pinned

COLUMNS = ["series", "breakdown_value", "at", "figure", "ours", "posthog", "difference", "agrees"]
CLOSE = 1e-6
"""Figures that differ by less, relative to their size, are the same."""
MOST_SHOWN = 50


@dataclass(frozen=True)
class Reconciliation:
    """An Insight's figures beside PostHog's.

    Parameters
    ----------
    insight
        What was asked.
    query
        What both were asked: PostHog's JSON, its dates written out.
    figures
        A row a figure: series, breakdown_value, at (a day, a step, a cell, an edge), figure (what is counted), ours, posthog (NaN
        where one has no such figure), difference (ours less PostHog's), agrees (True, False, or missing where the figure's time
        was not over when the events were fetched).
    causes
        Why they differ, as far as it was found: sentences.
    """

    insight: Insight
    query: Mapping[str, Any]
    figures: pd.DataFrame
    causes: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether all figures that can be compared are the same."""
        return not self.differing.shape[0]

    @cached_property
    def differing(self) -> pd.DataFrame:
        """The figures that differ, the largest difference first."""
        rows = self.figures[self.figures.agrees.eq(False).fillna(False).astype(bool)]
        size = (rows.ours.fillna(0) - rows.posthog.fillna(0)).abs()
        return rows.loc[size.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)

    def to_pandas(self) -> pd.DataFrame:
        """Give the figures; columns as in the class."""
        return self.figures.copy()

    @property
    def summary(self) -> str:
        """How many figures agree, in words."""
        if self.figures.empty:
            return "neither has any figures"
        compared = int(self.figures.agrees.notna().sum())
        same = compared - len(self.differing)
        running = len(self.figures) - compared
        after = f"; {running:,} were not over when the events were fetched" if running else ""
        return f"{same:,} of {compared:,} figures agree with PostHog's{after}"

    def __repr__(self) -> str:
        lines = [f"<Reconciliation of {self.insight.spec.title}: {self.summary}>"]
        return "\n".join([*lines, *self.causes])

    def _repr_html_(self) -> str:
        shown = self.differing.head(MOST_SHOWN)
        made = markup.card("Reconciliation", [("question", self.insight.spec.title), ("figures", self.summary)])
        if len(shown):
            columns = COLUMNS[:-1]
            rows = [[number(value) for value in row] for row in shown[columns].itertuples(index=False)]
            more = len(self.differing) - len(shown)
            note = f"{more:,} more differ: see .differing" if more > 0 else ""
            caption = "Figures that differ"
            made += markup.table(columns, rows, [False] * 4 + [True] * 3, caption=caption, note=note)
        return made + (markup.bullets(self.causes) if self.causes else "")


def number(value: Any) -> str:
    """Write a value of the table."""
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:,.0f}" if value.is_integer() else f"{value:,.4g}"
    return str(value)


def reconcile(insight: Insight, *, api_key: str | None = None, say: Callable[[str], Any] = print) -> Reconciliation:
    """Ask PostHog what an Insight asks, and lay its figures beside ours.

    Both are asked the same query, with its dates written out and up to what was fetched. A saved insight is asked as it was saved.

    Parameters
    ----------
    insight
        An Insight of events that `ek.from_posthog` opened.
    api_key
        As in `ek.from_posthog`; needs the scope query:read, and project:read to look for causes.
    say
        Takes each sentence that is told meanwhile.

    Returns
    -------
    Reconciliation
        The figures of both, and the likely causes where they differ.

    Raises
    ------
    SpecError
        When the events were fetched from no project.
    UnsupportedQuery
        When PostHog has no such query.
    PostHogError, KeyRefused
        When the project doesn't answer.

    Examples
    --------
    >>> import evkit as ek
    >>> ek.reconcile(ek.load_sample().trends("movie_played"))
    Traceback (most recent call last):
    evkit.errors.SpecError: these events were fetched from no PostHog project: open one with ek.from_posthog(...)
    """
    if not isinstance(insight, Insight):
        raise SpecError(f"{insight!r} is no Insight: give one, such as events.trends(...) or events.insights['name']")
    origin = insight.tables.settings.origin
    if origin is None:
        raise SpecError("these events were fetched from no PostHog project: open one with ek.from_posthog(...)")
    query = insight.query if insight.query is not None else to_query(insight)
    with Api(origin.host, keys.find(api_key, origin.host), on_wait=long_waits(say)) as api:
        return compared(api, origin, insight, pinned(query, insight.tables, until=origin.until))


def compared(api: Api, origin: Origin, insight: Insight, asked: Pinned) -> Reconciliation:
    """Ask both, and look for causes where they differ."""
    kind = str(asked.query["kind"])
    body = {"query": asked.query, "refresh": "force_blocking", "name": "evkit: reconcile"}
    answer = api.post(f"/api/projects/{origin.project_id}/query/", body)
    if not isinstance(answer, Mapping) or "results" not in answer:
        raise PostHogError(f"a {kind} was answered without results: {str(answer)[:300]}")
    theirs = figures(kind, answer)
    ours = figures(kind, kinds.KINDS[kind].answer(dict(asked.query), insight.tables))
    made = beside(ours, theirs, names_of(insight.spec), running(kinds.insight(asked.query, insight.tables).spec, insight.tables))
    beside_each_other = Reconciliation(insight, asked.query, made, ())
    if beside_each_other.agrees:
        return beside_each_other
    return replace(beside_each_other, causes=tuple(causes.found(causes.Case(api, origin, insight.tables, asked))))


def beside(ours: Figures, theirs: Figures, names: Mapping[str, str], open_cells: frozenset[str]) -> pd.DataFrame:
    """Lay figures beside each other: `Reconciliation.figures`. One that is missing agrees with 0."""
    rows = []
    for key in dict.fromkeys([*ours, *theirs]):
        one, other = ours.get(key, math.nan), theirs.get(key, math.nan)
        same: bool | None = math.isclose(zero(one), zero(other), rel_tol=CLOSE, abs_tol=CLOSE)
        if key.at in open_cells:
            same = None
        rows.append((named(key, names), key.breakdown_value, key.at, key.figure, one, other, one - other, same))
    return pd.DataFrame(rows, columns=COLUMNS).astype({"agrees": "boolean"})


def zero(value: float) -> float:
    """Give a figure, 0 for one that isn't there."""
    return 0.0 if math.isnan(value) else value


def named(key: Key, names: Mapping[str, str]) -> str:
    """Give a series by its name."""
    number, comma, period = key.series.partition(", ")
    return names.get(number, number) + comma + period


def names_of(spec: Any) -> dict[str, str]:
    """Give the series of a question by their numbers."""
    if not isinstance(spec, (Trends, Stickiness)):
        return {}
    made = {str(order): series.label for order, series in enumerate(spec.series)}
    return made | {f"formula {i}": formula.label for i, formula in enumerate(getattr(spec, "formulas", ()))}


def running(spec: Any, tables: EventTables) -> frozenset[str]:
    """Give the cells of retention, and the bucket of lifecycle, whose time was not over when the events were fetched: both are asked whole."""
    if isinstance(spec, Lifecycle):
        span, until = lifecycles.span(spec, tables), tables.newest
        last = bucket_starts(span)[-1]
        over = until is None or lifecycles.utc(lifecycles.after(last, span), span) <= until
        return frozenset() if over else frozenset({common.day_text(last, spec.interval)})
    if not isinstance(spec, Retention):
        return frozenset()
    marks = states(spec, grid(spec, tables), tables)
    return frozenset(
        f"{spec.period.capitalize()} {row} + {later}" for row, line in enumerate(marks) for later, state in enumerate(line) if state != OVER
    )
