"""What the explorer does as it opens, so that a click is answered soon."""

from pathlib import Path

import pandas as pd
import pytest

import evkit as ek
from evkit.notebook import explorer


def test_of_many_events_journeys_are_made_and_pages_read_as_the_form_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(explorer, "SORTED_FROM", 4)
    pages = ["/", "/pricing", "/", "/docs"]
    rows = {"event": "$pageview", "distinct_id": ["a", "a", "b", "b"], "timestamp": ["2026-01-01 10:00", "2026-01-01 10:05"] * 2}
    pd.DataFrame({**rows, "$current_url": pages}).to_parquet(tmp_path / "events.parquet")
    built = ek.explore(ek.read(tmp_path / "events.parquet"))
    read = sorted(tmp_path.rglob("*.said"))
    assert len(read) == 1
    built.form = {**built.form, "insight": "paths", "number": 1}
    assert built.insight.to_pandas()[["source", "target", "value"]].values.tolist() == [["/", "/docs", 1], ["/", "/pricing", 1]]
    assert sorted(tmp_path.rglob("*.said")) == read, "paths find the pages read"


def test_few_events_are_not_sorted_for_a_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVKIT_CACHE", str(tmp_path / "cache"))
    pd.DataFrame({"event": ["x"], "distinct_id": ["a"], "timestamp": ["2026-01-01"]}).to_parquet(tmp_path / "events.parquet")
    assert ek.explore(ek.read(tmp_path / "events.parquet")).insight.to_pandas().value.sum() == 1
    assert not list((tmp_path / "cache").rglob("manifest.json"))
