"""The SDKs that the tests drive: npm's in build/npm, Python's in an environment of their own in build/clients; installed once."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "clients"
BUILD = Path(__file__).resolve().parents[2] / "build"
NPM, NODE = shutil.which("npm"), shutil.which("node")
SECONDS = 300


@lru_cache(maxsize=1)
def npm_folder() -> Path:
    """Give the folder that has node_modules with the packages of clients/package.json; skip where there is no npm, or it can't install."""
    if NPM is None or NODE is None:
        pytest.skip("no npm on this machine: .ci/run installs it")
    folder = BUILD / "npm"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "package.json", folder / "package.json")
    install(folder, HERE / "package.json", [[NPM, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder)]])
    return folder


@lru_cache(maxsize=1)
def python() -> Path:
    """Give a Python that has the packages of clients/requirements.txt; skip where pip can't install them."""
    folder = BUILD / "clients"
    made = folder / "bin" / "python"
    pip = [str(made), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(HERE / "requirements.txt")]
    folder.mkdir(parents=True, exist_ok=True)
    install(folder, HERE / "requirements.txt", [[sys.executable, "-m", "venv", str(folder)], pip])
    return made


def install(folder: Path, wanted: Path, commands: Sequence[Sequence[str]]) -> None:
    """Run the commands that fill a folder with what a file asks for, once; other workers wait for it. Skip where that fails."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / f"installed-{wanted.name}"
        if done.exists() and done.read_text() == wanted.read_text():
            return
        for command in commands:
            said = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
            if said.returncode:
                pytest.skip(f"the SDKs can't be installed here: {said.stderr[-300:]}")
        done.write_text(wanted.read_text())


def posthog_js(package: str = "posthog-js") -> Path:
    """Give the folder `dist` of a version of posthog-js: the name of its package in clients/package.json."""
    return npm_folder() / "node_modules" / package / "dist"


def version(package: str) -> str:
    """Give the version of an installed package."""
    found: str = json.loads((npm_folder() / "node_modules" / package / "package.json").read_text())["version"]
    return found
