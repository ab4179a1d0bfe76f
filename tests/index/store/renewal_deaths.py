"""Changes the embedding model, and goes back, in children that are killed before each commit.

    python tests/index/store/renewal_deaths.py FOLDER

After every death the collection answers with all vectors of one model, and a later try ends well.
"""

import asyncio
import os
import shutil
import signal
import sys
from itertools import count
from pathlib import Path

from index.store.collections import Embedding
from index.store.records import Content
from index.store.store import Store
from tests.index.store.library import DIMENSION, EMBEDDER, ME, create, new_document, passages
from tests.index.store.same_words import embed_with, same_words

TEXTS = [f"passage number{n} about topic{n}" for n in range(70)]
OLD, NEW = Embedding(EMBEDDER, DIMENSION), Embedding("larger", 32)


async def change(store: Store, collection: str, made_by: Embedding) -> None:
    await store.reindexing.replace(ME, collection, made_by, embed_with(made_by.dimension))


def child(folder: Path, collection: str, made_by: Embedding, commits: int) -> None:
    """Ends by itself only where there are fewer `commits`."""
    store, left = Store(folder), count(commits - 1, -1)

    def dies() -> bool:
        if next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return False

    store._db._writer.set_commit_hook(dies)
    asyncio.run(change(store, collection, made_by))


def died(folder: Path, collection: str, made_by: Embedding, commits: int) -> bool:
    if (pid := os.fork()) == 0:
        try:
            child(folder, collection, made_by, commits)
        finally:
            os._exit(0 if sys.exc_info()[0] is None else 1)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the child failed"
    return os.WIFSIGNALED(status)


def is_whole(store: Store, collection: str, size: int) -> bool:
    record, source = store.collections.get(ME, collection), store.source(ME, collection)
    [current] = [n for one, n in store.reindexing.sizes(ME, collection) if one.use == "current"]
    found = source.dense(same_words("topic40 number40 passage about", record.dimension), 1)
    text = source.passages([found[0][0]])[found[0][0]].passage.text
    return (current, source.size, text) == (size, size, TEXTS[40])


def deaths(start: Path, collection: str, made_by: Embedding, size: int) -> int:
    """How many commits there were to die before."""
    for commits in count(1):
        folder = start.with_name(f"{start.name}-{commits}")
        shutil.copytree(start, folder)
        ended = not died(folder, collection, made_by, commits)
        store = Store(folder)
        assert is_whole(store, collection, size), commits
        if not ended:
            asyncio.run(change(store, collection, made_by))
            assert is_whole(store, collection, size), commits
        assert store.collections.get(ME, collection).embedder == made_by.embedder
        store.close()
        if ended:
            return commits - 1
    raise AssertionError


def main(folder: Path) -> None:
    there = folder / "there"
    store = Store(there)
    collection = create(store).id
    job = store.jobs.begin(ME, collection, new_document(store, "a.txt", "a")).document
    vectors = [same_words(text, DIMENSION) for text in TEXTS]
    store.jobs.finish(job.id, Content(passages(TEXTS), vectors, EMBEDDER))
    store.close()
    forwards = deaths(there, collection, NEW, len(TEXTS))

    back = folder / "back"
    shutil.copytree(there, back)
    store = Store(back)
    asyncio.run(change(store, collection, NEW))
    job = store.jobs.begin(ME, collection, new_document(store, "b.txt", "b")).document
    late = Content(passages(["came meanwhile"]), [same_words("came meanwhile", 32)], "larger")
    store.jobs.finish(job.id, late)
    store.close()
    print(forwards, deaths(back, collection, OLD, len(TEXTS) + 1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
