"""Events are seen as they come: each once, in order, also over sealing; bounded."""

from pathlib import Path

import pytest

import evkit as ek
from evkit import capture
from evkit.capture.storage import following
from evkit.errors import SpecError, StoreError
from evkit.notebook.live import MOST_AT_ONCE


def sent(store: capture.Store, *names: str, person: str = "ann", **properties: object) -> None:
    with ek.Client("phc_local", host=store) as client:
        for name in names:
            client.capture(distinct_id=person, event=name, properties=dict(properties))


def shown(message: dict) -> list[str]:
    return [e["event"] for e in message["events"]]


def test_what_comes_is_shown_newest_first_and_once(tmp_path: Path) -> None:
    with capture.Store(tmp_path / "events", background=False) as store:
        sent(store, "before")
        view = ek.watch(store)
        assert [e["event"] for e in view.first] == ["before"]
        sent(store, "a", "b")
        assert shown(view.look(0.0)) == ["b", "a"]
        assert shown(view.look(0.5)) == []
        sent(store, "c")
        store.seal()
        assert shown(view.look(1.0)) == ["c"]
        sent(store, "d")
        assert shown(view.look(1.5)) == ["d"]
        assert view.seen == 4
        view.stop()


def test_a_filter_shows_only_what_fits_and_counts_all(tmp_path: Path) -> None:
    with capture.Store(tmp_path / "events", background=False) as store:
        view = ek.watch(store)
        view.only(event="PLAY", person="an", text="jaws")
        sent(store, "movie_played", film="Jaws")
        sent(store, "movie_played", film="Alien")
        sent(store, "movie_played", person="bob", film="Jaws")
        message = view.look(0.0)
        assert len(message["events"]) == 1
        assert (message["a_minute"], message["rates"]) == (3, [("movie_played", 3)])
        view.pause(True)
        sent(store, "movie_played", film="Jaws")
        assert shown(view.look(1.0)) == []
        view.stop()


def test_counts_are_of_the_last_minute(tmp_path: Path) -> None:
    with capture.Store(tmp_path / "events", background=False) as store:
        view = ek.watch(store)
        sent(store, "a")
        assert view.look(0.0)["a_minute"] == 1
        sent(store, "a")
        assert view.look(59.0)["a_minute"] == 2
        assert view.look(60.0)["a_minute"] == 1
        assert view.look(120.0)["a_minute"] == 0
        view.stop()


def test_too_many_at_once_are_counted_not_shown(tmp_path: Path) -> None:
    with capture.Store(tmp_path / "events", background=False) as store:
        view = ek.watch(store)
        sent(store, *["a"] * (MOST_AT_ONCE + 7))
        message = view.look(0.0)
        assert (len(message["events"]), message["left_out"], message["seen"]) == (MOST_AT_ONCE, 7, MOST_AT_ONCE + 7)
        view.stop()


def test_a_flood_is_read_in_part_and_the_rest_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "MOST_BYTES", 5_000)
    with capture.Store(tmp_path / "events", background=False) as store:
        follower = following.Follower(store.folder)
        sent(store, *[f"e{i}" for i in range(100)])
        found = follower.news()
        assert 0 < len(found) < 100
        assert len(found) + follower.skipped == 100
        assert found[-1]["event"] == "e99"
        sent(store, "last")
        assert [row["event"] for row in follower.news()] == ["last"]
        follower.close()


def test_an_unfinished_line_waits_for_its_end(tmp_path: Path) -> None:
    with capture.Store(tmp_path / "events", background=False) as store:
        follower = following.Follower(store.folder)
        sent(store, "a")
        (file,) = (store.folder / "landing").iterdir()
        line = file.read_bytes()
        other = file.with_name("00000000000000000001-ffffffff.jsonl")
        other.write_bytes(line[:20])
        assert [row["event"] for row in follower.news()] == ["a"]
        other.write_bytes(line)
        assert [row["event"] for row in follower.news()] == ["a"]
        follower.close()


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store"):
        ek.watch(tmp_path / "nowhere")
    with pytest.raises(SpecError, match="42 can't be watched: give a store"):
        ek.watch(42)  # type: ignore[arg-type]
