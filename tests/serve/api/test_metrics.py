from typing import Any

import httpx


def series(text: str) -> set[str]:
    """Names and labels; of histograms how many they counted, as buckets come with their values."""
    lines = [line.rsplit(" ", 1)[0] for line in text.splitlines() if line[0] != "#"]
    return {line for line in lines if "_bucket" not in line and "_created" not in line}


async def test_what_clients_send_never_becomes_a_label(api: Any) -> None:
    async def ask(client: httpx.AsyncClient, name: str) -> None:
        body = {"model": name, "messages": [{"role": "user", "content": "x"}]}
        await client.post("/v1/chat/completions", json=body)
        await client.get(f"/{name}")
        await client.get(f"/v1/models/{name}")

    async with api.client() as client:
        await ask(client, "fake")
        await client.get("/metrics")
        before = (await client.get("/metrics")).text
        for number in range(50):
            await ask(client, f"fake{number}")
        after = (await client.get("/metrics")).text
    assert "fake" not in after
    assert api.house.keys.all()[0].id not in after
    assert api.house.keys.all()[0].tenant not in after
    assert series(after) == series(before)


async def test_answers_and_load_are_counted(api: Any) -> None:
    async with api.client() as client:
        body = {"model": "echo", "messages": [{"role": "user", "content": "a b"}]}
        await client.post("/v1/chat/completions", json=body)
        response = await client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'hearth_tokens_total{kind="completion",model="echo"} 2.0' in response.text
    assert 'hearth_engine_slots_total{tier="small"}' in response.text


async def test_an_engine_that_does_not_tell_its_load_does_not_break_the_scrape(api: Any) -> None:
    from models.errors import EngineUnavailable

    async def load() -> None:
        raise EngineUnavailable("gone")

    api.engine.load = load
    async with api.client() as client:
        assert (await client.get("/metrics")).status_code == 200
