"""Errors: each says what was wrong, with which value, and what to do."""

from __future__ import annotations

import pytest

from evkit import errors


def test_an_unknown_word_is_answered_with_the_nearest_and_with_all_that_are_allowed() -> None:
    error = errors.unknown("math", "uniq", ["total", "dau", "unique_session"])
    assert str(error) == "unknown math 'uniq'. Did you mean 'unique_session'? One of: total, dau, unique_session"


def test_a_word_near_to_none_gets_no_suggestion() -> None:
    assert errors.nearest("zzz", ["total", "dau"]) == ""


@pytest.mark.parametrize(
    "kind", [errors.SpecError, errors.UnsupportedQuery, errors.NotExpressible, errors.DataError, errors.MissingFile, errors.CaptureError]
)
def test_every_error_raised_on_purpose_is_an_evkit_error(kind: type[Exception]) -> None:
    assert issubclass(kind, errors.EvkitError)


def test_a_wrong_question_is_a_value_error_and_a_missing_file_is_a_file_not_found_error() -> None:
    assert issubclass(errors.SpecError, ValueError)
    assert issubclass(errors.MissingFile, FileNotFoundError)


def test_a_warning_is_given_at_the_line_that_asked() -> None:
    import pandas as pd

    import evkit as ek

    events = ek.from_frame(pd.DataFrame({"event": ["buy"], "distinct_id": ["ann"], "timestamp": ["2026-01-01"]}))
    with pytest.warns(errors.UnknownEventWarning) as caught:
        events.trends("by").to_pandas()
    assert [w.filename for w in caught] == [__file__]
