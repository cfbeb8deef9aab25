"""What `evkit report` takes, and how it ends; apart from doing it, so that other commands start without papermill and Altair."""

from __future__ import annotations

import argparse
from typing import Any

from evkit.report import schedule

STATUS = """exit status: 0 the report is whole; 1 a cell failed, or something that was given is wrong (the report so far is kept, and says
so first); 2 the command can't be read; 3 the report is whole, and its figures are not what was asked for: an event that was asked
for is unknown, a range or a filter has no event, the newest event is old, there are none, events lie in the future, a part of a
dashboard failed (the page says so first; with --strict after any warning of evkit's); 130 it was stopped (the report so far is kept)"""
FAILED, DOUBTFUL, STOPPED = 1, 3, 130
"""Exit statuses: a cell failed; figures are not what was asked for; it was ended by Ctrl-C, SIGTERM or SIGHUP."""
TIMEOUT_SECONDS = 600
"""How long one cell may take."""


def add_to(commands: Any) -> None:
    """Add the parser of this command."""
    made = commands.add_parser(
        "report", help="run a notebook and write it as one HTML page", epilog=STATUS, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("notebook", help="a file, or the name of a notebook that comes with evkit, such as weekly_report")
    made.add_argument(
        "-p",
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="replaces what the cell tagged 'parameters' sets, a path seen from where the notebook runs; VALUE is a number, true, false, null, JSON such as '[\"a\", \"b\"]', else text",
    )
    made.add_argument("-r", "--raw", action="append", default=[], metavar="NAME=TEXT", help="the same, VALUE is always text")
    made.add_argument("--out", metavar="FOLDER", default="reports", help="where NOTEBOOK.html and NOTEBOOK.ipynb go (default: %(default)s)")
    made.add_argument("--dated", action="store_true", help="put the day into the names of the files, so that earlier reports stay")
    made.add_argument(
        "--strict", action="store_true", help="end with status 3 after any warning of evkit's, such as rows that can't be read"
    )
    made.add_argument(
        "--timeout", type=int, default=TIMEOUT_SECONDS, metavar="SECONDS", help="how long one cell may take (default: %(default)s)"
    )
    made.add_argument(
        "--cwd",
        metavar="FOLDER",
        help="where the notebook runs (default: its own folder; the current one for a notebook that comes with evkit)",
    )
    made.add_argument("--title", help="the page's title (default: the notebook's name)")
    made.add_argument("--static", action="store_true", help="leave vega out: pictures instead of live charts, 0.9 MB less")
    made.add_argument(
        "--schedule",
        nargs="?",
        const=schedule.DEFAULT,
        metavar="WHEN",
        help=f"run nothing: print the lines for crontab, systemd and CI; WHEN is '{schedule.DEFAULT}' if not given, or 'daily 06:30', 'weekdays 07:00', 'monthly 07:00'",
    )
