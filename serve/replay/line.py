"""One tier under a virtual clock: real admission before places that are as fast as was measured."""

import random
from dataclasses import dataclass, field
from typing import Final

from models.load import Load
from serve.policy.admission import Admission, Admitted, Ask, Refused
from serve.policy.estimates import Estimate, Estimator, Truth
from serve.policy.routing import Option
from serve.replay.past import Past
from serve.replay.rates import Rates
from serve.sections.admission import AdmissionSettings
from serve.sections.tiers import TierSettings

QUICKEST: Final = 1e-6  # seconds a token


class UnknownSpeed(Exception):
    """`args[0]`: a tier that is to answer, and of which no answer is known."""


@dataclass(slots=True)
class Line:
    """A request holds one of `places` for as long as its tokens take, whoever else is there.

    `rates` None: it has answered nothing yet, and cannot be asked. `answer`: seconds that a request
    has in all.
    """

    name: str
    tier: TierSettings
    settings: AdmissionSettings
    rates: Rates | None
    places: int
    answer: float
    estimator: Estimator = field(default_factory=Estimator)
    _admission: Admission = field(init=False)
    _jobs: dict[int, int] = field(default_factory=dict)  # by admission's number
    _numbers: dict[int, int] = field(default_factory=dict)  # the other way

    def __post_init__(self) -> None:
        self._admission = Admission(self.settings, self.places, random.Random(0))
        if self.rates is not None:
            speed = self.places / max(self.rates.output, QUICKEST)
            idle = Load(0, 0, self.places, 0, 0, 0.0, speed, 0, 0, 0.0)
            self._admission.observe(idle, 0.0)

    @property
    def known(self) -> Rates:
        """Raises `UnknownSpeed`."""
        if self.rates is None:
            raise UnknownSpeed(self.name)
        return self.rates

    def estimate(self, past: Past) -> Estimate:
        return self.estimator.guess(past.key, past.features.size, past.features.max_tokens)

    def option(self, past: Past, now: float) -> Option:
        wait = self._admission.wait_of(self.estimate(past), past.key, now)
        return Option(self.name, "ready", self.tier.context_length, wait)

    def ask(self, job: int, past: Past, now: float) -> tuple[bool | None, int | None]:
        """Whether `job` goes now; None: never. And the job that lost its place in the queue.

        Raises `UnknownSpeed`.
        """
        assert self.known
        begin = min(now + self.settings.patience, past.at + self.answer)
        ask = Ask(past.key, self.estimate(past), begin, 0, past.at + self.answer)
        verdict = self._admission.ask(ask, now)
        if isinstance(verdict, Refused):
            return None, None
        self._jobs[verdict.number], self._numbers[job] = job, verdict.number
        if isinstance(verdict, Admitted):
            return True, None
        displaced = verdict.displaced
        return False, None if displaced is None else self._gone(displaced)

    def leave(self, job: int, past: Past, now: float) -> list[int]:
        """`job` has ended. Returns who goes now."""
        usage, number = past.truth, self._numbers[job]
        truth = Truth(usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens)
        self.estimator.learn(past.key, past.features.size, truth)
        self._gone(number)
        return [self._jobs[each] for each in self._admission.leave(number, now)]

    def advance(self, now: float) -> tuple[list[int], list[int]]:
        """Who goes now, and who can no longer be served in time."""
        going, late = self._admission.advance(now)
        return [self._jobs[each] for each in going], [self._gone(each) for each in late]

    def _gone(self, number: int) -> int:
        job = self._jobs.pop(number)
        del self._numbers[job]
        return job
