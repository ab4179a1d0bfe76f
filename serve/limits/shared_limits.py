"""One bank for several gateways: its far side, and what a gateway does when it lacks something.

Most requests ask nobody. Where the bank cannot be reached in time, the gateway goes on with an
equal share of every limit, until it answers again.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from serve.caching.remote_memory import Link
from serve.policy.accounts import Cost, Denial, Moment
from serve.policy.bank import SLICE, Bank, Grant, Purses, Want
from serve.policy.limits import Limiter, Payer, Reservation

PATIENCE: Final = 0.25  # seconds for the bank
IDLE: Final = 40  # rounds of nothing to give back, after which none follow until the next request

Ask = Callable[[str, tuple[Any, ...]], Awaitable[Any]]


def answer(bank: Bank, call: str, asked: tuple[Any, ...]) -> list[Grant] | None:
    """What the process of the bank does with a call."""
    gateway, what = asked
    if call == "draw":
        return bank.draw(gateway, what, time.monotonic())
    if call == "give_back":
        bank.give_back(gateway, what, time.monotonic())
        return None
    raise ValueError(call)


class SharedLimits:
    """Of one of so many `gateways`, whose `limiter` reads `clock`. `ask` carries a call to the
    bank, and what it returns or raises back.
    """

    def __init__(
        self, limiter: Limiter, clock: Callable[[], Moment], ask: Ask, gateways: int
    ) -> None:
        self._limiter = limiter
        self._clock = clock
        self._link = Link(ask, what="The shared limits are")
        self._name = secrets.token_hex(8)
        self._share = 1 / gateways
        self._purses = Purses(limiter, gateways)
        self._turn = asyncio.Lock()  # what is drawn must not overtake what is given back
        self._returning: asyncio.Task[None] | None = None

    async def reserve(self, payers: Sequence[Payer], cost: Cost) -> Reservation | Denial:
        """From what is here; what is lacking is drawn first, where the bank has it."""
        made = self._limiter.reserve(payers, cost, self._clock())
        if isinstance(made, Denial) and made.renews_at is None:
            async with self._turn:
                made = await self._drawn(payers, cost)
        if isinstance(made, Reservation):
            self._purses.use(payers, cost)
            if self._returning is None or self._returning.done():
                self._returning = asyncio.create_task(self._return())
        return made

    async def close(self) -> None:
        """What is here goes back."""
        if self._returning is not None:
            self._returning.cancel()
            await asyncio.gather(self._returning, return_exceptions=True)
        async with self._turn:
            await self._give_back()

    async def _drawn(self, payers: Sequence[Payer], cost: Cost) -> Reservation | Denial:
        now = self._clock().now
        wants = self._purses.wants(payers, cost, now)
        wait = self._purses.dry(wants, now)
        if wants and wait is None:
            grants = await self._draw(wants)
            wait = max((grant.wait for grant in grants), default=0.0)
        made = self._limiter.reserve(payers, cost, self._clock())
        if isinstance(made, Denial) and made.renews_at is None and wait:
            return replace(made, retry_after=wait)
        return made

    async def _draw(self, wants: Sequence[Want]) -> list[Grant]:
        """None where the bank is out of reach: then what is this gateway's share must do."""
        found = await self._link.soon("draw", (self._name, wants), PATIENCE)
        grants, now = cast(list[Grant], found or []), self._clock().now
        self._limiter.part(0.0 if grants else self._share, now)
        if grants:
            self._purses.take(wants, grants, now)
        return grants

    async def _return(self) -> None:
        idle = 0
        while idle < IDLE:
            await asyncio.sleep(SLICE)
            async with self._turn:
                idle = 0 if await self._give_back() else idle + 1

    async def _give_back(self) -> bool:
        """Whether there was something, or will be. A share of its own is kept."""
        if self._limiter.share:
            return True
        if returns := self._purses.returns(self._clock().now):
            await self._link.soon("give_back", (self._name, returns), PATIENCE)
        return bool(returns)
