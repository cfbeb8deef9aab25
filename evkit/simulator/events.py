"""How one event comes to be: as a browser's SDK or the server's sends it, with the person who truly did it."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from typing import Any

from evkit.simulator.pages import HOST
from evkit.simulator.world import Device, Visitor, new_id


@dataclass
class Sent:
    """An event on its way, and who truly did it."""

    person: str
    event: str
    distinct_id: str
    uuid: str
    timestamp: dt.datetime
    received_at: dt.datetime
    properties: dict[str, Any]
    chain: str = ""
    set: dict[str, Any] | None = None
    set_once: dict[str, Any] | None = None


@dataclass
class Browser:
    """One visitor's session in one browser: keeps the clock, the page and the session's id."""

    source: random.Random
    visitor: Visitor
    device: Device
    now: dt.datetime
    log: list[Sent]
    page: str = "/"
    session: str = ""
    referrer: str = "$direct"
    delay_seconds: float = 0.0
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.session = new_id(self.source, self.now)

    @property
    def is_known(self) -> bool:
        """Whether the visitor is logged in on this device."""
        return self.device.id in self.visitor.known_on

    @property
    def distinct_id(self) -> str:
        """The id that this browser sends."""
        return self.visitor.user_id if self.is_known else self.device.id

    def wait(self, low: float, high: float) -> None:
        """Let time pass: seconds."""
        self.now += dt.timedelta(milliseconds=self.source.randint(int(low * 1000), int(high * 1000)) + 1)

    def send(self, event: str, properties: dict[str, Any] | None = None, *, chain: str = "", **person: dict[str, Any]) -> Sent:
        """Send an event, as posthog-js would."""
        made = Sent(
            person=true_person(self.visitor, self.device),
            event=event,
            distinct_id=self.distinct_id,
            uuid=new_id(self.source, self.now),
            timestamp=self.now,
            received_at=self.now + dt.timedelta(seconds=self.delay_seconds, milliseconds=self.source.randint(80, 3200)),
            properties={**self.common(), **(properties or {})},
            chain=chain,
            **person,
        )
        self.log.append(made)
        return made

    def common(self) -> dict[str, Any]:
        """Give the properties that the SDK adds."""
        d = self.device
        made: dict[str, Any] = {
            "$lib": "web",
            "$device_id": d.id,
            "$session_id": self.session,
            "$current_url": f"https://{HOST}{self.page}",
            "$pathname": self.page,
            "$browser": d.browser,
            "$browser_version": d.version,
            "$os": d.os,
            "$device_type": d.kind,
            "$referring_domain": self.referrer,
            **self.extra,
        }
        if not self.is_known and not d.always_profile:
            made["$process_person_profile"] = False
        if self.is_known and self.visitor.company is not None:
            made["$groups"] = {"company": f"id:{self.visitor.company}"}
        return made

    def view(self, page: str) -> None:
        """Open a page."""
        self.page = page
        self.send("$pageview", {"title": f"Matinee {page}"})

    def click(self, chain: str, text: str) -> None:
        """Click something."""
        self.send("$autocapture", {"$event_type": "click", "$el_text": text}, chain=chain)


def true_person(visitor: Visitor, device: Device) -> str:
    """Give who did it: the user, once that device has ever logged in, before as after; else the device itself."""
    return visitor.user_id if visitor.signs_up and device in visitor.devices else device.id
