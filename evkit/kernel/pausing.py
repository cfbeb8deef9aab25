"""Sessions that a pause ends, over journeys: a pass over the events."""

from __future__ import annotations

from typing import Any

import numpy as np

from evkit.kernel.compiling import compiled


@compiled
def _cut(offsets: Any, t: Any, counts: Any, pause: int, begins: Any) -> None:
    for a in range(len(offsets) - 1):
        last, known = 0, False
        for i in range(offsets[a], offsets[a + 1]):
            if counts[i]:
                begins[i] = not known or t[i] - last > pause
                last, known = t[i], True


def cut(offsets: np.ndarray, t: np.ndarray, counts: np.ndarray, pause: int) -> np.ndarray:
    """Say which events begin a session: an actor's first, and each after more than `pause` microseconds.

    Parameters
    ----------
    offsets, t
        Of an index.
    counts
        bool: which events are of such a session; others are as if they weren't there.

    Examples
    --------
    >>> import numpy as np
    >>> cut(np.array([0, 3, 4]), np.array([0, 5, 20, 21]), np.ones(4, bool), 10).tolist()
    [True, False, True, True]
    """
    begins = np.zeros(len(t), np.bool_)
    _cut(offsets, t, counts, pause, begins)
    return begins
