"""The commands of capture: `evkit collect`, `evkit tail`, `evkit store verify|seal|compact|export|warnings|forward`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evkit.errors import CaptureError

if TYPE_CHECKING:
    import pandas as pd

TAIL_SECONDS = 1.0
KEY_HELP = "the project token there (default: the environment's EVKIT_FORWARD_API_KEY)"
MOST_NEWS = 1_000
"""Events that are looked at each time."""


def add_to(commands: Any) -> None:
    """Add the parsers of these commands."""
    collect = commands.add_parser("collect", help="take events from any PostHog SDK into a folder")
    collect.add_argument("folder", help="where events are kept; made where it isn't there")
    collect.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s, this machine only)")
    collect.add_argument("--port", type=int, default=8000, help="port to listen on; 0 takes a free one (default: %(default)s)")
    collect.add_argument(
        "--token", action="append", default=None, metavar="TOKEN", help="take only this project token; may be given several times"
    )
    collect.add_argument(
        "--posthog-js", metavar="FOLDER", help="serve posthog-js from this folder (the package's dist) instead of evkit's own script"
    )
    collect.add_argument("--forward-to", metavar="HOST", help="pass events on to this PostHog too")
    collect.add_argument("--api-key", metavar="TOKEN", default=None, help=KEY_HELP)
    tail = commands.add_parser("tail", help="show the newest events of a store, and those that come")
    tail.add_argument("folder")
    tail.add_argument("-n", "--lines", type=int, default=20, help="how many to begin with (default: %(default)s)")
    tail.add_argument("--once", action="store_true", help="don't wait for more")
    store = commands.add_parser("store", help="look after a store's folder")
    work = store.add_subparsers(dest="work", required=True)
    for name, help_text in (
        ("verify", "check every file; exit status 1 where something is wrong"),
        ("seal", "put what has landed into Parquet segments"),
        ("compact", "merge small segments"),
        ("export", "write all events to one file"),
        ("forward", "pass on what waits or was refused when `collect --forward-to` passed events on; exit status 1 where some is left"),
        ("warnings", "show what the collector noticed; makes and writes nothing"),
    ):
        one = work.add_parser(name, help=help_text)
        one.add_argument("folder")
        if name == "export":
            one.add_argument("--out", required=True, metavar="FILE", help=".parquet or .jsonl")
        elif name == "forward":
            one.add_argument("--forward-to", required=True, metavar="HOST", help="where to")
            one.add_argument("--api-key", metavar="TOKEN", default=None, help=KEY_HELP)
        elif name == "warnings":
            one.add_argument("--last", type=int, metavar="N", help="only the newest N")


def run(asked: argparse.Namespace) -> int:
    """Run one of these commands; give its exit status."""
    if asked.command == "collect":
        from evkit.capture import serving

        serving.run(
            asked.folder,
            host=asked.host,
            port=asked.port,
            tokens=asked.token,
            posthog_js=asked.posthog_js,
            forward_to=(asked.forward_to, forward_key(asked.api_key)) if asked.forward_to else None,
            tell=lambda line: print(line, flush=True),
        )
        return 0
    if asked.command == "tail":
        if asked.lines < 1:
            raise CaptureError(f"--lines {asked.lines}: give 1 or more")
        return tail(Path(asked.folder), asked.lines, once=asked.once)
    return look_after(asked)


def forward_key(given: str | None) -> str:
    """Give the token of the project that events are passed on to.

    Raises
    ------
    CaptureError
        When neither the command nor the environment says it.
    """
    key = given or os.environ.get("EVKIT_FORWARD_API_KEY")
    if not key:
        raise CaptureError("--forward-to needs the project's token there: --api-key, or EVKIT_FORWARD_API_KEY in the environment")
    return key


def look_after(asked: argparse.Namespace) -> int:
    """Verify, seal, compact, export, forward, or show warnings; give the exit status."""
    from evkit.capture.storage import inspection, snapshot
    from evkit.capture.store import Store

    folder = Path(asked.folder)
    snapshot.check(folder)
    if asked.work == "verify":
        report = inspection.verify(folder)
        print(f"{report.events:,} events in {report.segments:,} segments and {report.landing:,} landing files")
        for problem in report.problems:
            print(f"- {problem}")
        print("all is well" if report.is_whole else f"{len(report.problems):,} problems")
        return 0 if report.is_whole else 1
    if asked.work == "export":
        print(f"{inspection.export(folder, Path(asked.out)):,} events in {asked.out}")
        return 0
    if asked.work == "forward":
        from evkit.capture.forwarding import pass_on

        return 0 if pass_on(folder, asked.forward_to, forward_key(asked.api_key), tell=lambda line: print(line, flush=True)) else 1
    if asked.work == "warnings":
        return show_warnings(folder, asked.last)
    with Store(folder, background=False) as store:
        if asked.work == "seal":
            print(f"{store.seal():,} events sealed")
        else:
            print(f"{store.compact():,} segments fewer")
    return 0


def show_warnings(folder: Path, last: int | None) -> int:
    """Print the warnings of a store, the newest last."""
    from evkit.capture.store import warnings_of

    if last is not None and last < 1:
        raise CaptureError(f"--last {last}: give 1 or more")
    found = warnings_of(folder)
    for row in found[-last:] if last else found:
        about = "  ".join(f"{name}={printable(str(row[name]))}" for name in ("event", "distinct_id") if row[name] is not None)
        at, kind, detail = (printable(str(row[name])) for name in ("at", "kind", "detail"))
        print(f"{at[:19].replace('T', ' ')}  {kind}  {detail}{'  ' if about else ''}{about}")
    if not found:
        print("no warnings")
    return 0


def tail(folder: Path, lines: int, *, once: bool) -> int:
    """Print the newest events, the newest last, and go on with those that come until interrupted."""
    try:
        print(f"{'received (UTC)':19}  {'event':30}  {'distinct_id':24}  properties", flush=True)
        for news in newest(folder, lines):
            for row in news.itertuples():
                who, what = printable(row.distinct_id), printable(row.properties)[:160]
                print(f"{row.received_at:%Y-%m-%d %H:%M:%S}  {printable(row.event):30}  {who:24}  {what}", flush=True)
            if once:
                return 0
            time.sleep(TAIL_SECONDS)
    except KeyboardInterrupt:
        print(file=sys.stderr)
    return 0


def newest(folder: Path, lines: int) -> Iterator[pd.DataFrame]:
    """Give the newest `lines` events, then again and again those that came since, at most `MOST_NEWS` at a time; the newest last."""
    from evkit.capture.storage import inspection

    rows = inspection.tail(folder, max(lines, MOST_NEWS)).iloc[::-1]
    yield rows.tail(lines)
    while True:
        seen = set(rows.uuid)
        rows = inspection.tail(folder, MOST_NEWS).iloc[::-1]
        yield rows[~rows.uuid.isin(seen)]


def printable(text: str) -> str:
    """Give a text without what would steer a terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
