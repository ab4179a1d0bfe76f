"""What a request is expected to cost at the gate, and what it has cost in the end.

What is generated costs its tokens. A kept answer, and one that another request generates, cost a
request and no tokens. What fails costs nothing. Whoever leaves pays for the prompt, as it was
guessed, and for what came until then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Final

from models.engine import Chunk, Usage
from serve.config import Settings
from serve.generation.tiers import Tier
from serve.limits.limiting import Hold, Limiting, refusal
from serve.policy.accounts import Cost, Denial
from serve.policy.limits import Payer
from serve.policy.routing import size_of
from serve.receipt import Receipt
from serve.request import AUTO, Request

ONE: Final = Cost()


@dataclass(slots=True)
class Bill:
    """Of one request, while it is answered. `request`: with those left who may answer it."""

    request: Request
    expected: Cost
    hold: Hold
    _billing: "Billing"
    _receipt: Receipt
    _output: int = 0

    def saw(self, chunk: Chunk) -> None:
        self._output += chunk.tokens

    def __enter__(self) -> "Bill":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None
    ) -> None:
        if kind is None or not issubclass(kind, Exception):
            usage = self._receipt.usage or Usage(0, 0)
            if kind is not None and self._receipt.ttft_ms is not None:  # the client left
                usage = Usage(round(self.expected.input), self._output)
                self._receipt.usage = usage
            cost = self.hold.truth = self._billing.settled(self.request, self._receipt, usage)
            self._receipt.cost, self._receipt.energy = cost.money, cost.energy
        self.hold.__exit__(kind, exc, at)


class Billing:
    """Of one gateway. Without `limiting` budgets are forgotten with the process."""

    def __init__(
        self, settings: Settings, tiers: Mapping[str, Tier], limiting: Limiting | None = None
    ) -> None:
        self._tiers = tiers
        self._models = settings.quotas.models
        self.limiting = limiting or Limiting(settings.deadlines.answer, settings.quotas.warn)

    async def bill(self, request: Request, tiers: Sequence[Tier], receipt: Receipt) -> Bill:
        """Room for `request` at one of `tiers`. Raises `RateLimited`, `QuotaSpent`."""
        if request.free or not (request.payers or self._models):
            return Bill(request, ONE, Hold(self.limiting, None), self, receipt)
        with receipt.step("limits"):
            expected = ONE
            for tier in tiers:
                expected = expected.larger(self._expected(request, tier, receipt))
            payers = request.payers
            if request.model == AUTO:
                request = self._with_room(request, tiers, expected)
            else:
                payers += self.payer_of(tiers[0].settings.model)
            hold = await self.limiting.hold(payers, expected, receipt)
        return Bill(request, expected, hold, self, receipt)

    def payer_of(self, model: str) -> tuple[Payer, ...]:
        """The model itself, where it has limits."""
        limits = self._models.get(model)
        return () if limits is None else (Payer(f"model:{model}", f"the model {model!r}", limits),)

    def settled(self, request: Request, receipt: Receipt, usage: Usage) -> Cost:
        """What it cost. Which model `auto` stood for is known only now: that one pays, too."""
        cost = ONE if receipt.given_again else self._cost(usage, receipt.tier)
        if request.model == AUTO and receipt.model is not None and not receipt.given_again:
            for payer in self.payer_of(receipt.model):
                self.limiting.charge(payer, cost)
        return cost

    def _with_room(self, request: Request, tiers: Sequence[Tier], cost: Cost) -> Request:
        """`auto` goes to those that have room. Raises what the first to have some says."""
        open_to: list[str] = []
        denials: list[Denial] = []
        for tier in tiers:
            model = tier.settings.model
            denial = next((self.limiting.denies(each, cost) for each in self.payer_of(model)), None)
            if denial is None:
                open_to.append(model)
            else:
                denials.append(denial)
        if not open_to:
            raise refusal(min(denials, key=lambda denial: denial.retry_after))
        return replace(request, models=tuple(open_to)) if denials else request

    def _expected(self, request: Request, tier: Tier, receipt: Receipt) -> Cost:
        """Of all choices; what they have in common is paid once."""
        together = receipt.choices_per_prompt or len(request.prompts)
        whole = 0.0
        output = 0.0
        for index, prompt in enumerate(request.prompts):
            key = receipt.key_id or prompt.tenant
            guess = tier.estimator.guess(key, size_of(prompt), prompt.sampling.max_tokens)
            whole += guess.prompt if index % together == 0 else 0.0
            output += guess.reserved - guess.prompt
        return self._cost(Usage(round(whole), round(output)), tier.name)

    def _cost(self, usage: Usage, tier: str | None) -> Cost:
        """By the prices of `tier`."""
        read, written = usage.prompt_tokens, usage.completion_tokens
        if tier is None or tier not in self._tiers:
            return Cost(1.0, read, written)
        settings = self._tiers[tier].settings
        money = settings.prices.of(usage.prompt_tokens, usage.cached_tokens, written)
        energy = settings.energy.of(usage.prompt_tokens, usage.cached_tokens, written)
        return Cost(1.0, read, written, money, energy)
