"""Wrong questions, each with its exact message: what was wrong, with which value, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import evkit as ek
from evkit.errors import EvkitError

F, T, S, E, P = ek.Funnel, ek.Trends, ek.series, ek.Exclusion, ek.Paths
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
    "no kind of event": (
        lambda: P(include_event_types=("pageview",)),
        "unknown include_event_types 'pageview'. Did you mean '$pageview'? One of: $pageview, $screen, custom_event, hogql",
    ),
    "left out of all events": (
        lambda: P(exclude_events=("/help",)),
        "exclude_events without include_event_types: name the types of events that are items, such as include_event_types=('$pageview', '$screen', 'custom_event')",
    ),
    "half a step": (lambda: P(step_limit=2.5), "step_limit 2.5 is no whole number"),
    "no step of a path": (lambda: P(step_limit=0), "step_limit 0: show at least one"),
    "no edge": (lambda: P(edge_limit=-1), "edge_limit -1: show at least one"),
    "an edge nobody takes": (lambda: P(min_edge_weight=0), "min_edge_weight 0: every edge was taken at least once; None for no bound"),
    "weights turned round": (
        lambda: P(min_edge_weight=5, max_edge_weight=2),
        "min_edge_weight 5 above max_edge_weight 2: no edge is both",
    ),
    "no start": (lambda: P(start_point=""), "start_point '': give an item, such as '/pricing', or None"),
    "an end that is a number": (lambda: P(end_point=3), "end_point 3: give an item, such as '/pricing', or None"),
    "a grouping of everything": (lambda: P(path_groupings=("/a/*", "")), "path_groupings with '': give texts that are not empty"),
    "a rule that is a text": (
        lambda: P(local_path_cleaning_filters=("/[0-9]+",)),
        "local_path_cleaning_filters with '/[0-9]+': give pairs such as (r'/movie/\\d+', '/movie/:id')",
    ),
    "a rule that is no expression": (
        lambda: P(local_path_cleaning_filters=(("(a", "b"),)),
        "the regular expression '(a' is invalid: missing ), unterminated subpattern at position 0",
    ),
    "a group that is not there": (
        lambda: P(local_path_cleaning_filters=(("a(b)", r"\2"),)),
        "the alias '\\\\2' puts in group 2, and 'a(b)' has 1",
    ),
    "an expression for nothing": (
        lambda: P(include_event_types=("$pageview",), expression="category"),
        "expression names the items of type 'hogql': add 'hogql' to include_event_types",
    ),
    "names of what is left out": (
        lambda: P(include_event_types=("$screen",), event_names_for=("$pageview",)),
        "event_names_for is for paths of all events: what include_event_types doesn't name is left out anyway",
    ),
    "a step of no funnel": (lambda: P(funnel_step=2), "funnel_step 2 without a funnel: give funnel=events.funnel(...)"),
    "a funnel of which no step": (
        lambda: P(funnel=F("a", "b")),
        "paths of a funnel need funnel_path_type, such as 'funnel_path_after_step', and funnel_step, from 1",
    ),
    "a funnel that is a text": (lambda: P(funnel="a"), "paths of the funnel 'a': give a funnel, such as events.funnel('$pageview', 'signed_up')"),
    "after what": (
        lambda: P(funnel=F("a", "b"), funnel_path_type="after_step", funnel_step=1),
        "unknown funnel_path_type 'after_step'. Did you mean 'funnel_path_after_step'? One of: funnel_path_after_step, funnel_path_before_step, "
        "funnel_path_between_steps",
    ),
    "a third of two steps": (
        lambda: P(funnel=F("a", "b"), funnel_path_type="funnel_path_after_step", funnel_step=3),
        "funnel_step 3: the funnel has 2 steps, from 1",
    ),
    "lost before the first of a path": (
        lambda: P(funnel=F("a", "b"), funnel_path_type="funnel_path_after_step", funnel_step=1, funnel_dropped=True),
        "funnel_step 1: the funnel has 2 steps, and nobody is lost before the first",
    ),
    "between nothing and the first": (
        lambda: P(funnel=F("a", "b"), funnel_path_type="funnel_path_between_steps", funnel_step=1),
        "funnel_path_between_steps up to step 1: there is no step before it",
    ),
    "a path of optional steps": (
        lambda: P(funnel=F("a", S("x", optional=True), "b"), funnel_path_type="funnel_path_after_step", funnel_step=1),
        "paths of a funnel with optional steps: they have no time to begin at; leave those steps out",
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
    "a lifecycle with a math": (
        lambda: ek.Lifecycle(S("a", math="dau")),
        "math 'dau' of 'a': a lifecycle counts who is active; leave the math out",
    ),
    "a lifecycle of a series of groups": (
        lambda: ek.Lifecycle(S("a", group_type="company")),
        "a group type of 'a': give it to the lifecycle, as in events.lifecycle('a', group_type='company')",
    ),
    "a lifecycle of two": (
        lambda: ek.Lifecycle(["a", "b"]),
        "a series of ['a', 'b']: give an event's name, an action, or None for any event",
    ),
    "a lifecycle by quarter": (lambda: ek.Lifecycle("a", interval="quarter"), f"unknown interval 'quarter'. One of: {UNITS}"),
    "a lifecycle of a sixth group type": (
        lambda: ek.Lifecycle("a", group_type_index=5),
        "group_type_index 5: group types count from 0 to 4",
    ),
    "stickiness of nothing": (lambda: ek.Stickiness(), "stickiness of nothing: name at least one event or action"),
    "stickiness of a list": (
        lambda: ek.Stickiness(["a", "b"]),
        "the series came as a list: give them one by one, as in events.stickiness(*names)",
    ),
    "stickiness of a sum": (
        lambda: ek.Stickiness(S("a", math="sum", math_property="n")),
        "math 'sum' of 'a': stickiness counts persons, or groups by math='unique_group'",
    ),
    "stickiness of persons of a group type": (
        lambda: ek.Stickiness(S("a", math="dau", group_type="company")),
        "a group type and math 'dau' of 'a': groups are counted by math='unique_group'",
    ),
    "stickiness of groups and values": (
        lambda: ek.Stickiness(S("a", math="unique_group", group_type="company"), aggregate_by="p"),
        "aggregate_by and a group type at once: count either the values of a property or groups",
    ),
    "criteria that are a number": (
        lambda: ek.Stickiness("a", criteria=2),
        "criteria 2: give an operator and a number of events, such as ('gte', 2)",
    ),
    "criteria in signs": (lambda: ek.Stickiness("a", criteria=(">=", 2)), "unknown operator of criteria '>='. One of: gte, lte, exact"),
    "criteria in words": (lambda: ek.Stickiness("a", criteria=("gte", "2")), "the number of criteria '2' is no whole number"),
    "criteria that nobody meets": (
        lambda: ek.Stickiness("a", criteria=("lte", 0)),
        "criteria ('lte', 0): an interval counts from its first event on, so give 1 or more",
    ),
    "no interval": (lambda: ek.Stickiness("a", interval_count=0), "interval_count 0: give 1 for each day by itself, or more"),
    "half an interval": (lambda: ek.Stickiness("a", interval_count=1.5), "interval_count 1.5 is no whole number"),
    "stickiness compared with words": (lambda: ek.Stickiness("a", compare_to="week"), "compare_to 'week' is no relative date such as '-1w'"),
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


PEOPLE: dict[str, tuple[Callable[[], Any], str]] = {
    "no window": (lambda: ek.performed("a"), "performed('a') has no window: since when? Give within='30 days', or date_range=('2026-01-01', '2026-01-31')"),
    "two windows": (
        lambda: ek.performed("a", within="3 days", date_range="-7d"),
        "performed('a') has within='3 days' and a date_range: give one of the two",
    ),
    "a window in letters": (
        lambda: ek.performed("a", within="30d"),
        "within '30d' is no length of time: write a number and one of minute, hour, day, week, month, year, such as '30 days'",
    ),
    "a window of nothing": (lambda: ek.performed("a", within="0 days"), "within '0 days' is empty: write at least '1 day'"),
    "a window without unit": (
        lambda: ek.performed("a", within=30),
        "within 30 is no length of time: write a number and one of minute, hour, day, week, month, year, such as '30 days'",
    ),
    "an end alone": (
        lambda: ek.performed("a", date_range=(None, "2026-01-31")),
        "performed('a') has only an end (2026-01-31): since when? Give a date_range with a beginning",
    ),
    "a window backwards": (
        lambda: ek.performed_first_time("a", date_range=("2026-02-01", "2026-01-01")),
        "performed_first_time('a'): the range ends (2026-01-01) before it starts (2026-02-01): swap the two",
    ),
    "an unknown comparison": (
        lambda: ek.performed("a", within="3 days", times=("=>", 3)),
        "unknown comparison of times '=>'. Did you mean '>='? One of: >=, <=, >, <, ==",
    ),
    "not once": (
        lambda: ek.performed("a", within="3 days", times=0),
        "times 0: who never did it is in no such cohort. Give 1 or more, or turn it round beside another condition: ~ek.performed(...)",
    ),
    "half a time": (lambda: ek.performed("a", within="3 days", times=(">=", 1.5)), "times 1.5 is no whole number"),
    "times that are three": (
        lambda: ek.performed("a", within="3 days", times=(1, 2, 3)), 'times (1, 2, 3) is no comparison and number: write (">=", 3)',
    ),
    "no event": (lambda: ek.performed("", within="3 days"), "performed of the event '': name an event, or give None for any event"),
    "a step": (
        lambda: ek.performed(ek.viewed("/a"), within="3 days"),
        'performed of ek.ActionStep(event="$pageview", url="/a"): give an event\'s name, an ek.Action, or None for any event',
    ),
    "more periods than there are": (
        lambda: ek.performed_regularly("a", period="1 week", min_periods=5, total_periods=4),
        "performed_regularly('a'): min_periods 5 of total_periods 4: nobody can be in more than there are",
    ),
    "periods of hours": (
        lambda: ek.performed_regularly("a", period="3 hours", min_periods=1, total_periods=4),
        "performed_regularly('a'): period '3 hours' is shorter than a day, and the periods end with yesterday: give at least '1 day'",
    ),
    "a recent part that is longer": (
        lambda: ek.stopped_performing("a", within="7 days", recent="1 month"),
        "stopped_performing('a'): recent '1 month' is longer than within '7 days': it is the last part of that window",
    ),
    "a restart with an end": (
        lambda: ek.restarted_performing("a", date_range=("2026-01-01", "2026-01-31"), recent="2 days"),
        "restarted_performing('a'): the window ends now, with its recent part: give a date_range without date_to, such as '-60d'",
    ),
    "behaviour as a filter": (
        lambda: T("a", filters=ek.performed("b", within="3 days")),
        'ek.performed("b", within="3 days") is a condition on people, not on events: name a cohort of them, '
        "events.with_cohorts(ek.Cohort('name', ...)), and filter with ek.in_cohort('name')",
    ),
    "an event's property of people": (
        lambda: ek.Cohort("x", ek.event_prop("plan") == "pro"),
        'ek.event_prop("plan") == "pro" tests the event, not the person: a cohort asks for ek.person_prop(\'plan\'), '
        "or for what was done: ek.performed('event', ek.event_prop('plan') == ..., within='30 days')",
    ),
    "a condition in words": (
        lambda: ek.Cohort("x", "plan = pro"),
        "'plan = pro' is no condition on people: write ek.performed('event', within='30 days') or ek.person_prop('plan') == 'pro'",
    ),
    "a cohort of nothing": (
        lambda: ek.Cohort("x"), "the cohort 'x' has neither conditions nor members: who is in it? ek.performed('event', within='30 days')",
    ),
    "members in one text": (
        lambda: ek.Cohort("x", members="ann"), "the members 'ann' of the cohort 'x' are one text: give a list of distinct ids",
    ),
    "an unknown way to join": (lambda: ek.Conditions("NOT", ()), "unknown group of conditions 'NOT'. One of: AND, OR"),
    "and for conditions": (
        lambda: ek.performed("a", within="3 days") and ek.performed("b", within="3 days"),
        "a condition is neither true nor false: join conditions with & and |, each in parentheses, and turn one round with ~",
    ),
    "nothing turned round": (
        lambda: ~ek.Conditions("AND", ()), "an empty group of conditions lets everybody in: there is nothing to turn round",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PEOPLE)
def test_a_wrong_condition_on_people_fails_where_it_is_typed(name: str) -> None:
    typed, message = PEOPLE[name]
    with pytest.raises(EvkitError) as caught:
        typed()
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
    "a cohort misspelt": (
        lambda e: e.with_cohorts(ek.Cohort("paying", members=["ann"])).cohort("payin"), "no cohort 'payin'. Did you mean 'paying'? Known: paying",
    ),
    "a cohort of an unknown one": (
        lambda e: e.with_cohorts(ek.Cohort("paying", members=["ann"]), ek.Cohort("core", ek.in_cohort("payng"))),
        "the cohort 'core' names the cohort 'payng', which the events don't know. Did you mean 'paying'? Known: paying, core. "
        "Give both at once: events.with_cohorts(a, b)",
    ),
    "cohorts in a circle": (
        lambda e: e.with_cohorts(ek.Cohort("x", ek.in_cohort("y")), ek.Cohort("y", ek.in_cohort("x"))),
        "the cohort 'x' is defined by itself: 'x' -> 'y' -> 'x'",
    ),
    "a cohort of those who don't": (
        lambda e: e.cohort(~ek.performed("a", within="3 days")),
        "the cohort 'these' takes people away from nobody: not (performed a at least once in the last 3 days). What is turned round (~) needs a "
        "condition beside it, joined by &, that says whom to take them from, such as ek.performed('$pageview', within='30 days')",
    ),
    "a comparison": (lambda e: e.trends("a", compare_to="week").to_pandas(), "compare_to 'week' is no relative date such as '-1w'"),
    "a figure of a breakdown that is not there": (
        lambda e: e.trends("a").actors(breakdown_value="x"),
        "breakdown_value names a value of a breakdown, and this question has none",
    ),
    "a value that is not there": (
        lambda e: e.funnel("a", "b", breakdown="p").actors(breakdown_value="w"),
        "no breakdown value 'w'. Those there are: 'x', ''",
    ),
    "a lifecycle of a group type that is not there": (
        lambda e: e.lifecycle("a", group_type="team").to_pandas(),
        "no group type 'team'. The data has: none",
    ),
    "a lifecycle backwards": (
        lambda e: e.lifecycle("a", date_range=("2026-02-01", "2026-01-01")).to_pandas(),
        "the range ends (2026-01-01 23:59) before it starts (2026-02-01 00:00): swap the two",
    ),
    "a status": (lambda e: e.lifecycle("a").actors(status="lost"), "unknown status 'lost'. One of: new, returning, resurrecting, dormant"),
    "a bucket of a lifecycle": (
        lambda e: e.lifecycle("a").actors(bucket="2026-02-01"),
        "no bucket begins at 2026-02-01 00:00:00. The first is 2026-01-01 00:00:00, the last 2026-01-02 00:00:00",
    ),
    "a step of a lifecycle": (lambda e: e.lifecycle("a").actors(step=1), "unknown keyword of actors 'step'. One of: bucket, status"),
    "more intervals than there are": (lambda e: e.stickiness("a").actors(intervals=3), "intervals 3: the figures count from 1 to 2"),
    "half an interval of actors": (lambda e: e.stickiness("a").actors(intervals=1.5), "intervals 1.5 is no whole number"),
    "an operator of actors": (lambda e: e.stickiness("a").actors(intervals=1, operator="gt"), "unknown operator 'gt'. Did you mean 'gte'? One of: gte, lte, exact"),
    "exactly so many of cumulative figures": (
        lambda e: e.stickiness("a", cumulative=True).actors(intervals=1, operator="exact"),
        "operator 'exact': these figures are cumulative, so who is behind one is there by 'gte'",
    ),
    "a period that was not asked for": (
        lambda e: e.stickiness("a").actors(period="previous"),
        "unknown period 'previous'. One of: current",
    ),
    "a series of stickiness": (lambda e: e.stickiness("a").actors(series="b"), "unknown series 'b'. One of: a"),
    "groups of stickiness": (
        lambda e: e.stickiness(S("a", math="unique_group", group_type="team")).to_pandas(),
        "no group type 'team'. The data has: none",
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
    "an edge that is not there": (
        lambda e: e.paths().actors(step=1, source="aa"),
        "no path has the source 'aa' at place 1. Did you mean 'a'? Those that are: 'a', 'b'",
    ),
    "an end that is not there": (
        lambda e: e.paths().actors(step=7, dropoff="a"),
        "no path has the dropoff 'a' at place 7. There are none",
    ),
    "a step of no item": (lambda e: e.paths().actors(step=1), "step 1 of no item: give source=, target= or dropoff="),
    "steps from nothing": (lambda e: e.paths().actors(step=0, source="a"), "step 0: the steps of a path count from 1"),
    "ends and edges": (
        lambda e: e.paths().actors(dropoff="a", source="b"),
        "dropoff and source or target at once: ask for those whose path ends at an item, or for those who took an edge",
    ),
    "a reversed range": (
        lambda e: e.paths(date_range=("2026-02-01", "2026-01-01")).to_pandas(),
        "the range ends (2026-01-01 23:59) before it starts (2026-02-01 00:00): swap the two",
    ),
    "SQL of paths": (
        lambda e: e.paths().to_sql(),
        "which items of a session are shown, and at which place, is decided session by session, after runs are joined and ends are cut: "
        "use matched() for the items, to_pandas() for the figures",
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
