"""The store: what is acknowledged is there, once, whatever happens to it and to who reads it."""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
import re
import threading
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import evkit as ek
from evkit import cli
from evkit.capture import Store, message
from evkit.capture.storage import inspection, landing, manifest, segments, snapshot
from evkit.errors import CaptureError, DataError, RejectedRowsWarning, StoreError, StoreFull

NOW = dt.datetime(2026, 3, 4, 12, tzinfo=dt.UTC)


def sent(*names: str, days: int = 0, **fields: Any) -> list[message.Event]:
    """Give events; the uuid follows from the name."""
    at = NOW - dt.timedelta(days=days)
    return [
        message.events_of(
            {"event": name, "distinct_id": "u", "uuid": f"00000000-0000-7000-8000-{zlib.crc32(name.encode()):012x}", "timestamp": at.isoformat(), "properties": {"n": i}, **fields},
            received_at=NOW,
        )[0]
        for i, name in enumerate(names, start=1)
    ]  # fmt: skip


def stored(folder: Path) -> list[str]:
    return ek.open_store(folder).to_pandas().event.tolist()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "events"


def test_events_are_there_once_they_are_taken_in_the_order_of_arrival(folder: Path) -> None:
    with Store(folder) as store:
        store.append(sent("b"))
        store.append(sent("a", "c", days=9))
        frame = ek.open_store(folder).to_pandas()
        assert frame.event.tolist() == ["b", "a", "c"]
        assert json.loads(frame.properties[0]) == {"n": 1}
        assert store.tail(2).event.tolist() == ["c", "a"]
    assert stored(folder) == ["b", "a", "c"]
    assert repr(store) == f"<Store {str(folder)!r}, closed>"


def test_a_uuid_counts_once_also_when_the_retry_comes_after_sealing_or_in_another_week(folder: Path) -> None:
    with Store(folder) as store:
        store.append(sent("a"))
        store.append(sent("a"))
        assert store.seal() == 1
        store.append(sent("a"))
        store.append(sent("a", days=20))
        assert ek.open_store(folder).count() == 1
        store.seal()
        store.seal()
        assert ek.open_store(folder).count() == 1
        assert store.tail().timestamp.tolist() == [NOW.replace(tzinfo=None)]


def test_segments_are_a_week_each_and_sorted_by_event_and_time(folder: Path) -> None:
    with Store(folder) as store:
        store.append(sent("bb", "a", "b"))
        store.append(sent("c", days=3))  # 4 March is a Wednesday: three days before is the week of 23 February
        store.seal()
        names = sorted(p.name[:10] for p in (folder / "segments").iterdir())
        assert names == ["2026-02-23", "2026-03-02"]
        import pyarrow.parquet as pq

        table = pq.read_table(next((folder / "segments").glob("2026-03-02*")))
        assert table["event"].to_pylist() == ["a", "b", "bb"]
        assert table.column_names == [*segments.TYPES]
        assert os.listdir(folder / "landing") == []


def test_merging_keeps_every_event_and_what_a_reader_holds(folder: Path) -> None:
    with Store(folder) as store:
        for name in "abcd":
            store.append(sent(name))
            store.seal()
        reader = ek.open_store(folder)
        assert store.compact() == 3
        assert len(list((folder / "segments").iterdir())) == 5  # the reader still holds four
        assert sorted(reader.to_pandas().event) == sorted(stored(folder)) == ["a", "b", "c", "d"]
        del reader
        import gc

        gc.collect()
        store.seal()
        store.append(sent("e"))
        store.seal()
        assert len(list((folder / "segments").iterdir())) == 2


def test_a_reader_stays_at_its_moment_until_it_is_refreshed(folder: Path) -> None:
    with Store(folder) as store:
        store.append(sent("a"))
        events = ek.open_store(folder, timezone="Europe/London").filter(ek.event_prop("n") > 0)
        assert events.count() == 1
        store.append(sent("b"))
        store.seal()
        assert (events.count(), events.refresh().count()) == (1, 2)
        assert events.refresh().tables.settings.timezone == "Europe/London"
        assert events.refresh().trends("b").to_pandas().value.tolist() == [1]
        same = events.refresh()
        assert same.refresh().tables.source is same.tables.source
    with pytest.raises(DataError, match="don't come from a store"):
        ek.load_sample().refresh()


def test_autocaptured_elements_become_a_chain(folder: Path) -> None:
    with Store(folder) as store:
        store.append(sent("$autocapture", properties={"$elements": [{"tag_name": "a", "$el_text": "Go"}]}))
        store.append(sent("b", properties={"$elements_chain": 'button:text="x"'}))
    frame = ek.open_store(folder).to_pandas()
    assert (
        frame.elements_chain.tolist() == ['a:nth-child="0"nth-of-type="0"text="Go"', 'button:text="x"']
        or frame.elements_chain[1] == 'button:text="x"'
    )
    assert frame.elements_chain[0].startswith("a")


def test_two_writers_on_one_folder_lose_nothing_to_each_other(folder: Path) -> None:
    with Store(folder, seal_bytes=400) as first, Store(folder, seal_bytes=400) as second:

        def write(store: Store, letter: str) -> None:
            for i in range(60):
                store.append(sent(letter + str(i)))

        threads = [threading.Thread(target=write, args=given) for given in ((first, "a"), (second, "b"), (first, "c"))]
        for t in threads:
            t.start()
        seen = 0
        while any(t.is_alive() for t in threads):
            now = ek.open_store(folder).count()
            assert now >= seen  # at no moment is an event missing that was there before
            seen = now
        for t in threads:
            t.join()
        first.seal()
        second.seal()
    assert ek.open_store(folder).count() == 180
    assert Store(folder, background=False).verify().is_whole


def test_a_full_disk_keeps_nothing_of_the_request_and_works_again_when_there_is_room(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(folder) as store:
        store.append(sent("a"))
        real = os.write
        calls = iter([20, OSError(errno.ENOSPC, "No space left on device")])

        def write(handle: int, data: bytes) -> int:
            step = next(calls, None)
            if isinstance(step, OSError):
                raise step
            return real(handle, data[:step] if step else data)

        monkeypatch.setattr(os, "write", write)
        with pytest.raises(StoreFull, match=r"no room left for events in .*what was refused can be sent again"):
            store.append(sent("b"))
        monkeypatch.undo()
        assert stored(folder) == ["a"]
        assert store.verify().is_whole
        store.append(sent("b"))
        assert stored(folder) == ["a", "b"]


def test_a_failed_sync_is_no_acknowledgement(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(folder) as store:
        store.append(sent("a"))

        def fail(handle: int) -> None:
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(landing.locks, "sync_data", fail)
        with pytest.raises(StoreError, match="can't be written"):
            store.append(sent("b"))
        monkeypatch.undo()
        store.append(sent("c"))
        assert stored(folder) == ["a", "c"]


def test_a_torn_last_line_and_foreign_lines_are_set_aside_and_told(folder: Path) -> None:
    with Store(folder) as store:
        store.append(sent("a", "b"))
    file = next((folder / "landing").iterdir())
    whole = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(whole[0] + b'{"foreign": 1}\n' + b"\xff\xfe\n" + whole[1] + whole[1][:30])
    with pytest.warns(RejectedRowsWarning, match="2 rows are set aside"):
        assert stored(folder) == ["a", "b"]
    with Store(folder, background=False) as store:
        report = store.verify()
        assert (report.events, len(report.problems)) == (2, 3)
        assert any("unfinished line of 30 bytes" in p for p in report.problems)
        assert store.seal() == 2
        assert store.verify().is_whole
        told = store.warnings()
        assert told.kind.tolist() == ["set_aside"]
        assert "line 2: no line of a store" in told.detail[0] and "its last line is unfinished" in told.detail[0]
        assert next((folder / "aside").iterdir()).read_bytes().count(b"\n") == 3
    assert stored(folder) == ["a", "b"]


def test_foreign_files_are_moved_aside_and_remains_of_sealing_swept(folder: Path) -> None:
    with Store(folder, background=False) as store:
        (folder / "segments" / "mine.parquet").write_bytes(b"x")
        (folder / "landing" / "notes.txt").write_text("x")
        (folder / "segments" / "2026-03-02-000000000009-0123abcd.tmp").write_bytes(b"half")
        assert len(store.verify().problems) == 2
        store.append(sent("a"))
        store.seal()
        assert sorted(p.name[:9] for p in (folder / "aside").iterdir()) == ["mine.parq", "notes.txt"]
        assert [p.suffix for p in (folder / "segments").iterdir()] == [".parquet"]
        assert stored(folder) == ["a"]


def test_a_segment_that_was_cut_or_is_missing_is_an_error_that_names_it(folder: Path) -> None:
    with Store(folder, background=False) as store:
        store.append(sent("a"))
        store.seal()
        path = next((folder / "segments").iterdir())
        data = path.read_bytes()
        path.write_bytes(data[:-5])
        with pytest.raises(StoreError, match=f"{path.name} .* it was changed or cut"):
            ek.open_store(folder)
        assert not store.verify().is_whole
        path.unlink()
        with pytest.raises(StoreError, match=f"misses {path.name}"):
            ek.open_store(folder)
        assert "is missing: 1 events" in store.verify().problems[0]
        path.write_bytes(data)
        assert stored(folder) == ["a"]


def test_a_manifest_that_cannot_be_read_is_an_error_not_an_empty_store(folder: Path) -> None:
    with Store(folder, background=False) as store:
        store.append(sent("a"))
        store.seal()
        manifest.path_of(folder / "manifest", manifest.numbers(folder / "manifest")[-1]).write_text("{}")
        with pytest.raises(StoreError, match="can't be read"):
            ek.open_store(folder)
        assert not store.verify().is_whole


def test_what_is_no_store_and_cannot_be_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store"):
        ek.open_store(tmp_path / "nothing")
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="is a file: a store is a folder"):
        Store(tmp_path / "file")
    with pytest.raises(StoreError, match="can't be made or written"):
        Store(tmp_path / "file" / "below")
    with pytest.raises(StoreError, match="holds other things"):
        Store(tmp_path)
    with pytest.raises(StoreError, match="is no store, but a folder"):
        ek.open_store(tmp_path)


def test_a_closed_store_takes_nothing(folder: Path) -> None:
    store = Store(folder)
    store.close()
    with pytest.raises(StoreError, match="is closed"):
        store.append(sent("a"))
    store.close()


def test_several_threads_share_syncs_and_each_is_answered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    real = landing.locks.sync_data
    monkeypatch.setattr(landing.locks, "sync_data", lambda handle: (synced.append(handle), real(handle))[1])
    with Store(folder) as store:
        waiting = [store.submit(sent(f"e{i}")) for i in range(300)]
        for one in waiting:
            one.result(10)
        assert ek.open_store(folder).count() == 300
    assert len(synced) < 300


def test_sealing_in_the_background_happens_by_size(folder: Path) -> None:
    with Store(folder, seal_bytes=1) as store:
        store.append(sent("a"))
        for _ in range(200):
            if snapshot.take(folder).segments:
                break
            threading.Event().wait(0.05)
        assert stored(folder) == ["a"]
    assert len(snapshot.take(folder).segments) == 1


def test_all_of_it_in_one_file(folder: Path, tmp_path: Path) -> None:
    from evkit.capture.storage import inspection

    with Store(folder) as store:
        store.append(sent("a"))
        store.seal()
        store.append(sent("a", "b"))
    for name in ("all.parquet", "all.jsonl"):
        assert inspection.export(folder, tmp_path / name) == 2
        assert ek.read(tmp_path / name).to_pandas().event.tolist() == ["a", "b"]
    with pytest.raises(StoreError, match=r"ends neither in \.parquet nor in \.jsonl"):
        inspection.export(folder, tmp_path / "all.csv")


def test_the_largest_event_is_bounded(folder: Path) -> None:
    with Store(folder) as store:
        with pytest.raises(CaptureError, match=r"has 1,0.* bytes as JSON: an event has at most 1,000,000"):
            store.append(sent("a", properties={"x": "y" * 1_000_000}))
        store.append(sent("a", properties={"x": "y\x00", "\x00": ["\x00"]}))
        assert json.loads(ek.open_store(folder).to_pandas().properties[0]) == {"x": "y\ufffd", "\ufffd": ["\ufffd"]}


def test_a_store_without_events_can_be_asked_and_tailed(folder: Path) -> None:
    with Store(folder) as store:
        assert (ek.open_store(folder).count(), len(store.tail()), store.verify().events) == (0, 0, 0)
        store.seal()
        assert ek.open_store(folder).count() == 0


def test_the_newest_events_are_told_once_each(folder: Path) -> None:
    with Store(folder) as store:
        store.append(sent("a", "b"))
        store.seal()
        store.append(sent("c"))
        store.append(sent("a"))  # sent again: it arrived long ago
        assert store.tail(2).event.tolist() == ["c", "b"]
        assert store.tail(9).event.tolist() == ["c", "b", "a"]


@pytest.mark.parametrize(
    "foreign",
    [
        ("timestamp", "2026-W09-7T10:00:00"), ("timestamp", "infinity"), ("timestamp", 5), ("arrival", 10**30), ("arrival", None), ("properties", {"x": "\ud800"}),
        ("properties", "text"), ("uuid", None),
    ],
    ids=str,
)  # fmt: skip
def test_a_line_that_one_reader_takes_and_another_does_not_takes_no_event_with_it(folder: Path, foreign: tuple[str, Any]) -> None:
    with Store(folder) as store:
        store.append(sent("a", "b"))
    line = json.loads(next((folder / "landing").iterdir()).read_bytes().splitlines()[0])
    (folder / "landing" / "99999999999999999999-00000000.jsonl").write_text(
        json.dumps({**line, "uuid": "x", foreign[0]: foreign[1]}) + "\n"
    )
    with pytest.warns(RejectedRowsWarning):
        assert set(stored(folder)) >= {"a", "b"}
    with Store(folder, background=False) as store:
        assert store.seal() >= 2
        assert store.verify().is_whole
        assert set(stored(folder)) >= {"a", "b"}
        assert os.listdir(folder / "landing") == []


def test_the_file_of_a_writer_that_has_just_begun_is_never_called_sealed(folder: Path) -> None:
    with Store(folder, background=False) as store:
        begun = folder / "landing" / "00000000000000000001-00000000.jsonl"
        begun.touch()
        store.append(sent("a"))
        store.seal()
        assert not begun.exists()  # its writer sees that, and takes another
        assert begun.name not in manifest.latest(folder / "manifest").sealed


def test_a_submission_cannot_be_cancelled_once_it_is_on_its_way(folder: Path) -> None:
    with Store(folder) as store:
        waiting = store.submit(sent("a"))
        assert not waiting.cancel()
        waiting.result(10)
        store.append(sent("b"))
        assert stored(folder) == ["a", "b"]


def test_what_goes_wrong_after_the_disk_has_an_event_is_told_and_no_refusal(folder: Path) -> None:
    def fail(lines: bytes) -> None:
        raise ValueError("elsewhere")

    with Store(folder, on_durable=fail) as store:
        store.append(sent("a"))
        assert stored(folder) == ["a"]
        assert store.warnings().detail.tolist() == ["ValueError: elsewhere"]


def test_a_store_in_use_is_whole_at_every_moment(folder: Path) -> None:
    with Store(folder, background=False) as store:
        done = threading.Event()

        def work() -> None:
            for i in range(60):
                store.append(sent(f"e{i}"))
                store.seal()
                if i % 7 == 0:
                    store.compact()
            done.set()

        thread = threading.Thread(target=work)
        thread.start()
        while not done.is_set():
            report = store.verify()
            assert report.is_whole, report.problems
        thread.join()
        assert store.verify().events == 60


def test_folders_and_odd_names_in_a_store_stop_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "a\\b'c"
    with Store(folder, background=False) as store:
        store.append(sent("a"))
        (folder / "landing" / "x.jsonl").mkdir()
        assert stored(folder) == ["a"]
        store.seal()
        store.append(sent("b"))
        assert (stored(folder), store.tail(1).event.tolist()) == (["a", "b"], ["b"])


def test_a_client_loses_only_the_event_that_its_store_refuses() -> None:
    class Particular:
        """A store of the user's own that refuses some events."""

        def __init__(self) -> None:
            self.kept: list[str] = []

        def append(self, events: Sequence[message.Event]) -> None:
            if any(e.event == "bad" for e in events):
                raise CaptureError("not this one")
            self.kept += [e.event for e in events]

    store = Particular()
    client = ek.Client("phc_k", host=store)
    for i in range(21):
        client.capture("u", "bad" if i == 7 else "good")
    assert not client.flush()
    client.shutdown()
    assert store.kept == ["good"] * 20
    assert client.stats().refused == 1


def test_a_chain_that_is_made_of_elements_makes_no_event_too_large(folder: Path) -> None:
    elements = [{"tag_name": "a", "$el_text": "x" * 390, "attributes": {"attr__title": "y" * 390}} for _ in range(900)]
    with Store(folder) as store:
        client = ek.Client("phc_k", host=store)
        client.capture("u", "$autocapture", {"$elements": elements})
        assert client.flush()
        client.shutdown()
    row = ek.open_store(folder).to_pandas().iloc[0]
    assert len(row.properties) < 1_000_000 < len(row.properties) + len(row.elements_chain)


def flip(path: Path, first: float, last: float) -> None:
    """Damage a part of a file, and leave its size."""
    data = bytearray(path.read_bytes())
    for i in range(int(len(data) * first), int(len(data) * last)):
        data[i] ^= 0xFF
    path.write_bytes(data)


@pytest.mark.parametrize("where", [(0.1, 0.5), (0.95, 1.0), (0.0, 1.0)], ids=["its data", "its end", "all of it"])
def test_a_damaged_segment_is_named_whoever_reads_it(
    folder: Path, tmp_path: Path, where: tuple[float, float], capsys: pytest.CaptureFixture[str]
) -> None:
    with Store(folder, background=False) as store:
        for i in range(2):
            store.append(sent(*[f"e{n}" for n in range(i * 50, i * 50 + 50)]))
            store.seal()
    path = sorted((folder / "segments").iterdir())[0]
    flip(path, *where)
    named = re.escape(f"segments/{path.name} of the store") + r".*can't be read.*evkit store verify"
    reads: list[Callable[[], Any]] = [
        lambda: ek.open_store(folder).to_pandas(),
        lambda: ek.open_store(folder).trends("e0").to_pandas(),
        lambda: inspection.tail(folder, 100),
        lambda: inspection.export(folder, tmp_path / "all.parquet"),
        lambda: inspection.export(folder, tmp_path / "all.jsonl"),
        lambda: Store(folder, background=False).compact(),
    ]
    for read in reads:
        with pytest.raises(StoreError, match=named):
            read()
    if where[1] == 1.0:
        with pytest.raises(StoreError, match=named):
            ek.open_store(folder).count()
    for command in (["tail", str(folder), "--once"], ["store", "compact", str(folder)]):
        assert cli.main(command) == 1
        assert path.name in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir()) == [folder.name]
    assert path.name in inspection.verify(folder).problems[0]


def test_compacting_a_store_that_misses_a_segment_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store(folder, background=False) as store:
        store.append(sent("a"))
        store.seal()
    (path,) = (folder / "segments").iterdir()
    path.unlink()
    assert cli.main(["store", "compact", str(folder)]) == 1
    said = capsys.readouterr()
    assert (said.out, path.name in said.err, "evkit store verify" in said.err) == ("", True, True)
