"""Actions suggested from what autocapture saw, and known actions checked against it."""
