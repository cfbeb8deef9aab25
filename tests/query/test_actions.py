"""Actions: steps, elements, explanations, files."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import evkit as ek
from evkit.elements import to_chain
from evkit.errors import DataError, MissingFile, SpecError

FORM = [{"tag_name": "form", "attr_id": "signup", "nth_child": 1, "nth_of_type": 1}, {"tag_name": "body"}]
BUTTON = [{"tag_name": "button", "text": "Buy now", "attr_class": ["buy"], "nth_child": 1}, {"tag_name": "a", "href": "/buy"}]
EVENTS: list[dict[str, Any]] = [
    {
        "event": "$autocapture",
        "properties": {"$event_type": "submit", "$current_url": "https://x/signup"},
        "elements_chain": to_chain(FORM),
    },
    {"event": "$autocapture", "properties": {"$event_type": "click", "$current_url": "https://x/shop"}, "elements_chain": to_chain(BUTTON)},
    {"event": "$pageview", "properties": {"$current_url": "https://x/shop?a=1"}, "elements_chain": ""},
    {"event": "user_signed_up", "properties": {"plan": "pro"}, "elements_chain": ""},
]


def counted(*steps: ek.ActionStep) -> int:
    rows = [{"distinct_id": "a", "timestamp": pd.Timestamp("2026-01-01"), **e} for e in EVENTS]
    action = ek.Action("it", *steps)
    return int(ek.from_frame(pd.DataFrame(rows)).trends(action).to_pandas().value.sum())


@pytest.mark.parametrize(
    ("steps", "count"),
    [
        ((ek.submitted(selector="form#signup"),), 1),
        ((ek.submitted(selector="form#login"),), 0),
        ((ek.clicked(text="Buy now"),), 1),
        ((ek.clicked(text="buy now"),), 0),
        ((ek.clicked(href="/buy", tag_name="button"),), 1),
        ((ek.clicked(selector="a > button.buy"),), 1),
        ((ek.clicked(selector="button > a"),), 0),
        ((ek.viewed("/shop"),), 1),
        ((ek.viewed("https://x/shop", "exact"),), 0),
        ((ek.event("user_signed_up", ek.event_prop("plan") == "pro"),), 1),
        ((ek.event("user_signed_up", ek.event_prop("plan") == "free"),), 0),
        ((ek.submitted(selector="form"), ek.event("user_signed_up")), 2),
        ((), 0),
    ],
)
def test_an_action_happens_when_any_step_holds(steps: tuple[ek.ActionStep, ...], count: int) -> None:
    assert counted(*steps) == count


def test_explain_says_which_clause_failed_on_what() -> None:
    explained = ek.Action("bought", ek.clicked(selector="a.checkout", text="Buy now"), ek.viewed("/thanks")).explain(EVENTS[1])
    assert not explained.passed
    failed = {(s.number, c.name): c.reason for s in explained.steps for c in s.clauses if not c.passed}
    assert failed == {
        (1, "selector"): "no element is a.checkout",
        (2, "event"): "the event has '$autocapture'",
        (2, "url"): "the event has 'https://x/shop'",
    }
    assert "FAIL selector a.checkout: no element is a.checkout" in repr(explained)
    assert ek.Action("clicked", ek.clicked(text="Buy now")).explain(EVENTS[1]).passed


@pytest.mark.parametrize("name", ["actions.yaml", "actions.json"])
def test_actions_are_written_to_files_and_read_back(tmp_path: Path, name: str) -> None:
    action = ek.Action(
        "signed up", ek.submitted(selector="form#signup", url="/signup"), ek.event("user_signed_up", ek.event_prop("plan") == "pro")
    )
    ek.save_actions(tmp_path / name, action)
    assert ek.read_actions(tmp_path / name) == (action,)


def test_files_that_hold_no_actions_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.yaml").write_text("- 1\n- 2\n")
    with pytest.raises(DataError, match=r"a\.json is no JSON"):
        ek.read_actions(tmp_path / "a.json")
    with pytest.raises(DataError, match=r"b\.yaml holds no list of actions"):
        ek.read_actions(tmp_path / "b.yaml")
    with pytest.raises(MissingFile):
        ek.read_actions(tmp_path / "c.yaml")
    with pytest.raises(DataError, match=r"\.yaml, \.yml and \.json"):
        ek.save_actions(tmp_path / "c.txt")


def test_a_wrong_step_fails_where_it_is_typed() -> None:
    with pytest.raises(SpecError, match="is no step of an action"):
        ek.Action("a", "signup")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="unknown url_matching 'starts'"):
        ek.ActionStep(event="a", url="x", url_matching="starts")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="hover"):
        ek.clicked(selector="a:hover")
