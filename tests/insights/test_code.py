"""A question written as Python asks the same question."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evkit as ek
from evkit.events import Events
from evkit.insights import code
from tests.sizes import examples


def quiet(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Give the strategy with a short repr: those of large ones are costly."""

    @st.composite
    def drawn(draw: st.DrawFn) -> Any:
        return draw(strategy)

    return drawn()


WORDS = quiet(
    st.one_of(
        st.sampled_from(["plan", "a b", 'say "hi"', "it's", "both ' and \"", "$browser", "back\\slash", "new\nline", "é"]),
        st.text(min_size=1, max_size=5).filter(lambda t: "\x00" not in t),
    )
)
VALUES = quiet(st.one_of(WORDS, st.integers(-5, 5), st.floats(-1e6, 1e6), st.booleans()))
REFS = quiet(st.one_of(
    st.builds(ek.event_prop, WORDS), st.builds(ek.person_prop, WORDS, normalize_url=st.booleans()), st.builds(ek.group_prop, WORDS, st.integers(0, 4)), st.builds(ek.session_duration),
    st.builds(lambda k: ek.PropertyRef(k, "event_metadata"), WORDS), st.builds(lambda k, n: ek.event_prop(k, histogram_bin_count=n), WORDS, st.integers(1, 9)),
))  # fmt: skip
FILTERS = quiet(st.one_of(
    st.builds(lambda r, v: r == v, REFS, VALUES), st.builds(lambda r, v: r != v, REFS, VALUES), st.builds(lambda r, v: r > v, REFS, VALUES),
    st.builds(lambda r, v: r.isin(*v), REFS, st.lists(VALUES, min_size=1, max_size=3)), st.builds(lambda r: r.is_set(), REFS), st.builds(lambda r: ~r.is_not_set(), REFS),
    st.builds(lambda r, v: r.icontains(v), REFS, WORDS), st.builds(lambda r: r.between(1, 2.5), REFS), st.builds(ek.in_cohort, WORDS),
    st.builds(lambda k, v: ek.PropertyFilter(k, v, "not_icontains", "element"), WORDS, WORDS), st.builds(lambda k: ek.PropertyFilter(k, "a"), WORDS),
))  # fmt: skip
GROUPS = quiet(
    st.recursive(
        st.one_of(FILTERS, st.builds(lambda v: ek.FilterGroup("AND", tuple(v)), st.lists(FILTERS, max_size=3))),
        lambda inner: st.builds(
            lambda op, v: ek.FilterGroup(op, tuple(v)), st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=1, max_size=3)
        ),
        max_leaves=5,
    )
)
STEPS = quiet(
    st.one_of(
        st.builds(ek.event, WORDS, FILTERS),
        st.builds(lambda t, u: ek.clicked(text=t, url=u), WORDS, WORDS),
        st.builds(ek.viewed, WORDS, st.sampled_from(["contains", "exact"])),
        st.builds(lambda e, g: ek.ActionStep(event=e, properties=ek.FilterGroup.of(g)), WORDS, GROUPS),
    )
)
ACTIONS = quiet(st.builds(lambda name, steps: ek.Action(name, *steps), WORDS, st.lists(STEPS, min_size=1, max_size=2)))
SUBJECTS = quiet(st.one_of(WORDS, ACTIONS))
SERIES = quiet(
    st.one_of(
        SUBJECTS,
        st.builds(lambda s, g, n: ek.series(s, filters=g, name=n), st.one_of(st.none(), SUBJECTS), GROUPS, st.one_of(st.none(), WORDS)),
        st.builds(lambda s, p: ek.series(s, "avg", p, optional=True), SUBJECTS, REFS),
        st.builds(lambda s: ek.series(s, math="unique_group", group_type="company"), SUBJECTS),
    )
)
RANGES = st.sampled_from(
    [None, "-7d", ("2026-01-01", "2026-01-31"), (None, "2026-01-31"), ek.DateRange("2026-01-01", "2026-01-02", bounds="half_open")]
)
BREAKDOWNS = quiet(
    st.one_of(st.none(), WORDS, REFS, st.lists(REFS, min_size=1, max_size=3).map(tuple), st.just(ek.cohorts("paying", "all")))
)
TRENDS = quiet(
    st.builds(
        lambda s, **k: ek.Trends(*s, **k),
        st.lists(SERIES, min_size=1, max_size=3),
        interval=st.sampled_from(["day", "week"]),
        date_range=RANGES,
        filters=st.one_of(st.none(), GROUPS),
        breakdown=BREAKDOWNS,
        compare_to=st.sampled_from([None, "-1w"]),
        formulas=st.sampled_from([(), ("a * 2",), (ek.Formula("a", "half"), "a / 2")]),
    )
)
FUNNELS = quiet(
    st.builds(
        lambda s, **k: ek.Funnel("first", *s, "last", **k),
        st.lists(SUBJECTS, max_size=2),
        window=st.sampled_from(["14 days", "1 hour"]),
        order_type=st.sampled_from(["ordered", "strict"]),
        exclusions=st.one_of(st.just(()), st.builds(lambda s: (ek.Exclusion(ek.series("void", filters=s), after=1, before=2),), GROUPS)),
        breakdown=st.one_of(st.none(), WORDS, st.builds(ek.person_prop, WORDS)),
        filters=st.one_of(st.none(), GROUPS),
        date_range=RANGES,
    )
)
RETENTIONS = quiet(
    st.builds(
        lambda t, r, **k: ek.Retention(t, r, **k),
        st.one_of(st.none(), SUBJECTS, st.builds(lambda s, g: ek.series(s, filters=g), SUBJECTS, GROUPS)),
        st.one_of(st.none(), SUBJECTS),
        period=st.sampled_from(["hour", "week"]),
        retention_type=st.sampled_from(["retention_recurring", "retention_first_time"]),
        custom_brackets=st.sampled_from([(), (1,), [1, 3]]),
        minimum_occurrences=st.sampled_from([1, 3]),
        breakdown=st.one_of(st.none(), WORDS, st.builds(ek.person_prop, WORDS), st.just(ek.cohorts("paying", "all"))),
        filters=st.one_of(st.none(), GROUPS),
        date_range=RANGES,
    )
)


class Asked:
    """Takes the place of events: gives the question instead of asking it."""

    trends = staticmethod(ek.Trends)
    funnel = staticmethod(ek.Funnel)
    retention = staticmethod(ek.Retention)


def read_back(text: str) -> Any:
    return eval(text, {"ek": ek, "events": Asked})


@settings(max_examples=examples(300, 10_000), deadline=None)
@given(st.one_of(TRENDS, FUNNELS, RETENTIONS))
def test_what_is_written_asks_the_same(spec: Any) -> None:
    assert read_back(code.question(spec)) == spec


def test_a_short_question_is_one_line() -> None:
    spec = ek.Funnel("$pageview", "signed_up", window="7 days", breakdown="plan", filters=ek.person_prop("country") == "GB")
    long = 'events.funnel(\n    "$pageview",\n    "signed_up",\n    window="7 days",\n    breakdown="plan",\n    filters=ek.person_prop("country") == "GB",\n)'
    assert code.question(spec) == long
    assert (
        code.question(ek.Trends("buy", breakdown=("plan", ek.person_prop("country"))))
        == 'events.trends("buy", breakdown=("plan", ek.person_prop("country")))'
    )


def test_actions_that_the_events_know_are_written_by_name(one_event: Events) -> None:
    buy = ek.Action("bought", ek.event("buy"))
    known = one_event.with_actions(buy)
    spec = ek.Trends(buy, ek.series(buy, math="dau"))
    text = code.question(spec, events="known", known={"bought"})
    assert text == 'known.trends("bought", ek.series("bought", math="dau"))'
    assert eval(text, {"ek": ek, "known": known}).spec == spec


@pytest.fixture
def one_event() -> Events:
    import pandas as pd

    return ek.from_frame(pd.DataFrame({"event": ["buy"], "distinct_id": ["ann"], "timestamp": ["2026-01-01"]}))
