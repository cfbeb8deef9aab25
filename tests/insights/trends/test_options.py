"""Each option of a trend, with figures worked by hand from the rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import evkit as ek
from evkit.errors import UnknownEventWarning
from evkit.insights.trends.spec import NO_VALUE, OTHER

Log = Callable[..., ek.Events]


def figures(insight: ek.Insight) -> list[float]:
    found: list[float] = insight.to_pandas().value.tolist()
    return found


def by_value(insight: ek.Insight) -> dict[str, list[float]]:
    return {value: rows.value.tolist() for value, rows in insight.to_pandas().groupby("breakdown_value", sort=False)}


# ---------------------------------------------------------------------- maths
ACTIVE = "a v 01-01; b v 01-03; a v 01-05; c v 01-12"


def test_weekly_active_looks_back_seven_days_also_before_the_range(log: Log) -> None:
    trend = log(ACTIVE).trends(ek.series("v", math="weekly_active"), date_range=("2026-01-05", "2026-01-12"))
    # 5 to 7 Jan: a and b (a on the 1st and 5th); 8, 9: a, b (b till the 9th); 10, 11: a; 12: c, and a no more
    assert figures(trend) == [2, 2, 2, 2, 2, 1, 1, 1]


def test_monthly_active_looks_back_thirty_days(log: Log) -> None:
    trend = log("a v 01-01; b v 01-10").trends(ek.series("v", math="monthly_active"), date_range=("2026-01-29", "2026-02-01"))
    assert figures(trend) == [2, 2, 1, 1]


def test_an_interval_as_long_as_the_window_makes_them_plain_persons(log: Log) -> None:
    week = dict(interval="week", date_range=("2026-01-04", "2026-01-17"))
    assert figures(log(ACTIVE).trends(ek.series("v", math="weekly_active"), **week)) == [1, 1]
    assert figures(log(ACTIVE).trends(ek.series("v", math="dau"), **week)) == [1, 1]


def test_over_the_whole_range_active_is_the_last_days_whatever_its_start(log: Log) -> None:
    def ask(start):
        return figures(log(ACTIVE).trends(ek.series("v", math="weekly_active"), display="BoldNumber", date_range=(start, "2026-01-09")))

    assert ask("2026-01-01") == ask("2026-01-09") == [2]


def test_first_time_is_the_first_event_ever_and_counts_where_it_passes(log: Log) -> None:
    events = log("a v 01-01 p=x; a v 01-03 p=y; b v 01-03 p=y; c v 01-02 p=x; c v 01-02 p=y")

    def ask(math):
        return figures(events.trends(ek.series("v", math=math, filters=ek.event_prop("p") == "y"), date_range=("2026-01-02", "2026-01-03")))

    assert ask("first_time_for_user") == [1, 1]  # c: of two at one instant one passes; b; a's first fails
    assert ask("first_matching_event_for_user") == [1, 2]


def test_counts_per_actor_are_over_those_who_have_any(log: Log) -> None:
    events = log("a v 01-01; a v 01-01; a v 01-01; b v 01-01; a v 01-02")
    assert [figures(events.trends(ek.series("v", math=f"{how}_count_per_actor"))) for how in ("avg", "min", "max", "median")] == [
        [2, 1], [1, 1], [3, 1], [2, 1],
    ]  # fmt: skip


def test_maths_of_a_property_take_numbers_only_and_percentiles_interpolate(log: Log) -> None:
    events = log("a v 01-01 n=1; a v 01-01 n=2; a v 01-01 n=4; a v 01-01 n=word; a v 01-01; a v 01-02")
    ask = lambda math, **more: figures(events.trends(ek.series("v", math=math, math_property="n", **more)))  # noqa: E731
    assert [ask(m)[0] for m in ("sum", "avg", "min", "max", "median", "p75", "p90", "p95", "p99")] == pytest.approx(
        [7, 7 / 3, 1, 4, 2, 3, 3.6, 3.8, 3.96]
    )
    assert ask("max")[1] == 0
    assert ask("sum", math_multiplier=10) == [70, 0]


def test_the_duration_of_a_session_is_that_of_all_its_events(log: Log) -> None:
    events = log("a v 01-01 23:50 $session_id=s; a v 01-02 00:10 $session_id=s; a other 01-02 00:30 $session_id=s; b v 01-02 $session_id=t")
    ask = lambda math: figures(events.trends(ek.series("v", math=math, math_property=ek.session_duration())))  # noqa: E731
    assert ask("max") == [2400, 2400]
    assert ask("avg") == [2400, 1200]
    assert figures(events.filter(ek.session_duration() > 60).trends("v")) == [1, 1]


def test_sessions_without_an_id_are_one(log: Log) -> None:
    assert figures(log("a v 01-01 $session_id=s; a v 01-01; b v 01-01").trends(ek.series("v", math="unique_session"))) == [2]


# ---------------------------------------------------------------------- ranges and intervals
def test_minutes(log: Log) -> None:
    events = log("a v 01-01 10:00; a v 01-01 10:02", now="2026-01-01T10:03:30")
    assert figures(events.trends("v", interval="minute", date_range="-3M")) == [0, 0, 1, 0]  # from 10:00:30, as far back as told
    assert figures(events.trends("v", interval="minute", date_range=("2026-01-01T10:00", None))) == [1, 0, 1, 0]


def test_a_month_counts_whole_a_week_from_its_first_day_in_the_range(log: Log) -> None:
    events = log("a v 01-01; a v 01-05; a v 01-06; a v 02-01")  # 5 January is a Monday
    assert figures(events.trends("v", interval="month", date_range=("2026-01-06", "2026-02-02"))) == [3, 1]
    assert figures(events.trends("v", interval="week", date_range=("2026-01-06", "2026-01-12"))) == [1, 0]


def test_the_end_of_an_hourly_range_is_literal_and_that_of_days_is_the_end_of_the_day(log: Log) -> None:
    events = log("a v 01-01 00:00; a v 01-01 05:00")
    assert figures(events.trends("v", interval="hour", date_range=("2026-01-01", "2026-01-01"))) == [1]
    assert figures(events.trends("v", date_range=("2026-01-01", "2026-01-01"))) == [2]


def test_comparing_asks_the_period_directly_before_or_as_far_as_told(log: Log) -> None:
    events = log("a v 01-01; a v 01-02; b v 01-02; a v 01-03; a v 01-04")
    frame = events.trends("v", compare=True, date_range=("2026-01-03", "2026-01-04")).to_pandas()
    assert frame[["period", "value"]].values.tolist() == [["current", 1], ["current", 1], ["previous", 1], ["previous", 2]]
    assert [str(b.date()) for b in frame.bucket[2:]] == ["2026-01-01", "2026-01-02"]
    told = events.trends("v", compare_to="-1d", date_range=("2026-01-03", "2026-01-04")).to_pandas()
    assert told.value.tolist() == [1, 1, 2, 1]


# ---------------------------------------------------------------------- breakdowns
def test_missing_null_and_empty_are_one_value_and_go_into_the_rest_first(log: Log) -> None:
    events = log("a v 01-01; b v 01-01; c v 01-01 p=x; d v 01-01 p=y; d v 01-01 p=y")
    assert by_value(events.trends("v", breakdown="p")) == {"y": [2], "x": [1], NO_VALUE: [2]}
    assert by_value(events.trends("v", breakdown="p", breakdown_limit=2)) == {"y": [2], "x": [1], OTHER: [2]}
    assert by_value(events.trends("v", breakdown="p", breakdown_limit=2, breakdown_hide_other=True)) == {"y": [2], "x": [1]}
    total = events.trends("v", breakdown="p", breakdown_limit=2, display="ActionsPie")
    assert by_value(total) == {"y": [2], NO_VALUE: [2], OTHER: [1]}


def test_the_rest_of_persons_is_added_up_not_counted_anew(log: Log) -> None:
    events = log("a v 01-01 p=x; a v 01-01 p=y; a v 01-01 p=z")
    assert by_value(events.trends(ek.series("v", math="dau"), breakdown="p", breakdown_limit=1)) == {"x": [1], OTHER: [2]}


def test_several_breakdowns(log: Log) -> None:
    events = log("a v 01-01 p=x q=1; b v 01-01 p=x; c v 01-01 p=y q=1")
    assert by_value(events.trends("v", breakdown=("p", "q"))) == {("x", "1"): [1], ("y", "1"): [1], ("x", NO_VALUE): [1]}


def test_numbers_in_bins_of_the_same_width(log: Log) -> None:
    events = log("a v 01-01 n=10; a v 01-01 n=15; a v 01-01 n=20; a v 01-01 n=40; a v 01-01 n=no; a other 01-01 n=99")
    assert by_value(events.trends("v", breakdown=ek.event_prop("n", histogram_bin_count=2))) == {
        "[10,25]": [3],
        "[25,40.01]": [1],
        NO_VALUE: [1],
    }
    both = events.trends("v", breakdown=("n", ek.event_prop("n", histogram_bin_count=2)), display="ActionsTable")
    assert by_value(both)[("40", "[25,40.01]")] == [1]
    binned = events.trends("v", breakdown=ek.event_prop("n", histogram_bin_count=2))
    assert binned.actors(breakdown_value="[10,25]").events.tolist() == [3]
    assert set(events.tables.execute(binned.matched()).breakdown_value) == {"[10,25]", "[25,40.01]", NO_VALUE}
    same = log("a v 01-01 n=4; b v 01-01 n=4")
    assert by_value(same.trends("v", breakdown=ek.event_prop("n", histogram_bin_count=5))) == {"[4,4.01]": [2]}


def test_addresses_that_differ_at_the_end_only(log: Log) -> None:
    events = log("a v 01-01 u=/x; a v 01-01 u=/x/; a v 01-01 u=/x?#; a v 01-01 u=/")
    assert by_value(events.trends("v", breakdown=ek.event_prop("u", normalize_url=True))) == {"/x": [3], "/": [1]}


def test_paths_are_cleaned_by_the_projects_rules() -> None:
    events = [{"event": "v", "distinct_id": "a", "timestamp": "2026-01-01T00:00:00Z", "properties": {"u": f"/movie/{i}"}} for i in (7, 8)]
    project = ek.Project(events, path_cleaning_filters=[{"regex": r"/\d+", "alias": "/<id>"}])
    query: dict[str, Any] = {
        "kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "v"}], "dateRange": {"date_from": "2026-01-01", "date_to": "2026-01-01"},
        "breakdownFilter": {"breakdown": "u", "breakdown_path_cleaning": True},
    }  # fmt: skip
    assert [r["breakdown_value"] for r in project.query(query)["results"]] == ["/movie/<id>"]


def test_cohorts_by_a_list_and_by_what_their_members_are_like() -> None:
    rows = [("v", "a", {"$set": {"plan": "pro"}}), ("v", "b", {}), ("v", "c", {"$set": {"plan": "pro"}}), ("v", "c", {})]
    frame = pd.DataFrame(rows, columns=["event", "distinct_id", "properties"]).assign(timestamp=pd.Timestamp("2026-01-01"))
    events = ek.from_frame(frame.assign(uuid=[f"e{i}" for i in range(4)])).with_cohorts(
        ek.Cohort("pro", ek.person_prop("plan") == "pro"),
        ek.Cohort("two", members=["a", "b"]),
        ek.Cohort("both", ek.in_cohort("pro"), ek.in_cohort("two")),
    )
    ask = lambda *ids: by_value(events.trends("v", breakdown=ek.cohorts(*ids), display="ActionsTable"))  # noqa: E731
    assert ask("two", "pro", "both") == {"pro": [3], "two": [2], "both": [1]}
    assert list(ask("two", "all").items()) == [("two", [2]), ("all", [4])]
    assert figures(events.trends("v", filters=~ek.in_cohort("pro"), display="BoldNumber")) == [1]
    with pytest.raises(ek.EvkitError, match="the cohort 'x' is defined by itself: 'x' -> 'y' -> 'x'"):
        events.with_cohorts(ek.Cohort("x", ek.in_cohort("y")), ek.Cohort("y", ek.in_cohort("x"))).trends(
            "v", filters=ek.in_cohort("x")
        ).to_pandas()
    assert events.trends("v", breakdown=ek.cohorts("pro")).actors(breakdown_value="pro").actor_id.tolist() == ["c", "a"]


# ---------------------------------------------------------------------- after counting
def test_formulas_are_computed_bucket_by_bucket_and_dividing_by_zero_gives_zero(log: Log) -> None:
    events = log("a v 01-01; a v 01-01; a b 01-01; a v 01-02")
    frame = events.trends("v", "b", formulas=("A / B", ek.Formula("a + b * 10", "both"), "-(A - 1) ** 2 % 3")).to_pandas()
    assert {s: r.value.tolist() for s, r in frame.groupby("series", sort=False)} == {
        "Formula (A / B)": [2, 0], "both": [12, 1], "Formula (-(A - 1) ** 2 % 3)": [-1, 0],
    }  # fmt: skip


def test_a_value_that_a_series_lacks_counts_as_zero_in_a_formula(log: Log) -> None:
    events = log("a v 01-01 p=x; a b 01-01 p=y")
    assert by_value(events.trends("v", "b", formulas=("A - B",), breakdown="p")) == {"x": [1], "y": [-1]}


def test_running_totals_count_persons_in_their_first_bucket(log: Log) -> None:
    events = log("a v 01-01; a v 01-02; b v 01-02; a v 01-03")
    ask = lambda math: figures(events.trends(ek.series("v", math=math), display="ActionsLineGraphCumulative"))  # noqa: E731
    assert (ask("total"), ask("dau")) == ([1, 3, 4], [1, 2, 2])


def test_smoothing_rounds_the_mean_down(log: Log) -> None:
    events = log("a v 01-01; a v 01-01; a v 01-01; a v 01-02; a v 01-03; a v 01-03")
    assert figures(events.trends("v", smoothing_intervals=2)) == [3, 2, 1]


def test_test_accounts_are_left_out_where_they_are_asked_to_be() -> None:
    events = [
        {"event": "v", "distinct_id": d, "timestamp": "2026-01-01T00:00:00Z", "properties": {"host": h}}
        for d, h in (("a", "localhost"), ("b", "x"))
    ]
    project = ek.Project(events, test_account_filters=[{"key": "host", "operator": "is_not", "value": "localhost", "type": "event"}])
    query: dict[str, Any] = {
        "kind": "TrendsQuery",
        "series": [{"kind": "EventsNode", "event": "v"}],
        "dateRange": {"date_from": "2026-01-01"},
    }
    ask = lambda **more: sum(project.query({**query, **more}, now="2026-01-01T12:00:00Z")["results"][0]["data"])  # noqa: E731
    assert (ask(), ask(filterTestAccounts=True)) == (2, 1)


def test_rules_tell_every_option(log: Log) -> None:
    events = log("a v 01-01 n=5").with_cohorts(ek.Cohort("c", members=["a"]))
    for series, options, said in (
        ("v", {}, "v: every event counts."),
        (ek.series("v", math="weekly_active"), {}, "active in the 7 days up to the bucket, also before the range"),
        (ek.series("v", math="weekly_active"), {"interval": "week"}, "an interval of a week makes that of weekly_active"),
        (ek.series("v", math="sum", math_property="n", math_multiplier=2), {}, "sum of n over the events that have a number there, each times 2"),
        (ek.series("v", math="avg", math_property=ek.session_duration()), {}, "avg of how long the sessions last"),
        (ek.series("v", math="p90_count_per_actor"), {}, "p90 of how many events each person has"),
        (ek.series("v", filters=ek.event_prop("n") > 3), {}, "v: every event counts, of events with n gt 3."),
        ("v", {"filters": ek.person_prop("plan") == "pro"}, "Only events with person plan exact 'pro'."),
        ("v", {"interval": "week"}, "weeks begin on sunday"),
        ("v", {"interval": "month"}, "The first month counts whole"),
        ("v", {"breakdown": "n", "breakdown_limit": 3}, "Of each series the 3 largest values are kept"),
        ("v", {"breakdown": ek.event_prop("n", histogram_bin_count=3)}, "n is put into 3 bins of the same width"),
        ("v", {"breakdown": ek.cohorts("c")}, "a person in several counts in each"),
        ("v", {"compare": True}, "The previous period is as long and ends directly before"),
        ("v", {"compare_to": "-1w"}, "Compared with the period -1w away"),
        ("v", {"display": "ActionsLineGraphCumulative"}, "Figures are added up from the first bucket on"),
        ("v", {"smoothing_intervals": 7}, "the mean of the last 7, rounded down"),
        ("v", {"formulas": ("A * 2",)}, "Formulas are computed bucket by bucket"),
        (ek.series("v", math="dau"), {"display": "BoldNumber"}, "v: a person counts once."),
    ):  # fmt: skip
        rules = "\n".join(events.trends(series, **options).rules)  # type: ignore[arg-type]
        assert said in rules, (said, rules)


def test_compared_formulas_of_one_figure_are_in_natural_order(log: Log) -> None:
    events = log("b w 01-01; " + "; ".join(f"a v 01-02 c={c}" for c in ("item10", "item9", "²", "2.5", "Item1")))
    frame = events.trends("v", breakdown="c", formulas=("A",), compare=True, display="ActionsPie", date_range="2026-01-02").to_pandas()
    assert frame.breakdown_value.tolist() == ["2.5", "Item1", "item9", "item10", "²"]


def test_a_power_that_is_no_number_is_zero_and_other_signs_are_refused(log: Log) -> None:
    events = log("a v 01-01")
    frame = events.trends("v", formulas=("0 ** -A", "(-8 * A) ** 0.5", "A ** 2")).to_pandas()
    assert frame.value.tolist() == [0, 0, 1]
    with pytest.raises(ek.EvkitError, match="can't be read: use"):
        events.trends("v", formulas=("A ^ 2",))


def test_no_events_at_all_can_be_asked_about_and_drawn() -> None:
    for frame in (
        pd.DataFrame(columns=["event", "distinct_id", "timestamp"]),
        pd.DataFrame({"event": [], "distinct_id": [], "timestamp": []}),
    ):
        events = ek.from_frame(frame)
        days = ("2026-01-01", "2026-01-02")
        with pytest.warns(UnknownEventWarning):
            assert events.trends("v", date_range=days).to_pandas().value.tolist() == [0, 0]
            for insight in (
                events.trends("v", date_range=days),
                events.funnel("v", "b", date_range=days),
                events.trends("v", breakdown="p", date_range=days),
            ):
                assert insight.chart().to_svg().startswith("<svg")
                assert insight.describe()
    assert ek.Project([]).query(
        {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "v"}], "dateRange": {"date_from": "all"}},
        now="2026-01-01T12:00:00Z",
    )["results"][0]["data"] == [0]
    with pytest.raises(ek.EvkitError, match="without date_to it ends now"):
        ek.Project([]).query(
            {"kind": "TrendsQuery", "series": [{"event": "v"}], "dateRange": {"date_from": "2027-01-01"}}, now="2026-01-01T12:00:00Z"
        )
