"""trends.md, sections 1, 3 and 7: what is in a row of the response, and in which order the rows come."""

from __future__ import annotations

import pytest

import evkit as ek
from tests.semantics.trends.asking import NULL, OTHER, answer, ask, data, node, parted, total

DAYS = ("2020-01-01", "2020-01-02")
TOTALS = ("BoldNumber", "ActionsPie", "ActionsBarValue", "ActionsTable", "WorldMap")
ACTION = {"id": 7, "name": "went", "steps": [{"event": "v"}]}
COHORTS = [
    {"id": 1, "name": "few", "definition": {"groups": [{"properties": [{"key": "of", "value": "few", "type": "person"}]}]}},
    {"id": 2, "name": "many", "definition": {"groups": [{"properties": [{"key": "of", "value": "many", "type": "person"}]}]}},
]
PEOPLE = [{"distinct_ids": ["a"], "properties": {"of": "few"}}, {"distinct_ids": ["b"], "properties": {"of": "many"}}]
IN_COHORTS = {"project": {"cohorts": COHORTS, "persons": PEOPLE}, "days": DAYS}


def by_cohort(*ids: int | str) -> dict[str, object]:
    return {"breakdown_type": "cohort", "breakdown": list(ids)}


# ---------------------------------------------------------------------- days and labels
def test_days_and_labels_of_days_hours_minutes_and_months() -> None:
    def named(interval: str, *days: str) -> tuple[list[str], list[str]]:
        (row,) = ask("a v 01-01", "v", days=days, interval=interval, now="2020-06-30T12:00:00Z")
        return row["days"], row["labels"]

    assert named("day", "2020-01-01", "2020-01-02") == (["2020-01-01", "2020-01-02"], ["1-Jan-2020", "2-Jan-2020"])
    assert named("hour", "2020-01-09T00:00", "2020-01-09T01:00") == (
        ["2020-01-09 00:00:00", "2020-01-09 01:00:00"], ["9-Jan 00:00", "9-Jan 01:00"],
    )  # fmt: skip
    assert named("minute", "2020-01-09T23:59", "2020-01-10T00:00") == (
        ["2020-01-09 23:59:00", "2020-01-10 00:00:00"], ["9-Jan 23:59", "10-Jan 00:00"],
    )  # fmt: skip
    assert named("month", "2020-05-20", "2020-06-02") == (["2020-05-01", "2020-06-01"], ["May 2020", "Jun 2020"])


def test_hours_are_of_the_projects_zone() -> None:
    (row,) = ask(
        "a v 01-09 15:00", "v", days=("2020-01-09T10:00", "2020-01-09T10:00"), interval="hour", project={"timezone": "America/New_York"}
    )
    assert (row["days"], row["labels"], row["data"]) == (["2020-01-09 10:00:00"], ["9-Jan 10:00"], [1])


def test_a_week_is_labelled_by_its_days_inside_the_range() -> None:
    # from Saturday 28 December to Sunday 2 February
    (row,) = ask("a v 01-01", "v", days=("2019-12-28", "2020-02-02"), interval="week", now="2020-06-30T12:00:00Z")
    assert row["days"][:2] == ["2019-12-22", "2019-12-29"]
    assert row["labels"] == [
        "28-Dec-2019", "29-Dec-2019 – 4-Jan-2020", "5–11 Jan", "12–18 Jan", "19–25 Jan", "26-Jan – 1-Feb", "2-Feb-2020",
    ]  # fmt: skip


def test_the_first_and_the_last_week_are_clipped_and_weeks_may_begin_on_monday() -> None:
    # Thursday 9 to Tuesday 21 January; weeks from the 6th, 13th, 20th
    monday = {"week_start_day": 1}
    (row,) = ask("a v 01-01", "v", days=("2020-01-09", "2020-01-21"), interval="week", now="2020-06-30T12:00:00Z", project=monday)
    assert row["days"] == ["2020-01-06", "2020-01-13", "2020-01-20"]
    assert row["labels"] == ["9–12 Jan", "13–19 Jan", "20–21 Jan"]


def test_the_weeks_of_the_previous_period_are_clipped_by_the_current_one() -> None:
    # previous: 2 to 15 January, weeks from 29 December, 5 and 12 January; the last ends with the current range, not on the 15th
    rows = ask("a v 01-01", "v", days=("2020-01-05", "2020-01-18"), interval="week", compare="-3d", now="2020-06-30T12:00:00Z")
    assert rows[1]["days"] == ["2019-12-29", "2020-01-05", "2020-01-12"]
    assert rows[1]["labels"][1:] == ["5–11 Jan", "12–18 Jan"]


# ---------------------------------------------------------------------- fields
def test_count_is_the_sum_of_the_figures_whatever_the_math() -> None:
    events = "a v 01-01 n=2; a v 01-01 n=4; b v 01-02 n=9"
    for math, figures, count in (
        ("total", [2, 1], 3),
        ("avg", [3, 9], 12),
        ("dau", [1, 1], 2),
        ("weekly_active", [1, 2], 3),
        ("p90", [3.8, 9], 12.8),
    ):
        (row,) = ask(events, node("v", math, math_property="n" if math in ("avg", "p90") else None), days=DAYS)
        assert (row["data"], row["count"]) == (pytest.approx(figures), pytest.approx(count))
        assert isinstance(row["count"], float)


def test_a_cumulative_count_is_its_last_figure() -> None:
    (row,) = ask("2*a v 01-01; a v 01-02", "v", days=DAYS, display="ActionsLineGraphCumulative")
    assert (row["data"], row["count"]) == ([2, 3], 3)


def test_a_row_is_labelled_by_its_event_by_all_events_or_by_its_action() -> None:
    rows = ask(
        "a v 01-01; a w 01-01",
        node("v", custom_name="mine"),
        None,
        {"kind": "ActionsNode", "id": 7},
        days=DAYS,
        project={"actions": [ACTION]},
    )
    assert [(r["label"], r["order"], r["count"]) for r in rows] == [("v", 0, 1), ("All events", 1, 2), ("went", 2, 1)]


def test_a_row_tells_its_series() -> None:
    series = node("v", "sum", math_property="n", custom_name="mine")
    rows = ask("a v 01-01 n=3", series, {"kind": "ActionsNode", "id": 7}, days=DAYS, project={"actions": [ACTION]})
    assert rows[0]["action"] == {
        "days": ["2020-01-01", "2020-01-02"], "id": "v", "type": "events", "order": 0, "name": "v", "custom_name": "mine", "math": "sum",
        "math_property": "n", "math_hogql": None, "math_group_type_index": None, "properties": {},
    }  # fmt: skip
    told = rows[1]["action"]
    assert (told["id"], told["type"], told["order"], told["name"], told["math"]) == (7, "actions", 1, "went", None)
    assert rows[0]["filter"]["insight"] == "TRENDS"


def test_comparisons_and_breakdown_values_are_told_only_where_asked_for() -> None:
    (plain,) = ask("a v 01-01 p=x", "v", days=DAYS)
    assert not {"compare", "compare_label", "breakdown_value"} & set(plain)
    current, previous = ask("a v 01-01 p=x", "v", days=DAYS, compare=True)
    assert [(r["compare"], r["compare_label"]) for r in (current, previous)] == [(True, "current"), (True, "previous")]
    assert "breakdown_value" not in current
    assert ask("a v 01-01 p=x", "v", days=DAYS, by="p")[0]["breakdown_value"] == "x"


def test_a_series_without_events_is_a_row_of_zeros_and_none_with_a_breakdown() -> None:
    assert data(ask("a v 01-01", "nothing", days=DAYS)) == [[0, 0]]
    assert total(ask("a v 01-01", "nothing", days=DAYS, display="ActionsPie")) == [0]
    assert ask("a v 01-01", "nothing", days=DAYS, by="p") == []
    assert ask("a v 01-01", "nothing", days=DAYS, by="p", display="ActionsPie") == []


def test_no_series_has_no_rows_and_an_action_that_is_not_there_has_none() -> None:
    assert ask("a v 01-01", days=DAYS) == []
    rows = ask("a v 01-01", {"kind": "ActionsNode", "id": 8}, "v", days=DAYS)
    assert [(r["label"], r["data"]) for r in rows] == [("v", [1, 0])]


def test_more_is_to_be_had_where_some_values_became_the_rest_also_when_it_is_hidden() -> None:
    events = "2*a v 01-01 p=x; a v 01-01 p=y"
    limited = {"breakdown": "p", "breakdown_limit": 1}
    assert answer(events, "v", days=DAYS, by="p")["hasMore"] is False
    assert answer(events, "v", days=DAYS, by=limited)["hasMore"] is True
    hidden = answer(events, "v", days=DAYS, by={**limited, "breakdown_hide_other_aggregation": True})
    assert (parted(hidden["results"]), hidden["hasMore"]) == ([("x", [2, 0])], True)


@pytest.mark.parametrize("display", TOTALS)
def test_a_total_has_one_figure_and_no_days(display: str) -> None:
    (row,) = ask("a v 01-01; 2*a v 01-02", "v", days=DAYS, display=display)
    assert (row["aggregated_value"], row["data"], row["days"], row["count"]) == (3, [], [], 0)
    assert "labels" not in row


@pytest.mark.parametrize("display", [None, "ActionsLineGraph", "ActionsBar", "ActionsAreaGraph", "ActionsLineGraphCumulative"])
def test_other_displays_have_a_figure_a_day(display: str | None) -> None:
    (row,) = ask("a v 01-01", "v", days=DAYS, display=display)
    assert (len(row["data"]), "aggregated_value" in row) == (2, False)


def test_an_event_without_a_person_counts_as_somebody_of_its_own_without_properties() -> None:
    events = "a v 01-01; b v 01-01; c v 01-01"
    project = {"persons": [{"distinct_ids": ["a", "b"], "properties": {"plan": "pro"}}]}
    assert data(ask(events, node("v", "dau"), "v", days=DAYS, project=project)) == [[2, 0], [3, 0]]
    by_plan = {"breakdown": "plan", "breakdown_type": "person"}
    assert parted(ask(events, "v", days=DAYS, by=by_plan, project=project)) == [("pro", [2, 0]), (NULL, [1, 0])]


# ---------------------------------------------------------------------- order of the rows
def test_series_come_in_their_order_all_current_ones_first() -> None:
    rows = ask("a v 01-01; 3*a w 01-01", "v", "w", days=("2020-01-01", "2020-01-01"), compare=True)
    assert [(r["compare_label"], r["label"]) for r in rows] == [("current", "v"), ("current", "w"), ("previous", "v"), ("previous", "w")]


def test_in_a_series_normal_values_come_first_then_null_then_the_rest_each_by_size_then_by_text() -> None:
    events = "a v 01-01 p=16; a v 01-02 p=128; a v 01-01 p=32; 2*a v 01-01 p=z; 9*a v 01-01; a w 01-01 p=zz"
    expected = ["z", "128", "16", "32", NULL]
    assert [(r["order"], r["breakdown_value"]) for r in ask(events, "v", "w", days=DAYS, by="p")] == [
        *((0, v) for v in expected),
        (1, "zz"),
    ]
    limited = {"breakdown": "p", "breakdown_limit": 2}
    assert parted(ask(events, "v", days=DAYS, by=limited, display="ActionsPie")) == [("z", 2), (NULL, 9), (OTHER, 3)]
    # of z and eight nulls kept by size, the null row still comes after
    assert [v for v, _ in parted(ask(events, "v", days=DAYS, by="p", display="ActionsPie"))] == expected


def test_lists_of_values_are_compared_element_by_element_and_any_null_makes_a_null_row() -> None:
    events = "a v 01-01 p=b q=a; a v 01-01 p=a q=z; 3*a v 01-01 p=a; 2*a v 01-01 q=a"
    by = {"breakdowns": [{"property": "p"}, {"property": "q"}]}
    values = [["a", "z"], ["b", "a"], ["a", NULL], [NULL, "a"]]
    assert [v for v, _ in parted(ask(events, "v", days=DAYS, by=by))] == values
    assert parted(ask(events, "v", days=DAYS, by=by, display="ActionsTable")) == list(zip(values, [1, 1, 3, 2], strict=True))


def test_formulas_with_a_breakdown_come_by_size_and_ties_from_z_to_a() -> None:
    events = "a v 01-01 p=London; a v 01-01 p=Paris; 2*a v 01-01 p=Rome; 9*a v 01-01; a v 01-02 p=Athens"
    # Athens has its one on the second day: [0, 1] is less than [1, 0]
    assert [v for v, _ in parted(ask(events, "v", days=DAYS, by="p", formula="A"))] == ["Rome", "Paris", "London", "Athens", NULL]
    assert [v for v, _ in parted(ask(events, "v", days=DAYS, by="p", formula="A * 0"))] == ["Rome", "Paris", "London", "Athens", NULL]
    pie = ask(events, "v", days=DAYS, by={"breakdown": "p", "breakdown_limit": 2}, formula="A", display="ActionsPie")
    assert parted(pie) == [("Rome", 2), (NULL, 9), (OTHER, 3)]


def test_formulas_with_several_breakdowns_leave_null_and_rest_where_their_size_puts_them() -> None:
    events = "2*a v 01-01 p=x q=1; a v 01-01 p=y q=1; 3*a v 01-01 p=z; 4*a v 01-01 p=w"
    by = {"breakdowns": [{"property": "p"}, {"property": "q"}]}
    assert parted(ask(events, "v", days=DAYS, by=by, formula="A")) == [
        (["w", NULL], [4, 0]), (["z", NULL], [3, 0]), (["x", "1"], [2, 0]), (["y", "1"], [1, 0]),
    ]  # fmt: skip
    # two are kept, of those without null; the rest, 3 + 4, is the largest
    assert parted(ask(events, "v", days=DAYS, by={**by, "breakdown_limit": 2}, formula="A")) == [
        ([OTHER, OTHER], [7, 0]), (["x", "1"], [2, 0]), (["y", "1"], [1, 0]),
    ]  # fmt: skip


def test_compared_formulas_come_a_formula_at_a_time_current_before_previous_by_count() -> None:
    events = "a v 01-03 p=x; 2*a v 01-03 p=y; 5*a v 01-01 p=x; a v 01-02 p=y"
    rows = ask(events, "v", days=("2020-01-03", "2020-01-04"), by="p", compare=True, formulas=["A", "A * 10"])
    assert [(r["order"], r["compare_label"], r["breakdown_value"], r["count"]) for r in rows] == [
        (0, "current", "y", 2), (0, "current", "x", 1), (0, "previous", "x", 5), (0, "previous", "y", 1),
        (1, "current", "y", 20), (1, "current", "x", 10), (1, "previous", "x", 50), (1, "previous", "y", 10),
    ]  # fmt: skip


def test_compared_totals_of_formulas_stay_in_natural_order() -> None:
    events = "9*a v 01-03 p=step10; a v 01-03 p=Step9; 3*a v 01-03 p=step1"
    rows = ask(events, "v", days=("2020-01-03", "2020-01-04"), by="p", compare=True, formula="A", display="ActionsPie")
    assert parted(rows) == [("step1", 3), ("Step9", 1), ("step10", 9)]


def test_compared_running_totals_of_formulas_come_by_their_count() -> None:
    # whether their count is the last figure (section 3) or the sum (section 9): the larger count comes first
    events = "3*a v 01-03 p=early; 5*a v 01-04 p=late"
    rows = ask(events, "v", days=("2020-01-03", "2020-01-04"), by="p", compare=True, formula="A", display="ActionsLineGraphCumulative")
    assert sorted(r["data"] for r in rows) == [[0, 5], [3, 3]]
    assert [r["count"] for r in rows] in ([5, 3], [6, 5])


def test_several_formulas_come_one_after_the_other() -> None:
    rows = ask("a v 01-01 p=x; 2*a v 01-01 p=y", "v", days=DAYS, by="p", formulas=["A * -1", "A"])
    assert [(r["order"], r["breakdown_value"]) for r in rows] == [(0, "x"), (0, "y"), (1, "y"), (1, "x")]


def test_formulas_with_cohorts_and_all_come_cohort_by_cohort() -> None:
    events = "a v 01-01; 3*b v 01-01"
    rows = ask(events, "v", by=by_cohort("all", 1, 2), formulas=["A", "A * 2"], **IN_COHORTS)
    assert [(r["order"], r["breakdown_value"], r["count"]) for r in rows] == [
        (0, "all", 4),
        (0, 1, 1),
        (0, 2, 3),
        (1, "all", 8),
        (1, 1, 2),
        (1, 2, 6),
    ]


def test_more_than_three_breakdowns_are_refused() -> None:
    by = {"breakdowns": [{"property": p} for p in "pqrs"]}
    with pytest.raises(ek.EvkitError, match="at most 3"):
        ask("a v 01-01", "v", days=DAYS, by=by)
