"""Work that makes objects by the hundred thousand that stay: Python's garbage collector would look through them again and again."""

from __future__ import annotations

import contextlib
import gc
import importlib
from collections.abc import Iterator
from types import ModuleType


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Have the garbage collector rest meanwhile."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def imported(name: str) -> ModuleType:
    """Import a module that brings a large library with it, such as Altair or ibis: it takes a quarter less time so."""
    with uncollected():
        return importlib.import_module(name)
