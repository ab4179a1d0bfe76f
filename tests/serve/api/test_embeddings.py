import base64
from typing import Any

import httpx
import numpy as np
import pytest

URL = "/v1/embeddings"


async def ask(client: httpx.AsyncClient, **fields: Any) -> Any:
    response = await client.post(URL, json={"model": "hash", **fields})
    assert response.status_code == 200, response.text
    return response.json()


async def test_an_answer_has_exactly_openais_fields(client: httpx.AsyncClient) -> None:
    answer = await ask(client, input="some words")
    [row] = answer["data"]
    assert set(answer) == {"object", "data", "model", "usage"}
    assert (answer["object"], answer["model"]) == ("list", "hash")
    assert (row["object"], row["index"]) == ("embedding", 0)
    assert np.linalg.norm(row["embedding"]) == pytest.approx(1.0, abs=1e-5)
    assert set(answer["usage"]) == {"prompt_tokens", "total_tokens"}
    assert answer["usage"]["prompt_tokens"] == answer["usage"]["total_tokens"] > 0


async def test_base64_holds_the_same_floats(client: httpx.AsyncClient) -> None:
    plain = (await ask(client, input=["a", "b"], encoding_format="float"))["data"]
    packed = (await ask(client, input=["a", "b"], encoding_format="base64"))["data"]
    for one, other in zip(plain, packed, strict=True):
        floats = np.frombuffer(base64.b64decode(other["embedding"]), "<f4")
        assert np.allclose(one["embedding"], floats)


async def test_rows_are_in_the_order_of_the_inputs(client: httpx.AsyncClient) -> None:
    together = (await ask(client, input=["a", "b", "a"]))["data"]
    alone = (await ask(client, input="b"))["data"][0]
    assert [row["index"] for row in together] == [0, 1, 2]
    assert together[0]["embedding"] == together[2]["embedding"]
    assert np.allclose(together[1]["embedding"], alone["embedding"], atol=1e-6)


async def test_token_ids_are_embedded_too(client: httpx.AsyncClient) -> None:
    assert len((await ask(client, input=[1, 2, 3]))["data"]) == 1
    assert len((await ask(client, input=[[1, 2], [3]]))["data"]) == 2


async def test_fewer_dimensions_are_a_normalised_prefix(client: httpx.AsyncClient) -> None:
    full = np.array((await ask(client, input="a"))["data"][0]["embedding"])
    short = np.array((await ask(client, input="a", dimensions=8))["data"][0]["embedding"])
    assert np.allclose(short, full[:8] / np.linalg.norm(full[:8]), atol=1e-5)


async def test_more_dimensions_than_there_are_is_refused(client: httpx.AsyncClient) -> None:
    asked = {"model": "hash", "input": "a", "dimensions": 100_000}
    response = await client.post(URL, json=asked)
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "dimensions"


async def test_a_chat_model_makes_no_embeddings(client: httpx.AsyncClient) -> None:
    response = await client.post(URL, json={"model": "echo", "input": "a"})
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "model_not_found"
