"""How large the random tests are: small each time, full size in `make soak`."""

import os

SOAK = bool(os.environ.get("EVKIT_SOAK"))


def examples(few: int, many: int = 3000) -> int:
    """Count the random examples of a test: `few` each time, `many` in a soak."""
    return many if SOAK else few
