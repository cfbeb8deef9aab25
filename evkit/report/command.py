"""The command `evkit report`: run a notebook, write it with its outputs and as one HTML page."""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from evkit.errors import DataError, EvkitError, MissingFile, SpecError
from evkit.package_data import data_path
from evkit.report import cells, page, parameters, run, schedule
from evkit.report.arguments import DOUBTFUL, FAILED, STOPPED, TIMEOUT_SECONDS
from evkit.report.masking import Masks
from evkit.report.warned import warned


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
    notebook, comes_with_us = found(asked.notebook)
    given, here = parameters.parameters(asked.parameter, asked.raw), Path.cwd()
    if asked.timeout < 1:
        raise SpecError(f"--timeout {asked.timeout}: give the seconds that a cell may take, 1 or more")
    clock = (now or dt.datetime.now(dt.UTC)).astimezone()
    folder = Path(asked.cwd) if asked.cwd else Path.cwd() if comes_with_us else notebook.resolve().parent
    if not folder.is_dir():
        raise MissingFile(f"--cwd: there is no folder {str(folder)!r}.")
    target, book = targets(notebook, Path(asked.out), clock if asked.dated else None)
    source = run.loaded(notebook)
    run.check(notebook, source, given)
    told, other = parameters.check_paths(given, folder, here), run.other_kernel(source)
    told += [f"{notebook.name}: {other}"] if other else []
    if asked.schedule is not None:
        say(scheduled(asked, notebook, comes_with_us, given, told))
        return 0
    title = asked.title or notebook.stem.replace("_", " ")
    with putting(Path(asked.out)):
        page.writable(target.parent)
    for said in told:
        complain(said)
    so_far = book.with_name(f"{book.stem}.running.ipynb")
    ran = run.execute(notebook, given, timeout_seconds=asked.timeout, folder=folder, keep=lambda made: written(made, so_far))
    failure = ran.failure
    with putting(Path(asked.out)):
        before = kept_before(target, book) if failure else None
        written(ran.notebook, book)
        page.write_text(
            target,
            cells.page(
                ran.notebook,
                title=title,
                live=not asked.static,
                failed=f"It ended in {failure}." if failure else None,
                failed_cell=failure.index if failure else None,
                before=before,
                made=clock,
                about="; ".join(part for part in (f"from {notebook.name}", other) if part),
            ),
        )
        so_far.unlink(missing_ok=True)
    say(str(target))
    say(str(book))
    return status(ran, notebook.name, strict=asked.strict)


def status(ran: run.Ran, name: str, *, strict: bool) -> int:
    """Give the exit status of a run, and tell what it failed by, or what it was warned of."""
    found = warned(ran.notebook)
    if ran.failure is not None:
        complain(f"{name}, {ran.failure}")
    for one in found:
        complain(f"{name}: {one.said}")
    if ran.failure is not None:
        return STOPPED if ran.failure.stopped else FAILED
    return DOUBTFUL if any(one.is_wrong or strict for one in found) else 0


def complain(said: str) -> None:
    """Say it where cron and a terminal show it."""
    print(f"evkit: {said}", file=sys.stderr)


@contextlib.contextmanager
def putting(folder: Path) -> Iterator[None]:
    """Say of a folder that can't be written, or is full, that it is that."""
    try:
        yield
    except OSError as error:
        if isinstance(error, EvkitError):
            raise
        raise DataError(f"--out {str(folder)!r} can't be written: {error.strerror or error}") from None


def kept_before(target: Path, book: Path) -> str | None:
    """Keep a report that was whole from being written over by one that isn't; give the name of the one that is kept, here or earlier."""
    kept = target.with_name(f"{target.stem}.before.html")
    if target.is_file() and cells.FAILED_BANNER not in target.read_text(encoding="utf-8", errors="replace"):
        target.replace(kept)
        if book.is_file():
            book.replace(book.with_name(f"{book.stem}.before.ipynb"))
    return kept.name if kept.is_file() else None


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
    with putting(path.parent):
        return page.write_text(path, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")


# ---------------------------------------------------------------------- on time
def scheduled(asked: argparse.Namespace, notebook: Path, comes_with_us: bool, given: dict[str, Any], told: Sequence[str] = ()) -> str:
    """Give the lines for what runs things on time; each report stays, under its day."""
    when = schedule.When.of(asked.schedule)
    options = [part for pair in asked.parameter for part in ("-p", pair)] + [part for pair in asked.raw for part in ("-r", pair)]
    options += ["--dated", *["--strict"] * asked.strict, *["--static"] * asked.static]
    options += ["--timeout", str(asked.timeout)] if asked.timeout != TIMEOUT_SECONDS else []
    options += ["--title", asked.title] if asked.title else []
    here = Path.cwd()
    cwd = ["--cwd", str(Path(asked.cwd).resolve())] if asked.cwd else []
    book = asked.notebook if comes_with_us else str(notebook.resolve())
    command = [sys.executable, "-m", "evkit.cli", "report", book, *options, *cwd, "--out", str(Path(asked.out).resolve())]
    in_checkout = ["python", "-m", "evkit.cli", "report", relative(notebook, here, asked.notebook, comes_with_us), *options]
    out = relative(Path(asked.out), here, asked.out)
    in_checkout += [*(["--cwd", relative(Path(asked.cwd), here, asked.cwd)] if asked.cwd else []), "--out", out]
    local = [part for part in in_checkout if Path(part.partition("=")[2] or part).is_absolute()]
    notes = "".join(f"# {said}\n" for said in [*told, *cautions(given)])
    name = re.sub(r"[^\w-]+", "-", notebook.stem).strip("-") or "report"
    return notes + schedule.lines(when, command, folder=str(here), name=name, ci_command=in_checkout, out=out, local=local)


def cautions(given: Mapping[str, Any]) -> Iterator[str]:
    """Give a sentence for each parameter that does not do for a report that is made again and again."""
    for name in Masks.of(given).hidden:
        yield f"{name} is in the lines below for all to read: let the notebook take it from the environment (os.environ) instead."
    if isinstance(given.get("now"), str) and given["now"][:1].isdigit():
        yield f"now={given['now']} stands still: every run will be of the same days. Leave it out, or say now=today."


def relative(path: Path, here: Path, given: str, comes_with_us: bool = False) -> str:
    """Give a path as it is called in a checkout of the current folder; as it was given where it lies elsewhere."""
    full = path.resolve()
    return given if comes_with_us or not full.is_relative_to(here) else full.relative_to(here).as_posix()
