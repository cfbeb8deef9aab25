"""A question -> the Python that asks it: what one would have typed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from typing import Any

from evkit.insights.question import Question
from evkit.query.code import breakdown, call, default, literal, series, value
from evkit.query.spec import Series


def question(spec: Question, *, events: str = "events", known: Collection[str] = ()) -> str:
    """Write the call that asks a question.

    Parameters
    ----------
    spec
        The question.
    events
        What the variable of the events is called.
    known
        Names of actions that the events know: they are written as names.

    Examples
    --------
    >>> from evkit.insights.trends.spec import Trends
    >>> from evkit.query.builders import person_prop
    >>> print(question(Trends("movie_played", interval="week", breakdown=person_prop("plan"))))
    events.trends("movie_played", interval="week", breakdown=ek.person_prop("plan"))
    """
    return asked(f"{events}.{type(spec).__name__.lower()}", spec, known)


def asked(name: str, spec: Question, known: Collection[str] = ()) -> str:
    """Write the call of a name that makes or asks a question."""
    subject: Any = getattr(spec, spec.SUBJECT) if spec.SUBJECT else ()
    listed = subject if isinstance(subject, tuple) else (subject,)
    written = [series(s, known=known) if isinstance(s, Series) else literal(s) for s in listed]
    options = {f.name: getattr(spec, f.name) for f in fields(spec) if f.name != spec.SUBJECT and not default(spec, f)}  # type: ignore[arg-type]
    if options.get("compare") and "compare_to" in options:
        del options["compare"]
    return call(name, written, {key: breakdown(v) if key == "breakdown" else value(v) for key, v in options.items()})
