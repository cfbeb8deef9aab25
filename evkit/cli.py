"""The command `evkit`: demo, lab, report, pull, collect, tail, store."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from evkit.errors import EvkitError, SpecError


def parser() -> argparse.ArgumentParser:
    """Give the parser of the command line."""
    from evkit.capture import commands as capture
    from evkit.posthog.pull import commands as pull
    from evkit.report import arguments as report

    made = argparse.ArgumentParser(prog="evkit", description="Ask what people do in a product: from events to trends and funnels, offline.")
    commands = made.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="a tour of the sample data, or of your own events, as one HTML page")
    demo.add_argument("--events", metavar="FILE", help="your own events: Parquet, CSV or JSON lines")
    demo.add_argument(
        "--column",
        metavar="OURS=THEIRS",
        action="append",
        default=[],
        help="a column of the file that has another name, such as distinct_id=user_id; may be given several times",
    )
    demo.add_argument("--timezone", metavar="ZONE", default="UTC", help="the zone in which days begin (default: %(default)s)")
    demo.add_argument("--out", metavar="PAGE", default="build/tour.html", help="where the page goes (default: %(default)s)")
    lab = commands.add_parser("lab", help="open JupyterLab on a copy of the course's notebooks")
    lab.add_argument("--folder", metavar="FOLDER", default="evkit-notebooks", help="where the copy goes (default: %(default)s)")
    report.add_to(commands)
    pull.add_to(commands)
    capture.add_to(commands)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; give its exit status."""
    asked = parser().parse_args(arguments)
    try:
        if asked.command == "demo":
            from evkit.report.demo import demo

            demo(asked.events, columns=columns_of(asked.column), timezone=asked.timezone, out=asked.out)
        elif asked.command == "report":
            from evkit.report.command import report

            return report(asked)
        elif asked.command == "pull":
            from evkit.posthog.pull.commands import run

            return run(asked)
        elif asked.command == "lab":
            open_lab(Path(asked.folder))
        else:
            from evkit.capture import commands

            return commands.run(asked)
    except EvkitError as error:
        print(f"evkit: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("evkit: stopped", file=sys.stderr)
        from evkit.report.arguments import STOPPED

        return STOPPED
    except ModuleNotFoundError as error:
        print(
            f"evkit: {error.name} is not installed. For reports: pip install 'evkit[report]'; for the lab: pip install 'evkit[lab]'",
            file=sys.stderr,
        )
        return 1
    return 0


def columns_of(pairs: Sequence[str]) -> dict[str, str]:
    """Read pairs such as "distinct_id=user_id"; our name comes first.

    Raises
    ------
    SpecError
        When one has no "=".
    """
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise SpecError(f"--column {wrong[0]!r}: give OUR_NAME=NAME_IN_THE_FILE, such as distinct_id=user_id")
    return {ours.strip(): theirs.strip() for ours, _, theirs in (pair.partition("=") for pair in pairs)}


def open_lab(folder: Path) -> None:
    """Copy the notebooks once and open JupyterLab on them, on this machine only."""
    import shutil

    from evkit.package_data import data_path

    if not folder.exists():
        shutil.copytree(data_path("notebooks"), folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    subprocess.run([sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}", "--ip=127.0.0.1"], check=False)


if __name__ == "__main__":
    sys.exit(main())
