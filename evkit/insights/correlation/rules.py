"""The rules that make the figures of a correlation, in words."""

from __future__ import annotations

from evkit.insights.correlation import compute
from evkit.insights.correlation.spec import ALL_PROPERTIES, FunnelCorrelation
from evkit.insights.funnel import rules as funnel_rules
from evkit.model.tables import EventTables


def rules(spec: FunnelCorrelation, tables: EventTables) -> tuple[str, ...]:
    """Give the rules that make the figures."""
    return (
        "Success is to have done all steps of the funnel, failure to have begun it and not.",
        *looked_at(spec),
        "The odds ratio is how many times likelier those with a signal got through than those without; 1 is added to each of the four counts.",
        f"A signal of fewer than {compute.FEWEST} actors, or of fewer than {compute.FEWEST_SHARE:.0%} of all where that is less, is left out.",
        f"At most {compute.MOST_A_SIDE} signals of success (odds above 1) and {compute.MOST_A_SIDE} of failure are shown.",
        f"Where there are more than {compute.SKEWED} times as many of one kind as of the other, the figures mean little (skewed).",
        *funnel_rules.rules(spec.funnel, tables),
    )


def looked_at(spec: FunnelCorrelation) -> list[str]:
    """Say what is looked at."""
    if spec.correlation_type == "properties":
        which = "Every property" if ALL_PROPERTIES in spec.names else f"The properties {', '.join(spec.names)}"
        return [f"{which} of the actors, as they are now; a missing one counts as empty."]
    said = [
        "Events count after the first step and before the last one; of those who didn't get through, before the window ends. The filters of the funnel don't apply to them."
    ]
    if spec.correlation_type == "event_with_properties":
        return [*said, f"A value of a property counts when at least {compute.FEWEST_WITH_PROPERTIES} actors have it."]
    return [*said, f"The funnel's own events are left out: {', '.join(compute.step_names(spec)) or 'none'}."]
