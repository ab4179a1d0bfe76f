"""Where sentences end."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.answers.sentences import LONGEST, spans


def cut(text: str) -> list[str]:
    return [text[a:b] for a, b in spans(text)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("It costs 3.5 million. No more.", ["It costs 3.5 million.", "No more."]),
        ("Dr. J. Smith left. He did.", ["Dr. J. Smith left.", "He did."]),
        ("See e.g. Figure 2. Then stop.", ["See e.g. Figure 2.", "Then stop."]),
        ("He said “Stop.” Then he left.", ["He said “Stop.”", "Then he left."]),
        ("A line\nthat goes on. Next", ["A line\nthat goes on.", "Next"]),
        ("A heading\n\nA text.", ["A heading", "A text."]),
        ("- one\n- two\n1. three", ["- one", "- two", "1. three"]),
        ("これは一つ。これは二つ。", ["これは一つ。", "これは二つ。"]),
        ("", []),
    ],
)
def test_sentences_are_told_apart(text: str, sentences: list[str]) -> None:
    assert cut(text) == sentences


@given(st.text(alphabet=[*"aB .!?\n\t-1。"], max_size=1500))
def test_spans_say_everything_once_and_none_is_too_long(text: str) -> None:
    found = list(spans(text))
    assert all(0 < b - a <= LONGEST for a, b in found)
    assert all(text[a:b] == text[a:b].strip() for a, b in found)
    assert all(b <= a for (_, b), (a, _) in pairwise(found))
    assert "".join("".join(cut(text)).split()) == "".join(text.split())
