"""How a widget shows itself in a cell: the widget for who sits before it, and beside it what stays when the notebook is saved.

A widget's own output is empty for whoever opens the notebook later: without its kernel, in a page made by nbconvert or a
report. So the chart and the code stay in outputs of their own below it. In JupyterLab the widget hides them while it lives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from html import escape
from typing import Any

SECONDS_BEFORE_KEEPING = 1.5
"""After the last change: drawing a picture takes a moment, and who goes on clicking should not wait for it."""


class KeptOutputs:
    """Outputs below a widget that are replaced as it changes.

    Parameters
    ----------
    make
        Gives the bundles of the outputs; always as many.
    """

    def __init__(self, make: Callable[[], list[dict[str, Any]]]) -> None:
        self._make = make
        self._handles: list[Any] = []
        self._waiting: Any = None

    def show(self) -> None:
        """Put the outputs into the running cell."""
        from IPython.display import DisplayHandle

        bundles = self._make()
        self._handles = [DisplayHandle() for _ in bundles]
        for handle, bundle in zip(self._handles, bundles, strict=True):
            handle.display(bundle, raw=True)

    def renew(self, *, at_once: bool = False) -> None:
        """Replace the outputs, a moment after the last change, or now."""
        if not self._handles:
            return
        if at_once:
            self._put()
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._put()
            return
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = loop.call_later(SECONDS_BEFORE_KEEPING, self._put)

    def _put(self) -> None:
        for handle, bundle in zip(self._handles, self._make(), strict=True):
            handle.update(bundle, raw=True)


def code_bundle(text: str) -> dict[str, Any]:
    """Give code as an output."""
    return {"text/plain": text, "text/html": f"<pre><code>{escape(text)}</code></pre>"}


def publish(widget: Any, plain: str) -> None:
    """Put a widget's own output into the running cell, with words for where no widget can be drawn."""
    from IPython.display import publish_display_data

    made = widget._repr_mimebundle_()
    data, metadata = made if isinstance(made, tuple) else (made, {})
    publish_display_data({**data, "text/plain": plain}, metadata)
