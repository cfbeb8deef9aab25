"""What asking says: short reprs, rules a line each, names for figures, warnings where a name is nowhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import evkit as ek
from evkit.errors import DataError, SpecError, UnknownEventWarning

Log = Callable[..., ek.Events]
THREE = "a view 01-01 p=x n=1; a buy 01-02 n=5; b view 01-01 p=y; b view 01-02"


def test_a_repr_is_short_and_rules_are_a_line_each(log: Log) -> None:
    funnel = log(THREE).filter(ek.event_prop("n") != 7).funnel("view", "buy", window="3 days")
    assert repr(funnel) == "<Insight Funnel: view → buy within 3 days>"
    assert repr(log(THREE).trends("view", ek.series("view", math="dau"))) == "<Insight Trends: view; view, unique persons>"
    assert repr(funnel.rules).splitlines()[0].startswith("- Events from 2026-01-01")
    assert any(rule.startswith("Only events with n is_not 7") for rule in funnel.rules)


def test_events_say_what_questions_are_restricted_to(log: Log) -> None:
    said = repr(log(THREE).filter((ek.event_prop("p") == "x") | (ek.person_prop("plan") == "pro")).between("2026-01-01", "2026-01-03"))
    assert said.endswith(
        "questions only of events with p exact 'x' or person plan exact 'pro', questions from 2026-01-01 up to, not including, 2026-01-03>"
    )


def test_series_of_one_event_are_told_apart_and_so_are_their_lines(log: Log) -> None:
    insight = log(THREE).trends(
        "view", ek.series("view", math="dau"), ek.series("buy", math="sum", math_property="n"), "buy", date_range="-1d"
    )
    assert insight.to_pandas().series.unique().tolist() == ["view (total)", "view (dau)", "buy (sum of n)", "buy (total)"]
    drawn = [row for rows in insight.chart().to_dict()["datasets"].values() for row in rows]
    assert len({row["line"] for row in drawn}) == 4
    assert "view (total): from 2 to 1" in insight.describe()


def test_figures_are_named_by_series_or_step_or_bucket(log: Log) -> None:
    events = log(THREE)
    assert events.funnel("view", "buy").actors(step="buy").actor_id.tolist() == ["a"]
    trend = events.trends("view", "buy")
    assert trend.actors(series="buy", bucket="2026-01-02").actor_id.tolist() == ["a"]
    for wrong, message in (
        (lambda: events.funnel("view", "buy").actors(step="bye"), "unknown step 'bye'. Did you mean 'buy'"),
        (lambda: trend.actors(series="bye"), "unknown series 'bye'"),
        (lambda: trend.actors(bucket="nope"), "bucket 'nope' can't be read: give its start, such as '2026-01-01"),
        (lambda: trend.actors(day="2026-01-01"), "unknown keyword of actors 'day'"),
        (lambda: trend.actors(period="before"), "unknown period 'before'"),
        (lambda: events.funnel("view", "buy", breakdown="p").actors(breakdown_value="z"), "no breakdown value 'z'"),
        (lambda: events.trends("view", breakdown="p").actors(breakdown_value="z"), "no breakdown value 'z'"),
        (lambda: events.ask("view"), "'view' is no question"),
        (lambda: events.trends("view", breakdown=[5]), "a breakdown by 5"),  # type: ignore[list-item]
        (lambda: events.trends(["view", "buy"]), "give them one by one"),  # type: ignore[arg-type]
        (lambda: events.funnel(["view", "buy"]), "give them one by one"),  # type: ignore[arg-type]
        (lambda: ek.Funnel("a", "b", window=pd.Timedelta("14D")), "write '1209600 seconds'"),  # type: ignore[arg-type]
    ):
        with pytest.raises(SpecError, match=message.replace("(", r"\(")):
            wrong()


def test_names_that_are_nowhere_are_told_where_figures_are_zeros(log: Log) -> None:
    events = log(THREE)
    for ask, message in (
        (lambda: events.filter(ek.event_prop("pp") == "x").trends("view"), "no event has a property 'pp'. Did you mean 'p'"),
        (lambda: events.trends(ek.series("buy", math="sum", math_property="nn")), "no event has a property 'nn'"),
        (lambda: events.funnel("view", "buy", filters=ek.person_prop("p") == "x"), r"Events have it: ek\.event_prop\('p'\)"),
    ):
        with pytest.warns(UnknownEventWarning, match=message):
            ask().to_pandas()


def test_what_is_saved_is_parquet_and_says_so(log: Log, tmp_path: Path) -> None:
    events = log(THREE)
    with pytest.raises(DataError, match=r"does not end in \.parquet.*'out\.parquet'"):
        events.save(tmp_path / "out.csv")
    with pytest.raises(DataError, match="there is no folder"):
        events.save(tmp_path / "nowhere" / "out.parquet")
    events.filter(ek.event_prop("p") == "x").save(tmp_path / "out.parquet")
    assert ek.read(tmp_path / "out.parquet").count() == 4
    assert events.first_times("view").persons.tolist() == [2]


def test_a_saved_chart_needs_no_network(log: Log, tmp_path: Path) -> None:
    log(THREE).funnel("view", "buy").chart().save(tmp_path / "f.html")
    text = (tmp_path / "f.html").read_text()
    assert "cdn.jsdelivr" not in text
    assert len(text) > 500_000


@pytest.mark.parametrize("breakdown", ["p", ek.event_prop("p")])
def test_who_is_behind_the_rest_is_known_too(log: Log, breakdown: object) -> None:
    events = log("a v 01-01 p=x; a v 01-01 p=x; b v 01-01 p=y; c v 01-01 p=z; c s 01-02")
    trend = events.trends("v", breakdown=breakdown, breakdown_limit=1, date_range="2026-01-01")  # type: ignore[arg-type]
    rest = trend.to_pandas().breakdown_value.iloc[-1]
    assert sorted(trend.actors(breakdown_value=rest).actor_id) == ["b", "c"]
    funnel = events.funnel("v", "s", breakdown=breakdown, breakdown_limit=1)  # type: ignore[arg-type]
    assert sorted(funnel.actors(breakdown_value="Other").actor_id) == ["a", "b"]


@pytest.mark.parametrize(
    ("math", "display"),
    [
        *((math, "ActionsLineGraph") for math in ("dau", "first_time_for_user", "weekly_active", "monthly_active")),
        *((math, "ActionsLineGraphCumulative") for math in ("dau", "first_time_for_user")),
    ],
)
def test_there_are_as_many_actors_as_the_figure_says(log: Log, math: str, display: str) -> None:
    events = log("a v 01-01; b v 01-02; a v 01-04; c v 01-09; a v 01-09; d v 01-10 05:00")
    trend = events.trends(ek.series("v", math=math), display=display, date_range=("2026-01-02", "2026-01-12"))  # type: ignore[arg-type]
    figures = trend.to_pandas()
    assert [len(trend.actors(bucket=b)) for b in figures.bucket] == figures.value.tolist()


def test_a_number_over_the_whole_data_counts_the_newest_event_too() -> None:
    frame = pd.DataFrame(
        {"event": ["a", "a"], "distinct_id": ["x", "y"], "timestamp": ["2026-01-01 10:00:00.103920", "2026-01-02 23:59:59.7"]}
    )
    events = ek.from_frame(frame)
    assert events.trends("a", display="BoldNumber").to_pandas().value.tolist() == [2]
    assert events.trends("a").to_pandas().value.tolist() == [1, 1]
    assert events.trends("a", display="BoldNumber", date_range="-24h").to_pandas().value.tolist() == [1]
