"""vLLM's `AsyncLLM` behind our protocol: its own processes compute, ours reads and tells.

Prompts, grammars, stop strings, text and calls are made by `models.text`, as for llama.cpp, so
that they mean the same; vLLM gets tokens and gives tokens.
"""

import asyncio
import os
import time
from collections.abc import Iterable
from contextlib import aclosing, suppress
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import psutil

from models.engine import (
    Chunk,
    ChunkStream,
    FinishReason,
    ModelCard,
    Prompt,
    TokenLogprob,
    TopLogprob,
)
from models.errors import (
    EngineBusy,
    EngineDied,
    EngineInterrupted,
    EngineUnavailable,
    ModelRefused,
)
from models.gpu.device import device
from models.gpu.readings import GpuReader
from models.load import Device, Load
from models.text.answer import Answer, Progress
from models.text.reading import Reader
from models.text.tools import parse_calls
from models.vllm.failure import loading_log, refusal
from models.vllm.gauge import Gauge, logger_for
from models.vllm.outputs import BROKEN_OFF, next_output
from models.vllm.sampling import parameters
from models.vllm.settings import VllmSettings
from models.vllm.tokenizer import FolderTokenizer

if TYPE_CHECKING:
    from vllm.outputs import CompletionOutput, RequestOutput
    from vllm.v1.engine.async_llm import AsyncLLM

LONGEST_RETRY: Final = 60.0  # seconds
REASONS: Final[dict[str, FinishReason]] = {"stop": "stop", "length": "length"}


class VllmEngine:
    """Making one loads the model, which takes a minute on a CPU.

    `gpus` tells how those are that it runs on; `remark` is for its `Load`. Raises `ModelRefused`
    for a folder that cannot be read or a model that vLLM cannot load, `DoesNotFit` for one that
    needs more memory than there is.
    """

    def __init__(
        self, settings: VllmSettings, gpus: GpuReader | None = None, remark: str = ""
    ) -> None:
        self._settings = settings
        self._gpus = gpus
        self._remark = remark
        self._tokenizer = FolderTokenizer(settings.folder)
        self._reader = Reader(self._tokenizer, self._tokenizer.template, settings.context_length)
        self._gauge = Gauge()
        self._llm = _load(settings, self._gauge)
        self._gauge.pace.most = self._llm.vllm_config.scheduler_config.max_num_batched_tokens
        self._processes = (psutil.Process(), *psutil.Process().children(recursive=True))
        self._card = _card(settings)
        self._numbers = count()
        self._open = 0
        self._asked_at = time.monotonic()  # after nobody had
        self._dead = self._closed = False

    @property
    def card(self) -> ModelCard:
        return self._card

    async def generate(self, prompt: Prompt) -> ChunkStream:
        await self.health()
        self._check_room()
        if not self._open:
            self._asked_at = time.monotonic()
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
        deadline = None if prompt.timeout is None else time.monotonic() + prompt.timeout
        read = await asyncio.to_thread(self._reader.read, prompt)
        await self.health()  # it may have been closed meanwhile
        answer = Answer(
            len(read.tokens), prompt.sampling.stop, self._tokenizer.piece, read.thinking
        )
        outputs = self._llm.generate(
            {"prompt_token_ids": read.tokens.tolist(), "cache_salt": prompt.tenant or "nobody"},
            parameters(prompt.sampling, read, self._tokenizer.end_tokens),
            request_id=f"{prompt.request_id}-{next(self._numbers)}",
            priority=-prompt.priority,
        )
        # Leaving it, however that happens, makes vLLM give the request up.
        async with aclosing(outputs):
            while (output := await self._next(outputs, deadline)) is not None:
                chunk = self._chunk(answer, output, prompt.sampling.top_logprobs)
                yield chunk
                if chunk.finish_reason:
                    return
        raise EngineInterrupted(BROKEN_OFF)

    async def _next(self, outputs: Any, deadline: float | None) -> "RequestOutput | None":
        try:
            return await next_output(outputs, deadline)
        except EngineDied:
            self._dead = True
            raise

    def _chunk(self, answer: Answer, output: "RequestOutput", top: int | None) -> Chunk:
        new = output.outputs[0]
        if new.finish_reason is not None and new.finish_reason not in REASONS:
            raise EngineInterrupted("The engine gave up before the answer was complete.")
        return answer.chunk(
            Progress(
                tuple(new.token_ids),
                () if top is None else tuple(self._logprobs(new, top)),
                REASONS.get(new.finish_reason or ""),
                output.num_cached_tokens or 0,
            )
        )

    def _logprobs(self, new: "CompletionOutput", top: int) -> list[TokenLogprob]:
        """Of every token but one that ends the answer; vLLM's are the model's own."""
        pairs = zip(new.token_ids, new.logprobs or [], strict=False)
        return [
            self._token_logprob(token, known, top)
            for token, known in pairs
            if token not in self._tokenizer.end_tokens
        ]

    def _token_logprob(self, token: int, known: Any, top: int) -> TokenLogprob:
        likeliest = sorted(known, key=lambda i: -known[i].logprob)[:top]
        chosen = self._named(token, known[token].logprob)
        alternatives = tuple(self._named(i, known[i].logprob) for i in likeliest)
        return TokenLogprob(chosen.token, chosen.token_bytes, chosen.logprob, alternatives)

    def _named(self, token: int, logprob: float) -> TopLogprob:
        piece = self._tokenizer.piece(token) or self._tokenizer.spelling(token).encode()
        return TopLogprob(piece.decode(errors="replace"), piece, float(logprob))

    async def load(self) -> Load:
        await self.health()
        now, gauge, settings = time.monotonic(), self._gauge, self._settings
        cache = self._llm.vllm_config.cache_config
        total = (cache.num_gpu_blocks or 0) * cache.block_size
        return Load(
            running=gauge.running,
            waiting=max(0, self._open - gauge.running),
            slots_total=settings.slots,
            kv_tokens_used=round(gauge.kv_share * total),
            kv_tokens_total=total,
            prefill_rate=gauge.prefill.at(now),
            decode_rate=gauge.decode.at(now),
            memory_used=_resident(self._processes),
            memory_total=psutil.virtual_memory().total,
            measured_at=now,
            device=self._device(),
            context_length=settings.context_length,
            remark=self._remark,
        )

    def _device(self) -> Device:
        return device(self._gpus.read(patience=0)) if self._gpus else Device()

    async def health(self) -> None:
        if self._closed:
            raise EngineUnavailable("The engine has been stopped.")
        if self._dead or self._llm.errored:
            raise EngineUnavailable(self._device().gone or "The engine has died.")
        idle = time.monotonic() - max(self._gauge.step_at, self._asked_at)
        if self._open and idle > self._gauge.pace.limit:
            raise EngineUnavailable("The engine does not get on: one step takes too long.")

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await asyncio.to_thread(self._llm.shutdown)
        # An error that vLLM met and kept while it was imported keeps us, by our frame, for ever.
        del self._llm

    def _check_room(self) -> None:
        settings = self._settings
        if self._open < settings.slots + settings.max_waiting:
            return
        raise EngineBusy(
            f"All {settings.slots} places are taken and {settings.max_waiting} wait.",
            LONGEST_RETRY,
        )


def _load(settings: VllmSettings, gauge: Gauge) -> "AsyncLLM":
    log = loading_log()
    log.clear()
    # vLLM takes these from nowhere else.
    os.environ.update(settings.environment | log.environment)  # noqa: TID251
    try:
        from vllm.engine.arg_utils import AsyncEngineArgs
        from vllm.v1.engine.async_llm import AsyncLLM
    except ImportError as exc:
        raise ModelRefused("vLLM is not installed here.") from exc
    try:
        arguments = AsyncEngineArgs(**settings.arguments)
        return AsyncLLM.from_engine_args(arguments, stat_loggers=[logger_for(gauge)])
    except (RuntimeError, ValueError, OSError, MemoryError) as exc:
        raise refusal(exc, log.read()) from exc


def _card(settings: VllmSettings) -> ModelCard:
    config = settings.folder / "config.json"
    return ModelCard(
        name=settings.name,
        engine="vllm",
        context_length=settings.context_length,
        created=int(config.stat().st_mtime),
        revision=f"{settings.folder.name}-{settings.dtype}",
    )


def _resident(processes: Iterable[psutil.Process]) -> int:
    """Bytes in memory of those that live."""
    used = 0
    for process in processes:
        with suppress(psutil.Error):
            used += process.memory_info().rss
    return used
