"""What parts of a funnel's question don't go together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evkit.errors import SpecError, whole

if TYPE_CHECKING:
    from evkit.insights.funnel.spec import Funnel
    from evkit.query.spec import Series

MAX_BINS = 90


def check(funnel: Funnel) -> None:
    """Raise for a question that nobody can answer.

    Raises
    ------
    SpecError
        Says which parts don't go together, and what to do.
    """
    check_range(funnel)
    check_optional(funnel)
    check_exclusions(funnel)
    check_breakdown(funnel)
    for step in funnel.steps:
        if step.math not in ("total", "first_time_for_user", "first_time_for_user_with_filters"):
            raise SpecError(
                f"math {step.math!r} of the step {step.label!r}: a step takes 'first_time_for_user' or 'first_time_for_user_with_filters'"
            )
    if funnel.aggregate_by is not None and (funnel.group_type is not None or funnel.group_type_index is not None):
        raise SpecError("aggregate_by and a group type at once: count either the values of a property or groups")


def check_range(funnel: Funnel) -> None:
    """Check from_step, to_step and the bins."""
    steps = len(funnel.steps)
    for name, value in (("from_step", funnel.from_step), ("to_step", funnel.to_step)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= steps):
            raise SpecError(f"{name} {value!r}: the steps of this funnel count from 1 to {steps}")
    if funnel.first >= funnel.last:
        raise SpecError(f"from_step {funnel.first} to to_step {funnel.last}: the second must be later")
    if funnel.viz_type == "steps" and (funnel.from_step is not None or funnel.to_step is not None):
        raise SpecError(
            "from_step and to_step are for viz_type 'trends' and 'time_to_convert'; of viz_type 'steps' every step has its figures"
        )
    if funnel.viz_type != "time_to_convert" and funnel.bin_count is not None:
        raise SpecError(f"bin_count {funnel.bin_count!r} is for viz_type 'time_to_convert', not {funnel.viz_type!r}")
    whole("breakdown_limit", funnel.breakdown_limit)
    if funnel.bin_count is not None:
        whole("bin_count", funnel.bin_count)
    if funnel.bin_count is not None and not 1 <= funnel.bin_count <= MAX_BINS:
        raise SpecError(f"bin_count {funnel.bin_count!r}: give 1 to {MAX_BINS} bins, or None to have them chosen")
    if funnel.breakdown_limit < 1:
        raise SpecError(f"breakdown_limit {funnel.breakdown_limit}: keep at least one value")


def check_optional(funnel: Funnel) -> None:
    """Check the steps that may be left out."""
    if not any(funnel.optional):
        return
    if funnel.viz_type != "steps" or funnel.order_type == "unordered":
        raise SpecError("Optional funnel steps are only supported in funnels of viz_type 'steps' and order 'ordered' or 'strict'")
    if funnel.steps[0].optional:
        raise SpecError("The first step of a funnel cannot be optional.")
    for step, after in zip(funnel.steps, funnel.steps[1:], strict=False):
        if step.optional and not after.optional and (step.subject, step.group) == (after.subject, after.group):
            raise SpecError("An optional step cannot be the same as the following required step.")


def check_exclusions(funnel: Funnel) -> None:
    """Check where excluded events are looked for."""
    steps = len(funnel.steps)
    for exclusion in funnel.exclusions:
        if not hasattr(exclusion, "series"):
            raise SpecError(f"{exclusion!r} is no exclusion: write ek.Exclusion('refunded', after=1, before=2)")
        if exclusion.before > steps:
            raise SpecError(f"an exclusion before step {exclusion.before}: the funnel has {steps} steps")
        if funnel.order_type == "unordered" and (exclusion.after, exclusion.before) != (1, steps):
            raise SpecError(f"an exclusion of an unordered funnel is from its first to its last step: after=1, before={steps}")
        between = funnel.steps[exclusion.after - 1 : exclusion.before]
        if any(covers(exclusion.series, step) for step in between):
            raise SpecError(f"the exclusion {exclusion.series.label!r} is a step of the funnel in its own range: nobody could convert")


def covers(exclusion: Series, step: Series) -> bool:
    """Say whether an exclusion takes every event of a step: any event or the same, with no filter that the step doesn't have too."""
    same = exclusion.subject is None or exclusion.subject == step.subject
    theirs = step.group.values if step.group.op == "AND" else (step.group,)
    ours = exclusion.group.values if exclusion.group.op == "AND" else (exclusion.group,)
    return same and all(any(mine == other for other in theirs) for mine in ours)


def check_breakdown(funnel: Funnel) -> None:
    """Check whose breakdown value counts."""
    step, steps = funnel.breakdown_attribution_step, len(funnel.steps)
    if funnel.breakdown_attribution != "step":
        if step is not None:
            raise SpecError(
                f"breakdown_attribution_step {step!r} is for breakdown_attribution='step', not {funnel.breakdown_attribution!r}"
            )
    elif step is None or not 1 <= step <= steps:
        raise SpecError(f"breakdown_attribution='step' needs breakdown_attribution_step, 1 to {steps}; it is {step!r}")
    elif funnel.order_type == "unordered" and step != 1:
        raise SpecError(f"an unordered funnel is attributed to step 1 only, not {step}")
    if any(ref.histogram_bin_count for ref in funnel.breakdown):
        raise SpecError("histogram_bin_count in a funnel: only trends put numbers into bins")
