"""What is worth a warning in events that were taken: nothing is changed by it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from evkit.capture import message

PERSONAL = frozenset({*message.OTHER_ID, "$groupidentify"})
"""Events that are about persons or groups and nothing else."""
Warning = tuple[str, str, str, str]


def warnings(events: Iterable[message.Event]) -> Iterator[Warning]:
    """Give warnings: kind, words, event, distinct_id."""
    for event in events:
        for kind, words in of(event):
            yield kind, words, event.event, event.distinct_id


def of(event: message.Event) -> Iterator[tuple[str, str]]:
    """Give the warnings about one event: kind and words."""
    properties = event.properties
    other = properties.get(message.OTHER_ID[event.event]) if event.event in message.OTHER_ID else None
    if other is not None:
        for side in (event.distinct_id, str(other)):
            if message.is_illegal(side):
                yield (
                    "cannot_merge_with_illegal_distinct_id",
                    f"{event.event} of {event.distinct_id!r:.80} with {other!r:.80}: {side!r:.80} stands for nobody",
                )
    mode = properties.get("$process_person_profile", True)
    if not isinstance(mode, bool):
        yield "invalid_process_person_profile", f"$process_person_profile is {mode!r:.80}, which counts as true"
    elif mode is False and event.event in PERSONAL:
        yield (
            "invalid_event_when_process_person_profile_is_false",
            f"{event.event} with $process_person_profile false changes no person or group",
        )
    if event.event == "$$client_ingestion_warning":
        yield "client_ingestion_warning", str(properties.get("$$client_ingestion_warning_message", ""))
    if event.unread_time:
        yield "ignored_invalid_timestamp", f"timestamp {event.unread_time!r:.80} can't be used: the time of receipt stands for it"
    if event.cut:
        yield "cut", event.cut
