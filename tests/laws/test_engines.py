"""Every expression that an insight makes also compiles for the other engines."""

import datetime as dt
import types

import ibis
import pytest

from evkit.dates import DateRange
from evkit.insights.funnel import compute as funnels
from evkit.insights.funnel.spec import Exclusion, Funnel
from evkit.insights.lifecycle import compute as lifecycles
from evkit.insights.lifecycle.actors import expression as people_of_lifecycles
from evkit.insights.lifecycle.spec import Lifecycle
from evkit.insights.paths import compute as paths
from evkit.insights.paths.spec import Paths
from evkit.insights.retention import compute as retention
from evkit.insights.retention.grid import grid
from evkit.insights.retention.spec import Retention
from evkit.insights.stickiness import compute as stickinesses
from evkit.insights.stickiness.spec import Stickiness
from evkit.insights.trends import compute as trends
from evkit.insights.trends.spec import Trends
from evkit.model import schema
from evkit.model.settings import Settings
from evkit.model.tables import EventTables, Ready
from evkit.quality import Quality
from evkit.query import cohorts as members
from evkit.query.builders import (
    clicked,
    cohorts,
    event_prop,
    group_prop,
    in_cohort,
    performed,
    performed_first_time,
    performed_regularly,
    performed_sequence,
    person_prop,
    restarted_performing,
    session_duration,
    stopped_performing,
    viewed,
)  # fmt: skip
from evkit.query.property_filters import FilterGroup
from evkit.query.spec import Action, Cohort, Series
from evkit.suggestions import captured, check

ENGINES = ("duckdb", "clickhouse", "postgres", "pyspark")
WEEKS = DateRange("2026-02-01", "2026-04-01")
QUESTIONS = {
    "total by day": Trends("a", date_range=WEEKS),
    "persons by week": Trends(Series("a", math="dau"), interval="week", date_range=WEEKS),
    "an hour": Trends("a", interval="hour", date_range=WEEKS),
    "a month, any event": Trends(None, interval="month", date_range=WEEKS),
    "groups": Trends(Series("a", math="unique_group", group_type="company"), date_range=WEEKS),
    "sessions": Trends(Series("a", math="unique_session"), date_range=WEEKS),
    "sum": Trends(Series("a", math="sum", math_property="price"), date_range=WEEKS),
    "median": Trends(Series("a", math="median", math_property="price"), date_range=WEEKS),
    "p90": Trends(Series("a", math="p90", math_property="price"), date_range=WEEKS),
    "filters": Trends("a", filters=(event_prop("plan") == "pro"), date_range=WEEKS),
    "numbers": Trends("a", filters=event_prop("n").between(1, 5), date_range=WEEKS),
    "text": Trends("a", filters=event_prop("$browser").icontains("fire%_"), date_range=WEEKS),
    "regex": Trends("a", filters=event_prop("$browser").regex("^F"), date_range=WEEKS),
    "an action": Trends(Action("x", clicked(text="Buy", href="/buy", tag_name="a"), viewed("/b")), date_range=WEEKS),
    "two series and the period before": Trends("a", "b", compare=True, date_range=WEEKS),
    "first times": Trends(Series("a", math="first_time_for_user"), date_range=WEEKS),
    "first matching": Trends(Series("a", math="first_matching_event_for_user", filters=event_prop("p") == 1), date_range=WEEKS),
    "weekly active": Trends(Series("a", math="weekly_active"), date_range=WEEKS),
    "monthly active by the hour": Trends(Series("a", math="monthly_active"), interval="hour", date_range=DateRange("2026-02-01", "2026-02-02")),
    "a count per actor": Trends(Series("a", math="p90_count_per_actor"), date_range=WEEKS),
    "session durations": Trends(Series("a", math="avg", math_property=session_duration(), math_multiplier=2), date_range=WEEKS),
    "by the minute": Trends("a", interval="minute", date_range=DateRange("2026-02-01T10:00", "2026-02-01T11:00")),
    "one figure": Trends(Series("a", math="weekly_active"), display="BoldNumber", date_range=WEEKS),
    "a cohort by a list": Trends("a", filters=in_cohort("list"), date_range=WEEKS),
    "a cohort by what its members are": Trends("a", filters=~in_cohort("pro"), date_range=WEEKS),
}  # fmt: skip
BREAKDOWNS = {
    "an event property": Trends("a", breakdown="$browser", date_range=WEEKS),
    "a person property": Trends("a", breakdown=person_prop("plan"), date_range=WEEKS),
    "a group property": Trends("a", breakdown=group_prop("plan", 0), date_range=WEEKS),
    "several": Trends("a", breakdown=("$browser", event_prop("url", normalize_url=True)), date_range=WEEKS),
    "first times by property": Trends(Series("a", math="first_time_for_user"), breakdown="p", date_range=WEEKS),
    "sessions": Trends("a", breakdown=session_duration(), date_range=WEEKS),
    "cohorts": Trends("a", breakdown=cohorts("pro", "list", "all"), date_range=WEEKS),
    "running totals of persons": Trends(Series("a", math="dau"), breakdown="p", display="ActionsLineGraphCumulative", date_range=WEEKS),
}
FUNNELS = {
    "plain": Funnel("a", "b", date_range=WEEKS),
    "strict, of groups": Funnel("a", "b", order_type="strict", group_type="company", date_range=WEEKS),
    "by browser": Funnel("a", "b", breakdown="$browser", filters=(person_prop("plan") == "pro"), date_range=WEEKS),
    "over time": Funnel("a", "b", viz_type="trends", interval="week", order_type="unordered", date_range=WEEKS),
    "of sessions, with an exclusion": Funnel(
        "a", "b", aggregate_by="$session_id", exclusions=(Exclusion("x", after=1, before=2),), date_range=WEEKS
    ),
    "first times": Funnel(Series("a", math="first_time_for_user", filters=event_prop("p") == 1), "b", date_range=WEEKS),
    "cohorts": Funnel("a", "b", breakdown=cohorts("pro", "all"), date_range=WEEKS),
}
RETENTION = {
    "by week": Retention("a", "b", date_range=WEEKS),
    "by hour, any event, cumulative": Retention(None, None, period="hour", cumulative=True, date_range=DateRange("2026-02-01", "2026-02-02")),
    "first time by month": Retention("a", retention_type="retention_first_time", period="month", date_range=WEEKS),
    "first ever by a property": Retention(
        Series("a", filters=event_prop("p") == 1), "b", retention_type="retention_first_ever_occurrence", breakdown="p", date_range=WEEKS
    ),
    "brackets": Retention("a", custom_brackets=(1, 3), minimum_occurrences=2, breakdown=person_prop("plan"), date_range=WEEKS),
    "windows of 24 hours": Retention("a", "b", period="day", time_window_mode="24_hour_windows", breakdown="p", date_range=WEEKS),
    "windows of a month": Retention("a", period="month", time_window_mode="24_hour_windows", date_range=WEEKS),
    "sums": Retention("a", aggregation_type="sum", aggregation_property="price", date_range=WEEKS),
    "averages of two": Retention("a", "b", aggregation_type="avg", aggregation_property=person_prop("age"), custom_brackets=(2,), date_range=WEEKS),
    "groups": Retention("a", group_type="company", breakdown=group_prop("plan", 0), date_range=WEEKS),
    "cohorts": Retention("a", breakdown=cohorts("pro", "all"), filters=~in_cohort("list"), date_range=WEEKS),
}  # fmt: skip
LIFECYCLES = {
    "by day": Lifecycle("a", date_range=WEEKS),
    "by week, filtered": Lifecycle(
        Series("a", filters=event_prop("p") == 1), interval="week", filters=person_prop("plan") == "pro", date_range=WEEKS
    ),
    "by month, of groups": Lifecycle(interval="month", group_type="company", date_range=WEEKS),
    "by the hour": Lifecycle(Action("x", viewed("/b")), interval="hour", date_range=DateRange("2026-03-28", "2026-03-30")),
    "of a cohort": Lifecycle("a", filters=in_cohort("pro"), date_range=WEEKS),
}
STICKINESSES = {
    "by day": Stickiness("a", date_range=WEEKS),
    "by week, of groups, compared": Stickiness(
        "b", Series("a", math="unique_group", group_type="company"), interval="week", compare=True, date_range=WEEKS
    ),
    "twice a day": Stickiness("a", criteria=("gte", 2), date_range=WEEKS),
    "in pairs of days": Stickiness("a", interval_count=2, date_range=WEEKS),
    "in pairs of months": Stickiness("a", interval="month", interval_count=2, cumulative=True, date_range=WEEKS),
    "in threes of hours": Stickiness("a", interval="hour", interval_count=3, date_range=DateRange("2026-03-28", "2026-03-30")),
    "of sessions": Stickiness("a", aggregate_by="$session_id", filters=person_prop("plan") == "pro", date_range=WEEKS),
}
PATHS = {
    "plain": Paths(date_range=WEEKS),
    "cleaned and put into groups": Paths(
        local_path_cleaning_filters=((r"/(\w+)/[0-9]+", r"/\1/\0"),), path_groupings=("/a.b/*", "c"), start_point="/", date_range=WEEKS
    ),
    "types, without some": Paths(include_event_types=("$pageview", "custom_event"), exclude_events=("x",), date_range=WEEKS),
    "by a property, filtered": Paths(expression=person_prop("plan"), filters=in_cohort("pro"), date_range=WEEKS),
}

PRO = person_prop("plan") == "pro"
COHORTS = {
    "performed": Cohort("x", performed("a", event_prop("p") == 1, within="30 days")),
    "performed so many times": Cohort("x", performed(Action("x", viewed("/b")), times=(">=", 3), date_range=("2026-02-01", "2026-02-28"))),
    "for the first time": Cohort("x", performed_first_time(None, within="2 weeks")),
    "regularly": Cohort("x", performed_regularly("a", period="1 month", min_periods=2, total_periods=3)),
    "a sequence": Cohort("x", performed_sequence("a", "b", gap="3 days", within="30 days")),
    "stopped": Cohort("x", stopped_performing("a", in_cohort("list"), within="60 days", recent="1 week")),
    "restarted": Cohort("x", restarted_performing("a", within="60 days", recent="1 week")),
    "joined": Cohort("x", (performed("a", within="30 days") | PRO) & ~in_cohort("list"), in_cohort("pro") | ~performed("b", within="1 week")),
}  # fmt: skip


@pytest.fixture(autouse=True)
def spark_option(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyspark installed ibis lacks the option that its own Spark compiler reads."""
    from ibis.backends.sql.compilers import pyspark

    if pyspark.options.pyspark is None:
        monkeypatch.setattr(pyspark, "options", types.SimpleNamespace(pyspark=types.SimpleNamespace(treat_nan_as_null=False)))


def tables(dialect: str) -> EventTables:
    known = {c.id: c for c in (Cohort("pro", person_prop("plan") == "pro"), Cohort("list", members=["a", "b"]))}
    settings = Settings(timezone="Europe/London", now=dt.datetime(2026, 4, 1, tzinfo=dt.UTC), group_types=("company",), cohorts=known)
    named = lambda name, columns: ibis.table(columns, name=name)  # noqa: E731
    return EventTables(
        con=None,
        source=Ready(named("events", schema.EVENTS)),
        persons=named("persons", schema.PERSONS),
        groups=named("groups", schema.GROUPS),
        settings=settings,
        dialect=dialect,
    )


@pytest.mark.parametrize("dialect", ENGINES)
@pytest.mark.parametrize("name", QUESTIONS)
def test_trends_compile(name: str, dialect: str) -> None:
    sql = ibis.to_sql(trends.expression(QUESTIONS[name], tables(dialect)), dialect=dialect)
    assert "events" in str(sql)


@pytest.mark.parametrize("dialect", ENGINES)
@pytest.mark.parametrize("name", BREAKDOWNS)
def test_broken_down_trends_compile(name: str, dialect: str) -> None:
    assert "events" in str(ibis.to_sql(trends.raw(BREAKDOWNS[name], tables(dialect)), dialect=dialect))


@pytest.mark.parametrize("dialect", ENGINES)
@pytest.mark.parametrize("name", COHORTS)
def test_cohorts_compile(name: str, dialect: str) -> None:
    assert "events" in str(ibis.to_sql(members.persons(tables(dialect), COHORTS[name]), dialect=dialect))


@pytest.mark.parametrize("dialect", ENGINES)
@pytest.mark.parametrize("name", ["_by_day", "_people", "_waits", "_counted", "_span"])
def test_the_figures_of_quality_compile(name: str, dialect: str) -> None:
    quality = Quality(tables(dialect), date_range=WEEKS)
    given = {"_by_day": (), "_span": (quality._now.lower, quality._now.end)}.get(name, (quality._before,))
    made = getattr(quality, name)(*given)
    assert "events" in str(ibis.to_sql(made, dialect=dialect))


@pytest.mark.parametrize("dialect", ENGINES)
@pytest.mark.parametrize("name", FUNNELS)
def test_the_relation_of_a_funnel_compiles(name: str, dialect: str) -> None:
    assert "events" in str(ibis.to_sql(funnels.matched(FUNNELS[name], tables(dialect)), dialect=dialect))


@pytest.mark.parametrize("dialect", ENGINES)
@pytest.mark.parametrize("name", RETENTION)
def test_retention_compiles(name: str, dialect: str) -> None:
    asked, spec = tables(dialect), RETENTION[name]
    for made in (retention.raw(spec, asked, grid(spec, asked)), retention.matched(spec, asked)):
        assert "events" in str(ibis.to_sql(made, dialect=dialect))


@pytest.mark.parametrize("dialect", ENGINES)
@pytest.mark.parametrize("name", LIFECYCLES)
def test_lifecycles_compile(name: str, dialect: str) -> None:
    for made in (lifecycles.expression, lifecycles.matched, people_of_lifecycles):
        assert "events" in str(ibis.to_sql(made(LIFECYCLES[name], tables(dialect)), dialect=dialect))


@pytest.mark.parametrize("dialect", ENGINES)
@pytest.mark.parametrize("name", STICKINESSES)
def test_stickinesses_compile(name: str, dialect: str) -> None:
    for made in (stickinesses.expression, stickinesses.matched):
        assert "events" in str(ibis.to_sql(made(STICKINESSES[name], tables(dialect)), dialect=dialect))


@pytest.mark.parametrize("dialect", ENGINES)
@pytest.mark.parametrize("name", PATHS)
def test_the_relation_of_paths_compiles(name: str, dialect: str) -> None:
    assert "events" in str(ibis.to_sql(paths.matched(PATHS[name], tables(dialect)), dialect=dialect))


@pytest.mark.parametrize("dialect", ENGINES)
def test_what_suggestions_are_made_from_compiles(dialect: str) -> None:
    known = (Action("x", clicked(selector="a.b", text="Buy"), viewed("/b")), Action("y", clicked(href="/b")))
    asked, wanted = tables(dialect), ibis.table(captured.WANTED, name="wanted")
    hits = check.hits(asked, known, filters=FilterGroup.of(person_prop("plan") == "pro"), date_range=WEEKS)
    for made in (
        captured.expression(asked, known, date_range=WEEKS),
        captured.people_behind(asked, wanted, date_range=WEEKS),
        check.figures(hits, 2),
        check.together(hits, 2),
        check.clause_counts(asked, known[0].steps, date_range=WEEKS)[0],
    ):
        assert "events" in str(ibis.to_sql(made, dialect=dialect))
