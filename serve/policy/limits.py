"""What a key, its groups and a model may still use: reserved at the gate, settled in the end.

    reserved = settled + refunded + in flight

holds at every moment, for everything that is counted. A request is let in when every account that
it counts for has room for all of it; then each holds it back. What it cost in the end replaces
that: the rest goes back, what is more is taken on top, so that a bucket may fall below zero.
Whoever is never heard of again (a crash) gets everything back when its lease ends.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Final

from serve.policy.accounts import Account, Cost, Denial, Kind, Left, Moment, SpentIn
from serve.policy.budgets import SPANS, Span, Spent, period_of
from serve.sections.quotas import Limits

KEPT: Final = 10_000  # accounts that are remembered while nothing of theirs is in flight
NOTHING: Final = Cost(requests=0.0)
NO_SPENDING: Final = Spent()

Place = tuple[str, str]  # an account and a period


@dataclass(frozen=True, slots=True)
class Payer:
    """`account` names it for good, `whose` in words that people know."""

    account: str
    whose: str
    limits: Limits


@dataclass(frozen=True, slots=True)
class Reservation:
    """Of one request. `ends`: when its lease does, clock as `Moment.now`."""

    number: int
    accounts: tuple[str, ...]
    cost: Cost
    ends: float


@dataclass(frozen=True, slots=True)
class Standing:
    """How a limit stands: `reset` is in how many seconds nothing of it will have been used."""

    limit: float
    remaining: float
    reset: float


@dataclass(slots=True)
class Books:
    """Sums of all that ever was, of one account each time a request counts for one."""

    reserved: Cost = NOTHING
    settled: Cost = NOTHING
    refunded: Cost = NOTHING


@dataclass(slots=True)
class Limiter:
    """Decides for one gateway. `lease`: seconds after which a request is taken to be lost.

    `share`: see `Bucket`; 1 where there is no other gateway.
    """

    lease: float
    share: float = 1.0
    books: Books = field(default_factory=Books)
    _accounts: OrderedDict[str, Account] = field(default_factory=OrderedDict)
    _open: OrderedDict[int, Reservation] = field(default_factory=OrderedDict)
    _spent: dict[Place, Spent] = field(default_factory=dict)
    _unsaved: dict[Place, Spent] = field(default_factory=dict)
    _next: int = 0

    @property
    def in_flight(self) -> Cost:
        return sum((each.cost for each in self._open.values()), NOTHING)

    def reserve(self, payers: Sequence[Payer], cost: Cost, moment: Moment) -> Reservation | Denial:
        """All of `cost` from every one of `payers`, or nothing from any of them."""
        self.expire(moment)
        if (denial := self.denies(payers, cost, moment)) is not None:
            return denial
        self._next += 1
        names = tuple(payer.account for payer in payers)
        for name in names:
            self._accounts[name].enter(cost, moment.now)
        made = Reservation(self._next, names, cost, moment.now + self.lease)
        self._open[made.number] = made
        self.books.reserved += cost
        return made

    def denies(self, payers: Sequence[Payer], cost: Cost, moment: Moment) -> Denial | None:
        """Of all reasons the one that lasts longest."""
        reasons = [
            self.account(payer, moment.now).denies(
                cost, self._spending(payer.account, moment), moment
            )
            for payer in payers
        ]
        known = [reason for reason in reasons if reason is not None]
        return max(known, key=lambda reason: reason.retry_after, default=None)

    def settle(self, number: int, truth: Cost, moment: Moment) -> None:
        """It cost `truth`. Nothing happens where its lease has ended."""
        if (made := self._open.pop(number, None)) is None:
            return
        more = truth - made.cost
        for name in made.accounts:
            self._accounts[name].leave(made.cost, moment.now, more)
            self._spend(name, truth, moment)
        beyond = truth.larger(made.cost)
        self.books.reserved += beyond - made.cost
        self.books.settled += truth
        self.books.refunded += beyond - truth

    def refund(self, number: int, moment: Moment) -> None:
        """It cost nothing."""
        self.settle(number, NOTHING, moment)

    def charge(self, payer: Payer, cost: Cost, moment: Moment) -> None:
        """What an account comes to pay that nobody could know before."""
        self.account(payer, moment.now).take(cost, moment.now)
        self._spend(payer.account, cost, moment)
        self.books.reserved += cost
        self.books.settled += cost

    def expire(self, moment: Moment) -> None:
        """Those that are never heard of again cost nothing; all leases are equally long."""
        while self._open:
            number, first = next(iter(self._open.items()))
            if first.ends > moment.now:
                return
            self.refund(number, moment)

    def standing(
        self, payers: Sequence[Payer], kinds: tuple[Kind, ...], now: float
    ) -> Standing | None:
        """The tightest limit of `kinds` over all of `payers`, who were asked for before; None where
        there is none.
        """
        each = (self._accounts[payer.account].tightest(kinds, now) for payer in payers)
        found = min((one for one in each if one), key=itemgetter(0), default=None)
        if found is None:
            return None
        bucket = found[1]
        return Standing(bucket.size, max(0.0, bucket.known(now)), bucket.until_full(now))

    def warnings(self, payers: Sequence[Payer], share: float, moment: Moment) -> list[str]:
        """Budgets of which `share` is spent, in words."""
        return [
            text
            for payer in payers
            for text in self._accounts[payer.account].warnings(
                self._spending(payer.account, moment), share
            )
        ]

    def left(self, payers: Sequence[Payer], moment: Moment) -> list[Left]:
        """Of all their limits."""
        return [
            each
            for payer in payers
            for each in self.account(payer, moment.now).left(
                self._spending(payer.account, moment), moment
            )
        ]

    def unsaved(self) -> dict[Place, Spent]:
        """What was spent since this was asked for the last time."""
        taken, self._unsaved = self._unsaved, {}
        return taken

    def part(self, share: float, now: float) -> None:
        """From now on, so much of every limit is this gateway's by itself."""
        if share != self.share:
            self.share = share
            for account in self._accounts.values():
                account.part(share, now)

    @property
    def accounts(self) -> Mapping[str, Account]:
        return self._accounts

    def put_back(self, spent: Mapping[Place, Spent]) -> None:
        """It could not be saved."""
        for place, one in spent.items():
            _add(self._unsaved, place, one.tokens, one.money, one.energy)

    @property
    def busy(self) -> bool:
        return bool(self._open or self._unsaved)

    def adopt(self, totals: Mapping[Place, Spent]) -> None:
        """What all gateways spent, as it was kept; what came since is added."""
        self._spent = {place: replace(one) for place, one in totals.items()}
        for place, one in self._unsaved.items():
            _add(self._spent, place, one.tokens, one.money, one.energy)

    def account(self, payer: Payer, now: float) -> Account:
        """Of `payer`, with the limits that it has now."""
        found = self._accounts.get(payer.account)
        if found is None:
            found = self._accounts[payer.account] = Account(
                payer.whose, payer.limits, now, self.share
            )
            self._forget()
        else:
            found.adapt(payer.limits, now)
            self._accounts.move_to_end(payer.account)
        return found

    def _forget(self) -> None:
        if len(self._accounts) > KEPT:
            name, oldest = next(iter(self._accounts.items()))
            if not oldest.running:
                del self._accounts[name]

    def _spending(self, account: str, moment: Moment) -> SpentIn:
        def spent(span: Span) -> Spent:
            return self._spent.get((account, period_of(span, moment.at)), NO_SPENDING)

        return spent

    def _spend(self, account: str, cost: Cost, moment: Moment) -> None:
        """Known and kept where there is a budget."""
        if self._accounts[account].budgets:
            for span in SPANS:
                place = (account, period_of(span, moment.at))
                _add(self._spent, place, cost.input + cost.output, cost.money, cost.energy)
                _add(self._unsaved, place, cost.input + cost.output, cost.money, cost.energy)


def _add(sums: dict[Place, Spent], place: Place, *amounts: float) -> None:
    if (found := sums.get(place)) is None:
        found = sums[place] = Spent()
    found.add(*amounts)
