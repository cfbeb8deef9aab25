"""How events come to be: the client that sends them, the collector that takes them, the store that keeps them.

The client of the guide: ``from evkit import capture as posthog; posthog.configure("phc_...", host="http://127.0.0.1:8000");
posthog.capture("user_42", "movie_played", {"movie_id": 7})``.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "Client": "evkit.capture.client",
    "Store": "evkit.capture.store",
    "read_warnings": "evkit.capture.store",
    "create_app": "evkit.capture.collector",
    "configure": "evkit.capture.default",
    "default_client": "evkit.capture.default",
    "capture": "evkit.capture.default",
    "identify": "evkit.capture.default",
    "alias": "evkit.capture.default",
    "set": "evkit.capture.default",
    "set_once": "evkit.capture.default",
    "group_identify": "evkit.capture.default",
    "page": "evkit.capture.default",
    "context": "evkit.capture.default",
    "track": "evkit.capture.default",
    "flush": "evkit.capture.default",
    "shutdown": "evkit.capture.default",
    "stats": "evkit.capture.default",
}
"""Public name -> the module that holds it; loaded when first asked for."""

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'evkit.capture' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
