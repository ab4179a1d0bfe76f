"""Events become chunks, whatever dialect the upstream speaks."""

from typing import Any

import orjson
import pytest

from models.engine import CallDelta, Chunk, TokenLogprob, TopLogprob, merge
from models.errors import PromptRefused
from models.upstream.answer import AnswerReader
from models.upstream.refusals import Refusals
from models.upstream.request import Question


def reader(top_logprobs: int | None = None) -> AnswerReader:
    question = Question("chat/completions", b"", "messages", 5, top_logprobs)
    return AnswerReader(question, Refusals((), "messages"))


def read(*choices: dict[str, Any], top_logprobs: int | None = None) -> Chunk:
    answer = reader(top_logprobs)
    chunks = [answer.feed(orjson.dumps({"choices": [choice]})) for choice in choices]
    return merge([*filter(None, chunks), answer.last()])


def said(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"delta": delta, "finish_reason": finish}


def called(name: str | None = None, arguments: str = "", **fields: Any) -> dict[str, Any]:
    return said(tool_calls=[{"function": {"name": name, "arguments": arguments}, **fields}])


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_thoughts_are_no_text(field: str) -> None:
    got = read(said(**{field: "h"}), said(**{field: "m"}), said("stop", content="Yes"))
    assert (got.reasoning, got.text, got.tokens) == ("hm", "Yes", 3)


def test_a_refusal_in_words_is_the_answer() -> None:
    assert read(said(refusal="No."), said("stop")).text == "No."


def test_completions_have_text_without_a_delta() -> None:
    got = read({"text": "On", "finish_reason": None}, {"text": "ce", "finish_reason": "length"})
    assert (got.text, got.finish_reason) == ("Once", "length")


def test_a_call_comes_in_pieces_named_once() -> None:
    got = [
        called("f", id="c1", index=0),
        called(None, '{"a"', index=0),
        called("f", ": 1}", id="c1", index=0),
        called("g", "{}", id="c2", index=1),
        said("tool_calls"),
    ]
    answer = read(*got)
    assert answer.calls == (CallDelta(0, '{"a": 1}', "c1", "f"), CallDelta(1, "{}", "c2", "g"))
    assert answer.finish_reason == "tool_calls"


def test_calls_without_index_or_id_are_told_apart_all_the_same() -> None:
    answer = read(called("f", "{}", id="c1"), called("g", "{}", id="c2"), said("stop"))
    assert [call.name for call in answer.calls] == ["f", "g"]
    [call] = read(called("f", "{}"), said("stop")).calls
    assert call.id


def test_a_forced_call_ends_with_a_call_whatever_the_upstream_calls_it() -> None:
    assert read(called("f", "{}"), said("stop")).finish_reason == "tool_calls"
    assert read(said("tool_calls", content="none")).finish_reason == "stop"


def test_a_filtered_answer_is_refused() -> None:
    with pytest.raises(PromptRefused) as refused:
        read(said(content="Bo"), said("content_filter"))
    assert refused.value.code == "content_filter"


def test_log_probabilities_of_a_chat() -> None:
    told = {"token": "é", "logprob": -0.5, "bytes": [195, 169]}
    without = {"token": "a", "logprob": -1, "bytes": None, "top_logprobs": None}
    content = [{**told, "top_logprobs": [told, told]}, without]
    choice = {**said("stop", content="éa"), "logprobs": {"content": content}}
    got = read(choice, top_logprobs=1)
    assert got.tokens == 2
    assert got.logprobs == (
        TokenLogprob("é", b"\xc3\xa9", -0.5, (TopLogprob("é", b"\xc3\xa9", -0.5),)),
        TokenLogprob("a", b"a", -1.0),
    )
    assert read(choice).logprobs == ()


def test_log_probabilities_of_a_completion() -> None:
    logprobs = {
        "tokens": ["a", "b"],
        "token_logprobs": [None, -2.0],
        "top_logprobs": [None, {"b": -2.0, "c": -3.0}],
    }
    got = read({"text": "ab", "finish_reason": "stop", "logprobs": logprobs}, top_logprobs=2)
    assert got.logprobs == (
        TokenLogprob("a", b"a", 0.0),
        TokenLogprob("b", b"b", -2.0, (TopLogprob("b", b"b", -2.0), TopLogprob("c", b"c", -3.0))),
    )
