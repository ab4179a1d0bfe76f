"""Limits that several gateways share: one bank fills the buckets, gateways draw slices ahead.

What a gateway drew is its own until it gives it back, so most requests ask nobody. It draws when it
lacks something, and then also for the next moment, by its own demand. Nothing is denied that the
bank could have granted, and nothing is granted twice: what all let in together is the exact limit
less what lies unused in their purses: `SLICE` seconds of their demand, or `KEPT` of the limit.

A gateway that is gone takes at most that with it, and its places for requests at a time come back
when it was not heard of for a lease. Where the bank is gone, each gateway goes on with an equal
share of every limit: too little for some, never too much for all together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from serve.policy.accounts import KINDS, Account, Cost, Kind
from serve.policy.buckets import Bucket
from serve.policy.limits import Limiter, Payer
from serve.sections.quotas import Limits

SLICE: Final = 0.5  # seconds of demand that are drawn ahead
KEPT: Final = 0.03  # of a limit, in the purses of all gateways together, while they are in use
AHEAD: Final = 0.1  # the most of what is left that is given ahead
LEASE: Final = 5.0  # seconds after which a silent gateway's places are free
ASK_AGAIN: Final = 0.1  # seconds until the bank is asked for a place again
FORGET: Final = 600.0  # seconds after which an account that nobody asks for is full anyway

Amounts = Mapping[Kind, float]


@dataclass(frozen=True, slots=True)
class Want:
    """What one account lacks: `need` now and `ahead` for the next moment. `slots`: places for
    requests at a time that the gateway would have in all.
    """

    account: str
    limits: Limits
    need: Amounts
    ahead: Amounts
    slots: int

    def covers(self, other: "Want") -> bool:
        """Whether whoever cannot give `other` cannot give this."""
        enough = all(self.need.get(kind, 0.0) >= amount for kind, amount in other.need.items())
        return enough and self.slots >= other.slots and self.limits == other.limits


@dataclass(frozen=True, slots=True)
class Grant:
    """Of one account. `left` in the bank; `slots` in all; `wait`: seconds until there is enough of
    what was lacking.
    """

    account: str
    given: Amounts
    left: Amounts
    slots: int
    wait: float


@dataclass(frozen=True, slots=True)
class Return:
    """What one account leaves unused, and the places that it keeps."""

    account: str
    unused: Amounts
    slots: int


@dataclass(slots=True)
class _Shared:
    """An account of all gateways. `slots`: places by gateway, with the time until they are its."""

    buckets: dict[Kind, Bucket] = field(default_factory=dict)
    slots: dict[str, tuple[int, float]] = field(default_factory=dict)
    seen: float = 0.0

    def adapt(self, limits: Limits, now: float) -> None:
        for kind in KINDS:
            size = getattr(limits, kind)
            if size is None:
                self.buckets.pop(kind, None)
            elif kind not in self.buckets:
                self.buckets[kind] = Bucket.begun(size, now)
            elif self.buckets[kind].size != size:
                self.buckets[kind].resize(size, now)

    def place(self, gateway: str, wanted: int, most: int | None, now: float) -> int:
        """Places for `gateway`, as many as it wants and others leave."""
        if most is None:
            return 0
        self.slots = {name: one for name, one in self.slots.items() if one[1] > now}
        others = sum(count for name, (count, _) in self.slots.items() if name != gateway)
        given = max(0, min(wanted, most - others))
        self.slots[gateway] = (given, now + LEASE)
        return given


class Bank:
    """Decides for all gateways, each of which has a name."""

    def __init__(self) -> None:
        self._accounts: dict[str, _Shared] = {}
        self._swept = 0.0

    def draw(self, gateway: str, wants: Sequence[Want], now: float) -> list[Grant]:
        self._sweep(now)
        return [self._grant(gateway, want, now) for want in wants]

    def give_back(self, gateway: str, returns: Sequence[Return], now: float) -> None:
        """Also a sign of life: the gateway keeps the places that it names."""
        for each in returns:
            if (shared := self._accounts.get(each.account)) is None:
                continue
            for kind, amount in each.unused.items():
                if kind in shared.buckets:
                    shared.buckets[kind].take(-amount, now)
            if each.slots or gateway in shared.slots:
                shared.slots[gateway] = (each.slots, now + LEASE)

    def _grant(self, gateway: str, want: Want, now: float) -> Grant:
        shared = self._accounts.setdefault(want.account, _Shared())
        shared.seen = now
        shared.adapt(want.limits, now)
        waits = [
            bucket.wait(want.need.get(kind, 0.0), now) for kind, bucket in shared.buckets.items()
        ]
        slots = shared.place(gateway, want.slots, want.limits.parallel, now)
        wait, given = max(waits, default=0.0), dict[Kind, float]()
        for kind, bucket in shared.buckets.items() if not wait else ():
            need = want.need.get(kind, 0.0)
            spare = max(0.0, bucket.look(now) - need) * AHEAD
            given[kind] = need + min(want.ahead.get(kind, 0.0), spare)
            bucket.take(given[kind], now)
        left = {kind: bucket.level for kind, bucket in shared.buckets.items()}
        return Grant(want.account, given, left, slots, wait)

    def _sweep(self, now: float) -> None:
        if now - self._swept < FORGET:
            return
        self._swept = now
        for name in [n for n, each in self._accounts.items() if now - each.seen > FORGET]:
            del self._accounts[name]


class Purses:
    """What one of so many `gateways` drew for the accounts of its `limiter`."""

    def __init__(self, limiter: Limiter, gateways: int) -> None:
        self._limiter = limiter
        self._kept = KEPT / gateways
        self._demand: dict[tuple[str, Kind], float] = {}  # a second
        self._used: dict[tuple[str, Kind], float] = {}  # since `returns`
        self._dry: dict[str, tuple[Want, float, float]] = {}
        self._looked = 0.0

    def wants(self, payers: Sequence[Payer], cost: Cost, now: float) -> list[Want]:
        """What is lacking for a request of this cost; none where nothing is."""
        found = []
        for payer in payers:
            account = self._limiter.account(payer, now)
            need: dict[Kind, float] = {}
            for kind, bucket in account.buckets.items():
                lacking = min(cost.of(kind), bucket.size) - bucket.look(now)
                if lacking > 0:
                    need[kind] = lacking
            full = account.limits.parallel is not None and account.running >= account.slots
            if need or full:
                ahead = {
                    kind: self._ahead(payer.account, kind, account.buckets[kind].size)
                    for kind in need
                }
                slots = account.running + 1
                found.append(Want(payer.account, payer.limits, need, ahead, slots))
        return found

    def dry(self, wants: Sequence[Want], now: float) -> float | None:
        """Seconds to come back after, where the bank said a moment ago that it had not as much."""
        waits = [0.0]
        for want in wants:
            before, until, ready = self._dry.get(want.account, (want, 0.0, 0.0))
            if now < until and want.covers(before):
                waits.append(ready - now)
        return max(waits) or None

    def take(self, wants: Sequence[Want], grants: Sequence[Grant], now: float) -> None:
        """What the bank gave for `wants`, or how long it cannot."""
        for want, grant in zip(wants, grants, strict=True):
            account = self._limiter.accounts[grant.account]
            account.slots = grant.slots
            for kind, bucket in account.buckets.items():
                bucket.take(-grant.given.get(kind, 0.0), now)
                bucket.elsewhere, bucket.told_at = grant.left.get(kind, 0.0), now
            self._dry.pop(grant.account, None)
            full = account.limits.parallel is not None and grant.slots < want.slots
            if wait := max(grant.wait, ASK_AGAIN if full else 0.0):
                self._dry[grant.account] = (want, now + min(wait, SLICE), now + wait)

    def use(self, payers: Sequence[Payer], cost: Cost) -> None:
        """A request was let in: demand is what is drawn ahead by."""
        for payer in payers:
            for kind in KINDS:
                place = (payer.account, kind)
                self._used[place] = self._used.get(place, 0.0) + cost.of(kind)

    def returns(self, now: float) -> list[Return]:
        """What the next moment will not need. To be asked every `SLICE` seconds."""
        passed, self._looked = max(now - self._looked, SLICE), now
        places = {*self._demand, *self._used}
        self._demand = {
            place: rate
            for place in places
            if (rate := (self._demand.get(place, 0.0) + self._used.get(place, 0.0) / passed) / 2)
            > 1e-3
        }
        self._used = {}
        accounts = self._limiter.accounts.items()
        found = [self._unused(name, account, now) for name, account in accounts]
        return [each for each in found if each is not None]

    def _unused(self, name: str, account: Account, now: float) -> Return | None:
        unused: dict[Kind, float] = {}
        for kind, bucket in account.buckets.items():
            if (spare := bucket.look(now) - self._ahead(name, kind, bucket.size)) > 0:
                bucket.take(spare, now)
                unused[kind] = spare
        kept = account.slots
        account.slots = min(account.slots, account.running)
        return Return(name, unused, account.slots) if unused or kept else None

    def _ahead(self, account: str, kind: Kind, size: float) -> float:
        demand = self._demand.get((account, kind), 0.0)
        return max(demand * SLICE, self._kept * size) if demand else 0.0
