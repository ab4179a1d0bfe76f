"""From what the catalogue was told to a loaded vLLM engine."""

import os
import time
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from models.engine import Engine, ModelCard
from models.errors import ModelRefused
from models.processor import computes_bf16
from models.vllm.settings import VllmSettings

if TYPE_CHECKING:
    from models.catalogue import EngineSpec

DRIVER: Final = Path("/proc/driver/nvidia/version")  # there while an NVIDIA driver is loaded


def card_of(spec: "EngineSpec") -> ModelCard:
    """What is known before the weights are."""
    return ModelCard(spec.name, "vllm", spec.context_length, int(time.time()), "loading")


def load(spec: "EngineSpec") -> Engine:
    """Takes from seconds to minutes. Raises `ModelRefused` with words for the owner."""
    if find_spec("vllm") is None:
        raise ModelRefused("vLLM is not installed here: scripts/install says why.")
    from models.vllm.engine import VllmEngine

    return VllmEngine(settings_of(spec, weights(spec)))


def settings_of(spec: "EngineSpec", folder: Path) -> VllmSettings:
    """`spec.vllm` has fields of `VllmSettings`; `device` may be "auto"."""
    known = {field.name for field in fields(VllmSettings)}
    options = {name: value for name, value in spec.vllm.items() if name in known}
    cores = sorted(os.sched_getaffinity(0))
    device = device_of(spec.vllm.get("device", "auto"))
    if device == "cpu" and options.get("dtype", "auto") == "auto":
        options["dtype"] = "bfloat16" if computes_bf16() else "float32"
    return VllmSettings(
        **options
        | {
            "folder": folder,
            "name": spec.name,
            "device": device,
            "context_length": spec.context_length,
            "slots": spec.slots,
            "max_waiting": spec.max_waiting,
            "cores": tuple(cores[-spec.threads :]),
        }
    )


def device_of(wanted: str) -> Literal["cpu", "gpu"]:
    """`wanted` is cpu, gpu or auto: a GPU where a driver is loaded."""
    if wanted == "auto":
        return "gpu" if DRIVER.exists() else "cpu"
    return "gpu" if wanted == "gpu" else "cpu"


def weights(spec: "EngineSpec") -> Path:
    """The folder with the model; from a GGUF (or the bundled model) derived once and kept."""
    from models.derive import derive
    from models.llama.settings import BUNDLED_SHA256, bundled_model

    source = spec.path or bundled_model()
    sha256 = spec.sha256 if spec.path else BUNDLED_SHA256
    if source.is_dir():
        return source
    if not source.is_file():
        raise ModelRefused(
            f"There are no weights of {spec.name} here: `hearth models pull REPOSITORY "
            f"--name {spec.name}` fetches them, `hearth models add FOLDER` takes your own."
        )
    spec.kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    return derive(source, spec.kept, lambda done, total: None, sha256)
