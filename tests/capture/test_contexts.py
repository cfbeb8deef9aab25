"""Contexts: what they give to events, and that they end where their block ends."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from evkit.capture import message
from evkit.capture.client import Client
from evkit.capture.contexts import Context, current, scope


class Shelf:
    """A Store as far as a client knows one."""

    def __init__(self) -> None:
        self.events: list[message.Event] = []

    def append(self, events: Any) -> None:
        self.events += events


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def client(shelf: Shelf) -> Iterator[Client]:
    with Client(host=shelf, sync_mode=True) as made:
        yield made


def said(event: message.Event) -> dict[str, Any]:
    return {k: v for k, v in event.properties.items() if not k.startswith(("$lib", "$geoip"))}


def test_a_context_gives_who_the_session_groups_and_properties(client: Client, shelf: Shelf) -> None:
    with client.context(distinct_id="ann", session_id="s1", groups={"company": "id:5"}, properties={"page": "films"}):
        client.capture("movie_played", properties={"movie_id": 7})
        client.page(url="https://matinee.example/")
    assert [(e.distinct_id, said(e)) for e in shelf.events] == [
        ("ann", {"page": "films", "movie_id": 7, "$session_id": "s1", "$groups": {"company": "id:5"}}),
        ("ann", {"page": "films", "$current_url": "https://matinee.example/", "$session_id": "s1", "$groups": {"company": "id:5"}}),
    ]


def test_what_an_event_says_itself_wins(client: Client, shelf: Shelf) -> None:
    with client.context(distinct_id="ann", groups={"company": "id:5", "team": "t1"}, properties={"page": "films"}):
        client.capture("bob", "movie_played", {"page": "home"}, groups={"company": "id:6"})
    (event,) = shelf.events
    assert (event.distinct_id, said(event)) == ("bob", {"page": "home", "$groups": {"company": "id:6", "team": "t1"}})


def test_nested_contexts_merge_and_the_inner_wins(client: Client, shelf: Shelf) -> None:
    with client.context(distinct_id="ann", session_id="s1", groups={"company": "id:5"}, properties={"a": 1, "b": 1}):
        with client.context(distinct_id="bob", groups={"team": "t1"}, properties={"b": 2}):
            client.capture("inner")
        client.capture("outer")
        with client.context(distinct_id="eve", fresh=True):
            client.capture("fresh")
    assert [(e.event, e.distinct_id, said(e)) for e in shelf.events] == [
        ("inner", "bob", {"a": 1, "b": 2, "$session_id": "s1", "$groups": {"company": "id:5", "team": "t1"}}),
        ("outer", "ann", {"a": 1, "b": 1, "$session_id": "s1", "$groups": {"company": "id:5"}}),
        ("fresh", "eve", {}),
    ]


def test_person_calls_take_who_and_the_session_and_no_properties(client: Client, shelf: Shelf) -> None:
    with client.context(distinct_id="ann", session_id="s1", groups={"company": "id:5"}, properties={"page": "films"}):
        client.set(properties={"plan": "pro"})
        client.identify(None, {"plan": "pro"})
    assert [(e.event, e.distinct_id, said(e)) for e in shelf.events] == [
        ("$set", "ann", {"$set": {"plan": "pro"}, "$session_id": "s1"}),
        ("$identify", "ann", {"$set": {"plan": "pro"}, "$session_id": "s1"}),
    ]


def test_a_context_ends_with_its_block_also_by_an_exception(client: Client) -> None:
    with pytest.raises(KeyError), client.context(distinct_id="ann"):
        raise KeyError
    assert current() == Context()
    with pytest.raises(TypeError, match="no context gives one"):
        client.capture("movie_played")


def test_a_context_does_not_reach_other_threads_unless_it_is_carried(client: Client, shelf: Shelf) -> None:
    def work(name: str) -> None:
        try:
            client.capture(name)
        except TypeError:
            client.capture("nobody", name)

    with client.context(distinct_id="ann"):
        plain = threading.Thread(target=work, args=("plain",))
        carried = threading.Thread(target=contextvars.copy_context().run, args=(work, "carried"))
        for thread in (plain, carried):
            thread.start()
            thread.join()
    assert [(e.event, e.distinct_id) for e in shelf.events] == [("plain", "nobody"), ("carried", "ann")]


def test_threads_with_contexts_of_their_own_do_not_mix(client: Client, shelf: Shelf) -> None:
    together = threading.Barrier(8)

    def work(who: str) -> None:
        with client.context(distinct_id=who, groups={"company": who}):
            for _ in range(20):
                together.wait()
                client.capture("movie_played")

    threads = [threading.Thread(target=work, args=(f"u{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(shelf.events) == 160
    assert all(e.properties["$groups"] == {"company": e.distinct_id} for e in shelf.events)


def test_asyncio_tasks_do_not_mix_and_inherit_what_was_there(client: Client, shelf: Shelf) -> None:
    async def request(who: str) -> None:
        with client.context(distinct_id=who, groups={"company": who}):
            for _ in range(5):
                await asyncio.sleep(0)
                client.capture("movie_played")
                await asyncio.create_task(later())

    async def later() -> None:
        await asyncio.sleep(0)
        client.capture("later")

    async def main() -> None:
        with client.context(properties={"app": "matinee"}):
            await asyncio.gather(*(request(f"u{i}") for i in range(8)))

    asyncio.run(main())
    assert len(shelf.events) == 80
    assert all(e.properties["$groups"] == {"company": e.distinct_id} and e.properties["app"] == "matinee" for e in shelf.events)


def test_groups_of_one_request_do_not_reach_the_next(client: Client, shelf: Shelf) -> None:
    for who, company in (("ann", {"company": "id:5"}), ("bob", None)):
        with client.context(distinct_id=who, groups=company):
            client.capture("movie_played")
    assert ["$groups" in e.properties for e in shelf.events] == [True, False]


@pytest.mark.parametrize("wrong", [{"groups": ["company"]}, {"properties": "films"}])
def test_a_context_of_something_else_is_a_type_error(wrong: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="not a mapping such as"):
        scope(**wrong)
