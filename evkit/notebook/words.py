"""What the choices of a question are called in widgets: PostHog's words for each value."""

from __future__ import annotations

from typing import Any

from evkit.dates.grammar import INTERVALS
from evkit.insights.funnel.spec import ATTRIBUTIONS
from evkit.query.spec import MATHS, PROPERTY_MATHS

INSIGHTS = {"trends": "Trends", "funnel": "Funnel"}
MATH_WORDS = {
    "total": "Total count",
    "dau": "Unique persons",
    "weekly_active": "Weekly active persons",
    "monthly_active": "Monthly active persons",
    "unique_session": "Unique sessions",
    "unique_group": "Unique groups",
    "first_time_for_user": "First time for a person",
    "first_time_for_user_with_filters": "First time for a person, with the filters",
    "first_matching_event_for_user": "First matching event of a person",
    "sum": "Sum of a property",
    "avg": "Average of a property",
    "min": "Minimum of a property",
    "max": "Maximum of a property",
    "median": "Median of a property",
    **{f"p{n}": f"{n}th percentile of a property" for n in (75, 90, 95, 99)},
    "avg_count_per_actor": "Average count per person",
    "min_count_per_actor": "Minimum count per person",
    "max_count_per_actor": "Maximum count per person",
    "median_count_per_actor": "Median count per person",
    **{f"p{n}_count_per_actor": f"{n}th percentile of the count per person" for n in (75, 90, 95, 99)},
}
STEP_MATHS = {
    "total": "Every time",
    "first_time_for_user": "First time for a person",
    "first_time_for_user_with_filters": "First time for a person, with the filters",
}
DISPLAYS = {
    "ActionsLineGraph": "Lines",
    "ActionsLineGraphCumulative": "Lines, added up",
    "ActionsAreaGraph": "Areas",
    "ActionsBar": "Bars",
    "ActionsUnstackedBar": "Bars side by side",
    "BoldNumber": "Number",
    "ActionsBarValue": "One bar each",
    "ActionsPie": "Shares",
    "ActionsTable": "Table",
}
ORDERS = {"ordered": "In order", "strict": "In order, nothing between", "unordered": "In any order"}
VIZZES = {"steps": "Conversion of steps", "trends": "Conversion over time", "time_to_convert": "Time to convert"}
ATTRIBUTION_WORDS = {"first_touch": "First value", "last_touch": "Last value", "all_events": "Every value"}
UNITS = ("second", "minute", "hour", "day", "week", "month")
PRESETS = {
    "": "All the data",
    "-24h": "Last 24 hours",
    "-7d": "Last 7 days",
    "-30d": "Last 30 days",
    "-90d": "Last 90 days",
    "mStart": "This month",
    "yStart": "This year",
}
OPERATORS: dict[str, tuple[str, str]] = {
    "exact": ("is", "several"),
    "is_not": ("is not", "several"),
    "icontains": ("contains", "one"),
    "not_icontains": ("does not contain", "one"),
    "regex": ("matches the regular expression", "one"),
    "not_regex": ("does not match the regular expression", "one"),
    "gt": ("is greater than", "number"),
    "gte": ("is at least", "number"),
    "lt": ("is less than", "number"),
    "lte": ("is at most", "number"),
    "between": ("is between", "two"),
    "is_set": ("is set", "none"),
    "is_not_set": ("is not set", "none"),
    "is_date_before": ("is before", "one"),
    "is_date_after": ("is after", "one"),
}
"""Operator -> what it is called, and how many values it takes."""


def listed(words: dict[str, str]) -> list[dict[str, str]]:
    """Give values with what they are called, as a widget's list takes them."""
    return [{"value": value, "label": label} for value, label in words.items()]


def options() -> dict[str, Any]:
    """Give every list of choices that doesn't depend on the data."""
    return {
        "insights": listed(INSIGHTS),
        "maths": [{"value": m, "label": MATH_WORDS[m], "property": m in PROPERTY_MATHS} for m in MATHS],
        "step_maths": listed(STEP_MATHS),
        "displays": listed(DISPLAYS),
        "orders": listed(ORDERS),
        "vizzes": listed(VIZZES),
        "attributions": listed({a: ATTRIBUTION_WORDS[a] for a in ATTRIBUTIONS if a in ATTRIBUTION_WORDS}),
        "intervals": listed({i: i.capitalize() for i in INTERVALS}),
        "units": listed({u: f"{u}s" for u in UNITS}),
        "presets": listed(PRESETS),
        "operators": [{"value": o, "label": label, "takes": takes} for o, (label, takes) in OPERATORS.items()],
    }
