"""evkit: a notebook-first kit for event tracking that speaks PostHog's language."""

from __future__ import annotations

from typing import Any

from evkit.garbage import imported

__version__ = "0.1.0"

_HOMES = {
    "read": "evkit.opening",
    "from_frame": "evkit.opening",
    "from_ibis": "evkit.opening",
    "load_sample": "evkit.opening",
    "open_store": "evkit.opening",
    "sample_path": "evkit.opening",
    "from_posthog": "evkit.posthog.pull.opened",
    "reconcile": "evkit.posthog.reconciling.reconciled",
    "explore": "evkit.notebook.explorer",
    "inspect": "evkit.notebook.inspector",
    "watch": "evkit.notebook.live",
    "pick_actions": "evkit.notebook.picker",
    "collect": "evkit.capture.serving",
    "playground": "evkit.capture.autocapture",
    "snippet": "evkit.capture.autocapture",
    "Client": "evkit.capture.client",
    "Events": "evkit.events",
    "Insight": "evkit.insights.insight",
    "Trends": "evkit.insights.trends.spec",
    "Funnel": "evkit.insights.funnel.spec",
    "FunnelCorrelation": "evkit.insights.correlation.spec",
    "Retention": "evkit.insights.retention.spec",
    "Lifecycle": "evkit.insights.lifecycle.spec",
    "Stickiness": "evkit.insights.stickiness.spec",
    "Paths": "evkit.insights.paths.spec",
    "Action": "evkit.query.spec",
    "ActionStep": "evkit.query.spec",
    "Series": "evkit.query.spec",
    "series": "evkit.query.spec",
    "PropertyFilter": "evkit.query.property_filters",
    "PropertyRef": "evkit.query.property_filters",
    "FilterGroup": "evkit.query.property_filters",
    "Cohort": "evkit.query.spec",
    "Conditions": "evkit.query.behaviour",
    "cohorts": "evkit.query.builders",
    "performed": "evkit.query.builders",
    "performed_first_time": "evkit.query.builders",
    "performed_regularly": "evkit.query.builders",
    "performed_sequence": "evkit.query.builders",
    "stopped_performing": "evkit.query.builders",
    "restarted_performing": "evkit.query.builders",
    "in_cohort": "evkit.query.builders",
    "session_duration": "evkit.query.builders",
    "event_prop": "evkit.query.builders",
    "person_prop": "evkit.query.builders",
    "group_prop": "evkit.query.builders",
    "clicked": "evkit.query.builders",
    "submitted": "evkit.query.builders",
    "changed": "evkit.query.builders",
    "viewed": "evkit.query.builders",
    "event": "evkit.query.builders",
    "read_actions": "evkit.posthog.nodes.actions",
    "save_actions": "evkit.posthog.nodes.actions",
    "Exclusion": "evkit.insights.funnel.spec",
    "Formula": "evkit.insights.trends.formula",
    "Timeline": "evkit.insights.timeline.spec",
    "Dashboard": "evkit.report.dashboard",
    "Project": "evkit.posthog.project",
    "DateRange": "evkit.dates",
    "EvkitError": "evkit.errors",
}
"""Public name -> the module that holds it; loaded when first asked for."""
_ROOMS = ("capture", "dates", "elements", "errors", "posthog")
"""Modules that are there after `import evkit`, loaded when first asked for: `ek.capture.Store`."""

__all__ = [*sorted(_HOMES), "__version__"]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return imported(f"evkit.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'evkit' has no attribute {name!r}")
    value = getattr(imported(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, *_ROOMS]
