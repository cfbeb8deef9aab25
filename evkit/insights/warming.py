"""What is slow the first time is loaded beside a question: Altair takes a second, the drawing engine half of one, a compiled kernel a third."""

from __future__ import annotations

import functools
import threading

SMALLEST = {"data": {"values": [{"a": 1}]}, "mark": "bar", "encoding": {"x": {"field": "a", "type": "quantitative"}}}


@functools.cache
def begin() -> threading.Thread:
    """Begin to load what draws, once a process; drawing waits where it has to by itself."""
    return _begun(threading.Thread(target=_load, name="evkit-warming", daemon=True))


@functools.cache
def begin_kernels() -> threading.Thread:
    """Begin to load the machines that persons and funnels go through, once a process: for a form that will ask for them."""
    return _begun(threading.Thread(target=_load_kernels, name="evkit-warming-kernels", daemon=True))


def _begun(thread: threading.Thread) -> threading.Thread:
    thread.start()
    return thread


def _load() -> None:
    import vl_convert

    vl_convert.vegalite_to_svg(SMALLEST)
    import evkit.insights.display  # noqa: F401


def _load_kernels() -> None:
    import numpy as np

    from evkit.insights.funnel import chart, compute  # noqa: F401
    from evkit.kernel import funnel, identity
    from evkit.kernel.runs import Marked

    none = np.zeros(0, np.int64)
    identity.replay(none, none, none, none, 0)
    funnel.run(Marked.of(np.zeros(1, np.int64), none, none), count=1, window=1)
