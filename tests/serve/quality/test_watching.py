"""Golden questions in one process: when they are asked, how, and what is noticed."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from index.caches.local import LocalMemory
from models.embedder import HashingEmbedder
from models.scripted import Script, ScriptedEngine
from serve.config import Settings
from serve.ledger.quality import QualityFile
from serve.pipeline import Helpers, Pipeline
from serve.policy.admission import Ask
from serve.policy.estimates import Estimate
from serve.quality.scoring import LOWEST, Scoring
from serve.quality.watching import Watching

DEADLINE = 10.0
TIERS = {
    "small": {"engine": "scripted", "model": "echo"},
    "large": {"engine": "scripted", "model": "sage"},
}
HOUR = 3600.0


@dataclass
class Bench:
    folder: Path
    watching: Watching
    engine: ScriptedEngine
    judge: ScriptedEngine
    now: float = 1000.0

    @property
    def file(self) -> QualityFile:
        return self.watching.file

    def says(self, *words: str) -> None:
        self.engine.script = Script(words)

    def writes(self, *golden: dict[str, Any]) -> None:
        lines = [json.dumps({"model": "echo"} | one) for one in golden]
        (self.folder / "golden.jsonl").write_text("\n".join(lines))

    async def look(self) -> str | None:
        async with asyncio.timeout(DEADLINE):
            return await self.watching.look()

    async def after(self, seconds: float) -> str | None:
        self.now += seconds
        return await self.look()

    async def only(self, **expected: Any) -> dict[str, Any]:
        """How the answer to a single question is found."""
        self.writes({"question": "Say it", **expected})
        self.file.note("wished", "test")
        assert await self.look() == "wished"
        (outcome,) = self.file.outcomes()
        return outcome

    def dropped(self) -> dict[str, bool]:
        return {name: trend.dropped for name, trend in self.file.latest().items()}


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    settings = Settings.model_validate({
        "home": tmp_path,
        "tiers": TIERS,
        "embedder": {"engine": "hashing", "model": "hash"},
        "quotas": {"models": {"echo": {"requests": 1}}},
        "quality": {"questions": tmp_path / "golden.jsonl", "judge": "large"},
    })  # fmt: skip
    engine, judge = ScriptedEngine("echo"), ScriptedEngine("sage")
    memory = LocalMemory(1 << 20, HOUR)
    pipeline = Pipeline(settings, {"small": engine, "large": judge}, Helpers(memory=memory))
    scoring = Scoring(settings, pipeline, HashingEmbedder("hash"))
    watching = Watching(scoring, QualityFile(settings.quality_file))
    made = Bench(tmp_path, watching, engine, judge)
    watching.clock = lambda: made.now
    made.writes(*({"question": f"Question {n}", "contains": "fine"} for n in range(10)))
    yield made
    await watching.close()
    await pipeline.close()


async def test_questions_are_asked_first_and_then_when_they_are_due(bench: Bench) -> None:
    bench.says("fine")
    assert await bench.look() == "first"
    assert await bench.after(HOUR) is None
    assert await bench.after(5 * HOUR) == "due"
    assert [run["why"] for run in bench.file.runs()] == ["due", "first"]
    assert len(bench.engine.prompts) == 20


async def test_they_come_last_without_the_cache_and_count_for_no_limit(bench: Bench) -> None:
    """The model may be asked once a minute here."""
    bench.says("fine")
    await bench.look()
    assert {prompt.priority for prompt in bench.engine.prompts} == {LOWEST}
    assert {prompt.sampling.temperature for prompt in bench.engine.prompts} == {0.0}
    assert {one["passed"] for one in bench.file.outcomes()} == {True}
    assert {one["model"] for one in bench.file.outcomes()} == {"echo"}


async def test_a_drop_is_noticed_and_lasts_until_answers_are_good_again(bench: Bench) -> None:
    bench.says("fine")
    await bench.look()
    assert await bench.after(6 * HOUR) == "due"
    assert bench.dropped() == {"golden": False}
    bench.says("confused")
    for _ in range(3):
        assert await bench.after(6 * HOUR) == "due"
        assert bench.dropped() == {"golden": True}
    assert {one["why"] for one in bench.file.outcomes()} == {"contains: without 'fine'"}
    bench.says("all", " fine")
    await bench.after(6 * HOUR)
    assert bench.dropped() == {"golden": False}


async def test_one_answer_that_fails_now_and_then_is_no_drop(bench: Bench) -> None:
    names = [f"word{n}" for n in range(10)]
    bench.writes(*({"question": name, "contains": name} for name in names))
    bench.says(*names)
    await bench.look()
    for wrong in names[:6]:
        bench.says(*(f" {name}" for name in names if name != wrong))
        await bench.after(6 * HOUR)
        assert bench.file.latest()["golden"].share == 0.9
        assert bench.dropped() == {"golden": False}


async def test_one_set_may_drop_while_another_is_as_it_was(bench: Bench) -> None:
    ours = [{"question": f"{n}", "contains": "fine", "set": "ours"} for n in range(10)]
    theirs = [{"question": f"{n}", "contains": "x", "set": "theirs"} for n in range(10)]
    bench.writes(*ours, *theirs)
    bench.says("fine x")
    await bench.look()
    await bench.after(6 * HOUR)
    bench.says("x")
    await bench.after(6 * HOUR)
    assert bench.dropped() == {"ours": True, "theirs": False}


async def test_a_change_is_followed_by_a_run_once_it_has_settled(bench: Bench) -> None:
    bench.says("fine")
    await bench.look()
    card = bench.engine.card
    bench.engine._card = replace(card, revision="script-2")
    assert await bench.look() is None
    bench.engine._card = replace(card, revision="script-3")
    assert await bench.look() is None
    assert await bench.look() == "changed"
    assert await bench.look() is None


async def test_nobody_else_has_to_wait_for_them(bench: Bench) -> None:
    gate = bench.watching.scoring.pipeline.tiers["large"].gate
    async with AsyncExitStack() as others:
        ask = Ask("other", Estimate(1.0, 0.0, 1.0, 1.0), 1e12, 0, 1e12)
        await others.enter_async_context(gate.permit(ask))
        looking = asyncio.create_task(bench.look())
        async with asyncio.timeout(DEADLINE):
            while bench.file.notes()["running"] != "0/10":
                await asyncio.sleep(0.01)
        await asyncio.sleep(0)
        assert bench.engine.prompts == []
    assert await looking == "first"


async def test_without_a_quiet_moment_they_are_not_asked_and_that_is_no_failure(
    bench: Bench,
) -> None:
    gate = bench.watching.scoring.pipeline.tiers["large"].gate
    async with gate.permit(Ask("other", Estimate(1.0, 0.0, 1.0, 1.0), 1e12, 0, 1e12)):
        times = iter([0.0, 0.0, 0.0])
        bench.watching.clock = lambda: next(times, 7 * HOUR)
        assert await bench.look() == "first"
    assert {one["passed"] for one in bench.file.outcomes()} == {None}
    assert bench.engine.prompts == []
    assert bench.dropped() == {}


async def test_an_engine_that_breaks_is_no_wrong_answer_but_a_refusal_is(bench: Bench) -> None:
    bench.engine.script = Script(fail_after=0)
    broken = await bench.only(contains="x")
    assert (broken["passed"], broken["why"]) == (None, "not asked: EngineInterrupted")
    refused = await bench.only(contains="x", model="nobody")
    assert refused["passed"] is False
    assert refused["why"].startswith("refused: The model 'nobody' does not exist")


@pytest.mark.parametrize(
    ("expected", "why"),
    [
        ({"exact": "Say it."}, ""),
        ({"exact": "Say"}, "exact: it is another answer"),
        ({"schema": {"type": "object"}}, "schema: it is no JSON of this schema"),
        ({"similar": {"to": "Say it"}}, ""),
        ({"similar": {"to": "Otherwise entirely"}}, "similar: "),
        ({"exact": "Say it", "contains": "what"}, "contains: without 'what'"),
    ],
)
async def test_an_answer_is_all_that_is_expected(
    bench: Bench, expected: dict[str, Any], why: str
) -> None:
    outcome = await bench.only(**expected)
    assert outcome["passed"] == (not why)
    assert outcome["why"].startswith(why)


async def test_the_large_tier_judges(bench: Bench) -> None:
    bench.judge.script = Script(('{"correct": "yes"}',))
    assert (await bench.only(judged="It"))["passed"] is True
    asked = bench.judge.prompts[-1]
    assert asked.format.kind == "json_schema"
    assert "Right:\nIt\n" in asked.input[1].content
    bench.judge.script = Script(('{"correct": "no"}',))
    told = await bench.only(judged="Else")
    assert (told["passed"], told["why"]) == (False, "judged: it says something else")
    bench.judge.script = Script(("Well",))
    told = await bench.only(judged="Else")
    assert (told["passed"], told["why"]) == (None, "not asked: NoVerdict")


async def test_a_file_that_cannot_be_used_is_told_until_it_is_mended(bench: Bench) -> None:
    bench.writes({"question": "a"})
    bench.file.note("wished", "test")
    assert await bench.look() is None
    notes = bench.file.notes()
    assert notes["trouble"].startswith("Line 1: expects nothing")
    assert notes["wished"] == ""
    bench.writes({"question": "a", "contains": "a"})
    assert await bench.look() == "first"
    assert bench.file.notes()["trouble"] == ""


async def test_it_runs_by_itself_until_it_is_closed(bench: Bench) -> None:
    bench.says("fine")
    bench.watching.start()
    bench.file.note("wished", "test")
    async with asyncio.timeout(DEADLINE):
        while not bench.file.runs():
            await asyncio.sleep(0.05)
    await bench.watching.close()
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(0)
    assert bench.file.notes() == {"wished": "", "running": "", "trouble": ""}
