"""What the machine takes, measured while it runs: by counters where there are any, busy or idle.

One gateway of all does it. Who is busy is asked of the engines, which answer all gateways.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import apsw

from models.engine import Engine
from models.errors import EngineError
from models.rapl import Rapl
from serve.bench.energy import Joules, gpu_joules
from serve.receipts.power import NOTHING, Power, note
from serve.receipts.receipt_file import HOUR, known

LOG: Final = logging.getLogger("hearth.keeping")

PERIOD: Final = 2.0  # seconds between looks
NOTED: Final = 60.0  # seconds after which what was seen is written
PATIENCE: Final = 1.0  # seconds that an engine has to say how busy it is
LONGEST: Final = 3 * PERIOD  # seconds between two looks; of a longer gap nothing is known


@dataclass(slots=True)
class Tally:
    """Adds looks up. `watts` are drawn besides what counters say."""

    watts: float
    power: Power = NOTHING
    _last: tuple[float, float] | None = None

    def look(self, now: float, joules: float, busy: bool) -> None:
        """`now` in seconds of any clock, `joules` of all counters since some moment before."""
        before, self._last = self._last, (now, joules)
        if before is None or not 0 < (seconds := now - before[0]) <= LONGEST:
            return
        energy = (max(0.0, joules - before[1]) + self.watts * seconds) / 3600  # watt-hours
        seen = Power(seconds, seconds * busy, energy, energy * (not busy))
        self.power = self.power.plus(seen)

    def taken(self) -> Power:
        """All since this was asked before."""
        power, self.power = self.power, NOTHING
        return power


async def counters() -> Joules:
    """Of the GPUs and the processors of this machine; what cannot be read counts nothing."""
    _, gpus = await asyncio.to_thread(gpu_joules)
    rapl = Rapl()

    async def joules() -> float:
        return (await gpus() or 0.0) + (rapl.joules() or 0.0)

    return joules


class Meter:
    """Of `engines`, those of this machine. Writes to the file of receipts at `path`, where it can:
    what it cannot write, it writes later.
    """

    def __init__(
        self,
        path: Path,
        engines: Iterable[Engine],
        watts: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path, self._engines, self._clock = path, list(engines), clock
        self._tally = Tally(watts)

    async def run(self, joules: Joules, period: float = PERIOD, noted: float = NOTED) -> None:
        """Until it is cancelled."""
        write_at = time.monotonic() + noted
        try:
            while True:
                busy = any(await asyncio.gather(*map(_is_busy, self._engines)))
                self._tally.look(time.monotonic(), await joules() or 0.0, busy)
                if time.monotonic() >= write_at:
                    write_at = time.monotonic() + noted
                    await asyncio.to_thread(self._note)
                await asyncio.sleep(period)
        finally:
            self._note()

    def _note(self) -> None:
        power = self._tally.taken()
        try:
            with closing(known(self._path, write=True)) as db:
                note(db, int(self._clock() // HOUR), power)
        except apsw.Error as exc:
            LOG.warning("What the machine took is not written at present: %s", exc)
            self._tally.power = self._tally.power.plus(power)


async def _is_busy(engine: Engine) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            return (await engine.load()).running > 0
    except (EngineError, TimeoutError):
        return False
