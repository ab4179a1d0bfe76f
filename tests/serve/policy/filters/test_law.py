"""The law: for every way of cutting a text into pieces, what comes out is what comes of the whole.

The first test alone tries more than 10,000 cuts.
"""

import json
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.engine import CallDelta, Chunk, merge
from serve.policy.filters.forms import forms_of
from serve.policy.filters.json_text import JsonFilter
from serve.policy.filters.kinds import SPANS
from serve.policy.filters.masks import Blocked, Masker, Restorer, TextFilter
from serve.policy.filters.outgoing import Outgoing
from serve.policy.filters.policy import Policy
from serve.policy.filters.scanner import HELD, Found, Piece, Scanner, scan, whole
from tests.serve.policy.filters.samples import SIZES, TERMS, TEXTS, pieces

FORMS = forms_of(SPANS, TERMS)
ORIGINALS = {"<EMAIL_1>": 'quoted "@x.example', "<EMAIL_2>": "b@y.example"}
MASKING = Policy(outgoing=dict.fromkeys(SPANS, "mask"), terms=TERMS)
STOPPING = Policy(outgoing={**dict.fromkeys(SPANS, "mask"), "card": "block"}, terms=TERMS)


def said(found: Sequence[Piece]) -> list[Piece]:
    """Places in one piece each, and the text between them, too."""
    joined = list[Piece]()
    for piece in whole(found):
        if isinstance(piece, str) and joined and isinstance(joined[-1], str):
            joined[-1] += piece
        elif piece:
            joined.append(piece)
    return joined


def scanned(cut: Sequence[str]) -> list[Piece]:
    scanner = Scanner(FORMS)
    return said([p for text in cut for p in scanner.feed(text)] + scanner.feed("", final=True))


def fed(one: TextFilter, cut: Sequence[str]) -> str:
    return "".join(map(one.feed, cut)) + one.feed("", final=True)


@settings(max_examples=250, deadline=None)
@given(TEXTS)
def test_wherever_a_text_is_cut_in_two_the_same_is_found(text: str) -> None:
    expected = said(scan(text, FORMS))
    for at in range(len(text) + 1):
        assert scanned([text[:at], text[at:]]) == expected


@settings(max_examples=400, deadline=None)
@given(TEXTS, SIZES)
def test_however_a_text_is_cut_into_many_the_same_is_found(text: str, sizes: list[int]) -> None:
    expected = said(scan(text, FORMS))
    assert scanned(pieces(text, sizes)) == expected
    assert scanned(list(text)) == expected


@given(TEXTS)
def test_nothing_is_lost_between_places(text: str) -> None:
    found = scan(text, FORMS)
    assert "".join(piece if isinstance(piece, str) else piece.text for piece in found) == text


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_never_more_than_64_characters_are_held_back(text: str) -> None:
    scanner, out = Scanner(FORMS), 0
    for came, char in enumerate(text, 1):
        out += sum(len(p.text if isinstance(p, Found) else p) for p in scanner.feed(char))
        assert came - out <= HELD


@settings(max_examples=200, deadline=None)
@given(TEXTS, SIZES)
def test_masks_are_put_in_and_taken_out_the_same_way(text: str, sizes: list[int]) -> None:
    def note(kind: str, action: str) -> None:
        noted[kind, action] += 1

    noted = Counter[tuple[str, str]]()
    expected = Masker(FORMS, frozenset(), note).feed(text, final=True)
    once, noted = noted, Counter[tuple[str, str]]()
    assert fed(Masker(FORMS, frozenset(), note), pieces(text, sizes)) == expected
    assert noted == once
    restored = Restorer(ORIGINALS).feed(text, final=True)
    assert fed(Restorer(ORIGINALS), pieces(text, sizes)) == restored


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(VALUES, SIZES, st.booleans())
def test_arguments_of_calls_are_filtered_alike_and_stay_json(
    value: object, sizes: list[int], escaped: bool
) -> None:
    text = json.dumps(value, ensure_ascii=escaped)
    outgoing = JsonFilter(lambda: Masker(FORMS, frozenset(), lambda *_: None))
    expected = outgoing.feed(text, final=True)
    again = JsonFilter(lambda: Masker(FORMS, frozenset(), lambda *_: None))
    assert fed(again, pieces(text, sizes)) == expected
    json.loads(expected)


@settings(max_examples=200, deadline=None)
@given(TEXTS, SIZES)
def test_text_that_is_no_json_passes_as_it_is_cut(text: str, sizes: list[int]) -> None:
    expected = JsonFilter(lambda: Restorer(ORIGINALS)).feed(text, final=True)
    assert fed(JsonFilter(lambda: Restorer(ORIGINALS)), pieces(text, sizes)) == expected


def answer(outgoing: Outgoing, chunks: Sequence[Chunk]) -> Chunk:
    """What a reader gets of them until they end or are blocked."""
    told = list[Chunk]()
    for chunk in chunks:
        told.append(outgoing.take(chunk))
        if outgoing.blocked:
            break
    return merge(told)


@pytest.mark.parametrize("policy", [MASKING, STOPPING])
@settings(max_examples=200, deadline=None)
@given(text=TEXTS, thought=TEXTS, value=TEXTS, sizes=SIZES)
def test_whole_answers_are_the_same_however_they_come(
    policy: Policy, text: str, thought: str, value: str, sizes: list[int]
) -> None:
    arguments = json.dumps({"value": value})
    outgoing = Outgoing(policy, ORIGINALS, lambda *_: None)
    call = CallDelta(0, arguments, "call_1", "tool")
    at_once = answer(
        outgoing, [Chunk(text, reasoning=thought, calls=(call,), finish_reason="stop")]
    )
    thoughts = [Chunk(reasoning=part) for part in pieces(thought, sizes)]
    texts = [Chunk(part) for part in pieces(text, sizes)]
    cut = pieces(arguments, sizes)
    calls = [Chunk(calls=(CallDelta(0, cut[0], "call_1", "tool"),))]
    calls += [Chunk(calls=(CallDelta(0, part),)) for part in cut[1:]]
    streamed = Outgoing(policy, ORIGINALS, lambda *_: None)
    came = answer(streamed, [*thoughts, *texts, *calls, Chunk(finish_reason="stop")])
    assert (came.text, came.reasoning) == (at_once.text, at_once.reasoning)
    assert streamed.blocked == outgoing.blocked
    if not outgoing.blocked:
        assert came.calls == at_once.calls


@given(TEXTS, SIZES)
def test_a_block_comes_at_the_same_place(text: str, sizes: list[int]) -> None:
    def until(cut: Sequence[str]) -> tuple[str, str | None]:
        masker, out = Masker(FORMS, frozenset({"email", "card"}), lambda *_: None), ""
        try:
            for part, last in zip(cut, accumulate(map(len, cut)), strict=True):
                out += masker.feed(part, final=last == len(text))
        except Blocked as blocked:
            return out + blocked.said, blocked.kind
        return out, None

    if text:
        assert until(pieces(text, sizes)) == until([text])
