"""How long the explorer takes from a click to the drawn chart, in a real JupyterLab and browser.

``python -m tests.benchmarks.explorer``, or with ``--rows 10000000`` on events of the benchmarks.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.generate import generate
from tests.benchmarks.surroundings import FOLDER
from tests.browser import browser_page
from tests.lab import open_notebook, server, write_notebook

DONE = """before => { const d = document.querySelector('.evkit-explorer').dataset;
  return d.number !== before && d.number === d.asked && !document.querySelector('.evkit-busy'); }"""
PAUSE = 3000
"""Milliseconds between clicks, so that what is done after one is not measured with the next."""


def taken(page: Any, act: Callable[[], Any]) -> float:
    """Do something, and give the seconds until its chart is drawn."""
    page.wait_for_timeout(PAUSE)
    before = page.eval_on_selector(".evkit-explorer", "e => e.dataset.number")
    started = time.perf_counter()
    act()
    page.wait_for_function(DONE, arg=before, timeout=300_000, polling=50)
    return time.perf_counter() - started


def choose(page: Any, label: str, value: str) -> Callable[[], Any]:
    return lambda: page.get_by_label(label, exact=True).select_option(value)


def fill(page: Any, label: str, value: str) -> Callable[[], Any]:
    field = page.get_by_label(label, exact=True)
    return lambda: (field.fill(value), field.press("Tab"))


def clicks(page: Any, event: str, second: str, property_: str, person: str | None) -> list[tuple[str, float]]:
    """Build trends, then a funnel; give each click's seconds."""
    found = []

    def note(what: str, act: Callable[[], Any]) -> None:
        found.append((what, taken(page, act)))

    note("interval", choose(page, "Interval", "week"))
    note("unique persons", choose(page, "Series 1: what is counted", "dau"))
    page.get_by_role("button", name="+ breakdown").click()
    note("breakdown", fill(page, "Breakdown 1: property", property_))
    if person is not None:
        page.get_by_label("Breakdown 1: whose property").select_option("person")
        note("breakdown by persons", fill(page, "Breakdown 1: property", person))
    note("to a funnel", lambda: page.locator(".evkit-tabs").get_by_text("Funnel").click())
    note("a step", fill(page, "Step 2: event or action", second))
    note("window", fill(page, "Within", "7"))
    note("back to trends", lambda: page.locator(".evkit-tabs").get_by_text("Trends").click())
    return found


def again(page: Any, third: str) -> list[tuple[str, float]]:
    """Ask new questions of what was read by then, of every kind; give each click's seconds."""
    tab = lambda name: lambda: page.locator(".evkit-tabs").get_by_text(name).click()  # noqa: E731
    acts: list[tuple[str, Callable[[], Any]]] = [
        ("interval", choose(page, "Interval", "month")),
        ("weekly active", choose(page, "Series 1: what is counted", "weekly_active")),
        ("to a funnel", tab("Funnel")),
        ("window", fill(page, "Within", "3")),
        ("a step", fill(page, "Step 2: event or action", third)),
        *((name.lower(), tab(name)) for name in ("Retention", "Lifecycle", "Stickiness", "Paths")),
        ("lifecycle again", tab("Lifecycle")),
        ("by day", choose(page, "Interval", "day")),
    ]
    return [(what, taken(page, act)) for what, act in acts]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=0)
    given = parser.parse_args()
    if given.rows:
        path = generate(FOLDER, given.rows).path
        cells = ["import evkit as ek", f"events = ek.read({path!r}, timezone='UTC')", "ek.explore(events, series=['$pageview'])"]
        what: tuple[str, str, str, str | None] = ("$pageview", "purchase", "plan", None)
        third = "product_viewed"
    else:
        cells = ["import evkit as ek", "events = ek.load_sample()", "ek.explore(events, series=['movie_played'])"]
        what, third = ("movie_played", "user_signed_up", "$browser", "plan"), "$pageview"
    with tempfile.TemporaryDirectory() as name, server(Path(name), "light") as lab, browser_page(width=1400) as seen:
        write_notebook(Path(name) / "explorer.ipynb", *cells)
        errors = open_notebook(seen.page, lab, "explorer.ipynb")
        if errors:
            raise SystemExit(str(errors))
        seen.page.wait_for_selector(".evkit-chart svg", timeout=300_000)
        for heading, steps in (("first", lambda: clicks(seen.page, *what)), ("warm", lambda: again(seen.page, third))):
            print(heading)
            for step, seconds in steps():
                print(f"  {step:<24}{seconds:8.2f} s")


if __name__ == "__main__":
    main()
