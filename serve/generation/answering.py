"""One generation: admitted, tried, tried elsewhere, and continued where it broke off."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial

from models.engine import Chunk, ChunkStream, Message, Prompt, Usage
from models.errors import EngineError, GenerationTimeout
from serve.config import Settings
from serve.errors import Overloaded, QueueDeadline
from serve.generation.admission import Where
from serve.generation.attended import attended
from serve.generation.tiers import Tier
from serve.generation.trying import Try
from serve.policy.admission import Ask
from serve.policy.estimates import Truth
from serve.policy.fallback import Attempts, RetryBudget, blame
from serve.policy.routing import size_of
from serve.receipt import Forecast, Receipt
from serve.sections.tiers import TierSettings

LOG = logging.getLogger("hearth.answering")
EXPECTED = (EngineError, Overloaded, QueueDeadline)


@dataclass(slots=True)
class Said:
    """What of an answer has gone out. `earlier`: tokens of it that other engines produced."""

    prompt: Prompt
    text: str = ""
    tokens: int = 0
    earlier: int = 0
    plain: bool = True

    def note(self, chunk: Chunk) -> Chunk:
        """The chunk as its reader should see it: its usage counts what came earlier, too."""
        self.text += chunk.text
        self.tokens += chunk.tokens
        self.plain = self.plain and not (chunk.calls or chunk.reasoning or chunk.logprobs)
        usage = chunk.usage
        if usage is None or not self.earlier:
            return chunk
        prompt_tokens = max(1, usage.prompt_tokens - self.earlier)
        usage = Usage(prompt_tokens, usage.completion_tokens + self.earlier, usage.cached_tokens)
        return replace(chunk, usage=usage)

    def can_go_on(self) -> bool:
        """Whether another engine may continue: plain text, in a format that all have."""
        prompt = self.prompt
        calls = bool(prompt.tools) and prompt.tool_choice.mode != "none"
        readable = isinstance(prompt.input, str) or isinstance(prompt.input[0], Message)
        limit = prompt.sampling.max_tokens
        room = limit is None or self.tokens < limit
        return self.plain and readable and room and not calls and prompt.format.kind == "text"

    def rest(self) -> Prompt:
        """The prompt that asks for what is missing."""
        if not self.tokens:
            return self.prompt
        self.earlier = self.tokens
        limit = self.prompt.sampling.max_tokens
        left = None if limit is None else limit - self.tokens
        sampling = replace(self.prompt.sampling, max_tokens=left)
        return replace(self.prompt, begun=self.prompt.begun + self.text, sampling=sampling)


@dataclass(slots=True)
class Order:
    """What one request's generations share. `tiers`: who may answer, the preferred one first.

    `unset`: the names of sampling fields that the client left to the tier.
    """

    tiers: Sequence[str]
    stream: bool
    receipt: Receipt
    unset: frozenset[str] = frozenset()


class Answering:
    def __init__(self, settings: Settings, tiers: Mapping[str, Tier]) -> None:
        self._settings = settings
        self._tiers = tiers
        self._budget = RetryBudget(settings.retry)

    async def answer(self, order: Order, prompt: Prompt) -> ChunkStream:
        """Raises what the last try raised."""
        deadline = time.monotonic() + (prompt.timeout or self._settings.deadlines.answer)
        attempts = Attempts(self._settings.retry, order.tiers)
        said = Said(prompt)
        self._budget.request(time.monotonic())
        tier = self._first(order.tiers)
        while True:
            attempts.began(tier.name)
            try:
                one = Try.begun(tier, said.rest(), deadline, order.receipt)
                async with aclosing(self._attempt(one, order)) as chunks:
                    async for chunk in chunks:
                        yield said.note(chunk)
                return
            except Exception as exc:
                tier = await self._after(exc, attempts, said, order)

    def _first(self, names: Sequence[str]) -> Tier:
        """The first that is not resting; when all are, or there is one only, the first."""
        now = time.monotonic()
        if len(names) > 1:
            for name in names:
                if self._tiers[name].breaker.admits(now):
                    return self._tiers[name]
        return self._tiers[names[0]]

    async def _after(self, error: Exception, attempts: Attempts, said: Said, order: Order) -> Tier:
        """Whom to ask next, after the pause that it takes; or `error`."""
        now = time.monotonic()
        usable = [t for t in order.tiers if self._tiers[t].breaker.state(now) != "open"]
        retry = attempts.after(error, usable)
        if retry is None or (blame(error) == "tier" and not self._budget.take(now)):
            raise error
        if said.tokens:
            elsewhere = retry.tier != attempts.made[-1] and self._settings.routing.continue_broken
            if not elsewhere or not said.can_go_on():
                raise error
            order.receipt.continued = True
        await asyncio.sleep(retry.delay)
        return self._tiers[retry.tier]

    async def _attempt(self, one: Try, order: Order) -> ChunkStream:
        """Its first chunk as it comes when streaming, else all of it at once."""
        tier = one.tier
        try:
            async with aclosing(self._admitted(one, order)) as chunks:
                async for chunk in chunks if order.stream else held_back(chunks):
                    order.receipt.tier, order.receipt.model = tier.name, tier.settings.model
                    yield chunk
        except Exception as exc:
            if not isinstance(exc, EXPECTED):
                LOG.error("tier %s fails as no engine should", tier.name, exc_info=exc)
            one.attempt.failed(exc)
            if blame(exc) == "tier":
                tier.breaker.failed(time.monotonic())
            else:
                tier.breaker.abandoned()
            raise
        except BaseException:
            tier.breaker.abandoned()
            raise
        finally:
            one.ended()

    async def _admitted(self, one: Try, order: Order) -> ChunkStream:
        """Generated under a permit; what it cost in the end teaches the next estimates."""
        tier, prompt, receipt = one.tier, one.prompt, order.receipt
        key, size = receipt.key_id or prompt.tenant, size_of(prompt)
        estimate = tier.estimator.guess(key, size, prompt.sampling.max_tokens)
        begin = min(one.deadline, time.monotonic() + self._settings.admission.patience)
        ask = Ask(key, estimate, begin, prompt.priority, one.deadline)
        async with tier.gate.permit(ask, partial(_waits, order.receipt, tier)) as permit:
            receipt.waited(permit.expected, permit.waited)
            receipt.stage = tier.stage
            one.admitted(permit.waited)
            async with aclosing(self._judged(one, order)) as chunks:
                async for chunk in chunks:
                    yield chunk
                    if (usage := chunk.usage) is not None:
                        receipt.forecast.append(Forecast(estimate.output, usage.completion_tokens))
                        truth = Truth(
                            usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens
                        )
                        tier.estimator.learn(key, size, truth)

    async def _judged(self, one: Try, order: Order) -> ChunkStream:
        """The engine's chunks; its breaker learns how long the first one took."""
        tier = one.tier
        asked = replace(
            with_defaults(one.prompt, tier.settings, order.unset),
            timeout=_left(one.deadline),
            whole=not order.stream,
            patient=len(order.tiers) == 1,
        )
        began, first = time.monotonic(), True
        async with aclosing(self._attended(tier, asked)) as chunks:
            async for chunk in chunks:
                if first:
                    now = time.monotonic()
                    # A whole answer in one chunk says nothing about its first token.
                    tier.breaker.succeeded(now, 0.0 if asked.whole else now - began)
                    if not asked.whole:
                        one.came(now)
                    first = False
                yield chunk

    def _attended(self, tier: Tier, prompt: Prompt) -> ChunkStream:
        """An upstream has its own patience, and some tell nothing while they answer."""
        if tier.settings.remote:
            return tier.engine.generate(prompt)
        return attended(tier.engine, prompt, self._settings.deadlines.recovery)


def _waits(receipt: Receipt, tier: Tier, where: Where) -> None:
    receipt.stage = partial(tier.queued, where)


def with_defaults(prompt: Prompt, tier: TierSettings, unset: frozenset[str]) -> Prompt:
    """`prompt` with the tier's own sampling where the client named none."""
    if not unset:
        return prompt
    asked = prompt.sampling
    temperature = tier.temperature if "temperature" in unset else asked.temperature
    top_p = tier.top_p if "top_p" in unset else asked.top_p
    return replace(prompt, sampling=replace(asked, temperature=temperature, top_p=top_p))


async def held_back(chunks: ChunkStream) -> ChunkStream:
    """Yields nothing before the whole of `chunks` has come."""
    for chunk in [chunk async for chunk in chunks]:
        yield chunk


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise GenerationTimeout("The answer did not come before its deadline.")
    return left
