"""Actions are picked from what autocapture saw, with figures that are those of the action, and written to a file."""

from pathlib import Path

import pandas as pd
import pytest

import evkit as ek
from evkit import capture
from evkit.errors import SpecError
from tests.notebook.test_live import sent


def test_what_is_picked_counts_what_was_shown(tmp_path: Path) -> None:
    events = ek.load_sample()
    picker = ek.pick_actions(events, tmp_path / "actions.yaml")
    number = next(i for i, e in enumerate(picker.elements) if "email" in e["name"])
    found = picker.options(number)
    first = found["options"][0]
    assert (first["selector"], first["fragility"]) == ("input#email", "stable")
    assert picker.add(number, 0, " typed an address ") == "typed an address"
    assert picker.save() == f"1 action written to {tmp_path / 'actions.yaml'}"
    (action,) = ek.read_actions(tmp_path / "actions.yaml")
    assert f"{int(events.trends(action, display='BoldNumber').to_pandas().value[0]):,}" == first["events"]
    assert picker.picked[0]["state"] == "alive"
    assert eval(picker.code.removeprefix("events = "), {"ek": ek, "events": events}).tables.settings.actions == {action.name: action}


def test_actions_of_the_file_are_checked_and_overlaps_told(tmp_path: Path) -> None:
    file = tmp_path / "actions.yaml"
    ek.save_actions(file, ek.Action("joined", ek.submitted(selector="form#join")))
    picker = ek.pick_actions(ek.load_sample(), file)
    assert [(r["name"], r["state"]) for r in picker.picked] == [("joined", "dead")]
    picker.add(0, 0, "one")
    picker.add(0, 0, "two")
    assert "two (100%)" in picker.picked[1]["overlaps"]
    picker.remove("joined")
    assert [r["name"] for r in picker.picked] == ["one", "two"]


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    picker = ek.pick_actions(ek.load_sample(), tmp_path / "actions.yaml")
    picker.add(0, 0, "one")
    for number, option, name, message in (
        (0, 0, "one", "an action is called 'one' already"),
        (0, 0, " ", "an action needs a name"),
        (0, 99, "two", "no way 99: the element has"),
        (10_000, 0, "two", "no element 10000"),
    ):
        with pytest.raises(SpecError, match=message):
            picker.add(number, option, name)
    plain = pd.DataFrame({"event": ["buy"], "distinct_id": ["ann"], "timestamp": ["2026-01-01"]})
    with pytest.raises(SpecError, match="there is nothing to pick from: no autocaptured event has an element"):
        ek.pick_actions(ek.from_frame(plain))


def test_an_action_is_made_of_an_element_that_was_watched(tmp_path: Path) -> None:
    chain = 'button:attr__data-attr="play"text="Play"nth-child="1"nth-of-type="1";div:nth-child="1"nth-of-type="1"'
    with capture.Store(tmp_path / "events", background=False) as store:
        view = ek.watch(store)
        sent(store, "$autocapture", **{"$event_type": "click", "$elements_chain": chain, "$current_url": "https://films.example/"})
        view.look(0.0)
        made = view.action(chain)
        assert made["code"].startswith("ek.Action(") and "[data-attr=" in made["code"]
        action = eval(made["code"], {"ek": ek})
        assert ek.open_store(store.folder).trends(action, display="BoldNumber").to_pandas().value[0] == 1
        with pytest.raises(SpecError, match="no such element was seen lately"):
            view.action("nothing")
        view.stop()
