"""The figures of trends from journeys: the maths that SQL says in `maths`, counted event by event where events are sorted already."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from evkit.dates import Range, cuts
from evkit.dates.buckets import LENGTHS
from evkit.dates.cuts import Cut, microseconds
from evkit.insights.trends import amounts, bins, maths
from evkit.insights.trends.parts import part
from evkit.insights.trends.quarters import quarters
from evkit.insights.trends.spec import Trends
from evkit.journeys.columns import Coded
from evkit.kernel import counting
from evkit.kernel.counting import Events
from evkit.kernel.placing import Placing
from evkit.model.journeys import IDS, PERSONS, SESSIONS, By
from evkit.model.tables import EventTables
from evkit.query.marks import Marks, anded, marks, names_of, together
from evkit.query.property_filters import ALL_USERS, PropertyFilter
from evkit.query.spec import Series

COUNTED = ("total", "dau", "unique_group", "unique_session", *maths.ACTIVE_DAYS, *maths.FIRST_TIME, *amounts.MATHS)
MOST_CELLS = 20_000_000
"""So many values by buckets are held at once; a question with more goes to the engine."""
MOST_AMOUNTS = 4_000_000
"""The same where several numbers are held of each."""
DAY = LENGTHS["day"]


@dataclass(frozen=True)
class Slice:
    """One series over one period, of everybody or of one cohort: `maths.Asked`, without an expression."""

    spec: Trends
    marks: Marks
    series: Series
    period: Range
    cohort: str | None
    math: str

    @property
    def index(self) -> tuple[np.ndarray, np.ndarray]:
        """Give the offsets and the times of the journeys."""
        return self.marks.index.offsets, self.marks.index.t

    @property
    def filters(self) -> tuple[PropertyFilter | None, ...]:
        """What events must pass beside the filters of series and question: being of the cohort."""
        return (PropertyFilter("id", self.cohort, type="cohort") if self.cohort not in (None, ALL_USERS) else None,)

    @property
    def hits(self) -> np.ndarray:
        """Give which events count, at any time."""
        return self.marks.series(self.series, self.spec.filters, *self.filters)

    def interval(self) -> str | None:
        """Give what time is cut into; None gives one figure over the whole range."""
        return None if self.spec.is_total else self.spec.interval

    def cut(self, interval: str | None, low: int, high: int) -> Cut | None:
        """Cut a range of time; None where there would be too many segments."""
        if interval is None:
            return Cut(np.array([low], np.int64), np.zeros(1, np.int32), np.zeros(1, np.int64))
        settings = self.marks.tables.settings
        return cuts.cut(interval, low, high, timezone=settings.timezone, week_start=settings.week_start)


def figures(spec: Trends, tables: EventTables, series: Series, period: Range, cohort: str | None) -> pd.DataFrame | None:
    """Give a series' figures as `maths.figures` has them: breakdown_value, bucket, value; None where the engine has to be asked."""
    math = maths.effective_math(series.math, spec.interval)
    if math not in COUNTED or bins.binned(spec.parts) or (math in maths.FIRST_TIME and series.counts_groups):
        return None
    series = series.indexed(tables.group_types) if series.group_type is not None else series
    found = marks(tables, whose(series, math, tables))
    if found is None:
        return None
    plain = plainly_counted(Slice(spec, found, series, period, cohort, math))
    if plain is not None:
        return plain
    asked = Slice(spec, found.only(names_of(series.subject)), series, period, cohort, math)
    if math in maths.FIRST_TIME:
        return of_first_times(asked)
    low, high, interval, reach = window(asked)
    if high < low:
        return framed(np.zeros((1, 1), np.int64), np.zeros(1, np.int64), [()], asked)
    hits, parts = asked.hits, values(asked, names_of(series.subject))
    if parts is None:
        return None
    codes, names = parts
    made = asked.cut(interval, low, high)
    if made is None:
        return None
    made = cut_consecutively(made, interval) if reach else made
    buckets = len(made.starts) + reach
    if len(names) * buckets > MOST_CELLS:
        return None
    offsets, t = asked.index
    events = Events(offsets, t, hits, low, high, Placing.of(made.edges, made.codes, high), len(made.starts), codes, len(names))
    starts = made.starts
    if math in amounts.MATHS:
        made_of = amounts.amounts(math, series, asked.marks, events) if events.sizes * events.buckets <= MOST_AMOUNTS else None
        return made_of if made_of is None else framed(made_of[0], starts, names, asked, there=made_of[1])
    if math == "total":
        counts = counting.totals(events)
    elif reach:
        counts = counting.active(events, reach, buckets)
        unit = LENGTHS[interval or "day"]
        starts = made.starts[0] + np.arange(buckets, dtype=np.int64) * unit
    elif math == "unique_session":
        without = without_session(asked, events)
        if without is None:
            return None
        counts = counting.distinct(events) + without
    elif spec.display == "ActionsLineGraphCumulative" and math not in maths.ACTIVE_DAYS:
        counts = counting.earliest(events)
    else:
        counts = counting.distinct(events)
    return framed(counts, starts, names, asked)


def plainly_counted(asked: Slice) -> pd.DataFrame | None:
    """Count an event that nothing else is asked about, from its counts by quarters of an hour; None for another question."""
    series, subject = asked.series, asked.series.subject
    if asked.math != "total" or asked.spec.parts or not isinstance(subject, str):
        return None
    known = quarters(asked.marks, subject) if not any(map(anded, (series.group, asked.spec.filters, *asked.filters))) else None
    low, high, interval, _ = window(asked)
    made = asked.cut(interval, low, high) if known is not None and low <= high else None
    counts = None if known is None or made is None else known.counts(made, high + 1)
    return None if made is None or counts is None else framed(counts[None, :], made.starts, [()], asked)


def without_session(asked: Slice, events: Events) -> np.ndarray | None:
    """Give 1 for each bucket in which an event counts that has no session: these count as one; None where the engine has to be asked."""
    tables, whole = asked.marks.tables, asked.marks.whole or asked.marks
    if len(whole.index) == tables.count:
        return np.zeros((1, 1), np.int64)
    found = marks(tables, IDS)
    if found is None or asked.spec.parts:
        return None
    with_one = np.zeros(whole.index.scanned, bool)
    with_one[whole.index.rows] = True
    hits = found.series(asked.series, asked.spec.filters, *asked.filters) & ~with_one[found.index.rows]
    counts = counting.totals(replace(events, offsets=found.index.offsets, t=found.index.t, hits=hits))
    without: np.ndarray = np.minimum(counts, 1)
    return without


def whose(series: Series, math: str, tables: EventTables) -> By:
    """Give whose journeys the figures are counted over."""
    if series.counts_groups and math not in maths.FIRST_TIME:
        return By("group", series.group_type_index)
    if math == "unique_session":
        return SESSIONS
    return By("distinct_id") if tables.settings.aggregate_by_distinct_id and math in ("dau", *maths.ACTIVE_DAYS) else PERSONS


def window(asked: Slice) -> tuple[int, int, str | None, int]:
    """Give the first and the last instant that count, what time is cut into, and in how many buckets somebody counts who was seen (0: in one)."""
    period, interval = asked.period, asked.interval()
    high = microseconds(period.end)
    if asked.math not in maths.ACTIVE_DAYS:
        by_actor = asked.math.endswith(maths.COUNT_PER_ACTOR)
        return microseconds(period.start if by_actor else period.lower), high, interval, 0
    days = maths.ACTIVE_DAYS[asked.math]
    if interval is None:
        return high - days * DAY, high, None, 0
    cut = interval if interval in maths.FINE else "day"
    return microseconds(period.start) - days * DAY, high, cut, days * maths.FINE.get(interval, ("D", 1))[1]


def cut_consecutively(made: Cut, interval: str | None) -> Cut:
    """Give a cut whose buckets follow each other without a gap: also those that no clock showed."""
    codes = ((made.starts - made.starts[0]) // LENGTHS[interval or "day"]).astype(np.int32)
    starts = made.starts[0] + np.arange(int(codes[-1]) + 1, dtype=np.int64) * LENGTHS[interval or "day"]
    return Cut(made.edges, codes[made.codes], starts)


def values(asked: Slice, names: frozenset[str] | None) -> tuple[np.ndarray, list[tuple[str, ...]]] | None:
    """Give the breakdown value of each event as a code, and the values; None where there are too many."""
    spec, said = asked.spec, list[Coded]()
    for ref in spec.parts:
        one = asked.marks.part(("trends", spec.breakdown_path_cleaning), ref, functools.partial(part, ref, spec=spec), names)
        if one is None:
            return None
        said.append(one)
    return together(said, asked.hits) if said else (np.zeros(0, np.int32), [()])


def of_first_times(asked: Slice) -> pd.DataFrame | None:
    """Count first times."""
    series = asked.series
    filters = (series.group, asked.spec.filters, *asked.filters)
    counts = asked.marks.hits(series.subject, *filters)
    looked_at = asked.marks.hits(series.subject) if series.math == "first_time_for_user" else counts
    low, high = microseconds(asked.period.lower), microseconds(asked.period.end)
    offsets, t = asked.index
    at = counting.first_times(offsets, t, looked_at, counts, low=low, high=high)
    at = at[at >= 0]
    parts = values(asked, names_of(series.subject))
    if parts is None:
        return None
    codes, names = parts
    if len(at) == 0:
        return framed(np.zeros((1, 1), np.int64), np.zeros(1, np.int64), [()], asked)
    made = asked.cut(asked.interval(), low, high)
    if made is None:
        return None
    bucket = made.codes[made.segments(t[at])]
    value = codes[at] if len(codes) else np.zeros(len(at), np.int64)
    width = len(made.starts)
    found = np.bincount(value.astype(np.int64) * width + bucket, minlength=len(names) * width).reshape(len(names), width)
    return framed(found, made.starts, names, asked)


def framed(
    counts: np.ndarray, starts: np.ndarray, names: list[tuple[str, ...]], asked: Slice, *, there: np.ndarray | None = None
) -> pd.DataFrame:
    """Give counts as rows, those that are nothing left out; or other figures, those where there is something."""
    value, bucket = np.nonzero(counts if there is None else there)
    if asked.cohort is not None:
        said: list[object] = [asked.cohort] * len(value)
    elif not asked.spec.parts:
        said = [None] * len(value)
    else:
        several = len(asked.spec.parts) > 1
        said = [names[v] if several else names[v][0] for v in value.tolist()]
    when = starts[bucket].astype("datetime64[us]") if asked.interval() is not None else np.full(len(value), "NaT", "datetime64[us]")
    return pd.DataFrame(
        {"breakdown_value": pd.Series(said, dtype=object), "bucket": when, "value": counts[value, bucket].astype(np.float64)}
    )
