"""A library whose embedder changes, and changes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from index.errors import Conflict
from index.keeper import Keeper
from index.library import Collection
from index.store.collections import Embedding
from index.store.records import PageQuery
from models.embedder import DeepEmbeddings, HashingEmbedder, Inputs, Purpose
from models.errors import PromptRefused
from tests.index.test_keeper import (
    ANNA,
    DEADLINE,
    TEXT,
    Flaky,
    added,
    ended,
    found,
    keeper_in,
    new_collection,
    searched,
)


async def renewing(folder: Path) -> tuple[Keeper, Flaky]:
    """A library that has begun to embed all again, with an embedder that waits for its gate."""
    embedder = Flaky()
    embedder.gate.clear()
    keeper = keeper_in(folder, embedder, made_by=Embedding("hash/2", 64))
    await keeper.start()
    async with asyncio.timeout(DEADLINE):
        await embedder.asked.wait()
    return keeper, embedder


async def test_another_embedder_makes_all_vectors_again_and_words_answer_meanwhile(
    tmp_path: Path,
) -> None:
    keeper = keeper_in(tmp_path, HashingEmbedder("hash"))
    await keeper.start()
    made = await new_collection(keeper)
    await ended(keeper, await added(keeper, made, "a.md", TEXT))
    await keeper.close()

    keeper, other = await renewing(tmp_path)
    assert "14 weeks" in (await found(keeper, "How long is parental leave?", "handbook"))[0]
    late = await added(keeper, made, "b.md", b"The printer is in room 204.")
    other.gate.set()
    assert (await ended(keeper, late)).state == "completed"
    record = (await keeper.collection(ANNA, made.record.id)).record
    assert (record.embedder, record.generation) == ("hash/2", 2)
    assert "room 204" in (await found(keeper, "Where is the printer?", "handbook"))[0]
    await keeper.close()


async def test_a_collection_that_is_deleted_while_it_is_embedded_again_keeps_no_other_waiting(
    tmp_path: Path,
) -> None:
    keeper = keeper_in(tmp_path, HashingEmbedder("hash"))
    await keeper.start()
    made = [await new_collection(keeper, name) for name in ("first", "second")]
    for each in made:
        await ended(keeper, await added(keeper, each, "a.md", TEXT))
    await keeper.close()

    keeper, other = await renewing(tmp_path)
    async with asyncio.timeout(DEADLINE):
        await keeper.delete_collection(ANNA, made[0].record.id, with_files=False)
        other.gate.set()
        while (await vectors_of(keeper, made[1]))[0] != ("hash/2", "current", 1):
            await asyncio.sleep(0.01)
    await keeper.close()


class Dialect(HashingEmbedder):
    """Each `ending` of words is another model. `asked`: the passages that it embedded."""

    def __init__(self, ending: str) -> None:
        super().__init__("dialect")
        self.ending = ending
        self.asked: list[str] = []

    async def embed_deep(self, inputs: Inputs, purpose: Purpose) -> DeepEmbeddings:
        texts = [str(text) for text in inputs]
        self.asked += texts if purpose == "passage" else []
        spoken = [" ".join(word + self.ending for word in text.split()) for text in texts]
        return await super().embed_deep(spoken, purpose)


@asynccontextmanager
async def speaking(folder: Path, embedder: Dialect) -> AsyncIterator[Keeper]:
    """With the vectors of this model in every collection."""
    keeper = keeper_in(folder, embedder, made_by=Embedding(embedder.ending, 64))
    await keeper.start()
    try:
        async with asyncio.timeout(DEADLINE):
            for each in (await keeper.collections(ANNA, PageQuery())).items:
                while (await vectors_of(keeper, each))[0][0] != embedder.ending:
                    await asyncio.sleep(0.01)
        yield keeper
    finally:
        await keeper.close()


async def vectors_of(keeper: Keeper, collection: Collection) -> list[tuple[str, str, int]]:
    told = await keeper.embedders(ANNA, collection.record.id)
    return [(one.embedder, one.use, one.passages) for one in told.sets]


async def test_the_way_back_to_the_former_embedder_loses_nothing_and_embeds_only_what_came(
    tmp_path: Path,
) -> None:
    asked, late = ("How long is parental leave?", "handbook"), "The printer is in room 204."
    async with speaking(tmp_path, Dialect("o")) as keeper:
        made = await new_collection(keeper)
        await ended(keeper, await added(keeper, made, "a.md", TEXT))
        before = await searched(keeper, *asked, by=Dialect("o"))
        assert all("dense" in hit.stages for hit in before)
    async with speaking(tmp_path, Dialect("a")) as keeper:
        document = await ended(keeper, await added(keeper, made, "b.md", late.encode()))
        assert await vectors_of(keeper, made) == [("a", "current", 2), ("o", "former", 1)]
        with pytest.raises(Conflict, match="are of o, but questions are embedded by a"):
            await keeper.use_former_embedder(ANNA, made.record.id)
    back = Dialect("o")
    for _ in range(2):  # once more: it stays so
        async with speaking(tmp_path, back) as keeper:
            assert await vectors_of(keeper, made) == [("o", "current", 2), ("a", "former", 2)]
            assert back.asked == [late]
            hits = await searched(keeper, late, "handbook", by=back)
            assert (hits[0].found.passage.text, "dense" in hits[0].stages) == (late, True)
    async with speaking(tmp_path, back) as keeper:
        await keeper.delete_document(ANNA, made.record.id, document.id, with_files=False)
        assert await searched(keeper, *asked, by=back) == before
        await keeper.forget_former_embedder(ANNA, made.record.id)
        assert await vectors_of(keeper, made) == [("o", "current", 1)]
        with pytest.raises(Conflict, match="No former vectors"):
            await keeper.use_former_embedder(ANNA, made.record.id)


async def test_a_way_back_that_the_embedder_broke_off_can_be_gone_again(tmp_path: Path) -> None:
    async with speaking(tmp_path, Dialect("o")) as keeper:
        made = await new_collection(keeper)
        await ended(keeper, await added(keeper, made, "a.md", TEXT))
    async with speaking(tmp_path, Dialect("a")) as keeper:
        await ended(keeper, await added(keeper, made, "b.md", b"The printer is in room 204."))
    embedder = Flaky([PromptRefused("Not now.")])
    keeper = keeper_in(tmp_path, embedder, made_by=Embedding("o", 64))
    await keeper.start()
    async with asyncio.timeout(DEADLINE):
        await embedder.asked.wait()
    with pytest.raises(Conflict, match="on its way back"):
        await keeper.forget_former_embedder(ANNA, made.record.id)
    await keeper.use_former_embedder(ANNA, made.record.id)
    assert await vectors_of(keeper, made) == [("o", "current", 2), ("a", "former", 2)]
    await keeper.close()
