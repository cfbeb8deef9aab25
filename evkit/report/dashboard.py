"""Dashboard: insights side by side, in a notebook and as one HTML file that needs no network."""

from __future__ import annotations

import datetime as dt
import html
import textwrap
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import altair as alt

from evkit import markup
from evkit.errors import EvkitError, EvkitWarning, FailedTileWarning, SpecError, UnsupportedQuery, nearest, warn
from evkit.events import Events
from evkit.insights import display, theme
from evkit.insights.insight import Insight
from evkit.model.progress import Bar
from evkit.model.tables import EventTables
from evkit.posthog.nodes import kinds
from evkit.report import cells, page

MOST_COLUMNS = 4
WORDS_IN_LINE = 76
"""An error's words are broken into lines of about so many characters in the notebook's grid."""


@dataclass(frozen=True, eq=False)
class Tile:
    """One part of a dashboard: a question, or a text.

    Parameters
    ----------
    insight
        What is asked; None for a text alone.
    title
        The heading; the question's own where it is empty.
    text
        Markdown below the heading.
    """

    insight: Insight | None = None
    title: str = ""
    text: str = ""

    @classmethod
    def of(cls, value: Any) -> Tile:
        """Give a tile from itself, an Insight, a text (Markdown), or an Insight with its title and perhaps a text.

        Raises
        ------
        SpecError
            When it is none of these.
        """
        if isinstance(value, Tile):
            return value
        if isinstance(value, Insight):
            return cls(value)
        if isinstance(value, str):
            return cls(text=value)
        if isinstance(value, (tuple, list)) and 2 <= len(value) <= 3:
            insights = [v for v in value if isinstance(v, Insight)]
            texts = [v for v in value if isinstance(v, str)]
            if len(insights) == 1 and len(texts) == len(value) - 1:
                return cls(insights[0], *texts)
        raise SpecError(
            f"a tile of a dashboard is an Insight such as events.trends(...), a text, or (Insight, 'title') or (Insight, 'title', 'text'); "
            f"this is {type(value).__name__}: {str(value)[:80]}"
        )

    @property
    def heading(self) -> str:
        """The title: as given, else the question's own."""
        return self.title or (self.insight.spec.title if self.insight is not None else "")


def place_of(tile: Mapping[str, Any]) -> tuple[float, float]:
    """Give where a tile of PostHog's stands: its row, then its column."""
    at = (tile.get("layouts") or {}).get("sm") or {}
    return float(at.get("y") or 0), float(at.get("x") or 0)


def tile_of(given: Mapping[str, Any], tables: EventTables) -> list[Tile]:
    """Give a tile of PostHog's JSON, none for one that was taken away.

    Raises
    ------
    EvkitError
        When it is nothing that is answered here.
    """
    insight = given.get("insight")
    if given.get("deleted") or (insight or {}).get("deleted"):
        return []
    if insight is not None:
        if not insight.get("query"):
            raise UnsupportedQuery("it was saved in PostHog's old form. Open it there, and save it again")
        asked = kinds.insight(insight["query"], tables)
        return [Tile(asked, str(insight.get("name") or insight.get("derived_name") or ""), str(insight.get("description") or ""))]
    if given.get("text") is not None:
        return [Tile(text=str(given["text"].get("body") or ""))]
    raise UnsupportedQuery("it is neither an insight nor a text")


@dataclass
class Drawn:
    """What became of a tile: its chart, what stands below it (figures and rules, folded HTML) and what was warned of; or why there are none, in words."""

    tile: Tile
    chart: Any = None
    details: str = ""
    warned: list[str] = field(default_factory=list)
    error: str = ""


class Dashboard:
    """Insights side by side: a grid in a notebook, and one HTML file for everybody else.

    Last in a cell it draws itself: live in JupyterLab, a picture elsewhere. Each question is asked once. A question that
    fails says why in its place; the others are drawn.

    Parameters
    ----------
    title
        The heading.
    tiles
        Insights; `(insight, "title")` or `(insight, "title", "text")` name them; a plain text is Markdown across the page.
    columns
        How many stand side by side, where there is room.

    Examples
    --------
    >>> import evkit as ek
    >>> events = ek.load_sample()
    >>> plays = events.trends("movie_played", interval="week")
    >>> ek.Dashboard("Matinee", [(plays, "Films played"), events.funnel("$pageview", "user_signed_up")])
    <Dashboard 'Matinee': 2 insights, not asked yet>
    """

    def __init__(self, title: str, tiles: Iterable[Any], *, columns: int = 2) -> None:
        if not isinstance(title, str) or not title.strip():
            raise SpecError(f"a dashboard's title is a text: {title!r}. Write ek.Dashboard('Our week', [events.trends(...), ...])")
        if isinstance(tiles, (Insight, str)):
            raise SpecError(f"the tiles of a dashboard are a list: write ek.Dashboard({title!r}, [...]), also around one")
        if isinstance(columns, bool) or not isinstance(columns, int) or not 1 <= columns <= MOST_COLUMNS:
            raise SpecError(f"columns {columns!r}: give 1 to {MOST_COLUMNS}")
        self.title = title
        self.tiles = tuple(Tile.of(tile) for tile in tiles)
        self.columns = columns
        self._drawn: dict[int, Drawn] = {}
        if not self.tiles:
            raise SpecError("a dashboard of nothing: give at least one insight")

    @classmethod
    def saved(cls, events: Events, name: str, *, columns: int = 2) -> Dashboard:
        """Give a dashboard of a PostHog project, its insights asked of the events here.

        Parameters
        ----------
        events
            Of a project, from `ek.from_posthog`.
        name
            What it is called there.

        Raises
        ------
        SpecError
            When the project has no such dashboard, or nothing on it is answered here.

        Warns
        -----
        FailedTileWarning
            For a tile that is left out: SQL, a widget.
        """
        known = events.tables.settings.dashboards
        if name not in known:
            raise SpecError(f"no dashboard is called {name!r}.{nearest(name, known)} There are: {', '.join(known) or 'none'}")
        tiles: list[Any] = []
        for tile in sorted(known[name], key=place_of):
            try:
                tiles += tile_of(tile, events.tables)
            except EvkitError as error:
                warn(f"{(tile.get('insight') or {}).get('name') or 'a tile'} is left out: {error}", FailedTileWarning)
        if not tiles:
            raise SpecError(f"nothing on the dashboard {name!r} is answered here")
        return cls(name, tiles, columns=columns)

    def __repr__(self) -> str:
        count = sum(tile.insight is not None for tile in self.tiles)
        asked = sum(drawn.tile.insight is not None for drawn in self._drawn.values())
        known = "not asked yet" if not asked else "asked" if asked == count else f"{asked} of them asked"
        return f"<Dashboard {self.title!r}: {count} insight{'' if count == 1 else 's'}, {known}>"

    # ------------------------------------------------------------------ asking
    def draw(self) -> list[Drawn]:
        """Ask every question that was not asked yet; warn of those that fail, which are asked again next time."""
        made: list[Drawn] = []
        with Bar(f"drawing {self.title}") as bar:
            for i, tile in enumerate(self.tiles):
                bar(i, len(self.tiles))
                drawn = self._drawn.get(i) or drawn_of(tile)
                if drawn.error:
                    warn(f"{tile.heading}: {drawn.error}", FailedTileWarning)
                else:
                    self._drawn[i] = drawn
                made.append(drawn)
        return made

    # ------------------------------------------------------------------ in a notebook
    def chart(self) -> Any:
        """Give the insights as one Altair chart, a grid; plain texts stand under their titles, others are left out.

        Raises
        ------
        SpecError
            When there is no insight.
        """
        found = [drawn for drawn in self.draw() if drawn.tile.insight is not None]
        if not found:
            raise SpecError("this dashboard has texts only: there is nothing to chart")
        return grid(found, self.columns)

    def _ipython_display_(self) -> None:
        """Show the title, the texts and the grid, texts of tiles in it where they are paragraphs, then figures and rules, folded: outputs of their own, since HTML beside a chart would take its place."""
        from IPython.display import HTML, Markdown
        from IPython.display import display as show

        drawn = self.draw()
        show(HTML(f"<h2>{html.escape(self.title)}</h2>"))
        for is_chart, run in runs(drawn):
            if is_chart:
                show(grid(run, self.columns))
                for tile in (d.tile for d in run if d.tile.text and not beside(d)):
                    show(HTML(f"<strong>{html.escape(tile.heading)}</strong>{cells.markdown(tile.text)}"))
            else:
                for one in run:
                    show(Markdown(one.tile.text))
        show(HTML("".join(markup.folded(d.tile.heading, d.details) for d in drawn if d.details)))

    # ------------------------------------------------------------------ as a page
    def to_html(self, *, now: dt.datetime | None = None, live: bool = True) -> str:
        """Give the page.

        Parameters
        ----------
        now
            The clock: when the page says it was made.
        live
            Inline vega (0.9 MB), so that charts answer to hovering and clicking; without it they are pictures.

        Returns
        -------
        str
            HTML that asks for nothing from anywhere. Without JavaScript it has the charts as pictures, and the figures as
            tables of at most 200 rows.
        """
        drawn = self.draw()
        body = page.Body(live=live)
        clock = now if now is not None else dt.datetime.now(dt.UTC)
        tiles = "\n".join(tile_html(one, body) for one in drawn)
        lost = sum(bool(one.error) for one in drawn)
        failed = f'<p class="failed" role="alert"><strong>{lost} of {len(drawn)} parts failed:</strong> they say why.</p>' if lost else ""
        head = f"<header><h1>{html.escape(self.title)}</h1><p>Made {html.escape(page.moment(clock))} by evkit {page.version()}. {html.escape(self._newest())}</p></header>"
        main = f'{head}\n{failed}\n<div class="grid" style="--columns: {self.columns}">\n{tiles}\n</div>'
        return page.document(self.title, main, body, kind="dashboard")

    def save(self, path: str | Path, *, now: dt.datetime | None = None, live: bool = True) -> Path:
        """Write the page; give its path.

        Parameters
        ----------
        path
            Ends in .html; its folder is made where it isn't there.
        now, live
            As in `to_html`.

        Raises
        ------
        SpecError
            When the path doesn't end in .html.
        """
        target = Path(path)
        if target.suffix not in (".html", ".htm"):
            raise SpecError(
                f"{str(target)!r} does not end in .html, and one HTML page is what is written: name it {target.stem + '.html'!r}"
            )
        return page.write_text(target, self.to_html(now=now, live=live))

    def _newest(self) -> str:
        """Say how new the data is: a line each set of tables."""
        tables = {id(t.insight.tables.source): t.insight.tables for t in self.tiles if t.insight is not None}
        said = []
        for one in tables.values():
            try:
                newest = None if one.is_empty else one.last_event
            except Exception:  # the tiles say what is wrong with the data
                continue
            zone = one.settings.timezone
            said.append("There are no events." if newest is None else f"Newest event: {page.moment(newest.astimezone(ZoneInfo(zone)))}.")
        return " ".join(said)


# ---------------------------------------------------------------------- tiles
def drawn_of(tile: Tile) -> Drawn:
    """Ask a tile's question; an error becomes words, warnings are kept and given on."""
    if tile.insight is None:
        return Drawn(tile)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            drawn = Drawn(tile, tile.insight.chart(), tile.insight.details_html())
            drawn.warned = list(dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, UserWarning)))
        except Exception as error:
            drawn = Drawn(tile, error=f"{type(error).__name__}: {error}")
    for warning in caught:
        if issubclass(warning.category, EvkitWarning):
            warn(str(warning.message), warning.category)
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return drawn


def runs(drawn: Sequence[Drawn]) -> list[tuple[bool, list[Drawn]]]:
    """Give the tiles in order, parted into runs of charts and runs of texts."""
    made: list[tuple[bool, list[Drawn]]] = []
    for one in drawn:
        is_chart = one.tile.insight is not None
        if not made or made[-1][0] != is_chart:
            made.append((is_chart, []))
        made[-1][1].append(one)
    return made


def grid(drawn: Sequence[Drawn], columns: int) -> Any:
    """Put charts into a grid; one that failed says why in its place.

    Rows below each other: of Vega-Lite's `concat` with `columns`, vega 6 draws nothing in a page.
    """
    parts = [titled(one) for one in drawn]
    with warnings.catch_warnings():  # the same question twice is singled out by one click in both
        warnings.filterwarnings("ignore", message="Automatically deduplicated")
        rows = [display.hconcat(*parts[i : i + columns], spacing=36) for i in range(0, len(parts), columns)]
        made = display.vconcat(*rows, spacing=36)
    return made.properties(description=" ".join(f"{one.tile.heading}: {words_of(one)}" for one in drawn))


def titled(one: Drawn) -> Any:
    """Give a tile's chart under the tile's title."""
    if one.error:
        lines = textwrap.wrap(one.error, WORDS_IN_LINE)
        words = display.Chart(alt.InlineData(values=[{"why": "\n".join(lines)}])).mark_text(
            lineBreak="\n", align="left", x=0, y=14, fontSize=13
        )
        said = f"{one.tile.heading}: {one.error}"
        return words.encode(text="why:N").properties(
            title=one.tile.heading, width=theme.WIDTH, height=18 * len(lines) + 20, description=said
        )
    lines = beside(one)
    if not one.tile.title and not lines:
        return one.chart
    own = one.chart.to_dict().get("title")
    named: dict[str, Any] = own if isinstance(own, dict) else {"text": own or ""}
    under = named.get("subtitle", [])
    below = [*([under] if isinstance(under, str) else under), *lines]
    made = {**named, "text": one.tile.title or named["text"], **({"subtitle": below} if below else {})}
    return one.chart.properties(title=made if below or isinstance(own, dict) else made["text"])


def beside(one: Drawn) -> list[str]:
    """Give the lines of a tile's text that stand under its title, in the chart; none where it is more than paragraphs, or the chart failed."""
    said = "" if one.error or one.tile.insight is None else cells.paragraphs(one.tile.text)
    return textwrap.wrap(said, WORDS_IN_LINE)


def words_of(one: Drawn) -> str:
    """Say in words what a tile shows."""
    return one.error or (one.tile.insight.describe() if one.tile.insight is not None else "")


def tile_html(one: Drawn, body: page.Body) -> str:
    """Give a tile as a part of the page: heading, text, chart, figures and rules folded."""
    heading = f"<h2>{html.escape(one.tile.heading)}</h2>" if one.tile.heading else ""
    text = cells.markdown(one.tile.text) if one.tile.text else ""
    if one.tile.insight is None:
        return f'<section class="tile wide">{heading}{text}</section>'
    if one.error:
        return f'<section class="tile">{heading}{text}<pre class="error">{html.escape(one.error)}</pre></section>'
    warned = "".join(f'<p class="note"><strong>Note:</strong> {html.escape(said)}</p>' for said in one.warned)
    figure = body.figure(display.bundle(without_title(one.chart, one.tile.heading)))
    asked = f'<p class="note">{html.escape(about(one.tile.insight))}</p>'
    return f'<section class="tile">{heading}{text}{asked}{warned}{figure}{one.details}</section>'


def without_title(chart: Any, heading: str) -> Any:
    """Give a chart whose title the page says already without it; a subtitle stays."""
    own = chart.to_dict().get("title")
    if isinstance(own, dict):
        said = str(own.get("subtitle", ""))
        return chart.properties(title={"text": "" if said in heading else said, "fontWeight": "normal", "fontSize": 12})
    return chart.properties(title="")


def about(insight: Insight) -> str:
    """Say what days and which events a question is about."""
    from evkit.query.property_filters import in_words

    tables, dates, filters = insight.tables, insight.spec.date_range, getattr(insight.spec, "filters", None)
    try:
        period = tables.resolve(dates, interval="day")
        said = f"{'All the data, ' if dates is None else ''}{period.in_words}, {tables.settings.timezone}"
    except EvkitError:
        said = "No events"
    return f"{said}{f'; only events with {in_words(filters)}' if filters is not None and filters.values else ''}."
