"""Gateways that share limits, over a bank that answers late, fails and comes back."""

import asyncio
from typing import Any

import pytest

from serve.caching.remote_memory import FAILURES
from serve.limits.shared_limits import SharedLimits, answer
from serve.policy.accounts import Cost, Denial, Moment
from serve.policy.bank import SLICE, Bank
from serve.policy.limits import Limiter, Payer, Reservation
from serve.sections.quotas import Limits


class Post:
    """Carries calls to a bank, as long as it is there."""

    def __init__(self) -> None:
        self.bank: Bank | None = Bank()
        self.calls: list[str] = []

    async def ask(self, call: str, asked: tuple[Any, ...]) -> Any:
        self.calls.append(call)
        await asyncio.sleep(0)
        if self.bank is None:
            raise OSError("nobody answers")
        return answer(self.bank, call, asked)


class Gateway:
    def __init__(self, post: Post) -> None:
        self.now = 1000.0
        self.limiter = Limiter(600.0, share=0.0)
        self.shared = SharedLimits(self.limiter, self.moment, post.ask, gateways=2)

    def moment(self) -> Moment:
        return Moment(self.now, self.now)

    async def let_in(self, key: Payer, count: int) -> int:
        asked = await asyncio.gather(*(self.shared.reserve([key], Cost()) for _ in range(count)))
        return sum(isinstance(made, Reservation) for made in asked)


@pytest.fixture
def post() -> Post:
    return Post()


def payer(**limits: Any) -> Payer:
    return Payer("key:a", "the key 'a'", Limits.model_validate(limits))


async def test_two_gateways_let_in_what_one_would_have(post: Post) -> None:
    one, two = Gateway(post), Gateway(post)
    counts = await asyncio.gather(
        one.let_in(payer(requests=20), 30), two.let_in(payer(requests=20), 30)
    )
    assert sum(counts) == 20
    denial = await one.shared.reserve([payer(requests=20)], Cost())
    assert isinstance(denial, Denial)
    assert 0 < denial.retry_after <= 3
    await one.shared.close()
    await two.shared.close()


async def test_who_is_denied_again_and_again_asks_the_bank_once(post: Post) -> None:
    one, key = Gateway(post), payer(requests=5)
    assert await one.let_in(key, 5) == 5
    before = len(post.calls)
    assert await one.let_in(key, 100) == 0
    assert len(post.calls) == before + 1
    await one.shared.close()


async def test_requests_at_a_time_are_counted_over_both(post: Post) -> None:
    one, two, key = Gateway(post), Gateway(post), payer(parallel=3)
    assert await one.let_in(key, 2) + await two.let_in(key, 5) == 3
    await one.shared.close()
    await two.shared.close()


async def test_what_is_not_used_goes_back(post: Post) -> None:
    one, two, key = Gateway(post), Gateway(post), payer(tokens=1000)
    made = await one.shared.reserve([key], Cost(1, 1000))
    assert isinstance(made, Reservation)
    assert isinstance(await two.shared.reserve([key], Cost(1, 500)), Denial)
    one.limiter.refund(made.number, one.moment())
    await one.shared.close()
    two.now += 1
    assert isinstance(await two.shared.reserve([key], Cost(1, 500)), Reservation)
    await two.shared.close()


async def test_without_the_bank_each_goes_on_with_its_share_until_it_is_back(post: Post) -> None:
    one, key = Gateway(post), payer(requests=60)
    assert await one.let_in(key, 1) == 1
    post.bank = None
    one.now += 60
    await one.let_in(key, FAILURES)  # it notices
    one.now += 20
    await asyncio.sleep(SLICE * 1.5)  # what is unused stays here: nobody would take it
    assert 9 <= await one.let_in(key, 60) <= 11  # half of what 20 seconds bring
    post.bank = Bank()
    await asyncio.sleep(1.1)  # it is tried again after a rest
    assert await one.let_in(key, 60) >= 40
    await one.shared.close()


async def test_a_call_that_there_is_not_is_refused(post: Post) -> None:
    with pytest.raises(ValueError, match="burn"):
        answer(Bank(), "burn", ("g", []))
