"""More than the engine can do: herds, storms, floods, readers that do not read."""

import asyncio
import json
import socket
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

from models.engine import ChunkStream, Prompt
from models.scripted import Script

URL = "/v1/chat/completions"
BODY = {"model": "echo", "messages": [{"role": "user", "content": "a b c"}], "max_tokens": 8}
LONG = {**BODY, "max_tokens": 1_000, "stream": True}
SLOTS = 32  # of a tier, unless it says otherwise


async def timed(client: httpx.AsyncClient, **headers: str) -> tuple[httpx.Response, float]:
    began = time.monotonic()
    response = await client.post(URL, json=BODY, headers=headers)
    return response, time.monotonic() - began


async def full(api: Any, client: httpx.AsyncClient, count: int = SLOTS) -> list[asyncio.Task[Any]]:
    """`count` requests under way, as many of them as there are places with the engine."""
    asking = [asyncio.create_task(timed(client)) for _ in range(count)]
    async with asyncio.timeout(20):
        while api.engine.running < SLOTS:
            await asyncio.sleep(0.005)
    return asking


async def end(asking: list[asyncio.Task[Any]]) -> None:
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)


async def test_a_herd_is_served_or_refused_at_once_with_times_that_differ(make_api: Any) -> None:
    api = make_api(Script(first_token_delay=0.3), admission={"waiting": 50})
    async with api.client() as client:
        answers = await asyncio.gather(*(timed(client) for _ in range(500)))
        assert (await timed(client))[0].status_code == 200
    statuses = Counter(response.status_code for response, _ in answers)
    assert statuses == {200: SLOTS + 50, 429: 500 - SLOTS - 50}
    refused = [response for response, _ in answers if response.status_code == 429]
    assert len({response.headers["retry-after"] for response in refused}) > 3
    assert len(api.engine.prompts) == SLOTS + 50 + 1
    assert api.engine.running == 0


async def test_a_full_house_refuses_within_a_tenth_of_a_second(make_api: Any) -> None:
    api = make_api(Script(first_token_delay=30), admission={"waiting": 0})
    async with api.client() as client:
        busy = await full(api, client)
        refused = [await timed(client) for _ in range(200)]
        await end(busy)
    assert {response.status_code for response, _ in refused} == {429}
    assert sorted(seconds for _, seconds in refused)[197] < 0.1


async def test_clients_that_retry_at_once_do_not_multiply_what_a_broken_engine_gets(
    make_api: Any,
) -> None:
    api = make_api(Script(fail_after=0), retry={"spare": 0, "backoff": 0})
    async with api.client() as client:

        async def stubborn() -> set[int]:
            return {(await timed(client))[0].status_code for _ in range(4)}

        seen = await asyncio.gather(*(stubborn() for _ in range(50)))
    assert set.union(*seen) == {502}
    assert 200 <= len(api.engine.prompts) <= 1.1 * 200


async def test_a_key_that_floods_does_not_delay_another(make_api: Any) -> None:
    api = make_api(Script(first_token_delay=0.1))
    quiet = f"Bearer {api.house.keys.create('quiet')[1]}"
    async with api.client() as client:
        flood = await full(api, client, 10 * SLOTS)
        other = await asyncio.gather(*(timed(client, authorization=quiet) for _ in range(SLOTS)))
        before = sum(task.done() for task in flood)
        answers = await asyncio.gather(*flood)
    assert {response.status_code for response, _ in (*other, *answers)} == {200}
    assert before <= len(flood) / 2


async def test_who_waits_until_its_deadline_is_refused_and_the_engine_never_asked(
    make_api: Any,
) -> None:
    api = make_api(Script(first_token_delay=30), admission={"patience": 0.1})
    async with api.client() as client:
        busy = await full(api, client)
        late = await asyncio.gather(*(timed(client) for _ in range(20)))
        await end(busy)
    assert {response.status_code for response, _ in late} == {503}
    assert {response.json()["error"]["code"] for response, _ in late} == {"deadline_exceeded"}
    assert all(int(response.headers["retry-after"]) >= 1 for response, _ in late)
    assert len(api.engine.prompts) == SLOTS


async def test_a_reader_that_does_not_read_holds_little_and_disturbs_nobody(
    make_api: Any, serve_on_socket: Any
) -> None:
    api = make_api(Script(words=("x" * 10_000,) * 1_000, token_delay=0.001))
    generate, made = api.engine.generate, Counter[str]()

    async def counted(prompt: Prompt) -> ChunkStream:
        async for chunk in generate(prompt):
            made[prompt.tenant] += len(chunk.text)
            yield chunk

    api.engine.generate = counted
    async with serve_on_socket(api) as port:
        loop, content = asyncio.get_running_loop(), json.dumps(LONG).encode()
        head = f"POST {URL} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        head += f"Authorization: Bearer {api.key}\r\nContent-Length: {len(content)}\r\n\r\n"
        with socket.socket() as still:
            still.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            still.setblocking(False)
            await loop.sock_connect(still, ("127.0.0.1", port))
            await loop.sock_sendall(still, head.encode() + content)
            held = await settled(made)
            headers = {**api.headers, "host": "localhost"}
            async with httpx.AsyncClient(headers=headers, verify=False) as client:
                answer = await client.post(f"http://localhost:{port}{URL}", json=BODY)
    assert answer.status_code == 200
    assert held < 256 * 1024 + kernel_buffers()


async def settled(made: Counter[str]) -> int:
    """How much has been made once nothing more is."""
    before = -1
    async with asyncio.timeout(10):
        while before != (before := made.total()) or not before:
            await asyncio.sleep(0.2)
    return before


def kernel_buffers() -> int:
    """The most bytes that Linux keeps of a connection between both of its ends."""
    return int(Path("/proc/sys/net/ipv4/tcp_wmem").read_text().split()[2]) + 65536
