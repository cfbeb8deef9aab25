"""The ways to pick out one element of a chain, the most stable first. From the chain alone, no data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from evkit.elements import CLICKABLE, attribute, is_clickable, matches_selector
from evkit.query.property_filters import FilterGroup, PropertyFilter
from evkit.query.spec import Action, ActionStep
from evkit.suggestions import looks

Elements = Sequence[Mapping[str, Any]]
Fragility = Literal["stable", "fair", "fragile"]
FOR_TRACKING = (
    "data-attr",
    "data-track",
    "data-track-id",
    "data-analytics",
    "data-ph",
    "data-testid",
    "data-test-id",
    "data-test",
    "data-cy",
    "data-qa",
)
"""Attributes that people write to find an element again."""
NOT_A_NAME = re.compile(
    r"^data-(v-|react|radix|state|headlessui|n-head|emotion|styled|index|idx|key|value|side|align|orientation|active|selected)"
)
LANDMARKS = frozenset({"form", "nav", "header", "footer", "main", "aside", "section", "article", "dialog", "table"})
CHECKED = ("title", "alt", "placeholder", "for", "action", "type", "value")
FAIR_FROM, FRAGILE_FROM, VARIES = 2, 6, 9
MOST_ANCHORS = 3
HEAD_OF_URL = "^[^:/?#]+://[^/?#]*"
PATH = HEAD_OF_URL + "([^?#]*)"
"""Finds the path in a page's address."""


class Varying(Protocol):
    """Knows which values of the page change from event to event (`captured.Variation`)."""

    def __call__(self, elements: Elements, index: int, key: str) -> bool:
        """Say whether what an element has under `key` (an attribute, or "text") varies."""
        ...


def nothing_varies(elements: Elements, index: int, key: str) -> bool:
    """Say that nothing varies: what is known from one chain alone."""
    return False


@dataclass(frozen=True)
class Part:
    """One way to name an element: by what (an attribute, "class", "tag", "text", "nth-child"), in CSS, what it costs (0 never changes, 9 will), why."""

    key: str
    css: str
    cost: int
    why: str
    text: str | None = None
    says: str = ""


@dataclass(frozen=True)
class Candidate:
    """One way to pick out an element of a chain.

    Parameters
    ----------
    selector
        CSS as PostHog takes it; None where only a text is asked for.
    text
        A text of the chain, exactly.
    page
        The path of the page's address; None is any page.
    costs
        How likely each part of it is to change with the page, 0 to 9.
    reasons
        What it relies on, in words.
    """

    selector: str | None
    text: str | None = None
    page: str | None = None
    costs: tuple[int, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def fragility(self) -> Fragility:
        """The fragility of its weakest part."""
        worst = max(self.costs, default=0)
        return "stable" if worst < FAIR_FROM else "fair" if worst < FRAGILE_FROM else "fragile"

    def step(self, kind: str) -> ActionStep:
        """Give the step of an action that asks for it.

        Parameters
        ----------
        kind
            The `$event_type` of autocapture: "click", "change" or "submit".

        Examples
        --------
        >>> Candidate("form#signup", page="/signup").step("submit").url
        '^[^:/?#]+://[^/?#]*/signup([?#]|$)'
        """
        return ActionStep(
            event="$autocapture",
            selector=self.selector,
            text=self.text,
            url=None if self.page is None else f"{HEAD_OF_URL}{re.escape(self.page)}([?#]|$)",
            url_matching="contains" if self.page is None else "regex",
            properties=FilterGroup("AND", (PropertyFilter("$event_type", kind),)),
        )

    def action(self, name: str, kind: str) -> Action:
        """Give the action that asks for it."""
        return Action(name, self.step(kind))

    def on(self, page: str) -> Candidate:
        """Give the same, on one page only."""
        return replace(self, page=page, costs=(*self.costs, FAIR_FROM), reasons=(*self.reasons, f"only on the page {looks.short(page)}"))


# ---------------------------------------------------------------------- the element
def target_of(elements: Elements, kind: str) -> int:
    """Give the index of the element that an event is about: the form that was submitted, the nearest that can be clicked.

    Examples
    --------
    >>> target_of([{"tag_name": "span"}, {"tag_name": "button"}, {"tag_name": "form"}], "click")
    1
    """
    if kind == "submit":
        return next((i for i, e in enumerate(elements) if e.get("tag_name") == "form"), 0)
    if kind == "change":
        return 0
    found = next((i for i, e in enumerate(elements) if is_clickable(e)), None)
    if found is not None:
        return found
    marked = (i for i, e in enumerate(elements) if any(attribute(e, key) for key in FOR_TRACKING))
    return next(marked, 0)


def tag_of(element: Mapping[str, Any]) -> str:
    """Give an element's tag as a selector can say it; "" where it can't."""
    tag = str(element.get("tag_name") or "")
    return tag if re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", tag) else ""


def text_of(elements: Elements, target: int) -> tuple[int, str] | None:
    """Give the text that people see on an element: its own, or of what was clicked inside it, no button of its own; with where it is."""
    inside = () if any(e.get("tag_name") in CLICKABLE for e in elements[:target]) else range(target)
    for i in (target, *inside):
        text = elements[i].get("text")
        if text and looks.is_askable(str(text)):
            return i, str(text)
    return None


def data_attributes(element: Mapping[str, Any]) -> list[str]:
    """Give the names of an element's data attributes, those made for finding it again first."""
    have = sorted(k.removeprefix("attr__") for k in element.get("attributes") or {} if k.startswith("attr__data-"))
    others = [k for k in have if k not in FOR_TRACKING and not NOT_A_NAME.match(k)]
    return [k for k in FOR_TRACKING if k in have] + others


# ---------------------------------------------------------------------- parts
def parts_of(elements: Elements, index: int, varies: Varying = nothing_varies) -> list[Part]:
    """Give the ways to name one element, the most stable first.

    Parameters
    ----------
    elements
        The chain, innermost first.
    index
        Which of its elements.
    varies
        Says which of its values vary.

    Examples
    --------
    >>> [p.css for p in parts_of([{"tag_name": "form", "attr_id": "signup"}], 0)]
    ['form#signup', 'form']
    """
    element, tag = elements[index], tag_of(elements[index])
    found = [*_by_attributes(elements, index, varies), *_by_classes(element, tag)]
    if tag:
        found.append(Part("tag", tag, 7, f"any {tag} would do"))
    said = text_of(elements, index)
    if said is not None:
        cost, why = _text(said[1], varies(elements, said[0], "text"))
        found.append(Part("text", tag, cost, why, text=said[1], says=said[1]))
    nth = element.get("nth_child")
    if tag and isinstance(nth, int) and nth > 0:
        found.append(Part("nth-child", f"{tag}:nth-child({nth})", 8, "counts elements (nth-child)"))
    return sorted(found, key=lambda p: p.cost)


def _by_attributes(elements: Elements, index: int, varies: Varying) -> Iterator[Part]:
    element, tag = elements[index], tag_of(elements[index])

    def made(key: str, cost: int, why: str) -> Iterator[Part]:
        value = attribute(element, key)
        if value is None or not looks.is_sayable(value):
            return
        odd = looks.generated(value) if key not in CHECKED or key == "for" else None
        if varies(elements, index, key):
            cost, why = VARIES, f"{key} varies"
        elif odd:
            cost, why = 9, f"{key} {looks.short(value)!r} {odd}"
        plain = key == "id" and looks.is_plain(value)
        css = f"{tag}#{value}" if plain else f'{tag}[{key}="{value}"]'
        yield Part(key, f'[{key}="{value}"]' if key.startswith("data-") else css, cost, why, says=value)

    for key in data_attributes(element):
        yield from made(key, 0 if key in FOR_TRACKING else 1, f"{key} is there to be found")
    yield from made("id", 1, "an id that people wrote")
    yield from made("name", 1, "the name of a field")
    yield from made("aria-label", 2, "aria-label, which may be reworded")
    yield from _by_href(elements, index, varies)
    for key in CHECKED:
        yield from made(key, 5, f"{key}, which others may have")
    yield from made("role", 5, "role, which others may have")


def _by_href(elements: Elements, index: int, varies: Varying) -> Iterator[Part]:
    value = attribute(elements[index], "href")
    if value is None or not looks.is_sayable(value) or value.startswith(("#", "javascript:")):
        return
    cost, why = 4, "an address, which may move"
    if varies(elements, index, "href"):
        cost, why = VARIES, "href varies"
    elif "?" in value or looks.generated(value):
        cost, why = 7, "an address with parameters or ids"
    yield Part("href", f'{tag_of(elements[index])}[href="{value}"]', cost, why, says=value)


def _by_classes(element: Mapping[str, Any], tag: str) -> Iterator[Part]:
    plain = [str(c) for c in element.get("attr_class") or () if looks.is_plain(str(c))]
    meant = [c for c in plain if not looks.is_style(c) and not looks.generated(c)]
    for c in meant:
        yield Part("class", f"{tag}.{c}", 5, f"the class {c}", says=c)
    if len(meant) > 1:
        yield Part("class", tag + "".join(f".{c}" for c in meant), 5, "several classes", says=" ".join(meant))
    made = next((f"the class {c} {why}" for c in plain if (why := looks.generated(c))), None)
    if plain and len(meant) < len(plain):
        yield Part(
            "class", tag + "".join(f".{c}" for c in plain), 9 if made else 8, made or "classes that say how it looks", says=" ".join(meant)
        )


def _text(text: str, varies: bool) -> tuple[int, str]:
    if varies:
        return VARIES, "its text varies"
    if len(text) > looks.LONG_TEXT:
        return 7, "a long text"
    if any(c.isdigit() for c in text):
        return 6, "a text with a number"
    return 3, "its text, which may be reworded or translated"


# ---------------------------------------------------------------------- candidates
def candidates(elements: Elements, kind: str, *, index: int | None = None, varies: Varying = nothing_varies) -> list[Candidate]:
    """Give the ways to pick out an element of a chain, the most stable first.

    Parameters
    ----------
    elements
        The chain, innermost first, as `elements.from_chain` reads it.
    kind
        The `$event_type`: "click", "change" or "submit".
    index
        Which element; None is the one that the event is about (`target_of`).
    varies
        Says which values vary in the data; without it each is taken for a fixed one.

    Returns
    -------
    list of Candidate
        Each matches the chain; no two are the same.

    Examples
    --------
    >>> chain = [{"tag_name": "button", "text": "Buy", "nth_child": 2}, {"tag_name": "form", "attr_id": "basket"}]
    >>> [(c.selector, c.text, c.fragility) for c in candidates(chain, "click")][:3]
    [('button', 'Buy', 'fair'), ('form#basket button', 'Buy', 'fair'), ('button', None, 'fragile')]
    """
    if not elements:
        return []
    at = target_of(elements, kind) if index is None else index
    parts = parts_of(elements, at, varies)
    anchors = anchors_of(elements, at, varies)
    found = [Candidate(p.css or None, p.text, None, (p.cost,), (p.why,)) for p in parts]
    for anchor in anchors:
        for p in parts:
            inside = f"{anchor.css} {p.css}" if p.css else anchor.css
            found.append(Candidate(inside, p.text, None, (p.cost, anchor.cost), (p.why, f"inside {anchor.css}")))
    path = path_to(elements, at, varies)
    if path is not None:
        found.append(path)
    found.sort(key=lambda c: (max(c.costs), sum(c.costs[1:]), len(c.costs)))
    once: dict[tuple[str | None, str | None], Candidate] = {}
    for c in found:
        if (c.selector or c.text) and (c.selector is None or matches_selector(elements, c.selector)):
            once.setdefault((c.selector, c.text), c)
    return list(once.values())


def anchors_of(elements: Elements, index: int, varies: Varying = nothing_varies) -> list[Part]:
    """Give the elements around one that a selector can begin with: the nearest that are stable.

    Examples
    --------
    >>> [p.css for p in anchors_of([{"tag_name": "a"}, {"tag_name": "nav"}, {"tag_name": "div", "attr_id": "app"}], 0)]
    ['nav', 'div#app']
    """
    found: list[Part] = []
    for i in range(index + 1, len(elements)):
        landmark = tag_of(elements[i]) in LANDMARKS
        good = [p for p in parts_of(elements, i, varies) if p.text is None and p.cost < (FRAGILE_FROM if landmark else FAIR_FROM)]
        if not good and landmark:
            good = [Part("tag", tag_of(elements[i]), FAIR_FROM, "")]
        if good:
            found.append(good[0])
        if len(found) == MOST_ANCHORS:
            break
    return found


def path_to(elements: Elements, index: int, varies: Varying = nothing_varies) -> Candidate | None:
    """Give the element by its place: from the nearest stable element around it, counting children; None where a tag can't be said."""
    steps: list[str] = []
    for i in range(index, len(elements)):
        tag, nth = tag_of(elements[i]), elements[i].get("nth_child")
        anchor = next((p for p in parts_of(elements, i, varies) if p.text is None and p.cost < FAIR_FROM), None)
        if anchor is not None and i > index:
            return Candidate(" > ".join([anchor.css, *reversed(steps)]), None, None, (8, 8), ("counts elements (nth-child)",))
        if not tag:
            return None
        steps.append(f"{tag}:nth-child({nth})" if isinstance(nth, int) and nth > 0 else tag)
    return Candidate(" > ".join(reversed(steps)), None, None, (8, 9), ("counts elements (nth-child)", "from the top of the page"))
