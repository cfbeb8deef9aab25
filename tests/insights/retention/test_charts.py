"""What a chart of retention says: figures as they are, nothing where time isn't over, the mean of what is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import evkit as ek
from evkit.errors import UnknownEventWarning
from evkit.insights.retention.means import means

Log = Callable[..., ek.Events]
THREE = "a v 01-01; a v 01-02; b v 01-01; b v 01-03 12:00"
DAILY = {"period": "day", "total_intervals": 3}


def data(said: dict[str, Any], *, of: str) -> list[dict[str, Any]]:
    """Give the rows of the layers that have a field, each once."""
    named = [row for values in said.get("datasets", {}).values() for row in values]
    found = [row for row in named + [r for part in [said, *said["layer"]] for r in part.get("data", {}).get("values", ())] if of in row]
    return [row for i, row in enumerate(found) if row not in found[:i]]


def test_the_grid_has_a_cell_for_what_has_begun_and_none_for_what_is_to_come(log: Log) -> None:
    cells = data(log(THREE).retention("v", **DAILY).chart().to_dict(), of="heat")
    assert [(r["cohort"], r["interval"], r["said"], r["running"]) for r in cells] == [
        ("1 Jan 2026", "Day 0", "100%", False), ("1 Jan 2026", "Day 1", "50%", False), ("1 Jan 2026", "Day 2", "50%", True),
        ("2 Jan 2026", "Day 0", "100%", False), ("2 Jan 2026", "Day 1", "0%", True), ("3 Jan 2026", "Day 0", "100%", True),
    ]  # fmt: skip


def test_the_grid_says_the_size_of_each_cohort_and_the_mean_of_what_is_over(log: Log) -> None:
    said = log(THREE).retention("v", **DAILY).chart().to_dict()
    beside = [(r["cohort"], r["interval"], r["said"]) for r in data(said, of="said") if "heat" not in r]
    assert beside == [
        ("1 Jan 2026", "people", "2"), ("2 Jan 2026", "people", "1"), ("3 Jan 2026", "people", "1"),
        ("mean", "Day 0", "100%"), ("mean", "Day 1", "50%"),
    ]  # fmt: skip
    without = log(THREE).retention("v", mean_retention_calculation="none", **DAILY).chart().to_dict()
    assert not [r for r in data(without, of="said") if r["cohort"] == "mean"]


def test_a_mean_counts_each_cohort_the_same_or_by_its_size(log: Log) -> None:
    # the 1st: two of two come back the next day; the 2nd: one of three does
    events = log("a v 01-01; b v 01-01; a v 01-02; b v 01-02; c v 01-02; c v 01-03; d v 01-09")
    for how, mean in (("simple", (1 + 1 / 3 + 0) / 3), ("weighted", 3 / 6)):
        insight = events.retention("v", period="day", total_intervals=2, mean_retention_calculation=how)
        found = means(insight.spec, insight.to_pandas())
        assert found["mean"].tolist() == pytest.approx([1, mean])
        assert found[["cohorts", "people"]].values.tolist() == [[3, 6], [3, 6]]  # the last day runs still


def test_curves_are_a_line_a_cohort_and_the_mean_and_with_a_breakdown_a_line_a_value(log: Log) -> None:
    curves = log(THREE).retention("v", display="ActionsLineGraph", **DAILY).chart().to_dict()
    assert [(r["line"], r["interval"], r["value"]) for r in data(curves, of="line")] == [
        ("mean of all cohorts", "Day 0", 1.0), ("mean of all cohorts", "Day 1", 0.5),
    ]  # fmt: skip
    parted = log("a v 01-01 p=x; a v 01-02 p=x; b v 01-01; c v 01-04").retention("v", breakdown="p", **DAILY).chart().to_dict()
    assert {r["line"] for r in data(parted, of="line")} == {"x", "(no value)"}


def test_the_description_says_the_figures(log: Log) -> None:
    insight = log(THREE).retention("v", **DAILY)
    said = (
        "Retention of v again by day: 3 cohorts from 01 January 2026 to 03 January 2026, 4 times somebody was in a cohort. "
        "On average Day 0 100%, Day 1 50%, of the cohorts whose time is over."
    )
    assert insight.describe() == said == insight.chart().to_dict()["description"]
    running = log("a v 01-01").retention("v")
    assert running.describe().endswith("No cohort's time is over yet.")
    assert running.chart().to_svg().startswith("<svg")


@pytest.mark.parametrize("mode", ["light", "dark", "auto"])
@pytest.mark.parametrize("display", ["ActionsTable", "ActionsLineGraph"])
def test_it_draws_in_light_and_in_dark(log: Log, display: Any, mode: Any) -> None:
    svg = log(THREE).retention("v", display=display, **DAILY).chart().to_svg(mode)
    assert svg.startswith("<svg")
    assert "NaN" not in svg
    assert ">mean" in svg


def test_only_the_newest_cohorts_are_drawn_and_the_mean_is_of_all(log: Log) -> None:
    events = log("; ".join(f"a v {m:02}-{d:02}" for m in (1, 2) for d in range(1, 29)))
    insight = events.retention("v", period="day", total_intervals=2)
    said = insight.chart().to_dict()
    assert len({r["cohort"] for r in data(said, of="heat")}) < 41
    assert "the newest 40 of 59 cohorts" in said["title"]["subtitle"][1]
    assert means(insight.spec, insight.to_pandas()).cohorts.tolist() == [55, 54]


def test_where_nobody_begins_the_chart_says_so(log: Log) -> None:
    with pytest.warns(UnknownEventWarning):
        chart = log(THREE).retention("nothing", **DAILY).chart()
    assert ">Nobody began." in chart.to_svg()
    assert chart.to_dict()["description"] == "Retention of nothing again: nobody began."


def test_sums_are_written_in_the_cells(log: Log) -> None:
    insight = log("a v 01-01 n=1500; a v 01-02 n=2.5; b v 01-04").retention(
        "v", period="day", total_intervals=2, aggregation_type="sum", aggregation_property="n"
    )
    assert [r["said"] for r in data(insight.chart().to_dict(), of="heat")][:2] == ["1,500", "2.5"]
