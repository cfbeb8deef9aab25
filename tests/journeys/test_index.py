"""The index itself: what it holds, worked by hand."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evkit as ek
from evkit import opening
from evkit.errors import CacheError
from evkit.journeys import arrays, build, making
from evkit.journeys.index import Index, Worked
from evkit.model import created
from evkit.model.journeys import IDS, PERSONS, SESSIONS, By, prepare

Log = Callable[..., ek.Events]


def told(events: ek.Events, by: By = PERSONS) -> list[list[str]]:
    """Give each actor's events in order, as "event@row"; actors in the order of their first row."""
    index = prepare(events.tables, by)
    assert index is not None
    parts = [slice(a, b) for a, b in zip(index.offsets[:-1], index.offsets[1:], strict=True)]
    journeys = [[f"{index.names[e]}@{r}" for e, r in zip(index.events[p], index.rows[p], strict=True)] for p in parts]
    return sorted(journeys, key=lambda j: min(int(one.partition("@")[2]) for one in j))


def test_each_actors_events_stand_in_order_of_time(log: Log) -> None:
    assert told(log("b buy 01-02; a view 01-03; b view 01-01; a buy 01-02")) == [["view@2", "buy@0"], ["buy@3", "view@1"]]


def test_of_events_of_one_instant_the_first_to_arrive_comes_first(log: Log) -> None:
    assert told(log("a x 01-01; a y 01-01; a z 01-01")) == [["x@0", "y@1", "z@2"]]


def test_events_that_arrived_at_once_are_in_the_order_of_their_uuids() -> None:
    rows = [("u3", "x"), ("u1", "y"), ("u2", "z")]
    frame = pd.DataFrame([{"uuid": u, "event": e, "distinct_id": "a", "timestamp": "2026-01-01", "arrival": 5} for u, e in rows])
    assert told(ek.from_frame(frame)) == [["y@1", "z@2", "x@0"]]


def test_an_event_sent_twice_is_there_once(log: Log) -> None:
    frame = pd.DataFrame(
        [
            {"uuid": "u", "event": "late", "distinct_id": "a", "timestamp": "2026-01-02", "arrival": 2},
            {"uuid": "u", "event": "first", "distinct_id": "a", "timestamp": "2026-01-03", "arrival": 1},
            {"uuid": "v", "event": "other", "distinct_id": "a", "timestamp": "2026-01-01", "arrival": 3},
        ]
    )
    assert told(ek.from_frame(frame)) == [["other@2", "first@1"]]


MERGED = "anon view 01-01; ann buy 01-02; ann $identify 01-03 $anon_distinct_id=anon; anon view 01-04; ann buy 01-05"


def test_the_journeys_of_several_ids_are_those_of_one_person(log: Log) -> None:
    events = log(MERGED)
    assert told(events) == [["view@0", "buy@1", "$identify@2", "view@3", "buy@4"]]
    assert told(events, IDS) == [["view@0", "view@3"], ["buy@1", "$identify@2", "buy@4"]]


def test_ids_of_a_person_whose_events_are_of_one_instant_stand_by_arrival_then_uuid() -> None:
    def made(arrivals: list[int]) -> ek.Events:
        rows = [("c", "ann", "$identify"), ("b", "anon", "x"), ("a", "ann", "y")]
        said = [
            {"uuid": u, "event": e, "distinct_id": w, "timestamp": "2026-01-01", "arrival": n}
            for (u, w, e), n in zip(rows, arrivals, strict=True)
        ]
        return ek.from_frame(pd.DataFrame(said).assign(properties='{"$anon_distinct_id": "anon"}'))

    assert told(made([1, 3, 2])) == [["$identify@0", "y@2", "x@1"]]
    assert told(made([1, 2, 2])) == [["$identify@0", "y@2", "x@1"]]


def test_sessions_and_groups_have_journeys_of_their_own(log: Log) -> None:
    events = log("a view 01-01 $session_id=s $group_0=acme; b view 01-02 $session_id=s; b buy 01-03 $group_0=acme; b x 01-04")
    assert told(events, SESSIONS) == [["view@0", "view@1"]]
    assert told(events, By("group", 0)) == [["view@0", "buy@2"]]


def test_an_actor_is_found_by_any_of_their_ids(log: Log) -> None:
    events = log(MERGED + "; bob view 01-06")
    index = prepare(events.tables, PERSONS)
    assert index is not None
    hashes = events.tables.arrow(events.tables.log().select("distinct_id").distinct().mutate(h=lambda t: build.hashed(t.distinct_id)))
    found = dict(zip(hashes["distinct_id"].to_pylist(), index.actors_of(hashes["h"].to_numpy()).tolist(), strict=True))
    assert found["ann"] == found["anon"] != found["bob"]
    assert index.actors_of(np.array([12345], np.uint64)).tolist() == [-1]


def test_repr_says_what_it_is(log: Log) -> None:
    assert repr(prepare(log("a x 01-01; b x 01-01").tables)) == "<Index of 2 events of 2 actors, in memory>"


def test_what_was_worked_out_is_kept_up_to_a_size() -> None:
    worked, made = Worked(most_bytes=20), []

    def make(n: int) -> np.ndarray:
        made.append(n)
        return np.zeros(1, np.int64)

    for n in (1, 2, 1, 3, 1, 2):
        worked.get(n, lambda n=n: make(n))  # type: ignore[misc]
    assert made == [1, 2, 3, 2]  # 2 was used longest ago as 3 came


def test_when_persons_were_created_is_kept_beside_their_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: Log) -> None:
    monkeypatch.setenv("EVKIT_CACHE", str(tmp_path / "cache"))
    log(MERGED + "; bob view 01-06").save(tmp_path / "events.parquet")
    ask = lambda: ek.read(tmp_path / "events.parquet").prepare().lifecycle("view", interval="day").to_pandas()  # noqa: E731
    first = ask()
    assert first[first.status == "new"].value.tolist() == [1, 0, 0, 0, 0, 1]
    opening._opened.clear()
    monkeypatch.setattr(created, "_created_of_actors", lambda *_: pytest.fail("it was kept"))
    pd.testing.assert_frame_equal(ask(), first)


def test_a_funnel_of_many_steps_with_filters_is_answered(log: Log) -> None:
    steps = [ek.series("x", filters=ek.event_prop("n") == i) for i in range(40)]
    events = log("; ".join(f"a x 01-01 00:{i:02d} n={i}" for i in range(40))).prepare()
    assert events.funnel(*steps, window="1 day").to_pandas()["count"].tolist() == [1] * 40


# ---------------------------------------------------------------------- files
@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with arrays.Folder(tmp_path / "index") as made:
        made.array("t", "<i8").append(np.array([3, 5]))
        made.array("none", "|u1").append(np.zeros(0))
        made.finish(names=["x"])
    return tmp_path / "index"


def test_arrays_are_read_as_they_were_written(folder: Path) -> None:
    found, said = arrays.opened(folder)
    assert found["t"].tolist() == [3, 5] and found["none"].tolist() == [] and said["names"] == ["x"]
    assert np.load(folder / "t.npy").tolist() == [3, 5]
    assert [p.name for p in folder.parent.iterdir()] == ["index"]


def spoil(path: Path, how: str) -> None:
    data = bytearray(path.read_bytes())
    if how == "a byte":
        data[-1] ^= 1
    elif how == "cut":
        data = data[:-4]
    elif how == "header":
        data[20] ^= 1
    elif how == "gone":
        path.unlink()
        return
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("how", ["a byte", "cut", "header", "gone"])
@pytest.mark.parametrize("name", ["t.npy", arrays.MANIFEST])
def test_a_torn_file_is_told(folder: Path, name: str, how: str) -> None:
    if (name, how) == (arrays.MANIFEST, "header"):
        (folder / name).write_text('{"arrays": {"t": []}}')
    else:
        spoil(folder / name, how)
    with pytest.raises(CacheError):
        arrays.opened(folder)


def test_what_fails_on_its_way_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), arrays.Folder(tmp_path / "index") as made:
        made.array("t", "<i8").append(np.arange(3))
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_who_comes_second_takes_what_is_there(folder: Path) -> None:
    with arrays.Folder(folder) as made:
        made.array("t", "<i8").append(np.array([9]))
        made.finish(names=[])
    assert arrays.opened(folder)[0]["t"].tolist() == [3, 5]
    assert [p.name for p in folder.parent.iterdir()] == ["index"]


def test_an_index_whose_arrays_do_not_fit_each_other_is_none(tmp_path: Path) -> None:
    kinds: dict[str, Any] = making.kinds(2, ["x"])
    with arrays.Folder(tmp_path / "index") as made:
        for name in making.ARRAYS:
            made.array(name, kinds[name]).append(np.array([0, 2]) if name == "offsets" else np.zeros(2 if name == "t" else 1))
        made.finish(names=["x"], scanned=2)
    with pytest.raises(CacheError, match="fit"):
        making.load(tmp_path / "index")


def test_kinds_are_as_small_as_what_they_hold() -> None:
    assert making.kinds(10, ["x"] * 256)["events"] == "|u1" and making.kinds(10, ["x"] * 257)["events"] == "<u2"
    assert making.kinds(2**32, [])["rows"] == "<i8"


def test_two_actors_of_one_hash_are_told(log: Log) -> None:
    index = prepare(log("a x 01-01; b x 01-02").tables, IDS)
    assert isinstance(index, Index)
    import pyarrow as pa

    batch = pa.record_batch(
        {
            "actor": pa.array([1, 1], pa.uint64()), "second": pa.array([2, 3], pa.uint64()), "t": pa.array([0, 1], pa.int64()),
            "arrival": pa.array([0, 1], pa.int64()), "row": pa.array([0, 1], pa.int64()), "event": pa.array([7, 7], pa.uint64()),
        }
    )  # fmt: skip
    named = build.Named(("x",), np.array([7], np.uint64))
    held = {name: making.InMemory(kind) for name, kind in making.kinds(2, ["x"]).items()}
    with pytest.raises(CacheError, match="same hash"):
        build.fill(iter([batch]), held, named, None, tied=False)


def test_times_before_1970_are_in_order(log: Log) -> None:
    frame = pd.DataFrame(
        {"uuid": ["1", "2"], "event": ["x", "y"], "distinct_id": "a", "timestamp": [dt.datetime(1960, 1, 1), dt.datetime(1950, 1, 1)]}
    )
    assert told(ek.from_frame(frame)) == [["y@1", "x@0"]]
