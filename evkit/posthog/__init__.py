"""PostHog's side: its JSON, its projects."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    if name in ("Project", "to_actors_query", "to_query"):
        from evkit.posthog import project

        return getattr(project, name)
    if name == "to_cohort":
        from evkit.posthog.nodes import cohorts

        return cohorts.to_json
    raise AttributeError(f"module 'evkit.posthog' has no attribute {name!r}")
