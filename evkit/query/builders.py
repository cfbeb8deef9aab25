"""How people write what is asked: properties to compare or break down by, steps of actions, cohorts by name."""

from __future__ import annotations

from evkit.dates import Dates
from evkit.query.behaviour import FirstTime, Performed, Regularly, Restarted, Sequence, Stopped
from evkit.query.property_filters import FilterGroup, PropertyFilter, PropertyRef
from evkit.query.spec import Action, ActionStep, Matching

Filter = PropertyFilter | FilterGroup


def event_prop(key: str, *, normalize_url: bool = False, histogram_bin_count: int | None = None) -> PropertyRef:
    """Name a property of the event, to filter or break down by.

    Parameters
    ----------
    key
        The property's name.
    normalize_url
        As a breakdown: addresses that differ only in a trailing / ? or # are one value.
    histogram_bin_count
        As a breakdown of trends: numbers are put into so many bins of the same width.

    Examples
    --------
    >>> event_prop("price") > 3
    ek.event_prop("price") > 3
    """
    return PropertyRef(key, normalize_url=normalize_url, histogram_bin_count=histogram_bin_count)


def person_prop(key: str, *, normalize_url: bool = False, histogram_bin_count: int | None = None) -> PropertyRef:
    """Name a property of the event's person, as it is now.

    Parameters
    ----------
    key
        The property's name.
    normalize_url, histogram_bin_count
        As in `event_prop`.

    Examples
    --------
    >>> person_prop("plan") == "pro"
    ek.person_prop("plan") == "pro"
    """
    return PropertyRef(key, type="person", normalize_url=normalize_url, histogram_bin_count=histogram_bin_count)


def group_prop(key: str, group_type_index: int = 0, *, normalize_url: bool = False, histogram_bin_count: int | None = None) -> PropertyRef:
    """Name a property of the event's group of one type, as it is now.

    Parameters
    ----------
    key
        The property's name.
    group_type_index
        Which type of group: 0 is the first that the events name (`events.groups()` lists them).
    normalize_url, histogram_bin_count
        As in `event_prop`.

    Examples
    --------
    >>> group_prop("name").type
    'group'
    """
    return PropertyRef(
        key, type="group", group_type_index=group_type_index, normalize_url=normalize_url, histogram_bin_count=histogram_bin_count
    )


def session_duration(*, histogram_bin_count: int | None = None) -> PropertyRef:
    """Name how long the event's session lasts, in seconds, as `$session_id` parts sessions.

    Parameters
    ----------
    histogram_bin_count
        As in `event_prop`.

    Examples
    --------
    >>> session_duration() > 60
    ek.session_duration() > 60
    """
    return PropertyRef("$session_duration", type="session", histogram_bin_count=histogram_bin_count)


def in_cohort(cohort: int | str) -> PropertyFilter:
    """Test that the event's person is in a cohort; ``~ek.in_cohort("paying")`` that it isn't.

    Parameters
    ----------
    cohort
        Its id: the name, where the cohort has no id of its own (`events.with_cohorts`).

    Examples
    --------
    >>> in_cohort("paying").type
    'cohort'
    """
    return PropertyFilter("id", cohort, type="cohort")


def cohorts(*ids: int | str) -> tuple[PropertyRef, ...]:
    """Name cohorts to break down by; "all" is everybody. A person in several counts in each.

    Parameters
    ----------
    *ids
        Their ids: the names, where the cohorts have no ids of their own (`events.with_cohorts`).

    Examples
    --------
    >>> [ref.key for ref in cohorts("paying", "all")]
    ['paying', 'all']
    """
    return tuple(PropertyRef(str(i), type="cohort") for i in ids)


def _autocaptured(kind: str, selector: str | None, text: str | None, href: str | None, url: str | None, tag_name: str | None) -> ActionStep:
    return ActionStep(
        event="$autocapture",
        selector=selector,
        text=text,
        href=href,
        url=url,
        tag_name=tag_name,
        properties=FilterGroup("AND", (PropertyFilter("$event_type", kind),)),
    )


def clicked(
    *, selector: str | None = None, text: str | None = None, href: str | None = None, url: str | None = None, tag_name: str | None = None
) -> ActionStep:
    """Give the step "something was clicked", as autocapture sees it.

    Parameters
    ----------
    selector, tag_name
        CSS on what was clicked and the elements around it, such as "#signup button"; the clicked element's own tag.
    text, href
        Of what was clicked, exactly.
    url
        Part of the page's address.

    Examples
    --------
    >>> clicked(selector="form#signup button").event
    '$autocapture'
    """
    return _autocaptured("click", selector, text, href, url, tag_name)


def submitted(*, selector: str | None = None, url: str | None = None) -> ActionStep:
    """Give the step "a form was submitted", as autocapture sees it.

    Parameters
    ----------
    selector
        CSS on the element and those around it.
    url
        Part of the page's address.

    Examples
    --------
    >>> submitted(selector="form#signup").selector
    'form#signup'
    """
    return _autocaptured("submit", selector, None, None, url, None)


def changed(*, selector: str | None = None, url: str | None = None) -> ActionStep:
    """Give the step "an input was changed", as autocapture sees it.

    Parameters
    ----------
    selector
        CSS on the element and those around it.
    url
        Part of the page's address.

    Examples
    --------
    >>> changed(selector="form#signup").selector
    'form#signup'
    """
    return _autocaptured("change", selector, None, None, url, None)


def viewed(url: str, matching: Matching = "contains") -> ActionStep:
    """Give the step "a page was viewed".

    Parameters
    ----------
    url
        The page's address, or a part of it.
    matching
        "contains" (case-sensitive), "exact" or "regex".

    Examples
    --------
    >>> viewed("/pricing").event
    '$pageview'
    """
    return ActionStep(event="$pageview", url=url, url_matching=matching)


def event(name: str, *filters: PropertyFilter | FilterGroup) -> ActionStep:
    """Give the step "an event of this name".

    Parameters
    ----------
    name
        The event's name.
    filters
        What it must pass, all of them.

    Examples
    --------
    >>> event("buy", event_prop("price") > 3).event
    'buy'
    """
    return ActionStep(event=name, properties=FilterGroup("AND", filters))


# ---------------------------------------------------------------------- what people did
def performed(
    subject: str | Action | None,
    *filters: Filter,
    within: str | None = None,
    date_range: Dates = None,
    times: tuple[str, int] | int | None = None,
) -> Performed:
    """Ask of a person that they did something, as a condition of a cohort; ``~ek.performed(...)`` that they didn't.

    Parameters
    ----------
    subject
        An event's name, an action, or None for any event.
    *filters
        What the events must pass, all of them.
    within
        How far back: "30 days"; minute, hour, day, week, month or year. From midnight of that day to the end of today; with
        `times` from that very moment to now, as in PostHog.
    date_range
        Instead of `within`: ("2026-01-01", "2026-01-31") has both days inside.
    times
        How often: (">=", 3); also "<=", ">", "<" and "==", and a number alone is exactly that. Not at all is never enough.

    Raises
    ------
    SpecError
        Without a window, with two, or with times below 1.

    Examples
    --------
    >>> performed("movie_played", times=(">=", 3), within="30 days").in_words
    'performed movie_played at least 3 times in the last 30 days'
    """
    return Performed(subject, FilterGroup("AND", filters), within, date_range, times=times)  # type: ignore[arg-type]


def performed_first_time(subject: str | Action | None, *filters: Filter, within: str | None = None, date_range: Dates = None) -> FirstTime:
    """Ask of a person that their first such event ever lies in a window, as a condition of a cohort.

    Parameters
    ----------
    subject, *filters, within, date_range
        As in `performed`. The first is looked for among the events that pass the filters.

    Examples
    --------
    >>> performed_first_time("movie_played", within="2 weeks").in_words
    'performed movie_played for the first time in the last 2 weeks'
    """
    return FirstTime(subject, FilterGroup("AND", filters), within, date_range)  # type: ignore[arg-type]


def performed_regularly(
    subject: str | Action | None,
    *filters: Filter,
    period: str,
    min_periods: int,
    total_periods: int,
    times: tuple[str, int] | int = (">=", 1),
) -> Regularly:
    """Ask of a person that they did something in period after period, as a condition of a cohort.

    Parameters
    ----------
    subject, *filters
        As in `performed`.
    period
        How long a period is: "1 week". The last one ends with yesterday.
    min_periods, total_periods
        In at least so many of the last so many periods.
    times
        How often in a period, as in `performed`. A period without such an event never counts.

    Examples
    --------
    >>> performed_regularly("movie_played", period="1 week", min_periods=3, total_periods=4).in_words
    'performed movie_played at least 1 time in at least 3 of the last 4 periods of 1 week up to yesterday'
    """
    return Regularly(
        subject,
        FilterGroup("AND", filters),
        period=period,
        min_periods=min_periods,
        total_periods=total_periods,
        times=times,  # type: ignore[arg-type]
    )


def performed_sequence(
    subject: str | Action | None,
    then: str | Action | None,
    *filters: Filter,
    gap: str,
    within: str | None = None,
    date_range: Dates = None,
) -> Sequence:
    """Ask of a person that they did one thing and then another soon after, as a condition of a cohort.

    Parameters
    ----------
    subject, then
        What came first, and what followed: events' names or actions. The same twice asks for two of them.
    *filters
        What the first of the two must pass; an action has filters of its own.
    gap
        How long after, at most: "3 days".
    within, date_range
        The window in which both lie, as in `performed`.

    Examples
    --------
    >>> performed_sequence("user_signed_up", "movie_played", gap="1 day", within="30 days").in_words
    'performed user_signed_up and then movie_played within 1 day, in the last 30 days'
    """
    return Sequence(subject, FilterGroup("AND", filters), within, date_range, then=then, gap=gap)  # type: ignore[arg-type]


def stopped_performing(
    subject: str | Action | None, *filters: Filter, recent: str, within: str | None = None, date_range: Dates = None
) -> Stopped:
    """Ask of a person that they did something in a window, but not in the recent part of it, as a condition of a cohort.

    Parameters
    ----------
    subject, *filters, within, date_range
        As in `performed`.
    recent
        The last part of the window, up to now: "2 weeks".

    Examples
    --------
    >>> stopped_performing("movie_played", within="60 days", recent="2 weeks").in_words
    'performed movie_played in the last 60 days, but not in the last 2 weeks'
    """
    return Stopped(subject, FilterGroup("AND", filters), within, date_range, recent=recent)  # type: ignore[arg-type]


def restarted_performing(
    subject: str | Action | None, *filters: Filter, recent: str, within: str | None = None, date_range: Dates = None
) -> Restarted:
    """Ask of a person that they do something again after a pause, as a condition of a cohort.

    Parameters
    ----------
    subject, *filters, within
        As in `performed`.
    recent
        The last part of the window, in which they did it again: "2 days". In the rest of the window they did not; some time before
        they did, be it before the window.
    date_range
        Instead of `within`; without an end.

    Examples
    --------
    >>> restarted_performing("movie_played", within="30 days", recent="2 days").in_words
    'performed movie_played in the last 2 days again, after not doing so in the last 30 days up to then'
    """
    return Restarted(subject, FilterGroup("AND", filters), within, date_range, recent=recent)  # type: ignore[arg-type]
