"""What a name on a page looks like: written by people, or made by a tool and gone with the next build."""

from __future__ import annotations

import re

MADE_BY_TOOLS = (
    (re.compile(r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"), "holds a UUID"),
    (re.compile(r"^:[a-zA-Z]?[0-9a-z]*:|«[a-z0-9]+»"), "is numbered by React"),
    (
        re.compile(r"^(ember|ext-gen|yui|gwt-uid|mui|radix|headlessui|react-select|rc|select2|jsx|svelte|cdk|mat|__BVID)[-_:]*.*\d"),
        "is numbered",
    ),
    (re.compile(r"^(css|sc|jsx|svelte|emotion|astro|tw|jss|data-v|makeStyles)-?[a-zA-Z]*-?[a-zA-Z0-9]{5,}$"), "is made by a style tool"),
    (re.compile(r"_{1,3}(?=[A-Za-z0-9+-]*\d)[A-Za-z0-9+-]{4,}$"), "ends in a hash"),
    (re.compile(r"\d{4,}"), "holds a long number"),
    (re.compile(r"(?=[a-fA-F]*\d)(?=\d*[a-fA-F])(?<![0-9a-zA-Z])[0-9a-fA-F]{6,}(?![0-9a-zA-Z])"), "holds a hexadecimal number"),
    (re.compile(r"(?<![a-zA-Z0-9])(?=[a-z0-9]{5,})[a-z]*\d+[a-z]+\d+[a-z0-9]*"), "looks random"),
)
STATES = re.compile(
    r"^(active|inactive|hover(ed)?|focus(ed)?|disabled|enabled|selected|checked|open(ed)?|closed|visible|hidden|show|shown|loading|loaded"
    r"|expanded|collapsed|current|dirty|touched|valid|invalid|first|last|odd|even|(is|has|ng|js)-.*)$"
)
STYLES = re.compile(
    r"^-?((p|m)[trblxyse]?|[wh]|min|max|gap|space|inset|top|left|right|bottom|z|order|col|row|grid|flex|text|bg|border|rounded|shadow"
    r"|font|leading|tracking|items|justify|self|content|place|overflow|cursor|opacity|transition|duration|ease|delay|transform|translate"
    r"|scale|rotate|ring|outline|fill|stroke|object|basis|grow|shrink|divide|from|via|to|select|align|whitespace|break|animate|d|g|float"
    r"|mt|mb|ml|mr|pt|pb|pl|pr|mx|my|px|py|size|aspect|line|list|pointer|sr)(-.+)?$"
    r"|^(block|inline|inline-block|inline-flex|hidden|static|fixed|absolute|relative|sticky|truncate|uppercase|lowercase|capitalize|italic"
    r"|underline|antialiased|container|clearfix|group|peer|left|right|center)$"
)
PLAIN_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_-]*$")
UNSAYABLE = re.compile(r"[\"'\\\[\]<>{}\x00-\x1f\x7f\ufffd]|^\s|\s$|^$")
NOT_IN_TEXT = re.compile(r"[\"\\\x00-\x1f\x7f\ufffd]|^\s|\s$|^$")
LONGEST_VALUE = 200
LONG_TEXT, LONGEST_TEXT = 40, 200
LONGEST_NAME = 40


def generated(name: str) -> str | None:
    """Say why a name looks made by a tool; None where people seem to have written it.

    Examples
    --------
    >>> generated("css-1x2y3z"), generated("ember123"), generated("signup-form"), generated("step-2")
    ('is made by a style tool', 'is numbered', None, None)
    """
    return next((why for pattern, why in MADE_BY_TOOLS if pattern.search(name)), None)


def is_style(name: str) -> bool:
    """Say whether a class says how something looks, or in which state it is, not what it is.

    Examples
    --------
    >>> is_style("px-4"), is_style("active"), is_style("signup")
    (True, True, False)
    """
    return bool(STYLES.match(name) or STATES.match(name))


def is_plain(name: str) -> bool:
    """Say whether a name can stand after # or . as it is.

    Examples
    --------
    >>> is_plain("signup-form"), is_plain("md:w-1/2")
    (True, False)
    """
    return bool(PLAIN_NAME.match(name)) and len(name) <= LONGEST_VALUE


def is_sayable(value: str) -> bool:
    """Say whether a value can stand in ``[name="value"]`` as it is, for PostHog's selectors too: no quote, backslash or bracket.

    Examples
    --------
    >>> is_sayable("Sign up"), is_sayable('say "hi"')
    (True, False)
    """
    return not UNSAYABLE.search(value) and len(value) <= LONGEST_VALUE


def is_askable(text: str) -> bool:
    """Say whether an action can ask for a text: one that the chain holds without escapes.

    Examples
    --------
    >>> is_askable("<b>Sign up</b>"), is_askable('say "hi"')
    (True, False)
    """
    return not NOT_IN_TEXT.search(text) and len(text) <= LONGEST_TEXT


def shape(value: str) -> str:
    """Give a value with each number as #: what values have in common that only count.

    Examples
    --------
    >>> shape("film-58")
    'film-#'
    """
    return re.sub(r"\d+", "#", value)


def words(name: str) -> str:
    """Give a name of a page in words.

    Examples
    --------
    >>> words("signupForm_email-address")
    'signup form email address'
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return " ".join(re.split(r"[\s_\-./:]+", spaced)).strip().lower()


def short(text: str, longest: int = LONGEST_NAME) -> str:
    """Give a text on one line, cut where it is long.

    Examples
    --------
    >>> short("one two   three", 9)
    'one tw...'
    """
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return flat if len(flat) <= longest else flat[: longest - 3].rstrip() + "..."
