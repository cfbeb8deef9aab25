"""PostHog's actions <-> `Action`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evkit.posthog.nodes import filters
from evkit.query.spec import Action, ActionStep

MATCHED = ("url", "text", "href")
DEFAULT_MATCHING = {"url": "contains", "text": "exact", "href": "exact"}


def from_json(value: Mapping[str, Any]) -> Action:
    """Give the action of PostHog's JSON (`steps`, or the stored `steps_json`)."""
    steps = value.get("steps") or value.get("steps_json") or ()
    return Action(str(value.get("name") or value.get("id") or "action"), *(step_from_json(s) for s in steps), id=value.get("id"))


def step_from_json(value: Mapping[str, Any]) -> ActionStep:
    """Give one step; a matching of null or "" is its default."""
    matching = {f"{name}_matching": value.get(f"{name}_matching") or DEFAULT_MATCHING[name] for name in MATCHED}
    return ActionStep(
        event=value.get("event"),
        url=value.get("url") or None,
        text=value.get("text") or None,
        href=value.get("href") or None,
        selector=value.get("selector") or None,
        tag_name=value.get("tag_name") or None,
        properties=filters.from_json(value.get("properties")),
        **matching,
    )


def to_json(action: Action) -> dict[str, Any]:
    """Give PostHog's JSON of an action."""
    made: dict[str, Any] = {"name": action.name, "steps": [step_to_json(s) for s in action.steps]}
    if action.id is not None:
        made["id"] = action.id
    return made


def step_to_json(step: ActionStep) -> dict[str, Any]:
    """Give PostHog's JSON of a step; parts that aren't given are left out."""
    made: dict[str, Any] = {name: getattr(step, name) for name in ("event", "selector", "tag_name") if getattr(step, name) is not None}
    for name in MATCHED:
        if getattr(step, name) is not None:
            made[name] = getattr(step, name)
            made[f"{name}_matching"] = getattr(step, f"{name}_matching")
    if step.properties.values:
        made["properties"] = [filters.to_json(v) if hasattr(v, "op") else filters.one_to_json(v) for v in step.properties.values]  # type: ignore[arg-type]
    return made
