"""PostHog's dates: relative texts, ranges, windows, intervals. Standard library only."""

from evkit.dates.grammar import (
    DateRange,
    Dates,
    Interval,
    Range,
    Window,
    bucket_starts,
    parse,
    previous_range,
    resolve_range,
)

__all__ = ["DateRange", "Dates", "Interval", "Range", "Window", "bucket_starts", "parse", "previous_range", "resolve_range"]
