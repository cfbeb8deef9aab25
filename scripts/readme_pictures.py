"""Draw the pictures of the README from the sample data: ``python scripts/readme_pictures.py``."""

from pathlib import Path

import evkit as ek

TARGET = Path(__file__).resolve().parents[1] / "notebooks" / "pictures"
PAPER = '<rect width="100%" height="100%" fill="white"/>'


def main() -> None:
    """Write funnel.svg and trend.svg."""
    events = ek.load_sample()
    funnel = events.funnel("$pageview", "user_signed_up", "movie_played", window="14 days")
    trend = events.trends(
        ek.Series("movie_played", name="films played"), ek.Series("movie_played", math="dau", name="people who played one"), interval="week"
    )
    for name, insight in {"funnel": funnel, "trend": trend}.items():
        drawn = insight.chart().to_svg("light")
        at = drawn.index(">") + 1
        (TARGET / f"{name}.svg").write_text(drawn[:at] + PAPER + drawn[at:] + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
