"""Wrong questions, each with its exact message: what was wrong, with which value, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import evkit as ek
from evkit.errors import EvkitError

F, T, S, E = ek.Funnel, ek.Trends, ek.series, ek.Exclusion
MATHS = (
    "total, dau, weekly_active, monthly_active, unique_group, unique_session, first_time_for_user, first_time_for_user_with_filters, "
    "first_matching_event_for_user, sum, avg, min, max, median, p75, p90, p95, p99, avg_count_per_actor, min_count_per_actor, max_count_per_actor, "
    "median_count_per_actor, p75_count_per_actor, p90_count_per_actor, p95_count_per_actor, p99_count_per_actor"
)
UNITS = "second, minute, hour, day, week, month"
DISPLAYS = (
    "ActionsLineGraph, ActionsLineGraphCumulative, ActionsAreaGraph, ActionsBar, ActionsUnstackedBar, ActionsStackedBar, BoldNumber, ActionsPie, "
    "ActionsBarValue, ActionsTable, WorldMap, CalendarHeatmap"
)
OPERATORS = (
    "exact, is_not, icontains, not_icontains, regex, not_regex, gt, gte, lt, lte, min, max, between, not_between, in, not_in, is_set, is_not_set, "
    "is_date_exact, is_date_before, is_date_after, semver_eq, semver_neq, semver_gt, semver_gte, semver_lt, semver_lte, semver_tilde, semver_caret, "
    "semver_wildcard"
)
TIGHTER = "{} binds tighter than a comparison: put parentheses around each comparison, as in (ek.event_prop('plan') == 'pro') {} (ek.event_prop('price') > 10)"
TYPED: dict[str, tuple[Callable[[], Any], str]] = {
    "one step": (lambda: F("a"), "a funnel of 1 step: give 2 to 60"),
    "no step": (lambda: F(), "a funnel of 0 steps: give 2 to 60"),
    "steps in a list": (lambda: F(["a", "b"]), "the steps came as a list: give them one by one, as in events.funnel(*names)"),
    "a window without unit": (lambda: F("a", "b", window=14), f"window 14 has no unit: write '14 days' ({UNITS})"),
    "a window in letters": (lambda: F("a", "b", window="14m"), f"window '14m' can't be read: write a number and one of {UNITS}, such as '14 days'"),
    "a window of nothing": (lambda: F("a", "b", window="0 days"), "window '0 days' is empty: write at least '1 second'"),
    "a window as timedelta": (lambda: F("a", "b", window=pd.Timedelta("2h")), "window Timedelta('0 days 02:00:00') is a timedelta: write '7200 seconds'"),
    "an unknown order": (lambda: F("a", "b", order_type="orderd"), "unknown order_type 'orderd'. Did you mean 'ordered'? One of: ordered, strict, unordered"),
    "an unknown viz": (lambda: F("a", "b", viz_type="step"), "unknown viz_type 'step'. Did you mean 'steps'? One of: steps, trends, time_to_convert"),
    "an unknown attribution": (
        lambda: F("a", "b", breakdown_attribution="first"),
        "unknown breakdown_attribution 'first'. Did you mean 'first_touch'? One of: first_touch, last_touch, all_events, step",
    ),
    "an exclusion outside": (lambda: F("a", "b", exclusions=(E("x", after=1, before=3),)), "an exclusion before step 3: the funnel has 2 steps"),
    "an exclusion backwards": (lambda: E("x", after=2, before=2), "an exclusion after step 2 and before step 2: the second must be later"),
    "an exclusion from 0": (lambda: E("x", after=0, before=1), "an exclusion after step 0: steps count from 1"),
    "an exclusion that is a step": (
        lambda: F("a", "b", exclusions=(E("b", after=1, before=2),)),
        "the exclusion 'b' is a step of the funnel in its own range: nobody could convert",
    ),
    "half an exclusion in any order": (
        lambda: F("a", "b", "c", order_type="unordered", exclusions=(E("x", after=1, before=2),)),
        "an exclusion of an unordered funnel is from its first to its last step: after=1, before=3",
    ),
    "steps backwards": (lambda: F("a", "b", "c", from_step=3, to_step=2), "from_step 3 to to_step 2: the second must be later"),
    "a step that is not there": (lambda: F("a", "b", to_step=3), "to_step 3: the steps of this funnel count from 1 to 2"),
    "no bins": (lambda: F("a", "b", viz_type="time_to_convert", bin_count=0), "bin_count 0: give 1 to 90 bins, or None to have them chosen"),
    "too many bins": (
        lambda: F("a", "b", viz_type="time_to_convert", bin_count=91),
        "bin_count 91: give 1 to 90 bins, or None to have them chosen",
    ),
    "bins of steps": (lambda: F("a", "b", bin_count=3), "bin_count 3 is for viz_type 'time_to_convert', not 'steps'"),
    "half a bin": (lambda: F("a", "b", viz_type="time_to_convert", bin_count=2.5), "bin_count 2.5 is no whole number"),
    "a limit in letters": (lambda: T("a", breakdown="p", breakdown_limit="3"), "breakdown_limit '3' is no whole number"),
    "half a smoothing": (lambda: T("a", smoothing_intervals=1.5), "smoothing_intervals 1.5 is no whole number"),
    "half an exclusion": (lambda: E("x", after=1.5, before=2), "after 1.5 is no whole number"),
    "an exclusion that is text": (
        lambda: F("a", "b", exclusions=("x",)),
        "'x' is no exclusion: write ek.Exclusion('refunded', after=1, before=2)",
    ),
    "an exclusion of anything": (
        lambda: F("a", "b", exclusions=(E(None, after=1, before=2),)),
        "the exclusion 'All events' is a step of the funnel in its own range: nobody could convert",
    ),
    "a sum in a step": (
        lambda: F("a", S("b", math="sum", math_property="n")),
        "math 'sum' of the step 'b': a step takes 'first_time_for_user' or 'first_time_for_user_with_filters'",
    ),
    "from a step of steps": (
        lambda: F("a", "b", "c", from_step=2),
        "from_step and to_step are for viz_type 'trends' and 'time_to_convert'; of viz_type 'steps' every step has its figures",
    ),
    "compared with a number": (lambda: T("a", compare_to=7), "compare_to 7 is no relative date such as '-1w'"),
    "no values": (lambda: F("a", "b", breakdown="p", breakdown_limit=0), "breakdown_limit 0: keep at least one value"),
    "attribution without its step": (
        lambda: F("a", "b", breakdown_attribution="step"),
        "breakdown_attribution='step' needs breakdown_attribution_step, 1 to 2; it is None",
    ),
    "a step without its attribution": (
        lambda: F("a", "b", breakdown_attribution_step=1),
        "breakdown_attribution_step 1 is for breakdown_attribution='step', not 'first_touch'",
    ),
    "any order, attributed to the second": (
        lambda: F("a", "b", order_type="unordered", breakdown_attribution="step", breakdown_attribution_step=2),
        "an unordered funnel is attributed to step 1 only, not 2",
    ),
    "bins in a funnel": (
        lambda: F("a", "b", breakdown=ek.event_prop("n", histogram_bin_count=3)),
        "histogram_bin_count in a funnel: only trends put numbers into bins",
    ),
    "an optional first step": (lambda: F(S("a", optional=True), "b"), "The first step of a funnel cannot be optional."),
    "an optional step over time": (
        lambda: F("a", S("x", optional=True), "b", viz_type="trends"),
        "Optional funnel steps are only supported in funnels of viz_type 'steps' and order 'ordered' or 'strict'",
    ),
    "an optional step twice": (
        lambda: F("a", S("b", optional=True), "b"),
        "An optional step cannot be the same as the following required step.",
    ),
    "a wrong first time": (
        lambda: F("a", S("b", math="first_matching_event_for_user")),
        "math 'first_matching_event_for_user' of the step 'b': a step takes 'first_time_for_user' or 'first_time_for_user_with_filters'",
    ),
    "two kinds of actor": (
        lambda: F("a", "b", aggregate_by="s", group_type="company"),
        "aggregate_by and a group type at once: count either the values of a property or groups",
    ),
    "trends of nothing": (lambda: T(), "trends of nothing: name at least one event or action"),
    "trends of a list": (lambda: T(["a"]), "the series came as a list: give them one by one, as in events.trends(*names)"),
    "an unknown interval": (lambda: T("a", interval="days"), f"unknown interval 'days'. Did you mean 'day'? One of: {UNITS}"),
    "an unknown display": (lambda: T("a", display="Pie"), f"unknown display 'Pie'. Did you mean 'ActionsPie'? One of: {DISPLAYS}"),
    "no smoothing at all": (lambda: T("a", smoothing_intervals=0), "smoothing_intervals 0: give 1 for none, or more"),
    "four breakdowns": (lambda: T("a", breakdown=("a", "b", "c", "d")), "4 breakdowns: there can be at most 3"),
    "a breakdown by a number": (
        lambda: T("a", breakdown=(7,)),
        "a breakdown by 7: give the name of an event's property, ek.person_prop('plan'), ek.group_prop(...) or ek.cohorts(...)",
    ),
    "cohorts and properties": (
        lambda: T("a", breakdown=(*ek.cohorts("c"), "p")),
        "a breakdown by cohorts and by properties at once: give one of the two",
    ),
    "a letter that is no series": (lambda: T("a", formulas=("A + C",)), "the formula 'A + C' names 'C'; there are A"),
    "a formula that is none": (lambda: T("a", formulas=("A +",)), "the formula 'A +' can't be read"),
    "a formula with a function": (
        lambda: T("a", formulas=("max(A)",)),
        "the formula 'max(A)' can't be read: use + - * / % **, parentheses, numbers and the letters of the series",
    ),
    "an unknown math": (lambda: S("a", math="uniq"), f"unknown math 'uniq'. Did you mean 'unique_group'? One of: {MATHS}"),
    "a math without property": (lambda: S("a", math="sum"), "math 'sum' needs a math_property: of which property is the sum to be taken?"),
    "groups of no type": (lambda: S("a", math="unique_group"), "math 'unique_group' needs a group_type, such as 'company'"),
    "an event without a name": (lambda: S(""), "a series of the event ''. Name an event, or give None for any event"),
    "a series of a number": (lambda: S(5), "a series of 5: give an event's name, an action, or None for any event"),
    "a sixth group type": (lambda: S("a", math="unique_group", group_type_index=5), "group_type_index 5: group types count from 0 to 4"),
    "an unknown operator": (lambda: ek.PropertyFilter("p", 1, "equals"), f"unknown operator 'equals'. One of: {OPERATORS}"),
    "an unknown owner": (
        lambda: ek.PropertyFilter("p", 1, type="user"),
        "unknown property type 'user'. One of: event, person, group, element, event_metadata, session, cohort",
    ),
    "between one number": (
        lambda: ek.PropertyFilter("p", 5, "between"),
        "between needs two numbers, the lower first, such as [1, 5]; it was given 5",
    ),
    "between backwards": (lambda: ek.event_prop("p").between(5, 1), "between (5, 1): the lower number comes first"),
    "a filter that is text": (lambda: ek.FilterGroup("AND", ("p",)), "'p' is no filter: write ek.event_prop('plan') == 'pro'"),
    "neither and nor or": (lambda: ek.FilterGroup("XOR"), "unknown filter group 'XOR'. Did you mean 'OR'? One of: AND, OR"),
    "filters in words": (
        lambda: (ek.event_prop("a") == 1) and (ek.event_prop("b") == 2),
        "a filter is neither true nor false: join filters with & and |, each in parentheses, and turn one round with ~",
    ),
    "filters without parentheses": (lambda: ek.event_prop("a") == "x" & ek.event_prop("b") > 1, TIGHTER.format("&", "&")),
    "numbers without parentheses": (lambda: ek.event_prop("a") > 1 & ek.event_prop("b") > 1, TIGHTER.format("&", "&")),
    "or without parentheses": (lambda: ek.event_prop("a") == "x" | ek.event_prop("b") == "y", TIGHTER.format("|", "|")),
    "half of them in parentheses": (lambda: (ek.event_prop("a") == "x") & ek.event_prop("b") == "y", TIGHTER.format("&", "&")),
    "the other half in parentheses": (lambda: ek.event_prop("a") == "x" & (ek.event_prop("b") == "y"), TIGHTER.format("&", "&")),
    "not without parentheses": (
        lambda: ~ek.event_prop("a") == "x",
        "~ binds tighter than a comparison: put parentheses around each comparison, as in ~(ek.event_prop('plan') == 'pro')",
    ),
    "filters that are text": (lambda: T("a", filters="drama"), "'drama' is no filter: write ek.event_prop('plan') == 'pro'"),
    "filters that are a property": (lambda: T("a", filters=ek.event_prop("p")), "ek.event_prop(\"p\") is no filter: write ek.event_prop('plan') == 'pro'"),
    "filters that are a number": (lambda: S("a", filters=5), "5 is no filter: write ek.event_prop('plan') == 'pro'"),
    "one formula of a letter that is no series": (lambda: T("a", formulas="A / C"), "the formula 'A / C' names 'C'; there are A"),
    "a time zone that is an offset": (
        lambda: ek.load_sample(timezone="GMT+2"),
        "unknown timezone 'GMT+2': give the IANA name of a city's zone, such as Europe/Berlin, Europe/London, America/New_York; or UTC",
    ),
    "a time zone in letters": (
        lambda: ek.load_sample(timezone="MEZ"),
        "unknown timezone 'MEZ': give the IANA name of a city's zone, such as Europe/Berlin, Europe/London, America/New_York; or UTC",
    ),
    "a city": (lambda: ek.load_sample(timezone="new york"), "unknown timezone 'new york': give the IANA name of a city's zone, such as America/New_York; or UTC"),
    "a day that is none": (
        lambda: ek.DateRange("yesterday"),
        "date 'yesterday' can't be read: give ISO text such as '2026-03-01', or a relative date such as '-7d' or 'mStart'",
    ),
    "a range that is a number": (
        lambda: T("a", date_range=7),
        "date_range 7 is no range: give '-7d', ('2026-01-01', '2026-01-31') or an ek.DateRange",
    ),
    "a correlation of nothing": (
        lambda: ek.FunnelCorrelation("a"),
        "a correlation of 'a': give a funnel, such as events.funnel('$pageview', 'signed_up')",
    ),
    "a correlation of no events": (
        lambda: ek.FunnelCorrelation(F("a", "b"), correlation_type="event_with_properties"),
        "Event Property Correlation expects atleast one event name to run correlation on: event_names=('searched',)",
    ),
    "a correlation of no properties": (
        lambda: ek.FunnelCorrelation(F("a", "b"), correlation_type="properties"),
        "Property Correlation expects atleast one Property to run correlation on: names=('plan',), or ('$all',)",
    ),
    "a correlation of optional steps": (
        lambda: ek.FunnelCorrelation(F("a", S("b", optional=True), "c")),
        "a correlation of a funnel with optional steps: nobody could be said to have got through; leave those steps out",
    ),
    "a step of an action that is text": (
        lambda: ek.Action("x", "click"),
        "'click' is no step of an action: write ek.event('name') or ek.clicked(selector='...')",
    ),
    "a way of matching": (lambda: ek.viewed("/a", "starts"), "unknown url_matching 'starts'. One of: exact, contains, regex"),
}  # fmt: skip


@pytest.mark.parametrize("name", TYPED)
def test_it_fails_where_it_is_typed(name: str) -> None:
    ask, message = TYPED[name]
    with pytest.raises(EvkitError) as caught:
        ask()
    assert str(caught.value) == message


ASKED: dict[str, tuple[Callable[[ek.Events], Any], str]] = {
    "a range backwards": (
        lambda e: e.trends("a", date_range=("2026-02-01", "2026-01-01")).to_pandas(),
        "the range ends (2026-01-01 23:59) before it starts (2026-02-01 00:00): swap the two",
    ),
    "between backwards": (lambda e: e.between("2026-02-01", "2026-01-01"), "the range ends (2026-01-01) before it starts (2026-02-01): swap the two"),
    "a regular expression": (
        lambda e: e.trends("a", filters=ek.event_prop("p").regex("[")).to_pandas(),
        "the regular expression '[' is invalid: unterminated character set at position 0",
    ),
    "a look around": (
        lambda e: e.trends("a", filters=ek.event_prop("p").regex("(?=a)")).to_pandas(),
        "the regular expression '(?=a)' looks around or back, which RE2 can't: write it without",
    ),
    "a version": (
        lambda e: e.trends("a", filters=ek.PropertyFilter("p", "new", "semver_gt")).to_pandas(),
        "'new' is no version: write dotted numbers such as '1.2.3'",
    ),
    "a date in a filter": (
        lambda e: e.trends("a", filters=ek.PropertyFilter("p", "soon", "is_date_after")).to_pandas(),
        "the date 'soon' of a filter can't be read: give ISO text, or a relative date such as '-7d'",
    ),
    "a group type": (
        lambda e: e.trends(S("a", math="unique_group", group_type="team")).to_pandas(),
        "no group type 'team'. The data has: none",
    ),
    "a cohort": (lambda e: e.trends("a", filters=ek.in_cohort("vip")).to_pandas(), "no cohort 'vip'. Known: none"),
    "a comparison": (lambda e: e.trends("a", compare_to="week").to_pandas(), "compare_to 'week' is no relative date such as '-1w'"),
    "a figure of a breakdown that is not there": (
        lambda e: e.trends("a").actors(breakdown_value="x"),
        "breakdown_value names a value of a breakdown, and this question has none",
    ),
    "a value that is not there": (
        lambda e: e.funnel("a", "b", breakdown="p").actors(breakdown_value="w"),
        "no breakdown value 'w'. Those there are: 'x', ''",
    ),
    "a bucket of steps": (
        lambda e: e.funnel("a", "b").actors(bucket="2026-01-01"),
        "bucket is for funnels of viz_type 'trends'; this one has steps",
    ),
    "a period that is not there": (
        lambda e: e.funnel("a", "b", viz_type="trends").actors(bucket="2027-01-01"),
        "no bucket begins at 2027-01-01 00:00:00. The first is 2026-01-01 00:00:00, the last 2026-01-02 00:00:00",
    ),
    "lost before the first": (
        lambda e: e.funnel("a", "b").actors(dropped=True),
        "nobody is lost before step 1: ask for dropped=True from step 2 on",
    ),
    "a person": (lambda e: e.person("nn"), "no person has the distinct_id 'nn'. Did you mean 'ann'? events.person" + "s() lists them all."),
    "a selector": (lambda e: ek.clicked(selector="a:hover"), "selector 'a:hover': can't read ':hover'. Known: tag, .class, #id, [name=\"value\"], :nth-child(n), :nth-of-type(n)"),
}  # fmt: skip


@pytest.mark.parametrize("name", ASKED)
def test_it_fails_where_it_is_asked(name: str) -> None:
    frame = pd.DataFrame(
        {
            "uuid": ["1", "2"], "event": ["a", "b"], "distinct_id": ["ann", "ann"], "timestamp": pd.to_datetime(["2026-01-01", "2026-01-02"]),
            "properties": ['{"p":"x"}', "{}"],
        }
    )  # fmt: skip
    ask, message = ASKED[name]
    with pytest.raises(EvkitError) as caught:
        ask(ek.from_frame(frame))
    assert str(caught.value) == message
