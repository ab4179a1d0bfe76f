"""OpenAI's own Python client: only `base_url` and `api_key` are changed."""

import json
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import openai
import pytest
from pydantic import BaseModel

MESSAGES: Any = [{"role": "user", "content": "Say something short."}]
TOOL: Any = {
    "type": "function",
    "function": {
        "name": "look_up",
        "parameters": {"type": "object", "properties": {}, "additionalProperties": False},
    },
}
NAMED: Any = {"type": "function", "function": {"name": "look_up"}}


@pytest.fixture
async def client(appliance: Any) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        base_url=appliance.base_url, api_key=appliance.key, max_retries=0
    ) as client:
        yield client


@pytest.fixture
def model(appliance: Any) -> str:
    return str(appliance.model)


def strict(answer: BaseModel) -> None:
    """`answer` has the types that the client declares: the client itself does not check."""
    type(answer).model_validate_json(answer.model_dump_json(), strict=True)


async def test_a_chat_is_answered(client: openai.AsyncOpenAI, model: str) -> None:
    answer = await client.chat.completions.create(model=model, messages=MESSAGES, max_tokens=8)
    strict(answer)
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].message.content
    assert answer.usage is not None
    assert answer._request_id is not None
    assert answer._request_id.startswith("req_")


async def test_who_asks_for_progress_reads_the_same_stream(
    client: openai.AsyncOpenAI, model: str
) -> None:
    stream = await client.chat.completions.create(
        model=model,
        messages=MESSAGES,
        max_tokens=8,
        stream=True,
        extra_headers={"x-hearth-progress": "1"},
    )
    chunks = [chunk async for chunk in stream]
    for chunk in chunks:
        strict(chunk)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


async def test_the_client_without_asyncio_works_too(appliance: Any) -> None:
    with openai.OpenAI(base_url=appliance.base_url, api_key=appliance.key) as client:
        answer = client.completions.create(model=appliance.model, prompt="Once", max_tokens=4)
    strict(answer)


async def test_a_chat_is_streamed_with_its_usage(client: openai.AsyncOpenAI, model: str) -> None:
    stream = await client.chat.completions.create(
        model=model,
        messages=MESSAGES,
        max_tokens=8,
        stream=True,
        stream_options={"include_usage": True},
    )
    *chunks, last = [chunk async for chunk in stream]
    for chunk in (*chunks, last):
        strict(chunk)
    assert last.choices == []
    assert last.usage is not None
    assert "".join(c.choices[0].delta.content or "" for c in chunks)
    assert chunks[-1].choices[0].finish_reason in ("stop", "length")


async def test_the_stream_helper_puts_the_chunks_together(
    client: openai.AsyncOpenAI, model: str
) -> None:
    # The helper refuses answers that were cut off, so this one ends at its first blank.
    async with client.chat.completions.stream(
        model=model, messages=MESSAGES, stop=[" ", "\n"], max_tokens=64
    ) as stream:
        kinds = {event.type async for event in stream}
        answer = await stream.get_final_completion()
    assert {"chunk", "content.delta", "content.done"} <= kinds
    assert answer.choices[0].message.content


async def test_several_choices_come_back(client: openai.AsyncOpenAI, model: str) -> None:
    answer = await client.chat.completions.create(
        model=model, messages=MESSAGES, n=2, seed=1, max_tokens=4
    )
    assert [choice.index for choice in answer.choices] == [0, 1]


async def test_a_named_tool_is_called_whole_and_streamed(
    client: openai.AsyncOpenAI, model: str
) -> None:
    asked: Any = {"model": model, "messages": MESSAGES, "parallel_tool_calls": False}
    whole = await client.chat.completions.create(**asked, tools=[TOOL], tool_choice=NAMED)
    async with client.chat.completions.stream(**asked, tools=[TOOL], tool_choice=NAMED) as stream:
        streamed = await stream.get_final_completion()
    for answer in (whole, streamed):
        assert answer.choices[0].message.tool_calls
        called = answer.choices[0].message.tool_calls[0]
        assert called.type == "function"
        assert called.function.name == "look_up"
        assert isinstance(json.loads(called.function.arguments), dict)


async def test_an_answer_can_be_sent_back_with_a_tools_result(
    client: openai.AsyncOpenAI, model: str
) -> None:
    first = await client.chat.completions.create(
        model=model, messages=MESSAGES, tools=[TOOL], tool_choice=NAMED, max_tokens=64
    )
    message: Any = first.choices[0].message
    result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "It is 42."}
    turns: Any = [*MESSAGES, message, result]
    second = await client.chat.completions.create(
        model=model, messages=turns, tools=[TOOL], max_tokens=8
    )
    assert second.choices[0].finish_reason


async def test_legacy_completions_are_answered_and_streamed(
    client: openai.AsyncOpenAI, model: str
) -> None:
    answer = await client.completions.create(model=model, prompt=["One", "Two"], max_tokens=4)
    strict(answer)
    assert len(answer.choices) == 2
    stream = await client.completions.create(model=model, prompt="One", max_tokens=4, stream=True)
    assert "".join([chunk.choices[0].text async for chunk in stream])


async def test_embeddings_are_the_same_in_both_encodings(
    client: openai.AsyncOpenAI, appliance: Any
) -> None:
    asked: Any = {"model": appliance.embedding_model, "input": ["one", "two"]}
    packed = await client.embeddings.create(**asked)  # the client asks for base64 by itself
    plain = await client.embeddings.create(**asked, encoding_format="float")
    for one, other in zip(packed.data, plain.data, strict=True):
        assert np.allclose(one.embedding, other.embedding, atol=1e-6)
        assert np.linalg.norm(one.embedding) == pytest.approx(1.0, abs=1e-3)


async def test_models_are_listed_and_found(client: openai.AsyncOpenAI, model: str) -> None:
    listed = [one.id async for one in client.models.list()]
    assert model in listed
    found = await client.models.retrieve(model)
    strict(found)
    assert found.id == model


async def test_refusals_are_the_clients_own_error_classes(
    client: openai.AsyncOpenAI, appliance: Any
) -> None:
    asked: Any = {"model": appliance.model, "messages": MESSAGES}
    with pytest.raises(openai.BadRequestError) as refused:
        await client.chat.completions.create(**asked, temperature=2.0, top_p=7)
    assert (refused.value.code, refused.value.param) == ("decimal_above_max_value", "top_p")
    with pytest.raises(openai.NotFoundError):
        await client.chat.completions.create(**{**asked, "model": "no-such-model"})
    stranger = client.with_options(api_key="wrong")
    with pytest.raises(openai.AuthenticationError):
        await stranger.models.list()
