"""A notebook that has run -> one HTML file that needs no network: pictures in the markup, made live by vega inlined once."""

from __future__ import annotations

import functools
import html
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from evkit.insights import theme
from evkit.insights.display import LAB_MIME
from evkit.insights.theme import FONT, GRID, INK

STYLE = """
:root { color-scheme: light dark; --ink: %(light_ink)s; --paper: #ffffff; --soft: #f5f7fa; --line: %(light_grid)s; }
@media (prefers-color-scheme: dark) { :root { --ink: %(dark_ink)s; --paper: #14181d; --soft: #1d232b; --line: %(dark_grid)s; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 %(font)s; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1, h2, h3 { line-height: 1.25; } h2 { margin-top: 2.2rem; }
figure { margin: 1rem 0; overflow-x: auto; } figure svg, figure canvas { max-width: 100%%; height: auto; }
pre { background: var(--soft); border: 1px solid var(--line); border-radius: 6px; padding: .7rem .9rem; overflow-x: auto; font-size: .85rem; }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
details { margin: .4rem 0; } summary { cursor: pointer; }
table { border: 0; border-collapse: collapse; width: max-content; max-width: 100%%; font-size: .88rem; margin: .8rem 0; display: block; overflow-x: auto; }
th, td { border: 0; border-bottom: 1px solid var(--line); padding: .28rem .7rem; text-align: right; } thead th { background: var(--soft); }
a { color: inherit; } footer { margin-top: 3rem; font-size: .85rem; }
""" % {"light_ink": INK["light"], "dark_ink": INK["dark"], "light_grid": GRID["light"], "dark_grid": GRID["dark"], "font": FONT}

LIVE = """
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const ink = { light: %(light)s, dark: %(dark)s };
function merged(a, b) {
  const made = { ...a };
  for (const key in b) made[key] = b[key] && typeof b[key] === "object" && !Array.isArray(b[key]) ? merged(made[key] || {}, b[key]) : b[key];
  return made;
}
async function draw() {
  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    const spec = JSON.parse(document.getElementById(figure.dataset.chart).textContent);
    spec.config = merged(ink[dark.matches ? "dark" : "light"], spec.config);
    try {
      const holder = document.createElement("div");
      await vegaEmbed(holder, spec, { actions: false, renderer: "svg" });
      const drawn = holder.querySelector("svg");
      if (drawn) { drawn.setAttribute("aria-hidden", "true"); figure.replaceChildren(holder); }
    } catch (error) { console.warn("the static picture stays:", error); }
  }
}
draw(); dark.addEventListener("change", draw);
"""


def page(notebook: Mapping[str, Any], *, title: str, live: bool = True) -> str:
    """Make the page of a notebook that has run.

    Parameters
    ----------
    notebook
        The notebook as JSON data.
    title
        The page's title.
    live
        Inline vega (0.9 MB), so that charts answer to hovering and clicking; without it they are pictures.

    Returns
    -------
    str
        HTML that asks for nothing from anywhere.
    """
    charts: list[str] = []
    body = "\n".join(part for cell in notebook["cells"] for part in cell_parts(cell, charts))
    if "<h1" not in body:
        body = f"<h1>{html.escape(title)}</h1>\n{body}"
    script = f"<script>(function(){{{vega()}\n{live_script()}}})()</script>" if live and charts else ""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{html.escape(title)}</title>\n<link rel="icon" href="data:,">\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n'
        f"</main>\n{''.join(charts)}\n{script}\n</body>\n</html>\n"
    )


def write(notebook: Mapping[str, Any], path: str | Path, *, title: str, live: bool = True) -> Path:
    """Write the page of a notebook that has run; give its path."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page(notebook, title=title, live=live), encoding="utf-8")
    return target


@functools.cache
def vega() -> str:
    """Give vega, vega-lite and vega-embed as one script; `</script` in it is escaped."""
    import vl_convert

    bundle = str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))
    return bundle.replace("</script", "<\\/script")


def live_script() -> str:
    """Give the script that makes the pictures live, in the theme of the page."""
    return LIVE % {"light": json.dumps(theme.config("light")), "dark": json.dumps(theme.config("dark"))}


# ---------------------------------------------------------------------- cells
def cell_parts(cell: Mapping[str, Any], charts: list[str]) -> Iterator[str]:
    """Give a cell's parts as HTML; the specifications of its charts are added to `charts`."""
    source = "".join(cell.get("source", ()))
    if cell["cell_type"] == "markdown":
        yield markdown(source)
    elif cell["cell_type"] == "code":
        if source.strip() and "parameters-injected" not in cell.get("metadata", {}).get("tags", ()):
            yield f"<details><summary>Code</summary><pre><code>{html.escape(source)}</code></pre></details>"
        for output in cell.get("outputs", ()):
            yield output_html(output, charts)


def markdown(text: str) -> str:
    """Give Markdown as HTML; HTML inside it is escaped."""
    import mistune

    return str(mistune.create_markdown(escape=True, plugins=["table"])(text))


def output_html(output: Mapping[str, Any], charts: list[str]) -> str:
    """Give one output: a chart, a table, text or an error."""
    if output["output_type"] == "stream":
        return f"<pre>{html.escape(''.join(output['text']))}</pre>"
    if output["output_type"] == "error":
        return f"<pre>{html.escape(plain(chr(10).join(output['traceback'])))}</pre>"
    data = {mime: "".join(value) if isinstance(value, list) else value for mime, value in output.get("data", {}).items()}
    if "image/svg+xml" in data:
        return figure(data, charts)
    if "text/html" in data:
        return without_scripts(data["text/html"])
    return f"<pre>{html.escape(str(data.get('text/plain', '')))}</pre>"


def figure(data: Mapping[str, Any], charts: list[str]) -> str:
    """Give a chart: its picture, described in words; its specification beside it, to make it live."""
    name = f"chart-{len(charts) + 1}"
    words = html.escape(str(data.get("text/plain", "A chart")), quote=True)
    if LAB_MIME in data:
        said = {k: v for k, v in data[LAB_MIME].items() if k != "$schema"}
        said["config"] = theme.own(said.get("config", {}), theme.config("auto"))
        charts.append(f'<script type="application/json" id="{name}">{json.dumps(said).replace("<", chr(92) + "u003c")}</script>')
    marked = f' data-chart="{name}"' if LAB_MIME in data else ""
    drawn = re.sub(r"<svg ", '<svg aria-hidden="true" ', data["image/svg+xml"], count=1)
    return f'<figure role="img" aria-label="{words}"{marked}>{drawn}</figure>'


def without_scripts(text: str) -> str:
    """Leave scripts out of an output's HTML: what is live here is only ours."""
    return re.sub(r"(?is)<script\b.*?</script\s*>", "", text)


def plain(text: str) -> str:
    """Leave out the colour codes of a terminal."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
