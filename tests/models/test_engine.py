"""Merging chunks loses nothing, whatever was merged before."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from models.engine import CallDelta, Chunk, TokenLogprob, Usage, merge
from models.load import Load

deltas = st.builds(CallDelta, index=st.integers(0, 2), arguments=st.text(max_size=3))
chunks = st.builds(
    Chunk,
    text=st.text(max_size=4),
    tokens=st.integers(0, 3),
    logprobs=st.lists(st.builds(TokenLogprob, st.text(), st.binary(), st.floats(-9, 0))).map(tuple),
    calls=st.lists(deltas, max_size=1).map(tuple),
    reasoning=st.text(max_size=4),
)
answers = st.lists(chunks, min_size=1, max_size=6).map(
    lambda found: [*found[:-1], replace(found[-1], finish_reason="stop", usage=Usage(1, 2))]
)


@given(answer=answers)
def test_a_merged_answer_says_what_its_chunks_said(answer: list[Chunk]) -> None:
    whole = merge(answer)
    assert whole.text == "".join(chunk.text for chunk in answer)
    assert whole.reasoning == "".join(chunk.reasoning for chunk in answer)
    assert whole.tokens == sum(chunk.tokens for chunk in answer)
    assert list(whole.logprobs) == [p for chunk in answer for p in chunk.logprobs]
    assert (whole.finish_reason, whole.usage) == ("stop", Usage(1, 2))
    for index in range(3):
        said = [d.arguments for chunk in answer for d in chunk.calls if d.index == index]
        assert [d.arguments for d in whole.calls if d.index == index] == ["".join(said)][
            : len(said)
        ]


@given(answer=answers, cut=st.integers(1, 6))
def test_merging_in_two_steps_is_merging_at_once(answer: list[Chunk], cut: int) -> None:
    first, rest = answer[:cut], answer[cut:]
    assert merge([merge(first), *rest]) == merge(answer)


def test_a_call_keeps_the_id_and_name_of_its_first_piece() -> None:
    first = Chunk(calls=(CallDelta(0, "{", "call_1", "f"),))
    rest = Chunk(calls=(CallDelta(0, "}"),))
    assert merge([first, rest]).calls == (CallDelta(0, "{}", "call_1", "f"),)


def test_usage_adds_up() -> None:
    assert Usage(3, 4).total_tokens == 7


def test_the_load_of_two_replicas_is_twice_that_of_one() -> None:
    load = Load(5, 1, 4, 10, 20, 1.0, 2.0, 3, 4, 7.0, slots_useful=3)
    both = load.of_all(2)
    assert (both.running, both.slots_total, both.kv_tokens_total) == (10, 8, 40)
    assert (both.decode_rate, both.slots_useful, both.measured_at) == (4.0, 6, 7.0)
    assert load.of_all(1) is load
