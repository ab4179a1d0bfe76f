"""No kept answer outlives a passage that it stood on, in a real library."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from index.errors import Unknown
from index.keeper import Keeper
from index.library import Addition
from index.store.collections import NewCollection
from index.store.records import DocumentRecord, Reader
from models.embedder import HashingEmbedder
from models.engine import Message, Prompt
from models.scripted import Script, ScriptedEngine
from serve.config import Settings
from serve.documents.grounding import FromDocuments, Grounding
from serve.documents.library import open_library
from serve.pipeline import Helpers, Pipeline, Request
from serve.receipt import Receipt

ANNA, BEN = Reader("anna"), Reader("ben")
WORDS = ("Parental ", "leave ", "lasts ", "14 ", "weeks ", "[1].")


class Shelf:
    def __init__(self, settings: Settings, library: Keeper, collection: str) -> None:
        self.library = library
        self._collection = collection
        engine = ScriptedEngine("echo", Script(words=WORDS))
        helpers = Helpers(HashingEmbedder("hash"), None, Grounding(library, settings.retrieval))
        self._pipeline = Pipeline(settings, {"small": engine}, helpers)

    async def add(self, name: str, text: str) -> DocumentRecord:
        await self.library.receive("u" * 16, text.encode())
        file = await self.library.add_file(ANNA, name, "u" * 16, "assistants")
        document = await self.library.add_document(ANNA, Addition(self._collection, file.id))
        async with asyncio.timeout(30):
            while document.state == "in_progress":
                await asyncio.sleep(0.02)
                document = await self.library.document(ANNA, self._collection, document.id)
        assert document.state == "completed"
        return document

    async def ask(self, reader: Reader = ANNA) -> str | None:
        """What the cache had to do with the answer to one question, which is always the same."""
        receipt = Receipt()
        prompt = Prompt("req", "team", (Message("user", "How long is parental leave?"),))
        unset = frozenset({"temperature"})
        wanted = FromDocuments((self._collection,))
        request = Request("echo", (prompt,), True, unset, documents=wanted, reader=reader)
        chunks = [chunk async for chunk in self._pipeline.answer(request, receipt)]
        if receipt.sources:
            assert [c.verdict for chunk in chunks for c in chunk.citations]
        return receipt.cache


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    settings = Settings.model_validate(
        {
            "home": tmp_path,
            "tiers": {"small": {"engine": "scripted", "model": "echo", "temperature": 0.2}},
            "embedder": {"engine": "hashing", "model": "hash"},
        }
    )
    library = await open_library(settings, HashingEmbedder("hash"))
    made = await library.create_collection(ANNA, NewCollection("handbook"))
    yield Shelf(settings, library, made.record.id)
    await library.close()


async def test_an_answer_is_kept_while_its_passages_are_what_they_were(shelf: Shelf) -> None:
    await shelf.add("leave.md", "Parental leave lasts 14 weeks for all of us.")
    assert [await shelf.ask() for _ in range(2)] == ["miss", "hit"]
    leave = await shelf.add("leave.md", "Parental leave lasts 16 weeks for all of us.")
    assert [await shelf.ask() for _ in range(2)] == ["miss", "hit"]
    await shelf.library.delete_document(ANNA, leave.collection, leave.id, with_files=False)
    assert await shelf.ask() != "hit"


async def test_the_same_words_in_another_document_are_another_source(shelf: Shelf) -> None:
    leave = await shelf.add("leave.md", "Parental leave lasts 14 weeks for all of us.")
    assert await shelf.ask() == "miss"
    await shelf.library.delete_document(ANNA, leave.collection, leave.id, with_files=False)
    await shelf.add("leave.md", "Parental leave lasts 14 weeks for all of us.")
    assert await shelf.ask() == "miss"


async def test_who_may_no_longer_read_gets_no_kept_answer(shelf: Shelf) -> None:
    document = await shelf.add("leave.md", "Parental leave lasts 14 weeks for all of us.")
    await shelf.library.share(ANNA, document.collection, "ben")
    assert [await shelf.ask(), await shelf.ask(BEN)] == ["miss", "hit"]
    await shelf.library.unshare(ANNA, document.collection, "ben")
    with pytest.raises(Unknown):
        await shelf.ask(BEN)
