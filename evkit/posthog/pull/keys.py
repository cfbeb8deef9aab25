"""Where a personal API key comes from: given, the environment, a keyring, or a question; it is written nowhere."""

from __future__ import annotations

import getpass
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping

from evkit.errors import SpecError
from evkit.posthog.api import checked_host

VARIABLE = "POSTHOG_PERSONAL_API_KEY"
SERVICE = "evkit-posthog"
"""Under which a keyring keeps it, a key a host."""


def find(
    given: str | None, host: str, *, environ: Mapping[str, str] | None = None, ask: Callable[[str], str] | None = None, can_ask: bool | None = None,
) -> str:  # fmt: skip
    """Give the key: as given, else of the environment, else of a keyring, else what somebody types.

    Parameters
    ----------
    ask, can_ask
        How to ask for it without showing it, and whether somebody is there to answer.

    Raises
    ------
    SpecError
        When there is none, and nobody to ask.
    """
    found = given or (os.environ if environ is None else environ).get(VARIABLE) or of_keyring(host)
    if found:
        return found
    if attended() if can_ask is None else can_ask:
        typed = (ask or getpass.getpass)(f"Personal API key for {host} (phx_..., it isn't shown): ")
        if typed.strip():
            return typed
    raise SpecError(
        f"no key: set {VARIABLE} in the environment to a personal API key (PostHog's settings make one; it begins with phx_). "
        "Don't write it into a notebook."
    )


def of_keyring(host: str) -> str | None:
    """Give the key that a keyring has, where one is installed and works."""
    if importlib.util.find_spec("keyring") is None:
        return None
    keyring = importlib.import_module("keyring")
    try:
        found: str | None = keyring.get_password(SERVICE, checked_host(host))
    except keyring.errors.KeyringError:  # installed without anything behind it, as on servers
        return None
    return found


def attended() -> bool:
    """Say whether somebody is there to answer: at a terminal, or in a notebook that is not run by a report."""
    if "ipykernel" in sys.modules:
        from IPython import get_ipython

        shell = get_ipython()
        kernel = getattr(shell, "kernel", None)
        return bool(getattr(kernel, "_allow_stdin", False))
    return sys.stdin is not None and sys.stdin.isatty()
