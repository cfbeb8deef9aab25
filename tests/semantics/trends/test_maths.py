"""trends.md, section 4: what each math counts."""

from __future__ import annotations

import pytest

from tests.semantics.trends.asking import ask, data, node, parted, total

DAYS = ("2020-01-01", "2020-01-02")
GROUPS = {"groups": [{"type": "org", "index": 0, "key": "x", "properties": {}}, {"type": "org", "index": 0, "key": "y", "properties": {}}]}


def figures(events: str, math: str, display: str | None = None, project: dict | None = None, **more: object) -> list[float]:
    """Give a math's figures on the 1st and the 2nd of January; the one figure over both for a total."""
    (row,) = ask(events, node("v", math, **more), days=DAYS, project=project, **({"display": display} if display else {}))
    found: list[float] = row["data"] if display is None else [row["aggregated_value"]]
    return found


# ---------------------------------------------------------------------- events and who
def test_a_math_left_out_counts_events() -> None:
    events = "2*a v 01-01; b v 01-02; a w 01-02"
    assert data(ask(events, "v", node("v", "total"), days=DAYS)) == [[2, 1], [2, 1]]


def test_persons_are_counted_once_a_bucket_and_once_over_the_whole_range() -> None:
    events = "a v 01-01; a2 v 01-01; b v 01-01; a2 v 01-02"
    project = {"persons": [{"distinct_ids": ["a", "a2"]}, {"distinct_ids": ["b"]}]}
    assert figures(events, "dau", project=project) == [2, 1]
    for interval in ("hour", "day", "week", "month"):
        assert total(ask(events, node("v", "dau"), days=DAYS, interval=interval, display="ActionsPie", project=project)) == [2]


def test_a_project_that_counts_by_distinct_id_counts_those() -> None:
    events = "a v 01-01; a2 v 01-01; a v 01-02"
    project = {"persons": [{"distinct_ids": ["a", "a2"]}], "aggregate_users_by_distinct_id": True}
    assert figures(events, "dau", project=project) == [2, 1]
    assert figures(events, "dau", "BoldNumber", project=project) == [2]


def test_of_a_group_type_persons_are_groups_and_events_without_a_key_are_left_out() -> None:
    events = 'a v 01-01 $group_0=x; b v 01-01 $group_0=x; c v 01-01 $group_0=y; d v 01-01; e v 01-02 $group_0=""'
    assert figures(events, "dau", project=GROUPS, math_group_type_index=0) == [2, 0]
    assert figures(events, "unique_group", project=GROUPS, math_group_type_index=0) == [2, 0]
    assert figures(events, "unique_group", "ActionsTable", project=GROUPS, math_group_type_index=0) == [2]
    # over seven days x and y are still there on the 2nd
    for math in ("weekly_active", "monthly_active"):
        assert figures(events, math, project=GROUPS, math_group_type_index=0) == [2, 2]


def test_events_without_a_session_share_one_that_counts_once_a_bucket() -> None:
    events = 'a v 01-01 $session_id=s; a v 01-01 $session_id=t; a v 01-01; b v 01-01; c v 01-01 $session_id=""; a v 01-02; b v 01-02 $session_id=s'
    assert figures(events, "unique_session") == [3, 2]
    assert figures(events, "unique_session", "BoldNumber") == [3]


def test_sessions_in_the_rest_are_added_up_value_by_value() -> None:
    # s is under x, y and z: two of these fall into the rest, where it counts twice
    events = "a v 01-01 $session_id=s p=x; a v 01-01 $session_id=t p=x; a v 01-01 $session_id=s p=y; a v 01-01 $session_id=s p=z"
    found = ask(events, node("v", "unique_session"), days=DAYS, by={"breakdown": "p", "breakdown_limit": 1})
    assert [f for _, f in parted(found)] == [[2, 0], [2, 0]]


# ---------------------------------------------------------------------- maths of a property
def test_only_what_can_be_read_as_a_number_is_computed_with() -> None:
    events = 'a v 01-01 n=1; a v 01-01 n="2.5"; a v 01-01 n=word; a v 01-01 n=null; a v 01-01; a v 01-01 n=""; a v 01-02 n=word'
    expected = {"sum": 3.5, "avg": 1.75, "min": 1, "max": 2.5, "median": 1.75}
    assert {math: figures(events, math, math_property="n") for math in expected} == {m: [f, 0] for m, f in expected.items()}


def test_where_nothing_is_left_every_math_is_0() -> None:
    for math in ("sum", "avg", "min", "max", "median", "p75", "p90", "p95", "p99"):
        assert figures("a v 01-01 n=-5; a v 01-02 n=word", math, math_property="n") == [-5, 0]
        assert figures("a v 01-01 n=word", math, "ActionsPie", math_property="n") == [0]


def test_percentiles_lie_between_two_figures_in_proportion() -> None:
    # of 10, 20, 30, 40, 50 the place of p is 4p: 2, 3, 3.6, 3.8, 3.96
    events = "; ".join(f"a v 01-01 n={n}" for n in (50, 10, 40, 20, 30))
    for math, figure in (("median", 30), ("p75", 40), ("p90", 46), ("p95", 48), ("p99", 49.6)):
        assert figures(events, math, math_property="n") == pytest.approx([figure, 0])


def test_percentiles_are_of_each_breakdown_value_and_the_rest_is_their_sum() -> None:
    # x: 1, 2, 3, 10 -> place 3 * 0.9 = 2.7: 3 + 0.7 * 7 = 7.9; y: 4, 6 -> 5.8; z: 5
    events = "; ".join(f"a v 01-01 p={p} n={n}" for p, n in (("x", 1), ("x", 2), ("x", 3), ("x", 10), ("y", 4), ("y", 6), ("z", 5)))
    found = parted(ask(events, node("v", "p90", math_property="n"), days=("2020-01-01", "2020-01-01"), by="p"))
    assert [(v, f[0]) for v, f in found] == [("x", pytest.approx(7.9)), ("y", pytest.approx(5.8)), ("z", 5)]
    limited = ask(
        events, node("v", "p90", math_property="n"), days=("2020-01-01", "2020-01-01"), by={"breakdown": "p", "breakdown_limit": 1}
    )
    assert [f[0] for _, f in parted(limited)] == [pytest.approx(7.9), pytest.approx(10.8)]


def test_a_property_of_the_person_is_its_current_one() -> None:
    events = "a v 01-01 age=1; b v 01-01 age=1; c v 01-02"
    project = {"persons": [{"distinct_ids": ["a"], "properties": {"age": 30}}, {"distinct_ids": ["b"], "properties": {"age": "40"}}]}
    for math, figure in (("sum", 70), ("avg", 35), ("max", 40)):
        assert figures(events, math, project=project, math_property="age", math_property_type="person_properties") == [figure, 0]
    assert figures(events, "sum", project=project, math_property="age", math_property_type="event_properties") == [2, 0]


def test_without_a_property_they_count_events() -> None:
    for math in ("sum", "avg", "p90"):
        assert figures("2*a v 01-01 n=7; a v 01-02 n=7", math) == [2, 1]


def test_a_multiplier_multiplies_before_the_figures_are_put_together() -> None:
    events = "a v 01-01 n=1; a v 01-01 n=3"
    for math, factor, figure in (("sum", 0.5, 2), ("avg", 10, 20), ("max", -1, -1), ("min", -1, -3), ("median", 1000, 2000)):
        assert figures(events, math, math_property="n", math_multiplier=factor) == [figure, 0]


def test_totals_are_over_all_events_not_over_days() -> None:
    events = "a v 01-01 n=1; a v 01-01 n=1; a v 01-02 n=4"
    for math, figure in (("sum", 6), ("avg", 2), ("median", 1), ("min", 1), ("max", 4)):
        assert figures(events, math, "ActionsTable", math_property="n") == [figure]


# ---------------------------------------------------------------------- lengths of sessions
SESSIONS = (
    "a other 2019-12-31 23:50 $session_id=s; a v 01-01 00:10 $session_id=s; a v 01-01 00:20 $session_id=s;"  # s: 30 minutes
    "b v 01-01 23:50 $session_id=t p=x; b v 01-02 00:00 $session_id=t p=x; b v 01-02 00:10 $session_id=t p=y;"  # t: 20 minutes
    "c v 01-02 10:00 $session_id=u p=y"  # u: one event
)


def test_a_session_counts_with_its_whole_length_once_in_every_bucket_where_it_has_an_event() -> None:
    length = {"math_property": "$session_duration", "math_property_type": "session_properties"}
    assert figures(SESSIONS, "sum", **length) == [3000, 1200]
    assert figures(SESSIONS, "avg", **length) == [1500, 600]
    assert figures(SESSIONS, "median", **length) == [1500, 600]
    assert figures(SESSIONS, "max", **length) == [1800, 1200]
    assert figures(SESSIONS, "sum", "BoldNumber", **length) == [3000]
    assert figures(SESSIONS, "avg", "BoldNumber", **length) == [1000]


def test_a_session_has_one_length_for_each_breakdown_value() -> None:
    found = ask(SESSIONS, node("v", "sum", math_property="$session_duration"), days=("2020-01-02", "2020-01-02"), by="p")
    assert parted(found) == [("x", [1200]), ("y", [1200])]  # t is under x and y on the 2nd, u adds 0


# ---------------------------------------------------------------------- how often
def test_counts_per_actor_are_over_actors_with_any_event() -> None:
    events = "5*a v 01-01; 2*b v 01-01; c v 01-01; 3*a v 01-02; d w 01-02"
    # 1, 2, 5: place 2p, that is 1.5, 1.8, 1.9 and 1.98
    for how, first in (("avg", 8 / 3), ("min", 1), ("max", 5), ("median", 2), ("p75", 3.5), ("p90", 4.4), ("p95", 4.7), ("p99", 4.94)):
        assert figures(events, f"{how}_count_per_actor") == pytest.approx([first, 3])


def test_counts_per_actor_over_the_whole_range_are_counted_over_it() -> None:
    events = "5*a v 01-01; 2*b v 01-01; 3*a v 01-02"
    assert figures(events, "avg_count_per_actor", "BoldNumber") == [5]  # 8 and 2, not (3.5 + 3)
    assert figures(events, "min_count_per_actor", "BoldNumber") == [2]


def test_counts_per_actor_are_of_persons_with_all_their_distinct_ids() -> None:
    project = {"persons": [{"distinct_ids": ["a", "a2"]}]}
    assert figures("a v 01-01; 2*a2 v 01-01; b v 01-01", "avg_count_per_actor", project=project) == [2, 0]


def test_counts_per_actor_are_of_each_breakdown_value() -> None:
    events = "3*a v 01-01 p=x; a v 01-01 p=y; b v 01-01 p=x"
    assert parted(ask(events, node("v", "avg_count_per_actor"), days=DAYS, by="p")) == [("x", [2, 0]), ("y", [1, 0])]


def test_counts_per_actor_of_a_group_type_are_of_persons() -> None:
    events = "2*a v 01-01 $group_0=x; 4*b v 01-01 $group_0=x"
    assert figures(events, "avg_count_per_actor", project=GROUPS, math_group_type_index=0) == [3, 0]


def test_counts_per_actor_begin_with_the_range_not_with_its_first_month() -> None:
    events = "9*a v 01-01; 2*a v 01-05; b v 01-05"
    found = ask(events, node("v", "max_count_per_actor"), "v", days=("2020-01-04", "2020-01-06"), interval="month")
    assert data(found) == [[2], [12]]
