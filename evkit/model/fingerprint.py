"""What tells data from any others, tomorrow too."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fingerprint:
    """What tells data from any others.

    Parameters
    ----------
    data
        The data as they are: as they were at another moment they have another one.
    family
        What they have in common with how they were, and will be: how they are read, and who is said to be whose person.
    passes
        Whether an earlier moment never comes back.
    """

    data: str
    family: str
    passes: bool = False
