"""PostHog's JSON both ways: a question written as a query and read again is the same question; what isn't answered is refused."""

from __future__ import annotations

from typing import Any

import pytest

import evkit as ek
from evkit.errors import EvkitError, SamplingWarning, UnsupportedQuery
from evkit.posthog import to_actors_query, to_cohort, to_query
from evkit.query.property_filters import FilterGroup, PropertyFilter

SIGNED_UP = ek.Action("signed up", ek.submitted(selector="form#signup"), ek.event("user_signed_up"), id=7)
PRO = ek.Cohort("pro", ek.person_prop("plan") == "pro", id=3)
DAYS = ek.DateRange("2026-01-01", "2026-01-31")
NESTED = FilterGroup("AND", (ek.event_prop("a") == 1, FilterGroup("OR", (ek.person_prop("b").is_set(), ~(ek.event_prop("c") > 3)))))
S = ek.series
TRENDS = [
    ek.Trends("a", date_range=DAYS),
    ek.Trends("a", None, SIGNED_UP, interval="hour", date_range=ek.DateRange("-7d"), filters=NESTED),
    ek.Trends(S("a", math="p90", math_property="price", math_multiplier=2), date_range=DAYS, interval="month"),
    ek.Trends(S("a", math="sum", math_property=ek.person_prop("age")), date_range=DAYS),
    ek.Trends(S("a", math="avg", math_property=ek.session_duration()), date_range=DAYS),
    ek.Trends(S("a", math="unique_group", group_type_index=1, filters=ek.group_prop("size", 1) > 5), date_range=DAYS),
    ek.Trends(S("a", math="first_time_for_user", filters=NESTED), date_range=ek.DateRange("-1mStart", "-1mEnd")),
    ek.Trends("a", breakdown="b", breakdown_limit=3, breakdown_hide_other=True, date_range=DAYS),
    ek.Trends("a", breakdown=ek.person_prop("url", normalize_url=True), breakdown_path_cleaning=True, date_range=DAYS),
    ek.Trends("a", breakdown=("b", ek.event_prop("n", histogram_bin_count=4), ek.group_prop("plan", 0)), date_range=DAYS),
    ek.Trends("a", breakdown=ek.cohorts(3, "all"), date_range=DAYS),
    ek.Trends("a", filters=ek.in_cohort(3), compare=True, date_range=DAYS),
    ek.Trends("a", compare_to="-1w", display="BoldNumber", date_range=DAYS),
    ek.Trends("a", "b", formulas=(ek.Formula("A / B", "rate"), "A + 1"), smoothing_intervals=7, date_range=DAYS),
    ek.Trends("a", date_range=ek.DateRange("2026-01-01T10:00", "2026-01-02T11:30", bounds="exact")),
]
FUNNELS = [
    ek.Funnel("a", "b", date_range=DAYS),
    ek.Funnel("a", SIGNED_UP, None, window="36 hours", order_type="strict", filters=NESTED, date_range=DAYS, interval="week"),
    ek.Funnel("a", "b", "c", order_type="unordered", exclusions=(ek.Exclusion("x", after=1, before=3),), date_range=DAYS),
    ek.Funnel("a", S("b", optional=True), "c", exclusions=(ek.Exclusion(S("x", filters=NESTED), after=1, before=2),), date_range=DAYS),
    ek.Funnel("a", S("b", math="first_time_for_user"), date_range=DAYS),
    ek.Funnel("a", "b", breakdown="p", breakdown_attribution="step", breakdown_attribution_step=2, breakdown_limit=5, date_range=DAYS),
    ek.Funnel("a", "b", breakdown=("p", ek.person_prop("q")), breakdown_attribution="all_events", date_range=DAYS),
    ek.Funnel("a", "b", breakdown=ek.cohorts("all", 3), date_range=DAYS),
    ek.Funnel("a", "b", group_type_index=1, date_range=DAYS),
    ek.Funnel("a", "b", aggregate_by="$session_id", date_range=DAYS),
    ek.Funnel("a", "b", aggregate_by=ek.person_prop("the team's"), date_range=DAYS),
    ek.Funnel("a", "b", "c", viz_type="trends", from_step=2, to_step=3, interval="month", date_range=DAYS),
    ek.Funnel("a", "b", "c", viz_type="time_to_convert", bin_count=12, date_range=DAYS),
]
CORRELATIONS = [
    ek.FunnelCorrelation(FUNNELS[0]),
    ek.FunnelCorrelation(FUNNELS[1], exclude_event_names=["x"]),
    ek.FunnelCorrelation(FUNNELS[0], correlation_type="event_with_properties", event_names=["x"], exclude_event_property_names=["y"]),
    ek.FunnelCorrelation(FUNNELS[8], correlation_type="properties", names=["$all"], exclude_names=["z"]),
]
PATHS = [
    ek.Paths(date_range=DAYS),
    ek.Paths(
        include_event_types=("$pageview", "custom_event"), exclude_events=("x", "/a/*"), path_groupings=("/a/*", "b*"), date_range=DAYS
    ),
    ek.Paths(
        start_point="/a/", end_point="b", step_limit=7, edge_limit=9, min_edge_weight=2, max_edge_weight=8, date_range=ek.DateRange("-7d")
    ),
    ek.Paths(
        path_replacements=True,
        local_path_cleaning_filters=[{"regex": "[0-9]+", "alias": ":id"}, ("x", "")],
        filters=NESTED,
        date_range=DAYS,
    ),
    ek.Paths(include_event_types=("hogql", "$screen"), expression=ek.person_prop("the team's"), date_range=DAYS),
    ek.Paths(expression="p", event_names_for=("$pageview",), date_range=DAYS),
    ek.Paths(funnel=FUNNELS[0], funnel_path_type="funnel_path_after_step", funnel_step=2, funnel_dropped=True, date_range=DAYS),
    ek.Paths(funnel=FUNNELS[8], funnel_path_type="funnel_path_between_steps", funnel_step=2, date_range=DAYS),
]

LIFECYCLES = [
    ek.Lifecycle("a", date_range=DAYS),
    ek.Lifecycle(interval="hour", date_range=ek.DateRange("-7d"), filters=NESTED),
    ek.Lifecycle(SIGNED_UP, interval="month", date_range=ek.DateRange("all")),
    ek.Lifecycle(S("a", filters=NESTED), interval="week", group_type_index=1, date_range=DAYS),
]
STICKINESSES = [
    ek.Stickiness("a", date_range=DAYS),
    ek.Stickiness("a", SIGNED_UP, None, interval="week", interval_count=2, filters=NESTED, date_range=ek.DateRange("-30d")),
    ek.Stickiness(S("a", math="unique_group", group_type_index=1), "b", cumulative=True, compare=True, date_range=DAYS),
    ek.Stickiness(S("a", math="dau", filters=NESTED), criteria=("lte", 3), compare_to="-1w", date_range=DAYS),
    ek.Stickiness("a", "b", aggregate_by=ek.person_prop("the team's"), date_range=DAYS),
]


def project() -> ek.Project:
    events = [
        {"event": e, "distinct_id": d, "timestamp": f"2026-01-0{i}T00:00:00Z", "properties": {"p": d, "price": i}}
        for i, (e, d) in enumerate((("a", "u"), ("b", "u"), ("a", "v"), ("c", "u")), start=1)
    ]
    from evkit.posthog.nodes import actions

    return ek.Project(
        events, group_types=["team", "company"], actions=[actions.to_json(SIGNED_UP)],
        cohorts=[{"id": 3, "name": "pro", "definition": {"properties": {"type": "AND", "values": [{"key": "plan", "value": "pro", "type": "person"}]}}}],
    )  # fmt: skip


@pytest.mark.parametrize("spec", [*TRENDS, *FUNNELS, *CORRELATIONS, *PATHS, *LIFECYCLES, *STICKINESSES], ids=lambda s: type(s).__name__)
def test_a_question_written_and_read_again_is_the_same(spec: Any) -> None:
    ours = project()
    query = to_query(ours.events.ask(spec))
    again = ours.insight(query, now="2026-02-01T00:00:00Z").spec
    assert again == spec
    assert again.to_dict() == spec.to_dict()


P = ek.performed
COHORTS = [
    ek.Cohort("a", P("a", within="30 days"), id=4),
    ek.Cohort("a", P(SIGNED_UP, ek.event_prop("p") == 1, times=("<=", 3), within="2 weeks"), ek.person_prop("plan") == "pro", id=4),
    ek.Cohort("a", P("a", date_range="-1w") | ~P("b", date_range=("2026-01-01", "2026-01-31")), P("c", times=2, within="1 hour"), id=4),
    ek.Cohort("a", ek.performed_first_time("a", within="1 year"), ~ek.in_cohort(3), id=4),
    ek.Cohort("a", ek.performed_regularly("a", period="2 weeks", min_periods=2, total_periods=5, times=(">", 1)), id=4),
    ek.Cohort("a", ek.performed_sequence("a", SIGNED_UP, NESTED, gap="36 minutes", within="3 months"), id=4),
    ek.Cohort("a", ek.stopped_performing("a", within="60 days", recent="2 weeks") | ek.restarted_performing("b", date_range="-60d", recent="1 day"), id=4),
    ek.Cohort("a", ek.Conditions("OR", (P("a", within="1 day"), P("b", within="1 day"), ek.person_prop("x").is_set())), id=4),
    ek.Cohort("a", ek.Conditions("AND"), id=4),
    ek.Cohort("a", members=["u", "v"], id=4),
]  # fmt: skip


@pytest.mark.parametrize("cohort", COHORTS, ids=lambda c: c.in_words[:30])
def test_a_cohort_written_and_read_again_is_the_same(cohort: ek.Cohort) -> None:
    from evkit.posthog.nodes import cohorts

    assert cohorts.from_json(to_cohort(cohort), {7: SIGNED_UP}) == cohort


def test_what_posthog_has_no_words_for_is_refused() -> None:
    with pytest.raises(UnsupportedQuery, match="no condition on any event: name an event or an action"):
        to_cohort(ek.Cohort("a", P(None, within="1 day")))
    with pytest.raises(UnsupportedQuery, match="have no window from 2026-01-01 up to, not including, 2026-02-01"):
        to_cohort(ek.Cohort("a", P("a", date_range=ek.DateRange("2026-01-01", "2026-02-01", bounds="half_open"))))


def test_a_question_without_a_range_is_one_of_all_and_a_half_open_one_ends_a_microsecond_before() -> None:
    events = project().events
    assert to_query(events.trends("a"))["dateRange"] == {"date_from": "all"}
    half = to_query(events.between("2026-01-01", "2026-02-01").funnel("a", "b"))["dateRange"]
    assert half == {"date_from": "2026-01-01", "date_to": "2026-01-31T23:59:59.999999", "explicitDate": True}
    with pytest.raises(UnsupportedQuery, match="a Timeline is no query of PostHog's"):
        to_query(events.person("u").timeline())


TREND = {
    "kind": "TrendsQuery",
    "series": [{"kind": "EventsNode", "event": "a"}],
    "dateRange": {"date_from": "2026-01-01", "date_to": "2026-01-05"},
}
FUNNEL = {**TREND, "kind": "FunnelsQuery", "series": [{"kind": "EventsNode", "event": "a"}, {"kind": "EventsNode", "event": "b"}]}
PATH = {"kind": "PathsQuery", "dateRange": TREND["dateRange"], "pathsFilter": {}}

LIFE = {**TREND, "kind": "LifecycleQuery"}
STICK = {**TREND, "kind": "StickinessQuery"}


def changed(base: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Give a query with one field set, however deep: "series.0.math"."""
    head, _, rest = path.partition(".")
    if head.isdigit():
        made: Any = list(base)
        made[int(head)] = changed(made[int(head)], rest, value)
        return made
    return {**base, head: changed(base.get(head) or {}, rest, value) if rest else value}


@pytest.mark.parametrize(
    ("base", "path", "value"),
    [
        (TREND, "samplingFactor", 1.1),
        (TREND, "samplingFactor", "0.1"),
        (TREND, "conversionGoal", {"customEventName": "x"}),
        (TREND, "trendsFilter.hideWeekends", True),
        (TREND, "trendsFilter.excludeBoxPlotOutliers", True),
        (TREND, "series.0.math", "hogql"),
        (TREND, "series.0.math_property_revenue_currency", {"static": "EUR"}),
        (TREND, "series.0", {"math_property_type": "data_warehouse_properties", "event": "a", "math": "sum", "math_property": "x"}),
        (TREND, "series.0.kind", "DataWarehouseNode"),
        (TREND, "breakdownFilter.breakdown_type", "data_warehouse"),
        (TREND, "modifiers", {"personsOnEventsMode": "person_id_no_override_properties_on_events"}),
        (TREND, "modifiers", {"convertToProjectTimezone": False}),
        (TREND, "dateRange.daysOfWeek", "monday"),
        (TREND, "trendsFilter.display", "BoxPlot"),
        (FUNNEL, "samplingFactor", -0.5),
        (FUNNEL, "funnelsFilter.funnelAggregateByHogQL", "lower(properties.x)"),
        (FUNNEL, "funnelsFilter.funnelWindowInterval", 1.5),
        (FUNNEL, "funnelsFilter.useUdf2", True),
        (FUNNEL, "funnelsFilter.funnelOrderType", "random"),
        (FUNNEL, "funnelsFilter.funnelVizType", "flow"),
        (FUNNEL, "properties", [{"type": "hogql", "key": "1 = 1"}]),
        (PATH, "pathsFilter.pathsHogQLExpression", "event || properties.a"),
        (PATH, "pathsFilter.funnelPaths", "funnel_path_after_step"),
        (PATH, "pathsFilter.stepLimit", -1),
        (PATH, "funnelPathsFilter", {"funnelWindow": 3, "funnelSource": FUNNEL, "funnelPathType": "funnel_path_after_step", "funnelStep": 1}),
        (PATH, "interval", "week"),
        (PATH, "properties", [{"type": "hogql", "key": "1 = 1"}]),
        (LIFE, "samplingFactor", 2),
        (LIFE, "lifecycleFilter.stickyLifecycles", True),
        (LIFE, "customAggregationTarget", True),
        (LIFE, "breakdownFilter", {"breakdown": "p"}),
        (LIFE, "compareFilter", {"compare": True}),
        (LIFE, "series.0.kind", "DataWarehouseNode"),
        (LIFE, "series.0.math", "uniq"),
        (STICK, "stickinessFilter.computedAs", "rolling"),
        (STICK, "stickinessFilter.stickinessCriteria", {"operator": "gte", "value": 1, "of": "days"}),
        (STICK, "breakdownFilter", {"breakdown": "p"}),
        (STICK, "series.0", {"event": "a", "math": "hogql", "math_hogql": "count()"}),
        (STICK, "dateRange.daysOfWeek", "monday"),
    ],
)  # fmt: skip
def test_a_field_that_would_change_a_figure_is_never_left_out_in_silence(base: dict[str, Any], path: str, value: Any) -> None:
    breakdown = {"breakdown": "p"} if "breakdown" in path else {}
    query = changed({**base, **({"breakdownFilter": breakdown} if breakdown else {})}, path, value)
    with pytest.raises(EvkitError) as caught:
        project().query(query, now="2026-02-01T00:00:00Z")
    said = str(next(iter(value)) if isinstance(value, dict) else value[0]["type"] if isinstance(value, list) else value)
    assert said in str(caught.value) or path.rpartition(".")[2] in str(caught.value)


@pytest.mark.parametrize(
    ("base", "path", "value"),
    [
        (TREND, "trendsFilter.showLegend", True),
        (TREND, "trendsFilter.aggregationAxisFormat", "duration"),
        (TREND, "modifiers", {"debug": True, "personsOnEventsMode": "person_id_override_properties_joined"}),
        (TREND, "samplingFactor", 1),
        (TREND, "trendsFilter.somethingNew", None),
        (FUNNEL, "funnelsFilter.layout", "vertical"),
        (FUNNEL, "series.0.math", "dau"),
        (LIFE, "lifecycleFilter.toggledLifecycles", ["new"]),
        (LIFE, "series.0.math", "dau"),
        (STICK, "stickinessFilter.display", "ActionsBar"),
        (STICK, "stickinessFilter.computedAs", "non_cumulative"),
        (STICK, "intervalCount", 1),
        (STICK, "aggregation_group_type_index", 0),
    ],
)
def test_a_field_that_is_only_about_drawing_changes_nothing(base: dict[str, Any], path: str, value: Any) -> None:
    ask = lambda query: project().query(query, now="2026-02-01T00:00:00Z")  # noqa: E731
    first, second = ask(base), ask(changed(base, path, value))
    for answer in (first, second):
        for row in answer["results"]:
            row.pop("action", None)
    assert first == second


@pytest.mark.parametrize("base", [TREND, FUNNEL, LIFE, STICK])
def test_figures_of_a_sample_are_counted_whole_and_that_is_told(base: dict[str, Any]) -> None:
    with pytest.warns(SamplingWarning, match="evkit counts every event, so its own are exact"):
        answer = project().query(changed(base, "samplingFactor", 0.1), now="2026-02-01T00:00:00Z")
    assert answer == project().query(base, now="2026-02-01T00:00:00Z")


def test_a_calendar_heatmap_is_one_figure_over_the_range() -> None:
    heat = changed(TREND, "trendsFilter.display", "CalendarHeatmap")
    row = project().query(heat, now="2026-02-01T00:00:00Z")["results"][0]
    assert (row["aggregated_value"], row["data"]) == (sum(project().query(TREND, now="2026-02-01T00:00:00Z")["results"][0]["data"]), [])
    assert project().insight(heat, now="2026-02-01T00:00:00Z").chart().to_svg().startswith("<svg")


def test_the_people_behind_a_query_can_be_paged() -> None:
    actors = {
        "kind": "ActorsQuery",
        "source": {"kind": "InsightActorsQuery", "source": {**TREND, "trendsFilter": {"display": "BoldNumber"}}},
    }
    ask = lambda **page: [r["id"] for r in project().query({**actors, **page})["results"]]  # noqa: E731
    assert (ask(), ask(limit=1), ask(offset=1, limit=5)) == (["u", "v"], ["u"], ["v"])
    with pytest.raises(UnsupportedQuery, match="ActorsQuery: search 'u' is not answered"):
        ask(search="u")


def test_the_hour_at_which_a_funnels_range_ends_is_that_of_its_interval() -> None:
    events = [
        {"event": e, "distinct_id": "u", "timestamp": f"2026-01-02T{h}:00:00Z", "properties": {}} for e, h in (("a", "10"), ("b", "20"))
    ]
    query = {**FUNNEL, "dateRange": {"date_from": "2026-01-01", "date_to": "2026-01-02T12:00:00Z"}}
    ask = lambda **more: [s["count"] for s in ek.Project(events).query({**query, **more}, now="2026-02-01T00:00:00Z")["results"]]  # noqa: E731
    assert (ask(), ask(interval="hour")) == ([1, 1], [1, 0])


def test_a_filter_that_is_turned_round_survives() -> None:
    assert to_query(project().events.trends("a", filters=~PropertyFilter("p", "x")))["properties"] == {
        "type": "AND", "values": [{"key": "p", "type": "event", "operator": "exact", "value": "x", "negation": True}],
    }  # fmt: skip


def test_who_is_behind_a_figure_is_asked_in_json_as_it_is_in_python() -> None:
    ours = project()
    events = ours.events
    days = ("2026-01-01", "2026-01-05")
    funnel = events.funnel("a", "b", date_range=days)
    follow = events.paths(funnel=funnel, funnel_path_type="funnel_path_after_step", funnel_step=1, date_range=days)
    cases: list[tuple[ek.Insight, dict[str, Any]]] = [
        (events.trends("b", "a", date_range=days), {"series": "a", "bucket": "2026-01-03"}),
        (events.trends("a", breakdown="p", date_range=days), {"breakdown_value": "v"}),
        (events.trends("a", breakdown=("p", "price"), date_range=days), {"breakdown_value": ("u", "1")}),
        (events.trends("a", compare=True, date_range=("2026-01-02", "2026-01-02")), {"period": "previous", "bucket": "2026-01-01"}),
        (events.funnel("a", "b", date_range=days), {"step": "b"}),
        (events.funnel("a", "b", date_range=days), {"step": 2, "dropped": True}),
        (events.funnel("a", "b", breakdown="p", date_range=days), {"step": 1, "breakdown_value": "v"}),
        (events.funnel("a", "b", viz_type="trends", date_range=days), {"bucket": "2026-01-03", "dropped": True}),
        (events.correlation(ek.Funnel("a", "c", date_range=days)), {"event": "b", "converted": True}),
        (events.correlation(ek.Funnel("a", "c", date_range=days)), {"filters": ek.event_prop("p") == "u"}),
        (follow, {"step": 1, "source": "a", "target": "b"}),
        (follow, {"step": 3, "dropoff": "c"}),
        (events.paths(date_range=days), {}),
        (events.lifecycle("a", date_range=days), {"bucket": "2026-01-03", "status": "new"}),
        (events.lifecycle("a", date_range=days), {"bucket": "2026-01-02", "status": "dormant"}),
        (events.lifecycle(None, date_range=days), {"status": "returning"}),
        (events.stickiness(None, date_range=days), {"intervals": 3}),
        (events.stickiness(None, date_range=days), {"intervals": 1, "operator": "gte"}),
        (events.stickiness("b", "a", date_range=days, cumulative=True), {"intervals": 1, "series": "a"}),
        (events.stickiness("a", date_range=("2026-01-03", "2026-01-03"), compare_to="-2d"), {"intervals": 1, "period": "previous"}),
    ]
    with pytest.raises(EvkitError, match="give step="):
        to_actors_query(events.paths(date_range=days), source="a")
    for insight, which in cases:
        asked = ours.query(to_actors_query(insight, **which), now="2026-02-01T00:00:00Z")["results"]
        assert [row["id"] for row in asked] == insight.actors(**which).actor_id.tolist() != []
    with pytest.raises(EvkitError, match="give bucket="):
        to_actors_query(cases[7][0])
    timed = events.funnel("a", "c", viz_type="time_to_convert", date_range=days)
    assert to_actors_query(timed)["funnelStep"] == 2  # as `timed.actors()`: those who converted
    with pytest.raises(EvkitError, match="nobody is lost before step 1"):
        to_actors_query(events.funnel("a", "c"), dropped=True)
    people = {"kind": "ActorsQuery", "source": to_actors_query(events.trends("a", date_range=days)), "orderBy": ["id"]}
    assert len(ours.query(people, now="2026-02-01T00:00:00Z")["results"]) > 1
    with pytest.raises(UnsupportedQuery, match="ordered by"):
        ours.query({**people, "limit": 1}, now="2026-02-01T00:00:00Z")
    for wrong, which, message in (
        (events.lifecycle("a"), {"status": "gone"}, "unknown status 'gone'"),
        (events.lifecycle("a"), {"bucket": "2025-01-01"}, "no bucket begins at"),
        (events.stickiness("a"), {"intervals": 9}, "intervals 9: the figures count from 1 to"),
        (events.stickiness("a"), {"intervals": 1, "period": "previous"}, "unknown period 'previous'"),
    ):
        with pytest.raises(EvkitError, match=message):
            to_actors_query(wrong, **which)
    with pytest.raises(EvkitError, match="unknown period 'last'"):
        to_actors_query(events.trends("a"), period="last")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"includeEventTypes": ["$autocapture"]}, "unknown include_event_types '$autocapture'"),
        (
            {"localPathCleaningFilters": [{"regex": "a", "alias": "b", "scope": "host"}]},
            "a path cleaning filter: scope 'host' is not answered",
        ),
        ({"localPathCleaningFilters": [{"regex": "a(?=b)", "alias": ""}]}, "looks around or back"),
        ({"localPathCleaningFilters": [{"regex": "(a)", "alias": "\\2"}]}, "puts in group 2, and '(a)' has 1"),
        ({"pathGroupings": [""]}, "path_groupings with ''"),
        ({"edgeLimit": 2.5}, "edge_limit 2.5 is no whole number"),
        ({"pathsHogQLExpression": "timestamp"}, "is no text that an item can be called by"),
    ],
)
def test_options_of_paths_that_are_not_answered_are_named(options: dict[str, Any], said: str) -> None:
    with pytest.raises(EvkitError) as caught:
        project().query({**PATH, "pathsFilter": options}, now="2026-02-01T00:00:00Z")
    assert said in str(caught.value)


def test_options_of_paths_that_change_no_figure_are_passed_over() -> None:
    plain = project().query(PATH, now="2026-02-01T00:00:00Z")
    quiet = {
        "showFullUrls": True, "pathStartKey": "1_a", "pathEndKey": "2_b", "pathDropoffKey": "3_c", "startPoint": "", "pathGroupings": [],
        "localPathCleaningFilters": [{"regex": "", "alias": "x"}], "includeEventTypes": None,
    }  # fmt: skip
    assert project().query({**PATH, "pathsFilter": quiet}, now="2026-02-01T00:00:00Z") == plain
    with pytest.raises(EvkitError, match="pathEndKey 'b' is no key of a path's item"):
        asked = {**PATH, "pathsFilter": {"pathEndKey": "b"}}
        project().query({"kind": "InsightActorsQuery", "source": asked}, now="2026-02-01T00:00:00Z")
