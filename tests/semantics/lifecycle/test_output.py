"""retention_paths.md, section 2: the series, filters, what is answered, and who is behind it."""

from __future__ import annotations

from typing import Any

import pytest

from evkit.errors import SamplingWarning, SpecError, UnsupportedQuery
from tests.semantics.lifecycle.asking import NOW, ask, asked, data, node, project

DAYS = ("2020-01-06", "2020-01-08")
BUY = {"id": 7, "name": "bought", "steps": [{"event": "buy"}, {"event": "v", "properties": [{"key": "p", "value": "1", "type": "event"}]}]}


def test_the_four_rows_say_their_figures_sums_days_and_names() -> None:
    new, returning, resurrecting, dormant = ask("a v 01-06; a v 01-07; b v 01-06; b v 01-08", days=DAYS)
    assert new == {
        "data": [2.0, 0.0, 0.0], "count": 2.0, "days": ["2020-01-06", "2020-01-07", "2020-01-08"],
        "labels": ["6-Jan-2020", "7-Jan-2020", "8-Jan-2020"], "label": "v - new", "status": "new",
        "action": {"id": "v", "name": "v", "type": "events", "order": 0, "math": "total"},
    }  # fmt: skip
    assert (returning["data"], returning["label"]) == ([0, 1, 0], "v - returning")
    assert (resurrecting["data"], resurrecting["label"]) == ([0, 0, 1], "v - resurrecting")
    assert (dormant["data"], dormant["count"], dormant["label"]) == ([0, -1, -1], -2, "v - dormant")


def test_any_event_is_called_all_events() -> None:
    rows = ask("a v 01-06; a other 01-07", None, days=DAYS)
    assert rows[1]["data"] == [0, 1, 0]
    assert rows[0]["label"] == "All events - new"
    assert rows[0]["action"] == {"id": None, "name": "All events", "type": "events", "order": 0, "math": "total"}


def test_an_action_is_active_by_any_of_its_steps() -> None:
    rows = ask("a buy 01-06; a v 01-07 p=1; a v 01-08 p=2", {"kind": "ActionsNode", "id": 7}, days=DAYS, given={"actions": [BUY]})
    assert [r["data"] for r in rows] == [[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, -1]]
    assert rows[0]["label"] == "bought - new"
    assert rows[0]["action"] == {"id": 7, "name": "bought", "type": "actions", "order": 0, "math": "total"}


def test_filters_of_the_series_and_of_the_question_both_count() -> None:
    events = "a v 01-06 p=1 q=1; a v 01-07 p=1; b v 01-06 q=1"
    mine = node("v", properties=[{"key": "p", "value": "1", "type": "event"}])
    assert data(events, mine, days=DAYS) == {"new": [1, 0, 0], "returning": [0, 1, 0], "dormant": [0, 0, -1]}
    assert data(events, mine, days=DAYS, properties=[{"key": "q", "value": 1, "type": "event"}]) == {
        "new": [1, 0, 0],
        "dormant": [0, -1, 0],
    }


def test_test_accounts_are_left_out_where_that_is_asked_for() -> None:
    given = {
        "persons": [
            {"id": p, "distinct_ids": [p], "created_at": "2020-01-06", "properties": {"email": f"{p}@x.com"}} for p in ("me", "you")
        ],
        "test_account_filters": [{"key": "email", "value": "me@", "operator": "not_icontains", "type": "person"}],
    }
    events = "me v 01-06; you v 01-06; nobody v 01-06"
    assert data(events, days=DAYS, given=given)["new"] == [2, 0, 0]
    # who has no such property passes: the stranger, never new
    assert data(events, days=DAYS, given=given, filterTestAccounts=True) == {
        "new": [1, 0, 0],
        "resurrecting": [1, 0, 0],
        "dormant": [0, -2, 0],
    }


def test_persons_have_the_properties_that_they_have_now() -> None:
    events = 'a v 01-06 $set={"plan":"free"}; a v 01-07; a other 01-08 $set={"plan":"pro"}'
    filters = [{"key": "plan", "value": "pro", "type": "person"}]
    assert data(events, days=DAYS, properties=filters) == {"new": [1, 0, 0], "returning": [0, 1, 0], "dormant": [0, 0, -1]}


def test_without_a_series_it_is_refused_in_posthogs_words() -> None:
    with pytest.raises(SpecError) as caught:
        project("a v 01-06").query(asked(days=DAYS), now=NOW)
    assert str(caught.value) == "Lifecycle insights require at least one series."


def test_several_series_are_one_with_the_filters_of_all() -> None:
    on = lambda key: node("v", properties=[{"key": key, "value": "1", "type": "event"}])  # noqa: E731
    assert data("a v 01-06 p=1 q=1; b v 01-06 p=1; c v 01-06 q=1", on("p"), on("q"), days=DAYS)["new"] == [1, 0, 0]
    assert data("a v 01-06; a w 01-06", "v", "w", days=DAYS) == {}  # no event is both
    anything = {"kind": "EventsNode", "event": None}
    assert data("a v 01-06; b w 01-06", anything, "v", days=DAYS) == {"new": [1, 0, 0], "dormant": [0, -1, 0]}
    first = ask("a v 01-06", {"kind": "ActionsNode", "id": 7}, "v", days=DAYS, given={"actions": [BUY]})[0]["action"]
    assert (first["id"], first["type"]) == (7, "actions")
    second = ask("a v 01-06", anything, {"kind": "ActionsNode", "id": 7}, days=DAYS, given={"actions": [BUY]})[0]
    assert (second["action"]["id"], second["action"]["type"], second["label"]) == (None, "events", "All events - new")
    given = {"actions": [BUY, {"id": 8, "name": "other", "steps": [{"event": "x"}]}]}
    with pytest.raises(UnsupportedQuery, match="a LifecycleQuery of two actions"):
        ask("a v 01-06", {"kind": "ActionsNode", "id": 7}, {"kind": "ActionsNode", "id": 8}, days=DAYS, given=given)


def test_an_action_that_is_not_there_is_named() -> None:
    with pytest.raises(SpecError, match=r"the project has no action 8\. It has: 7"):
        ask("a v 01-06", {"kind": "ActionsNode", "id": 8}, days=DAYS, given={"actions": [BUY]})


@pytest.mark.parametrize("math", ["dau", "weekly_active", "unique_session"])
def test_the_math_of_the_series_changes_nothing(math: str) -> None:
    assert data("a v 01-06; a v 01-06", node("v", math), days=DAYS) == {"new": [1, 0, 0], "dormant": [0, -1, 0]}


def test_which_statuses_are_shown_and_a_sample_change_no_figure() -> None:
    shown = {"lifecycleFilter": {"toggledLifecycles": ["new"], "showLegend": True}}
    assert ask("a v 01-06", days=DAYS, **shown) == ask("a v 01-06", days=DAYS)
    with pytest.warns(SamplingWarning):
        assert ask("a v 01-06", days=DAYS, samplingFactor=0.1) == ask("a v 01-06", days=DAYS)


# ---------------------------------------------------------------------- actors
EVENTS = "a v 01-06; a v 01-07; 2*b v 01-06; b v 01-08; c v 01-06"


def who(**which: Any) -> list[str]:
    """Give who is behind a figure."""
    query = {"kind": "InsightActorsQuery", "source": asked("v", days=DAYS), **which}
    return [r["id"] for r in project(EVENTS).query(query, now=NOW)["results"]]


def test_the_actors_of_a_figure_are_those_of_one_bucket_and_one_status() -> None:
    assert who(day="2020-01-06", status="new") == ["b", "a", "c"]  # most events first
    assert who(day="2020-01-07", status="returning") == ["a"]
    assert who(day="2020-01-07", status="dormant") == ["b", "c"]
    assert who(day="2020-01-08", status="dormant") == ["a"]
    assert who(day="2020-01-08", status="resurrecting") == ["b"]
    assert who(day="2020-01-06", status="dormant") == []


def test_a_day_may_be_any_time_in_its_bucket() -> None:
    assert who(day="2020-01-07T15:00:00", status="returning") == ["a"]


def test_without_a_status_or_a_day_it_is_everybody_of_the_other() -> None:
    assert who(day="2020-01-08") == ["b", "a"]
    assert who(status="returning") == ["a"]


def test_an_actors_query_of_a_day_outside_the_range_has_nobody_and_a_status_must_be_one() -> None:
    with pytest.raises(SpecError, match="unknown status 'gone'"):
        who(day="2020-01-07", status="gone")
    assert who(day="2020-02-01", status="new") == []
