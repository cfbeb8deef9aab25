"""PostHog's cohorts <-> `Cohort`: fixed lists, and definitions over person properties, behaviour and other cohorts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from evkit.dates import DateRange
from evkit.errors import DataError, SpecError, UnsupportedQuery, unknown
from evkit.posthog.nodes import fields, filters, series
from evkit.query.behaviour import (
    COMPARISONS,
    UNITS,
    Behaviour,
    Condition,
    Conditions,
    FirstTime,
    Length,
    Performed,
    Regularly,
    Restarted,
    Sequence,
    Stopped,
    checked,
)  # fmt: skip
from evkit.query.property_filters import PropertyFilter
from evkit.query.spec import Action, Cohort

Actions = Mapping[int | str, Action]
ALIASES = {"performed_event_multiple_times": "performed_event_multiple"}
WINDOW = ("time_value", "time_interval", "explicit_datetime", "explicit_datetime_to")
ALWAYS = ("type", "key", "value", "event_type", "event_filters", "negation")
TIMES = ("operator", "operator_value")
RECENT = ("seq_time_value", "seq_time_interval")
ANSWERED: dict[str, tuple[str, ...]] = {
    "performed_event": WINDOW,
    "performed_event_multiple": (*WINDOW, *TIMES),
    "performed_event_first_time": WINDOW,
    "performed_event_regularly": ("time_value", "time_interval", *TIMES, "min_periods", "total_periods"),
    "performed_event_sequence": (*WINDOW, "seq_event", "seq_event_type", *RECENT),
    "stopped_performing_event": (*WINDOW, *RECENT),
    "restarted_performing_event": (*WINDOW, *RECENT),
}
"""Kinds of conditions on behaviour -> the fields that say something of them."""
LEFT = tuple(dict.fromkeys(field for known in ANSWERED.values() for field in known))
"""Fields that PostHog's form leaves behind in conditions of another kind, where they mean nothing."""
DRAWN = ("conditionHash", "bytecode", "bytecode_error", "label", "sort_key", "cohort_name", "rowId")
OLDEST = ("action_id", "event_id", "days", "count", "count_operator", "label", "id", "matchType", "name")
A_YEAR = 365
"""Days of the oldest conditions that name none, as in PostHog."""


# ---------------------------------------------------------------------- JSON -> spec
def from_json(value: Mapping[str, Any], actions: Actions | None = None) -> Cohort:
    """Give the cohort of PostHog's JSON.

    Parameters
    ----------
    actions
        The project's actions, which conditions name by their ids.

    Raises
    ------
    SpecError
        For a condition that PostHog refuses.
    DataError
        For a static cohort whose members are not in the JSON.
    UnsupportedQuery
        For a condition that evkit doesn't answer.
    """
    name, cohort_id = str(value.get("name") or value.get("id") or "cohort"), value.get("id")
    members = value.get("members")
    if members is None and value.get("is_static"):
        if value.get("count"):
            raise DataError(
                f"the static cohort {name!r} has {value['count']} members, and they are not in its JSON: give 'members', their distinct ids"
            )
        members = ()
    if members is not None:
        return Cohort(name, members=members, id=cohort_id)
    tree = value.get("definition") or value.get("filters") or ({"groups": value["groups"]} if value.get("groups") else None)
    if tree is None:
        tree = {k: value[k] for k in ("type", "values", "properties") if k in value}
    return Cohort(name, definition_from_json(tree, actions), id=cohort_id)


def definition_from_json(value: Any, actions: Actions | None = None) -> Conditions:
    """Give what members must meet: the tree of today, or the oldest list of groups."""
    if isinstance(value, Mapping) and "groups" in value:
        return Conditions("OR", tuple(_oldest(g, actions or {}) for g in value["groups"]))
    if isinstance(value, Mapping) and "properties" in value and "key" not in value:
        value = value["properties"]
    return Conditions.of(*_tree(value, actions or {}))


def _tree(value: Any, actions: Actions) -> list[Condition]:
    """Give conditions, to be AND-ed: of a group, a list, one condition, or the oldest {"key__operator": value}."""
    if value is None:
        return []
    if isinstance(value, (list, tuple)):
        return [one for v in value for one in _tree(v, actions)]
    if not isinstance(value, Mapping):
        raise SpecError(f"a condition of a cohort is an object with 'type' and 'key', not {value!r:.80}")
    if "values" in value and "key" not in value:
        inside = tuple(one for v in value["values"] or () for one in _tree(v, actions))
        return [Conditions(str(value.get("type") or "AND").upper(), inside)]
    if value.get("type") == "behavioral":
        return [behaviour_from_json(value, actions)]
    if "key" in value:
        of_person = {**value, "type": "person"} if value.get("type") in (None, "event", "person") else value
        return [checked(v) for v in filters.from_json(of_person).values]
    return [checked(v) for v in filters.from_json([{**_named(k), "value": v, "type": "person"} for k, v in value.items()]).values]


def _named(key: str) -> dict[str, str]:
    name, _, operator = key.partition("__")
    return {"key": name, "operator": operator or "exact"}


def _oldest(value: Mapping[str, Any], actions: Actions) -> Conditions:
    """Give one of the oldest groups: properties, or an event so many times in the last days."""
    if value.get("properties"):
        return Conditions("AND", tuple(_tree(value["properties"], actions)))
    key = value.get("action_id") or value.get("event_id")
    if not key:
        raise SpecError(f"a group of a cohort has 'properties', 'action_id' or 'event_id'; this one has none: {dict(value)!r:.200}")
    fields.check(value, "a group of a cohort", OLDEST)
    counted = value.get("count") not in (None, "", 0, "0")
    made = {
        "type": "behavioral", "key": key, "event_type": "actions" if value.get("action_id") else "events", "time_interval": "day",
        "time_value": value.get("days") or A_YEAR, "value": "performed_event_multiple" if counted else "performed_event",
    }  # fmt: skip
    times = {"operator": value.get("count_operator"), "operator_value": value["count"]} if counted else {}
    return Conditions("AND", (behaviour_from_json({**made, **times}, actions),))


def behaviour_from_json(value: Mapping[str, Any], actions: Actions) -> Behaviour:
    """Give a condition on behaviour.

    Raises
    ------
    SpecError
        For one that PostHog refuses: of an unknown kind, without a window, of an action that there isn't.
    UnsupportedQuery
        For a field that evkit doesn't answer.
    """
    kind = ALIASES.get(str(value.get("value")), value.get("value"))
    if kind not in ANSWERED:
        raise unknown("condition on behaviour", kind, ANSWERED)
    fields.check(value, str(kind), (*ALWAYS, *ANSWERED[kind]), (*DRAWN, *LEFT))
    subject = _subject(value, "key", "event_type", actions)
    given: dict[str, Any] = {"filters": filters.from_json(value.get("event_filters")), "negation": bool(value.get("negation"))}
    if kind == "performed_event_regularly":
        given |= {name: _whole(value, name) for name in ("min_periods", "total_periods")}
        return Regularly(subject, period=_length(value, "time"), times=_times(value), **given)
    given |= _window(value, str(kind))
    if kind == "performed_event_sequence":
        then = _subject(value, "seq_event", "seq_event_type", actions)
        return Sequence(subject, then=then, gap=_length(value, "seq_time"), **given)
    if kind == "performed_event_multiple":
        return Performed(subject, times=_times(value), **given)
    if kind in ("stopped_performing_event", "restarted_performing_event"):
        made: Callable[..., Behaviour] = Stopped if kind == "stopped_performing_event" else Restarted
        return made(subject, recent=_length(value, "seq_time"), **given)
    return Performed(subject, **given) if kind == "performed_event" else FirstTime(subject, **given)


def _subject(value: Mapping[str, Any], key: str, kind: str, actions: Actions) -> str | Action:
    """Give the event or action that a condition names."""
    named, of = value.get(key), value.get(kind)
    if of not in ("events", "actions"):
        raise unknown(f"{kind} of a condition on behaviour", of, ("events", "actions"))
    if named in (None, ""):
        raise SpecError(f"a condition on behaviour ({value.get('value')!r}) has no {key!r}: which event or action?")
    if of == "events":
        return str(named)
    found = next((a for i, a in actions.items() if str(i) == str(named)), None)
    if found is None:
        raise SpecError(f"no action {named!r}, which a cohort's condition names. Known: {', '.join(map(str, actions)) or 'none'}")
    return found


def _window(value: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Give the window of a condition; explicit dates win."""
    start, end = value.get("explicit_datetime"), value.get("explicit_datetime_to")
    if start:
        return {"date_range": DateRange(str(start), str(end) if end else None)}
    timed = value.get("time_value") not in (None, "")
    if end and not timed:
        raise SpecError(f"{kind} has only an end (explicit_datetime_to {end!r}): since when? Give explicit_datetime")
    if not timed and not value.get("time_interval"):
        raise SpecError(f"{kind} has no window: give time_value and time_interval, or explicit_datetime")
    return {"within": _length(value, "time")}


def _length(value: Mapping[str, Any], name: str) -> str:
    unit = value.get(f"{name}_interval")
    if unit not in UNITS:
        raise unknown(f"{name}_interval", unit, UNITS)
    return f"{_whole(value, f'{name}_value')} {unit}"


def _whole(value: Mapping[str, Any], name: str) -> int:
    """Give a number of 1 or more, which may come as text."""
    given = value.get(name)
    try:
        number = float(given) if isinstance(given, (str, int, float)) and not isinstance(given, bool) else 0.0
        n = int(number) if number.is_integer() else 0
    except (ValueError, OverflowError):
        n = 0
    if n < 1:
        raise SpecError(f"{value.get('value')}: {name} {given!r} is no whole number of 1 or more")
    return n


def _times(value: Mapping[str, Any]) -> tuple[str, int]:
    operator = value.get("operator") or "eq"
    known = {**{word: sign for sign, word in COMPARISONS.items()}, "exact": "=="}
    if operator not in known:
        raise unknown(f"operator of {value.get('value')}", operator, known)
    return known[operator], _whole(value, "operator_value")


# ---------------------------------------------------------------------- spec -> JSON
def to_json(cohort: Cohort) -> dict[str, Any]:
    """Give PostHog's JSON of a cohort.

    Raises
    ------
    UnsupportedQuery
        For a condition that PostHog has no words for.

    Examples
    --------
    >>> from evkit.query.builders import performed
    >>> to_json(Cohort("viewers", performed("movie_played", within="30 days"), id=7))["filters"]["properties"]["values"][0]["time_value"]
    30
    """
    made: dict[str, Any] = {"id": cohort.id, "name": cohort.name}
    if cohort.members is not None:
        return {**made, "is_static": True, "members": list(cohort.members)}
    return {**made, "filters": {"properties": condition_to_json(cohort.definition)}}


def condition_to_json(given: Condition) -> dict[str, Any]:
    """Give PostHog's JSON of a condition, or of a group."""
    if isinstance(given, Conditions):
        return {"type": given.op, "values": [condition_to_json(v) for v in given.values]}
    return filters.one_to_json(given) if isinstance(given, PropertyFilter) else behaviour_to_json(given)


def behaviour_to_json(given: Behaviour) -> dict[str, Any]:
    """Give PostHog's JSON of a condition on behaviour."""
    made: dict[str, Any] = {"type": "behavioral", "value": _kind(given), **_named_to_json(given.subject, "key", "event_type")}
    if isinstance(given, Regularly):
        made |= _length_to_json(given.period, "time") | {"min_periods": given.min_periods, "total_periods": given.total_periods}
    else:
        made |= _window_to_json(given)
    times = given.times if isinstance(given, (Performed, Regularly)) else None
    if times is not None:
        made |= {"operator": COMPARISONS[times[0]], "operator_value": times[1]}
    if isinstance(given, Sequence):
        made |= {**_named_to_json(given.then, "seq_event", "seq_event_type"), **_length_to_json(given.gap, "seq_time")}
    if isinstance(given, (Stopped, Restarted)):
        made |= _length_to_json(given.recent, "seq_time")
    if given.filters.values:
        made["event_filters"] = filters.as_list(given.filters)
    return {**made, "negation": given.negation}


def _kind(given: Behaviour) -> str:
    if isinstance(given, Performed):
        return "performed_event" if given.times is None else "performed_event_multiple"
    kinds = {
        FirstTime: "performed_event_first_time", Regularly: "performed_event_regularly", Sequence: "performed_event_sequence",
        Stopped: "stopped_performing_event", Restarted: "restarted_performing_event",
    }  # fmt: skip
    return kinds[type(given)]


def _named_to_json(subject: str | Action | None, key: str, kind: str) -> dict[str, Any]:
    if subject is None:
        raise UnsupportedQuery("PostHog's cohorts have no condition on any event: name an event or an action")
    if isinstance(subject, Action):
        return {key: series.action_id(subject), kind: "actions"}
    return {key: subject, kind: "events"}


def _length_to_json(given: str, name: str) -> dict[str, Any]:
    parts = Length(given)
    return {f"{name}_value": parts.n, f"{name}_interval": parts.unit}


def _window_to_json(given: Behaviour) -> dict[str, Any]:
    if given.date_range is None:
        return _length_to_json(str(given.within), "time")
    if given.date_range.bounds != "posthog":
        raise UnsupportedQuery(f"PostHog's cohorts have no window {given.when}, to the moment: give days, ('2026-01-01', '2026-01-31')")
    end = given.date_range.date_to
    return {"explicit_datetime": given.date_range.date_from, **({"explicit_datetime_to": end} if end else {})}
