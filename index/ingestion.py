"""Documents on their way into a library: read, cut, embedded, and found all at once.

Jobs are rows of the store: a process that dies begins its unfinished ones again. While the
embedder is away they wait for it; whatever else goes wrong is said in the job.
"""

import asyncio
import hashlib
import logging
from asyncio import to_thread
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, ParamSpec, TypeVar

from index.documents import Parsed, Passage, TokenVectors, Vector
from index.errors import Conflict, IndexRefusal, ParseRefused, StorageBusy, Unknown
from index.parsing.sandbox import Parsers
from index.passages.cutting import TokenCounter, cut
from index.patience import embedded
from index.renewal import Renewal
from index.store.collections import Embedding
from index.store.records import CollectionRecord, Content, DocumentRecord, NewDocument, Reader
from index.store.store import Store
from models.embedder import Embedder
from models.errors import EngineError

LOG = logging.getLogger("hearth.ingestion")

WORKERS: Final = 2  # one reads the next document while another's passages are embedded
BATCH: Final = 64  # passages that the embedder gets at a time
INTERNAL: Final = ("internal_error", "Something went wrong here. Add the document again.")

P = ParamSpec("P")
T = TypeVar("T")


class Ingestion:
    """`embedder` is asked by `WORKERS` at a time; `made_by` tells what its vectors are."""

    def __init__(
        self, store: Store, embedder: Embedder, counter: TokenCounter, made_by: Embedding
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._counter = counter
        self._made_by = made_by.embedder
        self.renewal = Renewal(store, embedder, made_by)
        self._parsers = Parsers(at_once=WORKERS)
        self._waiting: asyncio.Queue[DocumentRecord] = asyncio.Queue()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._workers: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        for job in await to_thread(self._store.jobs.unfinished):
            self.add(job)
        renewed = asyncio.create_task(self.renewal.run())
        self._workers = [asyncio.create_task(self._work(renewed)) for _ in range(WORKERS)]
        self._workers.append(renewed)

    async def close(self) -> None:
        """Jobs under way stay unfinished."""
        for task in self._workers:
            task.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        await self._parsers.aclose()

    def add(self, job: DocumentRecord) -> None:
        self._waiting.put_nowait(job)

    def stop(self, document: str) -> None:
        """A job that was cancelled, or whose document is gone, costs nothing more."""
        if task := self._running.get(document):
            task.cancel()

    def speaks_for(self, collection: CollectionRecord) -> bool:
        """Whether a question's vector can be compared with those of this collection."""
        return not self.renewal.is_outdated(collection)

    async def _work(self, renewed: "asyncio.Task[None]") -> None:
        """New documents of a collection get its new vectors, so they wait for those."""
        await asyncio.wait([renewed])
        while True:
            job = await self._waiting.get()
            task = self._running[job.id] = asyncio.create_task(self._do(job))
            try:
                await asyncio.wait([task])
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                del self._running[job.id]

    async def _do(self, job: DocumentRecord) -> None:
        try:
            await self._ingest(job)
        except Unknown:
            pass  # deleted meanwhile
        except Conflict as exc:  # cancelled or superseded, which it then is already
            await self._fail(job, "conflict", exc.message)
        except ParseRefused as exc:
            await self._fail(job, exc.code, exc.message)
        except IndexRefusal as exc:
            await self._fail(job, "storage", exc.message)
        except EngineError as exc:
            await self._fail(job, "embedder", exc.message)
        except Exception:
            LOG.exception("document %s failed", job.id)
            await self._fail(job, *INTERNAL)

    async def _fail(self, job: DocumentRecord, code: str, message: str) -> None:
        with suppress(IndexRefusal):
            await _patiently(self._store.jobs.fail, job.id, code, message)

    async def _ingest(self, job: DocumentRecord) -> None:
        await self._tell(job, "reading", 0, 0)
        path = await to_thread(self._store.documents.original, _ADMIN, job.collection, job.id)
        found = await self._parsers.parse(path, job.name)
        if [parsed.name for parsed in found] == [job.name]:
            await self._take(job, found[0])
        else:
            await self._take_members(job, found)

    async def _take_members(self, job: DocumentRecord, members: Sequence[Parsed]) -> None:
        """What an archive holds: a document each, and one without passages for itself."""
        for done, member in enumerate(members):
            await self._tell(job, "unpacking", done, len(members))
            sha256 = hashlib.sha256(member.text.encode("utf-8", "replace")).hexdigest()
            new = NewDocument(job.file, member.name, sha256, job.attributes)
            begun = await to_thread(self._store.jobs.begin, _ADMIN, job.collection, new)
            if begun.work:
                await self._take(begun.document, member)
        notes = [note for member in members for note in member.notes]
        archive = Content((), (), self._made_by, title=job.name, notes=[*dict.fromkeys(notes)])
        await _patiently(self._store.jobs.finish, job.id, archive)

    async def _take(self, job: DocumentRecord, parsed: Parsed) -> None:
        await self._tell(job, "cutting", 0, 0)
        passages = await to_thread(cut, parsed, self._counter)
        if not passages:
            raise ParseRefused("There is no text in it.", "empty")
        vectors, tokens = await self._embedded(job, passages)
        content = Content(
            passages, vectors, self._made_by, tokens, parsed.title, parsed.media_type,
            parsed.pages, parsed.notes,
        )  # fmt: skip
        await self._tell(job, "storing", len(passages), len(passages))
        await _patiently(self._store.jobs.finish, job.id, content)

    async def _embedded(
        self, job: DocumentRecord, passages: Sequence[Passage]
    ) -> tuple[list[Vector], list[TokenVectors]]:
        """Their vectors in order; batches hold passages of like length, which pads little."""
        order = sorted(range(len(passages)), key=lambda place: passages[place].tokens)
        vectors: dict[int, Vector] = {}
        tokens: dict[int, TokenVectors] = {}
        for start in range(0, len(order), BATCH):
            await self._tell(job, "embedding", start, len(order))
            places = order[start : start + BATCH]
            texts = [passages[place].embedded_text for place in places]
            waits = partial(self._tell, job, "waiting for the embedder", start, len(order))
            found = await embedded(self._embedder, texts, waits)
            vectors |= zip(places, found.vectors, strict=True)
            tokens |= zip(places, found.token_vectors, strict=True)
        every = range(len(passages))
        return [vectors[place] for place in every], [tokens[place] for place in every]

    async def _tell(self, job: DocumentRecord, stage: str, done: int, total: int) -> None:
        await _patiently(self._store.jobs.progress, job.id, stage, done, total)


_ADMIN: Final = Reader("", admin=True)  # a worker acts for whoever began the job


async def _patiently(function: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """Once more where another process held the database for long."""
    try:
        return await to_thread(function, *args, **options)
    except StorageBusy as exc:
        await asyncio.sleep(exc.retry_after)
        return await to_thread(function, *args, **options)
