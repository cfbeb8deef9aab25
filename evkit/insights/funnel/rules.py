"""The rules that make the figures of a funnel, in words."""

from __future__ import annotations

from evkit.insights.funnel.relation import group_index, span
from evkit.insights.funnel.spec import FIRST_TIME, Funnel
from evkit.insights.words import filters_in_words, range_in_words
from evkit.model.tables import EventTables


def rules(spec: Funnel, tables: EventTables) -> tuple[str, ...]:
    """Give the rules that make the figures."""
    return (*own_rules(spec, tables), *tables.rules())


def own_rules(spec: Funnel, tables: EventTables) -> tuple[str, ...]:
    """Give the rules of the funnel, without those of all figures."""
    between = span(spec, tables)
    said = [
        f"{range_in_words(between)} A step after the end doesn't count, even inside the window.",
        f"{who(spec, tables)} are counted{how_often(spec)}.",
        f"The window of {spec.window} runs from the first step of the chain; exactly that long is still inside. It is elapsed time: a month is 31 days, a day is 24 hours.",
        *order(spec),
    ]
    for number, step in enumerate(spec.steps, 1):
        if step.group.values:
            said.append(f"Step {number}, {step.label}, is only events with {filters_in_words(step.group, before='', after='.')}")
        if step.math in FIRST_TIME:
            passing = "of that kind" if step.math == "first_time_for_user" else "that passes its filters"
            said.append(
                f"Step {number}, {step.label}, is a person's first event ever {passing}, and only where it is in the range and passes."
            )
        if step.optional:
            said.append(f"Step {number}, {step.label}, may be left out; it adds no time.")
    if spec.filters.values:
        said.append(
            filters_in_words(spec.filters, before="Only events with ", after=": others are no steps, void nothing and break nothing.")
        )
    for exclusion in spec.exclusions:
        said.append(voids(spec, exclusion.series.label, exclusion.after, exclusion.before))
    return (*said, *broken_down(spec), *measured(spec, tables))


def who(spec: Funnel, tables: EventTables) -> str:
    """Say who is counted."""
    if spec.aggregate_by is not None:
        return f"The values of {spec.aggregate_by.key} (events without one don't count)"
    index = group_index(spec, tables)
    if index is None:
        return "Distinct ids" if tables.settings.aggregate_by_distinct_id else "Persons"
    known = dict(enumerate(tables.group_types))
    return f"Groups of type {spec.group_type or known.get(index, index)} (events without one don't count)"


def how_often(spec: Funnel) -> str:
    """Say how often somebody counts."""
    if spec.viz_type == "trends":
        return ""
    if spec.viz_type == "steps" and (spec.cohorts or (spec.breakdown and spec.breakdown_attribution in ("step", "all_events"))):
        return f", each once for every {'cohort' if spec.cohorts else 'breakdown value'} of theirs: the figures of all of them add up to more than there are"
    return ", each once"


def order(spec: Funnel) -> list[str]:
    """Say in which order steps count."""
    if spec.order_type == "unordered":
        return [
            "The steps count in any order: how far somebody got is how many different steps they did within one window.",
            "One event fills one step; who did all steps once is finished.",
        ]
    said = [
        "Every event of the first step may start a chain; the chain that gets furthest counts, the first of those that get equally far.",
        "One event fills one step, also where two steps ask for the same event.",
    ]
    if spec.viz_type != "trends":
        said.append("Steps at the same instant count in the order of the funnel; there an event that could be fewer steps is taken first.")
    if spec.order_type == "strict":
        said.append("Strict: any other event between two steps breaks the chain.")
    return said


def voids(spec: Funnel, name: str, after: int, before: int) -> str:
    """Say what an excluded event does."""
    if spec.order_type == "unordered":
        return f"After {name} everybody begins anew; what they had done before still counts for how far they got only if it was finished."
    return f"Who does {name} between steps {after} and {before}, inside the window, counts nowhere, unless a clean chain gets as far later."


def broken_down(spec: Funnel) -> list[str]:
    """Say whose breakdown value counts."""
    if spec.cohorts:
        return ["Each cohort is counted by itself: a person in several counts in each."]
    if not spec.breakdown or spec.viz_type == "time_to_convert":
        return []
    of_group = len(spec.breakdown) == 1 and spec.breakdown[0].type == "group"  # PostHog passes over no empty value of a group
    any_or_one = ", or no value where that event is of no group" if of_group else " that has one"
    whose = {
        "first_touch": f"that of the earliest event in the funnel{any_or_one}",
        "last_touch": f"that of the latest event in the funnel{any_or_one}",
        "all_events": "each value of their events, by itself: a run with a value sees only the events that have it",
        "step": f"each value that their events of step {spec.breakdown_attribution_step} have: somebody with several counts in each",
    }[spec.breakdown_attribution]
    return [f"The breakdown value of an actor is {whose}.", f"The {spec.breakdown_limit} largest values are kept."]


def measured(spec: Funnel, tables: EventTables) -> list[str]:
    """Say what is done with the ways through the funnel."""
    if spec.viz_type == "time_to_convert":
        return [
            f"The time is from step {spec.first} to step {spec.last} of the chain that counts; breakdowns don't matter.",
            "Bins have whole seconds and the same width; without bin_count there are as many as the cube root of the people, rounded up.",
        ]
    if spec.viz_type == "trends":
        weeks = f"; weeks begin on {tables.settings.week_start}" if spec.interval == "week" else ""
        return [
            f"Somebody counts in the {spec.interval} in which their chain began, once in each, by the wall clock of {tables.settings.timezone}{weeks}.",
            f"Entered is who did step {spec.first} in such a chain, converted who did step {spec.last} too.",
        ]
    return ["Times between steps leave out instant conversions (0 seconds)."]
