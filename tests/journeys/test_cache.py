"""The cache folder: what is kept, found again, torn, removed; with others at it."""

import datetime as dt
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import evkit as ek
from evkit import opening
from evkit.capture import Store
from evkit.capture.message import Event
from evkit.errors import CacheError, CacheWarning, DataError, SpecError
from evkit.journeys import cache
from evkit.model import journeys
from tests.sizes import SOAK

STEPS = ("view", "buy")


def data(path: Path, people: int = 50, *, merges: bool = True) -> Path:
    """Write people who view, every second of whom buys a day later; one of them views before they are known."""
    rows: list[dict[str, Any]] = []
    if merges:
        rows.append({"event": "$identify", "distinct_id": "p1", "timestamp": "2026-01-02", "properties": '{"$anon_distinct_id": "anon"}'})
    for i in range(people):
        who = "anon" if merges and i == 1 else f"p{i}"
        rows.append({"event": "view", "distinct_id": who, "timestamp": f"2026-01-0{1 + i % 3}", "properties": f'{{"k": "v{i % 4}"}}'})
        if i % 2:
            rows.append({"event": "buy", "distinct_id": f"p{i}", "timestamp": f"2026-01-0{2 + i % 3}", "properties": "{}"})
    frame = pd.DataFrame(rows)
    frame["uuid"] = [f"u{i}" for i in range(len(frame))]
    frame["timestamp"] = pd.to_datetime(frame.timestamp)
    frame.to_parquet(path)
    return path


def counts(events: ek.Events) -> list[int]:
    found: list[int] = events.funnel(*STEPS, window="2 days").to_pandas()["count"].tolist()
    return found


def reopened(path: Path | list[Path]) -> ek.Events:
    """Open a file as another process would: knowing nothing of it."""
    opening._opened.clear()
    return ek.read(path)


def test_an_index_is_found_again(tmp_path: Path, kept_in: Path) -> None:
    path = data(tmp_path / "events.parquet")
    reopened(path).prepare()
    (first,) = kept_in.glob("*/person/manifest.json")
    made = first.stat().st_mtime_ns
    events = reopened(path)
    assert journeys.journeys(events.tables) is not None and first.stat().st_mtime_ns == made
    assert counts(events) == [50, 25]


def test_where_nobody_is_merged_persons_have_the_journeys_of_their_ids(tmp_path: Path, kept_in: Path) -> None:
    path = data(tmp_path / "events.parquet", merges=False)
    reopened(path).prepare()
    assert not list(kept_in.glob("*/person/t.npy"))
    events = reopened(path)
    assert journeys.journeys(events.tables) is not None and counts(events) == [50, 25]
    shutil.rmtree(next(kept_in.glob("*/distinct_id")))
    assert journeys.journeys(reopened(path).tables) is None and counts(reopened(path).prepare()) == [50, 25]


def test_changed_data_have_another_index(tmp_path: Path, kept_in: Path) -> None:
    path = data(tmp_path / "events.parquet")
    reopened(path).prepare()
    data(path, people=70)
    events = reopened(path)
    assert journeys.journeys(events.tables) is None
    assert counts(events.prepare()) == [70, 35]
    assert len(list(kept_in.iterdir())) == 2


def test_a_file_that_is_written_again_meanwhile_is_told(tmp_path: Path, kept_in: Path) -> None:
    path = data(tmp_path / "events.parquet")
    events = reopened(path).prepare()
    data(path, people=70)
    with pytest.raises(DataError, match=r"events\.parquet was changed or removed after it was opened: open it again by ek\.read"):
        events.funnel(*STEPS, breakdown="k").to_pandas()
    assert counts(ek.read(path)) == [70, 35]


@pytest.mark.parametrize("name", ["t.npy", "rows.npy", "offsets.npy", "manifest.json"])
def test_a_torn_index_is_made_anew(tmp_path: Path, kept_in: Path, name: str) -> None:
    path = data(tmp_path / "events.parquet")
    reopened(path).prepare()
    for torn in kept_in.glob(f"*/*/{name}"):
        torn.write_bytes(torn.read_bytes()[:-9])
    events = reopened(path)
    assert journeys.journeys(events.tables) is None
    assert counts(events.prepare()) == [50, 25]
    assert journeys.journeys(reopened(path).tables) is not None


def test_a_torn_column_is_read_anew(tmp_path: Path, kept_in: Path) -> None:
    path = data(tmp_path / "events.parquet")
    ask = lambda events: (  # noqa: E731
        events.funnel(*STEPS, breakdown="k").to_pandas()["count"].tolist(),
        events.trends("view", filters=ek.event_prop("k") == "v1").to_pandas().value.sum(),
    )
    expected = ask(reopened(path).prepare())
    columns = [path for path in kept_in.glob("*/person/columns/*") if path.suffix in (".test", ".said")]
    assert len(columns) == 2
    for how in (slice(None, -9), slice(0, 0), None):
        for column in columns:
            content = bytearray(column.read_bytes())
            if how is None:
                content[len(content) // 2] ^= 0xFF
            column.write_bytes(bytes(content) if how is None else bytes(content)[how])
        assert ask(reopened(path)) == expected
        assert ask(reopened(path)) == expected


def test_only_the_larger_data_are_sorted_unasked(tmp_path: Path, kept_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = data(tmp_path / "events.parquet")
    events = reopened(path)
    assert [counts(events) for _ in range(3)] == [[50, 25]] * 3 and not list(kept_in.glob("*/*"))
    monkeypatch.setattr(journeys, "WORTH_IT", 50)
    assert counts(events) == [50, 25]
    assert [p.parent.name for p in kept_in.glob("*/*/manifest.json")] != []


def test_the_first_question_does_not_wait_for_an_index(tmp_path: Path, kept_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journeys, "WORTH_IT", 50)
    events = reopened(data(tmp_path / "events.parquet"))
    counts(events)
    assert not list(kept_in.glob("*/*"))
    counts(events)
    assert list(kept_in.glob("*/*"))


def test_the_environment_switches_indexes_off_and_on(tmp_path: Path, kept_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events = reopened(data(tmp_path / "events.parquet"))
    monkeypatch.setenv("EVKIT_JOURNEYS", "always")
    assert journeys.journeys(events.tables) is not None
    monkeypatch.setenv("EVKIT_JOURNEYS", "off")
    assert journeys.journeys(events.tables) is None
    monkeypatch.setenv("EVKIT_JOURNEYS", "sometimes")
    with pytest.raises(SpecError, match="EVKIT_JOURNEYS='sometimes': say one of auto, off, always"):
        journeys.journeys(events.tables)


def test_what_was_not_used_for_longest_goes_when_there_is_too_much(tmp_path: Path, kept_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for n, name in enumerate(("a", "b", "c")):
        reopened(data(tmp_path / f"{name}.parquet", people=60 + n)).prepare()
        for entry in cache.entries():
            if entry.used > time.time() - 50:
                os.utime(entry.folder / cache.USED, (time.time() - 100 + n,) * 2)
    one = max(entry.size for entry in cache.entries())
    monkeypatch.setenv("EVKIT_CACHE_GB", str(3.5 * one / 1e9))
    last = reopened(data(tmp_path / "d.parquet")).prepare()
    info = last.cache_info()
    assert info.mine.tolist().count(True) == 2 and info.megabytes.sum() * 1e6 <= 3.5 * one
    assert counts(reopened(tmp_path / "a.parquet")) == [60, 30]
    monkeypatch.setenv("EVKIT_CACHE_GB", "many")
    with pytest.raises(CacheError, match="EVKIT_CACHE_GB='many' is no number"):
        cache.largest()


def test_clearing_removes_what_is_of_these_events_alone(tmp_path: Path, kept_in: Path) -> None:
    mine, other = reopened(data(tmp_path / "a.parquet")).prepare(), ek.read(data(tmp_path / "b.parquet", people=9)).prepare()
    assert mine.cache_info().mine.tolist().count(True) == 2 and len(mine.cache_info()) == 4
    mine.clear_cache()
    assert len(other.cache_info()) == 2 and mine.cache_info().mine.sum() == 0
    other.clear_cache(everything=True)
    assert list(kept_in.iterdir()) == [] and other.cache_info().empty
    assert counts(other) == [9, 4]


def test_frames_have_their_journeys_in_memory(log: Any, kept_in: Path) -> None:
    events = log("a view 01-01; a buy 01-02").prepare()
    assert events.cache_info()[["actor", "events", "mine", "folder"]].values.tolist() == [
        ["distinct_id", 2, True, None],
        ["person", 2, True, None],
    ]
    events.clear_cache()
    assert events.cache_info().empty and not list(kept_in.glob("*/*"))


def test_a_processs_own_folder_goes_when_the_process_is_gone(kept_in: Path) -> None:
    mine, ended = cache.private_folder(), subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (kept_in / f"{cache.PRIVATE}{ended.pid}-{cache.machine()}-x").mkdir()
    (kept_in / f"{cache.PRIVATE}{ended.pid}-elsewhere-x").mkdir()
    cache.remove_abandoned(now=time.time() + 2 * 24 * 3600)
    assert sorted(kept_in.iterdir()) == sorted([mine, kept_in / f"{cache.PRIVATE}{ended.pid}-elsewhere-x"])


@pytest.mark.parametrize("left", [0, 10])
def test_files_without_uuids_or_with_some_have_an_index_too(tmp_path: Path, kept_in: Path, left: int) -> None:
    path = data(tmp_path / "events.parquet")
    frame = pd.read_parquet(path)
    frame.assign(uuid=frame.uuid.where(frame.index < left)).to_parquet(path)
    asked = lambda of: of.funnel(*STEPS, window="2 days", breakdown="k").to_pandas()  # noqa: E731
    plain = asked(reopened(path))
    pd.testing.assert_frame_equal(asked(reopened(path).prepare()), plain)
    assert journeys.journeys(reopened(path).tables) is not None
    pd.testing.assert_frame_equal(asked(reopened(path)), plain)


def test_frames_without_uuids_are_written_down_for_their_journeys(tmp_path: Path, kept_in: Path) -> None:
    frame = pd.read_parquet(data(tmp_path / "events.parquet")).drop(columns="uuid")
    events = ek.from_frame(frame).prepare()
    assert counts(events) == [50, 25] and events.cache_info().folder.isna().all()
    assert [p.name.startswith(cache.PRIVATE) for p in kept_in.iterdir()] == [True]


@pytest.mark.parametrize("where", ["absolute", "relative"])
def test_rows_of_several_files_keep_their_numbers_apart(tmp_path: Path, kept_in: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    whole = pd.read_parquet(data(tmp_path / "whole.parquet"))
    for i, name in enumerate(("a'1.parquet", "b.parquet", "c 3.parquet")):
        whole.iloc[i::3].to_parquet(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    events = reopened([(tmp_path if where == "absolute" else Path()) / name for name in ("a'1.parquet", "b.parquet", "c 3.parquet")])
    asked = lambda of: of.funnel(*STEPS, window="2 days", breakdown="k").to_pandas()  # noqa: E731
    plain = asked(events)
    pd.testing.assert_frame_equal(asked(events.prepare()), plain)
    assert journeys.journeys(events.tables) is not None
    pd.testing.assert_frame_equal(plain, asked(reopened(tmp_path / "whole.parquet")))


def test_where_nothing_can_be_written_figures_are_right_and_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    monkeypatch.setenv("EVKIT_CACHE", str(tmp_path / "cache"))
    path = data(tmp_path / "events.parquet")
    bare = pd.read_parquet(path).drop(columns="uuid")
    for events in (reopened(path), ek.from_frame(bare)):
        with pytest.warns(CacheWarning, match="the journey index can't be") as told:
            events.prepare()
        assert [w.category for w in told].count(CacheWarning) == 1 and counts(events) == [50, 25]


def test_folders_that_nobody_finished_go_after_a_day(kept_in: Path) -> None:
    (kept_in / "x" / "making-1").mkdir(parents=True)
    cache.remove_abandoned()
    assert (kept_in / "x" / "making-1").exists()
    cache.remove_abandoned(now=time.time() + 2 * 24 * 3600)
    assert not (kept_in / "x" / "making-1").exists()


def test_the_index_of_a_store_is_found_again_until_something_comes(tmp_path: Path, kept_in: Path) -> None:
    made = lambda who, name, day: Event(uuid=None, event=name, distinct_id=who, timestamp=dt.datetime(2026, 1, day, tzinfo=dt.UTC))  # noqa: E731
    store = Store(tmp_path / "store", background=False)
    store.append([made("p", "view", 1), made("p", "buy", 2)])
    events = ek.open_store(tmp_path / "store")
    assert counts(events.prepare()) == [1, 1]
    again = ek.open_store(tmp_path / "store")
    assert journeys.journeys(again.tables) is not None and counts(again) == [1, 1]
    store.append([made("q", "view", 3)])
    newer = again.refresh()
    assert journeys.journeys(newer.tables) is None and counts(newer.prepare()) == [2, 1]
    store.close()


def test_what_finds_no_room_in_memory_lies_in_the_cache_folder_while_it_has_to(tmp_path: Path, kept_in: Path) -> None:
    tables = ek.read(data(tmp_path / "events.parquet")).tables
    tables.raw_sql("SET memory_limit = '60MB'; SET threads = 1; SELECT 1")
    assert not list(kept_in.iterdir())
    many = "SELECT range AS r, hash(range) AS h, md5(range::VARCHAR) AS m FROM range(2_000_000) ORDER BY h"
    tables.raw_sql(f"CREATE TEMP TABLE many AS {many}; SELECT 1")
    (spilled,) = kept_in.iterdir()
    assert spilled.name.startswith(f"process-{os.getpid()}-{cache.machine()}-spill-") and list(spilled.iterdir())
    tables.raw_sql("DROP TABLE many; SELECT 1")


# ---------------------------------------------------------------------- others, kills, full disks
ASK = """
import sys, evkit as ek
events = ek.read(sys.argv[1]).prepare()
print(events.funnel("view", "buy", window="2 days", breakdown="k").to_pandas()["count"].tolist())
"""


def asking(path: Path, **env: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", ASK, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **env}
    )


def test_two_processes_share_a_cache(tmp_path: Path, kept_in: Path) -> None:
    path = data(tmp_path / "events.parquet", people=20_000)
    both = [asking(path), asking(path)]
    said = [one.communicate(timeout=120) for one in both]
    assert [out for out, _ in said] == [said[0][0]] * 2 and "5000" in said[0][0], said
    assert sorted(p.name for p in kept_in.glob("*/*")) == ["distinct_id", "person"]


@pytest.mark.slow
def test_killed_while_it_is_built_the_next_opening_gives_right_figures(tmp_path: Path, kept_in: Path) -> None:
    path = data(tmp_path / "events.parquet", people=40_000)
    began = time.perf_counter()
    out, error = asking(path).communicate(timeout=120)
    took = time.perf_counter() - began
    assert "10000" in out, error
    source, kills = random.Random(8), 50 if SOAK else 2
    for _ in range(kills):
        shutil.rmtree(kept_in)
        victim = asking(path)
        time.sleep(source.uniform(0.3, 1.0) * took)
        victim.send_signal(signal.SIGKILL)
        victim.communicate()
        assert asking(path).communicate(timeout=120)[0] == out


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 600 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(folder)], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"no disk can be mounted here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_on_a_full_disk_figures_are_right_and_it_is_told(tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVKIT_CACHE", str(small_disk))
    path = data(tmp_path / "events.parquet", people=40_000)
    events = reopened(path)
    with pytest.warns(CacheWarning, match=r"can't be written to .*: No space left on device\. Figures are the same without it"):
        events.prepare()
    assert counts(events) == [40_000, 20_000]
    assert not [p for p in small_disk.rglob("*") if p.is_file()]


def test_a_column_that_finds_no_room_is_kept_in_memory(tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVKIT_CACHE", str(small_disk))
    events = reopened(data(tmp_path / "events.parquet", people=4_000)).prepare()
    (small_disk / "filler").write_bytes(bytes(max(0, shutil.disk_usage(small_disk).free - 4096)))
    with pytest.warns(CacheWarning, match="a column of the journey index can't be kept: No space left on device. It is held in memory"):
        assert events.funnel(*STEPS, breakdown="k").to_pandas()["count"].tolist()[:2] == [1000, 1000]
    assert not [*small_disk.rglob("columns/*.said"), *small_disk.rglob("columns/*.part")]
