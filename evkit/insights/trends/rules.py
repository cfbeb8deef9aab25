"""The rules that make the figures of a trend, in words."""

from __future__ import annotations

from evkit.insights.trends import compute, maths
from evkit.insights.trends.spec import Trends
from evkit.insights.words import filters_in_words, range_in_words
from evkit.model.tables import EventTables
from evkit.query.spec import PROPERTY_MATHS, Series

COUNTED = {
    "total": "every event counts",
    "dau": "a person counts once a bucket",
    "weekly_active": "a person counts when active in the 7 days up to the bucket, also before the range",
    "monthly_active": "a person counts when active in the 30 days up to the bucket, also before the range",
    "unique_group": "a group counts once a bucket; events without its key don't count",
    "unique_session": "a session counts once a bucket; all events without $session_id are one session",
    "first_time_for_user": "a person counts once, when their first event of the name ever passes the filters",
    "first_time_for_user_with_filters": "a person counts once, at the first event ever that passes the filters",
    "first_matching_event_for_user": "a person counts once, at the first event ever that passes the filters",
}


def rules(spec: Trends, tables: EventTables) -> tuple[str, ...]:
    """Give the rules that make the figures."""
    settings = tables.settings
    span = compute.periods(spec, tables)["current"]
    said = [range_in_words(span)]
    if not spec.is_total:
        weeks = f"; weeks begin on {settings.week_start}" if spec.interval == "week" else ""
        said.append(f"Time is cut into {spec.interval}s by the wall clock of {settings.timezone}{weeks}. A bucket without events is 0.")
    if spec.interval == "week" and not spec.is_total:
        said.append("The first week begins with the first day of the range: events earlier in that week don't count.")
    if spec.interval == "month" and not spec.is_total:
        said.append("The first month counts whole, also days before the range.")
    said += [
        f"{label}: {counted(s, spec)}{filters_in_words(s.group, before=', of events with ', after='')}."
        for label, s in zip(series_labels(spec), spec.series, strict=True)
    ]
    if spec.filters.values:
        said.append(filters_in_words(spec.filters, before="Only events with ", after="."))
    return (*said, *broken_down(spec), *compared(spec), *after(spec), *tables.rules())


def series_labels(spec: Trends) -> tuple[str, ...]:
    """Give what the series are called."""
    return spec.labels if not spec.formulas else tuple(s.label for s in spec.series)


def counted(series: Series, spec: Trends) -> str:
    """Say what a series counts."""
    math = maths.effective_math(series.math, spec.interval)
    if math in PROPERTY_MATHS and series.property is not None:
        times = f", each times {series.math_multiplier:g}" if series.math_multiplier is not None else ""
        if series.property.key == "$session_duration":
            return f"{math} of how long the sessions last (all of each, in seconds) that have such an event{times}"
        return f"{math} of {series.property.key} over the events that have a number there{times}; 0 where none has"
    if math.endswith(maths.COUNT_PER_ACTOR):
        return f"{math.removesuffix(maths.COUNT_PER_ACTOR)} of how many events each person has, over those who have any"
    said = COUNTED[math]
    if spec.is_total:
        said = said.replace(" once a bucket", " once").replace(" up to the bucket", " up to the end of the range")
    said = said.replace("a person", "a group").replace("their", "its") if series.counts_groups else said
    return said if math == series.math else f"{said} (an interval of a {spec.interval} makes that of {series.math})"


def broken_down(spec: Trends) -> list[str]:
    """Say how the figures are parted."""
    if spec.cohorts:
        return ["Each cohort is counted by itself: a person in several counts in each."]
    if not spec.breakdown:
        return []
    said = [
        f"Parted by {', '.join(f'{ref.type} {ref.key}' for ref in spec.breakdown)}. Missing, null and empty values are one value.",
        f"Of each series the {spec.breakdown_limit} largest values are kept; the rest is added up as one row"
        + (", which is left out." if spec.breakdown_hide_other else ".")
        + ("" if spec.is_total else " Missing values are put into the rest first."),
    ]
    if any(ref.type in ("person", "group") for ref in spec.breakdown):
        said.append("Persons and groups have the properties that they have now.")
    said += [
        f"{ref.key} is put into {ref.histogram_bin_count} bins of the same width, from the smallest to the largest number of the series."
        for ref in spec.breakdown
        if ref.histogram_bin_count
    ]
    return said


def compared(spec: Trends) -> list[str]:
    """Say what the figures are compared with."""
    if not spec.compare:
        return []
    if spec.compare_to is not None:
        return [f"Compared with the period {spec.compare_to} away; breakdown values are ranked anew there."]
    return [
        "The previous period is as long and ends directly before (whole weeks back keep their weekdays); breakdown values are ranked anew there."
    ]


def after(spec: Trends) -> list[str]:
    """Say what is done with the figures once they are counted."""
    said = []
    if spec.display == "ActionsLineGraphCumulative":
        said.append("Figures are added up from the first bucket on; distinct persons and groups count in their first bucket only.")
    if spec.smoothing_intervals > 1 and not spec.breakdown and not spec.is_total:
        said.append(f"Each figure is the mean of the last {spec.smoothing_intervals}, rounded down.")
    if spec.formulas:
        said.append(
            "Formulas are computed bucket by bucket; dividing by 0 gives 0, and a series without a breakdown value counts as 0 there."
        )
    return said
