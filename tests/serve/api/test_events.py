"""Streams that wait, break and end."""

import json
from typing import Any

import httpx
import pytest

from models.errors import EngineBusy, EngineError, EngineUnavailable, ModelRefused
from models.scripted import Script

URL = "/v1/chat/completions"
BODY = {"model": "echo", "messages": [{"role": "user", "content": "a b c"}]}
STREAM = {**BODY, "stream": True}


def refusing(api: Any, error: Exception) -> Any:
    """`api` with an engine whose every generation ends with `error` at once."""

    async def generate(prompt: object) -> Any:
        raise error
        yield

    api.engine.generate = generate
    return api


async def test_a_silent_stream_beats_until_its_first_chunk(make_api: Any) -> None:
    api = make_api(Script(first_token_delay=0.3), deadlines={"heartbeat": 0.05})
    async with api.client() as client:
        text = (await client.post(URL, json=STREAM)).text
    assert text.startswith(": heartbeat\n\n: heartbeat\n\n")
    assert text.endswith("data: [DONE]\n\n")
    assert '"content":"a"' in text


async def test_a_lively_stream_has_no_heartbeats(client: httpx.AsyncClient) -> None:
    assert "heartbeat" not in (await client.post(URL, json=STREAM)).text


@pytest.mark.parametrize("body", [BODY, STREAM], ids=["whole", "stream"])
async def test_an_error_before_the_first_chunk_keeps_its_status(make_api: Any, body: Any) -> None:
    async with make_api(Script(fail_after=0)).client() as client:
        response = await client.post(URL, json=body)
    assert response.status_code == 502
    assert response.json()["error"]["code"] == "engine_interrupted"
    assert response.headers["x-hearth-attempts"] == "3"


async def test_an_error_after_a_heartbeat_is_an_event(make_api: Any) -> None:
    script = Script(first_token_delay=0.2, fail_after=1, fail_times=3)
    async with make_api(script, deadlines={"heartbeat": 0.05}).client() as client:
        response = await client.post(URL, json=STREAM)
    assert response.status_code == 200
    *_, error, done, end = response.text.split("\n\n")
    assert json.loads(error.removeprefix("data: "))["error"]["code"] == "engine_interrupted"
    assert (done, end) == ("data: [DONE]", "")


async def test_an_error_in_the_middle_is_one_event_and_then_done(make_api: Any) -> None:
    async with make_api(Script(fail_after=2)).client() as client:
        response = await client.post(URL, json=STREAM)
    lines = response.text.split("\n\n")
    errors = [line for line in lines if '"error"' in line]
    assert response.status_code == 200
    assert len(errors) == 1
    assert lines[-3:] == [*errors, "data: [DONE]", ""]
    assert '"content":" b"' in response.text


async def test_a_whole_answer_is_retried_in_the_middle(make_api: Any) -> None:
    async with make_api(Script(fail_after=2, fail_times=2)).client() as client:
        response = await client.post(URL, json=BODY)
    assert response.status_code == 200
    assert response.headers["x-hearth-attempts"] == "3"
    assert response.json()["choices"][0]["message"]["content"] == "a b c"
    assert response.json()["usage"]["completion_tokens"] == 3


@pytest.mark.parametrize(
    ("error", "status", "code", "hints"),
    [
        (EngineBusy("full", 2.5), 503, "engine_busy", {"retry-after": "3"}),
        (EngineUnavailable("gone", 0.2), 503, "no_healthy_backend", {"retry-after": "1"}),
        (ModelRefused("altered"), 503, "model_checksum_mismatch", {"x-should-retry": "false"}),
        (EngineError("odd"), 500, "engine_error", {}),
        (RuntimeError("secret at 0xdeadbeef00"), 500, "internal_error", {}),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_an_error_says_whether_and_when_to_come_back(
    api: Any, error: Exception, status: int, code: str, hints: dict[str, str]
) -> None:
    async with refusing(api, error).client() as client:
        response = await client.post(URL, json=BODY)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    told = {name: response.headers.get(name) for name in ("retry-after", "x-should-retry")}
    assert {name: value for name, value in told.items() if value} == hints
    assert "0x" not in response.text


async def test_a_surprise_is_in_the_log_under_its_request_id(
    api: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with refusing(api, RuntimeError("what happened")).client() as client:
        response = await client.post(URL, json=BODY)
    [record] = [r for r in caplog.records if r.name == "hearth.api"]
    assert response.headers["x-request-id"] in record.getMessage()
    assert "what happened" in str(record.exc_info)


async def test_a_deadline_that_passes_is_504_and_not_worth_a_retry(make_api: Any) -> None:
    async with make_api(Script(first_token_delay=30), deadlines={"answer": 0.1}).client() as client:
        response = await client.post(URL, json=BODY)
    assert (response.status_code, response.json()["error"]["code"]) == (504, "deadline_exceeded")
    assert response.headers["x-should-retry"] == "false"
