"""The command `evkit report`: run a notebook, write it with its outputs and as one HTML page."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from evkit.errors import DataError, MissingFile, SpecError
from evkit.package_data import data_path
from evkit.report import run, schedule

STATUS = """exit status: 0 the report is whole; 1 a cell failed, or something that was given is wrong (the report so far is kept, and says
so first); 2 the command can't be read; 130 it was stopped (the report so far is kept)"""
FAILED, STOPPED = 1, 130
"""Exit statuses: a cell failed; it was ended by Ctrl-C or SIGTERM."""
WORDS = {"None": None, "True": True, "False": False}
"""Words of Python's, beside JSON's null, true and false."""


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
        help="replaces what the cell tagged 'parameters' sets; VALUE is a number, true, false, null, JSON such as '[\"a\", \"b\"]', else text",
    )
    made.add_argument("-r", "--raw", action="append", default=[], metavar="NAME=TEXT", help="the same, VALUE is always text")
    made.add_argument("--out", metavar="FOLDER", default="reports", help="where NOTEBOOK.html and NOTEBOOK.ipynb go (default: %(default)s)")
    made.add_argument("--dated", action="store_true", help="put the day into the names of the files, so that earlier reports stay")
    made.add_argument(
        "--timeout", type=int, default=run.TIMEOUT_SECONDS, metavar="SECONDS", help="how long one cell may take (default: %(default)s)"
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


def report(asked: argparse.Namespace, *, now: dt.datetime | None = None, say: Callable[[str], Any] = print) -> int:
    """Make a report, or say how to have it made on time; give the exit status.

    Parameters
    ----------
    asked
        What the command line says.
    now
        The clock: the day in dated names, the time on the page.
    say
        Takes each line that is told.
    """
    from evkit.report import cells, page

    notebook, comes_with_us = found(asked.notebook)
    given = parameters(asked.parameter, asked.raw)
    if asked.timeout < 1:
        raise SpecError(f"--timeout {asked.timeout}: give the seconds that a cell may take, 1 or more")
    clock = (now or dt.datetime.now(dt.UTC)).astimezone()
    folder = Path(asked.cwd) if asked.cwd else Path.cwd() if comes_with_us else notebook.resolve().parent
    if not folder.is_dir():
        raise MissingFile(f"--cwd: there is no folder {str(folder)!r}.")
    target, book = targets(notebook, Path(asked.out), clock if asked.dated else None)
    if asked.schedule is not None:
        run.check_parameters(notebook, run.loaded(notebook), given)
        say(scheduled(asked, notebook, comes_with_us, given))
        return 0
    title = asked.title or notebook.stem.replace("_", " ")
    ran = run.execute(notebook, given, timeout_seconds=asked.timeout, folder=folder, keep=lambda made: written(made, book))
    written(ran.notebook, book)
    failure = ran.failure
    page.write_text(
        target,
        cells.page(
            ran.notebook,
            title=title,
            live=not asked.static,
            failed=f"It ended in {failure}." if failure else None,
            failed_cell=failure.index if failure else None,
            made=clock,
            about=f"from {notebook.name}",
        ),
    )
    say(str(target))
    say(str(book))
    if failure is None:
        return 0
    print(f"evkit: {notebook.name}, {failure}", file=sys.stderr)
    return STOPPED if failure.stopped else FAILED


def found(name: str) -> tuple[Path, bool]:
    """Give the notebook's path, and whether it comes with evkit.

    Raises
    ------
    MissingFile
        No notebook there.
    """
    path = Path(name)
    if path.is_file():
        return path, False
    if re.fullmatch(r"\w+(/\w+)?", name):
        try:
            return data_path("notebooks", f"{name}.ipynb"), True
        except DataError:
            pass
    raise MissingFile(f"no notebook {name!r}.")


def targets(notebook: Path, folder: Path, day: dt.datetime | None) -> tuple[Path, Path]:
    """Give the paths of the page and of the notebook with its outputs.

    Raises
    ------
    SpecError
        When the folder is none, or the notebook itself would be written over.
    """
    if folder.is_file() or folder.suffix in (".html", ".htm", ".ipynb"):
        raise SpecError(f"--out {str(folder)!r} names a file: give a folder; the page will be {notebook.stem}.html in it")
    stem = f"{notebook.stem}-{day:%Y-%m-%d}" if day else notebook.stem
    page_path, book = folder / f"{stem}.html", folder / f"{stem}.ipynb"
    if book.resolve() == notebook.resolve():
        raise SpecError(f"--out {str(folder)!r} is the notebook's own folder: it would be written over. Give another, or --dated")
    return page_path, book


def written(notebook: dict[str, Any], path: Path) -> Path:
    """Write a notebook with its outputs."""
    from evkit.report import page

    return page.write_text(path, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")


# ---------------------------------------------------------------------- parameters
def parameters(pairs: Sequence[str], raw: Sequence[str] = ()) -> dict[str, Any]:
    """Read pairs such as "weeks=8"; of several for a name the last counts.

    Raises
    ------
    SpecError
        When one has no "=", or its name can be none.

    Examples
    --------
    >>> parameters(["weeks=8", 'steps=["a", "b"]', "zone=Europe/London", "now=2026-04-27"], ["id=007"])
    {'weeks': 8, 'steps': ['a', 'b'], 'zone': 'Europe/London', 'now': '2026-04-27', 'id': '007'}
    """
    made: dict[str, Any] = {}
    for pair, is_raw in [*((p, False) for p in pairs), *((p, True) for p in raw)]:
        name, sign, text = pair.partition("=")
        if not sign or not name.strip().isidentifier():
            raise SpecError(f"{'-r' if is_raw else '-p'} {pair!r}: give NAME=VALUE, such as weeks=8")
        made[name.strip()] = text if is_raw else value(name.strip(), text)
    return made


def value(name: str, text: str) -> Any:
    """Read a value: JSON, or None, True, False as Python writes them, else text.

    Raises
    ------
    SpecError
        When it begins like a list or an object, and is none.

    Examples
    --------
    >>> [value("x", text) for text in ("3", "0.5", "true", "None", "007", '"3"', "no", "NaN")]
    [3, 0.5, True, None, '007', '3', 'no', 'NaN']
    """
    if text in WORDS:
        return WORDS[text]
    try:
        return json.loads(text, parse_constant=lambda word: word)
    except ValueError as error:
        if text.lstrip()[:1] in ("[", "{"):
            raise SpecError(
                f'-p {name}: {text!r} begins like JSON and can\'t be read ({error}). Write {name}=\'["a", "b"]\', or -r {name}=... for plain text'
            ) from None
        return text


# ---------------------------------------------------------------------- on time
def scheduled(asked: argparse.Namespace, notebook: Path, comes_with_us: bool, given: dict[str, Any]) -> str:
    """Give the lines for what runs things on time."""
    when = schedule.When.of(asked.schedule)
    options = [part for pair in asked.parameter for part in ("-p", pair)] + [part for pair in asked.raw for part in ("-r", pair)]
    options += ["--dated"] * asked.dated + ["--static"] * asked.static
    options += ["--timeout", str(asked.timeout)] if asked.timeout != run.TIMEOUT_SECONDS else []
    options += ["--title", asked.title] if asked.title else []
    here = Path.cwd()
    cwd = ["--cwd", str(Path(asked.cwd).resolve())] if asked.cwd else []
    book = asked.notebook if comes_with_us else str(notebook.resolve())
    command = [sys.executable, "-m", "evkit.cli", "report", book, *options, *cwd, "--out", str(Path(asked.out).resolve())]
    in_checkout = ["python", "-m", "evkit.cli", "report", relative(notebook, here, asked.notebook, comes_with_us), *options]
    out = relative(Path(asked.out), here, asked.out)
    in_checkout += [*(["--cwd", relative(Path(asked.cwd), here, asked.cwd)] if asked.cwd else []), "--out", out]
    hidden = [name for name in given if run.is_secret(name)]
    told = "".join(
        f"# {name} is in the lines below for all to read: let the notebook take it from the environment (os.environ) instead.\n"
        for name in hidden
    )
    name = re.sub(r"[^\w-]+", "-", notebook.stem).strip("-") or "report"
    return told + schedule.lines(when, command, folder=str(here), name=name, ci_command=in_checkout, out=out)


def relative(path: Path, here: Path, given: str, comes_with_us: bool = False) -> str:
    """Give a path as it is called in a checkout of the current folder; as it was given where it lies elsewhere."""
    full = path.resolve()
    return given if comes_with_us or not full.is_relative_to(here) else full.relative_to(here).as_posix()
