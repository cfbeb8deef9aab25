"""The items of paths: who, when, and what the event is called."""

from __future__ import annotations

import functools
import operator as op
import re

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa

from evkit.dates import Range, Window
from evkit.dates.instants import instant
from evkit.insights.funnel import relation as funnels
from evkit.insights.funnel.spec import Funnel
from evkit.insights.funnel.walk import Walked, walk
from evkit.insights.paths.spec import Paths
from evkit.model.tables import EventTables
from evkit.query.filters import Matcher
from evkit.query.paths import cleaned_path
from evkit.query.property_filters import PropertyRef
from evkit.query.relation import relation
from evkit.query.spec import Series

EVER = np.iinfo(np.int64)
WINDOWS = ibis.schema({"follows": "string", "since": "int64", "until": "int64"})


def span(spec: Paths, tables: EventTables) -> Range:
    """Give the range whose events count; it begins at midnight (`lower`)."""
    return tables.resolve(spec.date_range, interval="day")


def matched(spec: Paths, tables: EventTables, *, named: bool = True) -> ir.Table:
    """Give the events that are items, a row an event: actor, t (microseconds), tie (arrival), uuid, item; without `named`, persons may go by any of their ids."""
    index = None if spec.funnel is None else funnels.group_index(spec.funnel, tables)
    aggregate_by = None if spec.funnel is None else spec.funnel.aggregate_by
    rows = relation(tables, spec.filters, spec.expression, Series(None, group_type_index=index), aggregate_by, named=named)
    matcher = Matcher(tables, rows)
    between = span(spec, tables)
    counts = matcher.filter(spec.filters) & (rows.timestamp >= instant(between.lower)) & (rows.timestamp <= instant(between.end))
    made = rows.mutate(actor=rows.person_id, tie=rows.arrival, item=item_of(spec, matcher))
    names = ["actor", "t", "tie", "uuid", "item"]
    if spec.funnel is not None:
        made = made.mutate(follows=funnels.actor_of(spec.funnel, index, matcher))
        made = made.filter(counts & included(spec, rows.event)).select(*names, "follows")
        windows = followed(spec, spec.funnel, tables, named=named)
        joined = made.inner_join(windows, made.follows == windows.follows)
        made = joined.filter((joined.t >= joined.since) & (joined.t <= joined.until)).select(*names)
    else:
        made = made.filter(counts & included(spec, rows.event)).select(*names)
    return made.filter(~made.item.isin(list(spec.exclude_events))) if spec.exclude_events else made


# ---------------------------------------------------------------------- items
def included(spec: Paths, event: ir.StringValue) -> ir.BooleanValue:
    """Say whether an event is of a type that is asked for."""
    tests = [(event == name).fill_null(False) for name in ("$pageview", "$screen") if name in spec.include_event_types]
    if "custom_event" in spec.include_event_types:
        tests.append((~event.startswith("$")).fill_null(False))
    return functools.reduce(op.or_, tests) if tests else ibis.literal(True)


def item_of(spec: Paths, matcher: Matcher) -> ir.StringValue:
    """Give what an event's item is called: address, screen, expression or name; cleaned, then put into groups."""
    event = matcher.rows.event
    item = matcher.value(spec.expression) if spec.expression is not None else event
    if spec.includes("$pageview"):
        url = matcher.value(PropertyRef("$current_url"))
        bare = ibis.ifelse(url.endswith("/") & (url != "/"), url.substr(0, url.length() - 1), url)
        item = ibis.ifelse(event == "$pageview", bare, item)
    if spec.includes("$screen"):
        item = ibis.ifelse(event == "$screen", matcher.value(PropertyRef("$screen_name")), item)
    item = item.fill_null("")
    project = matcher.tables.settings.path_cleaning_filters if spec.path_replacements else ()
    local = [{"regex": regex, "alias": alias} for regex, alias in spec.local_path_cleaning_filters]
    return grouped(cleaned_path(item, [*project, *local], dialect=matcher.dialect), spec.path_groupings)


def grouped(item: ir.StringValue, groupings: tuple[str, ...]) -> ir.StringValue:
    """Put the last grouping that is found in an item in its place."""
    if not groupings:
        return item
    tests = [(item.re_search(glob(text)).fill_null(False), ibis.literal(text)) for text in reversed(groupings)]
    return ibis.cases(*tests, else_=item)


def glob(text: str) -> str:
    r"""Give the regular expression of a text in which * is any text.

    Examples
    --------
    >>> print(glob("/a+b/*/c"))
    (?s)/a\+b/.*/c
    """
    return "(?s)" + ".*".join(re.escape(part) for part in text.split("*"))


# ---------------------------------------------------------------------- funnels
def followed(spec: Paths, funnel: Funnel, tables: EventTables, *, named: bool) -> ir.Table:
    """Give when the actors of a funnel's step are followed: follows (the actor), since, until (microseconds, both inside)."""
    found = windows(spec, walk(funnel, tables, named=named, numbered=False))
    return tables.keep("followed", pa.Table.from_pandas(found, schema=WINDOWS.to_pyarrow(), preserve_index=False), WINDOWS, by_content=True)


def windows(spec: Paths, walked: Walked) -> pd.DataFrame:
    """Find who did a step of the funnel, or was lost before it, and when they are followed: windows of one actor don't overlap.

    Returns
    -------
    DataFrame
        follows (the actor), since, until (microseconds, both inside); sorted by these.
    """
    funnel = walked.spec
    step = (spec.funnel_step or 1) - spec.funnel_dropped
    done = np.asarray((walked.reached.bits >> (step - 1)) & 1 == 1)
    if spec.funnel_dropped:
        done &= (walked.reached.bits >> step) & 1 == 0
    which = np.flatnonzero(done)
    at = walked.reached.times[which, step - 1]
    since, until = np.full(len(which), EVER.min), np.full(len(which), EVER.max)
    if spec.funnel_path_type == "funnel_path_after_step":
        since = at + (Window(funnel.window).microseconds if spec.funnel_dropped else 0)
    else:
        until = at
    if spec.funnel_path_type == "funnel_path_between_steps":
        since = walked.reached.times[which, step - 2]
    who = walked.sorted.actor_ids.take(pa.array(which))
    return merged(pd.DataFrame({"follows": who.to_pandas(), "since": since, "until": until}))


def merged(found: pd.DataFrame) -> pd.DataFrame:
    """Join the windows of an actor that overlap: a funnel parted by values may have several."""
    found = found.sort_values(["follows", "since", "until"], ignore_index=True)
    reach = found.groupby("follows").until.cummax().groupby(found.follows).shift()
    begins = reach.isna() | (found.since > reach)
    return found.groupby(begins.cumsum()).agg(follows=("follows", "first"), since=("since", "first"), until=("until", "max"))
