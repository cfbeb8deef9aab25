"""Which of PostHog's queries are answered, and the file of each."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from evkit.errors import UnsupportedQuery
from evkit.insights.insight import Insight
from evkit.model.tables import EventTables
from evkit.posthog.nodes import correlations, funnels, lifecycles, paths, retention, stickinesses, trends

KINDS: dict[str, ModuleType] = {
    "TrendsQuery": trends,
    "FunnelsQuery": funnels,
    "FunnelCorrelationQuery": correlations,
    "LifecycleQuery": lifecycles,
    "StickinessQuery": stickinesses,
    "RetentionQuery": retention,
    "PathsQuery": paths,
}
WRAPPERS = ("InsightVizNode", "DataTableNode")
"""Nodes that hold a query in `source`, with how it is shown."""


def unwrapped(query: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the query inside what says how it is shown.

    Examples
    --------
    >>> unwrapped({"kind": "InsightVizNode", "source": {"kind": "TrendsQuery"}})
    {'kind': 'TrendsQuery'}
    """
    source = query.get("source")
    return unwrapped(source) if query.get("kind") in WRAPPERS and isinstance(source, Mapping) else query


def insight(query: Mapping[str, Any], tables: EventTables) -> Insight:
    """Give the Insight that a query of PostHog's asks for.

    Raises
    ------
    UnsupportedQuery
        For a kind, or a part of it, that evkit doesn't answer.
    """
    asked = unwrapped(query)
    kind = str(asked.get("kind"))
    if kind not in KINDS:
        raise UnsupportedQuery(f"a query of kind {kind!r} is not answered. Kinds that are: {', '.join(KINDS)}")
    return Insight(KINDS[kind].from_query(dict(asked), tables), tables, query=asked)
