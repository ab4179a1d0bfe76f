"""Traces of a whole API, at a recording receiver."""

import asyncio
from typing import Any

from tests.serve.otlp_receiver import attributes, receiving

SAID = "canary-in-a-prompt"


async def test_a_chat_is_traced_without_a_word_of_it(make_api: Any) -> None:
    async with asyncio.timeout(30), receiving() as receiver:
        api = make_api(tracing={"endpoint": f"http://127.0.0.1:{receiver.port}"})
        async with api.client() as client:
            body = {"model": "echo", "messages": [{"role": "user", "content": SAID}]}
            answer = await client.post("/v1/chat/completions", json=body)
            await client.get("/health/live")
            await client.get("/nothing/" + SAID)
            await api.house.traces.close()
            metrics = (await client.get("/metrics")).text
    whole = next(span for span in receiver.spans if span.name == "chat echo")
    found = attributes(whole)
    assert found["hearth.request_id"] == answer.headers["x-request-id"]
    assert found["gen_ai.usage.output_tokens"] == answer.json()["usage"]["completion_tokens"]
    parts = {span.name for span in receiver.spans if span.parent_span_id == whole.span_id}
    assert {"authenticate", "read", "route", "generate", "attempt small"} <= parts
    inside = [span for span in receiver.spans if span.parent_span_id == whole.span_id]
    assert all(whole.start_time_unix_nano <= span.start_time_unix_nano for span in inside)
    assert all(span.end_time_unix_nano <= whole.end_time_unix_nano + 1000 for span in inside)
    assert not any(span.name.startswith("/health") for span in receiver.spans)
    sent = b"".join(receiver.bodies)
    assert SAID.encode() not in sent
    assert api.key.encode() not in sent
    [line] = [line for line in metrics.splitlines() if line.startswith("hearth_spans_total")]
    assert line == f'hearth_spans_total{{outcome="sent"}} {len(receiver.spans)}.0'


async def test_without_an_endpoint_nothing_is_traced(api: Any) -> None:
    async with api.client() as client:
        assert (await client.get("/v1/models")).status_code == 200
    assert api.house.traces is None
