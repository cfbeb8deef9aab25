"""LZ-string's compressToBase64, read back with a bound: what posthog-js of long ago sent.

Source: the format as pieroxy's lz-string describes it: LZ78 over UTF-16 code units, written as bits into base64.
"""

from __future__ import annotations

from collections.abc import Iterator

ALPHABET = {c: i for i, c in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")}
BITS = 6
CHARACTER_8, CHARACTER_16, END = 0, 1, 2


class Bits:
    """Reads bits from base64, the highest of each letter first; numbers have their lowest bit first."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def number(self, count: int) -> int:
        """Read a number of `count` bits."""
        value = 0
        for i in range(count):
            place, bit = divmod(self.at, BITS)
            if place >= len(self.text):
                raise ValueError("it ends too early")
            value |= (ALPHABET[self.text[place]] >> BITS - 1 - bit & 1) << i
            self.at += 1
        return value


class TooMuch(ValueError):
    """What was compressed is more than was allowed."""


def decompress(text: str, *, most: int) -> bytes:
    """Give the UTF-8 of what was compressed.

    Parameters
    ----------
    most
        How many bytes it may have.

    Raises
    ------
    ValueError
        When the text is none of LZ-string's; TooMuch where it holds more.

    Examples
    --------
    >>> decompress("BYUwNmD2Q===", most=100)
    b'hello'
    """
    bare = text.strip().rstrip("=").replace(" ", "+")
    if any(c not in ALPHABET for c in bare):
        raise ValueError("it holds other letters than base64's")
    units = "".join(entries(Bits(bare), most))
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def entries(bits: Bits, most: int) -> Iterator[str]:
    """Give the texts that make up what was compressed."""
    known: list[str] = ["", "", ""]
    width, room = 3, 4
    first = bits.number(2)
    if first == END:
        return
    entry = chr(bits.number(16 if first == CHARACTER_16 else 8))
    known.append(entry)
    yield entry
    last, size = entry, len(entry)
    while True:
        code = bits.number(width)
        if code == END:
            return
        if code in (CHARACTER_8, CHARACTER_16):
            known.append(chr(bits.number(16 if code == CHARACTER_16 else 8)))
            code = len(known) - 1
            room -= 1
            if room == 0:
                room, width = 1 << width, width + 1
        if code < len(known):
            entry = known[code]
        elif code == len(known):
            entry = last + last[0]
        else:
            raise ValueError("it refers to a text that it hasn't had")
        yield entry
        size += len(entry)
        if size > most:
            raise TooMuch(f"it holds more than {most:,} bytes")
        known.append(last + entry[0])
        room -= 1
        last = entry
        if room == 0:
            room, width = 1 << width, width + 1
