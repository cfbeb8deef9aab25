"""Insight: a question and the tables it is asked of. Nothing runs until its figures or its picture are asked for."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from evkit.errors import unknown
from evkit.garbage import imported
from evkit.insights.words import Rules
from evkit.model.journeys import one_question

if TYPE_CHECKING:
    from evkit.model.tables import EventTables


class Insight:
    """A question about events, lazy: what it is (`spec`), its figures, its picture, its people, its rules.

    Parameters
    ----------
    spec
        The question as plain data: `Trends`, `Funnel`, ...
    tables
        What it is asked of.
    query
        PostHog's query that it was made from; None for one that was asked here.
    """

    def __init__(self, spec: Any, tables: EventTables, *, query: Mapping[str, Any] | None = None) -> None:
        self.spec = spec
        self.tables = tables
        self.query = query

    # ------------------------------------------------------------------ figures
    @cached_property
    def _frame(self) -> pd.DataFrame:
        with one_question():
            frame: pd.DataFrame = self._room("compute").frame(self.spec, self.tables)
        return frame

    def to_pandas(self) -> pd.DataFrame:
        """Give the figures as a tidy frame; columns and order are those of the question's docstring. Runs once."""
        return self._frame.copy()

    def to_arrow(self) -> pa.Table:
        """Give the figures as an Arrow table. Runs once."""
        return pa.Table.from_pandas(self._frame, preserve_index=False)

    def to_ibis(self) -> ir.Table:
        """Give the figures as an ibis expression; runs nothing but what the tables need first.

        Raises
        ------
        NotExpressible
            When no SQL says the figures exactly; the message names the rule.
        """
        table: ir.Table = self._room("compute").expression(self.spec, self.tables)
        return table

    def to_sql(self) -> str:
        """Give the SQL behind the figures.

        Raises
        ------
        NotExpressible
            When no SQL says the figures exactly; the message names the rule.
        """
        return str(ibis.to_sql(self.to_ibis(), dialect=self.tables.dialect))

    def matched(self) -> ir.Table:
        """Give the events that count, as the relation the figures are computed from."""
        table: ir.Table = self._room("compute").matched(self.spec, self.tables)
        return table

    # ------------------------------------------------------------------ explanations
    @cached_property
    def rules(self) -> Rules:
        """The rules that make the figures, in words."""
        return Rules(self._room("rules").rules(self.spec, self.tables))

    def actors(self, **which: Any) -> pd.DataFrame:
        """Give the people (or groups) behind a figure.

        Parameters
        ----------
        **which
            What names the figure: for a funnel ``step`` (from 1, or its name), ``dropped``, ``breakdown_value``; for
            trends ``bucket``, ``series`` (from 0, or its name), ``breakdown_value``, ``period``; for retention ``cohort`` (the
            start of its period), ``interval``, ``breakdown_value``; for a lifecycle ``bucket``, ``status``; for stickiness
            ``intervals``, ``operator``, ``series``, ``period``; for paths ``step``, ``source``, ``target``, ``dropoff``.

        Returns
        -------
        pandas.DataFrame
            A row an actor, its times in UTC (figures, charts and timelines are in the project's time zone). Of trends: actor_id,
            events (how many count), first_seen, last_seen. Of a funnel: actor_id, steps_done, breakdown_value, first_step_at,
            last_step_at, last_event (uuid).

        Raises
        ------
        SpecError
            When the question has no such figure.
        """
        find = self._room("actors").actors
        known = [name for name, p in inspect.signature(find).parameters.items() if p.kind is p.KEYWORD_ONLY]
        for name in which:
            if name not in known:
                raise unknown("keyword of actors", name, known)
        frame: pd.DataFrame = find(self.spec, self.tables, **which)
        return frame

    # ------------------------------------------------------------------ pictures
    def chart(self) -> Any:
        """Give the figures as an Altair chart, without configuration, its data given as values."""
        clock = self.tables.newest
        now = None if clock is None else clock.astimezone(ZoneInfo(self.tables.settings.timezone)).replace(tzinfo=None)
        return self._room("chart").chart(self.spec, self._frame, now=now)

    def describe(self) -> str:
        """Say in words what the chart shows."""
        words: str = self._room("chart").describe(self.spec, self._frame)
        return words

    def __repr__(self) -> str:
        return f"<Insight {type(self.spec).__name__}: {self.spec.title}>"

    def _ipython_display_(self) -> None:
        """Show the chart, then the figures and the rules, folded: two outputs, since HTML beside a chart would take its place in the lab."""
        from IPython.display import HTML, display

        from evkit.insights import warming

        warming.begin()
        display(self.chart())
        display(HTML(self.details_html()))

    def details_html(self) -> str:
        """Give the figures and the rules as HTML that is folded, without scripts."""
        from evkit.insights.faces import details

        return details(self)

    def _room(self, part: str) -> ModuleType:
        room = type(self.spec).__module__.rpartition(".")[0]
        return imported(f"{room}.{part}")
