"""The same requests as they really went, as simulated with today's settings, and with others."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from serve.config import Settings
from serve.replay.gate import Caller
from serve.replay.past import filled, past_of
from serve.replay.rates import Rates, measured
from serve.replay.simulation import World, simulated
from serve.replay.summary import Summary, summary
from serve.request import AUTO

ANSWERS: Final = ("/v1/chat/completions", "/v1/completions")
NOTES: Final = (
    "Both simulated columns come from one model: limits, kept answers, routing and admission decide"
    " as they would, engines are as fast as they were on average, and answers as long as they"
    " were.",
    "Not simulated: answers in other words, failures and retries, brownout, several gateways,"
    " what was kept or spent before the period. Keys and groups are taken as they are now.",
    "It cannot know how good other answers would be, nor how long another tier's; of who was"
    " refused, it takes the usual length.",
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left_out`: receipts that tell too little; `unguessed`: requests to `auto` whose difficulty
    was never guessed, which thus count as hard.
    """

    first: float
    last: float
    really: Summary
    now: Summary
    then: Summary
    rates: dict[str, Rates]
    left_out: int
    unguessed: int


Callers = Callable[[Settings], Mapping[str, Caller]]
Threshold = Callable[[float], float]


def compared(
    told: Iterable[Mapping[str, Any]], old: Settings, new: Settings, callers: Callers,
    threshold: Threshold,
) -> Comparison | None:  # fmt: skip
    """Of receipts; None where no request among them can be replayed. Raises `UnknownSpeed`."""
    read = [past_of(each) for each in told if each["path"] in ANSWERS]
    pasts = filled(past for past in read if past is not None)
    if not pasts:
        return None
    rates = measured(pasts)
    before, after = (
        World(
            settings.tiers,
            settings.routing,
            settings.cache,
            settings.quotas,
            settings.admission,
            settings.deadlines.answer,
            callers(settings),
            rates,
            _places(settings, old, rates),
            threshold,
        )
        for settings in (old, new)
    )
    return Comparison(
        pasts[0].at,
        pasts[-1].at,
        summary([past.really for past in pasts]),
        summary(simulated(pasts, before)),
        summary(simulated(pasts, after)),
        rates,
        len(read) - len(pasts),
        sum(p.features.wanted == AUTO and p.features.difficulty is None for p in pasts),
    )


def _places(settings: Settings, old: Settings, rates: Mapping[str, Rates]) -> dict[str, int]:
    """By tier: what is configured, but no more than the engine could use, where it told that."""
    places = {}
    for name, tier in settings.tiers.items():
        places[name], before, known = tier.slots * tier.replicas, old.tiers.get(name), None
        if name in rates and before is not None:
            known = rates[name].places
        if known is not None and before is not None and known < before.slots * before.replicas:
            places[name] = min(places[name], max(1, known * tier.replicas // before.replicas))
    return places
