"""More than three gateways can do or should have to: herds and storms."""

import asyncio
import json
from collections import Counter

import pytest

from tests.cluster.appliance import PLACES, WAITING, Appliance, eventually

pytestmark = pytest.mark.slow

URL = "/v1/chat/completions"
BODY = {"model": "little", "messages": [{"role": "user", "content": "?"}], "max_tokens": 20}


def head_of(appliance: Appliance, length: int) -> str:
    settings = appliance.settings
    told = {
        "host": f"{settings.host}:{settings.port}",
        "content-type": "application/json",
        "content-length": str(length),
        "connection": "close",
        **appliance.headers,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"POST {URL} HTTP/1.1\r\n{lines}\r\n"


async def raw_answer(appliance: Appliance) -> tuple[int, str]:
    """Status and head, without the work of a client that would take the server's cores."""
    content = json.dumps(BODY)
    reader, writer = await asyncio.open_connection(appliance.settings.host, appliance.settings.port)
    try:
        writer.write((head_of(appliance, len(content)) + content).encode())
        answer = await asyncio.wait_for(reader.read(), 60)
    finally:
        writer.close()
        await writer.wait_closed()
    return int(answer.split()[1]), answer.partition(b"\r\n\r\n")[0].decode().lower()


def answers(appliance: Appliance) -> bool:
    with appliance.client() as client:
        return client.post(URL, json=BODY).is_success


def test_a_herd_is_served_or_refused_and_kills_no_process(appliance: Appliance) -> None:
    assert eventually(lambda: answers(appliance), 60)
    before = [*appliance.replicas("tier-small"), *appliance.replicas("gateway")]

    async def herd() -> list[tuple[int, str]]:
        return await asyncio.gather(*(raw_answer(appliance) for _ in range(500)))

    seen = asyncio.run(herd())
    statuses = Counter(status for status, _ in seen)
    assert set(statuses) == {200, 429}
    assert statuses[200] >= PLACES + WAITING
    assert all("retry-after: " in head for status, head in seen if status != 200)
    assert [*appliance.replicas("tier-small"), *appliance.replicas("gateway")] == before


def test_a_storm_of_clients_that_retry_at_once_is_served_or_refused(appliance: Appliance) -> None:
    """That the engine has no more to do by it, tests/serve/generation/test_tiers.py tells."""
    assert eventually(lambda: answers(appliance), 60)
    seen = Counter[int]()

    async def stubborn() -> None:
        for _ in range(4):
            status, _ = await raw_answer(appliance)
            seen[status] += 1
            if status == 200:
                return

    async def storm() -> None:
        await asyncio.gather(*(stubborn() for _ in range(300)))

    asyncio.run(storm())
    assert set(seen) == {200, 429}
    assert seen[429] > seen[200] >= PLACES + WAITING
