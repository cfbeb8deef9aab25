"""Who is behind a figure, as `ek.inspect` lists them: instants in the project's zone, starts of buckets as they are."""

from collections.abc import Callable
from typing import Any

import pytest

import evkit as ek
from evkit.errors import SpecError
from evkit.events import Events

ZONE = "Asia/Tokyo"  # nine hours before UTC: noon in London is nine in the evening there


@pytest.mark.parametrize(
    ("ask", "row", "column", "shown"),
    [
        (lambda e: e.trends("v", interval="day"), 0, f"first_seen ({ZONE})", "2026-01-01 21:00:00"),
        (lambda e: e.lifecycle("v", interval="day"), 0, "bucket", "2026-01-01"),
        (lambda e: e.lifecycle("v", interval="day"), 0, f"first_seen ({ZONE})", "2026-01-01 21:00:00"),
        (lambda e: e.retention("v", period="day", total_intervals=2), 0, "cohort", "2026-01-01"),
        (lambda e: e.stickiness("v", interval="day"), 1, "first_interval", "2026-01-01"),
    ],
)
def test_times_of_people_are_the_projects(
    log: Callable[..., Events], ask: Callable[[Events], Any], row: int, column: str, shown: str
) -> None:
    people = ek.inspect(ask(log("a v 01-01 12:00; a v 01-02 12:00", timezone=ZONE))).people(row)
    assert people["rows"][0][people["columns"].index(column)] == shown


def test_whose_figures_are_people_can_be_looked_into(log: Callable[..., Events]) -> None:
    events = log("a v 01-01 12:00; a w 01-01 12:05")
    assert ek.inspect(events.paths()).people(0)["count"] == 1
    with pytest.raises(SpecError, match="nobody stands behind the figures of FunnelCorrelation"):
        ek.inspect(events.correlation(ek.Funnel("v", "w")))
    with pytest.raises(SpecError, match="can't be looked into"):
        ek.inspect("v")  # type: ignore[arg-type]
