"""What is nobody's business: values of parameters that are secrets, masked in all that is kept of a run."""

from __future__ import annotations

import html
import json
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evkit.report.cells import GIVEN

SECRET = re.compile(
    r"(?i)(^|_)(api_?key|key|token|secret|password|passwd|pwd|passphrase|pat|credentials?|auth|bearer)$"
    r"|secret|password|passphrase|(access|api|private)_?key|(access|api|auth|bearer|refresh|session)_?token"
)
"""Names of parameters, and of parts of them, whose values are not written down."""
NO_SECRET = re.compile(r"(?i)^(primary|foreign|group|sort|row|partition|cache)_key$")
IN_ADDRESS = re.compile(r"[a-zA-Z][\w+.-]*://[^\s/?#@:]*:(?!\d{1,5}[/?#])(\S*)@")
"""The password in an address: everything between the colon and the last @; it may hold one itself. A port is none."""
IN_PAIRS = re.compile(r"([\w-]+)\s*=\s*('[^']*'|\"[^\"]*\"|[^\s&;,'\"]+)")
"""Names and values in a text: the query of an address, what a driver is given to connect."""
MASK = "•••"
SHORTEST_SECRET = 4
"""A secret shorter than this is masked where it is given, not wherever it may occur."""
STRUCTURE = frozenset({"cell_type", "output_type", "tags", "id", "kernelspec", "nbformat", "nbformat_minor"})
"""Parts of a notebook that say what it is made of: nothing in them is a secret, and masked they would break it."""


def is_secret(name: str) -> bool:
    """Say whether a name says that its value is nobody's business.

    Examples
    --------
    >>> [is_secret(name) for name in ("api_key", "posthogToken", "db_password", "GITHUB_PAT", "key_events", "group_key", "path")]
    [True, True, True, True, False, False, False]
    """
    name = re.sub(r"\W", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name))
    return bool(SECRET.search(name)) and not NO_SECRET.match(name)


def secrets_in(name: str, value: Any) -> Iterator[str]:
    """Give the secrets in a parameter: all of it where it is named like one, else its parts that are, passwords in addresses too.

    Examples
    --------
    >>> list(secrets_in("limits", {"token": "SECRET", "n": [3]})), list(secrets_in("db", "postgres://ann:hid@den@host/x"))
    (['SECRET'], ['hid@den', 'hid'])
    """
    if is_secret(name):
        yield from leaves(value)
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from secrets_in(str(key), part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from secrets_in("", part)
    elif isinstance(value, str):
        for found in IN_ADDRESS.finditer(value):
            pieces = found[1].split("@")
            yield from ("@".join(pieces[:n]) for n in range(len(pieces), 0, -1))
        yield from (found[2].strip("'\"") for found in IN_PAIRS.finditer(value) if is_secret(found[1]))


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


NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
"""A secret that is one is no text that could be masked within JSON or Python: its parameter is masked whole."""


@dataclass(frozen=True)
class Masks:
    """What is masked of the parameters given.

    Parameters
    ----------
    names
        Parameters of which nothing is written down.
    texts
        What is masked wherever it occurs, the longest first.
    hidden
        Parameters that hold a secret.
    """

    names: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Masks:
        """Find the secrets."""
        found = {name: [text for text in secrets_in(name, value) if text] for name, value in given.items()}
        whole = {name for name, texts in found.items() if any(len(t) < SHORTEST_SECRET or NUMBER.fullmatch(t) for t in texts)}
        texts = {form for all_of in found.values() for t in all_of if len(t) >= SHORTEST_SECRET for form in forms(t)}
        return cls(
            names=tuple(name for name in given if is_secret(name) or name in whole),
            texts=tuple(sorted(texts, key=lambda t: (-len(t), t))),
            hidden=tuple(name for name, texts in found.items() if texts),
        )

    def text(self, said: str) -> str:
        """Mask secrets within a text."""
        for secret in self.texts:
            said = said.replace(secret, MASK)
        return said

    def notebook(self, notebook: Mapping[str, Any]) -> dict[str, Any]:
        """Give a notebook with the values of secrets masked: in the cell that sets them, and wherever else the text occurs."""
        from nbformat import from_dict

        if not self.hidden and not self.names:
            return from_dict(notebook)  # type: ignore[no-any-return]
        made: dict[str, Any] = from_dict(self._part(notebook))
        said = made["metadata"].get("papermill", {}).get("parameters", {})
        said.update({name: MASK for name in self.names if name in said})
        for cell in made["cells"]:
            if GIVEN in cell.get("metadata", {}).get("tags", ()):
                for name in self.names:
                    cell["source"] = re.sub(rf"(?m)^{re.escape(name)} = .*$", f'{name} = "{MASK}"', cell["source"])
        return made

    def _part(self, part: Any) -> Any:
        if isinstance(part, str):
            return self.text(part)
        if isinstance(part, Mapping):
            return {key: value if key in STRUCTURE else self._part(value) for key, value in part.items()}
        return [self._part(value) for value in part] if isinstance(part, (list, tuple)) else part


def forms(secret: str) -> set[str]:
    """Give a secret as it may stand in what a notebook holds: as it is, and as JSON, Python, HTML and addresses write it."""
    plain = {secret, urllib.parse.unquote(secret), urllib.parse.quote(secret, safe="")}
    written = {way(text) for text in plain for way in (html.escape, lambda t: json.dumps(t)[1:-1], lambda t: repr(t)[1:-1])}
    return {text for text in plain | written if len(text) >= SHORTEST_SECRET}
