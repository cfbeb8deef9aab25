"""A private PostgreSQL on this machine, for as long as a test needs it."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

BIN = next(
    (
        Path(found).parent
        for found in [*sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), reverse=True), shutil.which("initdb")]
        if found
    ),
    None,
)


@contextlib.contextmanager
def server() -> Iterator[int]:
    """Start a server on an empty folder; give its port. It refuses to be run by root, so "nobody" runs it then."""
    assert BIN is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    user = "nobody" if os.getuid() == 0 else None
    folder = tempfile.mkdtemp(prefix="evkit-pg-")
    if user:
        shutil.chown(folder, user)
    run = lambda *command: subprocess.run(command, check=True, capture_output=True, timeout=120, user=user, cwd=folder)  # noqa: E731
    data = f"{folder}/data"
    try:
        run(f"{BIN}/initdb", "-D", data, "-U", "evkit", "--auth=trust", "-E", "UTF8", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
        run(f"{BIN}/pg_ctl", "-D", data, "-o", options, "-l", f"{folder}/log", "-w", "start")
        try:
            yield port
        finally:
            run(f"{BIN}/pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
