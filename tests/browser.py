"""A real browser without a network, and what a reader sees in it."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: .ci/run installs it")


@dataclass
class Seen:
    """What a page asked other hosts for, and what went wrong in it."""

    page: Any
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def marks(self, within: str) -> list[int]:
        """Count the drawn marks (lines, bars, points, texts) of each chart that `within` selects."""
        return self.page.evaluate(
            """(within) => [...document.querySelectorAll(within)].map(chart =>
                 [...chart.querySelectorAll('path, text, rect, line')].filter(e => { const b = e.getBoundingClientRect(); return b.width + b.height > 0; }).length)""",
            within,
        )


@contextlib.contextmanager
def browser_page(theme: str = "light", width: int = 1100) -> Iterator[Seen]:
    """Open an empty page whose requests to other machines are refused and noted."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_context(color_scheme=theme, viewport={"width": width, "height": 900}).new_page()
        seen = Seen(page)

        def route(request: Any) -> None:
            url = request.request.url
            if url.startswith(("file:", "data:", "blob:", "http://127.0.0.1")):
                request.continue_()
            else:
                seen.foreign.append(url)
                request.abort()

        def answer(dialog: Any) -> None:
            """Leave a page where one clicked and didn't save; anything else that a page says is an error."""
            if dialog.type == "beforeunload":
                dialog.accept()
            else:
                seen.errors.append(f"{dialog.type}: {dialog.message}")
                dialog.dismiss()

        page.route("**/*", route)
        page.on("dialog", answer)
        page.on("pageerror", lambda error: seen.errors.append(str(error)))
        page.on("console", lambda said: seen.errors.append(said.text) if said.type == "error" else None)
        yield seen
        browser.close()


@contextlib.contextmanager
def ordinary_browser() -> Iterator[Any]:
    """Open a browser that doesn't look like a robot: posthog-js is silent for robots."""
    from playwright.sync_api import sync_playwright

    more = ["--disable-dev-shm-usage", "--disable-blink-features=AutomationControlled", f"--user-agent={AGENT}"]
    with sync_playwright() as p:
        made = p.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *more])
        yield made
        made.close()


@contextlib.contextmanager
def opened(file: Path, theme: str = "light") -> Iterator[Seen]:
    """Open a file from disk and wait until its scripts are done."""
    with browser_page(theme) as seen:
        seen.page.goto(file.as_uri())
        seen.page.wait_for_timeout(1500)
        yield seen
