"""What was spent outlives the process, and adds up over several."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
import pytest

from serve.ledger.spending import Spending
from serve.policy.budgets import Spent

DAY, MONTH = ("key:a", "2026-11-26"), ("key:a", "2026-11")


def test_what_several_gateways_spend_adds_up(tmp_path: Path) -> None:
    def spend(_: int) -> None:
        ledger = Spending(tmp_path / "spending.db")
        for _ in range(5):
            ledger.add({DAY: Spent(1, 0.5, 0.25), MONTH: Spent(1)})
        ledger.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(spend, range(4)))
    ledger = Spending(tmp_path / "spending.db")
    assert ledger.totals(["2026-11-26", "2026-11"]) == {DAY: Spent(20, 10, 5), MONTH: Spent(20)}
    assert ledger.totals(["2026-11-27"]) == {}
    ledger.close()


def test_what_cannot_be_written_is_not_half_written(tmp_path: Path) -> None:
    ledger = Spending(tmp_path / "spending.db")
    with pytest.raises(apsw.ConstraintError):
        ledger.add({DAY: Spent(1), MONTH: Spent(float("nan"))})
    assert ledger.totals(["2026-11-26"]) == {}
    ledger.add({})
    ledger.close()
