"""The pages of Matinee and what can be clicked on them: element lists, innermost first, as autocapture sees them."""

from __future__ import annotations

from typing import Any

from evkit.elements import to_chain

HOST = "matinee.example"
Element = dict[str, Any]


def element(
    tag: str,
    *,
    text: str | None = None,
    classes: tuple[str, ...] = (),
    id: str | None = None,
    href: str | None = None,
    nth: int = 1,
    **attributes: str,
) -> Element:
    """Give an element as PostHog's SDKs describe it."""
    made: Element = {"tag_name": tag, "nth_child": nth, "nth_of_type": 1}
    if text:
        made["text"] = text
    if classes:
        made["attr_class"] = list(classes)
    if id:
        made["attr_id"] = id
    if href:
        made["href"] = href
    extra = {f"attr__{key.replace('_', '-')}": value for key, value in attributes.items()}
    if classes:
        extra["attr__class"] = " ".join(classes)
    if id:
        extra["attr__id"] = id
    if href:
        extra["attr__href"] = href
    if extra:
        made["attributes"] = extra
    return made


BODY = element("body", nth=2)
MAIN = element("main", id="content", nth=2)
NAV = element("nav", classes=("top",))
FORM = element("form", id="signup", method="post", action="/signup", nth=3)


def chain(*inner: Element) -> str:
    """Give a chain inside the page's body, as text."""
    return to_chain([*inner, BODY])


NAV_FILMS = chain(element("a", text="Films", href="/films", nth=2), NAV)
NAV_PRICING = chain(element("a", text="Pricing", href="/pricing", nth=3), NAV)
START_TRIAL = chain(element("span", text="Start free trial"), element("a", classes=("button", "primary"), href="/signup", nth=4), MAIN)
LOG_IN = chain(
    element("button", text="Log in", classes=("button",), type="submit", nth=5), element("form", id="login", method="post"), MAIN
)
EMAIL_CHANGED = chain(element("input", id="email", type="email", name="email", nth=2), FORM, MAIN)
SIGNUP_CLICKED = chain(element("button", text="Create account", classes=("button", "primary"), type="submit", nth=5), FORM, MAIN)
SIGNUP_SUBMITTED = chain(FORM, MAIN)
UPGRADE = chain(
    element("a", text="Upgrade", classes=("button", "upgrade"), href="/account/plan", nth=2), element("section", classes=("plan",)), MAIN
)


def play_button(film: int) -> str:
    """Give the chain of a film's play button."""
    card = element("article", classes=("film-card",), data_film=str(film))
    return chain(element("button", text="Play", classes=("button", "play"), type="button", nth=3), card, MAIN)
