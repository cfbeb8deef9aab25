"""trends.md, section 6: numbers in bins; how many values are kept, and what becomes of the rest."""

from __future__ import annotations

import pytest

from tests.semantics.trends.asking import NULL, OTHER, ask, node, parted

DAY = ("2020-01-01", "2020-01-01")
DAYS = ("2020-01-01", "2020-01-02")


def bins(count: int, **more: object) -> dict[str, object]:
    return {"breakdown": "n", "breakdown_histogram_bin_count": count, **more}


def numbers(*given: object, event: str = "v") -> str:
    return "; ".join(f"a {event} 01-01 n={n}" for n in given)


# ---------------------------------------------------------------------- bins
def test_bins_are_equally_wide_closed_below_and_the_last_reaches_a_hundredth_further() -> None:
    # 10 to 40 in four: a width of 7.5; 17.5 is in the second, 40 in the last
    assert parted(ask(numbers(10, 17.4, 17.5, 24.9, 25, 32.4, 32.5, 33, 40), "v", days=DAY, by=bins(4))) == [
        ("[32.5,40.01]", [3]), ("[10,17.5]", [2]), ("[17.5,25]", [2]), ("[25,32.5]", [2]),
    ]  # fmt: skip


def test_empty_bins_are_left_out() -> None:
    assert parted(ask(numbers(0, 1, 100), "v", days=DAY, by=bins(10))) == [("[0,10]", [2]), ("[90,100.01]", [1])]


def test_bins_may_lie_below_zero() -> None:
    assert parted(ask(numbers(-5, -1, 0, 5), "v", days=DAY, by=bins(2))) == [("[-5,0]", [2]), ("[0,5.01]", [2])]


def test_equal_values_are_one_bin() -> None:
    assert parted(ask(numbers(4, 4, "4.0"), "v", days=DAY, by=bins(5))) == [("[4,4.01]", [3])]


def test_what_is_no_number_is_null() -> None:
    # "3" is a number though it is text
    assert parted(ask(numbers(1, '"3"', "word", "null", '""') + "; a v 01-01", "v", days=DAY, by=bins(2))) == [
        ("[1,2]", [1]), ("[2,3.01]", [1]), (NULL, [4]),
    ]  # fmt: skip
    assert parted(ask("a v 01-01 n=word; b v 01-01", "v", days=DAY, by=bins(3))) == [(NULL, [2])]


def test_each_series_has_its_own_bins_of_its_own_matching_events() -> None:
    # w's 100, v's 50 of the day before and its 70 that fails the filter don't matter to v
    events = f"{numbers(0, 10)}; a v 2019-12-31 n=50; a v 01-01 n=70 p=x; {numbers(100, 300, 300, event='w')}"
    passing = [{"key": "p", "operator": "is_not_set", "type": "event"}]
    assert parted(ask(events, node("v", properties=passing), "w", days=DAY, by=bins(2))) == [
        ("[0,5]", [1]), ("[5,10.01]", [1]), ("[200,300.01]", [2]), ("[100,200]", [1]),
    ]  # fmt: skip


def test_bins_are_over_the_whole_range_not_over_days() -> None:
    assert parted(ask("a v 01-01 n=0; a v 01-02 n=8; a v 01-02 n=3", "v", days=DAYS, by=bins(2))) == [
        ("[0,4]", [1, 1]),
        ("[4,8.01]", [0, 1]),
    ]


@pytest.mark.parametrize("display", ["ActionsPie", "ActionsTable", "BoldNumber", "ActionsBarValue"])
def test_totals_have_bins_too(display: str) -> None:
    assert parted(ask(numbers(0, 1, 10), "v", days=DAY, by=bins(2), display=display)) == [("[0,5]", 2), ("[5,10.01]", 1)]


def test_the_limit_applies_to_bins() -> None:
    # five bins of 2: three, two and one in the first three, one null: two are kept
    events = numbers(0, 0, 1, 2, 3, 4, 10) + "; 9*a v 01-01"
    assert parted(ask(events, "v", days=DAY, by=bins(5, breakdown_limit=2))) == [("[0,2]", [3]), ("[2,4]", [2]), (OTHER, [11])]


def test_bins_mix_with_plain_breakdowns() -> None:
    events = "a v 01-01 n=0 p=x; a v 01-01 n=1 p=x; a v 01-01 n=10 p=y; a v 01-01 p=y"
    by = {"breakdowns": [{"property": "n", "histogram_bin_count": 2}, {"property": "p"}]}
    rows = ask(events, "v", days=DAY, by=by)
    assert parted(rows) == [(["[0,5]", "x"], [2]), (["[5,10.01]", "y"], [1]), ([NULL, "y"], [1])]
    assert rows[0]["label"] == "[0,5]::x"


def test_two_properties_have_bins_of_their_own() -> None:
    events = "a v 01-01 n=0 m=100; a v 01-01 n=10 m=300; a v 01-01 n=9 m=100"
    by = {"breakdowns": [{"property": "n", "histogram_bin_count": 2}, {"property": "m", "histogram_bin_count": 2}]}
    assert parted(ask(events, "v", days=DAY, by=by)) == [
        (["[0,5]", "[100,200]"], [1]), (["[5,10.01]", "[100,200]"], [1]), (["[5,10.01]", "[200,300.01]"], [1]),
    ]  # fmt: skip


# ---------------------------------------------------------------------- limits
def many(count: int) -> str:
    """Give events with so many values, of one event each; v000 has two."""
    return "; ".join(f"a v 01-01 p=v{i:03d}" for i in range(count)) + "; a v 01-01 p=v000"


def test_twenty_five_values_are_kept_and_the_rest_is_one_row() -> None:
    rows = parted(ask(many(30), "v", days=DAY, by="p"))
    assert len(rows) == 26
    assert (rows[0], rows[24], rows[25]) == (("v000", [2]), ("v024", [1]), (OTHER, [5]))
    assert len(ask(many(25), "v", days=DAY, by="p")) == 25  # and no row for a rest of nothing


def test_the_limit_may_be_told() -> None:
    assert parted(ask(many(4), "v", days=DAY, by={"breakdown": "p", "breakdown_limit": 2})) == [("v000", [2]), ("v001", [1]), (OTHER, [2])]
    assert len(ask(many(30), "v", days=DAY, by={"breakdown": "p", "breakdown_limit": 40})) == 30


def test_a_world_map_keeps_250_whatever_it_is_told() -> None:
    for by in ({"breakdown": "p"}, {"breakdown": "p", "breakdown_limit": 2}):
        rows = parted(ask(many(253), "v", days=DAY, by=by, display="WorldMap"))
        assert (len(rows), rows[-1]) == (251, (OTHER, 3))


def test_over_time_null_goes_into_the_rest_first_however_large_then_the_smallest_then_the_last_by_text() -> None:
    events = "9*a v 01-01; 3*a v 01-01 p=c; a v 01-01 p=a; a v 01-02 p=b"
    limited = lambda n: parted(ask(events, "v", days=DAYS, by={"breakdown": "p", "breakdown_limit": n}))  # noqa: E731
    assert limited(3) == [("c", [3, 0]), ("a", [1, 0]), ("b", [0, 1]), (OTHER, [9, 0])]
    assert limited(2) == [("c", [3, 0]), ("a", [1, 0]), (OTHER, [9, 1])]


def test_over_time_any_null_among_several_goes_into_the_rest_first() -> None:
    events = "9*a v 01-01 p=x; a v 01-01 p=x q=y; 2*a v 01-01 p=z q=y"
    by = {"breakdowns": [{"property": "p"}, {"property": "q"}], "breakdown_limit": 2}
    assert parted(ask(events, "v", days=DAY, by=by)) == [(["z", "y"], [2]), (["x", "y"], [1]), ([OTHER, OTHER], [9])]


def test_totals_are_ranked_by_size_alone() -> None:
    events = "9*a v 01-01; 3*a v 01-01 p=c; a v 01-01 p=a"
    assert parted(ask(events, "v", days=DAY, by={"breakdown": "p", "breakdown_limit": 2}, display="ActionsTable")) == [
        ("c", 3), (NULL, 9), (OTHER, 1),
    ]  # fmt: skip
    several = {"breakdowns": [{"property": "p"}, {"property": "q"}], "breakdown_limit": 1}
    assert parted(ask(events, "v", days=DAY, by=several, display="ActionsPie")) == [([NULL, NULL], 9), ([OTHER, OTHER], 4)]


def test_the_rest_is_a_plain_sum_bucket_by_bucket_also_of_averages_and_persons() -> None:
    # y averages 4 on the 1st and 1 on the 2nd, z 3 on the 1st: 7 and 1
    events = "a v 01-01 p=x n=90; a v 01-01 p=y n=3; a v 01-01 p=y n=5; a v 01-02 p=y n=1; a v 01-01 p=z n=3"
    limited = lambda series: parted(ask(events, series, days=DAYS, by={"breakdown": "p", "breakdown_limit": 1}))  # noqa: E731
    assert limited(node("v", "avg", math_property="n")) == [("x", [90, 0]), (OTHER, [7, 1])]
    assert limited(node("v", "max", math_property="n")) == [("x", [90, 0]), (OTHER, [8, 1])]
    # as persons y is the largest: once on each day; x and z have a once each, on the 1st
    assert limited(node("v", "dau")) == [("y", [1, 1]), (OTHER, [2, 0])]
    pie = ask(events, node("v", "avg", math_property="n"), days=DAYS, by={"breakdown": "p", "breakdown_limit": 1}, display="ActionsPie")
    assert parted(pie) == [("x", 90), (OTHER, 6)]  # 3 + 3


def test_the_rest_is_hidden_on_demand() -> None:
    for display in ("ActionsLineGraph", "ActionsTable"):
        by = {"breakdown": "p", "breakdown_limit": 1, "breakdown_hide_other_aggregation": True}
        rows = ask(many(5), "v", days=DAY, by=by, display=display)
        assert [r["breakdown_value"] for r in rows] == ["v000"]
    several = {"breakdowns": [{"property": "p"}, {"property": "q"}], "breakdown_limit": 1, "breakdown_hide_other_aggregation": True}
    assert parted(ask("2*a v 01-01 p=x q=1; a v 01-01 p=y q=1", "v", days=DAY, by=several)) == [(["x", "1"], [2])]


def test_each_series_is_limited_on_its_own_and_a_formula_has_the_union() -> None:
    # v keeps x (3), w keeps y (2); in the rest v has y, w has x: 1 and 1
    events = "3*a v 01-01 p=x; a v 01-01 p=y; a w 01-01 p=x; 2*a w 01-01 p=y"
    by = {"breakdown": "p", "breakdown_limit": 1}
    assert parted(ask(events, "v", "w", days=DAY, by=by)) == [("x", [3]), (OTHER, [1]), ("y", [2]), (OTHER, [1])]
    assert parted(ask(events, "v", "w", days=DAY, by=by, formula="A + B")) == [("x", [3]), ("y", [2]), (OTHER, [2])]
    hidden = {**by, "breakdown_hide_other_aggregation": True}
    assert parted(ask(events, "v", "w", days=DAY, by=hidden, formula="A + B")) == [("x", [3]), ("y", [2])]


def test_periods_are_ranked_and_limited_each_on_its_own() -> None:
    events = "3*a v 01-01 p=old; a v 01-01 p=new; 2*a v 01-02 p=new; a v 01-02 p=old"
    rows = ask(events, "v", days=("2020-01-02", "2020-01-02"), by={"breakdown": "p", "breakdown_limit": 1}, compare=True)
    assert [(r["compare_label"], r["breakdown_value"], r["data"]) for r in rows] == [
        ("current", "new", [2]), ("current", OTHER, [1]), ("previous", "old", [3]), ("previous", OTHER, [1]),
    ]  # fmt: skip
