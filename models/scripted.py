"""An engine that says what its script says: deterministic, slow or failing on demand.

It is a real engine kind of the catalogue (`engine: scripted`): tests, the gateway benchmark and
demonstrations use it. Without a script it repeats the last user turn, word by word.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from models.engine import CallDelta, Chunk, FinishReason, Load, ModelCard, Prompt, Usage
from models.errors import (
    ContextLengthExceeded,
    EngineInterrupted,
    EngineUnavailable,
    GenerationTimeout,
)


@dataclass(frozen=True, slots=True)
class Script:
    """What to do. Times in seconds; `fail_after` counts chunks (0: before the first).

    `fail_times` bounds how many generations fail; None means every one.
    """

    words: tuple[str, ...] = ()
    first_token_delay: float = 0.0
    token_delay: float = 0.0
    fail_after: int | None = None
    fail_times: int | None = None
    context_length: int = 8192


class ScriptedEngine:
    """One word is one token. Obeys `max_tokens`, `stop`, `timeout` and a named tool choice."""

    def __init__(self, name: str = "scripted", script: Script | None = None) -> None:
        self.script = script or Script()
        self.prompts: list[Prompt] = []
        self.running = 0
        self._failures = 0
        self._closed = False
        self._card = ModelCard(name, "scripted", self.script.context_length, 0, "script-1")

    @property
    def card(self) -> ModelCard:
        return self._card

    async def generate(self, prompt: Prompt) -> AsyncIterator[Chunk]:
        await self.health()
        prompt_tokens = len(_flat_text(prompt).split())
        self._check_context(prompt, prompt_tokens)
        self.prompts.append(prompt)
        self.running += 1
        try:
            async with asyncio.timeout(prompt.timeout):
                async for chunk in self._play(prompt, prompt_tokens):
                    yield chunk
        except TimeoutError as exc:
            raise GenerationTimeout("The answer did not come before its deadline.") from exc
        finally:
            self.running -= 1

    async def _play(self, prompt: Prompt, prompt_tokens: int) -> AsyncIterator[Chunk]:
        words, reason = self._answer(prompt)
        fails_at = self._claim_failure()
        for position, word in enumerate(words):
            if position == fails_at:
                raise EngineInterrupted("The engine stopped in the middle of an answer.")
            await self._pause(position)
            last = position == len(words) - 1
            yield Chunk(
                text="" if prompt.tool_choice.name else word,
                tokens=1,
                calls=_call_delta(prompt, position, last),
                finish_reason=reason if last else None,
                usage=Usage(prompt_tokens, len(words)) if last else None,
            )

    async def load(self) -> Load:
        total = self.script.context_length
        return Load(self.running, 0, 1024, 0, total, 0.0, 0.0, 0, 0, time.monotonic())

    async def health(self) -> None:
        if self._closed:
            raise EngineUnavailable("The engine has been stopped.")

    async def close(self) -> None:
        self._closed = True

    def _check_context(self, prompt: Prompt, prompt_tokens: int) -> None:
        wanted = prompt.sampling.max_tokens or 1
        if prompt_tokens + wanted > self.script.context_length:
            raise ContextLengthExceeded.of(
                context=self.script.context_length, prompt=prompt_tokens, output=wanted
            )

    def _claim_failure(self) -> int | None:
        limit = self.script.fail_times
        if self.script.fail_after is None or (limit is not None and self._failures >= limit):
            return None
        self._failures += 1
        return self.script.fail_after

    async def _pause(self, position: int) -> None:
        delay = self.script.token_delay if position else self.script.first_token_delay
        if delay:
            await asyncio.sleep(delay)
        if self._closed:
            raise EngineInterrupted("The engine was stopped.")

    def _answer(self, prompt: Prompt) -> tuple[list[str], FinishReason]:
        words = list(self.script.words) or _words(_flat_text(prompt, last_only=True)) or [""]
        reason: FinishReason = "tool_calls" if prompt.tool_choice.name else "stop"
        words = _cut_at_stop(words, prompt.sampling.stop)
        limit = prompt.sampling.max_tokens
        if limit is not None and len(words) > limit:
            words, reason = words[:limit], "length"
        return words, reason


def _flat_text(prompt: Prompt, last_only: bool = False) -> str:
    if isinstance(prompt.input, str):
        return prompt.input
    if not prompt.input or isinstance(prompt.input[0], int):
        return " ".join(map(str, prompt.input))
    texts = [m.content for m in prompt.input if not isinstance(m, int)]
    return texts[-1] if last_only else "\n".join(texts)


def _words(text: str) -> list[str]:
    """Pieces that join to `text` with its runs of white space as single spaces."""
    pieces = text.split()
    return [word if i == 0 else f" {word}" for i, word in enumerate(pieces)]


def _cut_at_stop(words: list[str], stop: tuple[str, ...]) -> list[str]:
    text = "".join(words)
    found = [at for at in (text.find(s) for s in stop) if at >= 0]
    if not found:
        return words
    return _words(text[: min(found)]) or [""]


def _call_delta(prompt: Prompt, position: int, last: bool) -> tuple[CallDelta, ...]:
    name = prompt.tool_choice.name
    if name is None:
        return ()
    arguments = ("{" if position == 0 else "") + ("}" if last else "")
    if position:
        return (CallDelta(0, arguments),) if arguments else ()
    return (CallDelta(0, arguments, f"call_{prompt.request_id}", name),)
