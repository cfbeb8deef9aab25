"""PostHog's side: its JSON, its projects."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    if name == "Project":
        from evkit.posthog.project import Project

        return Project
    raise AttributeError(f"module 'evkit.posthog' has no attribute {name!r}")
