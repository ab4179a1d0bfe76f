"""Adds, changes and deletes documents in a child that is killed at random, and looks what is left.

    python tests/index/store/kill_loop.py FOLDER CYCLES SEED

Every acknowledged change must be there after each death, nothing acknowledged as deleted may be
back, and the change under way is there whole or not at all. The index must find what comparing
all vectors finds. Children are forked, so that a hundred deaths take seconds.
"""

import os
import random
import select
import signal
import sys
import time
from pathlib import Path

import numpy as np

from index.store.records import PageQuery
from index.store.store import Store
from tests.index.store.library import ME, add, create, found_texts

NAMES = 12
FEW = 20  # passages that need no graph: it is built, written and compacted all the time

State = dict[int, int]  # a document's name -> its version


def texts(name: int, version: int) -> list[str]:
    return [f"doc{name} version{version} part{n}" for n in range(1 + (7 * name + version) % 9)]


def seed_of(name: int, version: int) -> int:
    return 1000 * name + version


def change(store: Store, collection: str, name: int, version: int) -> None:
    """Version 0 means that it is deleted."""
    if version:
        add(store, collection, f"doc{name}", texts(name, version), seed_of(name, version))
        return
    for document in store.documents.page(ME, collection, PageQuery(limit=100)).items:
        if document.name == f"doc{name}" and document.state == "completed":
            store.documents.delete(ME, collection, document.id)


def child(folder: Path, collection: str, state: State, seed: int, out: int) -> None:
    """Says what it begins and what is done, one line each, until it is killed."""
    rng = random.Random(seed)
    store = Store(folder, few=FEW)
    while True:
        name = rng.randrange(NAMES)
        version = (
            0 if state.get(name) and rng.random() < 0.4 else max(state.values(), default=0) + 1
        )
        os.write(out, f"begin {name} {version}\n".encode())
        change(store, collection, name, version)
        os.write(out, f"done {name} {version}\n".encode())
        state[name] = version
        store.source(ME, collection).dense(np.eye(1, 16, dtype=np.float32)[0], 3)


def lives(folder: Path, collection: str, state: State, seed: int) -> list[list[str]]:
    """What a child said in its life."""
    reading, writing = os.pipe()
    if (pid := os.fork()) == 0:
        os.close(reading)
        try:
            child(folder, collection, state, seed, writing)
        finally:
            os._exit(1)
    os.close(writing)
    rng, said = random.Random(seed), b""
    if rng.random() < 0.9:  # else it may die while it starts
        said = os.read(reading, 65536)
        assert said, "the child ended by itself"
    deadline = time.monotonic() + rng.uniform(0, 0.4)
    while (left := deadline - time.monotonic()) > 0:
        if select.select([reading], [], [], left)[0]:
            more = os.read(reading, 65536)
            assert more, "the child ended by itself"
            said += more
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    while more := os.read(reading, 65536):
        said += more
    os.close(reading)
    return [line.split() for line in said.decode().splitlines()]


def check(folder: Path, collection: str, allowed: list[State]) -> State:
    """Which of the `allowed` states it is; every way of looking must agree on that."""
    store = Store(folder, few=FEW)
    assert store.failed is None
    documents = store.documents.page(ME, collection, PageQuery(limit=100), "completed").items
    whole = {
        document.name: [
            p.passage.text for p in store.documents.passages(ME, collection, document.id)
        ]
        for document in documents
    }
    expected = [{f"doc{n}": texts(n, v) for n, v in state.items() if v} for state in allowed]
    assert whole in expected, (whole, expected)
    shown = sorted(text for parts in whole.values() for text in parts)
    named = [f"doc{n}" for n in range(NAMES)]
    assert sorted(found_texts(store, collection, *named)) == shown
    nearest_agrees(store, collection, named, len(shown))
    for job in store.jobs.unfinished():
        store.jobs.fail(job.id, "interrupted", "It was interrupted.")
    store.close()
    return allowed[expected.index(whole)]


def nearest_agrees(store: Store, collection: str, named: list[str], size: int) -> None:
    source = store.source(ME, collection)
    assert source.size == size
    ids = [row for row, _ in source.lexical(named, 10_000)]
    kept = source.vectors(ids)
    assert len(kept) == len(ids) == size
    for vector in list(kept.values())[:5]:
        exact = sorted(kept, key=lambda row: -float(kept[row] @ vector))[:5]
        assert {row for row, _ in source.dense(vector, 5)} == set(exact)
    store.settle()


def main() -> None:
    folder, cycles, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    store = Store(folder, few=FEW)
    collection = create(store).id
    state: State = dict.fromkeys(range(NAMES), 1)
    for name in state:
        change(store, collection, name, 1)
    store.source(ME, collection)
    store.settle()
    store.close()
    changes = 0
    for cycle in range(cycles):
        last: list[str] | None = None
        for line in lives(folder, collection, dict(state), seed + cycle):
            last = line if line[0] == "begin" else None
            if line[0] == "done":
                state[int(line[1])] = int(line[2])
                changes += 1
        allowed = [state]
        if last is not None:
            allowed.append(state | {int(last[1]): int(last[2])})
        state = dict(check(folder, collection, allowed))
    print(cycles, changes)


if __name__ == "__main__":
    main()
