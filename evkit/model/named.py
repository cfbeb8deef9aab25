"""The persons of journeys by their names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from evkit.journeys.build import hashed
from evkit.journeys.index import Index

if TYPE_CHECKING:
    from evkit.model.tables import EventTables


@dataclass(frozen=True, eq=False)
class People:
    """Persons by their names, and where they stand in the journeys.

    Parameters
    ----------
    ids
        The person ids.
    actors
        int64: the actor of each.
    """

    ids: pa.Array
    actors: np.ndarray

    @property
    def nbytes(self) -> int:
        """How many bytes it has."""
        return int(self.ids.nbytes + self.actors.nbytes)

    def of_actors(self, actors: np.ndarray) -> pa.Array:
        """Give the person id of actors."""
        place = np.zeros(int(self.actors.max(initial=-1)) + 1, np.int64)
        place[self.actors] = np.arange(len(self.actors))
        return self.ids.take(pa.array(place[actors]))


def people_of(tables: EventTables, index: Index) -> People:
    """Give everybody who has an event; found out once."""
    return index.worked.get("people", lambda: _people_of(tables, index))


def _people_of(tables: EventTables, index: Index) -> People:
    who = tables.log().select("person_id").distinct()
    found = tables.arrow(who.select("person_id", hash=hashed(who.person_id)))
    return People(found["person_id"].combine_chunks(), index.actors_of(found["hash"].to_numpy()))
