"""What was built by hand, kept beside the notebook: running the cell again goes on from there.

JupyterLab gives each cell a name of its own that stays when the notebook is saved. Where there is none (a script, a
report that runs on a schedule), nothing is kept, so that a report is the same each time.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(".evkit")
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def cell_name() -> str | None:
    """Give the name of the cell that runs; None where nobody sits before it."""
    try:
        from IPython import get_ipython
    except ModuleNotFoundError:
        return None
    shell: Any = get_ipython()
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return None
    name = str((kernel.get_parent() or {}).get("metadata", {}).get("cellId", ""))
    return name if NAME.fullmatch(name) else None


class Kept:
    """The state of one widget, in a small file.

    Parameters
    ----------
    kind
        The widget's kind.
    cell
        The name of its cell; None keeps nothing.
    start
        What the widget begins with: a state is only taken up where that is still the same.
    """

    def __init__(self, kind: str, cell: str | None, start: Mapping[str, Any]) -> None:
        self.path = None if cell is None else FOLDER / f"{kind}-{cell}.json"
        self.start = hashlib.sha256(json.dumps(start, sort_keys=True, default=str).encode()).hexdigest()[:16]
        self._written = ""

    def load(self) -> dict[str, Any] | None:
        """Give the state that was kept, if any."""
        if self.path is None or not self.path.is_file():
            return None
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None  # a file that can't be read is no reason not to begin anew
        state = found.get("state") if isinstance(found, dict) and found.get("start") == self.start else None
        return state if isinstance(state, dict) else None

    def save(self, state: Mapping[str, Any]) -> None:
        """Keep a state; a folder that can't be written keeps none."""
        text = json.dumps({"start": self.start, "state": state})
        if self.path is None or text == self._written:
            return
        try:
            FOLDER.mkdir(exist_ok=True)
            self.path.write_text(text, encoding="utf-8")
        except OSError:
            self.path = None  # a read-only folder: the widget works, and begins anew next time
            return
        self._written = text
