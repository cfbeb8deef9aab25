"""How a timeline is made: events, merges, property changes and sessions of one person or group, put in order."""

from __future__ import annotations

import ibis.expr.types as ir
import pandas as pd

from evkit import elements, properties
from evkit.dates.instants import instant
from evkit.errors import NotExpressible
from evkit.insights.funnel.relation import matched as relation_of_funnel
from evkit.insights.timeline.spec import Timeline
from evkit.model import persons, sessions
from evkit.model.tables import EventTables
from evkit.query.filters import Matcher
from evkit.query.relation import relation
from evkit.query.spec import Series

SAID = ("$event_type", "$pathname", "$current_url", "$screen_name")
PAGES = frozenset({"$pageview", "$pageleave", "$screen"})
COLUMNS = ["time", "kind", "what", "detail", "end", "distinct_id", "uuid", "step"]


def matched(spec: Timeline, tables: EventTables) -> ir.Table:
    """Give the events of the person or group: the columns of `EventTables.log`."""
    rows = relation(tables, spec.filters, Series(None, group_type_index=spec.group_type_index))
    mine = rows.person_id == spec.person_id if spec.person_id is not None else of_group(spec, tables, rows)
    kept = rows.filter(mine & Matcher(tables, rows).filter(spec.filters))
    if spec.date_range is None:
        return kept
    span = tables.resolve(spec.date_range, interval="day")
    return kept.filter((kept.timestamp >= instant(span.start)) & (kept.timestamp <= instant(span.end)))


def of_group(spec: Timeline, tables: EventTables, rows: ir.Table) -> ir.BooleanValue:
    """Say whether an event is of the group, or describes it."""
    said = lambda name: properties.text(rows.properties, name, dialect=tables.dialect)  # noqa: E731
    index = int(spec.group_type_index or 0)
    described = (
        (rows.event == "$groupidentify") & (said("$group_type") == tables.group_types[index]) & (said("$group_key") == spec.group_key)
    )
    return ((rows[f"group_{index}"] == spec.group_key) | described).fill_null(False)


def frame(spec: Timeline, tables: EventTables) -> pd.DataFrame:
    """Give what happened: see `Timeline` for the columns."""
    m = matched(spec, tables)
    said = {name: properties.text(m.properties, name, dialect=tables.dialect) for name in SAID}
    events = tables.execute(m.select("timestamp", "event", "distinct_id", "uuid", "elements_chain", **said))
    parts = [row_frame(events.timestamp, "event", events.event, details(events), events.distinct_id, events.uuid)]
    if spec.person_id is not None:
        found = tables.execute(sessions.sessions(m, tables.session_id(m.properties), dialect=tables.dialect))
        said = found.events.map(lambda n: "1 event" if n == 1 else f"{n} events")
        parts.append(row_frame(found.start, "session", found.session_id, said, None, None, found.end))
        if tables.replays_identity:
            parts += of_person(spec, tables, set(events.uuid))
    elif tables.groups is None:
        changed = tables.group_changes(int(spec.group_type_index or 0), str(spec.group_key))
        parts.append(property_rows(changed[changed.uuid.isin(set(events.uuid))]))
    made = pd.concat([p for p in parts if len(p)], ignore_index=True) if any(len(p) for p in parts) else parts[0]
    zone = tables.settings.timezone
    for column in ("time", "end"):
        made[column] = wall_clock(pd.to_datetime(made[column]), zone)
    made["step"] = steps(spec, tables, made)
    return made.sort_values(["time", "kind", "what", "uuid"], kind="stable", ignore_index=True)[COLUMNS]


def wall_clock(times: pd.Series, zone: str) -> pd.Series:
    """Give instants, UTC without a zone, as the wall clock of a zone."""
    return times.dt.tz_localize("UTC").dt.tz_convert(zone).dt.tz_localize(None)


def steps(spec: Timeline, tables: EventTables, made: pd.DataFrame) -> pd.Series:
    """Say of each event which step of the funnel laid over it is, from 1: the first it could be."""
    none = pd.Series(pd.NA, index=made.index, dtype="Int64")
    if spec.overlay is None:
        return none
    marked = relation_of_funnel(spec.overlay.replaced(breakdown=None), tables)
    wanted = set(made.uuid[made.kind == "event"].dropna())
    found = tables.execute(marked.filter(marked.uuid.isin(list(wanted)) & (marked.steps > 0)).select("uuid", "steps"))
    first = {uuid: (int(bits) & -int(bits)).bit_length() for uuid, bits in zip(found.uuid, found.steps, strict=True)}
    return none.where(made.kind != "event", made.uuid.map(first).astype("Int64"))


def details(events: pd.DataFrame) -> pd.Series:
    """Say more about each event: what was clicked, which page was seen; nothing of others."""
    chains = {chain: elements.from_chain(chain) for chain in events.elements_chain.dropna().unique()}
    made: list[str | None] = []
    for row in events.to_dict("records"):
        chain, kind = row["elements_chain"], row["$event_type"]
        if isinstance(chain, str) and chain:
            made.append(elements.in_words(chains[chain], kind if isinstance(kind, str) else ""))
        else:
            made.append(next((row[name] for name in SAID[1:] if isinstance(row[name], str)), None) if row["event"] in PAGES else None)
    return pd.Series(made, index=events.index, dtype="str")


def of_person(spec: Timeline, tables: EventTables, uuids: set[str]) -> list[pd.DataFrame]:
    """Give the merges and the property changes of a person whose identity was replayed."""
    rows = tables.persons_frame()
    mine = rows[rows.person_id == spec.person_id]
    ids = list(mine.distinct_ids.iloc[0]) if len(mine) else []
    log = tables.identity_log()
    log = log[(log.distinct_id.isin(ids) | log.other_distinct_id.isin(ids)) & (log.outcome != "nothing")]
    if spec.date_range is not None or spec.filters.values:
        log = log[log.uuid.isin(uuids)]
    words = log.other_distinct_id + ": " + log.reason
    changed = persons.changes(tables, ids)
    if spec.date_range is not None or spec.filters.values:
        changed = changed[changed.uuid.isin(uuids)]
    return [row_frame(log.timestamp, "merge", log.outcome, words, log.distinct_id, log.uuid), property_rows(changed)]


def property_rows(changed: pd.DataFrame) -> pd.DataFrame:
    """Give rows of property changes."""
    detail = changed.before.fillna("(none)").astype("str") + " \N{RIGHTWARDS ARROW} " + changed.after.fillna("(removed)").astype("str")
    return row_frame(changed.time, "property", changed.key, detail, None, changed.uuid)


def row_frame(
    time: pd.Series,
    kind: str,
    what: pd.Series,
    detail: pd.Series | None,
    distinct_id: pd.Series | None,
    uuid: pd.Series | None,
    end: pd.Series | None = None,
) -> pd.DataFrame:
    """Give rows of one kind."""
    empty = pd.Series([None] * len(time), dtype="str", index=time.index)
    return pd.DataFrame(
        {
            "time": time.astype("datetime64[us]"),
            "kind": kind,
            "what": what.astype("str"),
            "detail": empty if detail is None else detail.astype("str"),
            "end": pd.Series([pd.NaT] * len(time), dtype="datetime64[us]", index=time.index)
            if end is None
            else end.astype("datetime64[us]"),
            "distinct_id": empty if distinct_id is None else distinct_id.astype("str"),
            "uuid": empty if uuid is None else uuid.astype("str"),
        }
    )


def expression(spec: Timeline, tables: EventTables) -> ir.Table:
    """Raise: merges and property changes follow from replay.

    Raises
    ------
    NotExpressible
        Always; `matched()` gives the events.
    """
    raise NotExpressible(
        "merges and property changes are found by replaying events in arrival order: use matched() for the events, to_pandas() for all"
    )
