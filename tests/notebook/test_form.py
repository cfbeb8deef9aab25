"""The form of the explorer asks exactly the question that it shows."""

import json
from typing import Any

import pandas as pd
import pytest
from hypothesis import assume, given, settings

import evkit as ek
from evkit.errors import SpecError
from evkit.events import Events
from evkit.notebook.form import Originals, actions_of, empty, form_of, spec_of
from tests.insights.test_code import FOLLOWED, FUNNELS, LIFECYCLES, PATHS, RETENTION, STICKINESSES, TRENDS
from tests.sizes import examples


@settings(max_examples=examples(200, 5_000), deadline=None)
@given(TRENDS | FUNNELS | RETENTION | LIFECYCLES | STICKINESSES | PATHS | FOLLOWED)
def test_a_question_that_nobody_touched_is_the_one_that_was_given(spec: Any) -> None:
    try:
        actions = actions_of(spec, {})
    except SpecError:
        assume(False)
    form = json.loads(json.dumps(form_of(spec)))
    assert spec_of(form, Originals(spec, actions)) == spec


def test_what_is_filled_in_is_what_is_asked() -> None:
    form = empty("funnel", ["$pageview", "signed_up"])
    form["filters"] = [
        {"owner": "person", "key": "plan", "operator": "exact", "values": ["pro", "team"]},
        {"owner": "event", "key": "price", "operator": "between", "values": ["1", "2.5"]},
        {"owner": "group:1", "key": "name", "operator": "is_set", "values": []},
    ]
    form["breakdown"] = [{"owner": "event", "key": "$browser"}]
    form |= {"window_count": "1", "window_unit": "hour", "date_from": "-7d", "order_type": "strict", "breakdown_attribution": "last_touch"}
    assert spec_of(form) == ek.Funnel(
        "$pageview",
        "signed_up",
        window="1 hour",
        order_type="strict",
        breakdown="$browser",
        breakdown_attribution="last_touch",
        date_range="-7d",
        filters=ek.FilterGroup(
            "AND",
            (
                ek.person_prop("plan").isin("pro", "team"),
                ek.event_prop("price").between(1, 2.5),
                ek.group_prop("name", 1).is_set(),
            ),
        ),
    )


def test_every_kind_of_question_is_filled_in_by_its_own_options() -> None:
    begun = empty("retention", ["signed_up", "played"]) | {"total_intervals": "4", "custom_brackets": "1, 3", "retention_cumulative": True}
    assert spec_of(begun) == ek.Retention("signed_up", "played", total_intervals=4, custom_brackets=(1, 3), cumulative=True)
    assert spec_of({**begun, "insight": "lifecycle"}) == ek.Lifecycle("signed_up")
    sticky = {**begun, "insight": "stickiness", "interval": "week", "criteria_operator": "gte", "criteria_count": "2", "cumulative": True}
    assert spec_of(sticky) == ek.Stickiness("signed_up", "played", interval="week", criteria=("gte", 2), cumulative=True)
    ways = {
        **begun,
        "insight": "paths",
        "include_event_types": ["$pageview"],
        "start_point": "/",
        "exclude_events": "/a, /b",
        "step_limit": "3",
    }
    assert spec_of(ways) == ek.Paths(include_event_types="$pageview", start_point="/", exclude_events=("/a", "/b"), step_limit=3)


@pytest.mark.parametrize(
    ("insight", "change", "message"),
    [
        ("retention", {"total_intervals": ""}, "Intervals: give a whole number"),
        ("retention", {"custom_brackets": "1, x"}, "Brackets of periods, such as 1, 3, 7: 'x' is no whole number"),
        ("stickiness", {"criteria_count": "often"}, "Times in an interval: 'often' is no whole number"),
        ("paths", {"step_limit": "0"}, "step_limit 0"),
    ],
)
def test_what_an_option_can_not_be_is_said(insight: str, change: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as error:
        spec_of({**empty(insight, ["a", "b"]), **change})
    assert str(error.value).startswith(message)


def test_an_option_that_a_kind_of_question_does_not_have_is_refused(events: Events) -> None:
    with pytest.raises(SpecError, match=r"window='2 days' is no option of retention. Those that are: breakdown, date_range, filters$"):
        ek.explore(events, "retention", window="2 days")
    with pytest.raises(
        SpecError,
        match=r"display='BoldNumber' is no option of retention as it is meant here: give a question, as in ek.explore\(events, ek.Retention\(display=...\)\)",
    ):
        ek.explore(events, "retention", display="BoldNumber")
    with pytest.raises(SpecError, match="lifecycle takes 1 series, not 2"):
        ek.explore(events, "lifecycle", series=["view", "buy"])
    with pytest.raises(SpecError, match="paths takes no series, not 1: give filters"):
        ek.explore(events, "paths", series=["view"])
    assert ek.explore(events, "paths", filters=ek.event_prop("plan") == "x").spec == ek.Paths(filters=ek.event_prop("plan") == "x")
    assert ek.explore(events, "retention", series=["view"]).spec == ek.Retention("view")
    assert ek.explore(events, ek.Retention("view", period="day")).code == 'events.retention("view", "view", period="day")'


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"window_count": "soon"}, "the window 'soon' is no whole number of days: give 1 or more"),
        ({"filters": [{"owner": "event", "key": "", "operator": "exact", "values": ["x"]}]}, "a property without a name: choose one of the event's properties"),
        ({"filters": [{"owner": "event", "key": "plan", "operator": "exact", "values": [""]}]}, "plan is ...: give a value"),
        ({"filters": [{"owner": "event", "key": "price", "operator": "gt", "values": ["much"]}]}, "price is compared with 'much', which is no number"),
        ({"filters": [{"owner": "event", "key": "price", "operator": "between", "values": ["1", ""]}]}, "price is between ...: give two numbers, the lower first"),
        ({"filters": [{"owner": "event", "key": "price", "operator": "like", "values": ["1"]}]}, "unknown operator 'like'."),
        ({"filters": [{"kept": "a or b"}]}, "the filter 'a or b' isn't known any more: take it out, and give it to ek.explore again"),
        ({"series": []}, "a funnel of 0 steps: give 2 to 60"),
        ({"insight": "funel"}, "unknown insight 'funel'. Did you mean 'funnel'?"),
        ({"date_from": "soon"}, "date 'soon'"),
    ],
)  # fmt: skip
def test_what_is_not_complete_or_wrong_is_said(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as error:
        spec_of({**empty("funnel", ["a", "b"]), **change})
    assert str(error.value).startswith(message) or message in str(error.value)


def test_a_series_that_needs_a_property_says_so() -> None:
    form = empty("trends", ["buy"])
    form["series"][0]["math"] = "sum"
    with pytest.raises(SpecError, match=r"the sum of which property\? Choose one beside 'buy'"):
        spec_of(form)
    form["series"][0]["property"] = {"owner": "event", "key": "price"}
    assert spec_of(form) == ek.Trends(ek.series("buy", math="sum", math_property="price"))


@pytest.fixture
def events() -> Events:
    names = ["view", "view", "buy", "view"]
    return ek.from_frame(
        pd.DataFrame(
            {
                "event": names,
                "distinct_id": ["a", "b", "a", "c"],
                "timestamp": [f"2026-01-0{i}" for i in (1, 1, 2, 3)],
                "plan": ["x", "y", "x", "y"],
            }
        )
    )


def test_without_a_notebook_the_same_arguments_give_the_insight(events: Events) -> None:
    built = ek.explore(events, "funnel", series=["view", "buy"], window="2 days", breakdown="plan")
    asked = events.funnel("view", "buy", window="2 days", breakdown="plan")
    assert built.insight.spec == asked.spec
    assert built.insight.to_pandas().equals(asked.to_pandas())
    assert eval(built.code, {"ek": ek, "events": events}).spec == asked.spec
    assert ek.Project(events=[]).insight(built.query).spec.steps == asked.spec.steps
    assert ek.explore(events).code == 'events.trends("view")'
    assert ek.explore(events, asked).spec == asked.spec


def test_what_the_events_are_restricted_to_is_not_written_twice(events: Events) -> None:
    few = events.filter(ek.event_prop("plan") == "x")
    built = ek.explore(few, series=["view"])
    assert built.code == 'events.trends("view")'
    assert built.insight.to_pandas().value.sum() == 1


def test_suggestions_are_of_the_data(events: Events) -> None:
    built = ek.explore(events)
    assert built.choices["events"] == [{"name": "view", "count": 3}, {"name": "buy", "count": 1}]
    assert (built.properties("event"), built.values("event", "plan")) == (["plan"], ["x", "y"])


def test_an_error_and_a_warning_are_in_the_answer(events: Events) -> None:
    built = ek.explore(events, "funnel", series=["view", "bye"])
    assert built.result["warnings"] == ["no event is called 'bye'. Did you mean 'buy'? Its figures are zeros."]
    built.form = {**built.form, "window_count": "", "number": 1}
    assert built.result["error"] == "the window '' is no whole number of days: give 1 or more"
    assert built.result["number"] == 1
    with pytest.raises(SpecError, match="the window ''"):
        built.insight  # noqa: B018


def test_an_action_that_the_events_do_not_know_is_written_out(events: Events) -> None:
    bought = ek.Action("bought", ek.event("buy"))
    assert ek.explore(events, series=[bought]).code == 'events.trends(ek.Action("bought", ek.event("buy")))'
    assert ek.explore(events.with_actions(bought), series=["bought"]).code == 'events.trends("bought")'


def test_two_actions_of_one_name_are_refused(events: Events) -> None:
    one, other = ek.Action("bought", ek.event("buy")), ek.Action("bought", ek.event("view"))
    with pytest.raises(SpecError, match="two actions are called 'bought'"):
        ek.explore(events, series=[one, other])
