"""Answers made comparable: plain counts by what they are of. Figures must be equal, not near.

Ours come as frames; those of the yardsticks as rows, or as lines of CSV. Seconds of paths are whole microseconds over a count on
both sides, compared to a millionth of a second.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pandas as pd

from tests.benchmarks.generate import RANGE
from tests.benchmarks.sql import FIRST_WEEK

Rows = Sequence[Sequence[Any]]


def day_number(day: dt.date | pd.Timestamp | str) -> int:
    """Give a day as its number in the range."""
    return int((pd.Timestamp(day) - pd.Timestamp(RANGE[0])).days)


# ---------------------------------------------------------------------- ours
def steps_of(frame: pd.DataFrame) -> list[int]:
    """Give how many get to each step of a funnel."""
    return [int(n) for n in frame["count"]]


def parted_steps_of(frame: pd.DataFrame) -> dict[str, list[int]]:
    """Give how many get to each step, a breakdown value."""
    return {str(value): steps_of(rows) for value, rows in frame.groupby("breakdown_value")}


def days_of(frame: pd.DataFrame) -> dict[int, int]:
    """Give a figure a day, where it isn't zero."""
    return {day_number(row.bucket): int(row.value) for row in frame.itertuples() if row.value}


def parted_days_of(frame: pd.DataFrame) -> dict[tuple[int, str], int]:
    """Give a figure a day and breakdown value, where it isn't zero."""
    return {(day_number(row.bucket), row.breakdown_value): int(row.value) for row in frame.itertuples() if row.value}


def week_number(start: dt.date | pd.Timestamp) -> int:
    """Give a week as its number in the range."""
    return int((pd.Timestamp(start) - pd.Timestamp(FIRST_WEEK)).days) // 7


def cohorts_of(frame: pd.DataFrame) -> dict[tuple[int, int], int]:
    """Give how many of each week's cohort come back after so many weeks, where somebody does."""
    kept = frame[frame["count"] > 0]
    return {(week_number(c), int(i)): int(n) for c, i, n in zip(kept.cohort, kept.interval, kept["count"], strict=True)}


def statuses_of(frame: pd.DataFrame) -> dict[tuple[int, str], int]:
    """Give how many are what in each week, where somebody is."""
    return {(week_number(row.bucket), row.status): int(row.value) for row in frame.itertuples() if row.value}


def intervals_of(frame: pd.DataFrame) -> dict[int, int]:
    """Give how many did it on so many days, where somebody did."""
    return {int(row.intervals): int(row.value) for row in frame.itertuples() if row.value}


def edges_of(frame: pd.DataFrame) -> dict[tuple[int, str, str], tuple[int, float]]:
    """Give how often each edge of paths was taken, and the mean seconds."""
    return {
        (int(row.step), row.source, row.target): (int(row.value), round(row.average_conversion_seconds, 6)) for row in frame.itertuples()
    }


# ---------------------------------------------------------------------- the yardsticks'
def reached(csv: str, steps: int) -> list[int]:
    """Give how many get to each step, from windowFunnel's levels."""
    levels = [tuple(map(int, line.split(","))) for line in csv.split()]
    return [sum(n for level, n in levels if level >= step) for step in range(1, steps + 1)]


def days_of_csv(csv: str) -> dict[int, int]:
    """Give a figure a day."""
    pairs = (line.replace('"', "").split(",") for line in csv.split())
    return {day_number(day): int(n) for day, n in pairs}


def parted_days_of_rows(rows: Rows) -> dict[tuple[int, str], int]:
    """Give a figure a day and value."""
    return {(day_number(day), value): n for day, value, n in rows}


def one_row(rows: Rows) -> list[int]:
    """Give the figures of a single row."""
    return [int(n) for n in rows[0]]


def parted_rows(rows: Rows) -> dict[str, list[int]]:
    """Give the figures after a first column that names them."""
    return {value: [int(n) for n in rest] for value, *rest in rows}


def keyed(rows: Rows) -> dict[Any, int]:
    """Give the last column by the others."""
    return {(tuple(key) if len(key) > 1 else key[0]): int(n) for *key, n in rows}


def edges_of_rows(rows: Rows) -> dict[tuple[int, str, str], tuple[int, float]]:
    """Give the edges that a path leads to from its first place on: those that are drawn."""
    there: set[tuple[int, str]] = set()
    kept = {}
    for step, source, target, n, took in sorted(rows, key=lambda row: row[0]):
        if step == 1 or (step, source) in there:
            there.add((step + 1, target))
            kept[(step, source, target)] = (n, round(int(took) / n / 1_000_000, 6))
    return kept


# ---------------------------------------------------------------------- said slowly
def with_an_exclusion(rows: Iterable[Sequence[Any]], steps: Sequence[str], excluded: str, window: int) -> list[int]:
    """Take everybody through a funnel whose exclusion lies between its first step and its last, from its rules: one loop.

    `slots[s]` is the newest chain that did s steps: when it began, and whether it is void. The excluded event voids the chains that
    are on their way; who has nothing better than a void chain counts nowhere.
    """
    count = len(steps)
    found = [0] * (count + 1)
    number = {name: i + 1 for i, name in enumerate(steps)}
    whose, slots, best = None, [(-1, False)] * (count + 1), (0, -1, False)
    for person, t, name in [*rows, (None, 0, "")]:
        if person != whose:
            found[0 if best[2] else best[0]] += 1
            whose, slots, best = person, [(-1, False)] * (count + 1), (0, -1, False)
        if name == excluded:
            for s in range(1, count):
                began, void = slots[s]
                if began >= 0 and t - began <= window and slots[s + 1][0] != began and not void:
                    slots[s] = (began, True)
                    if best[0] == s and t - best[1] <= window:
                        best = (s, best[1], True)
            continue
        s = number.get(name, 0)
        began, void = (t, False) if s == 1 else slots[s - 1]
        if s == 0 or began < 0 or t - began > window or slots[s][0] == began:
            continue
        if s > best[0] or (s == best[0] and best[2]):
            best = (s, began, void)
        if not void:
            slots[s] = (began, False)
    return [sum(found[s:]) for s in range(1, count + 1)]


def by_days(plain: dict[Any, int]) -> dict[int, int]:
    """Give figures by the numbers of days as plain numbers."""
    return {int(day): int(n) for day, n in plain.items()}


Plain = Callable[[Any], Any]
