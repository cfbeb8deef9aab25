"""The capture API as an ASGI app: what PostHog's and Segment's clients call. Everything else it answers is in `replies`.

An event is acknowledged when it is on the disk. Nothing a client sends is executed, rendered or waited for without end.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import functools
import itertools
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from evkit.capture import autocapture, inflate, message, multipart, noticed, quick, replies, segment, v1, wire
from evkit.capture.forwarding import FORWARDED
from evkit.capture.inflate import Refused
from evkit.capture.store import Store
from evkit.errors import CaptureError, StoreError

BODY_SECONDS = 30.0
"""How long a client may take to send a body."""
MOST_RECORDED = 25 << 20
"""Bytes of a recording's body."""
LARGE = 256 << 10
"""Bodies of more bytes are read in a thread, so that others needn't wait."""
LARGE_PACKED = 8 << 10
"""So are those of more than this that aren't plain JSON: what they hold may be a thousand times as large."""
SEEN = 16
MANY = 500
"""Events that are written out at once; more in a thread."""
MOST_READ = 2
"""So many bodies are read in threads at a time: one may cost ten times its size in memory."""
MOST_TOLD = 100
"""Warnings of one request that are kept."""
LONGEST_PATH = 200
"""Characters of a script's name."""
RETRY_SECONDS = 5
EVENTS = ("/e", "/capture", "/track", "/i/v0/e", "/batch", "/engage", "/i/v0/ai/batch")
PAGE_POLICY = "default-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'"
"""What the playground's page may load: nothing from elsewhere."""
SCRIPT_NAME = re.compile(r"^[\w.-]+(/[\w.-]+)*\.js(\.map)?$")
HOST = re.compile(r"^[\w.-]+(:\d{1,5})?$|^\[[0-9a-fA-F:]+\](:\d{1,5})?$")
Clock = Callable[[], dt.datetime]
Told = tuple[str, str, str | None, str | None]
"""A warning: kind, words, event, distinct_id."""
Endpoint = Callable[[Request], Awaitable[Response]]
T = TypeVar("T")


def create_app(
    store: Store, *, now: Clock | None = None, tokens: str | Collection[str] | None = None, posthog_js: str | Path | None = None
) -> Starlette:
    """Make the app that takes events into a store.

    Parameters
    ----------
    store
        Where events are kept. The app doesn't close it.
    now
        The clock of receipts, with a zone; the present when None.
    tokens
        The project tokens that are taken (a text is one); others get 401. None takes every well-formed one.
    posthog_js
        A folder of posthog-js (`array.js` and its parts) that is served instead of evkit's own script.

    Raises
    ------
    CaptureError
        When a token could never be met, or there is no posthog-js.
    """
    collector = Collector(store, now or (lambda: dt.datetime.now(dt.UTC)), wire.checked_tokens(tokens), posthog_js)
    return Starlette(routes=collector.routes(), exception_handlers={HTTPException: on_http_error, Exception: on_error})


class Collector:
    """The endpoints, and what they share."""

    def __init__(self, store: Store, now: Clock, tokens: tuple[str, ...] | None, posthog_js: str | Path | None) -> None:
        self.store = store
        self.now = now
        self.told = False
        self.reading = asyncio.Semaphore(MOST_READ)
        self.tokens = tokens
        self.scripts = Path(posthog_js).resolve() if posthog_js is not None else None
        if self.scripts is not None and not (self.scripts / "array.js").is_file():
            raise CaptureError(f"{str(posthog_js)!r} has no array.js: give the folder `dist` of the npm package posthog-js")

    def routes(self) -> list[Route]:
        """Give every route, with and without a slash at its end."""
        made: list[tuple[str, Endpoint, list[str]]] = [
            *((path, self.events, ["GET", "POST", "OPTIONS"]) for path in EVENTS),
            ("/i/v1/analytics/events", self.version_1, ["POST", "OPTIONS"]),
            ("/i/v0/ai", self.ai, ["POST", "OPTIONS"]),
            ("/s", self.recordings, ["GET", "POST", "OPTIONS"]),
            ("/v1/{call:str}", self.segment, ["POST", "OPTIONS"]),
            ("/flags", self.flags, ["GET", "POST", "OPTIONS"]),
            ("/decide", self.decide, ["GET", "POST", "OPTIONS"]),
            ("/i/v1/logs", self.nothing, ["POST", "OPTIONS"]),
            ("/i/v1/metrics", self.nothing, ["POST", "OPTIONS"]),
            ("/array/{token:str}/config", self.config, ["GET", "OPTIONS"]),
            ("/array/{token:str}/config.js", self.config_script, ["GET", "OPTIONS"]),
            ("/array/{token:str}/array.js", self.script, ["GET", "OPTIONS"]),
            ("/playground", self.playground, ["GET"]),
            ("/playground/{page:path}", self.playground, ["GET"]),
            ("/static/{name:path}", self.script, ["GET", "OPTIONS"]),
            *((path, self.empty(name), ["GET", "OPTIONS"]) for path, name in EMPTY.items()),
            *((path, self.health, ["GET"]) for path in ("/", "/_readiness", "/_liveness")),
        ]
        often = [(path + "/", self.events, ["GET", "POST", "OPTIONS"]) for path in EVENTS]  # first: routes are tried one after the other
        slashed = [
            (path + "/", endpoint, methods) for path, endpoint, methods in made if path != "/" and "." not in path and ":path" not in path
        ]
        return [Route(path, self.answered(endpoint), methods=methods) for path, endpoint, methods in (*often, *made, *slashed)]

    # ------------------------------------------------------------------ events
    async def events(self, request: Request) -> Response:
        """Take events, in every shape that SDKs send: a usual batch the short way, everything else the long way."""
        body = await body_of(request, wire.MOST_BYTES)
        now = self.now()
        sent: dict[str, Any] = {"query": request.query_params, "headers": request.headers, "now": now, "ip": address(request)}
        found = await self.read(body, lambda: events_of(body, path=request.url.path, **sent))
        token, pass_on = self.known(found.token), self.may_pass_on(request)
        if isinstance(found, quick.Batch):
            await asyncio.wrap_future(self.store.submit_lines(found.count, found.lines, now, pass_on=pass_on))
        else:
            await self.keep(found.events, token=token, now=now, pass_on=pass_on)
            odd = noticed.warnings((*found.events, *found.others))
            await self.tell(await self.read(body, lambda: list(itertools.islice(odd, MOST_TOLD))), now)
        return taken(request)

    async def version_1(self, request: Request) -> Response:
        """Take events by version 1 of the API, with an answer for each."""
        try:
            body = await body_of(request, wire.MOST_BYTES)
            now, ip = self.now(), address(request)
            found = await self.read(body, lambda: v1.received(body, headers=request.headers, now=now, ip=ip, tokens=self.tokens))
            await self.keep(found.events, token=found.token, now=now)
        except CaptureError as error:
            made = await self.refused(error)
            return Response(v1.error_body(error, made.status_code), status_code=made.status_code, media_type="application/json")
        dropped: list[Told] = [("dropped", f"{r['details']}: {key}", None, None) for key, r in found.results.items() if r["result"] != "ok"]
        await self.tell(dropped[:MOST_TOLD], now)
        return JSONResponse({"results": found.results})

    async def ai(self, request: Request) -> Response:
        """Take one event of a language model, its large parts beside it in a multipart body."""
        body = await body_of(request, wire.MOST_BYTES)
        now, headers = self.now(), request.headers
        said = headers.get("authorization", "").partition(" ")[2]
        token = self.known(said) if said else ""
        item = await self.read(
            body, lambda: multipart.event_of(inflate.decoded(body, headers.get("content-encoding", "")), headers.get("content-type", ""))
        )
        token = token or self.known(wire.token_of(item))
        event = wire.event_of(item, now=now, sent_at=None, engage=False, at=0)
        kept = [] if event.event in message.UNSEEN | wire.NOT_EVENTS else [wire.with_ip(event, address(request))]
        await self.keep(kept, token=token, now=now)
        return taken(request)

    async def segment(self, request: Request) -> Response:
        """Take calls of Segment's clients."""
        call = request.path_params["call"]
        if call != "batch" and call not in segment.CALLS:
            return PlainTextResponse("not found", status_code=404)
        body = await body_of(request, wire.MOST_BYTES)
        encoding = request.headers.get("content-encoding", "")
        said = await self.read(body, lambda: wire.parsed(inflate.decoded(body, encoding)))
        token = self.known(segment.token_of(request.headers.get("authorization", ""), said if isinstance(said, Mapping) else {}))
        items, sent_at = segment.items_of(said, call, token)
        now, ip = self.now(), address(request)
        clock = message.parse_time(sent_at) if isinstance(sent_at, str) else None
        events = [wire.with_ip(wire.event_of(item, now=now, sent_at=clock, engage=False, at=i), ip) for i, item in enumerate(items)]
        await self.keep(events, token=token, now=now)
        await self.tell(list(itertools.islice(noticed.warnings(events), MOST_TOLD)), now)
        return JSONResponse({"success": True})

    async def recordings(self, request: Request) -> Response:
        """Take a recording's body, check it, and keep nothing of it: this is no server of replays."""
        body = await body_of(request, MOST_RECORDED)
        said = await self.read(body, lambda: wire.parsed(wire.text_of(body, query=request.query_params, headers=request.headers)))
        batch, token, _ = wire.unpacked(said, engage=False)
        self.known(token)
        for i, item in enumerate(batch):
            wire.check_recording(item, i)
        return taken(request)

    async def read(self, body: bytes, reader: Callable[[], T]) -> T:
        """Read a body: a small one at once, others in a thread, a few at a time, so that nobody waits for it and memory has a bound."""
        plain = body[:SEEN].lstrip()[:1] in (b"{", b"[")
        if len(body) <= (LARGE if plain else LARGE_PACKED):
            return reader()
        async with self.reading:
            return await asyncio.to_thread(reader)

    def may_pass_on(self, request: Request) -> bool:
        """Say whether a request's events go on to where this collector passes them; not where another passed them on to it."""
        if FORWARDED not in request.headers:
            return True
        if self.store.on_durable is not None and not self.told:
            self.told = True
            words = f"events come that another collector passed on ({FORWARDED}): they are kept, and not passed on once more"
            self.store.warn("not_passed_on", words, at=self.now())
            self.store.say(words)
        return False

    async def keep(self, events: list[message.Event], *, token: str, now: dt.datetime, pass_on: bool = True) -> None:
        """Wait until events are on the disk; many are written out in a thread."""
        submit = functools.partial(self.store.submit, events, received_at=now, token=token, pass_on=pass_on)
        written = submit() if len(events) <= MANY else await asyncio.to_thread(submit)
        await asyncio.wrap_future(written)

    async def tell(self, told: Sequence[Told], now: dt.datetime) -> None:
        """Keep warnings, each the words of `Store.warn`."""
        if told:
            await asyncio.to_thread(self.keep_warnings, told, now)

    def keep_warnings(self, told: Sequence[Told], now: dt.datetime) -> None:
        """Keep warnings."""
        for words in told:
            self.store.warn(*words, at=now)

    def known(self, token: str) -> str:
        """Give a token bare, where it is one that is taken.

        Raises
        ------
        Refused
            With status 401.
        """
        wire.check_token(token)
        if self.tokens is not None and token.strip() not in self.tokens:
            raise Refused("this token is not one that this collector takes", 401)
        return token.strip()

    async def refused(self, error: CaptureError) -> Response:
        """Answer a request that is refused, and keep a warning."""
        status = getattr(error, "status", 400)
        words: Told = ("too_large" if status == 413 else "refused", f"{status}: {error}", error.event, error.distinct_id)
        await self.tell([words], self.now())
        return PlainTextResponse(str(error), status_code=status)

    def answered(self, endpoint: Endpoint) -> Endpoint:
        """Give an endpoint that says what was wrong with a request or with the store, and lets browsers of other pages read its answer."""

        async def with_headers(request: Request) -> Response:
            try:
                made = JSONResponse({"status": "Ok"}) if request.method == "OPTIONS" else await endpoint(request)
            except CaptureError as error:
                made = await self.refused(error)
            except StoreError as error:
                made = PlainTextResponse(str(error), status_code=503, headers={"retry-after": str(RETRY_SECONDS)})
            made.headers.update(shared_with(request))
            return made

        return with_headers

    # ------------------------------------------------------------------ what SDKs ask for
    async def flags(self, request: Request) -> Response:
        """Say that there are no flags."""
        with contextlib.suppress(CaptureError):  # whatever was asked, the answer is the same
            await body_of(request, wire.MOST_BYTES)
        return JSONResponse(replies.flags(int(self.now().timestamp() * 1000)))

    async def decide(self, request: Request) -> Response:
        """Give the config and no flags, as old SDKs ask for it."""
        token = ""
        with contextlib.suppress(CaptureError):  # the token is only echoed
            body = await body_of(request, wire.MOST_BYTES)
            said = await self.read(body, lambda: wire.parsed(wire.text_of(body, query=request.query_params, headers=request.headers)))
            token = wire.token_of(said) if isinstance(said, Mapping) else ""
        return JSONResponse(replies.decide(token, request.query_params.get("v", "")))

    async def config(self, request: Request) -> Response:
        """Give the remote config."""
        return JSONResponse(replies.remote_config(request.path_params["token"]))

    async def config_script(self, request: Request) -> Response:
        """Give the remote config as a script."""
        return Response(replies.config_script(request.path_params["token"]), media_type="text/javascript")

    async def script(self, request: Request) -> Response:
        """Give the browser script: evkit's own, or files of the posthog-js that the user has; nothing outside its folder."""
        name = request.path_params.get("name", "array.js")
        if self.scripts is None:
            if name != "array.js":
                return PlainTextResponse("not found", status_code=404)
            source = resources.files("evkit.capture").joinpath("autocapture.js").read_bytes()
            return Response(source, media_type="text/javascript", headers={"cache-control": "no-cache"})
        for wanted in (name, name.rpartition("/")[2]):  # newer SDKs ask with their version as a folder
            if not SCRIPT_NAME.match(wanted) or len(wanted) > LONGEST_PATH:
                continue
            path = (self.scripts / wanted).resolve()
            if path.is_relative_to(self.scripts) and path.is_file():
                return Response(
                    await asyncio.to_thread(path.read_bytes), media_type="text/javascript", headers={"cache-control": "no-cache"}
                )
        return PlainTextResponse("not found", status_code=404)

    def empty(self, name: str) -> Endpoint:
        """Give an endpoint of a list that is empty here."""

        async def nothing_of(request: Request) -> Response:
            return JSONResponse({name: []})

        return nothing_of

    async def nothing(self, request: Request) -> Response:
        """Take what is not kept."""
        with contextlib.suppress(CaptureError):  # it isn't kept, whatever it is
            await body_of(request, wire.MOST_BYTES)
        return JSONResponse({})

    async def playground(self, request: Request) -> Response:
        """Give the page whose clicks are captured by this collector, under the token that is asked for, else one that it takes."""
        token = request.query_params.get("token") or (self.tokens or (autocapture.TOKEN,))[0]
        made = autocapture.page(f"{request.url.scheme}://{own_host(request)}", self.known(token))
        return HTMLResponse(made, headers={"content-security-policy": PAGE_POLICY})

    async def health(self, request: Request) -> Response:
        """Say that the collector runs."""
        return PlainTextResponse("capture")


EMPTY = {
    "/api/surveys": "surveys",
    "/api/early_access_features": "earlyAccessFeatures",
    "/api/web_experiments": "experiments",
    "/api/product_tours": "product_tours",
}
"""Path -> the name of the list."""


# ---------------------------------------------------------------------- requests
def events_of(body: bytes, *, path: str, **sent: Any) -> quick.Batch | wire.Received:
    """Read events: a usual batch the short way, everything else the long way; gzip is undone once.

    Raises
    ------
    Refused
        As `wire.received`.
    """
    packed = inflate.is_gzip(body)
    text = inflate.gunzipped(body) if packed else body
    return quick.batch_of(text, **sent) or wire.received(text, path=path, gunzipped=packed, **sent)


async def body_of(request: Request, most: int) -> bytes:
    """Read a body, within its bounds of bytes and seconds.

    Raises
    ------
    Refused
        413 for one that is too large, 408 for one that takes too long, 400 for one that breaks off.
    """
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said[:19]) > most:
        raise Refused(f"a body of {said[:19]} bytes: the most are {most:,}", 413)
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise Refused(f"a body of more than {most:,} bytes", 413)
                parts.append(part)
    except TimeoutError:
        raise Refused(f"the body was not there after {BODY_SECONDS:.0f} seconds", 408) from None
    except ClientDisconnect:
        raise Refused("the client went before its body was there") from None
    return b"".join(parts)


def own_host(request: Request) -> str:
    """Give the host and port that a request was sent to, as the server knows them where the header says something else."""
    said = request.headers.get("host", "")
    server = request.scope.get("server") or ("127.0.0.1", 80)
    return said if HOST.match(said) else f"{server[0]}:{server[1]}"


def address(request: Request) -> str:
    """Give who sent a request: the first of X-Forwarded-For, else the peer; "" where nothing says."""
    forwarded = request.headers.get("x-forwarded-for", "").partition(",")[0].strip()[:64]
    return forwarded or (request.client.host if request.client else "")


# ---------------------------------------------------------------------- answers
def taken(request: Request) -> Response:
    """Say that all is well; a beacon waits for no words."""
    return Response(status_code=204) if request.query_params.get("beacon") == "1" else JSONResponse({"status": "Ok"})


def shared_with(request: Request) -> dict[str, str]:
    """Give the headers of an answer that pages of every origin may read."""
    origin = request.headers.get("origin")
    if not origin:
        return {}
    found = {"access-control-allow-origin": origin, "access-control-allow-credentials": "true", "vary": "Origin"}
    if request.method == "OPTIONS":
        asked = request.headers.get("access-control-request-headers", "")
        found |= {
            "access-control-allow-methods": "GET, POST, OPTIONS",
            "access-control-allow-headers": asked,
            "access-control-max-age": "600",
        }
    return found


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer a path that isn't there, or a method that isn't taken."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    return PlainTextResponse("not found" if status == 404 else "method not allowed", status_code=status, headers=shared_with(request))


async def on_error(request: Request, error: Exception) -> Response:
    """Answer what we didn't foresee."""
    return PlainTextResponse("internal error", status_code=500, headers=shared_with(request))
