"""Every expression that an insight makes also compiles for the other engines."""

import datetime as dt
import types

import ibis
import pytest

from evkit.dates import DateRange
from evkit.insights.funnel import compute as funnels
from evkit.insights.funnel.spec import Exclusion, Funnel
from evkit.insights.trends import compute as trends
from evkit.insights.trends.spec import Trends
from evkit.model import schema
from evkit.model.tables import EventTables, Ready, Settings
from evkit.quality import Quality
from evkit.query.builders import clicked, cohorts, event_prop, group_prop, in_cohort, person_prop, session_duration, viewed
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
