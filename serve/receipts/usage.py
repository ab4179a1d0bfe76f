"""What was used, added up: by key, model or day, and what the machine cost meanwhile."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, get_args

import apsw
import orjson

from serve.receipts.receipt_file import HOUR, Amount
from serve.sections.receipts import CostSettings

By = Literal["key", "tenant", "model", "tier", "route", "day"]
BYS: Final[tuple[By, ...]] = get_args(By)
_COLUMN: Final[dict[By, str]] = {by: by for by in BYS} | {"day": "hour / 24"}
_USED: Final = """
    SELECT {by}, sum(requests), sum(again), sum(failed), sum(input), sum(cached), sum(output),
        sum(saved), sum(money), sum(energy), sum(engine),
        sum(engine * (tier IN (SELECT value FROM json_each(?1))))
    FROM usage WHERE hour >= ?2 GROUP BY 1 ORDER BY 1
"""
_POWER: Final = """
    SELECT total(seconds), total(busy), total(energy), total(idle) FROM power WHERE hour >= ?
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """What this machine took in `seconds` that were watched, `busy` of them with some answer under
    way. `energy` in watt-hours, `idle_energy` that of the other seconds; `money` for power and for
    the hardware's ageing, `idle_money` its share for the other seconds.
    """

    seconds: float
    busy: float
    energy: float
    idle_energy: float
    money: float
    idle_money: float


@dataclass(frozen=True, slots=True)
class Used:
    """By one `name`. `machine_money` and `machine_energy` (watt-hours): its part of what the busy
    machine took, by seconds at engines; None where nothing was watched.
    """

    name: str
    amount: Amount
    machine_money: float | None = None
    machine_energy: float | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """`since` in unix seconds: the beginning of an hour."""

    since: float
    rows: list[Used]
    machine: Machine | None

    @property
    def total(self) -> Amount:
        total = Amount(requests=0)
        for row in self.rows:
            total = total.plus(row.amount)
        return total


def usage(
    db: apsw.Connection, by: By, since: float, local: Collection[str], costs: CostSettings
) -> Usage:
    """From the hour of `since` (unix seconds) on. `local`: tiers that this machine runs."""
    hour = max(0, int(since // HOUR))
    query = _USED.format(by=_COLUMN[by])
    found = list(db.execute(query, (orjson.dumps(list(local)).decode(), hour)))
    machine = _machine(db, hour, costs)
    here = sum(row[-1] for row in found)
    rows = []
    for name, *amounts, engine in found:
        share = engine / here if machine and here else None
        rows.append(
            Used(
                _day(name) if by == "day" else str(name),
                Amount(*amounts),
                share and share * (machine.money - machine.idle_money) if machine else None,
                share and share * (machine.energy - machine.idle_energy) if machine else None,
            )
        )
    return Usage(float(hour * HOUR), rows, machine)


def _machine(db: apsw.Connection, hour: int, costs: CostSettings) -> Machine | None:
    ((seconds, busy, energy, idle),) = db.execute(_POWER, (hour,))
    if not seconds:
        return None
    ageing = costs.hardware / (costs.hours * HOUR)  # money per second
    return Machine(
        seconds,
        busy,
        energy,
        idle,
        energy / 1000 * costs.kwh + seconds * ageing,
        idle / 1000 * costs.kwh + (seconds - busy) * ageing,
    )


def _day(day: int) -> str:
    return datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%d")
