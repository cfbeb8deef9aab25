"""`ek.explore`: a question built by hand, its chart at once, and the code that asks the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from inspect import signature
from typing import Any

import traitlets

from evkit.dates import Dates, Interval
from evkit.errors import SpecError, unknown
from evkit.events import Events, Filter, Subject
from evkit.insights import code, display, warming
from evkit.insights.funnel.spec import Attribution, OrderType, VizType
from evkit.insights.insight import Insight
from evkit.insights.paths.journeys import read_pages
from evkit.insights.question import Question
from evkit.insights.trends.spec import Breakdown, Display
from evkit.model import journeys
from evkit.notebook import forms, words
from evkit.notebook.answering import Answer, answered, shown
from evkit.notebook.choices import Choices
from evkit.notebook.displayed import KeptOutputs, code_bundle, publish
from evkit.notebook.form import Form, Originals, actions_of, form_of, spec_of
from evkit.notebook.kept import Kept, cell_name
from evkit.notebook.tool import Tool, script
from evkit.query.spec import Action, Series

SORTED_FROM = 20_000
"""From so many events on they are sorted as the form opens, and the names of pages read: each click is a question more."""
MOST_ANSWERS = 50
"""Answers that are kept for going back and forth."""


def explore(
    events: Events,
    insight: str | Question | Insight = "trends",
    *,
    series: Sequence[Subject] = (),
    filters: Filter | None = None,
    breakdown: Breakdown = None,
    interval: Interval = "day",
    date_range: Dates = None,
    display: Display = "ActionsLineGraph",
    compare: bool = False,
    window: str = "14 days",
    order_type: OrderType = "ordered",
    viz_type: VizType = "steps",
    breakdown_attribution: Attribution = "first_touch",
    keep: bool = True,
) -> Explorer:
    """Build a question by hand: choose, see the chart, copy the code that asks the same.

    Parameters
    ----------
    events
        The events that are asked; what `filter` and `between` restrict holds here as well.
    insight
        "trends", "funnel", "retention", "lifecycle", "stickiness" or "paths" to begin with; or a question, or an Insight of one, to
        go on from: the way to begin with options that aren't named here.
    series
        What is counted, the steps, or what begins and what comes back; when there are none the most frequent events, the product's own before PostHog's.
    filters, breakdown, interval, date_range, display, compare, window, order_type, viz_type, breakdown_attribution
        What the form begins with, where the kind of question has it: see `Trends` and `Funnel`.
    keep
        Keep what was built in a small file in `.evkit/` beside the notebook, so that running the cell again goes on from
        there. Only in JupyterLab, and only while the arguments are the same.

    Returns
    -------
    Explorer
        A widget. Without a notebook too it has `.insight`, `.code`, `.query` and `.spec`.

    Raises
    ------
    SpecError
        When there is no such insight, or an argument is wrong.

    Examples
    --------
    >>> import evkit as ek
    >>> built = ek.explore(ek.load_sample(), "funnel", series=["$pageview", "user_signed_up"], window="7 days")
    >>> print(built.code)
    events.funnel("$pageview", "user_signed_up", window="7 days")
    """
    if isinstance(insight, Insight):
        insight = insight.spec
    if isinstance(insight, Question):
        if series:
            raise SpecError("a question and series: the question has its own")
        return Explorer(events, insight, keep=keep)
    if insight not in forms.KINDS:
        raise unknown("insight", insight, forms.KINDS)
    kind = forms.KINDS[insight]
    subject = [*events._subjects([series] if isinstance(series, (str, Action, Series)) else series)]
    if kind.most is not None and len(subject) > kind.most:
        raise SpecError(f"{insight} takes {kind.most or 'no'} series, not {len(subject)}{'' if kind.most else ': give filters'}")
    if not subject and kind.fewest:
        names = events.event_names().event.tolist()
        subject = sorted(names, key=lambda name: name.startswith("$"))[: kind.fewest]  # the product's own first
        if not subject:
            raise SpecError("there are no events to explore")
    options = {
        "interval": interval, "display": display, "compare": compare, "window": window, "order_type": order_type, "viz_type": viz_type,
        "breakdown_attribution": breakdown_attribution, "breakdown": breakdown, "filters": filters, "date_range": date_range,
    }  # fmt: skip
    return Explorer(events, kind.spec(*subject, *subject[:1] * (kind.fewest - len(subject)), **given_of(kind, options)), keep=keep)


def given_of(kind: forms.Kind, options: dict[str, Any]) -> dict[str, Any]:
    """Give the options that a kind of question has.

    Raises
    ------
    SpecError
        When one was given that it doesn't have.
    """
    has = {c.name for c in kind.controls if not c.key} | {"filters", "date_range"} | ({"breakdown"} if kind.breakdowns else set())
    defaults = {name: p.default for name, p in signature(explore).parameters.items()}
    for name, value in options.items():
        is_default = value is None or (isinstance(value, (str, bool)) and value == defaults[name])
        if name not in has and not is_default:
            meant = any(c.name == name for c in kind.controls)
            way = f" as it is meant here: give a question, as in ek.explore(events, ek.{kind.spec.__name__}({name}=...))" if meant else ""
            raise SpecError(f"{name}={value!r} is no option of {kind.name}{way}. Those that are: {', '.join(sorted(has & options.keys()))}")
    return {name: value for name, value in options.items() if name in has}


class Explorer(Tool):
    """A question that is built by hand; made by `ek.explore`.

    Parameters
    ----------
    events
        The events that are asked.
    start
        The question that the form begins with.
    keep
        Keep the state beside the notebook.
    """

    _esm = script("explorer.js")
    CALLS = ("properties", "values")
    options = traitlets.Dict().tag(sync=True)
    choices = traitlets.Dict().tag(sync=True)
    form = traitlets.Dict().tag(sync=True)
    result = traitlets.Dict().tag(sync=True)

    def __init__(self, events: Events, start: Question, *, keep: bool = True) -> None:
        self._events = events
        self._known = frozenset(events.actions)
        self._choices = Choices(events)
        named = actions_of(start, events.tables.settings.actions)
        self._originals = Originals(start, named)
        self._answers: dict[Question | str, Answer] = {}
        self._insight: Insight | None = None
        began = form_of(start)
        self._kept = Kept("explorer", cell_name() if keep else None, began)
        self._outputs = KeptOutputs(self._bundles)
        super().__init__(
            options={**words.options(), "insights": forms.described()},
            choices={"events": self._choices.event_names, "actions": sorted(named), "owners": self._choices.owners},
            form=self._kept.load() or began,
        )
        warming.begin_kernels()
        if journeys.prepare_large(events.tables, fewest=SORTED_FROM):
            read_pages(events.tables)
        self._answer()
        self.observe(lambda change: self._answer(), "form")

    # ------------------------------------------------------------------ what was built
    @property
    def spec(self) -> Question:
        """The question, as plain data.

        Raises
        ------
        SpecError
            When the form isn't complete.
        """
        return spec_of(self.form, self._originals)

    @property
    def insight(self) -> Insight:
        """The Insight that the form asks for: its figures, people and rules."""
        asked = self._events.ask(self.spec)
        if self._insight is None or self._insight.spec != asked.spec:
            self._insight = asked
        return self._insight

    @property
    def code(self) -> str:
        """The Python of a cell that makes the same Insight."""
        space = notebook_names()
        name = next((n for n, v in space.items() if v is self._events and n.isidentifier() and not n.startswith("_")), "events")
        text = code.question(self.spec, events=name, known=self._known)
        needs_import = bool(space) and "ek." in text and getattr(space.get("ek"), "__name__", "") != "evkit"
        return f"import evkit as ek\n\n{text}" if needs_import else text

    @property
    def query(self) -> dict[str, Any]:
        """The question as PostHog's JSON."""
        from evkit.posthog.project import to_query

        return to_query(self.insight)

    # ------------------------------------------------------------------ calls from the page
    def properties(self, owner: str) -> list[str]:
        """Give the names of an owner's properties."""
        return self._choices.properties(owner)

    def values(self, owner: str, key: str) -> list[str]:
        """Give the most frequent values of a property."""
        return self._choices.values(owner, key)

    def _answer(self) -> None:
        number = self.form.get("number", 0)
        plain: Form = {k: v for k, v in self.form.items() if k != "number"}
        key = self._key(plain)
        if key not in self._answers:
            while len(self._answers) >= MOST_ANSWERS:
                self._answers.pop(next(iter(self._answers)))
            self._answers[key] = answered(self._make)
        self.result = {**self._answers[key], "number": number}
        self._kept.save(plain)
        if "error" not in self.result:
            self._outputs.renew()

    def _key(self, plain: Form) -> Question | str:
        """Give what an answer is kept by: the question, whatever stands in fields that it doesn't have; of a form that asks none, the form."""
        try:
            return self.spec
        except SpecError:
            return json.dumps(plain, sort_keys=True)

    def _make(self) -> Answer:
        insight = self.insight
        return {**shown(insight), "code": self.code, "query": json.dumps(self.query, indent=2, default=str)}

    # ------------------------------------------------------------------ faces
    def __repr__(self) -> str:
        title = self.result.get("title") or f"not complete: {self.result.get('error')}"
        return f"<Explorer: {title}>"

    def _bundles(self) -> list[dict[str, Any]]:
        if "error" in self.result:
            return [{"text/plain": self.result["error"]}, code_bundle("")]
        return [display.bundle(self.insight.chart()), code_bundle(self.code)]

    def _ipython_display_(self) -> None:
        publish(self, f"{self!r} (a widget: run the cell to use it)")
        self._outputs.show()


def notebook_names() -> dict[str, Any]:
    """Give the names that the notebook's cells have made; none outside of one."""
    try:
        from IPython import get_ipython
    except ModuleNotFoundError:
        return {}
    shell: Any = get_ipython()
    return {} if shell is None else dict(shell.user_ns)
