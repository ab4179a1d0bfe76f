"""What was used, added up: by key, model or day, and what the machine cost meanwhile."""

import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple, get_args

import apsw
import orjson

from serve.receipts.receipt_file import HOUR, Amount
from serve.sections.receipts import CostSettings

By = Literal["key", "tenant", "model", "tier", "route", "day"]
BYS: Final[tuple[By, ...]] = get_args(By)
NEVER: Final = 1e11  # unix seconds
_COLUMN: Final[dict[By, str]] = {by: by for by in BYS} | {"day": "hour / 24"}
_USED: Final = """
    SELECT {by}, sum(requests), sum(again), sum(failed), sum(input), sum(cached), sum(output),
        sum(saved), sum(money), sum(energy), sum(engine), sum(refused),
        sum(engine * (tier IN (SELECT value FROM json_each(?1))))
    FROM usage WHERE hour >= ?2 AND hour < ?3 GROUP BY 1 ORDER BY 1
"""
_POWER: Final = """
    SELECT total(seconds), total(busy), total(energy), total(idle) FROM power
    WHERE hour >= ? AND hour < ?
"""


class Span(NamedTuple):
    """In unix seconds; of whole hours, those that it begins or ends in included."""

    since: float = 0.0
    until: float = NEVER

    @property
    def hours(self) -> tuple[int, int]:
        """The first one, and the one after the last."""
        return max(0, int(self.since // HOUR)), math.ceil(self.until / HOUR)


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
    db: apsw.Connection, by: By, span: Span, local: Collection[str], costs: CostSettings
) -> Usage:
    """In the hours of `span`. `local`: tiers that this machine runs."""
    query = _USED.format(by=_COLUMN[by])
    found = list(db.execute(query, (orjson.dumps(list(local)).decode(), *span.hours)))
    machine = machine_in(db, span, costs)
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
    return Usage(float(span.hours[0] * HOUR), rows, machine)


def machine_in(db: apsw.Connection, span: Span, costs: CostSettings) -> Machine | None:
    """None where nothing was watched."""
    ((seconds, busy, energy, idle),) = db.execute(_POWER, span.hours)
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


def as_object(found: Usage, by: By, names: Mapping[str, str]) -> dict[str, Any]:
    """JSON-ready. `names` of keys by their ids, told where rows are keys."""
    return {
        "since": found.since,
        "rows": [_row(each, by, names) for each in found.rows],
        "total": found.total._asdict(),
        "machine": asdict(found.machine) if found.machine else None,
    }


def _row(used: Used, by: By, names: Mapping[str, str]) -> dict[str, Any]:
    named = {"name": names.get(used.name)} if by == "key" else {}
    machine = {"machine_money": used.machine_money, "machine_energy": used.machine_energy}
    return {by: used.name, **named, **used.amount._asdict(), **machine}


def _day(day: int) -> str:
    return datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%d")
