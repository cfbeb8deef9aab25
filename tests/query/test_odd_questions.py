"""Filters and actions where they were once wrong: joined with and/or, in quotes, of persons, of groups."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import evkit as ek
from evkit.errors import SpecError
from evkit.query.property_filters import FilterGroup, PropertyFilter
from evkit.query.spec import ActionStep


def frame(*rows: dict[str, object]) -> ek.Events:
    base = {"event": "e", "distinct_id": "u", "timestamp": pd.Timestamp("2026-01-01"), "properties": {}, "elements_chain": ""}
    return ek.from_frame(pd.DataFrame([{**base, **row, "uuid": f"u{i}"} for i, row in enumerate(rows)]))


def total(events: ek.Events, subject: object = None, **options: object) -> float:
    return float(events.trends(subject, display="BoldNumber", **options).to_pandas().value[0])  # type: ignore[arg-type]


def test_several_values_can_come_as_a_list() -> None:
    events = frame({"properties": {"c": "DE"}}, {"properties": {"c": "FR"}}, {"properties": {"c": "UK"}})
    for wanted in (ek.event_prop("c").isin(["DE", "FR"]), ek.event_prop("c").isin("DE", "FR"), ek.event_prop("c") == ["DE", "FR"]):
        assert total(events, filters=wanted) == 2


def test_filters_are_joined_with_signs_and_words_are_refused() -> None:
    events = frame({"properties": {"a": 1}}, {"properties": {"b": 1}}, {"properties": {"a": 1, "b": 1}})
    a, b = ek.event_prop("a") == 1, ek.event_prop("b") == 1
    assert [total(events, filters=f) for f in (a & b, a | b, ~a, a & ~b)] == [1, 3, 1, 1]
    with pytest.raises(SpecError, match=r"join filters with & and \|, each in parentheses"):
        total(events, filters=a or b)


def test_an_or_inside_an_action_survives_a_file(tmp_path: Path) -> None:
    either = FilterGroup("OR", (PropertyFilter("x", 1), PropertyFilter("x", 2)))
    action = ek.Action("e", ActionStep(event="e", properties=either))
    events = frame({"properties": {"x": 1}}, {"properties": {"x": 3}})
    ek.save_actions(tmp_path / "a.yaml", action)
    (read,) = ek.read_actions(tmp_path / "a.yaml")
    assert total(events, action) == total(events, read) == 1


def test_a_tag_in_a_text_is_no_tag_and_a_wildcard_stays_inside_one_text() -> None:
    chain = 'a:nth-child="1"nth-of-type="1"text="x;form:y";div:nth-child="1"nth-of-type="1"text="said a second"'
    events = frame({"event": "$autocapture", "elements_chain": chain})
    element = lambda key, value, operator="exact": PropertyFilter(key, value, operator, "element")  # noqa: E731
    assert [total(events, filters=element("tag_name", t)) for t in ("form", "a", "div")] == [0, 1, 1]
    assert [total(events, filters=element("text", t, "icontains")) for t in ("x%second", "said%second")] == [0, 1]


def test_an_explanation_reads_a_row_of_head_and_properties_of_the_person() -> None:
    events = frame(
        {
            "event": "$autocapture",
            "elements_chain": 'button.buy:nth-child="1"nth-of-type="1"',
            "properties": {"$event_type": "click", "a b": 5},
        }
    )
    row = events.head().iloc[0].to_dict()
    assert ek.Action("buy", ek.clicked(selector="button.buy")).explain(row).passed
    step = ek.Action("x", ek.event("$autocapture", ek.event_prop("a b") == 6)).explain(row).steps[0]
    assert [c.reason for c in step.clauses] == ["", "the event has '5'"]
    pro = ek.Action("pro", ek.event("$autocapture", ek.person_prop("plan") == "pro"))
    assert "give it person_properties" in pro.explain(row).steps[0].clauses[1].reason
    assert pro.explain({**row, "person_properties": {"plan": "pro"}}).passed
    assert "the event has 'free'" in repr(pro.explain({**row, "person_properties": {"plan": "free"}}))


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: ek.series("a\x00"), "holds a NUL character"),
        (lambda: ek.event_prop("a\x00"), "holds a NUL character"),
        (lambda: ek.event_prop("a") == "\x00", "holds a NUL character"),
        (lambda: ek.series("a", math="sum"), "math 'sum' needs a math_property"),
        (lambda: ek.series("a", math="unique_group", group_type_index=7), "group types count from 0 to 4"),
        (lambda: ek.group_prop("plan", 9), "group types count from 0 to 4"),
        (lambda: ek.event_prop("n", histogram_bin_count=0), "give 1 to 1000 bins"),
        (lambda: ek.Cohort("x", ek.person_prop("a") == 1, members=["b"]), "has members and conditions"),
    ],
)
def test_a_wrong_part_of_a_question_is_named(ask: object, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        ask()  # type: ignore[operator]


def test_personless_events_are_of_no_group() -> None:
    events = frame(
        {"properties": {"$groups": {"company": "id:5"}}},
        {"properties": {"$groups": {"company": "id:9"}, "$process_person_profile": False}},
    )
    assert total(events, ek.series("e", math="unique_group", group_type="company")) == 1


def test_a_session_has_one_id_however_its_letters_are() -> None:
    sid = "0199AA10-0000-7000-8000-0000000000F1"
    events = frame(
        {"properties": {"$session_id": sid}}, {"properties": {"$session_id": sid.lower()}}, {"properties": {"$session_id": "Mine"}}
    )
    assert sorted(events.sessions().session_id) == ["0199aa10-0000-7000-8000-0000000000f1", "Mine"]
    assert total(events, ek.series("e", math="unique_session")) == 2
