"""How busy an engine is, and what its GPUs say: what admission goes by."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Device:
    """What an engine's GPUs say of themselves. `tight`: others leave them too little memory.

    `why` tells people of what was lost.
    """

    throttled: bool = False
    tight: bool = False
    lost: bool = False
    why: str = ""

    @property
    def gone(self) -> str:
        """For people, of a GPU that was lost; empty while there is one."""
        return f"The GPU was lost: {self.why or 'it does not answer'}." if self.lost else ""


@dataclass(frozen=True, slots=True)
class Load:
    """How busy an engine is. Rates are tokens per second over the last seconds; memory in bytes.

    `measured_at` is `time.monotonic()` of the engine's machine. More than `slots_useful` sequences
    at once would make each slower and all together hardly faster; None: there is no such number.
    An engine that had to make do with less than it was told has a `remark` that says so, and the
    `context_length` that is left, in tokens.
    """

    running: int
    waiting: int
    slots_total: int
    kv_tokens_used: int
    kv_tokens_total: int
    prefill_rate: float
    decode_rate: float
    memory_used: int
    memory_total: int
    measured_at: float
    device: Device = Device()
    slots_useful: int | None = None
    context_length: int | None = None
    remark: str = ""

    def of_all(self, replicas: int) -> "Load":
        """Of all replicas together, by what one of them reports: requests are spread evenly."""
        if replicas == 1:
            return self
        sums = {name: getattr(self, name) * replicas for name in _SUMMED}
        useful = self.slots_useful and self.slots_useful * replicas
        return replace(self, **sums, slots_useful=useful)


_SUMMED = (
    "running",
    "waiting",
    "slots_total",
    "kv_tokens_used",
    "kv_tokens_total",
    "prefill_rate",
    "decode_rate",
    "memory_used",
    "memory_total",
)
