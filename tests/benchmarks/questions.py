"""Every kind of funnel and trend, beside the ordered funnel of the same run or the same question in hand-written DuckDB SQL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

import evkit as ek

FUNNEL = ("product_viewed", "add_to_cart", "purchase")
RANGE = ("2026-01-01", "2026-03-26")
HALVES = (("2026-01-01", "2026-02-12"), ("2026-02-12", "2026-03-26"))
"""A period of 42 days and the one it is compared with."""
FEW = [f"user-{i}" for i in range(0, 30_000, 3)]
"""Members of a cohort."""
PERSON = "coalesce(m.person_id, e.distinct_id) AS p"


def funnels(events: ek.Events) -> dict[str, Callable[[], Any]]:
    """Funnels that read no JSON; the first is what the others are measured by."""
    ask = lambda *steps, **options: lambda: events.funnel(*(steps or FUNNEL), window="14 days", **options).to_pandas()  # noqa: E731
    known = events.with_cohorts(ek.Cohort("few", members=FEW))
    a, b, c = FUNNEL
    return {
        "ordered": ask(),
        "strict": ask(order_type="strict"),
        "unordered": ask(order_type="unordered"),
        "with an exclusion": ask(exclusions=(ek.Exclusion("event_3", after=1, before=3),)),
        "with an optional step": ask(a, ek.series(b, optional=True), c),
        "of first times": ask(ek.series(a, math="first_time_for_user"), b, c),
        "by cohorts": lambda: known.funnel(*FUNNEL, window="14 days", breakdown=ek.cohorts("few", "all")).to_pandas(),
        "over time": ask(viz_type="trends"),
        "over time, unordered": ask(viz_type="trends", order_type="unordered"),
        "time to convert": ask(viz_type="time_to_convert"),
        "correlation": lambda: events.correlation(ek.Funnel(*FUNNEL, window="14 days")).to_pandas(),
    }


WINDOWS = """
WITH e AS ({events}),
m AS (
  SELECT p, b, t, event,
    max(CASE WHEN event = '{a}' THEN t END) OVER w AS t1
  FROM e WINDOW w AS (PARTITION BY p{by} ORDER BY t RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
),
n AS (
  SELECT *, max(CASE WHEN event = '{b}' AND t1 >= t - INTERVAL 14 DAY THEN t1 END) OVER w AS t2
  FROM m WINDOW w AS (PARTITION BY p{by} ORDER BY t RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
),
o AS (
  SELECT p, {value} AS b, max(CASE WHEN event = '{c}' AND t2 >= t - INTERVAL 14 DAY THEN 3 WHEN event = '{b}' AND t1 >= t - INTERVAL 14 DAY THEN 2
    WHEN event = '{a}' THEN 1 ELSE 0 END) AS level FROM n GROUP BY p{by}
)
SELECT b, count(*) FILTER (level >= 1), count(*) FILTER (level >= 2), count(*) FILTER (level >= 3) FROM o WHERE level > 0 GROUP BY b
"""

RECURRING = "SELECT DISTINCT p, date_trunc('week', t + INTERVAL 1 DAY) AS w FROM s"
ONCE = "SELECT p, date_trunc('week', min(t) + INTERVAL 1 DAY) AS w FROM s GROUP BY p"
RETENTION = """
WITH s AS ({starts}), b AS ({begin}),
r AS (SELECT DISTINCT p, date_trunc('week', t + INTERVAL 1 DAY) AS w FROM ({returns}))
SELECT w, 0, count(*) FROM b GROUP BY 1
UNION ALL
SELECT b.w, date_diff('week', b.w, r.w) AS i, count(*) FROM b JOIN r ON b.p = r.p AND r.w > b.w AND r.w < b.w + INTERVAL 8 WEEK GROUP BY 1, 2
"""
"""Weeks from Sunday; the first row of a cohort and interval is its size."""
FIRST_WEEK = ("2025-12-21", "2026-03-29")
"""The weeks of the range, whole, and the one before."""
PERSONLESS = (
    "CASE WHEN contains(e.properties, '$process_person_profile') "
    """THEN coalesce(json_extract_string(e.properties, '$."$process_person_profile"') = 'false', false) ELSE false END"""
)
LIFECYCLE = """
WITH a AS (SELECT DISTINCT p, {of_t} AS w FROM ({weeks})),
n AS (SELECT p, w, lag(w) OVER o AS before, lead(w) OVER o AS after FROM a WINDOW o AS (PARTITION BY p ORDER BY w)),
c AS (
  SELECT e.distinct_id AS p, arg_min(e.timestamp, e.arrival) AS created FROM '{path}' e ANTI JOIN map m ON e.distinct_id = m.distinct_id
  WHERE {of_persons} GROUP BY p
),
s AS (
  SELECT w, after IS NULL OR after <> w + INTERVAL 1 WEEK AS ends, CASE WHEN before IS NULL AND {of_created} = w THEN 'new'
    WHEN before = w - INTERVAL 1 WEEK THEN 'returning' ELSE 'resurrecting' END AS status
  FROM n LEFT JOIN c USING (p)
)
SELECT w, status, count(*) FROM s GROUP BY ALL UNION ALL SELECT w + INTERVAL 1 WEEK, 'dormant', -count(*) FROM s WHERE ends GROUP BY ALL
"""


def asked(path: Path, columns: str, where: str, span: tuple[str, str] = RANGE) -> str:
    """Give the events of a range, from and up to."""
    return (
        f"SELECT {columns}, e.timestamp AS t, e.event AS event FROM '{path}' e "
        f"WHERE {where} AND e.timestamp >= '{span[0]}' AND e.timestamp < '{span[1]}'"
    )


def with_people(path: Path, columns: str, where: str) -> str:
    """Give the events of the range with their persons."""
    return asked(path, f"{columns}, {PERSON}", where).replace(" WHERE ", " LEFT JOIN map m ON e.distinct_id = m.distinct_id WHERE ", 1)


def beside_sql(events: ek.Events, path: Path) -> dict[str, tuple[Callable[[], Any], str]]:
    """Trends, and funnels that read JSON: as evkit asks them, and in SQL by hand."""
    trend = lambda subject, **options: lambda: events.trends(subject, **options).to_pandas()  # noqa: E731
    funnel = lambda **options: lambda: events.funnel(*FUNNEL, window="14 days", **options).to_pandas()  # noqa: E731
    views = lambda **options: ek.series("$pageview", **options)  # noqa: E731
    browser, session = said("$browser"), said("$session_id")
    price = f"TRY_CAST({said('price')} AS DOUBLE)"
    viewed = "e.event = '$pageview'"
    plain = with_people(path, "1", viewed)
    by_day = lambda rows, what, more="": f"SELECT date_trunc('day', t) AS d, {what} FROM ({rows}) GROUP BY 1{more}"  # noqa: E731
    days = f"SELECT DISTINCT date_trunc('day', t) AS d, p FROM ({plain})"
    active = f"SELECT d + n * INTERVAL 1 DAY AS day, count(DISTINCT p) FROM ({days}) CROSS JOIN range(7) r(n) GROUP BY 1"
    first = f"SELECT date_trunc('day', f), count(*) FROM (SELECT p, min(t) AS f FROM ({plain}) GROUP BY p) GROUP BY 1"
    per_person = f"SELECT date_trunc('day', t) AS d, p, count(*) AS n FROM ({plain}) GROUP BY 1, 2"
    priced, parted = asked(path, f"{price} AS price", viewed), asked(path, f"{browser} AS b", viewed)
    persons_parted = with_people(path, f"{browser} AS b", viewed)
    bins = (
        f"WITH v AS ({priced}), r AS (SELECT min(price) AS lo, max(price) AS hi FROM v) "
        "SELECT date_trunc('day', t), floor((price - lo) / ((hi - lo) / 10)), count(*) FROM v, r GROUP BY 1, 2"
    )
    names = dict(zip("abc", FUNNEL, strict=True))
    steps = f"e.event IN {FUNNEL}"
    with_browser = with_people(path, f"{browser} AS b", steps)
    touch = WINDOWS.format(events=with_browser, by="", value="arg_min(b, t)", **names)
    every = WINDOWS.format(events=with_browser, by=", b", value="b", **names)
    of_sessions = asked(path, f"NULL AS b, {session} AS p", steps)
    retained = RETENTION.format(starts=plain, returns=with_people(path, "1", "e.event = 'product_viewed'"), begin=RECURRING)
    again = RETENTION.format(starts=plain, returns=plain, begin=RECURRING)
    of_first_times = RETENTION.format(starts=plain, returns=with_people(path, "1", "e.event = 'product_viewed'"), begin=ONCE)
    weekly = lambda *entities, **options: lambda: events.retention(*entities, period="week", total_intervals=8, **options).to_pandas()  # noqa: E731
    return {
        **over_time(events, path),
        "first times": (trend(views(math="first_time_for_user")), first),
        "weekly active": (trend(views(math="weekly_active")), active),
        "p90 of events a person": (
            trend(views(math="p90_count_per_actor")),
            f"SELECT d, quantile_cont(n, 0.9) FROM ({per_person}) GROUP BY 1",
        ),
        "running totals of persons": (trend(views(math="dau"), display="ActionsLineGraphCumulative"), first),
        "compared": (
            trend("$pageview", compare=True, date_range=("2026-02-12", "2026-03-25")),
            " UNION ALL ".join(by_day(asked(path, "1", viewed, span), "count(*)") for span in HALVES),
        ),
        "retention": (weekly("$pageview", "product_viewed"), retained),
        "retention of one event": (weekly("$pageview"), again),
        "retention of first times": (weekly("$pageview", "product_viewed", retention_type="retention_first_time"), of_first_times),
        "sum of a property": (trend(views(math="sum", math_property="price")), by_day(priced, "sum(price)")),
        "p90 of a property": (trend(views(math="p90", math_property="price")), by_day(priced, "quantile_cont(price, 0.9)")),
        "by a property": (trend("$pageview", breakdown="$browser"), by_day(parted, "b, count(*)", ", b")),
        "persons by a property": (trend(views(math="dau"), breakdown="$browser"), by_day(persons_parted, "b, count(DISTINCT p)", ", b")),
        "in bins": (trend("$pageview", breakdown=ek.event_prop("price", histogram_bin_count=10)), bins),
        "filtered by a property": (
            trend("$pageview", filters=ek.event_prop("$browser") == "Chrome"),
            by_day(asked(path, "1", f"{viewed} AND {browser} = 'Chrome'"), "count(*)"),
        ),
        "unique sessions": (trend(views(math="unique_session")), by_day(asked(path, f"{session} AS s", viewed), "count(DISTINCT s)")),
        "funnel by first touch": (funnel(breakdown="$browser"), touch),
        "funnel by every value": (funnel(breakdown="$browser", breakdown_attribution="all_events"), every),
        "funnel by a step's value": (funnel(breakdown="$browser", breakdown_attribution="step", breakdown_attribution_step=1), every),
        "funnel of sessions": (
            funnel(aggregate_by="$session_id"),
            WINDOWS.format(events=of_sessions, by="", value="any_value(b)", **names),
        ),
    }


PATHS = """
WITH e AS ({events}),
a AS (SELECT p, t, item, CASE WHEN t - lag(t) OVER w < INTERVAL 30 MINUTE THEN 0 ELSE 1 END AS begins FROM e WINDOW w AS (PARTITION BY p ORDER BY t)),
s AS (SELECT p, t, item, sum(begins) OVER (PARTITION BY p ORDER BY t ROWS UNBOUNDED PRECEDING) AS s FROM a),
c AS (SELECT * FROM (SELECT p, s, t, item, coalesce(lead(item) OVER (PARTITION BY p, s ORDER BY t), '') AS after FROM s) WHERE item <> after),
n AS (
  SELECT row_number() OVER w AS i, item, lag(item) OVER w AS source, t - lag(t) OVER w AS took FROM c WINDOW w AS (PARTITION BY p, s ORDER BY t)
)
SELECT (i - 1) || '_' || source AS a, i || '_' || item AS b, count(*) AS n, avg(epoch(took)) FROM n WHERE i BETWEEN 2 AND 5
GROUP BY 1, 2 ORDER BY n DESC, 1, 2 LIMIT 50
"""


def paths(events: ek.Events, path: Path) -> dict[str, tuple[Callable[[], Any], str]]:
    """Paths of events by their names, and of pages by their addresses, each beside the same question in SQL by hand."""
    url = said("$current_url")
    page = f"CASE WHEN e.event = '$pageview' THEN regexp_replace(coalesce({url}, ''), '(.)/$', '\\1') ELSE e.event END AS item"
    custom = with_people(path, "e.event AS item", "NOT starts_with(e.event, '$')")
    return {
        "paths of custom events": (lambda: events.paths(include_event_types=("custom_event",)).to_pandas(), PATHS.format(events=custom)),
        "paths of all events": (lambda: events.paths().to_pandas(), PATHS.format(events=with_people(path, page, "true"))),
    }


def cohorts(events: ek.Events, path: Path) -> dict[str, tuple[Callable[[], Any], str]]:
    """Who is in a cohort of one condition, or of several: as evkit asks it, and in SQL by hand. Now is the 25th of March."""
    count = lambda *conditions: lambda: events.cohort(ek.Cohort("x", *conditions)).count()  # noqa: E731
    rows = f"FROM '{path}' e LEFT JOIN map m ON e.distinct_id = m.distinct_id WHERE e.event"
    bought, month = "e.event = 'purchase'", "e.timestamp >= '2026-02-23'"
    viewed = ek.performed("product_viewed", within="30 days")
    weeks = f"SELECT {PERSON}, floor(date_diff('day', DATE '2026-02-25', e.timestamp) / 7) AS w {rows} = '$pageview' AND e.timestamp >= '2026-02-25' AND e.timestamp < '2026-03-25'"
    steps = f"SELECT {PERSON}, e.timestamp AS t, e.event AS event {rows} IN ('product_viewed', 'purchase') AND e.timestamp >= '2026-01-24'"
    before = "max(CASE WHEN event = 'product_viewed' THEN t END) OVER (PARTITION BY p ORDER BY t)"
    lately = "count(*) FILTER (e.timestamp >= '2026-03-18')"
    return {
        "performed": (count(viewed), f"SELECT DISTINCT {PERSON} {rows} = 'product_viewed' AND {month}"),
        "performed for the first time": (
            count(ek.performed_first_time("product_viewed", within="30 days")),
            f"SELECT {PERSON} {rows} = 'product_viewed' GROUP BY 1 HAVING min(e.timestamp) >= '2026-02-23'",
        ),
        "performed regularly": (
            count(ek.performed_regularly("$pageview", period="1 week", min_periods=3, total_periods=4)),
            f"SELECT p FROM ({weeks}) GROUP BY 1 HAVING count(DISTINCT w) >= 3",
        ),
        "performed a sequence": (
            count(ek.performed_sequence("product_viewed", "purchase", gap="3 days", within="60 days")),
            f"SELECT DISTINCT p FROM (SELECT p, t, event, {before} AS b FROM ({steps})) WHERE event = 'purchase' AND t - b <= INTERVAL 3 DAY",
        ),
        "stopped": (
            count(ek.stopped_performing("$pageview", within="60 days", recent="14 days")),
            f"SELECT {PERSON} {rows} = '$pageview' AND e.timestamp >= '2026-01-24' GROUP BY 1 HAVING max(e.timestamp) < '2026-03-11'",
        ),
        "restarted": (
            count(ek.restarted_performing("purchase", within="30 days", recent="7 days")),
            f"SELECT {PERSON} {rows} = 'purchase' GROUP BY 1 HAVING {lately} > 0 AND min(e.timestamp) < '2026-03-18' "
            "AND count(*) FILTER (e.timestamp >= '2026-02-23' AND e.timestamp < '2026-03-18') = 0",
        ),
        "performed one, not the other": (
            count(viewed, ~ek.performed("purchase", within="30 days")),
            f"SELECT {PERSON} {rows} IN ('product_viewed', 'purchase') AND {month} GROUP BY 1 "
            f"HAVING count(*) FILTER (NOT {bought}) > 0 AND count(*) FILTER ({bought}) = 0",
        ),
    }


def over_time(events: ek.Events, path: Path) -> dict[str, tuple[Callable[[], Any], str]]:
    """Lifecycle, when persons were created worked out anew each time, and stickiness."""
    viewed = "e.event = '$pageview'"
    of_persons = f"NOT ({PERSONLESS})"
    days = with_people(path, "1", viewed)
    weeks = days.replace(RANGE[0], FIRST_WEEK[0]).replace(RANGE[1], FIRST_WEEK[1]) + f" AND {of_persons}"
    week = "date_trunc('week', {} + INTERVAL 1 DAY) - INTERVAL 1 DAY"
    life = LIFECYCLE.format(weeks=weeks, path=path, of_persons=of_persons, of_t=week.format("t"), of_created=week.format("created"))
    sticky = "SELECT k, count(*) FROM (SELECT p, count(*) AS k FROM ({}) GROUP BY p) GROUP BY k"

    def lifecycle() -> Any:
        events.tables.cache.forget("persons_created")
        return events.lifecycle("$pageview", interval="week").to_pandas()

    return {
        "lifecycle by week": (lifecycle, life),
        "stickiness by day": (
            lambda: events.stickiness("$pageview").to_pandas(),
            sticky.format(f"SELECT DISTINCT p, date_trunc('day', t) AS d FROM ({days})"),
        ),
        "stickiness, twice a day": (
            lambda: events.stickiness("$pageview", criteria=("gte", 2)).to_pandas(),
            sticky.format(f"SELECT p, date_trunc('day', t) AS d FROM ({days}) GROUP BY ALL HAVING count(*) >= 2"),
        ),
    }


def said(name: str) -> str:
    """Give the SQL that reads a property."""
    return f"json_extract_string(e.properties, '$.\"{name}\"')"


def connection(events: ek.Events) -> duckdb.DuckDBPyConnection:
    """Open an engine with the map of persons."""
    people = events.tables.person_map()
    assert people is not None
    con = duckdb.connect()
    con.register("given", events.tables.arrow(people))
    con.execute("CREATE TABLE map AS SELECT * FROM given")
    return con
