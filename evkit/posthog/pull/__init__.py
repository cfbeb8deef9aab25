"""Fetching a PostHog project whole, into a folder, so that it can be broken off and gone on with at any moment."""
