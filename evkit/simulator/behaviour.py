"""What visitors do: look around, sign up, play films, change plan, come back on another device."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

from evkit.simulator import pages
from evkit.simulator.events import Browser, Sent
from evkit.simulator.world import CATEGORIES, DAYS, FILMS, FIRST_DAY, PLAN_PRICE, ZONE, Visitor, local_time, new_device

SESSIONS_A_WEEK = {"free": 0.9, "standard": 1.9, "premium": 2.8}
END = dt.datetime.combine(FIRST_DAY + dt.timedelta(days=DAYS), dt.time(), ZONE).astimezone(dt.UTC)


def live(source: random.Random, visitor: Visitor, log: list[Sent], companies: set[int]) -> None:
    """Let a visitor live through the twelve weeks."""
    first = Browser(source, visitor, visitor.devices[0], visitor.first_visit, log, referrer=visitor.source)
    if visitor.campaign:
        first.extra = {"utm_source": visitor.source.split(".")[0], "utm_campaign": visitor.campaign}
    look_around(first)
    if not visitor.signs_up:
        for _ in range(source.choices((0, 1, 2), (7, 2, 1))[0]):
            again = visitor.first_visit + dt.timedelta(days=source.uniform(0.5, 20))
            if again < END - dt.timedelta(hours=2):
                look_around(Browser(source, visitor, visitor.devices[0], again, log))
        return
    if source.random() < 0.35:
        later = visitor.first_visit + dt.timedelta(days=source.uniform(0.3, 19))
        if later < END - dt.timedelta(hours=2):
            first = Browser(source, visitor, visitor.devices[0], later, log)
            look_around(first)
    sign_up(first, companies)
    if source.random() < 0.55:
        play(first)
    stay(source, visitor, log, first.now)


def look_around(browser: Browser) -> None:
    """See a few pages without an account."""
    source = browser.source
    browser.view("/")
    for _ in range(source.choices((0, 1, 2, 3), (3, 4, 3, 1))[0]):
        browser.wait(4, 90)
        page, chain, text = source.choice((("/films", pages.NAV_FILMS, "Films"), ("/pricing", pages.NAV_PRICING, "Pricing")))
        browser.click(chain, text)
        browser.wait(0.1, 1)
        browser.view(page)
    if source.random() < 0.5:
        browser.wait(5, 60)
        browser.send("$pageleave")


def sign_up(browser: Browser, companies: set[int]) -> None:
    """Fill in the form, become somebody."""
    source, visitor = browser.source, browser.visitor
    browser.wait(3, 40)
    browser.click(pages.START_TRIAL, "Start free trial")
    browser.wait(0.1, 1)
    browser.view("/signup")
    browser.wait(6, 50)
    browser.send("$autocapture", {"$event_type": "change"}, chain=pages.EMAIL_CHANGED)
    browser.wait(2, 30)
    browser.click(pages.SIGNUP_CLICKED, "Create account")
    browser.wait(0, 0.02)
    browser.send("$autocapture", {"$event_type": "submit"}, chain=pages.SIGNUP_SUBMITTED)
    browser.wait(0.2, 1.5)
    identify(
        browser,
        {"email": f"{visitor.user_id}@mail.example", "plan": "free"},
        {"signed_up_at": browser.now.isoformat(timespec="seconds"), "initial_source": visitor.source},
    )
    browser.wait(0.05, 0.3)
    browser.send("user_signed_up", {"plan": "free", "source": visitor.source})
    if visitor.company is not None and visitor.company not in companies:
        companies.add(visitor.company)
        browser.wait(0.05, 0.3)
        about = {"name": f"Company {visitor.company}", "plan": source.choice(("team", "enterprise")), "seats": source.randint(5, 90)}
        browser.send("$groupidentify", {"$group_type": "company", "$group_key": f"id:{visitor.company}", "$group_set": about})


def identify(browser: Browser, about: dict[str, Any], once: dict[str, Any]) -> None:
    """Say who is here: the device's id and the user's are one person from now on."""
    browser.visitor.known_on.add(browser.device.id)
    browser.send("$identify", {"$anon_distinct_id": browser.device.id}, set=about, set_once=once)


def log_in(browser: Browser) -> None:
    """Come back on a device that doesn't know the user yet."""
    browser.view("/login")
    browser.wait(5, 40)
    browser.click(pages.LOG_IN, "Log in")
    browser.wait(0.2, 1)
    identify(browser, {}, {})


def play(browser: Browser) -> None:
    """Choose films and watch them."""
    source, visitor = browser.source, browser.visitor
    browser.wait(1, 20)
    browser.view("/home")
    if source.random() < 0.3:
        browser.wait(3, 30)
        browser.send("search_performed", {"query": source.choice(CATEGORIES), "results": source.randint(0, 30)})
    for _ in range(source.choices((0, 1, 2, 3), (2, 6, 3, 1))[0]):
        film = source.randint(1, FILMS)
        category = source.choice(visitor.taste) if source.random() < 0.7 else source.choice(CATEGORIES)
        browser.wait(5, 120)
        browser.click(pages.play_button(film), "Play")
        browser.wait(0.2, 2)
        minutes = round(source.triangular(3, 130, 92), 1)
        browser.send(
            "movie_played", {"movie_id": film, "category": category, "minutes": minutes, "quality": source.choice(("HD", "HD", "4K"))}
        )
        if source.random() < 0.3 + 0.5 * visitor.keenness:
            browser.wait(minutes * 10, minutes * 14)
            browser.send("movie_finished", {"movie_id": film, "category": category})


def stay(source: random.Random, visitor: Visitor, log: list[Sent], since: dt.datetime) -> None:
    """Come back, week after week, until the end or until it is enough."""
    day = since.astimezone(ZONE).date() + dt.timedelta(days=1)
    last = FIRST_DAY + dt.timedelta(days=DAYS)
    while day < last - dt.timedelta(days=1):
        day_of_week = 1.3 if day.weekday() >= 4 else 0.85
        if source.random() < SESSIONS_A_WEEK[visitor.plan] / 7 * day_of_week * (0.4 + 1.4 * visitor.keenness):
            visit(source, visitor, log, day)
        if source.random() < 0.011 * (1 - visitor.keenness):
            return
        day += dt.timedelta(days=1)


def visit(source: random.Random, visitor: Visitor, log: list[Sent], day: dt.date) -> None:
    """Come once, on one of the user's devices."""
    time = local_time(source, day)
    if len(visitor.devices) == 1 and source.random() < 0.12:
        visitor.devices.append(new_device(source, time, "Mobile" if visitor.devices[0].kind != "Mobile" else "Desktop"))
    device = source.choice(visitor.devices)
    late = source.uniform(3600, 90000) if device.kind == "Mobile" and source.random() < 0.04 else 0.0
    browser = Browser(source, visitor, device, time, log, delay_seconds=late if device.id in visitor.known_on else 0.0)
    if not browser.is_known:
        browser.view("/")
        browser.wait(5, 30)
        log_in(browser)
    play(browser)
    change_plan(browser)


def change_plan(browser: Browser) -> None:
    """Perhaps upgrade, perhaps cancel; the server tells of it."""
    source, visitor = browser.source, browser.visitor
    before = visitor.plan
    if before != "premium" and source.random() < 0.05 + 0.12 * visitor.keenness:
        visitor.plan = "standard" if before == "free" and source.random() < 0.7 else "premium"
        browser.wait(10, 60)
        browser.click(pages.UPGRADE, "Upgrade")
        from_server(browser, "plan_upgraded", {"from_plan": before, "to_plan": visitor.plan, "price": PLAN_PRICE[visitor.plan]})
    elif before != "free" and source.random() < 0.03:
        visitor.plan = "free"
        from_server(browser, "plan_cancelled", {"from_plan": before})


def from_server(browser: Browser, event: str, properties: dict[str, Any]) -> None:
    """Send an event from the server, as posthog-python does, with the plan that the user has now."""
    browser.wait(1, 5)
    sent = browser.send(event)
    groups = {"$groups": sent.properties["$groups"]} if "$groups" in sent.properties else {}
    sent.properties = {"$lib": "posthog-python", **groups, **properties, "$set": {"plan": browser.visitor.plan}}
