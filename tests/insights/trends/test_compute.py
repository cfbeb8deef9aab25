"""Trends: figures worked by hand."""

from collections.abc import Callable

import pytest

import evkit as ek
from evkit.errors import NotExpressible, SpecError, UnknownEventWarning
from evkit.insights.trends.spec import NO_VALUE, OTHER

Log = Callable[..., ek.Events]


def values(insight: ek.Insight) -> list[float]:
    return insight.to_pandas().value.tolist()


def test_every_day_of_the_range_has_a_figure(log: Log) -> None:
    events = log("a play 01-01; a play 01-03; b play 01-03; b other 01-04")
    frame = events.trends("play").to_pandas()
    assert frame.bucket.dt.strftime("%m-%d").tolist() == ["01-01", "01-02", "01-03", "01-04"]
    assert frame.value.tolist() == [1, 0, 2, 0]


def test_persons_count_once_a_day(log: Log) -> None:
    events = log("a play 01-01 08:00; a play 01-01 09:00; b play 01-01 10:00; a play 01-02")
    assert values(events.trends(ek.series("play", math="dau"))) == [2, 1]


def test_a_person_with_two_ids_is_one(log: Log) -> None:
    events = log("anon play 01-01; ann $identify 01-01 01:00 $anon_distinct_id=anon; ann play 01-01 02:00")
    assert values(events.trends(ek.series("play", math="dau"))) == [1]


def test_days_begin_at_midnight_of_the_project(log: Log) -> None:
    events = log("a play 07-01 22:30; a play 07-01 23:30", timezone="Europe/London")
    assert events.trends("play").to_pandas().bucket.dt.strftime("%m-%d").tolist() == ["07-01", "07-02"]


@pytest.mark.parametrize(("day", "hours"), [("03-29", 23), ("10-25", 25)])
def test_no_event_is_lost_on_a_day_when_the_clocks_change(log: Log, day: str, hours: int) -> None:
    start = {"03-29": 0, "10-25": -1}[day]
    text = "; ".join(f"a play {day if h >= 0 else '10-24'} {h % 24:02d}:15" for h in range(start, start + hours))
    events = log(text, timezone="Europe/London")
    assert values(events.trends("play")) == [hours]
    assert sum(values(events.trends("play", interval="hour"))) == hours


@pytest.mark.parametrize(("week_start", "first"), [("sunday", "01-04"), ("monday", "01-05")])
def test_weeks_begin_as_the_project_says(log: Log, week_start: str, first: str) -> None:
    events = log("a play 01-07; a play 01-10; a play 01-12", week_start=week_start)
    frame = events.trends("play", interval="week").to_pandas()
    assert frame.bucket.dt.strftime("%m-%d").tolist()[0] == first
    assert frame.value.sum() == 3


def test_a_range_has_all_of_its_last_day_and_between_has_none(log: Log) -> None:
    events = log("a play 01-01; a play 01-02 23:59; a play 01-03")
    assert values(events.trends("play", date_range=ek.DateRange("2026-01-01", "2026-01-02"))) == [1, 1]
    assert values(events.between("2026-01-01", "2026-01-02").trends("play")) == [1]


def test_properties_are_computed_with_and_what_is_no_number_is_left_out(log: Log) -> None:
    events = log("a buy 01-01 price=10; a buy 01-01 price=30; b buy 01-01 price=free; b buy 01-01; b buy 01-02")
    ask = lambda math: values(events.trends(ek.series("buy", math=math, math_property="price")))  # noqa: E731
    assert ask("sum") == [40, 0]
    assert ask("avg") == [20, 0]
    assert ask("min") == [10, 0]
    assert ask("max") == [30, 0]
    assert ask("median") == [20, 0]
    assert ask("p90") == pytest.approx([28, 0])


def test_sessions_count_once_and_events_without_one_are_one_session(log: Log) -> None:
    events = log("a play 01-01 $session_id=s; b play 01-01 $session_id=s; a play 01-01 $session_id=t; c play 01-01; d play 01-01")
    assert values(events.trends(ek.series("play", math="unique_session"))) == [3]


def test_groups_count_by_their_key_and_an_empty_key_does_not(log: Log) -> None:
    events = log("a play 01-01 $group_0=x; b play 01-01 $group_0=x; b play 01-01 $group_0=y; c play 01-01 $group_0=")
    assert values(events.trends(ek.series("play", math="unique_group", group_type_index=0))) == [2]


def test_a_breakdown_keeps_its_largest_values_and_adds_up_the_rest(log: Log) -> None:
    events = log("a p 01-01 b=x; a p 01-01 b=x; a p 01-01 b=x; a p 01-01 b=y; a p 01-01 b=y; a p 01-01 b=z; a p 01-01")
    frame = events.trends("p", breakdown="b", breakdown_limit=2).to_pandas()
    assert dict(zip(frame.breakdown_value, frame.value, strict=True)) == {"x": 3, "y": 2, OTHER: 2}
    whole = events.trends("p", breakdown="b").to_pandas()
    assert whole.breakdown_value.tolist() == ["x", "y", "z", NO_VALUE]
    hidden = events.trends("p", breakdown="b", breakdown_limit=2, breakdown_hide_other=True).to_pandas()
    assert hidden.breakdown_value.tolist() == ["x", "y"]


def test_the_period_before_is_as_long_and_directly_before(log: Log) -> None:
    events = log("a p 01-01; a p 01-02; a p 01-02; a p 01-03; a p 01-04; a p 01-04; a p 01-04")
    frame = events.between("2026-01-03", "2026-01-05").trends("p", compare=True).to_pandas()
    assert frame[frame.period == "current"].value.tolist() == [1, 3]
    previous = frame[frame.period == "previous"]
    assert previous.value.tolist() == [1, 2]
    assert previous.bucket.dt.strftime("%m-%d").tolist() == ["01-01", "01-02"]


def test_formulas_divide_by_zero_to_zero(log: Log) -> None:
    events = log("a p 01-01; a p 01-01; a q 01-01; a p 01-02")
    assert values(events.trends("p", "q", formulas=("a / b",))) == [2, 0]


def test_filters_are_and_ed_and_events_filter_adds_to_them(log: Log) -> None:
    events = log("a p 01-01 x=1 y=1; a p 01-01 x=1 y=2; a p 01-01 x=2 y=1")
    kept = events.filter(ek.event_prop("x") == 1)
    assert values(kept.trends("p", filters=ek.event_prop("y") == 1)) == [1]


def test_an_unknown_event_is_zeros_and_a_warning_with_the_nearest_name(log: Log) -> None:
    with pytest.warns(UnknownEventWarning, match=r"no event is called 'plya'\. Did you mean 'play'\?"):
        assert values(log("a play 01-01").trends("plya")) == [0]


def test_figures_come_with_who_is_behind_them(log: Log) -> None:
    events = log("a p 01-01; a p 01-01 03:00; b p 01-01; b p 01-02")
    who = events.trends("p").actors(bucket="2026-01-01")
    assert list(zip(who.actor_id, who.events, strict=True)) == [("a", 2), ("b", 1)]
    with pytest.raises(SpecError, match="no bucket begins at"):
        events.trends("p").actors(bucket="2025-01-01")


def test_sql_says_the_figures_or_says_that_it_does_not(log: Log) -> None:
    events = log("a p 01-01; a p 01-02; a p 01-02")
    table = events.trends("p").to_ibis()
    assert sorted(events.tables.execute(table).value) == [1, 2]
    assert "COUNT" in events.trends("p").to_sql()
    with pytest.raises(NotExpressible, match="most frequent values"):
        events.trends("p", breakdown="x").to_sql()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ek.Trends(), "trends of nothing"),
        (lambda: ek.Trends("a", interval="fortnight"), r"unknown interval 'fortnight'"),  # type: ignore[arg-type]
        (lambda: ek.Trends("a", display="Line"), "unknown display 'Line'"),  # type: ignore[arg-type]
        (lambda: ek.Trends("a", breakdown=("a", "b", "c", "d")), "at most 3"),
        (lambda: ek.Trends("a", formulas=("a / c",)), "names 'C'"),
        (lambda: ek.series("a", math="uniq"), r"unknown math 'uniq'\. Did you mean 'unique_group'\?"),
        (lambda: ek.series("a", math="unique_group"), "needs a group_type"),
        (lambda: ek.series(""), "a series of the event ''"),
    ],
)
def test_a_wrong_question_fails_where_it_is_typed(make: Callable[[], object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        make()
