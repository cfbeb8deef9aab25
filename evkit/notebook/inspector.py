"""`ek.inspect`: the people behind a figure, and what one of them did."""

from __future__ import annotations

from typing import Any

import pandas as pd
import traitlets

from evkit.errors import SpecError
from evkit.insights import display, figures
from evkit.insights.faces import ids_of, texts
from evkit.insights.funnel.spec import Funnel
from evkit.insights.insight import Insight
from evkit.insights.lifecycle.spec import Lifecycle
from evkit.insights.masking import masked
from evkit.insights.retention.spec import Retention
from evkit.insights.timeline import listing
from evkit.insights.timeline.compute import wall_clock
from evkit.insights.timeline.spec import Timeline
from evkit.insights.trends.spec import distinct
from evkit.notebook.answering import Answer, answered, shown
from evkit.notebook.displayed import KeptOutputs, publish
from evkit.notebook.tool import Tool, script
from evkit.query.actors import group_index
from evkit.subjects import Group, Person

OF_INSTANTS = ("_seen", "_at")
"""How the columns end that are instants; others, such as bucket and cohort, are the zone's wall clock already."""
MOST_PEOPLE = 500
"""People of a figure that are listed."""


def inspect(subject: Insight | Person | Group) -> Inspector:
    """Look behind a figure: click a step, a drop or a bucket of the chart, see who is in it, open one person's timeline.

    Parameters
    ----------
    subject
        An Insight of any question whose figures are people; or a timeline, a person or a group, to look at by itself.

    Returns
    -------
    Inspector
        A widget. Without a notebook too: `.people(row)` and `.timeline(number)`.

    Raises
    ------
    SpecError
        When nobody stands behind it.

    Examples
    --------
    >>> import evkit as ek
    >>> look = ek.inspect(ek.load_sample().funnel("$pageview", "user_signed_up"))
    >>> look.people(1)["title"]
    '865 people did step 2, user_signed_up'
    """
    if isinstance(subject, (Person, Group)):
        subject = subject.timeline()
    if not isinstance(subject, Insight):
        raise SpecError(f"{subject!r} can't be looked into: give events.funnel(...), events.trends(...), another question, or a person")
    if not isinstance(subject.spec, Timeline):
        figures.room_of(subject.spec)  # nobody stands behind the figures of others
    return Inspector(subject)


class Inspector(Tool):
    """An Insight with the people behind its figures; made by `ek.inspect`.

    Parameters
    ----------
    insight
        What is looked into.
    """

    _esm = script("timeline.js", "inspector.js")
    CALLS = ("people", "timeline")
    result = traitlets.Dict().tag(sync=True)

    def __init__(self, insight: Insight) -> None:
        self.insight = insight
        self._actors: list[str] = []
        self._outputs = KeptOutputs(lambda: [display.bundle(insight.chart())])
        super().__init__(result=answered(self._make))

    def _make(self) -> Answer:
        spec, frame = self.insight.spec, self.insight.to_pandas()
        if isinstance(spec, Timeline):
            masks = spec.person_id is not None and not spec.show_ids
            return {**shown(self.insight), "timeline": self._entries(self.insight, show_ids=spec.show_ids), "masks": masks}
        names = [figures.in_words(spec, frame, i) for i in range(len(frame))]
        drops = [figures.can_drop(spec, frame, i) for i in range(len(frame))]
        return {**shown(self.insight), "figures": names, "drops": drops}

    def people(self, row: int, dropped: bool = False, show_ids: bool = False) -> dict[str, Any]:
        """Give who is behind the figure of a row.

        Parameters
        ----------
        row
            Of the Insight's figures, from 0.
        dropped
            Of a funnel: who was lost before the step.
        show_ids
            Write ids as they are.

        Returns
        -------
        dict
            title; columns, numbers (which of them are), rows (texts) and count; opens (whether they have timelines).
        """
        spec, frame = self.insight.spec, self.insight.to_pandas()
        found = self.insight.actors(**figures.which(spec, frame, row, dropped=dropped))
        head = found.head(MOST_PEOPLE)
        zone = self.insight.tables.settings.timezone
        shown_of = texts(local(head.drop(columns=["actor_id", "last_event"], errors="ignore"), zone), MOST_PEOPLE)
        self._actors = head.actor_id.astype("str").tolist()
        names = self._actors if show_ids or self._kind == "group" else distinct(tuple(masked(a) for a in self._actors))
        what = {"person": ("person", "people"), "group": ("group", "groups")}.get(self._kind, ("value", "values"))
        return {
            "title": f"{len(found):,} {what[len(found) != 1]} {figures.in_words(spec, frame, row, dropped=dropped)}",
            "columns": [what[0], *(f"{c} ({zone})" if c.endswith(OF_INSTANTS) else c for c in shown_of["columns"])],
            "numbers": [False, *shown_of["numbers"]],
            "rows": [[name, *values] for name, values in zip(names, shown_of["rows"], strict=True)],
            "count": len(found),
            "opens": self._kind != "value",
        }

    def timeline(self, number: int, show_ids: bool = False) -> dict[str, Any]:
        """Give the timeline of one of the people given last, by their place from 0: title and entries (`listing.Entry`).

        Of a timeline that is looked at by itself there is one, 0.
        """
        if isinstance(self.insight.spec, Timeline):
            return self._entries(Insight(self.insight.spec.replaced(show_ids=show_ids), self.insight.tables), show_ids=show_ids)
        if not 0 <= number < len(self._actors):
            raise SpecError(f"no person {number}: {len(self._actors)} are listed")
        actor = self._actors[number]
        overlay = self.insight.spec if isinstance(self.insight.spec, Funnel) else None
        tables = self.insight.tables
        if self._kind == "group":
            asked = Timeline(group_type_index=self._group_index, group_key=actor, overlay=overlay, show_ids=show_ids)
        else:
            asked = Timeline(person_id=actor, overlay=overlay, show_ids=show_ids)
        return self._entries(Insight(asked, tables), show_ids=show_ids)

    def _entries(self, insight: Insight, *, show_ids: bool) -> dict[str, Any]:
        lines = listing.entries(insight.spec, insight.to_pandas(), ids_of(insight))
        return {"title": insight.spec.title, "words": insight.describe() if show_ids else "", "entries": [e.to_dict() for e in lines]}

    @property
    def _kind(self) -> str:
        spec = self.insight.spec
        if getattr(spec, "aggregate_by", None) is not None:
            return "value"
        return "person" if self._group_index is None else "group"

    @property
    def _group_index(self) -> int | None:
        spec = self.insight.spec
        if isinstance(spec, (Funnel, Retention, Lifecycle)):
            return group_index(spec.group_type, spec.group_type_index, self.insight.tables)
        counted = [s.indexed(self.insight.tables.group_types) for s in getattr(spec, "series", ()) if s.counts_groups]
        return counted[0].group_type_index if counted else None

    def __repr__(self) -> str:
        return f"<Inspector: {self.insight.spec.title}>"

    def _ipython_display_(self) -> None:
        publish(self, f"{self!r} (a widget: run the cell to use it)")
        if "error" not in self.result:
            self._outputs.show()


def local(frame: pd.DataFrame, zone: str) -> pd.DataFrame:
    """Give a frame with its instants, UTC without a zone, as the wall clock of a zone."""
    return frame.assign(**{c: wall_clock(frame[c], zone) for c in frame.columns if c.endswith(OF_INSTANTS)})
