"""Run a notebook with parameters, without a screen, by papermill: in this Python, with a time limit; what ran is kept."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evkit.errors import DataError, MissingFile, SpecError
from evkit.report import parameters as asked
from evkit.report.arguments import TIMEOUT_SECONDS
from evkit.report.cells import MARKER
from evkit.report.masking import Masks

START_SECONDS = 120
KERNEL = "python3"
OUR_KERNELS = ("", "python", "python3")
"""Kernels that say no more than: Python."""
PYTHON = ("python", "python3", "ipython")

Keep = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True)
class Failure:
    """Why a run ended early.

    Parameters
    ----------
    cell
        The number of the code cell, from 1, among those of the notebook as it was written; 0 is that of the parameters given.
    cells
        How many code cells the notebook as it was written has.
    index
        Where it stands among all cells of the notebook that was made, from 0.
    name, message
        Of the error.
    stopped
        Somebody stopped it (Ctrl-C, SIGTERM).
    """

    cell: int
    cells: int
    index: int
    name: str
    message: str
    stopped: bool = False

    def __str__(self) -> str:
        said = f"{self.name}: {self.message}" if self.message else self.name
        return f"{f'code cell {self.cell} of {self.cells}' if self.cell else 'the parameters given'}: {said}"


@dataclass(frozen=True)
class Ran:
    """A notebook that was run: as JSON data, with its outputs; and why it ended early, where it did."""

    notebook: dict[str, Any]
    failure: Failure | None = None


def run(notebook: str | Path, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Run a notebook and give it with its outputs.

    Parameters
    ----------
    notebook
        The path; the file itself is not changed.
    parameters
        Replace what the cell tagged "parameters" sets.

    Returns
    -------
    dict
        The notebook as JSON data.

    Raises
    ------
    MissingFile
        No notebook there.
    DataError
        When a cell fails: the message names the cell and the error.
    """
    ran = execute(notebook, parameters)
    if ran.failure is not None:
        raise DataError(f"{Path(notebook).name}, {ran.failure}")
    return ran.notebook


def execute(
    notebook: str | Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    timeout_seconds: int = TIMEOUT_SECONDS,
    folder: str | Path | None = None,
    keep: Keep | None = None,
) -> Ran:
    """Run a notebook as far as it goes.

    Parameters
    ----------
    notebook
        The path; the file itself is not changed.
    parameters
        Replace what the cell tagged "parameters" sets. Secrets in them are not in what is given back.
    timeout_seconds
        How long one cell may take.
    folder
        Where the notebook runs: what relative paths in it are relative to. The notebook's own folder when None.
    keep
        Called with the notebook so far when a cell has ended.

    Returns
    -------
    Ran

    Raises
    ------
    MissingFile
        No notebook there.
    SpecError
        A parameter that the notebook doesn't have, or of another kind than its default; a notebook that is not of Python.
    DataError
        When the file is no notebook.
    """
    import papermill
    from papermill.engines import papermill_engines
    from papermill.exceptions import PapermillExecutionError
    from papermill.log import logger

    from evkit.report.engine import NAME, OurEngine, Watch

    path, given = Path(notebook), dict(parameters or {})
    check(path, loaded(path), given)
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    masks = Masks.of(given)
    watch = Watch(title=f"running {path.name}", keep=None if keep is None else lambda nb: keep(masks.notebook(nb)))
    papermill_engines.register(NAME, OurEngine)
    quiet, logger.disabled = logger.disabled, True
    try:
        made = papermill.execute_notebook(
            asked.formatted(path),
            None,
            parameters=given,
            engine_name=NAME,
            kernel_name=KERNEL,
            language="python",
            progress_bar=False,
            start_timeout=START_SECONDS,
            execution_timeout=timeout_seconds,
            cwd=str(Path(folder).resolve() if folder is not None else path.resolve().parent),
            watch=watch,
        )
    except PapermillExecutionError:  # its notes about the error would move the cells; ours says it
        made = watch.notebook
        made.cells = [c for c in made.cells if MARKER not in c.metadata.get("tags", ())]
    finally:
        logger.disabled = quiet
    made.metadata.papermill.input_path = path.name
    failure = watch.failure and replace(watch.failure, message=masks.text(watch.failure.message))
    return Ran(masks.notebook(made), failure)


def loaded(path: Path) -> Any:
    """Read a notebook.

    Raises
    ------
    MissingFile
        No notebook there.
    DataError
        When the file is no notebook.
    """
    from papermill.iorw import load_notebook_node

    if not path.is_file():
        raise MissingFile(f"no notebook {str(path)!r}.")
    try:
        return load_notebook_node(str(path.resolve()))
    except Exception as error:
        raise DataError(f"{str(path)!r} is no notebook that can be read: {type(error).__name__}: {str(error)[:200]}") from None


def check(path: Path, notebook: Any, given: Mapping[str, Any]) -> None:
    """Raise for a notebook that can't be run here, and for parameters that it can't be given.

    Raises
    ------
    SpecError
        When the notebook is not of Python, or `parameters.check` raises.
    """
    language = str(notebook.metadata.get("kernelspec", {}).get("language") or notebook.metadata.get("language_info", {}).get("name") or "")
    if language and language.lower() not in PYTHON:
        kernel = notebook.metadata.get("kernelspec", {}).get("name")
        raise SpecError(f"{path.name} is a notebook of {language}{f' (kernel {kernel!r})' if kernel else ''}: evkit runs those of Python")
    asked.check(path, notebook, given)


def other_kernel(notebook: Mapping[str, Any]) -> str:
    """Say that a notebook asks for a kernel of its own, which is not the one that runs it; nothing where it asks for none.

    Examples
    --------
    >>> other_kernel({"metadata": {"kernelspec": {"name": "conda-env-prod"}}})[:52]
    "its kernel 'conda-env-prod' is not used: it ran on P"
    """
    name = str(notebook["metadata"].get("kernelspec", {}).get("name") or "")
    return (
        "" if name in OUR_KERNELS else f"its kernel {name!r} is not used: it ran on Python {platform.python_version()}, the one evkit is in"
    )
