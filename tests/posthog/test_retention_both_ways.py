"""PostHog's JSON of retention both ways: a question written as a query and read again is the same; what isn't answered is refused."""

from __future__ import annotations

from typing import Any

import pytest

import evkit as ek
from evkit.errors import EvkitError, SamplingWarning, UnsupportedQuery
from evkit.posthog import to_actors_query, to_query
from tests.posthog.test_both_ways import DAYS, NESTED, SIGNED_UP, changed, project

S = ek.series
NOW = "2026-02-01T00:00:00Z"
QUESTIONS = [
    ek.Retention("a", "b", date_range=DAYS),
    ek.Retention(SIGNED_UP, None, period="day", total_intervals=3, filters=NESTED, date_range=ek.DateRange("-7d")),
    ek.Retention(S("a", filters=NESTED), S(SIGNED_UP, filters=ek.event_prop("p") == "x", name="mine"), date_range=DAYS),
    ek.Retention("a", retention_type="retention_first_time", cumulative=True, minimum_occurrences=2, date_range=DAYS),
    ek.Retention("a", retention_type="retention_first_ever_occurrence", custom_brackets=(1, 3, 7), period="month", date_range=DAYS),
    ek.Retention("a", time_window_mode="24_hour_windows", period="hour", date_range=ek.DateRange("2026-01-01T10:00", "2026-01-02T11:30", bounds="exact")),
    ek.Retention("a", aggregation_type="avg", aggregation_property=ek.person_prop("age"), date_range=DAYS),
    ek.Retention("a", "b", aggregation_type="sum", aggregation_property="price", date_range=DAYS),
    ek.Retention("a", breakdown="p", breakdown_limit=3, date_range=DAYS),
    ek.Retention("a", breakdown=ek.group_prop("plan", 1), date_range=DAYS),
    ek.Retention("a", breakdown=ek.PropertyRef("$group_0", "event_metadata"), date_range=DAYS),
    ek.Retention("a", breakdown=ek.cohorts("all", 3), date_range=DAYS),
    ek.Retention("a", group_type_index=1, display="ActionsLineGraph", mean_retention_calculation="weighted", date_range=DAYS),
    ek.Retention("a", "b", date_range=ek.DateRange(None, "2026-01-31")),
]  # fmt: skip


@pytest.mark.parametrize("spec", QUESTIONS, ids=range(len(QUESTIONS)))
def test_a_question_written_and_read_again_is_the_same(spec: ek.Retention) -> None:
    ours = project()
    again = ours.insight(to_query(ours.events.ask(spec)), now=NOW).spec
    assert again == spec
    assert again.to_dict() == spec.to_dict()


def test_a_query_says_everything_that_makes_a_figure() -> None:
    query = to_query(project().events.retention("a", None, period="day", total_intervals=3, date_range=("2026-01-01", "2026-01-05")))
    assert query == {
        "kind": "RetentionQuery", "dateRange": {"date_from": "2026-01-01", "date_to": "2026-01-05"},
        "retentionFilter": {
            "targetEntity": {"id": "a", "name": "a", "type": "events"}, "returningEntity": {"id": None, "name": "All events", "type": "events"},
            "period": "Day", "totalIntervals": 3,
        },
    }  # fmt: skip


def test_a_group_type_is_given_by_its_index() -> None:
    assert to_query(project().events.retention("a", group_type="company"))["aggregation_group_type_index"] == 1


def test_python_and_json_give_the_same_figures() -> None:
    ours = project()
    for options in (
        {},
        {"breakdown": "p"},
        {"retention_type": "retention_first_time"},
        {"aggregation_type": "sum", "aggregation_property": "price"},
    ):
        insight = ours.events.retention("a", None, period="day", total_intervals=3, date_range=("2026-01-01", "2026-01-05"), **options)
        rows = ours.query(to_query(insight), now=NOW)["results"]
        frame = insight.to_pandas()
        assert [v["count"] for row in rows for v in row["values"]] == frame["count"].tolist()
        assert [row["breakdown_value"] for row in rows for _ in row["values"]] == frame.breakdown_value.tolist()
        if "aggregation_value" in frame:
            assert [v["aggregation_value"] for row in rows for v in row["values"]] == frame.aggregation_value.tolist()


def test_who_is_in_a_cohort_is_asked_in_json_as_it_is_in_python() -> None:
    ours = project()
    asked = {"period": "day", "total_intervals": 3, "date_range": ("2026-01-01", "2026-01-05")}
    insight = ours.events.retention(None, None, **asked)
    found = ours.query(to_actors_query(insight, cohort="2026-01-02"), now=NOW)["results"]
    people = insight.actors(cohort="2026-01-02")
    assert (
        [(row["id"], tuple(row["appearances"])) for row in found]
        == list(zip(people.actor_id, people.appearances, strict=True))
        == [("u", (0, 2))]
    )
    parted = ours.events.retention("a", None, breakdown="p", **asked)
    assert [r["id"] for r in ours.query(to_actors_query(parted, cohort="2026-01-03", breakdown_value="v"), now=NOW)["results"]] == ["v"]
    everybody = ours.events.retention("a", breakdown=ek.cohorts("all"), **asked)
    assert to_actors_query(everybody, cohort="2026-01-01", breakdown_value="all")["breakdown"] == "0"
    assert [r["id"] for r in ours.query(to_actors_query(everybody, cohort="2026-01-01", breakdown_value="all"), now=NOW)["results"]] == [
        "u"
    ]


BASE: dict[str, Any] = {
    "kind": "RetentionQuery",
    "dateRange": {"date_from": "2026-01-01", "date_to": "2026-01-05"},
    "retentionFilter": {"period": "Day"},
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("retentionFilter.newOption", True), ("newOption", 1), ("breakdownFilter", {"breakdown": "p", "breakdown_hide_other_aggregation": True}),
        ("breakdownFilter", {"breakdown": "p", "breakdown_path_cleaning": True}), ("retentionFilter.targetEntity", {"id": "a", "table_name": "t"}),
        ("retentionFilter.targetEntity", {"id": "a", "kind": "DataWarehouseNode"}), ("retentionFilter.returningEntity", {"id": "a", "type": "warehouse"}),
        ("retentionFilter.aggregationType", "median"), ("dateRange.daysOfWeek", "monday"), ("samplingFactor", 1.1),
        ("breakdownFilter", {"breakdown": "upper(event)", "breakdown_type": "hogql"}),
    ],
)  # fmt: skip
def test_a_field_that_would_change_a_figure_is_never_left_out_in_silence(path: str, value: Any) -> None:
    with pytest.raises(EvkitError):
        project().query(changed(BASE, path, value), now=NOW)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("retentionFilter.retentionReference", "previous"), ("retentionFilter.meanRetentionCalculation", "weighted"), ("retentionFilter.display", "ActionsBar"),
        ("retentionFilter.dashboardDisplay", "all"), ("retentionFilter.showTrendLines", True), ("samplingFactor", 1),
    ],
)  # fmt: skip
def test_a_field_that_is_only_about_drawing_changes_nothing(path: str, value: Any) -> None:
    assert project().query(changed(BASE, path, value), now=NOW) == project().query(BASE, now=NOW)


def test_figures_of_a_sample_are_counted_whole_and_that_is_told() -> None:
    with pytest.warns(SamplingWarning):
        answer = project().query(changed(BASE, "samplingFactor", 0.1), now=NOW)
    assert answer == project().query(BASE, now=NOW)


def test_a_property_that_a_hogql_breakdown_names_is_answered() -> None:
    query = changed(BASE, "retentionFilter.targetEntity", {"id": "a"})
    by = {"breakdown": "properties.p", "breakdown_type": "hogql"}
    plain = {"breakdown": "p", "breakdown_type": "event"}
    assert project().query({**query, "breakdownFilter": by}, now=NOW) == project().query({**query, "breakdownFilter": plain}, now=NOW)


def test_people_behind_another_kind_of_query_are_refused_by_name() -> None:
    with pytest.raises(
        UnsupportedQuery, match=r"InsightActorsQuery over 'FunnelsQuery' is not answered\. Over: TrendsQuery, RetentionQuery"
    ):
        project().query({"kind": "InsightActorsQuery", "source": {"kind": "FunnelsQuery"}}, now=NOW)
