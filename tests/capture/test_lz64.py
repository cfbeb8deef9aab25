"""LZ-string, read back."""

from __future__ import annotations

import pytest

from evkit.capture import lz64

FOX = "CoCwpgBAjgrglgYwNYQEYCcD2B3AdhAM0wA8JRJZEUMd8jTzp5k0s9CSzwmrXaOG3Sixrt6XCs2ps6nRsOn9x8qXzFyhq0bMGTe2gRJ4iZhlftPLNFpRr0nbu44vVOFanUfcGr9l5/MHVy8tS04gA==="


@pytest.mark.parametrize(
    ("text", "packed"),
    [
        ("hello", "BYUwNmD2Q==="),
        ("", "Q==="),
        ("aaaaaaaaaa", "IY1o"),
        ("\u03e5\U0001f4bb", "qfAl4NzdO0A="),
        ("The quick brown fox " * 20, FOX),
    ],
)
def test_what_the_library_of_the_browser_packed_is_read(text: str, packed: str) -> None:
    """The right column is what lz-string 1.5's compressToBase64 gives for the left."""
    assert lz64.decompress(packed, most=1_000).decode() == text


def test_odd_text_is_refused_and_nothing_grows_without_bound() -> None:
    for wrong in ("?", "BYUwNm", "zzzzzzzz"):
        with pytest.raises(ValueError, match="it "):
            lz64.decompress(wrong, most=1_000)
    with pytest.raises(ValueError, match="more than 4 bytes"):
        lz64.decompress("BYUwNmD2Q===", most=4)
