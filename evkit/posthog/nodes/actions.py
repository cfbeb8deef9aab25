"""PostHog's actions <-> `Action`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from evkit.errors import DataError, MissingFile
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
    matching: dict[str, Any] = {f"{name}_matching": value.get(f"{name}_matching") or DEFAULT_MATCHING[name] for name in MATCHED}
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
        made["properties"] = filters.as_list(step.properties)
    return made


def read_actions(path: str | Path) -> tuple[Action, ...]:
    """Read actions from a YAML or JSON file: a list of PostHog's action JSON (name, steps).

    Raises
    ------
    MissingFile
        No file there.
    DataError
        An ending that is neither .yaml, .yml nor .json, text that can't be read, or no list of actions.
    """
    file = Path(path)
    if not file.is_file():
        raise MissingFile(f"no file {str(path)!r}.")
    text = file.read_text(encoding="utf-8")
    if file.suffix in (".yaml", ".yml"):
        try:
            found = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise DataError(f"{file.name} is no YAML: {error}") from None
    elif file.suffix == ".json":
        try:
            found = json.loads(text)
        except ValueError as error:
            raise DataError(f"{file.name} is no JSON: {error}") from None
    else:
        raise DataError(f"{file.name}: actions are read from .yaml, .yml and .json files")
    found = found.get("results", [found]) if isinstance(found, dict) else found
    if not isinstance(found, list) or not all(isinstance(a, dict) and a.get("name") for a in found):
        raise DataError(f"{file.name} holds no list of actions, each with 'name' and 'steps'")
    return tuple(from_json(a) for a in found)


def save_actions(path: str | Path, *actions: Action) -> None:
    """Write actions to a YAML or JSON file, as `read_actions` reads them.

    Parameters
    ----------
    path
        Ends in .yaml, .yml or .json.
    actions
        What to write; the file is replaced.

    Examples
    --------
    >>> import evkit as ek
    >>> ek.save_actions("actions.txt", ek.Action("paid", ek.event("buy")))
    Traceback (most recent call last):
    evkit.errors.DataError: actions.txt: actions are written to .yaml, .yml and .json files

    Raises
    ------
    DataError
        An ending that is neither .yaml, .yml nor .json.
    """
    file, data = Path(path), [to_json(a) for a in actions]
    if file.suffix in (".yaml", ".yml"):
        file.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), encoding="utf-8")
    elif file.suffix == ".json":
        file.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    else:
        raise DataError(f"{file.name}: actions are written to .yaml, .yml and .json files")
