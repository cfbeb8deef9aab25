"""The elements chain: written sorted and escaped, read back tolerantly, matched as CSS."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evkit import elements
from evkit.errors import SpecError

BUTTON = {"tag_name": "button", "attr_class": ["btn", "primary"], "text": "Buy", "attributes": {"attr__type": "submit"}}
FORM = {"tag_name": "form", "attr_id": "checkout", "nth_child": 2, "nth_of_type": 1, "attributes": {}}


def test_classes_and_attributes_are_written_sorted_with_quotes_escaped() -> None:
    chain = elements.to_chain([{"tag_name": "a", "attr_class": ["z", 'b"'], "text": 'say "hi"', "href": "/x"}])
    assert chain == 'a.b.z:href="/x"nth-child="0"nth-of-type="0"text="say \\"hi\\""'


def test_semicolons_inside_quotes_do_not_part_elements() -> None:
    chain = elements.to_chain([{"tag_name": "a", "text": "one; two"}, {"tag_name": "div"}])
    assert [e["tag_name"] for e in elements.from_chain(chain)] == ["a", "div"]


@pytest.mark.parametrize(
    ("selector", "hit"),
    [
        ("form#checkout button.btn", True),
        ("form > button", True),
        ("button > form", False),
        (".prim", False),
        ('[type="submit"]', True),
        ('[type="submit"][type="reset"]', False),
        ("form:nth-child(2)", True),
        ("form:nth-of-type(2)", False),
        ('[id="checkout"]', True),
        ("div button", False),
    ],
)
def test_selectors_have_their_css_meaning(selector: str, hit: bool) -> None:
    assert elements.matches_selector([BUTTON, FORM], selector) is hit


@pytest.mark.parametrize("selector", ["", "a:hover", "a >", "> a >", '[href^="/x"]', "a[", "a ~ b"])
def test_what_a_selector_can_not_say_here_is_an_error(selector: str) -> None:
    with pytest.raises(SpecError, match="selector"):
        elements.parse_selector(selector)


def test_words_and_what_is_shown_have_texts_as_people_saw_them_and_the_chain_stays() -> None:
    chain = r'button:attr__title="say \"go\""attr_id="custom"nth-child="1"nth-of-type="1"text="capture(\"movie_played\")"'
    found = elements.from_chain(chain)
    assert elements.in_words(found, "click") == 'click button#custom “capture("movie_played")”'
    shown = elements.as_seen(found[0])
    assert (shown["text"], shown["attributes"]["attr__title"]) == ('capture("movie_played")', 'say "go"')
    assert found[0]["text"] == r"capture(\"movie_played\")" and elements.from_chain(chain) == found


def test_the_href_is_the_first_and_texts_come_once() -> None:
    chain = [{"text": "Go"}, {"href": "/a", "text": "Go"}, {"href": "/b"}]
    assert elements.href(chain) == "/a"
    assert elements.texts(chain) == ["Go"]


@given(st.text(), st.text())
def test_reading_never_fails_and_a_written_text_reads_back_escaped(text: str, anything: str) -> None:
    elements.from_chain(anything)
    plain = text.replace("\\", "")
    read = elements.from_chain(elements.to_chain([{"tag_name": "a", "text": plain}]))
    assert read[0].get("text", "") == plain.replace('"', '\\"')
