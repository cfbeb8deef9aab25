"""A regular expression is taken where RE2, the engine of PostHog, reads it: asked of the RE2 in DuckDB."""

import duckdb
import pytest

from evkit.errors import SpecError
from evkit.query.regexes import checked_regex

READ = [
    r"\Q/a\E", r"\Qa++\E", "(?U)a+", r"\x{61}", "/(?i)A", r"\C", r"a\z", "[*+]b", r"a\++", "(?i)a", "a{2,3}?", "(?P<n>a)", "[[:digit:]]+",
    r"\pL+", "(?-i)a", "a|(?s)b", "a*?", "(?i:a)b", r"\\Z", r"[\]*+]x", "a{,5}", "a{1000}",
    r"total\(?=5", r"\(?!x", "[(?=]a", r"\Q(?=\E", "[[:alpha:](?=]",
]  # fmt: skip
NOT_READ = [
    r"a\Z", r"\d++", r"\d{1,2000}", "a(?#c)", "(?x) a", r"\u0061", "a{2}+", r"\N{DASH}", "a**", "a(?=b)", "(?<!a)b", r"(a)\1", "(?>a)", "(", r"a\(?i)b",
]  # fmt: skip


def engine_reads(pattern: str) -> bool:
    try:
        duckdb.execute("SELECT regexp_matches('abc', ?)", [pattern]).fetchall()
    except duckdb.Error:
        return False
    return True


@pytest.mark.parametrize("pattern", READ)
def test_what_re2_reads_is_taken(pattern: str) -> None:
    assert engine_reads(checked_regex(pattern))


@pytest.mark.parametrize("pattern", NOT_READ)
def test_what_re2_does_not_read_is_refused_where_it_is_typed(pattern: str) -> None:
    assert not engine_reads(pattern)
    with pytest.raises(SpecError, match="the regular expression"):
        checked_regex(pattern)
