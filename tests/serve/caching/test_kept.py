"""Kept answers over a restart, on the whole way of a request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import pytest

from index.caches.local import LocalMemory
from index.caches.memory import Scope
from models.engine import Message, Prompt, Sampling
from models.scripted import ScriptedEngine
from serve.caching.kept import FILE, open_memory
from serve.config import Settings
from serve.pipeline import Helpers, Pipeline, Request
from serve.receipt import Receipt
from serve.receipts.features import Noting

TIERS = {"small": {"engine": "scripted", "model": "echo"}}


@dataclass(frozen=True)
class Life:
    """Of an appliance, from a start to a stop."""

    pipeline: Pipeline
    memory: LocalMemory

    async def ask(self, text: str, tenant: str = "tenant") -> tuple[str, str | None]:
        prompt = Prompt("req", tenant, (Message("user", text),), Sampling(temperature=0))
        receipt = Receipt()
        request = Request("echo", (prompt,), True)
        async with aclosing(self.pipeline.answer(request, receipt)) as chunks:
            said = "".join([chunk.text async for chunk in chunks])
        return said, receipt.cache


@asynccontextmanager
async def life(home: Path, **cache: Any) -> AsyncIterator[Life]:
    settings = Settings.model_validate(
        {"home": home, "tiers": TIERS, "cache": {"persist": True, **cache}}
    )
    memory = open_memory(settings)
    helpers = Helpers(memory=memory, noting=Noting(b"of this installation"))
    pipeline = Pipeline(settings, {"small": ScriptedEngine("echo")}, helpers)
    yield Life(pipeline, memory)
    await asyncio.to_thread(memory.close)
    await pipeline.close()


def changed(home: Path, sql: str) -> None:
    """By hand."""
    db = apsw.Connection(str(home / FILE))
    db.execute(sql)
    db.close()


async def test_an_answer_is_given_again_after_a_restart_to_the_same_tenant(tmp_path: Path) -> None:
    async with life(tmp_path) as first:
        assert await first.ask("one two") == ("one two", "miss")
    async with life(tmp_path) as second:
        assert await second.ask("one two") == ("one two", "hit")
        assert await second.ask("one two", "somebody else") == ("one two", "miss")


async def test_an_answer_that_was_changed_by_hand_is_a_miss_and_made_again(tmp_path: Path) -> None:
    async with life(tmp_path) as first:
        await first.ask("one two")
    changed(
        tmp_path,
        "UPDATE answers SET answer = CAST(replace(CAST(answer AS TEXT), 'two', 'six') AS BLOB)",
    )
    async with life(tmp_path) as second:
        assert await second.ask("one two") == ("one two", "miss")
        assert await second.ask("one two") == ("one two", "hit")


async def test_another_tenants_answer_cannot_be_had_by_its_name(tmp_path: Path) -> None:
    async with life(tmp_path) as first:
        await first.ask("one two", "a")
        await first.ask("three", "b")
    changed(tmp_path, "UPDATE answers SET tenant = CASE tenant WHEN 'a' THEN 'b' ELSE 'a' END")
    async with life(tmp_path) as second:
        assert await second.ask("one two", "a") == ("one two", "miss")
        assert await second.ask("three", "b") == ("three", "miss")


async def test_a_locked_file_costs_only_that_answers_outlive_a_restart(tmp_path: Path) -> None:
    async with life(tmp_path) as first:
        await first.ask("one two")
    other = apsw.Connection(str(tmp_path / FILE))
    other.pragma("locking_mode", "exclusive")
    other.execute("BEGIN EXCLUSIVE")
    async with life(tmp_path) as second:
        assert [(await second.ask("one two"))[1] for _ in range(2)] == ["miss", "hit"]
        other.close()


async def test_what_was_flushed_stays_gone(tmp_path: Path) -> None:
    async with life(tmp_path) as first:
        await first.ask("one two", "a")
        await first.ask("one two", "b")
        assert await first.memory.flush(Scope(tenant="a"), dry_run=False) == 1
    async with life(tmp_path) as second:
        assert (await second.ask("one two", "a"))[1] == "miss"
        assert (await second.ask("one two", "b"))[1] == "hit"


async def test_stats_tell_how_the_file_is(tmp_path: Path) -> None:
    async with life(tmp_path) as first:
        stored = (await first.memory.stats()).stored
        assert stored is not None
        assert stored.trouble is None
    async with life(tmp_path, persist=False) as second:
        assert (await second.memory.stats()).stored is None


@pytest.mark.parametrize("off", [{"persist": False}, {"enabled": False}])
async def test_who_does_not_want_the_file_has_none(tmp_path: Path, off: dict[str, bool]) -> None:
    async with life(tmp_path) as first:
        await first.ask("one two")
    assert (tmp_path / FILE).exists()
    async with life(tmp_path, **off) as second:
        assert (await second.ask("one two"))[1] != "hit"
    assert list(tmp_path.glob("answers.*")) == []
