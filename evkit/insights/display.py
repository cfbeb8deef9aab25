"""How charts show themselves without a network: in JupyterLab live and in its own theme, everywhere else as a picture.

Altair 6 writes Vega-Lite 6, which JupyterLab doesn't know, and its default renderer loads scripts from far away. The
charts here are Altair's with one thing changed: they show as Vega-Lite 5 for the lab, SVG for the rest, words for those
who can't see either. Whatever is made from them (``a | b``, ``a.properties(width=480)``, ``a.facet(...)``) is one too.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import altair as alt

from evkit.insights import theme

C = TypeVar("C")
LAB_MIME = "application/vnd.vegalite.v5+json"
LAB_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
INK_MARK = "#0a0b0c"
"""Stands for the ink of the surrounding page until the picture is made."""


class Offline:
    """What our charts add to Altair's: they draw offline, and so does what is made from them."""

    description: Any

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        return bundle(self), {}

    def _ipython_display_(self) -> None:
        from IPython.display import publish_display_data

        publish_display_data(bundle(self))

    def __add__(self, other: Any) -> Any:
        return layer(self, other)

    def __radd__(self, other: Any) -> Any:
        return layer(other, self)

    def __or__(self, other: Any) -> Any:
        return hconcat(self, other)

    def __ror__(self, other: Any) -> Any:
        return hconcat(other, self)

    def __and__(self, other: Any) -> Any:
        return vconcat(self, other)

    def __rand__(self, other: Any) -> Any:
        return vconcat(other, self)

    def facet(self, *args: Any, **kwargs: Any) -> Any:
        """Part the chart into one for each value: Altair's `facet`."""
        return adopt(super().facet(*args, **kwargs))  # type: ignore[misc]

    def repeat(self, *args: Any, **kwargs: Any) -> Any:
        """Repeat the chart for several fields: Altair's `repeat`."""
        return adopt(super().repeat(*args, **kwargs))  # type: ignore[misc]

    def save(self, fp: Any, *args: Any, **kwargs: Any) -> None:
        """Write the chart to a file: Altair's `save`, an HTML page with all that it needs inside, so that it draws without a network."""
        if kwargs.get("format") == "html" or str(getattr(fp, "name", fp)).endswith((".html", ".htm")):
            kwargs.setdefault("inline", True)
        super().save(fp, *args, **kwargs)  # type: ignore[misc]

    def to_svg(self, mode: theme.Mode = "light") -> str:
        """Give the chart as an SVG picture.

        Parameters
        ----------
        mode
            "light" or "dark" ink; "auto" takes the ink of the page that the picture is put into.
        """
        return svg(self, mode)


class Chart(Offline, alt.Chart):
    """Altair's Chart, drawn offline."""


class LayerChart(Offline, alt.LayerChart):
    """Altair's LayerChart, drawn offline."""


class HConcatChart(Offline, alt.HConcatChart):
    """Altair's HConcatChart, drawn offline."""


class VConcatChart(Offline, alt.VConcatChart):
    """Altair's VConcatChart, drawn offline."""


class ConcatChart(Offline, alt.ConcatChart):
    """Altair's ConcatChart, drawn offline."""


class FacetChart(Offline, alt.FacetChart):
    """Altair's FacetChart, drawn offline."""


class RepeatChart(Offline, alt.RepeatChart):
    """Altair's RepeatChart, drawn offline."""


OURS: dict[type, type] = {
    alt.Chart: Chart,
    alt.LayerChart: LayerChart,
    alt.HConcatChart: HConcatChart,
    alt.VConcatChart: VConcatChart,
    alt.ConcatChart: ConcatChart,
    alt.FacetChart: FacetChart,
    alt.RepeatChart: RepeatChart,
}


def nothing(why: str) -> Any:
    """Give the chart of no figures: words in place of marks."""
    data = alt.InlineData(values=[{"why": why}])
    return Chart(data).mark_text(fontSize=14, align="left", x=0).encode(text="why:N").properties(width=theme.WIDTH, height=60)


def picked(field: str, rows: Any) -> Any:
    """Give a selection of one value of a field by the legend, named by the chart's data: charts beside each other keep their own.

    Parameters
    ----------
    rows
        The chart's data.
    """
    name = "pick_" + hashlib.sha1(json.dumps(rows, default=str).encode()).hexdigest()[:12]
    return alt.selection_point(name=name, fields=[field], bind="legend")


def adopt(chart: Any) -> Any:
    """Give one of Altair's charts as one of ours; a chart of ours as it is."""
    ours = OURS.get(type(chart))
    if ours is None:
        return chart
    made = copy.copy(chart)
    object.__setattr__(made, "__class__", ours)
    return made


def _adopting(make: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(make)
    def made(*charts: Any, **options: Any) -> Any:
        return adopt(make(*charts, **options))

    return made


def _beside(make: Callable[..., Any]) -> Callable[..., Any]:
    """Let each of the charts beside each other keep its own colours and legend."""

    @functools.wraps(make)
    def made(*charts: Any, **options: Any) -> Any:
        found = adopt(make(*charts, **options))
        return found.resolve_scale(color="independent") if "resolve" not in options else found

    return made


layer = _adopting(alt.layer)
hconcat = _beside(alt.hconcat)
vconcat = _beside(alt.vconcat)
concat = _beside(alt.concat)


# ---------------------------------------------------------------------- what is shown
Drawn = Any
"""A chart, or the Vega-Lite that one was written as: to write it takes longer than all else here."""


def written(chart: Drawn) -> dict[str, Any]:
    """Give a chart's Vega-Lite."""
    made: dict[str, Any] = dict(chart) if isinstance(chart, Mapping) else chart.to_dict()
    return made


def specification(chart: Drawn, mode: theme.Mode) -> dict[str, Any]:
    """Give a chart's Vega-Lite with the theme of a mode; what the user configured wins."""
    made = written(chart)
    return {**made, "config": theme.merged(theme.config(mode), own_config(made))}


def own_config(made: dict[str, Any]) -> dict[str, Any]:
    """Give the configuration that the user set: what differs from Altair's own default theme."""
    default = {"view": {"continuousWidth": 300, "continuousHeight": 300}}
    return {key: value for key, value in made.get("config", {}).items() if value != default.get(key)}


def bundle(chart: Drawn) -> dict[str, Any]:
    """Give what Jupyter shows: live for the lab, a picture, words. No HTML: the lab would take it first."""
    made = written(chart)
    lab = {**specification(made, "auto"), "$schema": LAB_SCHEMA}
    if has_texts(made):  # drawn as SVG they take the ink of the page; on a canvas they would be black
        lab["usermeta"] = theme.merged({"embedOptions": {"renderer": "svg"}}, made.get("usermeta", {}))
    return {LAB_MIME: lab, "image/svg+xml": svg(made, "auto"), "text/plain": words(made)}


def has_texts(said: dict[str, Any]) -> bool:
    """Say whether a specification, or one of the charts it is made of, has marks that are texts."""
    mark = said.get("mark")
    if mark == "text" or (isinstance(mark, dict) and mark.get("type") == "text"):
        return True
    parts = [part for key in ("layer", "hconcat", "vconcat", "concat") for part in said.get(key, ())]
    return any(map(has_texts, parts)) or ("spec" in said and has_texts(said["spec"]))


def words(chart: Drawn) -> str:
    """Give a chart in words: its description, else its title."""
    said = written(chart)
    return str(described(said) or said.get("title") or "A chart without a description")


def described(said: dict[str, Any]) -> str:
    """Give the description of a specification, or of the charts it is made of."""
    if said.get("description"):
        return str(said["description"])
    parts = [described(part) for key in ("hconcat", "vconcat", "concat", "layer") for part in said.get(key, ())]
    return " ".join(dict.fromkeys(p for p in [*parts, described(said["spec"]) if "spec" in said else ""] if p))


def svg(chart: Drawn, mode: theme.Mode) -> str:
    """Draw a chart as SVG; with mode "auto" its ink is that of the page around it."""
    import vl_convert

    said = written(chart)
    made = specification(said, "light" if mode == "auto" else mode)
    if mode == "auto":
        made["config"] = theme.merged(theme.on_any_page(marked(theme.config("light"))), own_config(said))
    drawn = str(vl_convert.vegalite_to_svg(made))
    return re.sub(rf"(?i){INK_MARK}", "currentColor", drawn) if mode == "auto" else drawn


def marked(config: Any) -> Any:
    """Put the mark in place of the ink."""
    if isinstance(config, dict):
        return {key: marked(value) for key, value in config.items()}
    return INK_MARK if config == theme.INK["light"] else config
