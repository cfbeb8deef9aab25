"""Identity by replay over integer-coded distinct ids: who is one person, and what each merge event did.

Source: PostHog's person merging (`identity.md` of the design, section 2).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from evkit.kernel.compiling import compiled

SEEN, MERGE, FORCE = 0, 1, 2
"""An ordinary event of an id; a merge that respects identified persons; one that doesn't."""
NOTHING, CREATED, ADDED_OTHER, ADDED_TARGET, SAME_PERSON, MERGED, REFUSED, ILLEGAL, SAME_ID = range(9)
"""What an item did."""
NOBODY = -1


@compiled
def _root(parent: Any, i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@compiled
def _replay(
    kind: Any,
    target: Any,
    other: Any,
    legal: Any,
    ids: int,
    parent: Any,
    name: Any,
    identified: Any,
    known: Any,
    did: Any,
    before: Any,
    after: Any,
) -> None:
    for i in range(len(kind)):
        a = target[i]
        did[i], before[i], after[i] = 0, -1, -1
        if kind[i] == 0:
            if not known[a]:
                known[a], name[a] = True, a
            continue
        b = other[i]
        if a == b:
            did[i] = 8
        elif not legal[i]:
            did[i] = 7
        elif not known[a] and not known[b]:
            known[a], known[b] = True, True
            name[a] = a
            parent[b] = a
            identified[a] = True
            did[i], after[i] = 1, a
        elif not known[b]:
            r = _root(parent, a)
            known[b], parent[b], identified[r] = True, r, True
            did[i], after[i] = 2, name[r]
        elif not known[a]:
            r = _root(parent, b)
            known[a], parent[a], identified[r] = True, r, True
            did[i], after[i] = 3, name[r]
        else:
            ra, rb = _root(parent, a), _root(parent, b)
            if ra == rb:
                did[i], after[i] = 4, name[ra]
            elif kind[i] == 2 or not identified[rb]:
                did[i], before[i], after[i] = 5, name[rb], name[ra]
                parent[rb] = ra
            else:
                did[i], before[i], after[i] = 6, name[rb], name[ra]
            identified[ra] = True
    for i in range(ids):
        if known[i]:
            r = _root(parent, i)
            parent[i] = r


def replay(
    kind: np.ndarray, target: np.ndarray, other: np.ndarray, legal: np.ndarray, ids: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Replay items in arrival order.

    Parameters
    ----------
    kind
        int8: `SEEN`, `MERGE` or `FORCE`.
    target, other
        int64 codes of the ids; `other` is ignored where `kind` is `SEEN`.
    legal
        bool: whether both ids of the item may be merged.
    ids
        How many ids there are.

    Returns
    -------
    person, identified, did, before, after
        For each id the code of the id that names its person (`NOBODY` where it has none) and whether that person is
        identified; for each item what it did, the person that was merged or refused, and the person that is left.

    Examples
    --------
    >>> import numpy as np
    >>> person, *_ = replay(np.array([0, 1], np.int8), np.array([0, 1]), np.array([0, 0]), np.array([True, True]), 2)
    >>> person.tolist()
    [0, 0]
    """
    parent, name = np.arange(ids), np.full(ids, NOBODY)
    identified, known = np.zeros(ids, np.bool_), np.zeros(ids, np.bool_)
    items = len(kind)
    did, before, after = np.zeros(items, np.int8), np.zeros(items, np.int64), np.zeros(items, np.int64)
    _replay(
        np.ascontiguousarray(kind, np.int8), np.ascontiguousarray(target, np.int64), np.ascontiguousarray(other, np.int64),
        np.ascontiguousarray(legal, np.bool_), ids, parent, name, identified, known, did, before, after,
    )  # fmt: skip
    person = np.where(known, name[parent], NOBODY)
    return person, identified[parent] & known, did, before, after
