"""retention_paths.md, 1.8: breakdowns."""

from __future__ import annotations

from tests.semantics.retention.asking import FIRST_EVER, FIRST_TIME, ask, counts, entity, parted

OTHER = "$$_posthog_breakdown_other_$$"
NONE = [0, 0, 0, 0]
PEOPLE = [
    {"id": "A", "distinct_ids": ["a"], "properties": {"plan": "pro", "age": 30}},
    {"id": "B", "distinct_ids": ["b"], "properties": {"plan": "free"}},
    {"id": "C", "distinct_ids": ["c"], "properties": {}},
]
COHORTS = [
    {"id": 1, "name": "paying", "definition": {"groups": [{"properties": [{"key": "plan", "value": "pro", "type": "person"}]}]}},
    {"id": 2, "name": "all of them", "definition": {"groups": [{"properties": [{"key": "plan", "operator": "is_set", "type": "person"}]}]}},
]


def test_a_return_counts_only_with_the_value_of_the_start_and_somebody_can_have_several() -> None:
    events = "a v 01-01 p=x; a v 01-02 p=y; a v 01-03 p=x"
    assert parted(events, by="p") == {"x": [[1, 0, 1, 0], NONE, [1, 0, 0, 0], NONE], "y": [NONE, [1, 0, 0, 0], NONE, NONE]}


def test_a_missing_a_null_and_an_empty_value_are_one_value_numbers_are_text() -> None:
    events = 'a v 01-01; b v 01-01 p=null; c v 01-01 p=""; d v 01-01 p=5'
    assert {value: rows[0][0] for value, rows in parted(events, by="p").items()} == {"": 3, "5": 1}


def test_a_value_with_returns_and_no_start_has_no_rows() -> None:
    assert list(parted("a v 01-01 p=x; a buy 01-02 p=y; a buy 01-03 p=x", "v", "buy", by="p")) == ["x"]


def test_a_breakdown_in_which_nobody_begins_has_no_rows_at_all() -> None:
    assert ask("a buy 01-02 p=y", "v", "buy", by="p") == []


def test_first_time_is_the_first_with_that_value() -> None:
    events = "a v 01-01 p=x; a v 01-02 p=y; a v 01-03 p=y"
    assert parted(events, by="p", retentionType=FIRST_TIME) == {
        "x": [[1, 0, 0, 0], NONE, NONE, NONE],
        "y": [NONE, [1, 1, 0, 0], NONE, NONE],
    }


def test_the_first_ever_has_one_value_and_returns_count_whatever_theirs() -> None:
    events = "a v 01-01 p=x; a v 01-02 p=y; a v 01-03 p=y"
    assert parted(events, by="p", retentionType=FIRST_EVER) == {"x": [[1, 1, 1, 0], NONE, NONE, NONE]}


def test_the_value_of_the_first_ever_is_that_of_the_first_to_arrive_whatever_its_filters() -> None:
    # two at one instant: the one that passes is the second, the value is of the first
    events = "a v 01-01 p=x ok=0; a v 01-01 p=y ok=1"
    assert list(parted(events, entity("v", ok=1), "v", by="p", retentionType=FIRST_EVER)) == ["x"]


def test_a_persons_present_property_parts_all_their_events() -> None:
    events = "a v 01-01; a v 01-02; b v 01-01; c v 01-02"
    by = {"breakdowns": [{"property": "plan", "type": "person"}]}
    found = parted(events, by=by, project={"persons": PEOPLE})
    assert found == {
        "pro": [[1, 1, 0, 0], [1, 0, 0, 0], NONE, NONE], "": [NONE, [1, 0, 0, 0], NONE, NONE], "free": [[1, 0, 0, 0], NONE, NONE, NONE],
    }  # fmt: skip


def test_columns_of_events_and_properties_of_groups_part_too() -> None:
    groups = {
        "groups": [{"type": "company", "index": 0, "key": "g", "properties": {"size": "big"}}],
        "group_types": [{"type": "company", "index": 0}],
    }
    events = 'a v 01-01 $group_0="g"; b v 01-01'
    column = parted(events, by={"breakdown": "$group_0", "breakdown_type": "event_metadata"}, project=groups)
    assert {value: rows[0][0] for value, rows in column.items()} == {"": 1, "g": 1}
    of_group = parted(events, by={"breakdown": "size", "breakdown_type": "group", "breakdown_group_type_index": 0}, project=groups)
    assert {value: rows[0][0] for value, rows in of_group.items()} == {"": 1, "big": 1}


def test_the_query_is_asked_once_a_cohort_of_its_members_and_all_are_cohort_0() -> None:
    events = "a v 01-01; a v 01-02; b v 01-01; c v 01-01"
    asked = {"project": {"persons": PEOPLE, "cohorts": COHORTS}}
    by = {"breakdown_type": "cohort", "breakdown": [1, 2, "all"]}
    found = parted(events, by=by, **asked)
    assert {value: rows[0] for value, rows in found.items()} == {"0": [3, 1, 0, 0], "2": [2, 1, 0, 0], "1": [1, 1, 0, 0]}
    for ids in ([0], "all", ["all"]):
        assert list(parted(events, by={"breakdown_type": "cohort", "breakdown": ids}, **asked)) == ["0"]
    listed = {"breakdowns": [{"property": 1, "type": "cohort"}, {"property": "all", "type": "cohort"}]}
    assert list(parted(events, by=listed, **asked)) == ["0", "1"]


def test_values_are_ranked_by_the_people_of_all_their_cohorts_then_by_name() -> None:
    # x has one busy actor: three cohorts; y and b two people each
    events = "a v 01-01 p=x; a v 01-02 p=x; a v 01-03 p=x; b v 01-01 p=y; c v 01-01 p=y; d v 01-01 p=b; e v 01-02 p=b"
    assert list(parted(events, by="p")) == ["x", "b", "y"]


def test_the_values_past_the_limit_are_one_whose_cells_are_plain_sums() -> None:
    # a is in two of the rest: counted twice
    events = "3*z v 01-01 p=big; b v 01-01 p=big; a v 01-01 p=m; a v 01-01 p=n; a v 01-02 p=n"
    by = {"breakdown": "p", "breakdown_type": "event", "breakdown_limit": 1}
    assert parted(events, by=by) == {"big": [[2, 0, 0, 0], NONE, NONE, NONE], OTHER: [[2, 1, 0, 0], [1, 0, 0, 0], NONE, NONE]}


def test_rows_are_all_cohorts_of_the_first_value_then_of_the_next() -> None:
    rows = ask("a v 01-01 p=x; b v 01-01 p=y; c v 01-02 p=y", by="p")
    assert [(r["breakdown_value"], r["label"]) for r in rows] == [(v, f"Day {i}") for v in ("y", "x") for i in range(4)]


def test_without_a_value_of_its_own_the_order_of_events_changes_nothing() -> None:
    assert counts("b v 01-02; a v 01-01; a v 01-02") == counts("a v 01-02; a v 01-01; b v 01-02")


def test_everybody_ranks_as_the_0_that_is_answered() -> None:
    import evkit as ek

    project = ek.Project(
        [{"event": "$pageview", "distinct_id": "a", "timestamp": "2020-06-10T05:00:00Z"}],
        persons=[{"id": "a", "distinct_ids": ["a"], "properties": {}}],
        cohorts=[{"id": 1, "is_static": True, "members": ["a"]}],
    )
    query = {
        "kind": "RetentionQuery", "retentionFilter": {"totalIntervals": 1}, "dateRange": {"date_from": "2020-06-10", "date_to": "2020-06-10"},
        "breakdownFilter": {"breakdown": ["all", 1], "breakdown_type": "cohort", "breakdown_limit": 1},
    }  # fmt: skip
    results = project.query(query, now="2020-06-12T00:00:00Z")["results"]
    assert [r["breakdown_value"] for r in results] == ["0", "$$_posthog_breakdown_other_$$"]
