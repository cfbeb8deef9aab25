"""Rows of an actor stand together however an engine sorts."""

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from evkit.query.actors import each_together


def test_two_actors_with_the_same_hash_are_sorted_again_by_themselves() -> None:
    rows = ibis.memtable({"actor": ["a", "b", "a", "b"], "t": [1, 2, 3, 4]})
    sorted_by: list[str] = []

    def run(first: ir.Value) -> tuple[list[int], pa.Array]:
        sorted_by.append(first.get_name())
        by = first % 1 if first.type().is_integer() else first  # all hashes are alike: only the time sorts
        found = ibis.duckdb.connect().to_pyarrow(rows.order_by([by, rows.t]))
        actors = found["actor"].to_pylist()
        starts = [i for i, one in enumerate(actors) if i == 0 or one != actors[i - 1]]
        return found["t"].to_pylist(), pa.array([actors[i] for i in starts])

    times, actors = each_together(rows.actor, run, dialect="duckdb")
    assert (times, actors.to_pylist()) == ([1, 3, 2, 4], ["a", "b"])
    assert sorted_by == ["Hash(actor)", "actor"]


def test_other_engines_sort_by_the_actors() -> None:
    rows = ibis.memtable({"actor": ["a", "b"], "t": [1, 2]})
    found, actors = each_together(rows.actor, lambda first: (first.get_name(), pa.array(["a", "b"])), dialect="postgres")
    assert (found, actors.to_pylist()) == ("actor", ["a", "b"])
