"""What is said on one side is heard on the other."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.engine import (
    CallDelta,
    Chunk,
    Format,
    Message,
    Prompt,
    Sampling,
    TokenLogprob,
    Tool,
    ToolCall,
    ToolChoice,
    TopLogprob,
    Usage,
)
from models.errors import EngineError
from models.load import Device, Load
from models.wire.codec import (
    chunk_of_bytes,
    chunk_to_bytes,
    error_of_bytes,
    error_to_bytes,
    load_of_bytes,
    load_to_bytes,
    prompt_of_bytes,
    prompt_to_bytes,
)
from tests.models.error_examples import EXAMPLES

TEXT = st.text(max_size=12)
COUNT = st.integers(0, 2**31)
NUMBER = st.floats(allow_nan=False)
SCHEMA: Any = st.recursive(
    st.none() | st.booleans() | COUNT | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
OBJECT = st.dictionaries(TEXT, SCHEMA, max_size=3)
MESSAGE = st.builds(
    Message,
    st.sampled_from(["system", "user", "assistant", "tool"]),
    TEXT,
    st.lists(st.builds(ToolCall, TEXT, TEXT, TEXT), max_size=2).map(tuple),
    st.none() | TEXT,
    st.none() | TEXT,
)
PROMPT = st.builds(
    Prompt,
    TEXT,
    TEXT,
    TEXT
    | st.lists(MESSAGE, min_size=1, max_size=3).map(tuple)
    | st.lists(COUNT, min_size=1, max_size=5).map(tuple),
    st.builds(
        Sampling,
        NUMBER,
        NUMBER,
        st.none() | COUNT,
        st.lists(TEXT, max_size=2).map(tuple),
        st.none() | COUNT,
        logit_bias=st.dictionaries(COUNT, NUMBER, max_size=2),
        top_logprobs=st.none() | COUNT,
    ),
    st.builds(Format, st.just("json_schema"), st.none() | OBJECT),
    st.lists(st.builds(Tool, TEXT, TEXT, OBJECT), max_size=2).map(tuple),
    st.builds(ToolChoice, st.sampled_from(["none", "auto", "required"]), st.none() | TEXT),
    COUNT,
    st.none() | NUMBER,
    st.booleans(),
    TEXT,
    st.booleans(),
)
TOP = st.builds(TopLogprob, TEXT, st.binary(max_size=4), NUMBER)
CHUNK = st.builds(
    Chunk,
    TEXT,
    COUNT,
    st.lists(
        st.builds(
            TokenLogprob, TEXT, st.binary(max_size=4), NUMBER, st.lists(TOP, max_size=2).map(tuple)
        ),
        max_size=2,
    ).map(tuple),
    st.lists(st.builds(CallDelta, COUNT, TEXT, st.none() | TEXT, st.none() | TEXT)).map(tuple),
    st.sampled_from([None, "stop", "length", "tool_calls"]),
    st.none() | st.builds(Usage, COUNT, COUNT, COUNT),
    reasoning=TEXT,
)


@given(PROMPT)
def test_prompts_arrive_as_they_were(prompt: Prompt) -> None:
    assert prompt_of_bytes(prompt_to_bytes(prompt)) == prompt


@given(CHUNK)
def test_chunks_arrive_as_they_were(chunk: Chunk) -> None:
    assert chunk_of_bytes(chunk_to_bytes(chunk)) == chunk


def test_a_load_arrives_as_it_was() -> None:
    load = Load(1, 2, 3, 4, 5, 6.0, 7.0, 8, 9, 10.5, Device(lost=True, why="gone"), 4, 512, "less")
    assert load_of_bytes(load_to_bytes(load)) == load


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_errors_arrive_as_they_were(error: EngineError) -> None:
    found = error_of_bytes(error_to_bytes(error))
    assert type(found) is type(error)
    assert found.args == error.args
    assert vars(found) == vars(error)
