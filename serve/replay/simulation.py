"""Past requests under given settings: limits, kept answers, routing and admission, as they would
decide, on a virtual clock. Engines are as fast as they were, and say what they said.

What is not simulated: answers in other words, failures and retries, brownout, several gateways.
"""

import heapq
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from serve.policy.routing import Asked, Guess, Hints, choose
from serve.replay.gate import Caller, Gate, NoRoom
from serve.replay.keeping import Shelf
from serve.replay.line import Line
from serve.replay.past import Outcome, Past
from serve.replay.rates import Rates
from serve.request import AUTO
from serve.sections.admission import AdmissionSettings
from serve.sections.cache import CacheSettings
from serve.sections.quotas import QuotaSettings
from serve.sections.routing import RoutingSettings
from serve.sections.tiers import TierSettings


@dataclass(frozen=True, slots=True)
class World:
    """What holds while requests are replayed. `callers` by key id; `rates` and `places` by tier;
    `threshold`: the probability from which a dial asks the strong tier; `answer`: seconds that an
    answer may take.
    """

    tiers: Mapping[str, TierSettings]
    routing: RoutingSettings
    cache: CacheSettings
    quotas: QuotaSettings
    admission: AdmissionSettings
    answer: float
    callers: Mapping[str, Caller]
    rates: Mapping[str, Rates]
    places: Mapping[str, int]
    threshold: Callable[[float], float]


@dataclass(slots=True)
class Job:
    """One request under way. `tiers`: who may still be asked; `hold`: what it holds of limits;
    `followers` wait for its answer.
    """

    number: int
    past: Past
    named: Sequence[str]
    hold: int | None = None
    tiers: list[str] = field(default_factory=list)
    began: float = 0.0
    followers: list["Job"] = field(default_factory=list)

    @property
    def tier(self) -> str:
        return self.tiers[0]


def simulated(pasts: Sequence[Past], world: World) -> list[Outcome]:
    """What becomes of each of `pasts`, which are in order of time and filled. Raises
    `UnknownSpeed`.
    """
    return _Simulation(world).run(pasts)


class _Simulation:
    def __init__(self, world: World) -> None:
        self._world = world
        self._gate = Gate(world.tiers, world.quotas.models, world.callers, world.answer)
        self._shelf = Shelf(world.cache)
        self._lines: dict[str, Line] = {}
        self._before: dict[str, str] = {}  # the tier of a conversation
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._ties = count()
        self._jobs: dict[int, Job] = {}
        self._flying: dict[str, Job] = {}  # by digest
        self._outcomes: dict[int, Outcome] = {}

    def run(self, pasts: Sequence[Past]) -> list[Outcome]:
        for number, past in enumerate(pasts):
            self._until(past.at)
            self._arrive(number, past)
        self._until(math.inf)
        return [self._outcomes[number] for number in range(len(pasts))]

    def _until(self, end: float) -> None:
        while self._events and self._events[0][0] <= end:
            at, _, event = heapq.heappop(self._events)
            event(at)

    def _at(self, at: float, event: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (at, next(self._ties), event))

    def _arrive(self, number: int, past: Past) -> None:
        named = self._gate.candidates(past)
        if not named:
            self._outcomes[number] = Outcome(refusal="model")
            return
        estimates = {name: self._line(name).estimate(past) for name in named}
        try:
            hold, open_to = self._gate.enter(past, named, estimates)
        except NoRoom:
            self._outcomes[number] = Outcome(refusal="limit")
            return
        job = Job(number, past, open_to, hold)
        if (tier := self._shelf.kept(past, past.at)) is not None:
            self._given_again(job, tier, past.at, past.at)
        else:
            self._begin(job, past.at)

    def _begin(self, job: Job, now: float) -> None:
        """A generation, or a place beside the one that makes the same answer."""
        digest = job.past.features.digest
        shared = digest is not None and self._shelf.fits(job.past) and job.past.features.read
        if digest is not None and shared:
            if (leader := self._flying.get(digest)) is not None:
                leader.followers.append(job)
                return
            self._flying[digest] = job
        job.tiers = self._route(job, now)
        self._ask(job, now)

    def _route(self, job: Job, now: float) -> list[str]:
        past, features, world = job.past, job.past.features, self._world
        if features.wanted != AUTO:
            return [job.named[0]]
        lines = [self._line(name) for name in job.named]
        most = features.max_tokens
        context = round(lines[0].estimate(past).prompt + (most or 1))
        signs = (features.tools, features.schema, features.code, past.passages)
        asked = Asked(features.size, context, most, *signs)
        settings = world.routing
        if features.quality is not None:
            settings = settings.model_copy(update={"quality": features.quality})
        guess = None
        if features.difficulty is not None:
            threshold = world.threshold(settings.quality)
            guess = Guess(features.difficulty, threshold, features.familiar)
        before = self._before.get(features.conversation) if features.going_on else None
        options = [line.option(past, now) for line in lines]
        route = choose(asked, options, settings, Hints(guess, before))
        self._before[features.conversation] = route.tiers[0]
        return list(route.tiers)

    def _ask(self, job: Job, now: float) -> None:
        """The tier whose turn it is; one that has no room for it leaves it to the next."""
        while job.tiers:
            line = self._line(job.tier)
            goes, displaced = line.ask(job.number, job.past, now)
            if displaced is not None:
                self._elsewhere(self._jobs.pop(displaced), now)
            if goes is not None:
                self._jobs[job.number] = job
                if goes:
                    self._start(job, now)
                else:
                    self._at(now + line.settings.patience, partial(self._look, line))
                return
            del job.tiers[0]
        self._refuse(job, now)

    def _elsewhere(self, job: Job, now: float) -> None:
        del job.tiers[0]
        self._ask(job, now)

    def _look(self, line: Line, now: float) -> None:
        going, late = line.advance(now)
        self._start_all(going, now)
        for number in late:
            self._refuse(self._jobs.pop(number), now)

    def _start_all(self, numbers: Sequence[int], now: float) -> None:
        for number in numbers:
            self._start(self._jobs[number], now)

    def _start(self, job: Job, now: float) -> None:
        job.began = now
        rates, features = self._line(job.tier).known, job.past.features
        self._at(now + rates.whole(job.past.truth, features.choices), partial(self._end, job))

    def _end(self, job: Job, now: float) -> None:
        past, tier = job.past, job.tier
        line = self._line(tier)
        del self._jobs[job.number]
        going = line.leave(job.number, past, now)
        cost = self._gate.leave(past, job.hold, tier, now)
        first = job.began + line.known.first(past.truth, past.features.choices)
        ttft = (first if past.stream else now) - past.at
        done = Outcome(tier, False, None, ttft, now - past.at, cost.money, cost.energy)
        self._outcomes[job.number] = done
        self._shelf.keep(past, tier, now, now - job.began)
        self._land(job)
        for follower in job.followers:
            self._given_again(follower, tier, first, now)
        self._start_all(going, now)

    def _given_again(self, job: Job, tier: str, first: float, now: float) -> None:
        past = job.past
        self._gate.leave(past, job.hold, None, now)
        if past.features.wanted == AUTO:
            self._before[past.features.conversation] = tier
        ttft = max(0.0, (first if past.stream else now) - past.at)
        self._outcomes[job.number] = Outcome(tier, True, None, ttft, now - past.at)

    def _refuse(self, job: Job, now: float) -> None:
        """Who waited for its answer generates it, if there is room for that."""
        self._gate.refund(job.hold, now)
        self._outcomes[job.number] = Outcome(refusal="admission")
        self._land(job)
        for follower in job.followers:
            self._begin(follower, now)

    def _land(self, job: Job) -> None:
        digest = job.past.features.digest
        if digest is not None and self._flying.get(digest) is job:
            del self._flying[digest]

    def _line(self, name: str) -> Line:
        if name not in self._lines:
            world = self._world
            tier, rates, places = world.tiers[name], world.rates.get(name), world.places[name]
            self._lines[name] = Line(name, tier, world.admission, rates, places, world.answer)
        return self._lines[name]
