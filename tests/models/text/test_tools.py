"""Calls are found in a stream however it is cut, and what is no call stays text."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.engine import Chunk, ChunkStream, Message, Prompt, TokenLogprob, Tool, Usage, merge
from models.text.tools import parse_calls

PROMPT = Prompt("r", "t", (Message("user", "?"),), tools=(Tool("f", "", {}), Tool("f_2", "", {})))
CALL = '<tool_call>{"name": "f", "arguments": {"a": [1, "}\\"]"]}}</tool_call>'
ARGUMENTS = '{"a": [1, "}\\"]"]}'


async def stream(pieces: Sequence[str], reason: str = "stop") -> ChunkStream:
    for i, piece in enumerate(pieces):
        last = i == len(pieces) - 1
        usage = Usage(3, len(pieces)) if last else None
        yield Chunk(piece, 1, finish_reason=reason if last else None, usage=usage)


async def parsed(*pieces: str, reason: str = "stop") -> Chunk:
    return merge([chunk async for chunk in parse_calls(stream(pieces, reason), PROMPT)])


def without_ids(chunk: Chunk) -> Chunk:
    return replace(chunk, calls=tuple(replace(c, id=c.id and "id") for c in chunk.calls))


async def test_text_without_calls_is_left_alone() -> None:
    assert await parsed("Hello", " <b>world</b>") == Chunk(
        "Hello <b>world</b>", 2, finish_reason="stop", usage=Usage(3, 2)
    )


async def test_a_call_becomes_a_delta_and_the_reason() -> None:
    got = await parsed(CALL)
    assert got.text == ""
    assert got.finish_reason == "tool_calls"
    [call] = got.calls
    assert (call.index, call.name, call.arguments) == (0, "f", ARGUMENTS)
    assert call.id is not None
    assert call.id.startswith("call_")


async def test_text_before_a_call_stays_text_and_space_around_calls_goes() -> None:
    got = await parsed(f"Let me see. {CALL}\n{CALL.replace('f', 'f_2', 1)}\n")
    assert got.text == "Let me see. "
    assert [call.index for call in got.calls] == [0, 1]
    assert len({call.id for call in got.calls}) == 2


async def test_white_space_between_the_parts_is_allowed() -> None:
    got = await parsed('<tool_call>\n{ "name" : "f" , "arguments" : {} }\n</tool_call>')
    assert [(c.name, c.arguments) for c in got.calls] == [("f", "{}")]


async def test_the_name_comes_before_the_arguments_and_they_come_in_pieces() -> None:
    pieces = ['<tool_call>{"name": "f", "arguments": {', '"a": ', "1}", "}</tool_call>"]
    got = [c async for c in parse_calls(stream(pieces), PROMPT)]
    assert [[(call.name, call.arguments) for call in chunk.calls] for chunk in got] == [
        [("f", "{")],
        [(None, '"a": ')],
        [(None, "1}")],
        [],
    ]


async def test_text_is_held_back_only_while_it_may_be_the_start_of_a_call() -> None:
    pieces = ["a <", "b <tool", "x", " <tool_call", "ing"]
    got = [c async for c in parse_calls(stream(pieces), PROMPT)]
    assert [c.text for c in got] == ["a ", "<b ", "<toolx", " ", "<tool_calling"]


@pytest.mark.parametrize(
    "text",
    [
        "<tool_call>",
        "<tool_call>not json</tool_call>",
        '<tool_call>{"name": "unknown", "arguments": {}}</tool_call>',
        '<tool_call>{"name": "f", "arguments": []}</tool_call>',
        '<tool_call>{"arguments": {}, "name": "f"}</tool_call>',
        '<tool_call>{"name": "f"',
        "<tool_call><tool_call>",
    ],
)
async def test_a_malformed_call_comes_back_as_text(text: str) -> None:
    got = await parsed(text)
    assert (got.text, got.calls, got.finish_reason) == (text, (), "stop")


async def test_a_call_after_a_malformed_one_is_found() -> None:
    got = await parsed("<tool_call>oops" + CALL)
    assert got.text == "<tool_call>oops"
    assert len(got.calls) == 1


async def test_text_after_a_call_is_text() -> None:
    got = await parsed(CALL + " Done.")
    assert (got.text, len(got.calls)) == (" Done.", 1)


async def test_a_call_cut_off_by_the_length_keeps_that_reason() -> None:
    got = await parsed(CALL[:-25], reason="length")
    assert got.finish_reason == "length"
    assert ARGUMENTS.startswith(got.calls[0].arguments)


async def test_a_stop_inside_the_arguments_is_no_finished_call() -> None:
    assert (await parsed(CALL[:-25])).finish_reason == "stop"


async def test_counts_and_logprobs_pass_through_unchanged() -> None:
    logprob = TokenLogprob("<", b"<", -0.5)

    async def chunks() -> ChunkStream:
        yield Chunk("<", 1, (logprob,))
        yield Chunk("", 2, (logprob, logprob), finish_reason="stop", usage=Usage(1, 3, 1))

    got = [c async for c in parse_calls(chunks(), PROMPT)]
    assert [(c.text, c.tokens, len(c.logprobs)) for c in got] == [("", 1, 1), ("<", 2, 2)]
    assert got[-1].usage == Usage(1, 3, 1)


async def test_closing_the_stream_closes_the_engines() -> None:
    closed = []

    async def chunks() -> ChunkStream:
        try:
            yield Chunk("a")
            yield Chunk("b")
        finally:
            closed.append(True)

    calls = parse_calls(chunks(), PROMPT)
    await anext(calls)
    await calls.aclose()
    assert closed


SCRAPS = [
    CALL,
    "<tool_call>",
    "</tool_call>",
    '{"name": "f", ',
    '"arguments": {',
    '"\\\\',
    "}",
    "}}",
    " \n",
    "<tool",
    "é",
    '"',
]
answers = st.lists(st.sampled_from(SCRAPS) | st.text(max_size=3), max_size=8).map("".join)


@given(
    answer=answers, cuts=st.lists(st.integers(0, 200)), reason=st.sampled_from(["stop", "length"])
)
async def test_how_the_text_is_cut_makes_no_difference(answer, cuts, reason) -> None:
    edges = [0, *sorted(min(cut, len(answer)) for cut in cuts), len(answer)]
    pieces = [answer[a:b] for a, b in pairwise(edges)]
    whole = without_ids(await parsed(answer, reason=reason))
    cut = without_ids(await parsed(*pieces, reason=reason))
    assert (cut.text, cut.calls, cut.finish_reason) == (
        whole.text,
        whole.calls,
        whole.finish_reason,
    )
    letters = without_ids(await parsed(*answer or [""], reason=reason))
    assert (letters.text, letters.calls) == (whole.text, whole.calls)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(arguments=st.dictionaries(st.text(), json_values), before=st.text(alphabet="ab <\n"))
async def test_every_json_object_survives_as_arguments(arguments, before) -> None:
    written = json.dumps(arguments)
    call = f'{before}<tool_call>{{"name": "f_2", "arguments": {written}}}</tool_call>'
    got = await parsed(*call)
    assert got.text == before
    assert [c.arguments for c in got.calls] == [written]
