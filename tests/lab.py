"""A real JupyterLab on this machine, with a notebook opened in a real browser and all its cells run."""

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.browser import Seen, browser_page

SECONDS = 90
RUN_ALL = """() => jupyterapp.commands.execute('notebook:run-all-cells').then(() =>
  jupyterapp.shell.currentWidget.content.widgets.flatMap(c => c.model.outputs ? c.model.outputs.toJSON() : [])
    .filter(o => o.output_type === 'error').map(o => o.ename + ': ' + o.evalue))"""


@contextlib.contextmanager
def server(folder: Path, theme: str) -> Iterator[str]:
    """Start JupyterLab on a folder, with settings of its own; give its address with the token."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    home = folder / ".home"
    settings = home / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "themes.jupyterlab-settings").write_text('{"theme": "JupyterLab %s"}' % theme.capitalize())
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
    own = {"JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces", "JUPYTER_CONFIG_DIR": "config"}
    own |= {"JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime", "IPYTHONDIR": "ipython"}
    environment = {**os.environ, **{name: str(home / part) for name, part in own.items()}}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]
    command += [
        "--allow-root",
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={folder}",
        "--LabApp.expose_app_in_browser=True",
    ]
    with (home / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder) as lab:
        try:
            wait_for(f"http://127.0.0.1:{port}/api/status?token={token}", lab, home / "log")
            yield f"http://127.0.0.1:{port}|{token}"
        finally:
            stop = urllib.request.Request(f"http://127.0.0.1:{port}/api/shutdown?token={token}", method="POST", data=b"")
            with contextlib.suppress(OSError):
                urllib.request.urlopen(stop, timeout=10).close()
            try:
                lab.wait(20)
            except subprocess.TimeoutExpired:
                lab.terminate()


def wait_for(address: str, lab: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the server answers."""
    for _ in range(SECONDS * 5):
        if lab.poll() is not None:
            break
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start: {log.read_text()[-2000:]}")


def write_notebook(path: Path, *cells: str) -> Path:
    """Write a notebook of code cells."""
    made = [
        {"cell_type": "code", "id": f"cell-{i}", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
        for i, source in enumerate(cells)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": made}))
    return path


def open_notebook(page: Any, found: str, name: str, *, run: bool = True, height: int = 2600) -> list[str]:
    """Open a notebook of the lab at `found`, and run it; give the errors of its cells."""
    address, _, token = found.partition("|")
    page.goto(f"{address}/doc/tree/{name}?token={token}&reset", timeout=SECONDS * 1000)
    page.wait_for_function(
        "() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'", timeout=SECONDS * 1000
    )
    page.set_viewport_size({"width": 1400, "height": height})
    return page.evaluate(RUN_ALL) if run else []


@contextlib.contextmanager
def ran_in_lab(notebook: Path, theme: str = "light") -> Iterator[tuple[Seen, list[str]]]:
    """Open a notebook in JupyterLab and run it; give the page, and the errors of its cells."""
    with server(notebook.parent, theme) as found, browser_page(theme, width=1400) as seen:
        failed = open_notebook(seen.page, found, notebook.name, height=12000)
        seen.page.wait_for_timeout(2500)
        yield seen, failed
