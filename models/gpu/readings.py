"""What the GPUs say of themselves, read so that a driver in trouble troubles nobody else.

A driver can be absent, of another version than its library, or never return, and a GPU can vanish:
all of these are states of a `GpuReading`. Whoever wants to know asks a `GpuReader`, which asks the
driver (`models.gpu.nvml`) in a thread of which there is never more than one.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Final, Literal

logger = logging.getLogger(__name__)

State = Literal["ok", "absent", "mismatched", "hanging", "lost", "failed"]
Slowdown = Literal["power cap", "hardware", "software thermal", "hardware thermal", "power brake"]

APPLICATION_XIDS: Final = frozenset({13, 31, 43, 45, 68, 109})
"""Errors of a program, not of the GPU: what NVIDIA's own device plugin ignores."""


@dataclass(frozen=True, slots=True)
class GpuProcess:
    """`memory` in bytes; None where the driver does not say, as in containers."""

    pid: int
    name: str
    memory: int | None


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU. What it does not count is None.

    Memory in bytes; `utilisation` from 0 to 1; `power` in watts, `energy` in millijoules since the
    driver was loaded; `temperature` in degrees Celsius; ECC errors since the last reset; `xids` are
    the critical errors (NVIDIA's numbers) since this process began to read.
    """

    index: int
    name: str
    uuid: str
    memory_total: int
    memory_free: int
    memory_used: int
    utilisation: float | None
    power: float | None
    power_limit: float | None
    energy: int | None
    temperature: int | None
    slowdowns: tuple[Slowdown, ...]
    ecc_corrected: int | None
    ecc_uncorrected: int | None
    xids: tuple[int, ...]
    processes: tuple[GpuProcess, ...]

    @property
    def throttled(self) -> bool:
        """Slower than it should be. A GPU at its power cap does what it was bought for."""
        return any(slowdown != "power cap" for slowdown in self.slowdowns)

    @property
    def failing(self) -> bool:
        return any(xid not in APPLICATION_XIDS for xid in self.xids)


@dataclass(frozen=True, slots=True)
class GpuReading:
    """`detail` is for people; `taken` is the time of `time.monotonic`.

    With the state `lost`, `lost` has the indices of the GPUs that are gone, `gpus` the others.
    """

    state: State
    detail: str
    taken: float
    driver: str = ""
    gpus: tuple[Gpu, ...] = ()
    lost: tuple[int, ...] = ()


class GpuReader:
    """Keeps a reading for `period` seconds; any thread may ask.

    A driver that has not answered within `deadline` seconds hangs: until it does, nothing else is
    asked of it.
    """

    def __init__(
        self, source: Callable[[], GpuReading], *, period: float = 1.0, deadline: float = 10.0
    ) -> None:
        self._source = source
        self._period = period
        self._deadline = deadline
        self._latest: GpuReading | None = None
        self._asked: float | None = None  # since when the thread waits for the driver
        self._changed = Condition()

    def read(self, patience: float | None = None) -> GpuReading:
        """The latest reading; waits at most `patience` seconds, by default the deadline, for it.

        With a patience of 0 it returns at once with what it has: the next call has more.
        """
        with self._changed:
            if self._asked is None and self._is_old():
                self._ask()
            if self._asked is not None:
                left = self._asked + self._deadline - time.monotonic()
                wait = left if patience is None else min(left, patience)
                self._changed.wait_for(lambda: self._asked is None, wait)
            return self._answer()

    def _is_old(self) -> bool:
        return self._latest is None or self._latest.taken + self._period <= time.monotonic()

    def _ask(self) -> None:
        self._asked = time.monotonic()
        Thread(target=self._refresh, name="gpu-reader", daemon=True).start()

    def _refresh(self) -> None:
        try:
            reading = self._source()
        except Exception:  # whatever a driver makes of us is its state, not our end
            logger.exception("The GPUs cannot be read.")
            reading = GpuReading("failed", "the GPUs cannot be read", time.monotonic())
        with self._changed:
            self._latest, self._asked = reading, None
            self._changed.notify_all()

    def _answer(self) -> GpuReading:
        now = time.monotonic()
        overdue = self._asked is not None and self._asked + self._deadline <= now
        if self._latest is None or overdue:
            return GpuReading("hanging", "the NVIDIA driver does not answer", now)
        return self._latest
