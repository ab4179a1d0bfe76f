"""An answer that broke off is gone on with: `continue_final_message`."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from index.caches.local import LocalMemory
from index.keeper import Keeper
from index.library import Search
from index.retriever import Retrieval
from index.store.records import Reader
from models.engine import Message
from models.llama.engine import LlamaEngine, LlamaSettings
from models.scripted import Script
from serve.documents.grounding import Grounding
from serve.pipeline import Helpers, Pipeline
from tests.serve.api.conftest import Api, MakeApi

URL = "/v1/chat/completions"
QUESTION = {"role": "user", "content": "Count."}
WORDS = ("one", " two", " three", " four")
THERE = {"role": "assistant", "content": "one two"}
TOOL = {"type": "function", "function": {"name": "f"}}


def body(*messages: Any, **more: Any) -> dict[str, Any]:
    on = {"continue_final_message": True, "add_generation_prompt": False}
    return {"model": "echo", "messages": messages or [QUESTION, THERE], **on, **more}


def text(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    return str(response.json()["choices"][0]["message"]["content"])


@pytest.fixture
def api(make_api: MakeApi) -> Api:
    return make_api(Script(words=WORDS))


@pytest.fixture
async def client(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    async with api.client() as client:
        yield client


async def test_the_answer_has_what_is_new_and_nothing_else(
    api: Api, client: httpx.AsyncClient
) -> None:
    assert text(await client.post(URL, json=body())) == " three four"
    [prompt] = api.engine.prompts
    assert (prompt.input, prompt.begun) == ((Message("user", "Count."),), "one two")


async def test_a_stream_goes_on_too(client: httpx.AsyncClient) -> None:
    said = (await client.post(URL, json=body(stream=True))).text
    assert '"content":" three"' in said
    assert "two" not in said


async def test_a_limit_is_for_what_is_new(client: httpx.AsyncClient) -> None:
    response = await client.post(URL, json=body(max_tokens=1))
    assert text(response) == " three"
    assert response.json()["choices"][0]["finish_reason"] == "length"


async def test_it_is_kept_apart_from_the_whole_answer_and_from_other_beginnings(
    make_api: MakeApi,
) -> None:
    api = make_api(Script(words=WORDS))
    memory = LocalMemory(1 << 20, 3600)
    pipeline = Pipeline(api.house.settings, api.house.tiers, Helpers(memory=memory))
    api.house = replace(api.house, memory=memory, pipeline=pipeline)
    whole = {"model": "echo", "messages": [QUESTION], "temperature": 0}
    shorter = body(QUESTION, {**THERE, "content": "one"}, temperature=0)
    unfinished = {"model": "echo", "messages": [QUESTION, THERE], "temperature": 0}
    async with api.client() as client:
        asked = [whole, body(temperature=0), shorter, unfinished]
        for verdict in ("miss", "hit"):
            answers = [await client.post(URL, json=each) for each in asked]
            assert [each.headers["x-hearth-cache"] for each in answers] == [verdict] * 4
            said = [text(each) for each in answers]
            assert said == ["one two three four", " three four", " two three four", said[0]]


async def test_what_is_there_is_screened_like_the_rest(make_api: MakeApi) -> None:
    hiding = {"hiding": {"incoming": {"email": "mask"}}}
    api = make_api(Script(words=WORDS), filters={"policies": hiding, "default": "hiding"})
    there = {**THERE, "content": "Write to ada@example.org or"}
    async with api.client() as client:
        assert (await client.post(URL, json=body(QUESTION, there))).status_code == 200
    assert api.engine.prompts[0].begun == "Write to <EMAIL_1> or"


async def test_documents_are_searched_by_what_was_asked_last(
    make_api: MakeApi, library: Keeper
) -> None:
    helpers = Helpers(grounding=Grounding(library))
    api = make_api(Script(words=WORDS), library=library, helpers=helpers)
    searched, search = list[str](), library.search

    async def noted(reader: Reader, asked: Search) -> Retrieval:
        searched.append(asked.question.text)
        return await search(reader, asked)

    library.search = noted  # type: ignore[method-assign]
    async with api.client() as client:
        assert (await client.post("/v1/vector_stores", json={"name": "rules"})).status_code == 200
        assert text(await client.post(URL, json=body(collections=["rules"]))) == " three four"
    assert searched == ["Count."]


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        (body(QUESTION), "messages[0].role"),
        (body(THERE), "messages"),
        (body(QUESTION, {**THERE, "content": ""}), "messages[1].content"),
        (body(tools=[TOOL]), "tools"),
        (body(response_format={"type": "json_object"}), "response_format"),
        (body(n=2), "n"),
        (body(add_generation_prompt=True), "add_generation_prompt"),
        (body(continue_final_message=False), "add_generation_prompt"),
        (body(continue_final_message="yes"), "continue_final_message"),
    ],
)
async def test_where_it_makes_no_sense_it_is_refused_by_name(
    client: httpx.AsyncClient, asked: dict[str, Any], param: str
) -> None:
    response = await client.post(URL, json=asked)
    assert (response.status_code, response.json()["error"]["param"]) == (400, param)


async def test_what_asks_for_nothing_is_let_through(client: httpx.AsyncClient) -> None:
    more = {"continue_final_message": False, "add_generation_prompt": True}
    answer = await client.post(URL, json={"model": "echo", "messages": [QUESTION], **more})
    assert text(answer) == "one two three four"


@pytest.mark.slow
async def test_a_real_model_goes_on_where_its_text_was_cut(make_api: MakeApi) -> None:
    api = make_api()
    engine = LlamaEngine(LlamaSettings(context_length=512, slots=2, threads=1))
    pipeline = Pipeline(api.house.settings, {"small": engine})
    api.house = replace(api.house, pipeline=pipeline, tiers={"small": engine})
    question = {"role": "user", "content": "Why is the sky blue? Answer in one sentence."}
    fixed = {"model": "echo", "temperature": 0, "max_tokens": 24}
    try:
        async with api.client() as client:
            whole = text(await client.post(URL, json={**fixed, "messages": [question]}))
            there = whole[: whole.rindex(" ", 0, len(whole) // 2)]
            cut = {"role": "assistant", "content": there}
            rest = text(await client.post(URL, json=body(question, cut, **fixed)))
    finally:
        await engine.close()
    assert rest
    assert (there + rest).startswith(whole[: len(there) + 10])
