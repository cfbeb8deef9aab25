"""The command `evkit pull`: a PostHog project, whole, in a folder."""

from __future__ import annotations

import argparse
import sys
from typing import Any

DEFAULT_HOST = "https://us.posthog.com"
DEFAULT_SINCE = "-90d"
DEFAULT_FOLDER = "posthog/"
EPILOG = """The key is a personal API key (phx_...), taken from POSTHOG_PERSONAL_API_KEY, from a keyring, or asked for; it is kept nowhere.
It needs the scopes query:read and project:read; batch_export:write makes it faster; person:read, group:read, action:read, cohort:read,
event_definition:read, property_definition:read, insight:read and dashboard:read add what they name. A run that is stopped goes on
where it was when it is started again; a second run fetches what is new."""


def add_to(commands: Any) -> None:
    """Add the parser of this command."""
    made = commands.add_parser(
        "pull", help="fetch a PostHog project into a folder", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("project", help="the number in the project's address: us.posthog.com/project/12345")
    made.add_argument("--host", default=DEFAULT_HOST, help="PostHog's app: us, eu or your own (default: %(default)s)")
    made.add_argument(
        "--since", default=DEFAULT_SINCE, metavar="DATE", help="the earliest time of events: a date, or such as -90d (default: %(default)s)"
    )
    made.add_argument("--until", metavar="DATE", help="up to when (default: now)")
    made.add_argument("--folder", default=DEFAULT_FOLDER, metavar="FOLDER", help="where it goes (default: %(default)s)")


def run(asked: argparse.Namespace) -> int:
    """Fetch; give the exit status."""
    from evkit.posthog.pull.opened import pull

    complain = lambda said: print(f"evkit: {said}", file=sys.stderr)  # noqa: E731
    made = pull(project_id=asked.project, host=asked.host, since=asked.since, until=asked.until, folder=asked.folder, say=complain)
    rows, files = sum(piece.rows for piece in made.pieces), sum(bool(piece.rows) for piece in made.pieces)
    ids = made.around.get("distinct_ids", 0)
    print(f"{asked.folder}: {rows:,} rows of events in {files:,} {'file' if files == 1 else 'files'}, {ids:,} distinct ids of persons")
    return 0
