"""From the caller to the host: a bounded queue, one worker thread, batches, retries. Callers never wait for the network."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Collection
from dataclasses import dataclass

from evkit.capture.queues import Entry, Queue, Taken, counted
from evkit.capture.transport import TOO_BIG, Answer, Transport

LOG = logging.getLogger("evkit.capture")

MAX_EVENT_BYTES = 900 * 1024
"""Bytes of one event's JSON; PostHog refuses about 1 MB."""
MAX_BATCH_BYTES = 5 * 1024 * 1024
"""Bytes of a batch before compression; PostHog refuses more than 20 MiB."""
ENVELOPE_BYTES = 512
"""Kept free in a batch for what is around the events."""
LONGEST_BACKOFF_SECONDS = 30.0
LONGEST_RETRY_AFTER_SECONDS = 300.0
"""A host that asks for more is asked again after this long."""
IDLE_SECONDS = 30.0
"""How long the worker waits for another event before it ends; the next event starts a new one."""
EXIT_SECONDS = 10.0
"""How long the end of the process may wait for what is queued."""
WARN_EVERY = 1_000
"""After the first, one dropped event in so many is logged."""
REPEAT_SECONDS = 5.0
"""What is captured after `shutdown` is told again after so long: it is somebody at work who doesn't know."""
SHUT = "captured after the client was shut down. Make a new one: configure(...) of evkit.capture, or ek.Client(...)"


@dataclass(frozen=True, kw_only=True)
class Stats:
    """How a client's events fared, in events where nothing else is said.

    Parameters
    ----------
    captured
        Queued (with a spool also those an earlier process left), or turned away for one of the reasons below.
    pending
        Wait to be sent.
    sent
        Taken by the host.
    requests, retries
        Requests made; how many of them were made again for the same events.
    overflowed, too_large, withheld, invalid
        Dropped: no room; larger than 900 KiB; by `before_send`; no event at all (no distinct_id, no name).
    after_shutdown
        Dropped: captured when the client was shut down already.
    refused, undelivered
        Dropped: by the host, for good (a spool keeps them in a file `.refused`); after the last retry, or at shutdown.
    last_error
        What the host or the network said last when it did not take a batch.
    """

    captured: int = 0
    pending: int = 0
    sent: int = 0
    requests: int = 0
    retries: int = 0
    overflowed: int = 0
    too_large: int = 0
    withheld: int = 0
    invalid: int = 0
    after_shutdown: int = 0
    refused: int = 0
    undelivered: int = 0
    last_error: str | None = None

    @property
    def dropped(self) -> int:
        """Events that will never arrive."""
        before = self.overflowed + self.too_large + self.withheld + self.invalid + self.after_shutdown
        return before + self.refused + self.undelivered


def wait_seconds(attempt: int, retry_after_seconds: float | None) -> float:
    """Say how long to wait after a failed attempt (0 is the first): min(2^n, 30), or as long as the host asks if that is longer.

    Examples
    --------
    >>> [wait_seconds(n, None) for n in (0, 1, 2, 9)], wait_seconds(0, 3.0)
    ([1.0, 2.0, 4.0, 30.0], 3.0)
    """
    return max(min(2.0 ** min(attempt, 10), LONGEST_BACKOFF_SECONDS), min(retry_after_seconds or 0.0, LONGEST_RETRY_AFTER_SECONDS))


class Sender:
    """Queues events and sends them from a thread of its own, in the order they came.

    Parameters
    ----------
    transport, queue
        Where batches go; where events wait.
    flush_at
        A batch is sent when so many events wait, and holds at most so many.
    flush_interval
        Seconds after which fewer are sent too.
    max_batch_bytes
        Bytes of a batch before compression.
    max_retries
        How often a batch is sent again before it is given up, or with a spool left for later.
    in_thread
        Without, events wait until `drain`.
    sleep
        Takes the seconds between two tries, for tests; by default a wait that `shutdown` ends.
    log
        Where steps and losses are told.
    loss_level
        The level at which the log hears of each batch that is set aside, and of what the spool keeps at the end; who tells of them otherwise lowers it.
    halved
        Statuses at which a batch of several events goes again in halves.
    """

    def __init__(
        self,
        transport: Transport,
        queue: Queue,
        *,
        flush_at: int = 100,
        flush_interval: float = 5.0,
        max_batch_bytes: int = MAX_BATCH_BYTES,
        max_retries: int = 3,
        in_thread: bool = True,
        sleep: Callable[[float], None] | None = None,
        log: logging.Logger = LOG,
        loss_level: int = logging.WARNING,
        halved: Collection[int] = (TOO_BIG,),
    ) -> None:
        self._halved = frozenset(halved)
        self._log = log
        self._loss_level = loss_level
        self._transport = transport
        self._queue = queue
        self._flush_at = flush_at
        self._flush_interval = flush_interval
        self._max_batch_bytes = max(1, max_batch_bytes - ENVELOPE_BYTES)
        self._max_retries = max_retries
        self._in_thread = in_thread
        self._sleep = sleep
        self._counts: dict[str, int] = dict.fromkeys(Stats.__dataclass_fields__, 0)
        self._last_error: str | None = None
        self._fresh()
        _register(self)
        if len(queue):  # what an earlier process left behind
            with self._changed:
                self._accepted += len(queue)
                self._counts["captured"] += len(queue)
                _at_exit()
                if in_thread:
                    self._start()

    def _fresh(self) -> None:
        """Make what a forked child can't share with its parent."""
        self._changed = threading.Condition()  # guards everything below, and the queue; a signal's handler may come in twice
        self._sending = threading.Lock()  # held by who sends: batches go one after the other
        self._sent_by = 0
        self._thread: threading.Thread | None = None
        self._accepted = 0
        self._settled = 0
        self._flush_to = 0
        self._failed_rounds = 0
        self._failed_in_a_row = 0
        self._waiting_since = time.monotonic()
        self._told_shut, self._told_shut_at = 0, -REPEAT_SECONDS
        self._told_away = False
        self._leave_alone_until = 0.0
        self._asked_to_wait = False
        self._closed = False
        self._left = 0
        self._give_up_at: float | None = None

    # ------------------------------------------------------------------ callers
    def put(self, line: bytes) -> bool:
        """Queue one event; False when there was no room for it, or after `shutdown`."""
        with self._changed:
            closed = self._closed
            taken = self._queue.put(line) if not closed else Taken(False)
            self._counts["captured"] += 1 + taken.found
            lost = taken.dropped + (not taken.taken)
            reason = "after_shutdown" if closed else "overflowed"
            self._counts[reason] += lost
            so_far = self._counts[reason]
            self._accepted += taken.taken + taken.found
            self._settled += taken.dropped
            waiting = len(self._queue)
            if taken.taken and waiting == 1:
                self._waiting_since = time.monotonic()
            if self._in_thread and waiting and not self._closed:
                self._start()
            if waiting == 1 or waiting >= self._flush_at:
                self._changed.notify_all()
        if closed:
            if time.monotonic() >= self._told_shut_at + REPEAT_SECONDS:
                self._tell_shut()
        elif lost and (lost == so_far or (so_far - lost) // WARN_EVERY < so_far // WARN_EVERY):
            self._log.warning("%s dropped so far: the queue is full, the host is away or too slow", counted(so_far))
        return taken.taken

    def _tell_shut(self) -> None:
        """Tell what was captured after `shutdown`, if there is anything new."""
        with self._changed:
            so_far = self._counts["after_shutdown"]
            news = so_far > self._told_shut
            self._told_shut, self._told_shut_at = so_far, time.monotonic()
        if news:
            self._log.warning("%s dropped so far: %s", counted(so_far), SHUT)

    @property
    def is_closed(self) -> bool:
        """Whether `shutdown` was called: what is put now is dropped."""
        return self._closed

    def count(self, what: str) -> None:
        """Count an event that never came to the queue."""
        with self._changed:
            self._counts["captured"] += 1
            self._counts[what] += 1

    def stats(self) -> Stats:
        """Give the counts of now."""
        with self._changed:
            return Stats(**{**self._counts, "pending": max(len(self._queue), self._left), "last_error": self._last_error})  # type: ignore[arg-type]

    def flush(self, timeout_seconds: float) -> bool:
        """Wait until what was put before has been sent; False when some of it was not, or not yet."""
        if self._closed:
            self._tell_shut()
        with self._changed:
            target, lost, failed = self._accepted, self._lost(), self._failed_rounds
            if self._settled >= target or self._closed:
                return self._settled >= target and not self._counts["after_shutdown"]
            self._flush_to = max(self._flush_to, target)
            if not self._asked_to_wait:
                self._leave_alone_until = 0.0
            started = self._in_thread and self._start()
            if started:
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._settled >= target or self._failed_rounds > failed, timeout_seconds)
        if not started:
            self.drain()
        with self._changed:
            return self._settled >= target and self._lost() == lost

    def drain(self) -> bool:
        """Send everything from the calling thread; False when some was given up."""
        with self._changed:
            lost, failed = self._lost(), self._failed_rounds
        while not self._too_late() and self._send_next():
            pass
        with self._changed:
            return (self._lost(), self._failed_rounds) == (lost, failed)

    def shutdown(self, timeout_seconds: float) -> bool:
        """Send what is queued and end; False when something was left, which without a spool is then lost.

        A wait between two tries that would go past the time is not begun.
        """
        deadline = time.monotonic() + timeout_seconds
        with self._changed:
            if self._closed:
                return not len(self._queue)
            self._closed = True
            self._give_up_at = deadline
            worker = self._start() if self._in_thread and len(self._queue) else self._thread is not None
            thread = self._thread
            self._changed.notify_all()
        if not worker:
            self.drain()
        elif thread is not None and thread is not threading.current_thread():
            thread.join(max(0.0, timeout_seconds))
        with self._changed:
            durable, left = self._queue.durable, len(self._queue)
            unkept = self._queue.close()
            lost = unkept if durable else left
            self._left = left - unkept
            self._transport.close()
            if durable or self._thread is None:
                self._counts["undelivered"] += lost
            said = self._last_error or "no answer in time"
        if lost:
            self._log.warning("%s not sent at shutdown (%s): lost", counted(lost), said)
        if left > lost:
            self._log.log(self._loss_level, "%s not sent at shutdown (%s): the spool has them", counted(left - lost), said)
        return not left

    def after_fork(self) -> None:
        """Make the sender of a child: its own lock, thread and queue. What the parent had queued, the parent sends."""
        closed = self._closed
        self._fresh()
        self._closed = closed
        self._counts = dict.fromkeys(self._counts, 0)
        self._last_error = None
        self._queue.after_fork()

    # ------------------------------------------------------------------ the worker
    def _start(self) -> bool:
        """See to it that the worker runs, with the lock held; False where no thread can be started any more."""
        if self._thread is not None and self._thread.is_alive():
            return True
        _at_exit()
        thread = threading.Thread(target=self._work, name="evkit.capture", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the interpreter is ending
            return False
        self._thread = thread
        return True

    def _work(self) -> None:
        self._log.debug("worker started")
        while self._is_work():
            try:
                self._send_next()
            except Exception:  # a bug of ours must end neither the thread nor, by looping, the processor's rest
                self._log.exception("a batch failed")
                with self._changed:
                    self._changed.wait(1.0)
        self._log.debug("worker ended")

    def _is_work(self) -> bool:
        """Wait for the next batch; False when the worker shall end."""
        idle_until = time.monotonic() + IDLE_SECONDS
        with self._changed:
            while True:
                now, waiting = time.monotonic(), len(self._queue)
                if self._closed and (not waiting or self._too_late()):
                    break
                due = self._due_at(waiting)
                if waiting and now >= due:
                    return True
                if not waiting and now >= idle_until:
                    break
                self._changed.wait((due if waiting else idle_until) - now)
            self._thread = None
            return False

    def _due_at(self, waiting: int) -> float:
        """Say when the queue shall be sent from, on the monotonic clock."""
        hurry = waiting >= self._flush_at or self._settled < self._flush_to or self._closed
        due = 0.0 if hurry else self._waiting_since + self._flush_interval
        return max(due, self._leave_alone_until if not self._closed else 0.0)

    def _too_late(self) -> bool:
        return self._give_up_at is not None and time.monotonic() >= self._give_up_at

    def _send_next(self) -> bool:
        """Send the next batch; False when there was none, or the host is away."""
        if self._sent_by == threading.get_ident():  # a signal's handler, amid a request of its own thread
            return False
        with self._sending:
            self._sent_by = threading.get_ident()
            try:
                with self._changed:
                    entries = self._queue.peek(self._flush_at, self._max_batch_bytes)
                    self._waiting_since = time.monotonic()
                if entries:
                    self._queue.sync(entries)
                return bool(entries) and self._send(entries)
            finally:
                self._sent_by = 0

    def _send(self, entries: list[Entry]) -> bool:
        """Send a batch, in halves where the host finds it too big or one of its events wrong; False when the host is away."""
        parts = [entries]
        while parts:
            part = parts.pop()
            answer = self._deliver([e.line for e in part])
            if answer.status in self._halved and len(part) > 1:
                self._log.debug("status %d: %d events are sent in halves", answer.status, len(part))
                middle = (len(part) + 1) // 2
                parts += [part[middle:], part[:middle]]
            elif not self._settle(part, answer):
                return False
        return True

    def _deliver(self, lines: list[bytes]) -> Answer:
        """Send a batch, again where that may help; give the last answer."""
        attempt = 0
        while True:
            try:
                answer = self._transport.send(lines)
            except Exception as error:  # from a store or a proxy of the caller's: the worker must live
                answer = Answer(status=0, error=f"{type(error).__name__}: {error}")
            with self._changed:
                self._counts["requests"] += 1
                self._counts["retries"] += attempt > 0
                self._last_error = self._last_error if answer.taken else answer.error or f"status {answer.status}"
            self._told_away = self._told_away and not answer.taken
            self._log.debug("%s: status %d %s", counted(len(lines)), answer.status, answer.error)
            if answer.taken or not answer.may_work_later or attempt >= self._max_retries:
                return answer
            if answer.nobody and not self._told_away:
                self._told_away = True
                self._log.log(self._loss_level, "%s not sent yet: %s", counted(len(lines)), answer.error)
            if not self._pause(wait_seconds(attempt, answer.retry_after_seconds)):
                return answer
            attempt += 1

    def _pause(self, seconds: float) -> bool:
        """Wait between two tries; False when shutdown leaves no time for it."""
        self._log.debug("trying again in %.1f s", seconds)
        if self._sleep is not None:
            self._sleep(seconds)
            return not self._too_late()
        end = time.monotonic() + seconds
        with self._changed:
            while (left := end - time.monotonic()) > 0:
                if self._give_up_at is not None and end > self._give_up_at:
                    return False
                self._changed.wait(left)
        return True

    def _settle(self, part: list[Entry], answer: Answer) -> bool:
        """Book what became of a part of a batch; False when the host is away and the rest shall wait."""
        for_later = not answer.taken and answer.may_work_later
        with self._changed:
            aside, waits = "", for_later and (self._queue.durable or self._give_up_at is not None)
            if waits:
                self._failed_rounds += 1
                self._failed_in_a_row += 1
                self._asked_to_wait = answer.retry_after_seconds is not None
                self._leave_alone_until = time.monotonic() + wait_seconds(self._failed_in_a_row + 2, answer.retry_after_seconds)
                self._give_up_at = self._give_up_at and 0.0  # at the end of the process no other batch is tried
            else:
                gone = self._queue.done(part, refused=not answer.taken)
                aside = "" if answer.taken else self._queue.aside
                self._settled += gone
                self._failed_in_a_row, self._leave_alone_until, self._asked_to_wait = 0, 0.0, False
                self._counts["sent" if answer.taken else "undelivered" if for_later else "refused"] += gone
            self._changed.notify_all()
        if waits:
            self._log.debug("the host is away, events wait: %s", answer.error)
        elif not answer.taken:
            what = f"set aside in {aside}" if aside else "dropped"
            why = "given up" if for_later else "the host refuses them"
            level = self._loss_level if aside or for_later else logging.WARNING  # what is gone for good is told in any case
            self._log.log(level, "%s %s: %s (%s)", counted(len(part)), what, why, answer.error)
        return not waits

    def _lost(self) -> int:
        return self._counts["refused"] + self._counts["undelivered"]


# ---------------------------------------------------------------------- the end of the process, and forks
_SENDERS: weakref.WeakSet[Sender] = weakref.WeakSet()
_HOOKED: set[str] = set()
"""What was registered in this process."""


def _register(sender: Sender) -> None:
    _SENDERS.add(sender)
    if "fork" not in _HOOKED and hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_after_fork)
        _HOOKED.add("fork")


def _after_fork() -> None:
    _HOOKED.discard("exit")
    for sender in list(_SENDERS):
        sender.after_fork()


def _at_exit() -> None:
    """Register the drain, once a process, when there is something to drain: nothing is registered at import."""
    if "exit" in _HOOKED:
        return
    _HOOKED.add("exit")
    atexit.unregister(drain_all)
    atexit.register(drain_all)
    multiprocessing = sys.modules.get("multiprocessing.util")
    if multiprocessing is not None and sys.modules["multiprocessing.process"].parent_process() is not None:
        multiprocessing.Finalize(None, drain_all, exitpriority=0)  # its children end without atexit


def drain_all() -> None:
    """Shut every sender down, within EXIT_SECONDS for all."""
    deadline = time.monotonic() + EXIT_SECONDS
    for sender in list(_SENDERS):
        sender.shutdown(max(0.0, deadline - time.monotonic()))
