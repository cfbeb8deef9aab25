"""The capture API as an ASGI app: what PostHog's and Segment's clients call. Everything else it answers is in `replies`.

An event is acknowledged when it is on the disk. Nothing a client sends is executed, rendered or waited for without end.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import functools
import itertools
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from email.parser import BytesParser
from email.policy import HTTP
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from evkit.capture import autocapture, inflate, message, noticed, quick, replies, segment, v1, wire
from evkit.capture.inflate import Refused
from evkit.capture.store import Store
from evkit.errors import CaptureError, StoreError

BODY_SECONDS = 30.0
"""How long a client may take to send a body."""
MOST_RECORDED = 25 << 20
"""Bytes of a recording's body."""
LARGE = 256 << 10
"""Bodies of more bytes are read in a thread, so that others needn't wait."""
SMALL_PACKED = 8 << 10
"""So are compressed ones of more than this: they may be a thousand times as large."""
MANY = 500
"""Events that are written out at once; more in a thread."""
MOST_READ = 2
"""So many bodies are read in threads at a time: one may cost ten times its size in memory."""
MOST_TOLD = 100
"""Warnings of one request that are kept."""
MOST_PARTS = 100
"""Parts of a multipart body."""
LONGEST_PATH = 200
"""Characters of a script's name."""
RETRY_SECONDS = 5
SESSION = 100
"""Characters of a session id."""
EVENTS = ("/e", "/capture", "/track", "/i/v0/e", "/batch", "/engage", "/i/v0/ai/batch")
PAGE_POLICY = "default-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'"
"""What the playground's page may load: nothing from elsewhere."""
SCRIPT_NAME = re.compile(r"^[\w.-]+(/[\w.-]+)*\.js(\.map)?$")
HOST = re.compile(r"^[\w.-]+(:\d{1,5})?$|^\[[0-9a-fA-F:]+\](:\d{1,5})?$")
Clock = Callable[[], dt.datetime]
T = TypeVar("T")


def create_app(
    store: Store, *, now: Clock | None = None, tokens: Collection[str] | None = None, posthog_js: str | Path | None = None
) -> Starlette:
    """Make the app that takes events into a store.

    Parameters
    ----------
    store
        Where events are kept. The app doesn't close it.
    now
        The clock of receipts, with a zone; the present when None.
    tokens
        The project tokens that are taken; others get 401. None takes every well-formed one.
    posthog_js
        A folder of posthog-js (`array.js` and its parts) that is served instead of evkit's own script.
    """
    collector = Collector(store, now or (lambda: dt.datetime.now(dt.UTC)), frozenset(tokens) if tokens is not None else None, posthog_js)
    return Starlette(routes=collector.routes(), exception_handlers={HTTPException: on_http_error, Exception: on_error})


class Collector:
    """The endpoints, and what they share."""

    def __init__(self, store: Store, now: Clock, tokens: frozenset[str] | None, posthog_js: str | Path | None) -> None:
        self.store = store
        self.now = now
        self.reading = asyncio.Semaphore(MOST_READ)
        self.tokens = tokens
        self.scripts = Path(posthog_js).resolve() if posthog_js is not None else None
        if self.scripts is not None and not (self.scripts / "array.js").is_file():
            raise CaptureError(f"{str(posthog_js)!r} has no array.js: give the folder `dist` of the npm package posthog-js")

    def routes(self) -> list[Route]:
        """Give every route, with and without a slash at its end."""
        made: list[tuple[str, Callable[[Request], Awaitable[Response]], list[str]]] = [
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
        return [Route(path, answered(endpoint), methods=methods) for path, endpoint, methods in (*often, *made, *slashed)]

    # ------------------------------------------------------------------ events
    async def events(self, request: Request) -> Response:
        """Take events, in every shape that SDKs send."""
        try:
            body = await body_of(request, wire.MOST_BYTES)
            now = self.now()
            sent: dict[str, Any] = {"query": request.query_params, "headers": request.headers, "now": now, "ip": address(request)}
            usual = await self.read(body, lambda: quick.batch_of(body, **sent))
            if usual is not None:
                self.check(usual.token)
                await asyncio.wrap_future(self.store.submit_lines(usual.count, usual.lines, now))
                return taken(request)
            found = await self.read(body, lambda: wire.received(body, path=request.url.path, **sent))
            self.check(found.token)
            await self.keep(found.events, token=found.token, now=now)
        except CaptureError as error:
            return self.refused(error)
        told = list(itertools.islice(noticed.warnings((*found.events, *found.others)), MOST_TOLD))
        if told:
            await asyncio.to_thread(self.tell, told, now)
        return taken(request)

    async def read(self, body: bytes, reader: Callable[[], T]) -> T:
        """Read a body: a small one at once, others in a thread, a few at a time, so that nobody waits for it and memory has a bound."""
        if len(body) <= LARGE and not (inflate.is_gzip(body) and len(body) > SMALL_PACKED):
            return reader()
        async with self.reading:
            return await asyncio.to_thread(reader)

    def tell(self, told: list[noticed.Warning], now: dt.datetime) -> None:
        """Keep warnings."""
        for warning in told:
            self.store.warn(*warning, at=now)

    async def keep(self, events: list[message.Event], *, token: str, now: dt.datetime) -> None:
        """Wait until events are on the disk; many are written out in a thread."""
        submit = functools.partial(self.store.submit, events, received_at=now, token=token)
        written = submit() if len(events) <= MANY else await asyncio.to_thread(submit)
        await asyncio.wrap_future(written)

    def check(self, token: str) -> None:
        """Raise for a token that isn't taken.

        Raises
        ------
        Refused
            With status 401.
        """
        if self.tokens is not None and token not in self.tokens:
            raise Refused("this token is not one that this collector takes", 401)

    def refused(self, error: CaptureError) -> Response:
        """Answer a request that is refused, and keep a warning."""
        status = 413 if isinstance(error, message.EventTooLarge) else getattr(error, "status", 400)
        self.store.warn("too_large" if status == 413 else "refused", f"{status}: {error}", at=self.now())
        return PlainTextResponse(str(error), status_code=status)

    async def version_1(self, request: Request) -> Response:
        """Take events by version 1 of the API, with an answer for each."""
        try:
            body = await body_of(request, wire.MOST_BYTES)
            now = self.now()
            ip = address(request)
            found = await self.read(body, lambda: v1.received(body, headers=request.headers, now=now, ip=ip, tokens=self.tokens))
            await self.keep(found.events, token=found.token, now=now)
        except CaptureError as error:
            made = self.refused(error)
            tag = getattr(
                error,
                "tag",
                "payload_too_large"
                if made.status_code == 413
                else "request_timeout"
                if made.status_code == 408
                else "request_parsing_error",
            )
            return Response(v1.error_body(tag, str(error)), status_code=made.status_code, media_type="application/json")
        for key, result in found.results.items():
            if result["result"] != "ok":
                self.store.warn("dropped", f"{result['details']}: {key}", at=now)
        return JSONResponse({"results": found.results})

    async def ai(self, request: Request) -> Response:
        """Take one event of a language model, its large parts beside it in a multipart body."""
        try:
            body = await body_of(request, wire.MOST_BYTES)
            now, headers = self.now(), request.headers
            said = headers.get("authorization", "").partition(" ")[2]
            if said:
                self.check(said.strip())
            item = await self.read(
                body, lambda: from_parts(inflate.decoded(body, headers.get("content-encoding", "")), headers.get("content-type", ""))
            )
            token = said or wire.token_of(item)
            wire.check_token(token)
            self.check(token.strip())
            event = wire.event_of(item, now=now, sent_at=None, engage=False, at=0)
            kept = [] if event.event in message.UNSEEN | wire.NOT_EVENTS else [wire.with_ip(event, address(request) or "")]
            await self.keep(kept, token=token.strip(), now=now)
        except CaptureError as error:
            return self.refused(error)
        return JSONResponse({"status": "Ok"})

    async def segment(self, request: Request) -> Response:
        """Take calls of Segment's clients."""
        call = request.path_params["call"]
        if call != "batch" and call not in segment.CALLS:
            return PlainTextResponse("not found", status_code=404)
        try:
            body = await body_of(request, wire.MOST_BYTES)
            encoding = request.headers.get("content-encoding", "")
            said = await self.read(body, lambda: wire.parsed(inflate.decoded(body, encoding)))
            token = segment.token_of(request.headers.get("authorization", ""), said if isinstance(said, Mapping) else {})
            wire.check_token(token)
            self.check(token.strip())
            items, sent_at = segment.items_of(said, call, token)
            now = self.now()
            clock = message.parse_time(sent_at) if isinstance(sent_at, str) else None
            ip = address(request) or ""
            events = [wire.with_ip(wire.event_of(item, now=now, sent_at=clock, engage=False, at=i), ip) for i, item in enumerate(items)]
            await self.keep(events, token=token.strip(), now=now)
        except CaptureError as error:
            return self.refused(error)
        return JSONResponse({"success": True})

    async def recordings(self, request: Request) -> Response:
        """Take a recording's body, check it, and keep nothing of it: this is no server of replays."""
        try:
            body = await body_of(request, MOST_RECORDED)
            said = await self.read(body, lambda: wire.parsed(wire.text_of(body, query=request.query_params, headers=request.headers)))
            batch, token, _ = wire.unpacked(said, engage=False)
            wire.check_token(token)
            self.check(token.strip())
            for i, item in enumerate(batch):
                check_recording(item, i)
        except CaptureError as error:
            return self.refused(error)
        return taken(request)

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

    def empty(self, name: str) -> Callable[[Request], Awaitable[Response]]:
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
        """Give the page whose clicks are captured by this collector."""
        return HTMLResponse(
            autocapture.page(f"{request.url.scheme}://{own_host(request)}"), headers={"content-security-policy": PAGE_POLICY}
        )

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


def address(request: Request) -> str | None:
    """Give who sent a request: the first of X-Forwarded-For, else the peer."""
    forwarded = request.headers.get("x-forwarded-for", "").partition(",")[0].strip()
    return (forwarded[:64] if forwarded else None) or (request.client.host if request.client else None)


def from_parts(body: bytes, content_type: str) -> dict[str, Any]:
    """Give the event of a multipart body: the part `event`, with `event.properties` and each `event.properties.<name>` put into it.

    Raises
    ------
    Refused
        When the body is none.
    """
    if not content_type.lower().startswith("multipart/form-data"):
        said = wire.parsed(body)
        if not isinstance(said, dict):
            raise Refused("a body is an event, or multipart/form-data with a part named event")
        return said
    if body.count(b"\r\n--") > MOST_PARTS:
        raise Refused(f"a multipart body of more than {MOST_PARTS} parts")
    parsed: Any = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n" + body)
    parts = {part.get_param("name", header="content-disposition"): part for part in parsed.iter_parts()} if parsed.is_multipart() else {}
    if "event" not in parts:
        raise Refused("a multipart body without a part named event")
    content: dict[str, bytes] = {str(name): part.get_payload(decode=True) or b"" for name, part in parts.items() if name}
    event = wire.parsed(content["event"])
    if not isinstance(event, dict):
        raise Refused("the part event is no object")
    properties = dict(event.get("properties") or {}) if isinstance(event.get("properties") or {}, dict) else {}
    for name, data in content.items():
        if name == "event.properties":
            said = wire.parsed(data)
            properties |= said if isinstance(said, dict) else {}
        elif name.startswith("event.properties."):
            try:
                properties[name.removeprefix("event.properties.")] = json.loads(data)
            except (ValueError, RecursionError):
                properties[name.removeprefix("event.properties.")] = data.decode("utf-8", "replace")
    return {**event, "properties": properties}


def check_recording(item: Mapping[str, Any], at: int) -> None:
    """Raise for what is no piece of a recording.

    Raises
    ------
    Refused
        Says what it lacks.
    """
    properties = item.get("properties")
    said = properties if isinstance(properties, Mapping) else {}
    session = said.get("$session_id")
    if not isinstance(session, str) or not session or len(session) > SESSION:
        raise Refused(f"event {at}: $session_id is {session!r:.100}: a text of at most {SESSION} characters")
    if said.get("$snapshot_data") is None:
        raise Refused(f"event {at} has no $snapshot_data")


# ---------------------------------------------------------------------- answers
def taken(request: Request) -> Response:
    """Say that all is well; a beacon waits for no words."""
    return Response(status_code=204) if request.query_params.get("beacon") == "1" else JSONResponse({"status": "Ok"})


def answered(endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Give an endpoint that lets browsers of other pages read its answer, and says what went wrong with the store."""

    async def with_headers(request: Request) -> Response:
        if request.method == "OPTIONS":
            made: Response = JSONResponse({"status": "Ok"})
        else:
            try:
                made = await endpoint(request)
            except StoreError as error:
                made = PlainTextResponse(str(error), status_code=503, headers={"retry-after": str(RETRY_SECONDS)})
        made.headers.update(shared_with(request))
        return made

    return with_headers


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


@contextlib.asynccontextmanager
async def closing_with_app(store: Store) -> AsyncIterator[None]:
    """Close a store when its app ends."""
    try:
        yield
    finally:
        await asyncio.to_thread(store.close)
