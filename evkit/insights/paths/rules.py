"""The rules that make the figures of paths, in words."""

from __future__ import annotations

from evkit.insights.funnel import rules as funnel_rules
from evkit.insights.paths.relation import span
from evkit.insights.paths.spec import HIDDEN, Paths
from evkit.insights.words import filters_in_words
from evkit.model.tables import EventTables

TYPES = {"$pageview": "pages", "$screen": "screens", "custom_event": "events whose name doesn't begin with $"}


def rules(spec: Paths, tables: EventTables) -> tuple[str, ...]:
    """Give the rules that make the figures."""
    between = span(spec, tables)
    start, end = (t.astimezone(between.zone) for t in (between.lower, between.end))
    said = [f"Events from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M:%S}, both ends counted, in {between.timezone}."]
    if spec.filters.values:
        said.append(filters_in_words(spec.filters, before="Only events with ", after=": others vanish before sessions are cut."))
    said += [*items(spec, tables), *sessions(spec), *shown(spec), *kept(spec)]
    said.append("Ties at one instant are in the order of arrival, then of uuid.")
    if spec.funnel is not None:
        said += [f"Of the funnel: {rule}" for rule in funnel_rules.own_rules(spec.funnel, tables)]
    return (*said, *tables.rules(by_distinct_id=False))


def items(spec: Paths, tables: EventTables) -> list[str]:
    """Say what items are."""
    kinds = [TYPES[kind] for kind in spec.include_event_types if kind in TYPES]
    said = [f"Items are {', '.join(kinds)}." if kinds else "Every event is an item."]
    named = []
    if spec.includes("$pageview"):
        named.append("a page by its address, without one slash at its end")
    if spec.includes("$screen"):
        named.append("a screen by its name")
    named.append(
        "anything else by its event" if spec.expression is None else f"anything else by {spec.expression.type} {spec.expression.key}"
    )
    said.append(f"An item is called: {', '.join(named)}. A missing name is the empty text.")
    if spec.path_replacements:
        count = len(tables.settings.path_cleaning_filters)
        said.append(
            f"Items are cleaned by the {count} path cleaning rules of the project." if count else "The project has no path cleaning rules."
        )
    said += [f"What {regex} finds in an item becomes {alias!r}." for regex, alias in spec.local_path_cleaning_filters]
    if spec.path_groupings:
        said.append(
            f"Items are one where one of {', '.join(spec.path_groupings)} is found in them (* is any text); the last that fits counts."
        )
    if spec.exclude_events:
        said.append(f"Left out, as if they had not happened: {', '.join(spec.exclude_events)}.")
    return said


def sessions(spec: Paths) -> list[str]:
    """Say how sessions are cut, and whose they are."""
    said = ["Equal items in a row are one, at the time of the last of them. An empty item at the end of a session is left out."]
    if spec.funnel is None:
        return ["A pause of 30 minutes or more begins a new session; $session_id plays no part.", *said]
    step = spec.funnel_step
    who = f"were lost before step {step} of the funnel" if spec.funnel_dropped else f"did step {step} of the funnel"
    begins = (
        "; it begins one window after their last step" if spec.funnel_dropped and spec.funnel_path_type == "funnel_path_after_step" else ""
    )
    last = f"step {(step or 1) - spec.funnel_dropped}"
    when = {
        "funnel_path_after_step": f"at {last} and after it{begins}",
        "funnel_path_before_step": f"at {last} and before it",
        "funnel_path_between_steps": f"from the step before {last} up to it, both inside",
    }[str(spec.funnel_path_type)]
    return [
        f"Only what those did who {who}: {when}. The paths are those of persons.",
        f"A pause of {spec.funnel.window} or more, the window of the funnel, begins a new session.",
        *said,
    ]


def shown(spec: Paths) -> list[str]:
    """Say which items of a session are shown."""
    limit = spec.step_limit
    if spec.start is not None and spec.end is not None:
        half = limit // 2
        return [
            f"A path is from the first {spec.start} of a session to the first {spec.end} after it; sessions without both don't count.",
            f"Of one longer than {limit} items the first {half} and the last {half} are shown, and {HIDDEN} for those between.",
        ]
    if spec.start is not None:
        return [f"A path begins at the first {spec.start} of a session, with at most {limit} items; sessions without it don't count."]
    if spec.end is not None:
        return [f"A path is the last {limit} items up to the first {spec.end} of a session; sessions without it don't count."]
    return [f"The first {limit} items of a session are shown."]


def kept(spec: Paths) -> list[str]:
    """Say which edges are kept."""
    said = ["An edge counts each time it is taken: somebody may take it in several sessions."]
    if spec.min_edge_weight is not None:
        said.append(f"Edges taken fewer than {spec.min_edge_weight} times are left out.")
    if spec.max_edge_weight is not None:
        said.append(f"Edges taken more than {spec.max_edge_weight} times are left out.")
    return [*said, f"The {spec.edge_limit} most frequent edges are kept, and of them those that a kept edge of the first step leads to."]
