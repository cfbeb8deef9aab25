"""A notebook that has run -> the page of it: Markdown, pictures, tables, texts and errors; code and rules folded."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from evkit import markup
from evkit.report.page import CHART, PICTURE, Body, document, moment, scrolled, version, write_text
from evkit.report.safe import cleaned
from evkit.report.warned import Warned, parted, plain, warned

WIDGET = "application/vnd.jupyter.widget-view+json"
IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
NO_WORDS = re.compile(r"<[^>]*( at 0x|Figure size|Image object|SVG object)")
"""What Python says of an object that has no words for itself."""
PARAMETERS, GIVEN, MARKER = "parameters", "injected-parameters", "papermill-error-cell-tag"
"""Tags of papermill's: the cell of defaults, the cell of what was given, its own notes about an error."""
FAILED_AT = "failed-cell"
FAILED_BANNER = '<section class="failed" role="alert">'
"""Stands in the page of a run that failed, and in no other."""
REMOVED = {part: f"remove-{part}" for part in ("cell", "input", "output")}
"""Tags of Jupyter's pages: what is not for readers."""


class NotPlain(Exception):
    """A text is more than paragraphs."""


def page(
    notebook: Mapping[str, Any],
    *,
    title: str,
    live: bool = True,
    failed: str | None = None,
    failed_cell: int | None = None,
    before: str | None = None,
    made: dt.datetime | None = None,
    about: str = "",
) -> str:
    """Make the page of a notebook that has run.

    Parameters
    ----------
    notebook
        The notebook as JSON data.
    title
        The page's title, where the notebook begins with none.
    live
        Inline vega (0.9 MB), so that charts answer to hovering and clicking; without it they are pictures.
    failed, failed_cell
        What went wrong, in words, and the index among `cells` of where; the page says so before anything else.
    before
        The name of the page beside it that was whole.
    made
        When it was made, for the foot of the page.
    about
        What else the foot says.

    Returns
    -------
    str
        HTML that asks for nothing from anywhere. What evkit warned of is said before anything else, then once more where it was.
        A cell tagged "remove-cell", "remove-input" or "remove-output" is shown without what the tag names; warnings and errors stay.
    """
    body = Body(live=live)
    parts: list[str] = []
    for i, cell in enumerate(notebook["cells"]):
        made_of = list(cell_parts(cell, body))
        parts += [f'<section id="{FAILED_AT}">', *made_of, "</section>"] if i == failed_cell else made_of
    main = "\n".join(parts)
    if "<h1" not in main:
        main = f"<h1>{html.escape(title)}</h1>\n{main}"
    said = [f"Made {moment(made)}" if made else "Made", f"by evkit {version()}", about]
    foot = f"<footer>{html.escape(' '.join(part for part in said if part))}.</footer>" if made or about else ""
    named = f"Failed: {title}" if failed else title
    return document(named, "\n".join([banner(failed, failed_cell, before), notes(warned(notebook)), main, foot]), body, kind="notebook")


def write(notebook: Mapping[str, Any], path: str | Path, *, title: str, live: bool = True) -> Path:
    """Write the page of a notebook that has run; give its path."""
    return write_text(Path(path), page(notebook, title=title, live=live))


def notes(said: Sequence[Warned]) -> str:
    """Say what was warned of, before anything else: in red where figures are not what was asked for."""
    if not said:
        return ""
    listed = "".join(f"<li>{html.escape(one.said)}</li>" for one in said)
    kind, head = ("failed", "These figures may not be what you think.") if said[0].is_wrong else ("noted", "Before you read the figures:")
    return f'<section class="{kind}" role="note"><p><strong>{head}</strong></p><ul>{listed}</ul></section>'


def banner(failed: str | None, cell: int | None, before: str | None = None) -> str:
    """Say that the run failed, and lead to the cell and to the page before; nothing where it didn't."""
    if not failed:
        return ""
    link = f' <a href="#{FAILED_AT}">To the cell</a>' if cell is not None else ""
    kept = f' The last report that was whole: <a href="./{quote(before)}">{html.escape(before)}</a>.' if before else ""
    return (
        f"{FAILED_BANNER}<p><strong>This report is not complete.</strong> {html.escape(failed)}{link}</p>"
        f"<p>What was made before is below; nothing after that was run.{kept}</p></section>"
    )


# ---------------------------------------------------------------------- cells
def cell_parts(cell: Mapping[str, Any], body: Body) -> Iterator[str]:
    """Give a cell's parts as HTML."""
    source, tags = joined(cell.get("source", "")), cell.get("metadata", {}).get("tags", ())
    gone = REMOVED["cell"] in tags
    if MARKER in tags:
        return
    if cell["cell_type"] == "markdown":
        yield "" if gone else markdown(source, cell.get("attachments", {}))
    elif cell["cell_type"] == "code":
        if source.strip() and not gone and REMOVED["input"] not in tags:
            name = "Parameters given" if GIVEN in tags else "Parameters" if PARAMETERS in tags else "Code"
            yield f'<div class="code">{markup.folded(name, f"<pre><code>{html.escape(source)}</code></pre>")}</div>'
        for output in cell.get("outputs", ()):
            if not (gone or REMOVED["output"] in tags) or output["output_type"] == "error" or output.get("name") == "stderr":
                yield output_html(output, body)


def failed(cell: Mapping[str, Any]) -> bool:
    """Say whether a cell of code ended in an error that it was not expected to end in."""
    return error_of(cell) is not None


def error_of(cell: Mapping[str, Any]) -> tuple[str, str] | None:
    """Give the name and the words of the error that a cell ended in, or that something it shows failed by; None where that was expected."""
    if "raises-exception" in cell.get("metadata", {}).get("tags", ()):
        return None
    errors = [(o.get("ename", ""), o.get("evalue", "")) for o in cell.get("outputs", ()) if o["output_type"] == "error"]
    return next((error for error in errors if not ends_itself(*error)), None)


def ends_itself(name: str, message: str) -> bool:
    """Say whether an error is a notebook's own end, no failure: ``sys.exit(0)``, as papermill sees it.

    Examples
    --------
    >>> ends_itself("SystemExit", "0"), ends_itself("SystemExit", "1"), ends_itself("ValueError", "")
    (True, False, False)
    """
    return name == "SystemExit" and message in ("", "0", "None")


def joined(text: Any) -> str:
    """Give text that a notebook may hold as a list of lines."""
    return "".join(text) if isinstance(text, (list, tuple)) else str(text)


def markdown(text: str, attachments: Mapping[str, Mapping[str, Any]] | None = None) -> str:
    r"""Give Markdown as HTML; HTML inside it is escaped, pictures are those that are inside the notebook.

    Examples
    --------
    >>> markdown("**7** <img src=x>")
    '<p><strong>7</strong> &lt;img src=x&gt;</p>\n'
    """
    import mistune

    for name, data in (attachments or {}).items():
        kind = next((k for k in data if k in IMAGES), None)
        text = text.replace(f"attachment:{name}", f"data:{kind};base64,{''.join(joined(data[kind]).split())}") if kind else text
    return cleaned(str(mistune.create_markdown(escape=True, plugins=["table", "strikethrough"])(text)))


def paragraphs(text: str) -> str:
    """Give the words of Markdown that is nothing but paragraphs, without marks; nothing of what has lists, links, tables, pictures.

    Examples
    --------
    >>> paragraphs("Does it **grow**?"), paragraphs("- one"), paragraphs("[here](https://e.com)")
    ('Does it grow?', '', '')
    """
    import mistune

    def words(tokens: list[dict[str, Any]]) -> Iterator[str]:
        for token in tokens:
            if token["type"] in ("paragraph", "strong", "emphasis", "strikethrough"):
                yield from (*words(token["children"]), " " if token["type"] == "paragraph" else "")
            elif token["type"] in ("text", "codespan"):
                yield token["raw"]
            elif token["type"] in ("softbreak", "linebreak", "blank_line"):
                yield " "
            else:
                raise NotPlain

    try:
        return " ".join("".join(words(mistune.create_markdown(renderer="ast", plugins=["table", "strikethrough"])(text))).split())  # type: ignore[arg-type]
    except NotPlain:
        return ""


def output_html(output: Mapping[str, Any], body: Body) -> str:
    """Give one output: a chart, a picture, a table, text or an error."""
    if output["output_type"] == "stream":
        of_errors = output.get("name") == "stderr"
        text = plain(joined(output["text"]))
        return "".join(printed(part, "stderr" if of_errors else "stdout") for part in (parted(text) if of_errors else [text]))
    if output["output_type"] == "error":
        lines = output.get("traceback") or [f"{output.get('ename')}: {output.get('evalue')}"]
        return f'<pre class="error">{html.escape(plain(chr(10).join(lines)))}</pre>'
    data = {mime: joined(v) if isinstance(v, list) else v for mime, v in output.get("data", {}).items()}
    return shown(data, output.get("metadata", {}), body)


def printed(part: str | Warned, kind: str) -> str:
    """Give what a cell printed: a warning of evkit's as a sentence, without the file that it came from."""
    if isinstance(part, Warned):
        return f'<p class="note"><strong>Note:</strong> {html.escape(part.said)}</p>'
    return f'<pre class="{kind}">{html.escape(part)}</pre>' if part.strip() else ""


def shown(data: Mapping[str, Any], about: Mapping[str, Any], body: Body) -> str:
    """Give what shows best, of what Jupyter was given; of a widget, the picture that stands for it."""
    text = str(data.get("text/plain", ""))
    if PICTURE in data and CHART in data:
        return body.figure(data)
    image = next((kind for kind in IMAGES if kind in data), None)
    if image:
        return picture(f"data:{image};base64,{''.join(str(data[image]).split())}", text, about.get(image, {}))
    if PICTURE in data:
        import base64

        return picture(f"data:{PICTURE};base64,{base64.b64encode(str(data[PICTURE]).encode()).decode()}", text, {})
    if data.get("text/html"):
        made = cleaned(str(data["text/html"]))
        return scrolled(made, "Table") if "<table" in made and "tabindex" not in made else made
    if "text/markdown" in data:
        return markdown(str(data["text/markdown"]))
    if WIDGET in data:
        return '<p class="note">Here is a control that works in a running notebook; it left no picture of itself.</p>'
    return f"<pre>{html.escape(plain(text))}</pre>" if text.strip() else ""


def picture(address: str, words: str, about: Mapping[str, Any]) -> str:
    """Give a picture that is inside the page, as large as the notebook says."""
    said = "A picture without a description" if not words or NO_WORDS.search(words) else plain(words)
    sizes = "".join(f' {side}="{int(about[side])}"' for side in ("width", "height") if isinstance(about.get(side), (int, float)))
    return f'<p><img src="{address}" alt="{html.escape(said)}"{sizes}></p>'
