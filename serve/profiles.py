"""What an appliance runs when nobody spells it out, by what the machine has."""

from typing import Any, Final, Literal

from models.vllm.loading import DRIVER

Profile = Literal["auto", "embedded", "gpu", "bench", "small"]
Tiers = dict[str, dict[str, Any]]

BUNDLED: Final = "smollm2-135m-instruct"
BUNDLED_SAMPLING: Final = {"temperature": 0.2, "top_p": 0.9}  # as its authors recommend
GPU_MODEL: Final = "Qwen3-8B"  # hearth models pull Qwen/Qwen3-8B: Apache-2.0, 16 GB in bf16

_SMALL: Final = {"engine": "llama", "model": BUNDLED, **BUNDLED_SAMPLING}
_EMBEDDED: Final = {
    "engine": "vllm",
    "model": f"{BUNDLED}-bf16",
    "slots": 16,
    **BUNDLED_SAMPLING,
}
_GPU: Final = {"engine": "vllm", "model": GPU_MODEL, "context_length": 16384, "slots": 128}
_DUMMY: Final = {"engine": "vllm", "model": "dummy", "vllm": {"load_format": "dummy"}}


def has_gpu() -> bool:
    """Whether an NVIDIA driver is loaded."""
    return DRIVER.exists()


def tiers_of(profile: object, gpu: bool) -> Tiers:
    """Cheapest tier first. An unknown profile has none: `Settings` refuses it by itself."""
    if profile == "auto":
        profile = "gpu" if gpu else "embedded"
    slots = {"slots": 256, "context_length": 4096} if gpu else {"slots": 16}
    profiles: dict[object, Tiers] = {
        "small": {"small": _SMALL},
        "embedded": {"small": _SMALL, "large": _EMBEDDED},
        "gpu": {"small": _SMALL, "large": _GPU},
        "bench": {"large": _DUMMY | slots},
    }
    return profiles.get(profile, {"small": _SMALL})
