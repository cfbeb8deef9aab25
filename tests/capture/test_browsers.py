"""A real browser on the playground, with evkit's script and with PostHog's own, old and new: what arrives in the store."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import evkit as ek
from tests.browser import needs_browser, ordinary_browser
from tests.capture import real_clients

pytestmark = [pytest.mark.slow, needs_browser]
SECONDS = 20
SCRIPTS = {"evkit's": None, "1.449": "posthog-js", "1.369": "posthog-js-1-369", "1.150": "posthog-js-1-150"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with ordinary_browser() as made:
        yield made


def rows(collector: Any) -> list[dict[str, Any]]:
    frame = ek.open_store(collector.store.folder).to_pandas()
    return [{**row, "properties": json.loads(row["properties"])} for row in frame.to_dict("records")]


def until(condition: Callable[[], Any]) -> None:
    """Wait until something holds."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < SECONDS, "it did not happen"
        time.sleep(0.2)


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_clicks_in_a_page_arrive_as_events_of_a_person(browser: Any, script: str | None, tmp_path: Path) -> None:
    dist = real_clients.posthog_js(script) if script else None
    with ek.collect(tmp_path / "events", posthog_js=dist) as collector:
        page = browser.new_context().new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{collector.url}/playground?utm_source=class")
        page.wait_for_function("window.posthog && window.posthog.__loaded")
        until(lambda: any(r["event"] == "$pageview" for r in rows(collector)))
        page.click("#play b")
        page.click("text=Not captured")
        page.fill("#email", "someone@example.com")
        page.fill("#password", "secret-word")
        page.select_option("#plan", "pro")
        page.click("#signup button[type=submit]")
        page.click("#custom")
        page.click("#login")
        page.click("#company")
        until(lambda: {"$identify", "$groupidentify", "movie_played"} <= {r["event"] for r in rows(collector)})
        page.close(run_before_unload=False)
        until(lambda: any(r["event"] == "$pageleave" for r in rows(collector)) or script is not None)
        found = rows(collector)
        assert problems == []
    text = json.dumps(found, default=str)
    assert "secret-word" not in text and "someone@example.com" not in text
    assert "Not captured" not in [r["properties"].get("$el_text") for r in found]
    events = ek.open_store(tmp_path / "events")
    played = ek.Action("play", ek.clicked(selector="button#play"))
    signed_up = ek.Action("signed up", ek.submitted(selector="form#signup"))
    changed = ek.Action("plan", ek.changed(selector="select#plan"))
    funnel = events.funnel("$pageview", played, changed, signed_up, "user_signed_up", "movie_played", window="1 hour")
    assert (
        funnel.to_pandas()["count"].tolist() == [1] * 6
    )  # old SDKs time batched events by when they are sent: against $identify, sent at once, they may come late
    (click,) = (r for r in found if r["event"] == "$autocapture" and 'attr__id="play"' in r["elements_chain"])
    assert click["properties"]["film"] == "Metropolis"
    assert click["elements_chain"].startswith("b:")
    person = events.person("user_42")
    anonymous = {r["distinct_id"] for r in found} - {"user_42"}
    assert len(anonymous) == 1 and set(person.distinct_ids) == {"user_42", *anonymous}
    assert person.properties().items() >= {"plan": "pro", "first_seen_on": "playground", "utm_source": "class"}.items()
    assert json.loads(events.groups("company").properties[0]) == {"name": "Cinema Paradiso"}
    assert {r["properties"]["$session_id"] for r in found} == {click["properties"]["$session_id"]}


def test_pages_of_another_origin_may_send_too(browser: Any, tmp_path: Path) -> None:
    """A page on another port has another origin: its JSON is sent only after the collector has allowed it."""
    with ek.collect(tmp_path / "events") as collector, ek.collect(tmp_path / "other") as other:
        page = browser.new_context().new_page()
        page.goto(f"{other.url}/_liveness")
        sent = page.evaluate(
            """url => fetch(url + "/e/", {method: "POST", headers: {"Content-Type": "application/json"}, credentials: "include",
                 body: JSON.stringify({api_key: "phc_k", event: "far", distinct_id: "u"})}).then(reply => reply.json())""",
            collector.url,
        )
        assert sent == {"status": "Ok"}
        assert [r["event"] for r in rows(collector)] == ["far"]
        page.close()


def test_the_playground_says_when_what_it_sends_is_refused(browser: Any, tmp_path: Path) -> None:
    with ek.collect(tmp_path / "events", tokens=["phc_mine"]) as collector:
        page = browser.new_context().new_page()
        page.route(
            "**/playground",
            lambda route: route.fulfill(body=route.fetch().text().replace("phc_mine", "phc_other"), content_type="text/html"),
        )
        page.goto(f"{collector.url}/playground")
        page.wait_for_selector("#refusal:not([hidden])")
        assert page.inner_text("#refusal") == "The collector refuses it (401): this token is not one that this collector takes"
        assert page.inner_text("#log-title") == "What the page tried to send"
        page.unroute_all()
        page.goto(f"{collector.url}/playground")
        until(lambda: [r["event"] for r in rows(collector)] == ["$pageview"])
        assert not page.is_visible("#refusal")
        page.close()


def test_the_playground_says_when_nobody_takes_what_is_clicked(browser: Any, tmp_path: Path) -> None:
    collector = ek.collect(tmp_path / "events")
    page = browser.new_context().new_page()
    page.goto(f"{collector.url}/playground")
    until(lambda: len(rows(collector)) == 1)
    assert not page.is_visible("#refusal")
    collector.stop()
    page.click("#play")
    page.wait_for_selector("#refusal:not([hidden])")
    assert page.inner_text("#refusal").startswith("The collector does not answer, so nothing of this arrives. Start it again")
    assert page.inner_text("#log-title") == "What the page tried to send"
    with ek.collect(tmp_path / "events") as again:  # where it was: the page finds it
        until(lambda: "$autocapture" in [r["event"] for r in rows(again)])
        page.wait_for_selector("#refusal", state="hidden")
        assert page.inner_text("#log-title") == "What was captured"
        page.close()
