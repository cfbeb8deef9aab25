"""What all widgets share: one script and style each, Vega once a page, calls from the page answered here."""

from __future__ import annotations

import functools
import traceback
from importlib import resources
from typing import Any

import anywidget
import traitlets

from evkit.errors import EvkitError
from evkit.insights import theme, vega


@functools.cache
def text_of(name: str) -> str:
    """Give one of the files of scripts and styles."""
    return (resources.files("evkit.notebook") / "static" / name).read_text(encoding="utf-8")


def script(*names: str) -> str:
    """Give the script of a widget: what all share, then its own parts."""
    return "\n".join(map(text_of, ("base.js", *names)))


class Tool(anywidget.AnyWidget):
    """Base of the widgets.

    The page calls a method by sending ``{"call": name, "id": n, ...}``; the answer goes back with the same id, an error in
    words. Only methods named in `CALLS` can be called.
    """

    _css = text_of("widgets.css")
    CALLS: tuple[str, ...] = ()
    theme = traitlets.Dict().tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(theme={"light": theme.config("light"), "dark": theme.config("dark")}, **traits)
        self.on_msg(self._called)

    def _called(self, _: Any, message: Any, buffers: Any) -> None:
        name, number = message.get("call"), message.get("id")
        if name == "vega":
            self.send({"answer": number}, buffers=[vega.script("evkitVegaEmbed").encode()])
            return
        if name not in self.CALLS:
            self.send({"answer": number, "error": f"there is nothing called {name!r} to call"})
            return
        given = {key: value for key, value in message.items() if key not in ("call", "id")}
        try:
            self.send({"answer": number, "value": getattr(self, name)(**given)})
        except EvkitError as error:
            self.send({"answer": number, "error": str(error)})
        except Exception as error:
            self.send({"answer": number, "error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()})
            raise

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"
