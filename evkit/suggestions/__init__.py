"""Actions suggested from what autocapture saw, and known actions checked against it."""

DEFAULT_LIMIT, DEFAULT_MIN_EVENTS = 50, 2
"""So many actions are suggested, each of something that happened so often."""
DEFAULT_QUIET_AFTER = "30 days"
"""An action of which nothing was seen for so long is quiet."""
