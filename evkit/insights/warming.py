"""What drawing needs is loaded beside the first question: Altair takes a second to load, the drawing engine half of one."""

from __future__ import annotations

import functools
import threading

SMALLEST = {"data": {"values": [{"a": 1}]}, "mark": "bar", "encoding": {"x": {"field": "a", "type": "quantitative"}}}


@functools.cache
def begin() -> threading.Thread:
    """Begin to load, once a process; drawing waits where it has to by itself."""
    thread = threading.Thread(target=_load, name="evkit-warming", daemon=True)
    thread.start()
    return thread


def _load() -> None:
    import vl_convert

    vl_convert.vegalite_to_svg(SMALLEST)
    import evkit.insights.display  # noqa: F401
