"""What `evkit demo` does: the tour on the sample data, or on somebody's own file, told in the terminal and as one page."""

from __future__ import annotations

import glob
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import evkit as ek
from evkit.errors import DataError
from evkit.events import Events
from evkit.package_data import data_path
from evkit.report import cells, run

T = TypeVar("T")


class Teller:
    """Prints what was found, with the seconds that each thing took.

    Parameters
    ----------
    say
        Takes a line of text.
    """

    def __init__(self, say: Callable[[str], Any]) -> None:
        self.say = say

    def timed(self, name: str, make: Callable[[], T], told: Callable[[T], str]) -> T:
        """Do something, and tell what came out and how long it took."""
        started = time.perf_counter()
        made = make()
        self.say(f"{name:<26} {told(made)}   ({time.perf_counter() - started:.1f} s)")
        return made


def demo(
    events_file: str | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    timezone: str = "UTC",
    out: str | Path = "build/tour.html",
    say: Callable[[str], Any] = print,
) -> Path:
    """Run the tour; give the path of the page it wrote.

    Parameters
    ----------
    events_file
        A file of events of one's own (Parquet, CSV, JSON lines); None takes the sample data.
    columns, timezone
        For that file, as `ek.read` takes them.
    out
        Where the page goes.
    say
        Takes each line that is told.
    """
    started = time.perf_counter()
    teller = Teller(say)
    if events_file is None:
        events = ek.load_sample()
        steps: tuple[str, ...] = ("$pageview", "user_signed_up", "movie_played")
        say("Matinee, the sample data: twelve weeks of a small film-streaming service")
    else:
        events = ek.read(events_file, columns=columns, timezone=timezone)
        say(f"{events_file}")
        steps = events.suggested_funnel()
    tell(events, steps, teller)
    parameters: dict[str, Any] = {}
    if events_file is not None:
        files = glob.glob(events_file, recursive=True) or [events_file]
        parameters = {
            "events_files": sorted(str(Path(f).resolve()) for f in files),
            "columns": dict(columns or {}),
            "funnel_steps": list(steps),
            "timezone": timezone,
        }
    notebook = data_path("notebooks", "01_tour.ipynb" if events_file is None else "templates/own_events.ipynb")
    made = teller.timed(
        "the tour notebook", lambda: run.run(notebook, parameters), lambda n: f"{sum(c.cell_type == 'code' for c in n['cells'])} cells ran"
    )
    target = cells.write(made, out, title="evkit: a tour" if events_file is None else f"evkit: {Path(events_file).name}")
    say(f"{'all of it':<26} {time.perf_counter() - started:.1f} s")
    say(f"\nOne page, no network needed: {target}")
    return target


def tell(events: Events, steps: tuple[str, ...], teller: Teller) -> None:
    """Tell what is in the events: their number, the people, the groups, a trend and a funnel."""
    report = teller.timed(
        "events", lambda: events.load_report, lambda r: f"{r.events:,} ({r.duplicates:,} sent twice, {r.rejected_count:,} unreadable)"
    )
    if report.events == 0:
        raise DataError("there are no events in it, so there is nothing to ask")
    teller.timed("distinct ids", events.distinct_ids, lambda n: f"{n:,} before merging")
    teller.timed("people", events.people, lambda n: f"{n:,} after merging")
    teller.timed("persons with a profile", events.persons, lambda p: f"{len(p):,}")
    teller.timed(
        "groups", lambda: events.groups(), lambda g: ", ".join(f"{n:,} {kind}" for kind, n in g.type.value_counts().items()) or "none"
    )
    event = steps[-1]
    trend = teller.timed(f"{event} by week", lambda: events.trends(event, interval="week").to_pandas(), lambda t: f"{len(t)} weeks")
    for row in trend.tail(4).itertuples():
        teller.say(f"    week of {row.bucket:%d %b %Y}   {row.value:>8,.0f} {bar(row.value, trend.value.max())}")
    if len(steps) > 1:
        funnel = teller.timed("funnel, 14 days", lambda: events.funnel(*steps, window="14 days").to_pandas(), lambda f: f"{len(f)} steps")
        for row in funnel.itertuples():
            teller.say(f"    {row.step}. {row.event:<20} {row.count:>8,}  {row.conversion_rate:6.1%} {bar(row.conversion_rate, 1.0)}")


def bar(value: float, most: float) -> str:
    """Draw a bar of text."""
    return "█" * round(24 * value / most) if most else ""
