"""What the machine took, by the hour, in the file of receipts."""

from operator import add
from typing import Final, NamedTuple

import apsw

_NOTE: Final = """
    INSERT INTO power VALUES (?,?,?,?,?) ON CONFLICT (hour) DO UPDATE SET
        seconds = seconds + excluded.seconds,
        busy = busy + excluded.busy,
        energy = energy + excluded.energy,
        idle = idle + excluded.idle
"""


class Power(NamedTuple):
    """Of some `seconds`, `busy` of them with an answer under way; `energy` and, of it, that of the
    `idle` seconds, in watt-hours.
    """

    seconds: float
    busy: float
    energy: float
    idle: float

    def plus(self, other: "Power") -> "Power":
        return Power._make(map(add, self, other))


NOTHING: Final = Power(0.0, 0.0, 0.0, 0.0)


def note(db: apsw.Connection, hour: int, power: Power) -> None:
    """Adds to what the unix `hour` took."""
    db.execute(_NOTE, (hour, *power))
