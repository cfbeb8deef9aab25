"""Section 4.2: sessions, runs, the points where paths begin and end, how long ones are shortened."""

from __future__ import annotations

import pytest

from tests.semantics.paths.asking import edges, events, rows, seconds, way


# ---------------------------------------------------------------------- sessions
@pytest.mark.parametrize(("pause", "found"), [("29m59", ["1_x 2_y"]), ("29m59.999999", ["1_x 2_y"]), ("30m", []), ("31m", [])])
def test_a_pause_of_thirty_minutes_begins_a_session(pause: str, found: list[str]) -> None:
    assert edges(f"a x@0 y@{pause}") == found


def test_a_session_is_as_long_as_its_pauses_are_short() -> None:
    assert way("a v@0 w@29m x@58m y@1h27m") == "v w x y"


def test_the_pause_is_counted_from_any_event_that_is_kept_also_of_a_run() -> None:
    assert way("a x@0 x@20m y@40m") == "x y"


def test_session_ids_play_no_part() -> None:
    assert edges("a x@0[$session_id=s] y@1m[$session_id=t] x@1h[$session_id=t]") == ["1_x 2_y"]


def test_each_session_is_a_path_of_its_own_and_a_person_counts_each_time() -> None:
    assert edges("a x@0 y@1m x@1h y@1h1m; b x@0 y@1m") == ["1_x 2_y x3"]


def test_distinct_ids_of_a_person_are_one() -> None:
    log = events("anon x@0; user y@1m; user $identify@2m[$anon_distinct_id=anon]; user z@3m")
    assert edges(log, includeEventTypes=["custom_event"]) == ["1_x 2_y", "2_y 3_z"]


# ---------------------------------------------------------------------- runs
def test_a_run_of_equal_items_is_one_with_the_time_of_the_last() -> None:
    assert edges("a x@0 x@1m x@2m y@5m y@6m z@10m") == ["1_x 2_y", "2_y 3_z"]
    assert seconds("a x@0 x@1m x@2m y@5m y@6m z@10m") == [240, 240]


def test_a_run_does_not_go_on_into_the_next_session() -> None:
    assert edges("a x@0 y@1m y@31m z@32m") == ["1_x 2_y", "1_y 2_z"]


def test_the_empty_item_at_the_end_of_a_session_goes_and_so_does_its_run() -> None:
    assert edges("a x@0 url=@1m") == []
    assert edges("a x@0 y@1m url=@2m url=@3m") == ["1_x 2_y"]
    assert edges("a x@0 url=@1m y@2m url=@3m") == ["1_x 2_", "2_ 3_y"]
    assert edges("a x@0 y@1m url=@2m x@1h y@1h1m") == ["1_x 2_y x2"]


def test_times_are_to_the_microsecond_and_averages_are_means() -> None:
    assert seconds("a x@0 y@1.5; b x@0 y@2.25") == [1.875]
    assert rows("a x@0 y@0.000001")[0]["average_conversion_time"] == pytest.approx(0.001)


# ---------------------------------------------------------------------- ties
def test_at_one_instant_the_order_of_arrival_counts() -> None:
    assert way("a x@0 z@1m y@1m w@2m") == "x z y w"
    assert way("a x@0 y@1m z@1m w@2m") == "x y z w"


# ---------------------------------------------------------------------- limits and points
LONG = "a a@0 b@1m c@2m d@3m e@4m f@5m g@6m"


def test_without_points_the_first_items_are_shown() -> None:
    assert way(LONG) == "a b c d e"
    assert way(LONG, stepLimit=2) == "a b"
    assert way(LONG, stepLimit=10) == "a b c d e f g"
    assert way(LONG, stepLimit=0) == "a b c d e"
    assert edges(LONG, stepLimit=1) == []


def test_from_a_start_point_on_the_next_items_are_shown_and_sessions_without_it_are_not() -> None:
    assert way(LONG, startPoint="c") == "c d e f g"
    assert way(LONG, startPoint="c", stepLimit=3) == "c d e"
    assert edges("a b@0 x@1m; b a@0 b@1m c@2m", startPoint="x") == []
    assert way("a x@0 s@1m y@2m s@3m z@4m", startPoint="s") == "s y s z"  # from its first occurrence


def test_up_to_an_end_point_the_last_items_are_shown_numbered_from_one() -> None:
    assert way(LONG, endPoint="f") == "b c d e f"
    assert way(LONG, endPoint="c") == "a b c"
    assert way(LONG, endPoint="f", stepLimit=2) == "e f"
    assert way("a x@0 s@1m y@2m s@3m", endPoint="s") == "x s"
    assert edges("a a@0 e@1m; b b@0 a@1m e@2m", endPoint="e") == ["1_a 2_e", "1_b 2_a", "2_a 3_e"]


def test_between_two_points_the_first_start_and_the_first_end_after_it_count() -> None:
    assert way("a e@0 x@1m s@2m y@3m e@4m z@5m e@6m", startPoint="s", endPoint="e") == "s y e"
    assert way("a s@0 x@1m s@2m e@3m", startPoint="s", endPoint="e") == "s x s e"
    assert edges("a e@0 s@1m; b s@0 x@1m; c e@0", startPoint="s", endPoint="e") == []
    assert edges("a x@0 s@1m y@2m", startPoint="s", endPoint="s") == []


@pytest.mark.parametrize(
    ("limit", "shown"),
    [(7, "a b c d e f g"), (6, "a b c ... e f g"), (5, "a b ... f g"), (4, "a b ... f g"), (3, "a ... g"), (2, "a ... g")],
)
def test_what_is_too_long_between_two_points_is_hidden_in_the_middle(limit: int, shown: str) -> None:
    assert way(LONG, startPoint="a", endPoint="g", stepLimit=limit) == shown


def test_the_time_of_what_is_hidden_is_that_of_its_first_item() -> None:
    log = "a a@0 b@1m c@3m d@6m e@10m"
    found = rows(log, startPoint="a", endPoint="e", stepLimit=2)
    assert [(r["source"], r["target"], r["average_conversion_time"] / 60_000) for r in found] == [("1_a", "2_...", 1), ("2_...", "3_e", 9)]


def test_one_slash_at_the_end_of_a_single_point_goes() -> None:
    log = "a /a/@0 /b/@1m /@2m"
    assert way(log, startPoint="/b/") == "/b /"
    assert way(log, endPoint="/b/") == "/a /b"
    assert way(log, endPoint="/") == "/a /b /"
    assert edges(log, startPoint="/a/", endPoint="/") == []  # with both points it stays
    assert way(log, startPoint="/a", endPoint="/") == "/a /b /"


def test_empty_points_are_none() -> None:
    assert way(LONG, startPoint="", endPoint=None) == "a b c d e"


def test_a_point_is_compared_with_the_final_item() -> None:
    assert way("a x@0 /m/1@1m y@2m", startPoint="/m/*", pathGroupings=["/m/*"]) == "/m/* y"
    assert way("a x@0 /m/1@1m y@2m", startPoint="/m/*", includeEventTypes=["$pageview", "custom_event"], pathGroupings=["/m/*"]) == "/m/* y"
