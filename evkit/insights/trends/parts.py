"""What parts the figures of trends: a breakdown's value of an event."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from evkit.insights.trends.spec import NO_VALUE, Trends
from evkit.query.filters import Matcher
from evkit.query.paths import cleaned_path
from evkit.query.property_filters import PropertyRef


def part(ref: PropertyRef, matcher: Matcher, spec: Trends) -> ir.Value:
    """Give one breakdown's value: as text, a missing, null or empty one as `NO_VALUE`; as a number where it is put into bins."""
    if ref.histogram_bin_count:
        return matcher.number(ref)
    value = matcher.value(ref)
    if matcher.tables.settings.property_types.get((ref.type, ref.key)) == "Boolean":
        value = ibis.ifelse(value.isin(["true", "false"]), value, ibis.null("string"))
    if ref.type == "session":
        value = value.fill_null("0")
    if spec.breakdown_path_cleaning:
        value = cleaned_path(value, matcher.tables.settings.path_cleaning_filters, dialect=matcher.dialect)
    if ref.normalize_url:
        bare = value.re_replace("[/?#]+$", "")
        value = ibis.ifelse((bare == "") & (value != ""), "/", bare)
    return value.nullif("").fill_null(NO_VALUE)
