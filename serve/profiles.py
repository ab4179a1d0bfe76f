"""What an appliance runs when nobody spells it out, by what the machine has."""

from functools import cache
from typing import Any, Final, Literal

from models.gpu.nvml import Nvml
from models.gpu.readings import GpuReader
from models.memory.candidates import choose
from models.vllm.loading import DRIVER

Profile = Literal["auto", "embedded", "gpu", "bench", "small"]
Tiers = dict[str, dict[str, Any]]

BUNDLED: Final = "smollm2-135m-instruct"
BUNDLED_SAMPLING: Final = {"temperature": 0.2, "top_p": 0.9}  # as its authors recommend
PATIENCE: Final = 5.0  # seconds that a driver has to say what its GPU is
USUAL_GPU: Final = 24 * 10**9  # bytes, of a GPU that does not say

_SMALL: Final = {"engine": "llama", "model": BUNDLED, **BUNDLED_SAMPLING}
_EMBEDDED: Final = {
    "engine": "vllm",
    "model": f"{BUNDLED}-bf16",
    "slots": 16,
    **BUNDLED_SAMPLING,
}
_DUMMY: Final = {"engine": "vllm", "model": "dummy", "vllm": {"load_format": "dummy"}}


@cache
def gpu_memory() -> int | None:
    """Bytes of the smallest GPU; None without an NVIDIA driver. Total, not free, memory: what
    other programs hold at a start must not change which model an appliance has."""
    if not DRIVER.exists():
        return None
    gpus = GpuReader(Nvml().read).read(PATIENCE).gpus
    return min((gpu.memory_total for gpu in gpus), default=USUAL_GPU)


def tiers_of(profile: object, memory: int | None) -> Tiers:
    """Cheapest tier first; `memory` as of `gpu_memory`. An unknown profile has none: `Settings`
    refuses it by itself."""
    if profile == "auto":
        profile = "embedded" if memory is None else "gpu"
    slots = {"slots": 16} if memory is None else {"slots": 256, "context_length": 4096}
    profiles: dict[object, Tiers] = {
        "small": {"small": _SMALL},
        "embedded": {"small": _SMALL, "large": _EMBEDDED},
        "gpu": {"small": _SMALL, "large": _large(memory or USUAL_GPU)},
        "bench": {"large": _DUMMY | slots},
    }
    return profiles.get(profile, {"small": _SMALL})


def _large(memory: int) -> dict[str, Any]:
    choice = choose(memory)
    context = choice.plan.context_length
    return {
        "engine": "vllm", "model": choice.candidate.name, "context_length": context, "slots": 128
    }  # fmt: skip
