"""Asks the NVIDIA driver, through NVML (its management library), for a `GpuReading`.

NVML's reference: https://docs.nvidia.com/deploy/nvml-api. Any call may never return: whoever does
not want that asks a `models.gpu.readings.GpuReader`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import psutil

from models.gpu.readings import Gpu, GpuProcess, GpuReading, Slowdown, State

Handle = Any  # of pynvml, which has no types

MAX_EVENTS: Final = 64  # of one GPU in one reading

_SLOWDOWNS: Final[dict[int, Slowdown]] = {
    0x04: "power cap",
    0x08: "hardware",
    0x20: "software thermal",
    0x40: "hardware thermal",
    0x80: "power brake",
}
# NVML's numbers of results, from nvml.h
_NOT_TOLD: Final = frozenset({3, 4, 13})  # not supported, not permitted, not in this library
_LOST: Final = frozenset({15, 16})  # gone, gone until it is reset
_TROUBLES: Final[dict[int, tuple[State, str]]] = {
    9: ("absent", "no NVIDIA driver"),
    12: ("absent", "no NVIDIA driver"),
    15: ("lost", "a GPU does not answer: reboot, or reset it with nvidia-smi"),
    16: ("lost", "a GPU needs a reset: reboot, or reset it with nvidia-smi"),
    18: ("mismatched", "the NVIDIA driver was updated and the old one still runs: reboot"),
}


@dataclass(slots=True)
class _Seen:
    """A GPU that was here; `events` is NVML's set of its critical errors, None without one."""

    index: int
    events: Handle | None
    xids: dict[int, None]  # a set that keeps its order


class Nvml:
    """A session with the driver, begun again after every failure. For one thread at a time."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}
        self._is_open = False

    def read(self) -> GpuReading:
        """Asks for everything, in milliseconds; the first time it may take seconds."""
        import pynvml

        try:
            if not self._is_open:
                pynvml.nvmlInit()
                self._is_open = True
            reading = self._read()
        except pynvml.NVMLError as exc:
            failed: tuple[State, str] = ("failed", f"the NVIDIA driver fails: {exc}")
            reading = GpuReading(*_TROUBLES.get(exc.value, failed), time.monotonic())
        if reading.state != "ok":
            self._close()
        return reading

    def _read(self) -> GpuReading:
        import pynvml

        driver = str(pynvml.nvmlSystemGetDriverVersion())
        gpus, lost = list[Gpu](), set[int]()
        for index in range(pynvml.nvmlDeviceGetCount()):
            try:
                gpus.append(self._gpu(index))
            except pynvml.NVMLError as exc:
                if exc.value not in _LOST:
                    raise
                lost.add(index)
        here = {gpu.uuid for gpu in gpus}
        lost |= {seen.index for uuid, seen in self._seen.items() if uuid not in here}
        return self._judged(driver, tuple(gpus), tuple(sorted(lost)))

    def _judged(self, driver: str, gpus: tuple[Gpu, ...], lost: tuple[int, ...]) -> GpuReading:
        now = time.monotonic()
        if lost:
            xids = {xid for seen in self._seen.values() if seen.index in lost for xid in seen.xids}
            cause = f" (Xid {', '.join(map(str, sorted(xids)))})" if xids else ""
            which = ", ".join(map(str, lost))
            detail = f"GPU {which} does not answer{cause}: reboot, or reset it with nvidia-smi"
            return GpuReading("lost", detail, now, driver, gpus, lost)
        if not gpus:
            return GpuReading("absent", "no NVIDIA GPU", now, driver)
        return GpuReading("ok", f"{len(gpus)} GPU(s)", now, driver, gpus)

    def _gpu(self, index: int) -> Gpu:
        import pynvml

        handle = pynvml.nvmlDeviceGetHandleByIndex(index)
        uuid = str(pynvml.nvmlDeviceGetUUID(handle))
        xids = self._xids(index, uuid, handle)
        free, total = _memory(handle)
        busy = _told(pynvml.nvmlDeviceGetUtilizationRates, handle)
        return Gpu(
            index=index,
            name=str(pynvml.nvmlDeviceGetName(handle)),
            uuid=uuid,
            memory_total=total,
            memory_free=free,
            memory_used=total - free,
            utilisation=None if busy is None else busy.gpu / 100,
            power=_thousandth(_told(pynvml.nvmlDeviceGetPowerUsage, handle)),
            power_limit=_thousandth(_told(pynvml.nvmlDeviceGetEnforcedPowerLimit, handle)),
            energy=_told(pynvml.nvmlDeviceGetTotalEnergyConsumption, handle),
            temperature=_told(pynvml.nvmlDeviceGetTemperature, handle, 0),
            slowdowns=_slowdowns(handle),
            ecc_corrected=_told(pynvml.nvmlDeviceGetTotalEccErrors, handle, 0, 0),
            ecc_uncorrected=_told(pynvml.nvmlDeviceGetTotalEccErrors, handle, 1, 0),
            xids=xids,
            processes=_processes(handle),
        )

    def _xids(self, index: int, uuid: str, handle: Handle) -> tuple[int, ...]:
        """The critical errors so far, with those that came since the last reading."""
        import pynvml

        seen = self._seen.setdefault(uuid, _Seen(index, None, {}))
        if seen.events is None:
            seen.events = _listen(handle)
        for _ in range(MAX_EVENTS if seen.events else 0):
            try:
                event = pynvml.nvmlEventSetWait_v2(seen.events, 0)
            except pynvml.NVMLError as exc:
                if exc.value in _LOST:
                    raise
                break  # there are no more, or this GPU tells none
            seen.xids[int(event.eventData)] = None
        return tuple(seen.xids)

    def _close(self) -> None:
        import pynvml

        if self._is_open:
            self._is_open = False
            for seen in self._seen.values():
                seen.events = None
            _told(pynvml.nvmlShutdown)


def _told(call: Callable[..., Any], *arguments: Handle) -> Any:
    """What `call` returns; None where the GPU or the library does not know it."""
    import pynvml

    try:
        return call(*arguments)
    except pynvml.NVMLError as exc:
        if exc.value not in _NOT_TOLD:
            raise
        return None


def _listen(handle: Handle) -> Handle | None:
    import pynvml

    events = _told(pynvml.nvmlEventSetCreate)
    if events is not None:
        _told(pynvml.nvmlDeviceRegisterEvents, handle, pynvml.nvmlEventTypeXidCriticalError, events)
    return events


def _memory(handle: Handle) -> tuple[int, int]:
    """Free and total, in bytes. A GPU that shares the machine's memory counts none of its own."""
    import pynvml

    memory = _told(pynvml.nvmlDeviceGetMemoryInfo, handle)
    if memory is None:
        machine = psutil.virtual_memory()
        return machine.available, machine.total
    return int(memory.free), int(memory.total)


def _slowdowns(handle: Handle) -> tuple[Slowdown, ...]:
    import pynvml

    reasons = _told(pynvml.nvmlDeviceGetCurrentClocksThrottleReasons, handle) or 0
    return tuple(name for bit, name in _SLOWDOWNS.items() if reasons & bit)


def _processes(handle: Handle) -> tuple[GpuProcess, ...]:
    """The largest first."""
    import pynvml

    calls = (
        pynvml.nvmlDeviceGetComputeRunningProcesses_v3,
        pynvml.nvmlDeviceGetGraphicsRunningProcesses_v3,
    )
    found = {
        process.pid: GpuProcess(process.pid, _name(process.pid), process.usedGpuMemory)
        for call in calls
        for process in _told(call, handle) or ()
    }
    return tuple(sorted(found.values(), key=lambda process: -(process.memory or 0)))


def _name(pid: int) -> str:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return "a process that cannot be seen from here"


def _thousandth(value: int | None) -> float | None:
    return None if value is None else value / 1000
