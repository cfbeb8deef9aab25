"""A PostHog project over HTTP: the one place that asks a host of PostHog's for data.

Limits of rate are obeyed, broken connections are tried again, the key goes to one host and nowhere else.

Source: PostHog's API (`posthog_api.md` of the design).
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from evkit.capture.transport import USER_AGENT, is_loopback, masked, retry_after_seconds
from evkit.errors import KeyRefused, NotThere, PostHogError, SpecError, TooHeavy, Unreachable

if TYPE_CHECKING:
    import requests

APP_HOSTS = {
    "https://app.posthog.com": "https://us.posthog.com",
    "https://us.i.posthog.com": "https://us.posthog.com",
    "https://eu.i.posthog.com": "https://eu.posthog.com",
}
"""Addresses that take events, and old ones -> those of PostHog's app, which answer questions."""
CONNECT_SECONDS, ANSWER_SECONDS = 10.0, 120.0
"""How long a host may take to be reached, and between two parts of an answer; queries end after ten seconds there, a queue takes thirty."""
MOST_TRIES = 8
"""How often a request is sent that fails; about two minutes of waiting."""
LONGEST_WAIT_SECONDS = 60.0
MOST_PATIENCE_SECONDS = 2 * 3600.0
"""How long a request that is only told to slow down is asked again: the limits of an hour are over by then."""
MOST_ANSWER_BYTES = 512 << 20
SECONDS_NOTICED = 5.0
MOST_SAID = 300
"""Characters of a host's own words in an error."""
SECONDS_IN_WORDS = re.compile(r"(\d+(?:\.\d+)?) seconds?")
PARTS = re.compile(r"-\d+$")
"""How a checksum ends that is of the parts of a file, not of the whole."""
SCOPE = re.compile(r"[`'\"]([a-z_]+:(?:read|write))[`'\"]")
HEAVY = frozenset(
    {"timeout_exceeded", "estimated_query_execution_time_too_long", "too_slow", "memory_limit_exceeded", "query_memory_limit_exceeded"}
)
"""Codes that say: ask for less at once."""


def checked_host(host: str) -> str:
    """Give the address of PostHog's app, without its last slash.

    Raises
    ------
    SpecError
        When it is none, or the key would go over the network for all to read.

    Examples
    --------
    >>> checked_host("https://eu.i.posthog.com/")
    'https://eu.posthog.com'
    """
    text = str(host).strip().rstrip("/")
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # a port, or brackets, that are none
        known = False
    if not known or parts.path or parts.query or parts.username:
        raise SpecError(f"host {host!r} is no address such as 'https://us.posthog.com' or 'https://eu.posthog.com'")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise SpecError(f"host {host!r} is not encrypted: the key would go over the network for all to read. Give https://")
    return APP_HOSTS.get(text, text)


class Api:
    """Asks a host of PostHog's, with a personal API key.

    Parameters
    ----------
    host
        "https://us.posthog.com", "https://eu.posthog.com" or your own.
    key
        A personal API key ("phx_..."). It is in no repr and no error.
    sleep, clock
        How to wait, and the clock that dates in Retry-After are compared with.
    on_wait
        Told each time it waits: why, and for how many seconds.
    """

    def __init__(
        self,
        host: str,
        key: str,
        *,
        sleep: Callable[[float], Any] = time.sleep,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        on_wait: Callable[[str, float], Any] = lambda why, seconds: None,
    ) -> None:
        self.host = checked_host(host)
        self._key = checked_key(key)
        self._sleep, self._clock, self._on_wait = sleep, clock, on_wait
        self._session: requests.Session | None = None
        self._answered = False
        self._ahead = dt.timedelta()

    def __repr__(self) -> str:
        return f"<Api {self.host}, key {masked(self._key)}>"

    def __enter__(self) -> Api:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    @property
    def now(self) -> dt.datetime:
        """The host's clock, as far as its answers say; UTC without a zone, a second early at most."""
        return (self._clock() - self._ahead).astimezone(dt.UTC).replace(tzinfo=None)

    # ------------------------------------------------------------------ asking
    def get(self, path: str, **given: Any) -> Any:
        """Give what is at a path, with the parameters given.

        Raises
        ------
        PostHogError
            When the host doesn't answer, or refuses.
        """
        return self._json("GET", self.host + path, params=given)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Give the answer to a body; the same body may be sent twice."""
        return self._json("POST", self.host + path, body=body)

    def listed(self, path: str, **given: Any) -> Iterator[dict[str, Any]]:
        """Give the rows of a list, page by page."""
        page = self.get(path, **given)
        while True:
            rows = page if isinstance(page, list) else page.get("results")
            if not isinstance(rows, list):
                raise PostHogError(f"{path}: no list came back, but {str(page)[:MOST_SAID]}")
            yield from rows
            after = None if isinstance(page, list) else page.get("next")
            if not after:
                return
            page = self._json("GET", self._here(after))

    def rows(self, project: int | str, hogql: str, values: Mapping[str, Any] | None = None, *, name: str) -> list[list[Any]]:
        """Give the rows of a HogQL query: computed now, times in UTC.

        Raises
        ------
        TooHeavy
            When the host takes too long over it: ask for less at once.
        """
        query = {
            "kind": "HogQLQuery",
            "query": hogql,
            "values": dict(values or {}),
            "modifiers": {"convertToProjectTimezone": False},
        }
        body = {"query": query, "refresh": "force_blocking", "name": name}
        answer = self.post(f"/api/projects/{project}/query/", body)
        found = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(found, list):
            raise PostHogError(f"a query gave no rows, but {str(answer)[:MOST_SAID]}")
        return found

    def save(self, path: str, target: Path, *, progress: Callable[[int], Any] = lambda more: None) -> None:
        """Write what is at a path to a file; where the path leads to another host, that host gets no key.

        The file is there whole or not at all: it is checked against the length and the checksums that came with it.
        """
        import requests

        part = target.with_name(target.name + ".part")
        for attempt in range(MOST_TRIES):
            reply = self._sent("GET", self.host + path)
            try:
                with reply if reply.status_code < 300 else self._led(reply) as stream:
                    written(stream, part, progress)
                part.replace(target)
                return
            except (requests.RequestException, Broken) as error:
                part.unlink(missing_ok=True)
                if attempt == MOST_TRIES - 1:
                    raise PostHogError(f"{path} did not come whole in {MOST_TRIES} tries: {self._plain(str(error))}") from None
                self._wait(f"a file did not come whole ({self._plain(str(error))})", backoff(attempt))
        raise PostHogError(f"{path} did not come")

    # ------------------------------------------------------------------ one request
    def _json(self, method: str, url: str, *, params: Mapping[str, Any] | None = None, body: Any = None) -> Any:
        import requests

        for attempt in range(MOST_TRIES):
            with self._sent(method, url, params=params, body=body) as reply:
                if reply.status_code >= 300:
                    raise PostHogError(f"{self.host} redirects to {reply.headers.get('Location')!r}: give that as host=")
                try:
                    text = limited(reply)
                except requests.RequestException as error:
                    problem = self._plain(f"{type(error).__name__}: {error}")
                else:
                    return self._read(text, url)
            if attempt == MOST_TRIES - 1:
                raise PostHogError(f"{urlsplit(url).path}: no whole answer in {MOST_TRIES} tries: {problem}")
            self._wait(f"an answer did not come whole ({problem})", backoff(attempt))
        raise PostHogError(f"{urlsplit(url).path}: no answer")

    def _read(self, text: bytes, url: str) -> Any:
        try:
            return json.loads(text)
        except ValueError:
            said = self._plain(" ".join(text[:MOST_SAID].decode("utf-8", "replace").split()))
            raise PostHogError(
                f"{urlsplit(url).path}: {self.host} answered no JSON: is it the address of PostHog's app? It began: {said}"
            ) from None

    def _sent(self, method: str, url: str, *, params: Mapping[str, Any] | None = None, body: Any = None) -> requests.Response:
        """Send a request until it is answered; give the answer, of 2xx or 3xx."""
        import requests

        if self._session is None:
            self._session = requests.Session()
            self._session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json"})
            self._session.auth = self._signed  # not a header: a .netrc would put another key in its place
        waited, tries = 0.0, 0
        while True:
            tries += 1
            try:
                reply = self._session.request(
                    method, url, params=params, json=body, stream=True, allow_redirects=False,
                    timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
                )  # fmt: skip
            except (requests.ConnectionError, requests.Timeout) as error:
                if isinstance(error, requests.exceptions.SSLError) or (not self._answered and "NameResolutionError" in str(error)):
                    raise Unreachable(
                        f"{self.host} can't be reached: {self._plain(str(error))}. Is the host right? A company's own certificates: set REQUESTS_CA_BUNDLE"
                    ) from None
                problem, seconds = self._plain(f"{type(error).__name__}: {error}"), backoff(tries - 1)
            else:
                self._answered = True
                self._set_clock(reply)
                if reply.status_code < 400:
                    return reply
                with reply:
                    said = Said.of(reply)
                asked = slow_down(reply, said, now=self._clock())
                if reply.status_code == 429:
                    seconds = asked or backoff(tries - 1)
                    waited += seconds
                    if waited <= MOST_PATIENCE_SECONDS:
                        tries = min(tries, MOST_TRIES - 1)
                        self._wait("the limit of requests is reached", seconds)
                        continue
                    raise PostHogError(f"{urlsplit(url).path}: still over the limit of requests after {waited / 60:.0f} minutes")
                if said.code in HEAVY or (reply.status_code == 504 and url.endswith("/query/")):
                    raise TooHeavy(f"{urlsplit(url).path}: {self._plain(said.words)}")
                if reply.status_code < 500:
                    raise self._refused(url, reply.status_code, said)
                problem, seconds = f"status {reply.status_code}: {self._plain(said.words)}", asked or backoff(tries - 1)
            if tries >= MOST_TRIES:
                raise (PostHogError if problem.startswith("status ") else Unreachable)(
                    f"{self.host} did not answer in {MOST_TRIES} tries: {problem}. Run it again later: it goes on where it stopped."
                )
            self._wait(problem, seconds)

    def _signed(self, asked: requests.PreparedRequest) -> requests.PreparedRequest:
        asked.headers["Authorization"] = f"Bearer {self._key}"
        return asked

    def _set_clock(self, reply: requests.Response) -> None:
        with contextlib.suppress(TypeError, ValueError):  # no date, or none that can be read: our own clock is as good
            there = parsedate_to_datetime(reply.headers["Date"]) if "Date" in reply.headers else None
            self._ahead = dt.timedelta() if there is None else self._clock() - there

    def _led(self, reply: requests.Response) -> requests.Response:
        """Follow where an answer leads, without the key."""
        import requests

        reply.close()
        url = urljoin(reply.url, reply.headers.get("Location", ""))
        parts = urlsplit(url)
        if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
            raise PostHogError(f"{self.host} sends its file from {parts.scheme}://{parts.hostname}, which is not encrypted")
        found = requests.get(
            url, headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}, stream=True, auth=lambda asked: asked,
            timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
        )  # fmt: skip
        if found.status_code != 200:
            with found:
                raise Broken(f"status {found.status_code} from {parts.hostname}")
        return found

    def _here(self, url: str) -> str:
        """Give the address of a next page, which must be of this host: the key goes nowhere else."""
        full, ours = urlsplit(urljoin(self.host, url)), urlsplit(self.host)
        if full.netloc != ours.netloc:
            raise PostHogError(f"the next page of {self.host} is at {full.netloc}: the key goes to no other host. Give that as host=")
        return full._replace(scheme=ours.scheme).geturl()

    def _refused(self, url: str, status: int, said: Said) -> PostHogError:
        path, words = urlsplit(url).path, self._plain(said.words)
        if status == 401:
            return KeyRefused(
                f"{self.host} does not take the key {masked(self._key)}: {words} A personal API key begins with phx_ and belongs to one region "
                "(us or eu): make one in PostHog's settings, or give the other host."
            )
        if status == 403:
            scope = SCOPE.search(said.words)
            what = f"the key lacks the scope {scope[1]}: add it to the key in PostHog's settings" if scope else "the key may not do this"
            return KeyRefused(f"{path}: {what}. {self.host} said: {words}")
        if status == 404:
            return NotThere(f"{path}: {self.host} has no such thing: is the project's id right, and the host its region's?")
        return PostHogError(f"{path}: status {status}: {words}")

    def _wait(self, why: str, seconds: float) -> None:
        self._on_wait(why, seconds)
        self._sleep(seconds)

    def _plain(self, text: str) -> str:
        return text.replace(self._key, masked(self._key)).strip()[:MOST_SAID]


class Broken(Exception):
    """A file that came, but not as it was sent."""


@dataclass(frozen=True)
class Said:
    """What an error of PostHog's says: its code and its words."""

    code: str
    words: str

    @classmethod
    def of(cls, reply: requests.Response) -> Said:
        """Read it, whatever it is, also where it breaks off."""
        import requests

        try:
            text = limited(reply, most=1 << 20).decode("utf-8", "replace")
        except requests.RequestException as error:
            return cls("", f"the error's words did not come whole ({type(error).__name__})")
        try:
            body = json.loads(text)
        except ValueError:
            return cls("", " ".join(text.split())[:MOST_SAID])
        if not isinstance(body, dict):
            return cls("", text[:MOST_SAID])
        return cls(str(body.get("code") or ""), str(body.get("detail") or body.get("error") or text))


def long_waits(say: Callable[[str], Any]) -> Callable[[str, float], Any]:
    """Give what tells about waits that somebody would notice, for `on_wait`."""
    return lambda why, seconds: say(f"waiting {seconds:,.0f} s: {why}") if seconds >= SECONDS_NOTICED else None


def checked_key(key: str) -> str:
    """Give a personal API key.

    Raises
    ------
    SpecError
        When it is something else: a project's token, or nothing.
    """
    text = str(key).strip()
    if text.startswith("phc_"):
        raise SpecError(
            "this is a project's token (phc_...), with which events are sent. To read a project make a personal API key (phx_...)"
        )
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise SpecError("this is no personal API key: one begins with phx_, and has no blanks")
    return text


def backoff(attempt: int) -> float:
    """Say how many seconds to wait after a failed attempt; 0 is the first.

    Examples
    --------
    >>> [backoff(n) for n in (0, 1, 2, 9)]
    [1.0, 2.0, 4.0, 60.0]
    """
    return min(2.0 ** min(attempt, 10), LONGEST_WAIT_SECONDS)


def slow_down(reply: requests.Response, said: Said, *, now: dt.datetime) -> float | None:
    """Say how many seconds a host asks to be left alone: by its header, or in its words."""
    asked = retry_after_seconds(reply.headers.get("Retry-After"), now=now)
    in_words = SECONDS_IN_WORDS.search(said.words)
    return asked if asked is not None else float(in_words[1]) if in_words else None


def limited(reply: requests.Response, *, most: int = MOST_ANSWER_BYTES) -> bytes:
    """Read an answer, up to a limit."""
    parts, size = [], 0
    for part in reply.iter_content(1 << 20):
        size += len(part)
        if size > most:
            raise PostHogError(f"{urlsplit(reply.url).path}: an answer of more than {most >> 20:,} MB is not read")
        parts.append(part)
    return b"".join(parts)


def written(reply: requests.Response, path: Path, progress: Callable[[int], Any]) -> None:
    """Write an answer to a file, and check it.

    Raises
    ------
    Broken
        When it isn't what was sent.
    """
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    with path.open("wb") as file:
        for part in reply.iter_content(1 << 20):
            file.write(part)
            sha256.update(part)
            md5.update(part)
            size += len(part)
            progress(len(part))
    expected = reply.headers.get("Content-Length")
    if expected is not None and expected.isdigit() and int(expected) != size:
        raise Broken(f"{size:,} bytes of {int(expected):,} came")
    sums = {
        "x-amz-checksum-sha256": base64.b64encode(sha256.digest()).decode(),
        "Content-MD5": base64.b64encode(md5.digest()).decode(),
        "ETag": f'"{md5.hexdigest()}"',
    }
    encrypted = reply.headers.get("x-amz-server-side-encryption", "AES256") != "AES256" or any(
        "customer" in name.lower() for name in reply.headers
    )
    for name, found in sums.items():
        told = reply.headers.get(name)
        if name == "ETag" and (encrypted or not re.fullmatch(r'"[0-9a-f]{32}"', told or "")):
            continue  # what it is then, only the storage knows
        if told and told != found and not PARTS.search(told):
            raise Broken(f"the checksum {name} is wrong")
