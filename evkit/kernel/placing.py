"""Which segment of time an instant is in, found in a step or two: a table of equal slots says where to look first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from evkit.kernel.compiling import inlined

SLOTS = 8
"""How many slots of the table there are for each segment, at least."""
END = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class Placing:
    """A table of slots over segments.

    Parameters
    ----------
    edges
        int64: where each segment begins; then `END`.
    codes
        int32: what each segment is.
    slots
        int32: for each slot the segment that its first instant is in.
    shift
        A slot is 2 ** shift microseconds long.
    """

    edges: np.ndarray
    codes: np.ndarray
    slots: np.ndarray
    shift: int

    @classmethod
    def of(cls, edges: np.ndarray, codes: np.ndarray, high: int) -> Placing:
        """Make the table for instants from edges[0] to `high`."""
        span = max(int(high) - int(edges[0]), 1)
        shift = max(0, (span // (SLOTS * len(edges))).bit_length() - 1)
        firsts = int(edges[0]) + (np.arange((span >> shift) + 2, dtype=np.int64) << shift)
        slots = (np.searchsorted(edges, firsts, side="right") - 1).astype(np.int32)
        return cls(np.append(edges, END).astype(np.int64), codes.astype(np.int32), slots, shift)


@inlined
def place(time: int, edges: Any, codes: Any, slots: Any, shift: int) -> int:
    """Give what the segment of an instant is; the instant lies in the range of the table."""
    at = slots[(time - edges[0]) >> shift]
    while edges[at + 1] <= time:
        at += 1
    code: int = codes[at]
    return code
