"""Names that the data doesn't have are told, with the nearest that it has."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable

import pytest

import evkit as ek
from evkit.errors import DataError, EvkitWarning, NothingBeforeWarning, UnknownEventWarning

Log = Callable[..., ek.Events]
TEXT = "a view 01-01 plan=x; a buy 01-02 plan=x; b view 01-01"


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda e: e.trends("veiw"), "no event is called 'veiw'. Did you mean 'view'? Its figures are zeros."),
        (lambda e: e.trends("view", breakdown="pln"), "no event has a property 'pln'. Did you mean 'plan'? All of it has no value."),
        (lambda e: e.funnel("view", "buy", breakdown="pln"), "no event has a property 'pln'. Did you mean 'plan'?"),
        (
            lambda e: e.trends("view", breakdown=ek.person_prop("plan")),
            "no person has a property 'plan'. Events have it: ek.event_prop('plan').",
        ),
    ],
)
def test_a_name_that_is_nowhere_is_told(log: Log, ask: Callable[[ek.Events], ek.Insight], said: str) -> None:
    with pytest.warns(UnknownEventWarning, match=re.escape(said)):
        ask(log(TEXT)).to_pandas()


MORE = "a $identify 01-01; a view 01-01 plan=pro n=3; a buy 01-02 plan=pro; b view 01-01; c search 01-03 size=4"


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (
            lambda e: e.trends("view", date_range=("2025-01-01", "2025-01-31")),
            "no event is in the range 1 January 2025 to 31 January 2025: the data is from 1 January 2026 to 3 January 2026. Its figures are zeros.",
        ),
        (
            lambda e: e.trends("view", date_range=("2026-01-04", "2026-01-04")),
            "no event is in the range 4 January 2026: the data is from 1 January 2026 to 3 January 2026. Its figures are zeros.",
        ),
        (
            lambda e: e.trends("view", date_range=("2026-01-01", "2026-01-02"), compare=True),
            "no event is in the range 30 December 2025 to 31 December 2025: the data is from 1 January 2026 to 3 January 2026. Its figures are zeros.",
        ),
        (
            lambda e: e.funnel("view", "buy", date_range=("2025-01-01", "2025-01-31")),
            "no event is in the range 1 January 2025 to 31 January 2025: the data is from 1 January 2026 to 3 January 2026. Its figures are zeros.",
        ),
        (
            lambda e: e.funnel("view", "buy", viz_type="trends", date_range=("2027-01-01", "2027-01-01")),
            "no event is in the range 1 January 2027: the data is from 1 January 2026 to 3 January 2026. Its figures are zeros.",
        ),
        (
            lambda e: e.trends("view", filters=ek.event_prop("plan") == "Pro"),
            "no event passes plan exact 'Pro'. Did you mean 'pro'? Figures that ask for it are zeros.",
        ),
        (
            lambda e: e.trends("view", filters=(ek.event_prop("plan") == "pro") & (ek.event_prop("n") > 3)),
            "no event passes n gt 3. Figures that ask for it are zeros.",
        ),
        (
            lambda e: e.trends(ek.series("view", filters=ek.event_prop("plan") == "pr")),
            "no event passes plan exact 'pr'. Did you mean 'pro'?",
        ),
        (lambda e: e.funnel("view", "buy", filters=ek.event_prop("plan") == "pr"), "no event passes plan exact 'pr'. Did you mean 'pro'?"),
    ],
)
def test_what_makes_every_figure_zero_is_told(log: Log, ask: Callable[[ek.Events], ek.Insight], said: str) -> None:
    with pytest.warns(EvkitWarning) as told:
        ask(log(MORE)).to_pandas()
    (one,) = [str(w.message) for w in told if issubclass(w.category, EvkitWarning)]
    assert said in one


@pytest.mark.parametrize("ask", [ek.Events.trends, ek.Events.stickiness])
def test_a_period_outside_the_data_is_told_by_its_name_when_another_is_compared_with_it(log: Log, ask: Callable[..., ek.Insight]) -> None:
    events = log("a view 01-01; b view 01-02; a view 01-03")
    for days, category in ((("2026-01-04", "2026-01-06"), UnknownEventWarning), (("2026-01-01", "2026-01-03"), NothingBeforeWarning)):
        with pytest.warns(EvkitWarning, match="no event is in the range") as told:
            ask(events, "view", date_range=days, compare=True).to_pandas()
        assert [w.category for w in told] == [category]


def test_zeros_that_need_no_word_have_none(log: Log) -> None:
    events = log(MORE)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UnknownEventWarning)
        assert events.trends("buy", date_range=("2026-01-01", "2026-01-01")).to_pandas().value.sum() == 0
        assert events.trends("buy", filters=ek.event_prop("n") == 3).to_pandas().value.sum() == 0, "others pass it"
        assert events.trends("buy", filters=(ek.event_prop("n") == 3) | (ek.event_prop("n") == 4)).to_pandas().value.sum() == 0
        assert events.trends("buy", date_range=("2026-01-02", "2026-01-09")).to_pandas().value.sum() == 1, "a part of the range has data"


def test_a_breakdown_by_what_only_persons_have_is_told_though_other_events_have_it(log: Log) -> None:
    frame = log("a $set 01-01; a signup 01-01 plan=x; a view 01-02").to_pandas()[
        ["uuid", "event", "distinct_id", "timestamp", "properties"]
    ]
    frame.loc[frame.event == "$set", "properties"] = '{"$set":{"plan":"pro"}}'
    events = ek.from_frame(frame)
    said = "none of the events asked about has a property 'plan'. Persons have it: ek.person_prop('plan'). All of it has no value."
    with pytest.warns(UnknownEventWarning, match=re.escape(said)):
        events.trends("view", breakdown="plan").to_pandas()
    assert events.trends("view", breakdown=ek.person_prop("plan")).to_pandas().breakdown_value.unique().tolist() == ["pro"]


def test_a_number_finds_the_id_with_that_number() -> None:
    with pytest.raises(DataError, match=r"no person has the distinct_id '804'\. Did you mean 'user_0804'\?"):
        ek.load_sample().person("804")


def test_a_property_that_only_others_have_is_not_told(log: Log) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UnknownEventWarning)
        assert log(TEXT).trends("view", breakdown="plan").to_pandas().value.sum() == 2
        log(TEXT).funnel("view", "buy", breakdown="plan", filters=ek.event_prop("plan") != "x").to_pandas()


def test_a_person_or_group_that_is_nowhere_is_an_error_with_the_nearest() -> None:
    events = ek.load_sample()
    with pytest.raises(DataError, match=r"no person has the distinct_id 'user_004'\. Did you mean 'user_\d+'\?"):
        events.person("user_004")
    with pytest.raises(DataError, match="no group of type 'company' has the key 'id:99'"):
        events.group("company", "id:99")
    with pytest.raises(ek.EvkitError, match=r"no group type 'compny'\. The data has: company"):
        events.group("compny", "id:5")
