"""Funnels: figures worked by hand, and what must hold for any events."""

from collections.abc import Callable

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evkit as ek
from evkit.errors import NotExpressible, SpecError, UnknownEventWarning
from tests.sizes import examples

Log = Callable[..., ek.Events]


def counts(insight: ek.Insight) -> list[int]:
    found: list[int] = insight.to_pandas()["count"].tolist()
    return found


def test_a_funnel_counts_who_did_each_step_in_order(log: Log) -> None:
    events = log("a view 01-01; a sign 01-02; a pay 01-03; b view 01-01; b pay 01-02; c sign 01-01; c view 01-02")
    frame = events.funnel("view", "sign", "pay").to_pandas()
    assert frame["count"].tolist() == [3, 1, 1]
    assert frame.conversion_rate.tolist() == pytest.approx([1, 1 / 3, 1 / 3])
    assert frame.step_conversion_rate.tolist() == pytest.approx([1, 1 / 3, 1])
    assert frame.step.tolist() == [1, 2, 3]


def test_the_time_between_steps_is_averaged_and_instants_are_left_out(log: Log) -> None:
    events = log("a v 01-01; a s 01-01 00:02; b v 01-01; b s 01-01 00:10; c v 01-01; c s 01-01")
    frame = events.funnel("v", "s").to_pandas()
    assert frame["count"].tolist() == [3, 3]
    assert frame.average_seconds.tolist()[1] == 360
    assert frame.median_seconds.tolist()[1] == 360
    assert pd.isna(frame.average_seconds[0])


def test_the_window_is_elapsed_time_from_the_first_step(log: Log) -> None:
    events = log("a v 03-28; a s 03-29; b v 03-28; b s 03-29 00:01", timezone="Europe/London")
    assert counts(events.funnel("v", "s", window="1 day")) == [2, 1]


def test_a_step_after_the_range_does_not_count(log: Log) -> None:
    events = log("a v 01-01; a s 01-03; b v 01-01; b s 01-02")
    assert counts(events.between("2026-01-01", "2026-01-03").funnel("v", "s")) == [2, 1]


def test_groups_go_through_together(log: Log) -> None:
    events = log("a v 01-01 $group_0=x; b s 01-02 $group_0=x; c v 01-01; c s 01-02")
    assert counts(events.funnel("v", "s", group_type_index=0)) == [1, 1]
    assert counts(events.funnel("v", "s")) == [2, 1]


def test_the_first_event_with_a_value_decides_the_breakdown(log: Log) -> None:
    events = log("a v 01-01; a s 01-02 b=chrome; c v 01-01 b=safari; c s 01-02 b=chrome; d v 01-01")
    frame = events.funnel("v", "s", breakdown="b").to_pandas()
    found = {value: rows["count"].tolist() for value, rows in frame.groupby("breakdown_value")}
    assert found == {"chrome": [1, 1], "safari": [1, 1], "": [1, 0]}
    last = events.funnel("v", "s", breakdown="b", breakdown_attribution="last_touch").to_pandas()
    assert {value: rows["count"].tolist() for value, rows in last.groupby("breakdown_value")} == {"chrome": [2, 2], "": [1, 0]}


def test_values_past_the_limit_are_one_row(log: Log) -> None:
    events = log("a v 01-01 b=x; a s 01-02; c v 01-01 b=y; d v 01-01 b=z; e v 01-01 b=z")
    frame = events.funnel("v", "s", breakdown="b", breakdown_limit=1).to_pandas()
    assert frame.breakdown_value.tolist() == ["x", "x", "Other", "Other"]
    assert frame["count"].tolist() == [1, 1, 3, 0]


def test_who_did_a_step_and_who_was_lost_before_it(log: Log) -> None:
    funnel = log("a v 01-01; a s 01-02; b v 01-01 05:00").funnel("v", "s")
    assert funnel.actors(step=2).actor_id.tolist() == ["a"]
    lost = funnel.actors(step=2, dropped=True)
    assert lost.actor_id.tolist() == ["b"]
    assert lost.first_step_at.tolist() == [pd.Timestamp("2026-01-01 05:00")]
    assert lost.last_event.tolist() == ["e0002"]
    with pytest.raises(SpecError, match="count from 1 to 2"):
        funnel.actors(step=3)
    with pytest.raises(SpecError, match="nobody is lost before step 1"):
        funnel.actors(step=1, dropped=True)


def test_an_exclusion_takes_out_who_does_it_in_between(log: Log) -> None:
    events = log("a v 01-01; a x 01-02; a s 01-03; b v 01-01; b s 01-02; b x 01-03")
    assert counts(events.funnel("v", "s", exclusions=(ek.Exclusion("x", after=1, before=2),))) == [1, 1]


def test_strict_order_lets_nothing_happen_between(log: Log) -> None:
    events = log("a v 01-01; a other 01-02; a s 01-03; b v 01-01; b s 01-02")
    assert counts(events.funnel("v", "s", order_type="strict")) == [2, 1]


def test_the_events_that_count_can_be_seen_and_sql_is_refused(log: Log) -> None:
    funnel = log("a v 01-01; a s 01-02; a other 01-02").funnel("v", "s")
    rows = funnel.tables.execute(funnel.matched())
    assert sorted(rows.steps) == [1, 2]
    with pytest.raises(NotExpressible, match="steps repeat or share an instant"):
        funnel.to_sql()
    assert any("The window of 14 days runs from the first step" in rule for rule in funnel.rules)


def test_nobody_in_it_gives_zeros_and_an_unknown_step_a_warning(log: Log) -> None:
    events = log("a v 01-01")
    with pytest.warns(UnknownEventWarning, match="'sing'"):
        assert counts(events.funnel("v", "sing")) == [1, 0]
    with pytest.warns(UnknownEventWarning):
        assert counts(events.funnel("x", "y")) == [0, 0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ek.Funnel("a"), "a funnel of 1 step: give 2 to 60"),
        (lambda: ek.Funnel("a", "b", window=14), "window 14 has no unit: write '14 days'"),  # type: ignore[arg-type]
        (lambda: ek.Funnel("a", "b", window="0 days"), "is empty"),
        (lambda: ek.Funnel("a", "b", order_type="loose"), "unknown order_type 'loose'"),  # type: ignore[arg-type]
        (lambda: ek.Funnel("a", "b", exclusions=(ek.Exclusion("x", after=1, before=3),)), "the funnel has 2 steps"),
        (lambda: ek.Funnel("a", "b", exclusions=(ek.Exclusion("b", after=1, before=2),)), "nobody could convert"),
        (lambda: ek.Exclusion("x", after=2, before=2), "the second must be later"),
    ],
)
def test_a_wrong_question_fails_where_it_is_typed(make: Callable[[], object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        make()


ROWS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["v", "s", "p"]), st.integers(0, 30), st.sampled_from(["", "x", "y"])),
    min_size=1,
    max_size=14,
)


def frame_of(rows: list[tuple[str, str, int, str]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "uuid": f"{i:03d}",
                "event": event,
                "distinct_id": who,
                "timestamp": pd.Timestamp("2026-01-01") + pd.Timedelta(hours=h),
                "arrival": i,
                "properties": {"b": b},
            }
            for i, (who, event, h, b) in enumerate(rows)
        ]
    )


@settings(max_examples=examples(40, 1_000), deadline=None)
@given(ROWS, st.randoms())
def test_counts_never_rise_add_up_over_values_and_do_not_depend_on_the_order_of_rows(
    rows: list[tuple[str, str, int, str]], random: object
) -> None:
    names = {event for _, event, _, _ in rows}
    frame = frame_of(rows)
    shuffled = frame.sample(frac=1, random_state=random.randint(0, 99)).reset_index(drop=True)  # type: ignore[attr-defined]
    ask = ek.Funnel("v", "s", "p", window="12 hours")
    found = []
    for given_frame in (frame, shuffled):
        events = ek.from_frame(given_frame)
        with pytest.warns(UnknownEventWarning) if names != {"v", "s", "p"} else _nothing():
            found.append((events.ask(ask).to_pandas(), events.ask(ask.replaced(breakdown=(ek.event_prop("b"),))).to_pandas()))
    whole, parted = found[0]
    assert whole["count"].is_monotonic_decreasing
    if whole["count"][0]:
        assert parted.groupby("step")["count"].sum().tolist() == whole["count"].tolist()
    pd.testing.assert_frame_equal(found[0][0], found[1][0])
    pd.testing.assert_frame_equal(found[0][1], found[1][1])


def _nothing() -> object:
    import contextlib

    return contextlib.nullcontext()
