"""PostHog's JSON <-> specs, a file for each thing. The only room that knows camelCase."""
