"""Files made to harm end within their limits, in their own process, and with a reason."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from index.documents import Parsed
from index.errors import ParseRefused
from index.parsing.limits import ParseLimits
from index.parsing.reading import parse_bytes
from index.parsing.sandbox import Parsers
from tests.index.parsing import bombs, samples

SECONDS = 4.0


@pytest_asyncio.fixture
async def parsers() -> AsyncIterator[Parsers]:
    async with Parsers(ParseLimits(seconds=SECONDS)) as running:
        yield running


async def outcome(parsers: Parsers, folder: Path, data: bytes, name: str) -> str | list[Parsed]:
    """The code of a refusal, or the documents; within the time allowed."""
    file = folder / "file"
    await asyncio.to_thread(file.write_bytes, data)
    began = time.monotonic()
    try:
        return await parsers.parse(file, name)
    except ParseRefused as refusal:
        return refusal.code
    finally:
        assert time.monotonic() - began < SECONDS + 3


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://127.0.0.1:9/x"])
def test_xml_entities_are_refused_wherever_they_are(url: str) -> None:
    word = bombs.with_part(samples.docx(), "word/document.xml", bombs.stranger(url))
    deck = bombs.with_part(samples.pptx(), "ppt/presentation.xml", bombs.laughs())
    book = bombs.with_part(samples.xlsx(), "xl/workbook.xml", bombs.laughs())
    wide = bombs.laughs().decode().encode("utf-16")
    epub = bombs.with_part(samples.epub(), "O/b.opf", bombs.stranger(url))
    for data in (bombs.laughs(), bombs.stranger(url), wide, word, deck, book, epub):
        with pytest.raises(ParseRefused, match="declares XML entities"):
            parse_bytes(data, "a")


def test_an_e_books_pages_load_nothing() -> None:
    chapter = bombs.stranger("file:///etc/passwd").decode().replace("<x>", "<p>ours ")
    (document,) = parse_bytes(samples.epub(chapter), "a.epub")
    assert "root:" not in document.text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "codes"),
    [
        (bombs.pdf_that_doubles, {"too_slow", "too_large"}),
        (bombs.pdf_of_a_million, {"too_slow", "too_large", "no_text"}),
        (bombs.sheet_with_far_corners, {"too_large", "damaged"}),
        (lambda: samples.zipped({"a": b"0" * 300_000_000}), {"too_large"}),
        (lambda: b"*a_ " * 200_000, {"too_slow", "too_large"}),
    ],
    ids=["doubling", "million", "corners", "dense", "stars"],
)
async def test_a_bomb_is_refused_in_time(
    parsers: Parsers, tmp_path: Path, make: object, codes: set[str]
) -> None:
    assert callable(make)
    assert await outcome(parsers, tmp_path, make(), "a.md") in codes
    assert isinstance(await outcome(parsers, tmp_path, samples.TEXT, "a.txt"), list)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"<div>" * 100_000 + b"text" + b"</div>" * 100_000, "a.html"),
        (b"<p>before</p>" + b"<b><i>" * 100_000 + b"text", "a.html"),
        (b"<ul><li>" * 50_000 + b"x", "a.html"),
        (b"[" * 100_000 + b"]" * 100_000, "a.json"),
        (b'{"a":' * 900 + b"1" + b"}" * 900, "a.json"),
        (b"<a>" * 100_000 + b"x" + b"</a>" * 100_000, "a.xml"),
        (b"> " * 20_000 + b"x", "a.md"),
        (b"[" * 20_000, "a.md"),
        (b"From: a@b\nTo: c@d\n" * 50_000, "a.eml"),
        (b"x" * 2_000_000, "a.txt"),
    ],
    ids=["div", "inline", "lists", "json", "paths", "xml", "quotes", "brackets", "mail", "word"],
)
async def test_deep_and_endless_files_do_not_crash(
    parsers: Parsers, tmp_path: Path, data: bytes, name: str
) -> None:
    found = await outcome(parsers, tmp_path, data, name)
    assert isinstance(found, list) or found in {"empty", "damaged", "too_slow"}


def test_what_lies_too_deep_is_told() -> None:
    (document,) = parse_bytes(b"<p>before</p>" + b"<b><i>" * 5000 + b"text", "a.html")
    assert document.text == "before"
    assert "nested too deeply" in document.notes[0]
    for data in (b"<div>" * 5000 + b"text", b"<a>" * 5000 + b"x" + b"</a>" * 5000):
        with pytest.raises(ParseRefused, match="nested too deeply"):
            parse_bytes(data, "a")


def test_links_and_locked_files_in_archives_are_not_read() -> None:
    (document,) = parse_bytes(bombs.zip_of_links(), "a.zip")
    assert document.text == samples.SENTENCE
    assert "is a link" in document.notes[0]
    with pytest.raises(ParseRefused) as refusal:
        parse_bytes(bombs.locked_zip(), "a.zip")
    assert refusal.value.code == "encrypted"
