"""Importing large libraries: they make a hundred thousand objects that stay, which Python's garbage collector would look through again and again."""

from __future__ import annotations

import contextlib
import gc
import importlib
from collections.abc import Iterator
from types import ModuleType


def module(name: str) -> ModuleType:
    """Import a module that brings a large library with it."""
    with uncollected():
        return importlib.import_module(name)


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Have the garbage collector rest: importing Altair, pandas and ibis takes a quarter less time then."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
