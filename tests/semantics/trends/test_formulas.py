"""trends.md, section 9: formulas over series."""

from __future__ import annotations

from typing import Any

import pytest

import evkit as ek
from tests.semantics.trends.asking import ask, data, node, parted, total

DAYS = ("2020-01-01", "2020-01-03")
EVENTS = "6*a v 01-01; 2*a v 01-02; 3*a w 01-01; a w 01-03"  # v: 6, 2, 0; w: 3, 0, 1
BOTH = "a v 01-01 p=x; 2*a v 01-02 p=x; 5*a v 01-01 p=y; 4*a w 01-01 p=y; 3*a w 01-02 p=z"


def worked(formula: str, **more: Any) -> list[float]:
    (row,) = ask(EVENTS, "v", "w", days=DAYS, formula=formula, **more)
    found: list[float] = row["data"]
    return found


@pytest.mark.parametrize(
    ("formula", "figures"),
    [
        ("A + B", [9, 2, 1]), ("a+b", [9, 2, 1]), ("A - b", [3, 2, -1]), ("A * B", [18, 0, 0]), ("A / 4", [1.5, 0.5, 0]), ("A % 4", [2, 2, 0]),
        ("A ** 2", [36, 4, 0]), ("-A", [-6, -2, 0]), ("-(A + B) * 2", [-18, -4, -2]), ("A + B * 2", [12, 2, 2]), ("(A + B) * 2", [18, 4, 2]),
        ("2 ** B", [8, 1, 2]), ("B", [3, 0, 1]), ("A - A / 2", [3, 1, 0]), ("1.5 * A", [9, 3, 0]),
    ],
)  # fmt: skip
def test_letters_are_series_and_signs_work_bucket_by_bucket(formula: str, figures: list[float]) -> None:
    assert worked(formula) == pytest.approx(figures)


def test_dividing_by_zero_is_0_at_that_place() -> None:
    assert worked("A / B") == [2, 0, 0]  # 6/3, 2/0, 0/1
    assert worked("5 + A / B") == [7, 5, 5]
    assert worked("(A + 1) / B") == pytest.approx([7 / 3, 0, 1])
    assert worked("A / 0") == worked("(A - A) / (B - B)") == [0, 0, 0]
    assert worked("B / (A / B)") == pytest.approx([1.5, 0, 0])


def test_a_constant_fills_every_bucket() -> None:
    assert worked("B + 1") == [4, 1, 2]
    assert worked("7") == [7, 7, 7]
    assert data(ask("a x 01-01", "v", "w", days=DAYS, formula="A + B + 1")) == [[1, 1, 1]]


@pytest.mark.parametrize("formula", ["A + C", "A ^ B", "A & B", "A // B", "A +", "(A", "A B", "sum(A)", "A > B"])
def test_unknown_letters_and_signs_are_refused(formula: str) -> None:
    with pytest.raises(ek.EvkitError):
        worked(formula)


def test_count_is_the_sum_of_the_figures_not_the_formula_of_the_counts() -> None:
    # 6/3 + 2/0 + 0/1 is 2; of the counts it would be 8/4, the same; (A + 1)/B is 7/3 + 0 + 1, of the counts 9/4
    (row,) = ask(EVENTS, "v", "w", days=DAYS, formula="(A + 1) / B")
    assert row["count"] == pytest.approx(10 / 3)


def test_figures_of_a_formula_are_not_rounded() -> None:
    (row,) = ask("a v 01-01; 7*a w 01-01", "v", "w", days=("2020-01-01", "2020-01-01"), formula="(A/3600)/B")
    assert row["data"] == pytest.approx([1 / 25200], rel=1e-12)
    assert row["count"] == pytest.approx(1 / 25200, rel=1e-12)


# ---------------------------------------------------------------------- spellings
def test_the_newest_spelling_of_formulas_wins() -> None:
    asked = lambda **spelt: [r["label"] for r in ask(EVENTS, "v", "w", days=DAYS, **spelt)]  # noqa: E731
    nodes, several, one = [{"formula": "A"}], ["B", "A+B"], "A-B"
    assert asked(formulaNodes=nodes, formulas=several, formula=one) == ["Formula (A)"]
    assert asked(formulas=several, formula=one) == ["Formula (B)", "Formula (A+B)"]
    assert asked(formulaNodes=[], formulas=[], formula=one) == ["Formula (A-B)"]


def test_a_row_is_labelled_by_its_own_name_or_its_text() -> None:
    nodes = [{"formula": "a + B", "custom_name": "both"}, {"formula": "a - B"}]
    rows = ask(EVENTS, "v", "w", days=DAYS, formulaNodes=nodes)
    assert [(r["label"], r["order"], r["action"]) for r in rows] == [("both", 0, None), ("Formula (a - B)", 1, None)]
    assert rows[0]["days"] == ["2020-01-01", "2020-01-02", "2020-01-03"]
    assert rows[0]["labels"] == ["1-Jan-2020", "2-Jan-2020", "3-Jan-2020"]


def test_a_breakdown_value_is_told_beside_the_label_not_in_it() -> None:
    rows = ask(BOTH, "v", "w", days=DAYS, by="p", formula="A")
    assert {r["label"] for r in rows} == {"Formula (A)"}
    assert all(r["action"] is None for r in rows)
    assert {r["breakdown_value"] for r in rows} == {"x", "y", "z"}


# ---------------------------------------------------------------------- totals
def test_a_total_is_the_formula_of_the_totals() -> None:
    (row,) = ask(EVENTS, "v", "w", days=DAYS, formula="A / B", display="BoldNumber")
    assert (row["aggregated_value"], row["count"], row["data"]) == (2, 0, None)  # 8 / 4
    assert (row["label"], row["action"]) == ("Formula (A / B)", None)
    assert total(ask(EVENTS, "v", "w", days=DAYS, formulas=["A / B", "A / (B - 4)"], display="ActionsTable")) == [2, 0]


def test_a_total_is_of_what_each_math_counts_over_the_range() -> None:
    events = "a v 01-01; a v 01-02; b v 01-02; a w 01-01 n=4; a w 01-02 n=8"
    found = ask(events, node("v", "dau"), node("w", "avg", math_property="n"), days=DAYS, formula="A * B", display="BoldNumber")
    assert total(found) == [12]  # two persons, an average of 6


# ---------------------------------------------------------------------- breakdowns
def test_a_value_that_a_series_lacks_is_zeros_there() -> None:
    # x: A 1, 2, 0; y: A 5, B 4; z only in B
    assert parted(ask(BOTH, "v", "w", days=DAYS, by="p", formula="A - B")) == [("x", [1, 2, 0]), ("y", [1, 0, 0]), ("z", [0, -3, 0])]
    assert parted(ask(BOTH, "v", "w", days=DAYS, by="p", formula="A - B", display="ActionsPie")) == [("x", 3), ("y", 1), ("z", -3)]


def test_a_constant_fills_the_buckets_of_every_value_too() -> None:
    assert sorted(parted(ask(BOTH, "v", "w", days=DAYS, by="p", formula="B + 1"))) == [("x", [1, 1, 1]), ("y", [5, 1, 1]), ("z", [1, 4, 1])]


def test_without_any_value_there_is_no_row() -> None:
    assert ask(BOTH, "nothing", "nil", days=DAYS, by="p", formula="A + B + 1") == []


# ---------------------------------------------------------------------- with the rest
def test_series_are_added_up_first_and_then_computed_with() -> None:
    # v runs 6, 8, 8; w 3, 3, 4
    (row,) = ask(EVENTS, "v", "w", days=DAYS, formula="A / B", display="ActionsLineGraphCumulative")
    assert row["data"] == pytest.approx([2, 8 / 3, 2])
    assert worked("A - B", display="ActionsLineGraphCumulative") == [3, 5, 4]


def test_running_persons_are_distinct_so_far_before_they_are_computed_with() -> None:
    events = "a v 01-01; a v 01-02; b v 01-02; a v 01-03"
    found = ask(events, node("v", "dau"), "v", days=DAYS, formula="B / A", display="ActionsLineGraphCumulative")
    assert data(found) == [[1, 1.5, 2]]  # events 1, 3, 4; persons 1, 2, 2


def test_each_period_is_computed_with_on_its_own() -> None:
    events = "4*a v 01-01; 2*a w 01-01; 9*a v 01-02; 3*a w 01-02"
    rows = ask(events, "v", "w", days=("2020-01-02", "2020-01-02"), formula="A / B", compare=True)
    assert [(r["compare"], r["compare_label"], r["data"], r["days"]) for r in rows] == [
        (True, "current", [3], ["2020-01-02"]), (True, "previous", [2], ["2020-01-01"]),
    ]  # fmt: skip
    assert total(ask(events, "v", "w", days=("2020-01-02", "2020-01-02"), formula="A / B", compare=True, display="ActionsPie")) == [3, 2]


def test_one_series_may_be_asked_several_times() -> None:
    events = "3*a v 01-01; b v 01-01; a v 01-02"
    found = ask(events, "v", node("v", "dau"), "w", days=("2020-01-01", "2020-01-02"), formula="A / B + C")
    assert data(found) == [[2, 1]]
