"""The same questions give the same figures on PostgreSQL, ClickHouse and Spark as on DuckDB."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ibis
import pandas as pd
import pytest

import evkit as ek
from evkit.query.filters import Matcher
from evkit.query.property_filters import OPERATORS, PropertyFilter
from evkit.query.relation import relation
from tests.engines import clickhouse, postgres
from tests.sizes import SOAK

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
COLUMNS = ["uuid", "event", "distinct_id", "timestamp", "received_at", "properties", "elements_chain"]
ODD: list[Any] = [
    None, "", "a", "A", "5", 5, 5.0, 5.5, -3, 0, True, False, "true", "10", 1e21, "1.2.3", "1.2.10", "v2.0.0-rc.1", "2026-01-05", "2026-01-05T12:00:00Z",
    "2026-01-05 12:00:00+02:00", 1767614400, "1767614400", [1, "a"], {"b": 1}, [], "fire%_", 'say "hi"', "ключ", "a\nb", "ß", "null",
]  # fmt: skip
NEVER_SAME = {1e21}
"""PostgreSQL's jsonb writes such a number out, digit by digit; the others keep its exponent."""
WANTED: dict[str, list[Any]] = {
    "between": [[3, 10]], "not_between": [[3, 10]], "in": [["a", "5"]], "not_in": [["a", "5"]], "is_set": [None], "is_not_set": [None],
    "regex": ["^[a5]$", "\\d+"], "not_regex": ["^[a5]$"], "is_date_exact": ["2026-01-05"], "is_date_before": ["2026-01-06", "-1d"],
    "is_date_after": ["2026-01-04"], **{o: ["1.2.3"] for o in OPERATORS if o.startswith("semver")}, "semver_wildcard": ["1.2.*"],
    **{o: [5, "5", 0] for o in ("gt", "gte", "lt", "lte", "min", "max")}, "exact": ["a", "5", 5, True, ["a", "A"], '{"b":1}'], "is_not": ["a", 5],
    "icontains": ["A", "%_", '"'], "not_icontains": ["a"],
}  # fmt: skip
SIGNED_UP = ek.Action("signed up", ek.submitted(selector="form#signup"), ek.event("user_signed_up"))
QUESTIONS: dict[str, Callable[[ek.Events], Any]] = {
    "count": lambda e: e.count(),
    "event names": lambda e: e.event_names(),
    "property names": lambda e: e.property_names(),
    "head": lambda e: e.head(9),
    "people": lambda e: e.people(),
    "persons": lambda e: e.persons()[["person_id", "properties"]],
    "merges": lambda e: e.identity_log(),
    "groups": lambda e: e.groups(),
    "sessions": lambda e: e.sessions(),
    "by week": lambda e: e.trends("movie_played", interval="week").to_pandas(),
    "people by day": lambda e: e.trends(ek.series("movie_played", math="dau")).to_pandas(),
    "hours of the day with 23": lambda e: e.between("2026-03-28", "2026-03-31").trends("$pageview", interval="hour").to_pandas(),
    "months": lambda e: e.trends(None, interval="month").to_pandas(),
    "by property": lambda e: e.trends("movie_played", interval="week", breakdown="category", breakdown_limit=3).to_pandas(),
    "p90": lambda e: e.trends(ek.series("movie_played", math="p90", math_property="minutes"), interval="week").to_pandas(),
    "sum": lambda e: e.trends(ek.series("movie_played", math="sum", math_property="minutes"), interval="week").to_pandas(),
    "sessions by week": lambda e: e.trends(ek.series("movie_played", math="unique_session"), interval="week").to_pandas(),
    "companies": lambda e: e.trends(ek.series(None, math="unique_group", group_type="company"), interval="month").to_pandas(),
    "compared": lambda e: e.trends("movie_played", interval="week", compare=True, date_range="-30d").to_pandas(),
    "action": lambda e: e.trends(SIGNED_UP, interval="week").to_pandas(),
    "funnel": lambda e: e.funnel("$pageview", SIGNED_UP, "movie_played").to_pandas(),
    "funnel by plan": lambda e: e.funnel("$pageview", "user_signed_up", breakdown=ek.person_prop("plan")).to_pandas(),
    "funnel of companies": lambda e: e.funnel("user_signed_up", "movie_played", group_type="company").to_pandas(),
    "who was lost": lambda e: e.funnel("$pageview", "user_signed_up", "movie_played").actors(step=3, dropped=True),
    "weekly active": lambda e: e.trends(ek.series("movie_played", math="weekly_active")).to_pandas(),
    "first times by device": lambda e: e.trends(
        ek.series("$pageview", math="first_time_for_user"), interval="week", breakdown="$device_type"
    ).to_pandas(),
    "counts per person": lambda e: e.trends(ek.series("movie_played", math="max_count_per_actor"), interval="week").to_pandas(),
    "session durations": lambda e: e.trends(
        ek.series("movie_played", math="avg", math_property=ek.session_duration()), interval="month"
    ).to_pandas(),
    "bins": lambda e: e.trends("movie_played", interval="month", breakdown=ek.event_prop("minutes", histogram_bin_count=4)).to_pandas(),
    "two breakdowns": lambda e: e.trends("movie_played", interval="month", breakdown=("category", "$device_type")).to_pandas(),
    "cohorts": lambda e: e.trends("movie_played", interval="month", breakdown=ek.cohorts("payers", "few", "all")).to_pandas(),
    "cohorts of behaviour": lambda e: e.trends(
        "movie_played", interval="month", breakdown=ek.cohorts("viewers", "loyal", "all")
    ).to_pandas(),
    **{
        f"members: {name}": (lambda e, name=name: e.cohort(name).distinct_ids())
        for name in ("viewers", "loyal", "soon", "lapsed", "back", "core")
    },
    "why somebody is no member": lambda e: e.cohort("core").explain(e.persons().distinct_ids[5][0]).to_pandas(),
    "running totals": lambda e: e.trends(
        ek.series("movie_played", math="dau"), interval="week", display="ActionsLineGraphCumulative"
    ).to_pandas(),
    "any order": lambda e: e.funnel("$pageview", "search_performed", "movie_played", order_type="unordered").to_pandas(),
    "strict": lambda e: e.funnel("$pageview", "$pageview", order_type="strict", window="1 hour").to_pandas(),
    "first time steps": lambda e: e.funnel(ek.series("movie_played", math="first_time_for_user"), "movie_finished").to_pandas(),
    "sessions through a funnel": lambda e: e.funnel("$pageview", "movie_played", aggregate_by="$session_id").to_pandas(),
    "by the step's device": lambda e: e.funnel(
        "$pageview", "movie_played", breakdown="$device_type", breakdown_attribution="step", breakdown_attribution_step=2
    ).to_pandas(),
    "conversion by week": lambda e: e.funnel("$pageview", "user_signed_up", viz_type="trends", interval="week").to_pandas(),
    "time to convert": lambda e: e.funnel("$pageview", "user_signed_up", "movie_played", viz_type="time_to_convert").to_pandas(),
    "correlated events": lambda e: e.correlation(ek.Funnel("$pageview", "user_signed_up")).to_pandas(),
    "correlated properties of events": lambda e: e.correlation(
        ek.Funnel("movie_played", "movie_finished"), correlation_type="event_with_properties", event_names=["$pageview"]
    ).to_pandas(),
    "correlated properties": lambda e: e.correlation(
        ek.Funnel("user_signed_up", "movie_played"), correlation_type="properties", names=["$all"]
    ).to_pandas(),
    "retention": lambda e: e.retention("user_signed_up", "movie_played").to_pandas(),
    "retention by hour": lambda e: (
        e.between("2026-03-28", "2026-03-30").retention("$pageview", period="hour", total_intervals=4).to_pandas()
    ),
    "retention by month, cumulative": lambda e: e.retention("movie_played", period="month", total_intervals=3, cumulative=True).to_pandas(),
    "retention of first times by device": lambda e: e.retention(
        "$pageview", "movie_played", retention_type="retention_first_time", breakdown="$device_type", custom_brackets=(1, 3)
    ).to_pandas(),
    "retention of the first ever by device": lambda e: e.retention(
        "$pageview", "movie_played", retention_type="retention_first_ever_occurrence", breakdown="$device_type", breakdown_limit=1
    ).to_pandas(),
    "retention in windows of days": lambda e: e.retention(
        "user_signed_up",
        "movie_played",
        period="day",
        time_window_mode="24_hour_windows",
        breakdown="category",
        date_range=("2026-03-20", "2026-04-05"),
    ).to_pandas(),
    "retention in windows of weeks": lambda e: e.retention(
        "user_signed_up", "movie_played", time_window_mode="24_hour_windows"
    ).to_pandas(),
    "retained minutes": lambda e: e.retention(
        "user_signed_up", "movie_played", aggregation_type="sum", aggregation_property="minutes"
    ).to_pandas(),
    "retained minutes of players": lambda e: e.retention(
        "movie_played", aggregation_type="avg", aggregation_property="minutes", period="month", total_intervals=3
    ).to_pandas(),
    "retained companies": lambda e: e.retention(None, "movie_played", group_type="company", period="month", total_intervals=3).to_pandas(),
    "retention by cohorts": lambda e: e.retention("movie_played", breakdown=ek.cohorts("payers", "few", "all")).to_pandas(),
    "who was retained": lambda e: e.retention("user_signed_up", "movie_played", minimum_occurrences=2).actors(cohort="2026-03-02"),
    "paths": lambda e: e.paths().to_pandas(),
    "paths, cleaned and put into groups": lambda e: e.paths(
        include_event_types=("$pageview", "custom_event"),
        exclude_events=("search_performed",),
        local_path_cleaning_filters=((r"^https://(\w+)[.](\w+)", r"\2\\$1&:\1"), ("(?is)/FILMS.*$", r"<\0>")),
        path_groupings=("*_finished", "movie_*"),
        step_limit=8,
    ).to_pandas(),
    "paths between two points": lambda e: e.paths(
        start_point="https://matinee.example/pricing", end_point="movie_played", step_limit=4
    ).to_pandas(),
    "paths by device, of some": lambda e: e.paths(
        expression="$device_type", filters=ek.person_prop("plan").is_set(), edge_limit=7
    ).to_pandas(),
    "paths after a funnel": lambda e: e.paths(
        funnel=e.funnel("$pageview", "user_signed_up"), funnel_path_type="funnel_path_after_step", funnel_step=2
    ).to_pandas(),
    "paths of lost companies": lambda e: e.paths(
        funnel=e.funnel("user_signed_up", "movie_played", group_type="company", window="1 hour"),
        funnel_path_type="funnel_path_after_step",
        funnel_step=2,
        funnel_dropped=True,
    ).to_pandas(),
    "who went where": lambda e: e.paths(include_event_types="custom_event").actors(step=1, source="search_performed"),
    "suggested actions": lambda e: e.with_actions(SIGNED_UP).suggest_actions().drop(columns="action"),
    "actions checked": lambda e: e.check_actions(SIGNED_UP, ek.Action("gone", ek.clicked(selector="#gone"))).drop(columns="action"),
    "lifecycle by week": lambda e: e.lifecycle("movie_played", interval="week").to_pandas(),
    "lifecycle by day, filtered": lambda e: e.lifecycle("$pageview", filters=ek.person_prop("plan").is_set()).to_pandas(),
    "lifecycle of companies": lambda e: e.lifecycle(interval="month", group_type="company").to_pandas(),
    "lifecycle by hour": lambda e: e.between("2026-03-28", "2026-03-31").lifecycle("$pageview", interval="hour").to_pandas(),
    "who is dormant": lambda e: e.lifecycle("movie_played", interval="week").actors(bucket="2026-03-30", status="dormant"),
    "stickiness by week": lambda e: e.stickiness("movie_played", interval="week", compare=True, date_range="-28d").to_pandas(),
    "stickiness in threes of days": lambda e: e.stickiness("movie_played", interval_count=3, cumulative=True).to_pandas(),
    "stickiness in pairs of months": lambda e: e.stickiness("$pageview", interval="month", interval_count=2).to_pandas(),
    "stickiness in fours of hours": lambda e: (
        e.between("2026-03-28", "2026-03-31").stickiness("$pageview", interval="hour", interval_count=4).to_pandas()
    ),
    "stickiness of companies": lambda e: e.stickiness(
        ek.series(None, math="unique_group", group_type="company"), interval="week", criteria=("gte", 2)
    ).to_pandas(),
    "stickiness of sessions": lambda e: e.stickiness(
        "$pageview", interval="hour", aggregate_by="$session_id", date_range="-3d"
    ).to_pandas(),
    "who sticks": lambda e: e.stickiness("movie_played", interval="week").actors(intervals=2, operator="gte"),
    "timeline": lambda e: e.person(e.persons().distinct_ids[5][0]).timeline().to_pandas(),
}


def sample() -> pd.DataFrame:
    """Give the events of some of the sample's people."""
    tables = ek.load_sample().tables
    log = tables.log()
    some = log.filter(log.person_id.hash().abs() % 6 == 0)
    return tables.execute(some.select(*[c for c in COLUMNS if c in some.columns]).order_by("uuid"))


def odd() -> pd.DataFrame:
    """Give events whose property p is one of the odd values."""
    rows = [(f"o{i:03}", "odd", "a", pd.Timestamp("2026-01-01"), json.dumps({} if v is None else {"p": v})) for i, v in enumerate(ODD)]
    return pd.DataFrame(rows, columns=["uuid", "event", "distinct_id", "timestamp", "properties"])


Put = Callable[[str, pd.DataFrame], ibis.Table]


@contextlib.contextmanager
def on_postgres(folder: Path) -> Iterator[Put]:
    """Put frames into PostgreSQL."""
    with postgres.server() as port:
        con = ibis.postgres.connect(host="127.0.0.1", port=port, user="evkit", database="postgres")
        yield lambda name, frame: con.create_table(name, frame)
        con.disconnect()


@contextlib.contextmanager
def on_clickhouse(folder: Path) -> Iterator[Put]:
    """Put frames into ClickHouse."""
    with clickhouse.server() as port:
        con = ibis.clickhouse.connect(host="127.0.0.1", port=port, user="default", password="")
        kinds = {"timestamp": "timestamp(6)", "received_at": "timestamp(6)"}
        yield lambda name, frame: con.create_table(name, frame, schema=ibis.schema({c: kinds.get(c, "string") for c in frame.columns}))


@contextlib.contextmanager
def on_spark(folder: Path) -> Iterator[Put]:
    """Put frames into Spark, by way of Parquet."""
    from pyspark.sql import SparkSession

    quiet = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
    }
    builder = SparkSession.builder.master("local[2]").config(map={**quiet, "spark.sql.session.timeZone": "UTC", "spark.log.level": "ERROR"})
    session = builder.getOrCreate()
    con = ibis.pyspark.connect(session)

    def put(name: str, frame: pd.DataFrame) -> ibis.Table:
        frame.astype({c: "datetime64[us]" for c in ("timestamp", "received_at") if c in frame}).to_parquet(folder / f"{name}.parquet")
        return con.read_parquet(folder / f"{name}.parquet")

    yield put
    session.stop()


ENGINES = {
    "postgres": pytest.param(
        on_postgres,
        id="postgres",
        marks=pytest.mark.skipif(postgres.BIN is None, reason="no PostgreSQL on this machine: .ci/run installs it"),
    ),
    "clickhouse": pytest.param(on_clickhouse, id="clickhouse"),
    "spark": pytest.param(
        on_spark, id="spark", marks=pytest.mark.skipif(shutil.which("java") is None, reason="no Java: .ci/run installs it")
    ),
}


def asked_of(engine: Any) -> list[str]:
    """Give the questions that an engine is asked: all, but Spark, which takes minutes, half of them outside of a soak."""
    names = list(QUESTIONS)
    return names[::2] if engine is on_spark and not SOAK else names


def answers(events: ek.Events, strange: ek.Events, names: list[str]) -> dict[str, Any]:
    """Ask the questions, and every operator."""
    events = events.with_cohorts(
        ek.Cohort("payers", ek.person_prop("plan").isin("standard", "premium")),
        ek.Cohort("few", members=["user_0042"]),
        ek.Cohort("viewers", ek.performed("movie_played", times=(">=", 3), within="30 days")),
        ek.Cohort("loyal", ek.performed_regularly("movie_played", period="1 week", min_periods=2, total_periods=4)),
        ek.Cohort("soon", ek.performed_sequence("user_signed_up", "movie_played", gap="1 hour", within="2 months")),
        ek.Cohort("lapsed", ek.stopped_performing("$pageview", within="60 days", recent="2 weeks")),
        ek.Cohort("back", ek.restarted_performing("movie_played", within="2 weeks", recent="3 days")),
        ek.Cohort(
            "core",
            ek.in_cohort("payers"),
            ek.performed(SIGNED_UP, within="3 months") | ~ek.performed_first_time("movie_played", within="30 days"),
        ),
    )
    found: dict[str, Any] = {name: QUESTIONS[name](events) for name in names}
    tests = [PropertyFilter("p", value, operator=operator) for operator in OPERATORS for value in WANTED.get(operator, [])]
    table = relation(strange.tables, *tests)
    hits = {f"hit{i}": Matcher(strange.tables, table).filter(test) for i, test in enumerate(tests)}
    rows = strange.tables.execute(table.select("uuid", **hits)).sort_values("uuid")
    for i, test in enumerate(tests):
        caught = [ODD[int(u[1:])] for u, hit in zip(rows.uuid, rows[f"hit{i}"], strict=True) if hit]
        found[f"{test.operator} {test.value!r}"] = [hit for hit in caught if type(hit) is not float or hit not in NEVER_SAME]
    return found


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return answers(ek.from_frame(sample(), timezone="Europe/London", week_start="monday"), ek.from_frame(odd()), list(QUESTIONS))


@pytest.mark.parametrize("engine", ENGINES.values())
def test_an_engine_gives_the_figures_that_duckdb_gives(engine: Any, expected: dict[str, Any], tmp_path: Path) -> None:
    with engine(tmp_path) as put:
        events = ek.from_ibis(put("events", sample()), timezone="Europe/London", week_start="monday")
        found = answers(events, ek.from_ibis(put("odd", odd())), asked_of(engine))
    wrong = []
    assert set(found) == set(asked_of(engine)) | (set(expected) - set(QUESTIONS))
    for name in found:
        value = expected[name]
        if isinstance(value, pd.DataFrame):
            try:
                pd.testing.assert_frame_equal(found[name], value, check_dtype=False)
            except AssertionError as error:
                wrong.append(f"{name}: {error}")
        elif found[name] != value:
            wrong.append(f"{name}: {found[name]} instead of {value}")
    assert not wrong, "\n".join(wrong)
    assert len(found) > 70


def test_every_operator_is_asked() -> None:
    assert set(OPERATORS) - set(WANTED) == set()
