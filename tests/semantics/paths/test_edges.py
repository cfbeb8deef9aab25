"""Sections 4.3 and 4.4: edges, their weights and limits; who is behind them."""

from __future__ import annotations

import pytest

from evkit.errors import SamplingWarning
from tests.semantics.paths.asking import NOW, edges, events, project, query, rows, who

THREE = "a x@0 y@1m z@2m; b x@0 y@1m; c x@0 w@1m; d x@0 y@1m z@2m"


def test_edges_are_ordered_by_value_then_by_the_texts_of_source_and_target() -> None:
    assert edges(THREE) == ["1_x 2_y x3", "2_y 3_z x2", "1_x 2_w"]
    assert edges("a b@0 a@1m; b a@0 c@1m; c a@0 b@1m") == ["1_a 2_b", "1_a 2_c", "1_b 2_a"]
    items = " ".join(f"i{i}@{i}m" for i in range(12))
    assert [e.split("_")[0] for e in edges(f"a {items}", stepLimit=12)] == ["10", "11", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
    assert edges("a B@0 x@1m; b a@0 x@1m; c é@0 x@1m; d z@0 x@1m") == ["1_B 2_x", "1_a 2_x", "1_z 2_x", "1_é 2_x"]


def test_the_weights_bound_the_value_and_zero_is_off() -> None:
    assert edges(THREE, minEdgeWeight=2) == ["1_x 2_y x3", "2_y 3_z x2"]
    assert edges(THREE, minEdgeWeight=3) == ["1_x 2_y x3"]
    assert edges(THREE, minEdgeWeight=0, maxEdgeWeight=0) == edges(THREE)
    assert edges(THREE, maxEdgeWeight=2) == ["1_x 2_w"]  # 2_y 3_z has no way to it any more
    assert edges("a x@0 y@1m z@2m; b x@0 y@1m z@2m; c w@0 y@1m", maxEdgeWeight=2) == ["1_x 2_y x2", "2_y 3_z x2", "1_w 2_y"]


def test_the_limit_keeps_the_heaviest_and_drops_what_nothing_leads_to() -> None:
    assert edges(THREE, edgeLimit=2) == ["1_x 2_y x3", "2_y 3_z x2"]
    assert edges(THREE, edgeLimit=1) == ["1_x 2_y x3"]
    log = "a p@0 y@1m z@2m; b q@0 y@1m z@2m; c r@0 y@1m z@2m"
    assert edges(log) == ["2_y 3_z x3", "1_p 2_y", "1_q 2_y", "1_r 2_y"]
    assert edges(log, edgeLimit=1) == []  # the heaviest edge has no way to it
    assert edges(log, edgeLimit=2) == ["2_y 3_z x3", "1_p 2_y"]


def test_the_limit_is_fifty_where_none_is_given() -> None:
    log = "; ".join(f"p{i:02} a{i:02}@0 b@1m" for i in range(60))
    assert len(rows(log)) == 50
    assert len(rows(log, edgeLimit=0)) == 50
    assert len(rows(log, edgeLimit=55)) == 55


def test_a_sample_is_answered_with_all_events_and_a_warning() -> None:
    with pytest.warns(SamplingWarning):
        assert edges(THREE, samplingFactor=0.5) == edges(THREE)


# ---------------------------------------------------------------------- who
def test_a_start_and_an_end_key_name_those_who_took_the_edge() -> None:
    assert who(THREE, pathStartKey="1_x", pathEndKey="2_y") == ["a", "b", "d"]
    assert who(THREE, pathStartKey="2_y", pathEndKey="3_z") == ["a", "d"]
    assert who(THREE, pathStartKey="1_x", pathEndKey="3_z") == []


def test_a_start_key_alone_names_those_who_went_on_and_an_end_key_those_who_came() -> None:
    assert who(THREE, pathStartKey="2_y") == ["a", "d"]
    assert who(THREE, pathEndKey="2_y") == ["a", "b", "d"]
    assert who(THREE, pathEndKey="1_x") == ["a", "b", "c", "d"]
    assert who(THREE, pathEndKey="2_nothing") == []


def test_a_dropoff_key_names_those_whose_path_ends_there_and_wins() -> None:
    assert who(THREE, pathDropoffKey="2_y") == ["b"]
    assert who(THREE, pathDropoffKey="3_z") == ["a", "d"]
    assert who(THREE, pathDropoffKey="1_x") == []
    assert who(THREE, pathDropoffKey="2_w", pathStartKey="2_y", pathEndKey="3_z") == ["c"]


def test_a_path_cut_by_the_limit_ends_at_the_cut() -> None:
    assert who(THREE, stepLimit=2, pathDropoffKey="2_y") == ["a", "b", "d"]


def test_no_key_names_everybody_with_a_path() -> None:
    assert who("a x@0; b x@0 y@1m; c url=@0", pathStartKey=None) == ["a", "b"]


def test_a_person_is_named_once_however_many_sessions() -> None:
    assert who("a x@0 y@1m x@1h y@1h1m", pathStartKey="1_x") == ["a"]


def test_keys_are_of_the_shortened_path() -> None:
    log = "a a@0 b@1m c@2m d@3m; b a@0 d@1m"
    assert who(log, startPoint="a", endPoint="d", stepLimit=2, pathStartKey="1_a", pathEndKey="2_...") == ["a"]
    assert who(log, endPoint="d", stepLimit=2, pathEndKey="1_c") == ["a"]


def test_people_of_a_range_that_ends_before_it_starts_are_nobody() -> None:
    assert who(THREE, days={"date_from": "2020-01-05", "date_to": "2020-01-01"}, pathEndKey="1_x") == []


def test_no_edge_weighs_at_least_more_than_it_may_weigh() -> None:
    assert edges("ann /a@0 /b@1", minEdgeWeight=3, maxEdgeWeight=2) == []


def test_paths_are_of_persons_also_where_a_project_counts_distinct_ids() -> None:
    log = events("x /a@0; y /b@10")
    people = [{"id": "p", "distinct_ids": ["x", "y"], "properties": {}}]
    asked = project(log, persons=people, aggregate_users_by_distinct_id=True).query(query(), now=NOW)["results"]
    assert [(r["source"], r["target"]) for r in asked] == [("1_/a", "2_/b")]
