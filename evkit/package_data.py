"""The files that come with evkit: notebooks and sample data, in the source tree or inside the package."""

from __future__ import annotations

from pathlib import Path

from evkit.errors import DataError


def data_path(folder: str, name: str = "") -> Path:
    """Give the path of a file that comes with evkit ("notebooks" or "sample_data"), in the source tree or the package.

    Raises
    ------
    DataError
        When there is no such file; the message names those there are.
    """
    here = Path(__file__).resolve().parent
    folders = [here / "_data" / folder, here.parent / folder]
    home = next((f for f in folders if f.is_dir()), folders[-1])
    if not (home / name).exists():
        there = sorted(p.name for p in home.iterdir()) if home.is_dir() else []
        raise DataError(f"no file {name!r} in {folder}. There are: {', '.join(there) or 'none'}")
    return home / name
