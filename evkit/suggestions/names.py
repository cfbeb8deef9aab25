"""What things on a page are called: in a list, and as the name of an action."""

from __future__ import annotations

from collections.abc import Iterable

from evkit.suggestions import looks
from evkit.suggestions.candidates import FRAGILE_FROM, VARIES, Elements, Part, Varying, anchors_of, nothing_varies, parts_of, tag_of

VERBS = {"click": "Clicked", "change": "Changed", "submit": "Submitted"}
NOUNS = {"a": "link", "input": "field", "select": "list", "textarea": "text box"}
LABELS = ("text", "aria-label", "title", "alt", "placeholder")
NAMES = ("id", "name", "for", "class")


def noun(elements: Elements, index: int) -> str:
    """Give what kind of thing an element is.

    Examples
    --------
    >>> noun([{"tag_name": "input", "attributes": {"attr__type": "checkbox"}}], 0)
    'checkbox'
    """
    tag = tag_of(elements[index])
    kind = str((elements[index].get("attributes") or {}).get("attr__type") or "")
    if tag == "input" and kind in ("checkbox", "radio"):
        return kind
    if tag == "input" and kind in ("submit", "button", "reset"):
        return "button"
    return NOUNS.get(tag, tag or "element")


def described(elements: Elements, index: int, varies: Varying = nothing_varies) -> str:
    """Give an element in a few words, for a list of others.

    Examples
    --------
    >>> described([{"tag_name": "a", "text": "Sign up", "href": "/signup"}], 0)
    "link 'Sign up'"
    """
    good = [p for p in parts_of(elements, index, varies) if p.cost < FRAGILE_FROM]
    said = next((p for key in LABELS for p in good if p.key == key), None)
    if said is not None:
        return f"{noun(elements, index)} '{looks.short(said.says)}'"
    return looks.short(good[0].css) if good else noun(elements, index)


def name_of(kind: str, elements: Elements, index: int, varies: Varying = nothing_varies) -> str:
    """Propose the name of an action: what was done, to what, in the words that people see on the page.

    Examples
    --------
    >>> name_of("click", [{"tag_name": "a", "text": "Sign up", "href": "/signup"}], 0)
    "Clicked 'Sign up'"
    >>> name_of("submit", [{"tag_name": "form", "attr_id": "signup"}], 0)
    'Submitted signup form'
    """
    parts = parts_of(elements, index, varies)
    good = [p for p in parts if p.cost < FRAGILE_FROM]
    any_text = next((p for p in parts if p.key == "text" and p.cost < VARIES), None)
    what = noun(elements, index)
    label = next((p for key in LABELS for p in good if p.key == key and p.says), None)
    if label is not None and kind == "click":
        return f"{VERBS[kind]} '{looks.short(label.says)}'"
    named = next((p for p in _in_order(good) if looks.words(p.says)), None)
    if named is not None:
        said = looks.short(looks.words(named.says))
        return f"{VERBS[kind]} {said}" if what in said.split() else f"{VERBS[kind]} {said} {what}"
    if label is not None or any_text is not None:
        return f"{VERBS[kind]} '{looks.short((label or any_text).says)}'"  # type: ignore[union-attr]
    address = next((p for p in good if p.key in ("href", "action") and p.says), None)
    return f"{VERBS[kind]} {what} to {looks.short(address.says)}" if address is not None else f"{VERBS[kind]} a {what}"


def _in_order(parts: Iterable[Part]) -> list[Part]:
    """Give the parts whose values are names: data attributes first."""
    data = [p for p in parts if p.key.startswith("data-")]
    return data + [p for key in NAMES for p in parts if p.key == key]


def place_of(elements: Elements, index: int, varies: Varying = nothing_varies) -> str:
    """Give where an element is: the nearest thing around it that has a name, in words; "" where nothing has.

    Examples
    --------
    >>> place_of([{"tag_name": "button"}, {"tag_name": "form", "attr_id": "signup"}], 0)
    'signup form'
    """
    for part in anchors_of(elements, index, varies):
        if part.says and part.key != "role":
            return looks.short(f"{looks.words(part.says)} form" if part.css.startswith("form") else looks.words(part.says))
        if part.key == "tag":
            return part.css
    return ""


def unique(name: str, taken: set[str], *hints: str) -> str:
    """Give a name that isn't taken: with the first hint that makes it one, else with a number.

    Examples
    --------
    >>> unique("Clicked 'Save'", {"Clicked 'Save'"}, "in profile form")
    "Clicked 'Save' in profile form"
    """
    for tried in (name, *(f"{name} {hint}" for hint in hints)):
        if tried not in taken:
            return tried
    number = 2
    while f"{name} ({number})" in taken:
        number += 1
    return f"{name} ({number})"
