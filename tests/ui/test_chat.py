import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from tests.ui.appliance import Served
from ui import words
from ui.chat import Chat
from ui.client import Appliance
from ui.conversation import Painting


@pytest.fixture
async def chat(appliance: Served) -> AsyncIterator[Chat]:
    client = Appliance(appliance.url)
    yield Chat(client)
    await client.close()


def talk(text: str = "Hello *you*") -> dict[str, object]:
    return {"id": "one", "run": 1, "turns": [{"role": "user", "text": text}]}


def controls(model: str | None = "echo", system: str = "", seed: object = "") -> list[object]:
    return [model, system, 0.7, 1.0, 200, seed]


async def paintings(chat: Chat, key: str, *settings: object) -> list[Painting]:
    return [painting async for painting in chat.answer(talk(), key, *settings)]


async def test_an_answer_is_drawn_as_it_grows_and_ends_with_its_measure(
    chat: Chat, appliance: Served
) -> None:
    drawn = await paintings(chat, appliance.key, *controls())
    states = [painting["turns"][0]["state"] for painting in drawn]
    assert states[0] == "waiting"
    assert states[-1] == "done"
    last = drawn[-1]["turns"][0]
    assert (last["text"], "<em>you</em>" in last["html"]) == ("Hello *you*", True)
    assert "2 tokens" in last["note"]


async def test_the_settings_reach_the_engine(chat: Chat, appliance: Served) -> None:
    await paintings(chat, appliance.key, *controls(system="Be brief.", seed="7"))
    prompt = appliance.engines["echo"].prompts[-1]
    assert prompt.sampling.seed == 7
    assert prompt.sampling.max_tokens == 200
    assert "Be brief." in str(prompt.input)


async def test_a_refusal_is_drawn_into_the_conversation(chat: Chat) -> None:
    last = (await paintings(chat, "hearth-wrong", *controls()))[-1]["turns"][0]
    assert (last["state"], last["note"]) == ("failed", words.SIGN_IN_AGAIN)


async def test_what_came_before_a_break_stays(chat: Chat, appliance: Served) -> None:
    last = (await paintings(chat, appliance.key, *controls("broken")))[-1]["turns"][0]
    assert last["state"] == "failed"
    assert last["text"].startswith(" The lamp")


async def test_an_answer_from_documents_brings_its_marks_and_sources(
    chat: Chat, appliance: Served
) -> None:
    appliance.shelf.clear()
    store = appliance.shelf.add_store("House")["id"]
    appliance.shelf.add_document(store, "house.md", b"Lamps are warm.").status = "completed"
    value = talk("Are lamps warm?") | {"documents": {"collections": [store]}}
    drawn = [one async for one in chat.answer(value, appliance.key, *controls())]
    last = drawn[-1]["turns"][0]
    assert [one["verdict"] for one in last["citations"]] == ["verified", "partial", "unsupported"]
    assert last["html"].count('class="mark') == 3
    assert [source["document_name"] for source in last["sources"]] == ["house.md"]


async def test_without_a_model_the_answer_says_so(chat: Chat, appliance: Served) -> None:
    last = (await paintings(chat, appliance.key, *controls(None)))[-1]["turns"][0]
    assert last["note"] == words.NO_MODEL


async def test_a_setting_that_cannot_be_used_is_named(chat: Chat, appliance: Served) -> None:
    last = (await paintings(chat, appliance.key, *controls(seed="red")))[-1]["turns"][0]
    assert words.SEED in last["note"]


async def test_stopping_frees_the_engine(chat: Chat, appliance: Served) -> None:
    engine = appliance.engines["long"]
    async with aclosing(chat.answer(talk(), appliance.key, *controls("long"))) as drawn:
        async for painting in drawn:
            if painting["turns"][0]["state"] == "writing":
                break
        assert engine.running == 1
    async with asyncio.timeout(5):
        while engine.running:
            await asyncio.sleep(0.01)


def test_an_opened_conversation_is_drawn_whole(chat: Chat) -> None:
    value = talk() | {"turns": [{"role": "assistant", "text": f"**{n}**"} for n in range(200)]}
    drawn = chat.show(value)
    assert drawn["first"] == 0
    assert [turn["html"] for turn in drawn["turns"][:2]] == [
        "<p><strong>0</strong></p>\n",
        "<p><strong>1</strong></p>\n",
    ]
    assert len(drawn["turns"]) == 200
