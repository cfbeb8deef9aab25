"""Names that the data doesn't have are told, with the nearest that it has."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable

import pytest

import evkit as ek
from evkit.errors import DataError, UnknownEventWarning

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


def test_a_property_that_only_others_have_is_not_told(log: Log) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
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
