"""`ek.pick_actions`: actions picked from what autocapture saw, written to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import traitlets

from evkit.errors import SpecError
from evkit.events import Events
from evkit.insights.faces import cell
from evkit.notebook.displayed import KeptOutputs, code_bundle, publish
from evkit.notebook.tool import Tool, script
from evkit.posthog.nodes.actions import read_actions, save_actions
from evkit.query import code
from evkit.query.spec import Action
from evkit.suggestions import names
from evkit.suggestions.captured import Row
from evkit.suggestions.suggest import elements_of, selector_options, share

MOST_ELEMENTS = 500
"""Elements that are listed, the most frequent."""
SHOWN = ("selector", "text", "url", "events", "persons", "coverage", "also_catches", "fragility", "reason")


def pick_actions(events: Events, path: str | Path = "actions.yaml") -> Picker:
    """Pick actions from what autocapture saw: choose an element, the selector that will last, a name; write them to a file.

    Parameters
    ----------
    events
        The events; what `filter` and `between` restrict holds here as well.
    path
        The file of actions (.yaml, .yml or .json): actions that are in it are read first, and checked against the data.

    Returns
    -------
    Picker
        A widget. Without a notebook too: `.elements`, `.options(number)`, `.add(...)`, `.save()`, `.actions`.

    Raises
    ------
    SpecError
        When nothing was autocaptured.

    Examples
    --------
    >>> import evkit as ek
    >>> picked = ek.pick_actions(ek.load_sample(), "picked.yaml")
    >>> picked.elements[0]["name"]
    "Clicked 'Play'"
    """
    return Picker(events, Path(path))


class Picker(Tool):
    """Actions that are picked from autocaptured elements; made by `ek.pick_actions`.

    Parameters
    ----------
    events
        The events.
    path
        The file of actions.
    """

    _esm = script("picker.js")
    CALLS = ("options", "add", "remove", "save")
    elements: traitlets.List[Any] = traitlets.List().tag(sync=True)
    picked: traitlets.List[Any] = traitlets.List().tag(sync=True)
    file_name = traitlets.Unicode().tag(sync=True)
    code = traitlets.Unicode().tag(sync=True)

    def __init__(self, events: Events, path: Path) -> None:
        self._events = events
        self.path = path
        self._seen = events.autocaptured()
        if not self._seen.rows:
            left = "; ".join(f"{n:,} {why}" for why, n in self._seen.left_out.items())
            raise SpecError(f"there is nothing to pick from: no autocaptured event has an element{f' ({left})' if left else ''}")
        self._shown: tuple[tuple[int, int | None], pd.DataFrame] | None = None
        self._groups = elements_of(self._seen)[:MOST_ELEMENTS]
        self.actions: list[Action] = list(read_actions(path)) if path.is_file() else []
        self._outputs = KeptOutputs(lambda: [code_bundle(self.code)])
        super().__init__(elements=[self._element(numbers) for numbers in self._groups], file_name=str(path))
        self._tell()

    def _element(self, numbers: list[int]) -> dict[str, Any]:
        row = self._seen.rows[numbers[0]]
        return {
            "name": names.name_of(row.kind, row.elements, row.target, self._seen.varies),
            "where": names.place_of(row.elements, row.target, self._seen.varies),
            "events": self._seen.count(numbers),
            "kind": row.kind,
            "page": row.page or "",
        }

    def _row(self, number: int) -> Row:
        if not 0 <= number < len(self._groups):
            raise SpecError(f"no element {number}: {len(self._groups)} are listed")
        return self._seen.rows[self._groups[number][0]]

    def _ways(self, number: int, index: int | None) -> pd.DataFrame:
        """Give the ways to pick out an element, counted once: who adds one has just looked at them."""
        if self._shown is None or self._shown[0] != (number, index):
            self._shown = (number, index), selector_options(self._seen, self._row(number), index=index)
        return self._shown[1]

    def options(self, number: int, index: int | None = None) -> dict[str, Any]:
        """Give the ways to pick out an element.

        Parameters
        ----------
        number
            Of `elements`, from 0.
        index
            Another element of its chain, 0 the innermost; None is the one that the event is about.

        Returns
        -------
        dict
            name (proposed); chain (the elements in words, the innermost first); index (which of them); options: for each way the
            columns of `suggest_actions` as texts, the most lasting first.
        """
        row, found = self._row(number), self._ways(number, index)
        at = row.target if index is None else index
        shown = found.assign(coverage=[share(round(c * 1_000_000), 1_000_000) for c in found.coverage])
        return {
            "name": names.name_of(row.kind, row.elements, at, self._seen.varies),
            "chain": [names.described([element], 0) for element in row.elements],
            "index": at,
            "options": [{c: cell(one[c]) for c in SHOWN} for one in shown.to_dict("records")],
        }

    def add(self, number: int, option: int, name: str, index: int | None = None) -> str:
        """Add an action: the way `option`, from 0, to pick out an element, under a name; give the name.

        Raises
        ------
        SpecError
            When there is no such element or way, or the name is empty or taken.
        """
        found = self._ways(number, index)
        if not 0 <= option < len(found):
            raise SpecError(f"no way {option}: the element has {len(found)}")
        wanted = name.strip()
        if not wanted:
            raise SpecError("an action needs a name")
        if wanted in [a.name for a in self.actions]:
            raise SpecError(f"an action is called {wanted!r} already: give this one another name, or remove that one")
        self.actions.append(Action(wanted, *found.action.iloc[option].steps))
        self._tell()
        return wanted

    def remove(self, name: str) -> None:
        """Remove a picked action."""
        self.actions = [a for a in self.actions if a.name != name]
        self._tell()

    def save(self, path: str | None = None) -> str:
        """Write the actions to their file; give what was done in words."""
        target = self.path if path is None else Path(path)
        save_actions(target, *self.actions)
        self.path = target
        self.file_name = str(target)
        self._tell()
        return f"{len(self.actions)} action{'' if len(self.actions) == 1 else 's'} written to {target}"

    def _tell(self) -> None:
        """Say of the actions how often they happen, which are dead, which overlap; and the code that uses them."""
        rows = self._events.check_actions(*self.actions).drop(columns="action").to_dict("records") if self.actions else []
        self.picked = [{key: cell(value) for key, value in row.items()} for row in rows]
        written = "\n".join(f"    {code.action(a)}," for a in self.actions)
        self.code = f"events = events.with_actions(\n{written}\n)" if self.actions else ""
        self._outputs.renew()

    def __repr__(self) -> str:
        return f"<Picker: {len(self._groups)} elements, {len(self.actions)} actions picked>"

    def _ipython_display_(self) -> None:
        publish(self, f"{self!r} (a widget: run the cell to use it)")
        self._outputs.show()
