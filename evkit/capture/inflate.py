"""Decompressing what a request holds, never further than a bound. brotli and zstandard are loaded when they are needed."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from evkit.errors import CaptureError

MOST_INFLATED = 64 << 20
"""Bytes of a body once it is decompressed."""
A_PIECE = 1 << 20
GZIP, ZLIB = zlib.MAX_WBITS | 16, zlib.MAX_WBITS


class Refused(CaptureError):
    """A request that is refused: the reason, and the status that says so."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status


def is_gzip(raw: bytes) -> bool:
    """Say whether bytes begin as gzip does."""
    return raw[:3] == b"\x1f\x8b\x08"


def whole(pieces: Iterator[bytes]) -> bytes:
    """Put pieces together, in one growing buffer: a body is never held twice, and goes back to the system when it is done with.

    Raises
    ------
    Refused
        With status 413 as soon as they are more than `MOST_INFLATED` bytes.
    """
    found = io.BytesIO()
    for piece in pieces:
        if found.tell() + len(piece) > MOST_INFLATED:
            raise Refused(f"a body of more than {MOST_INFLATED:,} bytes once decompressed: send smaller batches", 413)
        found.write(piece)
    return found.getvalue()


def gunzipped(raw: bytes) -> bytes:
    """Decompress gzip, several members too.

    Raises
    ------
    Refused
        When it is broken, or holds too much.
    """
    return whole(_zlib(raw, GZIP))


def _zlib(raw: bytes, window: int) -> Iterator[bytes]:
    left = raw
    try:
        while left:
            engine = zlib.decompressobj(window)
            while not engine.eof:
                piece = engine.decompress(left, A_PIECE)
                left = engine.unconsumed_tail
                if not piece and not left and not engine.eof:
                    raise Refused("a compressed body that ends too early")
                yield piece
            left = engine.unused_data if window == GZIP and is_gzip(engine.unused_data) else b""
    except zlib.error as error:
        raise Refused(f"a compressed body that is broken: {error}") from None


def _brotli(raw: bytes) -> Iterator[bytes]:
    import brotli

    engine = brotli.Decompressor()
    try:
        yield engine.process(raw, output_buffer_limit=A_PIECE)
        while not engine.is_finished():
            piece = engine.process(b"", output_buffer_limit=A_PIECE)
            if not piece and not engine.is_finished():
                raise Refused("a compressed body that ends too early")
            yield piece
    except brotli.error as error:
        raise Refused(f"a compressed body that is broken: {error}") from None


def _zstd(raw: bytes) -> Iterator[bytes]:
    import zstandard

    done = 0
    try:
        said = zstandard.frame_content_size(raw)  # -1 where the frame doesn't say
        with zstandard.ZstdDecompressor(max_window_size=MOST_INFLATED).stream_reader(raw, read_across_frames=True) as reader:
            while piece := reader.read(A_PIECE):
                done += len(piece)
                yield piece
        if done < said:
            raise Refused("a compressed body that ends too early")
    except zstandard.ZstdError as error:
        raise Refused(f"a compressed body that is broken: {error}") from None


ENCODINGS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "gzip": lambda raw: _zlib(raw, GZIP),
    "deflate": lambda raw: _zlib(raw, ZLIB),
    "br": _brotli,
    "zstd": _zstd,
}
"""Content-Encoding -> how it is undone."""


def decoded(raw: bytes, encoding: str) -> bytes:
    """Undo a Content-Encoding; "" and "identity" are none.

    Raises
    ------
    Refused
        With status 415 for one that isn't known.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return raw
    if name not in ENCODINGS:
        raise Refused(f"Content-Encoding {encoding!r:.40} is not read. Those that are: {', '.join(ENCODINGS)}", 415)
    found: Any = ENCODINGS[name](raw)
    return whole(found)
