"""A permit for one tier: now, soon, or not at all, with a reason and a time to come back.

The engine's own batch is kept full; who does not fit into it waits here, where waiting is fair,
has deadlines and can be told how long it takes. Capacity is what the engine reports (`Load`) less
what others use, not a fixed number; between two reports, what was admitted since counts.

Work on an answer that comes too late is lost twice. So who could not end before its deadline, at
the speed that an engine full of others leaves to each, does not begin: it is refused at once, or
while it waits, as soon as that is known.
"""

import random
from dataclasses import dataclass, field
from typing import Final, Literal

from models.load import Load
from serve.policy.estimates import Estimate
from serve.policy.fairness import FairQueue, Job
from serve.policy.share import Share
from serve.sections.admission import AdmissionSettings

JITTER: Final = 0.3  # share by which Retry-After varies, so that nobody comes back together
SHORTEST_RETRY: Final = 1.0  # seconds

Why = Literal["queue_full", "deadline", "unavailable"]


@dataclass(frozen=True, slots=True)
class Ask:
    """`deadline`: when it must have begun; `ends`: when it must have ended; clock as `now`."""

    key: str
    estimate: Estimate
    deadline: float
    priority: int = 0
    ends: float = float("inf")


@dataclass(frozen=True, slots=True)
class Admitted:
    number: int


@dataclass(frozen=True, slots=True)
class Queued:
    """`wait`: expected seconds; None while nothing is known."""

    number: int
    wait: float | None
    displaced: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Of one that waits: 1 goes next. `wait`: seconds until then; None while nothing is known."""

    position: int
    wait: float | None


@dataclass(frozen=True, slots=True)
class Refused:
    """`retry_after` in seconds."""

    why: Why
    retry_after: float


@dataclass(slots=True)
class _Entry:
    ask: Ask
    job: Job


@dataclass(slots=True)
class Admission:
    """Of one tier with `slots` places, which `gateways` gateways share.

    Numbers that `ask` gives name requests in other calls.
    """

    settings: AdmissionSettings
    slots: int
    rng: random.Random = field(default_factory=random.Random)
    gateways: int = 1
    _share: Share = field(init=False)
    _queue: FairQueue = field(init=False)
    _waiting: dict[int, _Entry] = field(default_factory=dict)
    _inside: dict[int, Estimate] = field(default_factory=dict)
    _reserved: float = 0.0
    _next: int = 0

    def __post_init__(self) -> None:
        self._share = Share(self.slots, self.gateways, self.settings.prefill_weight)
        self._queue = FairQueue(self.settings.ageing)

    @property
    def running(self) -> int:
        return len(self._inside)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def places(self) -> int:
        """How many the engine is let run at once, by what it reports."""
        return self._share.places()

    def observe(self, load: Load, now: float) -> None:
        """A report of the engine."""
        self._share.observe(load, len(self._inside), len(self._waiting), now)

    def ask(self, ask: Ask, now: float) -> Admitted | Queued | Refused:
        if self._share.device.lost:
            return Refused("unavailable", self._jittered(self.settings.patience))
        self._next += 1
        if not self.settings.enabled or (not self._waiting and self._fits(ask.estimate, now)):
            self._enter(self._next, ask.estimate)
            return Admitted(self._next)
        return self._enqueue(ask, now)

    def expected_wait(self, key: str, cost: float) -> float | None:
        """Seconds until a new request begins; None while the engine's speed is unknown."""
        speed = self._speed()
        return None if speed is None else (self._queue.ahead(key, cost) + self._next_end()) / speed

    def _next_end(self) -> float:
        """What is generated until the next one ends, in tokens."""
        inside = max(1, len(self._inside))
        return sum(self.cost(e) for e in self._inside.values()) / inside / inside

    def places_in_line(self) -> dict[int, Place]:
        """Of all who wait, by number, if nobody else comes."""
        speed, before, found = self._speed(), self._next_end(), dict[int, Place]()
        for position, job in enumerate(self._queue.in_order(), 1):
            found[job.number] = Place(position, None if speed is None else before / speed)
            before += job.cost
        return found

    def wait_of(self, estimate: Estimate, key: str, now: float) -> float:
        """Seconds that a request would wait, by all that is known; 0 when it need not."""
        if not self._waiting and self._fits(estimate, now):
            return 0.0
        return self.expected_wait(key, self.cost(estimate)) or 0.0

    def pressure(self) -> float:
        """The wait of a newcomer as a share of the patience; 0 while nobody waits."""
        if not self._waiting:
            return 0.0
        queue = len(self._waiting) / max(1, self.settings.waiting)
        speed = self._speed()
        wait = self._queue.cost / speed if speed else 0.0
        return max(queue, wait / self.settings.patience)

    def advance(self, now: float) -> tuple[list[int], list[int]]:
        """Who may go now, and who can no longer be served in time."""
        pace = self._pace() if self._inside else 0.0
        late = [n for n, e in self._waiting.items() if _latest(e.ask, e.job.cost, pace) <= now]
        for number in late:
            self._queue.remove(self._waiting.pop(number).job)
        return self._admit(now), late

    def leave(self, number: int, now: float) -> list[int]:
        """The request has ended, whether it ran or waited. Returns who may go now."""
        estimate = self._inside.pop(number, None)
        if estimate is not None:
            self._reserved = self._reserved - estimate.reserved if self._inside else 0.0
        elif (entry := self._waiting.pop(number, None)) is not None:
            self._queue.remove(entry.job)
        return self._admit(now)

    def cost(self, estimate: Estimate) -> float:
        """In tokens of an answer."""
        return estimate.output + self.settings.prefill_weight * estimate.prefill

    def _enqueue(self, ask: Ask, now: float) -> Queued | Refused:
        cost = self.cost(ask.estimate)
        wait = self.expected_wait(ask.key, cost)
        if wait is not None and (late := now + wait - _latest(ask, cost, self._pace())) > 0:
            return Refused("deadline", self._jittered(late))
        displaced = None
        if len(self._waiting) >= self.settings.waiting:
            displaced = self._displaced(ask.key, cost)
            if displaced is None:
                return Refused("queue_full", self._jittered(wait or self.settings.patience))
        job = self._queue.job(self._next, ask.key, cost, now, ask.priority)
        self._queue.push(job)
        self._waiting[self._next] = _Entry(ask, job)
        return Queued(self._next, wait, displaced)

    def _speed(self) -> float | None:
        return self._share.speed(len(self._inside))

    def _pace(self) -> float:
        return self._share.pace(len(self._inside))

    def _displaced(self, key: str, cost: float) -> int | None:
        """Whose place a newcomer of `key` takes in a full queue: the greediest key's last job."""
        last = self._queue.greediest()
        if last is None or self._queue.waiting(last.key) <= self._queue.waiting(key) + cost:
            return None
        self._queue.remove(last)
        del self._waiting[last.number]
        return last.number

    def _admit(self, now: float) -> list[int]:
        going = []
        while (job := self._queue.peek()) is not None:
            estimate = self._waiting[job.number].ask.estimate
            if self._share.device.lost or not self._fits(estimate, now):
                break
            self._queue.pop()
            del self._waiting[job.number]
            self._enter(job.number, estimate)
            going.append(job.number)
        return going

    def _enter(self, number: int, estimate: Estimate) -> None:
        self._inside[number] = estimate
        self._reserved += estimate.reserved

    def _fits(self, estimate: Estimate, now: float) -> bool:
        return self._share.fits(estimate, len(self._inside), self._reserved, now)

    def _jittered(self, seconds: float) -> float:
        return max(SHORTEST_RETRY, seconds) * (1 + JITTER * self.rng.random())


def _latest(ask: Ask, cost: float, pace: float) -> float:
    """When it must begin to end in time at `pace`, in seconds per token."""
    return min(ask.deadline, ask.ends - cost * pace)
