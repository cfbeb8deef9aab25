"""Examples in docstrings run; every public name says what it is."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import evkit

MODULES = [m.name for m in pkgutil.walk_packages(evkit.__path__, "evkit.") if not m.name.endswith("__main__") and "._data" not in m.name]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL)
    assert found.failed == 0


@pytest.mark.parametrize("name", [n for n in evkit.__all__ if n != "__version__"])
def test_a_public_name_is_explained(name: str) -> None:
    value = getattr(evkit, name)
    said = inspect.getdoc(value) or ""
    assert len(said) > 30
    if inspect.isclass(value) and not issubclass(value, Exception):
        methods = [m for k, m in vars(value).items() if inspect.isfunction(m) and not k.startswith("_")]
        assert [m.__name__ for m in methods if not inspect.getdoc(m)] == []
    if inspect.isfunction(value) and len(inspect.signature(value).parameters) > 1:
        assert "Parameters" in said, name
        assert "Examples" in said, name
