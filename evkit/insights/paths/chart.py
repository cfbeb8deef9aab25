"""How paths are drawn: a column of items a step, bands between them as thick as they are often taken."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import altair as alt
import pandas as pd

from evkit.insights import theme
from evkit.insights.display import Chart, layer, nothing
from evkit.insights.funnel.chart import span
from evkit.insights.paths.figures import called
from evkit.insights.paths.spec import HIDDEN, Paths

COLUMN, LABEL = 182, 170
"""Pixels from a column to the next, and what of it a label may fill."""
BAR, SLOT, GAP, HEAD = 9, 17, 7, 26
"""Pixels: the width of an item, the least height it takes with its label, what is between two, the heads of the columns."""
FULL = 300
"""Pixels: the height of the fullest column's items together."""
LETTERS = 20
"""A label is cut to so many characters."""
POINTS = 12
"""A band is drawn through so many points and one."""
MOST_SAID = 12
ADDRESS = re.compile(r"^[a-z][a-z0-9+.-]*://([^/?#]*)(.*)$", re.IGNORECASE | re.DOTALL)


@dataclass
class Node:
    """An item at its place: where it is drawn, and how much of it is taken by bands already."""

    step: int
    item: str
    entered: int = 0
    left: int = 0
    top: float = 0.0
    used_in: float = 0.0
    used_out: float = 0.0
    sources: list[tuple[int, str]] = field(default_factory=list)

    @property
    def value(self) -> int:
        """How often it is in the edges that are drawn."""
        return max(self.entered, self.left)

    @property
    def x(self) -> int:
        """Where its column is."""
        return (self.step - 1) * COLUMN


Nodes = dict[tuple[int, str], Node]


def chart(spec: Paths, frame: pd.DataFrame, *, now: dt.datetime | None = None) -> Any:
    """Draw paths: hover over a band to see it stand out and what it says, over an item to see how many came and went on.

    Parameters
    ----------
    now
        Not needed: paths have no time.
    """
    if frame.empty:
        return nothing("Nobody took such a path.").properties(title=spec.title, description=describe(spec, frame))
    nodes, scale = laid_out(frame)
    names = short_names(sorted({node.item for node in nodes.values()}))
    width = (max(node.step for node in nodes.values()) - 1) * COLUMN + LABEL + BAR
    height = max(node.top + max(node.value * scale, SLOT) for node in nodes.values())
    drawn = layer(*marks(spec, frame, nodes, scale, names, (width, height)))
    title = {"text": spec.title, "subtitle": kept_in_words(frame)}
    return drawn.properties(title=title, description=describe(spec, frame), width=width, height=height)


def kept_in_words(frame: pd.DataFrame) -> str:
    """Say how many of the edges are drawn."""
    there = int(frame.attrs.get("edges", len(frame)))
    said = f"{len(frame):,} edge{'s' if len(frame) != 1 else ''}"
    return said if there <= len(frame) else f"{said} of the {there:,} there are, the most frequent"


# ---------------------------------------------------------------------- layout
def laid_out(frame: pd.DataFrame) -> tuple[Nodes, float]:
    """Place the items, and give how many pixels one time an edge is taken has."""
    nodes: Nodes = {}
    for row in frame.itertuples():
        source = nodes.setdefault((row.step, row.source), Node(row.step, row.source))
        target = nodes.setdefault((row.step + 1, row.target), Node(row.step + 1, row.target))
        source.left += row.value
        target.entered += row.value
        target.sources.append((row.value, row.source))
    columns: dict[int, list[Node]] = {}
    for node in nodes.values():
        columns.setdefault(node.step, []).append(node)
    scale = FULL / max(sum(node.value for node in column) for column in columns.values())
    for step in sorted(columns):
        top = float(HEAD)
        for node in sorted(columns[step], key=lambda node: (level(node, nodes), -node.value, node.item)):
            node.top = top
            top += max(node.value * scale, SLOT) + GAP
    return nodes, scale


def level(node: Node, nodes: Nodes) -> float:
    """Give how far down the sources of an item are on average, so that bands cross little; most frequent first at the beginning."""
    total = sum(value for value, _ in node.sources)
    if not total:
        return float(-node.value)
    return sum(value * nodes[node.step - 1, source].top for value, source in node.sources) / total


def bands(frame: pd.DataFrame, nodes: Nodes, scale: float) -> list[dict[str, Any]]:
    """Give the outlines of the bands: a row a point, in order."""
    rows = sorted(frame.itertuples(), key=lambda r: (r.step, nodes[r.step, r.source].top, nodes[r.step + 1, r.target].top))
    arrivals = sorted(rows, key=lambda r: (r.step, nodes[r.step + 1, r.target].top, nodes[r.step, r.source].top))
    starts, ends = {}, {}
    for row in rows:
        source = nodes[row.step, row.source]
        starts[row.Index] = source.top + source.used_out
        source.used_out += row.value * scale
    for row in arrivals:
        target = nodes[row.step + 1, row.target]
        ends[row.Index] = target.top + target.used_in
        target.used_in += row.value * scale
    made = []
    for row in rows:
        thick = max(row.value * scale, 1.0)
        said = {
            "edge": f"{row.step}_{row.source} {row.step + 1}_{row.target}",
            "source": called(row.source), "target": called(row.target), "steps": f"{row.step} to {row.step + 1}", "value": int(row.value),
            "took": span(row.average_conversion_seconds) or "no time", "row": int(row.Index),
        }  # fmt: skip
        low, high = nodes[row.step, row.source].x + BAR, nodes[row.step + 1, row.target].x
        for i in range(POINTS + 1):
            share = i / POINTS
            y = starts[row.Index] + (ends[row.Index] - starts[row.Index]) * share * share * (3 - 2 * share)
            made.append({**said, "x": round(low + (high - low) * share, 1), "y": round(y, 1), "y2": round(y + thick, 1)})
    return made


def items(spec: Paths, nodes: Nodes, scale: float, names: dict[str, str]) -> list[dict[str, Any]]:
    """Give the items as rows: where they are drawn, how they are called."""
    ends = {spec.start, spec.end} - {None}
    made = []
    for node in nodes.values():
        high = max(node.value * scale, 2.0)
        kind = "hidden" if node.item == HIDDEN else "point" if node.item in ends else "item"
        made.append(
            {
                "node": f"{node.step}_{node.item}", "item": called(node.item), "label": names[node.item], "step": node.step, "value": node.value,
                "entered": node.entered, "left": node.left, "kind": kind, "x": node.x, "x2": node.x + BAR, "y": round(node.top, 1),
                "y2": round(node.top + high, 1), "middle": round(node.top + max(high, SLOT) / 2 if high > SLOT else node.top + high / 2, 1),
            }
        )  # fmt: skip
    return made


# ---------------------------------------------------------------------- names
def short_names(found: list[str]) -> dict[str, str]:
    """Give labels that fit: addresses of one host without it, long texts cut in the middle, or at the beginning where that tells them apart.

    Examples
    --------
    >>> list(short_names(["https://a.example", "https://a.example/pricing", "signed_up"]).values())
    ['/', '/pricing', 'signed_up']
    """
    addresses = {item: match for item in found if (match := ADDRESS.match(item))}
    one_host = len({match[1] for match in addresses.values()}) == 1
    made: dict[str, str] = {}
    for item in found:
        match = addresses.get(item)
        bare = called(item) if match is None else (match[2] or "/") if one_host else match[1] + match[2]
        made[item] = cut(" ".join(bare.split()) or repr(item))
    often = Counter(made.values())
    return {item: cut(called(item), tail=True) if often[label] > 1 else label for item, label in made.items()}


def cut(text: str, *, tail: bool = False) -> str:
    """Cut a text that is too long, in the middle, or so that its end stays.

    Examples
    --------
    >>> cut("/films/a-very-long-name-of-a-film/play")
    '/films/a-v…film/play'
    """
    if len(text) <= LETTERS:
        return text
    head = 2 if tail else LETTERS // 2
    return f"{text[:head]}…{text[len(text) - (LETTERS - head - 1) :]}"


# ---------------------------------------------------------------------- marks
def marks(
    spec: Paths, frame: pd.DataFrame, nodes: Nodes, scale: float, names: dict[str, str], size: tuple[float, float]
) -> list[Any]:  # fmt: skip
    """Give the layers: heads, bands, items, labels."""
    flows, boxes = bands(frame, nodes, scale), items(spec, nodes, scale, names)
    told = hashlib.sha1(json.dumps([flows, boxes], default=str).encode()).hexdigest()[:12]
    band = alt.selection_point(name=f"band_{told}", on="pointerover", clear="pointerout", fields=["edge"], empty=False)
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, size[0]], nice=False, zero=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[size[1], 0], nice=False, zero=False))
    seen = alt.condition(band, alt.value(0.8), alt.value(0.26), empty=False)  # one selection: of two layers Altair mixes up the views
    flow = (
        Chart(alt.InlineData(values=flows))
        .mark_area(color=theme.CATEGORIES[0], interpolate="linear")
        .encode(x=x, y=y, y2="y2:Q", detail="edge:N", opacity=seen, tooltip=tooltips_of_bands())
        .add_params(band)
    )
    base = Chart(alt.InlineData(values=boxes))
    color = alt.Color(
        "kind:N", legend=None, scale=alt.Scale(domain=["item", "point", "hidden"], range=[theme.CATEGORIES[0], theme.CATEGORIES[1], theme.QUIET])
    )  # fmt: skip
    box = base.mark_rect(cornerRadius=2).encode(x=x, x2="x2:Q", y=y, y2="y2:Q", color=color, tooltip=tooltips_of_items())
    at = {"y": alt.Y("middle:Q", axis=None), "x": alt.X("x2:Q", axis=None), "tooltip": tooltips_of_items()}
    label = (
        base.transform_calculate(said="datum.label + '  ' + format(datum.value, ',')")
        .mark_text(align="left", baseline="middle", dx=5, fontSize=11, limit=LABEL)
        .encode(text="said:N", **at)
    )
    steps = sorted({node.step for node in nodes.values()})
    heads = [{"x": (step - 1) * COLUMN, "y": 6, "head": f"step {step}"} for step in steps]
    head = (
        Chart(alt.InlineData(values=heads))
        .mark_text(align="left", baseline="middle", fontSize=11, opacity=0.7)
        .encode(x=x, y=y, text="head:N")
    )
    return [head, flow, box, label]


def tooltips_of_bands() -> list[alt.Tooltip]:
    """Give what hovering over a band says."""
    return [
        alt.Tooltip("source:N", title="from"), alt.Tooltip("target:N", title="to"), alt.Tooltip("steps:N", title="steps"),
        alt.Tooltip("value:Q", title="taken", format=","), alt.Tooltip("took:N", title="average time"),
    ]  # fmt: skip


def tooltips_of_items() -> list[alt.Tooltip]:
    """Give what hovering over an item says."""
    return [
        alt.Tooltip("item:N"), alt.Tooltip("step:Q"), alt.Tooltip("entered:Q", title="came here (edges shown)", format=","),
        alt.Tooltip("left:Q", title="went on (edges shown)", format=","),
    ]  # fmt: skip


# ---------------------------------------------------------------------- words
def describe(spec: Paths, frame: pd.DataFrame) -> str:
    """Say in words what the chart shows."""
    if frame.empty:
        return f"{spec.title}: nobody took such a path."
    said = [f"{spec.title}: {kept_in_words(frame)}."]
    for row in frame.head(MOST_SAID).itertuples():
        said.append(f"Step {row.step} to {row.step + 1}: {called(row.source)} to {called(row.target)} {row.value:,}.")
    return " ".join(said)
