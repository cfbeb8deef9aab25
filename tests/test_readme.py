"""What the README shows is true."""

import re
from pathlib import Path

import evkit as ek

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_ten_lines_run() -> None:
    code = TEXT.split("<!-- ten lines -->")[1].split("```python\n")[1].split("```")[0]
    assert len([line for line in code.splitlines() if line.strip()]) == 10
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)
    funnel = names["funnel"]
    assert isinstance(funnel, ek.Insight)
    assert set(funnel.to_pandas().breakdown_value) == {"free", "standard", "premium", ""}


def test_the_pictures_are_there() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", TEXT)
    assert len(pictures) == 2
    assert all((ROOT / p).read_text(encoding="utf-8").startswith("<svg") for p in pictures)
