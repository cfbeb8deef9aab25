"""HTML without scripts, for things that show themselves in a notebook: every text escaped, colours those of the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

LINE = "border-bottom:1px solid var(--jp-border-color2,rgba(127,127,127,.4));"
CELL = f"text-align:left;vertical-align:top;padding:3px 12px 3px 0;{LINE}"
NUMBER = f"text-align:right;white-space:nowrap;vertical-align:top;padding:3px 12px 3px 0;font-variant-numeric:tabular-nums;{LINE}"
SOFT = "color:var(--jp-content-font-color2,inherit);"
PLAIN = 'class="tex2jax_ignore mathjax_ignore"'
"""Says to Jupyter that two names with a $ are no formula: on the outermost element of what shows itself."""
MOST_CHARACTERS = 300
"""A text that is longer is cut where it is one of many."""


def text(value: object) -> str:
    """Escape a text; a long one is cut.

    Examples
    --------
    >>> text("<img src=x>")
    '&lt;img src=x&gt;'
    """
    said = str(value)
    return escape(said if len(said) <= MOST_CHARACTERS else said[:MOST_CHARACTERS] + "\N{HORIZONTAL ELLIPSIS}")


def short(value: object, most: int = 60) -> str:
    """Cut a text that is too long for one line.

    Examples
    --------
    >>> short("a" * 100, most=5)
    'aaaaa\N{HORIZONTAL ELLIPSIS}'
    """
    said = str(value)
    return said if len(said) <= most else said[:most] + "\N{HORIZONTAL ELLIPSIS}"


def card(title: str, pairs: Iterable[tuple[str, object]], note: str = "") -> str:
    """Give a small table of names and values, under a title.

    Parameters
    ----------
    pairs
        Name and value; both are texts, escaped here.
    note
        A sentence below.
    """
    rows = "".join(
        f'<tr><th scope="row" style="{CELL}{SOFT}font-weight:normal">{text(k)}</th><td style="{CELL}">{text(v)}</td></tr>' for k, v in pairs
    )
    below = f'<div style="{SOFT}">{text(note)}</div>' if note else ""
    table_html = f'<table style="border-collapse:collapse;margin:2px 0"><tbody>{rows}</tbody></table>' if rows else ""
    return f'<div class="evkit-card tex2jax_ignore mathjax_ignore"><strong>{text(title)}</strong>{table_html}{below}</div>'


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[bool], *, caption: str, note: str = "") -> str:
    """Give a table of texts that scrolls where it is long.

    Parameters
    ----------
    numbers
        Which columns are numbers: they stand to the right.
    caption
        What it shows, for who can't see the page around it.
    """
    head = "".join(f'<th scope="col" style="{NUMBER if n else CELL}">{text(c)}</th>' for c, n in zip(columns, numbers, strict=True))
    body = "".join(
        "<tr>" + "".join(f'<td style="{NUMBER if n else CELL}">{text(v)}</td>' for v, n in zip(row, numbers, strict=True)) + "</tr>"
        for row in rows
    )
    below = f'<div style="{SOFT}">{text(note)}</div>' if note else ""
    scrolled = (
        f'<div style="max-height:340px;overflow:auto" tabindex="0" role="region" aria-label="{text(caption)}">'
        f'<table style="border-collapse:collapse"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )
    return f"<div {PLAIN}>{scrolled}{below}</div>"


@dataclass(frozen=True)
class Table:
    """Texts in rows and columns that show themselves.

    Parameters
    ----------
    caption
        What it shows.
    columns
        The heads.
    rows
        As many texts each as there are columns.
    numbers
        Which columns are numbers: they stand to the right.
    note
        A sentence below; alone where there is no row.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[bool, ...]
    note: str = ""

    def __repr__(self) -> str:
        wide = [max(len(row[i]) for row in (self.columns, *self.rows)) for i in range(len(self.columns))]
        lines = [
            "  ".join(t.rjust(w) if n else t.ljust(w) for t, w, n in zip(row, wide, self.numbers, strict=True)).rstrip()
            for row in (self.columns, *self.rows)
        ]
        return "\n".join([self.caption, *(lines if self.rows else []), *([self.note] if self.note else [])])

    def _repr_html_(self) -> str:
        if not self.rows:
            return f"<p {PLAIN}>{text(self.note)}</p>"
        return table(self.columns, self.rows, self.numbers, caption=self.caption, note=self.note)


def code(said: str) -> str:
    """Give Python as HTML."""
    return f"<pre><code>{escape(said)}</code></pre>"


def folded(title: str, inner: str) -> str:
    """Give HTML folded under a line that opens it."""
    return f"<details {PLAIN}><summary>{text(title)}</summary>{inner}</details>"


def bullets(items: Iterable[str]) -> str:
    """Give a list of sentences."""
    return f"<ul {PLAIN}>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"
