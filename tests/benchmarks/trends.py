"""Every kind of trend, retention, lifecycle and stickiness, and funnels that read JSON, beside hand-written DuckDB SQL on the Parquet file."""

from __future__ import annotations

from typing import Any

import evkit as ek
from tests.benchmarks.generate import RANGE
from tests.benchmarks.questions import FUNNEL, Asked, asked, said, with_people

HALVES = (("2026-01-01", "2026-02-12"), ("2026-02-12", "2026-03-26"))
"""A period of 42 days and the one it is compared with."""
VIEWED = "e.event = '$pageview'"
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


def trend(events: ek.Events, subject: Any, **options: Any) -> Any:
    """Give a trend to be asked."""
    return lambda: events.trends(subject, **options).to_pandas()


def views(**options: Any) -> Any:
    """Give the series of pageviews."""
    return ek.series("$pageview", **options)


def by_day(rows: str, what: str, more: str = "") -> str:
    """Give the SQL of figures a day."""
    return f"SELECT date_trunc('day', t) AS d, {what} FROM ({rows}) GROUP BY 1{more}"


def of_people(events: ek.Events, path: str) -> Asked:
    """Give trends of persons."""
    plain = with_people(path, "1", VIEWED)
    days = f"SELECT DISTINCT date_trunc('day', t) AS d, p FROM ({plain})"
    active = f"SELECT d + n * INTERVAL 1 DAY AS day, count(DISTINCT p) FROM ({days}) CROSS JOIN range(7) r(n) GROUP BY 1"
    first = f"SELECT date_trunc('day', f), count(*) FROM (SELECT p, min(t) AS f FROM ({plain}) GROUP BY p) GROUP BY 1"
    per_person = f"SELECT date_trunc('day', t) AS d, p, count(*) AS n FROM ({plain}) GROUP BY 1, 2"
    halves = " UNION ALL ".join(by_day(asked(path, "1", VIEWED, span), "count(*)") for span in HALVES)
    return {
        "first times": (trend(events, views(math="first_time_for_user")), first),
        "weekly active": (trend(events, views(math="weekly_active")), active),
        "p90 of events a person": (
            trend(events, views(math="p90_count_per_actor")),
            f"SELECT d, quantile_cont(n, 0.9) FROM ({per_person}) GROUP BY 1",
        ),
        "running totals of persons": (trend(events, views(math="dau"), display="ActionsLineGraphCumulative"), first),
        "compared": (trend(events, "$pageview", compare=True, date_range=("2026-02-12", "2026-03-25")), halves),
    }


def of_properties(events: ek.Events, path: str) -> Asked:
    """Give trends that read properties."""
    browser, session = said("$browser"), said("$session_id")
    priced = asked(path, f"TRY_CAST({said('price')} AS DOUBLE) AS price", VIEWED)
    parted, persons_parted = asked(path, f"{browser} AS b", VIEWED), with_people(path, f"{browser} AS b", VIEWED)
    bins = (
        f"WITH v AS ({priced}), r AS (SELECT min(price) AS lo, max(price) AS hi FROM v) "
        "SELECT date_trunc('day', t), floor((price - lo) / ((hi - lo) / 10)), count(*) FROM v, r GROUP BY 1, 2"
    )
    return {
        "sum of a property": (trend(events, views(math="sum", math_property="price")), by_day(priced, "sum(price)")),
        "p90 of a property": (trend(events, views(math="p90", math_property="price")), by_day(priced, "quantile_cont(price, 0.9)")),
        "by a property": (trend(events, "$pageview", breakdown="$browser"), by_day(parted, "b, count(*)", ", b")),
        "persons by a property": (
            trend(events, views(math="dau"), breakdown="$browser"),
            by_day(persons_parted, "b, count(DISTINCT p)", ", b"),
        ),
        "in bins": (trend(events, "$pageview", breakdown=ek.event_prop("price", histogram_bin_count=10)), bins),
        "filtered by a property": (
            trend(events, "$pageview", filters=ek.event_prop("$browser") == "Chrome"),
            by_day(asked(path, "1", f"{VIEWED} AND {browser} = 'Chrome'"), "count(*)"),
        ),
        "unique sessions": (
            trend(events, views(math="unique_session")),
            by_day(asked(path, f"{session} AS s", VIEWED), "count(DISTINCT s)"),
        ),
    }


def funnels_by_properties(events: ek.Events, path: str) -> Asked:
    """Give funnels that read properties."""
    funnel = lambda **options: lambda: events.funnel(*FUNNEL, window="14 days", **options).to_pandas()  # noqa: E731
    names = dict(zip("abc", FUNNEL, strict=True))
    steps = f"e.event IN {FUNNEL}"
    with_browser = with_people(path, f"{said('$browser')} AS b", steps)
    touch = WINDOWS.format(events=with_browser, by="", value="arg_min(b, t)", **names)
    every = WINDOWS.format(events=with_browser, by=", b", value="b", **names)
    of_sessions = asked(path, f"NULL AS b, {said('$session_id')} AS p", steps)
    return {
        "funnel by first touch": (funnel(breakdown="$browser"), touch),
        "funnel by every value": (funnel(breakdown="$browser", breakdown_attribution="all_events"), every),
        "funnel by a step's value": (funnel(breakdown="$browser", breakdown_attribution="step", breakdown_attribution_step=1), every),
        "funnel of sessions": (
            funnel(aggregate_by="$session_id"),
            WINDOWS.format(events=of_sessions, by="", value="any_value(b)", **names),
        ),
    }


def retentions(events: ek.Events, path: str) -> Asked:
    """Give who comes back, week by week."""
    weekly = lambda *entities, **options: lambda: events.retention(*entities, period="week", total_intervals=8, **options).to_pandas()  # noqa: E731
    plain, back = with_people(path, "1", VIEWED), with_people(path, "1", "e.event = 'product_viewed'")
    first_time = weekly("$pageview", "product_viewed", retention_type="retention_first_time")
    return {
        "retention": (weekly("$pageview", "product_viewed"), RETENTION.format(starts=plain, returns=back, begin=RECURRING)),
        "retention of one event": (weekly("$pageview"), RETENTION.format(starts=plain, returns=plain, begin=RECURRING)),
        "retention of first times": (first_time, RETENTION.format(starts=plain, returns=back, begin=ONCE)),
    }


def over_time(events: ek.Events, path: str) -> Asked:
    """Give a lifecycle, when persons were created worked out anew each time, and stickiness."""
    of_persons = f"NOT ({PERSONLESS})"
    days = with_people(path, "1", VIEWED)
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


def beside_sql(events: ek.Events, path: str) -> Asked:
    """Give all of these."""
    rooms = (over_time, of_people, retentions, of_properties, funnels_by_properties)
    return {name: pair for room in rooms for name, pair in room(events, path).items()}
