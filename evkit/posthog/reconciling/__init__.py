"""Ours beside PostHog's: the same question asked of both, figure by figure, and why they differ."""
