"""Say which pins could go: tries the newest release of each pinned library against evkit's tests, in a throw-away environment.

``make pins`` (needs a package index). Exit status 0: every pin is still needed.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PINS = {
    "duckdb": "ibis 12 can't read a table from duckdb 2",
    "sqlglot": "from 30.18 on ibis 12's DROP loses the table's name",
}
TRIAL = ["tests/load", "tests/insights", "tests/query", "-q", "-x", "-p", "no:cacheprovider"]


def main() -> int:
    """Try each pin; give 1 when one can go."""
    free = []
    for name, reason in PINS.items():
        with tempfile.TemporaryDirectory() as folder:
            python = Path(folder) / "bin" / "python"
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", "-c", ROOT / "constraints.txt", "-e", f"{ROOT}[dev]"], check=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", "--upgrade", "--no-deps", name], check=True)
            works = subprocess.run([python, "-m", "pytest", *TRIAL], cwd=ROOT, capture_output=True, check=False).returncode == 0
        print(f"{name}: {'can go' if works else 'still needed'} ({reason})")
        free += [name] if works else []
    return 1 if free else 0


if __name__ == "__main__":
    sys.exit(main())
