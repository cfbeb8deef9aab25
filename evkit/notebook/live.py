"""`ek.watch`: the events of a store as they come."""

from __future__ import annotations

import datetime as dt
import json
import re
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets

from evkit import elements, markup
from evkit.capture.serving import Collector, running_on
from evkit.capture.storage import inspection, snapshot
from evkit.capture.storage.following import Follower
from evkit.errors import EvkitError, SpecError
from evkit.notebook.displayed import KeptOutputs, publish
from evkit.notebook.kept import cell_name
from evkit.notebook.tool import Tool, script
from evkit.query import code
from evkit.suggestions.candidates import PATH
from evkit.suggestions.captured import Captured, rows_of
from evkit.suggestions.names import name_of
from evkit.suggestions.suggest import chosen, same_element

if TYPE_CHECKING:
    from evkit.capture.store import Store

SECONDS_BETWEEN_LOOKS = 0.5
MOST_AT_ONCE = 150
"""Events that are sent to the page at one look, the newest; the others are counted."""
MOST_BYTES = 20_000
"""Of an event's properties, as JSON, that are sent; more is cut."""
MINUTE = 60
MOST_RATES = 12
MOST_CLICKED = 5_000
"""Events with elements that are remembered, to make actions of."""
SECONDS_BETWEEN_KEEPING = 2.0
"""What stays below the view in a saved notebook is written anew at most so often."""
MOST_KEPT = 20
"""Events that stay there, the newest."""
STOPPED = "The collector is stopped, nothing more comes from it: run the cell that starts it (ek.collect(...))."
MOST_REMEMBERED = 20_000
"""Uuids that are remembered, so that an event that was sent twice is shown once."""
_running: dict[str, Watch] = {}
"""The live view of each cell: running the cell again ends the one before."""


def watch(source: Store | Collector | str | Path, *, last: int = 50) -> Watch:
    """Watch the events of a store as they come: newest first, with a filter, counts a minute, and what each one holds.

    Parameters
    ----------
    source
        A store, a collector, or a store's folder; others may write it.
    last
        Show so many of the events that are there already.

    Returns
    -------
    Watch
        A widget; `.stop()` ends it.

    Raises
    ------
    StoreError
        When the folder holds no store.
    SpecError
        When the source is something else.

    Examples
    --------
    >>> import tempfile, evkit as ek
    >>> from evkit import capture
    >>> with capture.Store(tempfile.mkdtemp()) as store:
    ...     view = ek.watch(store)
    ...     with ek.Client("phc_local", host=store) as client:
    ...         _ = client.capture("user_42", "movie_played")
    ...     [event["event"] for event in view.look(0.0)["events"]]
    ['movie_played']
    """
    store = getattr(source, "store", source)
    folder = getattr(store, "folder", store)
    if not isinstance(folder, (str, Path)):
        raise SpecError(f"{source!r} can't be watched: give a store, a collector, or a store's folder")
    return Watch(Path(folder), last=last, of_collector=isinstance(source, Collector))


class Watch(Tool):
    """The events of a store as they come; made by `ek.watch`.

    Parameters
    ----------
    folder
        The store's folder.
    last
        How many of the events that are there are shown.
    of_collector
        Say so while no collector of this process takes events into the folder.
    """

    _esm = script("live.js")
    CALLS = ("pause", "only", "action")
    first: traitlets.List[Any] = traitlets.List().tag(sync=True)
    folder_name = traitlets.Unicode().tag(sync=True)
    over = traitlets.Unicode().tag(sync=True)
    """Why it is live no more; "" while it is."""
    note = traitlets.Unicode().tag(sync=True)
    """What who watches should know while it is live."""

    def __init__(self, folder: Path, *, last: int = 50, of_collector: bool = False) -> None:
        snapshot.check(folder)
        self.folder = folder
        self._of_collector = of_collector
        self.seen = 0
        self.left_out = 0
        self._follower = Follower(folder)
        self._known: deque[str] = deque(maxlen=MOST_REMEMBERED)
        self._known_set: set[str] = set()
        self._minute: deque[tuple[float, Counter[str]]] = deque()
        self._wanted: dict[str, str] = {}
        self._paused = False
        self._stop = threading.Event()
        self._lock = threading.Lock()
        found = inspection.tail(folder, last) if last else None
        rows = [] if found is None else [stored(row) for row in found.to_dict("records")]
        for row in reversed(rows):
            self._is_new(str(row["uuid"]))
        self._clicked = deque((row for row in reversed(rows) if row["elements_chain"]), maxlen=MOST_CLICKED)
        self._newest = deque(reversed(rows), maxlen=MOST_KEPT)
        self._outputs = KeptOutputs(lambda: [self._kept()])
        self._kept_at = 0.0
        self._unkept = False
        super().__init__(first=[line(row) for row in rows], folder_name=folder.name, note=self._noted())
        self._thread = threading.Thread(target=self._run, name="evkit-watch", daemon=True)

    # ------------------------------------------------------------------ calls from the page
    def pause(self, paused: bool) -> bool:
        """Stop showing events, or go on; they are counted meanwhile."""
        self._paused = paused
        return paused

    def only(self, event: str = "", person: str = "", text: str = "") -> None:
        """Show only events whose name, distinct id and properties contain these texts, whatever the case."""
        self._wanted = {"event": event.lower(), "person": person.lower(), "text": text.lower()}

    def action(self, chain: str) -> dict[str, str]:
        """Make an action of an element that was clicked, changed or submitted.

        Parameters
        ----------
        chain
            The elements chain of one of its events.

        Returns
        -------
        dict
            code (the `ek.Action`), said (in words: what it relies on, how often it was seen).

        Raises
        ------
        SpecError
            When no event with this chain was seen lately, or no selector can tell the element.
        """
        seen = seen_lately(self._clicked)
        number = next((n for n, row in enumerate(seen.rows) if row.chain == chain), None)
        found = None if number is None else chosen(seen, sorted(same_element(seen, seen.rows[number])))
        if found is None:
            raise SpecError("no selector can tell this element from others" if number is not None else "no such element was seen lately")
        name = name_of(found.kind, found.example.elements, found.index, seen.varies)
        also = f"; also {found.also_catches}" if found.also_catches else ""
        relies = "; ".join(dict.fromkeys(r for r in found.candidate.reasons if r))
        said = f"{name}: {found.events:,} of the events seen lately{also}. It looks {found.candidate.fragility}: it relies on {relies}."
        return {"code": code.action(found.candidate.action(name, found.kind)), "said": said}

    def stop(self) -> None:
        """End the live view; what it shows stays."""
        self._stop.set()
        self.over = self.over or "It was stopped, nothing more is shown: run the cell again to go on."
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()
        with self._lock:
            self._follower.close()
        self._keep(time.monotonic(), last=True)

    @property
    def is_running(self) -> bool:
        """Whether it looks for new events."""
        return self._thread.is_alive()

    # ------------------------------------------------------------------ looking
    def _run(self) -> None:
        while not self._stop.wait(SECONDS_BETWEEN_LOOKS):
            try:
                self.look(time.monotonic())
                self._keep(time.monotonic())
            except (EvkitError, OSError) as error:
                self.over = f"The store can't be read any more: {error}"
                self._keep(time.monotonic(), last=True)
                return

    def look(self, clock: float) -> dict[str, Any]:
        """Look for new events once, and send them to the page; give what was sent.

        Parameters
        ----------
        clock
            Seconds, of a clock that only goes forward.
        """
        with self._lock:
            fresh = [row for row in self._follower.news() if self._is_new(str(row.get("uuid")))]
            skipped, self._follower.skipped = self._follower.skipped, 0
        self.seen += len(fresh) + skipped
        self.note = self._noted()
        self._newest.extend(fresh[-MOST_KEPT:])
        self._unkept |= bool(fresh)
        self._clicked.extend(row for row in fresh if row.get("elements_chain"))
        self._minute.append((clock, Counter(row["event"] for row in fresh)))
        while self._minute and self._minute[0][0] <= clock - MINUTE:
            self._minute.popleft()
        wanted = [] if self._paused else [row for row in fresh if self._fits(row)]
        shown = wanted[-MOST_AT_ONCE:]
        self.left_out += len(wanted) - len(shown) + skipped
        rates: Counter[str] = sum((counts for _, counts in self._minute), Counter())
        message = {
            "events": [line(row) for row in reversed(shown)],
            "seen": self.seen,
            "left_out": self.left_out,
            "a_minute": sum(rates.values()),
            "rates": rates.most_common(MOST_RATES),
            "new": len(fresh) + skipped,
        }
        self.send(message)
        return message

    def _is_new(self, uuid: str) -> bool:
        if uuid in self._known_set:
            return False
        if len(self._known) == self._known.maxlen:
            self._known_set.discard(self._known[0])
        self._known.append(uuid)
        self._known_set.add(uuid)
        return True

    def _fits(self, row: Mapping[str, Any]) -> bool:
        wanted = self._wanted
        return (
            wanted.get("event", "") in row["event"].lower()
            and wanted.get("person", "") in str(row.get("distinct_id")).lower()
            and (not wanted.get("text") or wanted["text"] in json.dumps(row["properties"], ensure_ascii=False).lower())
        )

    def _noted(self) -> str:
        return STOPPED if self._of_collector and not running_on(self.folder) else ""

    # ------------------------------------------------------------------ what stays in a saved notebook
    def _keep(self, clock: float, *, last: bool = False) -> None:
        """Write anew what stays, where something came since, and not too often."""
        if self._unkept and (last or clock >= self._kept_at + SECONDS_BETWEEN_KEEPING):
            self._unkept, self._kept_at = False, clock
            self._outputs.renew(at_once=last)

    def _kept(self) -> dict[str, str]:
        """Give the newest events as a table without a script."""
        newest = [line(row) for row in reversed(tuple(self._newest))]  # a copy: events come meanwhile
        rows = [(e["at"][:19], e["event"], e["distinct_id"], e["what"]) for e in newest]
        title = f"The newest events of {self.folder.name}, received until {dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M:%S} (UTC)"
        if not rows:
            return {"text/plain": f"{title}: none", "text/html": markup.card(title, [], "None yet.")}
        plain = "\n".join(["  ".join(row) for row in rows])
        table = markup.table(("received (UTC)", "event", "distinct_id", ""), rows, [False] * 4, caption=title)
        return {"text/plain": f"{title}\n{plain}", "text/html": f"{markup.card(title, [])}{table}"}

    # ------------------------------------------------------------------ faces
    def __repr__(self) -> str:
        came = f"{self.seen:,} event{'' if self.seen == 1 else 's'} came since it began"
        return f"<Watch {str(self.folder)!r}: {came}{'' if self.is_running else ', not running'}>"

    def _ipython_display_(self) -> None:
        cell = cell_name()
        if cell is not None:
            before = _running.pop(cell, None)
            if before is not None and before is not self:
                before.stop()
            _running[cell] = self
        if not self._thread.is_alive() and not self._stop.is_set():
            self._thread.start()
        publish(self, f"<Watch {str(self.folder)!r}> (a widget: run the cell to use it)")
        self._outputs.show()


def stored(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give a row of `Store.tail` as an event of the landing: its properties as an object."""
    return {**row, "properties": json.loads(row["properties"] or "{}")}


def seen_lately(events: Iterable[Mapping[str, Any]]) -> Captured:
    """Give what was captured lately, ready to be asked what a selector catches."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for event in list(events):
        properties = event["properties"]
        key = str(event["elements_chain"]), str(properties.get("$event_type") or "")
        address = re.match(PATH, str(properties.get("$current_url") or ""))
        page = address[1] if address else ""
        one = found.setdefault(key, {"events": 0, "first_page": page, "last_page": page, "last_seen": None})
        one |= {"events": one["events"] + 1, "first_page": min(one["first_page"], page), "last_page": max(one["last_page"], page)}
    rows, left = rows_of([{"chain": chain, "kind": kind, **one} for (chain, kind), one in found.items()])
    return Captured(None, rows, left_out=left)


def line(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give an event as the page takes it: what it is in words, its properties as JSON text, its elements."""
    properties, chain = row["properties"], str(row.get("elements_chain") or "")
    text = json.dumps(properties, ensure_ascii=False, indent=2)
    found = elements.from_chain(chain)[:20] if chain else []
    said = elements.in_words(found, str(properties.get("$event_type") or "")) if found else ""
    page = properties.get("$pathname") or properties.get("$current_url") or properties.get("$screen_name") or ""
    return {
        "uuid": str(row.get("uuid")),
        "event": row["event"],
        "distinct_id": str(row.get("distinct_id")),
        "at": str(row.get("received_at"))[:23].replace("T", " "),
        "timestamp": str(row.get("timestamp"))[:23].replace("T", " "),
        "what": said or (str(page) if row["event"].startswith("$") else ""),
        "element": said,
        "properties": text
        if len(text) <= MOST_BYTES
        else text[:MOST_BYTES] + f"\n\N{HORIZONTAL ELLIPSIS} {len(text) - MOST_BYTES:,} characters more",
        "elements": [json.dumps(elements.as_seen(e), ensure_ascii=False) for e in found],
        "chain": chain[:MOST_BYTES],
    }
