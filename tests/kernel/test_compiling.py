"""Machines are compiled when they are first called, with those that they call."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numba.core.errors import TypingError

from evkit.kernel.compiling import Machine, borrowing, compiled


@compiled
def twice(x: int) -> int:
    return 2 * x


@compiled
def twice_all(x: np.ndarray) -> int:
    total = 0
    for i in range(len(x)):
        total += twice(x[i])
    return total


@compiled
def down(x: int) -> int:
    return 0 if x == 0 else 1 + down(x - 1)


@borrowing
def put(x: np.ndarray, i: int, value: int) -> int:
    x[i] = value
    return x[i:].sum()


@borrowing
def made(n: int) -> int:
    return np.zeros(n).sum()


@compiled
def put_all(n: int) -> int:
    made, total = np.zeros(n, np.int64), 0
    for i in range(n):
        total += put(made, i, n - i)
    return total


before = twice_all


def test_a_machine_and_those_it_calls_are_compiled_once_whoever_calls_first() -> None:
    assert isinstance(before, Machine) and before.__doc__ == twice_all.__doc__
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(before, [np.arange(4)] * 8)) == [12] * 8
    assert not isinstance(twice, Machine) and not isinstance(twice_all, Machine), "the compiled ones stand in their places"
    assert before.made() is twice_all
    assert down(5) == 5


def test_a_machine_that_borrows_uses_its_callers_arrays_and_makes_none() -> None:
    assert put_all(3) == 3 + 2 + 1
    given = np.zeros(3, np.int64)
    assert put(given, 1, 5) == 5 and given.tolist() == [0, 5, 0]
    with pytest.raises(TypingError):
        made(3)


def test_a_chart_of_plain_counts_loads_no_compiler() -> None:
    code = "import sys, evkit as ek; ek.load_sample().trends('movie_played').chart(); print('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
