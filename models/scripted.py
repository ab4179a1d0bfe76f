"""An engine that says what its script says: deterministic, slow or failing on demand.

It is a real engine kind of the catalogue (`engine: scripted`): tests, the gateway benchmark and
demonstrations use it. Without a script it repeats the last user turn, word by word.
"""

import asyncio
import json
import re
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal

from models.engine import (
    Chunk,
    ChunkStream,
    FinishReason,
    Message,
    ModelCard,
    Prompt,
    TokenLogprob,
    TopLogprob,
    Usage,
)
from models.errors import (
    ContextLengthExceeded,
    EngineInterrupted,
    EngineUnavailable,
    GenerationTimeout,
)
from models.load import Load
from models.text.tools import CLOSING, OPENING, parse_calls


@dataclass(frozen=True, slots=True)
class Script:
    """What to do. Times in seconds; `fail_after` counts chunks (0: before the first).

    `fail_times` bounds how many generations fail; None means every one. To `break` is to end with
    an `EngineInterrupted`, to `hang` to produce nothing any more, for anybody and whatever the
    deadline, and to `raise` to end with an error that no engine should raise. The engine notices
    that it hangs after `stuck_after`.
    """

    words: tuple[str, ...] = ()
    first_token_delay: float = 0.0
    token_delay: float = 0.0
    fail_after: int | None = None
    fail_times: int | None = None
    fail_how: Literal["break", "hang", "raise"] = "break"
    stuck_after: float = 10.0
    context_length: int = 8192


class ScriptedEngine:
    """One word, with the white space before it, is one token.

    Obeys limits, stop strings, deadlines, `json_object` and forced calls of tools (with no
    arguments); what would take a model (schemas, biases, seeds) changes nothing.
    """

    def __init__(self, name: str = "scripted", script: Script | None = None) -> None:
        self.script = script or Script()
        self.prompts: list[Prompt] = []
        self.running = 0
        self._failures = 0
        self._stuck_since: float | None = None
        self._ended = asyncio.Event()
        self._card = ModelCard(name, "scripted", self.script.context_length, 0, "script-1")

    @property
    def card(self) -> ModelCard:
        return self._card

    async def generate(self, prompt: Prompt) -> ChunkStream:
        await self.health()
        prompt_tokens = sum(len(text.split()) for text in _texts(prompt))
        self._check_context(prompt, prompt_tokens)
        self.prompts.append(prompt)
        self.running += 1
        try:
            chunks = self._play(prompt, prompt_tokens)
            if prompt.tools and prompt.tool_choice.mode != "none":
                chunks = parse_calls(chunks, prompt)
            async with aclosing(chunks):
                async for chunk in chunks:
                    yield chunk
        finally:
            self.running -= 1

    async def _play(self, prompt: Prompt, prompt_tokens: int) -> ChunkStream:
        words, reason = _cut(_answer(self.script, prompt), prompt)
        fails_at = self._claim_failure()
        deadline = None if prompt.timeout is None else time.monotonic() + prompt.timeout
        for position, word in enumerate(words):
            if position == fails_at or self._stuck_since is not None:
                await self._fail()
            await self._pause(position, deadline)
            last = position == len(words) - 1
            yield Chunk(
                text=word,
                tokens=1,
                logprobs=_logprobs(word, prompt.sampling.top_logprobs),
                finish_reason=reason if last else None,
                usage=Usage(prompt_tokens, len(words)) if last else None,
            )

    async def load(self) -> Load:
        await self.health()
        total = self.script.context_length
        return Load(self.running, 0, 1024, 0, total, 0.0, 0.0, 0, 0, time.monotonic())

    async def health(self) -> None:
        if self._ended.is_set():
            raise EngineUnavailable("The engine has been stopped.")
        since = self._stuck_since
        if since is not None and time.monotonic() - since > self.script.stuck_after:
            raise EngineUnavailable("The engine does not get on.")

    async def close(self) -> None:
        self._ended.set()

    def _check_context(self, prompt: Prompt, prompt_tokens: int) -> None:
        wanted = prompt.sampling.max_tokens or 1
        if prompt_tokens + wanted > self.script.context_length:
            raise ContextLengthExceeded.of(
                context=self.script.context_length,
                prompt=prompt_tokens,
                output=wanted,
                param="messages" if _is_chat(prompt) else "prompt",
            )

    def _claim_failure(self) -> int | None:
        limit = self.script.fail_times
        if self.script.fail_after is None or (limit is not None and self._failures >= limit):
            return None
        self._failures += 1
        return self.script.fail_after

    async def _fail(self) -> None:
        if self.script.fail_how == "raise":
            raise RuntimeError("CUDA error: device-side assert triggered")
        if self.script.fail_how == "hang":
            self._stuck_since = self._stuck_since or time.monotonic()
            await self._ended.wait()
        raise EngineInterrupted("The engine stopped in the middle of an answer.")

    async def _pause(self, position: int, deadline: float | None) -> None:
        delay = self.script.token_delay if position else self.script.first_token_delay
        left = delay if deadline is None else max(0.0, deadline - time.monotonic())
        if delay:
            await asyncio.sleep(min(delay, left))
        if self._ended.is_set():
            raise EngineInterrupted("The engine was stopped.")
        if deadline is not None and delay >= left:
            raise GenerationTimeout("The answer did not come before its deadline.")


def _answer(script: Script, prompt: Prompt) -> Sequence[str]:
    choice = prompt.tool_choice
    if prompt.tools and choice.mode == "required":
        name = choice.name or prompt.tools[0].name
        return [f'{OPENING}{{"name": {json.dumps(name)}, "arguments": {{', f"}}}}{CLOSING}"]
    words = script.words or _words(_texts(prompt)[-1]) or ("",)
    if prompt.begun:
        words = _words("".join(words).removeprefix(prompt.begun)) or ("",)
    if prompt.format.kind == "json_object":
        return _words(json.dumps({"answer": "".join(words)}))
    return words


def _cut(words: Sequence[str], prompt: Prompt) -> tuple[Sequence[str], FinishReason]:
    limit = prompt.sampling.max_tokens
    if prompt.sampling.stop:
        words = _before(words, prompt.sampling.stop)
    return (words, "stop") if limit is None or len(words) <= limit else (words[:limit], "length")


def _before(words: Sequence[str], stop: Sequence[str]) -> list[str]:
    """The words, the last one perhaps shortened, up to the first stop string; at least one."""
    text = "".join(words)
    room = min((at for at in map(text.find, stop) if at >= 0), default=len(text))
    kept = [words[0][:room]]
    for word in words[1:]:
        room -= len(kept[-1])
        if room <= 0:
            break
        kept.append(word[:room])
    return kept


def _is_chat(prompt: Prompt) -> bool:
    return bool(prompt.input) and isinstance(prompt.input[0], Message)


def _texts(prompt: Prompt) -> list[str]:
    """The turns of a chat; else the text, or the ids as words."""
    if isinstance(prompt.input, str):
        return [prompt.input]
    turns = [turn.content for turn in prompt.input if isinstance(turn, Message)]
    return turns or [" ".join(map(str, prompt.input))]


def _words(text: str) -> list[str]:
    return re.findall(r"\s*\S+|\s+$", text)


def _logprobs(word: str, top: int | None) -> tuple[TokenLogprob, ...]:
    """Sure of itself, with made-up alternatives that are ever less likely."""
    if top is None:
        return ()
    likeliest = [TopLogprob(word, word.encode(), -0.1)]
    likeliest += [TopLogprob(f" {i}", f" {i}".encode(), -3.0 - i) for i in range(1, top)]
    return (TokenLogprob(word, word.encode(), -0.1, tuple(likeliest[:top])),)
