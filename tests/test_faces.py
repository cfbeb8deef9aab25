"""Everything shows itself shortly and harmlessly, and asks nothing of the data to do so."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import evkit as ek
from evkit import capture
from evkit.events import Events

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def events() -> Events:
    rows = [
        ("$groupidentify", "ann", {"$group_type": "company", "$group_key": HOSTILE, "$group_set": {HOSTILE: HOSTILE}}),
        (
            HOSTILE,
            HOSTILE,
            {HOSTILE: HOSTILE, "$set": {HOSTILE: HOSTILE, "plan": "<script>alert(1)</script>"}, "$groups": {"company": HOSTILE}},
        ),
        (HOSTILE, HOSTILE, {}),
        ("buy", HOSTILE, {"price": 3}),
    ]
    made = pd.DataFrame(
        [(e, d, f"2026-01-01 10:0{i}", json.dumps(p)) for i, (e, d, p) in enumerate(rows)],
        columns=["event", "distinct_id", "timestamp", "properties"],
    )
    return ek.from_frame(made).with_actions(ek.Action(HOSTILE, ek.event(HOSTILE)))


def faces(events: Events, folder: Path) -> Iterator[Any]:
    """Give one of everything that can be shown."""
    action = ek.Action(HOSTILE, ek.clicked(text=HOSTILE), ek.event(HOSTILE, ek.event_prop(HOSTILE) == HOSTILE))
    funnel = ek.Funnel(HOSTILE, action, breakdown=HOSTILE, exclusions=(ek.Exclusion("void", after=1, before=2),))
    list(events.names), list(events.properties)
    yield from (events, events.filter(ek.event_prop(HOSTILE) == HOSTILE).between("2026-01-01", "2026-02-01"), events.load_report)
    yield from (action, action.steps[0], ek.series(action, math="dau"), ek.event_prop(HOSTILE), ek.person_prop(HOSTILE) == HOSTILE)
    yield from (funnel, ek.Trends(HOSTILE), ek.Timeline(person_id=HOSTILE), ek.FunnelCorrelation(ek.Funnel("a", "b")), funnel.exclusions[0])
    yield from (
        ek.Cohort(HOSTILE, ek.person_prop("a") == HOSTILE),
        ek.performed(action, ek.event_prop(HOSTILE) == HOSTILE, within="3 days"),
        ek.performed(HOSTILE, within="3 days") & (ek.person_prop("a") == HOSTILE),
        events.cohort(ek.Cohort(HOSTILE, ek.performed(HOSTILE, within="3 days"))),
        events.cohort(ek.Cohort(HOSTILE, ek.performed(HOSTILE, within="3 days"), ek.person_prop(HOSTILE) == HOSTILE)).explain(HOSTILE),
        ek.Formula("a * 2", HOSTILE),
        ek.DateRange("-7d"),
        events.names,
        events.properties,
    )
    yield from (
        events.person(HOSTILE),
        events.group("company", HOSTILE),
        action.explain({"event": HOSTILE, "properties": {HOSTILE: HOSTILE}}),
    )
    yield from (
        events.trends(HOSTILE),
        events.trends(HOSTILE).rules,
        ek.Project(events=[{"event": HOSTILE, "distinct_id": "a", "timestamp": "2026-01-01"}]),
    )
    with capture.Store(folder / "store") as store:
        yield store
        yield ek.Client("phc_<b>", host=store)
        with ek.collect(store) as collector:
            yield collector
            yield ek.watch(store)
    yield from (ek.explore(events, "funnel", series=[HOSTILE, "buy"]), ek.inspect(events.trends(HOSTILE)))


def test_everything_shows_itself_shortly_and_as_text(events: Events, tmp_path: Path) -> None:
    for one in faces(events, tmp_path):
        assert 0 < len(repr(one)) < 700, type(one)
        assert " object at 0x" not in repr(one), type(one)
        html = getattr(one, "_repr_html_", lambda: "")()
        assert "<img" not in html and "<script" not in html, type(one)


def test_showing_what_was_asked_of_the_data_is_text_too(events: Events) -> None:
    for insight in (
        events.trends(HOSTILE, breakdown=HOSTILE),
        events.funnel(HOSTILE, "buy", breakdown=ek.person_prop(HOSTILE)),
        events.lifecycle(HOSTILE),
        events.stickiness(HOSTILE),
        events.person(HOSTILE).timeline(show_ids=True),
        events.group("company", HOSTILE).timeline(show_ids=True),
    ):
        html = insight.details_html()
        assert "<img" not in html and "<script" not in html
        assert "&lt;img" in html


def test_only_an_insights_display_asks_the_data(events: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = ek.from_frame(events.to_pandas()[["event", "distinct_id", "timestamp", "properties"]])
    asked = fresh.funnel(HOSTILE, "buy")

    def refuse(*_: Any) -> None:
        raise AssertionError("the data was asked")

    monkeypatch.setattr(type(fresh.tables), "arrow", refuse)
    for one in (
        fresh,
        fresh.names,
        fresh.properties,
        asked,
        asked.spec,
        fresh.filter(ek.event_prop("a") == 1),
        fresh.cohort(ek.performed(HOSTILE, within="3 days")),
    ):
        repr(one)
        getattr(one, "_repr_html_", lambda: "")()
    with pytest.raises(AssertionError, match="the data was asked"):
        asked._ipython_display_()


def test_a_person_at_a_glance(events: Events) -> None:
    html = events.person(HOSTILE)._repr_html_()
    assert "<strong>Person &lt;im\N{BULLET}\N{BULLET}\N{BULLET})&gt;</strong>" in html  # masked, and a text
    assert "plan" in html and "&lt;script&gt;" in html


def test_ids_are_masked_in_a_timeline_until_asked_for() -> None:
    events = ek.load_sample()
    person = events.person("user_0804")
    assert "user_0804" not in person.timeline().details_html()
    assert "user_0804" in person.timeline(show_ids=True).details_html()
    assert repr(person.timeline()) == "<Insight Timeline: Person use\N{BULLET}\N{BULLET}\N{BULLET}04>"
    assert (person.timeline().to_pandas().distinct_id == "user_0804").any()
