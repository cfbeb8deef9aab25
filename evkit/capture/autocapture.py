"""Autocapture for a page of one's own, and for a cell of a notebook."""

from __future__ import annotations

import json
import re
from html import escape
from importlib import resources
from typing import TYPE_CHECKING
from urllib.parse import quote

from evkit.capture import wire
from evkit.errors import CaptureError

if TYPE_CHECKING:
    from evkit.capture.serving import Collector

TOKEN = "phc_local"
START = "Run the cell that starts it (ek.collect(...)), then this one."
METHODS = (
    "capture identify alias group register register_once register_for_session unregister setPersonProperties resetGroups reset getGroups "
    "get_distinct_id get_session_id get_property opt_out_capturing opt_in_capturing has_opted_out_capturing captureException on onFeatureFlags "
    "isFeatureEnabled getFeatureFlag reloadFeatureFlags set_config debug createPersonProfile startSessionRecording stopSessionRecording"
)
STUB = """<script>
  // A stand-in that keeps calls until the script is there, and the script.
  (function (page, posthog) {{
    if (posthog.__SV) return;
    window.posthog = posthog;
    posthog._i = [];
    posthog.__SV = 1;
    posthog.people = [];
    posthog.init = function (token, config, name) {{
      var target = name ? (posthog[name] = []) : posthog;
      {methods}.split(" ").forEach(function (method) {{
        target[method] = function () {{ target.push([method].concat([].slice.call(arguments))); }};
      }});
      var script = page.createElement("script");
      script.async = true;
      script.crossOrigin = "anonymous";
      script.src = config.api_host + "/static/array.js";
      page.head.appendChild(script);
      posthog._i.push([token, config, name || "posthog"]);
    }};
  }})(document, window.posthog || []);
  posthog.init({token}, {{ api_host: {url}, defaults: "2025-05-24" }});
</script>"""


class Snippet(str):
    """HTML that is shown as it is to be copied."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self)}</pre>"


class Playground:
    """A page to click in, inside a cell; what is clicked arrives in the collector's store.

    Parameters
    ----------
    url
        Of the collector.
    height
        Pixels.
    token
        Under which the page sends; None leaves it to the collector.
    """

    def __init__(self, url: str, height: int, token: str | None = None) -> None:
        self.url = f"{url}/playground" + (f"?token={quote(token, safe='')}" if token else "")
        self.height = height

    def __repr__(self) -> str:
        return f"<Playground {self.url}>"

    def _repr_html_(self) -> str:
        style = "width:100%;border:1px solid var(--jp-border-color1,#ccc);border-radius:4px"
        page = f'<iframe src="{escape(self.url)}" height="{self.height}" style="{style}" title="A page whose clicks are captured"></iframe>'
        note = f"The page above comes from the collector at {self.url}: where it is empty or refused, that is not running. {START}"
        return f'<div>{page}<div style="color:var(--jp-content-font-color2,inherit)">{escape(note)}</div></div>'


def url_of(collector: Collector | str) -> str:
    """Give where a collector is, from it or from its address.

    Raises
    ------
    CaptureError
        When it is neither, or stopped.
    """
    if getattr(collector, "is_running", True) is False:
        raise CaptureError(f"the collector at {getattr(collector, 'url', collector)} is stopped. {START}")
    url = collector if isinstance(collector, str) else getattr(collector, "url", None)
    if not isinstance(url, str):
        raise CaptureError(f"{collector!r} is no collector: give what ek.collect(...) gives, or an address such as 'http://127.0.0.1:8000'")
    if not re.match(r"^https?://[^\s\"'<>/]+$", url.rstrip("/")):
        raise CaptureError(f"{url!r} is no address of a collector, such as 'http://127.0.0.1:8000'")
    return url.rstrip("/")


def token_of(collector: Collector | str, token: str | None) -> str:
    """Give the token that a page sends: the one given, else the first that the collector takes.

    Raises
    ------
    CaptureError
        When it is none, or the collector takes others only.
    """
    wire.checked_tokens(token)
    taken: tuple[str, ...] | None = getattr(collector, "tokens", None)
    if token is not None and taken is not None and token.strip() not in taken:
        raise CaptureError(f"the token {token!r} is not one that this collector takes: {', '.join(taken)}")
    return token or (taken or (TOKEN,))[0]


def snippet(collector: Collector | str, *, token: str | None = None) -> Snippet:
    """Give what goes into the `<head>` of a page so that its views, clicks, changes and submits are captured.

    Parameters
    ----------
    collector
        What `ek.collect` gives, or the address of a collector.
    token
        The project's token; by default the first of those that the collector takes.

    Raises
    ------
    CaptureError
        When it is no collector, a stopped one, or one that doesn't take the token.

    Examples
    --------
    >>> import evkit as ek
    >>> "http://127.0.0.1:8000" in ek.snippet("http://127.0.0.1:8000")
    True
    """
    words = (json.dumps(text).replace("<", "\\u003c") for text in (METHODS, token_of(collector, token), url_of(collector)))
    methods, key, url = words
    return Snippet(STUB.format(methods=methods, token=key, url=url))


def playground(collector: Collector | str, *, height: int = 520, token: str | None = None) -> Playground:
    """Show a small page in a cell: a form, buttons, links. What is clicked there arrives in the store.

    Parameters
    ----------
    collector
        What `ek.collect` gives, or the address of a collector.
    height
        Pixels.
    token
        The project's token; by default the first of those that the collector takes.

    Raises
    ------
    CaptureError
        When it is no collector, a stopped one, or one that doesn't take the token.

    Examples
    --------
    >>> import evkit as ek
    >>> ek.playground("http://127.0.0.1:8000")
    <Playground http://127.0.0.1:8000/playground>
    """
    url = url_of(collector)
    return Playground(url, height, token_of(collector, token) if token is not None else None)


def page(url: str, token: str) -> str:
    """Give the page of the playground of the collector at an address."""
    text = resources.files("evkit.capture").joinpath("playground.html").read_text(encoding="utf-8")
    return text.replace("<!-- snippet -->", snippet(url, token=token))
