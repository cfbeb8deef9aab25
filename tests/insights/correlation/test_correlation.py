"""What goes with getting through: odds worked by hand."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

import evkit as ek
from evkit.errors import NotExpressible, SpecError

Log = Callable[..., ek.Events]
# a and b buy and read before; c reads nothing; d and e don't buy, e asks for help; f reads only after buying
PEOPLE = (
    "a view 01-01; a read 01-02 t=x n=1; a buy 01-03; b view 01-01; b read 01-02 t=x n=2; b buy 01-03; c view 01-01; c buy 01-03; "
    "d view 01-01; d help 01-02 t=y; e view 01-01; e help 01-02 t=y; e help 01-03; f view 01-01; f buy 01-02; f read 01-03 t=x"
)


def test_odds_count_who_did_an_event_between_the_first_step_and_the_last(log: Log) -> None:
    insight = log(PEOPLE).correlation(ek.Funnel("view", "buy"))
    frame = insight.to_pandas()
    # S = 4 got through, F = 2 didn't. read: 2 of S (f read afterwards), 0 of F: (2+1)(2-0+1) / ((4-2+1)(0+1)) = 3
    # help: 0 of S, 2 of F: (0+1)(2-2+1) / ((4-0+1)(2+1)) = 1/15
    assert frame.signal.tolist() == ["read", "help"]
    assert frame[["success_count", "failure_count"]].values.tolist() == [[2, 0], [0, 2]]
    assert frame.odds_ratio.tolist() == pytest.approx([3, 1 / 15])
    assert frame.correlation_type.tolist() == ["success", "failure"]
    assert frame.attrs == {"successes": 4, "failures": 2, "skewed": False}


def test_who_has_a_signal(log: Log) -> None:
    insight = log(PEOPLE).correlation(log(PEOPLE).funnel("view", "buy"))
    assert insight.actors(event="read", converted=True).actor_id.tolist() == ["a", "b"]
    assert insight.actors(event="help", filters=ek.event_prop("t") == "y").actor_id.tolist() == ["d", "e"]
    with pytest.raises(SpecError, match="name a signal"):
        insight.actors()


def test_a_question_asked_later_changes_nothing_of_one_asked_before(log: Log) -> None:
    events = log(PEOPLE)
    first = events.correlation(ek.Funnel("view", "buy"))
    matched = first.matched()
    before = sorted(events.tables.execute(matched.select("actor", "event")).itertuples(index=False, name=None))
    events.correlation(ek.Funnel("help", "buy")).to_pandas()
    assert sorted(events.tables.execute(matched.select("actor", "event")).itertuples(index=False, name=None)) == before != []


def test_values_of_an_events_properties(log: Log) -> None:
    text = "; ".join(
        f"p{i} view 01-01; p{i} read 01-02 t={'x' if i < 4 else 'y'} k={i}; " + (f"p{i} buy 01-03" if i < 4 else f"p{i} view 01-03")
        for i in range(8)
    )
    frame = log(text).correlation(ek.Funnel("view", "buy"), correlation_type="event_with_properties", event_names="read").to_pandas()
    # each k is of one person: fewer than 3. x: 4 of 4 and 0 of 4: (5)(5) / ((1)(1)) = 25; y the other way round
    assert frame.signal.tolist() == ["read::t::x", "read::t::y"]
    assert frame[["event", "property", "value"]].values.tolist() == [["read", "t", "x"], ["read", "t", "y"]]
    assert frame.odds_ratio.tolist() == pytest.approx([25, 1 / 25])
    left = log(text).correlation(
        ek.Funnel("view", "buy"), correlation_type="event_with_properties", event_names=["read"], exclude_event_property_names=["t"]
    )
    assert left.to_pandas().empty


def persons() -> ek.Events:
    rows = []
    for who, plan, buys in (
        ("a", "pro", True),
        ("b", "pro", True),
        ("c", None, True),
        ("d", "free", False),
        ("e", "free", False),
        ("f", "pro", False),
    ):
        rows.append(("view", who, "2026-01-01", {"$set": {"plan": plan, "n": 5}} if plan else {}))
        rows += [("buy", who, "2026-01-02", {})] if buys else []
    frame = pd.DataFrame(rows, columns=["event", "distinct_id", "timestamp", "properties"])
    return ek.from_frame(frame.assign(uuid=[f"e{i}" for i in range(len(frame))], timestamp=pd.to_datetime(frame.timestamp)))


def test_properties_of_persons_a_missing_one_counts_as_empty() -> None:
    insight = persons().correlation(ek.Funnel("view", "buy"), correlation_type="properties", names=["plan"])
    frame = insight.to_pandas()
    # S = 3, F = 3. pro: 2 and 1: (3)(3) / ((2)(2)) = 2.25; none: 1 and 0: (2)(4) / ((3)(1)) = 8/3; free: 0 and 2: (1)(2) / ((4)(3)) = 1/6
    assert dict(zip(frame.signal, frame.odds_ratio, strict=True)) == pytest.approx(
        {"plan::": 8 / 3, "plan::pro": 2.25, "plan::free": 1 / 6}
    )
    assert frame[["event", "property", "value"]].iloc[1].tolist() == [None, "plan", "pro"]
    every = persons().correlation(ek.Funnel("view", "buy"), correlation_type="properties", names="$all", exclude_names=["plan"]).to_pandas()
    assert every.signal.tolist() == ["n::5"]
    lost = insight.actors(filters=ek.person_prop("plan") == "pro", converted=False)
    assert lost.actor_id.tolist() == ["f"]


def test_nobody_or_everybody_gives_nothing_and_says_it_is_skewed(log: Log) -> None:
    insight = log("a view 01-01; a read 01-02; a buy 01-03").correlation(ek.Funnel("view", "buy"))
    assert insight.to_pandas().empty
    assert insight.to_pandas().attrs["skewed"]
    assert "too uneven" in insight.describe()
    insight.chart().to_dict()


def test_rare_signals_are_left_out_and_at_most_ten_a_side_are_kept(log: Log) -> None:
    people = [f"s{i} view 01-01; s{i} e{i % 12} 01-02; s{i} buy 01-03" for i in range(60)] + [f"f{i} view 01-01" for i in range(60)]
    rare = [*people, "s0 once 01-02"]
    frame = log("; ".join(rare)).correlation(ek.Funnel("view", "buy")).to_pandas()
    assert len(frame) == 10  # 12 events of 5 people each; 120 people: a signal needs 2.4
    assert "once" not in frame.signal.tolist()


def test_a_funnels_own_events_and_those_asked_for_are_left_out_also_inside_actions(log: Log) -> None:
    view = ek.Action("seen", ek.event("view"), ek.event("read"))
    insight = log(PEOPLE).correlation(ek.Funnel(view, "buy"), exclude_event_names=["help"])
    assert insight.to_pandas().empty
    with pytest.raises(NotExpressible, match="use matched"):
        insight.to_sql()
    assert set(insight.tables.execute(insight.matched()).event) == {"help"}  # a read is a step now: the chain begins with it


def test_the_chart_is_longer_the_further_the_odds_are_from_even_and_words_say_the_same(log: Log) -> None:
    insight = log(PEOPLE).correlation(ek.Funnel("view", "buy"))
    rows = [row for rows in insight.chart().to_dict()["datasets"].values() for row in rows]
    assert {r["signal"]: round(r["size"], 3) for r in rows} == {"read": 1.585, "help": -3.907}
    assert "More likely with read (3: 2 of 2)." in insight.describe()
    assert "Success is to have done all steps" in insight.rules[0]
    assert repr(insight) == "<Insight FunnelCorrelation: events and view → buy within 14 days>"
