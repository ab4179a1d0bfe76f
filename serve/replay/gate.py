"""Who may be asked, and who pays: limits under a virtual clock, by what keys and groups are now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from models.engine import Usage
from serve.policy.accounts import Cost, Denial, Moment
from serve.policy.estimates import Estimate
from serve.policy.limits import Limiter, Payer
from serve.replay.past import Past
from serve.request import AUTO
from serve.sections.quotas import Limits
from serve.sections.tiers import TierSettings

SLACK = 60.0  # seconds that a lease is longer than an answer may take


class NoRoom(Exception):
    """A limit refuses it."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who pays for a key's requests, and which `models` it may use; None: all."""

    payers: tuple[Payer, ...] = ()
    models: tuple[str, ...] | None = None


class Gate:
    """`models`: their own limits; `callers` by key id; `answer`: seconds that one may take."""

    def __init__(
        self,
        tiers: Mapping[str, TierSettings],
        models: Mapping[str, Limits],
        callers: Mapping[str, Caller],
        answer: float,
    ) -> None:
        self._tiers = tiers
        self._models = models
        self._callers = callers
        self._limiter = Limiter(answer + SLACK)

    def candidates(self, past: Past) -> list[str]:
        """Names of the tiers that may answer; none where the model is gone."""
        wanted, allowed = past.features.wanted, self._caller(past).models
        return [
            name
            for name, tier in self._tiers.items()
            if wanted in (AUTO, name, tier.model) and (allowed is None or tier.model in allowed)
        ]

    def enter(
        self, past: Past, named: Sequence[str], estimates: Mapping[str, Estimate]
    ) -> tuple[int | None, Sequence[str]]:
        """What it holds, and those of `named` that have room. Raises `NoRoom`."""
        moment, expected = _moment(past.at), Cost()
        for name, each in estimates.items():
            output = (each.reserved - each.prompt) * past.features.choices
            expected = expected.larger(self._cost(name, Usage(round(each.prompt), round(output))))
        payers = self._caller(past).payers
        if past.features.wanted == AUTO:
            named = [name for name in named if self._has_room(name, expected, moment)]
        else:
            payers += tuple(self._of_models(named))
        if not named:
            raise NoRoom
        if not payers:
            return None, named
        made = self._limiter.reserve(payers, expected, moment)
        if isinstance(made, Denial):
            raise NoRoom
        return made.number, named

    def leave(self, past: Past, hold: int | None, tier: str | None, now: float) -> Cost:
        """What it has cost in the end: of an answer that is given again (no `tier`), a request."""
        moment = _moment(now)
        cost = Cost() if tier is None else self._cost(tier, past.truth)
        if hold is not None:
            self._limiter.settle(hold, cost, moment)
        if tier is not None and past.features.wanted == AUTO:
            for payer in self._of_models([tier]):
                self._limiter.charge(payer, cost, moment)
        return cost

    def refund(self, hold: int | None, now: float) -> None:
        if hold is not None:
            self._limiter.refund(hold, _moment(now))

    def _caller(self, past: Past) -> Caller:
        return self._callers.get(past.key, Caller())

    def _has_room(self, name: str, cost: Cost, moment: Moment) -> bool:
        payers = list(self._of_models([name]))
        return self._limiter.denies(payers, cost, moment) is None

    def _of_models(self, names: Iterable[str]) -> Iterable[Payer]:
        for model in (self._tiers[name].model for name in names):
            if (limits := self._models.get(model)) is not None:
                yield Payer(f"model:{model}", f"the model {model!r}", limits)

    def _cost(self, name: str, usage: Usage) -> Cost:
        tier, (read, said) = self._tiers[name], (usage.prompt_tokens, usage.completion_tokens)
        money = tier.prices.of(read, usage.cached_tokens, said)
        energy = tier.energy.of(read, usage.cached_tokens, said)
        return Cost(1.0, read, said, money, energy)


def _moment(at: float) -> Moment:
    return Moment(at, at)
