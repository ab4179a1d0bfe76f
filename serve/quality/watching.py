"""Golden questions asked when it is time, one after the other, while nobody else is answered.

One gateway of several asks them; what comes of it is in a file that all of them read.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from typing import Final

import orjson

from index.errors import IndexRefusal
from index.library import Library
from serve.ledger.quality import Note, Outcome, QualityFile, Run
from serve.quality.golden import Golden, GoldenRefused, read_golden
from serve.quality.scoring import READER, Scoring

LOG = logging.getLogger("hearth.quality")

WISH: Final = 2.0  # seconds between looks for somebody's wish
LOOK: Final = 60.0  # seconds between looks for what has changed
IDLE: Final = 1.0  # seconds between looks for a quiet moment

FIRST: Final = "first"
DUE: Final = "due"
CHANGED: Final = "changed"
WISHED: Final = "wished"

STALE: Final[tuple[Note, ...]] = ("trouble", "running")

# What changes no answer.
ASIDE: Final = {"home", "host", "port", "allowed_hosts", "ui", "receipts", "cost", "log", "tracing"}


@dataclass(slots=True)
class Watching:
    """`clock` in unix seconds."""

    scoring: Scoring
    file: QualityFile
    library: Library | None = None
    clock: Callable[[], float] = time.time
    _seen: str = ""
    _task: asyncio.Task[None] | None = field(default=None)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def look(self) -> str | None:
        """Asks all questions, if it is time. Returns why; None: it is not. Trouble with their file
        is noted for whoever looks.
        """
        try:
            golden = await asyncio.to_thread(self._golden)
        except GoldenRefused as exc:
            await asyncio.to_thread(self._fails, exc.args[0])
            return None
        identity = await self._identity(golden)
        why = await asyncio.to_thread(self._why, identity)
        self._seen = identity
        if why is not None:
            await self._ask(golden, why, identity)
        return why

    def _golden(self) -> list[Golden]:
        settings = self.scoring.settings.quality
        if settings.questions is None:
            raise GoldenRefused("There are no questions: quality.questions is not set.")
        embedder, judge = self.scoring.embedder is not None, settings.judge is not None
        return read_golden(settings.questions.expanduser(), embedder=embedder, judge=judge)

    def _fails(self, trouble: str) -> None:
        if self.file.notes()["trouble"] != trouble:
            LOG.warning("golden questions cannot be asked: %s", trouble)
        self.file.note("trouble", trouble)
        self.file.note("wished", "")

    def _why(self, identity: str) -> str | None:
        """A change must have lasted from one look to the next: documents come one by one."""
        last, settled, notes = self.file.runs(1), identity == self._seen, self.file.notes()
        for name in STALE:  # of before, or of a process that is gone
            if notes[name]:
                self.file.note(name, "")
        if notes["wished"]:
            return WISHED
        if not last:
            return FIRST
        if settled and last[0]["identity"] != identity:
            return CHANGED
        late = self.clock() - last[0]["began"] >= self.scoring.settings.quality.period
        return DUE if late else None

    async def _ask(self, golden: Sequence[Golden], why: str, identity: str) -> None:
        began = self.clock()
        try:
            await asyncio.to_thread(self.file.note, "running", f"0/{len(golden)}")
            await asyncio.to_thread(self.file.note, "wished", "")
            outcomes = await self._outcomes(golden)
            run = Run(began, self.clock(), why, identity)
            found = await asyncio.to_thread(self.file.add, run, outcomes)
        finally:
            self.file.note("running", "")
        for name, trend in found.items():
            if trend.dropped:
                LOG.warning("answers to the golden questions %r have become worse", name)

    async def _outcomes(self, golden: Sequence[Golden]) -> list[Outcome]:
        ends, outcomes = self.clock() + self.scoring.settings.quality.period, list[Outcome]()
        for one in golden:
            await asyncio.to_thread(self.file.note, "running", f"{len(outcomes)}/{len(golden)}")
            if await self._quiet(ends):
                outcomes.append(await self.scoring.outcome(one))
            else:
                late = "not asked: others were answered all the time"
                outcomes.append(Outcome(one.id, one.question, one.set, None, late))
        return outcomes

    async def _quiet(self, ends: float) -> bool:
        """Waits until nobody else is answered; False: that was not before `ends`."""
        while not await self.scoring.pipeline.has_time():
            if self.clock() >= ends:
                return False
            await asyncio.sleep(IDLE)
        return True

    async def _identity(self, golden: Sequence[Golden]) -> str:
        """Of everything that makes the answers."""
        settings, pipeline = self.scoring.settings, self.scoring.pipeline
        cards = [tier.engine.card for tier in pipeline.tiers.values()]
        named = sorted({name for one in golden for name in one.collections})
        told = (
            version("hearth"),
            [(card.name, card.revision) for card in cards],
            [one.id for one in golden],
            [(name, await self._version(name)) for name in named],
            settings.model_dump(mode="json", exclude=ASIDE),
        )
        return sha256(orjson.dumps(told)).hexdigest()

    async def _version(self, collection: str) -> int | None:
        """None where there is no such collection at present."""
        if self.library is None:
            return None
        try:
            return (await self.library.collection(READER, collection)).record.version
        except IndexRefusal:
            return None

    async def _run(self) -> None:
        while True:
            try:
                await self._until_wished()  # models, embedder and library load meanwhile
                await self.look()
            except Exception:
                LOG.exception("golden questions were not asked to the end")
                await asyncio.sleep(LOOK)

    async def _until_wished(self) -> None:
        """Or until it is time for another look."""
        ends = time.monotonic() + LOOK
        while time.monotonic() < ends:
            await asyncio.sleep(WISH)
            if (await asyncio.to_thread(self.file.notes))["wished"]:
                return
