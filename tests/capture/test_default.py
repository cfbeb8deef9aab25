"""The client of the whole program, by `configure` and by the environment."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest

from evkit.capture import default as posthog
from evkit.capture.client import Client
from evkit.errors import CaptureError
from tests.capture.recording import Recorder

KEY = "phc_testkey00001234"
CALLS = ("capture", "identify", "alias", "set", "set_once", "group_identify", "page", "context", "track", "flush", "shutdown", "stats")


@pytest.fixture
def server() -> Iterator[Recorder]:
    with Recorder() as recorder:
        yield recorder


@pytest.fixture(autouse=True)
def _unconfigured(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("EVKIT_HOST", raising=False)
    monkeypatch.delenv("EVKIT_API_KEY", raising=False)
    monkeypatch.setattr(posthog, "_CLIENT", None)
    monkeypatch.setattr(posthog, "_dropped", 0)
    yield
    posthog.shutdown()


def test_configured_it_makes_every_call_of_a_client(server: Recorder) -> None:
    client = posthog.configure(KEY, host=server.host)
    assert posthog.default_client() is client
    posthog.capture("user_42", "movie_played", {"movie_id": 7})
    posthog.capture("movie_played", distinct_id="user_42")
    posthog.identify("user_42", {"plan": "pro"}, anon_distinct_id="anon")
    posthog.alias("anon", "user_42")
    posthog.set("user_42", {"a": 1})
    posthog.set_once("user_42", {"a": 1})
    posthog.group_identify("company", "id:5", {"name": "Acme"})
    posthog.page("user_42", "https://matinee.example/")
    with posthog.context(distinct_id="user_42"):
        posthog.capture("in_context")
    assert posthog.flush()
    assert server.names == [
        "movie_played", "movie_played", "$identify", "$create_alias", "$set", "$set_once", "$groupidentify", "$pageview", "in_context",
    ]  # fmt: skip
    assert posthog.stats().sent == 9


def test_without_it_the_environment_says_where(server: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVKIT_HOST", server.host)
    monkeypatch.setenv("EVKIT_API_KEY", KEY)
    posthog.capture("user_42", "movie_played")
    assert posthog.flush()
    assert (server.names, server.requests[0].body["api_key"]) == (["movie_played"], KEY)


def test_without_either_calls_drop_and_say_what_to_do_and_never_raise(caplog: pytest.LogCaptureFixture) -> None:
    assert posthog.capture("user_42", "movie_played") is None
    assert [posthog.identify("u"), posthog.alias("a", "b"), posthog.set("u"), posthog.page("u"), posthog.group_identify("c", "d")] == [
        None
    ] * 5
    said = "1 event dropped so far: the client is not configured (no host: give host='https://...' (or a Store), or set EVKIT_HOST)"
    assert [r.getMessage() for r in caplog.records] == [said]
    assert (posthog.stats().captured, posthog.stats().dropped) == (6, 6)
    assert not posthog.flush()
    assert "no host" in str(posthog.stats().last_error)
    with pytest.raises(TypeError, match="no event is given"):
        posthog.capture()
    with pytest.raises(CaptureError, match="no host"):
        posthog.default_client()


def test_track_may_decorate_before_there_is_a_client_and_never_fails_the_function(
    server: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    @posthog.track("movie_played", distinct_id="user_42")
    def play() -> int:
        return 90

    assert play() == 90
    assert "1 event dropped so far: the client is not configured (no host" in caplog.text
    posthog.configure(KEY, host=server.host)
    assert play() == 90
    assert posthog.flush()
    assert server.names == ["movie_played"]


def test_configuring_again_sends_what_the_old_client_had(server: Recorder) -> None:
    posthog.configure(KEY, host=server.host, flush_interval=60)
    posthog.capture("user_42", "old")
    posthog.configure(disabled=True)
    assert server.names == ["old"]
    assert posthog.capture("user_42", "new") is None


def test_the_functions_take_what_the_methods_take() -> None:
    for name in CALLS:
        method = list(inspect.signature(getattr(Client, name)).parameters.values())[1:]
        assert list(inspect.signature(getattr(posthog, name)).parameters.values()) == method, name
    options = list(inspect.signature(Client).parameters.values())
    assert list(inspect.signature(posthog.configure).parameters.values()) == [o for o in options if o.name not in ("now", "sleep")]
