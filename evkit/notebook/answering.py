"""An Insight -> what a widget shows of it: the chart as Vega-Lite, the figures as a table, words, rules, warnings."""

from __future__ import annotations

import json
import math
import time
import warnings
from collections.abc import Callable
from typing import Any

from evkit.errors import EvkitError, EvkitWarning
from evkit.insights.display import own_config, words
from evkit.insights.faces import texts
from evkit.insights.insight import Insight

MOST_ROWS = 300
"""Rows of a table that are sent to the browser."""
Answer = dict[str, Any]


def answered(make: Callable[[], Answer]) -> Answer:
    """Give an answer with its warnings and how long it took; where the question is wrong, the error in words."""
    started = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            made = make()
        except EvkitError as error:
            made = {"error": str(error)}
    told = list(dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, EvkitWarning)))
    for other in caught:
        if not issubclass(other.category, EvkitWarning):
            warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
    return {**made, "warnings": told, "seconds": round(time.perf_counter() - started, 3)}


def shown(insight: Insight) -> Answer:
    """Give what is shown of an Insight: chart, words, title, table, rules."""
    chart = insight.chart().to_dict(validate=False)
    return {
        "chart": specification(chart),
        "words": words(chart),
        "title": insight.spec.title,
        "table": texts(insight.to_pandas(), MOST_ROWS),
        "rules": list(insight.rules),
    }


def specification(written: dict[str, Any]) -> dict[str, Any]:
    """Give a chart's Vega-Lite as plain JSON, without theme and title: the widget adds those."""
    made = {**written, "config": own_config(written)}
    made.pop("title", None)
    plain: dict[str, Any] = json.loads(json.dumps(finite(made), default=str))
    return plain


def finite(value: Any) -> Any:
    """Give data without numbers that JSON can't say."""
    if isinstance(value, dict):
        return {str(k): finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
