"""The CPU engine: prompts go to the runner's thread, its progress comes back as chunks."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import aclosing, contextmanager, suppress
from dataclasses import replace
from typing import Final

import psutil

from models.engine import ChunkStream, ModelCard, Prompt
from models.errors import (
    EngineBusy,
    EngineError,
    EngineUnavailable,
    GenerationTimeout,
    ModelRefused,
)
from models.llama import gguf
from models.llama.library import Context, Model
from models.llama.preparing import Preparer
from models.llama.runner import Delivery, Runner
from models.llama.settings import LlamaSettings, bundled_model, fingerprint, library_version
from models.llama.task import Task
from models.load import Load
from models.text.answer import Answer, Progress
from models.text.tools import parse_calls

__all__ = ["LlamaEngine", "LlamaSettings"]

LONGEST_RETRY: Final = 60.0  # seconds

Mail = Progress | EngineError
Mailbox = asyncio.Queue[Mail]


class LlamaEngine:
    """llama.cpp with continuous batching. Making one loads the model, which takes seconds.

    Raises `ModelRefused` for a model that is damaged, altered or not one that llama.cpp runs.
    """

    def __init__(self, settings: LlamaSettings) -> None:
        path = settings.path or bundled_model()
        header = gguf.check(path, settings.sha256)
        if header.chat_template is None:
            raise ModelRefused("The model file has no chat template.")
        context_length = min(settings.context_length, header.context_length)
        self._settings = replace(settings, path=path, context_length=context_length)
        self._card = ModelCard(
            name=settings.name,
            engine="llama",
            context_length=context_length,
            created=int(path.stat().st_mtime),
            revision=f"{fingerprint(path)}-{library_version()}-{settings.layout.kv_type}",
        )
        self._mailboxes: dict[Task, tuple[asyncio.AbstractEventLoop, Mailbox]] = {}
        self._open = 0
        self._closed = False
        self._process = psutil.Process()
        self._model = Model(path)
        self._preparer = Preparer(self._model, header.chat_template, context_length)
        self._context = Context(self._model, self._settings)
        self._runner = Runner(self._context, self._settings, self._deliver)

    @property
    def card(self) -> ModelCard:
        return self._card

    async def generate(self, prompt: Prompt) -> ChunkStream:
        await self.health()
        self._check_room()
        self._open += 1
        try:
            chunks = self._answers(prompt)
            if prompt.tools and prompt.tool_choice.mode != "none":
                chunks = parse_calls(chunks, prompt)
            async with aclosing(chunks):
                async for chunk in chunks:
                    yield chunk
        finally:
            self._open -= 1

    async def _answers(self, prompt: Prompt) -> ChunkStream:
        arrived = time.monotonic()
        task = await asyncio.to_thread(self._preparer.task, prompt)
        answer = Answer(
            len(task.sequence.prompt), prompt.sampling.stop, self._model.piece, task.thinking
        )
        mailbox: Mailbox = asyncio.Queue()
        with self._deadline(prompt, arrived, mailbox), self._running(task, mailbox):
            while True:
                mail = await mailbox.get()
                if isinstance(mail, EngineError):
                    raise mail
                chunk = answer.chunk(mail)
                yield chunk
                if chunk.finish_reason:
                    return

    @contextmanager
    def _running(self, task: Task, mailbox: Mailbox) -> Iterator[None]:
        """Leaving it frees the slot within one step, finished or not."""
        self._mailboxes[task] = asyncio.get_running_loop(), mailbox
        self._runner.submit(task)
        try:
            yield
        finally:
            del self._mailboxes[task]
            self._runner.cancel(task)

    @contextmanager
    def _deadline(self, prompt: Prompt, arrived: float, mailbox: Mailbox) -> Iterator[None]:
        """A letter rather than `asyncio.timeout`, which would cancel whoever reads the stream."""
        if prompt.timeout is None:
            yield
            return
        late = GenerationTimeout("The answer did not come before its deadline.")
        left = prompt.timeout - (time.monotonic() - arrived)
        timer = asyncio.get_running_loop().call_later(max(0.0, left), mailbox.put_nowait, late)
        try:
            yield
        finally:
            timer.cancel()

    async def load(self) -> Load:
        await self.health()
        now = time.monotonic()
        running = self._runner.running()
        settings = self._settings
        return Load(
            running=len(running),
            waiting=max(0, self._open - len(running)),
            slots_total=settings.slots,
            kv_tokens_used=sum(sequence.computed for sequence in running),
            kv_tokens_total=settings.slots * settings.context_length,
            prefill_rate=self._runner.prefill_rate.at(now),
            decode_rate=self._runner.decode_rate.at(now),
            memory_used=self._process.memory_info().rss,
            memory_total=psutil.virtual_memory().total,
            measured_at=now,
            slots_useful=settings.layout.slots_useful(settings.slots),
        )

    async def health(self) -> None:
        if self._closed:
            raise EngineUnavailable("The engine has been stopped.")
        if not self._runner.is_alive:
            raise EngineUnavailable("The engine has died.")
        if self._runner.is_stuck(time.monotonic()):
            raise EngineUnavailable("The engine does not get on: one step takes too long.")

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await asyncio.to_thread(self._runner.stop)
        self._context.close()
        self._model.close()

    def _check_room(self) -> None:
        if self._open < self._settings.slots + self._settings.max_waiting:
            return
        raise EngineBusy(
            f"All {self._settings.slots} places are taken and {self._settings.max_waiting} wait.",
            self._seconds_until_room(),
        )

    def _seconds_until_room(self) -> float:
        """When the sequence with the least to go will have ended, at the present rate."""
        running = self._runner.running()
        left = min((s.limit - s.known for s in running), default=1)
        rate = self._runner.decode_rate.at(time.monotonic()) / max(1, len(running))
        return min(LONGEST_RETRY, max(1.0, left / rate)) if rate else LONGEST_RETRY

    def _deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Called in the runner's thread: wakes each event loop once."""
        mails = defaultdict(list)
        for task, mail in deliveries:
            if addressee := self._mailboxes.get(task):
                loop, mailbox = addressee
                mails[loop].append((mailbox, mail))
        for loop, post in mails.items():
            with suppress(RuntimeError):  # the loop was closed: nobody listens any more
                loop.call_soon_threadsafe(_put, post)


def _put(post: Sequence[tuple[Mailbox, Mail]]) -> None:
    for mailbox, mail in post:
        mailbox.put_nowait(mail)
