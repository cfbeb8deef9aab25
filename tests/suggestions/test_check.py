"""Known actions checked: alive, quiet, dead and why, what overlaps. Each test shows its events."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import evkit as ek
from evkit.errors import SpecError

Log = Callable[..., ek.Events]
EVENTS = "a signup 01-01 plan=pro; b signup 01-02 plan=free; a buy 03-01; c buy 03-02; c buy 03-02 12:00; a visit 03-10"
SIGNED_UP, BOUGHT = ek.Action("signed up", ek.event("signup")), ek.Action("bought", ek.event("buy"))
PRO = ek.Action("went pro", ek.event("signup", ek.event_prop("plan") == "pro"))


def test_alive_quiet_and_dead_actions_are_told(log: Log) -> None:
    gone = ek.Action("joined", ek.event("join"), ek.submitted(selector="form#join"))
    found = log(EVENTS).check_actions(SIGNED_UP, BOUGHT, PRO, gone)
    assert found[["name", "events", "persons", "state", "overlaps"]].values.tolist() == [
        ["signed up", 2, 2, "quiet", "went pro (50%)"],
        ["bought", 3, 2, "alive", ""],
        ["went pro", 1, 1, "quiet", "signed up (100%)"],
        ["joined", 0, 0, "dead", ""],
    ]
    assert found.last_seen.dt.strftime("%m-%d %H:%M").tolist()[:3] == ["01-02 00:00", "03-02 12:00", "01-01 00:00"]
    assert found.last_seen.isna().tolist() == [False, False, False, True]
    assert found.reason.tolist() == [
        "not in the last 30 days: 67 days before the newest event counted",
        "",
        "not in the last 30 days: 68 days before the newest event counted",
        "step 1: no event is called 'join'; step 2: no event is called '$autocapture'",
    ]
    assert found.action.tolist() == [SIGNED_UP, BOUGHT, PRO, gone]


def test_the_actions_known_are_checked_where_none_are_given(log: Log) -> None:
    assert log(EVENTS).with_actions(BOUGHT).check_actions(quiet_after="7 days").values.tolist()[0][4] == "quiet"
    with pytest.raises(SpecError, match="there is no action to check"):
        log(EVENTS).check_actions()
    with pytest.raises(SpecError, match="'buy' is no action"):
        log(EVENTS).check_actions("buy")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="window '30'"):
        log(EVENTS).check_actions(BOUGHT, quiet_after="30")


def test_why_nothing_matches_is_told(log: Log) -> None:
    never = ek.Action("never", ek.event("buy", ek.event_prop("plan") == "pro"))
    other = ek.Action("other", ek.event("signup", ek.event_prop("plan") == "team"))
    misspelt = ek.Action("misspelt", ek.event("sign_up"))
    empty = ek.Action("empty")
    assert log(EVENTS).check_actions(never, other, misspelt, empty).reason.tolist() == [
        "each part matches some events, no event all of them",
        "nothing matches property plan exact 'team'",
        "no event is called 'sign_up'. Did you mean 'signup'?",
        "it has no steps",
    ]
    assert log(EVENTS).check_actions(empty).reason.tolist() == ["it has no steps"]


def test_figures_are_those_of_a_trend_and_of_the_filters(log: Log) -> None:
    events = log(EVENTS)
    june = events.between("2026-03-02", "2026-03-03")
    assert june.check_actions(BOUGHT)[["events", "persons"]].values.tolist() == [[2, 1]]
    assert june.trends(BOUGHT).to_pandas().value.sum() == 2
    pro = events.filter(ek.person_prop("plan") == "none").check_actions(BOUGHT)
    assert pro[["events", "state", "reason"]].values.tolist() == [[0, "dead", "nothing matches event buy"]]


def test_without_events_every_action_is_dead(log: Log) -> None:
    nothing = log(EVENTS).to_pandas()[["event", "distinct_id", "timestamp"]][:0]
    found = ek.from_frame(nothing).check_actions(BOUGHT)
    assert found[["events", "state", "reason"]].values.tolist() == [[0, "dead", "there are no events"]]


def test_the_signup_of_the_sample_is_alive() -> None:
    signed_up = ek.Action("signed up", ek.submitted(selector="form#signup"), ek.event("user_signed_up"))
    by_form = ek.Action("by form", ek.submitted(selector="#signup"))
    found = ek.load_sample().check_actions(signed_up, by_form)
    assert found.state.tolist() == ["alive", "alive"]
    assert found.overlaps.tolist() == ["by form (50%)", "signed up (100%)"]
