"""A library from files to answers, with a real store, real parsers and an embedder of words."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from index.documents import Hit
from index.errors import Conflict, Forbidden, InvalidQuery, StorageFull, Unknown
from index.ingestion import Ingestion
from index.keeper import Keeper, KeeperOptions
from index.library import Addition, Collection, Search
from index.retriever import RetrievalPlan
from index.store.collections import Embedding, NewCollection
from index.store.records import DocumentRecord, PageQuery, Reader
from index.store.store import Store
from models.embedder import DeepEmbeddings, Embedder, HashingEmbedder, Inputs, Purpose
from models.errors import EngineUnavailable, PromptRefused
from models.tokens import WordTokens
from serve.documents.questions import Asking

ANNA, BEN = Reader("anna"), Reader("ben")
MADE_BY = Embedding("hash/1", 64)
TEXT = (
    b"# Leave\n\nParental leave lasts 14 weeks.\n\n# Travel\n\nTrains are booked in second class.\n"
)
DEADLINE = 30.0  # seconds
ASKING = HashingEmbedder("hash")


class Flaky(HashingEmbedder):
    """Fails as often as told to, and lets who asks wait for `gate`."""

    def __init__(self, failures: Sequence[Exception] = ()) -> None:
        super().__init__("hash")
        self.failures = list(failures)
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()

    async def embed_deep(self, inputs: Inputs, purpose: Purpose) -> DeepEmbeddings:
        self.asked.set()
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop()
        return await super().embed_deep(inputs, purpose)


def keeper_in(
    folder: Path, embedder: HashingEmbedder, file: int = 1 << 20, made_by: Embedding = MADE_BY
) -> Keeper:
    store = Store(folder)
    ingestion = Ingestion(store, embedder, WordTokens(), made_by)
    return Keeper(store, ingestion, made_by, folder / "incoming", KeeperOptions(file))


@pytest.fixture
def embedder() -> Flaky:
    return Flaky()


@pytest.fixture
async def keeper(tmp_path: Path, embedder: Flaky) -> AsyncIterator[Keeper]:
    keeper = keeper_in(tmp_path, embedder)
    await keeper.start()
    yield keeper
    await keeper.close()


async def added(
    keeper: Keeper, collection: Collection, name: str, data: bytes, reader: Reader = ANNA
) -> DocumentRecord:
    upload = "u" * 16
    await keeper.receive(upload, data)
    file = await keeper.add_file(reader, name, upload, "assistants")
    return await keeper.add_document(reader, Addition(collection.record.id, file.id))


async def ended(keeper: Keeper, document: DocumentRecord, reader: Reader = ANNA) -> DocumentRecord:
    async with asyncio.timeout(DEADLINE):
        while True:
            found = await keeper.document(reader, document.collection, document.id)
            if found.state != "in_progress":
                return found
            await asyncio.sleep(0.02)


async def new_collection(keeper: Keeper, name: str = "handbook") -> Collection:
    return await keeper.create_collection(ANNA, NewCollection(name))


async def searched(
    keeper: Keeper, text: str, *names: str, reader: Reader = ANNA, by: Embedder = ASKING
) -> tuple[Hit, ...]:
    question = await Asking(by, text).question(5.0)
    search = Search(question, names, RetrievalPlan(passages=3))
    return (await keeper.search(reader, search)).hits


async def found(keeper: Keeper, text: str, *names: str, reader: Reader = ANNA) -> list[str]:
    hits = await searched(keeper, text, *names, reader=reader)
    return [hit.found.passage.text for hit in hits]


async def test_a_file_becomes_passages_that_are_found(keeper: Keeper) -> None:
    made = await new_collection(keeper)
    document = await ended(keeper, await added(keeper, made, "a.md", TEXT))
    assert document.state == "completed"
    best, *_ = await found(keeper, "How long is parental leave?", made.record.id)
    assert "14 weeks" in best
    assert "second class" in (await found(keeper, "second class trains", "handbook"))[0]


async def test_an_archive_is_a_document_for_each_file_in_it(keeper: Keeper) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("leave.md", TEXT)
        archive.writestr("notes/one.txt", "The printer is in room 204.")
    made = await new_collection(keeper)
    whole = await ended(keeper, await added(keeper, made, "all.zip", packed.getvalue()))
    page = await keeper.documents(ANNA, made.record.id, PageQuery(order="asc"), "completed")
    assert [document.name for document in page.items] == [
        "all.zip", "all.zip/leave.md", "all.zip/notes/one.txt"
    ]  # fmt: skip
    assert "room 204" in (await found(keeper, "Where is the printer?", "handbook"))[0]
    await keeper.delete_document(ANNA, made.record.id, whole.id, with_files=False)
    assert await found(keeper, "Where is the printer?", "handbook") == []


async def test_what_cannot_be_read_says_why(keeper: Keeper) -> None:
    made = await new_collection(keeper)
    document = await ended(keeper, await added(keeper, made, "a.pdf", b"%PDF-1.7 and no more"))
    assert (document.state, document.error_code) == ("failed", "damaged")
    assert document.error_message


async def test_a_changed_file_replaces_what_was_found(keeper: Keeper) -> None:
    made = await new_collection(keeper)
    await ended(keeper, await added(keeper, made, "a.md", TEXT))
    await ended(keeper, await added(keeper, made, "a.md", TEXT.replace(b"14", b"16")))
    texts = await found(keeper, "How long is parental leave?", "handbook")
    assert any("16 weeks" in text for text in texts)
    assert not any("14 weeks" in text for text in texts)


async def test_the_same_file_again_is_no_work(keeper: Keeper, embedder: Flaky) -> None:
    made = await new_collection(keeper)
    first = await ended(keeper, await added(keeper, made, "a.md", TEXT))
    embedder.asked.clear()
    again = await added(keeper, made, "a.md", TEXT)
    assert (again.id, again.state) == (first.id, "completed")
    assert not embedder.asked.is_set()


async def test_an_embedder_that_is_away_is_waited_for(tmp_path: Path) -> None:
    keeper = keeper_in(tmp_path, Flaky([EngineUnavailable("Loading.")] * 2))
    await keeper.start()
    made = await new_collection(keeper)
    assert (await ended(keeper, await added(keeper, made, "a.md", TEXT))).state == "completed"
    await keeper.close()


async def test_an_embedder_that_refuses_ends_the_job(tmp_path: Path) -> None:
    keeper = keeper_in(tmp_path, Flaky([PromptRefused("Too long.")]))
    await keeper.start()
    made = await new_collection(keeper)
    document = await ended(keeper, await added(keeper, made, "a.md", TEXT))
    assert (document.state, document.error_code) == ("failed", "embedder")
    await keeper.close()


async def test_a_job_goes_on_after_a_restart(tmp_path: Path) -> None:
    embedder = Flaky()
    embedder.gate.clear()
    keeper = keeper_in(tmp_path, embedder)
    await keeper.start()
    made = await new_collection(keeper)
    document = await added(keeper, made, "a.md", TEXT)
    async with asyncio.timeout(DEADLINE):
        await embedder.asked.wait()
    await keeper.close()
    keeper = keeper_in(tmp_path, HashingEmbedder("hash"))
    await keeper.start()
    assert (await ended(keeper, document)).state == "completed"
    await keeper.close()


async def test_a_cancelled_job_stops_and_leaves_nothing(keeper: Keeper, embedder: Flaky) -> None:
    embedder.gate.clear()
    made = await new_collection(keeper)
    document = await added(keeper, made, "a.md", TEXT)
    async with asyncio.timeout(DEADLINE):
        await embedder.asked.wait()
    ended_ = await keeper.cancel(ANNA, made.record.id, document.id)
    embedder.gate.set()
    assert ended_.state == "cancelled"
    assert await found(keeper, "parental leave", "handbook") == []
    with pytest.raises(Conflict):
        await keeper.cancel(ANNA, made.record.id, document.id)


async def test_others_see_a_collection_only_when_it_is_shared(keeper: Keeper) -> None:
    made = await new_collection(keeper)
    name = made.record.id
    await ended(keeper, await added(keeper, made, "a.md", TEXT))
    with pytest.raises(Unknown):
        await found(keeper, "parental leave", name, reader=BEN)
    await keeper.share(ANNA, name, "ben")
    assert await found(keeper, "parental leave", name, reader=BEN)
    with pytest.raises(Forbidden):
        await added(keeper, made, "b.md", TEXT, reader=BEN)
    await keeper.unshare(ANNA, name, "ben")
    with pytest.raises(Unknown):
        await keeper.passages(BEN, name, "a.md")


async def test_a_name_that_two_collections_have_is_not_guessed(keeper: Keeper) -> None:
    await new_collection(keeper)
    await new_collection(keeper)
    with pytest.raises(Unknown):
        await found(keeper, "parental leave", "handbook")


@pytest.mark.parametrize("names", [(), ("x",) * 17])
async def test_a_search_names_some_collections_but_not_many(
    keeper: Keeper, names: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidQuery):
        await found(keeper, "anything", *names)


async def test_a_file_over_the_limit_is_refused_while_it_comes(tmp_path: Path) -> None:
    keeper = keeper_in(tmp_path, HashingEmbedder("hash"), file=10)
    await keeper.start()
    await keeper.receive("u" * 16, b"12345678")
    with pytest.raises(StorageFull):
        await keeper.receive("u" * 16, b"90123")
    await keeper.discard("u" * 16)
    assert list((tmp_path / "incoming").iterdir()) == []
    await keeper.close()


@pytest.mark.parametrize("upload", ["../../etc/passwd", "short", "u" * 65, "a/b" * 8, ""])
async def test_an_upload_has_a_name_that_leads_nowhere(keeper: Keeper, upload: str) -> None:
    with pytest.raises(Unknown):
        await keeper.receive(upload, b"x")


async def test_a_file_is_read_in_pieces(keeper: Keeper) -> None:
    await keeper.receive("u" * 16, b"0123456789")
    file = await keeper.add_file(ANNA, "a.txt", "u" * 16, "assistants")
    assert await keeper.read_file(ANNA, file.id, 4) == b"456789"
    assert await keeper.read_file(ANNA, file.id, 10) == b""
    with pytest.raises(Unknown):
        await keeper.read_file(BEN, file.id, 0)


async def test_a_collection_whose_time_has_come_is_gone_after_a_start(
    tmp_path: Path, embedder: Flaky
) -> None:
    store = Store(tmp_path)
    past = store.collections.create(ANNA, NewCollection("past", expires_at=1.0), MADE_BY)
    future = store.collections.create(ANNA, NewCollection("future", expires_at=4e9), MADE_BY)
    store.close()
    again = keeper_in(tmp_path, embedder)
    await again.start()
    async with asyncio.timeout(DEADLINE):
        while len((await again.collections(ANNA, PageQuery())).items) > 1:
            await asyncio.sleep(0.01)
    assert (await again.collection(ANNA, future.id)).record.name == "future"
    with pytest.raises(Unknown):
        await again.collection(ANNA, past.id)
    await again.close()


async def test_a_piece_that_the_disk_does_not_take_is_told_as_such(
    keeper: Keeper, tmp_path: Path
) -> None:
    (tmp_path / "incoming" / ("v" * 16)).symlink_to("/dev/full")
    with pytest.raises(StorageFull):
        await keeper.receive("v" * 16, b"x" * 100_000)
