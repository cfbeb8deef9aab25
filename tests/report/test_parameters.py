"""Parameters: wrong ones are told before anything runs, and how they are written."""

from pathlib import Path
from typing import Any

import nbformat.v4 as nb
import pytest

from evkit.errors import SpecError
from evkit.report.parameters import check, check_kind, check_paths, defaults, parameters


def notebook(source: str) -> Any:
    return nb.new_notebook(cells=[nb.new_code_cell(source, metadata={"tags": ["parameters"]})])


@pytest.mark.parametrize(
    ("default", "given", "said"),
    [
        ([], "movie_played", """write -p x='["movie_played"]'"""),
        (["a"], 3, "write -p x='[3]'"),
        ({}, "a", """write -p x='{"a": "b"}'"""),
        (8, "many", "is no number, which it is in n: write -p x=8"),
        (8, True, "is no number"),
        (False, 1, "is no true or false, which it is in n: write -p x=true"),
        ("", 2026, "is no text, which it is in n: write -r x=2026"),
    ],
)
def test_a_value_of_another_kind_than_its_default_is_refused(default: Any, given: Any, said: str) -> None:
    with pytest.raises(SpecError) as told:
        check_kind("n", "x", default, given)
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("default", "given"), [(None, "a"), ([], None), ([], ["a"]), ((), []), (8, 0.5), ("", "a"), (True, False), ({}, {"a": 1})]
)
def test_a_value_of_the_kind_of_its_default_is_taken_and_none_always(default: Any, given: Any) -> None:
    check_kind("n", "x", default, given)


def test_defaults_that_are_computed_are_of_any_kind() -> None:
    found = notebook("import os\na = os.environ.get('A')\nb: list = []\nc = d = 'x'\ne, f = 1, 2\ng = 1\ng = str(g)")
    assert defaults(found) == {"b": [], "c": "x", "d": "x", "e": None, "f": None}
    check(Path("n"), found, {"a": 3, "e": "text", "g": 4})
    with pytest.raises(SpecError, match="b 'x' is no list"):
        check(Path("n"), found, {"b": "x"})


@pytest.mark.parametrize("pair", ["store=", "store=  "])
def test_a_parameter_without_a_value_is_refused_and_an_empty_text_on_purpose_taken(pair: str) -> None:
    with pytest.raises(SpecError, match=r"has no value: was a variable of the shell not set\? An empty text on purpose is -r store="):
        parameters([pair])
    assert parameters([], ["store="]) == {"store": ""}


def test_a_path_that_is_there_where_one_stands_but_not_where_the_notebook_runs_is_refused(tmp_path: Path) -> None:
    here, folder = tmp_path, tmp_path / "nbs"
    for made in (folder / "own", here / "evs", here / "own"):
        made.mkdir(parents=True)
    (here / "evs" / "a.csv").touch()
    for text in ("evs/", "./evs", "evs/*.csv", "../" + here.name + "/evs"):
        with pytest.raises(SpecError) as told:
            check_paths({"store": text}, folder, here)
        assert f"the notebook runs in {str(folder)!r}, where there is no {text!r}; there is one in {str(here)!r}" in str(told.value)
    with pytest.raises(SpecError, match=f"Give its full path, '{here}/evs/a.csv'"):
        check_paths({"files": ["evs/a.csv"]}, folder, here)
    assert check_paths({"a": str(here / "evs"), "b": "own/", "c": "no/where", "d": "https://e.com/evs", "e": 3}, folder, here) == []
    assert check_paths({"store": "evs/"}, here, here) == []


def test_a_text_that_may_be_an_events_name_is_only_told(tmp_path: Path) -> None:
    (tmp_path / "signup").mkdir()
    (tmp_path / "nbs").mkdir()
    [said] = check_paths({"event": "signup"}, tmp_path / "nbs", tmp_path)
    assert "If that is meant, give its full path" in said
