"""Autocapture in a real browser: what our script sends, and that posthog-js sends the same for the same page and clicks."""

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evkit.elements import from_chain, to_chain
from tests.browser import needs_browser, ordinary_browser
from tests.capture import real_clients
from tests.capture.browser_server import SCRIPT, Recorder, recording

pytestmark = [needs_browser, pytest.mark.slow]

FAST = {"request_queue_config": {"flush_interval_ms": 100}}
AS_POSTHOG = {
    "request_queue_config": {"flush_interval_ms": 250},
    "rate_limiting": {"events_per_second": 10000, "events_burst_limit": 100000},
    "rageclick": False,
}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
Events = list[dict[str, Any]]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with ordinary_browser() as made:
        yield made


@pytest.fixture
def server() -> Iterator[Recorder]:
    with recording() as recorder:
        yield recorder


@pytest.fixture(scope="module")
def posthog_js() -> Path:
    """The newest posthog-js that the tests drive."""
    return real_clients.posthog_js() / "array.js"


@contextlib.contextmanager
def page_of(browser: Any, server: Recorder, path: str = "/plain.html", queued: Any = (), extra: str = "", **config: Any) -> Iterator[Any]:
    """Open a page in a fresh profile, and take care that nothing is thrown in it."""
    context = browser.new_context()
    context.add_init_script(f"window.CONFIG = {json.dumps({**FAST, **config})}; window.QUEUED = {json.dumps(queued)}; {extra}")
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(server.origin + path)
    page.wait_for_function("() => window.posthog && posthog.__loaded || document.title === 'Sandbox'")
    yield page
    page.wait_for_timeout(20)
    page.wait_for_load_state()  # to close a page that is on its way to another one may take forever
    context.close()
    assert not errors


def named(events: Events, name: str) -> dict[str, Any]:
    """Give the properties of the one event of a name."""
    (found,) = (event["properties"] for event in events if event["event"] == name)
    return found


def names(events: Events) -> list[str]:
    return [event["event"] for event in events]


# ---------------------------------------------------------------------- the same as posthog-js
EVERYTHING = """async most => {
  const roots = [document.body];
  document.body.querySelectorAll('*').forEach(one => one.shadowRoot && roots.push(one.shadowRoot));
  const all = roots.flatMap(root => [...root.querySelectorAll('*')]).filter(one => !/^(script|style|slot)$/.test(one.localName)).slice(0, most);
  const make = type => one => one.dispatchEvent(new Event(type, { bubbles: true, composed: true, cancelable: true }));
  const deeds = { click: one => one.click ? one.click() : one.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true })),
    change: make('change'), submit: make('submit') };
  for (const kind of Object.keys(deeds)) {
    for (const [i, one] of all.entries()) {
      posthog.register({ step: `${kind} ${i} ${one.localName}#${one.id}` });
      deeds[kind](one);
      if (i % 10 === 0) await new Promise(done => setTimeout(done));
    }
  }
  document.dispatchEvent(new MouseEvent('click', { bubbles: true }));
  document.documentElement.click();
  posthog.capture('the end');
}"""
CAPTURED = (
    "$event_type",
    "$ce_version",
    "$elements_chain",
    "$el_text",
    "$external_click_url",
    "step",
    "plan",
    "inner",
    "outer",
    "foo",
    "a",
    "b-c",
    "long",
)


def all_captured(browser: Any, script: Path, most: int = 1000, **config: Any) -> list[tuple[str, dict[str, Any]]]:
    """Do everything to all elements of the page; give what was captured."""
    with recording(script=script) as server, page_of(browser, server, "/elements.html", **{**AS_POSTHOG, **config}) as page:
        page.wait_for_timeout(100 if script == SCRIPT else 1000)
        page.evaluate(EVERYTHING, most)
        events = server.wait_for("the end", 20)
        page.wait_for_timeout(500)
        events = server.events()
        place = server.origin.removeprefix("http://")
    found = []
    for event in events:
        text = json.dumps({name: event["properties"].get(name) for name in CAPTURED}).replace(place, "PLACE")
        found.append((event["event"], json.loads(text)))
    return found


@pytest.fixture(scope="module")
def captured(browser: Any) -> list[tuple[str, dict[str, Any]]]:
    """What our script captures of the page of all elements."""
    return all_captured(browser, SCRIPT)


def test_the_same_elements_are_captured_with_the_same_chains(browser, posthog_js, captured):
    theirs = all_captured(browser, posthog_js)
    assert len(theirs) > 400
    assert [event for event in captured if event not in theirs] == []
    assert captured == theirs


def test_the_same_is_masked(browser, posthog_js):
    masked = {"mask_all_text": True, "mask_all_element_attributes": True}
    assert all_captured(browser, SCRIPT, 120, **masked) == all_captured(browser, posthog_js, 120, **masked)


IDENTITY = """
capture('a', {x: 1, gone: undefined, none: null}, {$set: {p: 1}, $set_once: {q: 2}})
capture('b', {$set: {p: 2}, $groups: {team: 'z'}})
capture(5)
register({plan: 'gold', $skip: 1})
register_once({plan: 'never', first: 'web'})
register_for_session({visit: 1})
capture('with super properties', {plan: 'own'})
unregister('plan')
unregister_for_session('visit')
capture('without')
group('company', 'acme', {seats: 3})
group('company', 'acme')
group('project', 9)
capture('in groups', {$groups: {more: 'm'}})
setPersonProperties({a: 1}, {b: 2})
setPersonProperties({a: 1}, {b: 2})
setPersonProperties()
alias('other name')
identify('')
identify('null')
identify({})
identify('user-1', {email: 'a@b.co'}, {source: 'ads'})
setPersonProperties({email: 'a@b.co'}, {source: 'ads'})
capture('as user')
identify('user-1')
identify('user-1', {email: 'new@b.co'})
identify('user-2', {email: 'c@d.co'})
identify(77)
group('company', 'other')
resetGroups()
capture('no groups')
opt_out_capturing()
capture('not sent')
identify('while out')
opt_in_capturing()
opt_in_capturing()
capture('sent again', {distinct_id: 'own id', token: 'own token', $session_id: 'own session', $lib: 'own lib', $current_url: 'own url'})
reset()
capture('after reset')
createPersonProfile()
createPersonProfile()
capture('with a profile')
alias(posthog.get_distinct_id())
identify(posthog.get_distinct_id(), {z: 1})
capture('the same id, but known')
reset(true)
capture('on a new device')
"""
HISTORY = """
history.pushState({}, '', '/plain.html?p=2')
history.pushState({}, '', '/other')
history.replaceState({}, '', '/third?utm_campaign=C')
document.title = 'Another title'
history.pushState({}, '', '/fourth')
posthog.capture('on the fourth')
history.back()
WAIT
location.hash = 'part'
WAIT
posthog.capture('$pageview', {$current_url: 'https://own/url'})
window.scrollTo(0, 700)
WAIT
window.scrollTo(0, 300)
WAIT
document.getElementById('away').click()
"""
OTHERWISE = {  # what may differ: the table in docs/ says why
    *("$insert_id", "$time", "$lib_version", "$sdk_dist_channel", "$initialization_time", "$configured_session_timeout_ms"),
    *("$recording_status", "$lib_custom_api_host", "$autocapture_disabled_server_side", "$active_feature_flags", "$feature_flag_payloads"),
    *(
        "$prev_pageview_duration",
        "$last_posthog_reset",
        "$timezone_offset",
        "$browser_language",
        "$browser_language_prefix",
        "$config_defaults",
    ),
    *("$web_vitals_enabled_server_side", "$exception_capture_enabled_server_side", "$dead_clicks_enabled_server_side"),
    *("$web_vitals_allowed_metrics",),
}


def told(browser: Any, script: Path, steps: str, last: str, path: str = "/plain.html", queued: Any = (), **config: Any) -> Any:
    """Do steps on a page; give the events with ids renamed in the order in which they come."""
    with recording(script=script) as server, page_of(browser, server, path, queued, **{**AS_POSTHOG, **config}) as page:
        page.wait_for_timeout(50 if script == SCRIPT else 700)
        for step in steps.strip().splitlines():
            code = step if re.match(r"history|document|posthog|window|location|WAIT", step) else f"posthog.{step}"
            page.wait_for_timeout(150) if code == "WAIT" else page.evaluate(f"() => {{ {code} }}")
        server.wait_for(last)
        page.wait_for_timeout(150)  # another request may still be on its way
        events = server.events()
        events = events[: names(events).index(last) + 1]
        place = server.origin.removeprefix("http://")
    told, ids = [], {}
    for event in events:
        properties = {
            name: value for name, value in event["properties"].items() if not name.startswith("$sdk_debug") and name not in OTHERWISE
        }
        properties.pop("$lib_rate_limit_remaining_tokens", None)
        said = {"event": event["event"], "properties": dict(sorted(properties.items()))}
        said |= {name: event[name] for name in ("$set", "$set_once") if name in event}
        text = json.dumps(said).replace(place, "PLACE")
        told.append(json.loads(UUID.sub(lambda match: ids.setdefault(match[0], f"id {len(ids)}"), text)))
    return told


@pytest.mark.parametrize(
    ("steps", "last", "config"),
    [
        (IDENTITY, "on a new device", {"path": "/plain.html?utm_source=news&gclid=G1", "capture_pageleave": False}),
        (IDENTITY, "on a new device", {"person_profiles": "always", "defaults": "2026-01-30", "capture_pageleave": False}),
        ("capture('b')\nidentify('u')\ngroup('g', 'k')\ncapture('c')", "c", {"person_profiles": "never"}),
        (HISTORY, "$pageleave", {"defaults": "2025-05-24"}),
        (HISTORY, "$pageleave", {}),
    ],
    ids=["identity", "always", "never", "history", "first page view only"],
)
def test_the_same_calls_send_the_same_events(browser, posthog_js, steps, last, config):
    queued = [["capture", "first"], ["register", {"queued": 1}], ["alias", "early"], ["capture", "second"]] if "path" in config else []
    theirs = told(browser, posthog_js, steps, last, queued=queued, **config)
    ours = told(browser, SCRIPT, steps, last, queued=queued, **config)
    assert names(ours) == names(theirs)
    for mine, reference in zip(ours, theirs, strict=True):
        assert mine == reference


# ---------------------------------------------------------------------- ours alone
def test_the_script_is_small_and_needs_nothing_that_a_policy_forbids():
    text = SCRIPT.read_text()
    assert len(text.encode()) < 25_000
    assert max(len(line) for line in text.splitlines()) <= 140
    assert not re.search(r"\beval\b|new Function|innerHTML|document\.write|insertAdjacentHTML", text)


def test_a_click_a_change_and_a_submit(browser, server):
    with page_of(browser, server) as page:
        page.click("#buy span")
        page.fill("#name", "typed text")
        page.fill("#secret", "typed secret")
        page.select_option("#plan", "b")
        page.fill("#notes", "typed notes")
        page.check("#agree")
        page.click("#private")
        page.click("#send")
        server.wait_for("$pageleave")
        events = server.wait(lambda events: names(events).count("$pageview") == 2)
    done = [
        (e["properties"]["$event_type"], e["properties"]["$elements_chain"].split(":")[0]) for e in events if e["event"] == "$autocapture"
    ]
    assert done[0] == ("click", "span")
    assert done[-2:] == [("click", "button"), ("submit", "form")]
    changed = [tag for kind, tag in done if kind == "change"]
    assert sorted(changed) == ["input", "input", "input", "select", "textarea"]
    first = next(event["properties"] for event in events if event["event"] == "$autocapture")
    assert first["$elements_chain"] == (
        'span:nth-child="1"nth-of-type="1"text="now";button:attr__data-ph-capture-attribute-plan="gold"attr__id="buy"'
        'attr__type="button"attr_id="buy"nth-child="2"nth-of-type="1"text="Buy now";body:nth-child="2"nth-of-type="1"'
    )
    assert (first["$el_text"], first["plan"]) == ("now", "gold")
    said = json.dumps([request.body for request in server.requests])
    assert "Private" not in said
    sent_by_form = ("name=typed+text", "password=typed+secret", "notes=typed+notes")  # the address of the page the form leads to
    for part in sent_by_form:
        said = said.replace(part, "")
    assert "typed" not in said


def test_chains_are_in_the_form_that_evkit_reads_and_writes(captured):
    chains = [said["$elements_chain"] for name, said in captured if name == "$autocapture"]
    odd = ("\\", "...", "attr__text=", "attr__nth-child", "cls1")  # what no reader can tell apart
    plain = [chain for chain in chains if not any(part in chain for part in odd)]
    assert len(plain) > 300
    for chain in plain:
        assert to_chain(from_chain(chain)) == chain


def test_a_request_is_a_batch_in_plain_text(browser, server):
    with page_of(browser, server) as page:
        page.evaluate("posthog.capture('seen', {when: new Date(0)}, {timestamp: new Date(Date.now() - 1000)})")
        events = server.wait_for("seen")
    request = server.requests[0]
    assert request.path == "/e"
    assert request.headers["content-type"].startswith("text/plain")
    assert not any(path.startswith("OPTIONS") for path in server.paths)
    assert set(request.body) == {"api_key", "batch", "sent_at"}
    assert request.body["api_key"] == "phc_test"
    seen = named(events, "seen")
    assert seen["when"] == "1970-01-01T00:00:00.000Z"
    assert all(UUID.fullmatch(event["uuid"]) and event["timestamp"].endswith("Z") for event in events)
    wanted = "token distinct_id $device_id $session_id $window_id $pageview_id $lib $lib_version $is_identified $process_person_profile $current_url"
    wanted += " $host $pathname $referrer $referring_domain $browser $browser_version $os $device_type $screen_width $viewport_height"
    assert [name for name in [*wanted.split(), "$raw_user_agent", "$timezone", "$insert_id", "$time"] if seen.get(name) is None] == []
    assert seen["$session_entry_url"] == server.origin + "/plain.html"


def test_a_visitor_keeps_the_ids_over_pages_and_tabs(browser, server):
    with page_of(browser, server) as page:
        first = server.wait_for("$pageview")[0]["properties"]
        page.reload()
        second = server.wait(lambda events: names(events).count("$pageview") == 2)[-1]["properties"]
        page.context.new_page().goto(server.origin + "/plain.html")
        third = server.wait(lambda events: names(events).count("$pageview") == 3)[-1]["properties"]
        page.evaluate("localStorage.clear()")
        page.goto(server.origin + "/plain.html")
        fourth = server.wait(lambda events: names(events).count("$pageview") == 4)[-1]["properties"]
        kept = page.context.cookies()
    same = ("distinct_id", "$device_id", "$session_id")
    for other in (second, third, fourth):
        assert [other[name] for name in same] == [first[name] for name in same]
    assert first["$window_id"] == second["$window_id"] != third["$window_id"]
    assert first["distinct_id"] in kept[0]["value"]


def test_a_session_ends_after_thirty_minutes_and_after_a_day(browser, server):
    with page_of(browser, server) as page:
        now = page.evaluate("Date.now()")
        minute = 60_000
        times = [0, 29, 58, 89]
        for i, minutes in enumerate([*times, *range(89 + 20, 89 + 20 * 80, 20)]):
            page.evaluate(f"posthog.capture('at', {{i: {i}}}, {{timestamp: new Date({now + minutes * minute})}})")
        events = server.wait(lambda events: names(events).count("at") == 4 + 79)
    at = [event["properties"] for event in events if event["event"] == "at"]
    sessions = [said["$session_id"] for said in at]
    assert sessions[0] == sessions[1] == sessions[2] != sessions[3]
    assert at[2]["$window_id"] != at[3]["$window_id"]
    assert len(set(sessions[3:])) == 2


def test_a_frame_without_storage_still_counts(browser, server):
    with page_of(browser, server, "/sandbox.html") as page:
        frame = page.frame_locator("#frame")
        frame.locator("#buy").click()
        frame.locator("#buy").click()
        events = server.wait(lambda events: names(events).count("$autocapture") == 2)
    assert len({(e["properties"]["distinct_id"], e["properties"]["$session_id"], e["properties"]["$window_id"]) for e in events}) == 1


@pytest.mark.parametrize("kind", ["memory", "localStorage", "cookie", "sessionStorage"])
def test_ids_are_kept_where_the_config_says(browser, server, kind):
    with page_of(browser, server, persistence=kind) as page:
        before = page.evaluate("posthog.get_distinct_id()")
        where = page.evaluate("[localStorage, sessionStorage].map(one => JSON.stringify(one)).concat(document.cookie)")
        page.reload()
        page.wait_for_function("window.posthog.__loaded")
        after = page.evaluate("posthog.get_distinct_id()")
    found = [place for place, text in zip(["localStorage", "sessionStorage", "cookie"], where, strict=True) if before in text]
    assert found == ([] if kind == "memory" else [kind])
    assert (before == after) is (kind != "memory")


def test_who_opts_out_stays_out(browser, server):
    with page_of(browser, server) as page:
        server.wait_for("$pageview")
        page.evaluate("posthog.opt_out_capturing()")
        server.clear()
        page.reload()
        page.wait_for_function("window.posthog.__loaded")
        page.click("#buy")
        page.evaluate("posthog.capture('no')")
        assert page.evaluate("posthog.has_opted_out_capturing()") is True
        page.evaluate("posthog.reset()")
        page.evaluate("posthog.capture('no')")
        page.wait_for_timeout(400)
        assert server.events() == []
        page.evaluate("posthog.opt_in_capturing()")
        page.evaluate("posthog.capture('yes')")
        assert names(server.wait_for("yes")) == ["$opt_in", "$pageview", "yes"]


def test_what_the_server_refuses_for_a_while_comes_later_with_the_same_uuid(browser, server):
    server.answers = [503, 500]
    with page_of(browser, server) as page:
        uuid = page.evaluate("posthog.capture('kept').uuid")
        events = server.wait_for("kept")
        server.answers = [400]
        page.evaluate("posthog.capture('refused')")
        page.wait_for_timeout(700)
        page.evaluate("posthog.capture('after')")
        assert "refused" not in names(server.wait_for("after"))
    assert [event["uuid"] for event in events if event["event"] == "kept"] == [uuid]
    answers = [path.rsplit(" ", 1)[1] for path in server.paths if path.startswith("POST")]
    assert answers[:2] == ["503", "500"]
    assert answers.count("400") == 1


def test_a_server_that_is_away_loses_nothing(browser):
    with recording() as server, page_of(browser, server) as page:
        server.wait_for("$pageview")
        page.context.set_offline(True)
        page.evaluate("for (let i = 0; i < 40; i++) posthog.capture('offline', {i})")
        page.wait_for_timeout(400)
        page.context.set_offline(False)
        events = server.wait(lambda events: names(events).count("offline") == 40)
    assert [event["properties"]["i"] for event in events if event["event"] == "offline"] == list(range(40))


def test_what_waits_when_the_page_goes_is_sent_by_beacon(browser, server):
    with page_of(browser, server, request_queue_config={"flush_interval_ms": 60000}) as page:
        page.evaluate("posthog.capture('waiting')")
        page.mouse.wheel(0, 600)
        page.wait_for_function("scrollY > 500")
        page.click("#away")
        events = server.wait_for("$pageleave")
    assert names(events) == ["$pageview", "waiting", "$autocapture", "$pageleave"]
    assert server.requests[0].headers["sec-fetch-mode"] == "no-cors"
    left = named(events, "$pageleave")
    assert left["$prev_pageview_id"] == left["$pageview_id"] == named(events, "waiting")["$pageview_id"]
    assert left["$prev_pageview_max_scroll"] >= 500
    assert 0 < left["$prev_pageview_duration"] < 30


def test_a_strict_content_security_policy_is_no_obstacle(browser):
    policy = "default-src 'none'; script-src 'self' 'unsafe-inline'; connect-src 'self'; style-src 'unsafe-inline'"
    with recording(csp=policy) as server, page_of(browser, server) as page:
        page.click("#buy")
        assert "$autocapture" in names(server.wait_for("$autocapture"))


def test_the_config_changes_what_is_sent(browser, server):
    change = "window.CONFIG.before_send = event => event.event === 'dropped' ? null : (event.properties.checked = true, event);"
    change += "window.CONFIG.loaded = posthog => posthog.capture('loaded', {ready: posthog.__loaded});"
    queued = [["getFeatureFlag", "flag"], ["set_config", {}]]
    config = {"property_denylist": ["$host"], "autocapture": False, "capture_pageview": False}
    with page_of(browser, server, queued=queued, extra=change, **config) as page:
        page.click("#buy")
        page.evaluate("posthog.capture('dropped'); posthog.capture('last')")
        events = server.wait_for("last")
    assert names(events) == ["loaded", "last"]
    assert named(events, "loaded")["ready"] is True
    assert named(events, "last")["checked"] is True
    assert "$host" not in named(events, "last")


def test_bootstrap_listeners_exceptions_and_what_does_nothing(browser, server):
    with page_of(browser, server, bootstrap={"distinctID": "given"}) as page:
        seen = page.evaluate(
            """() => { const seen = [];
            const stop = posthog.on('eventCaptured', event => seen.push(event.event));
            posthog.capture('heard'); stop(); posthog.capture('unheard');
            return seen.concat(posthog.get_distinct_id(), posthog.get_session_id().length, String(posthog.isFeatureEnabled('x'))); }"""
        )
        assert seen == ["heard", "given", 36, "undefined"]
        flags = page.evaluate("() => new Promise(done => posthog.onFeatureFlags((flags, variants) => done([flags, variants])))")
        assert flags == [[], {}]
        for call in ("reloadFeatureFlags()", "getFeatureFlag('x')", "startSessionRecording()", "stopSessionRecording()", "debug(false)"):
            page.evaluate(f"posthog.{call}")
        page.evaluate("const round = {}; round.round = round; posthog.capture('odd', {round, call() {}, big: 10n, good: 1})")
        page.evaluate("posthog.people.set('a', 1); posthog.people.set_once({b: 2})")
        page.evaluate("posthog.captureException(new TypeError('boom'), {where: 'here'})")
        events = server.wait_for("$exception")
    odd = named(events, "odd")
    assert odd["good"] == 1 and not {"round", "call", "big"} & set(odd)
    assert [event["properties"]["$set"] for event in events if event["event"] == "$set"] == [{"a": 1}, {}]
    failed = named(events, "$exception")
    assert (failed["$exception_list"][0]["type"], failed["$exception_list"][0]["value"], failed["where"]) == ("TypeError", "boom", "here")


def test_several_clients_on_one_page(browser, server):
    with page_of(browser, server) as page:
        page.evaluate(
            "posthog.init('phc_two', {...window.CONFIG, api_host: location.origin, capture_pageview: false, autocapture: false}, 'two')"
        )
        page.evaluate("posthog.two.identify('second'); posthog.two.capture('by two')")
        page.click("#buy")
        server.wait_for("by two")
        events = server.wait_for("$autocapture")
    assert named(events, "by two")["distinct_id"] == "second"
    assert named(events, "by two")["token"] == "phc_two"
    assert named(events, "$autocapture")["token"] == "phc_test"
    assert sum(name == "$pageview" for name in names(events)) == 1
