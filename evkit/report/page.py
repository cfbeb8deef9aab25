"""One HTML file that needs no network: pictures in the markup, made live by vega inlined once, in the reader's theme."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import html
import json
import os
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from evkit.insights import theme, vega
from evkit.insights.display import LAB_MIME
from evkit.insights.theme import FONT, GRID, INK

CHART, PICTURE = LAB_MIME, "image/svg+xml"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src %s; base-uri 'none'; form-action 'none'"
"""What a browser lets the page do: show itself. Nothing is asked of anywhere; no script runs but ours, named by its hash.

'unsafe-eval' is for vega, which compiles the expressions of charts: its interpreter draws no labels on axes with given values.
"""


class Body:
    """What is collected while a page is written: the specifications of its charts.

    Parameters
    ----------
    live
        Whether charts will be made live; else only their pictures are kept.
    """

    def __init__(self, *, live: bool = True) -> None:
        self.live = live
        self.charts: list[str] = []

    def figure(self, data: Mapping[str, Any]) -> str:
        """Give a chart, described in words: its picture; its specification is kept beside it, to make it live.

        Parameters
        ----------
        data
            What Jupyter shows of a chart (`insights.display.bundle`).
        """
        name = f"chart-{len(self.charts) + 1}"
        words = html.escape(str(data.get("text/plain") or "A chart without a description"))
        is_live = self.live and CHART in data
        if is_live:
            said = {k: v for k, v in data[CHART].items() if k != "$schema"}
            said["config"] = theme.own(said.get("config", {}), theme.config("auto"))
            self.charts.append(f'<script type="application/json" id="{name}">{in_script(json.dumps(said))}</script>')
        marked = f' data-chart="{name}"' if is_live else ""
        drawn = re.sub(r"<svg ", '<svg aria-hidden="true" ', str(data[PICTURE]), count=1)
        return f'<figure role="img" aria-label="{words}"{marked}>{drawn}</figure>'


def document(title: str, main: str, body: Body, *, kind: str) -> str:
    """Put a page together.

    Parameters
    ----------
    title
        For the browser's tab.
    main
        The HTML of what is shown.
    body
        What was collected while that was written.
    kind
        A word for the page's own style: "notebook" or "dashboard".

    Returns
    -------
    str
        HTML that asks for nothing from anywhere.
    """
    script = f"(function(){{{vega.script()}\n{live_script()}}})()" if body.charts else ""
    allowed = f"'unsafe-eval' 'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" if script else "'none'"
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY % allowed}">\n<meta name="generator" content="evkit {version()}">\n'
        f'<title>{html.escape(title)}</title>\n<link rel="icon" href="data:,">\n<style>{style()}</style>\n</head>\n<body class="{kind}">\n'
        f"<main>\n{main}\n</main>\n{''.join(body.charts)}\n{f'<script>{script}</script>' if script else ''}\n</body>\n</html>\n"
    )


def write_text(path: Path, text: str) -> Path:
    """Write a file whole or not at all: who reads it meanwhile sees the one before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def writable(folder: Path) -> None:
    """Raise `OSError` for a folder in which no file can be written; make it where it isn't there."""
    folder.mkdir(parents=True, exist_ok=True)
    tried = folder / f".evkit.{os.getpid()}"
    tried.touch()
    tried.unlink()


# ---------------------------------------------------------------------- parts
def scrolled(inside: str, label: str) -> str:
    """Put what may be wider than the page into a part that scrolls; the keyboard reaches it."""
    return f'<div class="scroll" role="group" tabindex="0" aria-label="{html.escape(label)}">{inside}</div>'


def moment(time: dt.datetime) -> str:
    """Write a time for people, with its zone."""
    return f"{time.day} {time:%B %Y, %H:%M} {getattr(time.tzinfo, 'key', None) or time.tzname() or ''}".strip()


def version() -> str:
    """Give the version of evkit."""
    from evkit import __version__

    return __version__


def style() -> str:
    """Give the style of our pages, with the theme's ink."""
    text = resources.files("evkit.report").joinpath("page.css").read_text(encoding="utf-8")
    named = {"light-ink": INK["light"], "dark-ink": INK["dark"], "light-grid": GRID["light"], "dark-grid": GRID["dark"], "font": FONT}
    for name, value in named.items():
        text = text.replace(f"%{name}%", value)
    return text


# ---------------------------------------------------------------------- scripts
def live_script() -> str:
    """Give the script that makes the pictures live, in the theme of the page."""
    text = resources.files("evkit.report").joinpath("page.js").read_text(encoding="utf-8")
    return text.replace('"%light%"', json.dumps(theme.config("light"))).replace('"%dark%"', json.dumps(theme.config("dark")))


def in_script(text: str) -> str:
    """Write JSON so that nothing in it can end the script element it stands in."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
