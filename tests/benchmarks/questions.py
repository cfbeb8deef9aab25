"""Every kind of funnel, paths and cohorts, beside the ordered funnel of the same run or hand-written DuckDB SQL on the Parquet file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import evkit as ek
from tests.benchmarks.generate import RANGE

FUNNEL = ("product_viewed", "add_to_cart", "purchase")
FEW = [f"user-{i}" for i in range(0, 30_000, 3)]
"""Members of a cohort."""
PERSON = "coalesce(m.person_id, e.distinct_id) AS p"
Asked = dict[str, tuple[Callable[[], Any], str]]
"""By name: the question as evkit asks it, and in SQL."""


def funnels(events: ek.Events) -> dict[str, Callable[[], Any]]:
    """Give funnels that read no JSON; the first is what the others are measured by."""
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


def asked(path: str, columns: str, where: str, span: tuple[str, str] = RANGE) -> str:
    """Give the SQL of the events of a range, from and up to."""
    return (
        f"SELECT {columns}, e.timestamp AS t, e.event AS event FROM '{path}' e "
        f"WHERE {where} AND e.timestamp >= '{span[0]}' AND e.timestamp < '{span[1]}'"
    )


def with_people(path: str, columns: str, where: str) -> str:
    """Give the SQL of the events of the range with their persons."""
    return asked(path, f"{columns}, {PERSON}", where).replace(" WHERE ", " LEFT JOIN map m ON e.distinct_id = m.distinct_id WHERE ", 1)


def said(name: str) -> str:
    """Give the SQL that reads a property."""
    return f"json_extract_string(e.properties, '$.\"{name}\"')"


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


def paths(events: ek.Events, path: str) -> Asked:
    """Give paths of events by their names, and of pages by their addresses."""
    url = said("$current_url")
    page = f"CASE WHEN e.event = '$pageview' THEN regexp_replace(coalesce({url}, ''), '(.)/$', '\\1') ELSE e.event END AS item"
    custom = with_people(path, "e.event AS item", "NOT starts_with(e.event, '$')")
    return {
        "paths of custom events": (lambda: events.paths(include_event_types=("custom_event",)).to_pandas(), PATHS.format(events=custom)),
        "paths of all events": (lambda: events.paths().to_pandas(), PATHS.format(events=with_people(path, page, "true"))),
    }


def cohorts(events: ek.Events, path: str) -> Asked:
    """Give who is in a cohort of one condition, or of several. Now is the 25th of March."""
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
