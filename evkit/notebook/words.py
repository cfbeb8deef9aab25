"""What the choices of a question are called in widgets: PostHog's words for each value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evkit.dates.grammar import INTERVALS
from evkit.query.spec import PROPERTY_MATHS

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
PERIODS = {period: period.capitalize() for period in ("hour", "day", "week", "month")}
RETENTION_TYPES = {
    "retention_recurring": "Every time",
    "retention_first_time": "The first time, with the filters",
    "retention_first_ever_occurrence": "The first time ever",
}
WINDOW_MODES = {"strict_calendar_dates": "By the calendar", "24_hour_windows": "From one's own first time"}
RETENTION_DISPLAYS = {"ActionsTable": "Grid", "ActionsLineGraph": "Curves"}
STICKY_MATHS = {"total": "Unique persons", "unique_group": "Unique groups"}
COMPARISONS = {"gte": "at least", "lte": "at most", "exact": "exactly"}
PATH_TYPES = {"$pageview": "Pages", "$screen": "Screens", "custom_event": "Events of your own"}
UNITS = {unit: f"{unit}s" for unit in ("second", "minute", "hour", "day", "week", "month")}
INTERVAL_WORDS: dict[str, str] = {i: i.capitalize() for i in INTERVALS}
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


def listed(words: Mapping[str, str]) -> list[dict[str, str]]:
    """Give values with what they are called, as a widget's list takes them."""
    return [{"value": value, "label": label} for value, label in words.items()]


def maths(wanted: Mapping[str, str]) -> list[dict[str, Any]]:
    """Give maths with what they are called, and whether they compute with a property."""
    return [{"value": m, "label": label, "property": m in PROPERTY_MATHS} for m, label in wanted.items()]


def options() -> dict[str, Any]:
    """Give the choices that all questions have and that don't depend on the data."""
    return {
        "presets": listed(PRESETS),
        "operators": [{"value": o, "label": label, "takes": takes} for o, (label, takes) in OPERATORS.items()],
    }
