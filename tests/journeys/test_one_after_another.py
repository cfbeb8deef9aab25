"""What an index keeps of one question must not answer another: questions that differ in one option, asked in a row, in both directions."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import evkit as ek
from tests.conftest import parsed

Ask = Callable[[ek.Events], pd.DataFrame]

LOG = (
    "a $pageview 01-01 00:00 $current_url=/a?x=1 $os=Mac price=3 $group_0=g1; a $pageview 01-01 00:01 $current_url=/b/ $os=mac price=4;"
    "a buy 01-01 00:02 price=5 plan=pro $current_url=/a?; a buy 01-02 00:02 price=x plan=free; a $screen 01-02 00:03 $screen_name=Home price=2;"
    "a leave 01-02 00:04; b $pageview 01-01 00:01 $current_url=/a $os=Mac price=7 $group_0=g1; b buy 01-03 00:00 plan=pro/ price=1 $current_url=/b;"
    "b $pageview 01-03 00:01 $current_url=/b?y=2; b $screen 01-03 00:02 $screen_name=Plan; b leave 01-03 00:03 plan=pro;"
    "c $pageview 01-02 00:00 $current_url=/c/ price=9 $group_0=g2; c leave 01-02 00:01 price=0; c buy 01-03 00:02 plan=pro price=8"
)
RULES = [{"regex": "/[ab]", "alias": "/ab"}]
PATHS: list[dict[str, Any]] = [
    {},
    {"event_names_for": "$pageview"},
    {"event_names_for": ("$pageview", "$screen")},
    {"include_event_types": "$pageview"},
    {"include_event_types": ("$pageview", "custom_event")},
    {"include_event_types": "custom_event"},
    {"include_event_types": ("$pageview", "$screen"), "exclude_events": "/b"},
    {"path_groupings": "/*"},
    {"path_groupings": ("/*", "bu*")},
    {"path_replacements": True},
    {"local_path_cleaning_filters": [("/c", "/z")]},
    {"include_event_types": ("hogql", "$pageview"), "expression": "plan"},
    {"include_event_types": "hogql", "expression": "plan"},
    {"include_event_types": "hogql", "expression": "$os"},
    {"start_point": "/a?x=1"},
    {"step_limit": 2},
    {"filters": ek.event_prop("price") > 3},
]
TRENDS: list[dict[str, Any]] = [
    {},
    {"breakdown": "plan"},
    {"breakdown": ek.event_prop("price")},
    {"breakdown": ["plan", "price"]},
    {"breakdown": "$current_url"},
    {"breakdown": "$current_url", "breakdown_path_cleaning": True},
    {"breakdown": ek.PropertyRef("$current_url", normalize_url=True)},
    {"breakdown": ek.PropertyRef("price", histogram_bin_count=2)},
    {"breakdown": ek.PropertyRef("price", histogram_bin_count=3)},
    {"filters": ek.event_prop("price") > 3},
    {"filters": ek.event_prop("price") > 4},
    {"filters": ek.event_prop("price") == "x"},
    {"interval": "week"},
]
SERIES = [
    *(ek.series("buy", math=math) for math in ("total", "dau", "weekly_active", "avg_count_per_actor", "first_time_for_user")),
    *(ek.series("buy", math=math, math_property="price") for math in ("sum", "avg", "max", "p90")),
    ek.series("buy", math="sum", math_property="price", math_multiplier=10),
    ek.series("buy", math="sum", math_property="plan"),
    ek.series("buy", math="unique_group", group_type_index=0),
    ek.series("buy", filters=ek.event_prop("plan") == "pro"),
    ek.series(None),
    ek.series("$pageview"),
]
FUNNELS: list[dict[str, Any]] = [
    {},
    {"order_type": "strict"},
    {"order_type": "unordered"},
    {"window": "10 minutes"},
    {"breakdown": "plan"},
    {"breakdown": "plan", "breakdown_attribution": "last_touch"},
    {"breakdown": "plan", "breakdown_attribution": "all_events"},
    {"breakdown": "$current_url"},
    {"breakdown": "$current_url", "breakdown_path_cleaning": True},
    {"breakdown": ek.PropertyRef("$current_url", normalize_url=True)},
    {"exclusions": (ek.Exclusion("$screen", after=1, before=2),)},
    {"filters": ek.event_prop("price") > 3},
    {"aggregate_by": "$os"},
    {"group_type_index": 0},
]


def asked(name: str, options: dict[str, Any]) -> Ask:
    """Give a question as a function of the events."""
    if name == "funnel":
        return lambda events: events.funnel("$pageview", "buy", **options).to_pandas()
    if name == "trends":
        return lambda events: events.trends("buy", **options).to_pandas()
    return lambda events: events.paths(**options).to_pandas()


QUESTIONS: dict[str, list[Ask]] = {
    "paths": [asked("paths", options) for options in PATHS],
    "trends": [asked("trends", options) for options in TRENDS],
    "series": [lambda events, one=one: events.trends(one).to_pandas() for one in SERIES],  # type: ignore[misc]
    "funnels": [asked("funnel", options) for options in FUNNELS],
    "others": [
        lambda events: events.lifecycle("buy").to_pandas(),
        lambda events: events.lifecycle("buy", filters=ek.event_prop("plan") == "pro").to_pandas(),
        lambda events: events.stickiness("buy").to_pandas(),
        lambda events: events.stickiness("$pageview").to_pandas(),
        lambda events: events.retention("$pageview", "buy").to_pandas(),
        lambda events: events.retention("$pageview", "buy", breakdown="$os").to_pandas(),
        lambda events: events.retention("$pageview", "buy", retention_type="retention_first_ever_occurrence").to_pandas(),
        lambda events: events.retention("buy", "$pageview").to_pandas(),
    ],
}


@pytest.mark.parametrize("kind", QUESTIONS)
def test_each_gets_its_own_answer(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    def answers(way: str, questions: list[Ask]) -> list[pd.DataFrame]:
        monkeypatch.setenv("EVKIT_JOURNEYS", way)
        events = ek.Project(said, path_cleaning_filters=RULES).events
        return [ask(events) for ask in questions]

    forth, said = QUESTIONS[kind], [one | {"timestamp": one["timestamp"].isoformat()} for one in parsed(LOG)]
    alone = [answers("off", [ask])[0] for ask in forth]
    told = {frame.to_csv() for frame in alone}
    assert len(told) > len(alone) / 2, "questions whose answers are alike show nothing"
    for found, expected in zip(answers("always", forth), alone, strict=True):
        pd.testing.assert_frame_equal(found, expected)
    for found, expected in zip(reversed(answers("always", forth[::-1])), alone, strict=True):
        pd.testing.assert_frame_equal(found, expected)
