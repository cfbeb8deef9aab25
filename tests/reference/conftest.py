"""Random logs are small: here evkit treats them as it treats large data, where it answers from journeys."""

from collections.abc import Iterator

import pytest

from evkit.journeys import index
from evkit.kernel import sharing


@pytest.fixture(autouse=True, scope="package")
def as_if_large() -> Iterator[None]:
    """Have threads share the work, and events looked at alone that are asked about, whatever the size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "LARGE", 1)
        patch.setattr(index, "MOST_SHARE", 1.0)
        patch.setattr(sharing, "LARGE", 1)
        yield
