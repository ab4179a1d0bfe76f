"""Limits at work: `serve.policy.limits` decides, this knows the time, and keeps what was spent.

What was spent of budgets is written a moment later, together, by a thread: a gateway that is
killed forgets `PERIOD` seconds of it at most, and another one does not know of them so long.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Final

from serve.errors import QuotaSpent, RateLimited
from serve.ledger.spending import Spending
from serve.limits.shared_limits import Ask, SharedLimits
from serve.policy.accounts import TOKENS, Cost, Denial, Kind, Left, Moment
from serve.policy.budgets import SPANS, period_of
from serve.policy.limits import Limiter, Payer, Reservation
from serve.receipt import Receipt

LOG: Final = logging.getLogger("hearth.limits")
PERIOD: Final = 1.0  # seconds between two writes, while something is spent
SLACK: Final = 60.0  # seconds that a lease is longer than an answer may take


@dataclass(frozen=True, slots=True)
class Clocks:
    """Seconds: of a clock that does not go back, and of the calendar."""

    now: Callable[[], float] = time.monotonic
    at: Callable[[], float] = time.time

    def moment(self) -> Moment:
        return Moment(self.now(), self.at())


@dataclass(slots=True)
class Hold:
    """What is held back for one request. As a context it ends with it: without a word of what it
    cost, and on every error, all of it goes back.
    """

    limiting: "Limiting"
    reservation: Reservation | None
    truth: Cost | None = None

    def __enter__(self) -> "Hold":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, _: TracebackType | None
    ) -> None:
        failed = kind is not None and issubclass(kind, Exception)
        if self.reservation is not None:
            self.limiting.end(self.reservation, None if failed else self.truth)


@dataclass(slots=True)
class Limiting:
    """Of one gateway. `lease`: seconds after which a request is lost; `warn`: the share of a budget
    that is warned of. Without `spending` budgets are forgotten with the process. `bank` carries
    calls to what several `gateways` share.
    """

    lease: float
    warn: float
    spending: Spending | None = None
    clocks: Clocks = field(default_factory=Clocks)
    bank: Ask | None = None
    gateways: int = 1
    limiter: Limiter = field(init=False)
    _shared: SharedLimits | None = None
    _saving: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.limiter = Limiter(self.lease + SLACK, 1.0 if self.bank is None else 0.0)
        if self.bank is not None:
            moment, gateways = self.clocks.moment, self.gateways
            self._shared = SharedLimits(self.limiter, moment, self.bank, gateways)
        if self.spending is not None:
            self.limiter.adopt(self.spending.totals(self._periods()))

    async def hold(self, payers: Sequence[Payer], cost: Cost, receipt: Receipt) -> Hold:
        """Room for one request with everybody who pays. Raises `RateLimited`, `QuotaSpent`."""
        if not payers:
            return Hold(self, None)
        if self._shared is None:
            made = self.limiter.reserve(payers, cost, self.clocks.moment())
        else:
            made = await self._shared.reserve(payers, cost)
        receipt.limits = self._told(payers, self.clocks.moment())
        if isinstance(made, Denial):
            raise refusal(made)
        if self.spending is not None and (self._saving is None or self._saving.done()):
            self._saving = asyncio.create_task(self._save())
        return Hold(self, made)

    def end(self, reservation: Reservation, truth: Cost | None) -> None:
        """It cost `truth`, or None: nothing."""
        moment = self.clocks.moment()
        if truth is None:
            self.limiter.refund(reservation.number, moment)
        else:
            self.limiter.settle(reservation.number, truth, moment)

    def denies(self, payer: Payer, cost: Cost) -> Denial | None:
        return self.limiter.denies([payer], cost, self.clocks.moment())

    def charge(self, payer: Payer, cost: Cost) -> None:
        self.limiter.charge(payer, cost, self.clocks.moment())

    def left(self, payers: Sequence[Payer]) -> list[Left]:
        """Of all limits of `payers`, as far as this gateway knows."""
        return self.limiter.left(payers, self.clocks.moment())

    async def close(self) -> None:
        """What was spent is kept, what was drawn goes back."""
        if self._shared is not None:
            await self._shared.close()
        if self._saving is not None:
            self._saving.cancel()
            await asyncio.gather(self._saving, return_exceptions=True)
        await self._save_once()

    def _told(self, payers: Sequence[Payer], moment: Moment) -> dict[str, str]:
        """As headers, in OpenAI's form."""
        told: dict[str, str] = {}
        kinds: dict[str, tuple[Kind, ...]] = {"requests": ("requests",), "tokens": TOKENS}
        for name, each in kinds.items():
            if (standing := self.limiter.standing(payers, each, moment.now)) is not None:
                told[f"x-ratelimit-limit-{name}"] = f"{standing.limit:.0f}"
                told[f"x-ratelimit-remaining-{name}"] = f"{math.floor(standing.remaining)}"
                told[f"x-ratelimit-reset-{name}"] = span(standing.reset)
        if warnings := self.limiter.warnings(payers, self.warn, moment):
            told["x-hearth-budget"] = "; ".join(warnings)
        return told

    async def _save(self) -> None:
        """Until nothing was spent for a while, and nothing is in flight that could be."""
        while True:
            await asyncio.sleep(PERIOD)
            if not await self._save_once() and not self.limiter.busy:
                return

    async def _save_once(self) -> bool:
        """Whether there was something to save; what others spent is known from now on."""
        if self.spending is None:
            return False
        spent = self.limiter.unsaved()
        try:
            await asyncio.to_thread(self.spending.add, spent)
            totals = await asyncio.to_thread(self.spending.totals, self._periods())
        except Exception as exc:
            LOG.error("what was spent cannot be kept at present", exc_info=exc)
            self.limiter.put_back(spent)
            return True
        self.limiter.adopt(totals)
        return bool(spent)

    def _periods(self) -> list[str]:
        return [period_of(span, self.clocks.at()) for span in SPANS]


def refusal(denial: Denial) -> RateLimited | QuotaSpent:
    """In words."""
    limit = f"{denial.limit:g} {denial.what}"
    if denial.renews_at is not None:
        when = datetime.fromtimestamp(denial.renews_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
        text = f"The budget of {denial.whose} is spent: {limit}. It renews at {when}."
        return QuotaSpent(text, denial.retry_after)
    text = (
        f"Rate limit reached for {denial.whose}: {limit}. Try again in {span(denial.retry_after)}."
    )
    return RateLimited(text, denial.retry_after)


def span(seconds: float) -> str:
    """As OpenAI writes it: 120ms, 6.5s, 1m30s, 2h5m0s."""
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms"
    hours, rest = divmod(math.ceil(seconds * 10) / 10, 3600)
    minutes, rest = divmod(rest, 60)
    parts = (f"{hours:.0f}h" if hours else "") + (f"{minutes:.0f}m" if hours or minutes else "")
    return f"{parts}{rest:.3g}s"
