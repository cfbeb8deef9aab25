"""Suggested actions: the selector that will last, exact figures, names, what overlaps. Each test shows its events."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import evkit as ek
from evkit.elements import from_chain, matches_selector, to_chain
from evkit.errors import SpecError, TruncatedWarning, UnknownEventWarning
from evkit.suggestions.suggest import COLUMNS, selector_options
from tests.sizes import examples

Element = dict[str, Any]
BODY: Element = {"tag_name": "body", "nth_child": 2, "nth_of_type": 1}


def el(tag: str, *, text: str = "", id: str = "", classes: str = "", href: str = "", nth: int = 1, **attributes: str) -> Element:
    """An element as autocapture sends it; an underscore in a name is a dash."""
    made: Element = {"tag_name": tag, "nth_child": nth, "nth_of_type": 1}
    extra = {f"attr__{k.replace('_', '-')}": v for k, v in attributes.items()}
    made |= {"text": text} if text else {}
    made |= {"attr_id": id} if id else {}
    made |= {"href": href} if href else {}
    made |= {"attr_class": classes.split()} if classes else {}
    extra |= {f"attr__{k}": v for k, v in (("id", id), ("href", href), ("class", classes)) if v}
    return made | {"attributes": extra}


def caught(who: str, *elements: Element, kind: str = "click", page: str = "/", day: str = "01-01", times: int = 1) -> list[dict[str, Any]]:
    """Some events of one person on one element."""
    said = {"$event_type": kind, "$current_url": f"https://x.example{page}"}
    row = {"event": "$autocapture", "distinct_id": who, "timestamp": pd.Timestamp(f"2026-{day}"), "properties": said}
    return [row | {"elements_chain": to_chain([*elements, BODY])} for _ in range(times)]


def of(*rows: list[dict[str, Any]]) -> ek.Events:
    return ek.from_frame(pd.DataFrame([r for some in rows for r in some]))


def one(events: ek.Events) -> pd.Series:
    found = events.suggest_actions(min_events=1)
    assert len(found) == 1
    return found.iloc[0]


def counted(events: ek.Events, action: ek.Action) -> int:
    return int(events.trends(action).to_pandas().value.sum())


# ---------------------------------------------------------------------- the selector that lasts
@pytest.mark.parametrize(
    ("element", "selector", "text", "fragility"),
    [
        (el("button", text="Buy", id="buy", classes="btn", data_attr="buy-now"), '[data-attr="buy-now"]', None, "stable"),
        (el("button", text="Buy", id="buy", data_testid="buy-button"), '[data-testid="buy-button"]', None, "stable"),
        (el("button", text="Buy", id="buy", classes="btn"), "button#buy", None, "stable"),
        (el("button", text="Buy", id="buy:now"), 'button[id="buy:now"]', None, "stable"),
        (el("input", name="coupon", id=":r1:", classes="css-1x2y3z"), 'input[name="coupon"]', None, "stable"),
        (el("button", aria_label="Close", text="x1", classes="icon"), 'button[aria-label="Close"]', None, "fair"),
        (el("a", text="Prices", href="/prices", classes="link"), "a", "Prices", "fair"),
        (el("a", href="/prices", classes="link"), 'a[href="/prices"]', None, "fair"),
        (el("a", href="/prices?ref=1", classes="cta"), "a.cta", None, "fair"),
        (el("button", id="ember123", classes="px-4 checkout css-1x2y3z", nth=3), "button.checkout", None, "fair"),
        (el("button", id="ember123", classes="px-4 flex", nth=3), "button", None, "fragile"),
        (el("button", text="3 items", id=":r1:", classes="basket"), "button.basket", None, "fair"),
    ],
)
def test_the_most_stable_way_comes_first(element: Element, selector: str, text: str | None, fragility: str) -> None:
    found = one(of(caught("a", element), caught("b", element)))
    assert (found.selector, found.text, found.fragility) == (selector, text, fragility)
    assert (found.events, found.persons, found.coverage, found.other_events) == (2, 2, 1.0, 0)


def test_a_click_inside_a_button_is_of_the_button() -> None:
    button = el("button", id="buy", text="Buy")
    found = one(of(caught("a", button), caught("b", el("svg"), el("span", text="Buy"), button, times=2)))
    assert (found["name"], found.selector, found.events) == ("Clicked 'Buy'", "button#buy", 3)


def test_text_that_is_someones_name_is_not_relied_on() -> None:
    people = [f"user {chr(97 + i)}" for i in range(20)]
    events = of(*[caught(p, el("button", text=f"Hello {p}", classes="account"), el("nav", id="top")) for p in people])
    found = one(events)
    assert (found.selector, found.text, found.events, found.persons) == ("button.account", None, 20, 20)


def test_ids_that_count_are_not_relied_on() -> None:
    rows = [el("a", id=f"film-{i}", classes="film", href=f"/films/{i}") for i in range(1, 6)]
    found = one(of(*[caught("a", row, el("section", id="catalogue")) for row in rows]))
    assert (found.selector, found.events, found.coverage) == ("a.film", 5, 1.0)


def test_two_forms_are_told_apart_by_what_is_around() -> None:
    save = el("button", text="Save", type="submit")
    events = of(caught("a", save, el("form", id="profile"), times=3), caught("b", save, el("form", id="billing"), times=2))
    found = events.suggest_actions(min_events=1)
    assert found.name.tolist() == ["Clicked 'Save'", "Clicked 'Save' in billing form"]
    assert found.selector.tolist() == ["form#profile button", "form#billing button"]
    assert found.events.tolist() == [3, 2]


def test_two_pages_are_told_apart_by_the_address_where_nothing_else_does() -> None:
    rows = [caught("a", el("form", nth=1), kind="submit", page="/login?next=1", times=3)]
    rows += [caught("b", el("form", nth=1), el("div"), kind="submit", page="/log_in", times=2)]
    events = of(*rows)
    found = events.suggest_actions(min_events=1).set_index("url")
    assert found.loc["/log_in"].events == 2
    assert counted(events, found.loc["/log_in"].action) == 2


def test_what_else_is_caught_is_told() -> None:
    shared = el("button", classes="px-2", nth=1)
    events = of(caught("a", shared, el("nav"), times=9), caught("b", el("button", text="Buy", nth=1), el("nav"), times=4))
    options = events.autocaptured()
    told = selector_options(options, options.rows[0])
    told = told[told.url.isna()].set_index("selector")
    assert told.loc["button"].events == 13
    assert told.loc["button"].other_events == 4
    assert told.loc["button"].also_catches == "button 'Buy': 4"


def test_another_element_of_the_chain_can_be_picked() -> None:
    form = el("form", id="profile")
    events = of(caught("a", el("button", text="Save"), form, times=3), caught("b", el("input", name="q"), form, kind="click", times=2))
    seen = events.autocaptured()
    told = selector_options(seen, seen.rows[0], index=1).iloc[0]
    assert (told.selector, told.events, told.persons, told.coverage, told.other_events) == ("form#profile", 5, 2, 1.0, 0)
    assert told["name"] == "Clicked profile form"
    assert counted(events, told.action) == 5


# ---------------------------------------------------------------------- odd pages
@pytest.mark.parametrize("text", ["<img src=x onerror=alert(1)>", "it's", "50% off_", "a; b", "$^.*", "ключ", "a > b"])
def test_odd_texts_are_asked_as_they_are(text: str) -> None:
    found = one(events := of(caught("a", el("button", text=text), times=2)))
    assert (found.text, counted(events, found.action)) == (text, 2)


@pytest.mark.parametrize("value", ['say "hi"', "it's", "back\\slash", "[x]", "a\nb", "\x01", "<img>", "x" * 500, " "])
def test_what_a_selector_can_not_say_is_not_in_it(value: str) -> None:
    element = el("button", id=value, data_attr=value, classes="buy", text=value if "\\" not in value else "")
    events = of(caught("a", element, times=2))
    found = one(events)
    assert found.selector is None or value not in found.selector
    assert counted(events, found.action) == found.events == 2


@pytest.mark.parametrize("chain", [":", "a", 'a:text="open', '.x:text="', ";;;", "a.b.c:", 'b:text="A"text="B"', '"a":x="y"', 'é:text="x"'])
def test_broken_chains_are_survived(chain: str) -> None:
    row = caught("a", el("a"))[0] | {"elements_chain": chain}
    events = ek.from_frame(pd.DataFrame([row, *caught("b", el("button", id="buy"))]))
    found = events.suggest_actions(min_events=1)
    assert "button#buy" in found.selector.tolist()
    assert [counted(events, a) for a in found.action] == found.events.tolist()


def test_without_autocapture_the_frame_is_empty_and_says_why(log: Any) -> None:
    with pytest.warns(UnknownEventWarning, match=r"no \$autocapture events\. A browser SDK"):
        found = log("a signup 01-01").suggest_actions()
    assert list(found.columns) == list(COLUMNS)
    assert len(found) == 0


def test_autocaptured_events_without_elements_say_so() -> None:
    rows = [caught("a", el("a"))[0] | {"elements_chain": ""}, caught("a", el("a"), kind="swipe")[0]]
    with pytest.warns(UnknownEventWarning, match=r"1 autocaptured events are of the kind 'swipe', 1 .* have no chain of elements"):
        assert len(ek.from_frame(pd.DataFrame(rows)).suggest_actions()) == 0


def test_no_events_at_all() -> None:
    nothing = pd.DataFrame({"event": ["x"], "distinct_id": ["a"], "timestamp": [pd.Timestamp("2026-01-01")]})[:0]
    with pytest.warns(UnknownEventWarning, match="nothing to suggest"):
        assert len(ek.from_frame(nothing).suggest_actions()) == 0


# ---------------------------------------------------------------------- names, limits, overlaps
@pytest.mark.parametrize(
    ("kind", "elements", "name"),
    [
        ("click", [el("a", text="Sign up", href="/signup")], "Clicked 'Sign up'"),
        ("click", [el("button", data_attr="nav-menu")], "Clicked nav menu button"),
        ("click", [el("a", href="/basket")], "Clicked link to /basket"),
        ("click", [el("div")], "Clicked a div"),
        ("submit", [el("form", id="signupForm")], "Submitted signup form"),
        ("submit", [el("form", action="/join")], "Submitted form to /join"),
        ("change", [el("input", name="email", type="email")], "Changed email field"),
        ("change", [el("input", id="terms", type="checkbox")], "Changed terms checkbox"),
        ("click", [el("button", text=("word " * 30).strip())], "Clicked 'word word word word word word word wo...'"),
    ],
)
def test_names_are_in_words(kind: str, elements: list[Element], name: str) -> None:
    assert one(of(caught("a", *elements, kind=kind)))["name"] == name


def test_names_are_unique_and_not_those_of_known_actions() -> None:
    events = of(
        caught("a", el("a", text="Buy")), caught("a", el("button", text="Buy"), el("nav")), caught("a", el("button", text="Buy", id="x"))
    )
    found = events.with_actions(ek.Action("Clicked 'Buy'", ek.event("other"))).suggest_actions(min_events=1)
    assert len(found) == 3
    assert len({*found.name, "Clicked 'Buy'"}) == 4


def test_overlaps_with_known_actions_and_other_suggestions_are_told() -> None:
    signed_up = ek.Action("signed up", ek.clicked(text="Go"), ek.event("user_signed_up"))
    go = el("button", text="Go")
    events = of(caught("a", go, page="/a", times=3), caught("b", el("a", text="Other", id="o"), times=2)).with_actions(signed_up)
    assert events.suggest_actions().set_index("name").overlaps.to_dict() == {"Clicked 'Go'": "signed up (100%)", "Clicked 'Other'": ""}


def test_rare_elements_are_passed_over_and_a_limit_warns() -> None:
    events = of(caught("a", el("a", id="one")), caught("a", el("a", id="two"), times=2), caught("a", el("a", id="three"), times=3))
    assert events.suggest_actions().selector.tolist() == ["a#three", "a#two"]
    with pytest.warns(TruncatedWarning, match="1 suggestions are given, for the most frequent of 2 elements"):
        assert events.suggest_actions(limit=1).selector.tolist() == ["a#three"]
    with pytest.raises(SpecError, match="limit 0 is less than 1"):
        events.suggest_actions(limit=0)
    with pytest.raises(SpecError, match="min_events 'x' is no whole number"):
        events.suggest_actions(min_events="x")  # type: ignore[arg-type]


def test_filters_and_dates_restrict_what_is_looked_at() -> None:
    buy = el("button", id="buy")
    events = of(caught("a", buy, day="01-01", times=3), caught("b", buy, day="01-09", page="/b", times=2))
    later = events.between("2026-01-05", "2026-02-01")
    assert later.suggest_actions().events.tolist() == [2]
    assert counted(later, later.suggest_actions().action[0]) == 2
    assert events.filter(ek.event_prop("$current_url").icontains("/b")).suggest_actions().persons.tolist() == [1]


def test_suggestions_are_kept_and_asked_for(tmp_path: Any) -> None:
    events = of(caught("a", el("form", id="signup"), kind="submit", times=2))
    found = events.suggest_actions()
    ek.save_actions(tmp_path / "actions.yaml", *found.action)
    assert ek.read_actions(tmp_path / "actions.yaml") == tuple(found.action)
    assert events.with_actions(*found.action).trends("Submitted signup form").to_pandas().value.sum() == 2


# ---------------------------------------------------------------------- the sample
def test_the_sample_suggests_what_its_pages_have() -> None:
    events = ek.load_sample()
    found = events.suggest_actions()
    assert found[["name", "selector", "text", "events"]].values.tolist() == [
        ["Clicked 'Play'", "button", "Play", 6347],
        ["Clicked 'Pricing'", "a", "Pricing", 2729],
        ["Clicked 'Films'", "a", "Films", 2706],
        ["Changed email field", "input#email", None, 865],
        ["Clicked 'Create account'", "button", "Create account", 865],
        ["Clicked 'Start free trial'", "a", "Start free trial", 865],
        ["Submitted signup form", "form#signup", None, 865],
        ["Clicked 'Upgrade'", "a", "Upgrade", 340],
        ["Clicked 'Log in'", "button", "Log in", 294],
    ]
    people = events.trends(*[ek.series(a, math="dau") for a in found.action], display="BoldNumber").to_pandas()
    assert found.persons.tolist() == people.value.tolist()


# ---------------------------------------------------------------------- any page
VALUES = st.sampled_from(["", "buy", "Sign up", "x1", "3 items", 'say "hi"', "a\\b", "<b>", "css-1x2y3z", "it's", "step-2", ":r3:", "a b"])
ELEMENTS = st.builds(
    lambda tag, text, id, classes, href, nth, name, data: el(tag, text=text, id=id, classes=classes, href=href, nth=nth, name=name, data_attr=data),
    st.sampled_from(["a", "button", "form", "div", "input", "svg", "x-y", "É"]), VALUES, VALUES,
    st.sampled_from(["", "btn", "btn primary", "px-4 flex", "css-1x2y3z"]), VALUES, st.integers(0, 3), VALUES, VALUES,
)  # fmt: skip
CLICKS = st.tuples(
    st.sampled_from("abc"),
    st.lists(ELEMENTS, min_size=1, max_size=4),
    st.sampled_from(["click", "click", "submit", "change"]),
    st.sampled_from(["/", "/a", "/a_b", "/a/1?x=1", "#"]),
)


@settings(max_examples=examples(20, 1000), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(CLICKS, min_size=1, max_size=12))
def test_an_action_counts_what_its_suggestion_says(clicks: list[tuple[str, list[Element], str, str]]) -> None:
    events = of(*[caught(who, *elements, kind=kind, page=page) for who, elements, kind, page in clicks])
    found = events.suggest_actions(min_events=1, limit=None)
    if found.empty:
        return
    asked = events.trends(*found.action, display="BoldNumber").to_pandas()
    people = events.trends(*[ek.series(a, math="dau") for a in found.action], display="BoldNumber").to_pandas()
    assert asked.value.tolist() == found.events.tolist()
    assert people.value.tolist() == found.persons.tolist()
    assert found.name.is_unique
    seen = events.autocaptured()
    options = selector_options(seen, seen.rows[-1])
    chain = from_chain(seen.rows[-1].chain)
    assert all(matches_selector(chain, s) for s in options.selector if s)
    again = events.trends(*options.action[:9], display="BoldNumber").to_pandas()
    assert again.value.tolist() == options.events.tolist()[:9]
