import json
from typing import Any

import httpx

from models.engine import Chunk, TokenLogprob, TopLogprob, Usage
from serve.api.completions import CompletionEncoder
from serve.api.generation import Head

URL = "/v1/completions"


async def ask(client: httpx.AsyncClient, **fields: Any) -> Any:
    response = await client.post(URL, json={"model": "echo", **fields})
    assert response.status_code == 200, response.text
    return response.json()


async def test_an_answer_has_exactly_openais_fields(client: httpx.AsyncClient) -> None:
    answer = await ask(client, prompt="one two")
    assert answer["id"].startswith("cmpl-")
    assert answer["object"] == "text_completion"
    assert answer["choices"] == [
        {"text": "one two", "index": 0, "logprobs": None, "finish_reason": "stop"}
    ]
    assert set(answer) == {
        *("id", "object", "created", "model", "choices", "usage", "system_fingerprint")
    }


async def test_every_prompt_of_a_list_is_answered_in_order(client: httpx.AsyncClient) -> None:
    answer = await ask(client, prompt=["a b", "c"], n=2)
    assert [(c["index"], c["text"]) for c in answer["choices"]] == [
        (0, "a b"),
        (1, "a b"),
        (2, "c"),
        (3, "c"),
    ]
    usage = answer["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (3, 6)


async def test_token_ids_reach_the_engine_as_they_are(client: httpx.AsyncClient, api: Any) -> None:
    await ask(client, prompt=[1, 2, 3])
    await ask(client, prompt=[[4], [5, 6]])
    assert [prompt.input for prompt in api.engine.prompts] == [(1, 2, 3), (4,), (5, 6)]


async def test_sixteen_tokens_are_the_default(client: httpx.AsyncClient) -> None:
    answer = await ask(client, prompt=" ".join("abcdefghijklmnopqrstuvwxyz"))
    assert answer["usage"]["completion_tokens"] == 16
    assert answer["choices"][0]["finish_reason"] == "length"


async def test_a_stream_ends_with_reason_usage_and_done(client: httpx.AsyncClient) -> None:
    asked = {
        **{"model": "echo", "prompt": "one two", "stream": True},
        "stream_options": {"include_usage": True},
    }
    *lines, done, end = (await client.post(URL, json=asked)).text.split("\n\n")
    assert (done, end) == ("data: [DONE]", "")
    *chunks, usage = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert "".join(c["choices"][0]["text"] for c in chunks) == "one two"
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert all(c["usage"] is None and c["object"] == "text_completion" for c in chunks)
    assert (usage["choices"], usage["usage"]["total_tokens"]) == ([], 4)


def test_logprobs_have_openais_completions_shape_with_running_offsets() -> None:
    encoder = CompletionEncoder(Head("a", 1, "echo", "fp"), include_usage=False)
    first = Chunk("ab", 1, (TokenLogprob("ab", b"ab", -0.1, (TopLogprob("x", b"x", -3.0),)),))
    second = Chunk("c", 1, (TokenLogprob("c", b"c", -0.2),), (), "stop", Usage(1, 2))
    spelled = [
        json.loads(encoder.event(chunk).removeprefix(b"data: "))["choices"][0]["logprobs"]
        for chunk in (first, second)
    ]
    assert spelled[0] == {
        "tokens": ["ab"],
        "token_logprobs": [-0.1],
        "top_logprobs": [{"x": -3.0}],
        "text_offset": [0],
    }
    assert spelled[1]["text_offset"] == [2]
