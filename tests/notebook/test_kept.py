"""What was built by hand is kept beside the notebook, and taken up where the cell begins as it did."""

from pathlib import Path

import pytest

from evkit.notebook.kept import Kept


def test_a_state_is_taken_up_by_the_same_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Kept("explorer", "cell-1", {"a": 1}).save({"b": 2})
    assert Kept("explorer", "cell-1", {"a": 1}).load() == {"b": 2}
    assert Kept("explorer", "cell-2", {"a": 1}).load() is None
    assert Kept("explorer", "cell-1", {"a": 9}).load() is None  # the arguments changed: they win


def test_without_a_cell_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Kept("explorer", None, {}).save({"b": 2})
    assert list(tmp_path.iterdir()) == []


def test_a_broken_file_and_a_read_only_folder_do_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kept = Kept("explorer", "cell", {})
    kept.save({"b": 2})
    assert kept.path is not None
    kept.path.write_text("{not json")
    assert Kept("explorer", "cell", {}).load() is None
    kept.path.write_text('["a list"]')
    assert Kept("explorer", "cell", {}).load() is None
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("evkit.notebook.kept.FOLDER", tmp_path / "file" / "within")
    Kept("explorer", "cell", {}).save({"b": 2})
