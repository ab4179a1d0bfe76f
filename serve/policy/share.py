"""What one gateway may use of an engine that several gateways share: places, KV cache, speed.

Each gateway sees what the engine reports and what it has inside itself; the rest belongs to the
others. Their use takes places from this gateway, but never those of its own equal share: who came
first would otherwise keep the engine as long as it has anybody waiting. Of what is free, it takes
an equal share between two reports, since the others see the same. So all together fill the engine
and no more, but for a part of a place each; only while one makes room for another, the engine
itself lets some wait.
"""

from dataclasses import dataclass, field
from typing import Final

from models.load import Device, Load
from serve.policy.estimates import Estimate

FRESH: Final = 3.0  # seconds that a report is believed
SPEED_STEP: Final = 0.2  # weight of the newest measurement of speed
BUSY: Final = 0.5  # share of the slots that must run for the speed to be the engine's best
SETTLED: Final = 10.0  # seconds of being full after which the measured rates have forgotten less
KV_USABLE: Final = 0.97  # share of the KV cache that is planned with
THROTTLED: Final = 0.75  # share of the slots that are used when the GPU slows itself down
TIGHT: Final = 0.5  # the same when somebody else takes its memory


@dataclass(slots=True)
class Share:
    """Of an engine with `slots` places. `inside`: how many requests this gateway has in it."""

    slots: int
    gateways: int = 1
    prefill_weight: float = 1.0
    device: Device = field(default_factory=Device)
    _load: Load | None = None
    _seen_at: float = float("-inf")
    _inside: int = 0
    _others: int = 0
    _others_kv: float = 0.0
    _speed: float | None = None
    _full_since: float | None = None

    def observe(self, load: Load, inside: int, waiting: int, now: float) -> None:
        """A report of the engine. Speed is learnt while it is full, where it is the best."""
        self._load, self._seen_at, self.device = load, now, load.device
        present, self._inside = load.running + load.waiting, inside
        self._others = max(0, present - inside)
        self._others_kv = load.kv_tokens_used * self._others / present if present else 0.0
        self._learn_speed(load, waiting, now)

    def _learn_speed(self, load: Load, waiting: int, now: float) -> None:
        """What is measured counts when the engine has been full for a while; a rise always does."""
        measured = load.decode_rate + self.prefill_weight * load.prefill_rate
        full = bool(waiting) or load.running >= BUSY * max(1, load.slots_total)
        self._full_since = (self._full_since or now) if full else None
        settled = self._full_since is not None and now - self._full_since >= SETTLED
        if measured > (self._speed or 0.0):
            self._speed = measured
        elif settled and measured > 0 and self._speed is not None:
            self._speed += SPEED_STEP * (measured - self._speed)

    def fits(self, estimate: Estimate, inside: int, reserved: float, now: float) -> bool:
        """One request fits always into an engine that has nothing else to do.

        `reserved`: tokens of the KV cache for those inside.
        """
        fresh = now - self._seen_at <= FRESH
        if not inside + (self._others if fresh else 0):
            return True
        if inside >= self._bound(fresh):
            return False
        total = self._load.kv_tokens_total if self._load else 0
        others_kv = self._others_kv if fresh else 0.0
        if self.gateways > 1:
            others_kv = min(others_kv, total * (1 - 1 / self.gateways))
        return not total or reserved + others_kv + estimate.reserved <= KV_USABLE * total

    def _bound(self, fresh: bool) -> float:
        """How many places this gateway may use until the next report.

        With one gateway, others are what another one that ended has left in the engine.
        """
        places = self.places()
        own = places / self.gateways
        if not fresh:
            return own
        free = places - self._inside - self._others
        bound = self._inside + (free / self.gateways if free > 0 else free)
        return max(own, bound) if self.gateways > 1 else bound

    def places(self) -> int:
        """How many may run at once: more would only make each of them slower."""
        useful = self._load.slots_useful if self._load else None
        places = float(min(self.slots, useful or self.slots))
        if self.device.throttled:
            places *= THROTTLED
        if self.device.tight:
            places *= TIGHT
        return max(1, int(places))

    def speed(self, inside: int) -> float | None:
        """Tokens per second that the engine makes for this gateway; None while that is unknown."""
        if not self._speed:
            return None
        mine = max(inside, self.places() / self.gateways)
        return self._speed * mine / max(mine, inside + self._others)

    def pace(self, inside: int) -> float:
        """Seconds that a token takes each of those in the engine; 0 while it is unknown."""
        return max(1, inside + self._others) / self._speed if self._speed else 0.0
