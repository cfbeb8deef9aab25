"""The sample data is what the simulator makes, and evkit finds in it what the simulator knows."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import evkit as ek
from evkit.simulator.write import make

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    make(tmp_path / "one", seed=7, count=40)
    make(tmp_path / "two", seed=7, count=40)
    for name in ("matinee.jsonl.gz", "matinee.parquet", "truth.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_another_seed_gives_other_events(tmp_path: Path) -> None:
    assert make(tmp_path / "one", seed=7, count=40) != make(tmp_path / "two", seed=8, count=40)


def test_the_sample_files_are_under_five_megabytes_together() -> None:
    assert sum((SAMPLE / name).stat().st_size for name in ("matinee.jsonl.gz", "matinee.parquet")) < 5_000_000


@pytest.fixture(scope="module", params=["matinee.parquet", "matinee.jsonl.gz"])
def matinee(request: pytest.FixtureRequest) -> Iterator[ek.Events]:
    yield ek.read(SAMPLE / request.param, timezone="Europe/London", week_start="monday")


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLE / "truth.json").read_text())
    return found


def figures(insight: ek.Insight, form: str) -> dict[str, int]:
    frame = insight.to_pandas()
    return {bucket.strftime(form): int(value) for bucket, value in zip(frame.bucket, frame.value, strict=True) if value}


def test_evkit_counts_the_events_that_were_sent(matinee: ek.Events, truth: dict[str, Any]) -> None:
    report = matinee.load_report
    assert (report.events, report.duplicates, report.rejected_count) == (truth["events"], truth["sent_twice"], 0)


def test_evkit_finds_the_true_persons(matinee: ek.Events, truth: dict[str, Any]) -> None:
    assert matinee.distinct_ids() == truth["distinct_ids"]
    assert len(matinee.persons()) == truth["persons"]
    assert matinee.people() == truth["people"]
    outcomes = matinee.identity_log().outcome.value_counts().to_dict()
    assert outcomes == {**truth["merges"], "refused": truth["refusals"]}
    assert len(matinee.groups("company")) == truth["companies"]


def test_evkit_counts_the_true_trends_across_the_change_of_clocks(matinee: ek.Events, truth: dict[str, Any]) -> None:
    trends = truth["trends"]
    assert figures(matinee.trends("movie_played"), "%Y-%m-%d") == trends["movie_played_daily"]
    assert figures(matinee.trends("movie_played", interval="week"), "%Y-%m-%d") == trends["movie_played_weekly"]
    assert figures(matinee.trends(ek.series("movie_played", math="dau"), interval="week"), "%Y-%m-%d") == trends["people_playing_weekly"]
    hours = matinee.between("2026-03-29", "2026-03-30").trends("$pageview", interval="hour")
    assert figures(hours, "%H") == trends["pageviews_by_hour_on_2026-03-29"]


def test_evkit_counts_the_true_funnels(matinee: ek.Events, truth: dict[str, Any]) -> None:
    funnel = matinee.funnel(*truth["funnels"]["steps"], window="14 days")
    assert funnel.to_pandas()["count"].tolist() == truth["funnels"]["all"]
    parted = matinee.funnel(*truth["funnels"]["steps"], window="14 days", breakdown=ek.person_prop("plan")).to_pandas()
    assert {plan: rows["count"].tolist() for plan, rows in parted.groupby("breakdown_value")} == truth["funnels"]["by_plan"]
