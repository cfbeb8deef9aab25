"""The questions: what we are asked, what the yardstick is, what ratio is aimed at, how the answers are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import evkit as ek
from tests.benchmarks import answers, sql
from tests.benchmarks.bench import FIRST_TIME, PARTED_BY, SIX, THREE, WINDOW, WINDOW_MICROSECONDS, Bench
from tests.benchmarks.measure import Quickest

Phase = Literal["cold", "build", "first", "warm"]
Ask = Callable[[Bench, int], Any]
"""Asks something of the bench; the number is that of the turn, from 0."""
VIEW, BACK = "$pageview", "product_viewed"
EXCLUDED = "event_3"
AHEAD = 1.0
"""The target where ours only has to be ahead."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A question and its yardstick.

    Parameters
    ----------
    name
        What is asked.
    phase
        "cold": without the index, persons known; "build": the index itself; "first": the index is there, but not this property;
        "warm": the index is there, and the question was asked once before. A new `Insight` is asked each time.
    ours, yardstick
        What is timed.
    against
        What the yardstick is, in words.
    target
        At most this share of the yardstick's time.
    plain, plain_yardstick
        Make the two answers comparable; without, there is no answer.
    expected
        Gives the answer where the yardstick is another question.
    """

    name: str
    phase: Phase
    ours: Ask
    yardstick: Ask
    against: str
    target: float
    plain: answers.Plain | None = None
    plain_yardstick: answers.Plain | None = None
    expected: Ask | None = None

    def checked(self, bench: Bench, turn: int = 0) -> str:
        """Ask both, and say whether the answers are equal; else how they differ."""
        ours, theirs = self.ours(bench, turn), self.yardstick(bench, turn)
        if self.plain is None or self.plain_yardstick is None:
            return ""
        found = self.plain(ours)
        wanted = self.plain_yardstick(self.expected(bench, turn) if self.expected else theirs)
        return "" if found == wanted else difference(found, wanted)


def difference(found: Any, wanted: Any) -> str:
    """Say how two answers differ."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        keys = [key for key in {**found, **wanted} if found.get(key) != wanted.get(key)]
        shown = "; ".join(f"{key}: {found.get(key)} for {wanted.get(key)}" for key in keys[:5])
        return f"{len(keys)} of {len({**found, **wanted})} figures differ: {shown}"
    return f"{found} for {wanted}"


class Once:
    """A yardstick of several ways, the quickest of which is found out once for each bench."""

    def __init__(self, ways: Callable[[Bench], list[Callable[[], Any]]], comparable: answers.Plain) -> None:
        self._ways, self._plain = ways, comparable
        self._found: dict[int, Quickest] = {}

    def __call__(self, bench: Bench, turn: int) -> Any:
        """Ask the quickest way."""
        if id(bench) not in self._found:
            self._found[id(bench)] = Quickest(self._ways(bench), self._plain)
        return self._found[id(bench)]()


def native(*queries: str, comparable: answers.Plain) -> Once:
    """Ask DuckDB's own tables, whichever way is the quickest."""
    return Once(lambda b: [lambda q=q: b.native.execute(q).fetchall() for q in queries], comparable)  # type: ignore[misc]


def of_clickhouse(comparable: answers.Plain, *names: str) -> Once:
    """Ask ClickHouse for daily people by whichever aggregate is the quickest."""
    return Once(lambda b: [lambda n=n: b.clickhouse.dau(n) for n in names], comparable)  # type: ignore[misc]


# ---------------------------------------------------------------------- cold
def funnel(*steps: str, **options: Any) -> Ask:
    """Ask a funnel."""
    return lambda b, _: b.events.funnel(*steps, window=WINDOW, **options).to_pandas()


def dau(b: Bench, _: int) -> Any:
    """Ask how many view pages, a day."""
    return b.events.trends(ek.series(VIEW, math="dau")).to_pandas()


def cold() -> list[Row]:
    """Questions without the index, from Parquet."""
    made = []
    for steps in (THREE, SIX):
        said = f"funnel of {len(steps)} steps"
        common: dict[str, Any] = {"phase": "cold", "ours": funnel(*steps), "plain": answers.steps_of}
        chain: Ask = lambda b, _, steps=steps: b.parquet.execute(sql.chain(b.path, steps)).fetchall()  # type: ignore[misc]  # noqa: E731
        levels: Ask = lambda b, _, steps=steps: b.clickhouse.funnel_of_parquet(steps)  # type: ignore[misc]  # noqa: E731
        csv = partial(answers.reached, steps=len(steps))
        made += [
            Row(name=said, yardstick=levels, against="ClickHouse windowFunnel, same Parquet", target=1.25, plain_yardstick=csv, **common),
            Row(name=f"{said}, plain path", yardstick=chain, against="DuckDB, pairwise chain, same Parquet", target=1.2, plain_yardstick=answers.one_row, **common),
        ]  # fmt: skip
    for who in ("polars", "pandas"):
        asked: Ask = lambda b, _, who=who: getattr(b.frames, f"{who}_funnel_of_parquet")(THREE)  # type: ignore[misc]  # noqa: E731
        counted = Once(lambda b, who=who: list(b.frames.dau_of_parquet(who)), answers.by_days)  # type: ignore[misc]
        made += [
            Row(name="funnel of 3 steps", phase="cold", ours=funnel(*THREE), yardstick=asked, against=f"{who}, same Parquet", target=AHEAD, plain=answers.steps_of, plain_yardstick=list),
            Row(name="daily people", phase="cold", ours=dau, yardstick=counted, against=f"{who}, same Parquet", target=AHEAD, plain=answers.days_of, plain_yardstick=answers.by_days),
        ]  # fmt: skip
    return made


# ---------------------------------------------------------------------- the index, and properties the first time
def sorting(b: Bench, _: int) -> Any:
    """Sort what the index holds into Parquet."""
    target = b.folder / "sorted.parquet"
    b.parquet.execute(sql.sorted_into(target, b.path))
    target.unlink()


def by_new_property(b: Bench, turn: int) -> Any:
    """Ask by a property that was not asked for before."""
    return b.events.trends(VIEW, breakdown=FIRST_TIME[turn]).to_pandas()


def built() -> list[Row]:
    """Building the index, then a property that it doesn't have yet."""
    return [
        Row(name="building the index", phase="build", ours=lambda b, _: b.prepare(), yardstick=sorting, against="DuckDB sorting the same columns into Parquet", target=1.5),
        Row(
            name="breakdown by a JSON property", phase="first", ours=by_new_property, against="DuckDB reading the JSON, same Parquet", target=1.2,
            yardstick=lambda b, turn: b.parquet.execute(sql.by_property(b.path, FIRST_TIME[turn])).fetchall(),
            plain=answers.parted_days_of, plain_yardstick=answers.parted_days_of_rows,
        ),
    ]  # fmt: skip


# ---------------------------------------------------------------------- warm
def against_clickhouse() -> list[Row]:
    """Funnels and daily figures beside ClickHouse's table."""
    made = []
    for steps in (THREE, SIX):
        levels: Ask = lambda b, _, steps=steps: b.clickhouse.funnel(steps)  # type: ignore[misc]  # noqa: E731
        csv = partial(answers.reached, steps=len(steps))
        made.append(Row(name=f"funnel of {len(steps)} steps", phase="warm", ours=funnel(*steps), yardstick=levels, against="ClickHouse windowFunnel, MergeTree", target=0.25, plain=answers.steps_of, plain_yardstick=csv))  # fmt: skip
    common: dict[str, Any] = {"phase": "warm", "against": "ClickHouse, MergeTree", "target": 0.5, "plain": answers.days_of}
    common["plain_yardstick"] = answers.days_of_csv
    people = of_clickhouse(answers.days_of_csv, "uniqExact", "groupBitmap")
    return [
        *made,
        Row(name="daily count", ours=lambda b, _: b.events.trends(VIEW).to_pandas(), yardstick=lambda b, _: b.clickhouse.count(), **common),
        Row(name="daily people", ours=dau, yardstick=people, **common),
    ]


def against_duckdb() -> list[Row]:
    """Everything else beside SQL by hand on DuckDB's own tables."""

    def row(name: str, ours: Ask, target: float, mine: answers.Plain, theirs: answers.Plain, *queries: str) -> Row:
        yardstick = native(*queries, comparable=theirs)
        return Row(name=name, phase="warm", ours=ours, yardstick=yardstick, against="DuckDB SQL, native table", target=target, plain=mine, plain_yardstick=theirs)  # fmt: skip

    parted: Ask = lambda b, _: b.events.trends(VIEW, breakdown=PARTED_BY).to_pandas()  # noqa: E731
    back: Ask = lambda b, _: b.events.retention(VIEW, BACK, period="week", total_intervals=8).to_pandas()  # noqa: E731
    life: Ask = lambda b, _: b.events.lifecycle(VIEW, interval="week").to_pandas()  # noqa: E731
    sticky: Ask = lambda b, _: b.events.stickiness(VIEW).to_pandas()  # noqa: E731
    ways: Ask = lambda b, _: b.events.paths(include_event_types=("custom_event",)).to_pandas()  # noqa: E731
    return [
        row("breakdown by a JSON property", parted, 0.1, answers.parted_days_of, answers.parted_days_of_rows, sql.by_property("texts", PARTED_BY)),
        row("retention of 8 weeks", back, 0.25, answers.cohorts_of, answers.keyed, *sql.retention(VIEW, BACK)),
        row("lifecycle by week", life, 0.25, answers.statuses_of, answers.keyed, *sql.lifecycle(VIEW)),
        row("stickiness by day", sticky, 0.25, answers.intervals_of, answers.keyed, *sql.stickiness(VIEW)),
        row("paths of custom events", ways, 0.25, answers.edges_of, answers.edges_of_rows, sql.paths()),
    ]  # fmt: skip


def kinds_of_funnels() -> list[Row]:
    """Other kinds of funnels beside the ordered one; their answers are checked by SQL, or said slowly."""

    def row(name: str, expected: Ask, theirs: answers.Plain, mine: answers.Plain = answers.steps_of, **options: Any) -> Row:
        return Row(name=f"funnel {name}", phase="warm", ours=funnel(*THREE, **options), yardstick=funnel(*THREE), against="our ordered funnel", target=3, plain=mine, plain_yardstick=theirs, expected=expected)  # fmt: skip

    def asked(query: str) -> Ask:
        return lambda b, _: b.native.execute(query).fetchall()

    def slowly(b: Bench, _: int) -> list[int]:
        con = b.native.execute(sql.walked(THREE, EXCLUDED))
        rows = (row for chunk in iter(lambda: con.fetchmany(100_000), []) for row in chunk)
        return answers.with_an_exclusion(rows, THREE, EXCLUDED, WINDOW_MICROSECONDS)

    exclusions = (ek.Exclusion(EXCLUDED, after=1, before=3),)
    first_touch = asked(sql.by_first_touch(THREE, PARTED_BY))
    return [
        row("with an exclusion", slowly, list, exclusions=exclusions),
        row("strict", asked(sql.strict(THREE)), answers.one_row, order_type="strict"),
        row("unordered", asked(sql.unordered(THREE)), answers.one_row, order_type="unordered"),
        row("by a JSON property", first_touch, answers.parted_rows, answers.parted_steps_of, breakdown=PARTED_BY),
    ]


def against_frames() -> list[Row]:
    """A funnel and daily people beside polars and pandas, whose frames were sorted once."""
    made = []
    for who in ("polars", "pandas"):
        asked: Ask = lambda b, _, who=who: getattr(b.frames, f"{who}_funnel")(THREE)  # type: ignore[misc]  # noqa: E731
        counted: Ask = lambda b, _, who=who: getattr(b.frames, f"{who}_dau")()  # type: ignore[misc]  # noqa: E731
        against = f"{who}, sorted frame in memory"
        made += [
            Row(name="funnel of 3 steps", phase="warm", ours=funnel(*THREE), yardstick=asked, against=against, target=AHEAD, plain=answers.steps_of, plain_yardstick=list),
            Row(name="daily people", phase="warm", ours=dau, yardstick=counted, against=against, target=AHEAD, plain=answers.days_of, plain_yardstick=answers.by_days),
        ]  # fmt: skip
    return made


def indexed() -> list[Row]:
    """What is asked in one process, in this order: the index is built, then used."""
    return [*built(), *against_clickhouse(), *against_duckdb(), *kinds_of_funnels(), *against_frames()]
