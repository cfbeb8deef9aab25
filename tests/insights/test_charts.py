"""What a chart says: its data are figures, its last bucket is told apart, its words say the same."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest

import evkit as ek
from evkit.errors import UnknownEventWarning
from evkit.insights import display, theme

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


def test_the_step_after_an_optional_one_says_which_step_its_conversion_is_of_and_nobody_is_lost_at_the_optional_one(log: Log) -> None:
    events = log("a view 01-01; a search 01-02; a buy 01-03; b view 01-01; b buy 01-02; c view 01-01; d view 01-01")
    optional = ek.series("search", optional=True)
    bars = {r["step"]: r for r in rows(events.funnel("view", optional, "buy").chart().to_dict()) if "share" in r}
    assert [(r["count"], r["from_before"]) for r in bars.values()] == [(4, ""), (1, "25.0% of the step before"), (2, "50.0% of step 1")]
    assert [(r["before"], r["lost"]) for r in bars.values()] == [(1, ""), (0.25, ""), (1, "50.0% of step 1 lost here")]
    end = {r["step"]: r for r in rows(events.funnel("view", "buy", optional).chart().to_dict()) if "share" in r}
    assert end["3. search (optional)"]["from_before"] == "0.0% of the step before"


def test_the_rest_of_several_breakdowns_is_called_other_once(log: Log) -> None:
    events = log("a view 01-01 p=x q=1; a view 01-01 p=x q=1; b view 01-01 p=y q=2; c view 01-01 p=z q=2")
    said = events.trends("view", breakdown=("p", "q"), breakdown_limit=1, display="ActionsTable").describe()
    assert said == "x, 1: 2; (other): 2."


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_texts_of_a_chart_are_written_in_an_ink_that_can_be_read(mode: Any) -> None:
    def luminance(color: str) -> float:
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    paper = {"light": "#ffffff", "dark": "#1e1e1e"}[mode]
    made = theme.config(mode)
    inks = [made["text"]["color"], *(made[part]["labelColor"] for part in ("axis", "legend")), made["title"]["subtitleColor"]]
    for ink in inks:
        low, high = sorted((luminance(ink), luminance(paper)))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (ink, paper)


def test_steps_are_named_whole_beside_another_chart(log: Log) -> None:
    funnel = log("a view 01-01; a buy 01-02").funnel("view", "buy").chart()
    lines = log("a view 01-01; a buy 01-02").trends("view").chart()
    for picture in (funnel.to_svg(), (funnel | funnel).to_svg(), (funnel & funnel).to_svg(), (lines | funnel).to_svg()):
        assert ">1. view<" in picture and ">2. buy<" in picture
    narrow = log("a a_very_long_name_of_an_event 01-01; a buy 01-02").funnel("a_very_long_name_of_an_event", "buy").chart()
    assert "\N{HORIZONTAL ELLIPSIS}" in narrow.properties(width=200).to_svg()


def test_in_the_lab_texts_take_the_ink_of_the_page_so_such_charts_are_drawn_as_svg(log: Log) -> None:
    assert theme.config("auto")["text"] == {"color": "currentColor"}
    funnel, lines = log(THREE).funnel("view", "buy").chart(), log(THREE).trends("view").chart()
    for chart in (funnel, lines | funnel, (lines & funnel)):
        assert display.bundle(chart)[display.LAB_MIME]["usermeta"] == {"embedOptions": {"renderer": "svg"}}
    assert "usermeta" not in display.bundle(lines)[display.LAB_MIME], "many points are quicker on a canvas"


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


@pytest.mark.parametrize(
    ("seconds", "labels"),
    [
        (0, ["12:47:09", "12:47:10", "12:47:11"]),
        (50, ["12:47:10", "12:47:20", "12:47:30", "12:47:40", "12:47:50", "12:48:00"]),
        (300, ["12:48", "12:49", "12:50", "12:51", "12:52"]),
        (2 * 86_400, ["1 Jan 12:00", "2 Jan 00:00", "2 Jan 12:00", "3 Jan 00:00", "3 Jan 12:00"]),
        (200 * 86_400, ["Jan 2026", "Feb 2026", "Mar 2026", "Apr 2026", "May 2026", "Jun 2026", "Jul 2026"]),
    ],
)
def test_no_two_ticks_of_a_timeline_are_written_alike(seconds: int, labels: list[str]) -> None:
    first = pd.Timestamp("2026-01-01 12:47:10")
    rows = [{"event": "view", "distinct_id": "a", "timestamp": first + pd.Timedelta(seconds=s)} for s in (0, seconds)]
    svg = ek.from_frame(pd.DataFrame(rows)).person("a").timeline().chart().to_svg()
    shown = re.findall(r">([^<]+)</text>", svg.split("role-axis-label")[1].split("</g>")[0])
    assert shown == labels


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


def test_a_chart_of_paths_has_a_band_an_edge_and_an_item_a_place(log: Log) -> None:
    events = log("a view 01-01; a buy 01-01 00:05; a view 01-01 00:09; b view 01-01; b buy 01-01 00:07; c help 01-01; c view 01-01 00:01")
    insight = events.paths()
    said = insight.chart().to_dict()
    bands = {(r["source"], r["target"], r["value"], r["took"], r["row"]) for r in rows(said) if "edge" in r}
    assert bands == {("view", "buy", 2, "6.0 minutes", 0), ("buy", "view", 1, "4.0 minutes", 2), ("help", "view", 1, "1.0 minutes", 1)}
    found = [r for r in rows(said) if "node" in r]
    assert {(r["node"], r["value"]) for r in found} == {("1_view", 2), ("2_buy", 2), ("3_view", 1), ("1_help", 1), ("2_view", 1)}
    assert said["description"] == insight.describe()
    assert said["description"] == ("Paths: 3 edges. Step 1 to 2: view to buy 2. Step 1 to 2: help to view 1. Step 2 to 3: buy to view 1.")


def test_the_labels_of_a_chart_of_paths_do_not_overlap_and_are_cut_where_they_would_not_fit(log: Log) -> None:
    name = "a_very_long_name_of_an_event"
    text = "; ".join(f"p{i} {name}_{i:02} 01-01; p{i} end 01-01 00:01" for i in range(50))
    said = log(text).paths().chart().to_dict()
    boxes = [r for r in rows(said) if "node" in r and r["step"] == 1]
    middles = sorted(r["middle"] for r in boxes)
    assert len(boxes) == 50 and min(b - a for a, b in pairwise(middles)) >= 15
    assert all(len(r["label"]) <= 20 and r["item"].startswith(name) for r in boxes)
    assert len({r["label"] for r in boxes}) == 50
    assert max(r["y2"] for r in boxes) <= said["height"]


def test_a_chart_of_paths_shows_itself_in_light_and_dark_and_says_where_there_are_none(log: Log) -> None:
    insight = log("a view 01-01; a ... 01-01 00:01; a <b>& 01-01 00:02").paths(start_point="view")
    chart = insight.chart()
    assert "config" not in chart.to_dict() or display.own_config(chart.to_dict()) == {}
    for mode, ink in theme.INK.items():
        assert ink in chart.to_svg(mode)
        assert "<b>" not in chart.to_svg(mode)
    nobody = log("a view 01-01; b buy 01-01").paths()
    assert nobody.describe() == "Paths: nobody took such a path."
    assert nobody.chart().to_dict()["description"] == nobody.describe()


COMING = "a view 01-01; a view 01-02; b view 01-02; b view 01-03; c view 01-01; c view 01-03 06:00"


def test_a_lifecycles_bars_are_its_figures_with_who_is_dormant_below_zero(log: Log) -> None:
    insight = log(COMING).lifecycle("view", date_range=("2026-01-01", "2026-01-03"))
    said = insight.chart().to_dict()
    points = {(r["line"], r["when"]): r["value"] for r in rows(said) if "when" in r and r["value"]}
    assert points == {
        ("new", "Thu 01 Jan 2026"): 2, ("new", "Fri 02 Jan 2026"): 1, ("returning", "Fri 02 Jan 2026"): 1, ("dormant", "Fri 02 Jan 2026"): -1,
        ("returning", "Sat 03 Jan 2026"): 1, ("resurrecting", "Sat 03 Jan 2026"): 1, ("dormant", "Sat 03 Jan 2026"): -1,
    }  # fmt: skip
    assert [r["row"] for r in rows(said) if "row" in r] == list(range(12))
    assert "dormant: from 0 to 1, highest 1 (02 Jan 2026), 2 in all." in said["description"]
    assert insight.describe() == said["description"]
    assert {r["open"] for r in rows(said) if r.get("when") == "Sat 03 Jan 2026"} == {True}
    assert layers(said, "bar")[0]["encoding"]["color"]["scale"]["domain"] == ["new", "returning", "resurrecting", "dormant"]


def test_stickiness_is_bars_with_their_figures_and_lines_where_periods_are_compared(log: Log) -> None:
    events = log(COMING)
    one = events.stickiness("view", date_range=("2026-01-01", "2026-01-03")).chart().to_dict()
    assert [(r["said"], r["value"], r["share"]) for r in rows(one)] == [("1 day", 0, 0), ("2 days", 3, 1), ("3 days", 0, 0)]
    assert len(layers(one, "bar")) == len(layers(one, "text")) == 1
    assert one["description"] == "By the number of days, from 1 to 3. view: 3 in all, most 3 in 2 days."
    two = events.stickiness("view", ek.series("view", name="again"), interval="week").chart().to_dict()
    assert two["encoding"]["xOffset"]["field"] == "line"
    compared = events.stickiness("view", date_range=("2026-01-02", "2026-01-03"), compare=True, cumulative=True).chart().to_dict()
    assert [(r["line"], r["said"], r["value"]) for r in rows(compared)] == [
        ("view", "1 day or more", 3), ("view", "2 days or more", 1), ("view (before)", "1 day or more", 2), ("view (before)", "2 days or more", 0),
    ]  # fmt: skip
    assert len(layers(compared, "line")) == 1
    assert compared["description"].startswith(
        "By the number of days or more, from 1 to 2. view: 3 in all, 3 in 1 day or more, 1 in 2 days or more."
    )
    many = events.stickiness("view", date_range=("2025-12-01", "2026-01-03")).chart().to_dict()
    assert many["mark"]["type"] == "bar"


def test_lifecycle_and_stickiness_draw_light_and_dark_without_colours_of_their_own_theme(log: Log) -> None:
    events = log(COMING)
    for insight in (
        events.lifecycle("view"),
        events.stickiness("view"),
        events.stickiness("view", date_range=("2026-01-02", "2026-01-03"), compare=True),
        events.stickiness("view", "view"),
    ):
        chart = insight.chart()
        made = chart.to_dict()
        assert "config" not in made or not made["config"].get("axis")
        light, dark = chart.to_svg("light"), chart.to_svg("dark")
        assert light.startswith("<svg")
        assert light != dark
        assert "NaN" not in light


def test_lifecycle_and_stickiness_of_nothing_draw_too(log: Log) -> None:
    events = log(COMING)
    with pytest.warns(UnknownEventWarning, match="no event is called 'viev'. Did you mean 'view'"):
        assert "new: from 0 to 0" in events.lifecycle("viev").describe()
    with pytest.warns(UnknownEventWarning, match="no event is called 'viev'"):
        nothing = events.stickiness("viev")
        assert nothing.describe() == "By the number of days, from 1 to 3. viev: nobody."
    assert nothing.chart().to_svg().startswith("<svg")
    with pytest.warns(UnknownEventWarning, match="no event has a property 'p'"):
        events.lifecycle("view", filters=ek.event_prop("p") == 1).to_pandas()
    with pytest.warns(UnknownEventWarning, match="no event has a property 'p'"):
        events.stickiness("view", filters=ek.event_prop("p") == 1).to_pandas()


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
    drawn = display.svg(log(THREE).trends("view").chart(), "auto")
    assert theme.GRID["light"] not in drawn and theme.BETWEEN in drawn
    assert theme.GRID["light"] in display.svg(log(THREE).trends("view").chart(), "light")


def test_a_lone_bucket_that_lasts_is_drawn_as_a_point(log: Log) -> None:
    chart = log("a view 01-01 10:00").trends("view", date_range=("2026-01-01", "2026-01-01")).chart().to_dict()
    (points,) = layers(chart, "point")
    held = [(r["time"], r["value"]) for r in chart["datasets"][points["data"]["name"]]]
    assert held == [("2026-01-01T00:00:00Z", 1)]
