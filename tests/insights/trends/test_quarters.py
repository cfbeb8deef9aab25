"""Plain counts from quarters of hours: the same as when every event is looked at."""

import pandas as pd
import pytest

import evkit as ek
from evkit.insights.trends import quarters


def events(*when: str, timezone: str = "UTC") -> ek.Events:
    frame = pd.DataFrame(
        {"event": "view", "distinct_id": "p", "timestamp": pd.to_datetime(list(when), format="ISO8601"), "properties": "{}"}
    )
    return ek.from_frame(frame, timezone=timezone)


WHEN = (
    "2026-03-28 23:59:59.999999",
    "2026-03-29 00:00",
    "2026-03-29 00:14:59.999999",
    "2026-03-29 00:15",
    "2026-03-29 01:00",
    "2026-03-30 12:07",
)


@pytest.mark.parametrize("interval", ["minute", "hour", "day", "week", "month"])
@pytest.mark.parametrize("timezone", ["UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Monrovia"])
def test_counts_are_those_of_the_engine(interval: str, timezone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tuple(one.replace("2026", "1971") for one in WHEN)  # Monrovia's clock was 44 minutes and 30 seconds behind
    for when, dates in ((WHEN, ("2026-03-28", "2026-03-30")), (old, ("1971-03-28", "1971-03-30"))):
        log = events(*when, timezone=timezone)
        found = []
        for way in ("off", "always"):
            monkeypatch.setenv("EVKIT_JOURNEYS", way)
            found.append(log.trends("view", interval=interval, date_range=dates).to_pandas())  # type: ignore[arg-type]
        pd.testing.assert_frame_equal(*found)
        assert found[0].value.sum() > 0


def test_every_event_is_looked_at_where_it_pays_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVKIT_JOURNEYS", "always")
    log = events("1500-01-01", "2026-01-01")
    assert quarters.counted(pd.Series([0, quarters.MOST + 1]).to_numpy()).before.tolist() == []
    assert log.trends("view", interval="month", date_range=("2025-12-01", "2026-01-31")).to_pandas().value.tolist() == [0, 1]
