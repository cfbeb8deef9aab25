"""How people write what is asked: properties to compare or break down by, steps of actions, cohorts by name."""

from __future__ import annotations

from evkit.query.property_filters import FilterGroup, PropertyFilter, PropertyRef
from evkit.query.spec import ActionStep, Matching


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
