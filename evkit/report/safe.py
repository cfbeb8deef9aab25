"""HTML that somebody else wrote -> HTML that only shows: an allow-list of tags and attributes, nothing that runs or asks.

What a notebook's cell shows may hold event names that are markup (`Styler` doesn't escape them), or ask other hosts for
scripts and pictures. Here it is read and written anew; what is not on the list is left out, its text kept.
"""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

TAGS = frozenset(
    "a abbr b blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i "
    "img ins kbd label li mark meter ol p pre progress q s samp small span strong style sub summary sup table tbody td tfoot th thead tr "
    "u ul var wbr".split()
)
EMPTY = frozenset("br col hr img wbr".split())
DROPPED = frozenset("script iframe object embed template noscript head title textarea select svg math audio video canvas".split())
"""Left out with all that is in them."""
ATTRIBUTES = frozenset(
    "abbr align alt aria-hidden aria-label class colspan dir height id lang max min open role rowspan scope start style tabindex title type value "
    "width".split()
)
ADDRESSES = re.compile(r"(?i)^\s*(https?:|mailto:|#)")
"""Where a link may lead: following it is the reader's own doing."""
PICTURES = re.compile(r"(?i)^data:image/(png|jpeg|gif|webp|svg\+xml)[;,]")
EMPTY_HEAD = re.compile(r"<th((?: [^<>]*)?)>\s*</th>")
"""A head that says nothing, as above a frame's row names: it is no head."""
ASKING = re.compile(r"(?i)url\s*\(|image-set|@import|expression|behavior|position\s*:\s*(fixed|sticky)|[<\\]")
"""Style that asks for something, runs something, or covers the page."""


def cleaned(text: str) -> str:
    """Give HTML with only what shows: no scripts, no handlers, nothing from other hosts.

    Examples
    --------
    >>> cleaned('<b onclick="x()">7</b><img src=x onerror=alert(1)><script>x()</script>')
    '<b>7</b>&lt;img src=x onerror=alert(1)&gt;'
    >>> cleaned("<td>a < b")
    '<td>a &lt; b</td>'
    """
    reader = Reader()
    reader.feed(text)
    reader.close()
    return reader.result()


class Reader(HTMLParser):
    """Reads HTML and writes what is allowed of it; tags that were left open are closed at the end."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._made: list[str] = []
        self._open: list[str] = []
        self._dropping: list[str] = []
        self._style: list[str] | None = None

    def result(self) -> str:
        """Give what was written."""
        return EMPTY_HEAD.sub(r"<td\1></td>", "".join([*self._made, *(f"</{tag}>" for tag in reversed(self._open))]))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Write a tag that is allowed."""
        if self._dropping or tag in DROPPED:
            self._dropping += [tag] if tag in DROPPED and tag != "embed" else []
            return
        if tag == "style":
            self._style = []
        elif tag == "img":
            self._picture(dict(attrs))
        elif tag in TAGS:
            self._made.append(f"<{tag}{''.join(self._attribute(tag, name, value or '') for name, value in attrs)}>")
            self._open += [] if tag in EMPTY else [tag]

    def handle_endtag(self, tag: str) -> None:
        """Close a tag, and those inside it that were left open."""
        if self._dropping:
            if tag == self._dropping[-1]:
                self._dropping.pop()
                return
            if tag not in self._open:
                return
            self._dropping.clear()  # was left open inside of what ends here
        if tag == "style" and self._style is not None:
            said, self._style = "".join(self._style), None
            self._made.append("" if ASKING.search(said) else f"<style>{said}</style>")
        elif tag in self._open:
            while self._open:
                last = self._open.pop()
                self._made.append(f"</{last}>")
                if last == tag:
                    break

    def handle_data(self, data: str) -> None:
        """Write text."""
        if self._style is not None:
            self._style.append(data)
        elif not self._dropping:
            self._made.append(html.escape(data, quote=False))

    def _picture(self, attrs: dict[str, str | None]) -> None:
        """Write a picture that is inside the page; of another, its words."""
        if PICTURES.match(attrs.get("src") or ""):
            kept = "".join(
                self._attribute("img", name, attrs.get(name) or "") for name in ("src", "width", "height", "style") if name in attrs
            )
            self._made.append(f'<img{kept} alt="{html.escape(attrs.get("alt") or "a picture without a description")}">')
        else:  # an event's name, perhaps: it is shown as the text that it is
            self._made.append(
                html.escape(f"[picture: {attrs['alt']}]" if attrs.get("alt") else self.get_starttag_text() or "", quote=False)
            )

    def _attribute(self, tag: str, name: str, value: str) -> str:
        linked = name == "href" and tag == "a" and ADDRESSES.match(value)
        shown = name == "src" and tag == "img"
        refused = (name == "style" and ASKING.search(value)) or (name == "tabindex" and value != "0")
        if not (linked or shown or name in ATTRIBUTES) or refused:
            return ""
        return f' {name}="{html.escape(value)}"'
