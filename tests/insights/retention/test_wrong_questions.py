"""Wrong questions of retention, each with its exact message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import evkit as ek
from evkit.errors import EvkitError, UnsupportedQuery
from evkit.posthog import to_actors_query

R, S = ek.Retention, ek.series
Log = Callable[..., ek.Events]
TYPED: dict[str, tuple[Callable[[], Any], str]] = {
    "an unknown period": (lambda: R("a", period="Day"), "unknown period 'Day'. Did you mean 'day'? One of: hour, day, week, month"),
    "an unknown type": (
        lambda: R("a", retention_type="first_time"),
        "unknown retention_type 'first_time'. Did you mean 'retention_first_time'? One of: retention_recurring, retention_first_time, retention_first_ever_occurrence",
    ),
    "an unknown mode": (lambda: R("a", time_window_mode="24_hours"), "unknown time_window_mode '24_hours'. Did you mean '24_hour_windows'? One of: strict_calendar_dates, 24_hour_windows"),
    "an unknown aggregation": (lambda: R("a", aggregation_type="mean"), "unknown aggregation_type 'mean'. One of: count, sum, avg"),
    "an unknown display": (lambda: R("a", display="table"), "unknown display 'table'. Did you mean 'ActionsTable'? One of: ActionsTable, ActionsLineGraph"),
    "an unknown mean": (lambda: R("a", mean_retention_calculation="median"), "unknown mean_retention_calculation 'median'. One of: simple, weighted, none"),
    "no intervals": (lambda: R("a", total_intervals=0), "total_intervals 0: give at least 1"),
    "intervals in letters": (lambda: R("a", total_intervals="8"), "total_intervals '8' is no whole number"),
    "too many intervals": (lambda: R("a", total_intervals=10_001), "total_intervals 10001: give at most 10,000"),
    "no occurrence": (lambda: R("a", minimum_occurrences=0), "minimum_occurrences 0: give at least 1"),
    "half an occurrence": (lambda: R("a", minimum_occurrences=1.5), "minimum_occurrences 1.5 is no whole number"),
    "a bracket alone": (lambda: R("a", custom_brackets=3), "custom_brackets 3 is no list: give how many periods each bracket has, such as (1, 3, 7)"),
    "an empty bracket": (lambda: R("a", custom_brackets=(1, 0)), "custom_brackets (1, 0): each bracket has at least 1 period"),
    "half a bracket": (lambda: R("a", custom_brackets=(1, 2.5)), "a size in custom_brackets, 2.5 is no whole number"),
    "cumulative windows": (
        lambda: R("a", cumulative=True, time_window_mode="24_hour_windows"),
        "Cumulative retention is not supported for 24 hour windows.",
    ),
    "sums of windows": (
        lambda: R("a", aggregation_type="sum", aggregation_property="n", time_window_mode="24_hour_windows"),
        "aggregation_type 'sum' is not supported for 24 hour windows: take strict_calendar_dates",
    ),
    "often in windows": (
        lambda: R("a", minimum_occurrences=2, time_window_mode="24_hour_windows"),
        "minimum_occurrences 2 with 24 hour windows: PostHog doesn't look at it there; take strict_calendar_dates",
    ),
    "a sum of nothing": (lambda: R("a", aggregation_type="sum"), "aggregation_type 'sum' needs an aggregation_property: of which property?"),
    "a property of counts": (lambda: R("a", aggregation_property="n"), "aggregation_property 'n' is for aggregation_type 'sum' or 'avg', not 'count'"),
    "a sum of groups": (
        lambda: R("a", aggregation_type="avg", aggregation_property=ek.group_prop("n", 0)),
        "aggregation_property 'n' is of type 'group': take a property of the event or of the person",
    ),
    "cumulative sums": (
        lambda: R("a", aggregation_type="sum", aggregation_property="n", cumulative=True),
        "cumulative with aggregation_type 'sum': only counts are cumulative",
    ),
    "sums of those who come often": (
        lambda: R("a", aggregation_type="sum", aggregation_property="n", minimum_occurrences=2),
        "minimum_occurrences 2 with aggregation_type 'sum': PostHog doesn't look at it there; leave one out",
    ),
    "two breakdowns": (lambda: R("a", breakdown=("p", "q")), "2 breakdowns: retention takes one"),
    "a breakdown by sessions": (
        lambda: R("a", breakdown=ek.session_duration()),
        "a breakdown by type 'session' ('$session_duration'): retention takes event, person, group, event_metadata, cohort",
    ),
    "bins": (lambda: R("a", breakdown=ek.event_prop("n", histogram_bin_count=3)), "histogram_bin_count in retention: only trends put numbers into bins"),
    "clean addresses": (lambda: R("a", breakdown=ek.event_prop("u", normalize_url=True)), "normalize_url in retention: only trends and funnels clean addresses"),
    "a cohort twice": (lambda: R("a", breakdown=ek.cohorts("x", "x")), "a cohort twice in a breakdown: x, x"),
    "no values": (lambda: R("a", breakdown="p", breakdown_limit=0), "breakdown_limit 0: give at least 1"),
    "a list": (lambda: R(["a", "b"]), "the target came as a list: give the two one by one, as in events.retention(target, returning)"),
    "a math": (lambda: R(S("a", math="dau"), "b"), "math 'dau' of the target 'a': retention counts who does it; leave math out"),
    "an optional return": (lambda: R("a", S("b", optional=True)), "the returning 'b' is optional, which only the steps of a funnel can be"),
    "an event without a name": (lambda: R("a", ""), "a series of the event ''. Name an event, or give None for any event"),
    "a sixth group type": (lambda: R("a", group_type_index=5), "group_type_index 5: group types count from 0 to 4"),
    "a day that is none": (
        lambda: R("a", date_range="last week"),
        "date 'last week' can't be read: give ISO text such as '2026-03-01', or a relative date such as '-7d' or 'mStart'",
    ),
}  # fmt: skip
LOG = "ann a 01-01 p=x; ann b 01-02; bob a 01-02 p=y"
DAYS = {"period": "day", "total_intervals": 2}
ASKED: dict[str, tuple[Callable[[ek.Events], Any], str]] = {
    "a cohort that is not there": (
        lambda e: e.retention("a", **DAYS).actors(cohort="2026-01-03"),
        "no cohort begins at 2026-01-03 00:00:00. The first is 2026-01-01 00:00:00, the last 2026-01-02 00:00:00",
    ),
    "a cohort that can't be read": (
        lambda e: e.retention("a", **DAYS).actors(cohort="first"),
        "cohort 'first' can't be read: give its start, such as '2026-01-01 00:00:00'",
    ),
    "an interval that is not there": (
        lambda e: e.retention("a", **DAYS).actors(interval=2),
        "interval 2: those of this question count from 0 to 1",
    ),
    "an interval in letters": (lambda e: e.retention("a", **DAYS).actors(interval="1"), "interval '1' is no whole number"),
    "a value without a breakdown": (
        lambda e: e.retention("a", **DAYS).actors(breakdown_value="x"),
        "breakdown_value names a value of a breakdown, and this question has none",
    ),
    "a value that is not there": (
        lambda e: e.retention("a", breakdown="p", **DAYS).actors(breakdown_value="z"),
        "no breakdown value 'z'. Those there are: 'x', 'y'",
    ),
    "a keyword of funnels": (
        lambda e: e.retention("a", **DAYS).actors(bucket="2026-01-01"),
        "unknown keyword of actors 'bucket'. One of: cohort, interval, breakdown_value",
    ),
    "a group type": (lambda e: e.retention("a", group_type="team").to_pandas(), "no group type 'team'. The data has: none"),
    "a cohort of persons": (lambda e: e.retention("a", breakdown=ek.cohorts("vip")).to_pandas(), "no cohort 'vip'. Known: none"),
    "SQL of a breakdown": (
        lambda e: e.retention("a", breakdown="p").to_sql(),
        "a breakdown keeps the values with most people in their cohorts, which are known only when all are counted: use to_pandas(), or matched()",
    ),
    "too fine a grid": (
        lambda e: e.retention("a", period="hour", total_intervals=24, date_range=("2000-01-01", "2026-01-01")).to_pandas(),
        "more than 1,000,000 cells from 2000-01-01 to 2026-01-01 by hour: give a shorter date_range or a longer period",
    ),
    "a range backwards": (
        lambda e: e.retention("a", date_range=("2026-02-01", "2026-01-01")).to_pandas(),
        "the range ends (2026-01-01 23:59) before it starts (2026-02-01 00:00): swap the two",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TYPED)
def test_it_fails_where_it_is_typed(name: str) -> None:
    ask, message = TYPED[name]
    with pytest.raises(EvkitError) as caught:
        ask()
    assert str(caught.value) == message


@pytest.mark.parametrize("name", ASKED)
def test_it_fails_where_it_is_asked(name: str, log: Log) -> None:
    ask, message = ASKED[name]
    with pytest.raises(EvkitError) as caught:
        ask(log(LOG))
    assert str(caught.value) == message


def test_people_whom_posthog_cant_name_are_refused(log: Log) -> None:
    insight = log(LOG).retention("a", **DAYS)
    with pytest.raises(UnsupportedQuery, match="PostHog names people of retention by their cohort: give cohort="):
        to_actors_query(insight)
    with pytest.raises(UnsupportedQuery, match="leave interval= out"):
        to_actors_query(insight, cohort="2026-01-01", interval=1)
