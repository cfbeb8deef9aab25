"""Dates in filters: a filter's value and a property's text, both as instants."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir

from evkit.dates import grammar
from evkit.dates.instants import from_epoch_microseconds
from evkit.errors import SpecError

RELATIVE = re.compile(r"^-?(\d+)([hdwmMqysHDWQYS])$")
ISO = r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
SLASHES = r"^[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}"
DAY_FIRST = r"^([0-9]{1,2})[-/]([0-9]{1,2})[-/]([0-9]{4})(.*)$"
MAIL = r"^(?:[A-Za-z]{3}, ?)?([0-9]{1,2}) ([A-Za-z]{3}) ([0-9]{4}) ([0-9:]+)(?: ?(.*))?$"
SECONDS = r"^[0-9]{9,10}(\.[0-9]+)?$"
MILLISECONDS = r"^[0-9]{13}$"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def of_filter(text: str, *, now: dt.datetime, timezone: str) -> tuple[dt.datetime, bool]:
    """Read the value of a date filter: UTC without zone, and whether it is to be compared as wall clock of the project.

    Raises
    ------
    SpecError
        When it can't be read.
    """
    zone = ZoneInfo(timezone)
    match = RELATIVE.match(text)
    if match:
        unit = match[2] if match[2] in "mM" else match[2].lower()
        moved = grammar.shift(now.astimezone(zone), -int(match[1]), unit)
        return moved.astimezone(dt.UTC).replace(tzinfo=None), False
    seconds = re.match(SECONDS, text)
    if seconds or re.match(MILLISECONDS, text):
        value = float(text) if seconds else int(text) / 1000
        return dt.datetime.fromtimestamp(value, dt.UTC).replace(tzinfo=None), False
    day_first = re.match(DAY_FIRST, text)
    if day_first:
        text = f"{day_first[3]}-{int(day_first[2]):02}-{int(day_first[1]):02}{day_first[4]}"
    try:
        return grammar.absolute(text.replace("/", "-"), zone).astimezone(dt.UTC).replace(tzinfo=None), False
    except SpecError:
        raise SpecError(f"the date {text!r} of a filter can't be read: give ISO text, or a relative date such as '-7d'") from None


@ibis.udf.scalar.builtin(name="timezone")
def _duckdb_local_to_utc(zone: str, value: ibis.expr.datatypes.timestamp) -> ibis.expr.datatypes.Timestamp(timezone="UTC"): ...  # type: ignore[valid-type]


def of_property(value: ir.StringValue, *, timezone: str, wall_clock: bool, dialect: str) -> ir.TimestampValue:
    """Read a property's text as an instant, UTC without zone; null when it is no date that PostHog understands."""
    aware = ibis.expr.datatypes.Timestamp(timezone="UTC", scale=6)
    has_zone = value.re_search(r"(Z|[+-][0-9]{2}:?[0-9]{0,2})$") & value.re_search(r"[0-9]:[0-9]{2}")
    day_first = value.re_search(DAY_FIRST)
    turned = value.re_replace(DAY_FIRST, r"\3-\2-\1\4")
    plain = ibis.ifelse(day_first, turned, value.replace("/", "-"))
    is_iso = value.re_search(ISO) | value.re_search(SLASHES) | day_first
    with_zone = ibis.ifelse(is_iso & has_zone, plain, ibis.null("string")).try_cast(aware).cast("timestamp(6)")
    local = ibis.ifelse(is_iso & ~has_zone, plain, ibis.null("string")).try_cast("timestamp(6)")
    if timezone != "UTC" and dialect == "duckdb":
        local = _duckdb_local_to_utc(timezone, local).cast("timestamp(6)")
    seconds = ibis.ifelse(value.re_search(SECONDS), value, ibis.null("string")).cast("float64") * 1e6
    milliseconds = ibis.ifelse(value.re_search(MILLISECONDS), value, ibis.null("string")).cast("int64") * 1000
    unix = from_epoch_microseconds(seconds.round().cast("int64").coalesce(milliseconds), dialect=dialect)
    return with_zone.coalesce(local, mail_time(value, aware), unix)


def mail_time(value: ir.StringValue, aware: ibis.expr.datatypes.Timestamp) -> ir.TimestampValue:
    """Read a time as mail writes it: Wed, 02 Oct 2002 15:00:00 +0200."""
    month = value.re_extract(MAIL, 2)
    number = month.cases(*[(name, f"{i:02}") for i, name in enumerate(MONTHS, start=1)], else_="")
    offset = value.re_extract(MAIL, 5).re_replace(r"^([+-][0-9]{2})([0-9]{2})$", r"\1:\2")
    zone = ibis.ifelse(offset.isin(["", "GMT", "UTC", "Z"]), "+00:00", offset)
    text = value.re_extract(MAIL, 3) + "-" + number + "-" + value.re_extract(MAIL, 1).lpad(2, "0") + "T" + value.re_extract(MAIL, 4) + zone
    return ibis.ifelse(value.re_search(MAIL), text, ibis.null("string")).try_cast(aware).cast("timestamp(6)")
