"""Section 11: what goes with getting through. S got through, F did not; s and f of them have the signal. The window is ten seconds.

odds = ((s + 1) * (F - f + 1)) / ((S - s + 1) * (f + 1))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

import evkit as ek
from evkit.errors import EvkitError
from tests.semantics.funnels import asking
from tests.semantics.funnels.asking import NOW, holding

BOTH = "s A@0 B@1; f A@0"


def question(series: Any = "A B", fields: Mapping[str, Any] | None = None, **asked: Any) -> dict[str, Any]:
    source = {"kind": "FunnelsActorsQuery", "source": asking.query(series, **asked)}
    return {"kind": "FunnelCorrelationQuery", "source": source, "funnelCorrelationType": "events", **(fields or {})}


def correlate(
    log: str | Sequence[Mapping[str, Any]], series: Any = "A B", *, project: Mapping[str, Any] | None = None, **asked: Any
) -> dict[str, Any]:
    events = asking.events(log) if isinstance(log, str) else list(log)
    found: dict[str, Any] = ek.Project(events=events, **(project or {})).query(question(series, **asked), now=NOW)["results"]
    return found


def signals(log: Any, series: Any = "A B", **asked: Any) -> dict[str, tuple[int, int, float, str]]:
    """Give s, f, odds and the kind of each signal, in the order of the answer."""
    rows = correlate(log, series, **asked)["events"]
    return {r["event"]["event"]: (r["success_count"], r["failure_count"], round(r["odds_ratio"], 9), r["correlation_type"]) for r in rows}


def numbers(log: Any, series: Any = "A B", **asked: Any) -> dict[str, tuple[int, int]]:
    return {name: row[:2] for name, row in signals(log, series, **asked).items()}


def actors(log: str, which: Mapping[str, Any], series: Any = "A B", *, project: Mapping[str, Any] | None = None, **asked: Any) -> list[str]:
    source = {"kind": "FunnelCorrelationActorsQuery", "source": question(series, **asked), **which}
    found = asking.answer(log, {"kind": "ActorsQuery", "source": source}, **(project or {}))
    return sorted(row["id"] for row in found["results"])


# ---------------------------------------------------------------------- when
def test_events_count_between_the_first_step_and_the_last_both_left_out() -> None:
    log = "s A@0 first@0 in@0.000001 in2@9.999999 last@10 B@10; f A@0"
    assert numbers(log) == {"in": (1, 0), "in2": (1, 0)}


def test_of_who_failed_events_count_until_the_window_is_over_which_is_left_out() -> None:
    assert numbers(f"{BOTH}; g A@0 in@9.999999 out@10") == {"in": (0, 1)}


def test_of_who_got_through_events_after_the_last_step_do_not_count_though_the_window_is_open() -> None:
    assert numbers("s A@0 in@1 B@5 late@6; f A@0") == {"in": (1, 0)}


def test_events_before_the_first_step_do_not_count() -> None:
    assert numbers("s early@0 A@1 in@2 B@3; f early@0 A@1") == {"in": (1, 0)}


def test_the_end_of_the_range_is_left_out() -> None:
    # the funnel itself takes its end in: e enters at 8
    dates = {"date_from": "2020-01-01T00:00:00Z", "date_to": "2020-01-01T00:00:08Z", "explicitDate": True}
    log = "s A@0 B@1; f A@0 in@7.999999 out@8 out@9; e A@8"
    assert signals(log, dateRange=dates) == {"in": (0, 1, 0.5, "failure")}  # S 1, F 2: (1 * 2) / (2 * 2)


def test_the_first_step_is_that_of_the_best_chain() -> None:
    # s converts from A@5: r@3 comes before. f stays at A, first done at 0: r@3 counts.
    log = "s A@0 r@3 A@5 q@6 B@8; f A@0 r@3 A@5 q@6"
    assert numbers(log) == {"r": (0, 1), "q": (1, 1)}


def test_of_who_failed_past_the_first_step_the_window_still_runs_from_the_first() -> None:
    log = "s A@0 B@1 C@2; f A@0 B@8 in@9 out@11"
    assert numbers(log, "A B C") == {"in": (0, 1)}


def test_unordered_the_times_are_of_the_earliest_and_the_latest_event() -> None:
    log = "s early@0 B@1 in@2 A@3 late@4; f B@0 in@9"
    assert numbers(log, order="unordered") == {"in": (1, 1)}


# ---------------------------------------------------------------------- which
def test_an_actor_counts_once_for_a_signal() -> None:
    assert numbers("s A@0 r@1 r@2 r@3 B@4; f A@0") == {"r": (1, 0)}


def test_the_names_of_the_funnels_steps_are_left_out() -> None:
    log = "s A@0 B@1 A@2 n@2.5 C@3; f A@0 B@1 A@2"
    assert numbers(log, "A B C") == {"n": (1, 0)}


def test_the_names_inside_actions_are_left_out_too() -> None:
    actions = [{"id": 1, "name": "b", "steps": [{"event": "B"}, {"event": "C", "url": "/only", "url_matching": "exact"}]}]
    log = "s A@0 C@1 n@2 B@3; f A@0 C@1"
    assert numbers(log, ["A", {"kind": "ActionsNode", "id": 1}], project={"actions": actions}) == {"n": (1, 0)}


def test_names_can_be_left_out() -> None:
    fields = {"funnelCorrelationExcludeEventNames": ["r"]}
    assert numbers("s A@0 r@1 q@2 B@3; f A@0", fields=fields) == {"q": (1, 0)}


def test_the_querys_filters_choose_who_is_looked_at_and_not_the_events() -> None:
    # r has no p and counts; g is not in the funnel
    filters = [{"key": "p", "type": "event", "operator": "exact", "value": "y"}]
    log = "s A@0[p=y] r@1 B@2[p=y]; f A@0[p=y]; g A@0 r@1"
    assert numbers(log, properties=filters) == {"r": (1, 0)}


def test_who_is_void_is_neither_success_nor_failure() -> None:
    log = "s A@0 r@1 B@2; f A@0 r@1; v A@0 r@1 X@2"
    assert numbers(log, exclude="X:0-1", fields={"funnelCorrelationExcludeEventNames": ["X"]}) == {"r": (1, 1)}


def test_the_events_of_a_group_are_those_of_all_its_persons() -> None:
    log = "a A@0[$group_0=g] B@5[$group_0=g]; b r@1[$group_0=g]; c r@1; d A@0[$group_0=h]; d r@1"
    assert numbers(log, aggregation_group_type_index=0) == {"r": (1, 0)}


# ---------------------------------------------------------------------- odds
def test_the_odds_have_one_added_everywhere() -> None:
    # S 3, F 2. r: 2 and 1: (3 * 2) / (2 * 2). q: 0 and 2: (1 * 1) / (4 * 3)
    log = "a A@0 r@1 B@2; b A@0 r@1 B@2; c A@0 B@2; d A@0 r@1 q@2; e A@0 q@2"
    assert signals(log) == {"r": (2, 1, 1.5, "success"), "q": (0, 2, round(1 / 12, 9), "failure")}


def test_odds_of_exactly_one_are_a_failure() -> None:
    # S 1, F 1: (2 * 1) / (1 * 2)
    assert signals("s A@0 r@1 B@2; f A@0 r@1") == {"r": (1, 1, 1, "failure")}


def crowd(successes: int, failures: int, **extra: tuple[int, int]) -> str:
    """Give so many who get through and who fail; the first so many of each do the extra events."""
    said = lambda kind, i: " ".join(f"{name}@1" for name, n in extra.items() if i < n[kind])  # noqa: E731
    lines = [f"s{i} A@0 {said(0, i)} B@2" for i in range(successes)] + [f"f{i} A@0 {said(1, i)}" for i in range(failures)]
    return "; ".join(lines)


def test_signals_of_fewer_than_two_percent_are_left_out() -> None:
    # of 100: 2 are as many as needed
    assert numbers(crowd(50, 50, two=(2, 0), one=(1, 0), half=(1, 1))) == {"two": (2, 0), "half": (1, 1)}
    # of 101: 2.02
    assert numbers(crowd(51, 50, two=(2, 0), three=(2, 1))) == {"three": (2, 1)}


def test_twenty_five_are_always_enough() -> None:
    # two percent of 1300 would be 26
    assert numbers(crowd(700, 600, enough=(25, 0), few=(24, 0), both=(12, 13))) == {"enough": (25, 0), "both": (12, 13)}


def test_ten_successes_come_first_by_odds_descending_then_ten_failures_ascending() -> None:
    ups = {f"u{i}": (i, 0) for i in range(1, 13)}
    downs = {f"d{i}": (0, i) for i in range(1, 13)}
    wanted = [f"u{i}" for i in range(12, 2, -1)] + [f"d{i}" for i in range(12, 2, -1)]
    assert list(signals(crowd(12, 12, **ups, **downs))) == wanted


@pytest.mark.parametrize(
    ("successes", "failures", "skewed"), [(10, 1, False), (11, 1, True), (1, 10, False), (1, 11, True), (21, 2, True), (20, 2, False)]
)
def test_it_is_skewed_where_there_are_more_than_ten_times_as_many_of_one_kind(successes: int, failures: int, skewed: bool) -> None:
    found = correlate(crowd(successes, failures, r=(1, 1)))
    assert found["skewed"] is skewed
    assert len(found["events"]) == 1


@pytest.mark.parametrize("log", ["s A@0 r@1 B@2", "f A@0 r@1", "n r@1"])
def test_without_successes_or_without_failures_there_is_nothing_and_it_is_skewed(log: str) -> None:
    assert correlate(log) == {"events": [], "skewed": True}


# ---------------------------------------------------------------------- properties of events
def with_properties(*names: str, **more: Any) -> dict[str, Any]:
    """Give the fields; every event in these logs has the property `is`, which is left out here."""
    fields = {"funnelCorrelationType": "event_with_properties", "funnelCorrelationEventNames": list(names)}
    return {"fields": {**fields, "funnelCorrelationEventExcludePropertyNames": ["is"], **more}}


READERS = "; ".join(f"s{i} A@0 r@1[t=x,n={i}] q@1[t=x] B@2" for i in range(3)) + "; f0 A@0 r@1[t=y]; f1 A@0 r@1[t=y]; f2 A@0"


def test_values_of_properties_of_the_events_named_count_from_three_actors_on() -> None:
    # S 3, F 3. x: 3 and 0: (4 * 4) / (1 * 1); y is of two; each n of one; q was not asked for
    assert signals(READERS, **with_properties("r")) == {"r::t::x": (3, 0, 16, "success")}
    assert set(signals(READERS, **with_properties("r", "q"))) == {"r::t::x", "q::t::x"}


def test_success_and_failure_together_are_three() -> None:
    assert numbers("a A@0 r@1[t=x] B@2; b A@0 r@1[t=x]; c A@0 r@1[t=x]", **with_properties("r")) == {"r::t::x": (1, 2)}


def test_an_actor_counts_once_for_a_value_and_once_for_each() -> None:
    log = "; ".join(f"s{i} A@0 r@1[t=x] r@2[t=x] r@3[t=y] B@4" for i in range(3)) + "; f A@0 r@1[t=x] r@2[t=x]"
    assert numbers(log, **with_properties("r")) == {"r::t::x": (3, 1), "r::t::y": (3, 0)}


def test_every_property_counts_but_those_left_out() -> None:
    log = "; ".join(f"s{i} A@0 r@1[t=x,n=7,u=z] B@4" for i in range(3)) + "; f A@0"
    every = with_properties("r", funnelCorrelationEventExcludePropertyNames=[])
    assert set(signals(log, **every)) == {"r::t::x", "r::n::7", "r::u::z", "r::is::r"}
    some = with_properties("r", funnelCorrelationEventExcludePropertyNames=["t", "is"])
    assert set(signals(log, **some)) == {"r::n::7", "r::u::z"}


def test_properties_of_events_need_names_of_events() -> None:
    with pytest.raises(EvkitError):
        correlate(BOTH, fields={"funnelCorrelationType": "event_with_properties"})


SEEN_AGAIN = "; ".join(f"s{i} A@0 B@1 A@2[t=x] r@2[t=x] C@3" for i in range(3)) + "; f A@0"


def test_with_properties_the_events_are_the_same_so_the_funnels_steps_are_left_out() -> None:
    # A@2 is between the first step (A@0) and the last
    assert numbers(SEEN_AGAIN, "A B C") == {"r": (3, 0)}
    assert signals(SEEN_AGAIN, "A B C", **with_properties("A")) == {}


def test_with_properties_the_events_are_the_same_so_names_can_be_left_out() -> None:
    assert numbers(SEEN_AGAIN, "A B C", **with_properties("r")) == {"r::t::x": (3, 0)}
    left_out = with_properties("r", funnelCorrelationExcludeEventNames=["r"])
    assert signals(SEEN_AGAIN, "A B C", **left_out) == {}


CHAIN = 'a:href="/movie"nth-child="1"nth-of-type="1"'


def clicks(chain: str, log: str) -> list[dict[str, Any]]:
    return [{**e, "elements_chain": chain} if e["event"] == "$autocapture" else e for e in asking.events(log)]


CLICKERS = "; ".join(f"s{i} A@0 $autocapture@1[$event_type=click,t=x] B@2" for i in range(3)) + "; f A@0"


def test_of_clicks_the_only_property_is_what_was_clicked() -> None:
    # S 3, F 1: (4 * 2) / (1 * 1)
    found = signals(clicks(CHAIN, CLICKERS), **with_properties("$autocapture"))
    assert found == {f"$autocapture::elements_chain::click__~~__{CHAIN}": (3, 0, 8, "success")}


def test_where_clicks_are_among_the_names_no_event_has_its_own_properties() -> None:
    log = "; ".join(f"s{i} A@0 $autocapture@1[$event_type=click] r@1[t=x] B@2" for i in range(3)) + "; f A@0"
    found = signals(clicks(CHAIN, log), **with_properties("$autocapture", "r"))
    assert f"$autocapture::elements_chain::click__~~__{CHAIN}" in found
    assert {name.split("::")[1] for name in found} == {"elements_chain"}


def test_of_clicks_without_elements_the_chain_is_empty() -> None:
    found = signals(clicks("", CLICKERS), **with_properties("$autocapture"))
    assert found == {"$autocapture::elements_chain::click__~~__": (3, 0, 8, "success")}


# ---------------------------------------------------------------------- properties of persons and groups
def persons(**plans: str | None) -> dict[str, Any]:
    return {"persons": [{"id": w, "distinct_ids": [w], "properties": {"n": 5, **({"plan": p} if p else {})}} for w, p in plans.items()]}


def of_persons(*names: str, **more: Any) -> dict[str, Any]:
    return {"fields": {"funnelCorrelationType": "properties", "funnelCorrelationNames": list(names), **more}}


FOUR = "a A@0 B@1; b A@0 B@1; c A@0; d A@0; e N@0"
PLANS = persons(a="pro", b="pro", c="pro", d=None, e="pro")


def test_of_persons_a_missing_property_counts_as_empty() -> None:
    # S 2, F 2. pro: 2 and 1: (3 * 2) / (1 * 2); none: 0 and 1: (1 * 2) / (3 * 2)
    found = signals(FOUR, project=PLANS, **of_persons("plan"))
    assert found == {"plan::pro": (2, 1, 3, "success"), "plan::": (0, 1, round(1 / 3, 9), "failure")}


def test_of_persons_all_is_every_property_that_is_there() -> None:
    # n: 2 and 2: (3 * 1) / (1 * 3) = 1
    assert numbers(FOUR, project=PLANS, **of_persons("$all")) == {"plan::pro": (2, 1), "n::5": (2, 2)}


def test_of_persons_names_can_be_left_out() -> None:
    left_out = {"funnelCorrelationExcludeNames": ["plan"]}
    assert numbers(FOUR, project=PLANS, **of_persons("$all", **left_out)) == {"n::5": (2, 2)}
    assert numbers(FOUR, project=PLANS, **of_persons("plan", "n", **left_out)) == {"n::5": (2, 2)}


def test_of_persons_names_are_needed() -> None:
    with pytest.raises(EvkitError):
        correlate(FOUR, project=PLANS, **of_persons())


def test_of_groups_the_properties_are_the_groups() -> None:
    groups = [
        {"type": "company", "index": 0, "key": "g", "properties": {"plan": "pro"}},
        {"type": "company", "index": 0, "key": "h", "properties": {"plan": "free"}},
        {"type": "team", "index": 1, "key": "h", "properties": {"plan": "other"}},
    ]
    log = "a A@0[$group_0=g] B@1[$group_0=g]; b A@0[$group_0=h]; c A@0[$group_0=bare]"
    found = numbers(log, project={"groups": groups}, aggregation_group_type_index=0, **of_persons("plan"))
    assert found == {"plan::pro": (1, 0), "plan::free": (0, 1), "plan::": (0, 1)}


# ---------------------------------------------------------------------- who
DID = "a A@0 r@1[t=x] B@2; b A@0 r@1[t=y] B@2; c A@0 r@1[t=x]; d A@0; e A@0 r@10; f N@0 r@1"


def entity(name: str, **more: Any) -> dict[str, Any]:
    return {"funnelCorrelationPersonEntity": {"kind": "EventsNode", "event": name, **more}}


@pytest.mark.parametrize(
    ("converted", "who"), [(True, ["a", "b"]), (False, ["c"]), ("true", ["a", "b"]), ("false", ["c"]), (None, ["a", "b", "c"])]
)
def test_who_has_a_signal(converted: Any, who: list[str]) -> None:
    assert actors(DID, {**entity("r"), "funnelCorrelationPersonConverted": converted}) == who


def test_the_event_of_a_signal_must_pass_its_filters() -> None:
    only_x = entity("r", properties=[{"key": "t", "type": "event", "operator": "exact", "value": "x"}])
    assert actors(DID, {**only_x, "funnelCorrelationPersonConverted": True}) == ["a"]


def test_names_left_out_are_still_signals_that_somebody_has() -> None:
    which = {**entity("r"), "funnelCorrelationPersonConverted": True}
    assert actors(DID, which, fields={"funnelCorrelationExcludeEventNames": ["r"]}) == ["a", "b"]


@pytest.mark.parametrize(("converted", "who"), [(True, ["a", "b"]), (False, ["c"])])
def test_who_has_a_property_is_who_the_funnel_counts_when_it_asks_for_it(converted: bool, who: list[str]) -> None:
    values = [{"key": "plan", "type": "person", "operator": "exact", "value": "pro"}]
    which = {"funnelCorrelationPropertyValues": values, "funnelCorrelationPersonConverted": converted}
    assert actors(FOUR, which, project=PLANS, **of_persons("plan")) == who


def test_a_value_asked_for_is_a_filter_of_every_event_of_the_funnel() -> None:
    # as a property of the event: B of s does not have it, so s fails now
    values = [{"key": "p", "type": "event", "operator": "exact", "value": "y"}]
    which = {"funnelCorrelationPropertyValues": values, "funnelCorrelationPersonConverted": False}
    assert actors("s A@0[p=y] B@1; t A@0[p=y] B@1[p=y]; f A@0", which, **of_persons("plan")) == ["s"]


def test_steps_without_a_name_leave_out_no_names() -> None:
    assert numbers("s A@0 r@1 B@2; f A@0 r@1", [holding("A"), holding("B")]) == {"r": (1, 1)}
