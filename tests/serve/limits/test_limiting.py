"""Limits at work: what was spent is kept, and what is said of limits is true."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from serve.errors import QuotaSpent, RateLimited
from serve.ledger.spending import Spending
from serve.limits.limiting import PERIOD, Clocks, Limiting, span
from serve.policy.accounts import Cost
from serve.policy.limits import Payer
from serve.receipt import Receipt
from serve.sections.quotas import Limits

NOON = 1_795_608_000.0  # 2026-11-25 12:00 UTC
CLOCKS = Clocks(lambda: 1000.0, lambda: NOON)


def payer(**limits: Any) -> Payer:
    return Payer("key:a", "the key 'a'", Limits.model_validate(limits))


def limiting(folder: Path) -> Limiting:
    return Limiting(600.0, 0.8, Spending(folder / "spending.db"), CLOCKS)


async def spend(limiting: Limiting, key: Payer, tokens: float) -> None:
    with await limiting.hold([key], Cost(1, tokens), Receipt()) as hold:
        hold.truth = Cost(1, tokens)


async def test_what_was_spent_outlives_an_orderly_end(tmp_path: Path) -> None:
    key = payer(day={"tokens": 100})
    first = limiting(tmp_path)
    await spend(first, key, 90)
    await first.close()
    with pytest.raises(QuotaSpent, match=r"100 tokens per day.+2026-11-26 00:00 UTC"):
        await spend(limiting(tmp_path), key, 20)


async def test_of_a_killed_gateway_only_the_last_moment_is_forgotten(tmp_path: Path) -> None:
    key = payer(day={"tokens": 100})
    first = limiting(tmp_path)
    await spend(first, key, 90)
    kept = Spending(tmp_path / "spending.db")
    async with asyncio.timeout(10 * PERIOD):
        while not kept.totals(["2026-11-25"]):
            await asyncio.sleep(PERIOD / 20)
    with pytest.raises(QuotaSpent):  # the first one was never closed
        await spend(limiting(tmp_path), key, 20)


async def test_another_gateways_spending_is_known_a_moment_later(tmp_path: Path) -> None:
    key = payer(day={"tokens": 100})
    one, two = limiting(tmp_path), limiting(tmp_path)
    await spend(one, key, 50)
    await one.close()
    await spend(two, key, 10)
    await two.close()  # and read again
    with pytest.raises(QuotaSpent):
        await spend(two, key, 50)
    await spend(two, key, 40)


async def test_a_disk_that_fails_loses_nothing_that_was_spent(tmp_path: Path) -> None:
    key, ledger = payer(day={"tokens": 100}), limiting(tmp_path)
    await spend(ledger, key, 60)
    assert ledger.spending is not None
    ledger.spending.close()  # whatever is written now fails
    await ledger.close()
    ledger.spending = Spending(tmp_path / "spending.db")
    await ledger.close()
    assert ledger.spending.totals(["2026-11-25"])[("key:a", "2026-11-25")].tokens == 60
    with pytest.raises(QuotaSpent):
        await spend(ledger, key, 60)


async def test_a_hold_that_nobody_settles_or_that_fails_costs_nothing() -> None:
    here, key = Limiting(600.0, 0.8, None, CLOCKS), payer(requests=1)
    with await here.hold([key], Cost(), Receipt()):
        pass
    hold = await here.hold([key], Cost(), Receipt())
    with suppress(ValueError), hold:
        hold.truth = Cost()
        raise ValueError
    await spend(here, key, 1)
    with pytest.raises(RateLimited, match=r"1 requests per minute.+1m0s"):
        await spend(here, key, 1)


async def test_who_has_no_limits_is_told_of_none() -> None:
    receipt = Receipt()
    with await Limiting(600.0, 0.8).hold([], Cost(), receipt):
        assert receipt.limits == {}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0ms"),
        (0.0121, "13ms"),
        (1, "1s"),
        (6.46, "6.5s"),
        (60, "1m0s"),
        (89.96, "1m30s"),
        (3661, "1h1m1s"),
    ],
)
def test_spans_are_written_as_openai_does(seconds: float, text: str) -> None:
    assert span(seconds) == text
