"""Vega as one script, for pages and widgets of ours: made once a process."""

from __future__ import annotations

import functools


@functools.cache
def script(name: str = "vegaEmbed") -> str:
    """Give vega, vega-lite and vega-embed as one script that puts vega-embed under a name; about 0.9 MB.

    Parameters
    ----------
    name
        What vega-embed is called on the page's window.
    """
    import vl_convert

    bundle = str(vl_convert.javascript_bundle(f"window.{name} = vegaEmbed;"))
    return bundle.replace("</script", "<\\/script").replace("\r", "")  # a page's hash is of the text without \\r
