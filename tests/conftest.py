"""How tests write events: "a signup 01-01; a upgrade 01-03 12:30 plan=pro; b signup 01-02"."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import evkit as ek

YEAR = "2026"


def parsed(text: str) -> list[dict[str, Any]]:
    """Each event is: who, what, month-day, perhaps a time, perhaps key=value properties. Arrival is the order written."""
    rows: list[dict[str, Any]] = []
    for i, part in enumerate(p for p in text.split(";") if p.strip()):
        who, what, day, *rest = part.split()
        time = rest.pop(0) if rest and "=" not in rest[0] else "00:00"
        properties = {k: (float(v) if v.isascii() and v.replace(".", "", 1).isdigit() else v) for k, v in (p.split("=", 1) for p in rest)}
        rows.append(
            {
                "uuid": f"e{i:04d}",
                "event": what,
                "distinct_id": who,
                "timestamp": pd.Timestamp(f"{YEAR}-{day} {time}"),
                "arrival": i,
                "properties": properties,
            }
        )
    return rows


@pytest.fixture(autouse=True, scope="session")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Have indexes kept in a folder of the run's own."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVKIT_CACHE", str(folder))
        yield folder


@pytest.fixture
def log() -> Callable[..., ek.Events]:
    """Make Events from a text; keywords go to `ek.from_frame`."""

    def made(text: str, **options: Any) -> ek.Events:
        return ek.from_frame(pd.DataFrame(parsed(text)), **options)

    return made


FIGURES = "figures"
"""Under this name tests keep what they counted or measured; a run tells it at its end."""


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Take a sentence of what a test counted or measured."""
    return lambda said: record_property(FIGURES, said)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what the tests told, by whichever process."""
    told = [
        f"{report.location[2]}: {said}"
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, said in report.user_properties
        if name == FIGURES
    ]
    if told:
        terminalreporter.section("figures")
        terminalreporter.write_line("\n".join(told))
