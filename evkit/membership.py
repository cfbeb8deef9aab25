"""Membership: what `events.cohort(...)` gives: who is in a cohort, by which rules, and why somebody is or isn't."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from evkit import markup
from evkit.insights.masking import masked
from evkit.insights.words import Rules
from evkit.query import cohorts, reasons
from evkit.query.reasons import Reason
from evkit.subjects import Person

if TYPE_CHECKING:
    from evkit.model.tables import EventTables
    from evkit.query.spec import Cohort

COLUMNS = ["person_id", "distinct_ids", "properties", "created_at", "is_identified"]


@dataclass(frozen=True)
class WhyMember:
    """Why a person is in a cohort, or isn't: it says so of each condition."""

    cohort: str
    distinct_id: str
    reason: Reason

    @property
    def passed(self) -> bool:
        """Whether the person is in the cohort."""
        return self.reason.passed

    @property
    def parts(self) -> tuple[Reason, ...]:
        """The conditions, each with what was found."""
        return self.reason.parts or (self.reason,)

    def _headline(self, who: str) -> str:
        return f"{who!r} {'is' if self.passed else 'is not'} in the cohort {self.cohort!r}"

    def __repr__(self) -> str:
        shown = [markup.short(self._headline(self.distinct_id), 160)]
        for depth, one in self.reason.lines():
            found = f": {one.found}" if one.found else ""
            shown.append(f"{'  ' * (depth + 1)}{'ok  ' if one.passed else 'FAIL'} {one.condition}{found}")
        return "\n".join(shown)

    def _repr_html_(self) -> str:
        rows = [
            ("\N{NO-BREAK SPACE}" * 4 * d + one.condition, "met" if one.passed else "not met", one.found) for d, one in self.reason.lines()
        ]
        said = self._headline(masked(self.distinct_id))
        shown = markup.table(["condition", "", "what was found"], rows, [False] * 3, caption=said)
        return f'<div class="evkit-card"><strong>{markup.text(said)}</strong>{shown}</div>'

    def to_pandas(self) -> pd.DataFrame:
        """Give the conditions as a frame: depth (0 is the whole), condition, passed, found; a row a condition."""
        rows = [(depth, one.condition, one.passed, one.found) for depth, one in self.reason.lines()]
        return pd.DataFrame(rows, columns=["depth", "condition", "passed", "found"])


class Membership:
    """Who is in a cohort. Nothing runs until it is asked for, and then once.

    Made by `events.cohort(...)`.

    Parameters
    ----------
    tables
        The events and persons; their clock decides where relative windows lie.
    cohort
        Whom it is of.
    """

    def __init__(self, tables: EventTables, cohort: Cohort) -> None:
        self.tables = tables
        self.cohort = cohort

    def __repr__(self) -> str:
        counted = f"{len(self._ids):,} person{'' if len(self._ids) == 1 else 's'}" if "_ids" in self.__dict__ else "persons not counted yet"
        return f"<Membership of {markup.short(self.cohort.name)!r}: {counted}>"

    def _repr_html_(self) -> str:
        counted = f"{len(self._ids):,}" if "_ids" in self.__dict__ else "not counted yet: .count()"
        pairs: list[tuple[str, object]] = [("persons", counted), ("who is in it", self.cohort.in_words)]
        return markup.card(
            f"Cohort {self.cohort.name}", pairs, "Who they are: .to_pandas(). Why somebody is in it or isn't: .explain(distinct_id)"
        )

    # ------------------------------------------------------------------ who
    def to_ibis(self) -> ir.Table:
        """Give the persons as an ibis expression: person_id, a row a person."""
        return cohorts.persons(self.tables, self.cohort)

    def to_sql(self) -> str:
        """Give the SQL that finds the persons."""
        return str(ibis.to_sql(self.to_ibis(), dialect=self.tables.dialect))

    @cached_property
    def _ids(self) -> pd.DataFrame:
        return cohorts.members(self.tables, self.cohort).sort_by("person_id").to_pandas()

    def count(self) -> int:
        """Count the persons; runs once."""
        return len(self._ids)

    def to_pandas(self) -> pd.DataFrame:
        """Give the persons: the columns of `events.persons()`, a row a person, by person_id.

        Returns
        -------
        pandas.DataFrame
            person_id, distinct_ids, properties (JSON text), created_at, is_identified. Who has no person profile is one by the
            distinct id alone.
        """
        known = self.tables.persons_frame()
        made = self._ids.merge(known, on="person_id", how="left")
        alone = ~made.person_id.isin(known.person_id)
        made["distinct_ids"] = made.distinct_ids.where(~alone, made.person_id.map(lambda person_id: [person_id]))
        made["properties"] = made.properties.where(~alone, "{}")
        return made[COLUMNS]

    def distinct_ids(self) -> list[str]:
        """Give the distinct ids of the persons, sorted."""
        return sorted(self.to_pandas().distinct_ids.explode().tolist())

    # ------------------------------------------------------------------ why
    @cached_property
    def rules(self) -> Rules:
        """The rules that make somebody a member, in words, with the dates of their windows."""
        return Rules((*reasons.rules(self.tables, self.cohort), *self.tables.rules(by_distinct_id=False)))

    def explain(self, person: str | Person) -> WhyMember:
        """Say of each condition whether a person meets it, and what was found.

        Parameters
        ----------
        person
            A distinct id, or what `events.person(...)` gives.

        Returns
        -------
        WhyMember
            Shows itself a line a condition; `.passed`, `.parts`, `.to_pandas()`.

        Raises
        ------
        DataError
            When nobody has that distinct id; the message names the nearest.

        Examples
        --------
        >>> import evkit as ek
        >>> viewers = ek.load_sample().cohort(ek.performed("movie_played", times=(">=", 500), within="30 days"))
        >>> viewers.explain("user_0804").passed
        False
        """
        who = person if isinstance(person, Person) else Person(self.tables, person)
        return WhyMember(self.cohort.name, who.distinct_id, reasons.explain(self.tables, self.cohort, who.person_id))
