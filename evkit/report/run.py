"""Run a notebook with parameters, without a screen, by papermill: in this Python, with a time limit; what ran is kept."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evkit.errors import DataError, MissingFile, SpecError, nearest
from evkit.report.cells import GIVEN, MARKER, PARAMETERS

TIMEOUT_SECONDS = 600
"""How long one cell may take."""
START_SECONDS = 120
KERNEL = "python3"
SECRET = re.compile(
    r"(?i)(^|_)(api_?key|key|token|secret|password|passwd|pwd|credentials?|auth)$|secret|password|(access|api|private)_?key"
)
"""Names of parameters whose values are not written down."""
NO_SECRET = re.compile(r"(?i)^(primary|foreign|group|sort|row)_key$")
MASK = "•••"
SHORTEST_SECRET = 4
"""A secret shorter than this is masked where it is given, not wherever it may occur."""

STRUCTURE = frozenset({"cell_type", "output_type", "tags", "id", "kernelspec", "nbformat", "nbformat_minor"})
"""Parts of a notebook that say what it is made of: nothing in them is a secret, and masked they would break it."""

Keep = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True)
class Failure:
    """Why a run ended early.

    Parameters
    ----------
    cell
        The number of the code cell, from 1, among those that ran or would have.
    cells
        How many code cells there are.
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
        return f"cell {self.cell} of {self.cells}: {said}"


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
        Replace what the cell tagged "parameters" sets. Values of those that are named like secrets are not in what is given back.
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
        A parameter that the notebook doesn't have; the message lists those it has.
    DataError
        When the file is no notebook.
    """
    import papermill
    from papermill.engines import papermill_engines
    from papermill.exceptions import PapermillExecutionError
    from papermill.log import logger

    from evkit.report.engine import NAME, OurEngine, Watch

    path, given = Path(notebook), dict(parameters or {})
    check_parameters(path, loaded(path), given)
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    secrets = {name: value for name, value in given.items() if is_secret(name)}
    watch = Watch(title=f"running {path.name}", keep=None if keep is None else lambda nb: keep(without_secrets(nb, secrets)))
    papermill_engines.register(NAME, OurEngine)
    quiet, logger.disabled = logger.disabled, True
    try:
        made = papermill.execute_notebook(
            formatted(path),
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
    failure = watch.failure and replace(watch.failure, message=without(texts_of(secrets), watch.failure.message))
    return Ran(without_secrets(made, secrets), failure)


def formatted(path: Path) -> str:
    """Give a path so that papermill takes it as it is: it fills in what stands between braces."""
    return str(path.resolve()).replace("{", "{{").replace("}", "}}")


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


# ---------------------------------------------------------------------- parameters
def check_parameters(path: Path, notebook: Any, given: Mapping[str, Any]) -> None:
    """Raise for a parameter that the notebook doesn't have.

    Raises
    ------
    SpecError
        The message lists those it has, or says how a notebook gets parameters.
    """
    if not given:
        return
    known = parameters_of(path, notebook)
    if known is None:
        raise SpecError(
            f"{path.name} has no cell tagged 'parameters', so it takes none: tag the cell that sets the defaults "
            "(JupyterLab: property inspector, Cell Tags)"
        )
    for name in given:
        if name not in known:
            raise SpecError(f"{path.name} has no parameter {name!r}.{nearest(name, known)} It has: {', '.join(known) or 'none'}")


def parameters_of(path: Path, notebook: Any) -> list[str] | None:
    """Give the names that the cell tagged "parameters" sets; None where there is no such cell."""
    import papermill

    cell = next((c for c in notebook.cells if PARAMETERS in c.metadata.get("tags", ())), None)
    if cell is None:
        return None
    try:
        body = ast.parse(cell.source).body
    except SyntaxError:
        return list(papermill.inspect_notebook(formatted(path)))
    names = [n.id for s in body if isinstance(s, ast.Assign) for t in s.targets for n in ast.walk(t) if isinstance(n, ast.Name)]
    names += [s.target.id for s in body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)]
    return list(dict.fromkeys(names))


def is_secret(name: str) -> bool:
    """Say whether a parameter's name says that its value is nobody's business.

    Examples
    --------
    >>> [is_secret(name) for name in ("api_key", "posthog_token", "db_password", "key_events", "group_key")]
    [True, True, True, False, False]
    """
    return bool(SECRET.search(name)) and not NO_SECRET.match(name)


def without_secrets(notebook: Mapping[str, Any], secrets: Mapping[str, Any]) -> dict[str, Any]:
    """Give a notebook with the values of secrets masked: in the cell that sets them, and wherever else the text occurs."""
    from nbformat import from_dict

    if not secrets:
        return from_dict(notebook)  # type: ignore[no-any-return]
    texts = texts_of(secrets)

    def masked(part: Any) -> Any:
        if isinstance(part, str):
            return without(texts, part)
        if isinstance(part, Mapping):
            return {key: value if key in STRUCTURE else masked(value) for key, value in part.items()}
        return [masked(value) for value in part] if isinstance(part, (list, tuple)) else part

    made: dict[str, Any] = from_dict(masked(notebook))
    said = made["metadata"].get("papermill", {}).get("parameters", {})
    said.update({name: MASK for name in secrets if name in said})
    for cell in made["cells"]:
        if GIVEN in cell.get("metadata", {}).get("tags", ()):
            for name in secrets:
                cell["source"] = re.sub(rf"(?m)^{re.escape(name)} = .*$", f'{name} = "{MASK}"', cell["source"])
    return made


def texts_of(secrets: Mapping[str, Any]) -> list[str]:
    """Give the texts that are to be masked wherever they occur, the longest first."""
    texts = {text for value in secrets.values() for text in leaves(value)}
    return sorted((t for t in texts if len(t) >= SHORTEST_SECRET), key=len, reverse=True)


def leaves(value: Any) -> Iterator[str]:
    """Give the texts and numbers in a value, however deep; not true, false and none, which stand for nothing secret."""
    if isinstance(value, Mapping):
        value = value.values()
    elif value is None or isinstance(value, (bool, str, int, float)):
        if value is not None and not isinstance(value, bool):
            yield str(value)
        return
    for part in value:
        yield from leaves(part)


def without(texts: Sequence[str], text: str) -> str:
    """Mask texts within a text."""
    for secret in texts:
        text = text.replace(secret, MASK)
    return text
