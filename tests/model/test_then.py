"""Persons and groups as they were: of the id that was asked for, at the time that was asked for."""

from __future__ import annotations

import pandas as pd
import pytest

import evkit as ek
from evkit.errors import DataError, SpecError


def events(**options: object) -> ek.Events:
    rows = [
        ("view", "anon", "01-01", {"$set": {"seen": "F"}}),
        ("$identify", "ann", "01-03", {"$anon_distinct_id": "anon", "$set": {"plan": "free"}}),
        ("$set", "ann", "01-05", {"$set": {"plan": "pro"}}),
        ("$groupidentify", "ann", "01-02", {"$group_type": "company", "$group_key": "x", "$group_set": {"size": 1}}),
        ("view", "ann", "01-04", {"$groups": {"company": "x"}}),
        ("$groupidentify", "ann", "01-06", {"$group_type": "company", "$group_key": "x", "$group_set": {"size": 2, "city": "Rome"}}),
    ]
    return ek.from_frame(
        pd.DataFrame(
            [
                {"uuid": f"e{i}", "event": e, "distinct_id": d, "timestamp": pd.Timestamp(f"2026-{t}"), "properties": p, "arrival": i}
                for i, (e, d, t, p) in enumerate(rows)
            ]
        ),
        **options,  # type: ignore[arg-type]
    )


def test_an_id_had_the_properties_of_the_person_it_was_then() -> None:
    log = events()
    assert log.person("anon").properties(at="2026-01-02") == {"seen": "F"}
    assert log.person("ann").properties(at="2026-01-02T12:00") == {}
    assert log.person("ann").properties(at="2026-01-03T12:00") == {"seen": "F", "plan": "free"}
    assert log.person("anon").properties() == {"seen": "F", "plan": "pro"}
    assert log.person("ann").properties(at="-1d") == {"seen": "F", "plan": "pro"}  # from the newest event, 6 January


def test_a_group_has_properties_then_and_a_timeline_with_what_changed() -> None:
    company = events().group("company", "x")
    assert company.properties(at="2026-01-01") == {}
    assert company.properties(at="2026-01-03") == {"size": 1}
    assert company.properties() == company.properties(at="2026-01-07") == {"size": 2, "city": "Rome"}
    happened = company.timeline().to_pandas()
    changes = happened[happened.kind == "property"]
    assert list(zip(changes.what, changes.detail, strict=True)) == [("size", "(none) → 1"), ("city", '(none) → "Rome"'), ("size", "1 → 2")]
    assert happened[happened.kind == "event"].what.tolist() == ["$groupidentify", "view", "$groupidentify"]
    assert "3 property changes" in company.timeline().describe()


def test_a_time_that_can_not_be_read_says_so() -> None:
    with pytest.raises(SpecError, match="'soon' can't be read"):
        events().person("ann").properties(at="soon")
    with pytest.raises(SpecError, match=r"unknown identity 'gvien'\. Did you mean 'given'"):
        events(identity="gvien")
    with pytest.raises(DataError, match="no person has the distinct_id 'bob'"):
        events().person("bob")
