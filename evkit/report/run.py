"""Run a notebook with parameters, without a screen."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evkit.errors import DataError, MissingFile

TIMEOUT_SECONDS = 600


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
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    from evkit.model.progress import Bar

    path = Path(notebook)
    if not path.is_file():
        raise MissingFile(f"no notebook {str(notebook)!r}.")
    made = load_notebook_node(str(path))
    if parameters:
        made = parameterize_notebook(made, dict(parameters), kernel_name="python3", language="python")
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    code = [i for i, cell in enumerate(made.cells) if cell.cell_type == "code"]
    client = NotebookClient(
        made, timeout=TIMEOUT_SECONDS, kernel_name="python3", resources={"metadata": {"path": str(path.resolve().parent)}}
    )
    client.create_kernel_manager()
    client.km.kernel_spec.argv[0] = sys.executable
    if client.km.has_trait("transport_encryption"):
        client.km.transport_encryption = "auto"
    with client.setup_kernel(), Bar(f"running {path.name}") as bar:
        for n, i in enumerate(code):
            try:
                client.execute_cell(made.cells[i], i)
            except CellExecutionError as error:
                raise DataError(f"{path.name}, cell {n + 1} of {len(code)}: {error.ename}: {error.evalue}") from None
            bar(n + 1, len(code))
    found: dict[str, Any] = made
    return found
