"""The elements chain of autocapture: writing it, reading it, and matching CSS selectors against it.

Elements are dicts, the innermost (clicked) first: tag_name, text, href, attr_id, attr_class (list), nth_child,
nth_of_type, attributes (``attr__...`` keys as autocapture sends them).

Source: PostHog's elements chain, as its tests show it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from evkit.errors import SpecError

Element = dict[str, Any]
CLICKABLE = frozenset({"a", "button", "input", "select", "textarea", "label", "option", "summary"})
ROLES = frozenset({"button", "link", "tab", "menuitem", "checkbox", "radio", "switch", "option"})
PSEUDO_CLASSES = frozenset(
    {
        "hover",
        "focus",
        "active",
        "visited",
        "link",
        "disabled",
        "enabled",
        "checked",
        "first-child",
        "last-child",
        "only-child",
        "empty",
        "root",
        "target",
        "focus-within",
        "focus-visible",
        "first-of-type",
        "last-of-type",
        "before",
        "after",
    }
)
_ATTRIBUTES_BEGIN = re.compile(r':(?=[^:="]+=")')
_ATTRIBUTE = re.compile(r'([^=]+?)="((?:[^"\\]|\\.)*)"', re.DOTALL)


# ---------------------------------------------------------------------- writing and reading
def to_chain(elements: Iterable[Mapping[str, Any]]) -> str:
    r"""Write elements as a chain.

    Examples
    --------
    >>> to_chain([{"tag_name": "a", "attr_class": ["small"], "href": "/x", "nth_child": 1}])
    'a.small:href="/x"nth-child="1"nth-of-type="0"'
    """
    return ";".join(_write(element) for element in elements)


def _write(element: Mapping[str, Any]) -> str:
    classes = "".join("." + str(name).replace('"', "") for name in sorted(element.get("attr_class") or ()))
    attributes: dict[str, Any] = {name: element[name] for name in ("text", "href", "attr_id") if element.get(name)}
    attributes["nth-child"] = element.get("nth_child") or 0
    attributes["nth-of-type"] = element.get("nth_of_type") or 0
    attributes.update(element.get("attributes") or {})
    written = "".join(f'{_escape(key)}="{_escape(attributes[key])}"' for key in sorted(attributes))
    return f"{element.get('tag_name') or ''}{classes}:{written}"


def _escape(value: Any) -> str:
    return str(value).replace('"', '\\"')


def from_chain(chain: str) -> list[Element]:
    """Read a chain; escaped quotes stay escaped, as PostHog reads them.

    Examples
    --------
    >>> from_chain('a.small:href="/x"nth-child="1"nth-of-type="0"')
    [{'tag_name': 'a', 'attr_class': ['small'], 'href': '/x', 'nth_child': 1, 'nth_of_type': 0, 'attributes': {}}]
    """
    return [read_element(part) for part in split_chain(chain)]


def split_chain(chain: str) -> list[str]:
    """Cut a chain into its elements, as text: at the semicolons outside quotes; a backslash protects a quote.

    Examples
    --------
    >>> split_chain('a:text="one; two";body:')
    ['a:text="one; two"', 'body:']
    """
    parts, begin, quoted, skip = [], 0, False, False
    for i, char in enumerate(chain):
        if skip:
            skip = False
        elif char == "\\":
            skip = True
        elif char == '"':
            quoted = not quoted
        elif char == ";" and not quoted:
            parts.append(chain[begin:i])
            begin = i + 1
    parts.append(chain[begin:])
    return [part for part in parts if part]


def read_element(part: str) -> Element:
    """Read one element of a chain."""
    cut = _ATTRIBUTES_BEGIN.search(part)
    head, tail = (part[: cut.start()], part[cut.end() :]) if cut else (part.removesuffix(":"), "")
    tag, *classes = head.strip('"').split(".")
    element: Element = {}
    if tag:
        element["tag_name"] = tag
    names = [name for name in classes if name]
    if names:
        element["attr_class"] = names
    attributes: dict[str, str] = {}
    for key, value in _ATTRIBUTE.findall(tail):
        if key in ("href", "text", "attr_id"):
            element[key] = value
        elif key in ("nth-child", "nth-of-type"):
            element[key.replace("-", "_")] = int(value) if value.lstrip("-").isdigit() else 0
        else:
            attributes[key] = value
    element["attributes"] = attributes
    return element


def extract(raw: Iterable[Mapping[str, Any]]) -> list[Element]:
    """Give elements from the ``$elements`` that an SDK sends: `$el_text` is the text, `attr__...` the attributes."""
    found = []
    for item in raw:
        element: Element = {}
        if item.get("$el_text"):
            element["text"] = item["$el_text"]
        for name in ("tag_name", "nth_child", "nth_of_type"):
            if item.get(name) is not None:
                element[name] = item[name]
        if item.get("attr__href"):
            element["href"] = item["attr__href"]
        if item.get("attr__id"):
            element["attr_id"] = item["attr__id"]
        classes = item.get("attr__class")
        if classes:
            element["attr_class"] = [str(c) for c in classes] if isinstance(classes, (list, tuple)) else str(classes).split()
        element["attributes"] = {key: value for key, value in item.items() if key.startswith("attr__")}
        found.append(element)
    return found


def href(elements: Sequence[Mapping[str, Any]]) -> str:
    """Give the first href in the chain, "" if there is none."""
    return next((str(e["href"]) for e in elements if e.get("href")), "")


def texts(elements: Sequence[Mapping[str, Any]]) -> list[str]:
    """Give all texts in the chain, each once, in order."""
    return list(dict.fromkeys(str(e["text"]) for e in elements if e.get("text")))


def is_clickable(element: Mapping[str, Any]) -> bool:
    """Say whether an element is one that people act on: by its tag, or by its role."""
    return element.get("tag_name") in CLICKABLE or attribute(element, "role") in ROLES


def in_words(elements: Sequence[Mapping[str, Any]], event_type: str = "") -> str:
    """Say what was clicked, changed or submitted: the nearest element that one acts on, its text, where it leads; as people saw it.

    Examples
    --------
    >>> in_words(from_chain('span:text="Go"nth-child="1"nth-of-type="1";a:attr_id="next"href="/next"nth-child="1"nth-of-type="1"'), "click")
    'click a#next “Go” /next'
    """
    if not elements:
        return event_type
    one = next((e for e in elements if is_clickable(e) or e.get("tag_name") == "form"), elements[0])
    said = next(iter(texts(elements)), "")
    tag = f"{one.get('tag_name') or '?'}{'#' + str(one['attr_id']) if one.get('attr_id') else ''}"
    quoted = f"“{said}”" if said else ""
    return unquoted(" ".join(part for part in (event_type, tag, quoted, href(elements)) if part))


def unquoted(text: str) -> str:
    r"""Give a text of a chain as it stood in the page: without the backslashes before its quotes.

    Examples
    --------
    >>> print(unquoted(r'capture(\"movie_played\")'))
    capture("movie_played")
    """
    return text.replace('\\"', '"')


def as_seen(element: Mapping[str, Any]) -> Element:
    """Give an element with its texts as they stood in the page: to be shown, not to be matched."""
    plain = {key: unquoted(value) if isinstance(value, str) else value for key, value in element.items()}
    return {**plain, "attributes": {key: unquoted(str(value)) for key, value in (element.get("attributes") or {}).items()}}


# ---------------------------------------------------------------------- selectors
@dataclass(frozen=True)
class Part:
    """One compound of a selector: what an element must be, and how it stands to the part before it."""

    tag: str | None = None
    classes: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    nth_child: tuple[int, ...] = ()
    nth_of_type: tuple[int, ...] = ()
    child: bool = False

    def fits(self, element: Mapping[str, Any]) -> bool:
        """Say whether an element is what this part asks for."""
        have = element.get("attr_class") or ()
        return (
            (self.tag is None or element.get("tag_name") == self.tag)
            and all(name in have for name in self.classes)
            and all(element.get("attr_id") == name for name in self.ids)
            and all(attribute(element, key) == value for key, value in self.attributes)
            and all(_number(element.get("nth_child")) == n for n in self.nth_child)
            and all(_number(element.get("nth_of_type")) == n for n in self.nth_of_type)
        )


def attribute(element: Mapping[str, Any], key: str) -> str | None:
    """Give an attribute as a selector sees it, quotes unescaped; None where the element doesn't have it.

    Examples
    --------
    >>> attribute({"attributes": {"attr__data-attr": "buy"}}, "data-attr")
    'buy'
    """
    attributes = element.get("attributes") or {}
    value = attributes.get(f"attr__{key}")
    if value is None:
        value = element.get("attr_id") if key == "id" else element.get("href") if key == "href" else attributes.get(key)
    return None if value is None else unquoted(str(value))


def _number(value: Any) -> int | None:
    return int(value) if value is not None and str(value).lstrip("-").isdigit() else None


def matches_selector(elements: Sequence[Mapping[str, Any]], selector: str) -> bool:
    """Say whether a CSS selector matches some element of a chain (innermost first).

    Known are tags, .classes, #ids, [attribute="value"], :nth-child(n), :nth-of-type(n), blank and >.

    Raises
    ------
    SpecError
        When the selector uses something else.

    Examples
    --------
    >>> matches_selector([{"tag_name": "b"}, {"tag_name": "a"}], "a > b")
    True
    """
    parts = parse_selector(selector)
    return any(_matches_at(elements, i, parts, len(parts) - 1) for i in range(len(elements)))


def _matches_at(elements: Sequence[Mapping[str, Any]], i: int, parts: Sequence[Part], p: int) -> bool:
    if not parts[p].fits(elements[i]):
        return False
    if p == 0:
        return True
    above = range(i + 1, min(i + 2, len(elements)) if parts[p].child else len(elements))
    return any(_matches_at(elements, j, parts, p - 1) for j in above)


@lru_cache(maxsize=1024)
def parse_selector(selector: str) -> tuple[Part, ...]:
    """Parse a selector into its compounds, outermost first.

    Raises
    ------
    SpecError
        When the selector is empty or uses something that evkit doesn't know.
    """
    text = selector.strip().replace("> * > ", "").replace("> *", "")
    parts: list[Part] = []
    child = False
    for token in _tokens(text, selector):
        if token == ">":
            if child or not parts:
                raise SpecError(f"selector {selector!r}: '>' needs an element on both sides")
            child = True
        else:
            parts.append(_compound(token, selector, child))
            child = False
    if not parts or child:
        raise SpecError(f"selector {selector!r} names no element" if not parts else f"selector {selector!r} ends in '>'")
    return tuple(parts)


def _tokens(text: str, selector: str) -> list[str]:
    """Cut a selector at blanks and at > outside brackets, parentheses and quotes."""
    tokens, here, depth, quote, skip = [], "", 0, "", False
    for char in text:
        if skip or char == "\\":
            skip = not skip
            here += char
        elif quote:
            quote = "" if char == quote else quote
            here += char
        elif char in "\"'" and depth:
            quote = char
            here += char
        elif depth == 0 and (char.isspace() or char == ">"):
            tokens += [here] if here else []
            here = ""
            tokens += [">"] if char == ">" else []
        else:
            depth += (char in "[(") - (char in "])")
            here += char
    if depth or quote:
        raise SpecError(f"selector {selector!r}: a bracket or quote is not closed")
    return [*tokens, here] if here else tokens


_COMPOUND = re.compile(
    r"""(?P<star>\*)
      | \.(?P<class>(?:\\.|(?<=[:\-])\[[^\]]*\]|:(?!nth-child\(|nth-of-type\()|[^.#\[\]:\s\\>])+)
      | \#(?P<id>(?:\\.|[^.#\[:\s\\>])+)
      | \[\s*(?P<key>[^\]=~|^$*\s]+)\s*=\s*(?P<quote>["'])(?P<value>(?:\\.|(?!(?P=quote)).)*)(?P=quote)\s*\]
      | :nth-child\(\s*(?P<child>\d+)\s*\)
      | :nth-of-type\(\s*(?P<type>\d+)\s*\)
      | (?P<tag>[A-Za-z][\w-]*(?:\(\d+\))?)""",
    re.VERBOSE | re.DOTALL,
)


def _compound(token: str, selector: str, child: bool) -> Part:
    found: dict[str, list[Any]] = {"class": [], "id": [], "attributes": [], "child": [], "type": []}
    tag: str | None = None
    position = 0
    while position < len(token):
        match = _COMPOUND.match(token, position)
        if match is None or match.end() == position or (match["tag"] and position):
            raise SpecError(
                f'selector {selector!r}: can\'t read {token[position:]!r}. Known: tag, .class, #id, [name="value"], :nth-child(n), :nth-of-type(n)'
            )
        position = match.end()
        if match["tag"]:
            tag = match["tag"]
        elif match["class"]:
            found["class"].append(_checked_class(match["class"], selector))
        elif match["id"]:
            found["id"].append(_unescape(match["id"]))
        elif match["key"]:
            found["attributes"].append((match["key"], _unescape(match["value"])))
        elif match["child"]:
            found["child"].append(int(match["child"]))
        elif match["type"]:
            found["type"].append(int(match["type"]))
    ids = [*found["id"], *(value for key, value in found["attributes"] if key == "id")]
    rest = [(key, value) for key, value in found["attributes"] if key != "id"]
    return Part(tag, tuple(found["class"]), tuple(ids), tuple(rest), tuple(found["child"]), tuple(found["type"]), child)


def _checked_class(name: str, selector: str) -> str:
    last = re.split(r"(?<!\\):", name)[-1]
    if ":" in name and last in PSEUDO_CLASSES:
        raise SpecError(f"selector {selector!r}: the pseudo-class :{last} is nothing that a captured element has")
    return _unescape(name)


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
