"""What the cells of a notebook warned of, read from what they printed: the page says it first, and the exit status knows it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evkit import errors

CONTROL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
"""What tells a terminal about colours, places and titles."""
LINES = re.compile(
    r"^(?P<place>\S[^\n]*?):\d+: (?P<kind>[A-Z]\w*Warning): (?P<said>[^\n]*(?:\n(?!  |\S[^\n]*?:\d+: [A-Z]\w*Warning: )[^\n]+)*)\n?(?:^  [^\n]*\n?)?",
    re.MULTILINE,
)
"""A warning as Python prints it: the place, the kind, the words, which may go on, and the line of code."""
WRONG = ("UnknownEventWarning", "StaleDataWarning", "FutureEventsWarning", "FailedTileWarning")
"""Warnings that say: these figures are not what was asked for. A report with one of them does not end with status 0."""


@dataclass(frozen=True)
class Warned:
    """A warning of evkit's.

    Parameters
    ----------
    kind
        The name of its class.
    said
        Its words.
    """

    kind: str
    said: str

    @property
    def is_wrong(self) -> bool:
        """Whether figures are not what was asked for."""
        return self.kind in WRONG


def kinds(above: type[Warning] = errors.EvkitWarning) -> set[str]:
    """Give the names of evkit's warnings."""
    return {above.__name__}.union(*(kinds(one) for one in above.__subclasses__()))


def parted(text: str) -> Iterator[str | Warned]:
    r"""Part what a cell printed beside its results into evkit's warnings and everything else, in order.

    Examples
    --------
    >>> list(parted("x.py:3: TruncatedWarning: cut to 10\n  ask()\ncareful\n"))
    [Warned(kind='TruncatedWarning', said='cut to 10'), 'careful\n']
    """
    ours, at = kinds(), 0
    for found in LINES.finditer(text):
        if found["kind"] in ours:
            if found.start() > at:
                yield text[at : found.start()]
            yield Warned(found["kind"], found["said"].strip())
            at = found.end()
    if at < len(text):
        yield text[at:]


def warned(notebook: Mapping[str, Any]) -> list[Warned]:
    """Give what the cells of a notebook warned of: each once, those first that say that figures are wrong."""
    found: dict[Warned, None] = {}
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            if output["output_type"] == "stream" and output.get("name") == "stderr":
                text = output["text"]
                found.update(
                    (one, None) for one in parted(plain(text if isinstance(text, str) else "".join(text))) if isinstance(one, Warned)
                )
    return sorted(found, key=lambda one: not one.is_wrong)


def plain(text: str) -> str:
    r"""Leave out a terminal's codes; of a line that was written over, keep what was seen last.

    Examples
    --------
    >>> plain("\x1b[31mred\x1b[0m 10%\r 20%\n")
    ' 20%\n'
    """
    lines = CONTROL.sub("", text).replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)
