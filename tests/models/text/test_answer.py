"""Tokens become chunks: thoughts apart, stop strings in the answer only, usage at the end."""

from models.engine import Chunk, merge
from models.text.answer import Answer, Progress
from models.text.thinking import Thinking

TOKENS = ["<think>", "stop", " here?", "</", "think>\n", "Yes", ", st", "op", " now"]


def answered(thinking: Thinking, stop: tuple[str, ...] = (), step: int = 1) -> Chunk:
    answer = Answer(5, stop, lambda token: TOKENS[token].encode(), thinking)
    chunks = []
    for start in range(0, len(TOKENS), step):
        tokens = tuple(range(start, min(start + step, len(TOKENS))))
        last = tokens[-1] == len(TOKENS) - 1
        chunks.append(answer.chunk(Progress(tokens, finish="length" if last else None)))
        if chunks[-1].finish_reason:
            break
    return merge(chunks)


def test_thoughts_are_no_part_of_the_text() -> None:
    for step in (1, 2, 9):
        got = answered("maybe", step=step)
        assert (got.reasoning, got.text) == ("stop here?", "Yes, stop now")
        assert (got.finish_reason, got.tokens) == ("length", len(TOKENS))
        assert got.usage is not None
        assert got.usage.completion_tokens == len(TOKENS)


def test_a_stop_string_ends_the_answer_but_no_thought() -> None:
    for step in (1, 3, 9):
        got = answered("maybe", ("stop",), step)
        assert (got.reasoning, got.text, got.finish_reason) == ("stop here?", "Yes, ", "stop")
        assert got.tokens == 8


def test_without_thinking_the_tags_are_text() -> None:
    got = answered("never")
    assert (got.reasoning, got.text) == ("", "".join(TOKENS))


def test_what_was_held_back_as_a_tag_may_hold_a_stop_string() -> None:
    answer = Answer(1, ("<th",), lambda token: b" <th", "maybe")
    last = answer.chunk(Progress((0,), finish="length"))
    assert (last.text, last.finish_reason) == (" ", "stop")
