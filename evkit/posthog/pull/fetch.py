"""Fetch a project into a folder, or what has come since the last time."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evkit.errors import DataError, KeyRefused, NotThere, PostHogError, Unreachable
from evkit.posthog.api import Api
from evkit.posthog.pull import around, engine, exports, lists, plan, queries, written
from evkit.posthog.pull.folder import DEFINITIONS, EVENTS, Folder, Manifest, Piece
from evkit.posthog.pull.plan import Span
from evkit.posthog.pull.queries import Row

FILES, QUERIES, LIST = "files", "queries", "list"
MOST_ROUNDS = 3
"""How often hours whose count differs are fetched: events go on arriving meanwhile."""
AT_ONCE = 2
"""How many exports are made at once: one is fetched, the next is made meanwhile."""
MOST_FAILURES = 2
"""After how many windows without their file all others are asked for in queries."""
CLOCKS_DIFFER = dt.timedelta(minutes=1)
"""How much before the host's own clock the newest window ends: it refuses one that ends in the future."""
MOST_TOLD = 5
EPOCH, MICROSECOND = dt.datetime(1970, 1, 1), dt.timedelta(microseconds=1)


@dataclass
class Told:
    """What is told while it goes on.

    Parameters
    ----------
    say
        Takes each sentence.
    progress
        Takes how many events are here, how many there are, and how many bytes came.
    """

    say: Callable[[str], Any] = lambda said: None
    progress: Callable[[int, int, int], Any] = lambda done, total, size: None
    done: int = 0
    total: int = 0
    size: int = 0

    def rows(self, more: int) -> None:
        """Count events that came."""
        self.done += more
        self.progress(self.done, max(self.total, self.done), self.size)

    def bytes(self, more: int) -> None:
        """Count bytes that came."""
        self.size += more
        self.progress(self.done, max(self.total, self.done), self.size)


@dataclass
class Fetch:
    """One run: from a project into its folder."""

    api: Api
    folder: Folder
    manifest: Manifest
    span: Span
    told: Told
    sleep: Callable[[float], Any] = time.sleep

    @property
    def project(self) -> str:
        """The project's id."""
        return self.manifest.project_id

    def run(self) -> Manifest:
        """Fetch everything; give what is here then."""
        settings = around.settings(self.api, self.project)
        self.folder.write_text(f"{DEFINITIONS}/project.json", json.dumps(settings, ensure_ascii=False))
        try:
            theirs = self.counted_there()
        except NotThere:
            self.told.say("the host answers no queries: the events are read from its list, which can't tell what arrives late.")
            self.listed()
        else:
            self.told.total = sum(theirs.values())
            self.told.done = sum(self.counted_here().values())
            self.windows()
            self.slices(theirs)
        done = dt.datetime.fromisoformat(self.manifest.done_until) if self.manifest.done_until else self.span.end
        self.keep(done_until=max(done, self.span.end).isoformat())
        counts = around.definitions(self.api, self.project, self.folder, self.told.say)
        of_list = self.manifest.way == LIST
        counts["distinct_ids"] = self.optional("distinct_ids", around.people_of_list if of_list else around.people)
        counts["groups"] = self.optional("groups", around.groups_of_list if of_list else around.groups)
        self.keep(around=counts)
        return self.manifest

    def keep(self, *new: Piece, without: frozenset[str] = frozenset(), **parts: Any) -> None:
        """Say what counts from now on."""
        self.manifest = replace(self.manifest.put(*new, without=without), **parts)
        self.folder.commit(self.manifest)

    def optional(self, name: str, fetch: Callable[..., int]) -> int:
        """Fetch what a host may not give; that is told, and what was here stays."""
        try:
            return fetch(self.api, self.project, self.folder)
        except Unreachable:
            raise
        except PostHogError as error:
            self.told.say(around.WITHOUT.format(error))
            return self.manifest.around.get(name, 0)

    def missing(self, kind: str, longest: dt.timedelta, *, until: dt.datetime | None = None) -> list[Span]:
        """Give the windows of a kind of piece that are to be fetched."""
        there = [piece.span for piece in (*self.manifest.pieces, *self.here_by_queries()) if piece.kind == kind]
        return plan.windows(self.span.start, until or self.span.end, there=there, longest=longest)

    def here_by_queries(self) -> list[Piece]:
        """Give what stands for the windows that were never fetched, since queries gave their events."""
        if self.manifest.way != QUERIES or self.manifest.done_until is None:
            return []
        return [Piece("", self.manifest.since, self.manifest.done_until, "window", 0)]

    # ------------------------------------------------------------------ by arrival
    def windows(self) -> None:
        """Fetch windows of arrival as files, unless the project has no such exports. While one is fetched the next is made.

        What an export doesn't give, for whatever reason, is left to the counts and the queries; after some failures all is.
        """
        left = self.missing("window", plan.LONGEST_WINDOW, until=min(self.span.end, self.api.now - CLOCKS_DIFFER))
        runs: dict[Span, str] = {}
        failures = 0
        for number, window in enumerate(left):
            try:
                for ahead in left[number : number + AT_ONCE]:
                    if ahead not in runs:
                        runs[ahead] = exports.begin(self.api, self.project, ahead)
                self.window(window, runs[window])
            except (KeyRefused, NotThere) as error:
                why = "the project has none" if isinstance(error, NotThere) else str(error)
                if self.manifest.way != QUERIES:
                    self.told.say(f"no file downloads ({why}): the events are asked for in queries instead.")
                if self.manifest.way is None:
                    self.keep(way=QUERIES)
                return
            except Unreachable:
                raise
            except PostHogError as error:
                failures += 1
                self.told.say(f"no file of what arrived {window}: {error}. Its events are asked for in queries.")
                if failures == MOST_FAILURES:
                    return

    def window(self, window: Span, run: str) -> None:
        """Fetch one window, whose files a run makes."""
        stem = f"window-{window.start:%Y%m%dT%H%M%S}-{window.end:%Y%m%dT%H%M%S}"
        came = exports.finish(
            self.api, self.project, run, window, lambda n: self.folder.path / EVENTS / f"{stem}-{n}.parquet.new", progress=self.told.bytes, sleep=self.sleep,
        )  # fmt: skip
        pieces = [self.piece(one.path, f"{stem}-{n}.parquet", window, "window", one.rows) for n, one in enumerate(came)]
        empty = [] if pieces else [Piece("", window.start.isoformat(), window.end.isoformat(), "window", 0)]
        self.keep(*self.here_by_queries(), *pieces, *empty, way=FILES)
        self.told.rows(sum(one.rows for one in came))

    def piece(self, part: Path, name: str, span: Span, kind: str, rows: int) -> Piece:
        """Put a file of events in its place."""
        self.folder.put(f"{EVENTS}/{name}", part)
        return Piece(name, span.start.isoformat(), span.end.isoformat(), kind, rows)

    # ------------------------------------------------------------------ by time
    def slices(self, theirs: dict[dt.datetime, int]) -> None:
        """Fetch the hours of which the host counts other events than are here, until none is left or they stay so.

        What was found to stay so in an earlier run is not fetched again while neither count changes.
        """
        known = {dt.datetime.fromisoformat(hour): counts for hour, *counts in self.manifest.differences}
        ours = self.counted_here()
        differ = plan.wrong(theirs, ours)
        left = [hour for hour in differ if known.get(hour) != [theirs.get(hour, 0), ours.get(hour, 0)]]
        missing = sum(max(theirs.get(h, 0) - ours.get(h, 0), 0) for h in left)
        if missing and self.manifest.way == FILES:
            self.told.say(f"{missing:,} events are in no export: {len(left):,} hours are asked for in queries.")
        for _ in range(MOST_ROUNDS):
            if not left:
                break
            before = {hour: (theirs.get(hour, 0), ours.get(hour, 0)) for hour in left}
            for part in plan.joined(left, theirs, self.span):
                self.slice(part)
            theirs, ours = self.counted_there(), self.counted_here()
            differ = plan.wrong(theirs, ours)
            left = [hour for hour in differ if before.get(hour) != (theirs.get(hour, 0), ours.get(hour, 0)) and hour not in known]
        self.keep(differences=tuple((hour.isoformat(), theirs.get(hour, 0), ours.get(hour, 0)) for hour in differ))
        self.tell_of(differ, theirs, ours)

    def tell_of(self, hours: Sequence[dt.datetime], theirs: Mapping[dt.datetime, int], ours: Mapping[dt.datetime, int]) -> None:
        """Tell which hours differ."""
        gone = sum(max(ours.get(h, 0) - theirs.get(h, 0), 0) for h in hours)
        if gone:
            self.told.say(
                f"{gone:,} events are here that the host no longer counts: deleted there. Fetch into a new folder to be without them."
            )
        short = [h for h in hours if theirs.get(h, 0) > ours.get(h, 0)]
        for hour in short[:MOST_TOLD]:
            self.told.say(f"{hour:%Y-%m-%d %H}:00 UTC: the host counts {theirs.get(hour, 0):,} events, here are {ours.get(hour, 0):,}.")
        if short[MOST_TOLD:]:
            self.told.say(f"... and {len(short) - MOST_TOLD:,} hours more.")

    def listed(self) -> None:
        """Fetch from the list of events, a day at a time."""
        for day in self.missing("slice", plan.DAY):
            self.slice(day, lists.events)
            self.keep(way=LIST)

    def slice(self, part: Span, fetch: Callable[[Api, str, Span], Iterator[Sequence[Row]]] = queries.events) -> None:
        """Fetch one slice; slices that lie within it are not needed any more."""
        name = f"slice-{part.start:%Y%m%dT%H%M%S%f}-{part.end:%Y%m%dT%H%M%S%f}.parquet"
        path = self.folder.path / EVENTS / f"{name}.new"
        rows = written.write(fetch(self.api, self.project, part), written.EVENTS, path, told=self.told.rows)
        within = frozenset(
            p.name for p in self.manifest.pieces if p.kind == "slice" and p.span.start >= part.start and p.span.end <= part.end
        )
        self.keep(self.piece(path, name, part, "slice", rows), without=within)

    # ------------------------------------------------------------------ counting
    def counted_there(self) -> dict[dt.datetime, int]:
        """Give the host's count of events by hour."""
        return queries.counts_by_hour(self.api, self.project, self.span)

    def counted_here(self) -> dict[dt.datetime, int]:
        """Give our count of events by hour, each uuid once."""
        return counts(self.folder.path, self.manifest.pieces, self.span)


def counts(folder: Path, pieces: Sequence[Piece], span: Span) -> dict[dt.datetime, int]:
    """Count the events of files by the hour they happened in, each uuid once."""
    files = [str(folder / EVENTS / piece.name) for piece in pieces if piece.rows]
    if not files:
        return {}
    with engine.bounded(folder) as con:
        rows = con.execute(
            "SELECT epoch_us(happened) // $hour, count(DISTINCT uuid) FROM (SELECT uuid, timestamp::TIMESTAMP AS happened FROM read_parquet($files, union_by_name = true)) "
            "WHERE happened >= $start AND happened < $until GROUP BY ALL",
            {"files": files, "start": span.start, "until": span.end, "hour": plan.HOUR // MICROSECOND},
        ).fetchall()
    return {EPOCH + int(hour) * plan.HOUR: int(count) for hour, count in rows}


def fetch(
    api: Api, project_id: int | str, path: str | Path, since: dt.datetime, until: dt.datetime, told: Told, *, sleep: Callable[[float], Any] = time.sleep,
) -> Manifest:  # fmt: skip
    """Fetch what a folder doesn't have yet.

    Parameters
    ----------
    since, until
        Which events, by their time; UTC without a zone.

    Raises
    ------
    DataError
        When the folder holds another project.
    PostHogError
        When the project can't be fetched; what came stays, and the next run goes on from there.
    """
    folder = Folder(path)
    with folder.taken():
        known = folder.manifest()
        new = Manifest(api.host, str(project_id), since.isoformat())
        if known is not None and (known.host, known.project_id) != (new.host, new.project_id):
            raise DataError(
                f"{str(folder.path)!r} holds project {known.project_id} of {known.host}, not {new.project_id} of {new.host}: give another folder"
            )
        if known is None:
            manifest = new
        elif dt.datetime.fromisoformat(known.since) <= since:
            manifest = known
        else:
            manifest = replace(known, since=new.since)
        start = dt.datetime.fromisoformat(manifest.since)
        return Fetch(api, folder, manifest, Span(start, until), told, sleep).run()
