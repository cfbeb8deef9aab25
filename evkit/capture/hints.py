"""What looks swapped in a call: told in the log, never refused, since only who calls knows.

A hint is given where two things that were told apart before come the other way round, or where a word can hardly be what it stands for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MOST_REMEMBERED = 1_000
"""Of each kind: ids, events, group types, group keys; the first that come."""
MOST_TYPES = 5
"""Group types that a project of PostHog's has; it ignores further ones."""
OF_POSTHOG = frozenset(
    "$pageview $pageleave $screen $autocapture $rageclick $dead_click $identify $create_alias $merge_dangerously $groupidentify $set "
    "$set_once $feature_flag_called $exception $web_vitals $opt_in".split()
)
"""Events whose names are nobody's id."""
_KEY = re.compile(r"(?=.*\d)([^:@/#]*[:@/#].*|[\d\s-]+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})", re.DOTALL)
_WORD = re.compile(r"[^\W\d]+([ _-][^\W\d]+)*")


class Hints:
    """What a client was given so far, as far as it tells what is swapped.

    Examples
    --------
    >>> hints = Hints()
    >>> hints.of_event("user_42", "movie_played")
    ''
    >>> hints.of_event("movie_played", "user_42")[:53]
    "event 'user_42' of the distinct_id 'movie_played': is"
    """

    def __init__(self) -> None:
        self._known: dict[str, set[str]] = {"id": set(), "event": set(), "type": set(), "key": set()}
        self._told: set[tuple[str, str]] = set()

    def of_event(self, distinct_id: str, event: str) -> str:
        """Say whether distinct_id and event look swapped; "" where they don't, or it was said before."""
        if not self._swapped("id", distinct_id, "event", event) and distinct_id not in OF_POSTHOG:
            self._remember(id=distinct_id, event=event)
            return ""
        return self._once(
            ("event", event),
            f"event {event!r:.100} of the distinct_id {distinct_id!r:.100}: is it the other way round? Two texts are distinct_id and event, "
            "in this order; capture(event=..., distinct_id=...) needs none",
        )

    def of_groups(self, groups: Mapping[str, str]) -> list[str]:
        """Say of each group whether type and key look swapped, and which types PostHog would ignore; each once."""
        said = []
        for kind, key in groups.items():
            likely = _KEY.fullmatch(kind) and _WORD.fullmatch(key) and kind not in self._known["type"]
            if likely or self._swapped("type", kind, "key", key):
                said.append(
                    self._once(
                        ("type", kind),
                        f"group type {kind!r:.100} with the key {key!r:.100}: is it the other way round? The type comes first: "
                        f'groups={{"company": "id:5"}}, group_identify("company", "id:5")',
                    )
                )
                continue
            self._remember(type=kind, key=key)
            if len(self._known["type"]) > MOST_TYPES and ("types", "") not in self._told:
                types = ", ".join(sorted(self._known["type"])[: MOST_TYPES + 1])
                said.append(
                    self._once(
                        ("types", ""), f"more than {MOST_TYPES} group types ({types:.200}): PostHog ignores the sixth and further ones"
                    )
                )
        return [one for one in said if one]

    def _swapped(self, first: str, one: str, second: str, other: str) -> bool:
        """Say whether each was known as what the other is given for, and as that only."""
        known = self._known
        return one in known[second] and other in known[first] and one not in known[first] and other not in known[second]

    def _remember(self, **seen: str) -> None:
        for what, one in seen.items():
            if len(self._known[what]) < MOST_REMEMBERED:
                self._known[what].add(one)

    def _once(self, about: tuple[str, str], text: str) -> str:
        if about in self._told or len(self._told) >= MOST_REMEMBERED:
            return ""
        self._told.add(about)
        return text
