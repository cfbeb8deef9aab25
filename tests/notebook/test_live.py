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


def test_a_view_that_was_stopped_and_one_of_a_stopped_collector_say_so(tmp_path: Path) -> None:
    collector = ek.collect(tmp_path / "events")
    view, of_folder = ek.watch(collector), ek.watch(tmp_path / "events")
    assert (view.note, view.over) == ("", "")
    collector.stop()
    view.look(0.0)
    assert view.note.startswith("The collector is stopped, nothing more comes from it: run the cell that starts it")
    assert ek.watch(collector).note == view.note
    of_folder.look(0.0)
    assert of_folder.note == ""  # others may write the folder
    with ek.collect(tmp_path / "events"):
        view.look(1.0)
        assert view.note == ""
    view.stop()
    assert view.over == "It was stopped, nothing more is shown: run the cell again to go on."


def test_what_stays_in_a_saved_notebook_are_the_newest_events(tmp_path: Path) -> None:
    with capture.Store(tmp_path / "events", background=False) as store:
        view = ek.watch(store)
        assert view._kept()["text/html"].endswith("None yet.</div></div>")
        sent(store, *[f"e{i}" for i in range(30)], person="<img>")
        view.look(0.0)
        kept = view._kept()
        lines = kept["text/plain"].splitlines()
        assert lines[0].startswith("The newest events of events, received until ")
        assert [text.split("  ")[1:3] for text in lines[1:]] == [[f"e{i}", "<img>"] for i in range(29, 9, -1)]
        assert "&lt;img&gt;" in kept["text/html"] and "<img" not in kept["text/html"]
        view.stop()
        assert ek.watch(store)._kept()["text/plain"].splitlines()[1:] == lines[1:]  # a view that begins with what was there


def test_clicked_texts_are_shown_as_people_saw_them(tmp_path: Path) -> None:
    with capture.Store(tmp_path / "events", background=False) as store:
        view = ek.watch(store)
        chain = r'button:attr_id="custom"nth-child="1"nth-of-type="1"text="capture(\"movie_played\")"'
        with ek.Client("phc_local", host=store) as client:
            client.capture("ann", "$autocapture", {"$event_type": "click", "$elements_chain": chain})
        (event,) = view.look(0.0)["events"]
        assert event["what"] == 'click button#custom “capture("movie_played")”'
        assert event["chain"] == chain
        view.stop()
