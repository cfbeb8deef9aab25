"""Rows of an actor stand together however an engine sorts."""

import ibis
import ibis.expr.types as ir
import numpy as np

from evkit.query.actors import each_together


def test_two_actors_with_the_same_hash_are_sorted_again_by_themselves() -> None:
    rows = ibis.memtable({"actor": ["a", "b", "a", "b"], "t": [1, 2, 3, 4]})
    sorted_by: list[str] = []

    def run(first: ir.Value) -> tuple[list[int], np.ndarray]:
        sorted_by.append(first.get_name())
        by = first % 1 if first.type().is_integer() else first  # all hashes are alike: only the time sorts
        wanted = rows.mutate(first=by)
        found = ibis.duckdb.connect().to_pyarrow(wanted.order_by([wanted["first"], wanted.t]))
        actors = found["actor"].to_pylist()
        starts = [i for i, one in enumerate(actors) if i == 0 or one != actors[i - 1]]
        return found["t"].to_pylist(), found["first"].to_numpy(zero_copy_only=False)[starts]

    assert each_together(rows.actor, run, dialect="duckdb") == [1, 3, 2, 4]
    assert sorted_by == ["Hash(actor)", "actor"]


def test_different_hashes_are_enough() -> None:
    rows = ibis.memtable({"actor": ["a", "b"]})
    sorted_by: list[str] = []

    def run(first: ir.Value) -> tuple[str, np.ndarray]:
        sorted_by.append(first.get_name())
        return "made", np.array([3, 7])

    assert (each_together(rows.actor, run, dialect="duckdb"), sorted_by) == ("made", ["Hash(actor)"])


def test_other_engines_sort_by_the_actors() -> None:
    rows = ibis.memtable({"actor": ["a", "b"], "t": [1, 2]})
    assert each_together(rows.actor, lambda first: (first.get_name(), np.array(["a", "b"])), dialect="postgres") == "actor"
