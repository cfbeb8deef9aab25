"""Which fields of PostHog's JSON are answered: one that would change a figure is never left out in silence."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from evkit.errors import SamplingWarning, SpecError, UnsupportedQuery, nearest, warn

EVERYWHERE = frozenset({"kind", "version", "tags", "response", "name", "custom_name", "dataColorTheme", "aggregation_group_type_index"})
PERSON_MODES = (None, "disabled", "person_id_override_properties_joined")
"""How PostHog joins persons to events where it gives their newest properties, which is what evkit gives."""
HARMLESS_MODIFIERS = frozenset(
    {
        "debug", "timings", "inCohortVia", "materializationMode", "materializedColumnsOptimizationMode", "optimizeJoinedFilters", "useMaterializedViews",
        "usePreaggregatedTableTransforms", "personsArgMaxVersion", "optimizeProjections", "formatCsvAllowDoubleQuotes", "sessionTableVersion",
    }
)  # fmt: skip
"""Modifiers that change how PostHog computes, not what."""
NOTHING = (None, False, "", 0)


def check(node: Mapping[str, Any], what: str, answered: Collection[str], drawn: Collection[str] = ()) -> None:
    """Raise for a field that says something and is neither answered nor only about how figures are drawn.

    Parameters
    ----------
    node
        An object of PostHog's JSON.
    what
        What to call it in the message.
    answered
        The fields that evkit reads.
    drawn
        Those that change a picture, and no figure.

    Raises
    ------
    UnsupportedQuery
        Names the first such field, with its value.
    """
    if not isinstance(node, Mapping):
        raise SpecError(f"{what} is an object, not {node!r:.80}")
    for name, value in node.items():
        if (
            name in answered
            or name in drawn
            or name in EVERYWHERE
            or (not isinstance(value, (list, dict)) and value in NOTHING)
            or value in ([], {})
        ):
            continue
        if name == "modifiers":
            check_modifiers(dict(value))
            continue
        if name == "samplingFactor":
            check_sampling(value)
            continue
        raise UnsupportedQuery(
            f"{what}: {name} {value!r:.80} is not answered.{nearest(name, answered)} Fields that are: {', '.join(sorted(answered))}"
        )


def check_sampling(factor: Any) -> None:
    """Warn that figures are exact where PostHog's would be estimated from a sample.

    Raises
    ------
    SpecError
        When the factor is no share.

    Warns
    -----
    SamplingWarning
        When it is a part.
    """
    if isinstance(factor, bool) or not isinstance(factor, (int, float)) or not 0 < factor <= 1:
        raise SpecError(f"samplingFactor {factor!r} is no share: give a number above 0, up to 1")
    if factor < 1:
        said = f"samplingFactor {factor!r}: PostHog estimates these figures from a part of the persons; evkit counts every event, so its own are exact"
        warn(said, SamplingWarning)


def check_modifiers(given: Mapping[str, Any]) -> None:
    """Raise for modifiers that change figures."""
    for name, value in given.items():
        harmless = name in HARMLESS_MODIFIERS or value is None or (name == "personsOnEventsMode" and value in PERSON_MODES)
        if not harmless and not (name == "convertToProjectTimezone" and value is True):
            raise UnsupportedQuery(
                f"modifiers: {name} {value!r:.80} is not answered: persons have their newest properties, days are the project's"
            )
