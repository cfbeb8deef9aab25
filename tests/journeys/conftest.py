"""A cache folder of each test's own."""

from pathlib import Path

import pytest


@pytest.fixture
def kept_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have indexes kept in a folder of this test's own."""
    monkeypatch.setenv("EVKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "journeys"
