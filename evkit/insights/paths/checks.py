"""What parts of a question of paths don't go together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evkit.errors import SpecError, whole
from evkit.query.property_filters import PropertyRef, check_text

if TYPE_CHECKING:
    from evkit.insights.paths.spec import Paths


def check(paths: Paths) -> None:
    """Raise for a question that nobody can answer.

    Raises
    ------
    SpecError
        Says which parts don't go together, and what to do.
    """
    check_points(paths)
    check_limits(paths)
    check_items(paths)
    check_funnel(paths)


def check_points(paths: Paths) -> None:
    """Check where paths begin and end."""
    for name, value in (("start_point", paths.start_point), ("end_point", paths.end_point)):
        if value is not None and (not isinstance(value, str) or not value):
            raise SpecError(f"{name} {value!r}: give an item, such as '/pricing', or None")
        check_text(value, name)


def check_limits(paths: Paths) -> None:
    """Check how much is shown."""
    for name, value in (("step_limit", paths.step_limit), ("edge_limit", paths.edge_limit)):
        whole(name, value)
        if value < 1:
            raise SpecError(f"{name} {value}: show at least one")
    for name, weight in (("min_edge_weight", paths.min_edge_weight), ("max_edge_weight", paths.max_edge_weight)):
        if weight is None:
            continue
        whole(name, weight)
        if weight < 1:
            raise SpecError(f"{name} {weight}: every edge was taken at least once; None for no bound")
    if paths.min_edge_weight is not None and paths.max_edge_weight is not None and paths.min_edge_weight > paths.max_edge_weight:
        raise SpecError(f"min_edge_weight {paths.min_edge_weight} above max_edge_weight {paths.max_edge_weight}: no edge is both")


def check_items(paths: Paths) -> None:
    """Check what items are."""
    if paths.exclude_events and not paths.include_event_types:
        raise SpecError(
            "exclude_events without include_event_types: name the types of events that are items, such as "
            "include_event_types=('$pageview', '$screen', 'custom_event')"
        )
    if paths.event_names_for and paths.include_event_types:
        raise SpecError("event_names_for is for paths of all events: what include_event_types doesn't name is left out anyway")
    if paths.expression is None:
        return
    if not isinstance(paths.expression, PropertyRef):
        raise SpecError(f"expression {paths.expression!r}: give a property, such as 'category' or ek.person_prop('plan')")
    if paths.include_event_types and "hogql" not in paths.include_event_types:
        raise SpecError("expression names the items of type 'hogql': add 'hogql' to include_event_types")
    if paths.expression.type not in ("event", "person", "group", "event_metadata") or paths.expression.key == "timestamp":
        raise SpecError(f"expression {paths.expression!r} is no text that an item can be called by")


def check_funnel(paths: Paths) -> None:
    """Check whose events are followed."""
    if paths.funnel is None:
        for name, value in (
            ("funnel_path_type", paths.funnel_path_type), ("funnel_step", paths.funnel_step), ("funnel_dropped", paths.funnel_dropped or None),
        ):  # fmt: skip
            if value is not None:
                raise SpecError(f"{name} {value!r} without a funnel: give funnel=events.funnel(...)")
        return
    if paths.funnel_path_type is None or paths.funnel_step is None:
        raise SpecError("paths of a funnel need funnel_path_type, such as 'funnel_path_after_step', and funnel_step, from 1")
    whole("funnel_step", paths.funnel_step)
    steps, least = paths.funnel.steps, 2 if paths.funnel_dropped else 1
    if not least <= paths.funnel_step <= len(steps):
        what = f"{len(steps)} steps, and nobody is lost before the first" if paths.funnel_dropped else f"{len(steps)} steps, from 1"
        raise SpecError(f"funnel_step {paths.funnel_step}: the funnel has {what}")
    if any(paths.funnel.optional):
        raise SpecError("paths of a funnel with optional steps: they have no time to begin at; leave those steps out")
    last = paths.funnel_step - paths.funnel_dropped
    if paths.funnel_path_type == "funnel_path_between_steps" and last == 1:
        raise SpecError("funnel_path_between_steps up to step 1: there is no step before it")
