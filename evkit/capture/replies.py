"""What PostHog's SDKs ask for beside sending events: remote config, flags (there are none), surveys (none)."""

from __future__ import annotations

import json
import uuid
from typing import Any

COMPRESSIONS = ["gzip", "gzip-js"]


def remote_config(token: str) -> dict[str, Any]:
    """Give the config of a project: autocapture on, everything that needs PostHog's server off."""
    return {
        "token": token,
        "supportedCompression": COMPRESSIONS,
        "autocapture_opt_out": False,
        "analytics": {"endpoint": "/i/v0/e/"},
        "elementsChainAsString": True,
        "hasFeatureFlags": False,
        "sessionRecording": False,
        "capturePerformance": False,
        "heatmaps": False,
        "captureDeadClicks": False,
        "autocaptureExceptions": False,
        "errorTracking": {"autocaptureExceptions": False, "suppressionRules": []},
        "logs": {"captureConsoleLogs": False},
        "defaultIdentifiedOnly": True,
        "siteApps": [],
        "isAuthenticated": False,
        "toolbarParams": {},
    }


def config_script(token: str) -> str:
    """Give the config as the script that posthog-js loads; the token can't end the script."""
    name, config = (json.dumps(v).replace("<", "\\u003c") for v in (token, {"config": remote_config(token), "siteApps": []}))
    return f"(function() {{\n  window._POSTHOG_REMOTE_CONFIG = window._POSTHOG_REMOTE_CONFIG || {{}};\n  window._POSTHOG_REMOTE_CONFIG[{name}] = {config};\n}})();\n"


def flags(evaluated_at: int) -> dict[str, Any]:
    """Give the flags of a project that has none.

    Parameters
    ----------
    evaluated_at
        Milliseconds since 1970.
    """
    return {"flags": {}, "errorsWhileComputingFlags": False, "requestId": str(uuid.uuid4()), "evaluatedAt": evaluated_at}


def decide(token: str, version: str) -> dict[str, Any]:
    """Give what old SDKs ask for in one request: the config, and the flags in the shape of their version."""
    found: dict[str, Any] = {**remote_config(token), "config": {"enable_collect_everything": True}, "errorsWhileComputingFlags": False}
    if version == "4":
        return {**found, "flags": {}}
    return {**found, "featureFlags": [] if version in ("", "1") else {}, "featureFlagPayloads": {}}
