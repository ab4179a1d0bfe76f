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

from models.load import Device, Load
from serve.policy.estimates import Estimate
from serve.policy.fairness import FairQueue, Job
from serve.sections.admission import AdmissionSettings

FRESH: Final = 3.0  # seconds that a report is believed
SPEED_STEP: Final = 0.2  # weight of the newest measurement of speed
BUSY: Final = 0.5  # share of the slots that must run for the speed to be the engine's best
SETTLED: Final = 10.0  # seconds of being full after which the measured rates have forgotten less
KV_USABLE: Final = 0.97  # share of the KV cache that is planned with
THROTTLED: Final = 0.75  # share of the slots that are used when the GPU slows itself down
TIGHT: Final = 0.5  # the same when somebody else takes its memory
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
    """Of one tier with `slots` places. Numbers that `ask` gives name requests in other calls."""

    settings: AdmissionSettings
    slots: int
    rng: random.Random = field(default_factory=random.Random)
    _queue: FairQueue = field(init=False)
    _waiting: dict[int, _Entry] = field(default_factory=dict)
    _inside: dict[int, Estimate] = field(default_factory=dict)
    _reserved: float = 0.0
    _load: Load | None = None
    _seen_at: float = float("-inf")
    _others: int = 0
    _others_kv: float = 0.0
    _speed: float | None = None
    _full_since: float | None = None
    _device: Device = field(default_factory=Device)
    _next: int = 0

    def __post_init__(self) -> None:
        self._queue = FairQueue(self.settings.ageing)

    @property
    def running(self) -> int:
        return len(self._inside)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def observe(self, load: Load, now: float) -> None:
        """A report of the engine. Speed is learnt while it is full, where it is the best."""
        self._load, self._seen_at = load, now
        self._device = load.device
        present = load.running + load.waiting
        self._others = max(0, present - len(self._inside))
        self._others_kv = load.kv_tokens_used * self._others / present if present else 0.0
        self._learn_speed(load, now)

    def _learn_speed(self, load: Load, now: float) -> None:
        """What is measured counts when the engine has been full for a while; a rise always does."""
        measured = load.decode_rate + self.settings.prefill_weight * load.prefill_rate
        full = bool(self._waiting) or load.running >= BUSY * max(1, load.slots_total)
        self._full_since = (self._full_since or now) if full else None
        settled = self._full_since is not None and now - self._full_since >= SETTLED
        if measured > (self._speed or 0.0):
            self._speed = measured
        elif settled and measured > 0 and self._speed is not None:
            self._speed += SPEED_STEP * (measured - self._speed)

    def ask(self, ask: Ask, now: float) -> Admitted | Queued | Refused:
        if self._device.lost:
            return Refused("unavailable", self._jittered(self.settings.patience))
        self._next += 1
        if not self.settings.enabled or (not self._waiting and self._fits(ask.estimate, now)):
            self._enter(self._next, ask.estimate)
            return Admitted(self._next)
        return self._enqueue(ask, now)

    def expected_wait(self, key: str, cost: float) -> float | None:
        """Seconds until a new request begins; None while the engine's speed is unknown."""
        if self._speed is None or self._speed <= 0:
            return None
        inside = sum(self.cost(e) for e in self._inside.values()) / max(1, len(self._inside))
        share = inside / max(1, len(self._inside))  # until the next one ends
        return (self._queue.ahead(key, cost) + share) / self._speed

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
        wait = self._queue.cost / self._speed if self._speed else 0.0
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

    def _pace(self) -> float:
        """Seconds that a token takes each of those inside; 0 while it is unknown."""
        return max(1, len(self._inside)) / self._speed if self._speed else 0.0

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
            if self._device.lost or not self._fits(estimate, now):
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
        """One request fits always into an engine that has nothing else to do."""
        fresh = now - self._seen_at <= FRESH
        others, others_kv = (self._others, self._others_kv) if fresh else (0, 0.0)
        present = len(self._inside) + others
        if not present:
            return True
        if present >= self._places():
            return False
        total = self._load.kv_tokens_total if self._load else 0
        return not total or self._reserved + others_kv + estimate.reserved <= KV_USABLE * total

    def _places(self) -> int:
        """How many may run at once: more would only make each of them slower."""
        useful = self._load.slots_useful if self._load else None
        places = float(min(self.slots, useful or self.slots))
        if self._device.throttled:
            places *= THROTTLED
        if self._device.tight:
            places *= TIGHT
        return max(1, int(places))

    def _jittered(self, seconds: float) -> float:
        return max(SHORTEST_RETRY, seconds) * (1 + JITTER * self.rng.random())


def _latest(ask: Ask, cost: float, pace: float) -> float:
    """When it must begin to end in time at `pace`, in seconds per token."""
    return min(ask.deadline, ask.ends - cost * pace)
