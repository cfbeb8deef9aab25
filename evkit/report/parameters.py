"""Parameters of a notebook: read from the command line, checked against the cell that sets their defaults, before anything runs."""

from __future__ import annotations

import ast
import glob
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from evkit.errors import SpecError, nearest
from evkit.report.cells import PARAMETERS

WORDS = {"None": None, "True": True, "False": False}
"""Words of Python's, beside JSON's null, true and false."""
KINDS: tuple[tuple[type | tuple[type, ...], str, str], ...] = (
    ((list, tuple), "a list", '["a", "b"]'),
    (dict, "a table of names and values", '{"a": "b"}'),
    (bool, "true or false", "true"),
    ((int, float), "a number", "8"),
    (str, "a text", ""),
)
"""What a default can be; how it is called; how one is written."""
FILES = (".parquet", ".csv", ".jsonl", ".ndjson", ".json", ".gz", ".zst", ".tsv")
"""Endings by which a text is known to name a file."""


# ---------------------------------------------------------------------- reading
def parameters(pairs: Sequence[str], raw: Sequence[str] = ()) -> dict[str, Any]:
    """Read pairs such as "weeks=8"; of several for a name the last counts.

    Raises
    ------
    SpecError
        When one has no "=" or nothing after it, or its name can be none.

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
        if not is_raw and not text.strip():
            raise SpecError(
                f"-p {pair!r} has no value: was a variable of the shell not set? An empty text on purpose is -r {name.strip()}="
            )
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


# ---------------------------------------------------------------------- checking
def check(path: Path, notebook: Any, given: Mapping[str, Any]) -> None:
    """Raise for a parameter that the notebook doesn't have, and for a value of another kind than its default.

    Raises
    ------
    SpecError
        The message lists those it has, says how a notebook gets parameters, or how such a value is written.
    """
    if not given:
        return
    known = names(path, notebook)
    if known is None:
        raise SpecError(
            f"{path.name} has no cell tagged 'parameters', so it takes none: tag the cell that sets the defaults "
            "(JupyterLab: property inspector, Cell Tags)"
        )
    for name in given:
        if name not in known:
            raise SpecError(f"{path.name} has no parameter {name!r}.{nearest(name, known)} It has: {', '.join(known) or 'none'}")
    for name, default in defaults(notebook).items():
        if name in given:
            check_kind(path.name, name, default, given[name])


def check_kind(notebook: str, name: str, default: Any, given: Any) -> None:
    """Raise for a value of another kind than its default; none at all stands for each kind, and a default that is none for any.

    Examples
    --------
    >>> check_kind("week.ipynb", "key_events", [], "movie_played")
    Traceback (most recent call last):
    evkit.errors.SpecError: key_events 'movie_played' is no list, which it is in week.ipynb: write -p key_events='["movie_played"]'
    """
    if default is None or given is None:
        return
    kind, called, example = next((k for k in KINDS if isinstance(default, k[0])), (object, "", ""))
    is_one = isinstance(given, kind) and (isinstance(given, bool) == isinstance(default, bool))
    if is_one:
        return
    if kind == (list, tuple):
        example = json.dumps([given], ensure_ascii=False)
    how = f"-r {name}={given}" if kind is str else f"-p {name}={example!r}" if example[:1] in "[{" else f"-p {name}={example}"
    raise SpecError(f"{name} {given!r} is no {called.removeprefix('a ')}, which it is in {notebook}: write {how}")


def check_paths(given: Mapping[str, Any], folder: Path, here: Path) -> list[str]:
    """Raise for a path that is there where one stands, and not where the notebook runs.

    Parameters
    ----------
    folder
        Where the notebook runs.
    here
        Where the command is given.

    Returns
    -------
    list of str
        A sentence for each text that is the name of something here, and may be meant as another thing.

    Raises
    ------
    SpecError
        The message says what to write.
    """
    told = []
    for name, text in [(n, t) for n, v in given.items() for t in texts(v)] if folder.resolve() != here.resolve() else []:
        if not text.strip() or os.path.isabs(text) or "://" in text or not is_there(here, text) or is_there(folder, text):
            continue
        full = os.path.normpath(here / text)
        said = f"{name}: the notebook runs in {str(folder)!r}, where there is no {text!r}; there is one in {str(here)!r}"
        if any(sign in text for sign in {"/", os.sep}) or Path(text).suffix.lower() in FILES:
            raise SpecError(f"{said}. Give its full path, {full!r}, or --cwd .")
        told.append(f"{said}. If that is meant, give its full path, {full!r}, or --cwd .")
    return told


def is_there(folder: Path, text: str) -> bool:
    """Say whether a path or a pattern finds something, seen from a folder."""
    return os.path.lexists(folder / text) or (glob.has_magic(text) and bool(glob.glob(text, root_dir=folder)))


def texts(value: Any) -> Iterator[str]:
    """Give the texts in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (Mapping, list, tuple)):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from texts(part)


# ---------------------------------------------------------------------- the cell of defaults
def names(path: Path, notebook: Any) -> list[str] | None:
    """Give the names that the cell tagged "parameters" sets; None where there is no such cell."""
    import papermill

    cell = cell_of(notebook)
    if cell is None:
        return None
    try:
        body = ast.parse(cell.source).body
    except SyntaxError:
        return list(papermill.inspect_notebook(formatted(path)))
    return list(dict.fromkeys(name for statement in body for name, _ in assigned(statement)))


def defaults(notebook: Any) -> dict[str, Any]:
    """Give the defaults that are written out as a value: those that are computed are not known."""
    cell, made = cell_of(notebook), {}
    try:
        body = ast.parse(cell.source).body if cell is not None else []
    except SyntaxError:
        return {}
    for name, written in (pair for statement in body for pair in assigned(statement)):
        try:
            made[name] = ast.literal_eval(written) if written is not None else None
        except ValueError:
            made.pop(name, None)
    return made


def assigned(statement: ast.stmt) -> Iterator[tuple[str, ast.expr | None]]:
    """Give the names that a statement sets, each with what it is set to; None where it isn't told name by name."""
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            for n in ast.walk(target):
                if isinstance(n, ast.Name):
                    yield n.id, statement.value if n is target else None
    elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        yield statement.target.id, statement.value


def cell_of(notebook: Any) -> Any:
    """Give the cell tagged "parameters"; None where there is none."""
    return next((c for c in notebook.cells if PARAMETERS in c.metadata.get("tags", ())), None)


def formatted(path: Path) -> str:
    """Give a path so that papermill takes it as it is: it fills in what stands between braces."""
    return str(path.resolve()).replace("{", "{{").replace("}", "}}")
