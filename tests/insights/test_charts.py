"""What a chart says: its data are figures, its last bucket is told apart, its words say the same."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

import evkit as ek
from evkit.errors import UnknownEventWarning

Log = Callable[..., ek.Events]
THREE = "a view 01-01; a view 01-02; b view 01-02; a buy 01-02 12:00; b view 01-03 06:00"


def rows(said: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for values in said.get("datasets", {}).values() for row in values] + [
        row for part in [said, *said.get("layer", ())] for row in (part.get("data") or {}).get("values", ())
    ]


def layers(said: dict[str, Any], mark: str) -> list[dict[str, Any]]:
    return [part for part in said["layer"] if (part["mark"] if isinstance(part["mark"], str) else part["mark"]["type"]) == mark]


def test_the_last_bucket_is_dashed_only_while_it_lasts(log: Log) -> None:
    lasting = log(THREE).trends("view", date_range=("2026-01-01", "2026-01-03")).chart().to_dict()
    assert [bool(part["mark"].get("strokeDash")) for part in layers(lasting, "line")] == [False, True]
    over = log(THREE, now="2026-01-09").trends("view", date_range=("2026-01-01", "2026-01-03")).chart().to_dict()
    assert [bool(part["mark"].get("strokeDash")) for part in layers(over, "line")] == [False]


def test_a_chart_of_a_trend_holds_a_row_a_bucket_and_says_its_figures_in_words(log: Log) -> None:
    insight = log(THREE).trends("view", ek.series("view", math="dau", name="people"), date_range=("2026-01-01", "2026-01-03"))
    said = insight.chart().to_dict()
    points = {(r["line"], r["when"]): r["value"] for r in rows(said) if "when" in r}
    assert points == {
        ("view", "Thu 01 Jan 2026"): 1, ("view", "Fri 02 Jan 2026"): 2, ("view", "Sat 03 Jan 2026"): 1,
        ("people", "Thu 01 Jan 2026"): 1, ("people", "Fri 02 Jan 2026"): 2, ("people", "Sat 03 Jan 2026"): 1,
    }  # fmt: skip
    assert "view: from 1 to 1, highest 2 (02 Jan 2026)" in said["description"]
    assert insight.describe() == said["description"]


def test_the_legend_is_there_for_two_lines_and_not_for_one(log: Log) -> None:
    one = log(THREE).trends("view", date_range="-2d").chart().to_dict()
    two = log(THREE).trends("view", "buy", date_range="-2d").chart().to_dict()
    assert layers(one, "line")[0]["encoding"]["color"]["legend"] is None
    assert layers(two, "line")[0]["encoding"]["color"]["legend"]["orient"] == "bottom"


def test_a_funnels_chart_says_counts_rates_and_what_was_lost(log: Log) -> None:
    said = log(THREE).funnel("view", "buy").chart().to_dict()
    assert said["description"] == "Funnel within 14 days: view 2 (100.0%), buy 1 (50.0%)."
    bars = [(r["step"], r["count"], r["share"], r["from_before"]) for r in rows(said) if "share" in r]
    assert bars[:2] == [("1. view", 2, "100.0%", ""), ("2. buy", 1, "50.0%", "50.0% of the step before")]


def test_a_funnel_by_breakdown_has_a_bar_a_value_and_step(log: Log) -> None:
    events = log("a view 01-01 p=x; a buy 01-02 p=x; b view 01-01 p=y; c view 01-01 p=y; c buy 01-02 p=y")
    said = events.funnel("view", "buy", breakdown="p").chart().to_dict()
    values = {(r.get("value") or r.get("breakdown_value") or r.get("line")) for r in rows(said)}
    assert {"x", "y"} <= values


@pytest.mark.parametrize("text", ["a view 01-01", "a view 01-01; a view 01-01 00:01; a view 06-01", "a view 01-01; b buy 01-01"])
def test_timelines_draw_however_little_or_much_time_there_is(log: Log, text: str) -> None:
    chart = log(text).person("a").timeline().chart()
    assert chart.to_svg().startswith("<svg")
    assert "event" in chart.to_dict()["description"]


def test_figures_of_nothing_draw_too(log: Log) -> None:
    events = log(THREE)
    with pytest.warns(UserWarning, match="no event is called 'nothing'"):
        empty = events.trends("nothing", date_range=("2026-01-01", "2026-01-02"))
        assert empty.chart().to_svg().startswith("<svg")
    with pytest.warns(UserWarning, match="no event is called 'nothing'"):
        assert events.funnel("nothing", "buy").chart().to_svg("dark").startswith("<svg")


def test_a_name_that_is_markup_is_only_text(log: Log) -> None:
    frame = log("a view 01-01").to_ibis().to_pandas()[["event", "distinct_id", "timestamp"]].assign(event="<script>alert(1)</script>")
    insight = ek.from_frame(frame).trends("<script>alert(1)</script>")
    assert "<script>" not in insight.chart().to_svg()
    assert "<script>" not in insight.details_html()


def test_values_that_would_read_alike_keep_their_own_names(log: Log) -> None:
    close = log("; ".join(f"a v 01-01 n={1000000 + i}" for i in range(20))).trends(
        "v", breakdown=ek.event_prop("n", histogram_bin_count=4), display="ActionsBarValue"
    )
    assert len({r["line"] for r in rows(close.chart().to_dict())}) == 4
    real = log("a v 01-01 p=(no_value); b v 01-01")
    said = real.trends("v", breakdown="p").chart().to_dict()
    assert len({r["line"] for r in rows(said)}) == 2
    quick = log("; ".join(f"u{i} a 01-01; u{i} b 01-01 02:{i:02}" for i in range(10))).funnel(
        "a", "b", viz_type="time_to_convert", bin_count=9
    )
    assert len({r["took"] for r in rows(quick.chart().to_dict())}) == 10


def test_where_there_is_nothing_the_chart_says_so(log: Log) -> None:
    events = log("a v 01-01")
    for insight in (
        events.trends("v", breakdown="p", filters=ek.event_prop("p") == 7),
        events.funnel("v", "v", viz_type="trends", breakdown="p", filters=ek.event_prop("p") == 7),
        events.funnel("v", "v", viz_type="time_to_convert"),
    ):
        with pytest.warns(UnknownEventWarning) if insight.spec.filters.values else contextlib.nullcontext():
            svg = insight.chart().to_svg()
        assert "NaN" not in svg
        assert ">No" in svg


def test_a_line_and_its_past_have_one_colour_and_the_past_is_dotted_in_the_legend_too(log: Log) -> None:
    events = log(THREE, now="2026-01-09").trends("view", "buy", date_range=("2026-01-02", "2026-01-03"), compare_to="-1d")
    encoding = layers(events.chart().to_dict(), "line")[0]["encoding"]
    color, dash = encoding["color"], encoding["strokeDash"]
    names = ["view", "view (before)", "buy", "buy (before)"]
    assert color["scale"]["domain"] == dash["scale"]["domain"] == names
    assert color["scale"]["range"] == ["#3b82c4", "#3b82c4", "#d97316", "#d97316"]
    assert dash["scale"]["range"] == [[1, 0], [2, 3]] * 2
    assert (color["field"], color["legend"]) == (dash["field"], dash["legend"])
    alone = log(THREE, now="2026-01-09").trends("view", "buy", date_range=("2026-01-02", "2026-01-03")).chart().to_dict()
    assert "scale" not in layers(alone, "line")[0]["encoding"]["color"]


def test_bars_of_the_past_are_paler_and_an_area_of_the_past_is_a_dotted_line(log: Log) -> None:
    def asked(display: Any) -> Any:
        return (
            log(THREE, now="2026-01-09").trends("view", date_range=("2026-01-02", "2026-01-03"), compare_to="-1d", display=display).chart()
        )

    bars = asked("ActionsUnstackedBar").to_dict()
    assert bars["encoding"]["color"]["scale"]["range"] == ["#3b82c4", "#6b94bb"]
    area = asked("ActionsAreaGraph").to_dict()
    held = lambda mark: {r["line"] for part in layers(area, mark) for r in area["datasets"][part["data"]["name"]]}  # noqa: E731
    assert (held("area"), held("line")) == ({"view"}, {"view (before)"})


def test_a_picture_whose_page_decides_has_a_grid_that_is_quiet_in_the_dark_too(log: Log) -> None:
    from evkit.insights import theme
    from evkit.insights.display import svg

    drawn = svg(log(THREE).trends("view").chart(), "auto")
    assert theme.GRID["light"] not in drawn and theme.BETWEEN in drawn
    assert theme.GRID["light"] in svg(log(THREE).trends("view").chart(), "light")


def test_a_lone_bucket_that_lasts_is_drawn(log: Log) -> None:
    assert "<svg" in log("a view 01-01 10:00").trends("view", date_range=("2026-01-01", "2026-01-01")).chart().to_svg()


def test_steps_are_named_in_a_funnel_that_stands_beside_another_chart(log: Log) -> None:
    events = log(THREE)
    beside = events.trends("view").chart() | events.funnel("view", "buy").chart()
    assert ">1. view<" in beside.to_svg() and ">2. buy<" in beside.to_svg()
