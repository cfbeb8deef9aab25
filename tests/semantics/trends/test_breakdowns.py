"""trends.md, section 6: breakdown values, their labels, their types; cohorts."""

from __future__ import annotations

import pytest

from tests.semantics.trends.asking import NULL, ask, data, node, parted, total

DAYS = ("2020-01-01", "2020-01-02")
DAY = ("2020-01-01", "2020-01-01")
ACTION = {"id": 7, "name": "went", "steps": [{"event": "v"}]}


# ---------------------------------------------------------------------- values
def test_values_are_text_and_null_missing_and_empty_are_one() -> None:
    events = (
        '6*a v 01-01 p=Text; 5*a v 01-01 p=10; 4*a v 01-01 p=1.5; 3*a v 01-01 p=true; 2*a v 01-01 p=false; a v 01-01 p="10";'
        'a v 01-01 p=null; a v 01-01; a v 01-01 p=""'
    )
    expected = [("10", [6]), ("Text", [6]), ("1.5", [4]), ("true", [3]), ("false", [2]), (NULL, [3])]
    assert parted(ask(events, "v", days=DAY, by="p")) == expected
    assert parted(ask(events, "v", days=DAY, by={"breakdown": "p"})) == expected  # an event's property by default


def test_several_breakdowns_are_lists_and_labels_join_them() -> None:
    events = "2*a v 01-01 p=Chrome q=10 r=true; a v 01-01 p=Chrome q=10"
    rows = ask(events, "v", days=DAY, by={"breakdowns": [{"property": p, "type": "event"} for p in "pqr"]})
    assert parted(rows) == [(["Chrome", "10", "true"], [2]), (["Chrome", "10", NULL], [1])]
    assert [r["label"] for r in rows] == ["Chrome::10::true", f"Chrome::10::{NULL}"]


def test_a_list_of_one_stays_a_list() -> None:
    rows = ask("2*a v 01-01 p=x; a v 01-01", "v", days=DAY, by={"breakdowns": [{"property": "p"}]})
    assert [(r["breakdown_value"], r["label"]) for r in rows] == [(["x"], "x"), ([NULL], NULL)]


def test_one_series_is_labelled_by_the_value_and_several_by_event_and_value() -> None:
    events = "a v 01-01 p=x; a w 01-01 p=y; a v 01-01"
    label = lambda *series, **more: [r["label"] for r in ask(events, *series, days=DAY, by="p", **more)]  # noqa: E731
    assert label("v") == ["x", NULL]
    assert label("v", "w") == ["v - x", f"v - {NULL}", "w - y"]
    assert label(None, {"kind": "ActionsNode", "id": 7}, project={"actions": [ACTION]})[0] == "All events - x"
    assert label({"kind": "ActionsNode", "id": 7}, "w", project={"actions": [ACTION]}) == ["went - x", f"went - {NULL}", "w - y"]


def test_comparing_does_not_change_labels() -> None:
    events = "a v 01-01 p=x; a v 01-02 p=x; a w 01-02 p=x"
    day = ("2020-01-02", "2020-01-02")
    assert [r["label"] for r in ask(events, "v", days=day, by="p", compare=True)] == ["x", "x"]
    assert [r["label"] for r in ask(events, "v", "w", days=day, by="p", compare=True)] == ["v - x", "w - x", "v - x"]


# ---------------------------------------------------------------------- types
def test_a_property_of_the_person_is_its_current_value() -> None:
    events = "a v 01-01 plan=free; a v 01-02; b v 01-01; c v 01-02"
    people = {"persons": [{"distinct_ids": ["a"], "properties": {"plan": "pro"}}, {"distinct_ids": ["b"], "properties": {"plan": ""}}]}
    by = {"breakdown": "plan", "breakdown_type": "person"}
    assert parted(ask(events, "v", days=DAYS, by=by, project=people)) == [("pro", [1, 1]), (NULL, [1, 1])]
    assert parted(ask(events, "v", days=DAYS, by="plan", project=people)) == [("free", [1, 0]), (NULL, [1, 2])]


def test_a_person_that_the_events_describe_has_its_latest_value() -> None:
    events = 'a v 01-01 $set={"plan":"free"}; a v 01-02 $set={"plan":"pro"}; b v 01-01'
    by = {"breakdown": "plan", "breakdown_type": "person"}
    assert parted(ask(events, "v", days=DAYS, by=by)) == [("pro", [1, 1]), (NULL, [1, 0])]


def test_a_property_of_the_group_is_its_current_one_and_null_without_a_known_group() -> None:
    events = "3*a v 01-01 $group_0=x; 2*a v 01-01 $group_0=unknown; a v 01-01; a v 01-01 $group_1=x; 5*a v 01-01 $group_1=z"
    groups = {
        "groups": [
            {"type": "org", "index": 0, "key": "x", "properties": {"field": "law"}},
            {"type": "team", "index": 1, "key": "z", "properties": {"field": "art"}},
        ]
    }
    by = {"breakdown": "field", "breakdown_type": "group", "breakdown_group_type_index": 0}
    assert parted(ask(events, "v", days=DAY, by=by, project=groups)) == [("law", [3]), (NULL, [9])]
    both = {"breakdowns": [{"property": "field", "type": "group", "group_type_index": i} for i in (1, 0)]}
    expected = [(["art", NULL], [5]), ([NULL, NULL], [4]), ([NULL, "law"], [3])]
    assert parted(ask(events, "v", days=DAY, by=both, project=groups)) == expected


def test_columns_of_the_event() -> None:
    events = "2*a v 01-01 $group_0=x; b v 01-01"
    of = lambda name: parted(ask(events, "v", days=DAY, by={"breakdown": name, "breakdown_type": "event_metadata"}))  # noqa: E731
    assert of("distinct_id") == [("a", [2]), ("b", [1])]
    assert of("$group_0") == [("x", [2]), (NULL, [1])]


def test_hogql_that_names_a_property() -> None:
    events = "2*a v 01-01 p=x; b v 01-01"
    people = {"persons": [{"distinct_ids": ["a"], "properties": {"plan": "pro"}}]}
    of = lambda text: parted(ask(events, "v", days=DAY, by={"breakdown": text, "breakdown_type": "hogql"}, project=people))  # noqa: E731
    assert of("properties.p") == [("x", [2]), (NULL, [1])]
    assert of("person.properties.plan") == [("pro", [2]), (NULL, [1])]


def test_the_length_of_the_session_is_0_without_one() -> None:
    events = "a v 01-01 10:00 $session_id=s; a v 01-01 10:01 $session_id=s; a other 01-01 10:02 $session_id=s; b v 01-01"
    by = {"breakdown": "$session_duration", "breakdown_type": "session"}
    assert parted(ask(events, "v", days=DAY, by=by)) == [("120", [2]), ("0", [1])]
    bins = {**by, "breakdown_histogram_bin_count": 4}
    assert parted(ask("a v 01-01; b v 01-01", "v", days=DAY, by=bins)) == [("[0,0.01]", [2])]


def test_a_url_is_stripped_of_slashes_question_marks_and_hashes_at_its_end() -> None:
    events = "; ".join(f"a v 01-01 u={u}" for u in ("/x", "/x/", "/x/?#", "/x?a=1", "/x?a=1#", "/", "#", "//?"))
    by = {"breakdown": "u", "breakdown_normalize_url": True}
    assert parted(ask(events, "v", days=DAY, by=by)) == [("/", [3]), ("/x", [3]), ("/x?a=1", [2])]
    listed = {"breakdowns": [{"property": "u", "normalize_url": True}]}
    assert parted(ask(events, "v", days=DAY, by=listed)) == [(["/"], [3]), (["/x"], [3]), (["/x?a=1"], [2])]
    assert len(ask(events, "v", days=DAY, by="u")) == 8


def test_a_boolean_by_definition_is_true_or_false_whatever_it_was_sent_as() -> None:
    # trends.md: 1 and 0 become true and false; matching.md: of a boolean, anything but true and false is null. "1" it never is.
    defined = {"property_definitions": [{"name": "p", "type": "event", "property_type": "Boolean"}]}
    found = parted(ask("3*a v 01-01 p=true; 2*a v 01-01 p=false", "v", days=DAY, by="p", project=defined))
    assert found == [("true", [3]), ("false", [2])]
    sent = parted(ask("3*a v 01-01 p=1; 2*a v 01-01 p=0", "v", days=DAY, by="p", project=defined))
    assert sent in ([("true", [3]), ("false", [2])], [(NULL, [5])])


def test_somebody_counts_once_under_each_value() -> None:
    events = "2*a v 01-01 p=x; a v 01-01 p=y; b v 01-01 p=x; a v 01-02 p=y"
    assert parted(ask(events, node("v", "dau"), days=DAYS, by="p")) == [("x", [2, 0]), ("y", [1, 1])]
    assert parted(ask(events, node("v", "dau"), days=DAYS, by="p", display="ActionsBarValue")) == [("x", 2), ("y", 1)]


def test_maths_of_a_property_are_computed_value_by_value() -> None:
    events = "a v 01-01 p=x n=1; a v 01-01 p=x n=4; a v 01-01 p=y n=9; a v 01-02 p=y n=1"
    assert parted(ask(events, node("v", "avg", math_property="n"), days=DAYS, by="p")) == [("y", [9, 1]), ("x", [2.5, 0])]
    assert parted(ask(events, node("v", "avg", math_property="n"), days=DAYS, by="p", display="ActionsPie")) == [("y", 5), ("x", 2.5)]


# ---------------------------------------------------------------------- cohorts
def cohort(number: int, name: str, *of: str) -> dict[str, object]:
    groups = [{"properties": [{"key": "of", "value": value, "type": "person"}]} for value in of]
    return {"id": number, "name": name, "definition": {"groups": groups}}


COHORTS = [cohort(1, "few", "a"), cohort(2, "many", "b", "c"), cohort(3, "nobody", "z"), cohort(4, "both", "a", "b")]
PEOPLE = [{"distinct_ids": [who], "properties": {"of": who}} for who in "abc"]
EVENTS = "a v 01-01; 3*b v 01-01; c v 01-02; 2*d v 01-02; 4*a w 01-01"  # d is nobody known


def cohorts(*ids: int | str, series: tuple[str, ...] = ("v",), **more: object) -> list[tuple[object, str, float]]:
    by = {"breakdown_type": "cohort", "breakdown": list(ids)}
    rows = ask(EVENTS, *series, days=DAYS, by=by, project={"cohorts": COHORTS, "persons": PEOPLE}, **more)
    return [(r["breakdown_value"], r["label"], r.get("aggregated_value", r["count"])) for r in rows]


def test_one_cohort_is_labelled_by_its_name_and_told_by_its_number() -> None:
    assert cohorts(2) == [(2, "many", 4)]
    assert cohorts("all") == [("all", "all users", 7)]
    assert cohorts(3) == []
    rows = ask(EVENTS, "v", days=DAYS, by={"breakdown_type": "cohort", "breakdown": 2}, project={"cohorts": COHORTS, "persons": PEOPLE})
    assert parted(rows) == [(2, [3, 1])]


def test_one_cohort_of_two_series_is_labelled_by_both() -> None:
    assert cohorts(1, series=("v", "w")) == [(1, "v - few", 1), (1, "w - few", 4)]


def test_several_cohorts_come_by_size_and_somebody_in_two_counts_in_each() -> None:
    assert cohorts(1, 3, 2, 4) == [(2, "many", 4), (4, "both", 4), (1, "few", 1)]  # many and both have four each


def test_several_cohorts_of_two_series_come_series_by_series() -> None:
    assert cohorts(1, 2, series=("w", "v")) == [(1, "w - few", 4), (2, "v - many", 4), (1, "v - few", 1)]


def test_with_all_users_rows_come_in_the_lists_order_and_even_one_series_is_named() -> None:
    assert cohorts(1, 2, "all") == [(1, "v - few", 1), (2, "v - many", 4), ("all", "v - all users", 7)]
    assert cohorts("all", 3, 1) == [("all", "v - all users", 7), (1, "v - few", 1)]


def test_with_all_users_two_series_come_cohort_by_cohort() -> None:
    assert cohorts(2, "all", 1, series=("v", "w")) == [
        (2, "v - many", 4), ("all", "v - all users", 7), ("all", "w - all users", 4), (1, "v - few", 1), (1, "w - few", 4),
    ]  # fmt: skip


def test_with_all_users_compared_all_current_rows_come_first_and_labels_stay() -> None:
    rows = ask(
        EVENTS, "v", days=("2020-01-02", "2020-01-02"), compare=True, by={"breakdown_type": "cohort", "breakdown": [2, "all"]},
        project={"cohorts": COHORTS, "persons": PEOPLE},
    )  # fmt: skip
    assert [(r["compare_label"], r["label"], r["count"]) for r in rows] == [
        ("current", "v - many", 1), ("current", "v - all users", 3), ("previous", "v - many", 3), ("previous", "v - all users", 4),
    ]  # fmt: skip


def test_one_cohort_compared_keeps_its_name() -> None:
    rows = ask(
        EVENTS, "v", days=("2020-01-02", "2020-01-02"), compare=True, by={"breakdown_type": "cohort", "breakdown": [2]},
        project={"cohorts": COHORTS, "persons": PEOPLE},
    )  # fmt: skip
    assert [(r["compare_label"], r["label"], r["count"]) for r in rows] == [("current", "many", 1), ("previous", "many", 3)]


@pytest.mark.parametrize("display", ["BoldNumber", "ActionsPie", "ActionsTable"])
def test_totals_of_cohorts(display: str) -> None:
    assert cohorts(1, "all", display=display) == [(1, "v - few", 1), ("all", "v - all users", 7)]
    assert cohorts(1, 2, display=display) == [(2, "many", 4), (1, "few", 1)]


def test_persons_of_cohorts_are_counted_once_in_each() -> None:
    rows = ask(
        EVENTS, node("v", "dau"), days=DAYS, display="BoldNumber", by={"breakdown_type": "cohort", "breakdown": [4, 2]},
        project={"cohorts": COHORTS, "persons": PEOPLE},
    )  # fmt: skip
    assert (total(rows), [r["breakdown_value"] for r in rows]) == ([2, 2], [2, 4])


def test_formulas_over_a_pure_list_of_cohorts_take_what_is_missing_as_zero() -> None:
    rows = ask(
        EVENTS, "v", "w", days=DAYS, formula="A - B", by={"breakdown_type": "cohort", "breakdown": [1, 2]},
        project={"cohorts": COHORTS, "persons": PEOPLE},
    )  # fmt: skip
    assert (data(rows), [r["breakdown_value"] for r in rows]) == ([[3, 1], [-3, 0]], [2, 1])
