"""The way of a request, once, without coming back.

    2 authenticate        `Keys.authenticate`, before the body is read (called by the API)
    3 limits              room for it with whoever pays: `serve.limits.billing`
    4 screen              what must not go in, by the policies in force: `serve.screening`
    6 retrieve            passages of the named collections: `serve.documents.grounding`
    5 cache               the same again, in other words, or just now: `serve.caching.remembering`
    7 choose the tier     the named one, or for `auto` what `serve.policy.routing` says
    8 admission           a permit of that tier's gate     } `serve.generation.answering`, for every
    9 generate            tried, tried elsewhere, continued } generation of the request
   10 cite, observe       what came from documents is checked; chunks are noted in the receipt

The cache comes after the search, not before it: what is found is a part of what is asked, so that
no answer outlives a passage it stood on. Steps return a value or raise; nothing calls an earlier
step.
"""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial

from index.caches.local import LocalMemory
from index.caches.memory import Memory
from index.caches.sharing import Sharing
from models.embedder import Embedder
from models.engine import Chunk, ChunkStream, Engine, Prompt, Usage
from serve.caching.asked import Question
from serve.caching.checking import Checking
from serve.caching.remembering import Remembering, Wanted
from serve.config import Settings
from serve.documents.grounding import Grounding, Grounds, Looking, asked_text
from serve.documents.questions import Asking
from serve.errors import NotFound
from serve.generation.answering import Answering, Order
from serve.generation.choices import interleave
from serve.generation.judging import Judge
from serve.generation.tiers import Tier, Watch, tiers_of
from serve.limits.billing import Billing
from serve.limits.limiting import Limiting
from serve.policy.brownout import Brownout, shortened
from serve.policy.routing import (
    Asked,
    Conversations,
    Guess,
    Hints,
    Route,
    choose,
    size_of,
)
from serve.profiles import BUNDLED
from serve.receipt import Receipt
from serve.receipts.features import Noting
from serve.request import AUTO, Request, model_not_allowed
from serve.screening import Screening


@dataclass(frozen=True, slots=True)
class Helpers:
    """What the way of a request asks on the way. Without it: no embedding, no documents, kept
    answers in a memory of its own. `alike`: they are given to questions in other words, too;
    `sharing`: generations are shared with other gateways; `limiting`: so are limits. `noting`: the
    features of requests; its salt is that of all digests.
    """

    embedder: Embedder | None = None
    judge: Judge | None = None
    grounding: Grounding = field(default_factory=Grounding)
    memory: Memory | None = None
    alike: bool = False
    sharing: Sharing | None = None
    limiting: Limiting | None = None
    noting: Noting = field(default_factory=Noting)


class Pipeline:
    """Answers requests with the engines of `tiers` (by tier name, as in the settings)."""

    def __init__(
        self, settings: Settings, engines: Mapping[str, Engine], helpers: Helpers | None = None
    ) -> None:
        self._settings = settings
        self._helpers = helpers or Helpers()
        self.tiers: Mapping[str, Tier] = tiers_of(settings, engines)
        self.watch = Watch(self.tiers.values(), Brownout(settings.brownout))
        self._answering = Answering(settings, self.tiers)
        self.billing = Billing(settings, self.tiers, self._helpers.limiting)
        self.screening = Screening(settings.filters)
        self._conversations = Conversations()
        memory = self._helpers.memory or LocalMemory(settings.cache.memory, settings.cache.ttl)
        alike, share = self._helpers.alike, settings.cache.checked
        checking = Checking(memory, self._helpers.embedder, share, self._idle) if alike else None
        self._remembering = Remembering(settings.cache, memory, self._helpers.sharing, checking)

    async def close(self) -> None:
        await self.billing.limiting.close()
        await self._remembering.close()
        await self.watch.close()

    def _idle(self) -> bool:
        return not self.watch.brownout and all(tier.idle for tier in self.tiers.values())

    async def has_time(self) -> bool:
        """Whether nobody is answered or waits and nothing is loading, now that it was looked."""
        await self.watch.touch()
        loading = any(tier.state == "loading" for tier in self.tiers.values())
        return self._idle() and not loading

    def named(self, model: str) -> str | None:
        """The tier that `model` names; None for `auto`. Raises `NotFound`."""
        if model == AUTO:
            return None
        for tier, settings in self._settings.tiers.items():
            if model in (settings.model, tier):
                return tier
        raise NotFound(
            f"The model {model[:64]!r} does not exist.", param="model", code="model_not_found"
        )

    def _candidates(self, request: Request) -> list[Tier]:
        """Who may answer. Raises `NotFound`, `NotAllowed`."""
        named = self.named(request.model)
        tiers = [self.tiers[named]] if named else list(self.tiers.values())
        allowed = [each for each in tiers if request.may_use(each.settings.model)]
        if not allowed:
            raise model_not_allowed(request.model)
        return allowed

    async def answer(self, request: Request, receipt: Receipt) -> ChunkStream:
        """Chunks of all choices, told apart by `index`, as they come."""
        await self.watch.touch()
        receipt.stream, receipt.brownout = request.stream, self.watch.brownout
        tiers, noting = self._candidates(request), self._helpers.noting
        receipt.features = noting.begun(request.model, request.prompts, request.quality)
        with await self.billing.bill(request, tiers, receipt) as bill:
            request = await self._screened(bill.request, receipt)
            text = asked_text(request.prompts[0], request.documents)
            asking = Asking(self._helpers.embedder, text)
            try:
                grounds = await self._ground(request, asking, receipt)
                async with aclosing(self._answer(request, grounds, asking, receipt)) as chunks:
                    async for chunk in chunks:
                        receipt.saw(chunk)
                        bill.saw(chunk)
                        yield chunk
            finally:
                await asking.close()

    async def _screened(self, request: Request, receipt: Receipt) -> Request:
        """`request` once it was looked through. Raises `ContentBlocked`."""
        names = list[str]()
        if request.documents and self.screening.asks_for_collections:
            asked = request.documents.collections
            names = await self._helpers.grounding.names(asked, request.reader)
        policy = self.screening.policy(request.filters, names)
        screened = await self.screening.incoming(request.prompts, policy, receipt)
        return replace(request, screened=screened)

    async def _ground(self, request: Request, asking: Asking, receipt: Receipt) -> Grounds:
        """What documents have to say, where they are asked."""
        if request.documents is None:
            return Grounds()
        tiers = self._candidates(request)
        context = max(each.engine.card.context_length for each in tiers)
        tiny = any(each.settings.model.startswith(BUNDLED) for each in tiers)
        search = Looking(request.documents, request.reader, context, receipt.brownout, tiny)
        with receipt.step("retrieve"):
            grounds = await self._helpers.grounding.ground(request.prompts[0], asking, search)
        receipt.sources, receipt.notes = grounds.references, grounds.notes
        return grounds

    async def _answer(
        self, request: Request, grounds: Grounds, asking: Asking, receipt: Receipt
    ) -> ChunkStream:
        if grounds.refusal is not None:
            receipt.reason = "the documents do not tell"
            for index in range(len(request.prompts)):
                said = grounds.refusal
                yield Chunk(said, finish_reason="stop", usage=Usage(0, 0), index=index)
            return
        begin = partial(self._generated, request, grounds, asking, receipt)
        noting = self._helpers.noting
        question = Question.of(request, grounds, self._candidates(request), noting.salt)
        noting.asked(receipt.features, question)
        wanted = Wanted(question, asking, receipt, begin)
        async with aclosing(self._remembering.answer(wanted)) as chunks:
            async for chunk in chunks:
                yield chunk
        if receipt.given_again and receipt.tier and request.model == AUTO:
            self._conversations.answered(request.prompts[0], receipt.tier)

    async def _generated(
        self, request: Request, grounds: Grounds, asking: Asking, receipt: Receipt
    ) -> ChunkStream:
        screened = request.screened
        under = [screened.under(grounds.under(prompt)) for prompt in request.prompts]
        most = self._settings.brownout.output_tokens
        prompts = [shortened(prompt, receipt.brownout, most) for prompt in under]
        with receipt.step("route"):
            route = await self._route(request, prompts[0], asking, receipt)
        receipt.tier, receipt.reason = route.tiers[0], route.reason
        receipt.model = self._settings.tiers[route.tiers[0]].model
        if receipt.features is not None:
            receipt.features.size = size_of(prompts[0])
            receipt.features.places = self.tiers[route.tiers[0]].gate.policy.places
        order = Order(route.tiers, request.stream, receipt, request.unset)
        with receipt.step("generate"):
            begins = [partial(self._answering.answer, order, prompt) for prompt in prompts]
            answers = map(partial(screened.answer, receipt), prompts, begins)
            streams = [grounds.cited(stream) for stream in answers]
            async with aclosing(interleave(streams)) as chunks:
                async for chunk in chunks:
                    yield chunk

    async def _route(
        self, request: Request, prompt: Prompt, asking: Asking, receipt: Receipt
    ) -> Route:
        """A named tier is obeyed; `auto` may go to any."""
        tiers = self._candidates(request)
        if request.model != AUTO:
            return Route((tiers[0].name,), "named")
        settings = self._settings.routing
        if request.quality is not None:
            settings = settings.model_copy(update={"quality": request.quality})
        key, most = receipt.key_id or prompt.tenant, prompt.sampling.max_tokens
        estimates = [tier.estimator.guess(key, size_of(prompt), most) for tier in tiers]
        options = [
            tier.option(tier.gate.wait(estimate, key))
            for tier, estimate in zip(tiers, estimates, strict=True)
        ]
        context = round(estimates[0].prompt + (most or 1))
        asked = Asked.of(prompt, context, len(receipt.sources))
        original = request.prompts[0]
        guess = await self._guess(asking, settings.quality)
        if receipt.features is not None:
            receipt.features.guessed(guess)
        hints = Hints(
            guess,
            self._conversations.before(original),
            "small_tier" in receipt.brownout,
        )
        route = choose(asked, options, settings, hints)
        self._conversations.answered(original, route.tiers[0])
        return route

    async def _guess(self, asking: Asking, quality: float) -> Guess | None:
        judge = self._helpers.judge
        if judge is None or len(self.tiers) == 1 or not 0 < quality < 1:
            return None
        return await judge.guess(asking, quality)
