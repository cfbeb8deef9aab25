"""Data that grow: an index is extended by what came since, and is then as if it had been sorted anew."""

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import evkit as ek
from evkit import opening
from evkit.capture import Store
from evkit.capture.message import Event
from evkit.journeys import cache, making
from evkit.journeys.index import Index
from evkit.model import grown, journeys, numbered
from evkit.model.journeys import IDS, PERSONS, SESSIONS, By, prepare
from evkit.query.marks import Marks
from tests.sizes import examples

Row = tuple[str, str, str, str]
"""uuid, distinct id, event, when."""
ALL = (PERSONS, IDS, SESSIONS, By("group", 0))


def written(path: Path, rows: Sequence[Row]) -> Path:
    """Write events; who is of an odd day has a session and a group of their name, and everybody says it as `k`."""
    frame = pd.DataFrame(rows, columns=["uuid", "distinct_id", "event", "timestamp"])
    frame["timestamp"] = pd.to_datetime("2026-" + frame.timestamp, format="mixed")
    said = [f'"k": "{who}", "$session_id": "s{day}", "$groups": {{"team": "t{day}"}}' for _, who, _, day in rows]
    frame["properties"] = ["{" + text + "}" if int(day[4]) % 2 else "{}" for text, (*_, day) in zip(said, rows, strict=True)]
    merge = frame.event == "$identify"
    frame.loc[merge, "properties"] = [f'{{"$anon_distinct_id": "anon-{who}"}}' for who in frame.distinct_id[merge]]
    frame.to_parquet(path)
    return path


def opened(*paths: Path) -> ek.Events:
    """Open files as another process would: knowing nothing of them."""
    opening._opened.clear()
    return ek.read(list(paths))


def there(index: Index | None) -> dict[str, Any]:
    """Give all that an index says of the events."""
    assert index is not None
    names = np.array(index.names)[index.events].tolist() if len(index) else []
    numbers = {name: getattr(index, name).tolist() for name in ("offsets", "t", "arrival", "rows", "actors", "ids", "persons", "second")}
    return {"names": index.names, "events": names, "scanned": index.scanned, **numbers}


def anew(make: Callable[[], ek.Events], by: By, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """Give an index of data as it is with an empty cache."""
    with monkeypatch.context() as patch:
        patch.setenv("EVKIT_CACHE", str(tmp_path / "empty"))
        found = there(prepare(make().tables, by))
        cache.remove(cache.root())
    return found


def sorts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note how many events are sorted, each time that is done."""
    done: list[int] = []
    before = journeys.build.build

    def noted(*args: Any, **more: Any) -> Index:
        index = before(*args, **more)
        done.append(len(index))
        return index

    monkeypatch.setattr(journeys.build, "build", noted)
    return done


OLD: list[Row] = [
    *((f"u{i}", f"p{i % 7}", "view" if i % 3 else "buy", f"01-0{1 + i % 8} 0{i % 9}:00") for i in range(40)),
    ("m", "p1", "$identify", "01-03"), ("n", "anon-p1", "view", "01-02"),
]  # fmt: skip
NEW: list[Row] = [
    ("x1", "p2", "view", "01-04 12:00"),
    ("x2", "anon-p3", "again", "01-01"),
    ("x3", "p3", "$identify", "01-09"),
    ("x4", "zoe", "buy", "01-05"),
]


@pytest.mark.parametrize("by", ALL, ids=lambda by: by.name)
def test_a_file_more_is_added_without_sorting_the_others(tmp_path: Path, kept_in: Path, monkeypatch: pytest.MonkeyPatch, by: By) -> None:
    old, new = written(tmp_path / "b.parquet", OLD), written(tmp_path / "a.parquet", NEW)
    assert prepare(opened(old).tables, by) is not None
    expected = anew(lambda: opened(old, new), by, monkeypatch, tmp_path)
    done = sorts(monkeypatch)
    events = opened(old, new)
    assert there(prepare(events.tables, by)) == expected
    assert sum(done) <= len(NEW)
    assert there(journeys.journeys(opened(old, new).tables, by)) == expected, "it is kept"


def test_what_was_found_out_of_events_is_kept_when_they_grow(tmp_path: Path, kept_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = written(tmp_path / "b.parquet", OLD), written(tmp_path / "a.parquet", NEW)
    ask = lambda events: [  # noqa: E731
        events.funnel("view", "buy", breakdown="k").to_pandas().to_csv(),
        events.trends(ek.series("view", math="dau"), breakdown="k").to_pandas().to_csv(),
        events.filter(events.properties["k"] == "p2").trends("view").to_pandas().to_csv(),
        events.filter(events.properties["k"] != "p3").stickiness("view").to_pandas().to_csv(),
    ]
    monkeypatch.setenv("EVKIT_JOURNEYS", "always")
    ask(opened(old))
    monkeypatch.setenv("EVKIT_JOURNEYS", "off")
    expected = ask(opened(old, new))
    monkeypatch.setenv("EVKIT_JOURNEYS", "always")
    events = opened(old, new).prepare()
    asked: list[str] = []
    before = Marks.run
    monkeypatch.setattr(Marks, "run", lambda self, expr: (asked.append(str(expr)), before(self, expr))[1])
    assert ask(events) == expected
    assert asked == []


def test_a_file_that_is_gone_and_one_that_changed(tmp_path: Path, kept_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = (written(tmp_path / f"{i}.parquet", OLD[14 * i : 14 * (i + 1)]) for i in range(3))
    events = opened(first, second, third).prepare()
    written(first, NEW[:2])
    for paths in ((second, third), (first, second, third)):
        expected = anew(lambda paths=paths: opened(*paths), IDS, monkeypatch, tmp_path)  # type: ignore[misc]
        done = sorts(monkeypatch)
        assert there(prepare(opened(*paths).tables, IDS)) == expected
        assert sum(done) <= 2
    assert events.cache_info().actor.tolist().count("distinct_id") == 3


@pytest.mark.parametrize("sizes", [(30, 12), (12, 30)])
def test_what_is_mostly_new_is_sorted_anew(tmp_path: Path, kept_in: Path, monkeypatch: pytest.MonkeyPatch, sizes: tuple[int, int]) -> None:
    old, new = written(tmp_path / "a.parquet", OLD[: sizes[0]]), written(tmp_path / "b.parquet", OLD[sizes[0] :])
    opened(old).prepare()
    done = sorts(monkeypatch)
    opened(old, new).prepare("distinct_id")
    assert done == [42]


def test_an_event_that_comes_again_is_there_once(tmp_path: Path, kept_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = written(tmp_path / "b.parquet", OLD)
    for name, again in (("c", ("u5", "p5", "view", "01-06 05:00")), ("a", ("u5", "p5", "view", "01-01"))):  # it arrived later, and earlier
        new = written(tmp_path / f"{name}.parquet", [again, ("x1", "p2", "view", "01-04 12:00")])
        cache.remove(kept_in)
        opened(old).prepare()
        expected = anew(lambda new=new: opened(old, new), PERSONS, monkeypatch, tmp_path)  # type: ignore[misc]
        assert there(prepare(opened(old, new).tables)) == expected
        assert expected["scanned"] == 44 and len(expected["t"]) == 43
        without = anew(lambda: opened(old), PERSONS, monkeypatch, tmp_path)
        opened(old).clear_cache()  # what it repeated is gone: it counts again
        assert there(prepare(opened(old).tables)) == without


def test_events_at_once_in_old_and_new_files_are_in_the_order_of_their_uuids(
    tmp_path: Path, kept_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = written(tmp_path / "b.parquet", OLD), written(tmp_path / "a.parquet", [("a", "p1", "tie", "01-02 01:00")])
    opened(old).prepare()
    expected = anew(lambda: opened(old, new), PERSONS, monkeypatch, tmp_path)
    found = there(prepare(opened(old, new).tables))
    assert found == expected
    twins = [(e, r) for e, t, r in zip(found["events"], found["t"], found["rows"], strict=True) if t == 1_767_315_600_000_000]
    assert twins[0][0] == "tie" and len(twins) > 1


def test_a_torn_earlier_index_is_not_built_upon(tmp_path: Path, kept_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = written(tmp_path / "b.parquet", OLD), written(tmp_path / "a.parquet", NEW)
    opened(old).prepare()
    for path in kept_in.glob("*/distinct_id/t.npy"):
        path.write_bytes(path.read_bytes()[:-8] + bytes(8))
    expected = anew(lambda: opened(old, new), IDS, monkeypatch, tmp_path)
    done = sorts(monkeypatch)
    assert there(prepare(opened(old, new).tables, IDS)) == expected and done == [46]


def both_ways(events: Callable[[], ek.Events], patch: pytest.MonkeyPatch) -> None:
    """Ask for counts by property, filtered and not, of the engine and of journeys."""
    found = []
    for way in ("off", "always"):
        patch.setenv("EVKIT_JOURNEYS", way)
        e = events()
        questions = [
            e.trends("view", breakdown="k"), e.trends("view", filters=e.properties["k"] != "p1"), e.trends("view", filters=e.properties["k"] == 3),
            e.funnel("view", "buy", breakdown="k"), e.filter(e.properties["k"] != "p1").funnel("view", "buy"),
        ]  # fmt: skip
        found.append([question.to_pandas().to_csv() for question in questions])
    assert found[0] == found[1]


@pytest.mark.filterwarnings("ignore::evkit.errors.UnknownEventWarning")
def test_what_repeated_a_row_that_is_gone_counts_again_in_what_was_carried(
    tmp_path: Path, kept_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = written(tmp_path / "a.parquet", [("u5", "p5", "view", "01-01")]), written(tmp_path / "b.parquet", OLD)
    both_ways(lambda: opened(first, second), monkeypatch)
    both_ways(lambda: opened(second), monkeypatch)


@pytest.mark.filterwarnings("ignore::evkit.errors.UnknownEventWarning")
@pytest.mark.parametrize("later", [3.5, "x"])
def test_a_file_that_changes_how_others_are_read(tmp_path: Path, kept_in: Path, monkeypatch: pytest.MonkeyPatch, later: object) -> None:
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for path, values in zip(paths, ([3] * 6, [later]), strict=True):
        who = [f"p{i % 3}" for i in range(len(values))]
        pd.DataFrame(
            {
                "uuid": [f"{path.stem}{i}" for i in range(len(values))], "event": ["view", "buy"] * 3 if len(values) == 6 else ["view"], "distinct_id": who,
                "timestamp": pd.date_range("2026-01-01", periods=len(values), freq="h"), "k": values,
            }
        ).to_parquet(path)  # fmt: skip
    both_ways(lambda: opened(paths[0]), monkeypatch)
    both_ways(lambda: opened(*paths), monkeypatch)


@pytest.mark.filterwarnings("ignore::evkit.errors.UnknownEventWarning")
def test_folders_that_name_a_column_and_a_column_called_as_the_engines_own(
    tmp_path: Path, kept_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, number in (("buy", 1), ("view", 0)):
        (tmp_path / f"event={name}").mkdir()
        for part in range(2):
            rows = [row for row in OLD if row[2] == name][part::2]
            frame = pd.read_parquet(written(tmp_path / "one.parquet", rows)).drop(columns="event")
            frame.assign(file_index=number).to_parquet(tmp_path / f"event={name}" / f"{part}.parquet")
    paths = sorted(tmp_path.glob("event=*/*.parquet"))
    both_ways(lambda: opened(*paths), monkeypatch)
    flat = []
    for path in paths:
        frame = pd.read_parquet(path).assign(event=path.parent.name.partition("=")[2])
        flat.append(tmp_path / f"{path.parent.name[-4:]}{path.name}".replace("=", ""))
        frame.to_parquet(flat[-1])
    both_ways(lambda: opened(*flat), monkeypatch)


@pytest.mark.filterwarnings("ignore::evkit.errors.UnknownEventWarning")
def test_a_file_under_two_names_has_its_events_once(tmp_path: Path, kept_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new, link = written(tmp_path / "b.parquet", OLD), written(tmp_path / "c.parquet", NEW), tmp_path / "a.parquet"
    link.symlink_to(old)
    both_ways(lambda: opened(link, old), monkeypatch)
    both_ways(lambda: opened(link, old, new), monkeypatch)


# ---------------------------------------------------------------------- stores
def event(who: str, name: str, day: int, **said: Any) -> Event:
    return Event(uuid=None, event=name, distinct_id=who, timestamp=dt.datetime(2026, 1, day, tzinfo=dt.UTC), properties=said)


def test_the_index_of_a_store_grows_with_it(tmp_path: Path, kept_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "store"
    store = Store(folder, background=False)
    store.append([event(f"p{i % 5}", "view" if i % 3 else "buy", 1 + i % 9, k=f"v{i % 4}") for i in range(60)])
    store.seal()
    events = ek.open_store(folder).prepare()
    assert events.funnel("view", "buy", breakdown="k").to_pandas()["count"].sum() > 0
    done = sorts(monkeypatch)
    for part in range(3):
        store.append([event(f"p{part}", "buy", 10 + part, k="late"), event("p4", "$identify", 12, **{"$anon_distinct_id": f"anon{part}"})])
        if part == 1:
            store.seal()
        grew = events.refresh()
        expected = anew(lambda: ek.open_store(folder), PERSONS, monkeypatch, tmp_path)
        done.clear()
        assert there(prepare(grew.tables)) == expected
        assert sum(done) <= 2 * (part + 1), "landed lines are read again, segments are not"
        assert sorted(path.parent.name for path in kept_in.glob("*/*/manifest.json")) == ["distinct_id", "person"], "earlier moments go"
        events = grew
    store.compact()
    compacted = ek.open_store(folder)
    assert there(prepare(compacted.tables)) == anew(lambda: ek.open_store(folder), PERSONS, monkeypatch, tmp_path)
    store.close()


def test_a_question_does_not_wait_to_be_asked_twice_where_an_earlier_index_is_there(
    tmp_path: Path, kept_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = written(tmp_path / "b.parquet", OLD), written(tmp_path / "a.parquet", NEW)
    monkeypatch.setattr(journeys, "WORTH_IT", 10)
    opened(old).prepare()
    assert journeys.journeys(opened(old, new).tables) is not None
    cache.remove(kept_in)
    assert journeys.journeys(opened(old, new).tables) is None


def test_another_notebook_on_the_earlier_moment_goes_on(tmp_path: Path, kept_in: Path) -> None:
    folder = tmp_path / "store"
    store = Store(folder, background=False)
    store.append([event(f"p{i % 5}", "view" if i % 3 else "buy", 1 + i % 9, k=f"v{i % 4}") for i in range(60)])
    store.seal()
    events = ek.open_store(folder).prepare()
    first = events.cache_info().folder[0]
    store.append([event("p1", "buy", 9)])
    ek.open_store(folder).prepare()
    assert not Path(first).exists()
    before = events.funnel("view", "buy", breakdown="k")  # its folder is gone: nothing is told, nothing fails
    assert before.to_pandas()["count"].sum() > 0
    store.close()


def test_of_no_part_nothing_is_read_and_rows_are_as_of_all(tmp_path: Path, kept_in: Path) -> None:
    store = Store(tmp_path / "store", background=False)
    store.append([event("p", "view", 1)])
    for events in (ek.open_store(tmp_path / "store"), opened(written(tmp_path / "a.parquet", OLD))):
        nothing = numbered.of_parts(events.tables, ())
        assert nothing.schema() == numbered.numbered(events.tables).schema() and len(events.tables.arrow(nothing)) == 0
    store.close()


# ---------------------------------------------------------------------- random logs
rows = st.tuples(
    st.sampled_from([f"p{i}" for i in range(6)] + ["anon-p1", "anon-p2"]), st.sampled_from(["a", "b", "c", "$identify"]), st.integers(0, 20)
)  # fmt: skip


@settings(max_examples=examples(25, 600), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    files=st.lists(st.lists(rows, min_size=1, max_size=12), min_size=2, max_size=4),
    again=st.lists(st.integers(0, 30), max_size=3),
    data=st.data(),
)
def test_random_logs_are_as_if_sorted_anew(
    files: list[list[tuple[str, str, int]]], again: list[int], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("grow")
    made, number = [], 0
    for i, some in enumerate(files):
        log: list[Row] = []
        for who, name, hour in some:
            log.append((f"u{number // 2 if number in again else number}", who, name, f"01-0{1 + hour % 5} {hour:02d}:00"))
            number += 1
        made.append(written(folder / f"{i}.parquet", log))
    before = data.draw(st.lists(st.sampled_from(made), min_size=1, unique=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVKIT_CACHE", str(folder / "cache"))
        patch.setattr(grown, "FEWEST_SHARED", 0)
        opened(*before).prepare("person", "session")
        for by in (PERSONS, IDS, SESSIONS):
            assert there(prepare(opened(*made).tables, by)) == anew(lambda: opened(*made), by, patch, folder)


def test_arrays_in_memory_and_in_files_are_one_and_the_same(tmp_path: Path) -> None:
    for target in (None, tmp_path / "index"):
        with making.Making(target, ["x"], 2) as index:
            for name in making.ARRAYS:
                index.arrays[name].append(np.array([0, 2]) if name == "offsets" else np.zeros(1 if name in ("actors", "second") else 2))
            found = index.finish()
        assert there(found)["offsets"] == [0, 2] and found.folder == target
