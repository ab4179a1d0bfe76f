"""Bytes to text, in whatever encoding they were written."""

import codecs
from typing import Final

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE: Final = 64 * 1024  # bytes: guessing takes as long as they are many
_UNREADABLE: Final = 0.02  # share of control characters from which on it is no text
_CONTROL: Final = dict.fromkeys([*range(9), 11, *range(14, 27), *range(28, 32), 127, 0xFFFD])


def decoded(data: bytes) -> str | None:
    """The text that `data` is, without a byte order mark; None if it is no text."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _plausible(data.decode(encoding, "replace"))
    if b"\0" in data[:_SAMPLE]:
        return _wide(data)
    try:
        return _plausible(data.decode("utf-8"))
    except UnicodeDecodeError:
        return _guessed(data)


def _wide(data: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of western text is 0."""
    sample = data[:_SAMPLE]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) < 0.3 * len(sample) / 2 or min(even, odd) > 0.02 * len(sample):
        return None
    return _plausible(data.decode("utf-16-le" if odd > even else "utf-16-be", "replace"))


def _guessed(data: bytes) -> str | None:
    if _mostly_utf8(data):
        return _plausible(data.decode("utf-8", "replace"))
    from charset_normalizer import from_bytes

    found = from_bytes(data[:_SAMPLE]).best()
    return _plausible(data.decode(found.encoding, "replace")) if found else None


def _mostly_utf8(data: bytes) -> bool:
    """Some bytes are broken, many are not: cut off, or put together from several files."""
    text = data[:_SAMPLE].decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return broken * 20 < sum(char > "\x7f" for char in text)


def _plausible(text: str) -> str | None:
    sample = text[:_SAMPLE]
    control = len(sample) - len(sample.translate(_CONTROL))
    return text if control <= _UNREADABLE * len(sample) else None
