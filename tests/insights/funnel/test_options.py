"""Each option of a funnel, with figures worked by hand from the rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import evkit as ek
from evkit.errors import TruncatedWarning

Log = Callable[..., ek.Events]
MORE = "the figures of all of them add up to more than there are"


def counts(insight: ek.Insight) -> list[int]:
    found: list[int] = insight.to_pandas()["count"].tolist()
    return found


def by_value(insight: ek.Insight) -> dict[str, list[int]]:
    return {value: rows["count"].tolist() for value, rows in insight.to_pandas().groupby("breakdown_value")}


# ---------------------------------------------------------------------- unordered
def test_unordered_steps_count_in_any_order(log: Log) -> None:
    events = log("a buy 01-01; a view 01-02; a search 01-03; b search 01-01; b buy 01-02; c view 01-01")
    funnel = events.funnel("view", "search", "buy", order_type="unordered")
    assert counts(funnel) == [3, 2, 1]
    assert funnel.to_pandas().average_seconds.tolist()[1:] == [86400, 86400]
    assert funnel.actors(step=3).actor_id.tolist() == ["a"]
    assert funnel.actors(step=3, dropped=True).actor_id.tolist() == ["b"]


def test_an_unordered_window_is_from_the_oldest_event_and_its_boundary_is_inside(log: Log) -> None:
    events = log("a buy 01-01; a view 01-02; b buy 01-01; b view 01-02 00:01")
    assert counts(events.funnel("view", "buy", order_type="unordered", window="1 day")) == [2, 1]


def test_unordered_one_event_fills_one_step_also_of_two_that_are_alike(log: Log) -> None:
    events = log("a view 01-01; b view 01-01; b view 01-02")
    assert counts(events.funnel("view", "view", order_type="unordered")) == [2, 1]


def test_after_an_exclusion_an_unordered_funnel_begins_anew_and_nobody_is_void(log: Log) -> None:
    events = log("a view 01-01; a no 01-02; a buy 01-03; b view 01-01; b buy 01-02; b no 01-03; c view 01-01; c no 01-02")
    no = ek.Exclusion("no", after=1, before=2)
    assert counts(events.funnel("view", "buy", order_type="unordered", exclusions=(no,))) == [2, 1]
    # ordered, who does it in between counts nowhere: a and c are void, b bought before
    assert counts(events.funnel("view", "buy", exclusions=(no,))) == [1, 1]


# ---------------------------------------------------------------------- optional steps, first times
def test_an_optional_step_may_be_left_out_and_the_time_is_from_the_required_step_before(log: Log) -> None:
    events = log("a view 01-01; a buy 01-01 02:00; b view 01-01; b search 01-01 01:00; b buy 01-01 04:00; c view 01-01; c search 01-02")
    frame = events.funnel("view", ek.series("search", optional=True), "buy").to_pandas()
    assert frame["count"].tolist() == [3, 2, 2]
    assert frame.step_conversion_rate.tolist() == pytest.approx([1, 2 / 3, 2 / 3])
    assert [None if pd.isna(s) else s for s in frame.average_seconds] == [None, None, 3 * 3600]


def test_who_was_lost_is_told_from_the_required_step_before(log: Log) -> None:
    events = log("a view 01-01; a buy 01-02; b view 01-01; b search 01-02; c view 01-01")
    funnel = events.funnel("view", ek.series("search", optional=True), "buy")
    assert funnel.actors(step=3, dropped=True).actor_id.tolist() == ["b", "c"]


def test_a_first_time_step_is_only_the_first_event_ever(log: Log) -> None:
    events = log("a view 12-01; a view 01-02; a buy 01-03; b view 01-02; b buy 01-03").between("2026-01-01", "2026-01-31")
    early = log("a view 01-01; a view 01-12; a buy 01-13; b view 01-12; b buy 01-13; b view 01-14; b buy 01-15")
    span = early.between("2026-01-10", "2026-01-20")
    assert counts(span.funnel("view", "buy")) == [2, 2]
    assert counts(span.funnel(ek.series("view", math="first_time_for_user"), "buy")) == [1, 1]
    assert counts(events.funnel(ek.series("view", math="first_time_for_user"), "buy")) == [2, 2]  # december comes after the range


def test_a_first_event_that_fails_the_filter_is_nobodys_first_time_unless_the_filter_is_part_of_it(log: Log) -> None:
    events = log("a view 01-01 p=x; a view 01-02 p=y; a buy 01-03; b view 01-02 p=y; b buy 01-03")
    step = lambda math: ek.series("view", math=math, filters=ek.event_prop("p") == "y")  # noqa: E731
    assert counts(events.funnel(step("first_time_for_user"), "buy")) == [1, 1]
    assert counts(events.funnel(step("first_time_for_user_with_filters"), "buy")) == [2, 2]


# ---------------------------------------------------------------------- who is counted
def test_sessions_or_ids_can_be_counted_instead_of_persons(log: Log) -> None:
    events = log("a view 01-01 s=1; a buy 01-02 s=2; a buy 01-02 s=1; b view 01-01; b buy 01-02")
    assert counts(events.funnel("view", "buy", aggregate_by="s")) == [1, 1]
    assert counts(events.funnel("buy", "view", aggregate_by=ek.event_prop("s"))) == [2, 0]
    assert events.funnel("view", "buy", aggregate_by="s").actors(step=2).actor_id.tolist() == ["1"]


# ---------------------------------------------------------------------- attribution
ATTRIBUTED = "a view 01-01 b=x; a buy 01-02 b=y; c view 01-01 b=x; c buy 01-02 b=x; d view 01-01; d buy 01-02 b=y"


def test_every_value_by_itself(log: Log) -> None:
    assert by_value(log(ATTRIBUTED).funnel("view", "buy", breakdown="b", breakdown_attribution="all_events")) == {"x": [2, 1], "": [1, 0]}


def test_the_values_of_one_step(log: Log) -> None:
    ask = lambda step: log(ATTRIBUTED).funnel("view", "buy", breakdown="b", breakdown_attribution="step", breakdown_attribution_step=step)  # noqa: E731
    assert by_value(ask(1)) == {"x": [2, 2], "": [1, 1]}
    assert by_value(ask(2)) == {"y": [2, 2], "x": [1, 1]}


def test_somebody_with_two_values_of_a_step_counts_in_each(log: Log) -> None:
    events = log("a view 01-01 b=x; a view 01-02 b=y; a buy 01-03")
    funnel = events.funnel("view", "buy", breakdown="b", breakdown_attribution="step", breakdown_attribution_step=1)
    assert by_value(funnel) == {"x": [1, 1], "y": [1, 1]}
    assert funnel.to_pandas().average_seconds.dropna().tolist() == [2 * 86400, 86400]


def test_cohorts_each_count_by_themselves_and_all_is_everybody(log: Log) -> None:
    events = log("a view 01-01; a buy 01-02; b view 01-01; b buy 01-02; c view 01-01")
    both = events.with_cohorts(ek.Cohort("first", members=["a", "b"]), ek.Cohort("second", members=["b", "c"]))
    assert by_value(both.funnel("view", "buy", breakdown=ek.cohorts("first", "second", "all"))) == {
        "first": [2, 2],
        "second": [2, 1],
        "all": [3, 2],
    }
    assert counts(both.funnel("view", "buy", filters=ek.in_cohort("first"))) == [2, 2]
    assert counts(both.funnel("view", "buy", filters=~ek.in_cohort("first"))) == [1, 0]


# ---------------------------------------------------------------------- over time
def rates(insight: ek.Insight) -> dict[str, tuple[int, int]]:
    return {str(r.bucket.date()): (r.entered, r.converted) for r in insight.to_pandas().itertuples() if r.entered}


def test_somebody_counts_in_the_period_in_which_their_chain_began_once_in_each(log: Log) -> None:
    events = log("a view 01-01; a buy 01-03; a view 01-05; b view 01-01; b view 01-01 05:00; b buy 01-01 06:00; c view 01-02")
    funnel = events.funnel("view", "buy", viz_type="trends", window="3 days")
    assert rates(funnel) == {"2026-01-01": (2, 2), "2026-01-02": (1, 0), "2026-01-05": (1, 0)}
    assert len(funnel.to_pandas()) == 5
    assert funnel.actors(bucket="2026-01-01").actor_id.tolist() == ["a", "b"]
    assert funnel.actors(bucket="2026-01-02", dropped=True).actor_id.tolist() == ["c"]


def test_one_purchase_may_end_the_chains_of_several_periods(log: Log) -> None:
    events = log("a view 01-01; a view 01-02; a buy 01-03")
    assert rates(events.funnel("view", "buy", viz_type="trends")) == {"2026-01-01": (1, 1), "2026-01-02": (1, 1)}


def test_conversion_is_measured_between_the_steps_asked_for(log: Log) -> None:
    events = log("a view 01-01; a search 01-02; a buy 01-03; b view 01-01; b search 01-02; c view 01-01")
    assert rates(events.funnel("view", "search", "buy", viz_type="trends", from_step=2)) == {"2026-01-01": (2, 1)}
    assert rates(events.funnel("view", "search", "buy", viz_type="trends", to_step=2)) == {"2026-01-01": (3, 2)}


def test_unordered_over_time_every_event_opens_its_period(log: Log) -> None:
    events = log("a buy 01-01; a view 01-03; b view 01-02")
    assert rates(events.funnel("view", "buy", viz_type="trends", order_type="unordered")) == {
        "2026-01-01": (1, 1), "2026-01-02": (1, 0), "2026-01-03": (1, 0),
    }  # fmt: skip


def test_days_are_those_of_the_projects_zone_also_when_clocks_change(log: Log) -> None:
    events = log("a view 03-28 23:30; a buy 03-29 22:30; b view 03-29 23:30", timezone="Europe/London")
    funnel = events.funnel("view", "buy", viz_type="trends", interval="day", window="23 hours")
    assert rates(funnel) == {"2026-03-28": (1, 1), "2026-03-30": (1, 0)}  # 22:30 UTC is 23:30 there; 23:30 UTC is the day after


def test_values_past_the_limit_have_no_row_over_time_and_that_is_told(log: Log) -> None:
    events = log("a view 01-01 b=x; c view 01-01 b=x; d view 01-01 b=y")
    with pytest.warns(TruncatedWarning, match="the 1 most entered of 2 breakdown values are shown"):
        frame = events.funnel("view", "view", viz_type="trends", breakdown="b", breakdown_limit=1).to_pandas()
    assert frame.breakdown_value.unique().tolist() == ["x"]


# ---------------------------------------------------------------------- time to convert
def test_the_time_to_convert_is_put_into_bins_of_whole_seconds(log: Log) -> None:
    events = log("a view 01-01; a buy 01-01 00:01; b view 01-01; b buy 01-01 00:03; c view 01-01; c buy 01-01 00:05; d view 01-01")
    frame = events.funnel("view", "buy", viz_type="time_to_convert").to_pandas()
    # 3 people: ceil(cube root) = 2 bins of ceil((300 - 60) / 2) = 120 seconds, and one more for the last edge
    assert list(zip(frame.bin_start_seconds, frame["count"], strict=True)) == [(60, 1), (180, 1), (300, 1)]
    assert frame.average_seconds.tolist() == [180] * 3
    asked = events.funnel("view", "buy", viz_type="time_to_convert", bin_count=1).to_pandas()
    assert list(zip(asked.bin_start_seconds, asked["count"], strict=True)) == [(60, 2), (300, 1)]


def test_everybody_as_fast_gives_bins_of_a_minute_and_nobody_none(log: Log) -> None:
    same = log("a view 01-01; a buy 01-01 00:01; b view 01-02; b buy 01-02 00:01").funnel("view", "buy", viz_type="time_to_convert")
    assert list(zip(same.to_pandas().bin_start_seconds, same.to_pandas()["count"], strict=True)) == [(60, 2), (120, 0), (180, 0)]
    nobody = log("a view 01-01; b buy 01-01").funnel("view", "buy", viz_type="time_to_convert")
    assert nobody.to_pandas().empty
    assert nobody.describe() == "Time from step 1 to step 2: nobody converted."
    assert nobody.actors().empty


def test_the_time_is_between_the_steps_asked_for(log: Log) -> None:
    events = log("a view 01-01; a search 01-01 01:00; a buy 01-01 04:00")
    ask = lambda **steps: events.funnel("view", "search", "buy", viz_type="time_to_convert", **steps).to_pandas().average_seconds[0]  # noqa: E731
    assert [ask(), ask(from_step=2), ask(to_step=2)] == [4 * 3600, 3 * 3600, 3600]


# ---------------------------------------------------------------------- words
def test_rules_tell_every_option(log: Log) -> None:
    events = log("a view 01-01 $group_0=x").with_cohorts(ek.Cohort("c", members=["a"]))
    ask = lambda **options: "\n".join(events.funnel("view", ek.series("buy", filters=ek.event_prop("p") > 3), **options).rules)  # noqa: E731
    for options, said in (
        ({}, "Step 2, buy, is only events with p gt 3"),
        ({"order_type": "unordered"}, "The steps count in any order"),
        ({"order_type": "strict"}, "any other event between two steps breaks the chain"),
        ({"exclusions": (ek.Exclusion("no", after=1, before=2),)}, "Who does no between steps 1 and 2, inside the window, counts nowhere"),
        ({"aggregate_by": "s"}, "The values of s (events without one don't count) are counted"),
        ({"group_type_index": 0}, "Groups of type"),
        ({"viz_type": "trends", "interval": "week"}, "Somebody counts in the week in which their chain began"),
        ({"viz_type": "time_to_convert", "bin_count": 3}, "The time is from step 1 to step 2"),
        ({"breakdown": "b"}, "that of the earliest event in the funnel that has one"),
        ({"breakdown": "b", "breakdown_attribution": "all_events"}, "a run with a value sees only the events that have it"),
        ({"breakdown": ek.cohorts("c")}, "a person in several counts in each"),
        ({"filters": ek.event_prop("q") == 1}, "Only events with q exact 1: others are no steps"),
        ({"window": "1 month"}, "a month is 31 days"),
    ):
        assert said in ask(**options), said


@pytest.mark.parametrize(
    ("options", "once"),
    [
        ({}, "Persons are counted, each once."),
        ({"breakdown": "b"}, "Persons are counted, each once."),
        ({"breakdown": "b", "breakdown_attribution": "last_touch"}, "Persons are counted, each once."),
        (
            {"breakdown": "b", "breakdown_attribution": "all_events"},
            f"Persons are counted, each once for every breakdown value of theirs: {MORE}.",
        ),
        (
            {"breakdown": "b", "breakdown_attribution": "step", "breakdown_attribution_step": 2},
            f"Persons are counted, each once for every breakdown value of theirs: {MORE}.",
        ),
        ({"breakdown": ek.cohorts("c")}, f"Persons are counted, each once for every cohort of theirs: {MORE}."),
        ({"viz_type": "trends"}, "Persons are counted."),
        ({"viz_type": "time_to_convert", "breakdown": "b", "breakdown_attribution": "all_events"}, "Persons are counted, each once."),
    ],
)
def test_the_rules_say_once_only_where_somebody_counts_once(log: Log, options: dict[str, Any], once: str) -> None:
    events = log("a view 01-01 b=x; a view 01-02 b=y; a buy 01-02 b=y").with_cohorts(ek.Cohort("c", members=["a"]))
    assert once in events.funnel("view", "buy", **options).rules


def test_cohorts_attributed_to_a_step_are_those_of_who_did_it(log: Log) -> None:
    events = log("p a 01-01; p b 01-02; q a 01-01").with_cohorts(ek.Cohort("odd", members=["p"]), ek.Cohort("even", members=["q"]))
    ask = lambda step: by_value(  # noqa: E731
        events.funnel("a", "b", breakdown=ek.cohorts("odd", "even", "all"), breakdown_attribution="step", breakdown_attribution_step=step)
    )
    assert ask(1) == {"all": [2, 1], "odd": [1, 1], "even": [1, 0]}
    assert ask(2) == {"all": [1, 1], "odd": [1, 1]}
