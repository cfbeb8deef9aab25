"""Numbers for things: codes of hashes, and values put where their rows stand."""

from __future__ import annotations

from typing import Any

import numpy as np

from evkit.kernel.compiling import compiled

UNKNOWN = -1
"""The code of a hash that has none."""


@compiled
def _fill(known: Any, keys: Any, codes: Any) -> None:
    mask = np.uint64(len(keys) - 1)
    for i in range(len(known)):
        at = np.int64(known[i] & mask)
        while codes[at] != UNKNOWN:
            at = (at + 1) & (len(keys) - 1)
        keys[at], codes[at] = known[i], i


@compiled
def _find(hashes: Any, keys: Any, codes: Any, out: Any) -> None:
    mask = np.uint64(len(keys) - 1)
    for i in range(len(hashes)):
        at = np.int64(hashes[i] & mask)
        while codes[at] != UNKNOWN and keys[at] != hashes[i]:
            at = (at + 1) & (len(keys) - 1)
        out[i] = codes[at]


def of_hashes(hashes: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Give for each hash its position among those known, `UNKNOWN` for one that isn't.

    Parameters
    ----------
    hashes, known
        uint64; those known are all different.

    Examples
    --------
    >>> import numpy as np
    >>> of_hashes(np.array([7, 5, 6], np.uint64), np.array([5, 7], np.uint64)).tolist()
    [1, 0, -1]
    """
    size = 1 << max(2, int(4 * len(known) - 1).bit_length())
    keys, codes, out = np.zeros(size, np.uint64), np.full(size, UNKNOWN, np.int64), np.empty(len(hashes), np.int64)
    _fill(np.ascontiguousarray(known, np.uint64), keys, codes)
    _find(np.ascontiguousarray(hashes, np.uint64), keys, codes, out)
    return out
