"""What was spent of budgets, by account and period: shared by all gateways, kept over restarts.

It has a file of its own, so that writing it every second makes nobody read the keys again.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from models.sqlite_file import opened, writing
from serve.policy.budgets import Spent
from serve.policy.limits import Place

_MIGRATIONS: Final = (
    """
    CREATE TABLE spending (
        account TEXT NOT NULL,
        period  TEXT NOT NULL,
        tokens  REAL NOT NULL,
        money   REAL NOT NULL,
        energy  REAL NOT NULL,
        PRIMARY KEY (account, period)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX spending_by_period ON spending (period);
    """,
)
_ADD: Final = """
    INSERT INTO spending VALUES (?,?,?,?,?) ON CONFLICT (account, period) DO UPDATE SET
        tokens = tokens + excluded.tokens,
        money = money + excluded.money,
        energy = energy + excluded.energy
"""


class Spending:
    """In the file `database`. One thread at a time per instance."""

    def __init__(self, database: Path) -> None:
        self._db = opened(database, _MIGRATIONS)

    def add(self, spent: Mapping[Place, Spent]) -> None:
        """All of it or, where that fails, nothing."""
        rows = [(*place, one.tokens, one.money, one.energy) for place, one in spent.items()]
        if rows:
            with writing(self._db):
                self._db.executemany(_ADD, rows)

    def totals(self, periods: Iterable[str]) -> dict[Place, Spent]:
        """Of every account in these periods."""
        return {
            (account, period): Spent(tokens, money, energy)
            for wanted in periods
            for account, period, tokens, money, energy in self._db.execute(
                "SELECT account, period, tokens, money, energy FROM spending WHERE period = ?",
                (wanted,),
            )
        }

    def close(self) -> None:
        self._db.close()
