"""Machines that numba compiles when they are first called: numba takes a tenth of a second to load, and most first charts need none."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

_lock = threading.RLock()


class Machine:
    """A function of a module that is compiled, with the machines that it calls, when it is first called.

    Parameters
    ----------
    function
        The function, in numba's part of Python.
    inline
        Put it into those that call it.
    borrows
        It makes no array, and counts no references to those that it is given: they are its caller's.
    """

    def __init__(self, function: Callable[..., Any], *, inline: bool = False, borrows: bool = False) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._options = {"cache": True, "nogil": True, "inline": "always" if inline else "never"}
        if borrows:
            self._options["_nrt"] = False  # no runtime allocation: `numba.core.extending.register_jitable` shows it
        self._made: Callable[..., Any] | None = None

    def __call__(self, *args: Any) -> Any:
        return self.made()(*args)

    def made(self) -> Callable[..., Any]:
        """Give numba's function, which then stands under its name, and under the names of those that it calls, in its module."""
        with _lock:
            if self._made is None:
                from numba import njit

                names = self._function.__globals__
                for name in self._function.__code__.co_names:
                    called = names.get(name)
                    if isinstance(called, Machine) and called is not self:
                        names[name] = called.made()
                self._made = njit(**self._options)(self._function)
                names[self._function.__name__] = self._made
            return self._made


def compiled(function: Callable[..., Any]) -> Machine:
    """Have a function compiled when it is first called; the compiled one is kept beside its file, and runs beside others in threads."""
    return Machine(function)


def inlined(function: Callable[..., Any]) -> Machine:
    """Have a function compiled into those that call it."""
    return Machine(function, inline=True)


def borrowing(function: Callable[..., Any]) -> Machine:
    """Have a function compiled that makes no array, and only uses those of its caller.

    For what is called event by event: counting the references to each array that it is given takes longer than a step of a queue.
    """
    return Machine(function, borrows=True)
