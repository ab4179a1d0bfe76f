"""Asked before, in the same words, in others and nearly: over HTTP, with the real embedder."""

import httpx
import pytest

from models.scripted import Script
from tests.serve import alike
from tests.serve.api.conftest import MakeApi

MODEL = "echo"


async def asked(client: httpx.AsyncClient, text: str, stream: bool) -> httpx.Response:
    body = {"model": MODEL, "messages": [{"role": "user", "content": text}], "temperature": 0}
    response = await client.post("/v1/chat/completions", json={**body, "stream": stream})
    assert response.status_code == 200, response.text
    return response


def told(response: httpx.Response) -> tuple[str | None, ...]:
    names = ("x-hearth-cache", "x-hearth-cache-reason", "x-hearth-cache-age")
    return tuple(response.headers.get(name) for name in names)


@pytest.mark.slow
@pytest.mark.parametrize("stream", [False, True])
async def test_the_same_is_a_hit_a_paraphrase_too_and_a_near_miss_none(
    make_api: MakeApi, stream: bool
) -> None:
    clock = alike.Clock()
    api = make_api(Script(), helpers=alike.helpers(clock), **alike.SETTINGS | {"embedder": {}})
    async with api.client() as client:
        assert told(await asked(client, alike.ASKED, stream)) == ("miss", "nothing alike", None)
        clock.ahead = 200
        again = await asked(client, alike.ASKED, stream)
        assert told(again) == ("hit", None, "200")
        similar = await asked(client, alike.REWORDED, stream)
        assert told(similar) == ("similar", "similar, 0.97", "200")
        assert alike.ASKED in similar.text
        for text, reason in alike.NEAR_MISSES.items():
            missed = await asked(client, text, stream)
            assert told(missed) == ("miss", reason, None)
    assert len(api.engine.prompts) == 1 + len(alike.NEAR_MISSES)
